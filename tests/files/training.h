/* training.h - small trainings of many kinds, which can be stopped at any event, saved
 * there, and compared when they are done.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_TRAINING_H
#define SEQECHO_TESTS_TRAINING_H

#include <stdbool.h>

#include "files.h"

/* Ready-made callbacks, in this order. */
enum {
    TRAINING_STOP = 1,   /* early stopping, which does stop after `patience` epochs */
    TRAINING_BEST = 2,   /* and then puts the best weights back */
    TRAINING_REDUCE = 4, /* lowers the learning rate, with a cooldown */
    TRAINING_LOG = 8,    /* CSV */
    TRAINING_NAN = 16,   /* stops on what is not finite */
    TRAINING_SAVES = 32, /* checkpoints after each batch, in training.directory */
    TRAINING_CALLBACKS = 5
};

/* Samples of trainings on views: 4 steps of 3 features to 2 numbers, and to 3 a step. */
enum { TRAINING_SAMPLES = 24, TRAINING_HELD_OUT = 6 };

typedef struct training training;

typedef struct training_plan {
    const char *name;
    seqecho_graph *(*graph)(void);
    seqecho_trainer_options trainer; /* but for the threads */
    seqecho_fit_options fit;         /* but for samples, datasets and callbacks */
    bool dataset;                    /* samples are drawn; else they are views */
    bool held_out;                   /* it is validated on others */
    bool weighted;                   /* the samples are */
    unsigned callbacks;
    int64_t patience;
    /* What the program does in its events, or NULL. */
    void (*interfere)(training *t, const seqecho_event *event);
} training_plan;

struct training {
    const training_plan *plan;
    seqecho_graph *graph;
    seqecho_dataset *data, *held_out;
    seqecho_trainer *trainer;
    seqecho_callback *callback[TRAINING_CALLBACKS], *stop;
    size_t n_callbacks;
    float x[TRAINING_SAMPLES + TRAINING_HELD_OUT][4][3];
    float y[TRAINING_SAMPLES + TRAINING_HELD_OUT][2];
    float y_steps[TRAINING_SAMPLES + TRAINING_HELD_OUT][4][3];
    float weight[TRAINING_SAMPLES], step_weight[TRAINING_SAMPLES][4];
    seqecho_view vx, vy[2], vw[2], held_x, held_y[2];
    char log[128], directory[128];

    int64_t epochs;   /* at first those of the plan */
    int stop_at;      /* event at which it is saved and stopped; -1 for never */
    int answer;       /* then */
    int events;       /* so far */
    file_bytes saved; /* when it was stopped */
    seqecho_event_kind kind;
    seqecho_report report;
};

/* All plans.  Each fit has 20 events or more. */
extern const training_plan training_plans[];
extern const size_t training_plan_count;

/* `name` is that of its files.  Free what it is in with training_close(). */
void training_open(training *t, const training_plan *plan, int32_t threads,
                   const char *name);
void training_close(training *t);

/* Fit, with `resume` set.  A negative answer is expected to be the result. */
void training_fit(training *t);

/* The same in parts: the options of the fit, and its result. */
seqecho_fit_options training_options(training *t, bool resume);
int training_try(training *t, bool resume);

/* From `from`, which has been stopped. */
void training_restore(training *t, const training *from);

/* All that may be looked at after the fit is the same, but for the time it took. */
void training_assert_same(const training *a, const training *b);

/* The file of a trainer, with zeros where the time is that it took. */
file_bytes training_bytes(seqecho_trainer *trainer);

/* A CSV log without its column "seconds". */
void training_read_log(const char *path, char text[4096]);

#endif /* SEQECHO_TESTS_TRAINING_H */
