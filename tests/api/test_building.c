/* test_building.c - declaring and calling layers: latching, names, the end of building.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static seqecho_graph *new_graph(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    return graph;
}

/* ---- Latching ----------------------------------------------------------------------- */

static void first_error_wins(void **state)
{
    const char *const text = "lstm: units is -1, expected 1 to 536870912";
    seqecho_graph *const graph = new_graph();
    seqecho_trainer *trainer = (void *)graph;
    seqecho_predictor *predictor = (void *)graph;
    seqecho_view view;
    seqecho_node *nodes[3] = { NULL, NULL, NULL };
    float value;

    (void)state;
    assert_non_null(seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 })));
    assert_int_equal(seqecho_graph_status(graph), 0);
    assert_null(seqecho_graph_add(graph, SEQECHO_LSTM(.units = -1)));
    assert_string_equal(seqecho_error_message(), text);

    /* Later ones do nothing, whatever their arguments, and say nothing. */
    assert_int_equal(seqecho_trainer_create(&trainer, NULL, NULL), SEQECHO_EINVAL);
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 10)));
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = -10)));
    assert_null(seqecho_graph_add(graph, NULL));
    assert_null(seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 })));
    assert_null(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 10)));
    assert_null(seqecho_layer_call(NULL, NULL));
    assert_null(seqecho_layer_call_n(NULL, nodes, 3));
    assert_null(seqecho_node_output(NULL, 2));
    assert_string_equal(seqecho_error_message(), "graph is NULL");

    /* Everybody who asks gets the first one. */
    assert_refused(seqecho_graph_output(graph, NULL), SEQECHO_EINVAL, text);
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL, text);
    assert_refused(seqecho_trainer_create(&trainer, graph, NULL), SEQECHO_EINVAL, text);
    assert_null(trainer);
    assert_refused(seqecho_predictor_create(&predictor, graph, NULL), SEQECHO_EINVAL, text);
    assert_null(predictor);
    assert_refused(seqecho_graph_weight_get(graph, "lstm/kernel", &value, 1),
                   SEQECHO_EINVAL, text);
    assert_refused(seqecho_graph_weight_set(graph, "lstm/kernel", &value, 1),
                   SEQECHO_EINVAL, text);
    assert_refused(seqecho_graph_weight_shape(graph, "lstm/kernel", &view), SEQECHO_EINVAL,
                   text);
    assert_int_equal(seqecho_graph_weight_count(graph), 0);
    assert_int_equal(seqecho_graph_parameter_count(graph), 0);
    assert_null(seqecho_graph_weight_name(graph, 0));
    seqecho_graph_destroy(graph);
}

/* Nodes and layers from before the error are no way around it. */
static void errors_stop_the_functional_style_too(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_layer *const lstm = seqecho_layer_create(graph, SEQECHO_LSTM(.units = 3));
    seqecho_node *const y = seqecho_layer_call(lstm, x);
    seqecho_view view;

    (void)state;
    assert_non_null(y);
    assert_null(seqecho_node_output(y, 1));
    assert_null(seqecho_layer_call(lstm, x));
    assert_null(seqecho_node_output(y, 0));
    assert_int_equal(seqecho_graph_output(graph, y), SEQECHO_EINVAL);
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL,
                   "lstm: it has 1 output, there is no number 1; states need return_state");
    assert_int_equal(seqecho_node_shape(y, &view), 0); /* looking is allowed */
    seqecho_graph_destroy(graph);
}

/* ---- Names -------------------------------------------------------------------------- */

static void automatic_names(void **state)
{
    seqecho_graph *const graph = new_graph();
    const seqecho_layer *layer;

    (void)state;
    assert_string_equal(
        seqecho_layer_name(seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }))),
        "input_layer");
    for (int i = 0; i < 12; i++) {
        char want[16];

        snprintf(want, sizeof want, i ? "lstm_%d" : "lstm", i);
        layer =
            seqecho_graph_add(graph, SEQECHO_LSTM(.units = 1, .return_sequences = true));
        assert_string_equal(seqecho_layer_name(layer), want);
    }
    layer = seqecho_graph_add(graph, SEQECHO_ACTIVATION(SEQECHO_RELU));
    assert_string_equal(seqecho_layer_name(layer), "activation");
    layer = seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 1)));
    assert_string_equal(seqecho_layer_name(layer), "time_distributed");
    layer = seqecho_graph_add(graph, SEQECHO_LSTM(.units = 1));
    assert_string_equal(seqecho_layer_name(layer), "lstm_12");
    layer = seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(2));
    assert_string_equal(seqecho_layer_name(layer), "repeat_vector");
    assert_string_equal(seqecho_layer_name(NULL), "");
    assert_int_equal(seqecho_graph_status(graph), 0);
    seqecho_graph_destroy(graph);
}

/* An automatic name steps aside for one that is taken. */
static void given_names(void **state)
{
    seqecho_graph *const graph = new_graph();
    char name[] = "dense";
    const seqecho_layer *layer;

    (void)state;
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }, .name = "in put"));
    layer = seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .name = name));
    memset(name, '#', 5); /* it was copied */
    assert_string_equal(seqecho_layer_name(layer), "dense");
    layer = seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .name = "dense_2"));
    layer = seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    assert_string_equal(seqecho_layer_name(layer), "dense_1");
    layer = seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    assert_string_equal(seqecho_layer_name(layer), "dense_3");
    assert_null(seqecho_graph_add(graph, SEQECHO_LSTM(.units = 1, .name = "dense_2")));
    assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL,
                   "dense_2: a layer of this name exists already");
    seqecho_graph_destroy(graph);
}

static void impossible_names(void **state)
{
    static char longest[129], too_long[130];
    const char *const names[] = { "", too_long, "a/b", "/", longest };
    const char *const texts[] = {
        "Dense: a layer's name has 1 to 128 characters, this one none",
        "Dense: a layer's name has 1 to 128 characters, this one more",
        "Dense: a layer's name has no '/', which stands between layer and weight, but this "
        "one is \"a/b\"",
        "Dense: a layer's name has no '/', which stands between layer and weight, but this "
        "one is \"/\"",
        NULL,
    };

    (void)state;
    memset(longest, 'n', sizeof longest - 1);
    memset(too_long, 'n', sizeof too_long - 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (int wrapped = 0; wrapped < 2; wrapped++) {
            seqecho_graph *const graph = new_graph();
            const seqecho_dense_spec dense = { .head = { sizeof dense, SEQECHO_KIND_DENSE,
                                                         0 },
                                               .units = 1,
                                               .name = names[i] };

            seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2, 3 }));
            seqecho_graph_add(graph, wrapped ? SEQECHO_TIME_DISTRIBUTED(&dense.head)
                                             : &dense.head);
            if (texts[i] != NULL)
                assert_refused(seqecho_graph_status(graph), SEQECHO_EINVAL, texts[i]);
            else
                assert_int_equal(seqecho_graph_status(graph), 0);
            seqecho_graph_destroy(graph);
        }
    }
}

/* Weights are found under the name of their layer, a wrapper's under the wrapper's. */
static void weight_names(void **state)
{
    static const struct {
        const char *name;
        int32_t rank;
        int64_t rows, cols;
    } want[] = {
        { "first/kernel", 2, 3, 16 },         { "first/recurrent_kernel", 2, 4, 16 },
        { "first/bias", 1, 16, 0 },           { "lstm/kernel", 2, 4, 8 },
        { "lstm/recurrent_kernel", 2, 2, 8 }, { "time_distributed/kernel", 2, 2, 5 },
        { "time_distributed/bias", 1, 5, 0 },
    };
    seqecho_graph *const graph = new_graph();
    seqecho_view view;

    (void)state;
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = 4, .return_sequences = true, .name = "first"));
    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = 2, .return_sequences = true, .no_bias = true));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 5, .name = "inner")));
    assert_int_equal(seqecho_graph_weight_count(graph), 7); /* also before the end */
    assert_int_equal(seqecho_graph_parameter_count(graph),
                     3 * 16 + 4 * 16 + 16 + 4 * 8 + 2 * 8 + 2 * 5 + 5);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(seqecho_graph_weight_name(graph, i), want[i].name);
        assert_int_equal(seqecho_graph_weight_shape(graph, want[i].name, &view), 0);
        assert_int_equal(view.rank, want[i].rank);
        assert_int_equal(view.dim[0], want[i].rows);
        assert_int_equal(view.dim[1], want[i].cols);
        assert_int_equal(view.dtype, SEQECHO_FLOAT32);
        assert_null(view.data);
    }
    assert_null(seqecho_graph_weight_name(graph, 7));
    assert_refused(seqecho_graph_weight_shape(graph, "inner/kernel", &view),
                   SEQECHO_ENOTFOUND,
                   "weight \"inner/kernel\" is not in the graph; the first one is "
                   "\"first/kernel\"");
    seqecho_graph_destroy(graph);
}

/* ---- The end of building ------------------------------------------------------------ */

static void assert_built(seqecho_graph *graph, seqecho_node *x, seqecho_layer *layer)
{
    const char *const text = "graph: building has ended, because a trainer, a predictor or "
                             "its weights were asked for";
    char before[2048], after[2048];

    seqecho_graph_summary(graph, before, sizeof before);
    (void)!seqecho_graph_status(NULL); /* another message */
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1)));
    assert_string_equal(seqecho_error_message(), text);
    (void)!seqecho_graph_status(NULL);
    assert_null(seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 1 })));
    assert_string_equal(seqecho_error_message(), text);
    (void)!seqecho_graph_status(NULL);
    assert_null(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 1)));
    assert_string_equal(seqecho_error_message(), text);
    (void)!seqecho_graph_status(NULL);
    assert_null(seqecho_layer_call(layer, x));
    assert_string_equal(seqecho_error_message(), text);
    assert_refused(seqecho_graph_output(graph, x), SEQECHO_ESTATE, text);
    assert_null(seqecho_node_output(x, 1));
    assert_int_equal(seqecho_graph_status(graph), 0); /* no latch */
    seqecho_graph_summary(graph, after, sizeof after);
    assert_string_equal(before, after);
}

static void building_ends_once(void **state)
{
    for (int how = 0; how < 5; how++) {
        seqecho_graph *const graph = new_graph();
        seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }));
        seqecho_layer *const dense = seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2));
        seqecho_node *const y = seqecho_layer_call(dense, x);
        seqecho_trainer *trainer = NULL;
        seqecho_predictor *predictor = NULL;
        seqecho_view view;
        float bias[2] = { 1.0F, 2.0F }, got[2], out[2];
        const float row[3] = { 0.0F, 0.0F, 0.0F };

        (void)state;
        assert_int_equal(seqecho_graph_output(graph, y), 0);
        /* These do not end it. */
        assert_int_equal(seqecho_graph_weight_count(graph), 2);
        assert_non_null(seqecho_graph_weight_name(graph, 0));
        assert_int_equal(seqecho_graph_parameter_count(graph), 8);
        assert_int_equal(seqecho_node_shape(y, &view), 0);
        assert_non_null(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 7)));

        if (how == 0)
            assert_int_equal(seqecho_graph_weight_shape(graph, "dense/bias", &view), 0);
        else if (how == 1)
            assert_int_equal(seqecho_graph_weight_get(graph, "dense/bias", got, 2), 0);
        else if (how == 2)
            assert_int_equal(seqecho_graph_weight_set(graph, "dense/bias", bias, 2), 0);
        else if (how == 3)
            assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
        else
            assert_int_equal(seqecho_predictor_create(&predictor, graph, NULL), 0);
        assert_built(graph, x, dense);
        if (predictor == NULL)
            assert_int_equal(seqecho_predictor_create(&predictor, graph, NULL), 0);
        assert_int_equal(seqecho_graph_weight_set(graph, "dense/bias", bias, 2), 0);
        view = (seqecho_view){ row, { 1, 3 }, 2, SEQECHO_FLOAT32 };
        assert_int_equal(seqecho_predictor_run(predictor, &view, out, 2), 0);
        assert_same_bits(out, bias, 2);
        seqecho_predictor_destroy(predictor);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* A graph that cannot end yet can be finished afterwards; the attempt leaves no trace. */
static void too_early_an_end(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *x, *y, *z;
    seqecho_trainer *trainer = NULL;
    seqecho_view view;

    (void)state;
    assert_refused(seqecho_trainer_create(&trainer, graph, NULL), SEQECHO_ESTATE,
                   "graph: it has no layers; begin with SEQECHO_INPUT(...)");
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }));
    y = seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2)), x);
    assert_refused(seqecho_trainer_create(&trainer, graph, NULL), SEQECHO_ESTATE,
                   "graph: it has no output; call seqecho_graph_output()");
    assert_int_equal(seqecho_graph_output(graph, y), 0);
    z = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4 }, .name = "z"));
    assert_refused(seqecho_graph_weight_shape(graph, "dense/kernel", &view), SEQECHO_ESTATE,
                   "z: no output depends on this input");
    assert_int_equal(
        seqecho_graph_output(
            graph,
            seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 1)), z)),
        0);
    assert_int_equal(seqecho_trainer_create(&trainer, graph, NULL), 0);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Summary ------------------------------------------------------------------------ */

static const char summary_whole[] =
    "------------------------------------------------------------------------------\n"
    "Layer (type)                                  Output shape        Parameters\n"
    "==============================================================================\n"
    "input_layer (InputLayer)                      (7, 5, 100)         0\n"
    "lstm (LSTM)                                   (7, 5, 20)          9680\n"
    "time_distributed (TimeDistributed of Dense)   (7, 5, 100)         2100\n"
    "==============================================================================\n"
    "Total parameters: 11780\n"
    "------------------------------------------------------------------------------\n";

static const char summary_partial[] =
    "------------------------------------------------------------------------------\n"
    "Layer (type)                                  Output shape        Parameters\n"
    "==============================================================================\n"
    "input_layer (InputLayer)                      (21, 5, 100)        0\n"
    "lstm (LSTM)                                   (21, 150)           150600\n"
    "repeat_vector (RepeatVector)                  (21, 2, 150)        0\n"
    "lstm_1 (LSTM)                                 (21, 2, 150)        180600\n"
    "time_distributed (TimeDistributed of Dense)   (21, 2, 100)        15100\n"
    "==============================================================================\n"
    "Total parameters: 346300\n"
    "------------------------------------------------------------------------------\n";

static void summaries(void **state)
{
    seqecho_graph *const graphs[] = { models_whole((models_size){ .batch = 7 }),
                                      models_partial((models_size){ .batch = 21 }) };
    const char *const want[] = { summary_whole, summary_partial };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const size_t length = strlen(want[i]);
        char buf[1024];

        assert_int_equal(seqecho_graph_summary(graphs[i], NULL, 0), length);
        assert_int_equal(seqecho_graph_summary(graphs[i], NULL, 77), length);
        assert_int_equal(seqecho_graph_summary(graphs[i], buf, sizeof buf), length);
        assert_string_equal(buf, want[i]);
        /* Cut anywhere, as snprintf cuts: nothing is written beyond. */
        for (size_t size = 0; size <= length + 2; size++) {
            const size_t kept = size == 0 ? 0 : size - 1 < length ? size - 1 : length;

            memset(buf, '#', sizeof buf);
            assert_int_equal(seqecho_graph_summary(graphs[i], buf, size), length);
            assert_memory_equal(buf, want[i], kept);
            assert_int_equal(buf[kept], size == 0 ? '#' : '\0');
            if (size > 0)
                assert_int_equal(buf[size], '#');
        }
        seqecho_graph_destroy(graphs[i]);
    }
}

static void odd_summaries(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_layer *const lstm = seqecho_layer_create(
        graph, SEQECHO_LSTM(.units = 2, .return_state = true,
                            .name = "a_name_that_is_longer_than_its_column_in_the_table"));
    char text[2048] = "#";

    (void)state;
    assert_int_equal(seqecho_graph_summary(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    seqecho_layer_call(lstm, x);
    seqecho_layer_call(lstm, x);
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    seqecho_graph_summary(graph, text, sizeof text);
    assert_non_null(strstr(text, "table (LSTM)  (any, 2), (any, 2), (any, 2)  48\n"));
    assert_non_null(strstr(text, "table (LSTM)  (any, 2), (any, 2), (any, 2)  (shared)\n"));
    assert_non_null(strstr(text,
                           "\nIn error: graph: expected an input first, found kind 2; "
                           "begin with SEQECHO_INPUT(...)\n"));
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(errors_stop_the_functional_style_too),
        cmocka_unit_test(automatic_names),
        cmocka_unit_test(given_names),
        cmocka_unit_test(impossible_names),
        cmocka_unit_test(weight_names),
        cmocka_unit_test(building_ends_once),
        cmocka_unit_test(too_early_an_end),
        cmocka_unit_test(summaries),
        cmocka_unit_test(odd_summaries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
