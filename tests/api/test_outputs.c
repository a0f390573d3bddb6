/* test_outputs.c - parts of a graph that no loss looks at: outputs without one, and layers
 * that no output depends on.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { SAMPLES = 10 };

/* (3) floats to "first" and "second", 2 floats each, or to one of them. */
static seqecho_graph *fork_of(bool first)
{
    seqecho_graph *graph;
    seqecho_node *x, *a, *b;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 1)), 0);
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }));
    a = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2, .name = "first")), x);
    b = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2, .name = "second")), x);
    if (first)
        assert_int_equal(seqecho_graph_output(graph, a), 0);
    assert_int_equal(seqecho_graph_output(graph, b), 0);
    return graph;
}

static seqecho_trainer *trainer_of(seqecho_graph *graph, seqecho_trainer_options options)
{
    seqecho_trainer *trainer;

    options.struct_size = sizeof options;
    if (seqecho_trainer_create(&trainer, graph, &options) < 0)
        fail_msg("%s", seqecho_error_message());
    return trainer;
}

typedef struct arrays {
    float x[SAMPLES][3], y[SAMPLES][2], weight[SAMPLES];
    seqecho_view vx, vy, vw;
} arrays;

static void fill(arrays *a)
{
    models_fill(a->x[0], (size_t)SAMPLES * 3, 1);
    models_fill(a->y[0], (size_t)SAMPLES * 2, 2);
    models_fill(a->weight, SAMPLES, 3);
    a->vx = (seqecho_view){ a->x, { SAMPLES, 3 }, 2, SEQECHO_FLOAT32 };
    a->vy = (seqecho_view){ a->y, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };
    a->vw = (seqecho_view){ a->weight, { SAMPLES }, 1, SEQECHO_FLOAT32 };
}

/* ---- Outputs without a loss --------------------------------------------------------- */

/* Weights and the last report after a fit whose first output has no loss, whatever the
 * views that go with it are. */
static float *fit_with(const seqecho_view *y, const seqecho_view *weight, bool shuffle,
                       double split, seqecho_report *report)
{
    static const seqecho_loss losses[2] = { SEQECHO_LOSS_NONE, SEQECHO_MEAN_SQUARED_ERROR };
    seqecho_graph *const graph = fork_of(true);
    seqecho_trainer *const trainer =
        trainer_of(graph, (seqecho_trainer_options){ .losses = losses });
    seqecho_view ys[2], weights[2];
    float *values;
    arrays a;
    size_t n;

    fill(&a);
    ys[0] = *y;
    ys[1] = a.vy;
    weights[0] = *weight;
    weights[1] = a.vw;
    if (seqecho_trainer_fit(trainer, &a.vx, ys,
                            SEQECHO_FIT(.epochs = 2, .batch_size = 3, .shuffle = shuffle,
                                        .validation_split = split,
                                        .sample_weight = weights),
                            report) < 0)
        fail_msg("%s", seqecho_error_message());
    values = models_weights(graph, &n);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    return values;
}

/* The views of such an output are not looked at, least of all what they point to. */
static void views_of_no_loss(void **state)
{
    static const seqecho_view none = { .data = NULL };
    const void *const nowhere = (const void *)(uintptr_t)64; /* nothing is ever there */
    const seqecho_view odd[] = {
        { nowhere, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 },
        { nowhere, { 1, -5, 3 }, 3, SEQECHO_INT32 },
        { nowhere, { INT64_MAX, INT64_MAX }, 1000000, 77 },
    };

    (void)state;
    for (int shuffle = 0; shuffle < 2; shuffle++)
        for (int split = 0; split < 2; split++) {
            seqecho_report want = SEQECHO_REPORT_INIT, got = SEQECHO_REPORT_INIT;
            float *const plain = fit_with(&none, &none, shuffle, split ? 0.3 : 0.0, &want);

            for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
                float *const w =
                    fit_with(&odd[i], &odd[i], shuffle, split ? 0.3 : 0.0, &got);

                assert_same_bits(w, plain, 16);
                assert_int_equal(got.samples, split ? 7 : SAMPLES);
                assert_close_double(got.loss, want.loss, 0, 0);
                free(w);
            }
            free(plain);
        }
}

/* ---- Layers that no output depends on ----------------------------------------------- */

/* They are no part of what is trained: no penalty counts, and no step or decay moves
 * them. */
static void layers_that_nothing_needs(void **state)
{
    static const seqecho_trainer_options all[] = {
        { .loss = SEQECHO_MEAN_SQUARED_ERROR },
        { .loss = SEQECHO_MEAN_SQUARED_ERROR, .optimizer = SEQECHO_ADAMW },
        { .loss = SEQECHO_MEAN_SQUARED_ERROR, .optimizer = SEQECHO_SGD, .clipnorm = 1 },
        { .loss = SEQECHO_MEAN_SQUARED_ERROR, .global_clipnorm = 0.01F },
    };

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        float before[6], after[6], kernel[2][6];
        double loss[2];

        for (int penalty = 0; penalty < 2; penalty++) {
            seqecho_graph *const graph = fork_of(false);
            seqecho_trainer *const trainer = trainer_of(graph, all[i]);
            seqecho_report report = SEQECHO_REPORT_INIT;
            arrays a;

            fill(&a);
            if (penalty)
                assert_int_equal(
                    seqecho_graph_set_regularizer(graph, "first/kernel", 0.5F, 3), 0);
            assert_int_equal(seqecho_graph_weight_get(graph, "first/kernel", before, 6), 0);
            assert_int_equal(seqecho_trainer_fit(trainer, &a.vx, &a.vy,
                                                 SEQECHO_FIT(.epochs = 5), &report),
                             0);
            assert_int_equal(seqecho_graph_weight_get(graph, "first/kernel", after, 6), 0);
            assert_same_bits(after, before, 6);
            assert_int_equal(
                seqecho_graph_weight_get(graph, "second/kernel", kernel[penalty], 6), 0);
            assert_int_equal(
                seqecho_trainer_gradient_get(trainer, "first/kernel", after, 6), 0);
            for (int k = 0; k < 6; k++)
                assert_true(after[k] == 0.0F);
            loss[penalty] = report.loss;
            seqecho_trainer_destroy(trainer);
            seqecho_graph_destroy(graph);
        }
        assert_close_double(loss[1], loss[0], 0, 0);
        assert_same_bits(kernel[1], kernel[0], 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_of_no_loss),
        cmocka_unit_test(layers_that_nothing_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
