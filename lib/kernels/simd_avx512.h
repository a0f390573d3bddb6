/* kernels/simd_avx512.h - kernels/simd.h for x86 with AVX-512 F, DQ and VL.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_SIMD_AVX512_H
#define SE_KERNELS_SIMD_AVX512_H

#include "kernels/simd.h"

#if defined(SE_SIMD_AVX512)

#if !defined(__AVX512F__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
#error "compile with -mavx512f -mavx512dq -mavx512vl -mfma"
#endif

#include <immintrin.h>

#include "kernels/simd_x86.h"

#define SE_VW 16
#define SE_SIMD_FUSED 1
#define SE_SIMD_MASKS 1
#define SE_SIMD_HALVES 1
#define SE_SIMD_OTHER_SQRT 1

typedef __m512 vf;
typedef __mmask16 vm;

SE_OP vf v_set1(float x)
{
    return _mm512_set1_ps(x);
}

SE_OP vf v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

SE_OP void v_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}

SE_OP vm v_first(int64_t n)
{
    return (vm)((1U << (unsigned)n) - 1U);
}

SE_OP vf v_load_n(const float *p, int64_t n)
{
    return _mm512_maskz_loadu_ps(v_first(n), p);
}

SE_OP void v_store_n(float *p, int64_t n, vf a)
{
    _mm512_mask_storeu_ps(p, v_first(n), a);
}

SE_OP vf v_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

SE_OP vf v_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

SE_OP vf v_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

SE_OP vf v_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

SE_OP vf v_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

SE_OP vf v_fma(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}

SE_OP vf v_load_two(int64_t first, const float *p, int64_t n, const float *q)
{
    const vf head = v_load_n(p, first);

    return _mm512_mask_loadu_ps(head, (vm)(v_first(n) & ~v_first(first)), q);
}

SE_OP void v_store_two(int64_t first, float *p, int64_t n, float *q, vf a)
{
    v_store_n(p, first, a);
    _mm512_mask_storeu_ps(q, (vm)(v_first(n) & ~v_first(first)), a);
}

SE_OP vf v_load_half(const float *p, int64_t n)
{
    return _mm512_castps256_ps512(_mm256_maskz_loadu_ps((__mmask8)v_first(n), p));
}

SE_OP vf v_fma_half(vf a, vf b, vf c)
{
    return _mm512_castps256_ps512(_mm256_fmadd_ps(
        _mm512_castps512_ps256(a), _mm512_castps512_ps256(b), _mm512_castps512_ps256(c)));
}

SE_OP vf v_fnma(vf a, vf b, vf c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

/* From an approximation of 14 bits by multiplications, after Markstein (IBM Journal of
 * Research and Development 34, 1990), correctly rounded like the instruction itself: in
 * [2^-96, 2^96), where no step underflows, for each of the 2^24 numbers that differ by more
 * than a power of 4 (tests/kernels/test_cell.c). */
SE_OP vf v_sqrt_other(vf a)
{
    const __m512i low = _mm512_set1_epi32((127 - 96) << 23);
    const __m512i above = _mm512_sub_epi32(_mm512_castps_si512(a), low);
    const vf half = v_set1(0.5F), approximate = _mm512_rsqrt14_ps(a);
    const vf root = v_mul(a, approximate), by = v_mul(half, approximate);
    const vf error = v_fnma(root, by, half);
    const vf near = v_fma(root, error, root), near_by = v_fma(by, error, by);

    if (_mm512_cmpge_epu32_mask(above, _mm512_set1_epi32(192 << 23)) != 0)
        return _mm512_sqrt_ps(a);
    return v_fma(v_fnma(near, near, a), near_by, near);
}

SE_OP vf v_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}

SE_OP vf v_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}

SE_OP vf v_abs(vf a)
{
    return _mm512_andnot_ps(_mm512_set1_ps(-0.0F), a);
}

SE_OP vf v_sign(vf a)
{
    return _mm512_and_ps(_mm512_set1_ps(-0.0F), a);
}

SE_OP vf v_max_bits(vf a, vf b)
{
    return _mm512_castsi512_ps(
        _mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}

SE_OP vf v_or(vf a, vf b)
{
    return _mm512_or_ps(a, b);
}

SE_OP vm v_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

SE_OP vm v_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

SE_OP vm v_ne(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

SE_OP vm v_both(vm a, vm b)
{
    return (vm)(a & b);
}

SE_OP bool v_any(vm m)
{
    return m != 0;
}

SE_OP vf v_select(vm m, vf a, vf b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

SE_OP vf v_pow2(vf t, int bias)
{
    const __m512i k = _mm512_slli_epi32(_mm512_castps_si512(t), 23);

    return _mm512_castsi512_ps(_mm512_add_epi32(k, _mm512_set1_epi32((127 + bias) << 23)));
}

SE_OP float v_sum(vf a)
{
    const __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    const __m128 d = _mm_add_ps(c, _mm_movehl_ps(c, c));

    return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}

SE_OP float v_largest(vf a)
{
    const __m256 b = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    const __m128 d = _mm_max_ps(c, _mm_movehl_ps(c, c));

    return _mm_cvtss_f32(_mm_max_ss(d, _mm_movehdup_ps(d)));
}

#endif /* SE_SIMD_AVX512 */
#endif /* SE_KERNELS_SIMD_AVX512_H */
