/* test_torture_data.c - graphs, weights, datasets and the plain functions given NULL,
 * nothing and too much.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "torture.h"

static const int64_t two_31 = (int64_t)1 << 31, two_62 = (int64_t)1 << 62;

/* ---- Graphs and weights ------------------------------------------------------------- */

static void graphs(void **state)
{
    seqecho_graph *graph = (void *)1;
    seqecho_node *node;
    seqecho_view view;

    (void)state;
    TORTURE(seqecho_graph_create(NULL, NULL), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_graph_create(
                &graph,
                SEQECHO_GRAPH(.allocator = &(seqecho_allocator){ sizeof(seqecho_allocator),
                                                                 NULL, NULL, NULL })),
            SEQECHO_EINVAL, "both alloc and release must be given");
    assert_null(graph);
    TORTURE(seqecho_graph_output(NULL, NULL), SEQECHO_EINVAL,
            "graph_output: graph is NULL");
    TORTURE(seqecho_node_shape(NULL, &view), SEQECHO_EINVAL, "node is NULL");
    TORTURE(seqecho_graph_weight_shape(NULL, "a/b", &view), SEQECHO_EINVAL,
            "graph is NULL");
    assert_null(seqecho_graph_add(NULL, SEQECHO_DENSE(.units = 1)));
    assert_null(seqecho_graph_add(NULL, NULL));
    assert_null(seqecho_graph_input(NULL, SEQECHO_INPUT(.dim = { 1 })));
    assert_null(seqecho_layer_create(NULL, NULL));
    assert_null(seqecho_layer_call(NULL, NULL));
    assert_null(seqecho_layer_call_n(NULL, NULL, SIZE_MAX));
    assert_null(seqecho_node_output(NULL, SIZE_MAX));
    assert_null(seqecho_graph_ref(NULL));
    assert_string_equal(seqecho_layer_name(NULL), "");
    assert_int_equal(seqecho_graph_summary(NULL, NULL, SIZE_MAX), 0);
    assert_int_equal(seqecho_graph_weight_count(NULL), 0);
    assert_int_equal(seqecho_graph_parameter_count(NULL), 0);
    assert_null(seqecho_graph_weight_name(NULL, 0));

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    assert_null(seqecho_graph_weight_name(graph, 0));
    assert_int_equal(seqecho_graph_weight_count(graph), 0);
    TORTURE(seqecho_graph_weight_shape(graph, "a/b", &view), SEQECHO_ENOTFOUND,
            "weight \"a/b\" is not in the graph");
    node = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 3 }));
    assert_null(seqecho_node_output(node, SIZE_MAX));
    TORTURE(seqecho_graph_status(graph), SEQECHO_EINVAL,
            "input_layer: it has 1 output, there is no number 18446744073709551615");
    seqecho_graph_destroy(graph);
}

static void weights(void **state)
{
    seqecho_graph *const graph = models_small(), *const twin = models_small();
    float values[60] = { 0.0F }, got[60];
    seqecho_view view;

    (void)state;
    assert_null(seqecho_graph_weight_name(graph, SIZE_MAX));
    TORTURE(seqecho_graph_weight_shape(graph, "lstm/kernel", NULL), SEQECHO_EINVAL,
            "view is NULL");
    TORTURE(seqecho_graph_weight_shape(graph, NULL, &view), SEQECHO_ENOTFOUND,
            "\"(NULL)\"");
    TORTURE(seqecho_graph_weight_shape(graph, "", &view), SEQECHO_ENOTFOUND, "\"\"");
    TORTURE(seqecho_graph_weight_shape(graph, "lstm", &view), SEQECHO_ENOTFOUND,
            "\"lstm\"");
    TORTURE(seqecho_graph_weight_get(graph, "lstm/kernel/", values, 60), SEQECHO_ENOTFOUND,
            "first one is \"lstm/kernel\"");
    TORTURE(seqecho_graph_weight_get(NULL, "lstm/kernel", values, 60), SEQECHO_EINVAL,
            "graph is NULL");
    TORTURE(seqecho_graph_weight_get(graph, "lstm/kernel", NULL, 60), SEQECHO_EINVAL,
            "lstm/kernel: values is NULL");
    TORTURE(seqecho_graph_weight_get(graph, "lstm/kernel", values, 59), SEQECHO_ESHAPE,
            "lstm/kernel: expected 60 values, found 59");
    TORTURE(seqecho_graph_weight_get(graph, "lstm/kernel", values, SIZE_MAX),
            SEQECHO_ESHAPE, "expected 60 values, found 18446744073709551615");
    TORTURE(seqecho_graph_weight_set(NULL, "lstm/kernel", values, 60), SEQECHO_EINVAL,
            "graph is NULL");
    TORTURE(seqecho_graph_weight_set(graph, "lstm/kernel", NULL, 60), SEQECHO_EINVAL,
            "lstm/kernel: values is NULL");
    TORTURE(seqecho_graph_weight_set(graph, "lstm/kernel", values, 0), SEQECHO_ESHAPE,
            "expected 60 values, found 0");
    values[59] = NAN;
    TORTURE(seqecho_graph_weight_set(graph, "lstm/kernel", values, 60), SEQECHO_EINVAL,
            "lstm/kernel: value 59 is NaN");
    values[7] = -INFINITY;
    TORTURE(seqecho_graph_weight_set(graph, "lstm/kernel", values, 60), SEQECHO_EINVAL,
            "lstm/kernel: value 7 is infinite");
    models_assert_same(graph, twin);
    models_fill(values, 60, 1);
    assert_int_equal(seqecho_graph_weight_set(graph, "lstm/kernel", values, 60), 0);
    assert_int_equal(seqecho_graph_weight_get(graph, "lstm/kernel", got, 60), 0);
    assert_same_bits(got, values, 60);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(twin);
}

/* A name of any length is no more than not found. */
static void long_names(void **state)
{
    seqecho_graph *const graph = models_small();
    char *const name = malloc(100001);
    float value;

    (void)state;
    assert_non_null(name);
    memset(name, 'x', 100000);
    name[100000] = '\0';
    TORTURE(seqecho_graph_weight_get(graph, name, &value, 1), SEQECHO_ENOTFOUND,
            "is not in the graph; the first one is \"lstm/kernel\"");
    free(name);
    seqecho_graph_destroy(graph);
}

/* ---- Outputs that cannot be counted, several inputs, no loss ------------------------ */

static void outputs_beyond_counting(void **state)
{
    seqecho_graph *graph;
    seqecho_predictor *p;
    seqecho_trainer *t;
    float value = 0.0F;
    const seqecho_view x = { &value, { (int64_t)1 << 40, 1 }, 2, SEQECHO_FLOAT32 };

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 1 }));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(two_31));
    assert_int_equal(seqecho_trainer_create(&t, graph, NULL), 0);
    TORTURE(seqecho_trainer_predict(t, &x, &value, 0), SEQECHO_ESHAPE,
            "input_layer: the outputs of 1099511627776 samples do not fit");
    TORTURE(seqecho_trainer_forward(t, &x, &value, 1), SEQECHO_ESHAPE, "do not fit");
    assert_int_equal(seqecho_predictor_create(
                         &p, graph, SEQECHO_PREDICTOR(.numerics = SEQECHO_NUMERICS_FAST)),
                     0);
    TORTURE(seqecho_predictor_run(p, &x, &value, 0), SEQECHO_ESHAPE, "do not fit");
    seqecho_predictor_destroy(p);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

/* What lies between input and output cannot be counted either. */
static void a_batch_beyond_counting(void **state)
{
    const size_t samples = (size_t)1 << 40;
    float value = 0.0F;
    const seqecho_view x = { &value, { (int64_t)samples, 1 }, 2, SEQECHO_FLOAT32 };
    seqecho_graph *graph;
    seqecho_trainer *t;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 1 }));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(two_31));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 1)));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 1));
    assert_int_equal(seqecho_trainer_create(&t, graph, NULL), 0);
    TORTURE(seqecho_trainer_forward(t, &x, &value, samples), SEQECHO_ENOMEM,
            "a batch of this size does not fit the address space");
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

static void inputs_of_different_lengths(void **state)
{
    seqecho_graph *graph;
    seqecho_trainer *t;
    static float data[40];
    const seqecho_view x[] = { { data, { 3, 2 }, 2, SEQECHO_FLOAT32 },
                               { data, { 4, 2 }, 2, SEQECHO_FLOAT32 } };
    seqecho_dataset *dataset;
    float out[16];

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            seqecho_graph_output(
                graph, seqecho_graph_input(
                           graph, SEQECHO_INPUT(.dim = { 2 }, .name = i ? "b" : "a"))),
            0);
    assert_int_equal(seqecho_trainer_create(
                         &t, graph, SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)),
                     0);
    TORTURE(seqecho_trainer_predict(t, x, out, 12), SEQECHO_ESHAPE,
            "b: x has 4 samples, but a has 3");
    assert_int_equal(seqecho_dataset_create(&dataset, NULL), 0);
    TORTURE(
        seqecho_trainer_fit_dataset(t, dataset, NULL, NULL), SEQECHO_ESHAPE,
        "fit_dataset: the graph has 2 inputs and 2 outputs, a dataset feeds one of each");
    TORTURE(seqecho_trainer_evaluate_dataset(t, dataset, 1, NULL, NULL), SEQECHO_ESHAPE,
            "evaluate_dataset: the graph has 2 inputs and 2 outputs");
    seqecho_dataset_destroy(dataset);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

static void without_a_loss(void **state)
{
    seqecho_graph *const graph = models_small();
    static float data[12];
    const seqecho_view x = { data, { 1, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { data, { 1, 2 }, 2, SEQECHO_FLOAT32 };
    const char *const part = "trainer: it was created without a loss";
    seqecho_trainer *t;
    float out[2];

    (void)state;
    assert_int_equal(seqecho_trainer_create(&t, graph, NULL), 0);
    TORTURE(seqecho_trainer_fit(t, &x, &y, NULL, NULL), SEQECHO_ESTATE, part);
    TORTURE(seqecho_trainer_train_on_batch(t, &x, &y, NULL), SEQECHO_ESTATE, part);
    TORTURE(seqecho_trainer_evaluate(t, &x, &y, NULL, NULL), SEQECHO_ESTATE, part);
    TORTURE(seqecho_trainer_compute_gradients(t, &x, &y, NULL, 0, NULL), SEQECHO_ESTATE,
            part);
    assert_int_equal(seqecho_trainer_predict(t, &x, out, 2), 0);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

/* Losses and targets that do not go together. */
static void targets(void **state)
{
    static const seqecho_loss losses[] = { SEQECHO_BINARY_CROSSENTROPY,
                                           SEQECHO_MEAN_SQUARED_ERROR,
                                           SEQECHO_MEAN_ABSOLUTE_ERROR };
    seqecho_graph *const graph = models_small();
    static float data[12];
    static const int32_t classes[1] = { 1 };
    const seqecho_view x = { data, { 1, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { data, { 1, 2 }, 2, SEQECHO_FLOAT32 };
    const seqecho_view y_classes = { classes, { 1 }, 1, SEQECHO_INT32 };
    seqecho_trainer *t;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            seqecho_trainer_create(&t, graph, SEQECHO_TRAINER(.loss = losses[i])), 0);
        TORTURE(seqecho_trainer_fit(t, &x, &y_classes, NULL, NULL), SEQECHO_EINVAL,
                "dense: y has dtype 1, expected float32");
        seqecho_trainer_destroy(t);
    }
    assert_int_equal(
        seqecho_trainer_create(
            &t, graph, SEQECHO_TRAINER(.loss = SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY)),
        0);
    TORTURE(seqecho_trainer_fit(t, &x, &y, NULL, NULL), SEQECHO_EINVAL,
            "dense: sparse categorical cross-entropy takes int32 targets, found dtype 0");
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

/* ---- Datasets ----------------------------------------------------------------------- */

/* A dataset that does not fit the graph is refused before it draws. */
static void datasets_that_do_not_fit(void **state)
{
    static const seqecho_encoding encodings[] = { SEQECHO_ENCODE_ONE_HOT,
                                                  SEQECHO_ENCODE_INTEGER,
                                                  SEQECHO_ENCODE_LINEAR };
    static const struct {
        models_size size;
        int64_t n_out;
    } cases[] = { { { .classes = 7 }, 0 },
                  { { .classes = 6, .steps = 4 }, 0 },
                  { { .classes = 6 }, 2 } };
    seqecho_graph *const graph = models_whole((models_size){ .classes = 6, .units = 2 });
    seqecho_trainer *const t = models_trainer(graph, 1);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t e = 0; e < 3; e++) {
            seqecho_dataset *const data =
                models_data(cases[i].size, cases[i].n_out, encodings[e]);

            TORTURE(seqecho_trainer_fit_dataset(t, data, NULL, NULL), SEQECHO_ESHAPE,
                    i == 0 && e < 2 ? "the graph's input has 6 features" : "found (21, ");
            TORTURE(seqecho_trainer_evaluate_dataset(t, data, 2, NULL, NULL),
                    SEQECHO_ESHAPE,
                    i == 0 && e < 2 ? "the graph's input has 6 features" : "found (21, ");
            assert_int_equal(seqecho_dataset_position(data), 1);
            seqecho_dataset_destroy(data);
        }
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

static void datasets(void **state)
{
    seqecho_dataset *d = (void *)1;
    const int32_t sequence[25] = { [24] = 100 };
    float encoded[100] = { 0.0F };
    int32_t out[1];
    size_t length = 7;

    (void)state;
    TORTURE(seqecho_dataset_create(NULL, NULL), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.length = -1)), SEQECHO_EINVAL,
            "length is -1");
    assert_null(d);
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.length = two_62)), SEQECHO_EINVAL,
            "length is 4611686018427387904");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.n_unique = two_31)), SEQECHO_EINVAL,
            "n_unique is 2147483648");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.n_in = 26)), SEQECHO_EINVAL,
            "n_in is 26");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.n_out = 6)), SEQECHO_EINVAL,
            "n_out is 6");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.length = two_31, .n_in = two_31,
                                                       .n_unique = two_31 - 1,
                                                       .rows = SEQECHO_ROWS_PAD_BOTH)),
            SEQECHO_EINVAL, "does not fit the address space");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.encoding = (seqecho_encoding)3)),
            SEQECHO_EINVAL, "encoding is 3");
    TORTURE(seqecho_dataset_create(&d, SEQECHO_DATASET(.rows = (seqecho_rows)-1)),
            SEQECHO_EINVAL, "rows is -1");
    assert_null(d);

    assert_int_equal(seqecho_dataset_create(&d, NULL), 0);
    TORTURE(seqecho_dataset_set_sequence(NULL, sequence, 25), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_dataset_set_sequence(d, NULL, 25), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_dataset_set_sequence(d, sequence, 24), SEQECHO_ESHAPE, "24 steps");
    TORTURE(seqecho_dataset_set_sequence(d, sequence, 25), SEQECHO_EINVAL, "100");
    TORTURE(seqecho_dataset_decode(NULL, encoded, 1, out), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_dataset_decode(d, NULL, 1, out), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_dataset_decode(d, encoded, 1, NULL), SEQECHO_EINVAL, "is NULL");
    assert_int_equal(seqecho_dataset_decode(d, NULL, 0, NULL), 0);
    seqecho_dataset_next(NULL);
    seqecho_dataset_seek(NULL, 1);
    assert_int_equal(seqecho_dataset_position(NULL), 0);
    assert_null(seqecho_dataset_x(NULL));
    assert_null(seqecho_dataset_y(NULL));
    assert_null(seqecho_dataset_sequence(NULL, &length));
    assert_int_equal(length, 0);
    assert_non_null(seqecho_dataset_sequence(d, NULL));
    assert_int_equal(seqecho_dataset_position(d), 1);
    seqecho_dataset_destroy(d);
}

/* ---- Plain functions ---------------------------------------------------------------- */

static void plain_functions(void **state)
{
    seqecho_rng rng = { 1, 2 };
    int32_t ints[4] = { 0, 1, 2, 3 };
    float floats[16] = { 0.0F };
    const seqecho_rows bad = (seqecho_rows)7;

    (void)state;
    TORTURE(seqecho_generate_sequence(NULL, 4, ints, 4), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_generate_sequence(&rng, 0, ints, 4), SEQECHO_EINVAL, "0");
    TORTURE(seqecho_generate_sequence(&rng, two_31, ints, 4), SEQECHO_EINVAL, "2147483648");
    TORTURE(seqecho_generate_sequence(&rng, -two_62, ints, 4), SEQECHO_EINVAL, "-46116");
    TORTURE(seqecho_generate_sequence(&rng, 4, NULL, 4), SEQECHO_EINVAL, "is NULL");
    assert_int_equal(rng.position, 2);
    TORTURE(seqecho_one_hot_encode(NULL, 4, 4, floats), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_one_hot_encode(ints, 4, 4, NULL), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_one_hot_encode(ints, 4, 3, floats), SEQECHO_EINVAL, "3");
    TORTURE(seqecho_one_hot_encode(ints, 4, 0, floats), SEQECHO_EINVAL, "0");
    TORTURE(seqecho_one_hot_decode(NULL, 4, 4, ints), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_one_hot_decode(floats, 4, 4, NULL), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_one_hot_decode(floats, 4, -1, ints), SEQECHO_EINVAL, "-1");
    TORTURE(seqecho_linear_encode(NULL, 4, 4, floats), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_linear_encode(ints, 4, 2, floats), SEQECHO_EINVAL, "2");
    TORTURE(seqecho_linear_decode(floats, 4, two_62, ints), SEQECHO_EINVAL, "46116");
    TORTURE(seqecho_linear_decode(floats, 4, 4, NULL), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_to_supervised(NULL, 4, 1, 2, 1, 0, 0.0F, floats, floats),
            SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_to_supervised(floats, 4, 1, 5, 1, 0, 0.0F, floats, floats),
            SEQECHO_EINVAL, "5");
    TORTURE(seqecho_to_supervised(floats, 4, 1, 2, 3, 0, 0.0F, floats, floats),
            SEQECHO_EINVAL, "3");
    TORTURE(seqecho_to_supervised(floats, 4, 1, 0, 0, 0, 0.0F, floats, floats),
            SEQECHO_EINVAL, "0");
    TORTURE(seqecho_to_supervised(floats, 4, 1, 2, 1, bad, 0.0F, floats, floats),
            SEQECHO_EINVAL, "7");
    TORTURE(seqecho_to_supervised_int32(ints, 4, 2, 1, 0, 0, NULL, ints), SEQECHO_EINVAL,
            "is NULL");
    TORTURE(seqecho_to_supervised_int32(ints, 4, SIZE_MAX, 1, 0, 0, ints, ints),
            SEQECHO_EINVAL, "18446744073709551615");
    assert_int_equal(seqecho_supervised_rows(SIZE_MAX, 0, SEQECHO_ROWS_PAD_BOTH), 0);
    assert_int_equal(seqecho_supervised_rows(3, 4, SEQECHO_ROWS_PAD_BOTH), 0);
    assert_string_equal(seqecho_error_name(-12), "SEQECHO_E?");
    assert_string_equal(seqecho_error_name(INT32_MIN), "SEQECHO_E?");
    assert_int_equal(seqecho_has_kind(0), 0);
    assert_int_equal(seqecho_has_kind(UINT32_MAX), 0);
    for (uint32_t kind = SEQECHO_KIND_INPUT; kind <= SEQECHO_KIND_TIME_DISTRIBUTED; kind++)
        assert_int_equal(seqecho_has_kind(kind), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs),
        cmocka_unit_test(weights),
        cmocka_unit_test(long_names),
        cmocka_unit_test(outputs_beyond_counting),
        cmocka_unit_test(a_batch_beyond_counting),
        cmocka_unit_test(inputs_of_different_lengths),
        cmocka_unit_test(without_a_loss),
        cmocka_unit_test(targets),
        cmocka_unit_test(datasets_that_do_not_fit),
        cmocka_unit_test(datasets),
        cmocka_unit_test(plain_functions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
