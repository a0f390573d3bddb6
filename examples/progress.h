/* progress.h - the training display of the examples, and the history they write.
 * SPDX-License-Identifier: MIT
 *
 *     progress_open(&display, &args, trainer);
 *     err = seqecho_trainer_fit_dataset(
 *         trainer, data,
 *         SEQECHO_FIT(.on_event = progress_event, .user = &display, ...), NULL);
 *     progress_close(&display);
 *
 * On a terminal it is one line that changes in place, elsewhere some lines in the style of
 * Keras, with --quiet nothing. */
#ifndef EXAMPLES_PROGRESS_H
#define EXAMPLES_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <seqecho/trainer.h>

#include "args.h"

typedef struct progress {
    const args *args;
    const seqecho_trainer *trainer;
    FILE *csv;       /* or NULL */
    bool live;       /* a line that changes in place */
    bool drawn;      /* that line stands unfinished */
    double start;    /* times in seconds */
    double next;     /* the line is not drawn again before */
    int64_t first;   /* the epoch that it began with; not 0 if resumed */
    int64_t samples; /* of the epochs that have ended since */
    int64_t printed; /* the last epoch that was, of lines that do not change */
} progress;

/* Start the clock and the history file, with the epochs that the trainer has behind it: it
 * may have been restored.  Exits with a message if the file cannot be opened. */
void progress_open(progress *p, const args *a, const seqecho_trainer *trainer);

/* For seqecho_fit_options.on_event, with the progress as its user. */
int progress_event(void *user, const seqecho_event *event);

/* The same for a program with a loop of its own: epoch number `epoch`, 0-based, of `epochs`
 * has ended. */
void progress_epoch(progress *p, int64_t epoch, int64_t epochs,
                    const seqecho_report *report);

/* End the live line and the history file.  If that could not be written whole, the program
 * will fail at its end. */
void progress_close(progress *p);

#endif /* EXAMPLES_PROGRESS_H */
