/* layers/lanes.h - sums over a row, for layers that have no kernel of their own.
 * SPDX-License-Identifier: MIT
 *
 * As in kernels/simd.h, a sum is 16 strided partial sums joined by a fixed tree: the same
 * bits whatever the compiler makes of it, and something it can make vectors of. */
#ifndef SE_LAYERS_LANES_H
#define SE_LAYERS_LANES_H

#include <stdint.h>

#include "base/attributes.h"

#define SE_LANES 16

static inline float se_lanes_join(float part[SE_LANES])
{
    for (int half = SE_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
}

/* The sum of x. */
static inline float se_lanes_sum(int64_t n, const float *x)
{
    float part[SE_LANES] = { 0.0f };
    int64_t i = 0;

    for (; n - i >= SE_LANES; i += SE_LANES)
        for (int j = 0; j < SE_LANES; j++)
            part[j] += x[i + j];
    for (int j = 0; i + j < n; j++)
        part[j] += x[i + j];
    return se_lanes_join(part);
}

/* The sum of x y. */
static inline float se_lanes_dot(int64_t n, const float *x, const float *y)
{
    float part[SE_LANES] = { 0.0f };
    int64_t i = 0;

    for (; n - i >= SE_LANES; i += SE_LANES)
        for (int j = 0; j < SE_LANES; j++)
            part[j] += x[i + j] * y[i + j];
    for (int j = 0; i + j < n; j++)
        part[j] += x[i + j] * y[i + j];
    return se_lanes_join(part);
}

#endif /* SE_LAYERS_LANES_H */
