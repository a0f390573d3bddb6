/* report.h - results for people, and for programs.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include "run.h"

/* What stands above a table; nothing for --json. */
void report_head(const args *a, const limits *l);

/* One line. */
void report_line(const args *a, const limits *l, const result *r);

#endif /* TESTS_BENCH_REPORT_H */
