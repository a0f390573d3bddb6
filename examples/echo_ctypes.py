# echo_ctypes.py - the tutorial's first model, trained from Python by ctypes, without numpy.
# SPDX-License-Identifier: MIT
#
# usage: echo_ctypes.py [LIBRARY]
#
# Options and descriptions are the structs of the headers, up to the last field that is set:
# the library takes what a shorter struct does not have for its default.
import ctypes
import sys
from ctypes import c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_uint8, c_uint32

lib = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else 'libseqecho.so.0')
HANDLE, NAME = ctypes.c_void_p, ctypes.c_char_p
lib.seqecho_error_message.restype, lib.seqecho_graph_add.restype = NAME, HANDLE
LSTM, DENSE, TIME_DISTRIBUTED, INPUT = 4, 2, 6, 1
SOFTMAX, CATEGORICAL_CROSSENTROPY, ACCURACY = 7, 1, 1


def struct_of(*fields):
    return type('Struct', (ctypes.Structure,), {'_fields_': fields})


def described(*fields):
    head = (('struct_size', c_size_t), ('kind', c_uint32), ('flags', c_uint32))
    return struct_of(*head, ('name', NAME), *fields)


Input = described(('batch', c_int64), ('dim', c_int64 * 3))
Dense = described(('units', c_int64), ('activation', c_int))
Lstm = described(('units', c_int64), ('activations', c_int * 2), ('inits', c_int * 3),
                 ('return_sequences', c_uint8), ('return_state', c_uint8),
                 ('stateful', c_uint8))
Each = described(('inner', ctypes.POINTER(Dense)))
Trainer = struct_of(('struct_size', c_size_t), ('loss', c_int), ('optimizer', c_int),
                    ('metrics', c_uint32), ('learning_rate', c_float), ('threads', c_int32))
Fit = struct_of(('struct_size', c_size_t), ('batch_size', c_int64), ('epochs', c_int64))
Report = struct_of(('struct_size', c_size_t), ('samples', c_int64), ('batches', c_int64),
                   ('loss', c_double), ('accuracy', c_double), ('seconds', c_double))


def check(err):
    if err < 0:
        raise RuntimeError(lib.seqecho_error_message().decode())


def create(function, *arguments):
    handle = HANDLE()
    check(function(ctypes.byref(handle), *arguments))
    return handle


def sized(struct, **fields):
    return struct(struct_size=ctypes.sizeof(struct), **fields)


model = create(lib.seqecho_graph_create, None)
softmax = sized(Dense, kind=DENSE, units=100, activation=SOFTMAX)
for layer in (sized(Input, kind=INPUT, batch=7, dim=(5, 100)),
              sized(Lstm, kind=LSTM, units=20, return_sequences=1, stateful=1),
              sized(Each, kind=TIME_DISTRIBUTED, inner=ctypes.pointer(softmax))):
    lib.seqecho_graph_add(model, ctypes.byref(layer))
check(lib.seqecho_graph_status(model))
data = create(lib.seqecho_dataset_create, None)
how = sized(Trainer, loss=CATEGORICAL_CROSSENTROPY, metrics=ACCURACY)
trainer = create(lib.seqecho_trainer_create, model, ctypes.byref(how))
report = sized(Report)
check(lib.seqecho_trainer_fit_dataset(trainer, data, ctypes.byref(sized(Fit, epochs=500)),
                                      ctypes.byref(report)))
print(f'loss {report.loss:.4f}, accuracy {report.accuracy:.4f}')
for destroy, handle in (('trainer', trainer), ('graph', model), ('dataset', data)):
    getattr(lib, f'seqecho_{destroy}_destroy')(handle)
