/* kernels/simd_avx2.h - kernels/simd.h for x86 with AVX2 and FMA.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_SIMD_AVX2_H
#define SE_KERNELS_SIMD_AVX2_H

#include "kernels/simd.h"

#if defined(SE_SIMD_AVX2)

#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile with -mavx2 -mfma"
#endif

#include <immintrin.h>

#include "kernels/simd_x86.h"

#define SE_VW 8
#define SE_SIMD_FUSED 1
#define SE_SIMD_MASKS 1

typedef __m256 vf;
typedef __m256 vm; /* all bits of a lane equal */

SE_OP vf v_set1(float x)
{
    return _mm256_set1_ps(x);
}

SE_OP vf v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

SE_OP void v_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a);
}

SE_OP vm v_first(int64_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
}

SE_OP vf v_load_n(const float *p, int64_t n)
{
    return _mm256_maskload_ps(p, _mm256_castps_si256(v_first(n)));
}

SE_OP void v_store_n(float *p, int64_t n, vf a)
{
    _mm256_maskstore_ps(p, _mm256_castps_si256(v_first(n)), a);
}

SE_OP __m256i rest_of(int64_t first, int64_t n)
{
    return _mm256_castps_si256(_mm256_andnot_ps(v_first(first), v_first(n)));
}

SE_OP vf v_load_two(int64_t first, const float *p, int64_t n, const float *q)
{
    return _mm256_or_ps(v_load_n(p, first), _mm256_maskload_ps(q, rest_of(first, n)));
}

SE_OP void v_store_two(int64_t first, float *p, int64_t n, float *q, vf a)
{
    v_store_n(p, first, a);
    _mm256_maskstore_ps(q, rest_of(first, n), a);
}

SE_OP vf v_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

SE_OP vf v_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

SE_OP vf v_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

SE_OP vf v_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

SE_OP vf v_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}

SE_OP vf v_fma(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}

SE_OP vf v_fnma(vf a, vf b, vf c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

SE_OP vf v_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}

SE_OP vf v_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}

SE_OP vf v_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a);
}

SE_OP vf v_sign(vf a)
{
    return _mm256_and_ps(_mm256_set1_ps(-0.0F), a);
}

SE_OP vf v_max_bits(vf a, vf b)
{
    return _mm256_castsi256_ps(
        _mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}

SE_OP vf v_or(vf a, vf b)
{
    return _mm256_or_ps(a, b);
}

SE_OP vm v_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

SE_OP vm v_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

SE_OP vm v_ne(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_NEQ_UQ);
}

SE_OP vm v_both(vm a, vm b)
{
    return _mm256_and_ps(a, b);
}

SE_OP bool v_any(vm m)
{
    return _mm256_movemask_ps(m) != 0;
}

SE_OP vf v_select(vm m, vf a, vf b)
{
    return _mm256_blendv_ps(b, a, m);
}

SE_OP vf v_pow2(vf t, int bias)
{
    const __m256i k = _mm256_slli_epi32(_mm256_castps_si256(t), 23);

    return _mm256_castsi256_ps(_mm256_add_epi32(k, _mm256_set1_epi32((127 + bias) << 23)));
}

SE_OP float v_sum(vf a)
{
    const __m128 c = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 d = _mm_add_ps(c, _mm_movehl_ps(c, c));

    return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}

SE_OP float v_largest(vf a)
{
    const __m128 c = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 d = _mm_max_ps(c, _mm_movehl_ps(c, c));

    return _mm_cvtss_f32(_mm_max_ss(d, _mm_movehdup_ps(d)));
}

#endif /* SE_SIMD_AVX2 */
#endif /* SE_KERNELS_SIMD_AVX2_H */
