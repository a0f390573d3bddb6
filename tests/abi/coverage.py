# coverage.py - docs/coverage.md says the truth: every test it names is there and is run,
# and every option of the public headers has its row.
# SPDX-License-Identifier: MIT
#
# usage: coverage.py SOURCE_ROOT PUBLIC_HEADER...
#
# A cell of its tables holds tests, `directory/name:function` or `golden:case`, or a dash
# with the number of a note, "- (2)".  In a table with a column "option" the sources of a
# test that is named must mention the option, the headers of tests that they include among
# them.
import re
import sys
from pathlib import Path

from common import Findings, Headers, strip_comments

root = Path(sys.argv[1])
page = root / 'docs' / 'coverage.md'
tests = root / 'tests'
findings = Findings()

# Structs whose fields are options, and what the page calls them.
OWNERS = {
    'seqecho_input_spec': ['Input'],
    'seqecho_dense_spec': ['Dense'],
    'seqecho_activation_spec': ['Activation'],
    'seqecho_repeat_vector_spec': ['RepeatVector'],
    'seqecho_time_distributed_spec': ['TimeDistributed'],
    'seqecho_sequential_spec': ['Sequential'],
    'seqecho_masking_spec': ['Masking'],
    'seqecho_dropout_spec': ['Dropout'],
    'seqecho_embedding_spec': ['Embedding'],
    'seqecho_conv1d_spec': ['Conv1D'],
    'seqecho_pooling1d_spec': ['MaxPooling1D', 'AveragePooling1D'],
    'seqecho_global_pooling1d_spec': ['GlobalMaxPooling1D', 'GlobalAveragePooling1D'],
    'seqecho_flatten_spec': ['Flatten'],
    'seqecho_reshape_spec': ['Reshape'],
    'seqecho_permute_spec': ['Permute'],
    'seqecho_concatenate_spec': ['Concatenate'],
    'seqecho_merge_spec': ['Add', 'Multiply', 'Average'],
    'seqecho_layer_normalization_spec': ['LayerNormalization'],
    'seqecho_attention_spec': ['Attention', 'AdditiveAttention'],
    'seqecho_lstm_spec': ['LSTM'],
    'seqecho_gru_spec': ['GRU'],
    'seqecho_simple_rnn_spec': ['SimpleRNN'],
    'seqecho_bidirectional_spec': ['Bidirectional'],
    'seqecho_trainer_options': ['trainer'],
    'seqecho_schedule': ['schedule'],
    'seqecho_fit_options': ['fit'],
    'seqecho_early_stopping_options': ['early stopping'],
    'seqecho_reduce_lr_options': ['reduction of the learning rate'],
    'seqecho_csv_log_options': ['CSV log'],
    'seqecho_tensorboard_options': ['TensorBoard'],
    'seqecho_checkpoint_options': ['checkpoint'],
    'seqecho_weights_options': ['weights'],
}
# Of all of them alike, and named in the text.
COMMON_FIELDS = re.compile(r'head|name|struct_size|reserved(_\d+)?')

# Groups of enumerators each of which has a row; those that only stand for a default have
# none.
ENUMERATORS = re.compile(
    r'SEQECHO_(?:INIT|PADDING|MERGE|MASKED|LOSS|METRIC)_\w+$')
ENUMS = ['seqecho_activation', 'seqecho_init', 'seqecho_padding', 'seqecho_masked_output',
         'seqecho_merge', 'seqecho_loss', 'seqecho_optimizer', 'seqecho_schedule_kind',
         'seqecho_trace']

# Options that are given by their place in a macro.
MACROS = {
    ('Activation', 'activation'): r'SEQECHO_ACTIVATION\(',
    ('RepeatVector', 'n'): r'SEQECHO_REPEAT_VECTOR\(',
    ('TimeDistributed', 'inner'): r'SEQECHO_TIME_DISTRIBUTED\(',
    ('Sequential', 'layers'): r'SEQECHO_SEQUENTIAL\(',
    ('Sequential', 'n_layers'): r'SEQECHO_SEQUENTIAL\(',
    ('Masking', 'mask_value'): r'SEQECHO_MASKING\(',
    ('Dropout', 'rate'): r'SEQECHO_DROPOUT\(',
    ('MaxPooling1D', 'pool_size'): r'SEQECHO_MAX_POOLING1D\(',
    ('AveragePooling1D', 'pool_size'): r'SEQECHO_AVERAGE_POOLING1D\(',
    ('Reshape', 'dim'): r'SEQECHO_RESHAPE\(',
    ('Permute', 'dims'): r'SEQECHO_PERMUTE\(',
    ('Bidirectional', 'inner'): r'SEQECHO_BIDIRECTIONAL\(',
}

REFERENCE = re.compile(r'`((?:\w+/)?\w+:\w+)`')
NOTE = re.compile(r'- \((\d+)\)$')


class Sources:
    """The files of tests: their text, with that of the test headers they include."""

    def __init__(self):
        self.texts = {}

    def own(self, path):
        if path not in self.texts:
            self.texts[path] = strip_comments(path.read_text(encoding='utf-8'))
        return self.texts[path]

    def whole(self, path):
        text, seen, queue = '', {path}, [path]
        while queue:
            now = queue.pop()
            text += self.own(now)
            for name in re.findall(r'#include "([\w./]+)"', self.own(now)):
                for place in (now.parent, tests / 'support'):
                    header = place / name
                    if header.is_file() and header not in seen:
                        seen.add(header)
                        queue.append(header)
            # The helpers of a directory that stand beside its tests.
            helper = now.with_suffix('.c')
            if now.suffix == '.h' and helper.is_file() and helper not in seen:
                seen.add(helper)
                queue.append(helper)
        return text


sources = Sources()


def test_file(reference):
    """Check a reference, and give its source; None for a golden case."""
    place, function = reference.split(':')
    if place == 'golden':
        findings.expect((tests / 'golden' / 'cases' / function / 'case.txt').is_file(),
                        reference, 'there is no such case')
        return None
    directory, name = place.split('/')
    path = tests / directory / f'test_{name}.c'
    if not path.is_file():
        findings.expect(False, reference, f'there is no {path.relative_to(root)}')
        return None
    text = sources.own(path)
    findings.expect(re.search(rf'^static void {function}\(void \*\*', text, re.M),
                    reference, 'there is no such function')
    listed = rf'\b\w*_test(?:_setup|_teardown|_setup_teardown)?\(\s*{function}\b'
    findings.expect(re.search(listed, text.split('int main(void)')[-1]), reference,
                    'it is not in the list of tests')
    built = (tests / directory / 'meson.build').read_text(encoding='utf-8')
    findings.expect(f"'{name}'" in built, reference, 'its file is not built')
    return path


def mentions(owner, option, path):
    text = sources.whole(path)
    macro = MACROS.get((owner, option))
    return (re.search(rf'\b{option}\b', text) is not None
            or macro is not None and re.search(macro, text) is not None)


rows, notes_used, mentioned = set(), set(), 0
text = page.read_text(encoding='utf-8')
body, notes = text.split('\n## Notes\n')
header = []
for number, line in enumerate(body.splitlines(), 1):
    where = f'docs/coverage.md:{number}'
    if not line.startswith('|'):
        for reference in REFERENCE.findall(line):
            if 'is the function' not in line and 'is run' not in line:
                test_file(reference)
        header = []
        continue
    cells = [cell.strip() for cell in line.strip('|').split('|')]
    if not header:
        header = cells
        continue
    if set(line) <= set('|- '):
        continue
    findings.expect(len(cells) == len(header), where, f'{len(header)} cells expected')
    options = header[1] == 'option'
    first = 2 if options else 1
    owner, option = cells[0].strip('`'), cells[1].strip('`') if options else None
    findings.expect((owner, option) not in rows, where, f'{owner} {option}: a second row')
    rows.add((owner, option))
    for cell in cells[first:]:
        note = NOTE.match(cell)
        references = REFERENCE.findall(cell)
        if note:
            notes_used.add(note.group(1))
        findings.expect(
            note or references and not REFERENCE.sub('', cell).strip(), where,
            f'"{cell}" is neither tests nor a dash with a note')
        for reference in references:
            path = test_file(reference)
            if options and path and re.fullmatch(r'\w+', option):
                mentioned += 1
                findings.expect(mentions(owner, option, path), where,
                                f'{reference} does not mention {option}')

# Notes: each one is used, and what they name is there.
written = re.findall(r'^(\d+)\. ', notes, re.M)
findings.same_set('docs/coverage.md', notes_used, written, 'the tables', 'the notes')
for reference in REFERENCE.findall(notes):
    test_file(reference)

# Every field has a row for each object it is an option of.
headers = Headers(sys.argv[2:])
findings.same_set('coverage.py', [name for name in headers.structs if name.endswith('_spec')
                                  and name != 'seqecho_spec'],
                  [name for name in OWNERS if name.endswith('_spec')],
                  'the headers', 'OWNERS')
fields = 0
for struct, owners in OWNERS.items():
    for owner in owners:
        findings.expect(any(row[0] == owner for row in rows), 'docs/coverage.md',
                        f'{owner} has no row')
        for field in headers.structs.get(struct, []):
            if not COMMON_FIELDS.fullmatch(field):
                fields += 1
                findings.expect((owner, field) in rows, 'docs/coverage.md',
                                f'{owner} has no row for {field}')

# The catalogue has every layer of one input with every option that acts on numbers.
catalogue = sources.own(tests / 'support' / 'catalogue.h')
several = {'seqecho_input_spec', 'seqecho_concatenate_spec', 'seqecho_merge_spec',
           'seqecho_attention_spec'}
for struct, owners in OWNERS.items():
    for field in headers.structs.get(struct, []) if struct.endswith('_spec') else []:
        if struct in several or COMMON_FIELDS.fullmatch(field) or field.endswith('_init'):
            continue
        macro = MACROS.get((owners[0], field), '(?!)')
        findings.expect(re.search(rf'\b{field}\b|{macro}', catalogue), 'catalogue.h',
                        f'there is no {field} of {owners[0]}')

# Every enumerator of the groups has a row.
for path in headers.paths:
    plain = strip_comments(path.read_text(encoding='utf-8'))
    for name, enum in re.findall(r'\benum(?:\s+(\w+))?\s*\{([^{}]*)\}', plain):
        for enumerator in re.findall(r'\b(SEQECHO_\w+)\s*=', enum):
            if enumerator.endswith('_DEFAULT') or not (
                    name in ENUMS or ENUMERATORS.match(enumerator)):
                continue
            findings.expect((enumerator, None) in rows, 'docs/coverage.md',
                            f'there is no row for {enumerator}')

findings.expect(fields > 150 and mentioned > 300, 'coverage.py',
                f'{fields} fields and {mentioned} tests of options; there are more')
findings.finish(at_least=1000)
