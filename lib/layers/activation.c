/* layers/activation.c - Activation: y = activation(x), same shape.
 * SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "layers/activate.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"

static int activation_check(seqecho_layer *layer)
{
    const seqecho_activation_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved));
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        return se_fail(SEQECHO_EINVAL,
                       "%s: no activation given, expected one, e.g. SEQECHO_TANH",
                       layer->name);
    return se_check_activation(layer, spec->activation);
}

static uint32_t activation_traits(const seqecho_layer *layer)
{
    const seqecho_activation_spec *const spec = layer->spec;

    return spec->activation == SEQECHO_SOFTMAX ? SE_TRAIT_SOFTMAX : 0;
}

static int activation_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                            se_shape *out)
{
    SE_UNUSED(layer);
    SE_UNUSED(n_in);
    *out = *in;
    return 1;
}

static void activation_forward(const se_frame *f)
{
    const seqecho_activation_spec *const spec = f->layer->spec;

    se_activate(f->compute->k, f->logits ? SEQECHO_LINEAR : spec->activation,
                se_shape_rows(f->in_shape[0]) * f->batch, se_shape_features(f->in_shape[0]),
                f->in[0].data, f->out[0]);
}

static void activation_backward(const se_frame *f)
{
    const seqecho_activation_spec *const spec = f->layer->spec;

    if (f->want_d_in[0])
        se_activate_backward(f->compute->k, f->logits ? SEQECHO_LINEAR : spec->activation,
                             se_shape_rows(f->in_shape[0]) * f->batch,
                             se_shape_features(f->in_shape[0]), f->in[0].data, f->out[0],
                             f->d_out[0], f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_activation_spec, activation),
    /* clang-format on */
};

const se_layer_ops se_activation_ops = {
    .kind = SEQECHO_KIND_ACTIVATION,
    .class_name = "Activation",
    .base_name = "activation",
    .spec_size = sizeof(seqecho_activation_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = activation_check,
    .traits = activation_traits,
    .infer = activation_infer,
    .mask = se_layer_same_mask,
    .forward = activation_forward,
    .backward = activation_backward,
};
