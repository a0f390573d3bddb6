/* train/fit_run.h - one fit under way, and where in it the training is.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_FIT_RUN_H
#define SE_TRAIN_FIT_RUN_H

#include "train/callbacks.h"
#include "train/evaluate.h"
#include "train/shuffle.h"

/* What has happened last.  Names of them are in files: resume.c. */
typedef enum se_stage {
    SE_STAGE_EPOCH_BEGIN, /* an epoch has its samples; no batch is done */
    SE_STAGE_BATCH_END,   /* a batch is done */
    SE_STAGE_EPOCH_END,   /* an epoch is in the history */
    SE_STAGES
} se_stage;

/* Everything that changes in the course of a fit, and that one which is resumed takes up.
 * What a callback remembers is with the callback, and the rest with the trainer. */
typedef struct se_place {
    se_stage stage;
    bool told;      /* the callbacks have had the event of this stage */
    bool ended;     /* one of them has asked for the end */
    int64_t epoch;  /* the one under way */
    int64_t done;   /* batches of it */
    se_score score; /* of those */
    double seconds; /* that it took when it was last looked at */
    double rate;    /* of the last step; NaN if there was none in this epoch */
    bool validated; /* the last epoch was, with these figures: */
    seqecho_report measured;
    seqecho_report last; /* figures of the last epoch with a batch */
} se_place;

typedef struct se_fit_run {
    seqecho_trainer *t;
    seqecho_fit_options opt;
    seqecho_dataset *dataset; /* that draws the samples, or NULL */
    se_samples data;          /* to train on */
    int64_t samples, batch, batches;
    se_view_set all;        /* samples, if they are split or shuffled */
    se_view_set head, tail; /* of validation_split */
    se_shuffle shuffle;
    se_evaluation validation; /* if there are samples in it */
    size_t begun;             /* callbacks */

    se_place place;
    double start; /* of the epoch */
    bool stopped; /* an event asked for the end */
    bool resumed; /* the place is one in the midst of a fit */
} se_fit_run;

static inline bool se_fit_validates(const se_fit_run *run)
{
    return run->validation.samples.x != NULL;
}

#endif /* SE_TRAIN_FIT_RUN_H */
