/* train/loss_rows.h - the losses of some rows of an output, and their gradients.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_LOSS_ROWS_H
#define SE_TRAIN_LOSS_ROWS_H

#include <seqecho/trainer.h>

#include "kernels/kernels.h"

/* Rows that go together, a few of their figures resting on the stack; fewer where targets
 * are smoothed, since those take memory. */
#define SE_LOSS_ROWS 64
#define SE_LOSS_ROWS_SMOOTH 16

/* How an output is measured. */
typedef struct se_criterion {
    seqecho_loss loss;
    bool logits;     /* cross-entropies: of rows that are logits */
    float smoothing; /* cross-entropies: this much of the targets is spread evenly */
    float delta;     /* of Huber */
} se_criterion;

/* Rows of an output and their targets: rows of y, or class numbers that stand for one-hot
 * rows. */
typedef struct se_rows {
    const se_kernels *k;
    int64_t rows, cols;
    const float *p;       /* (rows, cols) */
    const float *y;       /* rows y_row floats apart; NULL: */
    const int32_t *label; /* class numbers, y_row apart */
    int64_t y_row;
    bool deferred; /* p has yet to go through the softmax the output ends in */
} se_rows;

/* What a loss makes of them. */
typedef struct se_row_losses {
    double loss[SE_LOSS_ROWS];
    float largest[SE_LOSS_ROWS]; /* the largest of each row of p that is not NaN, */
    bool has_largest;            /* where the loss came across it */
} se_row_losses;

/* May targets of this loss be class numbers? */
bool se_loss_takes_classes(seqecho_loss loss);

/* The loss of each row, SE_LOSS_ROWS of them at most (where targets are smoothed,
 * SE_LOSS_ROWS_SMOOTH), and where d is not NULL, scale times its gradient there.  room: as
 * many rows, if targets are smoothed. */
void se_loss_rows(const se_criterion *c, const se_rows *r, float scale, float *room,
                  float *d, se_row_losses *out);

#endif /* SE_TRAIN_LOSS_ROWS_H */
