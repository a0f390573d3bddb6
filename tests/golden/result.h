/* result.h - what became of one case: its verdict, and the array furthest from expectation.
 * SPDX-License-Identifier: MIT */
#ifndef PARITY_RESULT_H
#define PARITY_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verdict {
    VERDICT_OK,
    VERDICT_UNSUPPORTED, /* the library has no such layer or option */
    VERDICT_FAIL
};

struct result {
    enum verdict verdict;
    char reason[512]; /* the first one given; empty where numbers alone failed */
    size_t compared;  /* arrays */

    /* The array with the largest error in proportion to its tolerance. */
    char array[96];
    double ratio;
    double error;
    double tolerance;
    size_t index;
    double got;
    double want;
};

void result_init(struct result *r);

/* Both note the first reason only, and return false so that callers can return it. */
bool result_fail(struct result *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool result_unsupported(struct result *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether the case can go on: false after either of the two above.  Wrong numbers do not
 * stop a case, so that the worst array of all is the one that is reported. */
bool result_open(const struct result *r);

/* Pass on the outcome of a call of the library: false, with its code and message as the
 * reason, if `code` is negative. */
bool result_call(struct result *r, int code, const char *what);

/* Compare `count` numbers with what is expected of array `name`, whose first one here is
 * number `first` of the array. */
void result_floats(struct result *r, const char *name, size_t first, const float *got,
                   const float *want, size_t count, double tolerance);
void result_number(struct result *r, const char *name, size_t index, double got,
                   double want, double tolerance);
void result_ints(struct result *r, const char *name, const int32_t *got,
                 const int32_t *want, size_t count);

#endif /* PARITY_RESULT_H */
