/* result.c - what became of one case: its verdict, and the array furthest from expectation.
 * SPDX-License-Identifier: MIT */
#include "result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <seqecho/seqecho.h>

void result_init(struct result *r)
{
    *r = (struct result){ .verdict = VERDICT_OK, .ratio = -1.0 };
}

static void __attribute__((format(printf, 3, 0)))
conclude(struct result *r, enum verdict verdict, const char *format, va_list args)
{
    if (r->reason[0] != '\0')
        return;
    if (r->verdict != VERDICT_FAIL)
        r->verdict = verdict;
    (void)vsnprintf(r->reason, sizeof r->reason, format, args);
}

bool result_fail(struct result *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    conclude(r, VERDICT_FAIL, format, args);
    va_end(args);
    return false;
}

bool result_unsupported(struct result *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    conclude(r, VERDICT_UNSUPPORTED, format, args);
    va_end(args);
    return false;
}

bool result_open(const struct result *r)
{
    return r->reason[0] == '\0';
}

bool result_call(struct result *r, int code, const char *what)
{
    if (code >= 0)
        return true;
    return result_fail(r, "%s: %s: %s", what, seqecho_error_name(code),
                       seqecho_error_message());
}

/* Keep the comparison if it is further off than every one before. */
static void keep_worst(struct result *r, const char *name, size_t index, double got,
                       double want, double tolerance)
{
    double error = fabs(got - want);
    double ratio;

    /* A NaN compares false with everything, and would pass for a small error. */
    if (!isfinite(got) || !isfinite(want))
        error = (double)INFINITY;
    if (error <= 0.0)
        ratio = 0.0;
    else
        ratio = tolerance > 0.0 ? error / tolerance : (double)INFINITY;
    if (error > tolerance)
        r->verdict = VERDICT_FAIL;
    if (ratio <= r->ratio)
        return;
    r->ratio = ratio;
    r->error = error;
    r->tolerance = tolerance;
    r->index = index;
    r->got = got;
    r->want = want;
    (void)snprintf(r->array, sizeof r->array, "%s", name);
}

void result_number(struct result *r, const char *name, size_t index, double got,
                   double want, double tolerance)
{
    keep_worst(r, name, index, got, want, tolerance);
    r->compared++;
}

void result_floats(struct result *r, const char *name, size_t first, const float *got,
                   const float *want, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        keep_worst(r, name, first + i, (double)got[i], (double)want[i], tolerance);
    r->compared++;
}

void result_ints(struct result *r, const char *name, const int32_t *got,
                 const int32_t *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        keep_worst(r, name, i, (double)got[i], (double)want[i], 0.0);
    r->compared++;
}
