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
EPOCHS = 3
BRIEF = ['--epochs', str(EPOCHS), '--eval', '2', '--seed', '1']


class Echo:
    """What a program that trains prints of its networks.

    networks: how their summaries begin, or None for the demos of the tutorial, which print
    an accuracy instead.  n_out: how many numbers of a window each of them echoes.
    """

    def __init__(self, networks, n_out=5, n_in=5, rows=21, stateful=True, **more):
        self.networks = networks
        self.n_out = n_out if isinstance(n_out, list) else [n_out] * len(networks)
        self.n_in, self.rows, self.stateful = n_in, rows, stateful
        self.headings = more.get('headings', networks)
        self.metric = more.get('metric', 'accuracy')
        self.padded = more.get('padded', False)
        self.several = len(networks) > 1


# Programs that train, and those that do something else.
ECHOES = {
    'echo_attention': Echo(['attention'], 20, 20, stateful=False),
    'echo_bidirectional': Echo(['bidirectional'], 2, stateful=False),
    'echo_cnn_lstm': Echo(['CNN-LSTM'], 2, 10, rows=16, stateful=False),
    'echo_encoder_decoder': Echo([None], 2),
    'echo_linear': Echo(['linear'], metric='mae'),
    'echo_longer': Echo(['not learned'] * 3, [1, 2, 3],
                        headings=['1 of 5', '2 of 5', '3 of 5']),
    'echo_masked': Echo(['masked'], rows=25, padded=True),
    'echo_seq2seq': Echo([None]),
    'echo_stacked': Echo(['stacked']),
    'echo_stateless': Echo(['stateless', 'stateful']),
    'echo_teacher_forcing': Echo(['teacher forcing'], stateful=False),
    'echo_topologies': Echo(['one-to-one', 'many-to-one', 'many-to-many']),
}
ECHO = ECHOES.get(PROGRAM.name)
FRAMES = {'echo_framing'}
COMPARES = {'echo_compare'}

# The kinds of lines, each a letter, so that a whole output can be compared as a word.
LINES = [
    ('H', r'[\w -]+:'),
    ('E', r'Epoch \d+/\d+'),
    ('F', r' - \d+s - loss: \d+\.\d{4} - (accuracy|mae): \d\.\d{4}'),
    ('L', r'\repoch 1/\d+ .*\repoch (\d+)/\1  loss [^\r]*  took \d+\.\d\d s'
          r'(  (\x1b\[36m)?\S+(\x1b\[39m)?)?\x1b\[K'),
    ('R', r'Expected: \[[-\d, ]+\] Predicted \[[-\d, ]+\]'),
    ('S', r'.*, \d+ of \d+: \d+ units, \d+ weights, \d+ epochs in \d+\.\d\d s; '
          r'right on \d+ held-out sequences: [01]\.\d{4} of the numbers, '
          r'[01]\.\d{4} of the windows(; off by \d+\.\d{3} on average)?'),
    ('S', r'accuracy on \d+ fresh sequences: [01]\.\d{4}'),
]


def run(*options, stdout=subprocess.PIPE):
    return subprocess.run([PROGRAM, *options], stdout=stdout, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, universal_newlines=True)


def numbers(text):
    return [int(n) for n in re.findall(r'\d+', text)]


def kinds(lines):
    return ''.join(next((kind for kind, form in LINES if re.fullmatch(form, line)), '?')
                   for line in lines)


def rows_of(lines):
    """Expected and predicted numbers of each row; those that are missing are None."""
    for line in lines:
        if line.startswith('Expected:'):
            yield [[None if n == '-' else int(n) for n in part.split(', ')]
                   for part in re.findall(r'\[(.*?)\]', line)]


class Common(unittest.TestCase):
    seconds = r' in \d+\.\d\d s;'  # what may differ from run to run

    def good(self, *options):
        """What a run prints that must succeed, without a word on stderr."""
        result = run(*options)
        self.assertEqual((result.returncode, result.stderr), (0, ''))
        self.assertTrue(result.stdout.endswith('\n'))
        self.assertNotRegex(result.stdout, r'[\x1b\r]', 'for terminals only')
        return result.stdout

    def timeless(self, *options):
        """The same without the seconds that training took."""
        return re.sub(self.seconds, '', self.good(*options))

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
            for value in ('', 'x', '-1', '1.5', '7x', ' 7', '99999999999999999999'):
                self.bad(2, option, f'--{option}', value)
            self.bad(2, option, f'--{option}')

    def test_no_room_for_output(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            result = run(*self.brief, stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn('cannot write', result.stderr)

    def test_same_seed_same_output(self):
        one = self.timeless(*self.brief)
        self.assertEqual(one, self.timeless(*self.brief))
        self.assertNotEqual(one, self.timeless(*self.brief, '--seed', '2'))


@unittest.skipUnless(PROGRAM.name in FRAMES, 'prints no pairs')
class Frames(Common):
    brief = ['--seed', '1']

    def test_pairs(self):
        pairs = [line.split(' => ') for line in self.good().splitlines()]
        self.assertEqual(len(pairs), 21)
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


@unittest.skipUnless(ECHO, 'does not train')
class Trains(Common):
    brief = BRIEF + ['--quiet', '--units', '4']

    def whole(self, progress):
        """The kinds of all lines, where `progress` is those of a training."""
        return ''.join(('H' if ECHO.several else '') + progress + 'R' * ECHO.rows + 'S'
                       for _ in ECHO.networks)

    def test_output(self):
        lines = self.good(*BRIEF, '--units', '4').splitlines()
        self.assertEqual(kinds(lines), self.whole('EF' * EPOCHS), lines)
        epochs = [line for line in lines if line.startswith('Epoch ')]
        self.assertEqual(epochs, [f'Epoch {n}/3' for n in (1, 2, 3)] * len(ECHO.networks))
        for line in lines:
            if line.startswith(' - '):
                self.assertIn(f' - {ECHO.metric}: ', line)
        if ECHO.several:
            self.assertEqual([line[:-1] for line in lines if line.endswith(':')],
                             ECHO.headings)

    def test_rows(self):
        """Rows are windows of one sequence, each a number further; what is missing in one
        is missing in its echo."""
        rows = list(rows_of(self.good(*self.brief).splitlines()))
        for i, n_out in enumerate(ECHO.n_out):
            network = rows[i * ECHO.rows:][:ECHO.rows]
            for row, (expected, predicted) in enumerate(network):
                self.assertEqual(len(expected), n_out)
                missing = max(n_out - 1 - row, 0) if ECHO.padded else 0
                for echo in expected, predicted:
                    self.assertEqual([n is None for n in echo],
                                     [k < missing for k in range(n_out)])
                    self.assertTrue(all(0 <= n < 100 for n in echo[missing:]))
            for (older, _), (newer, _) in zip(network, network[1:]):
                self.assertEqual(older[1:], newer[:-1])

    def test_summary(self):
        lines = self.good(*self.brief).splitlines()
        summaries = [line for line in lines if kinds([line]) == 'S']
        for name, n_out, line in zip(ECHO.networks, ECHO.n_out, summaries):
            if name is None:
                self.assertTrue(line.startswith('accuracy on 2 fresh sequences: '), line)
                continue
            self.assertTrue(line.startswith(f'{name}, {n_out} of {ECHO.n_in}: 4 units, '),
                            line)
            self.assertIn(f' {EPOCHS} epochs ', line)
            self.assertIn('; right on 2 held-out sequences: ', line)
            self.assertEqual('; off by ' in line, ECHO.metric == 'mae', line)

    def test_summary_counts_the_rows(self):
        """With one number to draw every echo is right, and each figure is 1."""
        lines = self.good(*self.brief, '--n-unique', '1').splitlines()
        for expected, predicted in rows_of(lines):
            self.assertEqual(expected, predicted)
        for line in lines:
            if kinds([line]) == 'S':
                self.assertEqual(set(re.findall(r'[01]\.\d{4}', line)), {'1.0000'}, line)

    def test_quiet(self):
        self.assertEqual(kinds(self.good(*self.brief).splitlines()), self.whole(''))

    def test_few_lines(self):
        """A long training does not print every epoch, but its last."""
        lines = self.good('--epochs', '41', '--eval', '1', '--units', '2').splitlines()
        printed = list(range(9, 41, 9) if ECHO.several else range(3, 41, 3)) + [41]
        self.assertEqual([line for line in lines if line.startswith('Epoch ')],
                         [f'Epoch {n}/41' for n in printed] * len(ECHO.networks))

    def test_threads_do_not_matter(self):
        one = self.timeless(*self.brief, '--threads', '1')
        self.assertEqual(one, self.timeless(*self.brief, '--threads', '3'))

    def test_csv(self):
        if ECHO.several:
            self.bad(2, 'csv', *self.brief, '--csv', 'history.csv')
            return
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / 'history.csv'
            self.good(*self.brief, '--csv', str(file))
            with file.open(encoding='utf-8', newline='') as stream:
                header, *rows = csv.reader(stream)
            self.bad(1, directory, *self.brief, '--csv', directory)
        self.assertEqual(header, ['epoch', 'loss', ECHO.metric])
        self.assertEqual([row[0] for row in rows], ['1', '2', '3'])
        # Untrained, the loss is that of a guess among 100, log(100) = 4.6, or among the 20
        # numbers of a window, log(20) = 3.0; or that of 0 for
        # fractions, of which the mean square is a third.
        low, high = (0.05, 1.5) if ECHO.metric == 'mae' else (2.5, 6.0)
        for _, loss, metric in rows:
            self.assertTrue(low < float(loss) < high, loss)
            self.assertTrue(0.0 <= float(metric) <= 1.0, metric)

    @unittest.skipIf(ECHO and ECHO.several, 'writes no history')
    def test_csv_disk_full(self):
        result = run(*self.brief, '--csv', '/dev/full')
        self.assertEqual(result.returncode, 1)
        self.assertIn('/dev/full', result.stderr)

    def test_refused_by_the_library(self):
        self.bad(1, 'SEQECHO_EINVAL', *self.brief, '--n-in', '99')
        if 'batch' not in self.numeric_options():
            return
        if not ECHO.stateful:
            self.good(*self.brief, '--batch', '11')
            return
        result = run(*self.brief, '--batch', '8')  # is found when the training begins
        self.assertEqual(result.returncode, 1)
        self.assertTrue(result.stderr.startswith(f'{PROGRAM.name}: SEQECHO_ESHAPE: '))
        self.assertRegex(kinds(result.stdout.splitlines()), r'^(H(R+SH)?)?$')

    def test_terminal(self):
        """On a terminal progress is one line that is drawn over, ended by a newline."""
        try:
            leader, follower = pty.openpty()
        except OSError as error:  # some containers have none
            self.skipTest(str(error))
        child = subprocess.Popen([PROGRAM, *BRIEF, '--units', '4'], stdin=follower,
                                 stdout=follower, stderr=follower,
                                 env={**os.environ, 'TERM': 'xterm'})
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
        lines = said.decode().split('\r\n')
        self.assertEqual(lines.pop(), '')
        self.assertEqual(kinds(lines), self.whole('L'), lines)


@unittest.skipUnless(PROGRAM.name == 'echo_longer', 'ends when it was told to')
class Ends(unittest.TestCase):
    def test_learned(self):
        """The training of an echo that is learned ends, and its last epoch is printed."""
        result = run('--n-unique', '2', '--n-in', '2', '--n-out', '1', '--length', '8',
                     '--batch', '7', '--units', '10', '--epochs', '9999', '--eval', '5')
        lines = result.stdout.splitlines()
        epochs = numbers(lines[-10])[0]
        self.assertTrue(500 < epochs < 9999, lines)
        self.assertTrue(lines[-1].startswith('learned, 1 of 2: 10 units, '), lines)
        self.assertIn(f' {epochs} epochs in ', lines[-1])

    def test_more_than_there_is(self):
        result = run('--n-in', '4', '--n-out', '5')
        self.assertEqual((result.returncode, result.stdout), (2, ''))
        self.assertIn('--n-out: a window has only 4 numbers', result.stderr)


@unittest.skipUnless(PROGRAM.name in COMPARES, 'compares nothing')
class Compares(Common):
    brief = ['--seeds', '1', 'seq2seq']
    seconds = r'(?<= \| 500 \|) \d+\.\d\d '

    def test_list(self):
        pairs = [line.split() for line in self.good('--list').splitlines()]
        self.assertTrue(all(len(pair) == 2 for pair in pairs), pairs)
        names = [name for _, name in pairs]
        self.assertEqual(len(names), len(set(names)))
        self.assertFalse(set(names) & {name for name, _ in pairs} - {'masked'})
        self.assertIn(['tutorial', 'seq2seq'], pairs)

    def test_no_argument(self):
        self.bad(2, '--list')

    def test_unknown_name(self):
        """It is refused before the known one is trained."""
        self.bad(2, "'nobody'", 'encoder_decoder', 'nobody')

    def cells(self, line):
        self.assertRegex(line, r'^\|.*\|$')
        return [cell.strip() for cell in line[1:-1].split('|')]

    def test_table(self):
        empty, title, gap, head, rule, row = self.good(*self.brief).splitlines()
        self.assertEqual((empty, title, gap), ('', '### tutorial (1 seeds from 1)', ''))
        self.assertEqual(rule, '|' + '---|' * len(self.cells(head)))
        figures = dict(zip(self.cells(head), self.cells(row)))
        self.assertEqual(len(figures), len(self.cells(row)))
        for name, value in {'name': 'seq2seq', 'echo': '5 of 5', 'units': '20',
                            'weights': '11780', 'epochs': '500'}.items():
            self.assertEqual(figures[name], value)
        for name in 'right in training', 'right, held out':
            self.assertTrue(0.95 <= float(figures[name].split(' ± ')[0]) <= 1.0, row)
            self.assertEqual(float(figures[name].split(' ± ')[1]), 0.0)

    def test_set(self):
        lines = self.good('--seeds', '2', '--seed', '7', 'masked').splitlines()
        self.assertEqual(lines[1], '### masked (2 seeds from 7)')
        rows = [self.cells(line) for line in lines[5:]]
        self.assertEqual([row[0] for row in rows], ['masked', 'unmasked'])
        self.assertTrue(rows[0][-1].startswith('2 of 2: '), rows)
        self.assertNotIn('± 0 ', lines[5], 'two seeds differ')
        self.assertEqual(rows[1][-1], '')


def full_training(accuracy):
    result = run('--quiet')
    print(result.stdout, result.stderr)
    found = re.findall(r'sequences: ([01]\.\d{4})', result.stdout)
    if result.returncode != 0 or len(found) != len(ECHO.networks):
        sys.exit('it did not come to its end')
    if min(map(float, found)) < accuracy:
        sys.exit(f'expected an accuracy of {accuracy}')


if __name__ == '__main__':
    if len(sys.argv) > 2:
        full_training(float(sys.argv[2]))
    elif PROGRAM.name not in ECHOES.keys() | FRAMES | COMPARES:
        sys.exit(f'{PROGRAM.name}: tests/examples/examples.py does not know what it does')
    else:
        del Common  # has no tests of its own to run
        unittest.main(argv=sys.argv[:1], verbosity=1)
