# includes.py - which file may include which.
# SPDX-License-Identifier: MIT
#
# usage: includes.py SOURCE_ROOT
#
# Directories of lib/ depend on each other one way only, so each can be understood, tested
# and changed with nothing in mind but what is left of it:
#
#     base <- kernels <- layers <- graph <- infer
#     base <- data, io
#     graph, io <- model
#     model, data <- train <- checkpoint
#     layers <- layers/recurrent, which only the list of kinds knows
#
# Sources directly in lib/ stand above them all.
import re
import sys
from pathlib import Path

from common import Findings, line_of, sources, strip_comments

# What each directory may include directly, besides itself; the rest follows.
BELOW = {
    'base': [],
    'io': ['base'],
    'kernels': ['base'],
    'layers': ['kernels'],
    'layers/recurrent': ['layers'],
    'graph': ['layers'],
    'data': ['base'],
    'model': ['graph', 'io'],
    'train': ['model', 'data'],
    'infer': ['graph'],
    'checkpoint': ['train'],
}

# Tests that see the library as a program does.
OUTSIDE = {'api', 'files', 'golden', 'install', 'abi', 'examples'}

STANDARD = set('''
    assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h
    math.h setjmp.h signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h
    stdio.h stdlib.h stdnoreturn.h string.h tgmath.h time.h uchar.h wchar.h wctype.h
'''.split())
POSIX = set('''
    fcntl.h getopt.h langinfo.h pthread.h spawn.h strings.h sys/ioctl.h sys/types.h
    sys/wait.h unistd.h
'''.split())

root = Path(sys.argv[1])
findings = Findings()


def reachable(directory):
    found = {directory}
    for below in BELOW[directory]:
        found |= reachable(below)
    return found


def includes(path):
    """[(line, system?, name), ...] in the order of the file."""
    text = strip_comments(path.read_text(encoding='utf-8'))
    directive = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.M)
    return [(line_of(text, match.start()), match.group(1) == '<', match.group(2))
            for match in directive.finditer(text)]


def guard(path, name):
    """Headers are guarded by a name made from their path, closed with the same name."""
    text = strip_comments(path.read_text(encoding='utf-8'))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    expected = [f'#ifndef {name}', f'#define {name}']
    findings.expect(lines[:2] == expected and lines[-1] == '#endif', path.relative_to(root),
                    f'is not guarded by {name}')


def guard_name(prefix, path):
    return prefix + re.sub(r'\W', '_', str(path)).upper()


# ---- lib/ -----------------------------------------------------------------------------

lib = root / 'lib'
names = {}
for path in sources(lib, '.c', '.h'):
    name = path.relative_to(lib)
    where = path.relative_to(root)
    directory = str(name.parent)
    top = len(name.parts) == 1 and path.suffix == '.c'
    if not top and directory not in BELOW:
        findings.add(where, 'is in no directory that tests/abi/includes.py knows')
        continue
    below = set(BELOW) if top else reachable(directory)
    findings.expect(path.name not in names, where,
                    f'has the file name of {names.get(path.name)}')
    names[path.name] = where
    if path.suffix == '.h':
        guard(path, guard_name('SE_', name))

    found = includes(path)
    for line, system, target in found:
        at = f'{where}:{line}'
        if target.startswith('seqecho/'):
            findings.expect(system, at, f'public headers are included as <{target}>')
            findings.expect((root / 'include' / target).exists()
                            or target == 'seqecho/version.h', at,
                            f'no such header: {target}')
        elif not system:
            findings.expect((lib / target).is_file(), at, f'no such header: lib/{target}')
            findings.expect(str(Path(target).parent) in below, at,
                            f'{directory} may not include {target}')
    quoted = False
    for line, system, target in found[1:]:
        findings.expect(not (system and quoted), f'{where}:{line}',
                        f'<{target}> comes after internal headers')
        quoted = quoted or not system

    own = str(name.with_suffix('.h'))
    if path.suffix == '.c' and (lib / own).exists():
        first = found[0][2] if found else 'nothing'
        findings.expect(first == own, where, f'includes {first} first, not {own}')

# ---- include/ -------------------------------------------------------------------------

public = sources(root / 'include', '.h', '.in')
for path in public:
    where = path.relative_to(root)
    relative = str(path.relative_to(root / 'include')).replace('.h.in', '.h')
    guard(path, guard_name('', relative))
    for line, system, target in includes(path):
        findings.expect(system and (target.startswith('seqecho/')
                                    or target in ('stddef.h', 'stdint.h', 'stdbool.h')),
                        f'{where}:{line}', f'public headers may not include {target}')

umbrella = [target for _, _, target in includes(root / 'include/seqecho/seqecho.h')]
findings.same_set('seqecho.h', umbrella,
                  ['seqecho/' + p.name.replace('.h.in', '.h') for p in public
                   if p.name != 'seqecho.h'],
                  'the umbrella header', 'include/seqecho')

# ---- examples/ and tests/ -------------------------------------------------------------

examples = root / 'examples'
for path in sources(examples, '.c', '.h', '.cpp'):
    for line, system, target in includes(path):
        cpp = path.suffix == '.cpp' and re.fullmatch(r'[a-z_]+', target)
        allowed = (target.startswith('seqecho/') or target in STANDARD | POSIX or cpp
                   if system else (path.parent / target).exists())
        findings.expect(allowed, f'{path.relative_to(root)}:{line}',
                        f'an example may not include {target}')

tests = root / 'tests'
for path in sources(tests, '.c', '.h', '.cpp'):
    directory = path.relative_to(tests).parts[0]
    for line, system, target in includes(path):
        internal = not system and target.split('/')[0] in BELOW and (lib / target).exists()
        findings.expect(not (internal and directory in OUTSIDE),
                        f'{path.relative_to(root)}:{line}',
                        f'tests/{directory} uses the library from outside, not {target}')

findings.finish(at_least=100)
