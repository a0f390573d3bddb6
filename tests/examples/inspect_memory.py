# inspect_memory.py - what echo_inspect prints and draws of an LSTM's gates and states.
# SPDX-License-Identifier: MIT
#
# usage: inspect_memory.py ECHO_INSPECT
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv.pop(1)).resolve()
MAPS = ('input gate', 'forget gate', 'output gate', 'candidate', 'cell state',
        'hidden state')


def run(*options, **more):
    return subprocess.run([PROGRAM, *map(str, options)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)


def row(line, word):
    return [int(n) for n in re.fullmatch(rf'{word} +\[([\d, ]+)\]', line)[1].split(',')]


def tenths(line):
    return [0 if cell == '.' else int(cell) for cell in line.split()[1:]]


class Inspect(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)

    def good(self, *options):
        result = run('--quiet', *options, cwd=self.place)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        return result.stdout

    def maps(self, text, steps, units):
        """The maps by name, after the numbers above them have been looked at."""
        lines = text.splitlines()
        read, echoed = row(lines[0], 'read'), row(lines[1], 'echoed')
        self.assertEqual((len(read), len(echoed)), (steps, steps))
        lines, found = lines[4:], {}
        while lines and not lines[0].startswith('('):
            name = lines[0].split(':')[0]
            found[name] = [tenths(line) for line in lines[1:steps + 1]]
            self.assertEqual([int(line.split()[0]) for line in lines[1:steps + 1]], read)
            lines = lines[steps + 1:]
        self.assertEqual(tuple(found), MAPS)
        for name, values in found.items():
            self.assertEqual({len(step) for step in values}, {units})
            least = 0 if 'gate' in name else -9
            self.assertTrue(all(least <= v <= 9 for step in values for v in step), name)
        return read, echoed, found

    def test_trained(self):
        read, echoed, maps = self.maps(self.good('--epochs', 800), 5, 20)
        self.assertEqual(read, echoed)
        # It has learned to let in what it reads, and to show it.
        for name in 'input gate', 'output gate':
            self.assertGreater(min(v for step in maps[name][1:] for v in step), 5)
        for name in 'candidate', 'cell state', 'hidden state':
            self.assertLess(min(v for step in maps[name] for v in step), 0)

    def test_untrained(self):
        """Gates begin half open, but for the forget gate, whose bias is 1."""
        read, echoed, maps = self.maps(self.good('--epochs', 1), 5, 20)
        self.assertNotEqual(read, echoed)
        for name, least, most in ('input gate', 3, 6), ('forget gate', 6, 8):
            values = [v for step in maps[name] for v in step]
            self.assertTrue(least <= min(values) and max(values) <= most, name)

    def test_many_units(self):
        text = self.good('--epochs', 1, '--units', 30, '--n-in', 3, '--length', 23)
        self.maps(text, 3, 22)
        self.assertTrue(text.endswith('(the first 22 of 30 units)\n'))
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_saved_and_loaded(self):
        saved = self.good('--epochs', 20, '--save', 'model')
        self.assertEqual(self.good('--epochs', 0, '--load', 'model'), saved)

    @unittest.skipIf(shutil.which('gnuplot') is None, 'there is no gnuplot')
    def test_drawn(self):
        self.good('--epochs', 20, '--plot', 'memory.svg')
        drawn = (self.place / 'memory.svg').read_text(encoding='utf-8')
        for name in MAPS:
            self.assertIn(name, drawn)
        self.assertNotIn('<image', drawn)  # which would be blurred
        self.assertGreaterEqual(len(re.findall('<polygon', drawn)), 100 * len(MAPS))
        self.good('--epochs', 20, '--plot', 'memory.png')
        self.assertEqual((self.place / 'memory.png').read_bytes()[1:4], b'PNG')

    def test_refused(self):
        result = run('--epochs', 0)
        self.assertEqual((result.returncode, result.stdout), (2, ''))
        self.assertIn('needs a model to --load', result.stderr)
        result = run('--eval', 3)
        self.assertEqual(result.returncode, 2)
        self.assertIn('unknown option --eval', result.stderr)


if __name__ == '__main__':
    unittest.main()
