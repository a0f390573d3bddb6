/* args.h - the command line of seqecho-bench.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_ARGS_H
#define TESTS_BENCH_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <seqecho/seqecho.h>

#include "workload.h"

enum { ARGS_REPS_MAX = 1000, ARGS_USAGE = 2 };

typedef struct args {
    const char *program;      /* for messages */
    const workload *workload; /* NULL: all of them */
    work_size size;           /* 0: the workload's own */
    int32_t threads;          /* 0: chosen by the library */
    int reps;
    double seconds;  /* that a repetition takes at least */
    const char *isa; /* kernels to force, or "auto" */
    seqecho_numerics numerics;
    bool one_hot; /* class numbers are given as float one-hot rows */
    bool json;
    bool brief; /* --short */
} args;

/* Read the command line.  --help and --list print and exit; a bad command line says what
 * is wrong with it and exits with ARGS_USAGE. */
void args_parse(args *a, int argc, char **argv);

/* The name of a way to do arithmetic, as on the command line. */
const char *args_numerics_name(seqecho_numerics numerics);

#endif /* TESTS_BENCH_ARGS_H */
