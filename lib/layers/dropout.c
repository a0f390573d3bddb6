/* layers/dropout.c - Dropout: elements become 0 with some probability, in training only.
 * SPDX-License-Identifier: MIT
 *
 * The factors of a pass are drawn once and kept for its backward pass; a pass that does not
 * learn copies. */
#include <string.h>

#include "base/error.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/noise.h"
#include "layers/recurrent.h"

static int dropout_check(seqecho_layer *layer)
{
    const seqecho_dropout_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    return se_check_rate(layer, "rate", spec->rate);
}

static uint32_t dropout_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return 0;
}

static int dropout_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                         se_shape *out)
{
    const seqecho_dropout_spec *const spec = layer->spec;
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (spec->noise_shared_over_time && in->rank < 2)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: noise_shared_over_time expects input (batch, timesteps, ...), "
                       "found %s",
                       layer->name, se_shape_text(text, 0, in));
    *out = *in;
    return 1;
}

/* Elements lie in blocks, one after the other, of so many times the same factors. */
typedef struct dropout_layout {
    int64_t blocks, times, size;
} dropout_layout;

static dropout_layout layout_of(const se_frame *f)
{
    const seqecho_dropout_spec *const spec = f->layer->spec;
    const se_shape *const shape = f->in_shape[0];
    const int64_t rows = se_shape_rows(shape), n = se_shape_features(shape);

    if (spec->noise_shared_over_time) /* time is the axis next to the batch */
        return (dropout_layout){ rows / shape->dim[0], shape->dim[0], f->batch * n };
    return (dropout_layout){ 1, 1, rows * f->batch * n };
}

static float *dropout_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_dropout_spec *const spec = f->layer->spec;
    const dropout_layout l = layout_of(f);

    return f->training && spec->rate > 0.0f ? se_carve(carver, l.blocks, l.size, 1) : NULL;
}

static void dropout_work_size(const se_frame *f, se_carver *carver)
{
    dropout_divide(f, carver);
}

/* y = x times the factors of this pass, which are there already or NULL for ones. */
static void apply(const se_frame *f, const float *factor, const float *x, float *y)
{
    const dropout_layout l = layout_of(f);

    if (factor == NULL) {
        memcpy(y, x, (size_t)(l.blocks * l.times * l.size) * sizeof *y);
        return;
    }
    for (int64_t b = 0; b < l.blocks; b++)
        for (int64_t t = 0; t < l.times; t++) {
            const int64_t at = (b * l.times + t) * l.size;

            se_noise_apply(l.size, x + at, factor + b * l.size, y + at);
        }
}

static float *factors_of(const se_frame *f)
{
    se_carver carver = { .base = f->work };

    return f->learning ? dropout_divide(f, &carver) : NULL;
}

static void dropout_forward(const se_frame *f)
{
    const seqecho_dropout_spec *const spec = f->layer->spec;
    const dropout_layout l = layout_of(f);
    float *const factor = factors_of(f);

    if (factor != NULL)
        se_noise_fill(f, 0, spec->rate, l.blocks * l.size, factor);
    apply(f, factor, f->in[0].data, f->out[0]);
}

static void dropout_backward(const se_frame *f)
{
    if (f->want_d_in[0])
        apply(f, factors_of(f), f->d_out[0], f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(FLOAT, "rate", seqecho_dropout_spec, rate),
    SE_FIELD(BOOL, "noise_shared_over_time", seqecho_dropout_spec, noise_shared_over_time),
    /* clang-format on */
};

const se_layer_ops se_dropout_ops = {
    .kind = SEQECHO_KIND_DROPOUT,
    .class_name = "Dropout",
    .base_name = "dropout",
    .spec_size = sizeof(seqecho_dropout_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = dropout_check,
    .traits = dropout_traits,
    .infer = dropout_infer,
    .work = dropout_work_size,
    .mask = se_layer_same_mask,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
