/* test_frozen.c - layers that are not trained, weights copied between graphs, and what the
 * calls refuse.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

#define SAMPLES 3

static seqecho_trainer *trainer_of(seqecho_graph *graph, seqecho_trainer_options options)
{
    seqecho_trainer *trainer;

    options.struct_size = sizeof options;
    options.loss = SEQECHO_MEAN_SQUARED_ERROR;
    options.learning_rate = 0.01F;
    if (seqecho_trainer_create(&trainer, graph, &options) < 0)
        fail_msg("%s", seqecho_error_message());
    return trainer;
}

/* Some steps of models_small(). */
static void train(seqecho_trainer *trainer, int steps)
{
    float x[SAMPLES * 12], y[SAMPLES * 2];
    const seqecho_view vx = { x, { SAMPLES, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view vy = { y, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };

    models_fill(x, SAMPLES * 12, 1);
    models_fill(y, SAMPLES * 2, 2);
    for (int i = 0; i < steps; i++)
        if (seqecho_trainer_train_on_batch(trainer, &vx, &vy, NULL) < 0)
            fail_msg("%s", seqecho_error_message());
}

/* ---- Frozen layers ------------------------------------------------------------------ */

#define LSTM_WEIGHTS 180 /* of models_small(), before those of its dense layer */
#define WEIGHTS 192

static const seqecho_trainer_options optimizers[] = {
    { .optimizer = SEQECHO_ADAM },
    { .optimizer = SEQECHO_ADAM, .amsgrad = true, .clipnorm = 0.01F },
    { .optimizer = SEQECHO_SGD, .clipvalue = 0.01F },
    { .optimizer = SEQECHO_SGD, .momentum = 0.9F, .nesterov = true },
    { .optimizer = SEQECHO_RMSPROP, .global_clipnorm = 0.01F },
    { .optimizer = SEQECHO_RMSPROP, .centered = true, .momentum = 0.5F },
    { .optimizer = SEQECHO_ADAMW, .weight_decay = 0.5F },
    { .optimizer = SEQECHO_ADAMW, .weight_decay = 0.5F, .clipvalue = 0.01F },
    { .optimizer = SEQECHO_NADAM },
};

/* Every element of [0, n) moved. */
static void assert_moved(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] == b[i])
            fail_msg("weight %zu did not move", i);
}

static void check_frozen(const seqecho_trainer_options *options)
{
    seqecho_graph *const graph = models_small();
    seqecho_trainer *const trainer = trainer_of(graph, *options);
    float *w[4];
    size_t n;

    assert_int_equal(seqecho_graph_set_regularizer(graph, "lstm/kernel", 0.1F, 0.1F), 0);
    train(trainer, 2); /* there are velocities now */
    w[0] = models_weights(graph, &n);
    assert_int_equal(n, WEIGHTS);
    assert_int_equal(seqecho_graph_set_trainable(graph, "lstm", false), 0);
    train(trainer, 3);
    w[1] = models_weights(graph, &n);
    assert_int_equal(seqecho_graph_set_trainable(graph, "dense", false), 0);
    train(trainer, 3);
    w[2] = models_weights(graph, &n);
    assert_int_equal(seqecho_graph_set_trainable(graph, "lstm", true), 0);
    train(trainer, 3);
    w[3] = models_weights(graph, &n);

    assert_same_bits(w[1], w[0], LSTM_WEIGHTS);
    assert_moved(w[1] + LSTM_WEIGHTS, w[0] + LSTM_WEIGHTS, WEIGHTS - LSTM_WEIGHTS);
    assert_same_bits(w[2], w[1], WEIGHTS);
    assert_moved(w[3], w[2], LSTM_WEIGHTS);
    assert_same_bits(w[3] + LSTM_WEIGHTS, w[2] + LSTM_WEIGHTS, WEIGHTS - LSTM_WEIGHTS);
    for (int i = 0; i < 4; i++)
        free(w[i]);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void frozen_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        check_frozen(&optimizers[i]);
}

/* Freezing a layer that comes later changes nothing for the first step of those before. */
static void others_train_as_ever(void **state)
{
    float *w[2];
    size_t n;

    (void)state;
    for (int frozen = 0; frozen < 2; frozen++) {
        seqecho_graph *const graph = models_small();
        seqecho_trainer *const trainer =
            trainer_of(graph, (seqecho_trainer_options){ .optimizer = SEQECHO_ADAM });

        assert_int_equal(seqecho_graph_set_trainable(graph, "dense", frozen == 0), 0);
        train(trainer, 1);
        w[frozen] = models_weights(graph, &n);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
    assert_same_bits(w[1], w[0], LSTM_WEIGHTS);
    assert_moved(w[1] + LSTM_WEIGHTS, w[0] + LSTM_WEIGHTS, 10);
    free(w[0]);
    free(w[1]);
}

/* The penalty of a frozen layer is a constant, and left out as Keras does. */
static void no_penalty(void **state)
{
    seqecho_graph *const graph = models_small();
    seqecho_trainer *const trainer = trainer_of(graph, (seqecho_trainer_options){ 0 });
    float x[SAMPLES * 12], y[SAMPLES * 2];
    const seqecho_view vx = { x, { SAMPLES, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view vy = { y, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };
    double loss[3];

    (void)state;
    models_fill(x, SAMPLES * 12, 1);
    models_fill(y, SAMPLES * 2, 2);
    for (int i = 0; i < 3; i++) {
        seqecho_report report = SEQECHO_REPORT_INIT;

        if (i == 1)
            assert_int_equal(seqecho_graph_set_regularizer(graph, "lstm/kernel", 1, 0), 0);
        if (i == 2)
            assert_int_equal(seqecho_graph_set_trainable(graph, "lstm", false), 0);
        assert_int_equal(seqecho_trainer_evaluate(trainer, &vx, &vy, NULL, &report), 0);
        loss[i] = report.loss;
    }
    assert_true(loss[1] > loss[0] + 1.0);
    assert_close_double(loss[2], loss[0], 0, 0);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Copying weights ---------------------------------------------------------------- */

/* A graph of two dense layers, called by these names. */
static seqecho_graph *two_dense(const char *first, const char *second, int64_t units,
                                uint64_t seed)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = seed)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = units, .name = first));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2, .name = second));
    assert_int_equal(seqecho_graph_status(graph), 0);
    return graph;
}

static void copies(void **state)
{
    seqecho_graph *const from = two_dense("a", "b", 4, 1);
    seqecho_graph *const to = two_dense("a", "b", 4, 2);
    size_t n = 99;

    (void)state;
    assert_int_equal(seqecho_graph_weights_copy(to, from, &n), 0);
    assert_int_equal(n, 4);
    models_assert_same(to, from);
    assert_int_equal(seqecho_graph_weights_copy(to, from, NULL), 0);
    assert_int_equal(seqecho_graph_weights_copy(to, to, &n), 0);
    assert_int_equal(n, 4);
    models_assert_same(to, from);
    seqecho_graph_destroy(from);
    seqecho_graph_destroy(to);
}

/* Other names and other shapes are passed over. */
static void copies_what_fits(void **state)
{
    seqecho_graph *const from = two_dense("a", "b", 4, 1);
    seqecho_graph *const to = two_dense("b", "c", 2, 2);
    seqecho_graph *const wide = two_dense("a", "b", 5, 3);
    float before[6], after[6], bias[2] = { 3, 4 };
    size_t n = 99;

    (void)state;
    /* "b" is (4, 2) there and (3, 2) here, but their biases are alike. */
    assert_int_equal(seqecho_graph_weight_set(from, "b/bias", bias, 2), 0);
    assert_int_equal(seqecho_graph_weight_get(to, "b/kernel", before, 6), 0);
    assert_int_equal(seqecho_graph_weights_copy(to, from, &n), 0);
    assert_int_equal(n, 1);
    assert_int_equal(seqecho_graph_weight_get(to, "b/kernel", after, 6), 0);
    assert_same_bits(after, before, 6);
    assert_int_equal(seqecho_graph_weight_get(to, "b/bias", after, 2), 0);
    assert_same_bits(after, bias, 2);
    assert_int_equal(seqecho_graph_weights_copy(wide, from, &n), 0);
    assert_int_equal(n, 1);
    seqecho_graph_destroy(from);
    seqecho_graph_destroy(to);
    seqecho_graph_destroy(wide);
}

static void copy_refused(void **state)
{
    seqecho_graph *const good = models_small(), *bad;
    float kernel[10], after[10];
    size_t n = 99;

    (void)state;
    assert_int_equal(seqecho_graph_create(&bad, NULL), 0);
    seqecho_graph_add(bad, SEQECHO_DENSE(.units = -1));
    assert_int_equal(seqecho_graph_weight_get(good, "dense/kernel", kernel, 10), 0);
    assert_refused(seqecho_graph_weights_copy(NULL, good, &n), SEQECHO_EINVAL,
                   "weights_copy: to is NULL");
    assert_refused(seqecho_graph_weights_copy(good, NULL, &n), SEQECHO_EINVAL,
                   "weights_copy: from is NULL");
    assert_int_equal(seqecho_graph_weights_copy(good, bad, &n), seqecho_graph_status(bad));
    assert_int_equal(seqecho_graph_weights_copy(bad, good, &n), seqecho_graph_status(bad));
    assert_true(seqecho_graph_status(bad) < 0);
    assert_int_equal(n, 99);
    assert_int_equal(seqecho_graph_weight_get(good, "dense/kernel", after, 10), 0);
    assert_same_bits(after, kernel, 10);
    seqecho_graph_destroy(bad);
    seqecho_graph_destroy(good);
}

/* ---- Refusals ----------------------------------------------------------------------- */

static void refused(void **state)
{
    seqecho_graph *const graph = models_small();
    seqecho_graph *empty;
    float values[60];

    (void)state;
    assert_int_equal(seqecho_graph_create(&empty, NULL), 0);
    assert_refused(seqecho_graph_set_trainable(NULL, "lstm", true), SEQECHO_EINVAL,
                   "graph is NULL");
    assert_refused(seqecho_graph_set_trainable(graph, "gru", true), SEQECHO_ENOTFOUND,
                   "layer \"gru\" is not in the graph; the first one is \"input_layer\"");
    assert_refused(
        seqecho_graph_set_trainable(graph, NULL, true), SEQECHO_ENOTFOUND,
        "layer \"(NULL)\" is not in the graph; the first one is \"input_layer\"");
    assert_refused(seqecho_graph_set_trainable(empty, "gru", true), SEQECHO_ENOTFOUND,
                   "layer \"gru\" is not in the graph");
    assert_refused(seqecho_graph_set_regularizer(NULL, "lstm/kernel", 0, 0), SEQECHO_EINVAL,
                   "graph is NULL");
    assert_refused(seqecho_graph_set_regularizer(graph, "lstm", 0, 0), SEQECHO_ENOTFOUND,
                   "weight \"lstm\" is not in the graph; the first one is \"lstm/kernel\"");
    assert_refused(seqecho_graph_set_regularizer(graph, "lstm/kernel", -1, 0),
                   SEQECHO_EINVAL, "lstm/kernel: l1 is -1 and l2 is 0, expected 0 or more");
    assert_refused(seqecho_graph_set_regularizer(graph, "lstm/kernel", 0, INFINITY),
                   SEQECHO_EINVAL,
                   "lstm/kernel: l1 is 0 and l2 is inf, expected 0 or more");
    assert_refused(seqecho_graph_set_regularizer(graph, "lstm/kernel", NAN, 0),
                   SEQECHO_EINVAL,
                   "lstm/kernel: l1 is nan and l2 is 0, expected 0 or more");
    /* None of this ends the building, nor do the calls that succeed. */
    assert_int_equal(seqecho_graph_set_trainable(graph, "dense", false), 0);
    assert_int_equal(seqecho_graph_set_regularizer(graph, "lstm/kernel", 0, 1), 0);
    assert_non_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2)));
    assert_int_equal(seqecho_graph_weight_get(graph, "lstm/kernel", values, 60), 0);
    seqecho_graph_destroy(empty);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frozen_stays),     cmocka_unit_test(others_train_as_ever),
        cmocka_unit_test(no_penalty),       cmocka_unit_test(copies),
        cmocka_unit_test(copies_what_fits), cmocka_unit_test(copy_refused),
        cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
