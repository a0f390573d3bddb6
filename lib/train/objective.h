/* train/objective.h - what the trainer minimises and measures: options and targets.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_OBJECTIVE_H
#define SE_TRAIN_OBJECTIVE_H

#include "graph/session.h"
#include "train/metrics.h"

/* What the trainer minimises and measures, for each output of its graph. */
typedef struct se_objective {
    se_criterion output[SE_MAX_ENDS]; /* those with SEQECHO_LOSS_NONE take no part */
    float weight[SE_MAX_ENDS];        /* of its loss in the sum */
    bool any;                         /* any output has a loss */
    bool mean_all; /* masked losses are divided by all steps, not by those that are there */
    se_metrics metrics;
    float *room; /* for rows of the widest output, or NULL */
} se_objective;

/* Read what the options say of loss and metrics, but for what needs to know the outputs. */
int se_objective_check(const seqecho_trainer_options *options);

/* Read the rest for the outputs of a session that runs for nothing but this: outputs whose
 * loss cannot take logits will not be left without their softmax. */
int se_objective_create(se_objective *objective, const seqecho_trainer_options *options,
                        se_session *session, const seqecho_allocator *allocator);
void se_objective_finish(se_objective *objective, const seqecho_allocator *allocator);

/* Check target and weights, if any, of `samples` samples for output `i` of the session. */
int se_objective_check_targets(const se_objective *objective, const se_session *session,
                               size_t i, const seqecho_view *y, const seqecho_view *weight,
                               int64_t samples);

#endif /* SE_TRAIN_OBJECTIVE_H */
