/* layers/recurrent/rnn_forward.c - GRU and SimpleRNN over sequences, forward.
 * SPDX-License-Identifier: MIT
 *
 * Step by step: the products of x, those of h and the cell on top while they are in the
 * cache; of small batches the products of x come first, those of all steps as one.
 *
 * The steps of one sample depend on each other, those of different samples do not: with
 * threads each takes a range of samples through all steps.
 *
 * Missing steps.  Products and cell leave out the missing samples at both ends of a range,
 * and h of those between becomes that of the step before. */
#include <string.h>

#include "layers/noise.h"
#include "layers/recurrent.h"
#include "layers/recurrent/rnn_pass.h"

/* Numbers of the draws: one for each gate's x, then for each gate's h. */
enum { DRAW_X = 0, DRAW_H = SE_RNN_GATES };

/* Draw what is dropped; the same at all steps. */
static void draw(const se_rnn_pass *p)
{
    for (int i = 0; i < p->n_in; i++)
        if (p->in[i].noise != NULL)
            se_noise_fill(p->f, (uint32_t)(DRAW_X + i), p->rnn->dropout,
                          p->batch * p->features, p->in[i].noise_room);
    for (int i = 0; i < p->n_rec; i++)
        if (p->rec[i].noise != NULL)
            se_noise_fill(p->f, (uint32_t)(DRAW_H + i), p->rnn->recurrent_dropout,
                          p->batch * p->units, p->rec[i].noise_room);
}

/* a = x K + b from row `row` of x on. */
static void input_product(const se_rnn_pass *p, const se_compute *compute, int64_t rows,
                          int64_t row, float *a)
{
    const float *const bias = p->rnn->no_bias ? NULL : se_frame_weight(p->f, SE_RNN_BIAS);

    for (int i = 0; i < p->n_in; i++) {
        const se_rnn_block *const block = &p->in[i];
        const float *const x = block->own ? block->left : p->f->in[0].data;
        const int64_t first = block->gate * p->units;

        se_gemm(compute, rows, x + row * p->features, p->features, 1, &block->factor,
                a + first, p->width, bias != NULL ? SE_STORE_BIAS : SE_STORE_SET,
                bias != NULL ? bias + first : NULL);
    }
}

/* What of the products of x comes before the steps: for a repeated input the only one, into
 * p->once; where batches are small, all of them. */
static void input_ahead(se_rnn_pass *p)
{
    const se_frame *const f = p->f;
    const bool repeated = f->in[0].repeated, in_one = se_rnn_input_in_one(p);
    const int64_t rows = in_one ? p->steps * p->batch : p->batch;
    const int64_t size = p->batch * p->features;

    if (f->in[0].classes != NULL)
        return;
    for (int i = 0; i < p->n_in; i++) {
        se_rnn_block *const block = &p->in[i];

        block->factor =
            se_factor_make(f->compute, rows, repeated || in_one ? 1 : p->steps, p->features,
                           block->gates * p->units,
                           se_frame_weight(f, SE_RNN_KERNEL) + block->gate * p->units,
                           p->width, 1, block->packed);
        for (int64_t t = 0; block->own && t < p->steps; t++)
            se_noise_apply(size, f->in[0].data + t * size, block->noise,
                           block->left + t * size);
    }
    if (repeated || in_one)
        input_product(p, f->compute, rows, 0, repeated ? p->once : p->a);
}

/* a = x K + b of a step, unless it is there already. */
static void step_input(const se_rnn_pass *p, const se_rnn_step *step)
{
    const se_value *const x = &p->f->in[0];
    const int64_t row = se_rnn_time_row(p, step->s) + step->begin;

    if (x->classes != NULL)
        step->compute->k->gather(
            step->rows, p->width, x->classes + row, se_frame_weight(p->f, SE_RNN_KERNEL),
            p->rnn->no_bias ? NULL : se_frame_weight(p->f, SE_RNN_BIAS), step->a);
    else if (x->repeated)
        memcpy(step->a, p->once + step->begin * p->width,
               (size_t)(step->rows * p->width) * sizeof *step->a);
    else if (!se_rnn_input_in_one(p))
        input_product(p, step->compute, step->rows, row, step->a);
}

/* h of step s as the output, where that is not h itself. */
static void show(const se_rnn_pass *p, int64_t s, int64_t begin, int64_t rows, float *out)
{
    if (out != se_rnn_h_at(p, s, begin))
        memcpy(out, se_rnn_h_at(p, s, begin), (size_t)(rows * p->units) * sizeof *out);
    if (p->shown != NULL)
        se_mask_clear(p->shown + s * p->batch + begin, rows, p->units, out);
}

/* All steps for the samples in [begin, end). */
static void forward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_rnn_pass *const p = arg;
    const se_compute compute = se_compute_piece(p->f->compute, piece);

    for (int64_t s = 0; s < p->steps; s++) {
        int64_t from = begin, to = end;

        if (se_rnn_narrow(p, s, &from, &to)) {
            const se_rnn_step step = se_rnn_step_at(p, &compute, s, from, to - from);

            step_input(p, &step);
            p->rnn->forward(p, &step);
        }
        if (p->mask != NULL)
            se_mask_carry(p->mask + se_rnn_time_row(p, s) + begin, end - begin, p->units,
                          se_rnn_h_before(p, s, begin), se_rnn_h_at(p, s, begin));
        if (p->rnn->return_sequences)
            show(p, s, begin, end - begin,
                 p->f->out[0] + (s * p->batch + begin) * p->units);
    }
}

void se_rnn_forward(const se_frame *f, const se_rnn *rnn)
{
    se_carver carver = { .base = f->work };
    se_rnn_pass p = se_rnn_divide(f, rnn, &carver);
    const size_t bytes = (size_t)(p.batch * p.units) * sizeof(float);
    const float *const h = se_rnn_h_at(&p, p.steps - 1, 0);

    draw(&p);
    input_ahead(&p);
    for (int i = 0; i < p.n_rec; i++) {
        se_rnn_block *const block = &p.rec[i];

        block->factor = se_factor_make(
            f->compute, p.batch, p.steps, p.units, block->gates * p.units,
            se_frame_weight(f, SE_RNN_RECURRENT_KERNEL) + block->gate * p.units, p.width, 1,
            block->packed);
    }
    if (p.shown != NULL)
        se_shown_fill(p.masked_output, p.mask, p.steps, p.batch, rnn->go_backwards,
                      p.shown);
    se_rnn_run_rows(&p, forward_rows);

    if (!rnn->return_sequences)
        show(&p, p.steps - 1, 0, p.batch, f->out[0]);
    if (f->n_out == 2)
        memcpy(f->out[1], h, bytes);
    if (f->keep_state)
        memcpy(f->next_state, h, bytes);
}
