# read_safetensors.py - a reader of the safetensors format that knows nothing of this
# library: it takes the files the library writes, and the library what it makes of them.
# SPDX-License-Identifier: MIT
#
# usage: read_safetensors.py WRITE_FILES        write files with that program, and try all
#        read_safetensors.py --only FILE...     read these
#
# The rules are those that the format's own library checks: the header is UTF-8 and begins
# with '{'; no key is twice; metadata is texts by text; arrays have a known type and a size
# that fits it, lie side by side in the order of their places, and end where the file does.
import json
import math
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = {'F64': 8, 'F32': 4, 'F16': 2, 'BF16': 2, 'I64': 8, 'I32': 4, 'I16': 2, 'I8': 1,
         'U64': 8, 'U32': 4, 'U16': 2, 'U8': 1, 'BOOL': 1}


def expect(condition, message):
    if not condition:
        raise ValueError(message)


def once(pairs):
    keys = [key for key, _ in pairs]
    expect(len(set(keys)) == len(keys), 'a key is there twice')
    return dict(pairs)


def read(content):
    """(metadata, {name: (dtype, shape, bytes)}) of a file."""
    expect(len(content) >= 8, 'no room for the size of the header')
    size, = struct.unpack_from('<Q', content)
    expect(size <= 100_000_000 and size <= len(content) - 8, 'the header is too large')
    text = content[8:8 + size]
    expect(text.startswith(b'{'), 'the header does not begin with {')
    header = json.loads(text.decode('utf-8'), object_pairs_hook=once)
    metadata = header.pop('__metadata__', {})
    expect(all(isinstance(value, str) for value in metadata.values()),
           'metadata that is no text')
    data, place, arrays = content[8 + size:], 0, {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]['data_offsets']):
        expect(set(entry) == {'dtype', 'shape', 'data_offsets'}, f'{name}: other members')
        begin, end = entry['data_offsets']
        expect(begin == place and end >= begin, f'{name}: a hole, or an overlap')
        expect(all(isinstance(dim, int) and dim >= 0 for dim in entry['shape']),
               f'{name}: its shape')
        expect(math.prod(entry['shape']) * SIZES[entry['dtype']] == end - begin,
               f'{name}: its size')
        expect((8 + size + begin) % SIZES[entry['dtype']] == 0, f'{name}: not aligned')
        arrays[name] = (entry['dtype'], entry['shape'], data[begin:end])
        place = end
    expect(place == len(data), 'more than its arrays')
    return metadata, arrays


def write(metadata, arrays):
    header, data = {'__metadata__': metadata}, b''
    for name, (dtype, shape, value) in arrays.items():
        header[name] = {'dtype': dtype, 'shape': shape,
                        'data_offsets': [len(data), len(data) + len(value)]}
        data += value
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    return struct.pack('<Q', len(text)) + text + data


def doubled(content):
    """The same with each weight doubled, in another order, and without the checksum."""
    metadata, arrays = read(content)
    expect(metadata.pop('seqecho.checksum').startswith('xxh3-64:'), 'no checksum')
    expect(metadata['seqecho.format'] == '1', 'not of format 1')
    json.loads(metadata['seqecho.graph'], object_pairs_hook=once)
    for name, (dtype, shape, value) in arrays.items():
        if not name.startswith('trainer/'):
            numbers = struct.unpack(f'<{len(value) // 4}f', value)
            value = struct.pack(f'<{len(numbers)}f', *(2 * x for x in numbers))
            arrays[name] = (dtype, shape, value)
    return write(metadata, dict(reversed(arrays.items())))


def try_all(program, directory):
    subprocess.run([program, directory], check=True)
    files = sorted(Path(directory).glob('*.safetensors'))
    arrays = 0
    for path in files:
        content = path.read_bytes()
        arrays += len(read(content)[1])
        copy = path.with_suffix('.copy')
        copy.write_bytes(doubled(content))
        subprocess.run([program, '--doubled', path, copy], check=True)
        # With its checksum kept, a file that was changed is refused.
        changed = bytearray(content)
        changed[-1] ^= 0x40
        copy.write_bytes(changed)
        status = subprocess.run([program, '--doubled', path, copy], check=False,
                                capture_output=True)
        expect(status.returncode == 1 and b'SEQECHO_EFORMAT' in status.stderr,
               f'{path}: changed')
    expect(len(files) >= 50 and arrays > 500, f'{len(files)} files, {arrays} arrays')
    print(f'{len(files)} files, {arrays} arrays')


if sys.argv[1] == '--only':
    for argument in sys.argv[2:]:
        print(f'{argument}: {len(read(Path(argument).read_bytes())[1])} arrays')
else:
    with tempfile.TemporaryDirectory() as folder:
        try_all(sys.argv[1], folder)
