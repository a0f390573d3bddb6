# rows.py - what compare.py measures: sizes, contestants and goals of every row.
# SPDX-License-Identifier: MIT
from dataclasses import dataclass

ROWS = {
    'W1': 'one training batch of echo_seq2seq',
    'W2': 'one training batch of echo_encoder_decoder',
    'W3': 'training step',
    'W4': 'streaming, one step',
    'W5': 'batched inference',
    'small': 'whole programs, memory, size',
}
PEERS = {
    'W1': ['torch', 'libtorch', 'kann', 'onednn'],
    'W2': ['torch', 'libtorch', 'kann', 'onednn'],
    'W3': ['torch', 'kann', 'onednn'],
    'W4': ['rtneural-eigen', 'rtneural-xsimd', 'rtneural-dynamic', 'ort'],
    'W5': ['onednn', 'ort', 'torch'],
}
# The forms of RTNeural whose sizes are known when it is compiled.
TEMPLATES = ['rtneural-eigen', 'rtneural-xsimd']
TRAIN_UNITS = [128, 256, 512, 1024]
GROWTH_STEPS = [10, 50, 100, 1000]
GROWTH_BATCH = [1, 8, 64, 256]
STEP_UNITS = [8, 20, 64, 150, 256]
STEP_FEATURES = [16, 100]
INFER_UNITS = [128, 256, 512]


@dataclass(frozen=True)
class Point:
    """One workload at one size; `options` is the command line of every program."""
    row: str
    workload: str
    units: int
    steps: int
    batch: int
    features: int
    threads: int = 1

    @property
    def demo(self):
        return self.workload in ('seq2seq', 'encoder_decoder')

    @property
    def options(self):
        command = ['--workload', self.workload, '--threads', str(self.threads)]
        if not self.demo:
            command += ['--units', str(self.units), '--features', str(self.features)]
        if self.workload in ('train', 'infer'):
            command += ['--steps', str(self.steps), '--batch', str(self.batch)]
        return command

    @property
    def key(self):
        return (f'{self.workload} {self.units} {self.steps} {self.batch} {self.features} '
                f'{self.threads}')

    @property
    def products(self):
        """Roughly the floating-point operations, to choose the number of repetitions."""
        once = 8 * self.batch * self.steps * self.units * (self.units + self.features)
        return once if self.workload in ('step', 'infer') else 3 * once

    def __str__(self):
        if self.demo:
            return self.workload
        if self.workload == 'train':
            return f'H {self.units}, T {self.steps}, B {self.batch}'
        if self.workload == 'step':
            return f'H {self.units}, D {self.features}'
        return f'H {self.units}'

    def peers(self):
        """Two threads are compared with the peer that gains from them at every size."""
        return PEERS[self.row] if self.threads == 1 else ['onednn']


def train(units, steps=50, batch=64, threads=1):
    return Point('W3', 'train', units, steps, batch, 100, threads)


def step(units, features, threads=1):
    return Point('W4', 'step', units, 1, 1, features, threads)


def infer(units, threads=1):
    return Point('W5', 'infer', units, 50, 64, 100, threads)


def seq2seq(threads=1):
    return Point('W1', 'seq2seq', 20, 5, 7, 100, threads)


def encoder_decoder(threads=1):
    return Point('W2', 'encoder_decoder', 150, 5, 21, 100, threads)


def growth(threads=1):
    """The training steps of other lengths and batches, without the one of all rows."""
    return ([train(256, steps, 64, threads) for steps in GROWTH_STEPS if steps != 50] +
            [train(256, 50, batch, threads) for batch in GROWTH_BATCH if batch != 64])


def sizes(threads=1):
    return [train(units, threads=threads) for units in TRAIN_UNITS]


def points(threads):
    """Everything, in the order of the page."""
    return [seq2seq(threads), encoder_decoder(threads), *sizes(threads), *growth(threads),
            *[step(h, d, threads) for d in STEP_FEATURES for h in STEP_UNITS],
            *[infer(h, threads) for h in INFER_UNITS]]


class Goal:
    """A bound on one figure of several points; the worst of them decides.

    `figure` maps results and a point to a number, or to None where it was not measured;
    what is asked for is a number of at least `least` or at most `most`."""

    def __init__(self, row, what, figure, of, least=None, most=None, unit=''):
        self.row, self.what, self.figure, self.of = row, what, figure, of
        self.least, self.most, self.unit = least, most, unit

    def judge(self, results):
        """Figure and point that decide, and how many were measured; or None."""
        found = [(self.figure(results, p), p) for p in self.of]
        found = [(figure, p) for figure, p in found if figure is not None]
        if not found:
            return None
        pick = min if self.least is not None else max
        figure, point = pick(found, key=lambda f: f[0])
        return figure, point, len(found)

    def verdict(self, figure):
        bound = self.least if self.least is not None else self.most
        good = figure >= bound if self.least is not None else figure <= bound
        if good:
            return 'met'
        return f'missed by {100 * abs(figure - bound) / bound:.0f} %' if bound else 'missed'


def against(peer):
    return lambda results, point: results.ratio(point, peer)


def speed_up(results, point):
    """Two threads over one, of the same build."""
    return results.quotient(single(point), 'seqecho', point, 'seqecho')


def single(point):
    return Point(point.row, point.workload, point.units, point.steps, point.batch,
                 point.features)


def share_of_floor(results, point):
    return results.ours(point, 'share_of_floor')


def templates(results, point):
    """The better of the compiled forms of RTNeural."""
    ratios = [results.ratio(point, peer) for peer in TEMPLATES]
    return min((r for r in ratios if r is not None), default=None)


def allocated(results, point):
    return results.ours(point, 'bytes_allocated')


# The peers that every kernel and every build is compared with.
ALWAYS_BEHIND = ['kann', 'torch']


def closest_peer(variant, suffix=''):
    """KANN or PyTorch, whichever is nearer to one of our other kernels or builds."""
    def figure(results, point):
        ratios = [results.ratio(point, peer + suffix, variant) for peer in ALWAYS_BEHIND]
        return min((r for r in ratios if r is not None), default=None)
    return figure


def limited(variant):
    """What is added to the name of a peer that is held to the same instructions."""
    isa = variant.split()[-1]
    return '' if isa in ('seqecho', 'clang') else f' {isa}'


def in_full(point):
    """Whether all kernels and builds are measured, not only the best."""
    return point.threads == 1 and point not in growth()


def fact(name):
    return lambda results, _: results.fact(name)


def goals(variants=()):
    one, two = points(1), points(2)
    steps = [p for p in one if p.row == 'W4']
    inferences = [p for p in one if p.row == 'W5']
    trainings = sizes() + growth()
    trainings2 = sizes(2) + growth(2)
    large = [p for p in sizes() if p.units >= 256]
    large2 = [p for p in sizes(2) if p.units >= 256]
    none = [None]
    table = [
        Goal('W1', 'PyTorch', against('torch'), [seq2seq()], least=48, unit='x'),
        Goal('W1', 'oneDNN', against('onednn'), [seq2seq()], least=4, unit='x'),
        Goal('W1', 'whole program', fact('seq2seq_seconds'), none, most=0.05, unit='s'),
        Goal('W2', 'PyTorch', against('torch'), [encoder_decoder()], least=6.5, unit='x'),
        Goal('W2', 'oneDNN', against('onednn'), [encoder_decoder()], least=2.5, unit='x'),
        Goal('W2', 'two threads over one', speed_up, [encoder_decoder(2)], least=1.65,
             unit='x'),
        Goal('W3', 'oneDNN', against('onednn'), trainings, least=1.08, unit='x'),
        Goal('W3', 'of the floor, H 256 and up', share_of_floor, large, least=0.85),
        Goal('W3', 'oneDNN, both with two threads', against('onednn'), trainings2,
             least=1.08, unit='x'),
        Goal('W3', 'two threads over one, H 256 and up', speed_up, large2, least=1.8,
             unit='x'),
        Goal('W3', 'two threads over one, any size', speed_up, trainings2, least=1,
             unit='x'),
        Goal('W4', 'RTNeural, compiled for the size', templates, steps, least=1, unit='x'),
        Goal('W5', 'oneDNN', against('onednn'), inferences, least=1.1, unit='x'),
        Goal('small', 'stripped shared library', fact('library_kb'), none, most=600,
             unit='kB'),
        Goal('small', 'peak memory, echo_seq2seq', fact('seq2seq_mb'), none, most=12,
             unit='MB'),
        Goal('small', 'peak memory, echo_encoder_decoder', fact('encoder_decoder_mb'), none,
             most=24, unit='MB'),
        Goal('small', 'bytes allocated while timed', allocated, one + two, most=0,
             unit='bytes'),
    ]
    for name in variants:
        kind = name.split()[-1]
        table.append(Goal('all', f'KANN and PyTorch, our {kind}', closest_peer(name), one,
                          least=1, unit='x'))
        if limited(name):
            table.append(Goal('all', f'KANN and PyTorch with {kind}, our {kind}',
                              closest_peer(name, limited(name)), one, least=1, unit='x'))
    return table
