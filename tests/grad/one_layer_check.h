/* one_layer_check.h - gradients of one layer alone, and every activation to try it with.
 * SPDX-License-Identifier: MIT */
#ifndef ONE_LAYER_CHECK_H
#define ONE_LAYER_CHECK_H

#include <stdio.h>

#include "gradcheck.h"

typedef struct named_activation {
    const char *name;
    seqecho_activation f;
    bool kinks;
} named_activation;

static const named_activation activations[] = {
    { "linear", SEQECHO_LINEAR, false },
    { "tanh", SEQECHO_TANH, false },
    { "sigmoid", SEQECHO_SIGMOID, false },
    { "hard_sigmoid", SEQECHO_HARD_SIGMOID, true },
    { "hard_sigmoid_keras2", SEQECHO_HARD_SIGMOID_KERAS2, true },
    { "relu", SEQECHO_RELU, true },
    { "softmax", SEQECHO_SOFTMAX, false },
    { "elu", SEQECHO_ELU, true },
    { "selu", SEQECHO_SELU, true },
    { "softplus", SEQECHO_SOFTPLUS, false },
    { "softsign", SEQECHO_SOFTSIGN, true },
    { "swish", SEQECHO_SWISH, false },
};
#define N_ACTIVATIONS (sizeof activations / sizeof *activations)

static inline const char *named(const char *layer, const char *option)
{
    static char text[96];

    snprintf(text, sizeof text, "%s, %s", layer, option);
    return text;
}

/* One input of this shape, one layer, one output. */
static inline void check_layer(const char *name, const seqecho_spec *spec, int64_t d1,
                               int64_t d2, int64_t d3, const gradcheck_options *options)
{
    gradcheck_options o = *options;
    gradcheck_model m = gradcheck_begin();

    o.name = name;
    gradcheck_output(
        &m, gradcheck_apply(&m, spec,
                            gradcheck_input(&m, o.second ? o.samples : 0, d1, d2, d3)));
    gradcheck_run(&m, &o);
}

#endif /* ONE_LAYER_CHECK_H */
