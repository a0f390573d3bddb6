/* peer.h - what the peers' programs share: options, data, the clock, the line of results.
 * SPDX-License-Identifier: MIT
 *
 * Every program takes the options of seqecho-bench (peer_usage() lists them) and prints one
 * JSON object on one line. Its exit status is 0, 1 for a failure, 2 for mistyped options,
 * 3 for work that this peer does not do.
 *
 * The work, always float32 and Adam(0.001, 0.9, 0.999, 1e-7) where there is training:
 *
 *     seq2seq          LSTM(20) over 5 steps, Dense(100) at every step, 7 rows of 100-wide
 *                      one-hot; three batches a sequence, the state going on from one to
 *                      the next and zero before the first
 *     encoder_decoder  LSTM(150) over 5 steps, its last output twice into LSTM(150),
 *                      Dense(100) at both steps, 21 rows, zero state
 *     train            LSTM(units) over `steps` steps of `features` random numbers,
 *                      Dense(100) at every step, zero state
 *     step             LSTM(units), one row, one step a call, the state fed back
 *     infer            LSTM(units) over `steps` steps, `batch` rows, all outputs
 *
 * One-hot inputs are written out before the clock starts; RING sequences are trained on in
 * turns. Included by one file of each program, C11 or C++17. */
#ifndef PEER_H
#define PEER_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLASSES = 100, RING = 8, SEQUENCE = 25, ROWS = 21, MAX_REPS = 1001 };

typedef struct peer_args {
    char workload[32];
    long units, steps, batch, features, out_steps;
    long threads, reps;
    double seconds;
} peer_args;

/* One call of `run` is one unit of work: a batch, or a step or pass of inference. */
typedef void peer_work(void *user);

typedef struct peer_times {
    double median, min, max; /* seconds a call */
} peer_times;

static inline void peer_usage(FILE *to, const char *program)
{
    fprintf(to,
            "usage: %s --workload NAME [OPTION VALUE]...\n"
            "  --workload  seq2seq, encoder_decoder, train, step or infer\n"
            "  --units     of the LSTM (train, step, infer: 256)\n"
            "  --steps     of a row (train, infer: 50)\n"
            "  --batch     rows (train, infer: 64)\n"
            "  --features  of a step (train, infer: 100; step: 16)\n"
            "  --threads   1\n"
            "  --reps      repetitions, of which the median is reported (11)\n"
            "  --seconds   the least time of a repetition (0.05)\n",
            program);
}

static inline void peer_refuse(const char *program, const char *what, const char *value)
{
    fprintf(stderr, "%s: %s: %s\n", program, what, value);
    peer_usage(stderr, program);
    exit(2);
}

/* Sizes that the workload fixes, or the defaults of those it leaves open. */
static inline peer_args peer_defaults(const char *program, const char *workload)
{
    static const peer_args table[] = {
        { "seq2seq", 20, 5, 7, CLASSES, 5, 1, 11, 0.05 },
        { "encoder_decoder", 150, 5, ROWS, CLASSES, 2, 1, 11, 0.05 },
        { "train", 256, 50, 64, 100, 0, 1, 11, 0.05 },
        { "step", 256, 1, 1, 16, 0, 1, 11, 0.05 },
        { "infer", 256, 50, 64, 100, 0, 1, 11, 0.05 },
    };
    size_t i = 0;

    while (i < sizeof(table) / sizeof(table[0]) && strcmp(table[i].workload, workload) != 0)
        i++;
    if (i == sizeof(table) / sizeof(table[0]))
        peer_refuse(program, "no such workload", workload);
    return table[i];
}

static inline long peer_number(const char *program, const char *option, const char *text)
{
    char *end;
    const long value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || value < 1 || value > 1000000)
        peer_refuse(program, option, text);
    return value;
}

static inline void peer_option(peer_args *a, const char *program, const char *option,
                               const char *value)
{
    const int open = strcmp(a->workload, "train") == 0 || strcmp(a->workload, "infer") == 0;
    const int step = strcmp(a->workload, "step") == 0;
    long *number = NULL;
    char *end;

    if (strcmp(option, "--threads") == 0)
        number = &a->threads;
    else if (strcmp(option, "--reps") == 0)
        number = &a->reps;
    else if (strcmp(option, "--units") == 0 && (open || step))
        number = &a->units;
    else if (strcmp(option, "--features") == 0 && (open || step))
        number = &a->features;
    else if (strcmp(option, "--steps") == 0 && open)
        number = &a->steps;
    else if (strcmp(option, "--batch") == 0 && open)
        number = &a->batch;
    if (number != NULL) {
        *number = peer_number(program, option, value);
    } else if (strcmp(option, "--seconds") == 0) {
        a->seconds = strtod(value, &end);
        if (end == value || *end != '\0' || !(a->seconds > 0 && a->seconds < 1000))
            peer_refuse(program, option, value);
    } else if (strcmp(option, "--workload") != 0) {
        peer_refuse(program, "no such option for this workload", option);
    }
}

static inline peer_args peer_parse(int argc, char **argv)
{
    const char *workload = NULL;
    peer_args a;
    int i;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        peer_usage(stdout, argv[0]);
        exit(0);
    }
    for (i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            peer_refuse(argv[0], "an option without a value", argv[i]);
        if (strcmp(argv[i], "--workload") == 0)
            workload = argv[i + 1];
    }
    if (workload == NULL)
        peer_refuse(argv[0], "missing", "--workload");
    a = peer_defaults(argv[0], workload);
    for (i = 1; i < argc; i += 2)
        peer_option(&a, argv[0], argv[i], argv[i + 1]);
    if (a.reps > MAX_REPS)
        peer_refuse(argv[0], "too many", "--reps");
    if (a.out_steps == 0)
        a.out_steps = a.steps;
    return a;
}

static inline int peer_is(const peer_args *a, const char *workload)
{
    return strcmp(a->workload, workload) == 0;
}

/* The words of one-hot training in one of the two demos. */
static inline int peer_is_demo(const peer_args *a)
{
    return peer_is(a, "seq2seq") || peer_is(a, "encoder_decoder");
}

static inline int peer_trains(const peer_args *a)
{
    return peer_is_demo(a) || peer_is(a, "train");
}

/* xorshift64*: the same numbers on every machine, uniform in [0, 1). */
static inline double peer_uniform(void)
{
    static uint64_t state = 88172645463325252u;

    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 2685821657736338717u) >> 11) * 0x1p-53;
}

static inline int peer_class(void)
{
    return (int)(peer_uniform() * (double)CLASSES);
}

/* Uniform in (-limit, limit). */
static inline void peer_fill(float *to, size_t count, double limit)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (float)((2 * peer_uniform() - 1) * limit);
}

/* Classes of `batches` demo batches, row by row: window i of a sequence begins at its i-th
 * number. `x` gets `steps`, `y` gets `out_steps` classes a row. */
static inline void peer_windows(const peer_args *a, int *x, int *y)
{
    for (int s = 0; s < RING; s++) {
        int sequence[SEQUENCE];

        for (int i = 0; i < SEQUENCE; i++)
            sequence[i] = peer_class();
        for (int row = 0; row < ROWS; row++) {
            for (long t = 0; t < a->steps; t++)
                *x++ = sequence[row + t];
            for (long t = 0; t < a->out_steps; t++)
                *y++ = sequence[row + t];
        }
    }
}

static inline double peer_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int peer_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double peer_repeat(peer_work *run, void *user, long calls)
{
    const double start = peer_now();

    for (long i = 0; i < calls; i++)
        run(user);
    return (peer_now() - start) / (double)calls;
}

/* Warms up, finds how many calls make a repetition, and times the repetitions. */
static inline peer_times peer_measure(const peer_args *a, peer_work *run, void *user)
{
    double seconds[MAX_REPS];
    peer_times t;
    long calls = 1;
    double each = peer_repeat(run, user, 1);

    while (each * (double)calls < a->seconds) {
        calls *= 2;
        each = peer_repeat(run, user, calls);
    }
    for (long i = 0; i < a->reps; i++)
        seconds[i] = peer_repeat(run, user, calls);
    qsort(seconds, (size_t)a->reps, sizeof(double), peer_compare);
    t.median = seconds[a->reps / 2];
    t.min = seconds[0];
    t.max = seconds[a->reps - 1];
    return t;
}

/* `first` and `last`: the loss of the first and of the last batch where there is training;
 * else two sums over outputs, which must be finite. Fails unless the peer has learnt. */
static inline int peer_report(const peer_args *a, const char *peer, const char *version,
                              peer_times t, double first, double last)
{
    const char *const unit = peer_is(a, "step") ? "step" : "batch";
    const int good = isfinite(first) && isfinite(last) && (!peer_trains(a) || last < first);

    printf("{\"peer\": \"%s\", \"version\": \"%s\", \"workload\": \"%s\", \"units\": %ld, "
           "\"steps\": %ld, \"batch\": %ld, \"features\": %ld, \"threads\": %ld, "
           "\"unit\": \"%s\", \"median_ms\": %.7g, \"min_ms\": %.7g, \"max_ms\": %.7g, "
           "\"loss_start\": %.6g, \"loss\": %.6g}\n",
           peer, version, a->workload, a->units, a->steps, a->batch, a->features,
           a->threads, unit, t.median * 1e3, t.min * 1e3, t.max * 1e3, first, last);
    if (!good)
        fprintf(stderr, "%s: %s: the results are not those of the work asked for\n", peer,
                a->workload);
    return good ? 0 : 1;
}

#endif
