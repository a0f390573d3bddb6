/* layers/conv1d.c - Conv1D: a product with each tap of the kernel, summed.
 * SPDX-License-Identifier: MIT
 *
 * In step-major order the rows of one time step follow those of the step before, so a tap
 * is the same matrix some rows further on:
 *
 *     y[windows where the tap is there] += x[the steps it sees there] kernel[tap]
 *
 * one product for all windows with a stride of 1.  Taps are summed in their order, features
 * within a tap likewise, beginning from the bias: the same sum for every row however rows
 * are grouped into products, and padding has no part in it. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "layers/activate.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/window.h"

enum { KERNEL, BIAS };

static int check_sizes(const seqecho_layer *layer)
{
    const seqecho_conv1d_spec *const spec = layer->spec;

    SE_TRY(se_check_size(layer, "filters", spec->filters));
    SE_TRY(se_check_size(layer, "kernel_size", spec->kernel_size));
    SE_TRY(se_check_size(layer, "stride", spec->stride));
    SE_TRY(se_check_size(layer, "dilation", spec->dilation));
    if (spec->stride > 1 && spec->dilation > 1)
        return se_fail(SEQECHO_EINVAL,
                       "%s: stride is %" PRId64 " and dilation %" PRId64
                       ", expected at least one of them to be 1",
                       layer->name, spec->stride, spec->dilation);
    return SEQECHO_OK;
}

static int conv1d_check(seqecho_layer *layer)
{
    seqecho_conv1d_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    if (spec->stride == 0)
        spec->stride = 1;
    if (spec->dilation == 0)
        spec->dilation = 1;
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->activation = SEQECHO_LINEAR;
    if (spec->kernel_init == SEQECHO_INIT_DEFAULT)
        spec->kernel_init = SEQECHO_INIT_GLOROT_UNIFORM;
    if (spec->bias_init == SEQECHO_INIT_DEFAULT)
        spec->bias_init = SEQECHO_INIT_ZEROS;
    SE_TRY(check_sizes(layer));
    SE_TRY(se_check_padding(layer, spec->padding));
    SE_TRY(se_check_activation(layer, spec->activation));
    SE_TRY(se_check_init(layer, spec->kernel_init));
    return se_check_init(layer, spec->bias_init);
}

static uint32_t conv1d_traits(const seqecho_layer *layer)
{
    const seqecho_conv1d_spec *const spec = layer->spec;

    return SE_TRAIT_NO_STEP | (spec->activation == SEQECHO_SOFTMAX ? SE_TRAIT_SOFTMAX : 0);
}

static se_window window_on(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_conv1d_spec *const spec = layer->spec;

    return se_window_make(spec->padding, spec->kernel_size, spec->stride, spec->dilation,
                          in->dim[0]);
}

static int conv1d_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                        se_shape *out)
{
    const seqecho_conv1d_spec *const spec = layer->spec;
    char text[SE_SHAPE_TEXT];
    se_window w;

    SE_UNUSED(n_in);
    SE_TRY(se_window_check_input(layer, in));
    w = window_on(layer, in);
    if (w.out == 0)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: a kernel of size %" PRId64 " and dilation %" PRId64
                       " needs %" PRId64 " time steps, found %s",
                       layer->name, spec->kernel_size, spec->dilation, se_window_span(&w),
                       se_shape_text(text, 0, in));
    *out = (se_shape){ .dim = { w.out, spec->filters }, .rank = 2 };
    return 1;
}

static void conv1d_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_conv1d_spec *const spec = layer->spec;
    const int64_t features = se_shape_features(in);
    se_weight *const kernel =
        se_layer_add_weight(layer, "kernel", features, spec->filters, spec->kernel_init);

    kernel->rank = 3;
    kernel->dim[0] = spec->kernel_size;
    kernel->dim[1] = features;
    kernel->dim[2] = spec->filters;
    if (!spec->no_bias)
        se_layer_add_weight(layer, "bias", 0, spec->filters, spec->bias_init);
}

typedef struct conv1d_work {
    float *tap;   /* one tap, packed */
    float *tap_t; /* its transpose, for d_in */
    float *pre;   /* pre-activations, where the derivative needs them */
} conv1d_work;

static conv1d_work conv1d_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_conv1d_spec *const spec = f->layer->spec;
    const int64_t features = se_shape_features(f->in_shape[0]);
    conv1d_work w = { NULL, NULL, NULL };

    w.tap = se_carve(carver, 1, 1,
                     (int64_t)se_factor_size(f->compute, features, spec->filters));
    if (!f->training)
        return w;
    if (f->want_d_in[0])
        w.tap_t = se_carve(carver, 1, 1,
                           (int64_t)se_factor_size(f->compute, spec->filters, features));
    if (se_activation_needs_input(spec->activation))
        w.pre = se_carve(carver, f->out_shape[0]->dim[0], f->batch, spec->filters);
    return w;
}

static void conv1d_work_size(const se_frame *f, se_carver *carver)
{
    conv1d_divide(f, carver);
}

/* ---- The rows of one tap ------------------------------------------------------------
 *
 * `count` products of `rows` rows each.  Product i begins at row x + i * x_next of the
 * input and y + i * y_next of the output, and its rows are x_row and y_row apart. */
typedef struct tap_rows {
    int64_t count, rows;
    int64_t x, x_next, x_row;
    int64_t y, y_next, y_row;
} tap_rows;

/* With a stride the rows of a step are together, and so, further apart, are the steps of a
 * sample: whichever are more make a product. */
static tap_rows find_rows(const se_window *w, int64_t k, int64_t batch)
{
    int64_t begin, end, steps;
    tap_rows r = { .count = 0 };

    se_window_tap(w, k, &begin, &end);
    steps = end - begin;
    if (steps == 0)
        return r;
    r = (tap_rows){ .count = 1, .rows = steps * batch, .x_row = 1, .y_row = 1 };
    r.x = (begin * w->stride + k * w->dilation - w->left) * batch;
    r.y = begin * batch;
    if (w->stride > 1 && batch >= steps) {
        r.count = steps;
        r.rows = batch;
        r.x_next = w->stride * batch;
        r.y_next = batch;
    } else if (w->stride > 1) {
        r.count = batch;
        r.rows = steps;
        r.x_next = r.y_next = 1;
        r.x_row = w->stride * batch;
        r.y_row = batch;
    }
    return r;
}

/* ---- Forward ------------------------------------------------------------------------ */

/* Rows in which the first tap has no part begin with the bias alone. */
static void begin_rows(int64_t rows, int64_t filters, const float *bias, float *y)
{
    if (bias == NULL)
        memset(y, 0, (size_t)(rows * filters) * sizeof *y);
    for (int64_t r = 0; bias != NULL && r < rows; r++)
        memcpy(y + r * filters, bias, (size_t)filters * sizeof *y);
}

static void forward_tap(const se_frame *f, const se_window *window, int64_t k,
                        float *packed, const float *bias, float *y)
{
    const int64_t features = se_shape_features(f->in_shape[0]);
    const int64_t filters = se_shape_features(f->out_shape[0]);
    const se_store first = bias != NULL ? SE_STORE_BIAS : SE_STORE_SET;
    const tap_rows r = find_rows(window, k, f->batch);
    se_factor factor;

    if (r.count == 0)
        return;
    factor = se_factor_make(f->compute, r.rows, r.count, features, filters,
                            se_frame_weight(f, KERNEL) + k * features * filters, filters, 1,
                            packed);
    for (int64_t i = 0; i < r.count; i++)
        se_gemm(f->compute, r.rows, f->in[0].data + (r.x + i * r.x_next) * features,
                r.x_row * features, 1, &factor, y + (r.y + i * r.y_next) * filters,
                r.y_row * filters, k == 0 ? first : SE_STORE_ADD, bias);
}

static void conv1d_forward(const se_frame *f)
{
    const seqecho_conv1d_spec *const spec = f->layer->spec;
    const int64_t rows = f->out_shape[0]->dim[0] * f->batch, filters = spec->filters;
    const float *const bias = spec->no_bias ? NULL : se_frame_weight(f, BIAS);
    const se_window window = window_on(f->layer, f->in_shape[0]);
    se_carver carver = { .base = f->work };
    const conv1d_work w = conv1d_divide(f, &carver);
    float *const pre = w.pre != NULL ? w.pre : f->out[0];
    int64_t begin, end;

    /* Every window begins before the last step, so only the first ones lack this tap. */
    se_window_tap(&window, 0, &begin, &end);
    begin_rows(begin * f->batch, filters, bias, pre);
    for (int64_t k = 0; k < spec->kernel_size; k++)
        forward_tap(f, &window, k, w.tap, bias, pre);
    if (!f->logits)
        se_activate(f->compute->k, spec->activation, rows, filters, pre, f->out[0]);
}

/* ---- Backward ----------------------------------------------------------------------- */

static void backward_kernel(const se_frame *f, const se_window *window, int64_t k,
                            const float *dz)
{
    const int64_t features = se_shape_features(f->in_shape[0]);
    const int64_t filters = se_shape_features(f->out_shape[0]);
    const tap_rows r = find_rows(window, k, f->batch);
    float *const dw = se_frame_grad(f, KERNEL) + k * features * filters;

    if (r.count == 0 && f->fresh)
        memset(dw, 0, (size_t)(features * filters) * sizeof *dw);
    for (int64_t i = 0; i < r.count; i++)
        se_gemm_gradient(f->compute, r.rows, features, filters,
                         f->in[0].data + (r.x + i * r.x_next) * features,
                         r.x_row * features, dz + (r.y + i * r.y_next) * filters,
                         r.y_row * filters, dw, i == 0 ? se_frame_store(f) : SE_STORE_ADD);
}

static void backward_input(const se_frame *f, const se_window *window, int64_t k,
                           float *packed, const float *dz)
{
    const int64_t features = se_shape_features(f->in_shape[0]);
    const int64_t filters = se_shape_features(f->out_shape[0]);
    const tap_rows r = find_rows(window, k, f->batch);
    se_factor factor;

    if (r.count == 0)
        return;
    factor = se_factor_make(f->compute, r.rows, r.count, filters, features,
                            se_frame_weight(f, KERNEL) + k * features * filters, 1, filters,
                            packed);
    for (int64_t i = 0; i < r.count; i++)
        se_gemm(f->compute, r.rows, dz + (r.y + i * r.y_next) * filters, r.y_row * filters,
                1, &factor, f->d_in[0] + (r.x + i * r.x_next) * features,
                r.x_row * features, SE_STORE_ADD, NULL);
}

static void conv1d_backward(const se_frame *f)
{
    const seqecho_conv1d_spec *const spec = f->layer->spec;
    const int64_t rows = f->out_shape[0]->dim[0] * f->batch, filters = spec->filters;
    const int64_t in_size = f->in_shape[0]->dim[0] * f->batch * f->in_shape[0]->dim[1];
    const se_window window = window_on(f->layer, f->in_shape[0]);
    se_carver carver = { .base = f->work };
    const conv1d_work w = conv1d_divide(f, &carver);
    float *const dz = f->d_out[0];

    if (!f->logits)
        se_activate_backward(f->compute->k, spec->activation, rows, filters, w.pre,
                             f->out[0], dz, dz);
    for (int64_t k = 0; k < spec->kernel_size; k++)
        backward_kernel(f, &window, k, dz);
    if (!spec->no_bias)
        se_bias_gradient(f->compute, rows, filters, dz, se_frame_grad(f, BIAS),
                         se_frame_store(f));
    if (!f->want_d_in[0])
        return;
    memset(f->d_in[0], 0, (size_t)in_size * sizeof *f->d_in[0]);
    for (int64_t k = 0; k < spec->kernel_size; k++)
        backward_input(f, &window, k, w.tap_t, dz);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "filters", seqecho_conv1d_spec, filters),
    SE_FIELD(INT64, "kernel_size", seqecho_conv1d_spec, kernel_size),
    SE_FIELD(INT64, "strides", seqecho_conv1d_spec, stride),
    SE_FIELD(INT64, "dilation_rate", seqecho_conv1d_spec, dilation),
    SE_FIELD_OF_NAMES(padding, "padding", seqecho_conv1d_spec, padding),
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_conv1d_spec, activation),
    SE_FIELD_OF_NAMES(init, "kernel_initializer", seqecho_conv1d_spec, kernel_init),
    SE_FIELD_OF_NAMES(init, "bias_initializer", seqecho_conv1d_spec, bias_init),
    SE_FIELD(NOT, "use_bias", seqecho_conv1d_spec, no_bias),
    /* clang-format on */
};

const se_layer_ops se_conv1d_ops = {
    .kind = SEQECHO_KIND_CONV1D,
    .class_name = "Conv1D",
    .base_name = "conv1d",
    .spec_size = sizeof(seqecho_conv1d_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = conv1d_check,
    .traits = conv1d_traits,
    .infer = conv1d_infer,
    .build = conv1d_build,
    .work = conv1d_work_size,
    .forward = conv1d_forward,
    .backward = conv1d_backward,
};
