/* report.h - how the examples of the extensions go: train, echo for the eye, sum up.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_REPORT_H
#define EXAMPLES_REPORT_H

#include "args.h"
#include "trial.h"

/* Make the trial with the sizes, the seed and the epochs of the command line, and train it
 * with a display.  Where a program trains several networks, the name heads what is printed
 * of each.  `watch`, where not NULL, sees the events too, and may end the training.
 * Returns what training_close() does; the trial is to be closed in any case. */
int report_train(const args *a, trial *t, const char *name, seqecho_event_fn watch,
                 void *user);

/* Print how the trained model echoes a held-out sequence, row by row:
 * "Expected: [1, 2] Predicted [1, 2]", a missing number as -. */
int report_echo(const args *a, trial *t);

/* Print one line: what was trained, for how long, and how right it is on --eval held-out
 * sequences. */
int report_summary(const args *a, trial *t, const char *name);

/* The same line for a training that is not a trial. */
void report_line(const args *a, const char *name, const seqecho_graph *model,
                 const seqecho_trainer *trainer, const trial_score *score);

/* Train, echo, sum up, close the trial: 0, or what args_exit() makes a status of. */
int report_trial(const args *a, trial *t, const char *name);

/* The same for the only trial of a program; returns its exit status. */
int report_all(const args *a, trial *t, const char *name);

#endif /* EXAMPLES_REPORT_H */
