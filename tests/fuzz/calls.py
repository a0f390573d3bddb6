# calls.py - fuzz_api calls every exported function.
# SPDX-License-Identifier: MIT
#
# usage: calls.py SOURCE_ROOT MAP
#
# A function that is new in the map is to be called by the target, or named here with the
# reason why not.
import re
import sys
from pathlib import Path

from common import Findings, map_nodes, strip_comments

NOT_CALLED = {}

root, version_script = Path(sys.argv[1]), sys.argv[2]
findings = Findings()
sources = [root / 'tests/fuzz/fuzz_api.c', *sorted((root / 'tests/fuzz').glob('api_*.c'))]
text = '\n'.join(strip_comments(path.read_text(encoding='utf-8'), strings=True)
                 for path in sources)
exported = {name for names in map_nodes(version_script).values() for name in names}
# A name alone is a function that is called by its address.
used = set(re.findall(r'\b(seqecho_\w+)\b', text)) & exported
findings.expect(len(exported) > 70, version_script, f'{len(exported)} functions only')
for name in sorted(exported):
    findings.expect((name in used) != (name in NOT_CALLED), name,
                    'called, though listed as not called' if name in used else
                    'not called by tests/fuzz/fuzz_api.c and the files beside it')
for name in sorted(set(NOT_CALLED) - exported):
    findings.add(name, 'listed as not called, but not exported')
findings.finish(at_least=70)
