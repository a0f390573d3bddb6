/* seqecho/layers.h - one description per kind of layer; those of the recurrent ones are in
 * seqecho/recurrent.h, and what all share in seqecho/spec.h.
 * SPDX-License-Identifier: MIT
 *
 * Shapes are (batch, timesteps, features) as in Keras; batch is left out below.
 *
 * Masks.  A time step of a sample can be missing: inputs with lengths, Masking and
 * Embedding say which ones are.  Recurrent layers pass over them and keep their state;
 * losses and metrics leave them out; Dense, Activation, Dropout, LayerNormalization,
 * TimeDistributed, recurrent layers and Bidirectional that return sequences, and merging
 * layers hand the mask on; Sequential, what its layers hand on; attention, that of query.
 * Any other layer drops it, as in Keras 3, and sees the features of missing steps as they
 * are: zeros behind Masking and behind inputs with lengths. */
#ifndef SEQECHO_LAYERS_H
#define SEQECHO_LAYERS_H

#include <seqecho/recurrent.h>
#include <seqecho/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Input: where samples enter ----------------------------------------------------
 *
 * dim is the shape of one sample: { features }, { timesteps, features } or up to three
 * sizes, all positive, ended by 0.  Class numbers (int32 views without the last axis) are
 * accepted in place of one-hot rows.
 *
 * With `lengths`, samples may be shorter than dim[0] time steps: wherever views of x are
 * given, the view of this input is followed by one of int32 lengths, (samples), each from 0
 * to dim[0].  What x holds beyond is not looked at.  The result is that of padding and
 * Masking, with less work. */
typedef struct seqecho_input_spec {
    seqecho_spec head;
    const char *name;
    int64_t batch; /* fixed batch size; 0 means any.  Stateful layers need it fixed */
    int64_t dim[SEQECHO_MAX_RANK - 1];
    seqecho_bool lengths;
    uint8_t reserved[7];
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

/* ---- Sequential: a stack of layers as one layer --------------------------------------
 *
 * What TimeDistributed needs to put a whole network on every time step:
 *
 *     SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
 *         SEQECHO_CONV1D(.filters = 16, .kernel_size = 3), SEQECHO_MAX_POOLING1D(0),
 *         SEQECHO_FLATTEN))
 *
 * Layers of one input and one output; masks are handed from one to the next.  Weights:
 * each layer's, with the layer's name and an underscore before. */
typedef struct seqecho_sequential_spec {
    seqecho_spec head;
    const char *name;
    const seqecho_spec *const *layers; /* required; copied */
    size_t n_layers;                   /* 1 to 16 */
} seqecho_sequential_spec;

/* ---- Masking: steps whose features all equal mask_value are missing ------------------
 *
 * Same shape; the features of missing steps become 0.  A NaN masks steps that are all NaN
 * (Keras's cannot). */
typedef struct seqecho_masking_spec {
    seqecho_spec head;
    const char *name;
    float mask_value;
    uint32_t reserved;
} seqecho_masking_spec;

/* ---- Dropout: elements become 0 with this probability, in training only --------------
 *
 * Same shape; those that stay are divided by 1 - rate.  noise_shared_over_time draws once
 * for all time steps of a sample: Keras's noise_shape (batch, 1, features). */
typedef struct seqecho_dropout_spec {
    seqecho_spec head;
    const char *name;
    float rate; /* in [0, 1] */
    seqecho_bool noise_shared_over_time;
    uint8_t reserved[3];
} seqecho_dropout_spec;

/* ---- Embedding: a row of weights for each class number -------------------------------
 *
 * (..., input_dim) -> (..., output_dim).  The input is class numbers, given as int32
 * without the last axis, or one-hot rows.  With mask_zero, class 0 stands for a missing
 * step.  Weights: embeddings (input_dim, output_dim). */
typedef struct seqecho_embedding_spec {
    seqecho_spec head;
    const char *name;
    int64_t input_dim;            /* 0 means as many as the input's features */
    int64_t output_dim;           /* required */
    seqecho_init embeddings_init; /* default uniform */
    seqecho_bool mask_zero;
    uint8_t reserved[3];
} seqecho_embedding_spec;

/* What a convolution or pooling sees beyond the ends of a sequence. */
typedef enum seqecho_padding {
    SEQECHO_PADDING_VALID = 0, /* nothing: only whole windows */
    SEQECHO_PADDING_SAME = 1,  /* ceil(timesteps / stride) windows, the odd missing step at
                                  the end: zeros, for pooling left out */
    SEQECHO_PADDING_CAUSAL = 2 /* Conv1D: a window ends at its own time step */
} seqecho_padding;

/* ---- Conv1D: y[t] = activation(sum over k of x[t stride + k dilation] kernel[k] + bias)
 *
 * (timesteps, features) -> (steps, filters).
 * Weights: kernel (kernel_size, features, filters), bias (filters). */
typedef struct seqecho_conv1d_spec {
    seqecho_spec head;
    const char *name;
    int64_t filters, kernel_size; /* required */
    int64_t stride, dilation;     /* 0 means 1; not both above 1 */
    seqecho_padding padding;
    seqecho_activation activation; /* default linear */
    seqecho_init kernel_init;      /* default glorot uniform */
    seqecho_init bias_init;        /* default zeros */
    seqecho_bool no_bias;
    uint8_t reserved[7];
} seqecho_conv1d_spec;

/* ---- MaxPooling1D, AveragePooling1D: (timesteps, features) -> (steps, features) ------ */
typedef struct seqecho_pooling1d_spec {
    seqecho_spec head;
    const char *name;
    int64_t pool_size;       /* 0 means 2 */
    int64_t stride;          /* 0 means pool_size */
    seqecho_padding padding; /* valid or same */
    uint32_t reserved;
} seqecho_pooling1d_spec;

/* ---- GlobalMaxPooling1D, GlobalAveragePooling1D: (timesteps, features) -> (features) --
 *
 * The average leaves out missing steps. */
typedef struct seqecho_global_pooling1d_spec {
    seqecho_spec head;
    const char *name;
} seqecho_global_pooling1d_spec;

/* ---- Flatten: any shape -> (all of it), row-major ------------------------------------ */
typedef struct seqecho_flatten_spec {
    seqecho_spec head;
    const char *name;
} seqecho_flatten_spec;

/* ---- Reshape: the same numbers, row-major, in another shape -------------------------- */
typedef struct seqecho_reshape_spec {
    seqecho_spec head;
    const char *name;
    int64_t dim[SEQECHO_MAX_RANK - 1]; /* ended by 0; one may be -1: what is left */
} seqecho_reshape_spec;

/* ---- Permute: axis i of the output is axis dims[i] of the input, counted from 1 ------ */
typedef struct seqecho_permute_spec {
    seqecho_spec head;
    const char *name;
    int32_t dims[SEQECHO_MAX_RANK - 1]; /* ended by 0 */
    uint32_t reserved;
} seqecho_permute_spec;

/* ---- Concatenate: 2 to 8 inputs, joined along one axis ------------------------------ */
typedef struct seqecho_concatenate_spec {
    seqecho_spec head;
    const char *name;
    int32_t axis; /* counted from 1; 0 means the last */
    uint32_t reserved;
} seqecho_concatenate_spec;

/* ---- Add, Multiply, Average: 2 to 8 inputs of one shape, element by element ---------- */
typedef struct seqecho_merge_spec {
    seqecho_spec head;
    const char *name;
} seqecho_merge_spec;

/* ---- LayerNormalization (Ba et al. 2016): over the features of each step --------------
 *
 *     y = gamma (x - mean(x)) / sqrt(var(x) + epsilon) + beta
 *
 * Same shape.  Weights: gamma (features), beginning at 1, and beta (features). */
typedef struct seqecho_layer_normalization_spec {
    seqecho_spec head;
    const char *name;
    float epsilon;          /* 0 means 0.001 */
    seqecho_bool no_scale;  /* no gamma */
    seqecho_bool no_center; /* no beta */
    uint8_t reserved[2];
} seqecho_layer_normalization_spec;

/* ---- Attention, AdditiveAttention -----------------------------------------------------
 *
 * A call brings { query, value } or { query, value, key }: query (Tq, D), value (Tv, V),
 * key (Tv, D), which without one is value.
 *
 *     scores = query key^T                      Attention (Luong et al. 2015)
 *     scores = sum(scale tanh(query + key))     AdditiveAttention (Bahdanau et al. 2015)
 *     y = softmax(scores) value                 (Tq, V)
 *
 * Missing steps of value are not attended to; those of query give zeros, and its mask is
 * handed on.  causal: step t of the query sees value's steps up to t.  With use_scale,
 * scores are multiplied by a trained number; scaled divides them by sqrt(D) (Vaswani et al.
 * 2017).  Weights: Attention with use_scale: scale (1), beginning at 1; AdditiveAttention
 * but with no_scale: scale (D), glorot uniform. */
typedef struct seqecho_attention_spec {
    seqecho_spec head;
    const char *name;
    float dropout; /* of the weights softmax gives; in [0, 1) */
    seqecho_bool causal;
    seqecho_bool use_scale; /* Attention */
    seqecho_bool scaled;    /* Attention */
    seqecho_bool no_scale;  /* AdditiveAttention */
} seqecho_attention_spec;

#ifndef __cplusplus
#define SEQECHO_INPUT(...) \
    SEQECHO__SPEC(seqecho_input_spec, SEQECHO_KIND_INPUT, __VA_ARGS__)
#define SEQECHO_DENSE(...) \
    SEQECHO__SPEC(seqecho_dense_spec, SEQECHO_KIND_DENSE, __VA_ARGS__)
#define SEQECHO_ACTIVATION(F) \
    SEQECHO__SPEC(seqecho_activation_spec, SEQECHO_KIND_ACTIVATION, .name = NULL, \
                  .activation = (F))
#define SEQECHO_REPEAT_VECTOR(N) \
    SEQECHO__SPEC(seqecho_repeat_vector_spec, SEQECHO_KIND_REPEAT_VECTOR, .name = NULL, \
                  .n = (N))
#define SEQECHO_TIME_DISTRIBUTED(INNER) \
    SEQECHO__SPEC(seqecho_time_distributed_spec, SEQECHO_KIND_TIME_DISTRIBUTED, \
                  .name = NULL, .inner = (INNER))
#define SEQECHO_SEQUENTIAL(...) \
    SEQECHO__SPEC(seqecho_sequential_spec, SEQECHO_KIND_SEQUENTIAL, .name = NULL, \
                  .layers = (const seqecho_spec *const[]){ __VA_ARGS__ }, \
                  .n_layers = sizeof((const seqecho_spec *const[]){ __VA_ARGS__ }) / \
                              sizeof(const seqecho_spec *))
#define SEQECHO_MASKING(VALUE) \
    SEQECHO__SPEC(seqecho_masking_spec, SEQECHO_KIND_MASKING, .name = NULL, \
                  .mask_value = (VALUE))
#define SEQECHO_DROPOUT(RATE) \
    SEQECHO__SPEC(seqecho_dropout_spec, SEQECHO_KIND_DROPOUT, .name = NULL, .rate = (RATE))
#define SEQECHO_EMBEDDING(...) \
    SEQECHO__SPEC(seqecho_embedding_spec, SEQECHO_KIND_EMBEDDING, __VA_ARGS__)
#define SEQECHO_CONV1D(...) \
    SEQECHO__SPEC(seqecho_conv1d_spec, SEQECHO_KIND_CONV1D, __VA_ARGS__)
#define SEQECHO_MAX_POOLING1D(SIZE) \
    SEQECHO__SPEC(seqecho_pooling1d_spec, SEQECHO_KIND_MAX_POOLING1D, .name = NULL, \
                  .pool_size = (SIZE))
#define SEQECHO_AVERAGE_POOLING1D(SIZE) \
    SEQECHO__SPEC(seqecho_pooling1d_spec, SEQECHO_KIND_AVERAGE_POOLING1D, .name = NULL, \
                  .pool_size = (SIZE))
#define SEQECHO_GLOBAL_MAX_POOLING1D \
    SEQECHO__SPEC(seqecho_global_pooling1d_spec, SEQECHO_KIND_GLOBAL_MAX_POOLING1D, \
                  .name = NULL)
#define SEQECHO_GLOBAL_AVERAGE_POOLING1D \
    SEQECHO__SPEC(seqecho_global_pooling1d_spec, SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D, \
                  .name = NULL)
#define SEQECHO_FLATTEN \
    SEQECHO__SPEC(seqecho_flatten_spec, SEQECHO_KIND_FLATTEN, .name = NULL)
#define SEQECHO_RESHAPE(...) \
    SEQECHO__SPEC(seqecho_reshape_spec, SEQECHO_KIND_RESHAPE, .name = NULL, \
                  .dim = { __VA_ARGS__ })
#define SEQECHO_PERMUTE(...) \
    SEQECHO__SPEC(seqecho_permute_spec, SEQECHO_KIND_PERMUTE, .name = NULL, \
                  .dims = { __VA_ARGS__ })
#define SEQECHO_CONCATENATE(...) \
    SEQECHO__SPEC(seqecho_concatenate_spec, SEQECHO_KIND_CONCATENATE, __VA_ARGS__)
#define SEQECHO_ADD SEQECHO__SPEC(seqecho_merge_spec, SEQECHO_KIND_ADD, .name = NULL)
#define SEQECHO_MULTIPLY \
    SEQECHO__SPEC(seqecho_merge_spec, SEQECHO_KIND_MULTIPLY, .name = NULL)
#define SEQECHO_AVERAGE \
    SEQECHO__SPEC(seqecho_merge_spec, SEQECHO_KIND_AVERAGE, .name = NULL)
#define SEQECHO_LAYER_NORMALIZATION(...) \
    SEQECHO__SPEC(seqecho_layer_normalization_spec, SEQECHO_KIND_LAYER_NORMALIZATION, \
                  __VA_ARGS__)
#define SEQECHO_ATTENTION(...) \
    SEQECHO__SPEC(seqecho_attention_spec, SEQECHO_KIND_ATTENTION, __VA_ARGS__)
#define SEQECHO_ADDITIVE_ATTENTION(...) \
    SEQECHO__SPEC(seqecho_attention_spec, SEQECHO_KIND_ADDITIVE_ATTENTION, __VA_ARGS__)
#endif

#ifdef __cplusplus
} /* extern "C" */

SEQECHO__KIND(seqecho_input_spec, SEQECHO_KIND_INPUT)
SEQECHO__KIND(seqecho_dense_spec, SEQECHO_KIND_DENSE)
SEQECHO__KIND(seqecho_activation_spec, SEQECHO_KIND_ACTIVATION)
SEQECHO__KIND(seqecho_repeat_vector_spec, SEQECHO_KIND_REPEAT_VECTOR)
SEQECHO__KIND(seqecho_time_distributed_spec, SEQECHO_KIND_TIME_DISTRIBUTED)
SEQECHO__KIND(seqecho_sequential_spec, SEQECHO_KIND_SEQUENTIAL)
SEQECHO__KIND(seqecho_masking_spec, SEQECHO_KIND_MASKING)
SEQECHO__KIND(seqecho_dropout_spec, SEQECHO_KIND_DROPOUT)
SEQECHO__KIND(seqecho_embedding_spec, SEQECHO_KIND_EMBEDDING)
SEQECHO__KIND(seqecho_conv1d_spec, SEQECHO_KIND_CONV1D)
SEQECHO__KIND(seqecho_flatten_spec, SEQECHO_KIND_FLATTEN)
SEQECHO__KIND(seqecho_reshape_spec, SEQECHO_KIND_RESHAPE)
SEQECHO__KIND(seqecho_permute_spec, SEQECHO_KIND_PERMUTE)
SEQECHO__KIND(seqecho_concatenate_spec, SEQECHO_KIND_CONCATENATE)
SEQECHO__KIND(seqecho_layer_normalization_spec, SEQECHO_KIND_LAYER_NORMALIZATION)
#endif
#endif /* SEQECHO_LAYERS_H */
