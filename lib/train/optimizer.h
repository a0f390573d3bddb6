/* train/optimizer.h - Adam over the whole parameter block.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_OPTIMIZER_H
#define SE_TRAIN_OPTIMIZER_H

#include <seqecho/trainer.h>

#include "graph/graph.h"

typedef struct se_optimizer {
    double learning_rate, beta_1, beta_2, epsilon;
    int64_t iterations; /* steps made */
    float *m, *v;       /* moments, in the layout of the parameters */
    int64_t size;
} se_optimizer;

/* Keras's defaults, no moments yet. */
void se_optimizer_defaults(se_optimizer *optimizer);

/* Zero moments for this many parameters. */
int se_optimizer_create(se_optimizer *optimizer, int64_t size, const seqecho_allocator *a);
void se_optimizer_finish(se_optimizer *optimizer, const seqecho_allocator *a);

/* SEQECHO_EINVAL for an unknown parameter or a value out of its range. */
int se_optimizer_set(se_optimizer *optimizer, seqecho_param param, double value);
int se_optimizer_get(const se_optimizer *optimizer, seqecho_param param, double *value);

/* One step: Keras's Adam, whose epsilon stands outside the bias correction:
 *     w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon) */
void se_optimizer_step(se_optimizer *optimizer, const se_compute *compute,
                       const seqecho_graph *graph, const float *grads);

#endif /* SE_TRAIN_OPTIMIZER_H */
