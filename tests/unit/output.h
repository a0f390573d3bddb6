/* output.h - a session with one output, whose values, mask and targets a test sets.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_OUTPUT_H
#define SEQECHO_TESTS_OUTPUT_H

#include <stdlib.h>

#include "base/alloc.h"
#include "close.h"
#include "train/loss.h"

enum { OUTPUT_MAX = 4096 }; /* floats of an output */

/* One input, one activation of it, and what measures that. */
typedef struct output {
    seqecho_allocator allocator;
    seqecho_graph *graph;
    se_session *session;
    se_objective objective;
    se_slot *slot;
    int64_t batch, rows, cols; /* rows of a sample */
    int64_t d1, d2;            /* its axes, 1 where it has none */
    size_t n;                  /* floats */
    float x[OUTPUT_MAX];       /* in the user's order, as the next */
    float grad[OUTPUT_MAX];
    uint8_t mask[OUTPUT_MAX]; /* (d1, batch) */
    bool masked;
} output;

/* Of these sizes, 0 where there is none, features last. */
static inline void output_open(output *o, int64_t batch, const int64_t dim[3],
                               seqecho_activation f, const seqecho_trainer_options *options)
{
    memset(o, 0, sizeof *o);
    assert_int_equal(se_allocator_read(&o->allocator, NULL), 0);
    assert_int_equal(seqecho_graph_create(&o->graph, NULL), 0);
    seqecho_graph_add(o->graph, SEQECHO_INPUT(.dim = { dim[0], dim[1], dim[2] }));
    seqecho_graph_add(o->graph, SEQECHO_ACTIVATION(f));
    assert_int_equal(se_session_create(&o->session, o->graph, SE_MODE_TRAIN, &o->allocator,
                                       1, SEQECHO_NUMERICS_DEFAULT, 0),
                     0);
    assert_int_equal(se_objective_check(options), 0);
    assert_int_equal(se_objective_create(&o->objective, options, o->session, &o->allocator),
                     0);
    o->slot = o->session->outputs[0];
    o->batch = batch;
    o->rows = se_shape_rows(&o->slot->shape);
    o->cols = se_shape_features(&o->slot->shape);
    o->d1 = dim[1] != 0 ? dim[0] : 1;
    o->d2 = dim[2] != 0 ? dim[1] : 1;
    o->n = (size_t)(batch * o->rows * o->cols);
    assert_true(o->n <= OUTPUT_MAX);
}

static inline void output_close(output *o)
{
    se_objective_finish(&o->objective, &o->allocator);
    se_session_destroy(o->session);
    seqecho_graph_destroy(o->graph);
}

/* A view of data of the output's shape, or of class numbers for it. */
static inline seqecho_view output_view(const output *o, const void *data, bool classes)
{
    const se_shape *const shape = &o->slot->shape;
    seqecho_view v = { data, { o->batch }, shape->rank + 1, SEQECHO_FLOAT32 };

    for (int32_t i = 0; i < shape->rank; i++)
        v.dim[i + 1] = shape->dim[i];
    if (classes) {
        v.dtype = SEQECHO_INT32;
        v.dim[--v.rank] = 0;
    }
    return v;
}

/* A batch of x forward; its score is added to *score, and the gradient is in grad. */
static inline void output_run(output *o, const seqecho_view *y, const seqecho_view *weight,
                              se_score *score)
{
    const seqecho_view x = output_view(o, o->x, false);
    const se_targets targets = { y, weight, 0 };
    se_score batch = { .samples = o->batch };

    assert_int_equal(se_session_feed(o->session, &x, 0, o->batch, true), 0);
    se_session_forward(o->session, true);
    if (o->masked)
        o->slot->value.mask = o->mask;
    /* Every gradient is written. */
    for (size_t i = 0; i < o->n; i++)
        o->slot->grad[i] = NAN;
    se_loss_add(&o->objective, o->session, 0, &targets, true, &batch);
    assert_true(o->slot->has_grad);
    se_shape_from_steps(&o->slot->shape, o->batch, o->cols, o->slot->grad, o->grad);
    se_score_add(score, &batch);
}

/* Deterministic, uniform in (low, high). */
static inline float output_random(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (float)(low + (high - low) * ((double)(*state >> 40) + 0.5) * 0x1p-24);
}

#endif /* SEQECHO_TESTS_OUTPUT_H */
