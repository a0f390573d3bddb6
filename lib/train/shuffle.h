/* train/shuffle.h - samples set apart, and samples in random order.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_SHUFFLE_H
#define SE_TRAIN_SHUFFLE_H

#include "train/trainer.h"

/* Two for an input, one for an output and one for its weights. */
#define SE_MAX_VIEWS (4 * SE_MAX_ENDS)

/* The views of some samples, of a size or place of their own. */
typedef struct se_view_set {
    seqecho_view view[SE_MAX_VIEWS];
    size_t n;
    se_samples samples; /* points into view[] */
} se_view_set;

/* Checked views, but for those of outputs that have no loss: nobody has looked at what they
 * are, and nobody will, so they come without data. */
void se_samples_copy(se_view_set *set, const seqecho_trainer *trainer,
                     const se_samples *samples);

/* Samples [first, first + count) of checked views, where they lie. */
void se_samples_slice(se_view_set *set, const seqecho_graph *graph,
                      const se_samples *samples, int64_t first, int64_t count);

/* Batches of samples in random order: rows are gathered in a buffer for one batch. */
typedef struct se_shuffle {
    se_view_set from, batch;
    float *rows[SE_MAX_VIEWS]; /* where a view of `batch` lies */
    float *block;
    uint32_t *order;
    uint32_t count; /* samples */
} se_shuffle;

/* For `count` samples of checked views, in batches of at most `batch`. */
int se_shuffle_create(se_shuffle *shuffle, const seqecho_graph *graph,
                      const se_samples *samples, int64_t count, int64_t batch,
                      const seqecho_allocator *a);

/* Of a struct of zeros, too. */
void se_shuffle_finish(se_shuffle *shuffle, const seqecho_allocator *a);

/* The order of an epoch, which follows from the seed and its number. */
void se_shuffle_order(se_shuffle *shuffle, uint64_t seed, uint64_t epoch);

/* Samples [first, first + count) of that order, valid until the next call. */
const se_samples *se_shuffle_batch(se_shuffle *shuffle, int64_t first, int64_t count);

#endif /* SE_TRAIN_SHUFFLE_H */
