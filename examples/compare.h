/* compare.h - the networks that echo_compare trains.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_COMPARE_H
#define EXAMPLES_COMPARE_H

#include "trial.h"

typedef struct comparison {
    const char *set;
    const char *name;
    trial trial;
} comparison;

/* Set by set; ended by one without a name. */
extern const comparison comparisons[];

#endif /* EXAMPLES_COMPARE_H */
