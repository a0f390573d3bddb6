/* kernels/simd_sse2.h - kernels/simd.h for every 64-bit x86: SSE2, no fused multiply-add.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_SIMD_SSE2_H
#define SE_KERNELS_SIMD_SSE2_H

#include "kernels/simd.h"

#if defined(SE_SIMD_SSE2)

#if !defined(__SSE2__)
#error "compile with -msse2"
#endif

#include <emmintrin.h>

#include "kernels/simd_x86.h"

#define SE_VW 4
#define SE_SIMD_FUSED 0

typedef __m128 vf;
typedef __m128 vm; /* all bits of a lane equal */

SE_OP vf v_set1(float x)
{
    return _mm_set1_ps(x);
}

SE_OP vf v_load(const float *p)
{
    return _mm_loadu_ps(p);
}

SE_OP void v_store(float *p, vf a)
{
    _mm_storeu_ps(p, a);
}

SE_OP vm v_first(int64_t n)
{
    const __m128i lane = _mm_setr_epi32(0, 1, 2, 3);

    return _mm_castsi128_ps(_mm_cmpgt_epi32(_mm_set1_epi32((int)n), lane));
}

SE_OP vf v_load_n(const float *p, int64_t n)
{
    return _mm_setr_ps(p[0], n > 1 ? p[1] : 0.0F, n > 2 ? p[2] : 0.0F, 0.0F);
}

SE_OP void v_store_n(float *p, int64_t n, vf a)
{
    float lane[4];

    _mm_storeu_ps(lane, a);
    p[0] = lane[0];
    if (n > 1)
        p[1] = lane[1];
    if (n > 2)
        p[2] = lane[2];
}

SE_OP vf v_add(vf a, vf b)
{
    return _mm_add_ps(a, b);
}

SE_OP vf v_sub(vf a, vf b)
{
    return _mm_sub_ps(a, b);
}

SE_OP vf v_mul(vf a, vf b)
{
    return _mm_mul_ps(a, b);
}

SE_OP vf v_div(vf a, vf b)
{
    return _mm_div_ps(a, b);
}

SE_OP vf v_sqrt(vf a)
{
    return _mm_sqrt_ps(a);
}

SE_OP vf v_fma(vf a, vf b, vf c)
{
    return _mm_add_ps(_mm_mul_ps(a, b), c);
}

SE_OP vf v_fnma(vf a, vf b, vf c)
{
    return _mm_sub_ps(c, _mm_mul_ps(a, b));
}

SE_OP vf v_min(vf a, vf b)
{
    return _mm_min_ps(a, b);
}

SE_OP vf v_max(vf a, vf b)
{
    return _mm_max_ps(a, b);
}

SE_OP vf v_abs(vf a)
{
    return _mm_andnot_ps(_mm_set1_ps(-0.0F), a);
}

SE_OP vf v_sign(vf a)
{
    return _mm_and_ps(_mm_set1_ps(-0.0F), a);
}

SE_OP vf v_max_bits(vf a, vf b)
{
    const __m128 above =
        _mm_castsi128_ps(_mm_cmpgt_epi32(_mm_castps_si128(a), _mm_castps_si128(b)));

    return _mm_or_ps(_mm_and_ps(above, a), _mm_andnot_ps(above, b));
}

SE_OP vf v_or(vf a, vf b)
{
    return _mm_or_ps(a, b);
}

SE_OP vm v_lt(vf a, vf b)
{
    return _mm_cmplt_ps(a, b);
}

SE_OP vm v_eq(vf a, vf b)
{
    return _mm_cmpeq_ps(a, b);
}

SE_OP vm v_ne(vf a, vf b)
{
    return _mm_cmpneq_ps(a, b);
}

SE_OP vm v_both(vm a, vm b)
{
    return _mm_and_ps(a, b);
}

SE_OP bool v_any(vm m)
{
    return _mm_movemask_ps(m) != 0;
}

SE_OP vf v_select(vm m, vf a, vf b)
{
    return _mm_or_ps(_mm_and_ps(m, a), _mm_andnot_ps(m, b));
}

SE_OP vf v_pow2(vf t, int bias)
{
    const __m128i k = _mm_slli_epi32(_mm_castps_si128(t), 23);

    return _mm_castsi128_ps(_mm_add_epi32(k, _mm_set1_epi32((127 + bias) << 23)));
}

SE_OP float v_sum(vf a)
{
    const __m128 d = _mm_add_ps(a, _mm_movehl_ps(a, a));

    return _mm_cvtss_f32(_mm_add_ss(d, _mm_shuffle_ps(d, d, 1)));
}

SE_OP float v_largest(vf a)
{
    const __m128 d = _mm_max_ps(a, _mm_movehl_ps(a, a));

    return _mm_cvtss_f32(_mm_max_ss(d, _mm_shuffle_ps(d, d, 1)));
}

#endif /* SE_SIMD_SSE2 */
#endif /* SE_KERNELS_SIMD_SSE2_H */
