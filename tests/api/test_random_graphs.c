/* test_random_graphs.c - graphs of random layers: whatever is built, its numbers do not
 * depend on how it is run, and its gradients are slopes.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models.h"
#include "random_graph.h"

/* The first seed, and how many. */
#ifndef GRAPHS
#define FIRST 0
#define GRAPHS 600
#endif

static void must(int err, uint64_t seed)
{
    if (err < 0)
        fail_msg("graph %llu: %s: %s", (unsigned long long)seed, seqecho_error_name(err),
                 seqecho_error_message());
}

static void same_bits(const void *a, const void *b, size_t floats, const char *what,
                      uint64_t seed)
{
    const float *const x = a, *const y = b;

    for (size_t i = 0; i < floats; i++)
        if (memcmp(&x[i], &y[i], sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i])))
            fail_msg("graph %llu, %s: number %zu of %zu is %.9g and %.9g",
                     (unsigned long long)seed, what, i, floats, (double)x[i], (double)y[i]);
}

static random_graph *make(uint64_t seed)
{
    const random_style style = seed % 12 == 11 ? RANDOM_LARGE
                               : seed % 3 == 1 ? RANDOM_STEPS
                                               : RANDOM_ANY;
    random_graph *const g = random_graph_make(seed, style);

    must(seqecho_graph_status(g->graph), seed);
    return g;
}

static seqecho_trainer *trainer_of(const random_graph *g, int32_t threads, uint64_t seed)
{
    seqecho_trainer *trainer = NULL;

    must(seqecho_trainer_create(&trainer, g->graph,
                                SEQECHO_TRAINER(.threads = threads, .losses = g->loss,
                                                .optimizer = SEQECHO_SGD, .seed = seed,
                                                .global_clipnorm = 1.0f)),
         seed);
    return trainer;
}

static seqecho_predictor *predictor_of(const random_graph *g, int64_t batch,
                                       int32_t threads, uint64_t seed)
{
    seqecho_predictor *predictor = NULL;

    must(seqecho_predictor_create(&predictor, g->graph,
                                  SEQECHO_PREDICTOR(.batch = batch, .threads = threads)),
         seed);
    return predictor;
}

/* Numbers for each output, one-hot where that is what the loss asks for. */
static float *targets(const random_graph *g, int64_t count, seqecho_view y[RANDOM_ENDS])
{
    float *const values = calloc((size_t)count * random_graph_out(g), sizeof *values);
    float *at = values;

    for (size_t i = 0; i < g->n_outputs; i++) {
        const int64_t n = g->output[i].dim[g->output[i].rank - 1];
        int64_t size = count;

        y[i] = g->output[i];
        y[i].dim[0] = count;
        y[i].data = at;
        for (int32_t d = 1; d < y[i].rank; d++)
            size *= y[i].dim[d];
        models_fill(at, (size_t)size, (uint32_t)(i + 1));
        for (int64_t r = 0; g->loss[i] == SEQECHO_CATEGORICAL_CROSSENTROPY && r < size; r++)
            at[r] = r % n == r / n % n ? 1.0f : 0.0f;
        at += size;
    }
    return values;
}

/* False if numbers grew beyond all bounds, as they may. */
static bool train(const random_graph *g, seqecho_trainer *trainer, int64_t first,
                  int64_t count, bool classes, uint64_t seed)
{
    int err;

    seqecho_view x[2 * RANDOM_ENDS], y[RANDOM_ENDS];
    float *const values = targets(g, count, y);

    random_graph_views(g, first, count, classes, x);
    err = seqecho_trainer_train_on_batch(trainer, x, y, NULL);
    free(values);
    if (err != SEQECHO_ENUMERIC)
        must(err, seed);
    return err == SEQECHO_OK;
}

static float *predict(const random_graph *g, seqecho_trainer *trainer, bool classes,
                      uint64_t seed)
{
    const size_t n = RANDOM_SAMPLES * random_graph_out(g);
    float *const out = calloc(n, sizeof *out);
    seqecho_view x[2 * RANDOM_ENDS];

    random_graph_views(g, 0, RANDOM_SAMPLES, classes, x);
    seqecho_trainer_reset_states(trainer);
    must(seqecho_trainer_predict(trainer, x, out, n), seed);
    return out;
}

static size_t weight_size(const random_graph *g, const char *name, uint64_t seed)
{
    seqecho_view shape;
    size_t n = 1;

    must(seqecho_graph_weight_shape(g->graph, name, &shape), seed);
    for (int32_t d = 0; d < shape.rank; d++)
        n *= (size_t)shape.dim[d];
    return n;
}

/* All weights one after the other. */
static float *weights_of(const random_graph *g, size_t *n, uint64_t seed)
{
    float *values;
    size_t at = 0;

    *n = (size_t)seqecho_graph_parameter_count(g->graph);
    values = calloc(*n + 1, sizeof *values);
    for (size_t i = 0; i < seqecho_graph_weight_count(g->graph); i++) {
        const char *const name = seqecho_graph_weight_name(g->graph, i);
        const size_t size = weight_size(g, name, seed);

        must(seqecho_graph_weight_get(g->graph, name, values + at, size), seed);
        at += size;
    }
    return values;
}

/* Class numbers on one thread, the rows they stand for on three. */
static void train_twice(const random_graph *a, const random_graph *b, uint64_t seed)
{
    seqecho_trainer *const one = trainer_of(a, 1, seed), *const three =
                                                             trainer_of(b, 3, seed);
    const int64_t counts[] = { 7, 2, 19 };
    size_t n, m;
    float *x, *y;

    for (int i = 0; i < 3; i++) {
        const int64_t count = a->batch > 0 ? a->batch : counts[i];

        const bool fine = train(a, one, i, count, true, seed);

        if (!b->stateful) /* what else is run leaves no trace */
            free(predict(b, three, i % 2 == 0, seed));
        assert_int_equal(train(b, three, i, count, false, seed), fine);
    }
    x = weights_of(a, &n, seed);
    y = weights_of(b, &m, seed);
    assert_int_equal(n, m);
    same_bits(x, y, n, "weights on one thread and on three", seed);
    free(x);
    free(y);
    x = predict(a, one, true, seed);
    y = predict(b, three, false, seed);
    same_bits(x, y, RANDOM_SAMPLES * random_graph_out(a), "predictions likewise", seed);
    free(x);
    free(y);
    seqecho_trainer_destroy(one);
    seqecho_trainer_destroy(three);
}

static float *run(const random_graph *g, seqecho_predictor *p, int64_t first, int64_t count,
                  bool classes, uint64_t seed)
{
    const size_t n = (size_t)count * random_graph_out(g);
    float *const out = calloc(n, sizeof *out);
    seqecho_view x[2 * RANDOM_ENDS];

    random_graph_views(g, first, count, classes, x);
    must(seqecho_predictor_run(p, x, out, n), seed);
    return out;
}

/* Outputs of samples one by one against those of all at once. */
static void split(const random_graph *g, seqecho_predictor *p, const float *all,
                  uint64_t seed)
{
    for (int64_t s = 0; s < RANDOM_SAMPLES; s += 5) {
        float *const one = run(g, p, s, 1, false, seed);
        const float *from = one, *in = all;

        for (size_t i = 0; i < g->n_outputs; i++) {
            size_t size = 1;

            for (int32_t d = 1; d < g->output[i].rank; d++)
                size *= (size_t)g->output[i].dim[d];
            same_bits(from, in + (size_t)s * size, size, "a sample alone", seed);
            from += size;
            in += RANDOM_SAMPLES * size;
        }
        free(one);
    }
}

/* Time step by time step against whole sequences, where the graph can be run so: `batch`
 * samples from a fresh state. */
static void step(const random_graph *g, seqecho_predictor *p, int64_t batch,
                 const float *all, uint64_t seed)
{
    const random_input *const in = &g->input[0];
    const int64_t steps = in->shape.dim[1], n = in->shape.dim[2];
    const seqecho_view *const out = &g->output[0];
    const size_t size = random_graph_out(g);
    float *const x = calloc((size_t)(batch * n), sizeof *x);
    int32_t *const classes = calloc((size_t)batch, sizeof *classes);
    float *const y = calloc((size_t)batch * size, sizeof *y);
    const size_t m = (size_t)out->dim[out->rank - 1];

    seqecho_predictor_reset_states(p);
    for (int64_t t = 0; t < steps; t++) {
        int err;

        for (int64_t b = 0; b < batch; b++) {
            memcpy(x + b * n, in->rows + (b * steps + t) * n, (size_t)n * sizeof *x);
            classes[b] = in->classes != NULL ? in->classes[b * steps + t] : 0;
        }
        err = in->classes != NULL && t % 2 == 0
                  ? seqecho_predictor_step_classes(p, classes, y)
                  : seqecho_predictor_step(p, x, y);
        if (err == SEQECHO_ENOTSUP)
            break;
        must(err, seed);
        for (int64_t b = 0; b < batch; b++)
            if (out->rank == 3)
                same_bits(y + (size_t)b * m, all + ((size_t)(b * steps + t)) * m, m,
                          "a step", seed);
            else if (t == steps - 1)
                same_bits(y + (size_t)b * m, all + (size_t)b * m, m, "the last step", seed);
    }
    free(x);
    free(y);
    free(classes);
}

static void predict_all_ways(const random_graph *g, uint64_t seed)
{
    seqecho_trainer *const trainer = trainer_of(g, 1, seed);
    const int64_t batch = g->stateful ? g->batch : 1 + (int64_t)(seed % 4);
    seqecho_predictor *const p = predictor_of(g, batch, 1 + (int32_t)(seed % 3), seed);
    const size_t n = RANDOM_SAMPLES * random_graph_out(g);
    float *const a = predict(g, trainer, true, seed);
    float *const b = run(g, p, 0, RANDOM_SAMPLES, false, seed);
    float *c;

    same_bits(a, b, n, "trainer and predictor", seed);
    seqecho_predictor_reset_states(p);
    c = run(g, p, 0, RANDOM_SAMPLES, true, seed);
    same_bits(c, b, n, "class numbers and rows", seed);
    if (!g->stateful)
        split(g, p, b, seed);
    if (g->n_inputs == 1 && g->n_outputs == 1 && g->input[0].shape.rank == 3 &&
        !g->input[0].lengths)
        step(g, p, batch, b, seed);
    free(a);
    free(b);
    free(c);
    seqecho_predictor_destroy(p);
    seqecho_trainer_destroy(trainer);
}

static void test_bits(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST; seed < FIRST + GRAPHS; seed++) {
        random_graph *const a = make(seed), *const b = make(seed);

        train_twice(a, b, seed);
        predict_all_ways(a, seed);
        random_graph_free(a);
        random_graph_free(b);
    }
}

/* ---- Slopes -------------------------------------------------------------------------- */

typedef struct slopes {
    random_graph *g;
    seqecho_trainer *trainer;
    seqecho_view x[2 * RANDOM_ENDS], dy[RANDOM_ENDS];
    size_t n_out, n_dx;
    float *out, *d, *dx;
    uint64_t seed;
} slopes;

/* sum(output dy), by a new trainer, so that dropout is the same each time */
static double value_of(slopes *s)
{
    double sum = 0.0;

    seqecho_trainer_destroy(s->trainer);
    s->trainer = trainer_of(s->g, 1, s->seed);
    must(seqecho_trainer_forward(s->trainer, s->x, s->out, s->n_out), s->seed);
    for (size_t i = 0; i < s->n_out; i++)
        sum += (double)s->out[i] * (double)s->d[i];
    return sum;
}

static void set(slopes *s, const char *weight, float *values, const float *to, size_t n)
{
    if (weight != NULL)
        must(seqecho_graph_weight_set(s->g->graph, weight, to, n), s->seed);
    else
        memcpy(values, to, n * sizeof *to);
}

/* The slope along a direction, over this distance to both sides. */
static double slope(slopes *s, const char *weight, float *values, const float *along,
                    size_t n, double distance)
{
    float *const old = malloc(n * sizeof *old), *const now = malloc(n * sizeof *now);
    double value[2];

    memcpy(old, values, n * sizeof *old);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++)
            now[i] = old[i] + (float)(side == 0 ? distance : -distance) * along[i];
        set(s, weight, values, now, n);
        value[side] = value_of(s);
    }
    set(s, weight, values, old, n);
    free(old);
    free(now);
    return (value[0] - value[1]) / (2.0 * distance);
}

/* Along a random direction.  Activations have corners and floats are coarse, so one of
 * several distances must do. */
static bool slope_fits(slopes *s, const char *weight, float *values, const float *gradient,
                       size_t n)
{
    static const double distance[] = { 4e-3, 1e-3, 2e-2, 2e-4 };
    float *const along = malloc(n * sizeof *along);
    double want = 0.0, norm = 0.0;
    bool fits = false;

    for (size_t i = 0; i < n; i++) {
        const float sign = random_chance(s->g, 2) ? 1.0f : -1.0f;

        along[i] =
            weight == NULL && values[i] == 0.0f ? 0.0f : sign; /* zeros may be masked */
        want += (double)along[i] * (double)gradient[i];
        norm += (double)gradient[i] * (double)gradient[i];
    }
    for (size_t j = 0; j < sizeof distance / sizeof *distance && !fits; j++) {
        const double found = slope(s, weight, values, along, n, distance[j]);

        fits = fabs(found - want) <= 0.02 * (sqrt(norm) + fabs(want)) + 0.01;
    }
    free(along);
    return fits;
}

/* A corner may lie across one direction, but not across any. */
static void check_slope(slopes *s, const char *weight, float *values, const float *gradient,
                        size_t n)
{
    for (int i = 0; i < 3; i++)
        if (slope_fits(s, weight, values, gradient, n))
            return;
    fail_msg("graph %llu, %s: the gradient is no slope", (unsigned long long)s->seed,
             weight != NULL ? weight : "x");
}

static void check_weights(slopes *s)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(s->g->graph); i++) {
        const char *const name = seqecho_graph_weight_name(s->g->graph, i);
        const size_t n = weight_size(s->g, name, s->seed);
        float *const values = malloc(n * sizeof *values);
        float *const gradient = malloc(n * sizeof *gradient);

        must(seqecho_graph_weight_get(s->g->graph, name, values, n), s->seed);
        value_of(s);
        must(seqecho_trainer_backward(s->trainer, s->dy, NULL, 0), s->seed);
        must(seqecho_trainer_gradient_get(s->trainer, name, gradient, n), s->seed);
        check_slope(s, name, values, gradient, n);
        free(values);
        free(gradient);
    }
}

/* Random weights, for biases of zeros hide much. */
static void fill_weights(const random_graph *g, uint64_t seed)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(g->graph); i++) {
        const char *const name = seqecho_graph_weight_name(g->graph, i);
        const size_t n = weight_size(g, name, seed);
        float *const values = malloc(n * sizeof *values);

        models_fill(values, n, (uint32_t)(seed + i));
        for (size_t j = 0; j < n; j++)
            values[j] *= 0.5f;
        must(seqecho_graph_weight_set(g->graph, name, values, n), seed);
        free(values);
    }
}

static void check_slopes(random_graph *g, uint64_t seed)
{
    const int64_t count = g->batch > 0 ? g->batch : 3;
    slopes s = { .g = g, .seed = seed };
    size_t at = 0;

    fill_weights(g, seed);
    random_graph_views(g, 0, count, false, s.x);
    s.d = targets(g, count, s.dy);
    models_fill(s.d, (size_t)count * random_graph_out(g), (uint32_t)seed);
    s.n_out = (size_t)count * random_graph_out(g);
    s.out = calloc(s.n_out, sizeof *s.out);
    for (size_t i = 0, v = 0; i < g->n_inputs; i++, v += 1 + g->input[i - 1].lengths) {
        size_t size = (size_t)count;

        for (int32_t d = 1; d < s.x[v].rank; d++)
            size *= (size_t)s.x[v].dim[d];
        s.n_dx += size;
    }
    check_weights(&s);
    s.dx = calloc(s.n_dx, sizeof *s.dx);
    value_of(&s);
    must(seqecho_trainer_backward(s.trainer, s.dy, s.dx, s.n_dx), seed);
    for (size_t i = 0, v = 0; i < g->n_inputs; i++, v += 1 + g->input[i - 1].lengths) {
        size_t size = (size_t)count;

        for (int32_t d = 1; d < s.x[v].rank; d++)
            size *= (size_t)s.x[v].dim[d];
        if (g->input[i].classes == NULL) /* one-hot rows may stand for missing steps */
            check_slope(&s, NULL, g->input[i].rows, s.dx + at, size);
        at += size;
    }
    free(s.dx);
    free(s.d);
    free(s.out);
    seqecho_trainer_destroy(s.trainer);
}

static void test_slopes(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST; seed < FIRST + GRAPHS; seed++) {
        random_graph *const g = make(seed);

        if (seed % 12 != 11)
            check_slopes(g, seed);
        random_graph_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_slopes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
