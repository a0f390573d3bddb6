/* seqecho_bench.c - how long the library takes, beside what the processor could do.
 * SPDX-License-Identifier: MIT
 *
 * usage: seqecho-bench [OPTION]...    (--help lists them)
 *
 * For each workload: make everything ready, run a while to warm up and to see how many
 * calls fill a repetition, then time the repetitions.  Nothing may be allocated meanwhile,
 * and what trains must have learned something; the exit status is 1 if not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "limits.h"
#include "report.h"
#include "run.h"

/* The name in "0.1.0, avx512 kernels, ...". */
static void chosen_kernels(char *name, size_t size)
{
    const char *const info = seqecho_build_info(), *const comma = strchr(info, ',');
    const char *const start = comma != NULL ? comma + 2 : info;

    snprintf(name, size, "%.*s", (int)strcspn(start, " ,"), start);
}

/* Have the library choose these kernels, and see what it made of it. */
static void choose_kernels(const args *a, limits *l)
{
    char chosen[16];

    if (strcmp(a->isa, "auto") != 0 && setenv("SEQECHO_CPU", a->isa, 1) != 0) {
        fprintf(stderr, "%s: cannot set SEQECHO_CPU: %s\n", a->program, strerror(errno));
        exit(EXIT_FAILURE);
    }
    chosen_kernels(chosen, sizeof chosen);
    if (strcmp(a->isa, "auto") != 0 && strcmp(a->isa, chosen) != 0) {
        fprintf(stderr, "%s: --isa %s: not on this machine, which has %s at best\n",
                a->program, a->isa, chosen);
        exit(ARGS_USAGE);
    }
    if (!limits_measure(l, chosen)) {
        fprintf(stderr, "%s: no peak can be measured for kernels named '%s'\n", a->program,
                chosen);
        exit(EXIT_FAILURE);
    }
}

static bool run_and_report(const args *a, const workload *w, const limits *l)
{
    result r;

    if (!run_workload(a, w, l, &r))
        return false;
    report_line(a, l, &r);
    return run_check(a, &r);
}

int main(int argc, char **argv)
{
    const workload *w;
    limits l;
    args a;
    bool good = true;

    args_parse(&a, argc, argv);
    choose_kernels(&a, &l);
    report_head(&a, &l);
    if (a.workload != NULL)
        good = run_and_report(&a, a.workload, &l);
    for (size_t i = 0; a.workload == NULL && (w = workload_at(i)) != NULL; i++)
        good = run_and_report(&a, w, &l) && good;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "%s: cannot write the output: %s\n", a.program, strerror(errno));
        good = false;
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
