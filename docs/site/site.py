# site.py - the documentation as a site: the guides and the public headers, by Doxygen.
# SPDX-License-Identifier: MIT
#
# usage: site.py SOURCE_ROOT VERSION OUTPUT_DIRECTORY
#
# What Doxygen is to read is made first, beside the site: the headers by headers.py, the
# guides by guides.py, a menu in the order of docs/index.md.  Then Doxygen runs; what it warns
# of fails.  Last, every link is followed (links.py).
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

import guides
import headers
import links

root, version, out = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
here = root / 'docs' / 'site'
stage = out.with_name(out.name + '.stage')


def fill(template, values):
    return re.sub(r'@([A-Z]+)@', lambda m: values[m.group(1)], template)


def stage_headers():
    target = stage / 'include' / 'seqecho'
    target.mkdir(parents=True)
    major, minor, patch = version.split('.')
    numbers = {'MAJOR': major, 'MINOR': minor, 'PATCH': patch, 'VERSION': version}
    for path in sorted((root / 'include' / 'seqecho').glob('*.h*')):
        name = path.name.replace('.in', '')
        text = path.read_text(encoding='utf-8')
        if name != path.name:
            text = fill(text, numbers)
        (target / name).write_text(headers.convert(text, 'seqecho/' + name), encoding='utf-8')


def stage_guides():
    """The guides; returns what else they link to, to be copied."""
    extra = set()
    for path in guides.documents(root):
        target = stage / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(guides.convert(path, root, extra), encoding='utf-8')
    return sorted(extra)


def menu(entries):
    return '\n'.join(f'<tab type="user" url="@ref {label}" title={quoteattr(title)}/>'
                     for label, title in entries)


def stage_layout():
    """Doxygen's own layout, with the guides and the decisions as menus."""
    layout = stage / 'layout.xml'
    subprocess.run(['doxygen', '-l', str(layout)], check=True)
    text = layout.read_text(encoding='utf-8')
    pages, decisions = guides.contents(root)
    tabs = (f'<tab type="usergroup" visible="yes" url="@ref docs_index" title="Guides">\n'
            f'{menu(pages)}\n</tab>\n'
            f'<tab type="usergroup" visible="yes" url="@ref docs_index" title="Decisions">\n'
            f'{menu(decisions)}\n</tab>')
    text, count = re.subn(r'<tab type="pages"[^>]*/>', tabs, text)
    assert count == 1, 'the layout of this doxygen is another one'
    layout.write_text(text, encoding='utf-8')


def doxygen(extra):
    config = fill((here / 'Doxyfile.in').read_text(encoding='utf-8'), {
        'VERSION': version, 'OUT': str(out), 'STAGE': str(stage), 'SOURCE': str(root),
        'EXTRA': ' '.join(str(path) for path in extra),
    })
    (stage / 'Doxyfile').write_text(config, encoding='utf-8')
    run = subprocess.run(['doxygen', str(stage / 'Doxyfile')], cwd=stage,
                         stderr=subprocess.PIPE, universal_newlines=True,
                         env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    sys.stderr.write(run.stderr)
    return run.returncode == 0 and run.stderr == ''


for directory in (stage, out):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
stage_headers()
others = stage_guides()
stage_layout()
good = doxygen(others)
dead = links.check(out)
print(f'{out}/index.html')
sys.exit(0 if good and not dead else 1)
