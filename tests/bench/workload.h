/* workload.h - what is timed: the networks, their usual sizes and their least work.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_WORKLOAD_H
#define TESTS_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seqecho/graph.h>

/* Classes of a target where the input does not set them. */
#define WORK_CLASSES 100

/* Where the input is class numbers, features is how many classes there are. */
typedef struct work_size {
    int64_t units, steps, batch, features;
} work_size;

/* The least work of one unit, whatever the library does to get there. */
typedef struct work_cost {
    double flops;          /* of products, 2 a multiply-add */
    double activations;    /* sigmoid or tanh of a number */
    double exponentials;   /* of softmax */
    double parameters;     /* that Adam updates; 0 for inference */
    double streamed_bytes; /* of weights, read anew for every unit; 0 if that is hidden */
} work_cost;

typedef struct workload {
    const char *name;
    const char *unit; /* what one time is of: "batch" or "step" */
    const char *about;
    work_size usual, brief;
    bool trains;
    bool streams;      /* one step a call, through seqecho_predictor_step() */
    bool from_classes; /* the input is class numbers, framed from random sequences */
    bool from_zero;    /* stateful layers are reset before each batch */
    int64_t batches;   /* of one random sequence */
    int64_t echoed;    /* oldest steps of a window that are the target; 0 means all */
    void (*build)(seqecho_graph *graph, const work_size *size);
    work_cost (*cost)(const work_size *size);
} workload;

/* Workload i, NULL after the last. */
const workload *workload_at(size_t i);

/* By name; NULL if there is none. */
const workload *workload_find(const char *name);

/* Time steps of a target. */
int64_t workload_echoed(const workload *w, const work_size *size);

#endif /* TESTS_BENCH_WORKLOAD_H */
