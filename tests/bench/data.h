/* data.h - inputs and targets, made before the clock starts.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_DATA_H
#define TESTS_BENCH_DATA_H

#include <seqecho/common.h>

#include "workload.h"

/* Some batches, one after the other. */
typedef struct data {
    int64_t batches;
    void *x, *y;                 /* y is NULL for inference */
    size_t x_bytes, y_bytes;     /* of a batch */
    seqecho_view x_view, y_view; /* of the first one */
} data;

/* Random sequences, framed, for the programs of the tutorial; else one batch of random
 * numbers with random classes.  False if there is no memory for it. */
bool data_create(data *d, const workload *w, const work_size *size, bool one_hot);

void data_destroy(data *d);

/* The views of batch i. */
void data_batch(const data *d, int64_t i, seqecho_view *x, seqecho_view *y);

#endif /* TESTS_BENCH_DATA_H */
