/* kernels/simd.h - vectors of floats, under the same names for every instruction set.
 * SPDX-License-Identifier: MIT
 *
 * The kernels are written once, over the names below, and compiled once per instruction
 * set by kernels_<name>.c, which defines SE_SIMD_<NAME> and includes this.
 *
 *     SE_VW             lanes of a vector
 *     vf, vm            SE_VW floats; SE_VW truth values
 *     v_load_n(p, n)    the first n lanes, 0 < n < SE_VW, the others 0; reads no further
 *     v_fma(a, b, c)    a b + c; rounded once where the machine can (SE_SIMD_FUSED), else
 *                       twice.  Nothing else is ever fused: see -ffp-contract
 *     v_fnma(a, b, c)   c - a b, likewise
 *     v_min(a, b)       a < b ? a : b, so b if one is NaN; v_max(a, b) is a > b ? a : b
 *     v_select(m, a, b) m ? a : b
 *     v_pow2(t, bias)   2^(k + bias), where t = k + SE_ROUND, k an integer
 *     v_sqrt_other(a)   v_sqrt(a), perhaps on other units than those that divide
 *     v_max_bits(a, b)  the larger of two numbers without sign; NaN is larger than all
 *     v_sign(a)         the sign bit alone; v_or() joins bits
 *     SE_SIMD_MASKS     v_load_n() costs about what v_load() does, and there is
 *                       v_load_two(first, p, n, q): lane j from p[j], from q[j] beyond the
 *                       first `first`, of n lanes; v_store_two() likewise
 *     SE_SIMD_HALVES    v_fma_half(), on the first SE_VW / 2 lanes, the others undefined,
 *                       may take half the time; v_load_half(p, n) is v_load_n() for those
 *     v_transpose4()    to (4, 4) = from (4, 4) transposed, rows a step apart
 *
 * A difference between two machines in what one of these returns, NaN bits aside, is a
 * difference in the bits of the library. */
#ifndef SE_KERNELS_SIMD_H
#define SE_KERNELS_SIMD_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

/* Adding this to |x| < 2^22 rounds x to an integer, to even at ties, and leaves that
 * integer in the low bits of the sum. */
#define SE_ROUND 0x1.8p23F

#define SE_OP static SE_ALWAYS_INLINE

#if defined(SE_SIMD_AVX512)
#include "kernels/simd_avx512.h"
#elif defined(SE_SIMD_AVX2)
#include "kernels/simd_avx2.h"
#elif defined(SE_SIMD_SSE2)
#include "kernels/simd_sse2.h"
#elif defined(SE_SIMD_NEON)
#include "kernels/simd_neon.h"
#else /* plain C: vectors of one float */

#define SE_VW 1
#define SE_SIMD_FUSED 0

typedef float vf;
typedef bool vm;

SE_OP vf v_set1(float x)
{
    return x;
}

SE_OP vf v_load(const float *p)
{
    return *p;
}

SE_OP void v_store(float *p, vf a)
{
    *p = a;
}

SE_OP vm v_first(int64_t n)
{
    return n > 0;
}

/* There is no part of one lane: these are never called, but must be there. */
SE_OP vf v_load_n(const float *p, int64_t n)
{
    return n > 0 ? *p : 0.0F;
}

SE_OP void v_store_n(float *p, int64_t n, vf a)
{
    if (n > 0)
        *p = a;
}

SE_OP vf v_add(vf a, vf b)
{
    return a + b;
}

SE_OP vf v_sub(vf a, vf b)
{
    return a - b;
}

SE_OP vf v_mul(vf a, vf b)
{
    return a * b;
}

SE_OP vf v_div(vf a, vf b)
{
    return a / b;
}

SE_OP vf v_sqrt(vf a)
{
    return sqrtf(a);
}

SE_OP vf v_fma(vf a, vf b, vf c)
{
    return a * b + c;
}

SE_OP vf v_fnma(vf a, vf b, vf c)
{
    return c - a * b;
}

SE_OP vf v_min(vf a, vf b)
{
    return a < b ? a : b;
}

SE_OP vf v_max(vf a, vf b)
{
    return a > b ? a : b;
}

SE_OP uint32_t v_bits(vf a)
{
    uint32_t bits;

    memcpy(&bits, &a, sizeof bits);
    return bits;
}

SE_OP vf v_from_bits(uint32_t bits)
{
    vf a;

    memcpy(&a, &bits, sizeof a);
    return a;
}

SE_OP vf v_abs(vf a)
{
    return v_from_bits(v_bits(a) & UINT32_C(0x7fffffff));
}

SE_OP vf v_sign(vf a)
{
    return v_from_bits(v_bits(a) & UINT32_C(0x80000000));
}

SE_OP vf v_or(vf a, vf b)
{
    return v_from_bits(v_bits(a) | v_bits(b));
}

SE_OP vm v_lt(vf a, vf b)
{
    return a < b;
}

SE_OP vm v_eq(vf a, vf b)
{
    return a == b;
}

SE_OP vm v_ne(vf a, vf b)
{
    return a != b;
}

SE_OP vm v_both(vm a, vm b)
{
    return a && b;
}

SE_OP bool v_any(vm m)
{
    return m;
}

SE_OP vf v_select(vm m, vf a, vf b)
{
    return m ? a : b;
}

SE_OP vf v_max_bits(vf a, vf b)
{
    return v_bits(a) > v_bits(b) ? a : b;
}

SE_OP vf v_pow2(vf t, int bias)
{
    return v_from_bits((v_bits(t) << 23) + ((uint32_t)(127 + bias) << 23));
}

SE_OP float v_sum(vf a)
{
    return a;
}

SE_OP float v_largest(vf a)
{
    return a;
}

SE_OP void v_transpose4(const float *from, int64_t from_step, float *to, int64_t to_step)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            to[i * to_step + j] = from[j * from_step + i];
}

#endif

#if !defined(SE_SIMD_MASKS)
#define SE_SIMD_MASKS 0

/* Never called, but must be there. */
SE_OP vf v_load_two(int64_t first, const float *p, int64_t n, const float *q)
{
    return first < n ? v_load(q) : v_load(p);
}

SE_OP void v_store_two(int64_t first, float *p, int64_t n, float *q, vf a)
{
    v_store(first < n ? q : p, a);
}
#endif

#if !defined(SE_SIMD_HALVES)
#define SE_SIMD_HALVES 0

SE_OP vf v_load_half(const float *p, int64_t n)
{
    return v_load_n(p, n);
}

SE_OP vf v_fma_half(vf a, vf b, vf c)
{
    return v_fma(a, b, c);
}
#endif

#if !defined(SE_SIMD_OTHER_SQRT)
SE_OP vf v_sqrt_other(vf a)
{
    return v_sqrt(a);
}
#endif

/* ---- The same for all ------------------------------------------------------------- */

SE_OP vf v_zero(void)
{
    return v_set1(0.0F);
}

/* The first n lanes, 0 <= n: all if n >= SE_VW, `fill` in the others. */
SE_OP vf v_load_or(const float *p, int64_t n, vf fill)
{
    if (n >= SE_VW)
        return v_load(p);
    if (n <= 0)
        return fill;
    return v_select(v_first(n), v_load_n(p, n), fill);
}

SE_OP void v_store_or(float *p, int64_t n, vf a)
{
    if (n >= SE_VW)
        v_store(p, a);
    else if (n > 0)
        v_store_n(p, n, a);
}

SE_OP vm v_isnan(vf a)
{
    return v_ne(a, a);
}

/* ---- Rows in 16 lanes ---------------------------------------------------------------
 *
 * Sums over a row are 16 strided partial sums, lane j taking elements j, j + 16, ...; so
 * many vectors hold them.  v16_sum() joins lane j with j + 8, then j + 4, j + 2, j + 1. */
#define SE_V16 (16 / SE_VW)

typedef struct v16 {
    vf part[SE_V16];
} v16;

SE_OP v16 v16_set1(float x)
{
    v16 a;

    for (int i = 0; i < SE_V16; i++)
        a.part[i] = v_set1(x);
    return a;
}

/* The first n lanes of 16, all if n >= 16, `fill` in the others. */
SE_OP v16 v16_load_or(const float *p, int64_t n, float fill)
{
    v16 a;

    if (n >= 16)
        for (int i = 0; i < SE_V16; i++)
            a.part[i] = v_load(p + i * SE_VW);
    else
        for (int i = 0; i < SE_V16; i++)
            a.part[i] =
                v_load_or(n > i * SE_VW ? p + i * SE_VW : p, n - i * SE_VW, v_set1(fill));
    return a;
}

SE_OP void v16_store_or(float *p, int64_t n, v16 a)
{
    if (n >= 16)
        for (int i = 0; i < SE_V16; i++)
            v_store(p + i * SE_VW, a.part[i]);
    else
        for (int i = 0; i < SE_V16 && n > i * SE_VW; i++)
            v_store_or(p + i * SE_VW, n - i * SE_VW, a.part[i]);
}

SE_OP float v16_sum(v16 a)
{
    for (int half = SE_V16 / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            a.part[i] = v_add(a.part[i], a.part[i + half]);
    return v_sum(a.part[0]);
}

/* The largest lane; lanes that are NaN may or may not be passed over. */
SE_OP float v16_max(v16 a)
{
    for (int half = SE_V16 / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            a.part[i] = v_max(a.part[i], a.part[i + half]);
    return v_largest(a.part[0]);
}

#endif /* SE_KERNELS_SIMD_H */
