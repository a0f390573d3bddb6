/* layers/attention.h - what the attention layers and their ways to score share.
 * SPDX-License-Identifier: MIT
 *
 * Everything is done sample by sample: step t of sample b is row t * batch + b of an array,
 * so the steps of a sample are rows `batch` apart. */
#ifndef SE_LAYERS_ATTENTION_H
#define SE_LAYERS_ATTENTION_H

#include "layers/layer.h"

/* One call of an attention layer, for all its samples. */
typedef struct se_attention {
    const se_frame *f;
    int64_t batch, tq, tv; /* samples; steps of query; of value and key */
    int64_t d, v;          /* features of query and key; of value */
    bool additive, causal;
    float factor; /* of dot products, but for the trained one */

    const float *query, *value, *key;
    const float *scale;     /* the trained weight, or NULL */
    const uint8_t *mask;    /* of value, or NULL */
    float *d_query, *d_key; /* NULL where not wanted */
    float *d_value;         /* likewise; may be d_key, which is then added to it */
    const float *d_out;

    /* The workspace; first axis: samples. */
    float *weight; /* (tq, tv): scores, then softmax, kept for the way back */
    float *raw;    /* (tq, tv): dot products, where the trained scale needs them; or NULL */
    float *kept;   /* (tq, tv): factors of dropout, or NULL */
    float *other;  /* (tq, tv): weights after dropout, then gradients; or NULL */
    float *tanh;   /* (tv, d): of additive scores */
    float *packed; /* packed_size floats */
    float *part;   /* gradient of the trained scale */
    int64_t packed_size, part_size;
} se_attention;

/* Columns of row i of the scores that are looked at: under causal not beyond i. */
static inline int64_t se_attention_cols(const se_attention *a, int64_t i)
{
    return a->causal && i + 1 < a->tv ? i + 1 : a->tv;
}

/* One sample's scores (tq, tv), at least in the columns that are looked at. */
void se_attention_score(const se_attention *a, const se_compute *compute, int64_t b,
                        float *score);

/* Gradients of query and key, and of the trained scale (part of this sample), from those
 * of one sample's scores, 0 wherever a step is not attended to; they may be overwritten. */
void se_attention_score_backward(const se_attention *a, const se_compute *compute,
                                 int64_t b, float *d_score);

#endif /* SE_LAYERS_ATTENTION_H */
