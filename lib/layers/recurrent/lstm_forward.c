/* layers/recurrent/lstm_forward.c - LSTM over sequences, forward.
 * SPDX-License-Identifier: MIT
 *
 * Step by step: the input product of all four gates in one matrix, the recurrent product
 * added to it, and the cell on top (lstm_cell.h) while they are in the cache; of small
 * batches the input products of all steps come first, as one.
 *
 * The steps of one sample depend on each other, those of different samples do not: with
 * threads each takes a range of samples through all steps. */
#include "layers/recurrent/lstm.h"

#include <assert.h>
#include <string.h>

#include "layers/noise.h"
#include "layers/recurrent.h"

/* Which numbers are drawn. */
enum { DRAW_X, DRAW_H };

static void draw_gates(const se_lstm_pass *p, const se_lstm_gates *g, uint32_t which,
                       float rate)
{
    if (g->factor != NULL)
        se_noise_fill(p->f, which, rate, 4 * p->batch * g->width, g->factor);
}

/* Draw what dropout takes, and take it from x where it is the same for all gates. */
static void drop(const se_lstm_pass *p)
{
    const int64_t size = p->batch * p->features;

    draw_gates(p, &p->x_gates, DRAW_X, p->spec->dropout);
    draw_gates(p, &p->h_gates, DRAW_H, p->spec->recurrent_dropout);
    if (p->x_factor == NULL)
        return;
    se_noise_fill(p->f, DRAW_X, p->spec->dropout, size, p->x_factor);
    for (int64_t t = 0; t < p->steps; t++)
        se_noise_apply(size, p->f->in[0].data + t * size, p->x_factor,
                       p->x_left + t * size);
}

/* z = x K + b from row `row` of x on. */
static void input_product(const se_lstm_pass *p, const se_compute *compute, int64_t rows,
                          int64_t row, float *z)
{
    se_gemm(compute, rows, p->x + row * p->features, p->features, 1, &p->kernel, z,
            4 * p->units, p->bias != NULL ? SE_STORE_BIAS : SE_STORE_SET, p->bias);
}

/* What of the input products comes before the steps: for a repeated input the only one,
 * into p->once; where batches are small, all of them. */
static void input_ahead(se_lstm_pass *p)
{
    const se_frame *const f = p->f;
    const bool repeated = f->in[0].repeated, in_one = se_lstm_input_in_one(p);
    const int64_t rows = in_one ? p->steps * p->batch : p->batch, n = 4 * p->units;
    se_lstm_run run = { 0 };

    if (p->classes != NULL)
        return;
    if (p->x_gates.factor != NULL) {
        se_lstm_gates_pack(&p->x_gates, f->compute, p->steps, se_frame_weight(f, KERNEL),
                           false);
        return;
    }
    p->kernel =
        se_factor_make(f->compute, rows, repeated || in_one ? 1 : p->steps, p->features, n,
                       se_frame_weight(f, KERNEL), n, 1, p->kernel_packed);
    if (repeated)
        input_product(p, f->compute, rows, 0, p->once);
    while (in_one && se_lstm_next_run(p, &run))
        input_product(p, f->compute, run.end - run.begin, run.input, p->z + run.begin * n);
}

/* z = x K + b of step s for `rows` samples from `begin` on, unless it is there already. */
static void step_input(const se_lstm_pass *p, const se_compute *compute, int64_t s,
                       int64_t begin, int64_t rows, float *z)
{
    const int64_t n = 4 * p->units, row = se_lstm_input_row(p, s) + begin;

    if (p->classes != NULL)
        compute->k->gather(rows, n, p->classes + row, se_frame_weight(p->f, KERNEL),
                           p->bias, z);
    else if (p->f->in[0].repeated)
        memcpy(z, p->once + begin * n, (size_t)(rows * n) * sizeof *z);
    else if (p->x_gates.factor != NULL)
        se_lstm_gates_forward(&p->x_gates, compute, begin, rows, p->x + row * p->features,
                              z, p->bias != NULL ? SE_STORE_BIAS : SE_STORE_SET, p->bias);
    else if (!se_lstm_input_in_one(p))
        input_product(p, compute, rows, row, z);
}

/* z += h R. */
static void step_recurrent(const se_lstm_pass *p, const se_compute *compute, int64_t begin,
                           int64_t rows, const float *h, float *z)
{
    if (p->h_gates.factor != NULL)
        se_lstm_gates_forward(&p->h_gates, compute, begin, rows, h, z, SE_STORE_ADD, NULL);
    else
        se_gemm(compute, rows, h, p->units, 1, &p->recurrent, z, 4 * p->units, SE_STORE_ADD,
                NULL);
}

/* Step s for `rows` samples from `begin` on. */
static void forward_step(const se_lstm_pass *p, const se_compute *compute, int64_t s,
                         int64_t begin, int64_t rows)
{
    const int64_t u = p->units, first = s * p->batch + begin;
    const int64_t c = (s % p->kept_c * p->batch + begin) * u;
    const float *const h = se_lstm_before(p, p->h, p->kept_h, p->h0, s, begin);
    float *const z = p->z + (p->kept_z == 1 ? begin : first) * 4 * u;

    step_input(p, compute, s, begin, rows, z);
    if (h != NULL)
        step_recurrent(p, compute, begin, rows, h, z);
    se_lstm_cell_forward(&p->cell, rows, z, p->pre != NULL ? p->pre + first * 4 * u : NULL,
                         se_lstm_before(p, p->c, p->kept_c, p->c0, s, begin), p->c + c,
                         p->act_c != NULL ? p->act_c + c : NULL,
                         p->h + (s % p->kept_h * p->batch + begin) * u);
}

/* Rows whose step s is missing keep their state; of a sequence, give what is shown. */
static void finish_step(const se_lstm_pass *p, int64_t s, int64_t begin, int64_t rows)
{
    const int64_t u = p->units, first = (s * p->batch + begin) * u;
    const uint8_t *const mask = se_lstm_step_mask(p, s, begin);
    float *const h = p->h + (s % p->kept_h * p->batch + begin) * u;
    float *const out = p->f->out[0];

    if (mask != NULL) {
        se_mask_carry(mask, rows, u, se_lstm_before(p, p->h, p->kept_h, p->h0, s, begin),
                      h);
        se_mask_carry(mask, rows, u, se_lstm_before(p, p->c, p->kept_c, p->c0, s, begin),
                      p->c + (s % p->kept_c * p->batch + begin) * u);
    }
    if (!p->spec->return_sequences || p->h == out)
        return;
    memcpy(out + first, h, (size_t)(rows * u) * sizeof *h);
    if (p->shown != NULL)
        se_mask_clear(p->shown + s * p->batch + begin, rows, u, out + first);
}

/* All steps for the samples in [begin, end). */
static void forward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_lstm_pass *const p = arg;
    const se_compute compute = se_compute_piece(p->f->compute, piece);

    for (int64_t s = 0; s < p->steps; s++) {
        int64_t from, to;

        if (se_mask_range(se_lstm_step_mask(p, s, begin), end - begin, &from, &to))
            forward_step(p, &compute, s, begin + from, to - from);
        finish_step(p, s, begin, end - begin);
    }
}

/* The outputs behind the steps. */
static void give_last(const se_lstm_pass *p)
{
    const se_frame *const f = p->f;
    const int64_t size = p->batch * p->units;
    const size_t bytes = (size_t)size * sizeof(float);
    const float *const h = se_lstm_before(p, p->h, p->kept_h, p->h0, p->steps, 0);
    const float *const c = se_lstm_before(p, p->c, p->kept_c, p->c0, p->steps, 0);

    assert(h != NULL && c != NULL);
    if (!p->spec->return_sequences) {
        memcpy(f->out[0], h, bytes);
        if (p->shown != NULL)
            se_mask_clear(p->shown + (p->steps - 1) * p->batch, p->batch, p->units,
                          f->out[0]);
    }
    if (f->n_out == 3) {
        memcpy(f->out[1], h, bytes);
        memcpy(f->out[2], c, bytes);
    }
    if (f->keep_state) {
        memcpy(f->next_state, h, bytes);
        memcpy(f->next_state + size, c, bytes);
    }
}

void se_lstm_forward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    se_lstm_pass p = se_lstm_divide(f, &carver);
    const int64_t u = p.units;

    drop(&p);
    if (p.shown != NULL)
        se_shown_fill(p.masked_output, p.mask, p.steps, p.batch, p.spec->go_backwards,
                      p.shown);
    input_ahead(&p);
    if (p.h_gates.factor != NULL)
        se_lstm_gates_pack(&p.h_gates, f->compute, p.steps,
                           se_frame_weight(f, RECURRENT_KERNEL), false);
    else
        p.recurrent = se_factor_make(f->compute, p.batch, p.steps, u, 4 * u,
                                     se_frame_weight(f, RECURRENT_KERNEL), 4 * u, 1,
                                     p.recurrent_packed);
    se_lstm_run_rows(&p, forward_rows);
    give_last(&p);
}
