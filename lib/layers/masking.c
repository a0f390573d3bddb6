/* layers/masking.c - Masking: steps whose features all equal mask_value are missing.
 * SPDX-License-Identifier: MIT
 *
 * A step that is missing already stays missing.  Where the mask is not asked for, inside
 * TimeDistributed, the features of such steps become 0 all the same. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/kinds.h"

static int masking_check(seqecho_layer *layer)
{
    const seqecho_masking_spec *const spec = layer->spec;

    return se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved);
}

static uint32_t masking_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_MASKS;
}

static int masking_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                         se_shape *out)
{
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (in->rank < 2)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected input (batch, timesteps, ...), found %s", layer->name,
                       se_shape_text(text, 0, in));
    *out = *in;
    return 1;
}

/* Do these features say that the step is there? */
static bool row_differs(const float *x, int64_t n, float value)
{
    int64_t i = 0;

    if (isnan(value))
        while (i < n && isnan(x[i]))
            i++;
    else
        while (i < n && x[i] == value)
            i++;
    return i < n;
}

/* Is step r there?  Its rows are r, r + steps, ...: one for each place on the axes between
 * time and features. */
static bool step_differs(const se_frame *f, int64_t r)
{
    const seqecho_masking_spec *const spec = f->layer->spec;
    const se_shape *const shape = f->in_shape[0];
    const int64_t steps = shape->dim[0] * f->batch, rows = se_shape_rows(shape) * f->batch;
    const int64_t n = se_shape_features(shape);
    bool differs = false;

    for (; r < rows && !differs; r += steps)
        differs = row_differs(f->in[0].data + r * n, n, spec->mask_value);
    return differs;
}

static const uint8_t *masking_mask(const se_frame *f, uint8_t *room)
{
    const uint8_t *const before = f->in[0].mask;
    const int64_t steps = f->in_shape[0]->dim[0] * f->batch;
    bool all = true;

    for (int64_t r = 0; r < steps; r++) {
        room[r] = (before == NULL || before[r] != 0) && step_differs(f, r);
        all = all && room[r] != 0;
    }
    return all ? NULL : room;
}

/* y = x at steps that are there, else 0.  The input decides, so that the gradient goes the
 * same way. */
static void copy_steps(const se_frame *f, const float *x, float *y)
{
    const se_shape *const shape = f->in_shape[0];
    const int64_t steps = shape->dim[0] * f->batch, rows = se_shape_rows(shape) * f->batch;
    const int64_t n = se_shape_features(shape);

    for (int64_t s = 0; s < steps; s++) {
        const bool there = f->mask != NULL ? f->mask[s] != 0 : step_differs(f, s);

        for (int64_t r = s; r < rows; r += steps)
            if (there)
                memcpy(y + r * n, x + r * n, (size_t)n * sizeof *y);
            else
                memset(y + r * n, 0, (size_t)n * sizeof *y);
    }
}

static void masking_forward(const se_frame *f)
{
    copy_steps(f, f->in[0].data, f->out[0]);
}

static void masking_backward(const se_frame *f)
{
    if (f->want_d_in[0])
        copy_steps(f, f->d_out[0], f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(FLOAT, "mask_value", seqecho_masking_spec, mask_value),
    /* clang-format on */
};

const se_layer_ops se_masking_ops = {
    .kind = SEQECHO_KIND_MASKING,
    .class_name = "Masking",
    .base_name = "masking",
    .spec_size = sizeof(seqecho_masking_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = masking_check,
    .traits = masking_traits,
    .infer = masking_infer,
    .mask = masking_mask,
    .forward = masking_forward,
    .backward = masking_backward,
};
