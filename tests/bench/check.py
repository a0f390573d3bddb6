# check.py - that seqecho-bench measures what it says, whatever the figures are.
# SPDX-License-Identifier: MIT
#
# usage: check.py PROGRAM
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
WORKLOADS = ['seq2seq', 'encoder_decoder', 'train', 'step', 'infer']
TRAINS = WORKLOADS[:3]
FRAMED = WORKLOADS[:2]

# Small, with odd numbers; and no time to lose.
SMALL = {
    'seq2seq': {'units': 5, 'steps': 3, 'batch': 3, 'features': 7},
    'encoder_decoder': {'units': 5, 'steps': 3, 'batch': 3, 'features': 7},
    'train': {'units': 5, 'steps': 3, 'batch': 3, 'features': 7},
    'step': {'units': 5, 'steps': 1, 'batch': 3, 'features': 7},
    'infer': {'units': 5, 'steps': 3, 'batch': 3, 'features': 7},
}
QUICK = ['--reps', '3', '--seconds', '0.0005']

KEYS = {
    'workload': str, 'units': int, 'steps': int, 'batch': int, 'features': int,
    'threads': int, 'threads_used': int, 'isa': str, 'numerics': str, 'input': str,
    'unit': str, 'reps': int, 'calls': int, 'median_ms': float, 'min_ms': float,
    'max_ms': float, 'ns_per_step': float, 'flops': float, 'gflops': float,
    'share_of_peak': float, 'share_of_floor': float, 'floor_ms': float,
    'peak_gflops': float, 'bandwidth_gbs': float, 'bytes_allocated': int,
    'loss_start': float, 'loss': float, 'build_info': str, 'version': str,
}
POSITIVE = ('calls', 'threads_used', 'median_ms', 'min_ms', 'max_ms', 'ns_per_step',
            'flops', 'gflops', 'share_of_peak', 'share_of_floor', 'floor_ms',
            'peak_gflops')

# Least work of the usual sizes, and the parameters of the networks, worked out by hand.
FLOPS = {
    'seq2seq': 733.6e3, 'encoder_decoder': 71.82e6, 'train': 6734.7e6, 'step': 557056.0,
    'infer': 2299.5e6,
}


def run(*options, stdout=subprocess.PIPE, env=None):
    return subprocess.run([PROGRAM, *map(str, options)], stdout=stdout, env=env,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)


def sizes(workload, **changes):
    size = {**SMALL[workload], **changes}
    return ['--workload', workload] + [word for name, value in size.items()
                                       for word in ('--' + name, value)]


class Bench(unittest.TestCase):
    def measure(self, *options):
        """The objects of a run with --json, which must succeed without a word."""
        result = run('--json', *QUICK, *options)
        self.assertEqual((result.returncode, result.stderr), (0, ''), options)
        objects = [json.loads(line) for line in result.stdout.splitlines()]
        for found in objects:
            self.sound(found)
        return objects

    def sound(self, found):
        """All keys are there, of their types, and agree with each other."""
        self.assertEqual(list(found), list(KEYS))
        trains = found['workload'] in TRAINS
        for key, kind in KEYS.items():
            value = found[key]
            if key in ('loss', 'loss_start') and not trains:
                self.assertIsNone(value)
            elif kind is float:
                self.assertIsInstance(value, (int, float), key)
            else:
                self.assertIs(type(value), kind, key)
        for key in POSITIVE:
            self.assertGreater(found[key], 0, key)
        if trains:
            self.assertLess(found['loss'], found['loss_start'])
        self.assertEqual(found['bytes_allocated'], 0)
        self.assertEqual(found['unit'], 'step' if found['workload'] == 'step' else 'batch')
        self.assertLessEqual(found['min_ms'], found['median_ms'])
        self.assertLessEqual(found['median_ms'], found['max_ms'])
        self.close(found['gflops'], found['flops'] / found['median_ms'] * 1e-6)
        self.close(found['share_of_peak'], found['gflops'] / found['peak_gflops'])
        self.close(found['share_of_floor'], found['floor_ms'] / found['median_ms'])
        self.close(found['ns_per_step'],
                   found['median_ms'] * 1e6 / found['batch'] / found['steps'])
        self.assertIn(f", {found['isa']} kernels, ", found['build_info'])
        self.assertTrue(found['build_info'].startswith(found['version'] + ', '))

    def close(self, got, want):
        self.assertLess(abs(got - want), 1e-4 * want)

    def refused(self, mention, *options):
        result = run(*options)
        self.assertEqual((result.returncode, result.stdout), (2, ''), options)
        self.assertIn(mention, result.stderr)
        self.assertTrue(result.stderr.startswith(f'{PROGRAM.name}: ')
                        or str(PROGRAM) in result.stderr, result.stderr)

    def test_each_workload(self):
        for name in WORKLOADS:
            for threads in (1, 2, 0):
                found, = self.measure(*sizes(name), '--threads', threads)
                self.assertEqual(found['workload'], name)
                self.assertEqual({key: found[key] for key in SMALL[name]}, SMALL[name])
                self.assertEqual((found['threads'], found['reps']), (threads, 3))
                if threads == 1:
                    self.assertEqual(found['threads_used'], 1)

    def test_threads_are_counted(self):
        if not Path('/proc/self/status').exists():
            self.skipTest('no /proc here')
        for name, used in (('train', 3), ('infer', 3), ('step', 1)):
            found, = self.measure(*sizes(name), '--threads', 3)
            self.assertEqual(found['threads_used'], used)

    def test_many_repetitions(self):
        for name in WORKLOADS:
            found, = self.measure(*sizes(name), '--reps', 1000, '--seconds', '0.00001')
            self.assertEqual(found['reps'], 1000)

    def test_each_input(self):
        for name in FRAMED:
            classes, = self.measure(*sizes(name))
            rows, = self.measure(*sizes(name), '--input', 'onehot')
            self.assertEqual((classes['input'], rows['input']), ('classes', 'onehot'))
            # The same numbers, bit for bit: the same loss to begin with.
            self.assertEqual(classes['loss_start'], rows['loss_start'])

    def test_each_numerics(self):
        for numerics in ('default', 'reproducible', 'fast'):
            found, = self.measure(*sizes('train'), '--numerics', numerics)
            self.assertEqual(found['numerics'], numerics)

    def test_each_isa(self):
        forced = 0
        for isa in ('c', 'sse2', 'avx2', 'avx512', 'neon'):
            result = run('--json', *QUICK, *sizes('seq2seq'), '--isa', isa)
            if result.returncode == 2:
                self.assertIn(f'--isa {isa}: not on this machine', result.stderr)
                self.assertEqual(result.stdout, '')
                continue
            self.assertEqual((result.returncode, result.stderr), (0, ''))
            self.assertEqual(json.loads(result.stdout)['isa'], isa)
            forced += 1
        self.assertGreaterEqual(forced, 1)  # plain C is everywhere
        self.assertLess(forced, 5)          # and no machine has them all

    def test_work_is_counted(self):
        for name in WORKLOADS:
            found, = self.measure('--workload', name, '--reps', '1')
            self.close(found['flops'], FLOPS[name])

    def test_table(self):
        result = run(*QUICK, '--short')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        rows = [line.split()[0] for line in result.stdout.splitlines()[5:]]
        self.assertEqual(rows, WORKLOADS)

    def test_short_is_json_too(self):
        self.assertEqual([found['workload'] for found in self.measure('--short')],
                         WORKLOADS)

    def test_list(self):
        result = run('--list')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()[1:]],
                         WORKLOADS)

    def test_help(self):
        """Its examples are what they say: invocations that work."""
        result = run('--help')
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        examples = re.findall(rf'^  .*{PROGRAM.name} (--.*)$',
                              result.stdout.partition('Examples:\n')[2], re.M)
        self.assertEqual(len(examples), 3)
        for example in examples:
            words = example.split()
            if '--isa' in words:  # of which this machine may have no such one
                words[words.index('--isa') + 1] = 'c'
            shorter = [*words, *QUICK, '--reps', '1', '--units', '8']
            result = run(*shorter)
            self.assertEqual((result.returncode, result.stderr), (0, ''), example)

    def test_bad_options(self):
        self.refused('nonsense', '--nonsense')
        self.refused('extra', 'extra')
        self.refused('seq2seq encoder_decoder train step infer', '--workload', 'seq2sec')
        self.refused('auto c sse2 avx2 avx512 neon', '--isa', 'pentium')
        self.refused('default reproducible fast', '--numerics', 'exact')
        self.refused('classes onehot', '--input', 'bytes')
        for option in ('units', 'steps', 'batch', 'features', 'threads', 'reps', 'seconds'):
            for value in ('', 'x', '-1', '7x', 'nan', '99999999999999999999'):
                self.refused(f'--{option}', f'--{option}', value)
            self.refused(option, f'--{option}')
        for option in ('units', 'steps', 'batch', 'features', 'reps'):
            self.refused(f'--{option}', f'--{option}', '0')

    def test_contradictions(self):
        self.refused('sizes need a --workload', '--units', '8')
        self.refused('--short', '--short', '--workload', 'train')
        self.refused('--steps', '--workload', 'step', '--steps', '2')
        self.refused('nothing to learn', '--workload', 'seq2seq', '--features', '1')
        self.refused('onehot', '--workload', 'train', '--input', 'onehot')

    def test_no_room_for_output(self):
        for options in (['--help'], ['--list'], [*sizes('step'), *QUICK, '--json']):
            with open('/dev/full', 'w', encoding='utf-8') as full:
                result = run(*options, stdout=full)
            self.assertEqual(result.returncode, 1)
            self.assertIn('cannot write', result.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
