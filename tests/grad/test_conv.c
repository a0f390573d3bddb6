/* test_conv.c - gradients of Conv1D, with every option.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "gradcheck.h"

/* One input of this shape, one layer, one output. */
static void check_layer(const char *name, const seqecho_spec *spec, int64_t d1, int64_t d2,
                        int64_t d3, int64_t samples, bool kinks)
{
    const gradcheck_options o = { .name = name, .samples = samples, .kinks = kinks };
    gradcheck_model m = gradcheck_begin();

    gradcheck_output(&m, gradcheck_apply(&m, spec, gradcheck_input(&m, 0, d1, d2, d3)));
    gradcheck_run(&m, &o);
}

static const char *const paddings[] = { "valid", "same", "causal" };

/* Kernels of 1, 3 and 4 taps on 7 steps, and one longer than them where that is allowed. */
static void windows(void **state)
{
    static const int64_t moves[][2] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 1, 2 } };
    static const int64_t sizes[] = { 1, 3, 4, 9 };
    char text[96];

    (void)state;
    for (size_t i = 0; i < 3 * 4 * 4; i++) {
        const seqecho_padding padding = (seqecho_padding)(i / 16);
        const int64_t stride = moves[i / 4 % 4][0], dilation = moves[i / 4 % 4][1];
        const int64_t size = sizes[i % 4];

        if (padding == SEQECHO_PADDING_VALID && (size - 1) * dilation >= 7)
            continue;
        snprintf(text, sizeof text, "conv1d, %s, stride %d, dilation %d, %d taps",
                 paddings[padding], (int)stride, (int)dilation, (int)size);
        check_layer(text,
                    SEQECHO_CONV1D(.filters = 3, .kernel_size = size, .stride = stride,
                                   .dilation = dilation, .padding = padding,
                                   .activation = SEQECHO_TANH),
                    7, 2, 0, i % 2 == 0 ? 2 : 5, false);
    }
}

static void activations(void **state)
{
    char text[96];

    (void)state;
    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        const bool kinks = f != SEQECHO_LINEAR && f != SEQECHO_TANH &&
                           f != SEQECHO_SIGMOID && f != SEQECHO_SOFTMAX &&
                           f != SEQECHO_SOFTPLUS && f != SEQECHO_SWISH;

        snprintf(text, sizeof text, "conv1d, activation %d", (int)f);
        check_layer(text, SEQECHO_CONV1D(.filters = 5, .kernel_size = 2, .activation = f),
                    4, 3, 0, 3, kinks);
    }
}

static void sizes(void **state)
{
    (void)state;
    check_layer("conv1d, one of everything",
                SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .activation = SEQECHO_TANH),
                1, 1, 0, 1, false);
    check_layer("conv1d, one sample",
                SEQECHO_CONV1D(.filters = 3, .kernel_size = 3, .stride = 2,
                               .activation = SEQECHO_SWISH),
                9, 2, 0, 1, false);
    check_layer("conv1d, no bias",
                SEQECHO_CONV1D(.filters = 3, .kernel_size = 3, .no_bias = true,
                               .padding = SEQECHO_PADDING_SAME,
                               .activation = SEQECHO_SIGMOID),
                5, 2, 0, 3, false);
    check_layer("conv1d, 17 to 33",
                SEQECHO_CONV1D(.filters = 33, .kernel_size = 2, .activation = SEQECHO_TANH),
                4, 17, 0, 3, false);
}

static void in_time_distributed(void **state)
{
    (void)state;
    for (seqecho_padding p = SEQECHO_PADDING_VALID; p <= SEQECHO_PADDING_CAUSAL; p++)
        check_layer(paddings[p],
                    SEQECHO_TIME_DISTRIBUTED(SEQECHO_CONV1D(.filters = 3, .kernel_size = 3,
                                                            .stride = 2, .padding = p,
                                                            .activation = SEQECHO_TANH)),
                    2, 6, 2, 2, false);
}

/* Called twice, its gradients add up; one tap of the second call sees nothing. */
static void shared(void **state)
{
    const gradcheck_options o = { .name = "conv1d, shared", .samples = 2 };
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const conv = seqecho_layer_create(
        m.graph,
        SEQECHO_CONV1D(.filters = 2, .kernel_size = 3, .dilation = 2,
                       .padding = SEQECHO_PADDING_CAUSAL, .activation = SEQECHO_TANH));

    (void)state;
    gradcheck_output(&m, seqecho_layer_call(conv, gradcheck_input(&m, 0, 6, 2, 0)));
    gradcheck_output(&m, seqecho_layer_call(conv, gradcheck_input(&m, 0, 3, 2, 0)));
    gradcheck_run(&m, &o);
}

/* A whole network, as in the tutorials: convolution, pooling, recurrence. */
static void with_lstm(void **state)
{
    const gradcheck_options o = { .name = "conv1d, pooling, lstm", .samples = 3 };
    gradcheck_model m = gradcheck_begin();
    seqecho_node *node = gradcheck_input(&m, 0, 8, 2, 0);

    (void)state;
    node = gradcheck_apply(
        &m, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3, .activation = SEQECHO_TANH),
        node);
    node = gradcheck_apply(&m, SEQECHO_AVERAGE_POOLING1D(2), node);
    node = gradcheck_apply(&m, SEQECHO_LSTM(.units = 3), node);
    gradcheck_output(&m, node);
    gradcheck_run(&m, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows), cmocka_unit_test(activations),
        cmocka_unit_test(sizes),   cmocka_unit_test(in_time_distributed),
        cmocka_unit_test(shared),  cmocka_unit_test(with_lstm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
