# docs.py - the code in README.md and docs/ compiles, and the links lead somewhere.
# SPDX-License-Identifier: MIT
#
# usage: docs.py SOURCE_ROOT BUILD_INCLUDE LIBRARY_DIRECTORY SCRATCH INSTALLED_DOC...
#
# What a fence says after ``` decides (docs/style.md, "Code in the documentation"):
#
#     c, cpp     with main(): a program, compiled and linked; else statements, compiled
#                inside a function that has the names of fragment.h
#     c file     functions and types, compiled at file level
#     c more     appended to the block before it in the same document
#     c run      a program that is also run: exit status 0, nothing on stderr
#
# Compilers come from CC and CXX; without CXX blocks of C++ are skipped.
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from common import Findings, line_of

root, generated, libraries, scratch = (Path(p).resolve() for p in sys.argv[1:5])
installed = {Path(p).resolve() for p in sys.argv[5:]}
fragment = (Path(__file__).parent / 'fragment.h').resolve()
findings = Findings()

FENCE = re.compile(r'^( *)```(\w+)?([^\n]*)\n(.*?)^ *```[ ]*$', re.M | re.S)
LANGUAGES = {'c', 'cpp', 'sh', 'text', 'meson', 'cmake', 'python', 'make', 'diff', 'ini'}
COMPILER = {
    'c': (shlex.split(os.environ['CC']), '.c', ['-std=c11']),
    'cpp': (shlex.split(os.environ.get('CXX', '')), '.cpp', ['-std=c++11']),
}
FLAGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-variable', '-Wno-unused-parameter',
         '-Wno-unused-but-set-variable', '-Wno-unused-but-set-parameter',
         '-Wno-unused-function',
         f'-I{root}/include', f'-I{generated}']


class Block:
    def __init__(self, document, line, language, words, text):
        self.document, self.line = document.relative_to(root), line
        self.where = f'{self.document}:{line}'
        self.language, self.words, self.text = language, words, text

    def source(self):
        """The block as a file that can be compiled, with its own line numbers."""
        lines = f'#line {self.line} "{self.document}"\n'
        if self.program():
            return lines + self.text
        if 'file' in self.words:
            return f'#include "{fragment}"\n{lines}{self.text}'
        includes = '\n'.join(re.findall(r'^#include.*', self.text, re.M))
        statements = re.sub(r'^#include.*', '', self.text, flags=re.M)
        return (f'{includes}\n#include "{fragment}"\nint fragment(FRAGMENT_NAMES);\n'
                f'int fragment(FRAGMENT_NAMES)\n{{\n{{\n{lines}{statements}}}\n'
                'return 0;\n}\n')

    def program(self):
        return re.search(r'\bmain\s*\(', self.text) is not None

    def check(self, number):
        command, suffix, flags = COMPILER[self.language]
        if 'seqecho.hpp' in self.text:
            flags = ['-std=c++17']
        if not command:
            return
        file = scratch / f'block{number}{suffix}'
        file.write_text(self.source(), encoding='utf-8')
        program = file.with_suffix('')
        build = [*command, *flags, *FLAGS, str(file)]
        build += (['-o', str(program), f'-L{libraries}', '-lseqecho', '-lm']
                  if self.program() else ['-fsyntax-only'])
        if self.tried(build, 'does not compile') and 'run' in self.words:
            findings.expect(self.program(), self.where, 'marked `run`, but without main()')
            self.tried([str(program)], 'does not run')

    def tried(self, command, what):
        environment = {**os.environ, 'LD_LIBRARY_PATH': str(libraries)}
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                universal_newlines=True, env=environment, timeout=120)
        good = result.returncode == 0 and not result.stderr
        findings.expect(good, self.where, f'{what}\n{result.stdout}{result.stderr}')
        return good


def blocks_of(document, text):
    blocks = []
    for match in FENCE.finditer(text):
        indent, language, info, body = match.groups('')
        line = line_of(text, match.start()) + 1
        where = f'{document.relative_to(root)}:{line}'
        findings.expect(language in LANGUAGES, where, f'the fence names no known language, '
                        f'one of {", ".join(sorted(LANGUAGES))}')
        words = info.split()
        findings.expect(set(words) <= {'file', 'more', 'run'}, where,
                        f'unknown words after the language:{info}')
        if language not in COMPILER:
            continue
        body = re.sub(f'^{indent}', '', body, flags=re.M)
        if 'more' in words and blocks:
            blocks[-1].text += body
            blocks[-1].words += words
        else:
            blocks.append(Block(document, line, language, words, body))
    return blocks


def anchors(text):
    """The anchors that headings get: lower case, no punctuation, dashes for blanks."""
    headings = re.findall(r'^#+ +(.*)$', FENCE.sub('', text), re.M)
    return {re.sub(r'[^\w\- ]', '', h.lower()).strip().replace(' ', '-') for h in headings}


def check_links(document, text):
    for target in re.findall(r'\]\(([^)\s]+)\)', FENCE.sub('', text)):
        if re.match(r'\w+:', target):
            continue
        name, _, anchor = target.partition('#')
        file = (document.parent / name).resolve() if name else document
        where = document.relative_to(root)
        findings.expect(file.exists(), where, f'the link {target} leads nowhere')
        if anchor and file.suffix == '.md' and file.exists():
            findings.expect(anchor in anchors(file.read_text(encoding='utf-8')), where,
                            f'the link {target} leads to no heading')


scratch.mkdir(parents=True, exist_ok=True)
documents = sorted([*root.glob('*.md'), *(root / 'docs').rglob('*.md')])
number = 0
for document in documents:
    text = document.read_text(encoding='utf-8')
    check_links(document, text)
    for block in blocks_of(document, text):
        block.check(number)
        number += 1
    if document.parent == root / 'docs':  # not its decisions: those are for developers
        findings.expect(document in installed, document.relative_to(root),
                        'is not listed in docs/meson.build')

print(f'{number} blocks of code in {len(documents)} documents')
findings.finish(at_least=len(documents))
