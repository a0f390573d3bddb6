/* train/evaluate.h - measuring without training, by itself or between epochs.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_EVALUATE_H
#define SE_TRAIN_EVALUATE_H

#include "train/trainer.h"

typedef struct se_evaluation {
    se_samples samples;
    seqecho_dataset *dataset; /* that draws them anew, or NULL */
    int64_t sequences;        /* to draw; 1 where there is no dataset */
    bool reset_each_batch;
    int64_t count, batch; /* samples, of a sequence and of a batch */
} se_evaluation;

/* Check the samples, and divide them into batches as the options ask. */
int se_evaluation_prepare(se_evaluation *evaluation, const seqecho_trainer *trainer,
                          const seqecho_fit_options *options);

/* Measure from zero states; those of the trainer are as before. */
int se_evaluation_run(const se_evaluation *evaluation, seqecho_trainer *trainer,
                      seqecho_report *report);

/* ---- Datasets ---- */

/* A dataset feeds graphs of one input and one output; `call` begins the message. */
int se_dataset_check(const seqecho_trainer *trainer, const seqecho_dataset *dataset,
                     const char *call);

/* The rows of a dataset as the trainer takes them: class numbers stand for one-hot rows,
 * with the same bits, where the loss allows it. */
se_samples se_dataset_samples(const seqecho_trainer *trainer,
                              const seqecho_dataset *dataset, const seqecho_view *weight);

#endif /* SE_TRAIN_EVALUATE_H */
