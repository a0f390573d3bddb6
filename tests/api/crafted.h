/* crafted.h - a trainer whose loss is what the test says, epoch by epoch.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_CRAFTED_H
#define SEQECHO_TESTS_CRAFTED_H

#include <seqecho/seqecho.h>

enum { CRAFTED_SAMPLES = 4, CRAFTED_EPOCHS = 16 };

/* One number to one number, through a ReLU that always gives 0 unless `learns`: the mean
 * squared error is the mean square of the targets, and no weight moves.  Targets are
 * written when an epoch begins. */
typedef struct crafted {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_view x, y, val_x, val_y;
    float x_data[CRAFTED_SAMPLES], y_data[CRAFTED_SAMPLES], val_data[CRAFTED_SAMPLES];

    float target[CRAFTED_EPOCHS];     /* of all samples; NaN only of the last two */
    float val_target[CRAFTED_EPOCHS]; /* likewise */
    int ones[CRAFTED_EPOCHS];         /* if not 0: so many targets are 1, others 0 */

    float weights[CRAFTED_EPOCHS][2]; /* at the end of each epoch */
    double validated[CRAFTED_EPOCHS]; /* loss in the event, NaN without */
    char order[256];                  /* "B01EF", and N: a batch was not finite */
    int answer;                       /* at the first event of this letter: */
    char at;
    seqecho_event_fn also; /* called in each event, or NULL */
    void *user;
} crafted;

void crafted_begin(crafted *c, bool learns, double learning_rate);
void crafted_end(crafted *c);

/* The seqecho_event_fn; user is the crafted. */
int crafted_event(void *user, const seqecho_event *event);

/* Fit for some epochs, in batches of two samples. */
int crafted_fit(crafted *c, int64_t epochs, bool validation,
                seqecho_callback *const *callbacks, size_t n, seqecho_report *report);

/* How many epochs there are in the history. */
size_t crafted_epochs(const crafted *c);

#endif /* SEQECHO_TESTS_CRAFTED_H */
