# examples.py - runs one example program as a user does, and reads what it says.
# SPDX-License-Identifier: MIT
#
# usage: examples.py PROGRAM              options, output, errors, with a few epochs
#        examples.py PROGRAM ACCURACY     a full training that must become that good
import csv
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
ROWS = 21  # windows of 5 in a sequence of 25
BRIEF = ['--epochs', '3', '--eval', '2', '--seed', '1']

# What an example does decides which of the classes below look at it.
TRAINS = {'echo_seq2seq', 'echo_encoder_decoder'}
FRAMES = {'echo_framing'}


def run(*options, stdout=subprocess.PIPE):
    return subprocess.run([PROGRAM, *options], stdout=stdout, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, universal_newlines=True)


def numbers(text):
    return [int(n) for n in re.findall(r'\d+', text)]


class Common(unittest.TestCase):
    def good(self, *options):
        """What a run prints that must succeed, without a word on stderr."""
        result = run(*options)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertTrue(result.stdout.endswith('\n'))
        self.assertNotRegex(result.stdout, r'[\x1b\r]', 'for terminals only')
        return result.stdout

    def bad(self, status, mention, *options):
        """A run that must fail, saying what was wrong and printing no results."""
        result = run(*options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(mention, result.stderr)
        self.assertTrue(result.stderr.startswith(f'{PROGRAM.name}: ')
                        or str(PROGRAM) in result.stderr, result.stderr)
        self.assertEqual(result.stdout, '')

    def numeric_options(self):
        return re.findall(r'^  --([\w-]+) +N ', self.good('--help'), re.M)

    def test_help(self):
        text = self.good('--help')
        self.assertTrue(text.startswith(f'Usage: {PROGRAM.name} '))
        self.assertIn('seed', self.numeric_options())
        self.assertIn('--help', text)

    def test_bad_options(self):
        self.bad(2, 'nonsense', '--nonsense')
        self.bad(2, 'extra', 'extra')
        for option in self.numeric_options():
            for value in ('', 'x', '-1', '1.5', '7x', '99999999999999999999'):
                self.bad(2, option, f'--{option}', value)
            self.bad(2, option, f'--{option}')

    def test_no_room_for_output(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            result = run(*self.brief, stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn('cannot write', result.stderr)

    def test_same_seed_same_output(self):
        self.assertEqual(self.good(*self.brief), self.good(*self.brief))
        self.assertNotEqual(self.good(*self.brief), self.good(*self.brief, '--seed', '2'))


@unittest.skipUnless(PROGRAM.name in FRAMES, 'prints no pairs')
class Frames(Common):
    brief = ['--seed', '1']

    def test_pairs(self):
        pairs = [line.split(' => ') for line in self.good().splitlines()]
        self.assertEqual(len(pairs), ROWS)
        windows = [numbers(x) for x, _ in pairs]
        for x, y in pairs:
            self.assertRegex(x, r'^\[(\d+, ){4}\d+\]$')
            self.assertRegex(y, r'^\[(\d+, ){2}\d+\]$')
            self.assertEqual(numbers(x)[:3], numbers(y))
            self.assertLess(max(numbers(x)), 100)
        for older, newer in zip(windows, windows[1:]):
            self.assertEqual(older[1:], newer[:-1])

    def test_sizes(self):
        pairs = self.good('--length', '7', '--n-in', '2', '--n-out', '1',
                          '--n-unique', '3').splitlines()
        self.assertEqual(len(pairs), 6)
        self.assertLess(max(numbers(' '.join(pairs))), 3)
        self.bad(1, 'SEQECHO_EINVAL', '--n-out', '6')


@unittest.skipUnless(PROGRAM.name in TRAINS, 'does not train')
class Trains(Common):
    brief = BRIEF + ['--quiet']
    last = r'\Aaccuracy on 2 fresh sequences: [01]\.\d{4}\Z'

    def test_output(self):
        lines = self.good(*BRIEF).splitlines()
        self.assertRegex(lines[-1], self.last)
        rows = [line for line in lines if line.startswith('Expected:')]
        self.assertEqual(len(rows), ROWS)
        for row in rows:
            match = re.match(r'^Expected: \[([\d, ]+)\] Predicted \[([\d, ]+)\]$', row)
            self.assertIsNotNone(match, row)
            expected, predicted = map(numbers, match.groups())
            self.assertEqual(len(expected), len(predicted))
            self.assertLess(max(expected + predicted), 100)
        epochs = [line for line in lines if line.startswith('Epoch ')]
        self.assertEqual(epochs, ['Epoch 1/3', 'Epoch 2/3', 'Epoch 3/3'])
        figures = [line for line in lines if line.startswith(' - ')]
        self.assertEqual(len(figures), 3)
        for line in figures:
            self.assertRegex(line, r'^ - \d+s - loss: \d+\.\d{4} - accuracy: [01]\.\d{4}$')
        self.assertEqual(len(lines), ROWS + 7)

    def test_quiet(self):
        self.assertEqual(len(self.good(*self.brief).splitlines()), ROWS + 1)

    def test_threads_do_not_matter(self):
        one = self.good(*self.brief, '--threads', '1')
        self.assertEqual(one, self.good(*self.brief, '--threads', '3'))

    def test_csv(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / 'history.csv'
            self.good(*self.brief, '--csv', str(file))
            with file.open(encoding='utf-8', newline='') as stream:
                header, *rows = csv.reader(stream)
            self.bad(1, directory, *self.brief, '--csv', directory)
        self.assertEqual(header, ['epoch', 'loss', 'accuracy'])
        self.assertEqual([row[0] for row in rows], ['1', '2', '3'])
        for _, loss, accuracy in rows:
            # Untrained, the loss is that of a guess among 100: log(100) = 4.6.
            self.assertTrue(3.0 < float(loss) < 6.0, loss)
            self.assertTrue(0.0 <= float(accuracy) <= 1.0, accuracy)

    def test_csv_disk_full(self):
        result = run(*self.brief, '--csv', '/dev/full')
        self.assertEqual(result.returncode, 1)
        self.assertIn('/dev/full', result.stderr)

    def test_refused_by_the_library(self):
        self.bad(1, 'SEQECHO_EINVAL', *BRIEF, '--n-in', '26')
        self.bad(1, 'SEQECHO_ESHAPE', *BRIEF, '--batch', '8')

    def test_terminal(self):
        """On a terminal progress is one line that is drawn over, ended by a newline."""
        try:
            leader, follower = pty.openpty()
        except OSError as error:  # some containers have none
            self.skipTest(str(error))
        child = subprocess.Popen([PROGRAM, *BRIEF], stdin=follower, stdout=follower,
                                 stderr=follower, env={**os.environ, 'TERM': 'xterm'})
        os.close(follower)
        said = b''
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:  # how Linux says that the other side is closed
                break
            if not data:
                break
            said += data
        os.close(leader)
        self.assertEqual(child.wait(), 0)
        progress, _, rest = said.decode().partition('\r\n')
        self.assertTrue(progress.startswith('\repoch 1/3  '), progress)
        self.assertIn('epoch 3/3  loss ', progress.split('\r')[-1])
        self.assertTrue(rest.startswith('Expected: '), rest)


def full_training(accuracy):
    result = run('--quiet')
    print(result.stdout, result.stderr)
    match = re.search(r'^accuracy on \d+ fresh sequences: (\d\.\d{4})$', result.stdout,
                      re.M)
    if result.returncode != 0 or not match or float(match.group(1)) < accuracy:
        sys.exit(f'expected an accuracy of {accuracy}')


if __name__ == '__main__':
    if len(sys.argv) > 2:
        full_training(float(sys.argv[2]))
    elif PROGRAM.name not in TRAINS | FRAMES:
        sys.exit(f'{PROGRAM.name}: tests/examples/examples.py does not know what it does')
    else:
        del Common  # has no tests of its own to run
        unittest.main(argv=sys.argv[:1], verbosity=1)
