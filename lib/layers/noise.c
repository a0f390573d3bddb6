/* layers/noise.c - the random zeros of dropout.
 * SPDX-License-Identifier: MIT */
#include "layers/noise.h"

#include "base/rng.h"

/* Words of a block of the generator. */
#define BLOCK 4

/* The words are those of se_rng_u32() on the stream of this pass and site, from block
 * which 2^40 of the domain on; taken a block at a time, since blocks do not wait for each
 * other. */
void se_noise_fill(const se_frame *f, uint32_t which, float rate, int64_t n, float *factor)
{
    const uint64_t seed = f->noise.seed;
    const uint32_t key[2] = { (uint32_t)(seed & UINT32_MAX), (uint32_t)(seed >> 32) };
    /* Looked up, for a branch would be guessed wrong as often as not. */
    const float value[2] = { rate < 1.0f ? 1.0f / (1.0f - rate) : 0.0f, 0.0f };
    /* A word below the limit is a zero; the limit of rate 1 is above every word. */
    const uint64_t limit = (uint64_t)((double)rate * 4294967296.0);
    uint64_t block =
        ((uint64_t)SE_RNG_NOISE << SE_RNG_DOMAIN_SHIFT) + ((uint64_t)which << 40);

    for (int64_t i = 0; i < n; i += BLOCK, block++) {
        const uint32_t counter[4] = { (uint32_t)(block & UINT32_MAX),
                                      (uint32_t)(block >> 32), f->noise.site,
                                      f->noise.pass };
        uint32_t word[BLOCK];

        se_philox(counter, key, word);
        for (int64_t j = 0; j < BLOCK && i + j < n; j++)
            factor[i + j] = value[word[j] < limit];
    }
}

void se_noise_apply(int64_t n, const float *x, const float *factor, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * factor[i];
}
