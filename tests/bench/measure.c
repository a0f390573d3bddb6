/* measure.c - time of one call among many.
 * SPDX-License-Identifier: MIT */
#include "measure.h"

#include <stdlib.h>
#include <time.h>

double measure_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int repeat(measure_fn call, void *arg, int64_t calls, double *seconds)
{
    const double start = measure_seconds();
    int err;

    for (int64_t i = 0; i < calls; i++)
        if ((err = call(arg)) < 0)
            return err;
    *seconds = measure_seconds() - start;
    return 0;
}

int measure_calibrate(measure_fn call, void *arg, double seconds, int64_t *calls)
{
    double time = 0.0;
    int64_t n = 1;
    int err;

    while ((err = repeat(call, arg, n, &time)) == 0 && time < seconds) {
        /* Towards the goal and a little more, but not by trusting one short look. */
        const double factor = time > 0.0 ? 1.1 * seconds / time : 10.0;

        n = (int64_t)((double)n * (factor < 10.0 ? factor : 10.0)) + 1;
    }
    *calls = n;
    return err;
}

int measure_calls(measure_fn call, void *arg, int64_t calls, int reps, double *seconds)
{
    for (int i = 0; i < reps; i++) {
        const int err = repeat(call, arg, calls, &seconds[i]);

        if (err < 0)
            return err;
        seconds[i] /= (double)calls;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

timing measure_summary(double *seconds, int reps, int64_t calls)
{
    const size_t n = (size_t)reps;

    qsort(seconds, n, sizeof *seconds, compare);
    return (timing){ (seconds[(n - 1) / 2] + seconds[n / 2]) / 2.0, seconds[0],
                     seconds[n - 1], calls };
}
