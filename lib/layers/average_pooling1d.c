/* layers/average_pooling1d.c - AveragePooling1D: the mean of each window.
 * SPDX-License-Identifier: MIT
 *
 * Padding has no part in the mean: a window is divided by the steps that are there. */
#include <string.h>

#include "layers/kinds.h"
#include "layers/pooling.h"

static void average_pooling1d_forward(const se_frame *f)
{
    const se_window window = se_pooling_window(f->layer, f->in_shape[0]);
    const int64_t width = f->batch * f->in_shape[0]->dim[1];
    float *y = f->out[0];

    for (int64_t o = 0; o < window.out; o++, y += width) {
        int64_t begin, end;

        se_window_steps(&window, o, &begin, &end);
        memset(y, 0, (size_t)width * sizeof *y);
        for (int64_t t = begin; t < end; t++)
            f->compute->k->add(width, f->in[0].data + t * width, y);
        for (int64_t i = 0; i < width; i++)
            y[i] /= (float)(end - begin);
    }
}

static void average_pooling1d_backward(const se_frame *f)
{
    const se_window window = se_pooling_window(f->layer, f->in_shape[0]);
    const int64_t width = f->batch * f->in_shape[0]->dim[1];
    float *dy = f->d_out[0];

    if (!f->want_d_in[0])
        return;
    memset(f->d_in[0], 0, (size_t)(window.in * width) * sizeof *f->d_in[0]);
    for (int64_t o = 0; o < window.out; o++, dy += width) {
        int64_t begin, end;

        se_window_steps(&window, o, &begin, &end);
        for (int64_t i = 0; i < width; i++)
            dy[i] /= (float)(end - begin);
        for (int64_t t = begin; t < end; t++)
            f->compute->k->add(width, dy, f->d_in[0] + t * width);
    }
}

const se_layer_ops se_average_pooling1d_ops = {
    .kind = SEQECHO_KIND_AVERAGE_POOLING1D,
    .class_name = "AveragePooling1D",
    .base_name = "average_pooling1d",
    .spec_size = sizeof(seqecho_pooling1d_spec),
    .fields = se_pooling_fields,
    .n_fields = SE_POOLING_FIELDS,
    .max_inputs = 1,
    .check = se_pooling_check,
    .traits = se_pooling_traits,
    .infer = se_pooling_infer,
    .forward = average_pooling1d_forward,
    .backward = average_pooling1d_backward,
};
