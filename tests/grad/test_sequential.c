/* test_sequential.c - gradients of Sequential, alone and inside other layers.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gradcheck.h"

#define DENSE(UNITS) SEQECHO_DENSE(.units = UNITS, .activation = SEQECHO_TANH)
#define SEQUENCES(UNITS) SEQECHO_LSTM(.units = UNITS, .return_sequences = true)

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

static void alone(void **state)
{
    const gradcheck_options o = { .samples = 3 };

    (void)state;
    check_layer("one layer", SEQECHO_SEQUENTIAL(DENSE(4)), 3, 0, 0, o);
    check_layer("two layers", SEQECHO_SEQUENTIAL(DENSE(4), DENSE(2)), 3, 0, 0, o);
    check_layer("five layers, growing and shrinking",
                SEQECHO_SEQUENTIAL(DENSE(5), DENSE(2), SEQECHO_ACTIVATION(SEQECHO_SWISH),
                                   DENSE(6), SEQECHO_DENSE(.units = 3)),
                2, 3, 0, o);
    check_layer("without weights",
                SEQECHO_SEQUENTIAL(SEQECHO_ACTIVATION(SEQECHO_TANH),
                                   SEQECHO_ACTIVATION(SEQECHO_SOFTMAX)),
                4, 0, 0, o);
    check_layer("recurrent", SEQECHO_SEQUENTIAL(SEQUENCES(3), DENSE(2), SEQUENCES(2)), 4, 3,
                0, o);
    check_layer("encoder, decoder",
                SEQECHO_SEQUENTIAL(SEQECHO_LSTM(.units = 3), SEQECHO_REPEAT_VECTOR(2),
                                   SEQUENCES(2), SEQECHO_TIME_DISTRIBUTED(DENSE(2))),
                3, 2, 0, o);
    check_layer("one sample", SEQECHO_SEQUENTIAL(SEQUENCES(3), DENSE(2)), 4, 3, 0,
                (gradcheck_options){ .samples = 1 });
}

static void inside(void **state)
{
    const gradcheck_options o = { .samples = 2 };

    (void)state;
    check_layer("in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(
                    SEQECHO_SEQUENTIAL(SEQUENCES(3), DENSE(2), SEQECHO_LSTM(.units = 2))),
                2, 3, 2, o);
    check_layer("in time_distributed, repeating",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                    DENSE(2), SEQECHO_REPEAT_VECTOR(3), SEQECHO_LSTM(.units = 2))),
                2, 3, 0, o);
    check_layer(
        "in each other",
        SEQECHO_SEQUENTIAL(DENSE(3), SEQECHO_SEQUENTIAL(DENSE(2), SEQUENCES(2)), DENSE(2)),
        3, 2, 0, o);
    check_layer("with bidirectional",
                SEQECHO_SEQUENTIAL(SEQECHO_BIDIRECTIONAL(SEQUENCES(2)),
                                   SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 2),
                                                         .merge_mode = SEQECHO_MERGE_AVE)),
                3, 2, 0, o);
}

static void stateful(void **state)
{
    const gradcheck_options o = { .samples = 2, .second = true };

    (void)state;
    check_layer("stateful",
                SEQECHO_SEQUENTIAL(
                    SEQECHO_LSTM(.units = 3, .stateful = true, .return_sequences = true),
                    DENSE(2), SEQECHO_LSTM(.units = 2, .stateful = true)),
                3, 2, 0, o);
    check_layer(
        "stateful and stateless",
        SEQECHO_SEQUENTIAL(SEQUENCES(3), SEQECHO_LSTM(.units = 2, .stateful = true)), 3, 2,
        0, o);
    check_layer("stateful in time_distributed",
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                    SEQECHO_LSTM(.units = 3, .stateful = true, .return_sequences = true),
                    SEQECHO_LSTM(.units = 2, .stateful = true))),
                2, 3, 2, o);
}

/* Its first layer takes a repeated value, and gives one gradient for all steps. */
static void behind_repeat_vector(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x =
        gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(3), gradcheck_input(&m, 0, 2, 0, 0));

    (void)state;
    gradcheck_output(&m,
                     gradcheck_apply(&m, SEQECHO_SEQUENTIAL(SEQUENCES(3), DENSE(2)), x));
    gradcheck_run(&m, &(gradcheck_options){ .name = "repeated" });
}

static void called_twice(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 2, 0);
    seqecho_node *const y = gradcheck_input(&m, 0, 2, 2, 0);
    seqecho_layer *const stack =
        seqecho_layer_create(m.graph, SEQECHO_SEQUENTIAL(DENSE(3), SEQUENCES(2)));

    (void)state;
    gradcheck_output(&m, seqecho_layer_call(stack, x));
    gradcheck_output(&m, seqecho_layer_call(stack, y));
    gradcheck_run(&m, &(gradcheck_options){ .name = "called twice", .samples = 2 });
}

/* The softmax of the last layer is left to the loss. */
static void with_a_loss(void **state)
{
    const gradcheck_options o = { .samples = 3,
                                  .loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                  .probabilities = true };

    (void)state;
    check_layer("softmax and its loss",
                SEQECHO_SEQUENTIAL(
                    SEQUENCES(3), SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SOFTMAX)),
                3, 2, 0, o);
    check_layer(
        "a softmax inside stays",
        SEQECHO_SEQUENTIAL(SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SOFTMAX),
                           SEQECHO_DENSE(.units = 3, .activation = SEQECHO_SOFTMAX)),
        3, 0, 0, o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone),        cmocka_unit_test(inside),
        cmocka_unit_test(stateful),     cmocka_unit_test(behind_repeat_vector),
        cmocka_unit_test(called_twice), cmocka_unit_test(with_a_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
