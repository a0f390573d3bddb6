/* test_loss_options.c - gradients of losses with every option, of several outputs, and of
 * penalties on weights wherever they are.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradcheck.h"

enum { STEPS = 3, FEATURES = 4, CLASSES = 3 };

static gradcheck_model begin(seqecho_node **h)
{
    gradcheck_model m = gradcheck_begin();

    *h = gradcheck_apply(&m, SEQECHO_LSTM(.units = 4, .return_sequences = true),
                         gradcheck_input(&m, 0, STEPS, FEATURES, 0));
    return m;
}

/* One Dense with this activation behind an LSTM. */
static void check(const char *name, seqecho_activation f,
                  const seqecho_trainer_options *training)
{
    const gradcheck_options o = {
        .name = name, .samples = 3, .training = training, .probabilities = true
    };
    seqecho_node *h;
    gradcheck_model m = begin(&h);

    gradcheck_output(
        &m, gradcheck_apply(&m, SEQECHO_DENSE(.units = CLASSES, .activation = f), h));
    gradcheck_run(&m, &o);
}

static void label_smoothing(void **state)
{
    (void)state;
    check(
        "cce, smoothed", SEQECHO_SOFTMAX,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .label_smoothing = 0.2F));
    check("cce, smoothed, clipped", SEQECHO_SOFTMAX,
          SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .label_smoothing = 0.2F,
                          .clipped_crossentropy = true));
    check("bce, smoothed", SEQECHO_SIGMOID,
          SEQECHO_TRAINER(.loss = SEQECHO_BINARY_CROSSENTROPY, .label_smoothing = 0.2F));
}

static void from_logits(void **state)
{
    (void)state;
    check("cce, logits", SEQECHO_LINEAR,
          SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .from_logits = true));
    check("bce, logits", SEQECHO_LINEAR,
          SEQECHO_TRAINER(.loss = SEQECHO_BINARY_CROSSENTROPY, .from_logits = true));
    check("bce, logits, smoothed", SEQECHO_TANH,
          SEQECHO_TRAINER(.loss = SEQECHO_BINARY_CROSSENTROPY, .from_logits = true,
                          .label_smoothing = 0.3F));
}

static void huber(void **state)
{
    (void)state;
    check("huber", SEQECHO_LINEAR, SEQECHO_TRAINER(.loss = SEQECHO_HUBER));
    check("huber, delta of 0.1", SEQECHO_LINEAR,
          SEQECHO_TRAINER(.loss = SEQECHO_HUBER, .huber_delta = 0.1F));
}

/* Each output with a loss and a weight of its own; one counts the other way. */
static void several_outputs(void **state)
{
    static const seqecho_loss losses[3] = { SEQECHO_CATEGORICAL_CROSSENTROPY,
                                            SEQECHO_BINARY_CROSSENTROPY,
                                            SEQECHO_MEAN_SQUARED_ERROR };
    static const float weights[3] = { 0.5F, 2.0F, -0.25F };
    static const seqecho_activation ends[3] = { SEQECHO_SOFTMAX, SEQECHO_SIGMOID,
                                                SEQECHO_TANH };
    const gradcheck_options o = {
        .name = "three outputs",
        .samples = 2,
        .training = SEQECHO_TRAINER(.losses = losses, .loss_weights = weights),
        .probabilities = true,
    };
    seqecho_node *h;
    gradcheck_model m = begin(&h);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        seqecho_node *node = h;

        if (i == 2)
            node = gradcheck_apply(&m, SEQECHO_GRU(.units = 3), node);
        gradcheck_output(
            &m, gradcheck_apply(&m, SEQECHO_DENSE(.units = CLASSES, .activation = ends[i]),
                                node));
    }
    gradcheck_run(&m, &o);
}

/* ---- Penalties ---------------------------------------------------------------------- */

/* A penalty on one weight array: squares, which have no kinks. */
static void check_penalty(const char *weight, const seqecho_spec *spec)
{
    const gradcheck_options o = {
        .name = weight,
        .samples = 2,
        .training = SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR),
        .probabilities = true,
    };
    gradcheck_model m = gradcheck_begin();
    seqecho_node *const x = gradcheck_input(&m, 0, STEPS, FEATURES, 0);

    gradcheck_output(&m, gradcheck_apply(&m, spec, x));
    assert_int_equal(seqecho_graph_set_regularizer(m.graph, weight, 0.0F, 0.5F), 0);
    gradcheck_run(&m, &o);
}

static void penalties_in_wrappers(void **state)
{
    const seqecho_spec *const lstm = SEQECHO_LSTM(.units = 2, .return_sequences = true);
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2);

    (void)state;
    check_penalty("bidirectional/forward_kernel", SEQECHO_BIDIRECTIONAL(lstm));
    check_penalty("bidirectional/backward_recurrent_kernel", SEQECHO_BIDIRECTIONAL(lstm));
    check_penalty("time_distributed/kernel", SEQECHO_TIME_DISTRIBUTED(dense));
    check_penalty("sequential/lstm_recurrent_kernel", SEQECHO_SEQUENTIAL(dense, lstm));
    check_penalty("time_distributed/dense_1_bias",
                  SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(dense, dense)));
}

static void penalties_of_layers(void **state)
{
    (void)state;
    check_penalty("gru/recurrent_kernel", SEQECHO_GRU(.units = 2));
    check_penalty("simple_rnn/bias", SEQECHO_SIMPLE_RNN(.units = 2));
    check_penalty("conv1d/kernel", SEQECHO_CONV1D(.filters = 2, .kernel_size = 2));
    check_penalty("embedding/embeddings", SEQECHO_EMBEDDING(.output_dim = 2));
    check_penalty("layer_normalization/gamma", SEQECHO_LAYER_NORMALIZATION(.epsilon = 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_smoothing),
        cmocka_unit_test(from_logits),
        cmocka_unit_test(huber),
        cmocka_unit_test(several_outputs),
        cmocka_unit_test(penalties_in_wrappers),
        cmocka_unit_test(penalties_of_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
