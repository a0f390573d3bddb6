# style.py - the conventions of docs/style.md that a few lines can check.
# SPDX-License-Identifier: MIT
#
# usage: style.py SOURCE_ROOT
#
# clang-format sees to the layout of C; this to the rest, in every text file.
import re
import sys
from pathlib import Path

from common import Findings, sources

LONGEST_LINE = 92
LONGEST_FILE = {'lib': 500, 'include': 500, 'tests': 700, 'examples': 200}
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
LICENCE = 'SPDX-License' '-Identifier: MIT'

root = Path(sys.argv[1])
findings = Findings()


def head(path, where, lines):
    """The first line says what the file is for, the second under which licence."""
    first = lines[0] if lines else ''
    findings.expect(path.name.removesuffix('.in') in first and ' - ' in first, where,
                    'the first line is not "name - what the file is for"')
    findings.expect(any(LICENCE in line for line in lines[:4]), where,
                    f'no {LICENCE} in the first lines')


def check(path):
    where = path.relative_to(root)
    text = path.read_text(encoding='utf-8')
    lines = text.splitlines()
    code = path.suffix != '.md'
    makefile = path.name.startswith('Makefile') # made of tabs

    findings.expect(text.endswith('\n') and not text.endswith('\n\n'), where,
                    'does not end with exactly one newline')
    for number, line in enumerate(lines, 1):
        at = f'{where}:{number}'
        findings.expect('\t' not in line or makefile, at, 'a tab')
        findings.expect(line == line.rstrip(), at, 'white space at the end')
        findings.expect(not UNFINISHED.search(line), at, 'marked as unfinished')
        if code:
            findings.expect(len(line) <= LONGEST_LINE, at, f'{len(line)} columns')
    if code:
        head(path, where, lines)
        longest = LONGEST_FILE[where.parts[0]]
        findings.expect(len(lines) <= longest, where,
                        f'{len(lines)} lines, at most {longest}: is it one thing?')


for directory in LONGEST_FILE:
    for file in sources(root / directory, '.c', '.h', '.cpp', '.hpp', '.py', '.in', '.map'):
        check(file)
for file in [*sources(root / 'docs', '.md'), *root.glob('*.md')]:
    check(file)
findings.finish(at_least=1000)
