/* test_gradients.c - gradients of every kind of layer, with every option.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "gradcheck.h"
#include "one_layer_check.h"

/* ---- Dense, Activation ---------------------------------------------------------------*/

static void dense_activations(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .kinks = activations[i].kinks };

        check_layer(named("dense", activations[i].name),
                    SEQECHO_DENSE(.units = 5, .activation = activations[i].f), 4, 0, 0, &o);
    }
}

static void dense_ranks(void **state)
{
    const gradcheck_options o = { .samples = 2 };
    const gradcheck_options one = { .samples = 1 };

    (void)state;
    check_layer("dense, rank 1", SEQECHO_DENSE(.units = 3), 4, 0, 0, &o);
    check_layer("dense, rank 2", SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SOFTMAX),
                5, 4, 0, &o);
    check_layer("dense, rank 3", SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SWISH), 2,
                3, 4, &o);
    check_layer("dense, rank 3, one sample",
                SEQECHO_DENSE(.units = 3, .activation = SEQECHO_TANH), 2, 3, 4, &one);
}

static void dense_sizes(void **state)
{
    const gradcheck_options o = { .samples = 2 };

    (void)state;
    check_layer("dense, 1 to 1", SEQECHO_DENSE(.units = 1), 1, 0, 0, &o);
    check_layer("dense, no bias",
                SEQECHO_DENSE(.units = 3, .no_bias = true, .activation = SEQECHO_TANH), 4,
                0, 0, &o);
    check_layer("dense, 17 to 33",
                SEQECHO_DENSE(.units = 33, .activation = SEQECHO_SIGMOID), 17, 0, 0, &o);
}

static void activation_layers(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .kinks = activations[i].kinks };

        check_layer(named("activation", activations[i].name),
                    SEQECHO_ACTIVATION(activations[i].f), 7, 0, 0, &o);
        check_layer(named("activation, rank 3", activations[i].name),
                    SEQECHO_ACTIVATION(activations[i].f), 2, 3, 4, &o);
    }
}

/* ---- LSTM --------------------------------------------------------------------------- */

enum { STEPS = 4, FEATURES = 3 };

static void lstm_plain(void **state)
{
    const gradcheck_options o = { .samples = 3 };
    const gradcheck_options one = { .samples = 1 };

    (void)state;
    check_layer("lstm", SEQECHO_LSTM(.units = 4), STEPS, FEATURES, 0, &o);
    check_layer("lstm, one step", SEQECHO_LSTM(.units = 4), 1, FEATURES, 0, &o);
    check_layer("lstm, one sample", SEQECHO_LSTM(.units = 4), STEPS, FEATURES, 0, &one);
    check_layer("lstm, one of everything", SEQECHO_LSTM(.units = 1), 1, 1, 0, &one);
    check_layer("lstm, no bias", SEQECHO_LSTM(.units = 4, .no_bias = true), STEPS, FEATURES,
                0, &o);
}

static void lstm_sequences(void **state)
{
    const gradcheck_options o = { .samples = 3 };
    const gradcheck_options one = { .samples = 1 };

    (void)state;
    check_layer("lstm, sequences", SEQECHO_LSTM(.units = 4, .return_sequences = true),
                STEPS, FEATURES, 0, &o);
    check_layer("lstm, sequences, one sample",
                SEQECHO_LSTM(.units = 4, .return_sequences = true), STEPS, FEATURES, 0,
                &one);
    check_layer("lstm, sequences, no bias",
                SEQECHO_LSTM(.units = 4, .return_sequences = true, .no_bias = true), STEPS,
                FEATURES, 0, &o);
    check_layer("lstm, sequences, one step",
                SEQECHO_LSTM(.units = 4, .return_sequences = true), 1, FEATURES, 0, &o);
}

static void lstm_backwards(void **state)
{
    const gradcheck_options o = { .samples = 2 };

    (void)state;
    check_layer("lstm, backwards", SEQECHO_LSTM(.units = 3, .go_backwards = true), STEPS,
                FEATURES, 0, &o);
    check_layer("lstm, backwards, sequences",
                SEQECHO_LSTM(.units = 3, .go_backwards = true, .return_sequences = true),
                STEPS, FEATURES, 0, &o);
}

static void lstm_units(void **state)
{
    static const int64_t units[] = { 1, 3, 17 };
    const gradcheck_options o = { .samples = 2 };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        snprintf(text, sizeof text, "lstm, %d units", (int)units[i]);
        check_layer(text, SEQECHO_LSTM(.units = units[i], .return_sequences = true), 3, 2,
                    0, &o);
    }
}

static void lstm_activation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .samples = 2, .kinks = activations[i].kinks };

        check_layer(named("lstm, activation", activations[i].name),
                    SEQECHO_LSTM(.units = 5, .activation = activations[i].f), STEPS,
                    FEATURES, 0, &o);
        check_layer(named("lstm, activation, sequences", activations[i].name),
                    SEQECHO_LSTM(.units = 5, .activation = activations[i].f,
                                 .return_sequences = true),
                    STEPS, FEATURES, 0, &o);
    }
}

static void lstm_recurrent_activation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ACTIVATIONS; i++) {
        const gradcheck_options o = { .samples = 2, .kinks = activations[i].kinks };

        check_layer(named("lstm, recurrent activation", activations[i].name),
                    SEQECHO_LSTM(.units = 5, .recurrent_activation = activations[i].f),
                    STEPS, FEATURES, 0, &o);
        check_layer(named("lstm, recurrent activation, sequences", activations[i].name),
                    SEQECHO_LSTM(.units = 5, .recurrent_activation = activations[i].f,
                                 .return_sequences = true),
                    STEPS, FEATURES, 0, &o);
    }
}

/* Gradients that arrive at the outputs in `mask` (bit 0 the output, 1 h, 2 c). */
static void check_states(const char *name, const seqecho_spec *lstm, unsigned mask,
                         bool initial)
{
    const gradcheck_options o = { .name = name, .samples = 2 };
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const layer = seqecho_layer_create(m.graph, lstm);
    seqecho_node *x[3] = { gradcheck_input(&m, 0, STEPS, FEATURES, 0) };
    seqecho_node *node;

    if (initial) {
        x[1] = gradcheck_input(&m, 0, 3, 0, 0);
        x[2] = gradcheck_input(&m, 0, 3, 0, 0);
    }
    node = seqecho_layer_call_n(layer, x, initial ? 3 : 1);
    for (size_t i = 0; i < 3; i++)
        if (mask & 1U << i)
            gradcheck_output(&m, seqecho_node_output(node, i));
    gradcheck_run(&m, &o);
}

static void lstm_states(void **state)
{
    static const char *const names[] = { "",          "lstm, out",
                                         "lstm, h",   "lstm, out h",
                                         "lstm, c",   "lstm, out c",
                                         "lstm, h c", "lstm, out h c" };

    (void)state;
    for (unsigned mask = 1; mask < 8; mask++) {
        check_states(named(names[mask], "last"),
                     SEQECHO_LSTM(.units = 3, .return_state = true), mask, false);
        check_states(
            named(names[mask], "sequences, initial state"),
            SEQECHO_LSTM(.units = 3, .return_state = true, .return_sequences = true), mask,
            true);
    }
}

static void lstm_initial_state(void **state)
{
    (void)state;
    check_states("lstm, initial state", SEQECHO_LSTM(.units = 3), 1, true);
    check_states("lstm, initial state, backwards",
                 SEQECHO_LSTM(.units = 3, .go_backwards = true, .return_state = true), 7,
                 true);
    check_states("lstm, initial state, softsign",
                 SEQECHO_LSTM(.units = 3, .activation = SEQECHO_SIGMOID,
                              .recurrent_activation = SEQECHO_SOFTPLUS,
                              .return_state = true),
                 7, true);
}

/* The state a batch starts from is a constant: gradients stop there. */
static void lstm_stateful(void **state)
{
    const gradcheck_options o = { .samples = 2, .second = true };

    (void)state;
    check_layer("lstm, stateful", SEQECHO_LSTM(.units = 3, .stateful = true), STEPS,
                FEATURES, 0, &o);
    check_layer("lstm, stateful, sequences",
                SEQECHO_LSTM(.units = 3, .stateful = true, .return_sequences = true), STEPS,
                FEATURES, 0, &o);
    check_layer("lstm, stateful, swish",
                SEQECHO_LSTM(.units = 3, .stateful = true, .activation = SEQECHO_SWISH,
                             .go_backwards = true),
                STEPS, FEATURES, 0, &o);
    check_layer("lstm, stateful in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 3, .stateful = true)), 2, 3,
                FEATURES, &o);
}

/* ---- RepeatVector, TimeDistributed alone -------------------------------------------- */

static void time_distributed(void **state)
{
    const gradcheck_options o = { .samples = 2 };
    const seqecho_spec *const dense =
        SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SOFTMAX);

    (void)state;
    check_layer("time_distributed of dense", SEQECHO_TIME_DISTRIBUTED(dense), 4, 3, 0, &o);
    check_layer("time_distributed of dense, rank 3", SEQECHO_TIME_DISTRIBUTED(dense), 2, 3,
                4, &o);
    check_layer("time_distributed of time_distributed",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_TIME_DISTRIBUTED(dense)), 2, 3, 4, &o);
    check_layer("time_distributed of activation",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_ACTIVATION(SEQECHO_SWISH)), 4, 3, 0, &o);
    check_layer("time_distributed of repeat_vector",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_REPEAT_VECTOR(3)), 4, 2, 0, &o);
    check_layer("time_distributed of lstm",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 3)), 2, 3, 4, &o);
    check_layer("time_distributed of lstm, sequences",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 3, .return_sequences = true,
                                                      .go_backwards = true)),
                2, 3, 4, &o);
}

static void repeat_vector(void **state)
{
    const gradcheck_options o = { .samples = 3 };

    (void)state;
    check_layer("repeat_vector", SEQECHO_REPEAT_VECTOR(4), 5, 0, 0, &o);
    check_layer("repeat_vector, once", SEQECHO_REPEAT_VECTOR(1), 5, 0, 0, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_activations), cmocka_unit_test(dense_ranks),
        cmocka_unit_test(dense_sizes),       cmocka_unit_test(activation_layers),
        cmocka_unit_test(lstm_plain),        cmocka_unit_test(lstm_sequences),
        cmocka_unit_test(lstm_backwards),    cmocka_unit_test(lstm_units),
        cmocka_unit_test(lstm_activation),   cmocka_unit_test(lstm_recurrent_activation),
        cmocka_unit_test(lstm_states),       cmocka_unit_test(lstm_initial_state),
        cmocka_unit_test(lstm_stateful),     cmocka_unit_test(time_distributed),
        cmocka_unit_test(repeat_vector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
