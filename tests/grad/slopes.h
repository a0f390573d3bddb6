/* slopes.h - gradients against differences, coordinate by coordinate, where masks or
 * dropout are at work.
 * SPDX-License-Identifier: MIT
 *
 * gradcheck.h moves every input, and lets a trainer go on from pass to pass.  Here inputs
 * that mark a missing step stay as they are, and every evaluation is the first pass of a
 * new trainer, so that dropout draws the same. */
#ifndef SEQECHO_TESTS_SLOPES_H
#define SEQECHO_TESTS_SLOPES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <math.h>

#include <cmocka.h>

#include <seqecho/seqecho.h>

#define SLOPES_INPUTS 4
#define SLOPES_MAX 2048 /* variables, or outputs */
#define SLOPES_STEP 0.02

/* A graph of one output, and what it is given. */
typedef struct slopes {
    const char *name;
    seqecho_graph *graph; /* destroyed by slopes_check() */
    seqecho_view x[2 * SLOPES_INPUTS];
    const seqecho_view
        *before; /* or NULL: a batch that comes before, for stateful layers */
    float *input[SLOPES_INPUTS]; /* the float ones, in their order */
    size_t size[SLOPES_INPUTS];
    size_t n_input;
    float marker; /* inputs of this value, or NaN, are not moved: their gradient is 0 */
    seqecho_view out;
    float dy[SLOPES_MAX];
    size_t n_out;
} slopes;

static inline void slopes_must(const slopes *s, int err)
{
    if (err < 0)
        fail_msg("%s: %s: %s", s->name, seqecho_error_name(err), seqecho_error_message());
}

static inline seqecho_trainer *slopes_trainer(const slopes *s)
{
    static float out[SLOPES_MAX];
    seqecho_trainer *trainer;

    slopes_must(s, seqecho_trainer_create(&trainer, s->graph, SEQECHO_TRAINER(.seed = 9)));
    if (s->before != NULL)
        slopes_must(s, seqecho_trainer_forward(trainer, s->before, out, s->n_out));
    return trainer;
}

/* Move a weight, or an input if `name` is NULL. */
static inline void slopes_move(const slopes *s, const char *name, float *values, size_t n,
                               size_t i, float to)
{
    values[i] = to;
    if (name != NULL)
        slopes_must(s, seqecho_graph_weight_set(s->graph, name, values, n));
}

/* The function with one variable moved, but for the batch before. */
static inline double slopes_value(const slopes *s, const char *name, float *values,
                                  size_t n, size_t i, float to)
{
    static float out[SLOPES_MAX];
    seqecho_trainer *const trainer = slopes_trainer(s);
    const float at = values[i];
    double sum = 0.0;

    slopes_move(s, name, values, n, i, to);
    slopes_must(s, seqecho_trainer_forward(trainer, s->x, out, s->n_out));
    slopes_move(s, name, values, n, i, at);
    for (size_t k = 0; k < s->n_out; k++)
        sum += (double)out[k] * (double)s->dy[k];
    seqecho_trainer_destroy(trainer);
    return sum;
}

static inline void slopes_compare(const slopes *s, const char *name, float *values,
                                  size_t n, const float *gradient)
{
    for (size_t i = 0; i < n; i++) {
        const float at = values[i];
        double d[2], slope;

        if (name == NULL && (isnan(at) || at == s->marker)) {
            if (gradient[i] != 0.0F)
                fail_msg("%s: the gradient of missing input %zu is %g", s->name, i,
                         (double)gradient[i]);
            continue;
        }
        for (int k = 0; k < 2; k++) {
            const float up = at + (float)(SLOPES_STEP / (1 + k));
            const float down = at - (float)(SLOPES_STEP / (1 + k));
            const double high = slopes_value(s, name, values, n, i, up);

            d[k] = (high - slopes_value(s, name, values, n, i, down)) /
                   ((double)up - (double)down);
        }
        slope = (4.0 * d[1] - d[0]) / 3.0;
        if (!(fabs(slope - (double)gradient[i]) <= 1e-3 + 2e-3 * fabs(slope)))
            fail_msg("%s: %s %zu: the slope is %.7g, the gradient says %.7g", s->name,
                     name != NULL ? name : "input", i, slope, (double)gradient[i]);
    }
}

static inline void slopes_weights(const slopes *s, const seqecho_trainer *trainer)
{
    static float values[SLOPES_MAX], gradient[SLOPES_MAX];

    for (size_t i = 0; i < seqecho_graph_weight_count(s->graph); i++) {
        const char *const name = seqecho_graph_weight_name(s->graph, i);
        seqecho_view shape;
        size_t n = 1;

        slopes_must(s, seqecho_graph_weight_shape(s->graph, name, &shape));
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        assert_true(n <= SLOPES_MAX);
        slopes_must(s, seqecho_trainer_gradient_get(trainer, name, gradient, n));
        slopes_must(s, seqecho_graph_weight_get(s->graph, name, values, n));
        slopes_compare(s, name, values, n, gradient);
    }
}

/* Check every gradient, and destroy the graph.  n_out floats come of `samples` samples. */
static inline void slopes_check(slopes *s, const seqecho_node *node, int64_t samples)
{
    static float out[SLOPES_MAX], dx[SLOPES_MAX];
    seqecho_trainer *trainer;
    size_t n_dx = 0, at = 0;
    uint32_t random = 1;

    slopes_must(s, seqecho_node_shape(node, &s->out));
    s->out.dim[0] = samples;
    s->n_out = 1;
    for (int32_t d = 0; d < s->out.rank; d++)
        s->n_out *= (size_t)s->out.dim[d];
    for (size_t i = 0; i < s->n_input; i++)
        n_dx += s->size[i];
    assert_true(s->n_out <= SLOPES_MAX && n_dx <= SLOPES_MAX);
    for (size_t i = 0; i < s->n_out; i++) {
        random = random * UINT32_C(1664525) + UINT32_C(1013904223);
        s->dy[i] = (float)(random >> 8) * 0x1p-23F - 1.0F;
    }
    s->out.data = s->dy;
    trainer = slopes_trainer(s);
    slopes_must(s, seqecho_trainer_forward(trainer, s->x, out, s->n_out));
    slopes_must(s, seqecho_trainer_backward(trainer, &s->out, dx, n_dx));
    slopes_weights(s, trainer);
    for (size_t i = 0; i < s->n_input; i++) {
        slopes_compare(s, NULL, s->input[i], s->size[i], dx + at);
        at += s->size[i];
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(s->graph);
}

#endif /* SEQECHO_TESTS_SLOPES_H */
