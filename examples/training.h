/* training.h - one training of an example: what is shown of it, where it is saved, and how
 * it is stopped.
 * SPDX-License-Identifier: MIT
 *
 *     err = training_open(&t, model, trainer, &args);
 *     if (err == 0 && args.epochs > 0)
 *         err = seqecho_trainer_fit_dataset(
 *             trainer, data,
 *             SEQECHO_FIT(.epochs = args.epochs, .on_event = training_event, .user = &t,
 *                         .callbacks = t.callbacks, .n_callbacks = t.n_callbacks,
 *                         .resume = args.resume),
 *             NULL);
 *     err = training_close(&t, err);
 *
 * Ctrl-C ends it after the batch, and everything is saved that was to be saved. */
#ifndef EXAMPLES_TRAINING_H
#define EXAMPLES_TRAINING_H

#include <seqecho/seqecho.h>

#include "progress.h"

typedef struct training {
    const args *args;
    seqecho_graph *model;
    seqecho_trainer *trainer;
    const char *name; /* among several of one program */
    progress display;
    seqecho_callback *callbacks[2]; /* for the fit: of --checkpoint, of --tensorboard */
    size_t n_callbacks;
    bool checkpoints; /* the first of them */
    int64_t done;     /* epochs behind it */
    bool begun;       /* in this run of the program */
    bool opened, stopped;
    bool saving; /* of a loop of its own: this epoch ends with a checkpoint */
} training;

/* Load or resume what the command line says, and be ready for the fit.  0, a SEQECHO_E*
 * code, or an exit status after a message; the training is to be closed in any case. */
int training_open(training *t, seqecho_graph *model, seqecho_trainer *trainer,
                  const args *a);

/* For seqecho_fit_options.on_event, with the training as its user. */
int training_event(void *user, const seqecho_event *event);

/* For a program with a loop of its own, which fits once an epoch: how many callbacks that
 * fit is to have, and what came of it; 0-based.  The loop ends when `stopped` is set. */
size_t training_callbacks(training *t, int64_t epoch);
void training_epoch(training *t, int64_t epoch, const seqecho_report *report);

/* The training is over, for the reason `err`.  Saves the model, and says how to go on if it
 * was stopped.  0 if there are results to print; else a SEQECHO_E* code, or an exit status
 * after a message: 128 and the signal if there was one. */
int training_close(training *t, int err);

#endif /* EXAMPLES_TRAINING_H */
