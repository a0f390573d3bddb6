/* layers/recurrent/lstm_step.c - LSTM, one time step of one sample.
 * SPDX-License-Identifier: MIT
 *
 * The same numbers as lstm_forward.c, without what that spends on being general: with few
 * units a whole step takes less than a cache miss. */
#include "layers/recurrent/lstm.h"

#include <string.h>

/* A class number picks its row of the kernel, as if times 1; without a bias that row is
 * what the sums begin with. */
static void take_class(se_row_sums *z, int32_t number)
{
    static const float one = 1.0f;
    se_row_product *const input = &z->product[0];

    input->a = &one;
    input->b += number * input->b_row;
    input->k = z->start != NULL ? 1 : 0;
    if (z->start == NULL)
        z->start = input->b;
}

bool se_lstm_forward_step(const se_frame *f)
{
    const seqecho_lstm_spec *const spec = f->layer->spec;
    const int64_t u = spec->units, n = 4 * u;
    const float *const h_prev = f->state;
    float *const h = f->next_state;
    se_row_sums z = {
        .product = { { f->in_shape[0]->dim[1], f->in[0].data, 1, se_frame_weight(f, KERNEL),
                       n },
                     { h_prev != NULL ? u : 0, h_prev, 1,
                       se_frame_weight(f, RECURRENT_KERNEL), n } },
        .n = n,
        .start = spec->no_bias ? NULL : se_frame_weight(f, BIAS),
        .c = f->work,
        /* The two places of the state take turns. */
        .backwards = h_prev != NULL && h_prev < h,
    };

    if (f->in[0].mask != NULL && memchr(f->in[0].mask, 0, (size_t)f->batch) != NULL)
        return false;
    if (f->batch != 1 || spec->activation != SEQECHO_TANH ||
        spec->recurrent_activation != SEQECHO_SIGMOID)
        return false;
    if (f->in[0].classes != NULL)
        take_class(&z, f->in[0].classes[0]);
    f->compute->k->lstm_step(u, &z, h_prev != NULL ? h_prev + u : NULL, h + u, h,
                             f->out[0]);
    if (f->n_out == 3) {
        memcpy(f->out[1], h, (size_t)u * sizeof *h);
        memcpy(f->out[2], h + u, (size_t)u * sizeof *h);
    }
    return true;
}
