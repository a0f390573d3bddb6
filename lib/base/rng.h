/* base/rng.h - Philox4x32-10: random numbers by counting.
 * SPDX-License-Identifier: MIT
 *
 * A generator is a key and a 128-bit counter; block number n of a stream can be computed
 * without the ones before it.  Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as
 * easy as 1, 2, 3", SC11.  The algorithm and the order of draws below are frozen: stored
 * seeds must give the same numbers in every version and on every machine. */
#ifndef SE_BASE_RNG_H
#define SE_BASE_RNG_H

#include <stdint.h>

/* One block of the cipher: out = Philox4x32-10(counter, key). */
void se_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A stream of 32-bit words: block b is se_philox({b lo, b hi, stream lo, stream hi},
 * {seed lo, seed hi}), words taken in order.  A domain is a range of 2^56 blocks, so
 * different domains never share numbers, whatever the seeds. */
#define SE_RNG_DOMAIN_SHIFT 56

typedef struct se_rng {
    uint64_t stream;
    uint64_t block; /* next one */
    uint32_t key[2];
    uint32_t word[4];
    uint32_t left; /* unused words at the end of word[] */
} se_rng;

enum {
    SE_RNG_SEQUENCES = 0, /* seqecho_generate_sequence(), datasets */
    SE_RNG_WEIGHTS = 1,   /* initial weights; one stream per weight array */
    SE_RNG_SHUFFLE = 2,   /* the order of samples; one stream per epoch */
    SE_RNG_HELD_OUT = 3,  /* sequences of datasets that are held out */
    SE_RNG_NOISE = 4      /* dropout; one stream per pass and who draws */
};

void se_rng_init(se_rng *rng, uint64_t seed, uint32_t domain, uint64_t stream);

/* Uniform 32-bit word. */
uint32_t se_rng_u32(se_rng *rng);

/* Uniform integer in [0, n), n > 0, unbiased: Lemire's multiply with rejection
 * (ACM TOMACS 29, 2019). */
uint32_t se_rng_below(se_rng *rng, uint32_t n);

/* Uniform double in [0, 1): k 2^-32. */
double se_rng_uniform(se_rng *rng);

/* Standard normal, by Box and Muller's cosine form on two uniforms, the first taken as
 * (k + 1) 2^-32 so that its logarithm is finite. */
double se_rng_normal(se_rng *rng);

#endif /* SE_BASE_RNG_H */
