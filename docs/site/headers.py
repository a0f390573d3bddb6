# headers.py - the plain comments of a public header, as Doxygen wants them.
# SPDX-License-Identifier: MIT
#
# usage: headers.py HEADER        prints the header with doc comments
#
# The headers keep plain comments, for readers; where they stand says what they belong to:
#
#     at the top of the file                    the file
#     behind a member, on its line or lines     that member
#     before a declaration or a macro           that, and what follows it without a blank line
#     before nothing, "---- Title ----"         a group of functions, up to the next such
#
# Members that every struct has, and those of which the comment of their struct speaks, need
# none of their own.  What is still without one is for Doxygen to complain of.
import re
import sys

TOKEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
MEMBERS = {
    'struct_size': 'Its size as the program was compiled; the macro fills it in.',
    'head': 'What every description begins with; the macro fills it in.',
    'name': 'Or NULL, and a name is made up.',
    'reserved': 'Zero.',
    'reserved_2': 'Zero.',
    'user': 'Passed on.',
    'alloc': 'See above.',
    'release': 'See above.',
    'data': 'The numbers, row-major.',
    'rank': 'How many axes there are.',
    'seed': 'Of what is drawn.',
    'no_bias': 'Without a bias.',
    'return_sequences': 'The output of each step, not of the last alone.',
    'return_state': 'The states of the last step as further outputs.',
    'stateful': 'Begin with the state that the batch before ended with.',
    'go_backwards': 'Read the steps last to first.',
    'kernel_size': 'Steps that a window has.',
    'filters': 'Features of the output.',
    'stride': 'Steps from one window to the next.',
    'batches': 'How many batches these are figures of.',
    'seconds': 'How long they took.',
    'mse': 'Mean squared error; NaN where it was not asked for.',
    'mae': 'Mean absolute error; NaN where it was not asked for.',
    'warmup_steps': 'Cosine, with warmup_target.',
    'baseline': 'With has_baseline, what is to be beaten to begin with.',
    'trainer': 'Whose event it is.',
}
SYMBOLS = {
    'seqecho_fit_options': 'Options of seqecho_trainer_fit() and of its like.',
    'seqecho_weights_options': 'Options of seqecho_graph_load_weights() and of its like.',
    'seqecho_schedule': 'A learning rate that changes with the steps of the optimizer.',
    'seqecho_event': 'What an event function is told.',
    'seqecho_event_kind': 'When an event function is called.',
    'seqecho_state_reset': 'When a fit resets the states of stateful layers.',
    'seqecho_param': 'What seqecho_trainer_set() can change.',
    'seqecho_dtype': 'The type of the numbers behind a view.',
    'seqecho_encoding': 'How the integers of a sequence become inputs.',
    'seqecho_trace': 'What seqecho_predictor_trace() reads.',
    'SEQECHO_MAX_RANK': 'Axes that a view has at most, that of the samples among them.',
    'SEQECHO_REPORT_INIT': 'What a seqecho_report begins as.',
    'SEQECHO_VERSION_MAJOR': 'The version of the header.',
    'SEQECHO_VERSION_MINOR': 'The version of the header.',
    'SEQECHO_VERSION_PATCH': 'The version of the header.',
    'SEQECHO_VERSION_STRING': 'The version of the header, as text.',
}


def escape(text):
    """What Doxygen would take for a command or for markup, taken as it is."""
    text = re.sub(r'([\\@#<>|~*])', r'\\\1', text)
    text = text.replace('al. ', 'al.\\ ')  # ends no sentence
    return re.sub(r'(?<!\w)_|_(?!\w)', r'\\_', text)


def body(comment):
    """The text of a comment without its stars; formulas and code stay as laid out."""
    lines = [re.sub(r'^\s*\* ?', '', line) for line in comment[2:-2].strip().split('\n')]
    out, code = [], False
    for number, line in enumerate(lines):
        indented = line.startswith('    ') or line.strip() == '' and code
        if indented and not code and number and lines[number - 1].strip() == '':
            out.append('@code{.unparsed}')
            code = True
        elif code and not indented:
            out.append('@endcode')
            code = False
        out.append(line if code else escape(line.strip() if number else line))
    return out + (['@endcode'] if code else [])


def without_rule(lines):
    """A section's title without its dashes."""
    return [re.sub(r'^-{3,} *| *-{3,}$', '', line) for line in lines]


def doc(lines, opening='/**'):
    return f'{opening} ' + '\n'.join(lines).strip() + ' */'


def is_section(comment):
    return comment.startswith('/* ----')


def code_before(text, start):
    return text[text.rfind('\n', 0, start) + 1:start].strip()


def convert(text, name):
    out, last, group, struct = [], 0, False, ''
    for match in TOKEN.finditer(text):
        comment = match.group(0)
        if comment.startswith('"'):
            continue
        before, after = code_before(text, match.start()), text[match.end():]
        out.append(text[last:match.start()])
        last = match.end()
        if match.start() == 0:
            out.append(file_comment(comment, name))
        elif before.startswith(('#endif', '#else', '}')):
            pass
        elif before:
            out.append(doc(body(comment), '/**<'))
        elif re.match(r'[^\S\n]*\n[^\S\n]*[^\s/#]|\s*\n#define', after) or declares(after):
            out.append(doc(without_rule(body(comment))))
        elif is_section(comment):
            title, *rest = without_rule(body(comment))
            out.append('/**@}*/\n' if group else '')
            out.append(doc([f'@name {title.rstrip(".")}', *rest]) + '\n/**@{*/')
            group = True
        else:
            out.append(comment)
    out.append(text[last:])
    text = ''.join(out)
    if group:
        end = max(text.rfind('\n#ifdef __cplusplus'), text.rfind('\n} /* extern "C"'))
        text = f'{text[:end]}\n/**@}}*/{text[end:]}'
    return repeat(made(macros(members(text))))


def declares(after):
    """A blank line, then declarations without a comment of their own."""
    return re.match(r'\n\nSEQECHO_API\b', after) is not None


def file_comment(comment, name):
    lines = [line for line in body(comment) if 'SPDX' not in line]
    first = re.sub(r'^\S+ - ', '', lines[0])
    return doc([f'@file {name}', f'@brief {first}', *lines[1:]])


def members(text):
    """Texts for members without a comment that need none of their own."""

    def struct(match):
        about, opening, inside, closing = match.groups()
        return about + opening + paragraphs(one_each(inside), about) + closing

    return re.sub(r'(/\*\*(?:(?!\*/).)*\*/\n|)'
                  r'((?:typedef )?(?:struct|enum)(?: \w+)?\s*\{\n)(.*?)(\n\})',
                  struct, text, flags=re.S)


def one_each(inside):
    """`int a, b; /**< ... */` as two lines, each with the comment."""

    def declaration(match):
        kind, names, comment = match.groups()
        return '\n'.join(f'{kind}{name.strip()};{comment}' for name in names.split(','))

    return re.sub(r'^( +(?:const )?\w+ )([\w*]+(?:, [\w*]+)+);'
                  r'((?: */\*\*<(?:(?!\*/).)*\*/)?)$', declaration, inside, flags=re.M | re.S)


def paragraphs(inside, about):
    """A comment above members holds up to the next blank line."""
    out, above, opened, fresh = [], [], '', False
    for line in inside.split('\n'):
        begins = line.lstrip().startswith('/** ')
        if begins or opened == 'above':
            above = [line.strip()] if begins else [*above, line]
            opened, fresh = '' if '*/' in line else 'above', True
        elif opened or '/**' in line:
            opened = '' if '*/' in line else 'behind'
        elif line.strip() == '':
            above = []
        elif above:
            line = line if fresh else '\n'.join([*above, line])
            fresh = False
        else:
            line = member(line, about)
        out.append(line)
    return '\n'.join(out)


def member(line, about):
    match = re.match(r'\s+(?:const )?(?:struct )?\w+[\s*]+(?:const \*)?\(?\*?'
                     r'(\w+)(?:\[[^\]]*\])?(?:\)\(.*\))?;$', line)
    value = re.match(r'\s+(SEQECHO_\w+) = -?\w+,?$', line)
    if match and match.group(1) in MEMBERS:
        return f'{line} /**< {MEMBERS[match.group(1)]} */'
    if match and re.search(rf'\b{match.group(1)}\b', about):
        return f'{line} /**< See above. */'
    if match and re.search(r'\bseqecho_\w+ \w+;$', line):
        kind = re.search(r'\b(seqecho_\w+) \w+;$', line).group(1)
        return f'{line} /**< One of ::{kind}. */' if kind != 'seqecho_bool' else line
    if value and value.group(1).startswith('SEQECHO_KIND_'):
        return f'{line} /**< {value.group(1)[13:].replace("_", " ").lower()} */'
    if value:
        words = value.group(1).split('_')[2:] or value.group(1).split('_')[1:]
        return f'{line} /**< {" ".join(words).lower()} */'
    return line


def macros(text):
    """Macros that build a struct say which."""

    def define(match):
        return (f'/** A ::{match.group(1)} made in place, for C; what is left out is zero. */'
                f'\n{match.group(0)}')

    return re.sub(r'(?<!\*/\n)^#define SEQECHO_(?!_)\w+(?:\([^)]*\))?[\s\\]*'
                  r'SEQECHO__(?:SPEC|REF)\([\s\\]*(\w+)', define, text, flags=re.M)


def made(text):
    """Options, the functions that take them, and SYMBOLS, where the header has no words."""
    for name in re.findall(r'^SEQECHO_API int (seqecho_\w+)_create\(', text, re.M):
        text = re.sub(rf'(?<!\*/\n)^typedef struct {name}_options \{{$',
                      rf'/** Options of {name}_create(). */\n\g<0>', text, flags=re.M)
    text = re.sub(r'(?<!\*/\n)^SEQECHO_API int (seqecho_(\w+))_create\(',
                  r'/** Make one, with these options or, for NULL, all defaults. */\n\g<0>',
                  text, flags=re.M)
    for name, words in SYMBOLS.items():
        text = re.sub(rf'(?<!\*/\n)^(?:#define|typedef struct|typedef enum) {name}\b(?!;)',
                      rf'/** {words} */\n\g<0>', text, flags=re.M)
    return text


def repeat(text):
    """A comment holds for each of the functions that stand together below it."""
    return re.sub(
        r'(/\*\*(?:(?!\*/).)*\*/)(\s*\n)((?:SEQECHO_API [^;]*;\n)+)',
        lambda m: m.group(1) + '\n' + (m.group(1) + '\n').join(
            re.findall(r'SEQECHO_API [^;]*;\n', m.group(3))),
        text, flags=re.S)


if __name__ == '__main__':
    with open(sys.argv[1], encoding='utf-8') as file:
        print(convert(file.read(), 'seqecho/' + sys.argv[1].split('/')[-1]))
