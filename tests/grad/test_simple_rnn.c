/* test_simple_rnn.c - gradients of SimpleRNN, with every option.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "one_layer_check.h"

enum { STEPS = 4, FEATURES = 3 };

static void plain(void **state)
{
    const gradcheck_options o = { .samples = 3 }, one = { .samples = 1 };

    (void)state;
    check_layer("last", SEQECHO_SIMPLE_RNN(.units = 4), STEPS, FEATURES, 0, &o);
    check_layer("one step", SEQECHO_SIMPLE_RNN(.units = 4), 1, FEATURES, 0, &o);
    check_layer("one sample", SEQECHO_SIMPLE_RNN(.units = 4), STEPS, FEATURES, 0, &one);
    check_layer("one of everything", SEQECHO_SIMPLE_RNN(.units = 1), 1, 1, 0, &one);
    check_layer("no bias", SEQECHO_SIMPLE_RNN(.units = 4, .no_bias = true), STEPS, FEATURES,
                0, &o);
    check_layer("sequences", SEQECHO_SIMPLE_RNN(.units = 4, .return_sequences = true),
                STEPS, FEATURES, 0, &o);
    check_layer("sequences, no bias",
                SEQECHO_SIMPLE_RNN(.units = 17, .return_sequences = true, .no_bias = true),
                STEPS, FEATURES, 0, &one);
    check_layer("backwards", SEQECHO_SIMPLE_RNN(.units = 3, .go_backwards = true), STEPS,
                FEATURES, 0, &o);
    check_layer(
        "backwards, sequences",
        SEQECHO_SIMPLE_RNN(.units = 3, .go_backwards = true, .return_sequences = true),
        STEPS, FEATURES, 0, &o);
}

static void every_activation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .samples = 2, .kinks = activations[i].kinks };

        check_layer(named("activation", activations[i].name),
                    SEQECHO_SIMPLE_RNN(.units = 5, .activation = activations[i].f,
                                       .return_sequences = true),
                    STEPS, FEATURES, 0, &o);
    }
}

/* Gradients that arrive at the outputs in `mask` (bit 0 the output, 1 h). */
static void check_states(const char *name, const seqecho_spec *spec, unsigned mask,
                         bool initial)
{
    const gradcheck_options o = { .name = name, .samples = 2 };
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const layer = seqecho_layer_create(m.graph, spec);
    seqecho_node *x[2] = { gradcheck_input(&m, 0, STEPS, FEATURES, 0) };
    seqecho_node *node;

    if (initial)
        x[1] = gradcheck_input(&m, 0, 3, 0, 0);
    node = seqecho_layer_call_n(layer, x, initial ? 2 : 1);
    for (size_t i = 0; i < 2; i++)
        if (mask & 1U << i)
            gradcheck_output(&m, seqecho_node_output(node, i));
    gradcheck_run(&m, &o);
}

static void states(void **state)
{
    (void)state;
    for (unsigned mask = 1; mask < 4; mask++) {
        check_states("state", SEQECHO_SIMPLE_RNN(.units = 3, .return_state = true), mask,
                     false);
        check_states(
            "state, initial, sequences",
            SEQECHO_SIMPLE_RNN(.units = 3, .return_state = true, .return_sequences = true),
            mask, true);
        check_states(
            "state, initial, backwards",
            SEQECHO_SIMPLE_RNN(.units = 3, .return_state = true, .go_backwards = true),
            mask, true);
    }
}

/* The state a batch starts from is a constant: gradients stop there. */
static void stateful(void **state)
{
    const gradcheck_options o = { .samples = 2, .second = true };

    (void)state;
    check_layer("stateful", SEQECHO_SIMPLE_RNN(.units = 3, .stateful = true), STEPS,
                FEATURES, 0, &o);
    check_layer("stateful, sequences",
                SEQECHO_SIMPLE_RNN(.units = 3, .stateful = true, .return_sequences = true),
                STEPS, FEATURES, 0, &o);
    check_layer("stateful, backwards",
                SEQECHO_SIMPLE_RNN(.units = 3, .stateful = true, .go_backwards = true),
                STEPS, FEATURES, 0, &o);
    check_layer("stateful in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_SIMPLE_RNN(.units = 3, .stateful = true)),
                2, 3, FEATURES, &o);
}

/* Inside a wrapper, and behind a value that is the same at all steps. */
static void among_others(void **state)
{
    const gradcheck_options o = { .name = "repeated", .samples = 3 };

    (void)state;
    check_layer(
        "in time_distributed",
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_SIMPLE_RNN(.units = 3, .return_sequences = true)),
        2, 3, 4, &o);
    for (int backwards = 0; backwards < 2; backwards++) {
        gradcheck_model m = gradcheck_begin();
        seqecho_node *x = gradcheck_input(&m, 0, 3, 0, 0);

        x = gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(4), x);
        x = gradcheck_apply(&m,
                            SEQECHO_SIMPLE_RNN(.units = 4, .return_sequences = true,
                                               .go_backwards = backwards != 0),
                            x);
        gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_SIMPLE_RNN(.units = 2), x));
        gradcheck_run(&m, &o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),        cmocka_unit_test(every_activation),
        cmocka_unit_test(states),       cmocka_unit_test(stateful),
        cmocka_unit_test(among_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
