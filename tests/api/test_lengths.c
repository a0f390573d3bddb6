/* test_lengths.c - inputs with lengths: views beside x, and what is beyond them.
 * SPDX-License-Identifier: MIT */
#include <limits.h>
#include <math.h>
#include <string.h>

#include <seqecho/seqecho.h>

#include "close.h"
#include "refuse.h"

enum { SAMPLES = 5, STEPS = 4, CLASSES = 6, TARGETS = 3, MAX_WEIGHTS = 4096 };

static const int32_t lengths[SAMPLES] = { 4, 2, 0, 3, 1 };

/* A graph of one layer behind the input, and something on top that does not ask whether a
 * step is missing. */
static seqecho_graph *build(const seqecho_spec *first)
{
    seqecho_graph *g = NULL;

    assert_int_equal(seqecho_graph_create(&g, SEQECHO_GRAPH(.seed = 5)), 0);
    seqecho_graph_add(g, SEQECHO_INPUT(.dim = { STEPS, CLASSES }, .lengths = true));
    seqecho_graph_add(g, first);
    seqecho_graph_add(g, SEQECHO_FLATTEN);
    seqecho_graph_add(g, SEQECHO_DENSE(.units = TARGETS, .activation = SEQECHO_SOFTMAX));
    assert_int_equal(seqecho_graph_status(g), 0);
    return g;
}

typedef struct result {
    float y[SAMPLES * TARGETS];
    float grads[MAX_WEIGHTS];
    double loss;
} result;

static void run(const seqecho_spec *first, const seqecho_view *x, result *out)
{
    const int32_t labels[SAMPLES] = { 0, 1, 2, 1, 0 };
    const seqecho_view y = { labels, { SAMPLES }, 1, SEQECHO_INT32 };
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_graph *const g = build(first);
    seqecho_trainer *t = NULL;
    size_t used = 0;

    memset(out, 0, sizeof *out);
    assert_int_equal(
        seqecho_trainer_create(
            &t, g, SEQECHO_TRAINER(.loss = SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY)),
        0);
    assert_int_equal(seqecho_trainer_predict(t, x, out->y, SAMPLES * TARGETS), 0);
    assert_int_equal(seqecho_trainer_compute_gradients(t, x, &y, NULL, 0, &report), 0);
    out->loss = report.loss;
    for (size_t i = 0; i < seqecho_graph_weight_count(g); i++) {
        const char *const name = seqecho_graph_weight_name(g, i);
        seqecho_view shape;
        size_t n = 1;

        assert_int_equal(seqecho_graph_weight_shape(g, name, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        assert_true(used + n <= MAX_WEIGHTS);
        assert_int_equal(seqecho_trainer_gradient_get(t, name, out->grads + used, n), 0);
        used += n;
    }
    assert_true(used > 0);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(g);
}

/* Class numbers, rows, and rows padded with zeros by the user are the same to any layer,
 * whatever lies beyond the lengths. */
static void beyond_is_never_seen(void **state)
{
    const seqecho_spec *const firsts[] = {
        SEQECHO_DENSE(.units = 3, .bias_init = SEQECHO_INIT_ONES),
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 3)),
        SEQECHO_EMBEDDING(.output_dim = 3),
        SEQECHO_CONV1D(.filters = 3, .kernel_size = 2),
        SEQECHO_LSTM(.units = 3, .return_sequences = true),
        SEQECHO_GRU(.units = 3),
        SEQECHO_SIMPLE_RNN(.units = 3, .return_sequences = true),
        SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 3, .return_sequences = true)),
    };
    int32_t classes[SAMPLES * STEPS], wild[SAMPLES * STEPS];
    float rows[SAMPLES * STEPS * CLASSES] = { 0 }, wild_rows[SAMPLES * STEPS * CLASSES];
    const seqecho_view size = { lengths, { SAMPLES }, 1, SEQECHO_INT32 };
    static result want, got;

    (void)state;
    for (int i = 0; i < SAMPLES * STEPS; i++) {
        const bool there = i % STEPS < lengths[i / STEPS];

        classes[i] = i * 7 % CLASSES;
        wild[i] = there ? classes[i] : INT_MIN + i;
        if (there)
            rows[i * CLASSES + classes[i]] = 1.0F;
        for (int k = 0; k < CLASSES; k++)
            wild_rows[i * CLASSES + k] = there ? rows[i * CLASSES + k] : NAN;
    }
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        const int64_t s = SAMPLES, t = STEPS, c = CLASSES;
        const seqecho_view plain[] = { { rows, { s, t, c }, 3, SEQECHO_FLOAT32 }, size };
        const seqecho_view others[][2] = {
            { { wild_rows, { s, t, c }, 3, SEQECHO_FLOAT32 }, size },
            { { classes, { s, t }, 2, SEQECHO_INT32 }, size },
            { { wild, { s, t }, 2, SEQECHO_INT32 }, size },
        };

        run(firsts[i], plain, &want);
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            run(firsts[i], others[k], &got);
            assert_same_bits(got.y, want.y, SAMPLES * TARGETS);
            assert_same_bits(got.grads, want.grads, MAX_WEIGHTS);
            assert_true(got.loss == want.loss);
        }
    }
}

static void refuse(seqecho_predictor *p, seqecho_view size, int code, const char *text)
{
    static const float x[SAMPLES * STEPS * CLASSES];
    const seqecho_view views[] = { { x, { SAMPLES, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 },
                                   size };
    float y[SAMPLES * TARGETS];

    assert_refused(seqecho_predictor_run(p, views, y, SAMPLES * TARGETS), code, text);
}

static void bad_lengths(void **state)
{
    const int32_t negative[SAMPLES] = { 0, -1 }, long_one[SAMPLES] = { 0, 0, 0, 0, 5 };
    seqecho_graph *const g = build(SEQECHO_LSTM(.units = 2, .return_sequences = true));
    seqecho_predictor *p = NULL;

    (void)state;
    assert_int_equal(seqecho_predictor_create(&p, g, NULL), 0);
    refuse(p, (seqecho_view){ lengths, { 4 }, 1, SEQECHO_INT32 }, SEQECHO_ESHAPE,
           "input_layer: expected int32 lengths of shape (5) behind its view of x, found "
           "(4) of int32");
    refuse(p, (seqecho_view){ lengths, { SAMPLES, 1 }, 2, SEQECHO_INT32 }, SEQECHO_ESHAPE,
           "input_layer: expected int32 lengths of shape (5) behind its view of x, found "
           "(5, 1) of int32");
    refuse(p, (seqecho_view){ lengths, { SAMPLES }, 1, SEQECHO_FLOAT32 }, SEQECHO_ESHAPE,
           "input_layer: expected int32 lengths of shape (5) behind its view of x, found "
           "(5)");
    refuse(p, (seqecho_view){ NULL, { SAMPLES }, 1, SEQECHO_INT32 }, SEQECHO_EINVAL,
           "input_layer: the data of lengths is NULL");
    refuse(p, (seqecho_view){ negative, { SAMPLES }, 1, SEQECHO_INT32 }, SEQECHO_EINVAL,
           "input_layer: the length of sample 1 is -1, expected 0 to 4");
    refuse(p, (seqecho_view){ long_one, { SAMPLES }, 1, SEQECHO_INT32 }, SEQECHO_EINVAL,
           "input_layer: the length of sample 4 is 5, expected 0 to 4");
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(g);
}

static void no_steps_no_lengths(void **state)
{
    seqecho_graph *g = NULL;

    (void)state;
    assert_int_equal(seqecho_graph_create(&g, NULL), 0);
    seqecho_graph_add(g, SEQECHO_INPUT(.dim = { 3 }, .lengths = true));
    assert_refused(seqecho_graph_status(g), SEQECHO_EINVAL,
                   "input_layer: lengths are of samples with time steps, e.g. .dim = { "
                   "timesteps, features }, but dim has one size");
    seqecho_graph_destroy(g);
}

/* A dataset has no lengths to give. */
static void no_dataset(void **state)
{
    seqecho_dataset *data = NULL;
    seqecho_graph *g = NULL;
    seqecho_trainer *t = NULL;

    (void)state;
    assert_int_equal(seqecho_dataset_create(&data, NULL), 0);
    assert_int_equal(seqecho_graph_create(&g, NULL), 0);
    seqecho_graph_add(g, SEQECHO_INPUT(.dim = { 5, 100 }, .lengths = true));
    seqecho_graph_add(g, SEQECHO_DENSE(.units = 100, .activation = SEQECHO_SOFTMAX));
    assert_int_equal(seqecho_trainer_create(
                         &t, g, SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY)),
                     0);
    assert_refused(seqecho_trainer_fit_dataset(t, data, NULL, NULL), SEQECHO_ESHAPE,
                   "fit_dataset: the graph's input has lengths, a dataset has none");
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(g);
    seqecho_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beyond_is_never_seen),
        cmocka_unit_test(bad_lengths),
        cmocka_unit_test(no_steps_no_lengths),
        cmocka_unit_test(no_dataset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
