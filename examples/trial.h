/* trial.h - one experiment with the echo problem: its data, its network, its training, and
 * what came of it.  The examples are one trial each, echo_compare makes many.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_TRIAL_H
#define EXAMPLES_TRIAL_H

#include <seqecho/seqecho.h>

typedef struct trial {
    /* What is to be learned; zeros mean the tutorial's. */
    int64_t length, n_unique, n_in, n_out;
    seqecho_encoding encoding; /* one-hot or linear */
    seqecho_rows rows;         /* what is padded, is padded with -1 */
    bool flat; /* the target is one vector of n_out * n_unique numbers, not n_out steps */

    /* Who learns it. */
    void (*build)(seqecho_graph *model, const struct trial *trial); /* see models.h */
    int64_t units, batch;
    bool stateless;
    bool unmasked;             /* it sees the padding, but is not asked to echo it */
    seqecho_activation output; /* of the last layer; default softmax */

    /* And how. */
    seqecho_loss loss;   /* default categorical cross-entropy */
    float learning_rate; /* default 0.001 */
    int64_t epochs;      /* 0: not at all */
    int32_t threads;
    uint64_t seed;
    seqecho_callback **callbacks; /* of the fit */
    size_t n_callbacks;
    bool resume; /* go on where the trainer was restored to */

    /* Made by trial_open(). */
    seqecho_dataset *data, *held_out;
    seqecho_graph *model;
    seqecho_trainer *trainer;
    seqecho_view x, y;
    seqecho_view weight; /* of each step of y, if unmasked */
    float *weights;      /* behind that view */
} trial;

/* How well a model echoes sequences it has never seen.  Steps that are padded do not
 * count. */
typedef struct trial_score {
    double elements;   /* share of numbers that are right */
    double rows;       /* of windows with every number right */
    double sequences;  /* of sequences with every window right */
    double mean_error; /* mean distance between echoed and true number */
} trial_score;

/* These return 0 or a SEQECHO_E* code. */

/* Fill in defaults, and make data, network and trainer.  After a failure, too, the trial is
 * to be closed. */
int trial_open(trial *t);

/* Train: every epoch is one pass over a fresh sequence, from a zero state.  on_event may be
 * NULL; a flat trial has no events and no callbacks. */
int trial_train(trial *t, seqecho_event_fn on_event, void *user);

/* Let the model echo the next held-out sequence.  expected and predicted are
 * (rows, n_out); missing numbers are -1. */
int trial_echo(trial *t, int32_t *expected, int32_t *predicted);

/* The score over the next `sequences` held-out sequences. */
int trial_evaluate(trial *t, int64_t sequences, trial_score *score);

void trial_close(trial *t);

#endif /* EXAMPLES_TRIAL_H */
