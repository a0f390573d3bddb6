# errors.py - docs/errors.md: every message of the library, and the way out of each.
# SPDX-License-Identifier: MIT
#
# usage: errors.py SOURCE_ROOT            compare the page with what it should be
#        errors.py SOURCE_ROOT --write    write it
#        errors.py SOURCE_ROOT --list     print the messages, file by file
#
# The messages are read from the calls of se_fail() and se_file_fail() in lib/, the ways out
# from docs/errors.cures, which says how it is written.  A message without a way out is a
# finding, and so is one of these that fits no message.
import difflib
import re
import sys
from pathlib import Path

from common import Findings, line_of, sources, strip_comments

root = Path(sys.argv[1]).resolve()
page = root / 'docs' / 'errors.md'
cures_file = root / 'docs' / 'errors.cures'
findings = Findings()

STRING = r'"(?:\\.|[^"\\])*"'
SPECIFIER = re.compile(r'%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|j|z|t)?'
                       r'([a-zA-Z%])')
# What an argument is called in the table; the first pattern found in it decides.
WORDS = [
    (r'^dots\(', ''),
    (r'(shape|view|tensor)_text\(', '<shape>'),
    (r'class_name|class_of', '<class>'),
    (r'(layer|inner|l|\])->name$|^layer$|input_name\(', '<layer>'),
    (r'^w->path$', '<weight>'),
    (r'path|directory|tail\(', '<path>'),
    (r'name_of\(what\)', '<kind>'),
    (r'names\[', '<kind>'),
    (r'bad_text\(', '<NaN or infinite>'),
    (r'->dtype$', '<dtype>'),
]


class Message:
    def __init__(self, file, line, codes, text):
        self.file, self.line, self.codes, self.text = file, line, codes, text

    def __repr__(self):
        return f'{self.file}:{self.line}: {" ".join(self.codes)}: {self.text}'


def split(text, separators):
    """`text` cut at separators outside of strings and parentheses."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(STRING + r"|'(?:\\.|[^'\\])'|->|.", text, re.S):
        token = match.group(0)
        depth += {'(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1}.get(token, 0)
        if depth == 0 and token in separators:
            parts.append(text[start:match.start()].strip())
            start = match.end()
    return parts + [text[start:].strip()]


def arguments(text, opened):
    """The arguments of the call whose parenthesis is at `opened`."""
    depth = 0
    for match in re.finditer(STRING + r"|'(?:\\.|[^'\\])'|[()]", text[opened:]):
        depth += {'(': 1, ')': -1}.get(match.group(0), 0)
        if depth == 0:
            return split(text[opened + 1:opened + match.start()], ',')
    raise ValueError('a call without an end')


def definitions(text):
    """Names of constants that are a string or a number, with their values."""
    found = dict(re.findall(rf'^#define (\w+) \(?({STRING}|-?\d+)\)?\s*$', text, re.M))
    for body in re.findall(r'\benum(?:\s+\w+)?\s*\{([^{}]*)\}', text):
        found.update(re.findall(r'\b(\w+)\s*=\s*(\d+)\s*(?:,|$)', body))
    return found


def literal(expression, constants):
    """A format as one string: neighbours joined, macros replaced, PRI... dropped."""
    text = ''
    for token in re.findall(STRING + r'|\w+', expression):
        if token.startswith('PRI'):
            token = f'"{token[3].lower()}"'
        elif not token.startswith('"'):
            token = constants[token]
        text += token[1:-1].replace('\\"', '"').replace('\\\\', '\\')
    return text


def alternatives(branches, names, constants):
    """One of some texts; what may be missing stands in brackets."""
    texts, conditional = [], False
    for branch in branches:
        if branch == '""':
            conditional = True
        elif branch.startswith('"'):
            texts.append(branch[1:-1].replace('\\"', '"'))
        elif not re.search('[!=]=', branch):
            texts.append(in_words(branch, 's', False, names, constants))
    if conditional:
        return f'[{"/".join(texts)}]'
    if '(NULL)' in texts:
        texts.remove('(NULL)')
    return f'<{" / ".join(t.strip("<> ") for t in texts)}>'


def in_words(expression, kind, first, names, constants):
    expression = re.sub(r'^\((?:unsigned |long )*\w+\)', '', expression).strip()
    if expression in names:
        name = names[expression]
        return name if name.startswith('[') else f'<{name}>'
    if '?' in expression and '"' in expression:
        return alternatives(split(expression, '?:')[1:], names, constants)
    if kind not in 's':
        return constants.get(expression, '<number>') if kind != 'c' else '<character>'
    for pattern, name in WORDS:
        if re.search(pattern, expression):
            return name
    if first:
        return '<call>'
    return '<name>' if 'name' in expression or 'key' in expression else '<option>'


def fill(form, values, names, constants):
    """The text of a message: its format, with a name in place of each number and text."""
    values = iter(values)

    def replace(match):
        if match.group(1) == '%':
            return '%'
        if '*' in match.group(0):
            next(values)
        return in_words(next(values), match.group(1), match.start() == 0, names,
                           constants)

    return SPECIFIER.sub(replace, form).replace('][', '')


def messages_of(path, names, common):
    """The messages of a file; what is passed on has its code in a variable."""
    text = strip_comments(path.read_text(encoding='utf-8'))
    constants = {**common, **definitions(text)}
    file = str(path.relative_to(root))
    for match in re.finditer(r'(\bint )?\bse_(file_)?fail\(', text):
        if match.group(1):
            continue
        code, *rest = arguments(text, match.end() - 1)
        codes = re.findall(r'SEQECHO_(E\w+)', code)
        if not codes and code != 'answer':
            continue
        codes = codes or ['its number']
        line = line_of(text, match.start())
        if match.group(2):
            _, what, tried, _ = rest
            what = in_words(what, 's', True, names, constants) \
                if not what.isupper() else literal(what, constants)
            tried = tried.strip('"') if tried.startswith('"') else '<do what>'
            yield Message(file, line, codes, f'{what}: cannot {tried} "<path>": <reason>')
            continue
        for form in split(rest[0], '?:')[-2:]:  # two, or the one
            form = literal(form, constants)
            if form != '%s':
                yield Message(file, line, codes, fill(form, rest[1:], names, constants))


class Section:
    """What docs/errors.cures says of some files."""

    def __init__(self, group, files, title):
        self.group, self.files, self.title = group, files, title
        self.names, self.cures, self.rows = {}, [], {}

    def cure(self, message):
        for keys in self.cures:
            for key in keys:
                if key == '*' or key in message.text:
                    keys[key] = True
                    return ' '.join(keys.lines)
        return None


class Keys(dict):
    """Parts of messages, each with whether it was found, and the way out."""

    def __init__(self):
        super().__init__()
        self.lines = []


def read_cures():
    groups, sections, section = [], [], None
    for number, line in enumerate(cures_file.read_text(encoding='utf-8').split('\n'), 1):
        if line.startswith('#') or not line and (section or not groups):
            continue
        if line.startswith('== '):
            groups.append((line[3:], []))
            section = None
        elif line.startswith('-- '):
            files, title = line[3:].split(' | ')
            section = Section(groups[-1], files.split(), title)
            sections.append(section)
        elif section is None and groups:
            groups[-1][1].append(line)
        elif not section.cures and ' = ' in line:
            name, value = line.split(' = ')
            section.names[name] = value
        elif line.startswith('> '):
            if not section.cures or section.cures[-1].lines:
                section.cures.append(Keys())
            section.cures[-1][line[2:]] = False
        else:
            findings.expect(section.cures, f'{cures_file.name}:{number}',
                            'a text without a key')
            section.cures[-1].lines.append(line)
    return groups, sections


def check_words():
    """Functions, constants and options that the ways out name are there."""
    headers = ''.join(p.read_text(encoding='utf-8')
                      for p in (root / 'include').rglob('*') if p.suffix in ('.h', '.in'))
    for line in cures_file.read_text(encoding='utf-8').split('\n'):
        if line.startswith(('#', '>')):
            continue
        code = ' '.join(re.findall(r'`([^`]*)`', line))
        for word in re.findall(r'\b(?:seqecho|SEQECHO)_\w+|(?<![\w.])\.[a-z_]\w+', code):
            end = '' if word.endswith('_') else r'\b'
            known = re.search(rf'\b{word.strip(".")}{end}', headers)
            findings.expect(known, cures_file.name, f'{word} is not in the headers')


def cell(text):
    return text.replace('|', '\\|')


def table(section):
    """Messages that have a code and a way out in common share a row."""
    rows = {}
    for (codes, text), cure in section.rows.items():
        rows.setdefault((codes, cure), []).append(f'`{cell(text)}`')
    lines = ['| code | message | the way out |', '| --- | --- | --- |']
    for (codes, cure), texts in rows.items():
        codes = ', '.join(f'`{c}`' if c.startswith('E') else c for c in codes)
        lines.append(f'| {codes} | {"<br>".join(texts)} | {cell(cure)} |')
    return lines


def make_page(groups, sections):
    lines = []
    for group in groups:
        text = '\n'.join(group[1]).strip()
        lines += [f'# {group[0]}' if not lines else f'## {group[0]}', '', text, '']
        if not text:
            lines[-2:] = []
        for section in (s for s in sections if s.group is group):
            lines += [f'### {section.title}', '', *table(section), '']
    return '\n'.join(lines)


def collect():
    common = {}
    for path in [*sources(root / 'lib', '.h'), *sources(root / 'include', '.h')]:
        common.update(definitions(strip_comments(path.read_text(encoding='utf-8'))))
    groups, sections = read_cures()
    owners = {'lib/' + file: s for s in sections for file in s.files}
    everywhere = owners.get('lib/*')
    for path in sources(root / 'lib', '.c', '.h'):
        section = owners.get(str(path.relative_to(root)))
        for message in messages_of(path, section.names if section else {}, common):
            place(message, section, everywhere)
    return groups, sections


def place(message, section, everywhere):
    """Put a message into its table, or into that of messages found everywhere."""
    where = f'{message.file}:{message.line}'
    if '--list' in sys.argv:
        print(message)
        return
    for candidate in filter(None, (section, everywhere)):
        cure = candidate.cure(message)
        if cure:
            candidate.rows.setdefault((tuple(message.codes), message.text), cure)
            findings.expect(True, where, '')
            return
    findings.expect(False, where, f'no way out in {cures_file.name} for "{message.text}"')


groups, sections = collect()
if '--list' in sys.argv:
    sys.exit(0)
for section in sections:
    for keys in section.cures:
        for key, found in keys.items():
            findings.expect(found, f'{cures_file.name}: {section.title}',
                            f'"{key}" fits no message of {" ".join(section.files)}')
check_words()
text = make_page(groups, sections)
if '--write' in sys.argv:
    page.write_text(text, encoding='utf-8')
elif page.read_text(encoding='utf-8') != text:
    difference = difflib.unified_diff(page.read_text(encoding='utf-8').split('\n'),
                                      text.split('\n'), 'docs/errors.md', 'generated',
                                      lineterm='', n=0)
    findings.add('docs/errors.md', 'is stale; python3 tests/abi/errors.py . --write\n' +
                 '\n'.join(difference))
findings.finish(at_least=300)
