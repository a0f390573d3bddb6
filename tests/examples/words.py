# words.py - what one example program says of itself, and to somebody who mistypes.
# SPDX-License-Identifier: MIT
#
# usage: words.py PROGRAM
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
COMPARES = PROGRAM.name == 'echo_compare'
NO_GNUPLOT = shutil.which('gnuplot') is None


def run(*options, **more):
    return subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)


HELP = run('--help').stdout
OPTIONS = re.findall(r'^  --([\w-]+) ', HELP, re.M)
TRAINS = 'epochs' in OPTIONS
NUMBERS = re.findall(r'^  --([\w-]+) +N ', HELP, re.M)
PATHS = re.findall(r'^  --([\w-]+) +(?:FILE|DIR) ', HELP, re.M)


class Help(unittest.TestCase):
    def samples(self):
        """The command lines among the examples."""
        text = HELP.partition('\nExamples:\n')[2]
        return re.findall(rf'^  {PROGRAM.name} (.*)\n      \S.*$', text, re.M)

    def test_layout(self):
        """Short lines, and what is gone on with stands below itself."""
        self.assertTrue(all(len(line) <= 92 for line in HELP.splitlines()), HELP)
        options = HELP.partition('\nExamples:\n')[0].split('\n\n')[1].splitlines()
        columns = {re.match(r'  --[\w-]+ +(?:(?:N|FILE|DIR)  )?| +', line).end()
                   for line in options}
        self.assertEqual(len(columns), 1, HELP)

    def test_samples(self):
        """Three command lines, each of which works; with fewer epochs it takes less."""
        self.assertEqual(len(self.samples()), 3, HELP)
        for words in self.samples():
            if '--plot' in words and NO_GNUPLOT:
                continue
            less = ['--epochs', '5'] if TRAINS and '--epochs' not in words else []
            if '--eval' in HELP:
                less += ['--eval', '1']
            with tempfile.TemporaryDirectory() as place:
                result = run(*shlex.split(words), *less, cwd=place)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertNotEqual(result.stdout, '')
                for option, file in re.findall(r'--(plot|save|checkpoint) (\S+)', words):
                    self.assertTrue((Path(place) / file).exists(), (option, file))

    def test_file_in_the_samples(self):
        """What the last one says of --load works as well."""
        found = re.search(r'--save (\S+)\n.*(--load \S+ --epochs 0)', HELP)
        if 'save' not in OPTIONS:
            self.assertIsNone(found)
            return
        with tempfile.TemporaryDirectory() as place:
            run('--save', found.group(1), '--epochs', '5', cwd=place)
            result = run(*found.group(2).split(), cwd=place)
            self.assertEqual(result.returncode, 0, result.stderr)


class Mistakes(unittest.TestCase):
    def says(self, message, *words):
        result = run(*words)
        self.assertEqual((result.returncode, result.stdout), (2, ''), result.stderr)
        self.assertEqual(result.stderr.splitlines()[0], f'{PROGRAM.name}: {message}')
        if not message.startswith('-') and not message.startswith('there'):
            self.assertEqual(result.stderr.splitlines()[1:],
                             [f"Try '{PROGRAM.name} --help'."])

    def test_mistyped_options(self):
        """Each option with two letters swapped, one more, one less, or one wrong."""
        forms = itertools.cycle(['--%s', '--%s=7', '-%s'])
        for name in OPTIONS:
            k = len(name) // 2
            swapped = name[:k - 1] + name[k] + name[k - 1] + name[k + 1:]
            for wrong in swapped, name + 'x', name[:k] + 'z' + name[k + 1:], name[:-1]:
                if wrong in OPTIONS or wrong == 'hel':  # which is help too
                    continue
                word = next(forms) % wrong
                if word[1] == 'h':
                    continue  # -h is known
                told = word.partition('=')[0]
                found = run(word).stderr
                self.assertTrue(found.startswith(f'{PROGRAM.name}: unknown option '
                                                 f'{told}; did you mean --'), found)
                near = re.search(r'did you mean --([\w-]+)\?', found).group(1)
                self.assertTrue(near == name or abs(len(near) - len(name)) <= 2, found)

    def test_examples(self):
        self.says('unknown option --hepl; did you mean --help?', '--hepl')
        self.says('unknown option --xyzzy', '--xyzzy')
        self.says('unknown option -x', '-x')
        self.says('unknown option -z', '--seed', '1', '-z')
        self.says('--help: takes no value', '--help=yes')
        self.says('--seed: expected a value', '--seed')
        if TRAINS:
            self.says('unknown option --epoch; did you mean --epochs?', '--epoch', '3')
            self.says('unknown option --epoch; did you mean --epochs?', '--epoch=3')
            self.says('unknown option -q', '-q')
            self.says('unknown option --check; did you mean --checkpoint?'
                      if 'checkpoint' in OPTIONS else 'unknown option --check', '--check')
        if 'n-in' in OPTIONS:
            self.says('unknown option --n_in; did you mean --n-in?', '--n_in', '3')

    def test_no_option(self):
        if COMPARES:
            self.says("there is no set or network 'seqtoseq'; did you mean seq2seq? "
                      'Or try --list', 'masked', 'seqtoseq')
            self.says("there is no set or network 'maskd'; did you mean masked? "
                      'Or try --list', 'maskd')
            self.says("there is no set or network 'xyzzy'; try --list", 'xyzzy')
        else:
            self.says("unexpected argument 'seed'; did you mean --seed?", 'seed=3')
            self.says("unexpected argument 'xyzzy'", '--seed', '3', 'xyzzy')
            self.says("unexpected argument '--seed'; did you mean --seed?", '--', '--seed')

    def test_numbers(self):
        """Those written in other ways are understood, but not taken."""
        for typed, meant in {'1e3': 1000, '1k': 1000, '1,000': 1000, '1_000': 1000,
                             ' 7': 7, '7.0': 7, '0x10': 16, '1.5k': 1500}.items():
            for name in NUMBERS:
                found = run(f'--{name}', typed).stderr
                low, high = map(int, re.search(r'from (\d+) to (\d+), ', found).groups())
                told = f'; did you mean {meant}?' if low <= meant <= high else ''
                self.assertEqual(found, f'{PROGRAM.name}: --{name}: expected a whole '
                                        f'number from {low} to {high}, '
                                        f"got '{typed}'{told}\n")
        for typed in '1.5', '7x', '-3', '1e99', 'inf', 'nan', '', '-', '1e', 'k':
            self.assertNotIn('did you mean', run('--seed', typed).stderr)

    def test_values_like_options(self):
        """A value may begin with dashes."""
        if 'save' not in OPTIONS:
            return
        with tempfile.TemporaryDirectory() as place:
            for words in ['--save', '--epoch'], ['--save=--epoch']:
                result = run(*words, '--epochs', '1', cwd=place)
                self.assertEqual((result.returncode, result.stderr), (0, ''))
                self.assertEqual([file.name for file in Path(place).iterdir()], ['--epoch'])

    def test_endings(self):
        """A picture's ending with one letter wrong."""
        if 'plot' not in OPTIONS:
            return
        more = ['masked'] if COMPARES else []
        for wrong, right in ('x.pgn', 'x.png'), ('a.b.svgz', 'a.b.svg'), ('x.sg', 'x.svg'):
            self.says('--plot: expected a file name that ends in .svg or .png, '
                      f"got '{wrong}'; did you mean '{right}'?", '--plot', wrong, *more)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
