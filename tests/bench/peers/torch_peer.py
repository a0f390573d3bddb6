# torch_peer.py - PyTorch, from Python, at the work of the benchmark.
# SPDX-License-Identifier: MIT
#
# The plain style of a training loop: nn.LSTM, nn.Linear, cross_entropy, Adam. Options,
# result and exit status are those of peer.h; the process chooses the threads of PyTorch's
# libraries by its environment before it starts.
import argparse
import json
import math
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

CLASSES, RING, SEQUENCE, ROWS = 100, 8, 25, 21
SIZES = {  # units, steps, batch, features, steps out
    'seq2seq': (20, 5, 7, CLASSES, 5),
    'encoder_decoder': (150, 5, ROWS, CLASSES, 2),
    'train': (256, 50, 64, 100, None),
    'step': (256, 1, 1, 16, None),
    'infer': (256, 50, 64, 100, None),
}


def parse():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument('--workload', choices=SIZES, required=True)
    for name in ('units', 'steps', 'batch', 'features'):
        parser.add_argument(f'--{name}', type=int)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--reps', type=int, default=11)
    parser.add_argument('--seconds', type=float, default=0.05)
    args = parser.parse_args()
    *sizes, args.out_steps = SIZES[args.workload]
    for name, size in zip(('units', 'steps', 'batch', 'features'), sizes):
        if getattr(args, name) is None:
            setattr(args, name, size)
    return args


def initialise(lstm):
    """As Keras does it."""
    for name, value in lstm.named_parameters():
        if name.startswith('weight_ih'):
            nn.init.xavier_uniform_(value)
        elif name.startswith('weight_hh'):
            nn.init.orthogonal_(value)
        else:
            nn.init.zeros_(value)
        if name.startswith('bias_ih'):
            value.data[lstm.hidden_size:2 * lstm.hidden_size] = 1
    return lstm


class Training(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.args = args
        self.first = initialise(nn.LSTM(args.features, args.units, batch_first=True))
        self.second = None
        if args.workload == 'encoder_decoder':
            self.second = initialise(nn.LSTM(args.units, args.units, batch_first=True))
        self.dense = nn.Linear(args.units, CLASSES)
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)
        self.adam = torch.optim.Adam(self.parameters(), lr=1e-3, eps=1e-7)
        if args.workload == 'train':
            self.batches = [(torch.rand(args.batch, args.steps, args.features) - .5,
                             torch.randint(0, CLASSES, (args.batch * args.steps,)))]
        else:
            self.batches = list(self.windows())
        self.done = 0

    def windows(self):
        for _ in range(RING):
            rows = torch.randint(0, CLASSES, (SEQUENCE,)).unfold(0, self.args.steps, 1)
            x, y = one_hot(rows, CLASSES).float(), rows[:, :self.args.out_steps]
            for i in range(0, ROWS, self.args.batch):
                yield (x[i:i + self.args.batch].contiguous(),
                       y[i:i + self.args.batch].reshape(-1))

    def forward(self, x):
        outputs, (h, c) = self.first(x, self.state)
        if self.second is not None:
            repeated = h[0].unsqueeze(1).expand(-1, self.args.out_steps, -1)
            outputs, _ = self.second(repeated)
        self.state = h.detach(), c.detach()
        return self.dense(outputs)

    def run(self):
        turn = self.done % len(self.batches)
        self.done += 1
        x, y = self.batches[turn]
        if self.args.workload != 'seq2seq' or turn % 3 == 0:
            zero = torch.zeros(1, self.args.batch, self.args.units)
            self.state = zero, zero
        loss = cross_entropy(self(x).reshape(-1, CLASSES), y)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.adam.step()
        return loss

    def figure(self):
        return statistics.mean(float(self.run()) for _ in self.batches)


class Inference:
    def __init__(self, args):
        self.step = args.workload == 'step'
        self.x = torch.rand(args.steps, args.batch, args.features) - .5
        self.layer = (nn.LSTMCell if self.step else nn.LSTM)(args.features, args.units)
        self.state = torch.zeros(1, args.units), torch.zeros(1, args.units)
        self.outputs = None

    def run(self):
        if self.step:
            self.state = self.layer(self.x[0], self.state)
        else:
            self.outputs, _ = self.layer(self.x)

    def figure(self):
        self.run()
        return float((self.state[0] if self.step else self.outputs).sum())


def repeat(work, calls):
    start = time.perf_counter()
    for _ in range(calls):
        work.run()
    return (time.perf_counter() - start) / calls


def measure(work, args):
    calls = 1
    each = repeat(work, 1)
    while each * calls < args.seconds:
        calls *= 2
        each = repeat(work, calls)
    return [repeat(work, calls) for _ in range(args.reps)]


def main():
    args = parse()
    torch.manual_seed(1)
    trains = args.workload not in ('step', 'infer')
    torch.set_grad_enabled(trains)
    work = Training(args) if trains else Inference(args)
    first = float(work.run()) if trains else work.figure()
    seconds = measure(work, args)
    last = work.figure()
    print(json.dumps({
        'peer': 'torch', 'version': torch.__version__, 'workload': args.workload,
        'units': args.units, 'steps': args.steps, 'batch': args.batch,
        'features': args.features, 'threads': args.threads,
        'unit': 'step' if args.workload == 'step' else 'batch',
        'median_ms': statistics.median(seconds) * 1e3, 'min_ms': min(seconds) * 1e3,
        'max_ms': max(seconds) * 1e3, 'loss_start': first, 'loss': last}))
    good = math.isfinite(first) and math.isfinite(last) and (not trains or last < first)
    if not good:
        print(f'torch: {args.workload}: the results are not those of the work asked for',
              file=sys.stderr)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
