/* layers/max_pooling1d.c - MaxPooling1D: the largest of each window.
 * SPDX-License-Identifier: MIT
 *
 * The gradient goes to the step that was the largest, the first of several. */
#include "layers/kinds.h"
#include "layers/pooling.h"

/* The step each output came from, (steps, batch, features); NULL unless training. */
static int32_t *steps_taken(const se_frame *f, se_carver *carver)
{
    if (!f->training)
        return NULL;
    return (int32_t *)(void *)se_carve(carver, f->out_shape[0]->dim[0], f->batch,
                                       f->out_shape[0]->dim[1]);
}

static void max_pooling1d_work(const se_frame *f, se_carver *carver)
{
    steps_taken(f, carver);
}

static void max_pooling1d_forward(const se_frame *f)
{
    const se_window window = se_pooling_window(f->layer, f->in_shape[0]);
    se_carver carver = { .base = f->work };

    se_pooling_max(&window, f->batch * f->in_shape[0]->dim[1], f->in[0].data, f->out[0],
                   steps_taken(f, &carver));
}

static void max_pooling1d_backward(const se_frame *f)
{
    const se_window window = se_pooling_window(f->layer, f->in_shape[0]);
    se_carver carver = { .base = f->work };

    if (f->want_d_in[0])
        se_pooling_max_backward(&window, f->batch * f->in_shape[0]->dim[1],
                                steps_taken(f, &carver), f->d_out[0], f->d_in[0]);
}

const se_layer_ops se_max_pooling1d_ops = {
    .kind = SEQECHO_KIND_MAX_POOLING1D,
    .class_name = "MaxPooling1D",
    .base_name = "max_pooling1d",
    .spec_size = sizeof(seqecho_pooling1d_spec),
    .fields = se_pooling_fields,
    .n_fields = SE_POOLING_FIELDS,
    .max_inputs = 1,
    .check = se_pooling_check,
    .traits = se_pooling_traits,
    .infer = se_pooling_infer,
    .work = max_pooling1d_work,
    .forward = max_pooling1d_forward,
    .backward = max_pooling1d_backward,
};
