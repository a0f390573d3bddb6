/* layers/permute.c - Permute: axis i of the output is axis dims[i] of the input.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/rearrange.h"

/* How many axes are described. */
static int32_t rank_of(const seqecho_layer *layer)
{
    const seqecho_permute_spec *const spec = layer->spec;
    int32_t rank = 0;

    while (rank < SE_SAMPLE_RANK && spec->dims[rank] != 0)
        rank++;
    return rank;
}

static int permute_check(seqecho_layer *layer)
{
    const seqecho_permute_spec *const spec = layer->spec;
    const int32_t rank = rank_of(layer);
    bool seen[SE_SAMPLE_RANK + 1] = { false };

    SE_TRY(se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved));
    if (rank == 0)
        return se_fail(SEQECHO_EINVAL, "%s: no axes given, expected e.g. { 2, 1 }",
                       layer->name);
    for (int32_t i = 0; i < SE_SAMPLE_RANK; i++) {
        const int32_t axis = spec->dims[i];

        if (i < rank ? axis < 1 || axis > rank || seen[axis] : axis != 0)
            return se_fail(SEQECHO_EINVAL,
                           "%s: dims[%" PRId32 "] is %" PRId32
                           ", expected each axis from 1 to %" PRId32 " once, ended by 0",
                           layer->name, i, axis, rank);
        seen[axis] = true;
    }
    return SEQECHO_OK;
}

static uint32_t permute_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_NO_STEP;
}

/* Axis i of the output is axis axes[i] of the input, or of the input that of the output. */
static void find_axes(const seqecho_layer *layer, bool inverse,
                      int32_t axes[SE_SAMPLE_RANK])
{
    const seqecho_permute_spec *const spec = layer->spec;

    for (int32_t i = 0; i < rank_of(layer); i++)
        if (inverse)
            axes[spec->dims[i] - 1] = i;
        else
            axes[i] = spec->dims[i] - 1;
}

static int permute_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                         se_shape *out)
{
    const int32_t rank = rank_of(layer);
    int32_t axes[SE_SAMPLE_RANK];
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (in->rank != rank)
        return se_fail(
            SEQECHO_ESHAPE, "%s: expected samples of %" PRId32 "%s, as dims has, found %s",
            layer->name, rank, rank == 1 ? " axis" : " axes", se_shape_text(text, 0, in));
    find_axes(layer, false, axes);
    out->rank = rank;
    for (int32_t i = 0; i < rank; i++)
        out->dim[i] = in->dim[axes[i]];
    return 1;
}

static void permute_forward(const se_frame *f)
{
    int32_t axes[SE_SAMPLE_RANK];

    find_axes(f->layer, false, axes);
    se_rearrange_permute(f->in_shape[0], axes, f->batch, f->in[0].data, f->out[0]);
}

static void permute_backward(const se_frame *f)
{
    int32_t axes[SE_SAMPLE_RANK];

    if (!f->want_d_in[0])
        return;
    find_axes(f->layer, true, axes);
    se_rearrange_permute(f->out_shape[0], axes, f->batch, f->d_out[0], f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(AXES, "dims", seqecho_permute_spec, dims),
    /* clang-format on */
};

const se_layer_ops se_permute_ops = {
    .kind = SEQECHO_KIND_PERMUTE,
    .class_name = "Permute",
    .base_name = "permute",
    .spec_size = sizeof(seqecho_permute_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = permute_check,
    .traits = permute_traits,
    .infer = permute_infer,
    .forward = permute_forward,
    .backward = permute_backward,
};
