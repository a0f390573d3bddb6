/* measure.h - what echo_compare finds out about a network.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_MEASURE_H
#define EXAMPLES_MEASURE_H

#include "args.h"
#include "compare.h"

/* What is measured of each seed. */
enum {
    LOSS,      /* mean of the last 5 epochs */
    ACCURACY,  /* mean of the last 20 epochs; NaN where the loss is not a cross-entropy */
    ELEMENTS,  /* share of numbers right on held-out sequences */
    SEQUENCES, /* of sequences with every number right */
    ERROR,     /* mean distance between echoed and true number */
    HELD_FROM, /* the first epoch of 20 in a row with nothing wrong, from 1; or NaN */
    SECONDS,   /* of the processor, for training */
    FIGURES
};

typedef struct measured {
    double figure[FIGURES];
    int64_t weights;
} measured;

/* Train and evaluate the network with one seed, on one thread.  With --plot, its
 * curves are remembered.  0, or a SEQECHO_E* code. */
int measure(const args *a, const comparison *c, uint64_t seed, measured *m);

#endif /* EXAMPLES_MEASURE_H */
