/* layers/dense.c - Dense: y = activation(x kernel + bias) on the last axis.
 * SPDX-License-Identifier: MIT
 *
 * Whatever the axes before the last, it is one product over all their rows. */
#include "base/error.h"
#include "layers/activate.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"

enum { KERNEL, BIAS };

static int dense_check(seqecho_layer *layer)
{
    seqecho_dense_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    SE_TRY(se_check_size(layer, "units", spec->units));
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->activation = SEQECHO_LINEAR;
    if (spec->kernel_init == SEQECHO_INIT_DEFAULT)
        spec->kernel_init = SEQECHO_INIT_GLOROT_UNIFORM;
    if (spec->bias_init == SEQECHO_INIT_DEFAULT)
        spec->bias_init = SEQECHO_INIT_ZEROS;
    SE_TRY(se_check_activation(layer, spec->activation));
    SE_TRY(se_check_init(layer, spec->kernel_init));
    return se_check_init(layer, spec->bias_init);
}

static uint32_t dense_traits(const seqecho_layer *layer)
{
    const seqecho_dense_spec *const spec = layer->spec;

    return SE_TRAIT_CLASSES | (spec->activation == SEQECHO_SOFTMAX ? SE_TRAIT_SOFTMAX : 0);
}

static int dense_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                       se_shape *out)
{
    const seqecho_dense_spec *const spec = layer->spec;

    SE_UNUSED(n_in);
    *out = *in;
    out->dim[out->rank - 1] = spec->units;
    return 1;
}

static void dense_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_dense_spec *const spec = layer->spec;

    se_layer_add_weight(layer, "kernel", se_shape_features(in), spec->units,
                        spec->kernel_init);
    if (!spec->no_bias)
        se_layer_add_weight(layer, "bias", 0, spec->units, spec->bias_init);
}

typedef struct dense_work {
    float *kernel;   /* packed */
    float *kernel_t; /* packed transpose, for d_in */
    float *pre;      /* pre-activations, where the derivative needs them */
} dense_work;

static dense_work dense_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_dense_spec *const spec = f->layer->spec;
    const int64_t features = se_shape_features(f->in_shape[0]);
    const int64_t rows = se_shape_rows(f->in_shape[0]);
    dense_work w = { NULL, NULL, NULL };

    w.kernel =
        se_carve(carver, 1, 1, (int64_t)se_factor_size(f->compute, features, spec->units));
    if (!f->training)
        return w;
    if (f->want_d_in[0])
        w.kernel_t = se_carve(carver, 1, 1,
                              (int64_t)se_factor_size(f->compute, spec->units, features));
    if (se_activation_needs_input(spec->activation))
        w.pre = se_carve(carver, rows, f->batch, spec->units);
    return w;
}

static void dense_work_size(const se_frame *f, se_carver *carver)
{
    dense_divide(f, carver);
}

static void dense_forward(const se_frame *f)
{
    const seqecho_dense_spec *const spec = f->layer->spec;
    const se_kernels *const k = f->compute->k;
    const int64_t rows = se_shape_rows(f->in_shape[0]) * f->batch;
    const int64_t features = se_shape_features(f->in_shape[0]), units = spec->units;
    const float *const kernel = se_frame_weight(f, KERNEL);
    const float *const bias = spec->no_bias ? NULL : se_frame_weight(f, BIAS);
    se_carver carver = { .base = f->work };
    const dense_work w = dense_divide(f, &carver);
    float *const pre = w.pre != NULL ? w.pre : f->out[0];

    if (f->in[0].classes != NULL) {
        k->gather(rows, units, f->in[0].classes, kernel, bias, pre);
    } else {
        const se_factor factor = se_factor_make(f->compute, rows, 1, features, units,
                                                kernel, units, 1, w.kernel);

        se_gemm(f->compute, rows, f->in[0].data, features, 1, &factor, pre, units,
                bias != NULL ? SE_STORE_BIAS : SE_STORE_SET, bias);
    }
    if (!f->logits)
        se_activate(k, spec->activation, rows, units, pre, f->out[0]);
}

static void dense_backward(const se_frame *f)
{
    const seqecho_dense_spec *const spec = f->layer->spec;
    const se_kernels *const k = f->compute->k;
    const int64_t rows = se_shape_rows(f->in_shape[0]) * f->batch;
    const int64_t features = se_shape_features(f->in_shape[0]), units = spec->units;
    se_carver carver = { .base = f->work };
    const dense_work w = dense_divide(f, &carver);
    float *const dz = f->d_out[0];

    if (!f->logits)
        se_activate_backward(k, spec->activation, rows, units, w.pre, f->out[0], dz, dz);
    if (f->in[0].classes != NULL)
        se_scatter_gradient(f->compute, rows, features, units, f->in[0].classes, dz,
                            se_frame_grad(f, KERNEL), se_frame_store(f));
    else
        se_gemm_gradient(f->compute, rows, features, units, f->in[0].data, features, dz,
                         units, se_frame_grad(f, KERNEL), se_frame_store(f));
    if (!spec->no_bias)
        se_bias_gradient(f->compute, rows, units, dz, se_frame_grad(f, BIAS),
                         se_frame_store(f));
    if (f->want_d_in[0]) {
        const se_factor factor =
            se_factor_make(f->compute, rows, 1, units, features, se_frame_weight(f, KERNEL),
                           1, units, w.kernel_t);

        se_gemm(f->compute, rows, dz, units, 1, &factor, f->d_in[0], features, SE_STORE_SET,
                NULL);
    }
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "units", seqecho_dense_spec, units),
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_dense_spec, activation),
    SE_FIELD_OF_NAMES(init, "kernel_initializer", seqecho_dense_spec, kernel_init),
    SE_FIELD_OF_NAMES(init, "bias_initializer", seqecho_dense_spec, bias_init),
    SE_FIELD(NOT, "use_bias", seqecho_dense_spec, no_bias),
    /* clang-format on */
};

const se_layer_ops se_dense_ops = {
    .kind = SEQECHO_KIND_DENSE,
    .class_name = "Dense",
    .base_name = "dense",
    .spec_size = sizeof(seqecho_dense_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = dense_check,
    .traits = dense_traits,
    .infer = dense_infer,
    .build = dense_build,
    .work = dense_work_size,
    .mask = se_layer_same_mask,
    .forward = dense_forward,
    .backward = dense_backward,
};
