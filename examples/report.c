/* report.c - how the examples of the extensions go.
 * SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "show.h"
#include "training.h"

/* Who sees the events of a training. */
typedef struct audience {
    training training;
    seqecho_event_fn watch; /* or NULL */
    void *user;
} audience;

static int on_event(void *user, const seqecho_event *event)
{
    audience *const all = user;

    if (training_event(&all->training, event) != 0)
        return 1;
    return all->watch != NULL ? all->watch(all->user, event) : 0;
}

int report_train(const args *a, trial *t, const char *name, seqecho_event_fn watch,
                 void *user)
{
    audience all = { .watch = watch, .user = user };
    int err;

    t->length = a->length;
    t->n_unique = a->n_unique;
    t->n_in = a->n_in;
    t->n_out = a->n_out;
    t->units = a->units;
    t->batch = a->batch;
    t->epochs = a->epochs;
    t->threads = a->threads;
    t->seed = a->seed;
    err = trial_open(t);
    if (err < 0)
        return err;
    if (a->several)
        printf("%s:\n", name);
    err = training_open(&all.training, t->model, t->trainer, a);
    all.training.name = name;
    t->callbacks = all.training.callbacks;
    t->n_callbacks = all.training.n_callbacks;
    t->resume = a->resume;
    if (err == 0)
        err = trial_train(t, on_event, &all);
    return training_close(&all.training, err);
}

int report_echo(const args *a, trial *t)
{
    const size_t rows = (size_t)t->y.dim[0], n = (size_t)t->n_out;
    int32_t *const expected = args_alloc(a, 2 * rows * n, sizeof *expected);
    int32_t *const predicted = expected + rows * n;
    const int err = trial_echo(t, expected, predicted);

    if (err == 0)
        show_echo(expected, predicted, rows, n);
    free(expected);
    return err;
}

static void print_figures(const args *a, const char *name, const seqecho_graph *model,
                          const seqecho_trainer *trainer, const trial_score *score)
{
    const int64_t n_out = a->n_out != 0 ? a->n_out : a->n_in;
    size_t epochs = 0;
    const double *const seconds = seqecho_trainer_history(trainer, "seconds", &epochs);
    double total = 0.0;

    for (size_t i = 0; i < epochs; i++)
        total += seconds[i];
    printf("%s, %" PRId64 " of %" PRId64 ": %" PRId64 " units, %" PRId64
           " weights, %zu epochs in %.2f s; right on %" PRId64
           " held-out sequences: %.4f of the numbers, %.4f of the windows",
           name, n_out, a->n_in, a->units, seqecho_graph_parameter_count(model), epochs,
           total, a->eval, score->elements, score->rows);
}

static void end_line(void)
{
    printf("\n");
    fflush(stdout); /* the next network may take long */
}

void report_line(const args *a, const char *name, const seqecho_graph *model,
                 const seqecho_trainer *trainer, const trial_score *score)
{
    print_figures(a, name, model, trainer, score);
    end_line();
}

int report_summary(const args *a, trial *t, const char *name)
{
    trial_score score;
    const int err = trial_evaluate(t, a->eval, &score);

    if (err < 0)
        return err;
    print_figures(a, name, t->model, t->trainer, &score);
    if (t->encoding == SEQECHO_ENCODE_LINEAR)
        printf("; off by %.3f on average", score.mean_error);
    end_line();
    return 0;
}

int report_trial(const args *a, trial *t, const char *name)
{
    int err = report_train(a, t, name, NULL, NULL);

    if (err == 0)
        err = report_echo(a, t);
    if (err == 0)
        err = report_summary(a, t, name);
    trial_close(t);
    return err;
}

int report_all(const args *a, trial *t, const char *name)
{
    return args_exit(a, report_trial(a, t, name));
}
