/* kernels/optimizer_tmpl.h - steps of optimizers, and what is done to gradients before.
 * SPDX-License-Identifier: MIT
 *
 * Roots and quotients are correctly rounded everywhere.  But for the means of Adam and its
 * kin nothing is fused, so all other results are the same on machines without a fused
 * multiply-add too. */
#ifndef SE_KERNELS_OPTIMIZER_TMPL_H
#define SE_KERNELS_OPTIMIZER_TMPL_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

/* ---- Adam and its kin --------------------------------------------------------------- */

/* `other`: take the other square root. */
SE_OP void adam_part(int64_t lanes, const bool other, float *w, const float *g, float *m,
                     float *v, vf alpha, vf rate_1, vf rate_2, vf epsilon)
{
    const vf zero = v_zero();
    const vf grad = v_load_or(g, lanes, zero);
    const vf m_old = v_load_or(m, lanes, zero);
    const vf v_old = v_load_or(v, lanes, zero);
    const vf m_new = v_fma(v_sub(grad, m_old), rate_1, m_old);
    const vf v_new = v_fma(v_sub(v_mul(grad, grad), v_old), rate_2, v_old);
    const vf root = other ? v_sqrt_other(v_new) : v_sqrt(v_new);
    const vf step = v_div(v_mul(alpha, m_new), v_add(root, epsilon));

    v_store_or(m, lanes, m_new);
    v_store_or(v, lanes, v_new);
    v_store_or(w, lanes, v_sub(v_load_or(w, lanes, zero), step));
}

/* Roots and quotients come of the same unit of the processor, so every second root is made
 * elsewhere. */
static void adam(int64_t n, float *w, const float *g, float *m, float *v, float alpha,
                 float rate_1, float rate_2, float epsilon)
{
    const vf a = v_set1(alpha), r1 = v_set1(rate_1), r2 = v_set1(rate_2);
    const vf e = v_set1(epsilon);
    int64_t i = 0;

    for (; n - i >= 2 * SE_VW; i += 2 * SE_VW) {
        const int64_t j = i + SE_VW;

        adam_part(SE_VW, false, w + i, g + i, m + i, v + i, a, r1, r2, e);
        adam_part(SE_VW, true, w + j, g + j, m + j, v + j, a, r1, r2, e);
    }
    for (; i < n; i += SE_VW)
        adam_part(n - i, false, w + i, g + i, m + i, v + i, a, r1, r2, e);
}

/* A mean moves towards x by this share of the way, as in adam_part(). */
SE_OP vf move_mean(float *mean, int64_t lanes, vf x, float share)
{
    const vf old = v_load_or(mean, lanes, v_zero());
    const vf moved = v_fma(v_sub(x, old), v_set1(share), old);

    v_store_or(mean, lanes, moved);
    return moved;
}

static void adamw(int64_t n, float *w, const float *g, float *m, float *v, float *largest,
                  const se_adamw_rates *r)
{
    const vf alpha = v_set1(r->alpha), decay = v_set1(r->decay);
    const vf epsilon = v_set1(r->epsilon), zero = v_zero();

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf grad = v_load_or(g + i, n - i, zero);
        const vf old = v_load_or(w + i, n - i, zero);
        const vf m_new = move_mean(m + i, n - i, grad, r->rate_1);
        vf square = move_mean(v + i, n - i, v_mul(grad, grad), r->rate_2);
        vf step;

        if (largest != NULL) {
            square = v_max(square, v_load_or(largest + i, n - i, zero));
            v_store_or(largest + i, n - i, square);
        }
        step = v_div(v_mul(alpha, m_new), v_add(v_sqrt(square), epsilon));
        v_store_or(w + i, n - i, v_sub(v_sub(old, v_mul(old, decay)), step));
    }
}

static void nadam(int64_t n, float *w, const float *g, float *m, float *v,
                  const se_nadam_rates *r)
{
    const vf of_m = v_set1(r->of_m), of_g = v_set1(r->of_g), of_v = v_set1(r->of_v);
    const vf epsilon = v_set1(r->epsilon), zero = v_zero();

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf grad = v_load_or(g + i, n - i, zero);
        const vf m_new = move_mean(m + i, n - i, grad, r->rate_1);
        const vf v_new = move_mean(v + i, n - i, v_mul(grad, grad), r->rate_2);
        const vf ahead = v_add(v_mul(of_m, m_new), v_mul(of_g, grad));
        const vf step = v_div(ahead, v_add(v_sqrt(v_mul(of_v, v_new)), epsilon));

        v_store_or(w + i, n - i, v_sub(v_load_or(w + i, n - i, zero), step));
    }
}

/* ---- Others ------------------------------------------------------------------------- */

/* momentum v + step, as the new v. */
SE_OP vf move_velocity(float *v, int64_t lanes, vf momentum, vf step)
{
    const vf moved = v_add(v_mul(momentum, v_load_or(v, lanes, v_zero())), step);

    v_store_or(v, lanes, moved);
    return moved;
}

static void sgd(int64_t n, float *w, const float *g, float *v, float rate, float momentum,
                bool nesterov)
{
    const vf down = v_set1(-rate), mu = v_set1(momentum), zero = v_zero();

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf slope = v_mul(down, v_load_or(g + i, n - i, zero));
        vf step = slope;

        if (v != NULL)
            step = move_velocity(v + i, n - i, mu, slope);
        if (v != NULL && nesterov)
            step = v_add(v_mul(mu, step), slope);
        v_store_or(w + i, n - i, v_add(v_load_or(w + i, n - i, zero), step));
    }
}

/* rho mean + rest x, as the new mean. */
SE_OP vf blend_mean(float *mean, int64_t lanes, vf x, const se_rmsprop_rates *r)
{
    const vf old = v_load_or(mean, lanes, v_zero());
    const vf blend = v_add(v_mul(v_set1(r->rho), old), v_mul(v_set1(r->rest), x));

    v_store_or(mean, lanes, blend);
    return blend;
}

static void rmsprop(int64_t n, float *w, const float *g, float *v, float *mean,
                    float *velocity, const se_rmsprop_rates *r)
{
    const vf rate = v_set1(r->rate), momentum = v_set1(r->momentum);
    const vf epsilon = v_set1(r->epsilon), zero = v_zero();

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf grad = v_load_or(g + i, n - i, zero);
        vf square = blend_mean(v + i, n - i, v_mul(grad, grad), r);
        vf root, step;

        if (mean != NULL) {
            const vf centre = blend_mean(mean + i, n - i, grad, r);

            square = v_max(v_sub(square, v_mul(centre, centre)), zero);
        }
        root = r->outside ? v_add(v_sqrt(square), epsilon) : v_sqrt(v_add(square, epsilon));
        step = v_div(v_mul(rate, grad), root);
        if (velocity != NULL)
            step = move_velocity(velocity + i, n - i, momentum, step);
        v_store_or(w + i, n - i, v_sub(v_load_or(w + i, n - i, zero), step));
    }
}

/* ---- Before the step ---------------------------------------------------------------- */

static void regularize(int64_t n, const float *w, float l1, float twice_l2, float *g)
{
    const vf size = v_set1(l1), slope = v_set1(twice_l2), zero = v_zero();

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf weight = v_load_or(w + i, n - i, zero);
        const vf sign = v_select(v_eq(weight, zero), zero, v_or(size, v_sign(weight)));
        const vf more = v_add(sign, v_mul(slope, weight));

        v_store_or(g + i, n - i, v_add(v_load_or(g + i, n - i, zero), more));
    }
}

static void clip(int64_t n, const float *x, float scale, float limit, float *y)
{
    const vf by = v_set1(scale), hi = v_set1(limit), lo = v_set1(-limit);

    for (int64_t i = 0; i < n; i += SE_VW) {
        const vf scaled = v_mul(v_load_or(x + i, n - i, v_zero()), by);

        v_store_or(y + i, n - i, v_max(v_min(scaled, hi), lo));
    }
}

/* Few enough that squares of gradients, which are below 1e18, cannot overflow. */
#define SUM_BLOCK 256

SE_OP double block_sums(int64_t n, const float *x, const bool squares)
{
    double total = 0.0;

    for (int64_t begin = 0; begin < n; begin += SUM_BLOCK) {
        const int64_t end = n - begin < SUM_BLOCK ? n : begin + SUM_BLOCK;
        v16 sum = v16_set1(0.0F);

        for (int64_t i = begin; i < end; i += 16) {
            const v16 a = v16_load_or(x + i, end - i, 0.0F);

            for (int j = 0; j < SE_V16; j++)
                sum.part[j] = v_add(sum.part[j], squares ? v_mul(a.part[j], a.part[j])
                                                         : v_abs(a.part[j]));
        }
        total += (double)v16_sum(sum);
    }
    return total;
}

static double abs_sum(int64_t n, const float *x)
{
    return block_sums(n, x, false);
}

static double square_sum(int64_t n, const float *x)
{
    return block_sums(n, x, true);
}

#endif /* SE_KERNELS_OPTIMIZER_TMPL_H */
