/* layers/input.c - Input: where samples enter.  Its values come from outside the graph.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/field.h"
#include "layers/kinds.h"

static int input_check(seqecho_layer *layer)
{
    const seqecho_input_spec *const spec = layer->spec;
    int32_t rank = 0;

    if (spec->batch < 0 || spec->batch > SE_DIM_MAX)
        return se_fail(SEQECHO_EINVAL, "%s: batch is %" PRId64 ", expected 0 (any) or more",
                       layer->name, spec->batch);
    while (rank < SE_SAMPLE_RANK && spec->dim[rank] != 0)
        rank++;
    if (rank == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: dim is empty, expected the shape of one sample, e.g. "
                       ".dim = { timesteps, features }",
                       layer->name);
    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    if (spec->lengths && rank < 2)
        return se_fail(SEQECHO_EINVAL,
                       "%s: lengths are of samples with time steps, e.g. "
                       ".dim = { timesteps, features }, but dim has one size",
                       layer->name);
    for (int32_t i = 0; i < SE_SAMPLE_RANK; i++)
        if (i < rank ? !se_dim_ok(spec->dim[i]) : spec->dim[i] != 0)
            return se_fail(SEQECHO_EINVAL,
                           "%s: dim[%d] is %" PRId64 ", expected positive sizes ended by 0",
                           layer->name, i, spec->dim[i]);
    return SEQECHO_OK;
}

static uint32_t input_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return 0;
}

static int input_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                       se_shape *out)
{
    const seqecho_input_spec *const spec = layer->spec;

    SE_UNUSED(in);
    SE_UNUSED(n_in);
    *out = (se_shape){ .rank = 0 };
    while (out->rank < SE_SAMPLE_RANK && spec->dim[out->rank] != 0) {
        out->dim[out->rank] = spec->dim[out->rank];
        out->rank++;
    }
    return 1;
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "batch_size", seqecho_input_spec, batch),
    SE_FIELD(SIZES, "shape", seqecho_input_spec, dim),
    SE_FIELD(BOOL, "lengths", seqecho_input_spec, lengths),
    /* clang-format on */
};

const se_layer_ops se_input_ops = {
    .kind = SEQECHO_KIND_INPUT,
    .class_name = "InputLayer",
    .base_name = "input_layer",
    .spec_size = sizeof(seqecho_input_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 0,
    .check = input_check,
    .traits = input_traits,
    .infer = input_infer,
};
