# symbols.py - what the built library exports, and how it is linked.
# SPDX-License-Identifier: MIT
#
# usage: symbols.py LIBRARY MAP SONAME VERSION HEADER...
#
# Three lists must be one: the dynamic symbol table, the version script and the prototypes
# of the public headers.  The version script is the one that a reviewer reads.
import re
import sys

from common import Findings, Headers, map_nodes, run

library, version_script, soname, version = sys.argv[1:5]
headers = Headers(sys.argv[5:])
nodes = map_nodes(version_script)
findings = Findings()

# ---- Names ----------------------------------------------------------------------------

exported, versions = {}, set()
table = run('nm', '-D', '--defined-only', '--with-symbol-versions', library)
for line in table.splitlines():
    kind, name = line.split()[-2:]
    if kind == 'A':
        versions.add(name.split('@')[0])
        continue
    name, _, node = name.partition('@')
    exported[name] = node.lstrip('@')
    findings.expect(kind == 'T', name, f'exported, but not a function (nm says {kind})')
    findings.expect(name.startswith('seqecho_'), name, 'has no prefix seqecho_')

mapped = [name for node in nodes.values() for name in node]
findings.same_set('symbols', exported, mapped, 'the library', 'lib/seqecho.map')
findings.same_set('symbols', headers.functions, mapped, 'a public header',
                  'lib/seqecho.map')
findings.same_set('symbols', versions, nodes, 'the library', 'lib/seqecho.map')
findings.expect(len(mapped) == len(set(mapped)), 'seqecho.map',
                'a function is listed twice')
findings.expect(len(headers.functions) == len(set(headers.functions)), 'headers',
                'a function is declared twice')

for node, names in nodes.items():
    findings.expect(names == sorted(names), node, 'functions are not in alphabetical order')
    number = re.fullmatch(r'SEQECHO_(\d+)\.(\d+)', node)
    findings.expect(number is not None, node, 'a node is named SEQECHO_<major>.<minor>')
    if number:
        newest = tuple(int(n) for n in version.split('.')[:2])
        findings.expect(tuple(int(n) for n in number.groups()) <= newest, node,
                        f'newer than this version, {version}')
    for name in names:
        findings.expect(exported.get(name, node) == node, name,
                        f'has version {exported.get(name)}, expected {node}')

# ---- Linking --------------------------------------------------------------------------

dynamic = run('readelf', '-dW', library)
segments = run('readelf', '-lW', library)


def tag(name):
    match = re.search(rf'\({name}\)\s+(.*)', dynamic)
    return match.group(1) if match else ''


findings.expect(f'[{soname}]' in tag('SONAME'), 'soname', f'{tag("SONAME")}, not {soname}')
findings.expect('BIND_NOW' in tag('FLAGS'), 'flags', f'no BIND_NOW in "{tag("FLAGS")}"')
for flag in ('NOW', 'NODELETE'):
    findings.expect(flag in tag('FLAGS_1').split(), 'flags_1',
                    f'no {flag} in "{tag("FLAGS_1")}"')
findings.expect('TEXTREL' not in dynamic, 'dynamic', 'has text relocations')
findings.expect('GNU_RELRO' in segments, 'segments', 'no GNU_RELRO')
stack = re.search(r'GNU_STACK(?:\s+0x\w+){5}\s+([RWE ]{3})', segments)
findings.expect(stack is not None and 'E' not in stack.group(1), 'segments',
                'the stack is executable, or nothing says that it is not')
for load in re.findall(r'LOAD(?:\s+0x\w+){5}\s+([RWE ]{3})', segments):
    findings.expect(not ('W' in load and 'E' in load), 'segments',
                    'one is writable and executable')

findings.finish(at_least=len(mapped))
