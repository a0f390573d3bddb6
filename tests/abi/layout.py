# layout.py - layout.c asserts on everything that the public headers lay out.
# SPDX-License-Identifier: MIT
#
# usage: layout.py LAYOUT_C HEADER...
import re
import sys
from pathlib import Path

from common import Findings, Headers, strip_comments

layout = strip_comments(Path(sys.argv[1]).read_text(encoding='utf-8'))
headers = Headers(sys.argv[2:])
findings = Findings()


def listed(macro, arguments):
    """The names that lines of layout.c give, each once, and literal numbers after them."""
    lines = re.findall(rf'^{macro}\(((?:\w+(?:, )?){{{arguments}}})((?:, -?\d+)*)\)$',
                       layout, re.M)
    names = [tuple(names.rstrip(', ').split(', ')) for names, _ in lines]
    findings.expect(len(names) == len(set(names)), macro, 'a line occurs twice')
    count = len(re.findall(rf'^{macro}\(', layout, re.M))
    findings.expect(len(names) == count, macro,
                    f'{count - len(names)} lines are not names and literal numbers')
    return ['.'.join(name) for name in names]


fields = [f'{struct}.{field}' for struct, names in headers.structs.items()
          for field in names]
for macro, arguments, declared in (('VALUE', 1, headers.enumerators),
                                   ('ENUM', 1, headers.enums),
                                   ('SIZE', 1, headers.structs),
                                   ('FIELD', 2, fields)):
    findings.same_set(macro, listed(macro, arguments), declared, 'layout.c', 'a header')
    print(f'{macro}: {len(declared)}')
findings.finish(at_least=12)
