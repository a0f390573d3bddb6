# shells.py - lets the shells complete the command lines of the example programs.
# SPDX-License-Identifier: MIT
#
# usage: shells.py bash=FILE zsh=FILE fish=FILE NAME=PROGRAM...
#
# NAME is what the program is called where it is installed.
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PAIRS = dict(pair.split('=', 1) for pair in sys.argv[1:])
FILES = {shell: Path(PAIRS.pop(shell)).resolve() for shell in ('bash', 'zsh', 'fish')}


def say(*command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, universal_newlines=True, **more)
    if result.returncode != 0 or result.stderr != '':
        raise AssertionError(f'{command}: {result.returncode}: {result.stderr}')
    return result.stdout


HELP = {name: re.findall(r'^  --([\w-]+) +(N|FILE|DIR|)  ', say(program, '--help'), re.M)
        for name, program in PAIRS.items()}


class Shell(unittest.TestCase):
    shell = ''

    def setUp(self):
        if shutil.which(self.shell) is None:
            self.skipTest(f'no {self.shell}')
        self.place = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.place)
        (self.place / 'a file').write_text('', encoding='ascii')
        (self.place / 'a folder').mkdir()

    def offers(self, name, *words):
        """What the shell offers for the last of the words."""
        raise NotImplementedError

    def test_options(self):
        """Those of --help, and no others."""
        for name, options in HELP.items():
            self.assertEqual(sorted(self.offers(name, '--')),
                             sorted(f'--{option}' for option, _ in options))

    def test_beginning(self):
        name, options = next(iter(HELP.items()))
        self.assertEqual(sorted(self.offers(name, '--seed', '1', '--n-')),
                         sorted(f'--{option}' for option, _ in options
                                if option.startswith('n-')))

    def test_values(self):
        """Files, directories, or nothing."""
        expected = {'N': [], 'FILE': ['a file', 'a folder'], 'DIR': ['a folder']}
        for name in [name for name in HELP if name.endswith(('seq2seq', 'compare'))]:
            for option, takes in HELP[name]:
                if takes:
                    found = self.offers(name, f'--{option}', 'a')
                    self.assertEqual(sorted(word.rstrip('/') for word in found),
                                     expected[takes], (name, option))

    def test_networks(self):
        for name, program in PAIRS.items():
            if name.endswith('compare'):
                known = set(say(program, '--list').split()) | {'all'}
                self.assertEqual(set(self.offers(name, '--seeds', '2', '')) & known, known)
                self.assertEqual(sorted(self.offers(name, 'mas')), ['masked'])


class Bash(Shell):
    shell = 'bash'

    def offers(self, name, *words):
        quoted = ' '.join(f"'{word}'" for word in (name, *words))
        script = (f'source "$1"; compopt() {{ :; }}; COMP_WORDS=({quoted}); '
                  f'COMP_CWORD={len(words)}; complete -p {name} >"$2"; '
                  '$(sed "s/.*-F \\([^ ]*\\).*/\\1/" "$2") "${COMP_WORDS[0]}"; '
                  '[ ${#COMPREPLY[@]} = 0 ] || printf "%s\\n" "${COMPREPLY[@]}"')
        with tempfile.NamedTemporaryFile() as place:
            return say('bash', '--norc', '-c', script, 'bash', FILES['bash'], place.name,
                       cwd=self.place).splitlines()

    def test_equals_sign(self):
        """Of --option=value bash makes three words."""
        name = next(name for name in PAIRS if name.endswith('seq2seq'))
        self.assertEqual(self.offers(name, '--checkpoint', '='), ['a folder'])
        self.assertEqual(self.offers(name, '--checkpoint', '=', 'a f'), ['a folder'])
        self.assertEqual(self.offers(name, '--epochs', '=', '1'), [])


class Fish(Shell):
    shell = 'fish'

    def offers(self, name, *words):
        line = ' '.join([name, *words])
        told = say('fish', '--no-config', '-c', f'source $argv[1]; complete -C "{line}"',
                   FILES['fish'], cwd=self.place,
                   env={**os.environ, 'HOME': str(self.place)})
        return [word.partition('\t')[0].replace('\\ ', ' ') for word in told.splitlines()]


class Zsh(unittest.TestCase):
    """What it tells the shell's own function, which does the rest."""

    def setUp(self):
        if shutil.which('zsh') is None:
            self.skipTest('no zsh')

    def arguments(self, name):
        return say('zsh', '-f', '-c', '_arguments() { print -rl -- "$@" }; service=$2; '
                   'source "$1"', 'zsh', FILES['zsh'], name).splitlines()

    def test_first_line(self):
        """By which the shell finds it."""
        first = FILES['zsh'].read_text(encoding='utf-8').splitlines()[0]
        self.assertEqual(first.split(), ['#compdef', *PAIRS])

    def test_options(self):
        action = {'N': r'\]:number: ', 'FILE': r'\]:file:_files',
                  'DIR': r'\]:directory:_files -/', '': r'\]'}
        for name, options in HELP.items():
            given = [line for line in self.arguments(name) if line.startswith('-')]
            for line, (option, takes) in zip(given, options):
                self.assertRegex(line, rf'^--{option}={"" if takes else "{0}"}\['
                                       rf'([^\]\[:]|\\.)+{action[takes]}$')
            self.assertEqual(len(given), len(options))

    def test_networks(self):
        for name, program in PAIRS.items():
            if name.endswith('compare'):
                *_, words = self.arguments(name)
                known = set(say(program, '--list').split()) | {'all'}
                listed = re.match(r'\*:network:\((.*)\)$', words).group(1)
                self.assertEqual(set(listed.split()), known)


if __name__ == '__main__':
    del Shell
    unittest.main(argv=sys.argv[:1], verbosity=1)
