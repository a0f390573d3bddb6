/* kernels/math_tmpl.h - exp and its relatives, the activations and their derivatives.
 * SPDX-License-Identifier: MIT
 *
 * Everything stands on exp of a number that is not positive, so nothing overflows:
 *
 *     x = k ln 2 + r, |r| <= ln 2 / 2        exp(x) = 2^k (1 + r + r^2 q(r))
 *
 * q has degree 4; the truncated polynomial is off by less than 3e-9.  ln 2 comes in two
 * parts, the first of 9 bits, so that k times it is exact.  Coefficients are fits at
 * Chebyshev nodes, rounded to float.
 *
 * Every function keeps NaN, takes infinities to their limits, and is right for -0 and
 * for denormals. */
#ifndef SE_KERNELS_MATH_TMPL_H
#define SE_KERNELS_MATH_TMPL_H

#include <float.h>
#include <math.h>

#include "kernels/simd.h"

/* x = k ln 2 + r: returns e with exp(r) = 1 + e, and *t = k + SE_ROUND for v_pow2(). */
SE_OP vf exp_reduce(vf x, vf *t)
{
    const vf round = v_set1(SE_ROUND);
    const vf shifted = v_fma(x, v_set1(0x1.715476p+0F), round);
    const vf k = v_sub(shifted, round);
    const vf r_high = v_fnma(k, v_set1(0x1.63p-1F), x);
    const vf r = v_fnma(k, v_set1(-0x1.bd0106p-13F), r_high);
    const vf r2 = v_mul(r, r);
    const vf low = v_fma(v_set1(0x1.5554dcp-3F), r, v_set1(0.5F));
    const vf high = v_fma(v_set1(0x1.120c62p-7F), r, v_set1(0x1.555518p-5F));
    const vf q = v_fma(v_fma(v_set1(0x1.6d11fep-10F), r2, high), r2, low);

    *t = shifted;
    return v_fma(r2, q, r);
}

/* exp(x) for x <= 0, down to the denormals: the scaling goes through 2^(k + 32), which is
 * a normal number, so that only the last step rounds again. */
SE_OP vf v_exp_negative(vf x)
{
    vf t;
    const vf e = exp_reduce(v_max(v_set1(-104.0F), x), &t);
    const vf scaled = v_mul(v_add(v_set1(1.0F), e), v_pow2(t, 32));

    return v_mul(scaled, v_set1(0x1p-32F));
}

/* exp(x) - 1 for x <= 0, accurate near 0 too. */
SE_OP vf v_expm1_negative(vf x)
{
    vf t;
    const vf e = exp_reduce(v_max(v_set1(-30.0F), x), &t);
    const vf scale = v_pow2(t, 0);

    return v_fma(e, scale, v_sub(scale, v_set1(1.0F)));
}

/* log(1 + u) for 0 <= u <= 1: 2 atanh(s), s = u / (2 + u). */
SE_OP vf v_log1p_unit(vf u)
{
    const vf s = v_div(u, v_add(v_set1(2.0F), u));
    const vf s2 = v_mul(s, s);
    vf p = v_set1(0x1.12f598p-2F);

    p = v_fma(p, s2, v_set1(0x1.21249ap-2F));
    p = v_fma(p, s2, v_set1(0x1.99ad6cp-2F));
    p = v_fma(p, s2, v_set1(0x1.55554cp-1F));
    return v_fma(v_mul(s, s2), p, v_add(s, s));
}

/* ---- Activations ------------------------------------------------------------------- */

SE_OP vf act_linear(vf x)
{
    return x;
}

/* tanh|x| = -e / (e + 2), e = exp(-2|x|) - 1. */
SE_OP vf act_tanh(vf x)
{
    const vf e = v_expm1_negative(v_mul(v_set1(-2.0F), v_abs(x)));

    return v_or(v_abs(v_div(e, v_add(e, v_set1(2.0F)))), v_sign(x));
}

/* 1 / (1 + e) or e / (1 + e), e = exp(-|x|): both tails keep their relative accuracy. */
SE_OP vf act_sigmoid(vf x)
{
    const vf one = v_set1(1.0F);
    const vf e = v_exp_negative(v_or(v_abs(x), v_set1(-0.0F)));

    return v_div(v_select(v_lt(x, v_zero()), e, one), v_add(one, e));
}

SE_OP vf clip_unit(vf x)
{
    return v_min(v_set1(1.0F), v_max(v_zero(), x));
}

SE_OP vf act_hard_sigmoid(vf x)
{
    return clip_unit(v_fma(x, v_set1(1.0F / 6.0F), v_set1(0.5F)));
}

SE_OP vf act_hard_sigmoid_keras2(vf x)
{
    return clip_unit(v_fma(x, v_set1(0.2F), v_set1(0.5F)));
}

SE_OP vf act_relu(vf x)
{
    return v_max(v_zero(), x);
}

SE_OP vf act_elu(vf x)
{
    return v_select(v_lt(v_zero(), x), x, v_expm1_negative(v_min(v_zero(), x)));
}

#define SELU_SCALE 1.05070098F
#define SELU_SLOPE (1.05070098F * 1.67326324F)

SE_OP vf act_selu(vf x)
{
    const vf negative = v_mul(v_set1(SELU_SLOPE), v_expm1_negative(v_min(v_zero(), x)));

    return v_select(v_lt(v_zero(), x), v_mul(v_set1(SELU_SCALE), x), negative);
}

SE_OP vf act_softplus(vf x)
{
    const vf e = v_exp_negative(v_or(v_abs(x), v_set1(-0.0F)));

    return v_add(v_max(v_zero(), x), v_log1p_unit(e));
}

SE_OP vf act_softsign(vf x)
{
    const vf size = v_min(v_set1(FLT_MAX), v_abs(x));

    return v_or(v_div(size, v_add(v_set1(1.0F), size)), v_sign(x));
}

SE_OP vf act_swish(vf x)
{
    return v_mul(v_max(v_set1(-FLT_MAX), x), act_sigmoid(x));
}

/* ---- Derivatives, from y = f(x); SWISH and SOFTPLUS from x too ---------------------- */

SE_OP vf slope_tanh(vf y)
{
    return v_fnma(y, y, v_set1(1.0F));
}

SE_OP vf slope_sigmoid(vf y)
{
    return v_fnma(y, y, y);
}

/* `slope` inside (0, 1), 0 at the ends. */
SE_OP vf slope_clipped(vf y, float slope)
{
    const vm inside = v_both(v_lt(v_zero(), y), v_lt(y, v_set1(1.0F)));

    return v_select(inside, v_set1(slope), v_zero());
}

SE_OP vf slope_relu(vf y)
{
    return v_select(v_lt(v_zero(), y), v_set1(1.0F), v_zero());
}

SE_OP vf slope_elu(vf y)
{
    return v_select(v_lt(v_zero(), y), v_set1(1.0F), v_add(y, v_set1(1.0F)));
}

SE_OP vf slope_selu(vf y)
{
    return v_select(v_lt(v_zero(), y), v_set1(SELU_SCALE), v_add(y, v_set1(SELU_SLOPE)));
}

SE_OP vf slope_softsign(vf y)
{
    const vf rest = v_sub(v_set1(1.0F), v_abs(y));

    return v_mul(rest, rest);
}

/* s + y (1 - s), s = sigmoid(x). */
SE_OP vf slope_swish(vf x, vf y)
{
    const vf s = act_sigmoid(x);

    return v_fma(v_min(v_set1(FLT_MAX), y), v_sub(v_set1(1.0F), s), s);
}

SE_OP vf slope_softplus(vf x, vf y)
{
    SE_UNUSED(y);
    return act_sigmoid(x);
}

/* ---- One number --------------------------------------------------------------------- */

/* log(x) for x > 0; NaN and Inf stay.  In double and with operations of one rounding each,
 * so that it has the same bits everywhere, which a libm's would not. */
SE_OP float log_of(float x)
{
    const double value = (double)x;
    uint64_t bits;
    double m, s, t, t2, series;
    int64_t k;

    if (!(x < INFINITY))
        return x;
    memcpy(&bits, &value, sizeof bits);
    /* m in [sqrt 1/2, sqrt 2): the exponent turns over where the fraction passes sqrt 2. */
    k = (int64_t)((bits + UINT64_C(0x00095f6400000000)) >> 52) - 1023;
    bits -= (uint64_t)k << 52;
    memcpy(&m, &bits, sizeof m);
    s = (m - 1.0) / (m + 1.0);
    t = s * s;
    t2 = t * t;
    series = ((1.0 / 3.0 + t * (1.0 / 5.0)) + t2 * (1.0 / 7.0 + t * (1.0 / 9.0))) +
             (t2 * t2) * ((1.0 / 11.0 + t * (1.0 / 13.0)) + t2 * (1.0 / 15.0));
    return (float)((double)k * 0.69314718055994530942 +
                   (2.0 * s + (2.0 * s) * (t * series)));
}

#endif /* SE_KERNELS_MATH_TMPL_H */
