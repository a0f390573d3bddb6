/* layers/recurrent/rnn_backward.c - GRU and SimpleRNN over sequences, backward.
 * SPDX-License-Identifier: MIT
 *
 * Step by step from the end, the cell's gradients in place of the gates and the recurrent
 * product with the transpose; then each weight's gradient as one product over all steps.
 *
 * Missing steps.  Products and cell leave out the missing samples at both ends of a range;
 * of those between, the gradients of the products become 0, and that of h stays. */
#include <string.h>

#include "layers/noise.h"
#include "layers/recurrent.h"
#include "layers/recurrent/rnn_pass.h"

/* Gradient of the outputs of step s, which may be NULL. */
static float *d_out_at(const se_rnn_pass *p, int64_t s, int64_t row)
{
    float *const d = p->f->d_out[0];

    if (d == NULL || (!p->rnn->return_sequences && s < p->steps - 1))
        return NULL;
    return d + ((p->rnn->return_sequences ? s * p->batch : 0) + row) * p->units;
}

/* What missing steps change before the cell: d_out goes into dh, which they hand on. */
static void join_masked(const se_rnn_pass *p, int64_t s, int64_t begin, int64_t rows,
                        float *dh)
{
    float *const d_out = d_out_at(p, s, begin);

    if (d_out == NULL)
        return;
    if (p->shown != NULL)
        se_mask_clear(p->shown + s * p->batch + begin, rows, p->units, d_out);
    p->f->compute->k->add(rows * p->units, d_out, dh);
}

/* And after it. */
static void part_masked(const se_rnn_pass *p, const se_rnn_step *step, const float *dh,
                        float *dh_before)
{
    const uint8_t *const mask = p->mask + se_rnn_time_row(p, step->s) + step->begin;

    se_mask_carry(mask, step->rows, p->units, dh, dh_before);
    se_mask_clear(mask, step->rows, p->width, step->a);
    if (step->b != NULL)
        se_mask_clear(mask, step->rows, p->width, step->b);
    /* Left factors that nobody has written yet might be NaN, which times 0 is not 0. */
    for (int i = 0; i < p->n_rec; i++)
        if (p->rec[i].own)
            se_mask_clear(mask, step->rows, p->units,
                          se_rnn_left_room(p, step, &p->rec[i]));
}

/* From the last step to the first for the samples in [begin, end): a and b become the
 * gradients of the products. */
static void backward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_rnn_pass *const p = arg;
    const se_compute compute = se_compute_piece(p->f->compute, piece);
    const int64_t u = p->units, width = p->width;

    for (int64_t s = p->steps - 1; s >= 0; s--) {
        const bool masked = p->mask != NULL;
        const int64_t turn = masked ? (p->steps - 1 - s) % 2 : 0;
        float *const dh = p->dh[turn], *const to_dh = p->dh[masked ? 1 - turn : 0];
        int64_t from = begin, to = end;

        if (masked)
            join_masked(p, s, begin, end - begin, dh + begin * u);
        if (se_rnn_narrow(p, s, &from, &to)) {
            se_rnn_step step = se_rnn_step_at(p, &compute, s, from, to - from);

            step.dh_1 = masked ? NULL : d_out_at(p, s, from);
            step.dh_2 = dh + from * u;
            step.dh_before = to_dh + from * u;
            step.want_before = s > 0 || p->f->want_d_in[1];
            step.scratch = p->scratch != NULL ? p->scratch + from * width : NULL;
            p->rnn->backward(p, &step);
        }
        if (masked) {
            const se_rnn_step all = se_rnn_step_at(p, &compute, s, begin, end - begin);

            part_masked(p, &all, dh + begin * u, to_dh + begin * u);
        }
    }
}

/* The columns of a weight's gradient that belong to a block: X^T Y. */
static void block_gradient(const se_rnn_pass *p, const se_rnn_block *block, int64_t rows,
                           int64_t k, const float *x, const float *y, float *dw,
                           se_store store)
{
    const int64_t first = block->gate * p->units, cols = block->gates * p->units;
    const se_factor factor = {
        .panels = { y + first, rows, cols, p->width, p->f->compute->k->panel, false },
        .source = y + first,
        .row = p->width,
        .col = 1,
    };

    se_gemm(p->f->compute, k, x, 1, k, &factor, dw + first, p->width, store, NULL);
}

/* Gradient of the recurrent kernel: one product over the steps after the first, unless
 * their gradients lie the other way round than h does. */
static void recurrent_gradient(const se_rnn_pass *p, const se_rnn_block *block)
{
    const se_frame *const f = p->f;
    const int64_t u = p->units, size = p->batch * u;
    const bool turned = p->b == NULL && p->rnn->go_backwards;
    const int64_t n = turned ? 1 : p->steps - 1; /* steps a product */
    const float *const d = p->b != NULL ? p->b : p->a;
    float *const dw = se_frame_grad(f, SE_RNN_RECURRENT_KERNEL);
    se_store store = se_frame_store(f);

    if (p->h0 != NULL) {
        block_gradient(p, block, p->batch, u, block->own ? block->left : p->h0,
                       d + (p->b != NULL ? 0 : se_rnn_time_row(p, 0)) * p->width, dw,
                       store);
        store = SE_STORE_ADD;
    }
    if (p->steps == 1)
        block_gradient(p, block, 0, u, d, d, dw, store); /* nothing, or zeros */
    for (int64_t s = 1; s < p->steps; s += n) {
        const int64_t row = p->b != NULL ? s * p->batch : se_rnn_time_row(p, s);

        block_gradient(p, block, n * p->batch, u,
                       block->own ? block->left + s * size : p->h + (s - 1) * size,
                       d + row * p->width, dw, store);
        store = SE_STORE_ADD;
    }
}

/* d_in, or a block's part of it. */
static void x_gradient(const se_rnn_pass *p, int i, int64_t rows, const float *da)
{
    const se_frame *const f = p->f;
    const se_rnn_block *const block = &p->in[i];
    const int64_t size = p->batch * p->features, cols = block->gates * p->units;
    const int64_t first = block->gate * p->units;
    float *const dx = i > 0 ? p->dx : f->d_in[0];
    const se_factor transpose = se_factor_make(f->compute, rows, 1, cols, p->features,
                                               se_frame_weight(f, SE_RNN_KERNEL) + first, 1,
                                               p->width, block->packed);

    se_gemm(f->compute, rows, da + first, p->width, 1, &transpose, dx, p->features,
            SE_STORE_SET, NULL);
    for (int64_t t = 0; block->noise != NULL && t < p->steps; t++)
        se_noise_apply(size, dx + t * size, block->noise, dx + t * size);
    if (i > 0)
        f->compute->k->add(rows * p->features, dx, f->d_in[0]);
}

/* Gradients of kernel and input from da of all steps; for a repeated input, from its sum
 * over the steps. */
static void input_gradients(const se_rnn_pass *p)
{
    const se_frame *const f = p->f;
    const bool repeated = f->in[0].repeated;
    const int64_t size = p->batch * p->width;
    const int64_t rows = repeated ? p->batch : p->steps * p->batch;
    const float *const da = repeated ? p->once : p->a;
    const se_store store = se_frame_store(f);
    float *const d_kernel = se_frame_grad(f, SE_RNN_KERNEL);

    if (repeated) {
        memcpy(p->once, p->a, (size_t)size * sizeof(float));
        for (int64_t t = 1; t < p->steps; t++)
            f->compute->k->add(size, p->a + t * size, p->once);
    }
    for (int i = 0; i < p->n_in; i++) {
        const se_rnn_block *const block = &p->in[i];

        if (f->in[0].classes != NULL)
            se_scatter_gradient(f->compute, rows, p->features, p->width, f->in[0].classes,
                                da, d_kernel, store);
        else
            block_gradient(p, block, rows, p->features,
                           block->own ? block->left : f->in[0].data, da, d_kernel, store);
        if (f->want_d_in[0])
            x_gradient(p, i, rows, da);
    }
    if (p->rnn->no_bias)
        return;
    se_bias_gradient(f->compute, rows, p->width, da, se_frame_grad(f, SE_RNN_BIAS), store);
    if (p->b != NULL)
        se_bias_gradient(f->compute, p->steps * p->batch, p->width, p->b,
                         se_frame_grad(f, SE_RNN_BIAS) + p->width, store);
}

void se_rnn_backward(const se_frame *f, const se_rnn *rnn)
{
    se_carver carver = { .base = f->work };
    se_rnn_pass p = se_rnn_divide(f, rnn, &carver);
    const size_t bytes = (size_t)(p.batch * p.units) * sizeof(float);

    for (int i = 0; i < p.n_rec; i++) {
        se_rnn_block *const block = &p.rec[i];

        block->factor = se_factor_make(
            f->compute, p.batch, p.steps, block->gates * p.units, p.units,
            se_frame_weight(f, SE_RNN_RECURRENT_KERNEL) + block->gate * p.units, 1, p.width,
            block->packed);
    }
    if (f->n_out == 2 && f->d_out[1] != NULL)
        memcpy(p.dh[0], f->d_out[1], bytes);
    else
        memset(p.dh[0], 0, bytes);
    se_rnn_run_rows(&p, backward_rows);

    for (int i = 0; i < p.n_rec; i++)
        recurrent_gradient(&p, &p.rec[i]);
    input_gradients(&p);
    if (f->want_d_in[1])
        memcpy(f->d_in[1], p.dh[p.mask != NULL ? p.steps % 2 : 0], bytes);
}
