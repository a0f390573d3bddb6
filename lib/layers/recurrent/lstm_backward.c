/* layers/recurrent/lstm_backward.c - LSTM over sequences, backward.
 * SPDX-License-Identifier: MIT
 *
 * Step by step from the end, the cell's gradients in place of the gates and the recurrent
 * product with the transpose; then each weight's gradient as one product over all steps,
 * or over each run of steps that are there.
 *
 * At a missing step the gradients of h and c go on to the step before. */
#include "layers/recurrent/lstm.h"

#include <string.h>

#include "layers/noise.h"
#include "layers/recurrent.h"

/* Gradient of the output of step s from sample `begin` on; NULL for zeros. */
static const float *d_out_of(const se_lstm_pass *p, int64_t s, int64_t begin)
{
    const float *const d_out = p->f->d_out[0];

    if (d_out == NULL || (!p->spec->return_sequences && s < p->steps - 1))
        return NULL;
    return d_out + ((p->spec->return_sequences ? s * p->batch : 0) + begin) * p->units;
}

/* Gradient of h after step s, but for that of the output; NULL for zeros. */
static const float *d_next_of(const se_lstm_pass *p, int64_t s, int64_t begin)
{
    const float *const d_next =
        s == p->steps - 1 && p->mask == NULL ? p->f->d_out[1] : p->dh;

    return d_next != NULL ? d_next + begin * p->units : NULL;
}

/* Step s for `rows` samples from `begin` on: z becomes dz. */
static void backward_step(const se_lstm_pass *p, const se_compute *compute, int64_t s,
                          int64_t begin, int64_t rows)
{
    const int64_t u = p->units, first = s * p->batch + begin;
    float *const dh = p->dh + begin * u;
    const se_lstm_cell_grad grad = {
        .z = p->z + first * 4 * u,
        .pre = p->pre != NULL ? p->pre + first * 4 * u : NULL,
        .c_prev = se_lstm_before(p, p->c, p->kept_c, p->c0, s, begin),
        .c = p->c + first * u,
        .act_c = p->act_c + first * u,
        .dh_1 = d_out_of(p, s, begin),
        .dh_2 = d_next_of(p, s, begin),
        .dc = p->dc + begin * u,
        .scratch =
            p->scratch != NULL ? p->scratch + begin * SE_LSTM_CELL_SCRATCH * u : NULL,
    };

    se_lstm_cell_backward(&p->cell, rows, &grad);
    if (s == 0 && !p->f->want_d_in[1])
        return;
    if (p->h_gates.factor != NULL)
        se_lstm_gates_backward(&p->h_gates, compute, begin, rows, grad.z, dh);
    else
        se_gemm(compute, rows, grad.z, 4 * u, 1, &p->recurrent, dh, u, SE_STORE_SET, NULL);
}

/* The gradient of the outputs of rows whose step s is missing, where they show the state,
 * joins that of h. */
static void add_missing(const se_lstm_pass *p, int64_t s, int64_t begin, int64_t rows)
{
    const int64_t u = p->units;
    const uint8_t *const mask = se_lstm_step_mask(p, s, begin);
    const uint8_t *const shown = p->shown != NULL ? p->shown + s * p->batch + begin : NULL;
    const float *const d_out = d_out_of(p, s, begin);

    for (int64_t r = 0; d_out != NULL && r < rows; r++)
        if (mask[r] == 0 && (shown == NULL || shown[r] != 0))
            p->cell.k->add(u, d_out + r * u, p->dh + (begin + r) * u);
}

/* The same as backward_step(), of which some or all of [begin, end) are missing. */
static void backward_masked_step(const se_lstm_pass *p, const se_compute *compute,
                                 int64_t s, int64_t begin, int64_t end)
{
    const int64_t u = p->units;
    const uint8_t *const mask = se_lstm_step_mask(p, s, begin);
    int64_t from, to;

    add_missing(p, s, begin, end - begin);
    if (se_mask_range(mask, end - begin, &from, &to)) {
        const int64_t at = (begin + from) * u, rows = to - from;

        se_mask_carry(mask + from, rows, u, p->dh + at, p->dh_held + at);
        se_mask_carry(mask + from, rows, u, p->dc + at, p->dc_held + at);
        backward_step(p, compute, s, begin + from, rows);
        se_mask_carry(mask + from, rows, u, p->dh_held + at, p->dh + at);
        se_mask_carry(mask + from, rows, u, p->dc_held + at, p->dc + at);
    }
    se_mask_clear(mask, end - begin, 4 * u, p->z + (s * p->batch + begin) * 4 * u);
}

/* From the last step to the first for the samples in [begin, end). */
static void backward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_lstm_pass *const p = arg;
    const se_compute compute = se_compute_piece(p->f->compute, piece);

    for (int64_t s = p->steps - 1; s >= 0; s--)
        if (p->mask != NULL)
            backward_masked_step(p, &compute, s, begin, end);
        else
            backward_step(p, &compute, s, begin, end - begin);
}

/* ---- Gradients of the weights and the input, from dz of all steps ------------------- */

/* Several products, or none, are to add to a gradient: one that holds nothing becomes
 * zeros. */
static void begin_sum(const se_lstm_pass *p, size_t weight, int64_t rows)
{
    if (p->f->fresh)
        memset(se_frame_grad(p->f, weight), 0,
               (size_t)(rows * 4 * p->units) * sizeof(float));
}

/* dR = or += h^T dz of `rows` rows of z from `row` on; h (rows, units) before them. */
static void recurrent_product(const se_lstm_pass *p, int64_t rows, const float *h,
                              int64_t row, se_store store)
{
    const int64_t u = p->units;

    se_gemm_gradient(p->f->compute, rows, u, 4 * u, h, u, p->z + row * 4 * u, 4 * u,
                     se_frame_grad(p->f, RECURRENT_KERNEL), store);
}

/* The same for rows [begin, end) of z, which may begin with those of the first step. */
static void recurrent_run(const se_lstm_pass *p, int64_t begin, int64_t end)
{
    const int64_t first = end < p->batch ? end : p->batch;

    if (begin < first && p->h0 != NULL)
        recurrent_product(p, first - begin, p->h0 + begin * p->units, begin, SE_STORE_ADD);
    if (begin < first)
        begin = first;
    if (begin < end)
        recurrent_product(p, end - begin, p->h + (begin - p->batch) * p->units, begin,
                          SE_STORE_ADD);
}

/* Recurrent weights of which each gate saw another h. */
static void recurrent_gates(const se_lstm_pass *p)
{
    const int64_t u = p->units;

    for (int64_t s = p->h0 != NULL ? 0 : 1; s < p->steps; s++)
        se_lstm_gates_gradient(&p->h_gates, p->f->compute, 0, p->batch, NULL,
                               se_lstm_before(p, p->h, p->kept_h, p->h0, s, 0),
                               p->z + s * p->batch * 4 * u,
                               se_frame_grad(p->f, RECURRENT_KERNEL));
}

static void recurrent_gradient(const se_lstm_pass *p)
{
    const se_store store = se_frame_store(p->f);
    se_lstm_run run = { 0 };

    if (p->mask == NULL && p->h_gates.factor == NULL) {
        if (p->h0 != NULL)
            recurrent_product(p, p->batch, p->h0, 0, store);
        recurrent_product(p, (p->steps - 1) * p->batch, p->h, p->batch,
                          p->h0 != NULL ? SE_STORE_ADD : store);
        return;
    }
    begin_sum(p, RECURRENT_KERNEL, p->units);
    if (p->h_gates.factor != NULL)
        recurrent_gates(p);
    else
        while (se_lstm_next_run(p, &run))
            recurrent_run(p, run.begin, run.end);
}

/* Gradients of kernel and input from dz of `rows` rows, first row of the input `row`. */
static void input_product(const se_lstm_pass *p, int64_t rows, int64_t row, const float *dz,
                          se_store store)
{
    const se_frame *const f = p->f;
    const int64_t n = 4 * p->units;
    float *const d_kernel = se_frame_grad(f, KERNEL);

    if (p->classes != NULL)
        se_scatter_gradient(f->compute, rows, p->features, n, p->classes + row, dz,
                            d_kernel, store);
    else
        se_gemm_gradient(f->compute, rows, p->features, n, p->x + row * p->features,
                         p->features, dz, n, d_kernel, store);
    if (f->want_d_in[0])
        se_gemm(f->compute, rows, dz, n, 1, &p->kernel, f->d_in[0] + row * p->features,
                p->features, SE_STORE_SET, NULL);
}

/* The same for a repeated input: from the sum over the steps. */
static void input_repeated(const se_lstm_pass *p)
{
    const int64_t size = p->batch * 4 * p->units;

    memcpy(p->once, p->z, (size_t)size * sizeof(float));
    for (int64_t s = 1; s < p->steps; s++)
        p->cell.k->add(size, p->z + s * size, p->once);
    input_product(p, p->batch, 0, p->once, se_frame_store(p->f));
}

/* The same where each gate saw another x. */
static void input_gates(const se_lstm_pass *p)
{
    const se_frame *const f = p->f;

    begin_sum(p, KERNEL, p->features);
    for (int64_t s = 0; s < p->steps; s++) {
        const int64_t at = se_lstm_input_row(p, s) * p->features;
        const float *const dz = p->z + s * p->batch * 4 * p->units;

        se_lstm_gates_gradient(&p->x_gates, f->compute, 0, p->batch,
                               se_lstm_step_mask(p, s, 0), p->x + at, dz,
                               se_frame_grad(f, KERNEL));
        if (f->want_d_in[0])
            se_lstm_gates_backward(&p->x_gates, f->compute, 0, p->batch, dz,
                                   f->d_in[0] + at);
    }
}

/* The same run by run, in the order of processing. */
static void input_runs(const se_lstm_pass *p)
{
    const se_frame *const f = p->f;
    const int64_t size = p->batch * p->features;
    se_store store = se_frame_store(f);
    se_lstm_run run = { 0 };

    if (p->mask != NULL) {
        begin_sum(p, KERNEL, p->features);
        store = SE_STORE_ADD;
        if (f->want_d_in[0])
            memset(f->d_in[0], 0, (size_t)(p->steps * size) * sizeof(float));
    }
    for (; se_lstm_next_run(p, &run); store = SE_STORE_ADD)
        input_product(p, run.end - run.begin, run.input, p->z + run.begin * 4 * p->units,
                      store);
    for (int64_t t = 0; p->x_factor != NULL && f->want_d_in[0] && t < p->steps; t++)
        se_noise_apply(size, f->d_in[0] + t * size, p->x_factor, f->d_in[0] + t * size);
}

static void input_gradients(const se_lstm_pass *p)
{
    const se_frame *const f = p->f;
    const int64_t n = 4 * p->units;
    const bool repeated = f->in[0].repeated;

    if (repeated)
        input_repeated(p);
    else if (p->x_gates.factor != NULL)
        input_gates(p);
    else
        input_runs(p);
    if (p->bias != NULL)
        se_bias_gradient(f->compute, repeated ? p->batch : p->steps * p->batch, n,
                         repeated ? p->once : p->z, se_frame_grad(f, BIAS),
                         se_frame_store(f));
}

/* ---- All of it ---------------------------------------------------------------------- */

/* The transposes that the products go through. */
static void pack_transposes(se_lstm_pass *p)
{
    const se_frame *const f = p->f;
    const int64_t u = p->units, n = 4 * u;
    const float *const kernel = se_frame_weight(f, KERNEL);
    const float *const recurrent = se_frame_weight(f, RECURRENT_KERNEL);

    if (p->h_gates.factor != NULL)
        se_lstm_gates_pack(&p->h_gates, f->compute, p->steps, recurrent, true);
    else
        p->recurrent = se_factor_make(f->compute, p->batch, p->steps, n, u, recurrent, 1, n,
                                      p->recurrent_packed);
    if (!f->want_d_in[0])
        return;
    if (p->x_gates.factor != NULL)
        se_lstm_gates_pack(&p->x_gates, f->compute, p->steps, kernel, true);
    else
        p->kernel = se_factor_make(f->compute, p->batch, f->in[0].repeated ? 1 : p->steps,
                                   n, p->features, kernel, 1, n, p->kernel_packed);
}

static void copy_or_clear(float *to, const float *from, int64_t size)
{
    if (from != NULL)
        memcpy(to, from, (size_t)size * sizeof *to);
    else
        memset(to, 0, (size_t)size * sizeof *to);
}

void se_lstm_backward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    se_lstm_pass p = se_lstm_divide(f, &carver);
    const int64_t size = p.batch * p.units;

    pack_transposes(&p);
    copy_or_clear(p.dc, f->d_out[2], size);
    if (p.mask != NULL)
        copy_or_clear(p.dh, f->d_out[1], size);
    se_lstm_run_rows(&p, backward_rows);

    recurrent_gradient(&p);
    input_gradients(&p);
    if (f->want_d_in[1])
        memcpy(f->d_in[1], p.dh, (size_t)size * sizeof(float));
    if (f->want_d_in[2])
        memcpy(f->d_in[2], p.dc, (size_t)size * sizeof(float));
}
