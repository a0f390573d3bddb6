# make_attacks.py - writes attacks/: one file for each known trick against a reader.
# SPDX-License-Identifier: MIT
#
# usage: make_attacks.py DIRECTORY            write them
#        make_attacks.py --check DIRECTORY    compare them with what is there
#
# DIRECTORY/list.txt says what each is for: a name, the function it is made for, and the
# code it must be refused with, or SEQECHO_OK for the sound files that the others are made
# of.  test_attacks.c gives every file to every function.
import copy
import json
import struct
import sys
from pathlib import Path

FILES = {}
NAN = struct.pack('<f', float('nan'))
OUTSIZE = {'2_31_less_1': 2**31 - 1, '2_31': 2**31, '2_32': 2**32, '2_61': 2**61,
           '2_63_less_1': 2**63 - 1, '2_63': 2**63, '2_64_less_1': 2**64 - 1, '2_64': 2**64,
           'minus_1': -1, 'fraction': 1.5, 'exponent': 'RAW1e3', 'text': '4', 'null': None}


def add(function, name, content, code='EFORMAT'):
    assert name not in FILES, name
    FILES[name] = (function, content, code)


def dumps(value):
    """Compact JSON; a text "RAW..." stands for what follows it, unquoted."""
    text = json.dumps(value, separators=(',', ':'), ensure_ascii=False)
    while '"RAW' in text:
        begin = text.index('"RAW')
        end = text.index('"', begin + 1)
        text = text[:begin] + text[begin + 4:end] + text[end + 1:]
    return text


def pack(header, data=b'', length=None):
    """A file, of a header that is a text or bytes."""
    header = header if isinstance(header, bytes) else header.encode()
    header += b' ' * (-len(header) % 8)
    return struct.pack('<Q', len(header) if length is None else length) + header + data


def entry(dtype, shape, begin, end):
    return {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, end]}


SIZES = {'F32': 4, 'F64': 8, 'F16': 2, 'BF16': 2, 'I64': 8, 'U8': 1}


def layer(class_name, name=None, **config):
    if name is not None:
        config = {'name': name, **config}
    return {'class_name': class_name, 'config': config}


def call(number, *inputs):
    return {'layer': number, 'inputs': [list(pair) for pair in inputs]}


# The options of these are all of them, since a trainer compares them with its own.
INPUT = layer('InputLayer', 'input_layer', batch_size=2, shape=[3, 2], lengths=False)
LSTM = layer('LSTM', 'lstm', units=2, activation='tanh', recurrent_activation='sigmoid',
             kernel_initializer='glorot_uniform', recurrent_initializer='orthogonal',
             bias_initializer='zeros', return_sequences=False, return_state=False,
             stateful=True, go_backwards=False, use_bias=True, unit_forget_bias=True,
             implementation=2, dropout=0.25, recurrent_dropout=0.0, masked_output='last')
DENSE = layer('Dense', 'dense', units=1, activation='linear',
              kernel_initializer='glorot_uniform', bias_initializer='zeros', use_bias=True)
GRAPH = {'seed': '1', 'layers': [INPUT, LSTM, DENSE],
         'calls': [call(0), call(1, (0, 0)), call(2, (1, 0))], 'outputs': [[2, 0]],
         'trainable': {}, 'regularizers': {}}
WEIGHTS = {'lstm/kernel': [2, 8], 'lstm/recurrent_kernel': [2, 8], 'lstm/bias': [8],
           'dense/kernel': [2, 1], 'dense/bias': [1]}
SERIES = ['loss', 'accuracy', 'top_k', 'mse', 'mae', 'seconds', 'learning_rate', 'val_loss',
          'val_accuracy', 'val_top_k', 'val_mse', 'val_mae']
FIT = {'stage': 'batch_end', 'told': True, 'ended': False, 'epoch': 1, 'batches_done': 1,
       'samples': 4, 'batch_size': 2, 'shuffle': False, 'reset_states': 1,
       'validation_samples': 0, 'validation_sequences': 1,
       'score': [2, 0.5, 2.0, 0.0, 0.0, 0.0, 0.0], 'seconds': 0.5, 'learning_rate': 0.001,
       'validated': False, 'validation': [0, 0, 'nan', 'nan', 0.0, 'nan', 'nan', 'nan'],
       'last_epoch': [4, 2, 0.5, 'nan', 0.1, 'nan', 'nan', 'nan'],
       'dataset': None, 'validation_dataset': None, 'callbacks': []}
TRAINER = {'seed': '0', 'pass': 4, 'epochs': '2', 'history': 2, 'zero_states': False,
           'optimizer': {'class_name': 'Adam', 'amsgrad': False, 'nesterov': False,
                         'centered': False, 'epsilon_outside': False,
                         'has_velocity': False, 'iterations': 4, 'u_product': 1.0,
                         'learning_rate': 0.001, 'beta_1': 0.9, 'beta_2': 0.999,
                         'epsilon': 1e-7},
           'fit': None}


class Model:
    """A sound model, to be spoilt."""

    def __init__(self):
        self.graph = copy.deepcopy(GRAPH)
        self.metadata = {'seqecho.format': '1'}
        self.arrays = {name: ('F32', shape) for name, shape in WEIGHTS.items()}
        self.values = {}        # bytes of arrays that are not 0.25, or 0
        self.entries = {}       # what the header says of an array, if it is not the truth
        self.text = None        # of the graph, likewise
        self.trainer = None

    def add_training(self):
        self.trainer = copy.deepcopy(TRAINER)
        arrays = {f'trainer/history/{name}': ('F64', [2]) for name in SERIES}
        arrays.update(self.arrays)
        for moment in ('mean', 'square'):
            arrays.update({f'trainer/optimizer/{moment}/{name}': ('F32', shape)
                           for name, shape in WEIGHTS.items()})
        arrays['trainer/state/lstm'] = ('F32', [8])
        self.arrays = arrays
        return self

    def parts(self):
        metadata = dict(self.metadata)
        metadata['seqecho.graph'] = dumps(self.graph) if self.text is None else self.text
        if self.trainer is not None:
            metadata['seqecho.trainer'] = dumps(self.trainer)
        header, data = {'__metadata__': metadata}, b''
        for name, (dtype, shape) in self.arrays.items():
            count = 1
            for dim in shape:
                count *= dim
            quarter = {'F32': struct.pack('<f', 0.25), 'F64': struct.pack('<d', 0.25)}
            value = self.values.get(name, quarter.get(dtype, bytes(SIZES[dtype])) * count)
            header[name] = entry(dtype, shape, len(data), len(data) + len(value))
            data += value
        header.update(self.entries)
        return header, data

    def bytes(self):
        header, data = self.parts()
        return pack(dumps(header), data)


def spoil(function, name, change, code='EFORMAT', training=False):
    m = Model()
    if training:
        m.add_training()
    content = change(m)
    add(function, name, content if isinstance(content, bytes) else m.bytes(), code)


def set_in(target, *path, value):
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value


# ---- The frame ------------------------------------------------------------------------

def frames():
    sound = Model().bytes()
    header, data = Model().parts()
    text = dumps(header)
    size = len(text) + -len(text) % 8
    add('model', 'sound_model', sound, 'OK')
    add('model', 'empty', b'')
    add('model', 'seven_bytes', sound[:7])
    add('model', 'length_alone', sound[:8])
    add('model', 'length_0', pack('', sound[8:], length=0))
    add('model', 'length_1_more', pack(text, data, length=size + len(data) + 1))
    add('model', 'length_2_63', pack(text, data, length=2**63))
    add('model', 'length_2_64_less_1', pack(text, data, length=2**64 - 1))
    add('model', 'length_1_less', pack(text, data, length=len(text) - 1))
    add('model', 'length_beyond_header', pack(text, data, length=size + 8))
    for part in (1, 2, 3, 5, 7):
        add('model', f'cut_{part}_of_8', sound[:len(sound) * part // 8])
    add('model', 'cut_last_byte', sound[:-1])
    add('model', 'trailing_byte', sound + b'\0')
    add('model', 'trailing_file', sound + sound)
    add('model', 'begins_with_space', pack(' ' + text, data))
    add('model', 'begins_with_array', pack('[' + text + ']', data))
    add('model', 'begins_with_bom', pack(b'\xef\xbb\xbf' + text.encode(), data))
    add('model', 'header_of_utf16', pack(text.encode('utf-16-le'), data))
    add('model', 'header_with_nul', pack(text[:20].encode() + b'\0' + text[20:].encode(),
                                         data))
    add('model', 'nul_behind_header', pack(text.encode() + b'\0', data))
    add('model', 'comment_behind_header', pack(text + '//', data))
    add('model', 'two_headers', pack(text + text, data))
    add('model', 'zip', b'PK\x03\x04' + bytes(60))
    add('model', 'pickle', b'\x80\x04\x95' + bytes(40))
    add('model', 'hdf5', b'\x89HDF\r\n\x1a\n' + bytes(60))


def jsons():
    depth = '[' * 5000
    bombs = {'deep_arrays': depth + ']' * 5000, 'deep_arrays_open': depth,
             'deep_objects': '{"a":' * 5000 + '1' + '}' * 5000,
             'empty_arrays': '[' + '[],' * 4000 + '[]]',
             'empty_objects': '[' + '{},' * 4000 + '{}]',
             'commas': '[' + ',' * 10000 + ']', 'zeros': '[' + '0,' * 4000 + '0]',
             'digits': '1' * 10000, 'fraction_digits': '0.' + '1' * 10000,
             'exponent': '1e99999999999999999999', 'integer': '9223372036854775808',
             'quotes': '[' + '"",' * 4000 + '""]', 'open_text': '"' + 'a' * 1000,
             'escapes': '"' + '\\u0041' * 5000 + '"', 'nan': 'NaN', 'infinity': '-Infinity',
             'names': '{' + ','.join(f'"{i}":0' for i in range(2000)) + '}'}
    for name, text in bombs.items():
        add('model', f'header_{name}', pack('{"a":' + text + '}'))
        spoil('model', f'graph_{name}', lambda m: setattr(m, 'text', '{"a":' + text + '}'))


def names():
    header, data = Model().parts()
    text = dumps(header)
    bad = {'utf8': b'\xff\xfe', 'utf8_overlong': b'\xc0\x80',
           'utf8_surrogate': b'\xed\xa0\x80',
           'escaped_nul': b'\\u0000', 'half_pair': b'\\ud800', 'nul': b'\0',
           'newline': b'\n'}
    for name, part in bad.items():
        add('model', f'name_{name}', pack(text.encode().replace(b'lstm/bias', part), data))
    for place in ('"dtype":"F32"', '"shape":[1]', '"seqecho.format":"1"', '"dense/bias":'):
        assert place in text
    add('model', 'twice_array', pack(text[:-1] + ',"dense/bias":' + dumps(
        header['dense/bias']) + '}', data))
    add('model', 'twice_metadata', pack(text[:-1] + ',"__metadata__":{}}', data))
    add('model', 'twice_format', pack(text.replace(
        '"seqecho.format":"1"', '"seqecho.format":"1","seqecho.format":"1"'), data))
    add('model', 'twice_dtype', pack(text.replace(
        '"dtype":"F32"', '"dtype":"F32","dtype":"F64"', 1), data))
    add('model', 'twice_escaped', pack(text.replace(
        '"seqecho.format":"1"', '"seqecho.format":"1","seqecho.\\u0066ormat":"1"'), data))
    for key in ('seed', 'layers', 'outputs'):
        spoil('model', f'twice_{key}', lambda m: setattr(
            m, 'text', dumps(m.graph)[:-1] + f',"{key}":' + dumps(m.graph[key]) + '}'))
    spoil('model', 'twice_option', lambda m: setattr(
        m, 'text', dumps(m.graph).replace('"units":2', '"units":2,"units":2')))


def metadata():
    for name, value in {'array': [], 'text': 'x', 'number': 1, 'null': None}.items():
        def change(m):
            header, data = m.parts()
            header['__metadata__'] = value
            return pack(dumps(header), data)
        spoil('model', f'metadata_{name}', change)
    for name, value in {'number': 1, 'object': {}, 'null': None}.items():
        spoil('model', f'metadata_of_{name}',
              lambda m: m.metadata.update({'other': value}))
    spoil('model', 'format_0', lambda m: m.metadata.update({'seqecho.format': '0'}),
          'ENOTSUP')
    spoil('model', 'format_2', lambda m: m.metadata.update({'seqecho.format': '2'}),
          'ENOTSUP')
    spoil('model', 'format_none', lambda m: m.metadata.clear())
    spoil('model', 'graph_is_no_json', lambda m: setattr(m, 'text', 'x'))
    spoil('model', 'graph_is_empty', lambda m: setattr(m, 'text', ''))
    spoil('model', 'graph_is_array', lambda m: setattr(m, 'text', '[]'))
    zeros = 'xxh3-64:' + '0' * 16
    for name, text in {'wrong': zeros, 'short': zeros[:-1], 'long': zeros + '0',
                       'kind': 'crc32c:00000000', 'empty': ''}.items():
        spoil('model', f'checksum_{name}', lambda m: setattr(
            m, 'metadata', {'seqecho.checksum': text, **m.metadata}))
    spoil('model', 'checksum_elsewhere',
          lambda m: m.metadata.update({'seqecho.checksum': zeros}))

    def last(m):
        header, data = m.parts()
        header['__metadata__'] = header.pop('__metadata__')
        header['__metadata__']['seqecho.checksum'] = zeros
        return pack(dumps(header), data)
    spoil('model', 'checksum_at_the_end', last)


# ---- Arrays ---------------------------------------------------------------------------

def arrays():
    for name, value in OUTSIZE.items():
        for where in ('first', 'last'):
            spoil('model', f'dim_{where}_{name}', lambda m: m.entries.update({
                'lstm/kernel': entry('F32', [value, 8] if where == 'first' else [2, value],
                                     0, 64)}))
        spoil('model', f'offset_begin_{name}', lambda m: m.entries.update({
            'lstm/kernel': entry('F32', [2, 8], value, 64)}))
        spoil('model', f'offset_end_{name}', lambda m: m.entries.update({
            'lstm/kernel': entry('F32', [2, 8], 0, value)}))
    changes = {
        'overlap': entry('F32', [2, 8], 32, 96), 'overlap_same': entry('F32', [2, 8], 64,
                                                                       128),
        'backwards': entry('F32', [2, 8], 64, 0), 'product_2_64': entry('F32', [2**31,
                                                                                2**31], 0,
                                                                                64),
        'product_wraps_to_64': entry('F32', [2**62 + 4, 4], 0, 64),
        'product_0': entry('F32', [2**62, 0, 2**62], 0, 0), 'rank_100': entry('F32',
                                                                              [1] * 100, 0,
                                                                              4),
        'rank_5': entry('F32', [2, 8, 1, 1, 1], 0, 64), 'rank_0': entry('F32', [], 0, 4),
        'transposed': entry('F32', [8, 2], 0, 64), 'flat': entry('F32', [16], 0, 64),
        'size_0': entry('F32', [0], 0, 0), 'f64': entry('F64', [2, 4], 0, 64),
        'dtype_number': entry(0, [2, 8], 0, 64), 'shape_text': entry('F32', '2,8', 0, 64),
        'offsets_three': {'dtype': 'F32', 'shape': [2, 8], 'data_offsets': [0, 32, 64]},
        'no_dtype': {'shape': [2, 8], 'data_offsets': [0, 64]}, 'is_null': None,
        'one_more_member': {**entry('F32', [2, 8], 0, 64), 'file': '/etc/passwd'},
    }
    for name, value in changes.items():
        spoil('model', f'array_{name}', lambda m: m.entries.update({'lstm/kernel': value}))
    for dtype in ('F4', 'F128', 'f32', ''):
        spoil('model', f'dtype_{dtype or "empty"}', lambda m: m.entries.update({
            'lstm/kernel': entry(dtype, [2, 8], 0, 64)}), 'ENOTSUP')
    spoil('model', 'integers', lambda m: m.entries.update({
        'lstm/kernel': entry('I32', [2, 8], 0, 64)}))
    spoil('model', 'array_missing', lambda m: m.arrays.pop('dense/bias'))
    spoil('model', 'array_renamed', lambda m: m.arrays.update({
        'dense/bios': m.arrays.pop('dense/bias')}))
    spoil('model', 'hole', lambda m: pack(dumps({**m.parts()[0], 'more': entry(
        'U8', [1], 181, 182)}), m.parts()[1] + bytes(2)))
    spoil('model', 'more_arrays', lambda m: m.arrays.update({
        'more': ('I64', [3]), 'none': ('U8', [0, 4])}), 'OK')
    bad = {'nan': NAN, 'inf': struct.pack('<f', float('inf')),
           'minus_inf': struct.pack('<f', -float('inf')), 'signalling': b'\x01\0\xa0\x7f'}
    for name, value in bad.items():
        spoil('model', f'weight_{name}', lambda m: m.values.update({'dense/bias': value}))


def weights():
    def file(change=None, dtype='F32', **more):
        m = Model()
        m.graph, m.metadata = {}, {}
        m.arrays = {name: (dtype, shape) for name, shape in WEIGHTS.items()}
        m.arrays.update(more)
        if change is not None:
            change(m)
        header, data = m.parts()
        del header['__metadata__']
        return pack(dumps(header), data)

    add('weights', 'sound_weights', file(), 'OK')
    add('weights', 'weights_more', file(other=('U8', [3])), 'OK')
    add('weights', 'weights_missing', file(lambda m: m.arrays.pop('lstm/bias')),
        'ENOTFOUND')
    add('weights', 'weights_none', pack('{}'), 'ENOTFOUND')
    add('weights', 'weights_shape', file(lambda m: m.arrays.update({
        'dense/bias': ('F32', [2])})), 'ESHAPE')
    add('weights', 'weights_rank', file(lambda m: m.arrays.update({
        'dense/bias': ('F32', [1, 1])})), 'ESHAPE')
    add('weights', 'weights_integers', file(lambda m: m.arrays.update({
        'dense/bias': ('I64', [1])})), 'ENOTSUP')
    bad = {'f32_nan': ('F32', NAN), 'f64_nan': ('F64', struct.pack('<d', float('nan'))),
           'f64_too_large': ('F64', struct.pack('<d', 1e39)), 'f16_inf': ('F16', b'\0\x7c'),
           'f16_nan': ('F16', b'\x01\xfc'), 'bf16_inf': ('BF16', b'\x80\x7f'),
           'bf16_nan': ('BF16', b'\xc0\xff')}
    for name, (dtype, value) in bad.items():
        def change(m):
            m.arrays['dense/bias'] = (dtype, [1])
            m.values['dense/bias'] = value
        add('weights', f'weights_{name}', file(change))


# ---- Graphs ---------------------------------------------------------------------------

def graphs():
    def option(name, number, key, value, code='EFORMAT'):
        spoil('model', name, lambda m: set_in(m.graph, 'layers', number, 'config', key,
                                              value=value), code)

    for name, value in OUTSIZE.items():
        option(f'units_{name}', 1, 'units', value)
        option(f'shape_{name}', 0, 'shape', [3, value])
        option(f'batch_{name}', 0, 'batch_size', value,
               'OK' if name in ('2_31_less_1', '2_31') else 'EFORMAT')
    for name, value in {'nan': 'nan', 'inf': 'inf', '1_more': 1.0001, 'minus': -0.1,
                        'huge': 1e39, 'text': 'x', 'null': None}.items():
        option(f'dropout_{name}', 1, 'dropout', value)
    option('option_unknown', 1, 'peephole', True, 'ENOTSUP')
    option('activation_unknown', 2, 'activation', 'exec', 'ENOTSUP')
    option('activation_default', 2, 'activation', 'default', 'OK')
    option('activation_number', 2, 'activation', 3)
    option('flag_number', 1, 'stateful', 1)
    option('implementation_3', 1, 'implementation', 3)
    option('rank_4', 0, 'shape', [3, 2, 2, 2])
    option('rank_none', 0, 'shape', [])
    option('name_with_slash', 2, 'name', 'a/b')
    option('name_empty', 2, 'name', '')
    option('name_long', 2, 'name', 'x' * 129)
    option('name_number', 2, 'name', 1)
    option('name_taken', 2, 'name', 'lstm')
    option('name_metadata', 2, 'name', '__metadata__')
    option('name_path', 2, 'name', '../../etc/passwd')
    spoil('model', 'name_none', lambda m: m.graph['layers'][2]['config'].pop('name'), 'OK')

    def of(name, layers, calls, outputs, code='EFORMAT'):
        def change(m):
            m.graph.update(layers=layers, calls=calls, outputs=outputs)
            m.arrays = {}
        spoil('model', name, change, code)

    flat, line = layer('Flatten', 'flat'), [call(0), call(1, (0, 0))]
    of('no_weights', [INPUT, flat], line, [[1, 0]], 'OK')
    of('nothing', [], [], [])
    of('no_outputs', [INPUT, flat], line, [])
    of('outputs_17', [INPUT] + [layer('Flatten')] * 17,
       [call(0)] + [call(i, (0, 0)) for i in range(1, 18)], [[i, 0] for i in range(1, 18)])
    of('inputs_17', [layer('InputLayer', shape=[1])] * 17 + [layer('Concatenate')],
       [call(i) for i in range(17)] + [call(17, (0, 0), (1, 0))], [[17, 0]])
    of('output_twice', [INPUT, flat], line, [[1, 0], [1, 0]])
    of('output_of_no_call', [INPUT, flat], line, [[2, 0]])
    of('output_beyond', [INPUT, flat], line, [[1, 1]])
    of('output_minus_1', [INPUT, flat], line, [[-1, 0]])
    of('output_2_32', [INPUT, flat], line, [[2**32 + 1, 0]])
    of('call_of_itself', [INPUT, flat], [call(0), call(1, (1, 0))], [[1, 0]])
    of('call_of_later', [INPUT, flat, layer('Flatten')],
       [call(0), call(1, (2, 0)), call(2, (1, 0))], [[2, 0]])
    of('call_of_no_layer', [INPUT, flat], [call(0), call(2, (0, 0))], [[1, 0]])
    of('call_before_input', [INPUT, flat], [call(1, (0, 0)), call(0)], [[1, 0]])
    of('call_of_nothing', [INPUT, flat], [call(0), call(1)], [[1, 0]])
    of('call_9_inputs', [INPUT, layer('Add', 'add')], [call(0), call(1, *[(0, 0)] * 9)],
       [[1, 0]])
    of('call_8_inputs', [INPUT, layer('Add', 'add')], [call(0), call(1, *[(0, 0)] * 8)],
       [[1, 0]], 'OK')
    of('input_called_twice', [INPUT, flat], [call(0), call(0), call(1, (0, 0))], [[2, 0]])
    of('input_with_input', [INPUT, INPUT, flat], [call(0), call(1, (0, 0))], [[1, 0]])
    of('input_unused', [INPUT, layer('InputLayer', batch_size=2, shape=[1]), flat],
       [call(0), call(1), call(2, (0, 0))], [[2, 0]])
    of('input_of_another_batch', [INPUT, layer('InputLayer', batch_size=3, shape=[3, 2]),
                                  layer('Add')],
       [call(0), call(1), call(2, (0, 0), (1, 0))], [[2, 0]], 'ESHAPE')
    of('input_inside', [INPUT, layer('TimeDistributed', layer=layer('InputLayer',
                                                                    shape=[2]))],
       line, [[1, 0]])
    of('shapes_that_differ', [INPUT, flat, layer('Add')],
       [*line, call(2, (0, 0), (1, 0))], [[2, 0]], 'ESHAPE')
    of('class_unknown', [INPUT, layer('Lambda', function='os.system')], line, [[1, 0]],
       'ENOTSUP')
    of('class_number', [INPUT, {'class_name': 4, 'config': {}}], line, [[1, 0]])
    of('no_config', [INPUT, {'class_name': 'Flatten'}], line, [[1, 0]])
    wrapped = flat
    for depth in range(1, 9):
        wrapped = layer('Sequential', f's{depth}', layers=[wrapped])
        if depth in (4, 5, 8):
            of(f'wrappers_{depth}', [INPUT, wrapped], line, [[1, 0]],
               'OK' if depth == 4 else 'EFORMAT')
    for n in (0, 16, 17):
        of(f'sequential_{n}', [INPUT, layer('Sequential', layers=[
            layer('Activation', activation='tanh')] * n)], line, [[1, 0]],
           'OK' if n == 16 else 'EFORMAT')
    of('repeat_2_62', [INPUT, flat, layer('RepeatVector', n=2**62)],
       [*line, call(2, (1, 0))], [[2, 0]])
    of('reshape_2_62', [INPUT, layer('Reshape', target_shape=[2**62, -1])], line, [[1, 0]])
    of('permute_9', [INPUT, layer('Permute', dims=[9, 1])], line, [[1, 0]])
    of('calls_4097', [INPUT, flat], [call(0)] + [call(1, (0, 0))] * 4096, [[1, 0]],
       'ENOTSUP')
    of('layers_4096', [INPUT] + [layer('Add')] * 4095, [call(0)], [[0, 0]], 'OK')
    of('layers_4097', [INPUT] + [layer('Add')] * 4096, [call(0)], [[0, 0]], 'ENOTSUP')

    for name, value in {'nan': 'nan', 'inf': 'inf', 'minus': -1.0, 'null': None}.items():
        spoil('model', f'regularizer_{name}', lambda m: m.graph.update(
            regularizers={'dense/kernel': {'l1': 0.0, 'l2': value}}))
    spoil('model', 'regularizer_of_stranger', lambda m: m.graph.update(
        regularizers={'dense_1/kernel': {'l1': 0.0, 'l2': 1.0}}))
    spoil('model', 'trainable_stranger',
          lambda m: m.graph.update(trainable={'dense_1': False}))
    spoil('model', 'trainable_number', lambda m: m.graph.update(trainable={'dense': 0}))
    for seed in ('', '-1', '0x1', '18446744073709551616', ' 1', '1e3'):
        spoil('model', f'seed_{seed.replace(" ", "_") or "empty"}',
              lambda m: m.graph.update(seed=seed))
    spoil('model', 'seed_number', lambda m: m.graph.update(seed=1))


# ---- Trainings ------------------------------------------------------------------------

def trainings():
    def of(name, change, code='EFORMAT', function='trainer'):
        spoil(function, f'training_{name}', change, code, training=True)

    def number(name, *path, value, code='EFORMAT'):
        of(name, lambda m: set_in(m.trainer, *path, value=value), code)

    def fit(name, key=None, value=None, code='EFORMAT', function='trainer'):
        def change(m):
            m.trainer['fit'] = copy.deepcopy(FIT)
            if key is not None:
                m.trainer['fit'][key] = value
        of(f'fit_{name}', change, code, function)

    of('sound', lambda m: None, 'OK')
    fit('sound', code='OK', function='resume')
    of('none', lambda m: setattr(m, 'trainer', None))
    number('is_no_object', 'optimizer', value=[])
    for name, value in OUTSIZE.items():
        code = 'OK' if name in ('2_31_less_1', '2_31', '2_32') else 'EFORMAT'
        number(f'iterations_{name}', 'optimizer', 'iterations', value=value, code=code)
        number(f'history_{name}', 'history', value=value)
        fit(f'epoch_{name}', 'epoch', value, code)
        fit(f'batches_{name}', 'batches_done', value, code)
        number(f'pass_{name}', 'pass', value=value,
               code='OK' if name in ('2_31_less_1', '2_31') else 'EFORMAT')
    for name, value in {'nan': 'nan', 'minus': -1.0, 'inf': 'inf', 'text': 'x'}.items():
        for key in ('learning_rate', 'beta_1', 'epsilon', 'u_product'):
            number(f'{key}_{name}', 'optimizer', key, value=value)
    number('optimizer_sgd', 'optimizer', 'class_name', value='SGD', code='EINVAL')
    number('optimizer_amsgrad', 'optimizer', 'amsgrad', value=True, code='EINVAL')
    number('optimizer_velocity', 'optimizer', 'has_velocity', value=True, code='EINVAL')
    number('epochs_2_64', 'epochs', value=str(2**64))
    number('zero_states_number', 'zero_states', value=0)
    of('moment_nan', lambda m: m.values.update(
        {'trainer/optimizer/square/dense/bias': NAN}))
    of('moment_missing', lambda m: m.arrays.pop('trainer/optimizer/mean/dense/bias'))
    of('moment_f64', lambda m: m.arrays.update(
        {'trainer/optimizer/mean/dense/bias': ('F64', [1])}))
    of('weight_nan', lambda m: m.values.update({'dense/bias': NAN}))
    of('state_missing', lambda m: m.arrays.pop('trainer/state/lstm'))
    of('state_longer', lambda m: m.arrays.update({'trainer/state/lstm': ('F32', [9])}))
    of('state_f64', lambda m: m.arrays.update({'trainer/state/lstm': ('F64', [8])}))
    of('history_longer', lambda m: m.trainer.update(history=3))
    of('history_f32', lambda m: m.arrays.update({'trainer/history/mae': ('F32', [2])}))
    of('history_missing', lambda m: m.arrays.pop('trainer/history/mae'))
    of('of_another_layer', lambda m: m.graph['layers'][2].update(
        class_name='Embedding', config={'name': 'dense', 'output_dim': 1}), 'ESHAPE')
    of('of_other_options', lambda m: m.graph['layers'][1]['config'].update(dropout=0.5),
       'ESHAPE')
    fit('is_array', 'stage', [])
    of('fit_is_text', lambda m: m.trainer.update(fit='x'))
    of('fit_is_empty', lambda m: m.trainer.update(fit={}))
    fit('stage_unknown', 'stage', 'fit_end')
    fit('score_short', 'score', [1, 2])
    fit('score_minus', 'score', [-1, 0.5, 2.0, 0.0, 0.0, 0.0, 0.0])
    fit('report_fraction', 'validation', [0.5, 0, 0, 0, 0, 0, 0, 0])
    fit('samples_0', 'samples', 0)
    fit('reset_states_9', 'reset_states', 9)
    fit('callbacks_object', 'callbacks', {})
    fit('batches_beyond', 'batches_done', 3, function='resume')
    fit('other_samples', 'samples', 5, 'EINVAL', 'resume')
    fit('other_batch', 'batch_size', 1, 'EINVAL', 'resume')
    fit('a_callback', 'callbacks', [{'kind': 'csv_log'}], 'EINVAL', 'resume')
    fit('a_dataset', 'dataset', {}, 'EINVAL', 'resume')
    fit('shuffled', 'shuffle', True, 'EINVAL', 'resume')
    fit('far_behind', 'epoch', 2**53, 'OK', 'resume')

    def no_epoch(m):
        m.trainer.update(history=0, fit={**copy.deepcopy(FIT), 'stage': 'epoch_end',
                                         'told': False})
        for name in SERIES:
            del m.arrays[f'trainer/history/{name}']
    of('fit_epoch_end_without_history', no_epoch, 'EFORMAT', 'resume')


def main():
    check = sys.argv[1] == '--check'
    directory = Path(sys.argv[-1])
    for make in (frames, jsons, names, metadata, arrays, weights, graphs, trainings):
        make()
    lines = [f'{name} {function} SEQECHO_{code}\n'
             for name, (function, _, code) in sorted(FILES.items())]
    files = {name: content for name, (_, content, _) in FILES.items()}
    files['list.txt'] = ''.join(lines).encode()
    if not check:
        directory.mkdir(exist_ok=True)
        for path in directory.iterdir():
            path.unlink()
        for name, content in files.items():
            (directory / name).write_bytes(content)
    wrong = [name for name, content in files.items()
             if not (directory / name).is_file()
             or (directory / name).read_bytes() != content]
    wrong += [path.name for path in directory.iterdir() if path.name not in files]
    for name in wrong:
        print(f'{directory / name}: not what make_attacks.py writes')
    print(f'{len(FILES)} attacks, {sum(map(len, files.values()))} bytes')
    sys.exit(1 if wrong else 0)


main()
