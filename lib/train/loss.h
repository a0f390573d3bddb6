/* train/loss.h - loss and metrics of one batch, and the gradient of the loss.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_LOSS_H
#define SE_TRAIN_LOSS_H

#include "train/objective.h"

/* Sums over batches.  The loss of a batch is the sum over outputs of their mean losses,
 * and is added once for each sample of the batch.  A metric is a sum over the steps that
 * are not masked, and `measured` is how many those are; a step of an output that has n
 * counts 1/n in both, so that outputs count alike. */
typedef struct se_score {
    double loss;
    double metric[SE_METRICS];
    double measured;
    int64_t samples;
} se_score;

/* Targets of one output, and what its steps weigh. */
typedef struct se_targets {
    const seqecho_view *y;      /* checked */
    const seqecho_view *weight; /* checked; NULL, or data NULL, for all 1 */
    int64_t first;              /* sample of both that is the first of the batch */
} se_targets;

/* Add output `i` of the last forward pass, which left softmax to the loss where it can, to
 * all of *score but its samples.  With `gradient`, write the gradient of the loss of the
 * batch into the output's slot. */
void se_loss_add(const se_objective *objective, se_session *session, size_t i,
                 const se_targets *targets, bool gradient, se_score *score);

void se_score_add(se_score *sum, const se_score *batch);

/* A metric's mean so far; NaN if it was not asked for, or there was nothing to measure it
 * by; 0 where every step was masked, as in Keras. */
double se_score_metric(const se_score *score, const se_metrics *metrics, int metric);

#endif /* SE_TRAIN_LOSS_H */
