# manual.py - holds the manual pages against the programs, the headers and the README.
# SPDX-License-Identifier: MIT
#
# usage: manual.py SOURCE_ROOT NAME=PROGRAM...
#
# NAME is what the program is called where it is installed.
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(sys.argv[1])
PROGRAMS = dict(pair.split('=', 1) for pair in sys.argv[2:])
PAGES = sorted((ROOT / 'docs' / 'man').glob('*.[1-9]'))
TEXTS = {page.name: page.read_text(encoding='utf-8') for page in PAGES}
SHARED = TEXTS['seqecho-echo.1']


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, universal_newlines=True, check=False)


def options_of(program):
    return set(re.findall(r'^  --([\w-]+) ', run(program, '--help').stdout, re.M))


def section(text, title):
    return text.partition(f'.Sh {title}\n')[2].partition('\n.Sh ')[0]


class Pages(unittest.TestCase):
    def test_complaints(self):
        """groff and mandoc have none, where they are; other pages need not be there."""
        tools = [('groff', '-ww', '-mdoc', '-Tutf8', '-z'), ('mandoc', '-Tlint')]
        for page in PAGES:
            for tool in tools:
                if shutil.which(tool[0]) is None:
                    continue
                result = run(*tool, page)
                said = [line for line in (result.stdout + result.stderr).splitlines()
                        if 'referenced manual not found' not in line
                        and 'outdated mandoc.db' not in line]
                self.assertEqual(said, [])

    def test_head(self):
        for name, text in TEXTS.items():
            first, second = text.splitlines()[:2]
            self.assertTrue(first.startswith(f'.\\" {name} - '), first)
            self.assertEqual(second, '.\\" SPDX-License-Identifier: MIT')


class Programs(unittest.TestCase):
    def test_names(self):
        """The page is found by the name of each, and describes each."""
        self.assertEqual(re.findall(r'^\.Nm (\S+)', section(SHARED, 'NAME'), re.M),
                         sorted(PROGRAMS))
        self.assertEqual(sorted(re.findall(r'^\.It Nm (\S+)$', SHARED, re.M)),
                         sorted(PROGRAMS))

    def test_options(self):
        """Those of --help, and no others."""
        common, own = section(SHARED, 'OPTIONS').split('.Nm seqecho-echo-compare\n')
        compare = next(name for name in PROGRAMS if name.endswith('-compare'))
        others = set().union(*(options_of(program) for name, program in PROGRAMS.items()
                               if '-echo-' in name and name != compare))
        listed = re.findall(r'^\.It Fl -(\S+)', common, re.M)
        self.assertEqual(sorted(listed), sorted(others))
        self.assertEqual(set(re.findall(r'^(?:\.It )?\.?Fl -(\S+)', own, re.M)),
                         options_of(PROGRAMS[compare]))

    def test_examples(self):
        """Their options exist."""
        for line in re.findall(r'^\.Dl \$ (.*)$', section(SHARED, 'EXAMPLES'), re.M):
            name, *words = line.split()
            given = {word[2:] for word in words if word.startswith('--')}
            self.assertEqual(given - options_of(PROGRAMS[name]), set(), line)


class Library(unittest.TestCase):
    text = TEXTS['seqecho.7']

    def test_names(self):
        """Functions, types and constants are in the headers."""
        headers = '\n'.join(header.read_text(encoding='utf-8')
                            for header in (ROOT / 'include' / 'seqecho').glob('*.h*'))
        names = re.findall(r'\b(?:Fn|Vt|Dv) ((?:seqecho|SEQECHO)_\w+)', self.text)
        self.assertGreater(len(names), 20)
        for name in names:
            self.assertRegex(headers, rf'\b{name}\b')

    def test_program(self):
        """It is the one of the README, which is compiled and run by the test 'docs'."""
        found = re.search(r'^\.Bd -literal\n(.*?)^\.Ed$', self.text, re.M | re.S)
        readme = (ROOT / 'README.md').read_text(encoding='utf-8')
        self.assertIn('```c run\n' + found.group(1).replace('\\e', '\\') + '```', readme)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
