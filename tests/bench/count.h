/* count.h - memory asked for while one looks.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_COUNT_H
#define TESTS_BENCH_COUNT_H

#include <stdint.h>

#include <seqecho/common.h>

/* To be given to every handle: NULL where the functions of the C library themselves count,
 * for all threads and whoever calls them, else a hook that does. */
const seqecho_allocator *count_allocator(void);

void count_start(void);

/* Bytes asked for since count_start(). */
int64_t count_stop(void);

#endif /* TESTS_BENCH_COUNT_H */
