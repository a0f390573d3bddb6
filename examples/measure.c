/* measure.c - what echo_compare finds out about a network.
 * SPDX-License-Identifier: MIT */
#include "measure.h"

#include <math.h>
#include <time.h>

#include "curves.h"

enum { EVALUATED = 50, HELD = 20 };

static double mean_of_last(const double *values, size_t count, size_t last)
{
    double sum = 0.0;

    if (last > count)
        last = count;
    for (size_t i = count - last; i < count; i++)
        sum += values[i];
    return sum / (double)last;
}

static double held_from(const double *accuracy, size_t count)
{
    size_t run = 0;

    for (size_t i = 0; i < count; i++) {
        run = accuracy[i] == 1.0 ? run + 1 : 0;
        if (run == HELD)
            return (double)(i + 2 - HELD);
    }
    return (double)NAN;
}

static int take(const args *a, const comparison *c, trial *t, measured *m)
{
    const clock_t start = clock();
    const double *loss, *accuracy;
    trial_score score;
    size_t count;
    int err = trial_train(t, NULL, NULL);

    m->figure[SECONDS] = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (err == 0)
        err = trial_evaluate(t, EVALUATED, &score);
    if (err != 0)
        return err;
    if (a->plot != NULL)
        curves_add(a, c->name, t->trainer);
    loss = seqecho_trainer_history(t->trainer, "loss", &count);
    accuracy = seqecho_trainer_history(t->trainer, "accuracy", &count);
    m->figure[LOSS] = mean_of_last(loss, count, 5);
    m->figure[ACCURACY] = mean_of_last(accuracy, count, 20);
    m->figure[HELD_FROM] = held_from(accuracy, count);
    m->figure[ELEMENTS] = score.elements;
    m->figure[SEQUENCES] = score.sequences;
    m->figure[ERROR] = score.mean_error;
    m->weights = seqecho_graph_parameter_count(t->model);
    return 0;
}

int measure(const args *a, const comparison *c, uint64_t seed, measured *m)
{
    trial t = c->trial;
    int err;

    t.threads = 1;
    t.seed = seed;
    err = trial_open(&t);
    if (err == 0)
        err = take(a, c, &t, m);
    trial_close(&t);
    return err;
}
