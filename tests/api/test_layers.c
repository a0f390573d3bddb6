/* test_layers.c - what one way of writing a network has to do with another: the same
 * numbers, and mostly the same bits.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"

enum { SAMPLES = 3, STEPS = 4, FEATURES = 3, UNITS = 5 };

static float x_data[SAMPLES * STEPS * FEATURES];
static const seqecho_view x = { x_data, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };

static int fill(void **state)
{
    (void)state;
    models_fill(x_data, sizeof x_data / sizeof *x_data, 9);
    return 0;
}

/* Input of this shape, one layer, maybe another; the same seed for all. */
static seqecho_graph *chain(int64_t batch, int64_t steps, int64_t features,
                            const seqecho_spec *a, const seqecho_spec *b)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 77)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = batch, .dim = { steps, features }));
    seqecho_graph_add(graph, a);
    if (b != NULL)
        seqecho_graph_add(graph, b);
    if (seqecho_graph_status(graph) < 0)
        fail_msg("%s", seqecho_error_message());
    return graph;
}

/* Run the graph once, and destroy it. */
static void run(seqecho_graph *graph, const seqecho_view *view, float *out, size_t n)
{
    seqecho_predictor *p;

    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    if (seqecho_predictor_run(p, view, out, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* ---- LSTM --------------------------------------------------------------------------- */

/* Backwards is forwards on the steps in reverse, outputs in the order of computing. */
static void backwards_is_reversed(void **state)
{
    float reversed[SAMPLES * STEPS * FEATURES], want[SAMPLES * STEPS * UNITS];
    float got[SAMPLES * STEPS * UNITS];
    seqecho_view r = x;

    (void)state;
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t t = 0; t < STEPS; t++)
            memcpy(reversed + (s * STEPS + t) * FEATURES,
                   x_data + (s * STEPS + STEPS - 1 - t) * FEATURES,
                   FEATURES * sizeof *reversed);
    r.data = reversed;
    for (seqecho_bool sequences = 0; sequences < 2; sequences++) {
        const size_t n = (size_t)(SAMPLES * UNITS * (sequences ? STEPS : 1));

        run(chain(0, STEPS, FEATURES,
                  SEQECHO_LSTM(.units = UNITS, .return_sequences = sequences), NULL),
            &r, want, n);
        run(chain(0, STEPS, FEATURES,
                  SEQECHO_LSTM(.units = UNITS, .return_sequences = sequences,
                               .go_backwards = true),
                  NULL),
            &x, got, n);
        assert_same_bits(got, want, n);
        run(chain(0, STEPS, FEATURES,
                  SEQECHO_LSTM(.units = UNITS, .return_sequences = sequences), NULL),
            &x, want, n);
        assert_true(memcmp(got, want, n * sizeof *got) != 0);
    }
}

/* The last of the sequence is what is given without return_sequences. */
static void the_last_of_the_sequence(void **state)
{
    float all[SAMPLES * STEPS * UNITS], last[SAMPLES * UNITS];

    (void)state;
    run(chain(0, STEPS, FEATURES, SEQECHO_LSTM(.units = UNITS, .return_sequences = true),
              NULL),
        &x, all, SAMPLES * STEPS * UNITS);
    run(chain(0, STEPS, FEATURES, SEQECHO_LSTM(.units = UNITS), NULL), &x, last,
        SAMPLES * UNITS);
    for (size_t s = 0; s < SAMPLES; s++)
        assert_same_bits(last + s * UNITS, all + (s * STEPS + STEPS - 1) * UNITS, UNITS);
}

/* With states: h is the last output, and h and c begin where they are given back. */
static void states_continue(void **state)
{
    enum { N = SAMPLES * UNITS };
    float whole[SAMPLES * STEPS * UNITS], first[3 * N], second[SAMPLES * 2 * UNITS];
    float half[2][SAMPLES * 2 * FEATURES];
    seqecho_view views[3] = { { half[0], { SAMPLES, 2, FEATURES }, 3, SEQECHO_FLOAT32 },
                              { first + N, { SAMPLES, UNITS }, 2, SEQECHO_FLOAT32 },
                              { first + 2 * N, { SAMPLES, UNITS }, 2, SEQECHO_FLOAT32 } };
    seqecho_graph *graph;
    seqecho_node *node, *in[3];

    (void)state;
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t i = 0; i < 2; i++)
            memcpy(half[i] + s * 2 * FEATURES, x_data + (s * STEPS + 2 * i) * FEATURES,
                   2 * FEATURES * sizeof *x_data);
    run(chain(0, STEPS, FEATURES, SEQECHO_LSTM(.units = UNITS, .return_sequences = true),
              NULL),
        &x, whole, SAMPLES * STEPS * UNITS);

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 77)), 0);
    in[0] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 2, FEATURES }));
    node = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = UNITS, .return_state = true)),
        in[0]);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(seqecho_graph_output(graph, seqecho_node_output(node, i)), 0);
    run(graph, views, first, 3 * N);
    assert_same_bits(first + N, first, N);
    for (size_t s = 0; s < SAMPLES; s++)
        assert_same_bits(first + s * UNITS, whole + (s * STEPS + 1) * UNITS, UNITS);

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 77)), 0);
    in[0] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 2, FEATURES }));
    for (int i = 1; i < 3; i++)
        in[i] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { UNITS }));
    node = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = UNITS, .return_sequences = true)),
        in, 3);
    assert_int_equal(seqecho_graph_output(graph, node), 0);
    views[0].data = half[1];
    run(graph, views, second, SAMPLES * 2 * UNITS);
    for (size_t s = 0; s < SAMPLES; s++)
        assert_same_bits(second + s * 2 * UNITS, whole + (s * STEPS + 2) * UNITS,
                         2 * UNITS);
}

/* A stateful layer fed in pieces is a stateless one fed at once. */
static void stateful_continues(void **state)
{
    float whole[SAMPLES * STEPS * UNITS], piece[SAMPLES * UNITS];
    float step[SAMPLES * FEATURES];
    const seqecho_view view = { step, { SAMPLES, 1, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *const graph =
        chain(SAMPLES, 1, FEATURES, SEQECHO_LSTM(.units = UNITS, .stateful = true), NULL);
    seqecho_trainer *trainer;

    (void)state;
    run(chain(0, STEPS, FEATURES, SEQECHO_LSTM(.units = UNITS, .return_sequences = true),
              NULL),
        &x, whole, SAMPLES * STEPS * UNITS);
    assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
    for (int round = 0; round < 2; round++) {
        for (size_t t = 0; t < STEPS; t++) {
            for (size_t s = 0; s < SAMPLES; s++)
                memcpy(step + s * FEATURES, x_data + (s * STEPS + t) * FEATURES,
                       FEATURES * sizeof *step);
            assert_int_equal(
                seqecho_trainer_predict(trainer, &view, piece, SAMPLES * UNITS), 0);
            for (size_t s = 0; s < SAMPLES; s++)
                assert_same_bits(piece + s * UNITS, whole + (s * STEPS + t) * UNITS, UNITS);
        }
        seqecho_trainer_reset_states(trainer);
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- RepeatVector, TimeDistributed, Dense ------------------------------------------- */

static void repeat_vector_repeats(void **state)
{
    const seqecho_view rows = { x_data, { 2, 5 }, 2, SEQECHO_FLOAT32 };
    seqecho_graph *graph;
    float out[2 * 3 * 5];

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5 }));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(3));
    run(graph, &rows, out, 30);
    for (size_t i = 0; i < 6; i++)
        assert_same_bits(out + i * 5, x_data + i / 3 * 5, 5);
}

/* Repeated values as they are, and copied because somebody else looks at them too. */
static void repeated_or_copied(void **state)
{
    enum { N = SAMPLES * STEPS * UNITS };
    const seqecho_view rows = { x_data, { SAMPLES, FEATURES }, 2, SEQECHO_FLOAT32 };
    float out[2][N + SAMPLES * STEPS * FEATURES];

    (void)state;
    for (int copied = 0; copied < 2; copied++) {
        seqecho_node *repeated;
        seqecho_graph *graph;

        assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 4)), 0);
        repeated = seqecho_layer_call(
            seqecho_layer_create(graph, SEQECHO_REPEAT_VECTOR(STEPS)),
            seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { FEATURES })));
        assert_int_equal(seqecho_graph_output(
                             graph, seqecho_layer_call(
                                        seqecho_layer_create(
                                            graph, SEQECHO_LSTM(.units = UNITS,
                                                                .return_sequences = true)),
                                        repeated)),
                         0);
        if (copied)
            assert_int_equal(seqecho_graph_output(graph, repeated), 0);
        run(graph, &rows, out[copied],
            (size_t)(N + (copied ? SAMPLES * STEPS * FEATURES : 0)));
    }
    assert_same_bits(out[0], out[1], N);
}

static void time_distributed_dense_is_dense(void **state)
{
    enum { N = SAMPLES * STEPS * 2 };
    float wrapped[N], plain[N];

    (void)state;
    run(chain(0, STEPS, FEATURES,
              SEQECHO_TIME_DISTRIBUTED(
                  SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX)),
              NULL),
        &x, wrapped, N);
    run(chain(0, STEPS, FEATURES, SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX),
              NULL),
        &x, plain, N);
    assert_same_bits(wrapped, plain, N);
}

/* An LSTM on every step of rank-3 samples is that LSTM on each of them. */
static void time_distributed_lstm_is_many(void **state)
{
    enum { OUTER = 2, ROWS = 3 * OUTER };
    float data[ROWS * STEPS * FEATURES], each[ROWS * UNITS], wrapped[ROWS * UNITS];
    const seqecho_view all = { data, { 3, OUTER, STEPS, FEATURES }, 4, SEQECHO_FLOAT32 };
    const seqecho_view flat = { data, { ROWS, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *graph;

    (void)state;
    models_fill(data, sizeof data / sizeof *data, 5);
    run(chain(0, STEPS, FEATURES, SEQECHO_LSTM(.units = UNITS), NULL), &flat, each,
        ROWS * UNITS);
    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 77)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { OUTER, STEPS, FEATURES }));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = UNITS)));
    run(graph, &all, wrapped, ROWS * UNITS);
    assert_same_bits(wrapped, each, ROWS * UNITS);
}

static void an_activation_may_stand_alone(void **state)
{
    enum { N = SAMPLES * STEPS * 4 };

    (void)state;
    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        float inside[N], alone[N];

        run(chain(0, STEPS, FEATURES, SEQECHO_DENSE(.units = 4, .activation = f), NULL), &x,
            inside, N);
        run(chain(0, STEPS, FEATURES, SEQECHO_DENSE(.units = 4), SEQECHO_ACTIVATION(f)), &x,
            alone, N);
        assert_same_bits(inside, alone, N);
    }
}

/* A dense layer by hand, so that the above does not compare nothing with nothing. */
static void dense_by_hand(void **state)
{
    seqecho_graph *const graph = chain(0, STEPS, FEATURES, SEQECHO_DENSE(.units = 2), NULL);
    const float bias[2] = { 0.5F, -0.25F };
    float kernel[FEATURES * 2], out[SAMPLES * STEPS * 2], want[SAMPLES * STEPS * 2];

    (void)state;
    assert_int_equal(seqecho_graph_weight_set(graph, "dense/bias", bias, 2), 0);
    assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", kernel, FEATURES * 2),
                     0);
    for (size_t r = 0; r < SAMPLES * STEPS; r++)
        for (size_t j = 0; j < 2; j++) {
            want[r * 2 + j] = bias[j];
            for (size_t i = 0; i < FEATURES; i++)
                want[r * 2 + j] += x_data[r * FEATURES + i] * kernel[i * 2 + j];
        }
    run(graph, &x, out, SAMPLES * STEPS * 2);
    assert_close(out, want, SAMPLES * STEPS * 2, 1e-6, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backwards_is_reversed),
        cmocka_unit_test(the_last_of_the_sequence),
        cmocka_unit_test(states_continue),
        cmocka_unit_test(stateful_continues),
        cmocka_unit_test(repeat_vector_repeats),
        cmocka_unit_test(repeated_or_copied),
        cmocka_unit_test(time_distributed_dense_is_dense),
        cmocka_unit_test(time_distributed_lstm_is_many),
        cmocka_unit_test(an_activation_may_stand_alone),
        cmocka_unit_test(dense_by_hand),
    };

    return cmocka_run_group_tests(tests, fill, NULL);
}
