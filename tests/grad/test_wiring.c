/* test_wiring.c - gradients through graphs of several layers: chains, repeated values,
 * shared layers, nodes with several consumers, several inputs and outputs, class numbers.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "close.h"
#include "gradcheck.h"

static void run(gradcheck_model *m, const char *name, int64_t samples)
{
    const gradcheck_options o = { .name = name, .samples = samples };

    gradcheck_run(m, &o);
}

static const seqecho_spec *sequences(int64_t units)
{
    static seqecho_lstm_spec spec;

    spec = (seqecho_lstm_spec){ .head = { sizeof spec, SEQECHO_KIND_LSTM, 0 },
                                .units = units,
                                .return_sequences = true };
    return &spec.head;
}

/* ---- Chains ------------------------------------------------------------------------- */

/* The first demonstration's model, small. */
static void echo_whole(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, 4, 5, 0);

    (void)state;
    x = gradcheck_apply(&m, sequences(3), x);
    x = gradcheck_apply(
        &m,
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 5, .activation = SEQECHO_SOFTMAX)),
        x);
    gradcheck_output(&m, x);
    run(&m, "echo_whole", 3);
}

/* The second's: the repeated value goes into the decoder as it is. */
static void echo_partial(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, 4, 5, 0);

    (void)state;
    x = gradcheck_apply(&m, SEQECHO_LSTM(.units = 3), x);
    x = gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(3), x);
    x = gradcheck_apply(&m, sequences(4), x);
    x = gradcheck_apply(
        &m,
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 5, .activation = SEQECHO_SOFTMAX)),
        x);
    gradcheck_output(&m, x);
    run(&m, "echo_partial", 2);
}

static void stacked(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, 3, 2, 0);

    (void)state;
    x = gradcheck_apply(&m, sequences(3), x);
    x = gradcheck_apply(
        &m, SEQECHO_LSTM(.units = 3, .go_backwards = true, .return_sequences = true), x);
    x = gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_SWISH), x);
    x = gradcheck_apply(&m, SEQECHO_LSTM(.units = 2), x);
    x = gradcheck_apply(&m, SEQECHO_DENSE(.units = 3, .activation = SEQECHO_TANH), x);
    gradcheck_output(&m, x);
    run(&m, "stacked", 2);
}

/* ---- RepeatVector ------------------------------------------------------------------- */

enum { REPEATED_LSTM = 1, REPEATED_BACKWARDS = 2, REPEATED_DENSE = 4, REPEATED_OUTPUT = 8 };

/* A repeated value with these consumers: LSTMs take it as it is, others need copies. */
static void check_repeated(const char *name, unsigned consumers)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 0, 0);
    seqecho_node *const value =
        gradcheck_apply(&m, SEQECHO_DENSE(.units = 4, .activation = SEQECHO_TANH), x);
    seqecho_node *const repeated = gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(3), value);

    if (consumers & REPEATED_LSTM)
        gradcheck_output(&m, gradcheck_apply(&m, sequences(3), repeated));
    if (consumers & REPEATED_BACKWARDS)
        gradcheck_output(&m, gradcheck_apply(&m,
                                             SEQECHO_LSTM(.units = 2, .go_backwards = true,
                                                          .no_bias = true),
                                             repeated));
    if (consumers & REPEATED_DENSE)
        gradcheck_output(
            &m,
            gradcheck_apply(&m,
                            SEQECHO_TIME_DISTRIBUTED(
                                SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SIGMOID)),
                            repeated));
    if (consumers & REPEATED_OUTPUT)
        gradcheck_output(&m, repeated);
    run(&m, name, 2);
}

static void repeated(void **state)
{
    (void)state;
    check_repeated("repeated into lstm", REPEATED_LSTM);
    check_repeated("repeated into lstm, backwards", REPEATED_BACKWARDS);
    check_repeated("repeated into two lstms", REPEATED_LSTM | REPEATED_BACKWARDS);
    check_repeated("repeated into dense", REPEATED_DENSE);
    check_repeated("repeated is the output", REPEATED_OUTPUT);
    check_repeated("repeated into lstm and dense", REPEATED_LSTM | REPEATED_DENSE);
    check_repeated("repeated into everything",
                   REPEATED_LSTM | REPEATED_BACKWARDS | REPEATED_DENSE | REPEATED_OUTPUT);
}

/* The input itself, repeated. */
static void repeated_input(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 0, 0);

    (void)state;
    gradcheck_output(&m, gradcheck_apply(&m, sequences(3),
                                         gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(4), x)));
    run(&m, "input repeated into lstm", 2);
}

static void repeated_in_time(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, 3, 2, 0);

    (void)state;
    x = gradcheck_apply(&m, SEQECHO_TIME_DISTRIBUTED(SEQECHO_REPEAT_VECTOR(4)), x);
    x = gradcheck_apply(&m, SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 3)), x);
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_LSTM(.units = 2), x));
    run(&m, "time_distributed encoder", 2);
}

/* ---- Sharing ------------------------------------------------------------------------ */

static void shared_lstm(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const lstm = seqecho_layer_create(m.graph, SEQECHO_LSTM(.units = 3));
    seqecho_node *const a = gradcheck_input(&m, 0, 4, 2, 0);
    seqecho_node *const b = gradcheck_input(&m, 0, 2, 2, 0);

    (void)state;
    gradcheck_output(&m, seqecho_layer_call(lstm, a));
    gradcheck_output(&m, seqecho_layer_call(lstm, b));
    run(&m, "lstm called twice", 2);
}

static void shared_dense(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const dense = seqecho_layer_create(
        m.graph, SEQECHO_DENSE(.units = 3, .activation = SEQECHO_TANH));
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 0, 0);
    seqecho_node *const once = seqecho_layer_call(dense, x);

    (void)state;
    gradcheck_output(&m, seqecho_layer_call(dense, seqecho_layer_call(dense, once)));
    run(&m, "dense after itself", 2);
}

/* Three consumers and an output: four gradients meet. */
static void consumed_often(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 2, 0);
    seqecho_node *const h = gradcheck_apply(&m, sequences(3), x);

    (void)state;
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_DENSE(.units = 2), h));
    gradcheck_output(&m, h);
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_LSTM(.units = 2), h));
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_TANH), h));
    run(&m, "consumed three times and an output", 2);
}

/* One node as both initial states, and one of them consumed again. */
static void same_state_twice(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 2, 0);
    seqecho_node *const s =
        gradcheck_apply(&m, SEQECHO_DENSE(.units = 3), gradcheck_input(&m, 0, 2, 0, 0));
    seqecho_node *in[3] = { x, s, s };

    (void)state;
    gradcheck_output(
        &m, seqecho_layer_call_n(seqecho_layer_create(m.graph, SEQECHO_LSTM(.units = 3)),
                                 in, 3));
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), s));
    run(&m, "one node for h and c", 2);
}

/* The states of an encoder begin a decoder. */
static void encoder_decoder(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 4, 2, 0);
    seqecho_node *const y = gradcheck_input(&m, 0, 3, 3, 0);
    seqecho_node *const encoded =
        gradcheck_apply(&m, SEQECHO_LSTM(.units = 3, .return_state = true), x);
    seqecho_node *in[3] = { y, seqecho_node_output(encoded, 1),
                            seqecho_node_output(encoded, 2) };

    (void)state;
    gradcheck_output(
        &m, seqecho_layer_call_n(seqecho_layer_create(m.graph, sequences(3)), in, 3));
    run(&m, "encoder, decoder", 2);
}

/* Layers that nothing depends on are left out, wherever they hang. */
static void unused_layers(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, 3, 2, 0);
    seqecho_node *const h =
        gradcheck_apply(&m, SEQECHO_LSTM(.units = 3, .return_state = true), x);

    (void)state;
    assert_non_null(gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_TANH), x));
    gradcheck_output(&m, h);
    assert_non_null(
        gradcheck_apply(&m, SEQECHO_REPEAT_VECTOR(3), seqecho_node_output(h, 1)));
    run(&m, "unused layers", 2);
}

/* ---- Class numbers ------------------------------------------------------------------ */

enum { SAMPLES = 3, STEPS = 4, CLASSES = 6, UNITS = 5, OUT_MAX = 2 * STEPS * CLASSES };

/* What a graph says to one batch, and its gradients. */
typedef struct answer {
    float out[SAMPLES * OUT_MAX];
    float gradient[2048];
    size_t n_out, n_gradient;
} answer;

static void ask(seqecho_graph *graph, const seqecho_view *x, size_t n_out, answer *a)
{
    seqecho_trainer *trainer;
    seqecho_view dy[2] = { { .data = NULL }, { .data = NULL } };
    float *const values = calloc(n_out, sizeof *values);

    memset(a, 0, sizeof *a);
    assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
    assert_int_equal(seqecho_trainer_forward(trainer, x, a->out, n_out), 0);
    for (size_t i = 0; i < n_out; i++)
        values[i] = (float)(i % 7) - 2.5F;
    dy[0] = (seqecho_view){ values, { SAMPLES, UNITS }, 2, SEQECHO_FLOAT32 };
    dy[1] = (seqecho_view){
        values + SAMPLES * UNITS, { SAMPLES, STEPS, CLASSES }, 3, SEQECHO_FLOAT32
    };
    assert_int_equal(seqecho_trainer_backward(trainer, dy, NULL, 0), 0);
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t n;

        assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
        n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        assert_true(a->n_gradient + n <= sizeof a->gradient / sizeof *a->gradient);
        assert_int_equal(
            seqecho_trainer_gradient_get(trainer, name, a->gradient + a->n_gradient, n), 0);
        a->n_gradient += n;
    }
    a->n_out = n_out;
    seqecho_trainer_destroy(trainer);
    free(values);
}

/* Class numbers and one-hot rows give the same bits, into layers that take numbers as
 * they are (LSTM, Dense) and those that do not. */
static void check_classes(bool backwards, bool no_bias, bool expanded)
{
    static answer from_classes, from_floats;
    static const int32_t classes[SAMPLES * STEPS] = { 0, 5, 3, 3, 1, 2, 0, 0, 4, 5, 5, 1 };
    static float one_hot[SAMPLES * STEPS * CLASSES];
    const seqecho_view x_classes = { classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    const seqecho_view x_floats = {
        one_hot, { SAMPLES, STEPS, CLASSES }, 3, SEQECHO_FLOAT32
    };
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, STEPS, CLASSES, 0);

    assert_int_equal(seqecho_one_hot_encode(classes, SAMPLES * STEPS, CLASSES, one_hot), 0);
    gradcheck_output(&m, gradcheck_apply(&m,
                                         SEQECHO_LSTM(.units = UNITS, .no_bias = no_bias,
                                                      .go_backwards = backwards),
                                         x));
    gradcheck_output(
        &m, gradcheck_apply(&m,
                            expanded ? SEQECHO_ACTIVATION(SEQECHO_SIGMOID)
                                     : SEQECHO_DENSE(.units = CLASSES, .no_bias = no_bias),
                            x));
    gradcheck_fill_weights(m.graph, false);
    ask(m.graph, &x_classes, SAMPLES * (UNITS + STEPS * CLASSES), &from_classes);
    ask(m.graph, &x_floats, SAMPLES * (UNITS + STEPS * CLASSES), &from_floats);
    assert_same_bits(from_classes.out, from_floats.out, from_floats.n_out);
    assert_int_equal(from_classes.n_gradient, from_floats.n_gradient);
    assert_true(from_floats.n_gradient > 0);
    assert_same_bits(from_classes.gradient, from_floats.gradient, from_floats.n_gradient);
    seqecho_graph_destroy(m.graph);
}

static void class_numbers(void **state)
{
    (void)state;
    check_classes(false, false, false);
    check_classes(true, false, false);
    check_classes(false, true, false);
    check_classes(true, true, true);
}

/* Gradients of inputs skip those given as class numbers. */
static void gradients_of_mixed_inputs(void **state)
{
    static const int32_t classes[2] = { 1, 0 };
    static const float numbers[2 * 3] = { 0.5F, -1.0F, 2.0F, 0.25F, 0.0F, 1.0F };
    static const float dy[4] = { 1.0F, 2.0F, 3.0F, 4.0F };
    const seqecho_view x[] = { { classes, { 2 }, 1, SEQECHO_INT32 },
                               { numbers, { 2, 3 }, 2, SEQECHO_FLOAT32 } };
    const seqecho_view dys[] = { { dy, { 2, 1 }, 2, SEQECHO_FLOAT32 },
                                 { dy + 2, { 2, 1 }, 2, SEQECHO_FLOAT32 } };
    gradcheck_model m = gradcheck_begin();
    seqecho_trainer *trainer;
    float out[4], dx[6], kernel[3];
    const float want[6] = { 3, 3, 3, 4, 4, 4 };

    (void)state;
    for (int i = 0; i < 2; i++)
        gradcheck_output(&m,
                         gradcheck_apply(&m,
                                         SEQECHO_DENSE(.units = 1, .name = i ? "b" : "a",
                                                       .kernel_init = SEQECHO_INIT_ONES),
                                         gradcheck_input(&m, 0, 2 + i, 0, 0)));
    assert_int_equal(seqecho_trainer_create(&trainer, m.graph, NULL), 0);
    assert_int_equal(seqecho_trainer_forward(trainer, x, out, 4), 0);
    assert_int_equal(seqecho_trainer_backward(trainer, dys, dx, 10), SEQECHO_ESHAPE);
    assert_int_equal(seqecho_trainer_backward(trainer, dys, dx, 6), 0);
    assert_close(dx, want, 6, 0, 0);
    assert_int_equal(seqecho_trainer_gradient_get(trainer, "a/kernel", kernel, 2), 0);
    assert_close(kernel, ((const float[]){ 2.0F, 1.0F }), 2, 0, 0);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(m.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_whole),      cmocka_unit_test(echo_partial),
        cmocka_unit_test(stacked),         cmocka_unit_test(repeated),
        cmocka_unit_test(repeated_input),  cmocka_unit_test(repeated_in_time),
        cmocka_unit_test(shared_lstm),     cmocka_unit_test(shared_dense),
        cmocka_unit_test(consumed_often),  cmocka_unit_test(same_state_twice),
        cmocka_unit_test(encoder_decoder), cmocka_unit_test(unused_layers),
        cmocka_unit_test(class_numbers),   cmocka_unit_test(gradients_of_mixed_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
