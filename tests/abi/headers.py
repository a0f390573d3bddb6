# headers.py - the headers compile alone, in every language of their users.
# SPDX-License-Identifier: MIT
#
# usage: headers.py SOURCE_ROOT BUILD_INCLUDE
#
# Public headers: each standard of C and C++ that the compilers found here know, without a
# warning; -Wpadded because padding would be bytes with no defined value in a struct that
# grows.  Then a program that uses every macro, and one that uses every template.
# Internal headers: C11, so that their order never matters.
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import Findings, Headers, sources, strip_comments

C = ['c99', 'c11', 'c17', 'c2x']
CPP = ['c++98', 'c++11', 'c++14', 'c++17', 'c++20']
WRAPPER = ['c++17', 'c++20']
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wpadded', '-Wundef',
          '-Wconversion', '-Wcast-qual', '-Werror']
STRICT_C = ['-Wstrict-prototypes', '-Wmissing-prototypes', '-Wold-style-definition']
STRICT_CPP = ['-Wold-style-cast', '-Wextra-semi']
USER_C = ['-Woverride-init', '-Wmissing-field-initializers', '-Wc++-compat']

root, generated = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
here = Path(__file__).parent
findings = Findings()
public = ['seqecho/' + p.name.replace('.h.in', '.h')
          for p in sources(root / 'include', '.h', '.in')]
include = [f'-I{root}/include', f'-I{generated}']


def compiles(compiler, language, standard, flags, text):
    """None, or what the compiler said."""
    result = subprocess.run(
        [compiler, '-x', language, f'-std={standard}', *flags, *include, '-fsyntax-only',
         '-'],
        input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)
    return None if result.returncode == 0 else result.stdout


def supported(compiler, language, standard, flags):
    """The flags of a list that this compiler has."""
    return [flag for flag in flags
            if compiles(compiler, language, standard, ['-Werror', flag],
                        'int main(void) { return 0; }\n') is None]


def standards(compiler, language, names):
    return [name for name in names if compiles(compiler, language, name, [], '') is None]


# (what, compiler, language, standard, flags, text)
jobs = []
for compiler in filter(shutil.which, ('gcc', 'clang')):
    user = STRICT + STRICT_C + supported(compiler, 'c', 'c11', USER_C)
    for standard in standards(compiler, 'c', C):
        for header in public:
            jobs.append((header, compiler, 'c', standard, STRICT + STRICT_C,
                         f'#include <{header}>\nextern int unit;\n'))
        jobs.append(('user.c', compiler, 'c', standard, user,
                     (here / 'user.c').read_text(encoding='utf-8')))
    for path in sources(root / 'lib', '.h'):
        name = path.relative_to(root / 'lib')
        jobs.append((f'lib/{name}', compiler, 'c', 'c11',
                     [*STRICT[:3], '-Werror', '-Wno-unused-function', f'-I{root}/lib'],
                     f'#include "{name}"\nextern int unit;\n'))
for compiler in filter(shutil.which, ('g++', 'clang++')):
    strict = STRICT + supported(compiler, 'c++', 'c++98', STRICT_CPP)
    for standard in standards(compiler, 'c++', CPP):
        for header in public:
            jobs.append((header, compiler, 'c++', standard, strict,
                         f'#include <{header}>\nextern int unit;\n'))
        jobs.append(('user.cpp', compiler, 'c++', standard, strict,
                     (here / 'user.cpp').read_text(encoding='utf-8')))
    # The wrapper, whose classes are nobody's interface but the compiler's.
    for standard in standards(compiler, 'c++', WRAPPER):
        for header in sources(root / 'include', '.hpp'):
            name = header.relative_to(root / 'include')
            jobs.append((str(name), compiler, 'c++', standard,
                         [flag for flag in strict if flag != '-Wpadded'],
                         f'#include <{name}>\nextern int unit;\n'))

with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
    said = pool.map(lambda job: compiles(*job[1:]), jobs)
    for (what, compiler, _, standard, _, _), output in zip(jobs, said):
        findings.expect(output is None, f'{what}, {compiler} -std={standard}', output)

# The two programs must keep up with the headers.
headers = Headers(sources(root / 'include', '.h', '.in'))
user_c = strip_comments((here / 'user.c').read_text(encoding='utf-8'))
user_cpp = strip_comments((here / 'user.cpp').read_text(encoding='utf-8'))
for macro in headers.macros:
    findings.expect(f'{macro}(' in user_c, macro, 'not used by tests/abi/user.c')
for struct, fields in headers.structs.items():
    if fields[0] == 'head':
        findings.expect(f'seqecho_spec_init<{struct}>' in user_cpp, struct,
                        'not made by tests/abi/user.cpp')
    elif fields[0] == 'struct_size' and struct != 'seqecho_spec':
        findings.expect(f'seqecho_options_init<{struct}>' in user_cpp, struct,
                        'not made by tests/abi/user.cpp')

used = sorted({compiler for _, compiler, _, _, _, _ in jobs})
print(f'{len(jobs)} compilations with {", ".join(used)}')
findings.finish(at_least=len(public) * len(C))
