# guides.py - the guides, as Doxygen 1.9 reads Markdown.
# SPDX-License-Identifier: MIT
#
# They are written for readers of the source and of its host.  Here headings get the anchors
# that they have there, under the name of their document; links to documents and headers
# become references; the words behind the language of a block of code go.
import os
import re
from pathlib import Path

FENCE = re.compile(r'^( *)```(\w*)([^\n]*)\n(.*?)^ *```[ ]*$', re.M | re.S)
LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)')


def documents(root):
    return sorted([*root.glob('*.md'), *(root / 'docs').rglob('*.md')])


def label(path, root, anchor=''):
    """The name of a page or of a heading: unique over the whole site."""
    name = str(path.relative_to(root))[:-len('.md')].replace('/', '_').replace('.', '_')
    name = name.replace('docs_decisions_', 'decision_')
    return f'{name}_{anchor}' if anchor else name


def anchor_of(heading):
    """What a host of sources calls a heading: small letters, dashes, no punctuation."""
    heading = LINK.sub(r'\2', heading)
    return re.sub(r'[^\w\- ]', '', heading.lower()).strip().replace(' ', '-')


def contents(root):
    """Pages and decisions as (label, title), in the order of docs/index.md."""
    index = root / 'docs' / 'index.md'
    pages, decisions, seen = [('docs_index', 'Overview')], [], {index.resolve()}
    for _, title, target in LINK.findall(index.read_text(encoding='utf-8')):
        path = (index.parent / target.split('#')[0]).resolve()
        if path.suffix != '.md' or path in seen:
            continue
        seen.add(path)
        if path.parent.name == 'decisions':
            first = path.read_text(encoding='utf-8').split('\n', 1)[0]
            decisions.append((label(path, root), first.lstrip('# ').replace('`', '')))
        else:
            pages.append((label(path, root), title[0].upper() + title[1:]))
    return pages, decisions


def link(match, path, root, extra):
    image, text, target = match.groups()
    text = text.replace('\n', ' ')
    if re.match(r'\w+:', target):
        return match.group(0)
    name, _, anchor = target.partition('#')
    file = (path.parent / name).resolve() if name else path
    if image:
        return f'![{text}]({file.name})'
    if file.suffix == '.md':
        if file == root / 'README.md' and not anchor:
            return f'[{text}](@ref index)'
        return f'[{text}](@ref {label(file, root, anchor)})'
    if file.is_dir():
        return text
    if file.parent.name == 'seqecho':
        return f'[{text}](@ref {file.name.replace(".in", "")})'
    extra.add(file)
    return f'<a href="{file.name}">{plain(text)}</a>'


def plain(text):
    """Markdown is not read inside HTML."""
    return re.sub(r'`([^`]*)`', r'<code>\1</code>', text)


def spans(text):
    """A quote ends a span of code for Doxygen, but for one between two backquotes."""
    def span(match):
        inside = match.group(1)
        if re.search(r"'", inside):
            return f'``{inside}``'
        return match.group(0)
    return re.sub(r'(?<!`)`([^`\n]+)`(?!`)', span, text)


def prose(text, path, root, extra):
    def heading(match):
        name = label(path, root, anchor_of(match.group(2)))
        if len(match.group(1)) == 1:
            name = label(path, root)
        return f'{match.group(1)} {match.group(2)} {{#{name}}}'

    text = re.sub(r'^(#+) +(.*)$', heading, text, flags=re.M)
    text = LINK.sub(lambda m: link(m, path, root, extra), text)
    text = re.sub(r'^\| *\|((?: *\|)+)$', r'| &nbsp; |\1', text, flags=re.M)
    return spans(text)


def code(match):
    indent, language, _, inside = match.groups()
    kind = {'c': '.c', 'cpp': '.cpp', 'python': '.py'}.get(language, '.unparsed')
    return f'{indent}```{{{kind}}}\n{inside}{indent}```'


def convert(path, root, extra):
    text = path.read_text(encoding='utf-8')
    out, last = [], 0
    for match in FENCE.finditer(text):
        out += [prose(text[last:match.start()], path, root, extra), code(match)]
        last = match.end()
    return ''.join(out) + prose(text[last:], path, root, extra)
