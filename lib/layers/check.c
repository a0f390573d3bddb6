/* layers/check.c - checks of descriptions that several kinds of layers make.
 * SPDX-License-Identifier: MIT */
#include "layers/check.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/activate.h"

static int unknown(const seqecho_layer *layer, const char *what, int value)
{
    return se_fail(SEQECHO_ENOTSUP, "%s: %s %d is unknown to this library", layer->name,
                   what, value);
}

int se_check_size(const seqecho_layer *layer, const char *what, int64_t size)
{
    if (se_dim_ok(size))
        return SEQECHO_OK;
    return se_fail(SEQECHO_EINVAL, "%s: %s is %" PRId64 ", expected 1 or more", layer->name,
                   what, size);
}

int se_check_units(const seqecho_layer *layer, int64_t units, int64_t gates)
{
    const int64_t most = SE_DIM_MAX / gates;

    if (units > 0 && units <= most)
        return SEQECHO_OK;
    return se_fail(SEQECHO_EINVAL, "%s: units is %" PRId64 ", expected 1 to %" PRId64,
                   layer->name, units, most);
}

int se_check_activation(const seqecho_layer *layer, seqecho_activation activation)
{
    if (se_activation_known(activation))
        return SEQECHO_OK;
    return unknown(layer, "activation", (int)activation);
}

int se_check_init(const seqecho_layer *layer, seqecho_init init)
{
    return se_init_known(init) ? SEQECHO_OK : unknown(layer, "initialiser", (int)init);
}

int se_check_recurrent_inits(const seqecho_layer *layer, seqecho_init kernel,
                             seqecho_init recurrent, seqecho_init bias)
{
    if (se_init_known(kernel) && se_init_known(recurrent) && se_init_known(bias))
        return SEQECHO_OK;
    return se_fail(SEQECHO_ENOTSUP,
                   "%s: one of the initialisers is unknown to this library, expected "
                   "a seqecho_init",
                   layer->name);
}

int se_check_implementation(const seqecho_layer *layer, int implementation)
{
    if (implementation <= 2)
        return SEQECHO_OK;
    return se_fail(SEQECHO_EINVAL, "%s: implementation is %d, expected 1 or 2", layer->name,
                   implementation);
}

int se_check_masked_output(const seqecho_layer *layer, seqecho_masked_output output)
{
    if (output == SEQECHO_MASKED_LAST || output == SEQECHO_MASKED_STATE ||
        output == SEQECHO_MASKED_ZERO)
        return SEQECHO_OK;
    return unknown(layer, "masked_output", (int)output);
}

int se_check_rate(const seqecho_layer *layer, const char *what, float rate)
{
    if (rate >= 0.0f && rate <= 1.0f) /* not so of a NaN */
        return SEQECHO_OK;
    return se_fail(SEQECHO_EINVAL, "%s: %s is %g, expected 0 to 1", layer->name, what,
                   (double)rate);
}

int se_check_padding(const seqecho_layer *layer, seqecho_padding padding)
{
    if (padding == SEQECHO_PADDING_VALID || padding == SEQECHO_PADDING_SAME ||
        padding == SEQECHO_PADDING_CAUSAL)
        return SEQECHO_OK;
    return unknown(layer, "padding", (int)padding);
}

int se_check_sequence(const seqecho_layer *layer, const se_shape *in, const char *advice)
{
    char text[SE_SHAPE_TEXT];

    if (in->rank == 2)
        return SEQECHO_OK;
    return se_fail(SEQECHO_ESHAPE,
                   "%s: expected input (batch, timesteps, features), found %s; %s",
                   layer->name, se_shape_text(text, 0, in),
                   in->rank == 1 ? advice : "wrap it in time_distributed");
}
