/* layers/flatten.c - Flatten: any shape -> (all of it), row-major.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/kinds.h"
#include "layers/rearrange.h"

static int flatten_check(seqecho_layer *layer)
{
    SE_UNUSED(layer); /* nothing to choose */
    return SEQECHO_OK;
}

static uint32_t flatten_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_NO_STEP;
}

static int flatten_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                         se_shape *out)
{
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (!se_shape_fits(in, 1) || !se_dim_ok(se_shape_size(in)))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected samples of at most %" PRId64 " numbers, found %s",
                       layer->name, SE_DIM_MAX, se_shape_text(text, 0, in));
    *out = (se_shape){ .dim = { se_shape_size(in) }, .rank = 1 };
    return 1;
}

static void flatten_forward(const se_frame *f)
{
    se_rearrange_reshape(f->in_shape[0], f->out_shape[0], f->batch, f->in[0].data,
                         f->out[0]);
}

static void flatten_backward(const se_frame *f)
{
    if (f->want_d_in[0])
        se_rearrange_reshape(f->out_shape[0], f->in_shape[0], f->batch, f->d_out[0],
                             f->d_in[0]);
}

const se_layer_ops se_flatten_ops = {
    .kind = SEQECHO_KIND_FLATTEN,
    .class_name = "Flatten",
    .base_name = "flatten",
    .spec_size = sizeof(seqecho_flatten_spec),
    .max_inputs = 1,
    .check = flatten_check,
    .traits = flatten_traits,
    .infer = flatten_infer,
    .forward = flatten_forward,
    .backward = flatten_backward,
};
