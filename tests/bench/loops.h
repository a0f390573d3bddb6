/* loops.h - loops that measure a processor: one set for each instruction set.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LOOPS_H
#define TESTS_BENCH_LOOPS_H

#include <stddef.h>
#include <stdint.h>

enum { LOOPS_ALIGN = 64 }; /* of all blocks, in bytes; sizes are multiples of it too */

typedef struct loops {
    const char *name; /* as the library calls its kernels */

    /* x = a x + b on independent numbers, all in registers; returns how many
     * floating-point operations that were.  io holds a and b, and takes the result. */
    double (*multiply_add)(int64_t rounds, float io[2]);

    /* Read a block once; returns a sum over it. */
    float (*read)(const void *block, size_t bytes);

    /* The triad a = b + s c. */
    void (*triad)(void *a, const void *b, const void *c, float s, size_t bytes);
} loops;

extern const loops loops_c;
#if defined(__x86_64__)
extern const loops loops_sse2, loops_avx2, loops_avx512;
#elif defined(__aarch64__)
extern const loops loops_neon;
#endif

#endif /* TESTS_BENCH_LOOPS_H */
