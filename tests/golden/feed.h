/* feed.h - inputs and targets, as float rows and as class numbers.
 * SPDX-License-Identifier: MIT */
#ifndef PARITY_FEED_H
#define PARITY_FEED_H

#include <seqecho/seqecho.h>

#include "case.h"

/* Some batches of equal shape.  Class numbers are held beside the one-hot rows they stand
 * for; `classes` is NULL for an array of floats, and where a step is missing (-1), which
 * only rows can express. */
struct feed {
    const float *floats;
    const int32_t *classes;
    int32_t rank; /* of a batch of rows */
    int64_t dim[SEQECHO_MAX_RANK];
    size_t batches;
    size_t batch_floats;
    size_t batch_classes;
};

/* Take `array` as batches: of shape (batches, batch, ...) with `has_batches`, else as one.
 * Class numbers become rows of `depth`, a missing step is a row of `missing`. */
bool feed_open(struct golden_case *c, struct feed *feed, const struct array *array,
               bool has_batches, int64_t depth, float missing);

/* `count` batches from number `first`, one after the other as one larger batch.  The view
 * is of class numbers if they are asked for and there are any. */
seqecho_view feed_view(const struct feed *feed, bool as_classes, size_t first,
                       size_t count);

/* Write `count` one-hot rows.  False if a class number is outside [-1, depth). */
bool feed_expand(const int32_t *classes, size_t count, int64_t depth, float missing,
                 float *rows);

#endif /* PARITY_FEED_H */
