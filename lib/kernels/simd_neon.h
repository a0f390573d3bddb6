/* kernels/simd_neon.h - kernels/simd.h for 64-bit ARM, whose NEON is always there.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_SIMD_NEON_H
#define SE_KERNELS_SIMD_NEON_H

#include "kernels/simd.h"

#if defined(SE_SIMD_NEON)

#if !defined(__aarch64__) || !defined(__ARM_NEON)
#error "for 64-bit ARM only"
#endif

#include <arm_neon.h>

#define SE_VW 4
#define SE_SIMD_FUSED 1

typedef float32x4_t vf;
typedef uint32x4_t vm; /* all bits of a lane equal */

SE_OP vf v_set1(float x)
{
    return vdupq_n_f32(x);
}

SE_OP vf v_load(const float *p)
{
    return vld1q_f32(p);
}

SE_OP void v_store(float *p, vf a)
{
    vst1q_f32(p, a);
}

SE_OP vm v_first(int64_t n)
{
    static const uint32_t lane[4] = { 0, 1, 2, 3 };

    return vcltq_u32(vld1q_u32(lane), vdupq_n_u32((uint32_t)n));
}

SE_OP vf v_load_n(const float *p, int64_t n)
{
    vf a = vsetq_lane_f32(p[0], vdupq_n_f32(0.0F), 0);

    if (n > 1)
        a = vsetq_lane_f32(p[1], a, 1);
    if (n > 2)
        a = vsetq_lane_f32(p[2], a, 2);
    return a;
}

SE_OP void v_store_n(float *p, int64_t n, vf a)
{
    p[0] = vgetq_lane_f32(a, 0);
    if (n > 1)
        p[1] = vgetq_lane_f32(a, 1);
    if (n > 2)
        p[2] = vgetq_lane_f32(a, 2);
}

SE_OP vf v_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

SE_OP vf v_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

SE_OP vf v_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

SE_OP vf v_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

SE_OP vf v_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

SE_OP vf v_fma(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}

SE_OP vf v_fnma(vf a, vf b, vf c)
{
    return vfmsq_f32(c, a, b);
}

SE_OP vm v_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}

SE_OP vm v_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}

SE_OP vm v_ne(vf a, vf b)
{
    return vmvnq_u32(vceqq_f32(a, b));
}

SE_OP vm v_both(vm a, vm b)
{
    return vandq_u32(a, b);
}

SE_OP bool v_any(vm m)
{
    return vmaxvq_u32(m) != 0;
}

SE_OP vf v_select(vm m, vf a, vf b)
{
    return vbslq_f32(m, a, b);
}

/* Not vminq and vmaxq, which have other ideas of NaN and of -0. */
SE_OP vf v_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

SE_OP vf v_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

SE_OP vf v_abs(vf a)
{
    return vabsq_f32(a);
}

SE_OP vf v_sign(vf a)
{
    return vreinterpretq_f32_u32(
        vandq_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(UINT32_C(1) << 31)));
}

SE_OP vf v_max_bits(vf a, vf b)
{
    return vreinterpretq_f32_s32(
        vmaxq_s32(vreinterpretq_s32_f32(a), vreinterpretq_s32_f32(b)));
}

SE_OP vf v_or(vf a, vf b)
{
    return vreinterpretq_f32_u32(
        vorrq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)));
}

SE_OP vf v_pow2(vf t, int bias)
{
    const uint32x4_t k = vshlq_n_u32(vreinterpretq_u32_f32(t), 23);

    return vreinterpretq_f32_u32(vaddq_u32(k, vdupq_n_u32((uint32_t)(127 + bias) << 23)));
}

SE_OP float v_sum(vf a)
{
    const float32x2_t d = vadd_f32(vget_low_f32(a), vget_high_f32(a));

    return vget_lane_f32(d, 0) + vget_lane_f32(d, 1);
}

SE_OP float v_largest(vf a)
{
    const vf d = v_max(a, vcombine_f32(vget_high_f32(a), vget_high_f32(a)));
    const float first = vgetq_lane_f32(d, 0);
    const float second = vgetq_lane_f32(d, 1);

    return first > second ? first : second;
}

SE_OP void v_transpose4(const float *from, int64_t from_step, float *to, int64_t to_step)
{
    const vf a = vld1q_f32(from), b = vld1q_f32(from + from_step);
    const vf c = vld1q_f32(from + 2 * from_step), d = vld1q_f32(from + 3 * from_step);
    const vf ac_low = vzip1q_f32(a, c), ac_high = vzip2q_f32(a, c);
    const vf bd_low = vzip1q_f32(b, d), bd_high = vzip2q_f32(b, d);

    vst1q_f32(to, vzip1q_f32(ac_low, bd_low));
    vst1q_f32(to + to_step, vzip2q_f32(ac_low, bd_low));
    vst1q_f32(to + 2 * to_step, vzip1q_f32(ac_high, bd_high));
    vst1q_f32(to + 3 * to_step, vzip2q_f32(ac_high, bd_high));
}

#endif /* SE_SIMD_NEON */
#endif /* SE_KERNELS_SIMD_NEON_H */
