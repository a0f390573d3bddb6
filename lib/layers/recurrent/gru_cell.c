/* layers/recurrent/gru_cell.c - one time step of a GRU.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/gru.h"

#include <string.h>

#include "layers/activate.h"

static const float *row_of(const float *array, int64_t r, int64_t width)
{
    return array != NULL ? array + r * width : NULL;
}

/* h = z before + (1 - z) g. */
static void mix(int64_t u, const float *z, const float *g, const float *before, float *h)
{
    for (int64_t j = 0; j < u; j++)
        h[j] = (before != NULL ? z[j] * before[j] : 0.0f) + (1.0f - z[j]) * g[j];
}

/* One row: gradients of the gates z and g, that of g through its activation, and of h_prev
 * through the mixture.  d: (3 units), blocks z and h. */
static void part(const se_rnn_pass *p, const se_rnn_step *step, int64_t r, float *d)
{
    const int64_t u = p->units;
    const float *const z = step->a + r * p->width, *const g = z + 2 * u;
    const float *const pre = row_of(step->pre, r, p->width);
    const float *const before = row_of(step->before, r, u);
    const float *const dh_1 = row_of(step->dh_1, r, u), *const dh_2 = step->dh_2 + r * u;
    float *const dh_before = step->dh_before + r * u;

    for (int64_t j = 0; j < u; j++) {
        const float dh = (dh_1 != NULL ? dh_1[j] : 0.0f) + dh_2[j];

        d[j] = dh * ((before != NULL ? before[j] : 0.0f) - g[j]);
        d[2 * u + j] = dh * (1.0f - z[j]);
        dh_before[j] = dh * z[j];
    }
    se_activate_backward(p->f->compute->k, p->rnn->activation, 1, u,
                         pre != NULL ? pre + 2 * u : NULL, g, d + 2 * u, d + 2 * u);
}

/* One row: gradients of the gates z and r through their activation, in d and into a. */
static void gates_backward(const se_rnn_pass *p, const se_rnn_step *step, int64_t r,
                           float *d)
{
    const int64_t u = p->units;
    float *const a = step->a + r * p->width;

    se_activate_backward(p->f->compute->k, p->rnn->recurrent_activation, 2, u,
                         row_of(step->pre, r, p->width), a, d, d);
    memcpy(a, d, (size_t)(2 * u) * sizeof *a);
}

/* ---- Reset after the product -------------------------------------------------------- */

static void after_products(const se_rnn_pass *p, const se_rnn_step *step)
{
    for (int i = 0; i < p->n_rec; i++)
        se_rnn_product(p, step, &p->rec[i], se_rnn_left(p, step, &p->rec[i]));
}

static void after_products_backward(const se_rnn_pass *p, const se_rnn_step *step)
{
    for (int i = 0; step->want_before && i < p->n_rec; i++)
        se_rnn_product_backward(p, step, &p->rec[i]);
}

static void fused_forward(const se_rnn_pass *p, const se_rnn_step *step)
{
    after_products(p, step);
    p->f->compute->k->gru_forward(step->rows, p->units, step->a, step->b, step->before,
                                  step->h);
}

static void fused_backward(const se_rnn_pass *p, const se_rnn_step *step)
{
    p->f->compute->k->gru_backward(step->rows, p->units, step->a, step->b, step->before,
                                   step->dh_1, step->dh_2, step->dh_before);
    after_products_backward(p, step);
}

static void after_forward(const se_rnn_pass *p, const se_rnn_step *step)
{
    const se_kernels *const k = p->f->compute->k;
    const int64_t u = p->units;

    after_products(p, step);
    for (int64_t row = 0; row < step->rows; row++) {
        float *const a = step->a + row * p->width, *const g = a + 2 * u;
        const float *const b = step->b + row * p->width, *const r = a + u;
        float *const pre = step->pre != NULL ? step->pre + row * p->width : NULL;

        k->add(2 * u, b, a);
        if (pre != NULL)
            memcpy(pre, a, (size_t)(2 * u) * sizeof *pre);
        se_activate(k, p->rnn->recurrent_activation, 2, u, a, a);
        for (int64_t j = 0; j < u; j++)
            g[j] += r[j] * b[2 * u + j];
        if (pre != NULL)
            memcpy(pre + 2 * u, g, (size_t)u * sizeof *pre);
        se_activate(k, p->rnn->activation, 1, u, g, g);
        mix(u, a, g, row_of(step->before, row, u), step->h + row * u);
    }
}

static void after_backward(const se_rnn_pass *p, const se_rnn_step *step)
{
    const int64_t u = p->units;

    for (int64_t row = 0; row < step->rows; row++) {
        float *const a = step->a + row * p->width, *const b = step->b + row * p->width;
        float *const d = step->scratch + row * p->width;

        part(p, step, row, d);
        for (int64_t j = 0; j < u; j++) {
            d[u + j] = d[2 * u + j] * b[2 * u + j];
            b[2 * u + j] = d[2 * u + j] * a[u + j];
        }
        gates_backward(p, step, row, d);
        memcpy(a + 2 * u, d + 2 * u, (size_t)u * sizeof *a);
        memcpy(b, d, (size_t)(2 * u) * sizeof *b);
    }
    after_products_backward(p, step);
}

/* ---- Reset before the product ------------------------------------------------------- */

/* The factor of dropout of a row's h in a block, or NULL. */
static const float *noise_of(const se_rnn_pass *p, const se_rnn_step *step,
                             const se_rnn_block *block, int64_t row)
{
    return row_of(block->noise, step->begin + row, p->units);
}

/* r h, dropout done. */
static const float *reset(const se_rnn_pass *p, const se_rnn_step *step,
                          const se_rnn_block *last)
{
    const int64_t u = p->units;
    float *const left = se_rnn_left_room(p, step, last);

    if (step->before == NULL)
        return NULL;
    for (int64_t row = 0; row < step->rows; row++) {
        const float *const r = step->a + row * p->width + u;
        const float *const before = step->before + row * u;
        const float *const noise = noise_of(p, step, last, row);

        for (int64_t j = 0; j < u; j++)
            left[row * u + j] = r[j] * (noise != NULL ? before[j] * noise[j] : before[j]);
    }
    return left;
}

static void before_forward(const se_rnn_pass *p, const se_rnn_step *step)
{
    const se_kernels *const k = p->f->compute->k;
    const se_rnn_block *const last = &p->rec[p->n_rec - 1];
    const int64_t u = p->units;

    for (const se_rnn_block *block = p->rec; block < last; block++)
        se_rnn_product(p, step, block, se_rnn_left(p, step, block));
    for (int64_t row = 0; row < step->rows; row++) {
        float *const a = step->a + row * p->width;

        if (step->pre != NULL)
            memcpy(step->pre + row * p->width, a, (size_t)(2 * u) * sizeof *a);
        se_activate(k, p->rnn->recurrent_activation, 2, u, a, a);
    }
    se_rnn_product(p, step, last, reset(p, step, last));
    for (int64_t row = 0; row < step->rows; row++) {
        float *const a = step->a + row * p->width, *const g = a + 2 * u;

        if (step->pre != NULL)
            memcpy(step->pre + row * p->width + 2 * u, g, (size_t)u * sizeof *g);
        se_activate(k, p->rnn->activation, 1, u, g, g);
        mix(u, a, g, row_of(step->before, row, u), step->h + row * u);
    }
}

/* Through r h: the gradient of r into d, and that of h onto dh_before. */
static void reset_backward(const se_rnn_pass *p, const se_rnn_step *step,
                           const se_rnn_block *last)
{
    const int64_t u = p->units;
    const float *const d_left = se_rnn_left_gradient(p, step, last);

    for (int64_t row = 0; row < step->rows; row++) {
        const float *const r = step->a + row * p->width + u, *const dl = d_left + row * u;
        const float *const before = step->before + row * u;
        const float *const noise = noise_of(p, step, last, row);
        float *const dr = step->scratch + row * p->width + u;
        float *const dh_before = step->dh_before + row * u;

        for (int64_t j = 0; j < u; j++) {
            const float d = noise != NULL ? dl[j] * noise[j] : dl[j];

            dr[j] = d * before[j];
            dh_before[j] += d * r[j];
        }
    }
}

static void before_backward(const se_rnn_pass *p, const se_rnn_step *step)
{
    const se_rnn_block *const last = &p->rec[p->n_rec - 1];
    const int64_t u = p->units;

    for (int64_t row = 0; row < step->rows; row++) {
        float *const d = step->scratch + row * p->width;

        part(p, step, row, d);
        memset(d + u, 0, (size_t)u * sizeof *d);
        memcpy(step->a + row * p->width + 2 * u, d + 2 * u, (size_t)u * sizeof *d);
    }
    if (step->before != NULL)
        reset_backward(p, step, last);
    for (int64_t row = 0; row < step->rows; row++)
        gates_backward(p, step, row, step->scratch + row * p->width);
    for (const se_rnn_block *block = p->rec; step->want_before && block < last; block++)
        se_rnn_product_backward(p, step, block);
}

void se_gru_cell(se_rnn *rnn, bool reset_before)
{
    const bool fused = !reset_before && rnn->activation == SEQECHO_TANH &&
                       rnn->recurrent_activation == SEQECHO_SIGMOID;

    rnn->beside = !reset_before;
    rnn->last_late = reset_before;
    rnn->scratch = !fused;
    rnn->pre = se_activation_needs_input(rnn->activation) ||
               se_activation_needs_input(rnn->recurrent_activation);
    rnn->forward = fused ? fused_forward : reset_before ? before_forward : after_forward;
    rnn->backward = fused          ? fused_backward
                    : reset_before ? before_backward
                                   : after_backward;
}
