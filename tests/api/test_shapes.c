/* test_shapes.c - what building refuses: every message names the layer, what was expected
 * and what was found.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "models.h"
#include "refuse.h"

static seqecho_graph *new_graph(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    return graph;
}

/* Input of this shape, then this layer: refused with this. */
static void refuse_after(const int64_t dim[3], const seqecho_spec *spec, int code,
                         const char *text)
{
    seqecho_graph *const graph = new_graph();

    assert_non_null(
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { dim[0], dim[1], dim[2] })));
    assert_null(seqecho_graph_add(graph, spec));
    assert_string_equal(seqecho_error_message(), text);
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

#define REFUSE_AFTER(d1, d2, d3, spec, code, text) \
    refuse_after((const int64_t[]){ d1, d2, d3 }, spec, code, text)

static void layers_after_the_wrong_shape(void **state)
{
    (void)state;
    REFUSE_AFTER(3, 0, 0, SEQECHO_LSTM(.units = 2), SEQECHO_ESHAPE,
                 "lstm: expected input (batch, timesteps, features), found (any, 3); put a "
                 "repeat_vector before it, or set return_sequences on the layer before");
    REFUSE_AFTER(2, 3, 4, SEQECHO_LSTM(.units = 2, .name = "deep"), SEQECHO_ESHAPE,
                 "deep: expected input (batch, timesteps, features), found (any, 2, 3, 4); "
                 "wrap it in time_distributed");
    REFUSE_AFTER(3, 4, 0, SEQECHO_REPEAT_VECTOR(2), SEQECHO_ESHAPE,
                 "repeat_vector: expected input (batch, features), found (any, 3, 4); does "
                 "the layer before it return sequences?");
    REFUSE_AFTER(
        3, 0, 0, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 2)), SEQECHO_ESHAPE,
        "time_distributed: expected input (batch, timesteps, ...), found (any, 3); "
        "does the layer before it return sequences?");
    REFUSE_AFTER(
        3, 4, 0, SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 2)), SEQECHO_ESHAPE,
        "time_distributed: lstm: expected input (batch, timesteps, features), found "
        "(any, 4); put a repeat_vector before it, or set return_sequences on the "
        "layer before");
    REFUSE_AFTER(
        2, 3, 4,
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_TIME_DISTRIBUTED(SEQECHO_REPEAT_VECTOR(2))),
        SEQECHO_ESHAPE,
        "time_distributed: the inner layer gives (any, 3, 2, 4) a time step, one "
        "axis too many");
}

static void impossible_options(void **state)
{
    const int64_t two_31 = (int64_t)1 << 31;

    (void)state;
    REFUSE_AFTER(3, 4, 0, SEQECHO_LSTM(.units = 0), SEQECHO_EINVAL,
                 "lstm: units is 0, expected 1 to 536870912");
    REFUSE_AFTER(3, 4, 0, SEQECHO_LSTM(.units = two_31), SEQECHO_EINVAL,
                 "lstm: units is 2147483648, expected 1 to 536870912");
    REFUSE_AFTER(3, 4, 0, SEQECHO_LSTM(.units = 2, .activation = (seqecho_activation)99),
                 SEQECHO_ENOTSUP, "lstm: activation 99 is unknown to this library");
    REFUSE_AFTER(3, 4, 0,
                 SEQECHO_LSTM(.units = 2, .recurrent_activation = (seqecho_activation)-1),
                 SEQECHO_ENOTSUP, "lstm: activation -1 is unknown to this library");
    REFUSE_AFTER(3, 4, 0, SEQECHO_LSTM(.units = 2, .recurrent_init = (seqecho_init)8),
                 SEQECHO_ENOTSUP,
                 "lstm: one of the initialisers is unknown to this library, expected a "
                 "seqecho_init");
    REFUSE_AFTER(3, 4, 0, SEQECHO_DENSE(.units = 0), SEQECHO_EINVAL,
                 "dense: units is 0, expected 1 or more");
    REFUSE_AFTER(3, 4, 0, SEQECHO_DENSE(.units = INT64_MAX, .name = "d"), SEQECHO_EINVAL,
                 "d: units is 9223372036854775807, expected 1 or more");
    REFUSE_AFTER(3, 4, 0, SEQECHO_DENSE(.units = 1, .activation = (seqecho_activation)13),
                 SEQECHO_ENOTSUP, "dense: activation 13 is unknown to this library");
    REFUSE_AFTER(3, 4, 0, SEQECHO_DENSE(.units = 1, .bias_init = (seqecho_init)9),
                 SEQECHO_ENOTSUP, "dense: initialiser 9 is unknown to this library");
    REFUSE_AFTER(3, 4, 0, SEQECHO_ACTIVATION(SEQECHO_ACTIVATION_DEFAULT), SEQECHO_EINVAL,
                 "activation: no activation given, expected one, e.g. SEQECHO_TANH");
    REFUSE_AFTER(3, 4, 0, SEQECHO_ACTIVATION((seqecho_activation)-7), SEQECHO_ENOTSUP,
                 "activation: activation -7 is unknown to this library");
    REFUSE_AFTER(3, 0, 0, SEQECHO_REPEAT_VECTOR(0), SEQECHO_EINVAL,
                 "repeat_vector: n is 0, expected 1 or more");
    REFUSE_AFTER(3, 0, 0, SEQECHO_REPEAT_VECTOR(-5), SEQECHO_EINVAL,
                 "repeat_vector: n is -5, expected 1 or more");
    REFUSE_AFTER(3, 4, 0, SEQECHO_TIME_DISTRIBUTED(NULL), SEQECHO_EINVAL,
                 "TimeDistributed: the inner description is NULL");
    REFUSE_AFTER(3, 4, 0, SEQECHO_TIME_DISTRIBUTED(SEQECHO_INPUT(.dim = { 4 })),
                 SEQECHO_EINVAL,
                 "time_distributed: the layer inside is an input, expected another one");
    REFUSE_AFTER(3, 4, 0, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = -1)),
                 SEQECHO_EINVAL,
                 "time_distributed: dense: units is -1, expected 1 or more");
    REFUSE_AFTER(3, 4, 0, SEQECHO_LSTM(.units = 2, .stateful = true), SEQECHO_EINVAL,
                 "lstm: a stateful layer needs to know its batch size: set .batch in "
                 "SEQECHO_INPUT");
    REFUSE_AFTER(3, 4, 0, SEQECHO_INPUT(.dim = { 4 }), SEQECHO_EINVAL,
                 "graph: an input comes first, or is made by seqecho_graph_input()");
    REFUSE_AFTER(3, 4, 0, NULL, SEQECHO_EINVAL, "layer: the description is NULL");
    REFUSE_AFTER(3, 4, 0, (&(const seqecho_spec){ sizeof(seqecho_spec), 77, 0 }),
                 SEQECHO_ENOTSUP, "layer: this library knows no kind 77");
}

/* Wrappers around each other, five deep. */
static void too_many_wrappers(void **state)
{
    (void)state;
    REFUSE_AFTER(
        3, 4, 5,
        SEQECHO_TIME_DISTRIBUTED(
            SEQECHO_TIME_DISTRIBUTED(SEQECHO_TIME_DISTRIBUTED(SEQECHO_TIME_DISTRIBUTED(
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 1)))))),
        SEQECHO_EINVAL,
        "TimeDistributed: more wrappers around each other than expected, at most 4");
}

/* Numbers whose products do not fit the address space. */
static void sizes_that_overflow(void **state)
{
    const int64_t two_31 = (int64_t)1 << 31;

    (void)state;
    REFUSE_AFTER(two_31, 0, 0, SEQECHO_REPEAT_VECTOR(two_31), SEQECHO_ENOMEM,
                 "repeat_vector: an output of shape (1, 2147483648, 2147483648) does not "
                 "fit the address space");
}

static void weights_that_overflow(void **state)
{
    const int64_t two_31 = (int64_t)1 << 31, two_29 = (int64_t)1 << 29;

    (void)state;
    REFUSE_AFTER(1, two_31, 0, SEQECHO_LSTM(.units = two_29), SEQECHO_ENOMEM,
                 "lstm: its weights do not fit the address space");
    REFUSE_AFTER(two_31, 0, 0, SEQECHO_DENSE(.units = two_31), SEQECHO_ENOMEM,
                 "dense: its weights do not fit the address space");
}

/* Each array fits, all together do not. */
static void weights_that_overflow_together(void **state)
{
    const int64_t two_31 = (int64_t)1 << 31, two_29 = (int64_t)1 << 29;
    seqecho_graph *const graph = new_graph();

    (void)state;
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { two_31 }));
    assert_non_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = two_29)));
    assert_int_equal(seqecho_graph_parameter_count(graph), two_31 * two_29 + two_29);
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = two_31)));
    assert_refused(seqecho_graph_status(graph), SEQECHO_ENOMEM,
                   "dense_1: its weights do not fit the address space");
    seqecho_graph_destroy(graph);
}

/* ---- Inputs ------------------------------------------------------------------------- */

static void refuse_input(int64_t batch, int64_t d1, int64_t d2, int64_t d3, int code,
                         const char *text)
{
    seqecho_graph *const graph = new_graph();

    assert_null(seqecho_graph_input(
        graph, SEQECHO_INPUT(.batch = batch, .dim = { d1, d2, d3 }, .name = "in")));
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

static void impossible_inputs(void **state)
{
    const int64_t two_62 = (int64_t)1 << 62, two_31 = (int64_t)1 << 31;

    (void)state;
    refuse_input(-1, 3, 0, 0, SEQECHO_EINVAL, "in: batch is -1, expected 0 (any) or more");
    refuse_input(two_62, 3, 0, 0, SEQECHO_EINVAL,
                 "in: batch is 4611686018427387904, expected 0 (any) or more");
    refuse_input(0, 0, 0, 0, SEQECHO_EINVAL,
                 "in: dim is empty, expected the shape of one sample, e.g. .dim = { "
                 "timesteps, features }");
    refuse_input(0, -3, 0, 0, SEQECHO_EINVAL,
                 "in: dim[0] is -3, expected positive sizes ended by 0");
    refuse_input(0, 3, 0, 2, SEQECHO_EINVAL,
                 "in: dim[2] is 2, expected positive sizes ended by 0");
    refuse_input(0, 3, two_62, 0, SEQECHO_EINVAL,
                 "in: dim[1] is 4611686018427387904, expected positive sizes ended by 0");
    refuse_input(two_31, two_31, 1, 0, SEQECHO_ENOMEM,
                 "in: an output of shape (2147483648, 2147483648, 1) does not fit the "
                 "address space");
    refuse_input(0, two_31, two_31, two_31, SEQECHO_ENOMEM,
                 "in: an output of shape (1, 2147483648, 2147483648, 2147483648) does not "
                 "fit the address space");
}

static void inputs_of_other_batches(void **state)
{
    seqecho_graph *const graph = new_graph();

    (void)state;
    assert_non_null(seqecho_graph_input(graph, SEQECHO_INPUT(.batch = 7, .dim = { 3 })));
    assert_null(seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }, .name = "second")));
    assert_refused(seqecho_graph_status(graph), SEQECHO_ESHAPE,
                   "second: batch is 0, but the inputs before it have 7");
    seqecho_graph_destroy(graph);
}

static void no_input_first(void **state)
{
    seqecho_graph *graph = new_graph();
    const char *const text =
        "graph: expected an input first, found kind 2; begin with SEQECHO_INPUT(...)";

    (void)state;
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1)));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL, text);
    seqecho_graph_destroy(graph);
    graph = new_graph();
    assert_null(seqecho_graph_input(graph, SEQECHO_DENSE(.units = 1)));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL, text);
    seqecho_graph_destroy(graph);
    graph = new_graph();
    assert_null(seqecho_layer_create(graph, SEQECHO_INPUT(.dim = { 1 })));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL,
                   "graph: an input comes first, or is made by seqecho_graph_input()");
    seqecho_graph_destroy(graph);
}

static void too_many_ends(void **state)
{
    seqecho_graph *graph = new_graph();
    seqecho_node *x[16];

    (void)state;
    for (size_t i = 0; i < 16; i++) {
        x[i] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 1 }));
        assert_int_equal(seqecho_graph_output(graph, x[i]), 0);
    }
    assert_refused(
        seqecho_graph_output(
            graph, seqecho_layer_call(
                       seqecho_layer_create(graph, SEQECHO_DENSE(.units = 1)), x[0])),
        SEQECHO_EINVAL, "graph: expected at most 16 outputs, found one more");
    seqecho_graph_destroy(graph);

    graph = new_graph();
    for (size_t i = 0; i < 16; i++)
        assert_non_null(seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 1 })));
    assert_null(seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 1 })));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL,
                   "graph: expected at most 16 inputs, found one more");
    seqecho_graph_destroy(graph);
}

/* ---- Calls -------------------------------------------------------------------------- */

/* A graph with inputs of (4, 3), (2) and (5), an LSTM of 2 units. */
typedef struct calls {
    seqecho_graph *graph;
    seqecho_node *sequence, *two, *five;
    seqecho_layer *lstm;
} calls;

static calls make_calls(void)
{
    calls c = { .graph = new_graph() };

    c.sequence = seqecho_graph_input(c.graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    c.two = seqecho_graph_input(c.graph, SEQECHO_INPUT(.dim = { 2 }));
    c.five = seqecho_graph_input(c.graph, SEQECHO_INPUT(.dim = { 5 }));
    c.lstm = seqecho_layer_create(c.graph, SEQECHO_LSTM(.units = 2));
    return c;
}

static void refuse_call(calls c, seqecho_layer *layer, seqecho_node *const *x, size_t n,
                        int code, const char *text)
{
    assert_null(seqecho_layer_call_n(layer, x, n));
    assert_refused(seqecho_graph_status(c.graph), code, text);
    seqecho_graph_destroy(c.graph);
}

static void initial_states(void **state)
{
    calls c = make_calls();

    (void)state;
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence, c.five, c.two }, 3,
                SEQECHO_ESHAPE,
                "lstm: expected initial state h of shape (batch, 2), found (any, 5)");
    c = make_calls();
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence, c.two, c.sequence }, 3,
                SEQECHO_ESHAPE,
                "lstm: expected initial state c of shape (batch, 2), found (any, 4, 3)");
    c = make_calls();
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence, c.two }, 2, SEQECHO_EINVAL,
                "lstm: expected 1 input (x) or 3 (x, initial h, initial c), found 2");
}

static void numbers_of_inputs(void **state)
{
    calls c = make_calls();

    (void)state;
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence }, 4, SEQECHO_EINVAL,
                "lstm: expected 1 to 3 inputs, found 4");
    c = make_calls();
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence }, SIZE_MAX, SEQECHO_EINVAL,
                "lstm: expected 1 to 3 inputs, found 18446744073709551615");
    c = make_calls();
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence }, 0, SEQECHO_EINVAL,
                "lstm: expected 1 to 3 inputs, found 0");
    c = make_calls();
    refuse_call(c, c.lstm, NULL, 1, SEQECHO_EINVAL, "lstm: the array of inputs is NULL");
    c = make_calls();
    refuse_call(c, c.lstm, (seqecho_node *[]){ c.sequence, NULL, c.two }, 3, SEQECHO_EINVAL,
                "lstm: input 1 is NULL");
    c = make_calls();
    refuse_call(c, seqecho_layer_create(c.graph, SEQECHO_DENSE(.units = 1)),
                (seqecho_node *[]){ c.two, c.five }, 2, SEQECHO_EINVAL,
                "dense: expected 1 to 1 inputs, found 2");
}

/* An input has no layer to call, but graph_add() returns one. */
static void inputs_are_not_called(void **state)
{
    for (size_t n = 0; n < 2; n++) {
        seqecho_graph *const graph = new_graph();
        seqecho_node *const x =
            seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }, .name = "x"));
        seqecho_layer *const input =
            seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }, .name = "y"));

        (void)state;
        assert_null(seqecho_layer_call_n(input, &x, n));
        assert_refused(
            seqecho_graph_status(graph), SEQECHO_EINVAL,
            "y: an input is not called, expected another layer; its node is what "
            "seqecho_graph_input() returned");
        seqecho_graph_destroy(graph);
    }
}

static void shared_layers_need_equal_features(void **state)
{
    calls c = make_calls();
    seqecho_layer *const dense =
        seqecho_layer_create(c.graph, SEQECHO_DENSE(.units = 1, .name = "shared"));

    (void)state;
    assert_non_null(seqecho_layer_call(dense, c.sequence));
    refuse_call(c, dense, &c.five, 1, SEQECHO_ESHAPE,
                "shared: its weights were made for input (any, 4, 3), found (any, 5); a "
                "shared layer needs equal features");
}

/* It has one state, so it would not know which sequence that belongs to. */
static void stateful_layers_are_called_once(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.batch = 2, .dim = { 4, 3 }));
    seqecho_layer *const lstm =
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2, .stateful = true));

    (void)state;
    assert_non_null(seqecho_layer_call(lstm, x));
    assert_null(seqecho_layer_call(lstm, x));
    assert_refused(
        seqecho_graph_status(graph), SEQECHO_ENOTSUP,
        "lstm: a stateful layer can be called only once, since it has one state");
    seqecho_graph_destroy(graph);
}

static void other_graphs(void **state)
{
    calls a = make_calls(), b = make_calls();

    (void)state;
    assert_null(seqecho_layer_call(a.lstm, b.sequence));
    assert_int_equal(seqecho_graph_status(b.graph), 0);
    assert_refused(seqecho_graph_status(a.graph), SEQECHO_EINVAL,
                   "lstm: input 0 belongs to another graph");
    seqecho_graph_destroy(a.graph);
    a = make_calls();
    assert_refused(seqecho_graph_output(a.graph, b.two), SEQECHO_EINVAL,
                   "input_layer_1: the node belongs to another graph");
    seqecho_graph_destroy(a.graph);
    seqecho_graph_destroy(b.graph);
}

static void outputs_twice(void **state)
{
    calls c = make_calls();

    (void)state;
    assert_int_equal(seqecho_graph_output(c.graph, c.five), 0);
    assert_int_equal(seqecho_graph_output(c.graph, c.two), 0);
    assert_refused(seqecho_graph_output(c.graph, c.two), SEQECHO_EINVAL,
                   "input_layer_1: it is output 1 already");
    seqecho_graph_destroy(c.graph);
    c = make_calls();
    assert_refused(seqecho_graph_output(c.graph, NULL), SEQECHO_EINVAL,
                   "graph_output: node is NULL");
    seqecho_graph_destroy(c.graph);
}

static void shapes_of_nodes(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.batch = 9, .dim = { 4, 3 }));
    seqecho_node *const y = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2, .return_sequences = true,
                                                 .return_state = true)),
        x);
    static const int64_t want[3][4] = { { 9, 4, 2 }, { 9, 2 }, { 9, 2 } };
    seqecho_view view;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        memset(&view, 0x55, sizeof view);
        assert_int_equal(seqecho_node_shape(seqecho_node_output(y, i), &view), 0);
        assert_int_equal(view.rank, i == 0 ? 3 : 2);
        assert_memory_equal(view.dim, want[i], sizeof view.dim);
        assert_null(view.data);
        assert_int_equal(view.dtype, SEQECHO_FLOAT32);
    }
    assert_refused(seqecho_node_shape(NULL, &view), SEQECHO_EINVAL,
                   "node_shape: node is NULL");
    assert_refused(seqecho_node_shape(y, NULL), SEQECHO_EINVAL, "node_shape: view is NULL");
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_after_the_wrong_shape),
        cmocka_unit_test(impossible_options),
        cmocka_unit_test(too_many_wrappers),
        cmocka_unit_test(sizes_that_overflow),
        cmocka_unit_test(weights_that_overflow),
        cmocka_unit_test(weights_that_overflow_together),
        cmocka_unit_test(impossible_inputs),
        cmocka_unit_test(inputs_of_other_batches),
        cmocka_unit_test(no_input_first),
        cmocka_unit_test(too_many_ends),
        cmocka_unit_test(initial_states),
        cmocka_unit_test(numbers_of_inputs),
        cmocka_unit_test(inputs_are_not_called),
        cmocka_unit_test(shared_layers_need_equal_features),
        cmocka_unit_test(stateful_layers_are_called_once),
        cmocka_unit_test(other_graphs),
        cmocka_unit_test(outputs_twice),
        cmocka_unit_test(shapes_of_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
