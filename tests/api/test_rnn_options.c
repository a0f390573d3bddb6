/* test_rnn_options.c - GRU and SimpleRNN: shapes, weights, what they refuse, and dropout.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "refuse.h"
#include "rnn_models.h"

/* ---- Building ----------------------------------------------------------------------- */

static void refuse_after(int64_t d1, int64_t d2, int64_t d3, const seqecho_spec *spec,
                         int code, const char *text)
{
    seqecho_graph *const graph = new_graph();

    assert_non_null(seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { d1, d2, d3 })));
    assert_null(seqecho_graph_add(graph, spec));
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

static void impossible(void **state)
{
    const seqecho_activation none = (seqecho_activation)99;

    (void)state;
    refuse_after(3, 0, 0, SEQECHO_GRU(.units = 2), SEQECHO_ESHAPE,
                 "gru: expected input (batch, timesteps, features), found (any, 3); put a "
                 "repeat_vector before it, or set return_sequences on the layer before");
    refuse_after(2, 3, 4, SEQECHO_SIMPLE_RNN(.units = 2, .name = "deep"), SEQECHO_ESHAPE,
                 "deep: expected input (batch, timesteps, features), found (any, 2, 3, 4); "
                 "wrap it in time_distributed");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 0), SEQECHO_EINVAL,
                 "gru: units is 0, expected 1 to 715827882");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 715827883), SEQECHO_EINVAL,
                 "gru: units is 715827883, expected 1 to 715827882");
    refuse_after(3, 4, 0, SEQECHO_SIMPLE_RNN(.units = -1), SEQECHO_EINVAL,
                 "simple_rnn: units is -1, expected 1 to 2147483648");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .activation = none), SEQECHO_ENOTSUP,
                 "gru: activation 99 is unknown to this library");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .recurrent_activation = none),
                 SEQECHO_ENOTSUP, "gru: activation 99 is unknown to this library");
    refuse_after(3, 4, 0, SEQECHO_SIMPLE_RNN(.units = 2, .activation = none),
                 SEQECHO_ENOTSUP, "simple_rnn: activation 99 is unknown to this library");
    refuse_after(
        3, 4, 0, SEQECHO_GRU(.units = 2, .recurrent_init = (seqecho_init)8),
        SEQECHO_ENOTSUP,
        "gru: one of the initialisers is unknown to this library, expected a seqecho_init");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .dropout = 1.5f), SEQECHO_EINVAL,
                 "gru: dropout is 1.5, expected 0 to 1");
    refuse_after(3, 4, 0, SEQECHO_SIMPLE_RNN(.units = 2, .recurrent_dropout = -0.5f),
                 SEQECHO_EINVAL, "simple_rnn: recurrent_dropout is -0.5, expected 0 to 1");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .dropout = NAN), SEQECHO_EINVAL,
                 "gru: dropout is nan, expected 0 to 1");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .implementation = 3), SEQECHO_EINVAL,
                 "gru: implementation is 3, expected 1 or 2");
    refuse_after(3, 4, 0,
                 SEQECHO_GRU(.units = 2, .masked_output = (seqecho_masked_output)3),
                 SEQECHO_ENOTSUP, "gru: masked_output 3 is unknown to this library");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .reserved = { 0, 1 }), SEQECHO_ENOTSUP,
                 "gru: a reserved field is set, but this library knows only 0");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .reserved_2 = 1), SEQECHO_ENOTSUP,
                 "gru: a reserved field is set, but this library knows only 0");
    refuse_after(3, 4, 0, SEQECHO_SIMPLE_RNN(.units = 2, .reserved = { 1 }),
                 SEQECHO_ENOTSUP,
                 "simple_rnn: a reserved field is set, but this library knows only 0");
    refuse_after(3, 4, 0, SEQECHO_SIMPLE_RNN(.units = 2, .reserved_2 = 1), SEQECHO_ENOTSUP,
                 "simple_rnn: a reserved field is set, but this library knows only 0");
    refuse_after(3, 4, 0, SEQECHO_GRU(.units = 2, .stateful = true), SEQECHO_EINVAL,
                 "gru: a stateful layer needs to know its batch size: set .batch in "
                 "SEQECHO_INPUT");
}

static void wrong_initial_states(void **state)
{
    static const char *const texts[] = {
        "simple_rnn: expected initial state h of shape (batch, 5), found (any, 4)",
        "gru: expected initial state h of shape (batch, 5), found (any, 4)",
        "simple_rnn: expected 1 to 2 inputs, found 3",
        "gru: expected 1 to 2 inputs, found 3",
    };

    (void)state;
    for (int i = 0; i < 4; i++) {
        seqecho_graph *const graph = new_graph();
        seqecho_node *x[3];

        x[0] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3, 2 }));
        x[1] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4 }));
        x[2] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 5 }));
        assert_null(seqecho_layer_call_n(add(graph, i % 2, (options){ .units = 5 }), x,
                                         i < 2 ? 2 : 3));
        assert_refused(seqecho_graph_status(graph), i < 2 ? SEQECHO_ESHAPE : SEQECHO_EINVAL,
                       texts[i]);
        seqecho_graph_destroy(graph);
    }
}

static void check_weight(seqecho_graph *graph, size_t i, const char *name, int32_t rank,
                         int64_t rows, int64_t cols)
{
    seqecho_view shape;

    assert_string_equal(seqecho_graph_weight_name(graph, i), name);
    assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
    assert_int_equal(shape.rank, rank);
    assert_int_equal(shape.dim[0], rows);
    if (rank == 2)
        assert_int_equal(shape.dim[1], cols);
}

static void weights_and_shapes(void **state)
{
    seqecho_view shape;

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        const char *const layer = kind == 0 ? "simple_rnn" : "gru";
        const int64_t width = kind == 0 ? 4 : 12;
        char name[64];
        float bias[24];
        seqecho_graph *graph = alone(kind, (options){ .units = 4 }, 0, 5, 3, false);

        assert_int_equal(seqecho_graph_weight_count(graph), 3);
        (void)snprintf(name, sizeof name, "%s/kernel", layer);
        check_weight(graph, 0, name, 2, 3, width);
        (void)snprintf(name, sizeof name, "%s/recurrent_kernel", layer);
        check_weight(graph, 1, name, 2, 4, width);
        (void)snprintf(name, sizeof name, "%s/bias", layer);
        if (kind == 1)
            check_weight(graph, 2, name, 2, 2, width);
        else
            check_weight(graph, 2, name, 1, width, 0);
        assert_int_equal(seqecho_graph_weight_get(graph, name, bias,
                                                  (size_t)(kind == 1 ? 2 * width : width)),
                         0);
        for (int64_t i = 0; i < (kind == 1 ? 2 * width : width); i++)
            assert_true(bias[i] == 0.0f);
        seqecho_graph_destroy(graph);

        graph = alone(kind, (options){ .units = 4, .no_bias = true }, 0, 5, 3, false);
        assert_int_equal(seqecho_graph_weight_count(graph), 2);
        seqecho_graph_destroy(graph);

        graph = new_graph();
        {
            seqecho_node *const node = seqecho_layer_call(
                add(graph, kind, (options){ .units = 4, .sequences = true, .state = true }),
                seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 5, 3 })));

            assert_int_equal(seqecho_node_shape(node, &shape), 0);
            assert_int_equal(shape.rank, 3);
            assert_int_equal(shape.dim[1], 5);
            assert_int_equal(shape.dim[2], 4);
            assert_int_equal(seqecho_node_shape(seqecho_node_output(node, 1), &shape), 0);
            assert_int_equal(shape.rank, 2);
            assert_int_equal(shape.dim[1], 4);
            assert_null(seqecho_node_output(node, 2));
        }
        seqecho_graph_destroy(graph);
    }
}

/* ---- Dropout ------------------------------------------------------------------------ */

/* Losses of two training steps; the weights do not move. */
static void losses_of(int kind, options o, uint64_t seed, double loss[2])
{
    enum { F = 8, U = 6, B = 5 };
    float x[B * STEPS * F] = { 0 }, y[B * STEPS * U];
    const seqecho_view view = floats(x, B, STEPS, F), target = floats(y, B, STEPS, U);
    seqecho_graph *const graph = alone(kind, o, 0, STEPS, F, false);
    seqecho_trainer *trainer;

    models_fill(x, B * STEPS * F, 1);
    models_fill(y, B * STEPS * U, 2);
    assert_int_equal(seqecho_trainer_create(
                         &trainer, graph,
                         SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .seed = seed)),
                     0);
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_LEARNING_RATE, 1e-30), 0);
    for (int i = 0; i < 2; i++) {
        seqecho_report report = SEQECHO_REPORT_INIT;

        assert_int_equal(seqecho_trainer_train_on_batch(trainer, &view, &target, &report),
                         0);
        loss[i] = report.loss;
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void dropout(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        options o = { .units = 6, .sequences = true };
        double none[2], rate_1[2], drops[2], again[2], other[2], apart[2];

        losses_of(kind, o, 1, none);
        assert_true(none[0] == none[1]);
        o.dropout = o.recurrent_dropout = 1.0f;
        losses_of(kind, o, 1, rate_1);
        assert_true(rate_1[0] == none[0] && rate_1[1] == none[1]);
        for (int which = 1; which < 4; which++) {
            o.dropout = which & 1 ? 0.4f : 0.0f;
            o.recurrent_dropout = which & 2 ? 0.4f : 0.0f;
            losses_of(kind, o, 1, drops);
            losses_of(kind, o, 1, again);
            losses_of(kind, o, 2, other);
            assert_true(drops[0] == again[0] && drops[1] == again[1]);
            assert_true(drops[0] != none[0] && drops[0] != drops[1]);
            assert_true(other[0] != drops[0]);
            if (kind == 0)
                continue;
            o.implementation = 1;
            losses_of(kind, o, 1, apart);
            o.implementation = 0;
            /* With recurrent dropout it is always 1. */
            assert_true((apart[0] == drops[0]) == ((which & 2) != 0));
        }
    }
}

static void dropout_is_for_training_only(void **state)
{
    enum { F = 8, U = 6, B = 3 };
    float x[B * STEPS * F] = { 0 }, want[B * STEPS * U], y[B * STEPS * U];
    const seqecho_view view = floats(x, B, STEPS, F);

    (void)state;
    models_fill(x, B * STEPS * F, 1);
    for (int kind = 0; kind < KINDS; kind++) {
        options o = { .units = U, .sequences = true };
        seqecho_graph *graph;
        seqecho_trainer *trainer;

        run(alone(kind, o, 0, STEPS, F, false), &view, want, B * STEPS * U);
        o.dropout = o.recurrent_dropout = 0.5f;
        graph = alone(kind, o, 0, STEPS, F, false);
        assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
        assert_int_equal(seqecho_trainer_predict(trainer, &view, y, B * STEPS * U), 0);
        seqecho_trainer_destroy(trainer);
        assert_same_bits(y, want, B * STEPS * U);
        run(graph, &view, y, B * STEPS * U);
        assert_same_bits(y, want, B * STEPS * U);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible),
        cmocka_unit_test(wrong_initial_states),
        cmocka_unit_test(weights_and_shapes),
        cmocka_unit_test(dropout),
        cmocka_unit_test(dropout_is_for_training_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
