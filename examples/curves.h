/* curves.h - how the figures of trainings went, epoch by epoch, to be drawn by plot.c.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_CURVES_H
#define EXAMPLES_CURVES_H

#include <stddef.h>

#include <seqecho/trainer.h>

#include "args.h"

/* What can be drawn, each of training and of validation. */
typedef enum figure { CURVES_LOSS, CURVES_ACCURACY, CURVES_MAE, CURVES_FIGURES } figure;

/* Of one epoch, or of some in a row, over all runs: finite numbers, or `mean` is NaN. */
typedef struct span {
    double epoch; /* from 1; the middle of them */
    double mean, low, high;
} span;

typedef struct curve {
    char name[64];
    size_t epochs;
    int runs;                       /* of several seeds, say */
    span *of[CURVES_FIGURES][2];    /* for each epoch: training, validation */
    double least[CURVES_FIGURES];   /* of both; NaN if nothing is there */
    double largest[CURVES_FIGURES]; /* likewise */
} curve;

/* Remember the history of a trainer.  One more run of the network that came last is drawn
 * with it as one curve: their mean, and the range that they cover. */
void curves_add(const args *a, const char *name, const seqecho_trainer *trainer);

/* All that are remembered. */
const curve *curves(size_t *count);
void curves_forget(void);

/* The epochs of a curve in at most `most` spans, of equal length, or of equal ratio for a
 * logarithmic scale; NaNs are left out.  Returns how many there are. */
size_t curves_spans(const curve *c, figure f, int validation, bool logarithmic, span *spans,
                    size_t most);

#endif /* EXAMPLES_CURVES_H */
