/* kernels/simd_x86.h - what every x86 form of kernels/simd.h has in common.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_SIMD_X86_H
#define SE_KERNELS_SIMD_X86_H

#include "kernels/simd.h"

#if defined(SE_SIMD_SSE2) || defined(SE_SIMD_AVX2) || defined(SE_SIMD_AVX512)

#include <emmintrin.h>

SE_OP void v_transpose4(const float *from, int64_t from_step, float *to, int64_t to_step)
{
    const __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_step);
    const __m128 c = _mm_loadu_ps(from + 2 * from_step);
    const __m128 d = _mm_loadu_ps(from + 3 * from_step);
    const __m128 ab_low = _mm_unpacklo_ps(a, b), ab_high = _mm_unpackhi_ps(a, b);
    const __m128 cd_low = _mm_unpacklo_ps(c, d), cd_high = _mm_unpackhi_ps(c, d);

    _mm_storeu_ps(to, _mm_movelh_ps(ab_low, cd_low));
    _mm_storeu_ps(to + to_step, _mm_movehl_ps(cd_low, ab_low));
    _mm_storeu_ps(to + 2 * to_step, _mm_movelh_ps(ab_high, cd_high));
    _mm_storeu_ps(to + 3 * to_step, _mm_movehl_ps(cd_high, ab_high));
}

#endif
#endif /* SE_KERNELS_SIMD_X86_H */
