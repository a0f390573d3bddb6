/* gradcheck.c - are the gradients of a graph the slopes of what it computes?
 * SPDX-License-Identifier: MIT */
#include "gradcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

/* Largest step; the others are its half and its quarter. */
#define STEP 0.04

/* Allowed error, as a part of the root mean square of the gradient's components and of
 * the function's own size, which sets the noise. */
#define TOLERANCE_GRADIENT 2e-3
#define TOLERANCE_NOISE 5e-5

#define DIRECTIONS 4        /* random ones through all variables of a kind */
#define COORDINATES_MAX 700 /* above this only every few single ones are looked at */
#define WEIGHTS_MAX 12      /* arrays */

static uint64_t random_state;

float gradcheck_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (float)((double)(random_state >> 40) * 0x1p-23 - 1.0);
}

gradcheck_model gradcheck_begin(void)
{
    gradcheck_model m = { .graph = NULL };

    random_state = 1;
    assert_int_equal(seqecho_graph_create(&m.graph, NULL), 0);
    return m;
}

seqecho_node *gradcheck_input(gradcheck_model *m, int64_t batch, int64_t d1, int64_t d2,
                              int64_t d3)
{
    seqecho_node *const node =
        seqecho_graph_input(m->graph, SEQECHO_INPUT(.batch = batch, .dim = { d1, d2, d3 }));

    assert_non_null(node);
    m->in[m->n_in++] = node;
    return node;
}

void gradcheck_output(gradcheck_model *m, seqecho_node *node)
{
    if (seqecho_graph_output(m->graph, node) < 0)
        fail_msg("%s", seqecho_error_message());
    m->out[m->n_out++] = node;
}

seqecho_node *gradcheck_apply(gradcheck_model *m, const seqecho_spec *spec, seqecho_node *x)
{
    return seqecho_layer_call(seqecho_layer_create(m->graph, spec), x);
}

/* ---- The variables: weights first, then inputs, in one array ------------------------ */

typedef struct variables {
    const char *weight[WEIGHTS_MAX];
    size_t weight_size[WEIGHTS_MAX];
    size_t n_arrays, n_weights, n;
    double *value, *direction, *gradient;
} variables;

typedef struct check {
    const gradcheck_model *m;
    const gradcheck_options *o;
    seqecho_trainer *trainer;
    variables v;
    seqecho_view x[GRADCHECK_ENDS], y[GRADCHECK_ENDS]; /* y: dy, or the targets */
    float *x_data, *first_x, *y_data, *out, *weights, *dx;
    size_t n_out, n_dx;
} check;

static void *allocate(size_t count, size_t size)
{
    void *const ptr = calloc(count + 1, size);

    assert_non_null(ptr);
    return ptr;
}

/* Fill in views of the nodes one after the other; returns how many floats that is. */
static size_t make_views(seqecho_node *const *nodes, size_t n, int64_t samples,
                         seqecho_view *views)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        size_t size = (size_t)samples;

        assert_int_equal(seqecho_node_shape(nodes[i], &views[i]), 0);
        views[i].dim[0] = samples;
        for (int32_t d = 1; d < views[i].rank; d++)
            size *= (size_t)views[i].dim[d];
        total += size;
    }
    return total;
}

static void set_data(seqecho_view *views, size_t n, const float *data)
{
    for (size_t i = 0; i < n; i++) {
        size_t size = 1;

        for (int32_t d = 0; d < views[i].rank; d++)
            size *= (size_t)views[i].dim[d];
        views[i].data = data;
        data += size;
    }
}

/* A GRU's has two rows; inside a wrapper it is "wrapper/gru_bias". */
static bool is_bias(const char *name, const seqecho_view *shape)
{
    const size_t length = strlen(name);

    return shape->rank == 1 || (length > 4 && strcmp(name + length - 4, "bias") == 0);
}

void gradcheck_fill_weights(seqecho_graph *graph, bool kinks)
{
    /* With kinks at 0 and, for hard sigmoids, at 2.5 or 3: beyond them on both sides. */
    static const float biases[] = { 0.9F, -0.9F, 1.1F, 4.6F, -1.1F, -4.6F, 0.8F };

    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        float *values, fan_in, range;
        size_t n, row;

        assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
        row = (size_t)shape.dim[shape.rank - 1];
        n = row;
        for (int32_t d = 0; d + 1 < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        values = allocate(n, sizeof *values);
        fan_in = (float)shape.dim[0] * (float)(shape.rank == 3 ? shape.dim[1] : 1);
        range = kinks ? 0.5F / fan_in : 1.2F / sqrtf(fan_in);
        for (size_t j = 0; j < n; j++)
            values[j] = !is_bias(name, &shape) ? range * gradcheck_random()
                        : !kinks               ? 0.7F * gradcheck_random()
                        : j < row ? biases[(j + i) % (sizeof biases / sizeof *biases)]
                                  : 0.05F * gradcheck_random();
        assert_int_equal(seqecho_graph_weight_set(graph, name, values, n), 0);
        free(values);
    }
}

static void find_variables(check *c)
{
    variables *const v = &c->v;
    seqecho_graph *const graph = c->m->graph;
    size_t at = 0;

    v->n_arrays = seqecho_graph_weight_count(graph);
    assert_true(v->n_arrays <= WEIGHTS_MAX);
    v->n_weights = (size_t)seqecho_graph_parameter_count(graph);
    v->n = v->n_weights + c->n_dx;
    v->value = allocate(v->n, sizeof *v->value);
    v->direction = allocate(v->n, sizeof *v->direction);
    v->gradient = allocate(v->n, sizeof *v->gradient);
    c->weights = allocate(v->n_weights, sizeof *c->weights);
    for (size_t i = 0; i < v->n_arrays; i++) {
        seqecho_view shape;

        v->weight[i] = seqecho_graph_weight_name(graph, i);
        assert_int_equal(seqecho_graph_weight_shape(graph, v->weight[i], &shape), 0);
        v->weight_size[i] = (size_t)shape.dim[0];
        for (int32_t d = 1; d < shape.rank; d++)
            v->weight_size[i] *= (size_t)shape.dim[d];
        assert_int_equal(seqecho_graph_weight_get(graph, v->weight[i], c->weights + at,
                                                  v->weight_size[i]),
                         0);
        at += v->weight_size[i];
    }
    assert_int_equal(at, v->n_weights);
    for (size_t i = 0; i < v->n; i++)
        v->value[i] =
            (double)(i < v->n_weights ? c->weights[i] : c->x_data[i - v->n_weights]);
}

/* Put the variables, moved by `step` along the direction, where they belong. */
static void move_to(check *c, double step)
{
    const variables *const v = &c->v;
    size_t at = 0;

    for (size_t i = 0; i < v->n; i++) {
        const float value = (float)(v->value[i] + step * v->direction[i]);

        if (i < v->n_weights)
            c->weights[i] = value;
        else
            c->x_data[i - v->n_weights] = value;
    }
    for (size_t i = 0; i < v->n_arrays; i++) {
        assert_int_equal(seqecho_graph_weight_set(c->m->graph, v->weight[i],
                                                  c->weights + at, v->weight_size[i]),
                         0);
        at += v->weight_size[i];
    }
}

/* ---- The function ------------------------------------------------------------------- */

static void must(const check *c, int err)
{
    if (err < 0)
        fail_msg("%s: %s: %s", c->o->name, seqecho_error_name(err),
                 seqecho_error_message());
}

/* Come to the state in which the checked batch starts. */
static void prepare(check *c)
{
    seqecho_trainer_reset_states(c->trainer);
    if (!c->o->second)
        return;
    move_to(c, 0.0);
    set_data(c->x, c->m->n_in, c->first_x);
    must(c, seqecho_trainer_forward(c->trainer, c->x, c->out, c->n_out));
    set_data(c->x, c->m->n_in, c->x_data);
}

static bool has_loss(const check *c)
{
    return c->o->loss != SEQECHO_LOSS_NONE || c->o->training != NULL;
}

static double loss_of(check *c)
{
    seqecho_report report = SEQECHO_REPORT_INIT;

    must(c, seqecho_trainer_evaluate(c->trainer, c->x, c->y, NULL, &report));
    return report.loss;
}

static double function(check *c, double step)
{
    double sum = 0.0;

    prepare(c);
    move_to(c, step);
    if (has_loss(c))
        return loss_of(c);
    must(c, seqecho_trainer_forward(c->trainer, c->x, c->out, c->n_out));
    for (size_t i = 0; i < c->n_out; i++)
        sum += (double)c->out[i] * (double)c->y_data[i];
    return sum;
}

static void get_gradient(check *c)
{
    const variables *const v = &c->v;
    size_t at = 0;

    (void)function(c, 0.0); /* leaves the states after the batch: come again */
    prepare(c);
    move_to(c, 0.0);
    if (has_loss(c)) {
        must(c, seqecho_trainer_compute_gradients(c->trainer, c->x, c->y, c->dx, c->n_dx,
                                                  NULL));
    } else {
        must(c, seqecho_trainer_forward(c->trainer, c->x, c->out, c->n_out));
        /* What forward() was given is not looked at again. */
        for (size_t i = 0; i < c->n_dx; i++)
            c->x_data[i] = NAN;
        must(c, seqecho_trainer_backward(c->trainer, c->y, c->dx, c->n_dx));
    }
    for (size_t i = 0; i < v->n_arrays; i++) {
        must(c, seqecho_trainer_gradient_get(c->trainer, v->weight[i], c->weights + at,
                                             v->weight_size[i]));
        at += v->weight_size[i];
    }
    for (size_t i = 0; i < v->n; i++)
        v->gradient[i] =
            (double)(i < v->n_weights ? c->weights[i] : c->dx[i - v->n_weights]);
}

/* Slope along the direction, by differences. */
static double slope(check *c)
{
    double d[3];

    for (int i = 0; i < 3; i++) {
        const double h = STEP / (1 << i);

        d[i] = (function(c, h) - function(c, -h)) / (2.0 * h);
    }
    d[0] = (4.0 * d[1] - d[0]) / 3.0;
    d[1] = (4.0 * d[2] - d[1]) / 3.0;
    return (16.0 * d[1] - d[0]) / 15.0;
}

/* ---- Comparing ---------------------------------------------------------------------- */

/* Compare along the current direction; `rms` and `noise` scale the tolerance. */
static void compare(check *c, const char *what, size_t number, double rms, double noise)
{
    const double got = slope(c);
    double want = 0.0, length = 0.0, allowed;

    for (size_t i = 0; i < c->v.n; i++) {
        want += c->v.gradient[i] * c->v.direction[i];
        length += c->v.direction[i] * c->v.direction[i];
    }
    allowed = TOLERANCE_GRADIENT * rms * sqrt(length) + TOLERANCE_NOISE * noise;
    if (isfinite(got) && isfinite(want) && fabs(got - want) <= allowed)
        return;
    fail_msg("%s: %s %zu: the slope is %.7g, the gradient says %.7g; off by %.2g, "
             "allowed %.2g",
             c->o->name, what, number, got, want, fabs(got - want), allowed);
}

static void compare_range(check *c, const char *what, size_t begin, size_t end,
                          double noise)
{
    variables *const v = &c->v;
    const size_t stride = (end - begin) / COORDINATES_MAX + 1;
    double rms = 0.0;

    if (begin == end)
        return;
    for (size_t i = begin; i < end; i++)
        rms += v->gradient[i] * v->gradient[i];
    rms = sqrt(rms / (double)(end - begin));
    if (!(rms > 1e-4))
        fail_msg("%s: the gradient of the %s vanishes", c->o->name, what);

    for (size_t n = 0; n < DIRECTIONS; n++) {
        memset(v->direction, 0, v->n * sizeof *v->direction);
        for (size_t i = begin; i < end; i++)
            v->direction[i] = (double)gradcheck_random() / sqrt((double)(end - begin));
        compare(c, what, n, rms, noise);
    }
    for (size_t i = begin; i < end; i += stride) {
        memset(v->direction, 0, v->n * sizeof *v->direction);
        v->direction[i] = 1.0;
        compare(c, what, i - begin, rms, noise);
    }
}

/* Values far from 0, where kinks are, in both directions. */
static float away_from_zero(void)
{
    const float r = gradcheck_random();

    return r < 0.0F ? -0.3F + 0.7F * r : 0.3F + 0.7F * r;
}

static void make_data(check *c)
{
    const int64_t samples = c->o->samples > 0 ? c->o->samples : 3;

    c->n_dx = make_views(c->m->in, c->m->n_in, samples, c->x);
    c->n_out = make_views(c->m->out, c->m->n_out, samples, c->y);
    c->x_data = allocate(c->n_dx, sizeof *c->x_data);
    c->first_x = allocate(c->n_dx, sizeof *c->first_x);
    c->dx = allocate(c->n_dx, sizeof *c->dx);
    c->out = allocate(c->n_out, sizeof *c->out);
    c->y_data = allocate(c->n_out, sizeof *c->y_data);
    for (size_t i = 0; i < c->n_dx; i++) {
        c->x_data[i] = c->o->kinks ? away_from_zero() : gradcheck_random();
        c->first_x[i] = gradcheck_random();
    }
    for (size_t i = 0; i < c->n_out; i++) {
        c->y_data[i] = gradcheck_random();
        if (c->o->probabilities)
            c->y_data[i] = 0.5F + 0.5F * c->y_data[i];
        else if (has_loss(c))
            c->y_data[i] = 3.0F * (c->y_data[i] < 0.0F ? -1.0F : 1.0F);
    }
    set_data(c->x, c->m->n_in, c->x_data);
    set_data(c->y, c->m->n_out, c->y_data);
}

void gradcheck_run(gradcheck_model *m, const gradcheck_options *options)
{
    check c = { .m = m, .o = options };
    double noise;

    must(&c, seqecho_trainer_create(
                 &c.trainer, m->graph,
                 options->training != NULL
                     ? options->training
                     : SEQECHO_TRAINER(.loss = options->loss,
                                       .clipped_crossentropy = options->clipped)));
    gradcheck_fill_weights(m->graph, options->kinks);
    make_data(&c);
    find_variables(&c);
    get_gradient(&c);
    noise = 1.0 + fabs(function(&c, 0.0));
    compare_range(&c, "weights", 0, c.v.n_weights, noise);
    compare_range(&c, "inputs", c.v.n_weights, c.v.n, noise);

    free(c.v.value);
    free(c.v.direction);
    free(c.v.gradient);
    free(c.weights);
    free(c.x_data);
    free(c.first_x);
    free(c.y_data);
    free(c.out);
    free(c.dx);
    seqecho_trainer_destroy(c.trainer);
    seqecho_graph_destroy(m->graph);
}
