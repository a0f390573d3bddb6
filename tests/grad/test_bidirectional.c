/* test_bidirectional.c - gradients of Bidirectional, with every option.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "gradcheck.h"

enum { STEPS = 4, FEATURES = 3, UNITS = 3, MODES = 4 };

static const char *const mode_names[MODES] = { "concat", "sum", "mul", "ave" };

static const char *named(const char *what, seqecho_merge mode)
{
    static char text[96];

    snprintf(text, sizeof text, "%s, %s", what, mode_names[mode]);
    return text;
}

/* One input of this shape, one layer, one output. */
static void check_layer(const char *name, const seqecho_spec *spec, int64_t d1, int64_t d2,
                        int64_t d3, gradcheck_options o)
{
    gradcheck_model m = gradcheck_begin();

    o.name = name;
    gradcheck_output(
        &m, gradcheck_apply(&m, spec,
                            gradcheck_input(&m, o.second ? o.samples : 0, d1, d2, d3)));
    gradcheck_run(&m, &o);
}

static void plain(const char *what, const seqecho_spec *inner, gradcheck_options o)
{
    for (int mode = 0; mode < MODES; mode++)
        check_layer(named(what, (seqecho_merge)mode),
                    SEQECHO_BIDIRECTIONAL(inner, .merge_mode = (seqecho_merge)mode), STEPS,
                    FEATURES, 0, o);
}

static void last_output(void **state)
{
    (void)state;
    plain("last", SEQECHO_LSTM(.units = UNITS), (gradcheck_options){ .samples = 3 });
    plain("last, one sample", SEQECHO_LSTM(.units = UNITS),
          (gradcheck_options){ .samples = 1 });
}

static void all_outputs(void **state)
{
    (void)state;
    plain("sequences", SEQECHO_LSTM(.units = UNITS, .return_sequences = true),
          (gradcheck_options){ .samples = 3 });
    plain("sequences, no bias",
          SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .no_bias = true),
          (gradcheck_options){ .samples = 2 });
}

static void turned_round(void **state)
{
    (void)state;
    plain("go_backwards",
          SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .go_backwards = true),
          (gradcheck_options){ .samples = 2 });
}

static void another_backward_layer(void **state)
{
    const seqecho_spec *const inner =
        SEQECHO_LSTM(.units = UNITS, .return_sequences = true);

    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        check_layer(named("another backward layer", (seqecho_merge)mode),
                    SEQECHO_BIDIRECTIONAL(
                        inner, .merge_mode = (seqecho_merge)mode,
                        .backward = SEQECHO_LSTM(.units = UNITS, .return_sequences = true,
                                                 .go_backwards = true, .no_bias = true,
                                                 .activation = SEQECHO_SIGMOID)),
                    STEPS, FEATURES, 0, (gradcheck_options){ .samples = 2 });
    check_layer(
        "other units",
        SEQECHO_BIDIRECTIONAL(inner, .backward = SEQECHO_LSTM(.units = UNITS + 2,
                                                              .return_sequences = true,
                                                              .go_backwards = true)),
        STEPS, FEATURES, 0, (gradcheck_options){ .samples = 2 });
}

/* The state a batch starts from is a constant: gradients stop there. */
static void stateful(void **state)
{
    const gradcheck_options o = { .samples = 2, .second = true };

    (void)state;
    plain("stateful", SEQECHO_LSTM(.units = UNITS, .stateful = true), o);
    check_layer("stateful in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(
                    SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = UNITS, .stateful = true))),
                2, STEPS, FEATURES, o);
}

/* States in and out; `outputs` has bit i set where output i counts. */
static void check_states(const char *name, const seqecho_spec *inner, unsigned outputs,
                         bool initial)
{
    gradcheck_options o = { .name = name, .samples = 2 };
    gradcheck_model m = gradcheck_begin();
    seqecho_node *in[5] = { gradcheck_input(&m, 0, STEPS, FEATURES, 0) };
    seqecho_node *y;

    for (int i = 1; initial && i < 5; i++)
        in[i] = gradcheck_input(&m, 0, UNITS, 0, 0);
    y = seqecho_layer_call_n(
        seqecho_layer_create(m.graph,
                             SEQECHO_BIDIRECTIONAL(inner, .merge_mode = SEQECHO_MERGE_MUL)),
        in, initial ? 5 : 1);
    for (size_t i = 0; i < 5; i++)
        if (outputs & (1U << i))
            gradcheck_output(&m, seqecho_node_output(y, i));
    gradcheck_run(&m, &o);
}

static void states(void **state)
{
    const seqecho_spec *const inner =
        SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .return_state = true);

    (void)state;
    check_states("output and both h", inner, 1 | 2 | 8, false);
    check_states("states alone", inner, 2 | 4 | 8 | 16, false);
    check_states("forward states alone, of which c", inner, 4, false);
    check_states("backward h alone", inner, 8, false);
}

static void initial_states(void **state)
{
    (void)state;
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, STEPS, FEATURES, 0);
    seqecho_node *const h = gradcheck_input(&m, 0, UNITS, 0, 0);
    seqecho_node *const c = gradcheck_input(&m, 0, UNITS, 0, 0);
    seqecho_node *const b = gradcheck_input(&m, 0, UNITS, 0, 0);
    seqecho_node *in[5] = { x, h, c, b, h };

    gradcheck_output(
        &m, seqecho_layer_call_n(
                seqecho_layer_create(m.graph,
                                     SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = UNITS))),
                in, 5));
    gradcheck_run(&m, &(gradcheck_options){ .name = "initial states", .samples = 2 });
}

static void nested(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++)
        check_layer(named("in time_distributed", (seqecho_merge)mode),
                    SEQECHO_TIME_DISTRIBUTED(SEQECHO_BIDIRECTIONAL(
                        SEQECHO_LSTM(.units = UNITS, .return_sequences = mode % 2 == 0),
                        .merge_mode = (seqecho_merge)mode)),
                    2, STEPS, FEATURES, (gradcheck_options){ .samples = 2 });
}

/* A repeated value has one gradient for all its steps. */
static void behind_repeat_vector(void **state)
{
    (void)state;
    for (int mode = 0; mode < MODES; mode++) {
        gradcheck_options o = { .name = named("repeated", (seqecho_merge)mode) };
        gradcheck_model m = gradcheck_begin();
        seqecho_node *const x = gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(STEPS),
                                                gradcheck_input(&m, 0, FEATURES, 0, 0));

        gradcheck_output(
            &m, gradcheck_apply(
                    &m,
                    SEQECHO_BIDIRECTIONAL(
                        SEQECHO_LSTM(.units = UNITS, .return_sequences = mode % 2 == 0),
                        .merge_mode = (seqecho_merge)mode),
                    x));
        gradcheck_run(&m, &o);
    }
}

/* Gradients of two calls add up. */
static void called_twice(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, STEPS, FEATURES, 0);
    seqecho_node *const y = gradcheck_input(&m, 0, 2, FEATURES, 0);
    seqecho_layer *const both =
        seqecho_layer_create(m.graph, SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = UNITS)));

    (void)state;
    gradcheck_output(&m, seqecho_layer_call(both, x));
    gradcheck_output(&m, seqecho_layer_call(both, y));
    gradcheck_run(&m, &(gradcheck_options){ .name = "called twice", .samples = 2 });
}

/* One on top of another, with something before them that learns. */
static void stacked(void **state)
{
    const seqecho_spec *const spec =
        SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 2, .return_sequences = true));
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, 3, 2, 0);

    (void)state;
    x = gradcheck_apply(&m, spec, x);
    gradcheck_output(&m, gradcheck_apply(&m, spec, x));
    gradcheck_run(&m, &(gradcheck_options){ .name = "stacked", .samples = 2 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_output),
        cmocka_unit_test(all_outputs),
        cmocka_unit_test(turned_round),
        cmocka_unit_test(another_backward_layer),
        cmocka_unit_test(stateful),
        cmocka_unit_test(states),
        cmocka_unit_test(initial_states),
        cmocka_unit_test(nested),
        cmocka_unit_test(behind_repeat_vector),
        cmocka_unit_test(called_twice),
        cmocka_unit_test(stacked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
