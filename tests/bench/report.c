/* report.c - results for people, and for programs.
 * SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- A table ------------------------------------------------------------------------ */

static void print_time(double seconds)
{
    if (seconds < 1e-6)
        printf(" %7.1f ns", seconds * 1e9);
    else if (seconds < 1e-3)
        printf(" %7.2f us", seconds * 1e6);
    else
        printf(" %7.2f ms", seconds * 1e3);
}

void report_head(const args *a, const limits *l)
{
    const char *const info = seqecho_build_info();

    if (a->json)
        return;
    printf(
        "libseqecho %.*s; peak of a core %.1f GFLOP/s\n"
        "Times of a unit: median, least and largest of %d; step: median for a step of one\n"
        "sequence; peak and floor: share of what the processor can do at most.\n\n",
        (int)strcspn(info, ";"), info, l->peak * 1e-9, a->reps);
    printf("%-15s %5s %5s %5s %5s %4s %10s %10s %10s %10s %7s %5s %6s  %s\n", "workload",
           "units", "steps", "batch", "feat.", "thr.", "median", "min", "max", "step",
           "GFLOP/s", "peak", "floor", "loss");
}

/* Time of one step of one sequence. */
static double step_seconds(const result *r)
{
    return r->time.median / (double)(r->size.batch * r->size.steps);
}

static void print_row(const result *r)
{
    const double rate = r->flops / r->time.median;

    printf("%-15s %5" PRId64 " %5" PRId64 " %5" PRId64 " %5" PRId64 " %4d",
           r->workload->name, r->size.units, r->size.steps, r->size.batch, r->size.features,
           r->threads);
    print_time(r->time.median);
    print_time(r->time.min);
    print_time(r->time.max);
    print_time(step_seconds(r));
    printf(" %7.1f %3.0f %% %4.0f %%", rate * 1e-9, 100.0 * rate / r->peak,
           100.0 * r->floor.seconds / r->time.median);
    if (r->workload->trains)
        printf("  %.3f -> %.3f", r->loss_start, r->loss);
    printf("\n");
}

/* ---- JSON --------------------------------------------------------------------------- */

static void print_string(const char *key, const char *text)
{
    printf("\"%s\": \"", key);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text >= ' ')
            putchar(*text);
    }
    printf("\", ");
}

static void print_integer(const char *key, int64_t value)
{
    printf("\"%s\": %" PRId64 ", ", key, value);
}

/* JSON has no word for what is not a number. */
static void print_number(const char *key, double value)
{
    if (isfinite(value))
        printf("\"%s\": %.6g, ", key, value);
    else
        printf("\"%s\": null, ", key);
}

static void print_object(const args *a, const limits *l, const result *r)
{
    const double rate = r->flops / r->time.median;

    printf("{");
    print_string("workload", r->workload->name);
    print_integer("units", r->size.units);
    print_integer("steps", r->size.steps);
    print_integer("batch", r->size.batch);
    print_integer("features", r->size.features);
    print_integer("threads", a->threads);
    print_integer("threads_used", r->threads);
    print_string("isa", l->loops->name);
    print_string("numerics", args_numerics_name(a->numerics));
    print_string("input", !r->workload->from_classes ? "float"
                          : a->one_hot               ? "onehot"
                                                     : "classes");
    print_string("unit", r->workload->unit);
    print_integer("reps", a->reps);
    print_integer("calls", r->time.calls);
    print_number("median_ms", r->time.median * 1e3);
    print_number("min_ms", r->time.min * 1e3);
    print_number("max_ms", r->time.max * 1e3);
    print_number("ns_per_step", step_seconds(r) * 1e9);
    print_number("flops", r->flops);
    print_number("gflops", rate * 1e-9);
    print_number("share_of_peak", rate / r->peak);
    print_number("share_of_floor", r->floor.seconds / r->time.median);
    print_number("floor_ms", r->floor.seconds * 1e3);
    print_number("peak_gflops", r->peak * 1e-9);
    print_number("bandwidth_gbs", r->floor.bandwidth * 1e-9);
    print_integer("bytes_allocated", r->bytes_allocated);
    print_number("loss_start", r->loss_start);
    print_number("loss", r->loss);
    print_string("build_info", seqecho_build_info());
    printf("\"version\": \"%s\"}\n", SEQECHO_VERSION_STRING);
}

void report_line(const args *a, const limits *l, const result *r)
{
    if (a->json)
        print_object(a, l, r);
    else
        print_row(r);
    fflush(stdout);
}
