/* close.h - comparisons of floats for cmocka tests.
 * SPDX-License-Identifier: MIT
 *
 * cmocka's assert_float_equal() takes a NaN for equal to anything, and an infinity too.
 * These do not: a number that is not finite fails, wherever it stands, unless
 * assert_close_inf() is asked to let equal infinities pass.  A failure names the caller's
 * file and line, the first bad element and the worst one. */
#ifndef SEQECHO_TESTS_CLOSE_H
#define SEQECHO_TESTS_CLOSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

/* |got[i] - want[i]| <= atol + rtol |want[i]| for all i < n. */
#define assert_close(got, want, n, rtol, atol) \
    close_assert(got, want, n, rtol, atol, false, #got, __FILE__, __LINE__)

/* The same, and an infinity equals itself. */
#define assert_close_inf(got, want, n, rtol, atol) \
    close_assert(got, want, n, rtol, atol, true, #got, __FILE__, __LINE__)

/* The same for one double. */
#define assert_close_double(got, want, rtol, atol) \
    close_assert_double(got, want, rtol, atol, #got, __FILE__, __LINE__)

/* Every one of the n floats has the same bits; NaNs compare by their bits, -0 is not 0. */
#define assert_same_bits(got, want, n) \
    close_assert_same_bits(got, want, n, #got, __FILE__, __LINE__)

/* ---- What the macros stand on; tested by tests/unit/test_close.c -------------------- */

/* The outcome of comparing two arrays. */
typedef struct close_result {
    size_t bad;         /* how many elements differ too much */
    size_t first;       /* the first of them */
    size_t worst;       /* the one with the largest |got - want|, NaN being the largest */
    double worst_error; /* that difference */
} close_result;

static inline bool close_numbers(double got, double want, double rtol, double atol,
                                 bool allow_inf)
{
    if (allow_inf && isinf(want))
        return got == want;
    return isfinite(got) && isfinite(want) && fabs(got - want) <= atol + rtol * fabs(want);
}

static inline close_result close_compare(const float *got, const float *want, size_t n,
                                         double rtol, double atol, bool allow_inf)
{
    close_result result = { 0, 0, 0, -1.0 };

    for (size_t i = 0; i < n; i++) {
        const double g = (double)got[i], w = (double)want[i];
        const double error = fabs(g - w);

        if (close_numbers(g, w, rtol, atol, allow_inf))
            continue;
        if (result.bad++ == 0)
            result.first = i;
        if (!isnan(result.worst_error) && !(error <= result.worst_error)) {
            result.worst = i;
            result.worst_error = error;
        }
    }
    return result;
}

static inline void close_assert(const float *got, const float *want, size_t n, double rtol,
                                double atol, bool allow_inf, const char *name,
                                const char *file, int line)
{
    const close_result r = close_compare(got, want, n, rtol, atol, allow_inf);

    if (r.bad == 0)
        return;
    print_error("%s: %zu of %zu differ by more than %g + %g |want|\n"
                "  first: [%zu] is %.9g, expected %.9g\n"
                "  worst: [%zu] is %.9g, expected %.9g, off by %.3g\n",
                name, r.bad, n, atol, rtol, r.first, (double)got[r.first],
                (double)want[r.first], r.worst, (double)got[r.worst], (double)want[r.worst],
                r.worst_error);
    _fail(file, line);
}

static inline void close_assert_double(double got, double want, double rtol, double atol,
                                       const char *name, const char *file, int line)
{
    if (close_numbers(got, want, rtol, atol, false))
        return;
    print_error("%s is %.17g, expected %.17g: off by %.3g, more than %g + %g |want|\n",
                name, got, want, fabs(got - want), atol, rtol);
    _fail(file, line);
}

/* The first element whose bits differ; n if none does. */
static inline size_t close_first_bit_difference(const float *got, const float *want,
                                                size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            return i;
    return n;
}

static inline void close_assert_same_bits(const float *got, const float *want, size_t n,
                                          const char *name, const char *file, int line)
{
    const size_t i = close_first_bit_difference(got, want, n);

    if (i == n)
        return;
    print_error("%s: [%zu] of %zu is %.9g (%a), expected %.9g (%a), bit for bit\n", name, i,
                n, (double)got[i], (double)got[i], (double)want[i], (double)want[i]);
    _fail(file, line);
}

#endif /* SEQECHO_TESTS_CLOSE_H */
