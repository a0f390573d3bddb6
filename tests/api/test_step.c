/* test_step.c - an LSTM step by step gives the bits of a whole run, whatever its size, its
 * options, and where its input and output lie.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"

enum { STEPS = 6, MOST = 160 };

/* One graph, with a predictor that is stepped, and what a run gives for each length. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_predictor *p;
    int64_t features, width; /* of a step in and out */
    float x[STEPS * MOST], y[STEPS * MOST];
} setup;

static setup *set_up(seqecho_graph *graph, int64_t features, int64_t width)
{
    setup *const s = calloc(1, sizeof *s);

    assert_non_null(s);
    assert_true(features <= MOST && width <= MOST);
    assert_int_equal(seqecho_graph_status(graph), 0);
    s->graph = graph;
    s->features = features;
    s->width = width;
    models_fill(s->x, (size_t)(STEPS * features), 1);
    assert_int_equal(seqecho_predictor_create(&s->p, graph, NULL), 0);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_predictor_destroy(s->p);
    seqecho_graph_destroy(s->graph);
    free(s);
}

static seqecho_graph *graph_new(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 5)), 0);
    return graph;
}

/* One LSTM that returns sequences. */
static seqecho_graph *alone(int64_t features, const seqecho_spec *lstm)
{
    seqecho_graph *const graph = graph_new();

    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 1, .dim = { STEPS, features }));
    seqecho_graph_add(graph, lstm);
    return graph;
}

/* The whole sequence, from zero states. */
static void run(setup *s)
{
    const seqecho_view x = { s->x, { 1, STEPS, s->features }, 3, SEQECHO_FLOAT32 };

    assert_int_equal(seqecho_predictor_run(s->p, &x, s->y, (size_t)(STEPS * s->width)), 0);
}

/* Twice step by step, with a reset between, against `run`. */
static void check_steps(setup *s)
{
    float y[MOST];

    run(s);
    for (int round = 0; round < 2; round++) {
        seqecho_predictor_reset_states(s->p);
        for (int64_t t = 0; t < STEPS; t++) {
            memset(y, 0xff, sizeof y);
            assert_int_equal(seqecho_predictor_step(s->p, s->x + t * s->features, y), 0);
            assert_same_bits(y, s->y + t * s->width, (size_t)s->width);
        }
    }
}

static void every_size(void **state)
{
    static const int64_t units[] = { 1,  2,  3,  4,  5,  7,  8,  9,  12, 15,  16,  17,
                                     20, 24, 31, 32, 33, 48, 63, 64, 65, 100, 128, 150 };

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        for (int64_t features = 1; features <= 11; features += 5) {
            setup *const s = set_up(
                alone(features, SEQECHO_LSTM(.units = units[i], .return_sequences = true)),
                features, units[i]);

            check_steps(s);
            tear_down(s);
        }
}

/* The cell of tanh and sigmoid has a way of its own; the others have not. */
static void every_option(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_LSTM(.units = 13, .return_sequences = true, .no_bias = true),
        SEQECHO_LSTM(.units = 8, .return_sequences = true, .no_bias = true),
        SEQECHO_LSTM(.units = 13, .return_sequences = true, .stateful = true),
        SEQECHO_LSTM(.units = 13, .return_sequences = true, .activation = SEQECHO_RELU),
        SEQECHO_LSTM(.units = 13, .return_sequences = true,
                     .recurrent_activation = SEQECHO_HARD_SIGMOID),
        SEQECHO_LSTM(.units = 13, .return_sequences = true, .activation = SEQECHO_SOFTMAX),
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        setup *const s = set_up(alone(5, specs[i]), 5, i == 1 ? 8 : 13);

        check_steps(s);
        tear_down(s);
    }
}

static void class_numbers(void **state)
{
    enum { CLASSES = 9 };
    static const int32_t classes[STEPS] = { 3, 0, 8, 8, 1, 5 };

    (void)state;
    for (int64_t units = 4; units <= 44; units += 10)
        for (int no_bias = 0; no_bias < 2; no_bias++) {
            setup *const s =
                set_up(alone(CLASSES, SEQECHO_LSTM(.units = units, .return_sequences = true,
                                                   .no_bias = no_bias != 0)),
                       CLASSES, units);
            float y[MOST];

            memset(s->x, 0, sizeof s->x);
            for (int64_t t = 0; t < STEPS; t++)
                s->x[t * CLASSES + classes[t]] = 1.0F;
            check_steps(s);
            seqecho_predictor_reset_states(s->p);
            for (int64_t t = 0; t < STEPS; t++) {
                assert_int_equal(seqecho_predictor_step_classes(s->p, classes + t, y), 0);
                assert_same_bits(y, s->y + t * units, (size_t)units);
            }
            tear_down(s);
        }
}

/* One layer on another, and the time-distributed end of an echo network. */
static void stacked(void **state)
{
    seqecho_graph *const graph = graph_new();
    setup *s;

    (void)state;
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, 4 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 8, .return_sequences = true));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 20, .return_sequences = true));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 6, .return_sequences = true,
                                          .activation = SEQECHO_SOFTSIGN));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(
                                 SEQECHO_DENSE(.units = 7, .activation = SEQECHO_SOFTMAX)));
    s = set_up(graph, 4, 7);
    check_steps(s);
    tear_down(s);
}

/* A state as the output of the graph: after each step what a run up to there gives. */
static void states_as_output(void **state)
{
    (void)state;
    for (size_t port = 0; port < 3; port++) {
        float want[STEPS][10], y[10];

        for (int64_t length = STEPS; length > 0; length--) {
            seqecho_graph *const graph = graph_new();
            seqecho_node *const x =
                seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { length, 3 }));
            seqecho_node *const e = seqecho_layer_call(
                seqecho_layer_create(graph,
                                     SEQECHO_LSTM(.units = 10, .return_state = true)),
                x);
            setup *s;

            assert_int_equal(seqecho_graph_output(graph, seqecho_node_output(e, port)), 0);
            s = set_up(graph, 3, 10);
            if (length == STEPS)
                for (int64_t t = 0; t < STEPS; t++) {
                    assert_int_equal(seqecho_predictor_step(s->p, s->x + 3 * t, y), 0);
                    memcpy(want[t], y, sizeof y);
                }
            assert_int_equal(
                seqecho_predictor_run(
                    s->p,
                    &(const seqecho_view){ s->x, { 1, length, 3 }, 3, SEQECHO_FLOAT32 }, y,
                    10),
                0);
            assert_same_bits(want[length - 1], y, 10);
            tear_down(s);
        }
    }
}

/* The output may lie where the input does. */
static void in_place(void **state)
{
    static const int64_t units[] = { 3, 8, 16, 20, 150 };

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        setup *const s = set_up(
            alone(units[i], SEQECHO_LSTM(.units = units[i], .return_sequences = true)),
            units[i], units[i]);
        float both[MOST];

        run(s);
        for (int64_t t = 0; t < STEPS; t++) {
            memcpy(both, s->x + t * units[i], (size_t)units[i] * sizeof *both);
            assert_int_equal(seqecho_predictor_step(s->p, both, both), 0);
            assert_same_bits(both, s->y + t * units[i], (size_t)units[i]);
        }
        tear_down(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size),       cmocka_unit_test(every_option),
        cmocka_unit_test(class_numbers),    cmocka_unit_test(stacked),
        cmocka_unit_test(states_as_output), cmocka_unit_test(in_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
