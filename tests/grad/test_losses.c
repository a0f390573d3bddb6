/* test_losses.c - gradients of every loss, through every way to end a graph.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "close.h"
#include "gradcheck.h"

enum { FEATURES = 4, CLASSES = 5, STEPS = 3 };

/* One LSTM, so that there is something before the end, then `last` on its sequence. */
static gradcheck_model model(const seqecho_spec *last)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_node *x = gradcheck_input(&m, 0, STEPS, FEATURES, 0);

    x = gradcheck_apply(&m, SEQECHO_LSTM(.units = CLASSES, .return_sequences = true), x);
    gradcheck_output(&m, gradcheck_apply(&m, last, x));
    return m;
}

static const seqecho_spec *dense(seqecho_activation f)
{
    static seqecho_dense_spec spec;

    spec = (seqecho_dense_spec){ .head = { sizeof spec, SEQECHO_KIND_DENSE, 0 },
                                 .units = CLASSES,
                                 .activation = f };
    return &spec.head;
}

static void check(const char *name, const seqecho_spec *last, seqecho_loss loss,
                  bool clipped, bool probabilities)
{
    const gradcheck_options o = { .name = name,
                                  .samples = 2,
                                  .loss = loss,
                                  .clipped = clipped,
                                  .probabilities = probabilities };
    gradcheck_model m = model(last);

    gradcheck_run(&m, &o);
}

/* Targets that do not sum to one, too: Keras allows them. */
static void categorical_crossentropy(void **state)
{
    const seqecho_loss loss = SEQECHO_CATEGORICAL_CROSSENTROPY;

    (void)state;
    check("cce, dense", dense(SEQECHO_SOFTMAX), loss, false, true);
    check("cce, time_distributed", SEQECHO_TIME_DISTRIBUTED(dense(SEQECHO_SOFTMAX)), loss,
          false, true);
    check("cce, activation", SEQECHO_ACTIVATION(SEQECHO_SOFTMAX), loss, false, true);
    check("cce, clipped", dense(SEQECHO_SOFTMAX), loss, true, true);
    check("cce, clipped, time_distributed",
          SEQECHO_TIME_DISTRIBUTED(dense(SEQECHO_SOFTMAX)), loss, true, true);
    check("cce, of sigmoids", dense(SEQECHO_SIGMOID), loss, false, true);
    check("cce, of softplus", dense(SEQECHO_SOFTPLUS), loss, true, true);
}

static void binary_crossentropy(void **state)
{
    (void)state;
    check("bce", dense(SEQECHO_SIGMOID), SEQECHO_BINARY_CROSSENTROPY, false, true);
    check("bce, of a softmax", dense(SEQECHO_SOFTMAX), SEQECHO_BINARY_CROSSENTROPY, false,
          true);
}

static void regression(void **state)
{
    (void)state;
    check("mse", dense(SEQECHO_LINEAR), SEQECHO_MEAN_SQUARED_ERROR, false, false);
    check("mse, time_distributed", SEQECHO_TIME_DISTRIBUTED(dense(SEQECHO_TANH)),
          SEQECHO_MEAN_SQUARED_ERROR, false, false);
    check("mse, of a softmax", dense(SEQECHO_SOFTMAX), SEQECHO_MEAN_SQUARED_ERROR, false,
          true);
    check("mae", dense(SEQECHO_TANH), SEQECHO_MEAN_ABSOLUTE_ERROR, false, false);
}

/* Of several outputs the losses are added. */
static void several_outputs(void **state)
{
    static const seqecho_loss losses[] = { SEQECHO_CATEGORICAL_CROSSENTROPY,
                                           SEQECHO_MEAN_SQUARED_ERROR };

    (void)state;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const gradcheck_options o = { .name = "several outputs",
                                      .samples = 3,
                                      .loss = losses[i],
                                      .probabilities = true };
        gradcheck_model m = model(dense(SEQECHO_SOFTMAX));
        seqecho_node *const last = gradcheck_apply(
            &m, SEQECHO_LSTM(.units = 3, .activation = SEQECHO_SIGMOID), m.out[0]);

        gradcheck_output(&m, gradcheck_apply(&m, dense(SEQECHO_SOFTMAX), last));
        gradcheck_output(&m, last);
        gradcheck_run(&m, &o);
    }
}

/* ---- The same, bit for bit ---------------------------------------------------------- */

enum {
    SAMPLES = 4,
    WEIGHTS = FEATURES * 4 * CLASSES + CLASSES * 4 * CLASSES + 4 * CLASSES
};

typedef struct answer {
    double loss, accuracy;
    float gradient[WEIGHTS]; /* of the LSTM */
} answer;

static void ask(seqecho_graph *graph, seqecho_loss loss, bool clipped,
                const seqecho_view *y, answer *a)
{
    static float data[SAMPLES * STEPS * FEATURES];
    const seqecho_view x = { data, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_trainer *trainer;
    size_t at = 0;

    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        data[i] = (float)(i % 11) * 0.2F - 1.0F;
    assert_int_equal(seqecho_trainer_create(
                         &trainer, graph,
                         SEQECHO_TRAINER(.loss = loss, .metrics = SEQECHO_METRIC_ACCURACY,
                                         .clipped_crossentropy = clipped)),
                     0);
    assert_int_equal(seqecho_trainer_compute_gradients(trainer, &x, y, NULL, 0, &report),
                     0);
    a->loss = report.loss;
    a->accuracy = report.accuracy;
    for (size_t i = 0; i < 3; i++) {
        static const size_t sizes[] = { FEATURES * 4 * CLASSES, CLASSES * 4 * CLASSES,
                                        4 * CLASSES };

        assert_int_equal(seqecho_trainer_gradient_get(trainer,
                                                      seqecho_graph_weight_name(graph, i),
                                                      a->gradient + at, sizes[i]),
                         0);
        at += sizes[i];
    }
    seqecho_trainer_destroy(trainer);
}

/* One-hot targets, class numbers and the sparse loss are the same loss. */
static void class_targets(void **state)
{
    static const int32_t classes[SAMPLES * STEPS] = { 4, 0, 2, 1, 1, 3, 0, 4, 2, 2, 3, 0 };
    static float one_hot[SAMPLES * STEPS * CLASSES];
    const seqecho_view y_classes = { classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    const seqecho_view y_floats = {
        one_hot, { SAMPLES, STEPS, CLASSES }, 3, SEQECHO_FLOAT32
    };

    (void)state;
    assert_int_equal(seqecho_one_hot_encode(classes, SAMPLES * STEPS, CLASSES, one_hot), 0);
    for (int clipped = 0; clipped < 2; clipped++) {
        gradcheck_model m = model(dense(SEQECHO_SOFTMAX));
        answer floats, numbers, sparse;

        gradcheck_fill_weights(m.graph, false);
        ask(m.graph, SEQECHO_CATEGORICAL_CROSSENTROPY, clipped, &y_floats, &floats);
        ask(m.graph, SEQECHO_CATEGORICAL_CROSSENTROPY, clipped, &y_classes, &numbers);
        ask(m.graph, SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY, clipped, &y_classes, &sparse);
        assert_memory_equal(&floats.loss, &numbers.loss, sizeof floats.loss);
        assert_memory_equal(&floats.loss, &sparse.loss, sizeof floats.loss);
        assert_close_double(floats.accuracy, numbers.accuracy, 0, 0);
        assert_close_double(floats.accuracy, sparse.accuracy, 0, 0);
        assert_same_bits(floats.gradient, numbers.gradient, WEIGHTS);
        assert_same_bits(floats.gradient, sparse.gradient, WEIGHTS);
        seqecho_graph_destroy(m.graph);
    }
}

/* Three ways to write the same network give the same bits. */
static void three_endings(void **state)
{
    static const int32_t classes[SAMPLES * STEPS] = { 4, 0, 2, 1, 1, 3, 0, 4, 2, 2, 3, 0 };
    const seqecho_view y = { classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    answer a[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        gradcheck_model m = gradcheck_begin();
        seqecho_node *x = gradcheck_input(&m, 0, STEPS, FEATURES, 0);

        x = gradcheck_apply(&m, SEQECHO_LSTM(.units = CLASSES, .return_sequences = true),
                            x);
        if (i == 0) {
            x = gradcheck_apply(&m, dense(SEQECHO_SOFTMAX), x);
        } else if (i == 1) {
            x = gradcheck_apply(&m, SEQECHO_TIME_DISTRIBUTED(dense(SEQECHO_SOFTMAX)), x);
        } else {
            x = gradcheck_apply(&m, dense(SEQECHO_LINEAR), x);
            x = gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_SOFTMAX), x);
        }
        gradcheck_output(&m, x);
        gradcheck_fill_weights(m.graph, false);
        ask(m.graph, SEQECHO_CATEGORICAL_CROSSENTROPY, false, &y, &a[i]);
        seqecho_graph_destroy(m.graph);
    }
    for (int i = 1; i < 3; i++) {
        assert_memory_equal(&a[i].loss, &a[0].loss, sizeof a[0].loss);
        assert_same_bits(a[i].gradient, a[0].gradient, WEIGHTS);
    }
}

/* Where a probability is clipped, the loss does not depend on it. */
static void clipped_probabilities(void **state)
{
    static const seqecho_loss losses[] = { SEQECHO_CATEGORICAL_CROSSENTROPY,
                                           SEQECHO_BINARY_CROSSENTROPY };
    static const float p[2 * 2] = { 1.0F, 0.0F, 0.0F, 1.0F };
    static const float y_data[2 * 2] = { 0.0F, 1.0F, 0.0F, 1.0F };
    const seqecho_view x = { p, { 2, 2 }, 2, SEQECHO_FLOAT32 };
    const seqecho_view y = { y_data, { 2, 2 }, 2, SEQECHO_FLOAT32 };
    /* -log(1e-7) for what is wrong, -log(1 - 1e-7) for what is right; a float's 1 - 1e-7
     * is 1 - 2^-23. */
    const double wrong = -log((double)1e-7F), right = -log1p(-0x1p-23);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        seqecho_report report = SEQECHO_REPORT_INIT;
        gradcheck_model m = gradcheck_begin();
        seqecho_trainer *trainer;
        float dx[4] = { 9.0F, 9.0F, 9.0F, 9.0F };

        gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_LINEAR),
                                             gradcheck_input(&m, 0, 2, 0, 0)));
        assert_int_equal(
            seqecho_trainer_create(&trainer, m.graph, SEQECHO_TRAINER(.loss = losses[i])),
            0);
        assert_int_equal(seqecho_trainer_compute_gradients(trainer, &x, &y, dx, 4, &report),
                         0);
        assert_close_double(report.loss, (wrong + right) / 2.0, 1e-2, 0);
        for (size_t k = 0; k < 4; k++)
            assert_close_double((double)dx[k], 0.0, 0, 0);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(m.graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categorical_crossentropy),
        cmocka_unit_test(binary_crossentropy),
        cmocka_unit_test(regression),
        cmocka_unit_test(several_outputs),
        cmocka_unit_test(class_targets),
        cmocka_unit_test(three_endings),
        cmocka_unit_test(clipped_probabilities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
