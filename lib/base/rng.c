/* base/rng.c - Philox4x32-10: random numbers by counting.
 * SPDX-License-Identifier: MIT
 *
 * One block is ten rounds over a counter of four words.  A round multiplies two of the
 * words by odd constants, 32 x 32 bits to 64, mixes the high halves with the other two
 * words and a round key, and swaps; the keys form an arithmetic progression (a Weyl
 * sequence).  Sums are taken in 64 bits and cut, so nothing here relies on wrapping. */
#include "base/rng.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#define ROUNDS 10
#define MULTIPLIER_0 UINT32_C(0xD2511F53)
#define MULTIPLIER_1 UINT32_C(0xCD9E8D57)
#define WEYL_0 UINT32_C(0x9E3779B9) /* 2^32 / golden ratio */
#define WEYL_1 UINT32_C(0xBB67AE85) /* 2^32 (sqrt(3) - 1) */

#define TWO_PI 6.28318530717958647692
#define TWO_TO_32 (UINT64_C(1) << 32)

static uint32_t low(uint64_t x)
{
    return (uint32_t)(x & UINT32_MAX);
}

static uint32_t high(uint64_t x)
{
    return (uint32_t)(x >> 32);
}

void se_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0;
        const uint64_t p1 = (uint64_t)MULTIPLIER_1 * c2;

        c0 = high(p1) ^ c1 ^ k0;
        c1 = low(p1);
        c2 = high(p0) ^ c3 ^ k1;
        c3 = low(p0);
        k0 = low((uint64_t)k0 + WEYL_0);
        k1 = low((uint64_t)k1 + WEYL_1);
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void se_rng_init(se_rng *rng, uint64_t seed, uint32_t domain, uint64_t stream)
{
    *rng = (se_rng){ .stream = stream,
                     .block = (uint64_t)domain << SE_RNG_DOMAIN_SHIFT,
                     .key = { low(seed), high(seed) } };
}

uint32_t se_rng_u32(se_rng *rng)
{
    if (rng->left == 0) {
        const uint32_t counter[4] = { low(rng->block), high(rng->block), low(rng->stream),
                                      high(rng->stream) };

        se_philox(counter, rng->key, rng->word);
        rng->block++;
        rng->left = 4;
    }
    return rng->word[4 - rng->left--];
}

/* The high half of n times a word is in [0, n).  Every value comes from floor(2^32 / n) or
 * one more words; refusing the products whose low half is below 2^32 mod n evens that
 * out.  The remainder is below n, so most draws need no division to know that they pass. */
uint32_t se_rng_below(se_rng *rng, uint32_t n)
{
    uint64_t product;

    assert(n > 0);
    product = (uint64_t)se_rng_u32(rng) * n;
    if (low(product) < n) {
        const uint32_t threshold = (uint32_t)(TWO_TO_32 % n);

        while (low(product) < threshold)
            product = (uint64_t)se_rng_u32(rng) * n;
    }
    return high(product);
}

double se_rng_uniform(se_rng *rng)
{
    return (double)se_rng_u32(rng) * 0x1p-32;
}

double se_rng_normal(se_rng *rng)
{
    const double radius = ((double)se_rng_u32(rng) + 1.0) * 0x1p-32;
    const double angle = se_rng_uniform(rng);

    return sqrt(-2.0 * log(radius)) * cos(TWO_PI * angle);
}
