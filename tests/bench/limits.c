/* limits.c - how fast this processor can be, and how long a piece of work takes at least.
 * SPDX-License-Identifier: MIT
 *
 * Every speed is the best of many rounds: what disturbs only ever slows down. */
#include "limits.h"

#include <stdlib.h>
#include <string.h>

#include "measure.h"

/* Rounds are short, so that some of them fall between the moments at which other programs
 * get the processor. */
#define ROUND_SECONDS 0.0003
#define TOTAL_SECONDS 0.08
#define LEAST_ROUNDS 5
#define PASS_BYTES 1000000

/* Time for a number, measured on a core with AVX-512 and the peak named below it; taken in
 * proportion to the peak elsewhere, as both are made of multiply-adds. */
#define ACTIVATION_SECONDS 0.32e-9
#define EXPONENTIAL_SECONDS 0.27e-9
#define CONSTANTS_PEAK 117.0e9

/* A step of one sequence waits for a chain of operations, each of which needs the result
 * of the one before: sums, sigmoid, cell, tanh. */
#define STEP_LATENCY 50.0e-9

/* What Adam moves: reads w, m, v and the gradient, writes w, m, v. */
#define ADAM_BYTES 28.0
#define ADAM_ARRAYS 4 /* of so many numbers as there are parameters */

/* ---- Speeds ------------------------------------------------------------------------- */

/* One pass of something to measure. */
typedef struct probe {
    const loops *loops;
    unsigned char *block;
    size_t bytes, stride; /* of one array, and from one array to the next */
    double work;          /* of the last pass */
} probe;

static double best_rate(void (*pass)(probe *), probe *p)
{
    const double begin = measure_seconds();
    double best = 0.0, now = begin;

    pass(p);
    for (int i = 0; i < LEAST_ROUNDS || now - begin < TOTAL_SECONDS; i++) {
        const double start = measure_seconds();
        double work = 0.0;

        do {
            pass(p);
            work += p->work;
            now = measure_seconds();
        } while (now - start < ROUND_SECONDS);
        if (work / (now - start) > best)
            best = work / (now - start);
    }
    return best;
}

static volatile float sink;

static void pass_multiply_add(probe *p)
{
    /* x goes to 2: far from anything slow. */
    float io[2] = { 0.5F, 1.0F };

    p->work = p->loops->multiply_add(20000, io);
    sink = io[1];
}

/* Small blocks are passed over some times, else reading the clock would count. */
static int64_t turns(const probe *p)
{
    return 1 + (int64_t)(PASS_BYTES / p->bytes);
}

static void pass_read(probe *p)
{
    const int64_t n = turns(p);

    for (int64_t i = 0; i < n; i++)
        sink = p->loops->read(p->block, p->bytes);
    p->work = (double)n * (double)p->bytes;
}

static void pass_triad(probe *p)
{
    const int64_t n = turns(p);

    for (int64_t i = 0; i < n; i++)
        p->loops->triad(p->block, p->block + p->stride, p->block + 2 * p->stride, 0.5F,
                        p->bytes);
    p->work = 3.0 * (double)n * (double)p->bytes;
}

/* Bandwidth of passes over a block cut into some arrays, in bytes a second; 0 if there is
 * no memory for it. */
static double bandwidth(const loops *isa, double bytes, size_t arrays,
                        void (*pass)(probe *))
{
    const size_t line = LOOPS_ALIGN;
    probe p = { .loops = isa };
    double rate;

    p.bytes = ((size_t)bytes / arrays + line) / line * line;
    /* Not a power of two: else the arrays would compete for the same lines of a cache. */
    p.stride = p.bytes + 5 * line;
    p.block = aligned_alloc(line, arrays * p.stride);
    if (p.block == NULL)
        return 0.0;
    memset(p.block, 0, arrays * p.stride);
    rate = best_rate(pass, &p);
    free(p.block);
    return rate;
}

#if defined(__x86_64__)
#define ALL_LOOPS &loops_c, &loops_sse2, &loops_avx2, &loops_avx512
#elif defined(__aarch64__)
#define ALL_LOOPS &loops_c, &loops_neon
#else
#define ALL_LOOPS &loops_c
#endif

static const loops *find_loops(const char *isa)
{
    static const loops *const all[] = { ALL_LOOPS };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, isa) == 0)
            return all[i];
    return NULL;
}

bool limits_measure(limits *l, const char *isa)
{
    probe p = { .loops = find_loops(isa) };

    if (p.loops == NULL)
        return false;
    *l = (limits){ p.loops, best_rate(pass_multiply_add, &p) };
    return true;
}

/* ---- The floor ---------------------------------------------------------------------- */

/* Products at the peak, activations at their speed; after them Adam, at the bandwidth that
 * a triad has in a block of the size of weights, moments and gradients together.  Weights
 * that are read anew for every unit pass by while the products are made, so the longer of
 * the two counts, and never less than the latency of a step.  Several cores share
 * everything evenly. */
bool limits_floor(const limits *l, const work_cost *cost, int threads, floor_time *out)
{
    const double elements =
        cost->activations * ACTIVATION_SECONDS + cost->exponentials * EXPONENTIAL_SECONDS;
    double seconds = cost->flops / l->peak + elements * CONSTANTS_PEAK / l->peak;
    double speed = 0.0, streaming;

    if (cost->parameters > 0.0) {
        speed = bandwidth(l->loops, ADAM_ARRAYS * sizeof(float) * cost->parameters, 3,
                          pass_triad);
        if (speed <= 0.0)
            return false;
        seconds += ADAM_BYTES * cost->parameters / speed;
    }
    if (cost->streamed_bytes > 0.0) {
        speed = bandwidth(l->loops, cost->streamed_bytes, 1, pass_read);
        if (speed <= 0.0)
            return false;
        streaming = cost->streamed_bytes / speed;
        if (streaming < STEP_LATENCY)
            streaming = STEP_LATENCY;
        if (seconds < streaming)
            seconds = streaming;
    }
    *out = (floor_time){ seconds / threads, speed };
    return true;
}
