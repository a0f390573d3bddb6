# common.py - what the checks of this directory share: findings, sources without comments,
# the public headers taken apart.
# SPDX-License-Identifier: MIT
import re
import subprocess
import sys
from pathlib import Path


class Findings:
    """Collects what is wrong, prints it one per line, and ends the program."""

    def __init__(self):
        self.lines = []
        self.checked = 0

    def add(self, where, what):
        self.lines.append(f'{where}: {what}')

    def expect(self, condition, where, what):
        self.checked += 1
        if not condition:
            self.add(where, what)

    def same_set(self, where, got, want, got_name, want_name):
        """Two sets of names must be equal; each difference is one finding."""
        self.checked += 1
        for name in sorted(set(got) - set(want)):
            self.add(where, f'{name} is in {got_name} but not in {want_name}')
        for name in sorted(set(want) - set(got)):
            self.add(where, f'{name} is in {want_name} but not in {got_name}')

    def finish(self, at_least=1):
        """Exit 1 if there are findings, or if suspiciously little was looked at."""
        if self.checked < at_least:
            self.add('this test', f'only {self.checked} checks made, {at_least} expected')
        for line in self.lines:
            print(line)
        print(f'{self.checked} checks, {len(self.lines)} findings')
        sys.exit(1 if self.lines else 0)


def run(*command):
    """Standard output of a command that must succeed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                    re.DOTALL)


def strip_comments(text, strings=False):
    """Blank out comments, and string and character literals if asked; lines stay."""

    def blank(match):
        token = match.group(0)
        if token[0] in '"\'':
            return token[0] + token[0] if strings else token
        return ' ' + '\n' * token.count('\n')

    return TOKENS.sub(blank, text)


def sources(root, *suffixes):
    """Every file under `root` with one of the suffixes, sorted."""
    return sorted(p for p in Path(root).rglob('*') if p.suffix in suffixes and p.is_file())


def line_of(text, position):
    return text.count('\n', 0, position) + 1


class Headers:
    """The public interface as the headers declare it.

    functions   names of the SEQECHO_API prototypes
    structs     struct name -> field names, in order
    enumerators names, in order
    enums       names of the typedef'd enums
    macros      names of the function-like macros a C program may use
    """

    def __init__(self, paths):
        self.functions, self.enumerators, self.enums, self.macros = [], [], [], []
        self.structs = {}
        self.paths = [Path(p) for p in paths]
        for path in self.paths:
            self.read(strip_comments(path.read_text(encoding='utf-8')))

    def read(self, text):
        self.macros += [name for name in re.findall(r'^#define (SEQECHO_\w+)\(', text, re.M)
                        if '__' not in name]
        text = re.sub(r'^#.*(?:\\\n.*)*$', '', text, flags=re.M)
        for prototype in re.findall(r'\bSEQECHO_API\b([^;{]*);', text):
            self.functions.append(re.search(r'\b(seqecho_\w+)\s*\(', prototype).group(1))
        for name, body in re.findall(r'\bstruct (\w+)\s*\{([^{}]*)\}', text):
            self.structs[name] = self.fields(body)
        for name, body in re.findall(r'\benum(?:\s+(\w+))?\s*\{([^{}]*)\}', text):
            if name:
                self.enums.append(name)
            self.enumerators += re.findall(r'\b(SEQECHO_\w+)\s*=', body)

    @staticmethod
    def fields(body):
        names = []
        for declaration in filter(None, (d.strip() for d in body.split(';'))):
            pointer = re.search(r'\(\s*\*\s*(\w+)\s*\)\s*\(', declaration)
            names.append(pointer.group(1) if pointer else
                         re.search(r'(\w+)(?:\s*\[[^\]]*\])*$', declaration).group(1))
        return names


def map_nodes(path):
    """A version script as {node: [function, ...]}, in file order; `local` left out."""
    text = strip_comments(Path(path).read_text(encoding='utf-8'))
    nodes = {}
    for name, body in re.findall(r'([\w.]+)\s*\{(.*?)\}\s*[\w.]*\s*;', text, re.DOTALL):
        exported = body.split('local:')[0].replace('global:', '')
        nodes[name] = [s.strip() for s in exported.split(';') if s.strip()]
    return nodes
