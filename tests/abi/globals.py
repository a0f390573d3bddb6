# globals.py - what the built library can write to and every thread shares.
# SPDX-License-Identifier: MIT
#
# usage: globals.py LIBRARY [--without FILE]...
#
# FILE is a source of the library that this build left out.
#
# Every writable object must be on the list below, and every entry of the list must still
# exist.  Tables of addresses in .data.rel.ro do not count: they are read-only once the
# library is loaded.
import re
import sys

from common import Findings, run

REVIEWED = {
    'error.c:se_message': 'the error text, one a thread',
    'version.c:info': 'the text of seqecho_build_info(), one a thread',
    'dispatch.c:once': 'guards the next',
    'dispatch.c:cpu': 'the tables of kernels for this machine, written once',
    'blas.c:once': 'guards the next',
    'blas.c:blas': 'which BLAS this is, written once',
    'blas.c:serial_lock': 'one call at a time of a BLAS that needs it',
}

# Of the compiler: its start-up code, and what stands behind __builtin_cpu_supports().
RUNTIME = {'completed', '__dso_handle', '__TMC_END__', '__cpu_model', '__cpu_features2'}
RUNTIME_INIT = {'frame_dummy', '__cpu_indicator_init'}

library = sys.argv[1]
for file in sys.argv[3::2]:
    for name in [name for name in REVIEWED if name.startswith(f'{file}:')]:
        del REVIEWED[name]
findings = Findings()

sections = {}
for number, name, flags in re.findall(
        r'^\s*\[\s*(\d+)\]\s+(\S+)\s+\S+\s+\w+\s+\w+\s+\w+\s+\w+\s+([A-Zxol]*)',
        run('readelf', '-SW', library), re.M):
    sections[number] = (name, flags)

found, functions, file = set(), {}, ''
for line in run('readelf', '-sW', library).splitlines():
    field = line.split()
    if len(field) >= 7 and field[3] == 'FILE':
        file = field[7] if len(field) > 7 else ''  # of the local symbols that follow
        continue
    if len(field) < 8 or field[3] in ('SECTION', 'Type'):
        continue
    if field[3] == 'FUNC':
        functions[int(field[1], 16)] = field[7]
        continue
    size, kind, index, name = field[2], field[3], field[6], field[7]
    section, flags = sections.get(index, ('', ''))
    findings.expect(kind != 'IFUNC', name, 'is chosen by the loader: use the CPU table')
    if 'W' not in flags or int(size, 0) == 0:
        continue
    if section in ('.data.rel.ro', '.init_array', '.fini_array', '.dynamic', '.got'):
        continue
    # gcc numbers the statics of functions, clang puts the function before them.
    name = re.sub(r'\.\d+$', '', name.split('@')[0]).split('.')[-1]
    if name not in RUNTIME:
        found.add(f'{file}:{name}')

for name in sorted(found):
    findings.expect(name in REVIEWED, name, 'writable, but not on the reviewed list')
for name in sorted(set(REVIEWED) - found):
    findings.expect(False, name, 'on the reviewed list, but not in the library')

# Code before main(): the addresses that the loader writes into .init_array.
table = re.search(r'\.init_array\s+INIT_ARRAY\s+(\w+)\s+\w+\s+(\w+)',
                  run('readelf', '-SW', library))
start, size = (int(n, 16) for n in table.groups())
entries = [int(target, 16) for where, target in re.findall(
    r'^(\w+)\s+\w+\s+R_\w+_RELATIVE\s+(\w+)$', run('readelf', '-rW', library), re.M)
    if start <= int(where, 16) < start + size]
for address in entries:
    name = functions.get(address, hex(address))
    findings.expect(name in RUNTIME_INIT, name, 'runs when the library is loaded')
findings.expect(len(entries) == size // 8, 'init_array', 'has entries of an unknown kind')
findings.finish(at_least=len(REVIEWED))
