/* limits.h - how fast this processor can be, and how long a piece of work takes at least.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_LIMITS_H
#define TESTS_BENCH_LIMITS_H

#include "loops.h"
#include "workload.h"

typedef struct limits {
    const loops *loops; /* of the instruction set in use */
    double peak;        /* floating-point operations a second, of one core */
} limits;

typedef struct floor_time {
    double seconds;
    double bandwidth; /* bytes a second that it stands on, of one core; 0 if on none */
} floor_time;

/* Measure the peak with the instruction set of this name.  False if it is unknown. */
bool limits_measure(limits *l, const char *isa);

/* The least time of a unit of work on so many cores.  False if there is no memory to
 * measure with. */
bool limits_floor(const limits *l, const work_cost *cost, int threads, floor_time *out);

#endif /* TESTS_BENCH_LIMITS_H */
