/* loops.c - loops that measure a processor, compiled once for each instruction set.
 * SPDX-License-Identifier: MIT
 *
 * LOOPS_ISA names the set, and the compiler has its flags and -ffp-contract=fast: where
 * there is a fused multiply-add, it makes one of a * x + b. */
#include "loops.h"

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

/* Chains of dependent operations side by side: enough to hide a latency of four cycles on
 * four units, or six on two, and with a and b not more than there are registers.  They are
 * variables of their own because compilers keep arrays in memory. */
#define EACH_OF_8(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define EACH_OF_14(DO) EACH_OF_8(DO) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)
#if defined(__AVX512F__) || defined(__aarch64__)
#define CHAINS 24
#define EACH_CHAIN(DO) \
    EACH_OF_14(DO) \
    DO(14) DO(15) DO(16) DO(17) DO(18) DO(19) DO(20) DO(21) DO(22) DO(23)
#else
#define CHAINS 14
#define EACH_CHAIN EACH_OF_14
#endif

#define LANES (VECTOR_BYTES / (int)sizeof(float))

typedef float vector __attribute__((vector_size(VECTOR_BYTES), may_alias));

static float add_lanes(vector x)
{
    float sum = 0.0F;

    for (int i = 0; i < LANES; i++)
        sum += x[i];
    return sum;
}

static double multiply_add(int64_t rounds, float io[2])
{
#define DECLARE(i) vector x##i = zero + (float)i;
#define ADVANCE(i) x##i = a * x##i + b;
#define COLLECT(i) sum += x##i;
    const vector zero = { 0.0F }, a = zero + io[0], b = zero + io[1];
    vector sum = zero;
    EACH_CHAIN(DECLARE)

    for (int64_t r = 0; r < rounds; r++) {
        EACH_CHAIN(ADVANCE)
    }
    EACH_CHAIN(COLLECT)
    io[1] = add_lanes(sum);
    return 2.0 * CHAINS * LANES * (double)rounds;
#undef ADVANCE
}

static float read_block(const void *block, size_t bytes)
{
#define ADVANCE(j) x##j += block_x[i + j];
    const vector zero = { 0.0F }, *const block_x = block;
    const size_t n = bytes / VECTOR_BYTES;
    vector sum = zero;
    EACH_OF_8(DECLARE)
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        EACH_OF_8(ADVANCE)
    }
    for (; i < n; i++)
        sum += block_x[i];
    EACH_OF_8(COLLECT)
    return add_lanes(sum);
}

static void triad(void *a, const void *b, const void *c, float s, size_t bytes)
{
    const vector *const restrict bb = b, *const restrict cc = c;
    vector *const restrict aa = a;

    for (size_t i = 0; i < bytes / VECTOR_BYTES; i++)
        aa[i] = bb[i] + s * cc[i];
}

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b

const loops JOIN(loops_, LOOPS_ISA) = { TEXT(LOOPS_ISA), multiply_add, read_block, triad };
