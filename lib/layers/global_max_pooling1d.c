/* layers/global_max_pooling1d.c - GlobalMaxPooling1D: the largest of all time steps.
 * SPDX-License-Identifier: MIT
 *
 * MaxPooling1D with one window.  As in Keras, steps that are missing count like others. */
#include "layers/kinds.h"
#include "layers/pooling.h"

static se_window whole(const se_frame *f)
{
    const int64_t steps = f->in_shape[0]->dim[0];

    return se_window_make(SEQECHO_PADDING_VALID, steps, steps, 1, steps);
}

/* The step each output came from, (batch, features); NULL unless training. */
static int32_t *steps_taken(const se_frame *f, se_carver *carver)
{
    if (!f->training)
        return NULL;
    return (int32_t *)(void *)se_carve(carver, 1, f->batch, f->out_shape[0]->dim[0]);
}

static void global_max_work(const se_frame *f, se_carver *carver)
{
    steps_taken(f, carver);
}

static void global_max_forward(const se_frame *f)
{
    const se_window window = whole(f);
    se_carver carver = { .base = f->work };

    se_pooling_max(&window, f->batch * f->in_shape[0]->dim[1], f->in[0].data, f->out[0],
                   steps_taken(f, &carver));
}

static void global_max_backward(const se_frame *f)
{
    const se_window window = whole(f);
    se_carver carver = { .base = f->work };

    if (f->want_d_in[0])
        se_pooling_max_backward(&window, f->batch * f->in_shape[0]->dim[1],
                                steps_taken(f, &carver), f->d_out[0], f->d_in[0]);
}

const se_layer_ops se_global_max_pooling1d_ops = {
    .kind = SEQECHO_KIND_GLOBAL_MAX_POOLING1D,
    .class_name = "GlobalMaxPooling1D",
    .base_name = "global_max_pooling1d",
    .spec_size = sizeof(seqecho_global_pooling1d_spec),
    .max_inputs = 1,
    .check = se_pooling_check_global,
    .traits = se_pooling_traits,
    .infer = se_pooling_infer_global,
    .work = global_max_work,
    .forward = global_max_forward,
    .backward = global_max_backward,
};
