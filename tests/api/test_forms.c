/* test_forms.c - the same samples in other forms: alone, as class numbers, longer than
 * their lengths, time step by time step.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "models.h"
#include "one_layer.h"

/* A sample with two axes of steps is laid out anew even where it is the only one. */
static void test_one_sample_of_two_axes(void **state)
{
    enum { A = 2, B = 3, F = 2 };
    const float x[A][B][F] = { { { 1, 2 }, { 3, 4 }, { 5, 6 } },
                               { { 7, 8 }, { 9, 10 }, { 11, 12 } } };
    const seqecho_view view = { x, { 1, A, B, F }, 4, SEQECHO_FLOAT32 };
    seqecho_predictor *predictor;
    seqecho_graph *graph;
    float y[B][A][F];

    (void)state;
    one_layer_must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { A, B, F }));
    seqecho_graph_add(graph, SEQECHO_PERMUTE(2, 1, 3));
    one_layer_must(seqecho_predictor_create(&predictor, graph, NULL));
    one_layer_must(seqecho_predictor_run(predictor, &view, &y[0][0][0], A * B * F));
    for (int a = 0; a < A; a++)
        for (int b = 0; b < B; b++)
            for (int i = 0; i < F; i++)
                assert_true(y[b][a][i] == x[a][b][i]);
    seqecho_predictor_destroy(predictor);
    seqecho_graph_destroy(graph);
}

/* ---- Class numbers ------------------------------------------------------------------- */

enum { SAMPLES = 4, STEPS = 3, CLASSES = 5 };

/* A layer trained on class numbers, or on the rows they stand for. */
static seqecho_graph *trained(const seqecho_spec *spec, bool classes)
{
    static const int32_t number[SAMPLES][STEPS] = {
        { 0, 4, 1 }, { 2, 2, 3 }, { 1, 0, 0 }, { 4, 3, 2 }
    };
    float row[SAMPLES][STEPS][CLASSES] = { 0 }, y[SAMPLES][6];
    const seqecho_view numbers = { number, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    const seqecho_view rows = { row, { SAMPLES, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 };
    const seqecho_view target = { y, { SAMPLES, 6 }, 2, SEQECHO_FLOAT32 };
    seqecho_trainer *trainer;
    seqecho_graph *graph;

    models_fill(&y[0][0], SAMPLES * 6, 3);
    for (int s = 0; s < SAMPLES; s++)
        for (int t = 0; t < STEPS; t++)
            row[s][t][number[s][t]] = 1.0f;
    one_layer_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, CLASSES }));
    seqecho_graph_add(graph, spec);
    one_layer_must(seqecho_trainer_create(
        &trainer, graph,
        SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .threads = 1)));
    for (int i = 0; i < 3; i++)
        one_layer_must(seqecho_trainer_train_on_batch(trainer, classes ? &numbers : &rows,
                                                      &target, NULL));
    seqecho_trainer_destroy(trainer);
    return graph;
}

/* Dropout takes from the rows, whatever they were given as. */
static void test_classes_and_dropout(void **state)
{
    const seqecho_spec *const spec[] = {
        SEQECHO_LSTM(.units = 6, .dropout = 0.5f),
        SEQECHO_GRU(.units = 6, .dropout = 0.5f),
        SEQECHO_GRU(.units = 6, .dropout = 0.5f, .implementation = 1),
        SEQECHO_SIMPLE_RNN(.units = 6, .dropout = 0.5f),
    };

    (void)state;
    for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
        seqecho_graph *const a = trained(spec[i], true), *const b = trained(spec[i], false);

        models_assert_same(a, b);
        seqecho_graph_destroy(a);
        seqecho_graph_destroy(b);
    }
}

/* ---- Lengths ------------------------------------------------------------------------- */

/* What lies beyond is not looked at, so nothing changes with it. */
static void test_gradient_beyond_lengths(void **state)
{
    static const int32_t lengths[] = { 2, 0, 3 };
    one_layer l =
        one_layer_open(SEQECHO_DENSE(.units = 2),
                       (one_layer_options){ .dim = { 3, 4 }, .lengths = lengths });

    (void)state;
    one_layer_run(&l);
    for (int s = 0; s < 3; s++)
        for (int t = 0; t < 3; t++)
            for (int i = 0; i < 4; i++)
                assert_true((l.dx[(s * 3 + t) * 4 + i] != 0.0f) == (t < lengths[s]));
    one_layer_close(&l);
}

/* ---- Step by step -------------------------------------------------------------------- */

/* At a missing step comes the last output again, as in a run over the whole. */
static void test_missing_steps(void **state)
{
    const seqecho_spec *const spec[] = {
        SEQECHO_LSTM(.units = 3, .return_sequences = true),
        SEQECHO_GRU(.units = 3, .return_sequences = true),
        SEQECHO_SIMPLE_RNN(.units = 3, .return_sequences = true),
        SEQECHO_SEQUENTIAL(SEQECHO_LSTM(.units = 3, .return_sequences = true)),
        SEQECHO_SEQUENTIAL(SEQECHO_GRU(.units = 3, .return_sequences = true)),
    };
    const float x[2][6][2] = { { { 0 }, { 1, 2 }, { 0 }, { 3, 4 }, { 0 }, { 0 } },
                               { { 1, 1 }, { 0 }, { 0 }, { 2, 1 }, { 1, 0 }, { 0 } } };
    const seqecho_view view = { x, { 2, 6, 2 }, 3, SEQECHO_FLOAT32 };

    (void)state;
    for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
        seqecho_predictor *predictor;
        seqecho_graph *graph;
        float y[2][6][3];

        one_layer_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 4)));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 6, 2 }));
        seqecho_graph_add(graph, SEQECHO_MASKING(0.0f));
        seqecho_graph_add(graph, spec[i]);
        one_layer_must(
            seqecho_predictor_create(&predictor, graph, SEQECHO_PREDICTOR(.batch = 2)));
        one_layer_must(seqecho_predictor_run(predictor, &view, &y[0][0][0], 2 * 6 * 3));
        for (int t = 0; t < 6; t++) {
            const float x_t[2][2] = { { x[0][t][0], x[0][t][1] },
                                      { x[1][t][0], x[1][t][1] } };
            float y_t[2][3];

            one_layer_must(seqecho_predictor_step(predictor, &x_t[0][0], &y_t[0][0]));
            for (int b = 0; b < 2; b++)
                assert_memory_equal(y_t[b], y[b][t], sizeof y_t[b]);
        }
        seqecho_predictor_destroy(predictor);
        seqecho_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_sample_of_two_axes),
        cmocka_unit_test(test_classes_and_dropout),
        cmocka_unit_test(test_gradient_beyond_lengths),
        cmocka_unit_test(test_missing_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
