/* layers/global_average_pooling1d.c - GlobalAveragePooling1D: the mean of all time steps.
 * SPDX-License-Identifier: MIT
 *
 * Of those that are there: missing ones are left out of sum and count, and the mean of none
 * is 0. */
#include <string.h>

#include "layers/kinds.h"
#include "layers/pooling.h"

static bool is_there(const se_frame *f, int64_t row)
{
    return f->in[0].mask == NULL || f->in[0].mask[row] != 0;
}

/* Time steps of a sample that are there; at least 1, to divide by. */
static float count(const se_frame *f, int64_t sample)
{
    const int64_t steps = f->in_shape[0]->dim[0];
    int64_t n = 0;

    for (int64_t t = 0; t < steps; t++)
        n += is_there(f, t * f->batch + sample);
    return n > 0 ? (float)n : 1.0f;
}

/* y /= the count, row by row. */
static void divide(const se_frame *f, float *y)
{
    const int64_t features = f->in_shape[0]->dim[1];

    for (int64_t b = 0; b < f->batch; b++, y += features) {
        const float n = count(f, b);

        for (int64_t i = 0; i < features; i++)
            y[i] /= n;
    }
}

static void global_average_forward(const se_frame *f)
{
    const int64_t features = f->in_shape[0]->dim[1], rows = f->in_shape[0]->dim[0];
    float *const y = f->out[0];

    memset(y, 0, (size_t)(f->batch * features) * sizeof *y);
    for (int64_t r = 0; r < rows * f->batch; r++)
        if (is_there(f, r))
            f->compute->k->add(features, f->in[0].data + r * features,
                               y + r % f->batch * features);
    divide(f, y);
}

static void global_average_backward(const se_frame *f)
{
    const int64_t features = f->in_shape[0]->dim[1], steps = f->in_shape[0]->dim[0];
    const size_t row = (size_t)features * sizeof(float);

    if (!f->want_d_in[0])
        return;
    divide(f, f->d_out[0]);
    for (int64_t r = 0; r < steps * f->batch; r++)
        if (is_there(f, r))
            memcpy(f->d_in[0] + r * features, f->d_out[0] + r % f->batch * features, row);
        else
            memset(f->d_in[0] + r * features, 0, row);
}

const se_layer_ops se_global_average_pooling1d_ops = {
    .kind = SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D,
    .class_name = "GlobalAveragePooling1D",
    .base_name = "global_average_pooling1d",
    .spec_size = sizeof(seqecho_global_pooling1d_spec),
    .max_inputs = 1,
    .check = se_pooling_check_global,
    .traits = se_pooling_traits,
    .infer = se_pooling_infer_global,
    .forward = global_average_forward,
    .backward = global_average_backward,
};
