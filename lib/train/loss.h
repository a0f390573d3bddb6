/* train/loss.h - losses and accuracy of one batch, and the gradient of the loss.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_LOSS_H
#define SE_TRAIN_LOSS_H

#include <seqecho/trainer.h>

#include "graph/session.h"

/* Sums over samples.  The loss of a sample is the sum over outputs of the mean over time
 * steps; its share of hits is the mean over both. */
typedef struct se_score {
    double loss, hits;
    int64_t samples;
} se_score;

typedef struct se_objective {
    seqecho_loss loss;
    bool clipped;  /* cross-entropy from probabilities even where logits are at hand */
    bool accuracy; /* count hits */
} se_objective;

/* SEQECHO_EINVAL for a loss that does not exist. */
int se_loss_check(seqecho_loss loss);

/* May targets of this loss be class numbers? */
bool se_loss_takes_classes(seqecho_loss loss);

/* Can this loss take the logits of an output instead of its softmax? */
bool se_loss_takes_logits(const se_objective *objective);

/* Add output `i` of the last forward pass, against samples [first, ...) of the target y
 * (checked), to the loss and hits of *score.  With `gradient`, write the gradient of the
 * mean loss over the batch into its slot. */
void se_loss_add(const se_objective *objective, se_session *session, size_t i,
                 const seqecho_view *y, int64_t first, bool gradient, se_score *score);

#endif /* SE_TRAIN_LOSS_H */
