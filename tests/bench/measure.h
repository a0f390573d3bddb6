/* measure.h - time of one call among many.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdint.h>

typedef struct timing {
    double median, min, max; /* seconds a call, over the repetitions */
    int64_t calls;           /* of one repetition */
} timing;

/* Something to call; a negative answer is a failure, and ends the measuring. */
typedef int (*measure_fn)(void *arg);

/* A monotonic clock. */
double measure_seconds(void);

/* How many calls take so many seconds at least; what is called on the way is a warm-up. */
int measure_calibrate(measure_fn call, void *arg, double seconds, int64_t *calls);

/* `reps` repetitions of so many calls: seconds[i] is the time of a call in the i-th.  The
 * clock is read before and after a repetition only. */
int measure_calls(measure_fn call, void *arg, int64_t calls, int reps, double *seconds);

/* What came out of that; sorts the times. */
timing measure_summary(double *seconds, int reps, int64_t calls);

#endif /* TESTS_BENCH_MEASURE_H */
