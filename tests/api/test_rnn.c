/* test_rnn.c - GRU and SimpleRNN: the ways to the same numbers give the same bits.
 * SPDX-License-Identifier: MIT */
#include "rnn_models.h"

/* Two stateful batches, and single steps, give one long run. */
static void piece_by_piece(void **state)
{
    enum { F = 5, U = 13, B = 3 };

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int other = 0; other < 2; other++) {
            const options o = { .units = U,
                                .sequences = true,
                                .activation = other ? SEQECHO_SWISH : SEQECHO_TANH };
            options keeps = o;
            float x[B * STEPS * F], half[B * STEPS / 2 * F], want[B * STEPS * U];
            float y[B * STEPS / 2 * U];
            seqecho_view view = floats(x, B, STEPS, F);
            seqecho_graph *graph;
            seqecho_predictor *p;

            models_fill(x, B * STEPS * F, 4);
            run(alone(kind, o, B, STEPS, F, false), &view, want, B * STEPS * U);
            keeps.stateful = true;
            graph = alone(kind, keeps, B, STEPS / 2, F, false);
            p = predictor(graph);
            for (int part = 0; part < 2; part++) {
                for (int b = 0; b < B; b++)
                    memcpy(half + b * STEPS / 2 * F, x + (b * STEPS + part * STEPS / 2) * F,
                           STEPS / 2 * F * sizeof *x);
                view = floats(half, B, STEPS / 2, F);
                assert_int_equal(seqecho_predictor_run(p, &view, y, B * STEPS / 2 * U), 0);
                for (int b = 0; b < B; b++)
                    assert_same_bits(y + b * STEPS / 2 * U,
                                     want + (b * STEPS + part * STEPS / 2) * U,
                                     STEPS / 2 * U);
            }
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(graph);

            graph = alone(kind, o, 1, STEPS, F, false);
            p = predictor(graph);
            for (int round = 0; round < 2; round++) {
                seqecho_predictor_reset_states(p);
                for (int t = 0; t < STEPS; t++) {
                    assert_int_equal(seqecho_predictor_step(p, x + t * F, y), 0);
                    assert_same_bits(y, want + t * U, U);
                }
            }
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(graph);
        }
}

static void backwards_is_the_reversed_input(void **state)
{
    enum { F = 4, U = 6, B = 17 };
    static float x[B * STEPS * F], turned[B * STEPS * F], want[B * STEPS * U];
    static float y[B * STEPS * U];

    (void)state;
    models_fill(x, B * STEPS * F, 9);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < STEPS; t++)
            memcpy(turned + (b * STEPS + t) * F, x + (b * STEPS + STEPS - 1 - t) * F,
                   F * sizeof *x);
    for (int kind = 0; kind < KINDS; kind++)
        for (int64_t batch = 1; batch <= B; batch += 16) {
            const seqecho_view view = floats(x, batch, STEPS, F);
            const seqecho_view other = floats(turned, batch, STEPS, F);
            options o = { .units = U, .sequences = true };
            const size_t n = (size_t)(batch * STEPS * U);

            run(alone(kind, o, 0, STEPS, F, false), &other, want, n);
            o.backwards = true;
            run(alone(kind, o, 0, STEPS, F, false), &view, y, n);
            assert_same_bits(y, want, n);
        }
}

/* Class numbers stand for one-hot rows, forward and backward. */
static void class_numbers(void **state)
{
    enum { C = 7, U = 5, B = 3 };
    static const int32_t numbers[B * STEPS] = { 0, 6, 3, 3, 1, 5, 2, 2, 4,
                                                0, 1, 6, 5, 4, 3, 2, 1, 0 };
    float x[B * STEPS * C] = { 0 };

    (void)state;
    for (int i = 0; i < B * STEPS; i++)
        x[i * C + numbers[i]] = 1.0f;
    for (int kind = 0; kind < KINDS; kind++)
        for (int no_bias = 0; no_bias < 2; no_bias++)
            for (int backwards = 0; backwards < 2; backwards++) {
                const options o = { .units = U,
                                    .sequences = true,
                                    .backwards = backwards != 0,
                                    .no_bias = no_bias != 0 };
                seqecho_view view[2] = { floats(x, B, STEPS, C),
                                         { numbers, { B, STEPS }, 2, SEQECHO_INT32 } };
                float y[2][B * STEPS * U], grad[2][C * 3 * U], dy[B * STEPS * U];
                const seqecho_view dview = floats(dy, B, STEPS, U);

                models_fill(dy, B * STEPS * U, 2);
                for (int i = 0; i < 2; i++) {
                    seqecho_graph *const graph = alone(kind, o, 0, STEPS, C, false);
                    seqecho_trainer *trainer;

                    assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
                    assert_int_equal(
                        seqecho_trainer_forward(trainer, &view[i], y[i], B * STEPS * U), 0);
                    assert_int_equal(seqecho_trainer_backward(trainer, &dview, NULL, 0), 0);
                    assert_int_equal(seqecho_trainer_gradient_get(
                                         trainer, seqecho_graph_weight_name(graph, 0),
                                         grad[i], (size_t)(C * U * (kind == 0 ? 1 : 3))),
                                     0);
                    seqecho_trainer_destroy(trainer);
                    seqecho_graph_destroy(graph);
                }
                assert_same_bits(y[1], y[0], B * STEPS * U);
                assert_close(grad[1], grad[0], (size_t)(C * U * (kind == 0 ? 1 : 3)), 1e-6,
                             1e-7);
            }
}

/* Behind RepeatVector x is not copied, and nothing differs. */
static void repeated_input(void **state)
{
    enum { F = 6, U = 9, B = 4 };
    float x[B * F] = { 0 }, copies[B * STEPS * F], want[B * STEPS * U], y[B * STEPS * U];
    const seqecho_view one = floats(x, B, F, 0), all = floats(copies, B, STEPS, F);

    (void)state;
    models_fill(x, B * F, 6);
    for (int i = 0; i < B * STEPS; i++)
        memcpy(copies + i * F, x + i / STEPS * F, F * sizeof *x);
    for (int kind = 0; kind < KINDS; kind++)
        for (int drops = 0; drops < 2; drops++) {
            const options o = { .units = U,
                                .sequences = true,
                                .dropout = drops ? 0.5f : 0.0f };
            seqecho_graph *const graph = new_graph();
            seqecho_node *node = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { F }));

            node = seqecho_layer_call(
                seqecho_layer_create(graph, SEQECHO_REPEAT_VECTOR(STEPS)), node);
            node = seqecho_layer_call(add(graph, kind, o), node);
            assert_int_equal(seqecho_graph_output(graph, node), 0);
            run(alone(kind, o, 0, STEPS, F, false), &all, want, B * STEPS * U);
            run(graph, &one, y, B * STEPS * U);
            assert_same_bits(y, want, B * STEPS * U);
        }
}

/* Samples of different lengths, whose rest is not looked at, one by one. */
static void lengths(void **state)
{
    enum { F = 3, U = 6, B = 20 };
    static float x[B * STEPS * F], y[B * U];
    int32_t length[B];

    (void)state;
    models_fill(x, B * STEPS * F, 8);
    for (int b = 0; b < B; b++) {
        length[b] = (b * 5 + 2) % (STEPS + 1);
        for (int i = length[b] * F; i < STEPS * F; i++)
            x[b * STEPS * F + i] = NAN;
    }
    for (int kind = 0; kind < KINDS; kind++)
        for (int64_t batch = 3; batch <= B; batch += 17) {
            const options o = { .units = U };
            const seqecho_view views[2] = { floats(x, batch, STEPS, F),
                                            { length, { batch }, 1, SEQECHO_INT32 } };

            run(alone(kind, o, 0, STEPS, F, true), views, y, (size_t)(batch * U));
            for (int b = 0; b < batch; b++) {
                const seqecho_view own = floats(x + b * STEPS * F, 1, length[b], F);
                float want[U] = { 0 };

                if (length[b] > 0)
                    run(alone(kind, o, 0, length[b], F, false), &own, want, U);
                assert_same_bits(y + b * U, want, U);
            }
        }
}

/* Outputs and gradients of a batch, on some threads. */
static void train_once(int kind, options o, int32_t threads, int64_t batch, float *y,
                       float *grads, bool masked)
{
    enum { F = 20, U = 72, B = 14 };
    static float x[B * STEPS * F], dy[B * STEPS * U];
    static const int32_t length[B] = { 6, 3, 1, 0, 5, 6, 6, 2, 4, 4, 1, 6, 5, 3 };
    const seqecho_view views[2] = { floats(x, batch, STEPS, F),
                                    { length, { batch }, 1, SEQECHO_INT32 } };
    const seqecho_view dview = floats(dy, batch, STEPS, U);
    seqecho_graph *const graph = alone(kind, o, 0, STEPS, F, masked);
    seqecho_trainer *trainer;
    size_t at = 0;

    models_fill(x, B * STEPS * F, 1);
    models_fill(dy, B * STEPS * U, 2);
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph, SEQECHO_TRAINER(.threads = threads)), 0);
    assert_int_equal(
        seqecho_trainer_forward(trainer, views, y, (size_t)(batch * STEPS * U)), 0);
    assert_int_equal(seqecho_trainer_backward(trainer, &dview, NULL, 0), 0);
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t n;

        assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
        n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        assert_int_equal(seqecho_trainer_gradient_get(trainer, name, grads + at, n), 0);
        at += n;
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void threads(void **state)
{
    enum { U = 72, B = 14, GRADS = (20 + U + 2) * 3 * U };
    static float y[2][B * STEPS * U], grads[2][GRADS];

    (void)state;
    for (int kind = 0; kind < KINDS; kind++)
        for (int masked = 0; masked < 2; masked++) {
            const options o = { .units = U, .sequences = true, .backwards = masked != 0 };

            memset(grads, 0, sizeof grads);
            train_once(kind, o, 1, B, y[0], grads[0], masked != 0);
            train_once(kind, o, 3, B, y[1], grads[1], masked != 0);
            assert_same_bits(y[1], y[0], B * STEPS * U);
            assert_same_bits(grads[1], grads[0], GRADS);
            /* A part of the batch. */
            train_once(kind, o, 1, 5, y[1], grads[1], masked != 0);
            assert_same_bits(y[1], y[0], 5 * STEPS * U);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(piece_by_piece), cmocka_unit_test(backwards_is_the_reversed_input),
        cmocka_unit_test(class_numbers),  cmocka_unit_test(repeated_input),
        cmocka_unit_test(lengths),        cmocka_unit_test(threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
