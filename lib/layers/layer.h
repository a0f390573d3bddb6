/* layers/layer.h - what every kind of layer implements, and what it is given.
 * SPDX-License-Identifier: MIT
 *
 * A layer knows its options and its weights' shapes.  It knows no other layer, no graph
 * and no training: the graph infers shapes with it, reserves its memory and calls it. */
#ifndef SE_LAYERS_LAYER_H
#define SE_LAYERS_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include <seqecho/layers.h>
#include <seqecho/predictor.h>

#include "base/arena.h"
#include "base/shape.h"
#include "kernels/gradient.h"

#define SE_MAX_WEIGHTS 32 /* arrays of one layer, those of layers inside it included */
#define SE_MAX_PORTS 8    /* inputs or outputs of one call */
#define SE_MAX_INNER 16   /* layers inside one */
#define SE_MAX_WRAPPERS 4 /* around each other */

typedef struct se_layer_ops se_layer_ops;
typedef struct se_field se_field; /* layers/field.h */

typedef struct se_weight {
    const char *name; /* "kernel" */
    const char *path; /* "lstm/kernel"; set by the graph */
    int64_t dim[3];
    int32_t rank;
    seqecho_init init;
    bool unit_forget_bias; /* the second quarter starts at 1 */
    float l1, l2;          /* regularisation: see seqecho_graph_set_regularizer() */
    size_t offset;         /* in the graph's parameter block; set likewise */
} se_weight;

static inline int64_t se_weight_size(const se_weight *w)
{
    int64_t size = 1;

    for (int32_t i = 0; i < w->rank; i++)
        size *= w->dim[i];
    return size;
}

/* Rows of the matrix a weight is multiplied as: all axes but the last; of a vector, its
 * elements. */
static inline int64_t se_weight_rows(const se_weight *w)
{
    return w->rank > 1 ? se_weight_size(w) / w->dim[w->rank - 1] : w->dim[0];
}

struct seqecho_layer {
    const se_layer_ops *ops;
    seqecho_graph *graph; /* owner */
    se_arena *arena;      /* the owner's, for what lives as long as the layer */
    const char *name;
    void *spec;           /* own copy of the description, defaults resolved */
    seqecho_layer *inner; /* of a wrapper: the first of the layers inside */
    seqecho_layer *next;  /* in the order of declaration, or inside the same wrapper */
    se_weight weights[SE_MAX_WEIGHTS];
    size_t n_weights;
    bool frozen;        /* its weights are not to be trained */
    bool used;          /* an output depends on it; set when building ends */
    bool built;         /* called once, so weights are known */
    se_shape built_for; /* shape of the first input of that call */
};

/* What a layer can do beyond the ordinary. */
enum {
    SE_TRAIT_CLASSES = 1 << 0,   /* takes class numbers as its first input */
    SE_TRAIT_REPEATED = 1 << 1,  /* takes a repeated value as its first input */
    SE_TRAIT_REPEATS = 1 << 2,   /* its output is its input, repeated */
    SE_TRAIT_SOFTMAX = 1 << 3,   /* ends in a softmax that can be left to the loss */
    SE_TRAIT_RECURRENT = 1 << 4, /* has a state from step to step */
    SE_TRAIT_STATEFUL = 1 << 5,  /* keeps it from batch to batch */
    SE_TRAIT_NO_STEP = 1 << 6,   /* cannot be run one time step at a time */
    SE_TRAIT_MASKS = 1 << 7      /* its output may be masked though its input is not */
};

/* An input as a layer meets it: rows of features, step-major (base/shape.h).  With
 * SE_TRAIT_CLASSES it may be class numbers, one a row, and data is NULL; with
 * SE_TRAIT_REPEATED it may be the rows of one step that stand for every step. */
typedef struct se_value {
    const float *data;
    const int32_t *classes;
    bool repeated;
    bool masked;         /* it may have a mask; known when memory is laid out */
    const uint8_t *mask; /* (dim[0], batch), step-major: 0 where a step is missing.  NULL
                            for none, and then every step is there */
} se_value;

/* Where the random numbers of a pass come from: see se_noise_fill() in layers/noise.h. */
typedef struct se_noise {
    uint64_t seed;
    uint32_t pass; /* number of the pass that learns */
    uint32_t site; /* who draws: number of the call, and of the layer inside */
} se_noise;

/* One call of a layer in one pass. */
typedef struct se_frame {
    const seqecho_layer *layer;
    const se_compute *compute;
    int64_t batch;
    bool training; /* keep what backward needs */
    bool learning; /* a pass that weights learn from: dropout is at work */
    bool stepping; /* one time step of a sequence that comes step by step */
    se_noise noise;
    bool logits; /* leave the final softmax to the loss (SE_TRAIT_SOFTMAX) */
    bool keep_state;
    bool want_d_in[SE_MAX_PORTS];

    size_t n_in, n_out;
    const se_shape *in_shape[SE_MAX_PORTS];
    const se_shape *out_shape[SE_MAX_PORTS];
    se_value in[SE_MAX_PORTS];
    float *out[SE_MAX_PORTS];
    const uint8_t *mask; /* of the first output, as ops->mask() gave it */

    const se_weight *weights; /* the layer's, or its wrapper's */
    const float *params;      /* the graph's parameter block */
    float *work;              /* as much as ops->work() asked for */
    const float *state;       /* if keep_state: state before this batch */
    float *next_state;        /* if keep_state: receives the state after it */

    /* Backward only. */
    float *grads;               /* like params */
    bool fresh;                 /* the layer's grads hold nothing: write, else add */
    float *d_out[SE_MAX_PORTS]; /* NULL for zeros; may be overwritten */
    float *d_in[SE_MAX_PORTS];  /* where wanted; to be written, not added to.  For a
                                   repeated input: the sum over its steps */
} se_frame;

/* What a layer went through, step by step: rows of `cols` floats, `stride` apart, steps in
 * the order of processing.  See seqecho_predictor_trace(). */
typedef struct se_trace {
    const float *data; /* (steps, batch) rows; with by_sample (batch, steps) */
    int64_t steps, cols, stride;
    bool by_sample;
    bool go_backwards;   /* the layer reads its input from the last step on, */
    bool in_time;        /* but data is in the order of time all the same */
    const uint8_t *mask; /* (steps, batch), in the order of time: rows of missing steps hold
                            nothing.  NULL if all rows do */
} se_trace;

/* Hands out parts of a workspace.  The same sequence of se_carve() calls first measures
 * with base NULL, then divides the memory. */
typedef struct se_carver {
    float *base;
    size_t used; /* floats */
    bool overflow;
} se_carver;

/* a * b * c floats on a cache line; NULL while measuring, or for no floats. */
float *se_carve(se_carver *carver, int64_t a, int64_t b, int64_t c);

struct se_layer_ops {
    uint32_t kind;
    const char *class_name; /* Keras's, "RepeatVector" */
    const char *base_name;  /* of automatic names, "repeat_vector" */
    size_t spec_size;
    const se_field *fields; /* the options: all of the description but head and name */
    size_t n_fields;
    size_t max_inputs;
    size_t min_inputs; /* 0 means 1, where there are any */

    /* Take the descriptions of the layers inside out of a wrapper's, at most SE_MAX_INNER;
     * returns how many, 0 for too many.  NULL if it wraps nothing. */
    size_t (*inner)(void *spec, const seqecho_spec *list[SE_MAX_INNER]);
    /* Check the description in layer->spec and resolve its defaults.  Messages begin with
     * the layer's name. */
    int (*check)(seqecho_layer *layer);
    /* SE_TRAIT_*. */
    uint32_t (*traits)(const seqecho_layer *layer);
    /* Shapes of the outputs (returns how many) from those of the inputs, or an error that
     * names what was expected and found. */
    int (*infer)(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                 se_shape *out);
    /* Declare the weights (se_layer_add_weight()) for this first input; NULL if none. */
    void (*build)(seqecho_layer *layer, const se_shape *in);
    /* Lay out the workspace of one call; NULL if none. */
    void (*work)(const se_frame *f, se_carver *carver);
    /* The mask of the first output from those of the inputs; `room` has a byte for each
     * time step (dim[0] of the output) and sample.  NULL if the output has none.  Called
     * before forward, and only where a mask is possible (SE_TRAIT_MASKS, or a masked
     * input). */
    const uint8_t *(*mask)(const se_frame *f, uint8_t *room);
    /* Read the steps the other way round than the description says; only of recurrent
     * layers, before ops->check(). */
    void (*reverse)(seqecho_layer *layer);
    /* Floats of state per sample; NULL if it has none. */
    int64_t (*state_size)(const seqecho_layer *layer, const se_shape *in);
    void (*forward)(const se_frame *f);
    /* Forward for frames of one time step that keep their state, where there is a quicker
     * way; else NULL.  Returns false, having done nothing, if this frame has to go through
     * forward().  The first output may lie where the first input does. */
    bool (*step)(const se_frame *f);
    void (*backward)(const se_frame *f);
    /* What forward() of a training frame left in the workspace; false if this layer goes
     * through nothing of that kind.  NULL for layers that never do. */
    bool (*trace)(const se_frame *f, seqecho_trace what, se_trace *out);
};

/* ---- For layers ---- */

/* SEQECHO_ENOTSUP if one of the reserved bytes of a description is set: they belong to
 * options of a later version. */
int se_layer_check_reserved(const seqecho_layer *layer, const void *reserved, size_t size);

/* Declare a weight (rows, cols), or with rows 0 a vector of cols; returns it. */
se_weight *se_layer_add_weight(seqecho_layer *layer, const char *name, int64_t rows,
                               int64_t cols, seqecho_init init);

static inline const float *se_frame_weight(const se_frame *f, size_t i)
{
    return f->params + f->weights[i].offset;
}

static inline float *se_frame_grad(const se_frame *f, size_t i)
{
    return f->grads + f->weights[i].offset;
}

/* ops->mask() of layers that hand the mask of their first input on. */
const uint8_t *se_layer_same_mask(const se_frame *f, uint8_t *room);

/* How a product joins the layer's gradients. */
static inline se_store se_frame_store(const se_frame *f)
{
    return f->fresh ? SE_STORE_SET : SE_STORE_ADD;
}

/* ---- For the graph ---- */

/* The ops of a kind; NULL if there is none. */
const se_layer_ops *se_layer_find(uint32_t kind);

/* The same by Keras's name of its class. */
const se_layer_ops *se_layer_find_class(const char *class_name);

/* The i-th of all kinds; NULL behind the last. */
const se_layer_ops *se_layer_kind(size_t i);

/* Make a layer from a description of any age, name and inner descriptions copied into
 * the arena.  The name is left NULL if the description gives none. */
int se_layer_make(seqecho_layer **out, se_arena *arena, const seqecho_spec *spec);

/* Is this initialiser known? */
bool se_init_known(seqecho_init init);

/* Fill a weight array with its initial values.  `stream` is its number in the graph. */
int se_init_weight(const se_weight *w, uint64_t seed, uint64_t stream,
                   const seqecho_allocator *a, float *values);

#endif /* SE_LAYERS_LAYER_H */
