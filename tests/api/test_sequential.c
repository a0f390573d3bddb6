/* test_sequential.c - Sequential against the same layers one after the other; names, the
 * summary, and what wrappers refuse.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { SAMPLES = 3, STEPS = 4, FEATURES = 3, MAX_LAYERS = 16, OUT_MAX = 256 };

#define SEQUENCES(UNITS, ...) \
    SEQECHO_LSTM(.units = UNITS, .return_sequences = true, __VA_ARGS__)

/* A network as a list of layers, and how its input is given. */
typedef struct network {
    const seqecho_spec *const *layers;
    size_t n;
    bool stateful, lengths, classes;
} network;

#define NETWORK(...) \
    .layers = (const seqecho_spec *const[]){ __VA_ARGS__ }, \
    .n = sizeof((const seqecho_spec *const[]){ __VA_ARGS__ }) / \
         sizeof(const seqecho_spec *)

static const int32_t lengths[SAMPLES] = { 3, 4, 0 };

/* The network behind its input, layer by layer or as one; `shape`, where not NULL, receives
 * that of its output. */
static seqecho_graph *make(network w, bool as_one, seqecho_view *shape)
{
    const seqecho_sequential_spec stack = {
        .head = { sizeof stack, SEQECHO_KIND_SEQUENTIAL, 0 },
        .layers = w.layers,
        .n_layers = w.n,
    };
    seqecho_graph *graph;
    seqecho_node *node;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 31)), 0);
    node = seqecho_graph_input(graph, SEQECHO_INPUT(.batch = w.stateful ? SAMPLES : 0,
                                                    .dim = { STEPS, FEATURES },
                                                    .lengths = w.lengths));
    if (as_one)
        node = seqecho_layer_call(seqecho_layer_create(graph, &stack.head), node);
    for (size_t i = 0; !as_one && i < w.n; i++)
        node = seqecho_layer_call(seqecho_layer_create(graph, w.layers[i]), node);
    (void)seqecho_graph_output(graph, node);
    if (seqecho_graph_status(graph) < 0)
        fail_msg("%s", seqecho_error_message());
    if (shape != NULL)
        assert_int_equal(seqecho_node_shape(node, shape), 0);
    return graph;
}

/* What a graph makes of two batches: outputs, gradients of x, and weights after steps of
 * the optimizer. */
typedef struct answer {
    float out[2][OUT_MAX], dx[SAMPLES * STEPS * FEATURES];
    float *weights;
    size_t n, n_weights;
    double loss;
} answer;

static size_t output_size(seqecho_view *view)
{
    size_t n = SAMPLES;

    view->dim[0] = SAMPLES;
    for (int32_t d = 1; d < view->rank; d++)
        n *= (size_t)view->dim[d];
    assert_true(n <= OUT_MAX);
    return n;
}

static void ask(network w, bool as_one, int32_t threads, answer *a)
{
    seqecho_view y;
    seqecho_graph *const graph = make(w, as_one, &y);
    float data[SAMPLES * STEPS * FEATURES], target[OUT_MAX];
    int32_t classes[SAMPLES * STEPS];
    seqecho_view x[2] = {
        w.classes
            ? (seqecho_view){ classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 }
            : (seqecho_view){ data, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
        { lengths, { SAMPLES }, 1, SEQECHO_INT32 }
    };
    const size_t n_dx = w.classes ? 0 : SAMPLES * STEPS * FEATURES;
    seqecho_trainer *trainer;
    seqecho_report report = SEQECHO_REPORT_INIT;

    memset(a, 0, sizeof *a);
    models_fill(target, OUT_MAX, 77);
    if (seqecho_trainer_create(
            &trainer, graph,
            SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .threads = threads)) < 0)
        fail_msg("%s", seqecho_error_message());
    a->n = output_size(&y);
    y.data = target;
    for (uint32_t i = 0; i < 2; i++) {
        models_fill(data, SAMPLES * STEPS * FEATURES, i + 1);
        for (size_t j = 0; j < SAMPLES * STEPS; j++)
            classes[j] = (int32_t)((j * j + i) % FEATURES);
        if (seqecho_trainer_compute_gradients(trainer, x, &y, n_dx > 0 ? a->dx : NULL, n_dx,
                                              &report) < 0)
            fail_msg("%s", seqecho_error_message());
        assert_int_equal(seqecho_trainer_apply_gradients(trainer), 0);
        assert_int_equal(seqecho_trainer_predict(trainer, x, a->out[i], a->n), 0);
    }
    a->loss = report.loss;
    a->weights = models_weights(graph, &a->n_weights);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* As one, on one thread and on three, and layer by layer: the same bits. */
static void compare(network w)
{
    answer rows, one;

    ask(w, false, 1, &rows);
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        ask(w, true, threads, &one);
        assert_int_equal(one.n, rows.n);
        assert_int_equal(one.n_weights, rows.n_weights);
        assert_same_bits(one.out[0], rows.out[0], rows.n);
        assert_same_bits(one.out[1], rows.out[1], rows.n);
        assert_same_bits(one.dx, rows.dx, SAMPLES * STEPS * FEATURES);
        assert_same_bits(one.weights, rows.weights, rows.n_weights);
        assert_true(one.loss == rows.loss);
        free(one.weights);
    }
    free(rows.weights);
}

static void as_layer_by_layer(void **state)
{
    const seqecho_spec *const softmax =
        SEQECHO_DENSE(.units = 4, .activation = SEQECHO_SOFTMAX);

    (void)state;
    compare((network){ NETWORK(SEQECHO_DENSE(.units = 4)) });
    compare((network){
        NETWORK(SEQECHO_DENSE(.units = 5), SEQECHO_ACTIVATION(SEQECHO_TANH), softmax) });
    compare((network){ NETWORK(SEQUENCES(5, ), softmax, SEQECHO_LSTM(.units = 2)) });
    compare((network){ NETWORK(SEQECHO_LSTM(.units = 5), SEQECHO_REPEAT_VECTOR(2),
                               SEQECHO_TIME_DISTRIBUTED(softmax)) });
    compare((network){ NETWORK(SEQECHO_BIDIRECTIONAL(SEQUENCES(5, )),
                               SEQECHO_LSTM(.units = 2, .go_backwards = true)) });
    compare((network){ NETWORK(SEQUENCES(5, ), softmax), .classes = true });
    compare((network){ NETWORK(SEQECHO_DENSE(.units = 2), softmax), .classes = true });
}

static void states_and_masks(void **state)
{
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 3);

    (void)state;
    compare((network){
        NETWORK(SEQUENCES(5, .stateful = true), dense, SEQUENCES(2, .stateful = true)),
        .stateful = true });
    /* Only some of the states outlive the batch. */
    compare((network){
        NETWORK(SEQUENCES(5, ), SEQUENCES(4, .stateful = true), SEQECHO_LSTM(.units = 2)),
        .stateful = true });
    compare((network){ NETWORK(SEQECHO_BIDIRECTIONAL(SEQUENCES(2, .stateful = true)),
                               SEQECHO_LSTM(.units = 3, .stateful = true)),
                       .stateful = true });
    compare((network){ NETWORK(dense, SEQECHO_BIDIRECTIONAL(SEQUENCES(2, )), dense),
                       .lengths = true });
    compare((network){ NETWORK(SEQUENCES(5, ), dense, SEQECHO_LSTM(.units = 2)),
                       .lengths = true, .classes = true });
}

/* A stack in a stack is the stack of all, and TimeDistributed does not care. */
static void in_each_other(void **state)
{
    const seqecho_spec *const a = SEQUENCES(4, ), *const b = SEQECHO_DENSE(.units = 3);
    answer flat, nested;

    (void)state;
    ask((network){ NETWORK(a, b, a, b) }, false, 1, &flat);
    ask((network){ NETWORK(a, SEQECHO_SEQUENTIAL(b, SEQECHO_SEQUENTIAL(a)), b) }, true, 1,
        &nested);
    assert_same_bits(nested.out[1], flat.out[1], flat.n);
    assert_same_bits(nested.weights, flat.weights, flat.n_weights);
    free(flat.weights);
    free(nested.weights);

    ask((network){ NETWORK(SEQECHO_TIME_DISTRIBUTED(b), SEQECHO_TIME_DISTRIBUTED(b)) },
        false, 1, &flat);
    ask((network){ NETWORK(SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(b, b))) }, false, 1,
        &nested);
    assert_same_bits(nested.out[1], flat.out[1], flat.n);
    assert_same_bits(nested.weights, flat.weights, flat.n_weights);
    free(flat.weights);
    free(nested.weights);
}

/* One time step at a time: the bits of all at once. */
static void step_by_step(void **state)
{
    const network w = { NETWORK(SEQECHO_DENSE(.units = 4), SEQUENCES(5, ), SEQUENCES(3, ),
                                SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX)) };
    seqecho_graph *const graph = make(w, true, NULL);
    float data[STEPS * FEATURES], want[STEPS * 2], got[2];
    const seqecho_view x = { data, { 1, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_predictor *p;

    (void)state;
    models_fill(data, STEPS * FEATURES, 3);
    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    assert_int_equal(seqecho_predictor_run(p, &x, want, STEPS * 2), 0);
    for (int again = 0; again < 2; again++) {
        for (size_t t = 0; t < STEPS; t++) {
            assert_int_equal(seqecho_predictor_step(p, data + t * FEATURES, got), 0);
            assert_same_bits(got, want + t * 2, 2);
        }
        seqecho_predictor_reset_states(p);
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

static void refuse_step(network w, const char *text)
{
    seqecho_graph *const graph = make(w, true, NULL);
    seqecho_predictor *p;
    float x[SAMPLES * FEATURES] = { 0.0F }, y[OUT_MAX];

    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    assert_refused(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP, text);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

static void not_step_by_step(void **state)
{
    const char *const text =
        "predictor_step: sequential (Sequential) cannot be run one time step at a time";

    (void)state;
    refuse_step((network){ NETWORK(SEQUENCES(2, ), SEQUENCES(2, .go_backwards = true)) },
                text);
    refuse_step((network){ NETWORK(SEQECHO_BIDIRECTIONAL(SEQUENCES(2, ))) }, text);
    refuse_step((network){ NETWORK(SEQUENCES(2, ), SEQUENCES(2, .stateful = true)),
                           .stateful = true },
                text);
}

/* ---- Names, the summary ------------------------------------------------------------- */

static void names(void **state)
{
    static const char *const want[] = {
        "sequential/dense_kernel",
        "sequential/dense_bias",
        "sequential/dense_1_kernel",
        "sequential/dense_1_bias",
        "sequential/dense_2_kernel",
        "sequential/mine_forward_kernel",
        "sequential/mine_forward_recurrent_kernel",
        "sequential/mine_forward_bias",
        "sequential/mine_backward_kernel",
        "sequential/mine_backward_recurrent_kernel",
        "sequential/mine_backward_bias",
    };
    const seqecho_bidirectional_spec mine = {
        .head = { sizeof mine, SEQECHO_KIND_BIDIRECTIONAL, 0 },
        .name = "mine",
        .inner = SEQUENCES(2, ),
    };
    seqecho_graph *const graph =
        make((network){ NETWORK(SEQECHO_DENSE(.units = 2), SEQECHO_ACTIVATION(SEQECHO_TANH),
                                SEQECHO_DENSE(.units = 2, .name = "dense_1"),
                                SEQECHO_DENSE(.units = 2, .no_bias = true), &mine.head) },
             true, NULL);

    (void)state;
    assert_int_equal(seqecho_graph_weight_count(graph), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(seqecho_graph_weight_name(graph, i), want[i]);
    seqecho_graph_destroy(graph);
}

/* The line of the summary behind the input's, as far as `want` goes. */
static void assert_line(network w, const char *want)
{
    seqecho_graph *const graph = make(w, false, NULL);
    char text[2048];
    const char *line = text;

    assert_true(seqecho_graph_summary(graph, text, sizeof text) < sizeof text);
    for (int i = 0; i < 4; i++)
        line = strchr(line, '\n') + 1;
    if (strncmp(line, want, strlen(want)) != 0)
        fail_msg("expected \"%s\" in\n%s", want, text);
    seqecho_graph_destroy(graph);
}

static void summary(void **state)
{
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2), *const lstm =
                                                                     SEQUENCES(2, );

    (void)state;
    assert_line((network){ NETWORK(SEQECHO_BIDIRECTIONAL(lstm)) },
                "bidirectional (Bidirectional of LSTM)         (any, 4, 4)         96\n");
    assert_line((network){ NETWORK(SEQECHO_SEQUENTIAL(dense, lstm)) },
                "sequential (Sequential of Dense, LSTM)        (any, 4, 2)         48\n");
    assert_line((network){ NETWORK(SEQECHO_SEQUENTIAL(dense, dense, lstm)) },
                "sequential (Sequential of Dense, Dense, ...)  (any, 4, 2)         54\n");
    assert_line((network){ NETWORK(
                    SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(dense, dense, dense))) },
                "time_distributed (TimeDistributed of Sequential of Dense, ...)  (any");
}

/* ---- Errors -------------------------------------------------------------------------- */

static void refuse(const seqecho_spec *spec, int code, const char *text)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 2, .dim = { STEPS, FEATURES }));
    assert_null(seqecho_graph_add(graph, spec));
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

static void stacks_that_are_refused(void **state)
{
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2), *const lstm =
                                                                     SEQUENCES(2, );
    const seqecho_spec *many[17];
    seqecho_sequential_spec stack = { .head = { sizeof stack, SEQECHO_KIND_SEQUENTIAL, 0 },
                                      .layers = many };

    (void)state;
    for (size_t i = 0; i < 17; i++)
        many[i] = lstm;
    refuse(&stack.head, SEQECHO_EINVAL,
           "Sequential: expected 1 to 16 layers inside, found none or more");
    stack.n_layers = 17;
    refuse(&stack.head, SEQECHO_EINVAL,
           "Sequential: expected 1 to 16 layers inside, found none or more");
    stack.n_layers = 11;
    refuse(&stack.head, SEQECHO_ENOTSUP,
           "sequential: more than 32 arrays of weights; put fewer layers inside");
    stack.layers = NULL;
    refuse(&stack.head, SEQECHO_EINVAL,
           "Sequential: expected 1 to 16 layers inside, found none or more");
    refuse(SEQECHO_SEQUENTIAL(dense, NULL), SEQECHO_EINVAL,
           "Sequential: the inner description is NULL");
    refuse(SEQECHO_SEQUENTIAL(dense, SEQECHO_INPUT(.dim = { 2 })), SEQECHO_EINVAL,
           "sequential: the layer inside is an input, expected another one");
    refuse(SEQECHO_SEQUENTIAL(dense, SEQECHO_DENSE(.units = 0)), SEQECHO_EINVAL,
           "sequential: dense_1: units is 0, expected 1 or more");
    refuse(SEQECHO_SEQUENTIAL(dense, SEQECHO_REPEAT_VECTOR(2)), SEQECHO_ESHAPE,
           "sequential: repeat_vector: expected input (batch, features), found (any, 4, "
           "2); does the layer before it return sequences?");
    refuse(SEQECHO_SEQUENTIAL(dense, SEQECHO_LSTM(.units = 2, .return_state = true)),
           SEQECHO_EINVAL,
           "sequential: expected layers of one output inside, but lstm has 3");
    refuse(SEQECHO_SEQUENTIAL(SEQECHO_DENSE(.units = 2, .name = "a"),
                              SEQECHO_DENSE(.units = 2, .name = "a")),
           SEQECHO_EINVAL, "sequential: two layers inside are named \"a\"");
    refuse(
        SEQECHO_SEQUENTIAL(SEQECHO_LSTM(.units = 2, .return_sequences = true, .name = "a"),
                           SEQECHO_DENSE(.units = 2, .name = "a_recurrent")),
        SEQECHO_EINVAL,
        "sequential: two of its weights are named \"a_recurrent_kernel\"; give the "
        "layers inside other names");
}

static void bidirectionals_that_are_refused(void **state)
{
    const seqecho_spec *const last = SEQECHO_LSTM(.units = 2);
    const seqecho_spec *const back = SEQECHO_LSTM(.units = 2, .go_backwards = true);

    (void)state;
    refuse(SEQECHO_BIDIRECTIONAL(NULL), SEQECHO_EINVAL,
           "Bidirectional: the inner description is NULL");
    refuse(SEQECHO_BIDIRECTIONAL(SEQECHO_DENSE(.units = 2)), SEQECHO_EINVAL,
           "bidirectional: expected a recurrent layer inside, found Dense");
    refuse(SEQECHO_BIDIRECTIONAL(SEQECHO_BIDIRECTIONAL(last)), SEQECHO_EINVAL,
           "bidirectional: expected a recurrent layer inside, found Bidirectional");
    refuse(SEQECHO_BIDIRECTIONAL(last, .backward = SEQECHO_DENSE(.units = 2)),
           SEQECHO_EINVAL, "bidirectional: expected a recurrent layer inside, found Dense");
    refuse(SEQECHO_BIDIRECTIONAL(last, .merge_mode = (seqecho_merge)4), SEQECHO_ENOTSUP,
           "bidirectional: merge_mode 4 is unknown to this library");
    refuse(SEQECHO_BIDIRECTIONAL(last, .reserved = 1), SEQECHO_ENOTSUP,
           "bidirectional: a reserved field is set, but this library knows only 0");
    refuse(SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 0)), SEQECHO_EINVAL,
           "bidirectional: forward_lstm: units is 0, expected 1 to 536870912");
    refuse(SEQECHO_BIDIRECTIONAL(last, .backward = SEQECHO_LSTM(.units = 0, .name = "b")),
           SEQECHO_EINVAL,
           "bidirectional: backward_b: units is 0, expected 1 to 536870912");
    refuse(SEQECHO_BIDIRECTIONAL(last, .backward = last), SEQECHO_EINVAL,
           "bidirectional: both layers inside read in the same direction; expected "
           "go_backwards of one of them");
    refuse(
        SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 2, .stateful = true), .backward = back),
        SEQECHO_EINVAL,
        "bidirectional: one of the layers inside is stateful; expected both or none");
    refuse(SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 2, .return_state = true),
                                 .backward = back),
           SEQECHO_EINVAL,
           "bidirectional: one of the layers inside has return_state; expected both or "
           "none");
    refuse(SEQECHO_BIDIRECTIONAL(SEQUENCES(2, ), .backward = back), SEQECHO_ESHAPE,
           "bidirectional: the outputs of the layers inside, (any, 4, 2) and (any, 2), "
           "cannot be merged");
    refuse(SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 3), .backward = back,
                                 .merge_mode = SEQECHO_MERGE_SUM),
           SEQECHO_ESHAPE,
           "bidirectional: the outputs of the layers inside, (any, 3) and (any, 2), cannot "
           "be merged");
}

/* Initial states come in pairs, and in the right shape. */
static void wrong_initial_states(void **state)
{
    const char *const texts[] = {
        "both: expected x, then as many initial states for the forward as for the backward "
        "layer; found 1 states",
        "both: forward_lstm: expected 1 input (x) or 3 (x, initial h, initial c), found 2",
        "both: expected x, then as many initial states for the forward as for the backward "
        "layer; found 3 states",
        "both: backward_lstm: expected initial state c of shape (batch, 2), found (any, 3)",
    };

    const seqecho_bidirectional_spec both = {
        .head = { sizeof both, SEQECHO_KIND_BIDIRECTIONAL, 0 },
        .name = "both",
        .inner = SEQECHO_LSTM(.units = 2),
    };

    (void)state;
    for (size_t n = 2; n <= 5; n++) {
        seqecho_node *in[5];
        seqecho_graph *graph;

        assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
        in[0] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
        for (int64_t i = 1; i < 5; i++)
            in[i] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { i < 4 ? 2 : 3 }));
        assert_null(seqecho_layer_call_n(seqecho_layer_create(graph, &both.head), in, n));
        assert_string_equal(seqecho_error_message(), texts[n - 2]);
        seqecho_graph_destroy(graph);
    }
}

/* Hints at return_state are for every recurrent layer. */
static void outputs_that_are_not_there(void **state)
{
    seqecho_graph *graph;
    seqecho_node *y;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    y = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 2))),
        seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES })));
    assert_null(seqecho_node_output(y, 1));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL,
                   "bidirectional: it has 1 output, there is no number 1; states need "
                   "return_state");
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_layer_by_layer),
        cmocka_unit_test(states_and_masks),
        cmocka_unit_test(in_each_other),
        cmocka_unit_test(step_by_step),
        cmocka_unit_test(not_step_by_step),
        cmocka_unit_test(names),
        cmocka_unit_test(summary),
        cmocka_unit_test(stacks_that_are_refused),
        cmocka_unit_test(bidirectionals_that_are_refused),
        cmocka_unit_test(wrong_initial_states),
        cmocka_unit_test(outputs_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
