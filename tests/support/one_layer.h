/* one_layer.h - one layer between an input and an output, run forward and backward.
 * SPDX-License-Identifier: MIT
 *
 * All arrays are there to be looked at and, before one_layer_run(), to be written to. */
#ifndef SEQECHO_TESTS_ONE_LAYER_H
#define SEQECHO_TESTS_ONE_LAYER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <seqecho/seqecho.h>

/* What is to be run; zero means the usual. */
typedef struct one_layer_options {
    int64_t dim[3];         /* shape of a sample */
    int64_t samples;        /* usually 3 */
    bool fixed;             /* the batch size is fixed */
    int32_t threads;        /* usually 1 */
    const int32_t *lengths; /* of the samples, if the input has lengths */
    uint32_t seed;          /* of the numbers the arrays are filled with */
} one_layer_options;

typedef struct one_layer {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_view x_view[2], y_view; /* x and lengths; dy */
    float *x, *dx, *y, *dy, *w, *dw;
    size_t n_x, n_y, n_w;
} one_layer;

static inline float *one_layer_array(size_t n)
{
    float *const array = calloc(n + 1, sizeof *array);

    assert_non_null(array);
    return array;
}

/* Numbers in [-1, 1]. */
static inline void one_layer_fill(float *values, size_t n, uint32_t seed)
{
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;

    for (size_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
        values[i] = (float)((double)(state >> 40) * 0x1p-23 - 1.0);
    }
}

static inline size_t one_layer_count(const seqecho_view *view)
{
    size_t n = 1;

    for (int32_t i = 0; i < view->rank; i++)
        n *= (size_t)view->dim[i];
    return n;
}

static inline void one_layer_must(int err)
{
    if (err < 0)
        fail_msg("%s: %s", seqecho_error_name(err), seqecho_error_message());
}

/* Build it, its arrays filled with random numbers. */
static inline one_layer one_layer_open(const seqecho_spec *spec, one_layer_options o)
{
    one_layer l = { .graph = NULL };
    const int64_t samples = o.samples > 0 ? o.samples : 3;
    seqecho_node *in, *out;

    one_layer_must(seqecho_graph_create(&l.graph, SEQECHO_GRAPH(.seed = 5)));
    in = seqecho_graph_input(l.graph, SEQECHO_INPUT(.batch = o.fixed ? samples : 0,
                                                    .dim = { o.dim[0], o.dim[1], o.dim[2] },
                                                    .lengths = o.lengths != NULL));
    out = seqecho_layer_call(seqecho_layer_create(l.graph, spec), in);
    one_layer_must(seqecho_graph_output(l.graph, out));
    one_layer_must(seqecho_trainer_create(
        &l.trainer, l.graph, SEQECHO_TRAINER(.threads = o.threads > 0 ? o.threads : 1)));

    one_layer_must(seqecho_node_shape(in, &l.x_view[0]));
    one_layer_must(seqecho_node_shape(out, &l.y_view));
    l.x_view[0].dim[0] = l.y_view.dim[0] = samples;
    l.n_x = one_layer_count(&l.x_view[0]);
    l.n_y = one_layer_count(&l.y_view);
    l.n_w = (size_t)seqecho_graph_parameter_count(l.graph);
    l.x_view[0].data = l.x = one_layer_array(l.n_x);
    l.y_view.data = l.dy = one_layer_array(l.n_y);
    l.x_view[1] = (seqecho_view){ o.lengths, { samples }, 1, SEQECHO_INT32 };
    l.dx = one_layer_array(l.n_x);
    l.y = one_layer_array(l.n_y);
    l.w = one_layer_array(l.n_w);
    l.dw = one_layer_array(l.n_w);
    one_layer_fill(l.x, l.n_x, o.seed + 1);
    one_layer_fill(l.dy, l.n_y, o.seed + 2);
    one_layer_fill(l.w, l.n_w, o.seed + 3);
    return l;
}

static inline void one_layer_close(one_layer *l)
{
    seqecho_trainer_destroy(l->trainer);
    seqecho_graph_destroy(l->graph);
    free(l->x);
    free(l->dx);
    free(l->y);
    free(l->dy);
    free(l->w);
    free(l->dw);
    *l = (one_layer){ .graph = NULL };
}

/* Copy all weights from `values`, or with NULL their gradients to dw. */
static inline void one_layer_weights(one_layer *l, const float *values)
{
    size_t at = 0;

    for (size_t i = 0; i < seqecho_graph_weight_count(l->graph); i++) {
        const char *const name = seqecho_graph_weight_name(l->graph, i);
        seqecho_view shape;
        size_t n;

        one_layer_must(seqecho_graph_weight_shape(l->graph, name, &shape));
        n = one_layer_count(&shape);
        if (values != NULL)
            one_layer_must(seqecho_graph_weight_set(l->graph, name, values + at, n));
        else
            one_layer_must(seqecho_trainer_gradient_get(l->trainer, name, l->dw + at, n));
        at += n;
    }
    assert_int_equal(at, l->n_w);
}

/* y from x and w. */
static inline void one_layer_forward(one_layer *l)
{
    one_layer_weights(l, l->w);
    one_layer_must(seqecho_trainer_forward(l->trainer, l->x_view, l->y, l->n_y));
}

/* y, then dx and dw from dy. */
static inline void one_layer_run(one_layer *l)
{
    one_layer_forward(l);
    one_layer_must(seqecho_trainer_backward(l->trainer, &l->y_view, l->dx, l->n_x));
    one_layer_weights(l, NULL);
}

#endif /* SEQECHO_TESTS_ONE_LAYER_H */
