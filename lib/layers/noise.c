/* layers/noise.c - the random zeros of dropout.
 * SPDX-License-Identifier: MIT */
#include "layers/noise.h"

#include "base/rng.h"

void se_noise_fill(const se_frame *f, uint32_t which, float rate, int64_t n, float *factor)
{
    const uint64_t stream = (uint64_t)f->noise.pass << 32 | f->noise.site;
    const float kept = rate < 1.0f ? 1.0f / (1.0f - rate) : 0.0f;
    /* A word below the limit is a zero; the limit of rate 1 is above every word. */
    const uint64_t limit = (uint64_t)((double)rate * 4294967296.0);
    se_rng rng;

    se_rng_init(&rng, f->noise.seed, SE_RNG_NOISE, stream);
    rng.block += (uint64_t)which << 40; /* far beyond what one array takes */
    for (int64_t i = 0; i < n; i++)
        factor[i] = se_rng_u32(&rng) < limit ? 0.0f : kept;
}

void se_noise_apply(int64_t n, const float *x, const float *factor, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * factor[i];
}
