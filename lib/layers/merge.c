/* layers/merge.c - Add, Multiply, Average: inputs of one shape, element by element.
 * SPDX-License-Identifier: MIT */
#include "layers/merge.h"

#include <string.h>

#include "base/error.h"
#include "layers/kinds.h"

static int merge_check(seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SEQECHO_OK;
}

static uint32_t merge_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return 0;
}

static int merge_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                       se_shape *out)
{
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    for (size_t i = 1; i < n_in; i++)
        if (!se_shape_equal(&in[0], &in[i]))
            return se_fail(SEQECHO_ESHAPE,
                           "%s: expected inputs of one shape, found %s and, input %zu, %s",
                           layer->name, se_shape_text(want, 0, &in[0]), i,
                           se_shape_text(got, 0, &in[i]));
    *out = in[0];
    return 1;
}

const uint8_t *se_merge_mask(const se_frame *f, uint8_t *room)
{
    const int64_t steps = f->out_shape[0]->dim[0] * f->batch;
    const uint8_t *mask = NULL;

    for (size_t j = 0; j < f->n_in; j++) {
        const uint8_t *const in = f->in[j].mask;

        if (in == NULL || in == mask)
            continue;
        for (int64_t r = 0; mask != NULL && r < steps; r++)
            room[r] = mask[r] != 0 && in[r] != 0;
        mask = mask != NULL ? room : in;
    }
    return mask;
}

static int64_t size_of(const se_frame *f)
{
    return se_shape_size(f->out_shape[0]) * f->batch;
}

/* y = y x, element by element. */
static void multiply(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= x[i];
}

static void divide(int64_t n, float by, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] /= by;
}

static void add_forward(const se_frame *f)
{
    const int64_t n = size_of(f);

    memcpy(f->out[0], f->in[0].data, (size_t)n * sizeof(float));
    for (size_t j = 1; j < f->n_in; j++)
        f->compute->k->add(n, f->in[j].data, f->out[0]);
}

static void add_backward(const se_frame *f)
{
    for (size_t j = 0; j < f->n_in; j++)
        if (f->want_d_in[j])
            memcpy(f->d_in[j], f->d_out[0], (size_t)size_of(f) * sizeof(float));
}

static void average_forward(const se_frame *f)
{
    add_forward(f);
    divide(size_of(f), (float)f->n_in, f->out[0]);
}

static void average_backward(const se_frame *f)
{
    divide(size_of(f), (float)f->n_in, f->d_out[0]);
    add_backward(f);
}

static void multiply_forward(const se_frame *f)
{
    const int64_t n = size_of(f);

    memcpy(f->out[0], f->in[0].data, (size_t)n * sizeof(float));
    for (size_t j = 1; j < f->n_in; j++)
        multiply(n, f->in[j].data, f->out[0]);
}

static void multiply_backward(const se_frame *f)
{
    const int64_t n = size_of(f);

    for (size_t j = 0; j < f->n_in; j++) {
        if (!f->want_d_in[j])
            continue;
        memcpy(f->d_in[j], f->d_out[0], (size_t)n * sizeof(float));
        for (size_t i = 0; i < f->n_in; i++)
            if (i != j)
                multiply(n, f->in[i].data, f->d_in[j]);
    }
}

const se_layer_ops se_add_ops = {
    .kind = SEQECHO_KIND_ADD,
    .class_name = "Add",
    .base_name = "add",
    .spec_size = sizeof(seqecho_merge_spec),
    .max_inputs = SE_MAX_PORTS,
    .min_inputs = 2,
    .check = merge_check,
    .traits = merge_traits,
    .infer = merge_infer,
    .mask = se_merge_mask,
    .forward = add_forward,
    .backward = add_backward,
};

const se_layer_ops se_multiply_ops = {
    .kind = SEQECHO_KIND_MULTIPLY,
    .class_name = "Multiply",
    .base_name = "multiply",
    .spec_size = sizeof(seqecho_merge_spec),
    .max_inputs = SE_MAX_PORTS,
    .min_inputs = 2,
    .check = merge_check,
    .traits = merge_traits,
    .infer = merge_infer,
    .mask = se_merge_mask,
    .forward = multiply_forward,
    .backward = multiply_backward,
};

const se_layer_ops se_average_ops = {
    .kind = SEQECHO_KIND_AVERAGE,
    .class_name = "Average",
    .base_name = "average",
    .spec_size = sizeof(seqecho_merge_spec),
    .max_inputs = SE_MAX_PORTS,
    .min_inputs = 2,
    .check = merge_check,
    .traits = merge_traits,
    .infer = merge_infer,
    .mask = se_merge_mask,
    .forward = average_forward,
    .backward = average_backward,
};
