/* seqecho/spec.h - what every description of a layer is made of: its kind, activations,
 * initialisers.
 * SPDX-License-Identifier: MIT
 *
 * The same rules for all descriptions: the head comes first; a zero field means the default
 * named beside it; reserved bytes are zero and stand where a compiler would pad; fields are
 * only ever appended; descriptions are copied, so they may live on the stack.
 *
 *     seqecho_graph_add(model, SEQECHO_LSTM(.units = 20, .return_sequences = true));
 *
 * C++:  seqecho_lstm_spec lstm = seqecho_spec_init<seqecho_lstm_spec>();
 *       lstm.units = 20;
 *       seqecho_graph_add(model, &lstm.head);
 *
 * Descriptions that serve several kinds (pooling, merging, attention) are given theirs:
 *       seqecho_spec_init<seqecho_merge_spec>(SEQECHO_KIND_ADD) */
#ifndef SEQECHO_SPEC_H
#define SEQECHO_SPEC_H

#include <seqecho/graph.h>

/* Kinds of layers.  Values never change. */
enum {
    SEQECHO_KIND_INPUT = 1,
    SEQECHO_KIND_DENSE = 2,
    SEQECHO_KIND_ACTIVATION = 3,
    SEQECHO_KIND_LSTM = 4,
    SEQECHO_KIND_REPEAT_VECTOR = 5,
    SEQECHO_KIND_TIME_DISTRIBUTED = 6,
    SEQECHO_KIND_MASKING = 7,
    SEQECHO_KIND_DROPOUT = 8,
    SEQECHO_KIND_GRU = 9,
    SEQECHO_KIND_SIMPLE_RNN = 10,
    SEQECHO_KIND_BIDIRECTIONAL = 11,
    SEQECHO_KIND_EMBEDDING = 12,
    SEQECHO_KIND_CONV1D = 13,
    SEQECHO_KIND_MAX_POOLING1D = 14,
    SEQECHO_KIND_AVERAGE_POOLING1D = 15,
    SEQECHO_KIND_GLOBAL_MAX_POOLING1D = 16,
    SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D = 17,
    SEQECHO_KIND_FLATTEN = 18,
    SEQECHO_KIND_RESHAPE = 19,
    SEQECHO_KIND_PERMUTE = 20,
    SEQECHO_KIND_CONCATENATE = 21,
    SEQECHO_KIND_ADD = 22,
    SEQECHO_KIND_MULTIPLY = 23,
    SEQECHO_KIND_AVERAGE = 24,
    SEQECHO_KIND_LAYER_NORMALIZATION = 25,
    SEQECHO_KIND_ATTENTION = 26,
    SEQECHO_KIND_ADDITIVE_ATTENTION = 27,
    SEQECHO_KIND_SEQUENTIAL = 28
};

/* Activations, with Keras's formulas. */
typedef enum seqecho_activation {
    SEQECHO_ACTIVATION_DEFAULT = 0,  /* the layer's own: see its description */
    SEQECHO_LINEAR = 1,              /* x */
    SEQECHO_TANH = 2,                /* tanh(x) */
    SEQECHO_SIGMOID = 3,             /* 1 / (1 + exp(-x)) */
    SEQECHO_HARD_SIGMOID = 4,        /* clip(x / 6 + 0.5, 0, 1): Keras 3 */
    SEQECHO_HARD_SIGMOID_KERAS2 = 5, /* clip(0.2 x + 0.5, 0, 1): Keras 1 and 2 */
    SEQECHO_RELU = 6,                /* max(x, 0) */
    SEQECHO_SOFTMAX = 7,             /* exp(x) / sum(exp(x)) over the last axis */
    SEQECHO_ELU = 8,                 /* x if x > 0, else exp(x) - 1 */
    SEQECHO_SELU = 9,      /* 1.05070098 (x if x > 0, else 1.67326324 (exp(x) - 1)) */
    SEQECHO_SOFTPLUS = 10, /* log(1 + exp(x)) */
    SEQECHO_SOFTSIGN = 11, /* x / (1 + |x|) */
    SEQECHO_SWISH = 12     /* x sigmoid(x), also called silu */
} seqecho_activation;

/* Initial weights.  fan_in and fan_out are the rows and columns of the weight. */
typedef enum seqecho_init {
    SEQECHO_INIT_DEFAULT = 0,        /* the layer's own: see its description */
    SEQECHO_INIT_GLOROT_UNIFORM = 1, /* +- sqrt(6 / (fan_in + fan_out)) */
    SEQECHO_INIT_ORTHOGONAL = 2,     /* orthonormal rows or columns, whichever are fewer */
    SEQECHO_INIT_ZEROS = 3,
    SEQECHO_INIT_UNIFORM = 4,    /* +- 0.05 */
    SEQECHO_INIT_HE_UNIFORM = 5, /* +- sqrt(6 / fan_in) */
    SEQECHO_INIT_HE_NORMAL = 6,  /* normal, sd sqrt(2 / fan_in), cut at two sd */
    SEQECHO_INIT_ONES = 7
} seqecho_init;

#ifndef __cplusplus
#define SEQECHO__SPEC(T, KIND, ...) \
    (&SEQECHO__REF(T, .head = { sizeof(T), KIND, 0 }, __VA_ARGS__)->head)
#endif

#ifdef __cplusplus
template <class T> struct seqecho_kind_of;
#define SEQECHO__KIND(T, K) \
    template <> struct seqecho_kind_of<T> { \
        static uint32_t value() \
        { \
            return K; \
        } \
    };
template <class T> inline T seqecho_spec_init(uint32_t kind = seqecho_kind_of<T>::value())
{
    T spec = T();
    spec.head.struct_size = sizeof(T);
    spec.head.kind = kind;
    return spec;
}
#endif
#endif /* SEQECHO_SPEC_H */
