/* layers/reshape.c - Reshape: the same numbers, row-major, in another shape.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/rearrange.h"

/* The shape as described, -1 included. */
static se_shape target(const seqecho_layer *layer)
{
    const seqecho_reshape_spec *const spec = layer->spec;
    se_shape s = { .rank = 0 };

    while (s.rank < SE_SAMPLE_RANK && spec->dim[s.rank] != 0) {
        s.dim[s.rank] = spec->dim[s.rank];
        s.rank++;
    }
    return s;
}

static int reshape_check(seqecho_layer *layer)
{
    const seqecho_reshape_spec *const spec = layer->spec;
    const se_shape want = target(layer);
    int32_t open = 0;

    if (want.rank == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: no shape given, expected that of one sample, e.g. "
                       "{ timesteps, features }",
                       layer->name);
    for (int32_t i = 0; i < SE_SAMPLE_RANK; i++) {
        const bool is_open = i < want.rank && spec->dim[i] == -1;

        if (i < want.rank ? !is_open && !se_dim_ok(spec->dim[i]) : spec->dim[i] != 0)
            return se_fail(SEQECHO_EINVAL,
                           "%s: dim[%d] is %" PRId64
                           ", expected positive sizes or one -1, ended by 0",
                           layer->name, i, spec->dim[i]);
        open += is_open;
    }
    if (open > 1)
        return se_fail(SEQECHO_EINVAL, "%s: %d sizes are -1, expected at most one",
                       layer->name, open);
    return SEQECHO_OK;
}

static uint32_t reshape_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_NO_STEP;
}

/* Give the axis that is -1, if there is one, its size; false if it has none. */
static bool resolve(se_shape *s, int64_t size)
{
    int64_t *open = NULL;
    size_t given = 1;

    for (int32_t i = 0; i < s->rank; i++)
        if (s->dim[i] == -1)
            open = &s->dim[i];
        else if (!se_size_mul(&given, given, (size_t)s->dim[i]))
            return false;
    if (open == NULL)
        return given == (size_t)size;
    *open = size / (int64_t)given;
    return size % (int64_t)given == 0 && se_dim_ok(*open);
}

static int reshape_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                         se_shape *out)
{
    const se_shape want = target(layer);
    char from[SE_SHAPE_TEXT], to[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    *out = want;
    if (!se_shape_fits(in, 1) || !resolve(out, se_shape_size(in)))
        return se_fail(
            SEQECHO_ESHAPE, "%s: %s cannot become %s, which has not as many numbers",
            layer->name, se_shape_text(from, 0, in), se_shape_text(to, 0, &want));
    return 1;
}

static void reshape_forward(const se_frame *f)
{
    se_rearrange_reshape(f->in_shape[0], f->out_shape[0], f->batch, f->in[0].data,
                         f->out[0]);
}

static void reshape_backward(const se_frame *f)
{
    if (f->want_d_in[0])
        se_rearrange_reshape(f->out_shape[0], f->in_shape[0], f->batch, f->d_out[0],
                             f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(SIZES, "target_shape", seqecho_reshape_spec, dim),
    /* clang-format on */
};

const se_layer_ops se_reshape_ops = {
    .kind = SEQECHO_KIND_RESHAPE,
    .class_name = "Reshape",
    .base_name = "reshape",
    .spec_size = sizeof(seqecho_reshape_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = reshape_check,
    .traits = reshape_traits,
    .infer = reshape_infer,
    .forward = reshape_forward,
    .backward = reshape_backward,
};
