/* test_inside_wrappers.c - what belongs to layers inside wrappers: dropout, freezing,
 * penalties.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* ---- Dropout ------------------------------------------------------------------------ */

enum { SAMPLES = 12, STEPS = 15, FEATURES = 10, N = SAMPLES * STEPS * FEATURES };

static float ones[N];
static const seqecho_view ones_view = {
    ones, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32
};

static int fill_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        ones[i] = 1.0F;
    return 0;
}

static void drop(const seqecho_spec *spec, uint64_t seed, int32_t threads, float *out,
                 float *predicted)
{
    seqecho_graph *graph;
    seqecho_trainer *trainer;

    must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    seqecho_graph_add(graph, spec);
    must(seqecho_trainer_create(&trainer, graph,
                                SEQECHO_TRAINER(.seed = seed, .threads = threads)));
    must(seqecho_trainer_forward(trainer, &ones_view, out, N));
    if (predicted != NULL)
        must(seqecho_trainer_predict(trainer, &ones_view, predicted, N));
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* Of ones, `rate` become zeros, the others `factor`; nothing is dropped in prediction. */
static void check_drops(const seqecho_spec *spec, double rate, float factor, bool shared)
{
    static float out[N], again[N], other[N], predicted[N];
    size_t zeros = 0;

    drop(spec, 1, 1, out, predicted);
    drop(spec, 1, 3, again, NULL);
    drop(spec, 2, 1, other, NULL);
    assert_same_bits(predicted, ones, N);
    assert_same_bits(again, out, N);
    assert_memory_not_equal(other, out, sizeof out);
    for (size_t i = 0; i < N; i++) {
        assert_true(out[i] == 0.0F || out[i] == factor);
        zeros += out[i] == 0.0F;
    }
    /* Within five deviations, of as many draws as there are. */
    assert_close_double((double)zeros / N, rate, 0,
                        5.0 * sqrt(rate * (1.0 - rate) / (shared ? N / STEPS : N)));
    for (size_t t = 1; t < STEPS; t++) {
        const float *const step = out + t * FEATURES;

        if (shared)
            assert_same_bits(step, out, FEATURES);
        else
            assert_memory_not_equal(step, out, FEATURES * sizeof *step);
    }
    for (size_t s = 1; s < SAMPLES; s++)
        assert_memory_not_equal(out + s * STEPS * FEATURES, out,
                                STEPS * FEATURES * sizeof *out);
}

static void dropout_inside(void **state)
{
    const seqecho_dropout_spec over_time = {
        .head = { sizeof over_time, SEQECHO_KIND_DROPOUT, 0 },
        .rate = 0.5F,
        .noise_shared_over_time = true,
    };
    const seqecho_spec *const half = SEQECHO_DROPOUT(0.5F);

    (void)state;
    check_drops(SEQECHO_TIME_DISTRIBUTED(half), 0.5, 2.0F, false);
    check_drops(SEQECHO_SEQUENTIAL(half), 0.5, 2.0F, false);
    check_drops(SEQECHO_SEQUENTIAL(&over_time.head), 0.5, 2.0F, true);
    /* Two of them draw apart. */
    check_drops(SEQECHO_SEQUENTIAL(half, half), 0.75, 4.0F, false);
    check_drops(SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(half, half)), 0.75, 4.0F,
                false);
    check_drops(SEQECHO_SEQUENTIAL(half, SEQECHO_SEQUENTIAL(half)), 0.75, 4.0F, false);
}

/* Both weights of a Bidirectional the same. */
static void equal_weights(seqecho_graph *graph)
{
    static const char *const names[] = { "kernel", "recurrent_kernel", "bias" };
    float values[FEATURES * 16];

    for (size_t i = 0; i < 3; i++) {
        char from[64], to[64];
        seqecho_view shape;
        size_t n;

        (void)snprintf(from, sizeof from, "bidirectional/forward_%s", names[i]);
        (void)snprintf(to, sizeof to, "bidirectional/backward_%s", names[i]);
        must(seqecho_graph_weight_shape(graph, from, &shape));
        n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        assert_true(n <= sizeof values / sizeof *values);
        must(seqecho_graph_weight_get(graph, from, values, n));
        must(seqecho_graph_weight_set(graph, to, values, n));
    }
}

/* On steps that are all alike both ways give the same, unless each drops for itself. */
static void each_way_draws(void **state)
{
    const float rates[][2] = { { 0.0F, 0.0F }, { 0.5F, 0.0F }, { 0.0F, 0.5F } };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        float y[SAMPLES * 8];
        seqecho_graph *graph;
        seqecho_trainer *trainer;

        must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
        seqecho_graph_add(
            graph, SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 4, .dropout = rates[i][0],
                                                      .recurrent_dropout = rates[i][1])));
        equal_weights(graph);
        must(seqecho_trainer_create(&trainer, graph, NULL));
        must(seqecho_trainer_forward(trainer, &ones_view, y, SAMPLES * 8));
        for (size_t s = 0; s < SAMPLES; s++)
            assert_true((memcmp(y + s * 8, y + s * 8 + 4, 4 * sizeof *y) == 0) == (i == 0));
        must(seqecho_trainer_predict(trainer, &ones_view, y, SAMPLES * 8));
        for (size_t s = 0; s < SAMPLES; s++)
            assert_same_bits(y + s * 8, y + s * 8 + 4, 4);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* A recurrent layer on every row draws for each row. */
static void each_row_draws(void **state)
{
    enum { ROWS = 3, INNER = STEPS / ROWS, OUT = SAMPLES * ROWS * 4 };
    const seqecho_view view = {
        ones, { SAMPLES, ROWS, INNER, FEATURES }, 4, SEQECHO_FLOAT32
    };
    float y[OUT];
    seqecho_graph *graph;
    seqecho_trainer *trainer;

    (void)state;
    must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { ROWS, INNER, FEATURES }));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(SEQECHO_GRU(.units = 4, .dropout = 0.5F)));
    must(seqecho_trainer_create(&trainer, graph, NULL));
    must(seqecho_trainer_forward(trainer, &view, y, OUT));
    for (size_t r = 1; r < SAMPLES * ROWS; r++)
        assert_memory_not_equal(y + r * 4, y, 4 * sizeof *y);
    must(seqecho_trainer_predict(trainer, &view, y, OUT));
    for (size_t r = 1; r < SAMPLES * ROWS; r++)
        assert_same_bits(y + r * 4, y, 4);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Freezing and penalties --------------------------------------------------------- */

enum { BATCH = 3, X = BATCH * 4 * 3, Y = BATCH * 4 * 2 };

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    float x[X], y[Y];
    seqecho_view views[2];
} setup;

static void begin(setup *s, const seqecho_spec *wrapper)
{
    must(seqecho_graph_create(&s->graph, SEQECHO_GRAPH(.seed = 3)));
    seqecho_graph_add(s->graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(s->graph, wrapper);
    seqecho_graph_add(s->graph, SEQECHO_DENSE(.units = 2, .name = "last"));
    must(seqecho_trainer_create(&s->trainer, s->graph,
                                SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)));
    models_fill(s->x, X, 1);
    models_fill(s->y, Y, 2);
    s->views[0] = (seqecho_view){ s->x, { BATCH, 4, 3 }, 3, SEQECHO_FLOAT32 };
    s->views[1] = (seqecho_view){ s->y, { BATCH, 4, 2 }, 3, SEQECHO_FLOAT32 };
}

static void end(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
}

static void train(setup *s)
{
    must(seqecho_trainer_train_on_batch(s->trainer, &s->views[0], &s->views[1], NULL));
}

static void check_frozen(const char *name, const char *inside, const seqecho_spec *wrapper)
{
    seqecho_view kernel;
    float *w[3];
    size_t n, own;
    char text[128];
    setup s;

    begin(&s, wrapper);
    (void)snprintf(text, sizeof text,
                   "layer \"%s\" is not in the graph; the first one is \"input_layer\"",
                   inside);
    assert_refused(seqecho_graph_set_trainable(s.graph, inside, false), SEQECHO_ENOTFOUND,
                   text);
    train(&s);
    w[0] = models_weights(s.graph, &n);
    must(seqecho_graph_set_trainable(s.graph, name, false));
    train(&s);
    w[1] = models_weights(s.graph, &n);
    must(seqecho_graph_set_trainable(s.graph, name, true));
    train(&s);
    w[2] = models_weights(s.graph, &n);
    must(seqecho_graph_weight_shape(s.graph, "last/kernel", &kernel));
    own = n - (size_t)(kernel.dim[0] * 2 + 2); /* those of the wrapper come first */
    assert_same_bits(w[1], w[0], own);
    for (size_t i = 0; i < n; i++)
        assert_true(i < own ? w[2][i] != w[1][i] : w[1][i] != w[0][i]);
    for (int i = 0; i < 3; i++)
        free(w[i]);
    end(&s);
}

static void frozen_whole(void **state)
{
    const seqecho_spec *const lstm = SEQECHO_LSTM(.units = 2, .return_sequences = true);
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2);

    (void)state;
    check_frozen("bidirectional", "forward_lstm", SEQECHO_BIDIRECTIONAL(lstm));
    check_frozen("time_distributed", "dense", SEQECHO_TIME_DISTRIBUTED(dense));
    check_frozen("sequential", "lstm", SEQECHO_SEQUENTIAL(dense, lstm));
}

/* The penalty of an array inside a wrapper, in the loss and at its name alone. */
static void check_penalty(const char *weight, const seqecho_spec *wrapper)
{
    seqecho_report report[2] = { SEQECHO_REPORT_INIT, SEQECHO_REPORT_INIT };
    double sum = 0.0;
    float values[64];
    seqecho_view shape;
    size_t n = 1;
    setup s;

    begin(&s, wrapper);
    for (int i = 0; i < 2; i++) {
        must(seqecho_trainer_evaluate(s.trainer, &s.views[0], &s.views[1], NULL,
                                      &report[i]));
        must(seqecho_graph_set_regularizer(s.graph, weight, 0.5F, 0.25F));
    }
    must(seqecho_graph_weight_shape(s.graph, weight, &shape));
    for (int32_t d = 0; d < shape.rank; d++)
        n *= (size_t)shape.dim[d];
    assert_true(n <= 64);
    must(seqecho_graph_weight_get(s.graph, weight, values, n));
    for (size_t i = 0; i < n; i++)
        sum += 0.5 * fabs((double)values[i]) + 0.25 * (double)values[i] * (double)values[i];
    assert_true(sum > 0.1);
    assert_close_double(report[1].loss - report[0].loss, sum, 1e-6, 1e-7);
    end(&s);
}

static void penalties(void **state)
{
    const seqecho_spec *const lstm = SEQECHO_LSTM(.units = 2, .return_sequences = true);
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2);

    (void)state;
    check_penalty("bidirectional/forward_kernel", SEQECHO_BIDIRECTIONAL(lstm));
    check_penalty("bidirectional/backward_bias", SEQECHO_BIDIRECTIONAL(lstm));
    check_penalty("time_distributed/kernel", SEQECHO_TIME_DISTRIBUTED(dense));
    check_penalty("sequential/lstm_kernel", SEQECHO_SEQUENTIAL(dense, lstm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_inside), cmocka_unit_test(each_way_draws),
        cmocka_unit_test(each_row_draws), cmocka_unit_test(frozen_whole),
        cmocka_unit_test(penalties),
    };

    return cmocka_run_group_tests(tests, fill_ones, NULL);
}
