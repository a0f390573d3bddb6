# abidiff.py - the built library against descriptions of released ones.
# SPDX-License-Identifier: MIT
#
# usage: abidiff.py ABIDIFF|none LIBRARY VERSION REFERENCES INCLUDE...
#
# The reference of VERSION must say exactly what the library is, so a function that is
# added calls for a new one (.ci/abi-dump); to older references, functions may be added.
# Any change is a finding, unless a rule in REFERENCES/suppressions matches it: abidiff's
# exit status tells harmless from harmful changes badly, as it takes a struct that grew for
# a compatible one.  It compares twice, with what the headers do not declare left out, and
# with everything: a filter that filters too much would hide changes.
#
# Specs of layers and their enumerators are outside of its view, because functions take
# them by their head, `const seqecho_spec *`.  layout.c looks after those.
import re
import subprocess
import sys
from pathlib import Path

from common import Findings, run

NEW = 'if docs/abi.md allows the change, .ci/abi-dump writes a new reference'

abidiff, library, version, references = sys.argv[1:5]
references, includes = Path(references), sys.argv[5:]
findings = Findings()

# The references were made on x86-64.
for missing, what in (
        (abidiff == 'none', 'there is no abidiff'),
        ('X86-64' not in run('readelf', '-hW', library), 'the references are for x86-64'),
        ('.debug_info' not in run('readelf', '-SW', library),
         'the library was built without debug information (-g)')):
    if missing:
        print(f'skipped: {what}')
        sys.exit(77)


def compare(reference, *options):
    """Exit status and report of one comparison; the library is the newer one."""
    result = subprocess.run(
        [abidiff, '--suppressions', str(references / 'suppressions'), *options,
         str(reference), library],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    return result.returncode, result.stdout


filtered = []
for include in includes:
    filtered += ['--headers-dir1', include, '--headers-dir2', include]

current = 'seqecho-' + '.'.join(version.split('.')[:2]) + '.abi'
found = sorted(references.glob('*.abi'))
findings.expect(current in [path.name for path in found], references,
                f'has no {current}: .ci/abi-dump writes it')
for reference in found:
    text = reference.read_text(encoding='utf-8')
    findings.expect(text.count('<function-decl') >= 50, reference.name,
                    'describes hardly any function: was the library built with -g?')
    for path in re.findall(r"(?:path|filepath|comp-dir-path)='([^']*)'", text):
        findings.expect('/' not in path or path.startswith('lib/'), reference.name,
                        f'names a path: {path}')
    for name, options in (('public types', filtered), ('all types', [])):
        status, report = compare(reference, '--no-added-syms', *options)
        findings.expect(status == 0, reference.name,
                        f'{name}: abidiff ends with {status}, see above; {NEW}')
        if status == 0 and reference.name == current:
            status, report = compare(reference, *options)
            findings.expect(status == 0, reference.name,
                            f'{name}: the library has more functions; {NEW}')
        if status != 0:
            print(report)

findings.finish(at_least=4)
