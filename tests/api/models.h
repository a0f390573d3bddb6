/* models.h - graphs, data and snapshots that several tests use.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_MODELS_H
#define SEQECHO_TESTS_MODELS_H

#include <seqecho/seqecho.h>

/* Sizes of a model; zero means that of the demonstrations. */
typedef struct models_size {
    int64_t batch;   /* fixed, and then stateful; 0 means any, and stateless */
    int64_t units;   /* 20, or 150 */
    int64_t classes; /* 100 */
    int64_t steps;   /* 5 */
    uint64_t seed;
    const seqecho_allocator *allocator;
} models_size;

/* Echo a whole window: LSTM, TimeDistributed(Dense softmax). */
seqecho_graph *models_whole(models_size size);

/* Echo its first two steps: encoder LSTM, RepeatVector, decoder LSTM,
 * TimeDistributed(Dense softmax). */
seqecho_graph *models_partial(models_size size);

/* A small stateless one, any batch, ready to train: (4, 3) floats to 2 floats. */
seqecho_graph *models_small(void);

/* A dataset that fits: 21 rows of these steps. */
seqecho_dataset *models_data(models_size size, int64_t n_out, seqecho_encoding encoding);

/* A trainer with cross-entropy and accuracy. */
seqecho_trainer *models_trainer(seqecho_graph *graph, int32_t threads);

/* `epochs` sequences of the dataset, in batches of 7. */
void models_train(seqecho_trainer *trainer, seqecho_dataset *data, int64_t epochs);

/* All weights one after the other; free() them. */
float *models_weights(seqecho_graph *graph, size_t *n);

/* Both graphs have the same weights, bit for bit. */
void models_assert_same(seqecho_graph *a, seqecho_graph *b);

/* FNV-1a of some bytes. */
uint64_t models_hash(const void *data, size_t size);

/* Deterministic numbers in [-1, 1]. */
void models_fill(float *values, size_t n, uint32_t seed);

#endif /* SEQECHO_TESTS_MODELS_H */
