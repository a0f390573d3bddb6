/* test_gru.c - gradients of GRU, with every option.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "one_layer_check.h"

enum { STEPS = 4, FEATURES = 3 };

/* Every test runs with the reset after the recurrent product, then before it. */
static bool before;

static int reset_after(void **state)
{
    (void)state;
    before = false;
    return 0;
}

static int reset_before(void **state)
{
    (void)state;
    before = true;
    return 0;
}

static void plain(void **state)
{
    const gradcheck_options o = { .samples = 3 }, one = { .samples = 1 };

    (void)state;
    check_layer("last", SEQECHO_GRU(.units = 4, .no_reset_after = before), STEPS, FEATURES,
                0, &o);
    check_layer("one step", SEQECHO_GRU(.units = 4, .no_reset_after = before), 1, FEATURES,
                0, &o);
    check_layer("one sample", SEQECHO_GRU(.units = 4, .no_reset_after = before), STEPS,
                FEATURES, 0, &one);
    check_layer("one of everything", SEQECHO_GRU(.units = 1, .no_reset_after = before), 1,
                1, 0, &one);
    check_layer("no bias",
                SEQECHO_GRU(.units = 4, .no_bias = true, .no_reset_after = before), STEPS,
                FEATURES, 0, &o);
    check_layer("sequences",
                SEQECHO_GRU(.units = 4, .return_sequences = true, .no_reset_after = before),
                STEPS, FEATURES, 0, &o);
    check_layer("sequences, no bias",
                SEQECHO_GRU(.units = 17, .return_sequences = true, .no_bias = true,
                            .no_reset_after = before),
                STEPS, FEATURES, 0, &one);
    check_layer("backwards",
                SEQECHO_GRU(.units = 3, .go_backwards = true, .no_reset_after = before),
                STEPS, FEATURES, 0, &o);
    check_layer("backwards, sequences",
                SEQECHO_GRU(.units = 3, .go_backwards = true, .return_sequences = true,
                            .no_reset_after = before),
                STEPS, FEATURES, 0, &o);
}

/* Gradients that arrive at the outputs in `mask` (bit 0 the output, 1 h).  With kinks there
 * is one step: h may grow, and leave the side of the kink where biases put it. */
static void check_states(const char *name, const seqecho_spec *spec, unsigned mask,
                         bool initial, gradcheck_options o)
{
    gradcheck_model m = gradcheck_begin();
    const int64_t steps = o.kinks ? 1 : STEPS;
    seqecho_layer *const layer = seqecho_layer_create(m.graph, spec);
    seqecho_node *x[2] = { gradcheck_input(&m, 0, steps, FEATURES, 0) };
    seqecho_node *node;

    if (initial)
        x[1] = gradcheck_input(&m, 0, 3, 0, 0);
    node = seqecho_layer_call_n(layer, x, initial ? 2 : 1);
    for (size_t i = 0; i < 2; i++)
        if (mask & 1U << i)
            gradcheck_output(&m, seqecho_node_output(node, i));
    o.name = name;
    gradcheck_run(&m, &o);
}

static void every_activation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .samples = 2, .kinks = activations[i].kinks };

        check_layer(named("activation", activations[i].name),
                    SEQECHO_GRU(.units = 5, .activation = activations[i].f,
                                .return_sequences = true, .no_reset_after = before),
                    STEPS, FEATURES, 0, &o);
        check_states(named("recurrent activation", activations[i].name),
                     SEQECHO_GRU(.units = 3, .recurrent_activation = activations[i].f,
                                 .return_sequences = true, .no_reset_after = before),
                     1, true, o);
    }
}

static void states(void **state)
{
    const gradcheck_options o = { .samples = 2 };

    (void)state;
    for (unsigned mask = 1; mask < 4; mask++) {
        check_states(
            "state",
            SEQECHO_GRU(.units = 3, .return_state = true, .no_reset_after = before), mask,
            false, o);
        check_states("state, initial, sequences",
                     SEQECHO_GRU(.units = 3, .return_state = true, .return_sequences = true,
                                 .no_reset_after = before),
                     mask, true, o);
        check_states("state, initial, backwards",
                     SEQECHO_GRU(.units = 3, .return_state = true, .go_backwards = true,
                                 .no_reset_after = before),
                     mask, true, o);
    }
}

/* The state a batch starts from is a constant: gradients stop there. */
static void stateful(void **state)
{
    const gradcheck_options o = { .samples = 2, .second = true };

    (void)state;
    check_layer("stateful",
                SEQECHO_GRU(.units = 3, .stateful = true, .no_reset_after = before), STEPS,
                FEATURES, 0, &o);
    check_layer("stateful, sequences",
                SEQECHO_GRU(.units = 3, .stateful = true, .return_sequences = true,
                            .no_reset_after = before),
                STEPS, FEATURES, 0, &o);
    check_layer("stateful, backwards",
                SEQECHO_GRU(.units = 3, .stateful = true, .go_backwards = true,
                            .no_reset_after = before),
                STEPS, FEATURES, 0, &o);
    check_layer("stateful in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(
                    SEQECHO_GRU(.units = 3, .stateful = true, .no_reset_after = before)),
                2, 3, FEATURES, &o);
}

/* Inside a wrapper, and behind a value that is the same at all steps. */
static void among_others(void **state)
{
    const gradcheck_options o = { .name = "repeated", .samples = 3 };

    (void)state;
    check_layer("in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_GRU(.units = 3, .return_sequences = true,
                                                     .no_reset_after = before)),
                2, 3, 4, &o);
    for (int backwards = 0; backwards < 2; backwards++) {
        gradcheck_model m = gradcheck_begin();
        seqecho_node *x = gradcheck_input(&m, 0, 3, 0, 0);

        x = gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(4), x);
        x = gradcheck_apply(&m,
                            SEQECHO_GRU(.units = 4, .return_sequences = true,
                                        .go_backwards = backwards != 0,
                                        .no_reset_after = before),
                            x);
        gradcheck_output(
            &m, gradcheck_apply(&m, SEQECHO_GRU(.units = 2, .no_reset_after = before), x));
        gradcheck_run(&m, &o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain, reset_after),
        cmocka_unit_test_setup(every_activation, reset_after),
        cmocka_unit_test_setup(states, reset_after),
        cmocka_unit_test_setup(stateful, reset_after),
        cmocka_unit_test_setup(among_others, reset_after),
        cmocka_unit_test_setup(plain, reset_before),
        cmocka_unit_test_setup(every_activation, reset_before),
        cmocka_unit_test_setup(states, reset_before),
        cmocka_unit_test_setup(stateful, reset_before),
        cmocka_unit_test_setup(among_others, reset_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
