/* harness.h - what the tests of the kernels share: guarded arrays, numbers, and running one
 * thing on every table.
 * SPDX-License-Identifier: MIT
 *
 * A guarded array ends where a page of memory without access begins, so that reading or
 * writing past its end stops the test; before its begin stands a pattern that must remain.
 * As sizes differ, so do the alignments of the begins. */
#ifndef SEQECHO_TESTS_KERNELS_HARNESS_H
#define SEQECHO_TESTS_KERNELS_HARNESS_H

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "close.h"
#include "kernels/kernels.h"

#define GUARD_FLOATS 32
#define GUARD_BITS UINT32_C(0x7fa5c3a5) /* a NaN, so that it shows if it is read */

typedef struct guarded {
    float *data;
    size_t n;
    unsigned char *map;
    size_t mapped;
} guarded;

static inline guarded guarded_new(size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t used = ((n + GUARD_FLOATS) * sizeof(float) + page - 1) / page * page;
    const uint32_t bits = GUARD_BITS;
    guarded g = { NULL, n, NULL, used + page };
    void *map =
        mmap(NULL, g.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(map != MAP_FAILED);
    g.map = map;
    assert_int_equal(mprotect(g.map + used, page, PROT_NONE), 0);
    for (size_t i = 0; i < used; i += sizeof bits)
        memcpy(g.map + i, &bits, sizeof bits);
    map = g.map + used - n * sizeof(float);
    g.data = map;
    return g;
}

/* Fails if something before the array was written to. */
static inline void guarded_free(guarded *g)
{
    for (int i = 1; i <= GUARD_FLOATS; i++) {
        uint32_t bits;

        memcpy(&bits, g->data - i, sizeof bits);
        assert_int_equal(bits, GUARD_BITS);
    }
    assert_int_equal(munmap(g->map, g->mapped), 0);
}

static inline guarded guarded_copy(const guarded *from)
{
    guarded g = guarded_new(from->n);

    memcpy(g.data, from->data, from->n * sizeof(float));
    return g;
}

/* ---- Numbers ------------------------------------------------------------------------ */

static uint64_t random_state = 1;

static inline uint32_t random_u32(void)
{
    random_state =
        random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32);
}

/* Uniform in [-size, size]. */
static inline float random_float(float size)
{
    return size * ((float)(random_u32() >> 8) * 0x1p-23F - 1.0F);
}

static inline guarded guarded_random(size_t n, float size)
{
    guarded g = guarded_new(n);

    for (size_t i = 0; i < n; i++)
        g.data[i] = random_float(size);
    return g;
}

static inline float float_of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The distance of got from want in units of the last place of want as a float. */
static inline double ulps(float got, double want)
{
    const float size = fabsf((float)want);
    double ulp;

    if (isnan(want) || isinf(size)) {
        const bool equal = isnan(want) ? isnan(got) : got == (float)want;

        return equal ? 0.0 : (double)INFINITY;
    }
    if (!isfinite(got))
        return (double)INFINITY;
    ulp = (double)(nextafterf(size, INFINITY) - size);
    return fabs((double)got - want) / (isinf(ulp) ? 0x1p104 : ulp);
}

/* ---- Tables ------------------------------------------------------------------------- */

/* For every table k of this machine. */
#define FOR_EACH_TABLE(k) \
    for (const se_kernels *k = se_kernels_list(0); k != NULL; k = table_after(k))

static inline const se_kernels *table_after(const se_kernels *k)
{
    size_t i = 0;

    while (se_kernels_list(i) != k)
        i++;
    return se_kernels_list(i + 1);
}

/* Tables that have a fused multiply-add must agree in every bit, and so must those that
 * have none; two NaNs agree.  Give each result to the same `agreed`, which starts as { 0 }
 * and is freed by agreed_end(). */
typedef struct agreed {
    guarded result[2];
} agreed;

static inline void agree(agreed *so_far, const se_kernels *k, const guarded *got)
{
    guarded *const want = &so_far->result[k->fused];

    if (want->data == NULL) {
        *want = guarded_copy(got);
        return;
    }
    assert_int_equal(want->n, got->n);
    for (size_t i = 0; i < got->n; i++)
        if (memcmp(&got->data[i], &want->data[i], sizeof(float)) != 0 &&
            !(isnan(got->data[i]) && isnan(want->data[i])))
            fail_msg("%s: element %zu of %zu is %a, but %a in the other tables", k->name, i,
                     got->n, (double)got->data[i], (double)want->data[i]);
}

static inline void agreed_end(agreed *so_far)
{
    for (int i = 0; i < 2; i++)
        if (so_far->result[i].data != NULL)
            guarded_free(&so_far->result[i]);
}

/* a b + c as the table rounds it. */
static inline float multiply_add(const se_kernels *k, float a, float b, float c)
{
    volatile float product = a * b; /* rounded, whatever the compiler */

    return k->fused ? fmaf(a, b, c) : product + c;
}

#endif /* SEQECHO_TESTS_KERNELS_HARNESS_H */
