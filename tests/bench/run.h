/* run.h - a workload made ready, timed and checked.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_RUN_H
#define TESTS_BENCH_RUN_H

#include "args.h"
#include "limits.h"
#include "measure.h"
#include "workload.h"

typedef struct result {
    const workload *workload;
    work_size size;
    timing time;
    double flops;            /* of a unit, at least */
    floor_time floor;        /* of a unit */
    double peak;             /* of the cores in use */
    double loss_start, loss; /* of the first batch, before and after all; NaN without */
    int64_t bytes_allocated; /* while the clock ran */
    int threads;             /* that took part */
} result;

/* Time one workload.  False, with a message, if that cannot be done. */
bool run_workload(const args *a, const workload *w, const limits *l, result *out);

/* Whether it trained, and kept away from the allocator; says so on stderr if not. */
bool run_check(const args *a, const result *r);

#endif /* TESTS_BENCH_RUN_H */
