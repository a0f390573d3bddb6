/* seqecho/layers.h - one description per kind of layer.
 * SPDX-License-Identifier: MIT
 *
 * The same rules for all: the head comes first; a zero field means the default named
 * beside it; reserved bytes are zero and stand where a compiler would pad; fields are
 * only ever appended; descriptions are copied, so they may live on the stack.
 *
 *     seqecho_graph_add(model, SEQECHO_LSTM(.units = 20, .return_sequences = true));
 *
 * Shapes are (batch, timesteps, features) as in Keras; batch is left out below. */
#ifndef SEQECHO_LAYERS_H
#define SEQECHO_LAYERS_H

#include <seqecho/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of layers.  Values never change. */
enum {
    SEQECHO_KIND_INPUT = 1,
    SEQECHO_KIND_DENSE = 2,
    SEQECHO_KIND_ACTIVATION = 3,
    SEQECHO_KIND_LSTM = 4,
    SEQECHO_KIND_REPEAT_VECTOR = 5,
    SEQECHO_KIND_TIME_DISTRIBUTED = 6
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

/* ---- Input: where samples enter ----------------------------------------------------
 *
 * dim is the shape of one sample: { features }, { timesteps, features } or up to three
 * sizes, all positive, ended by 0.  Class numbers (int32 views without the last axis) are
 * accepted in place of one-hot rows. */
typedef struct seqecho_input_spec {
    seqecho_spec head;
    const char *name;
    int64_t batch; /* fixed batch size; 0 means any.  Stateful layers need it fixed */
    int64_t dim[SEQECHO_MAX_RANK - 1];
} seqecho_input_spec;

/* ---- Dense: y = activation(x kernel + bias) on the last axis ------------------------
 *
 * (..., features) -> (..., units).
 * Weights: kernel (features, units), bias (units). */
typedef struct seqecho_dense_spec {
    seqecho_spec head;
    const char *name;
    int64_t units;                 /* required */
    seqecho_activation activation; /* default linear */
    seqecho_init kernel_init;      /* default glorot uniform */
    seqecho_init bias_init;        /* default zeros */
    seqecho_bool no_bias;
    uint8_t reserved[3];
} seqecho_dense_spec;

/* ---- Activation: y = activation(x), same shape -------------------------------------- */
typedef struct seqecho_activation_spec {
    seqecho_spec head;
    const char *name;
    seqecho_activation activation; /* required */
    uint32_t reserved;
} seqecho_activation_spec;

/* ---- LSTM: long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
 * gate of Gers et al. 2000), exactly as Keras computes it:
 *
 *     i = recurrent_activation(x K_i + h R_i + b_i)       input gate
 *     f = recurrent_activation(x K_f + h R_f + b_f)       forget gate
 *     g =           activation(x K_c + h R_c + b_c)       candidate
 *     o = recurrent_activation(x K_o + h R_o + b_o)       output gate
 *     c' = f c + i g        h' = o activation(c')
 *
 * (timesteps, features) -> (units), or (timesteps, units) with return_sequences.
 * With return_state two more outputs, h and c of the last step: (units) each.
 * A call may bring { x, initial_h, initial_c }.
 * Weights: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units),
 * columns in four blocks i, f, c, o.
 *
 * A stateful layer starts each batch from the state the last batch ended with, sample by
 * sample, until the state is reset; gradients stop at the batch.  The state belongs to
 * the trainer or predictor, not to the graph.  Given an initial state, the layer uses
 * that one.  A stateful layer can be called only once; inside TimeDistributed it keeps a
 * state for each time step of the wrapper.  go_backwards reads the steps last to first,
 * and with return_sequences gives its outputs in the order they were computed. */
typedef struct seqecho_lstm_spec {
    seqecho_spec head;
    const char *name;
    int64_t units;                           /* required */
    seqecho_activation activation;           /* default tanh */
    seqecho_activation recurrent_activation; /* default sigmoid */
    seqecho_init kernel_init;                /* default glorot uniform */
    seqecho_init recurrent_init;             /* default orthogonal */
    seqecho_init bias_init;                  /* default zeros */
    seqecho_bool return_sequences;
    seqecho_bool return_state;
    seqecho_bool stateful;
    seqecho_bool go_backwards;
    seqecho_bool no_bias;
    seqecho_bool no_unit_forget_bias; /* else the forget gate's bias starts at 1 */
    uint8_t reserved[6];
} seqecho_lstm_spec;

/* ---- RepeatVector: (features) -> (n, features), n copies ----------------------------- */
typedef struct seqecho_repeat_vector_spec {
    seqecho_spec head;
    const char *name;
    int64_t n; /* required */
} seqecho_repeat_vector_spec;

/* ---- TimeDistributed: the inner layer on every time step, with the same weights ------
 *
 * (timesteps, ...) -> (timesteps, inner(...)).  The weights are the inner layer's, under
 * the wrapper's name. */
typedef struct seqecho_time_distributed_spec {
    seqecho_spec head;
    const char *name;
    const seqecho_spec *inner; /* required; copied, names included */
} seqecho_time_distributed_spec;

#ifndef __cplusplus
#define SEQECHO_INPUT(...) \
    SEQECHO__SPEC(seqecho_input_spec, SEQECHO_KIND_INPUT, __VA_ARGS__)
#define SEQECHO_DENSE(...) \
    SEQECHO__SPEC(seqecho_dense_spec, SEQECHO_KIND_DENSE, __VA_ARGS__)
#define SEQECHO_ACTIVATION(F) \
    SEQECHO__SPEC(seqecho_activation_spec, SEQECHO_KIND_ACTIVATION, .name = NULL, \
                  .activation = (F))
#define SEQECHO_LSTM(...) SEQECHO__SPEC(seqecho_lstm_spec, SEQECHO_KIND_LSTM, __VA_ARGS__)
#define SEQECHO_REPEAT_VECTOR(N) \
    SEQECHO__SPEC(seqecho_repeat_vector_spec, SEQECHO_KIND_REPEAT_VECTOR, .name = NULL, \
                  .n = (N))
#define SEQECHO_TIME_DISTRIBUTED(INNER) \
    SEQECHO__SPEC(seqecho_time_distributed_spec, SEQECHO_KIND_TIME_DISTRIBUTED, \
                  .name = NULL, .inner = (INNER))
#endif

#ifdef __cplusplus
} /* extern "C" */

/* C++:  seqecho_lstm_spec lstm = seqecho_spec_init<seqecho_lstm_spec>();
 *       lstm.units = 20;
 *       seqecho_graph_add(model, &lstm.head); */
template <class T> struct seqecho_kind_of;
#define SEQECHO__KIND(T, K) \
    template <> struct seqecho_kind_of<T> { \
        static uint32_t value() \
        { \
            return K; \
        } \
    };
SEQECHO__KIND(seqecho_input_spec, SEQECHO_KIND_INPUT)
SEQECHO__KIND(seqecho_dense_spec, SEQECHO_KIND_DENSE)
SEQECHO__KIND(seqecho_activation_spec, SEQECHO_KIND_ACTIVATION)
SEQECHO__KIND(seqecho_lstm_spec, SEQECHO_KIND_LSTM)
SEQECHO__KIND(seqecho_repeat_vector_spec, SEQECHO_KIND_REPEAT_VECTOR)
SEQECHO__KIND(seqecho_time_distributed_spec, SEQECHO_KIND_TIME_DISTRIBUTED)
#undef SEQECHO__KIND
template <class T> inline T seqecho_spec_init()
{
    T spec = T();
    spec.head.struct_size = sizeof(T);
    spec.head.kind = seqecho_kind_of<T>::value();
    return spec;
}
#endif
#endif /* SEQECHO_LAYERS_H */
