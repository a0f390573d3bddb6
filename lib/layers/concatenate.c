/* layers/concatenate.c - Concatenate: inputs joined along one axis.
 * SPDX-License-Identifier: MIT
 *
 * In step-major order, features apart, the first axis of a sample varies fastest.  Whatever
 * the axis, the output is made of blocks, each of which has a part of every input. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/merge.h"

static int concatenate_check(seqecho_layer *layer)
{
    const seqecho_concatenate_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved));
    if (spec->axis < 0 || spec->axis > SE_SAMPLE_RANK)
        return se_fail(SEQECHO_EINVAL, "%s: axis is %" PRId32 ", expected 0 to %d",
                       layer->name, spec->axis, SE_SAMPLE_RANK);
    return SEQECHO_OK;
}

/* Joined on its time axis, a single step would become several. */
static uint32_t concatenate_traits(const seqecho_layer *layer)
{
    const seqecho_concatenate_spec *const spec = layer->spec;

    return spec->axis == 1 ? SE_TRAIT_NO_STEP : 0;
}

/* The axis, counted from 0. */
static int32_t axis_of(const seqecho_layer *layer, const se_shape *shape)
{
    const seqecho_concatenate_spec *const spec = layer->spec;

    return (spec->axis > 0 ? spec->axis : shape->rank) - 1;
}

static int concatenate_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                             se_shape *out)
{
    const int32_t axis = axis_of(layer, &in[0]);
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    if (axis >= in[0].rank)
        return se_fail(SEQECHO_ESHAPE, "%s: axis is %" PRId32 ", but the first input is %s",
                       layer->name, axis + 1, se_shape_text(got, 0, &in[0]));
    *out = in[0];
    for (size_t i = 1; i < n_in; i++) {
        se_shape like = in[i];

        if (like.rank == in[0].rank)
            like.dim[axis] = in[0].dim[axis];
        if (!se_shape_equal(&like, &in[0]))
            return se_fail(SEQECHO_ESHAPE,
                           "%s: expected inputs equal but for axis %" PRId32
                           ", found %s and, input %zu, %s",
                           layer->name, axis + 1, se_shape_text(want, 0, &in[0]), i,
                           se_shape_text(got, 0, &in[i]));
        if (in[i].dim[axis] > INT64_MAX - out->dim[axis])
            return se_fail(SEQECHO_ENOMEM,
                           "%s: axis %" PRId32 " of all inputs together does not fit the "
                           "address space",
                           layer->name, axis + 1);
        out->dim[axis] += in[i].dim[axis];
    }
    return 1;
}

/* Joined in time, masks follow one another, and where there is none every step is there;
 * else a step is there if it is in all inputs. */
static const uint8_t *concatenate_mask(const se_frame *f, uint8_t *room)
{
    const se_shape *const out = f->out_shape[0];
    bool masked = false;

    if (out->rank == 1 || axis_of(f->layer, out) != 0)
        return se_merge_mask(f, room);
    for (size_t j = 0; j < f->n_in; j++)
        masked |= f->in[j].mask != NULL;
    if (!masked)
        return NULL;
    for (size_t j = 0, at = 0; j < f->n_in; j++) {
        const size_t size = (size_t)(f->in_shape[j]->dim[0] * f->batch);

        if (f->in[j].mask != NULL)
            memcpy(room + at, f->in[j].mask, size);
        else
            memset(room + at, 1, size);
        at += size;
    }
    return room;
}

/* Floats of each block that lie side by side. */
static int64_t part_of(const se_frame *f, const se_shape *shape)
{
    const int32_t axis = axis_of(f->layer, shape);
    int64_t part = se_shape_features(shape);

    if (axis == shape->rank - 1)
        return part;
    for (int32_t i = 0; i <= axis; i++)
        part *= shape->dim[i];
    return part * f->batch;
}

static int64_t blocks_of(const se_frame *f)
{
    return se_shape_size(f->out_shape[0]) * f->batch / part_of(f, f->out_shape[0]);
}

static void concatenate_forward(const se_frame *f)
{
    const int64_t blocks = blocks_of(f), whole = part_of(f, f->out_shape[0]);
    float *out = f->out[0];

    for (size_t j = 0; j < f->n_in; j++) {
        const int64_t part = part_of(f, f->in_shape[j]);

        for (int64_t b = 0; b < blocks; b++)
            memcpy(out + b * whole, f->in[j].data + b * part, (size_t)part * sizeof *out);
        out += part;
    }
}

static void concatenate_backward(const se_frame *f)
{
    const int64_t blocks = blocks_of(f), whole = part_of(f, f->out_shape[0]);
    const float *dy = f->d_out[0];

    for (size_t j = 0; j < f->n_in; j++) {
        const int64_t part = part_of(f, f->in_shape[j]);

        for (int64_t b = 0; f->want_d_in[j] && b < blocks; b++)
            memcpy(f->d_in[j] + b * part, dy + b * whole, (size_t)part * sizeof *dy);
        dy += part;
    }
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT32, "axis", seqecho_concatenate_spec, axis),
    /* clang-format on */
};

const se_layer_ops se_concatenate_ops = {
    .kind = SEQECHO_KIND_CONCATENATE,
    .class_name = "Concatenate",
    .base_name = "concatenate",
    .spec_size = sizeof(seqecho_concatenate_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = SE_MAX_PORTS,
    .min_inputs = 2,
    .check = concatenate_check,
    .traits = concatenate_traits,
    .infer = concatenate_infer,
    .mask = concatenate_mask,
    .forward = concatenate_forward,
    .backward = concatenate_backward,
};
