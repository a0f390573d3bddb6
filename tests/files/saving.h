/* saving.h - trainings of 4 epochs of 3 batches with the callback that saves them, and a
 * look at what it has saved.
 * SPDX-License-Identifier: MIT */
#ifndef SAVING_H
#define SAVING_H

#include "training.h"

seqecho_graph *saving_graph(void);

#define SAVING_PLAN(...) \
    { \
        .name = "numbers", .graph = saving_graph, \
        .trainer = { .loss = SEQECHO_MEAN_SQUARED_ERROR, \
                     .learning_rate = 0.05F, \
                     .metrics = SEQECHO_METRIC_MAE }, \
        .fit = { .epochs = 4 }, __VA_ARGS__ \
    }

extern const training_plan saving_plain;

void saving_open(training *t, const training_plan *plan,
                 const seqecho_checkpoint_options *options);

/* What is in a directory, less what all names have in common, in alphabetical order. */
const char *saving_files(const char *directory);

/* A file with this content. */
void saving_put(const char *path, const void *bytes, size_t size);

#endif /* SAVING_H */
