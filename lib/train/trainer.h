/* train/trainer.h - what the files of the trainer share.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_TRAINER_H
#define SE_TRAIN_TRAINER_H

#include <seqecho/trainer.h>

#include "train/history.h"
#include "train/loss.h"
#include "train/optimizer.h"

typedef enum se_phase {
    SE_PHASE_IDLE,
    SE_PHASE_FORWARD,   /* backward() may follow */
    SE_PHASE_GRADIENTS, /* gradients are there to be looked at and applied */
    SE_PHASE_APPLIED    /* they can still be looked at */
} se_phase;

struct seqecho_trainer {
    seqecho_allocator allocator;
    se_session *session;
    se_objective objective;
    se_optimizer optimizer;
    float *grads; /* in the layout of the parameters */
    se_history history;
    uint64_t epochs; /* fitted so far */
    se_phase phase;
    bool in_event; /* a callback is running */

    const struct se_fit_run *fit; /* under way, or NULL */
    struct se_resume *resume;     /* what a restored checkpoint has left for one, or NULL */
};

/* What a call is given: one view per graph input (and one of lengths behind each input that
 * has them), one per output, and weights for each output, or NULL. */
typedef struct se_samples {
    const seqecho_view *x, *y, *weight;
} se_samples;

/* SEQECHO_EINVAL for NULL, SEQECHO_ESTATE inside a callback; `call` begins the message. */
int se_trainer_enter(const seqecho_trainer *trainer, const char *call);

/* Check the views against the graph and each other; *count receives how many samples
 * there are. */
int se_trainer_check(const seqecho_trainer *trainer, const se_samples *samples,
                     int64_t *count);

/* Check how `samples` divide into batches of `asked` (0: the graph's, or else 32). */
int se_trainer_batch(const seqecho_trainer *trainer, int64_t asked, int64_t samples,
                     int64_t *batch);

/* Check that `samples` can be one batch. */
int se_trainer_one_batch(const seqecho_trainer *trainer, int64_t samples);

/* Make room for a batch; once there is, what the last pass left is given up. */
int se_trainer_bind(seqecho_trainer *trainer, int64_t batch, bool want_dx);

/* Forward and loss of samples [first, first + count) of checked views, added to *score.
 * With `gradient` also backward, into trainer->grads.  Nothing is committed. */
int se_trainer_pass(seqecho_trainer *trainer, const se_samples *samples, int64_t first,
                    int64_t count, bool gradient, bool want_dx, se_score *score);

/* One update on samples [first, first + count). */
int se_trainer_update(seqecho_trainer *trainer, const se_samples *samples, int64_t first,
                      int64_t count, se_score *score);

/* ---- Reports ---- */

/* Is this a report the library can write to?  NULL is. */
int se_report_check(const seqecho_report *report);

/* What a score over `batches` batches says. */
seqecho_report se_report_make(const seqecho_trainer *trainer, const se_score *score,
                              int64_t batches, double seconds);

/* Copy to the user's report, as far as it reaches. */
void se_report_write(seqecho_report *dst, const seqecho_report *src);

/* Seconds on a clock that only goes forward. */
double se_seconds(void);

#endif /* SE_TRAIN_TRAINER_H */
