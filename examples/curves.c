/* curves.c - how the figures of trainings went, epoch by epoch.
 * SPDX-License-Identifier: MIT */
#include "curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static curve *all;
static size_t all_count;

static const char *const names[CURVES_FIGURES][2] = {
    { "loss", "val_loss" },
    { "accuracy", "val_accuracy" },
    { "mae", "val_mae" },
};

/* ---- Collecting --------------------------------------------------------------------- */

/* A new one without values, or the last one if it has that name. */
static curve *find(const args *a, const char *name, size_t epochs)
{
    curve *c = all_count > 0 ? &all[all_count - 1] : NULL;
    curve *more;

    if (c != NULL && c->epochs == epochs && strcmp(c->name, name) == 0)
        return c;
    more = args_alloc(a, all_count + 1, sizeof *more);
    if (all_count > 0)
        memcpy(more, all, all_count * sizeof *more);
    free(all);
    all = more;
    c = &all[all_count++];
    c->epochs = epochs;
    snprintf(c->name, sizeof c->name, "%s", name);
    for (int f = 0; f < CURVES_FIGURES; f++) {
        c->least[f] = c->largest[f] = (double)NAN;
        for (int v = 0; v < 2; v++) {
            c->of[f][v] = args_alloc(a, epochs, sizeof(span));
            for (size_t i = 0; i < epochs; i++)
                c->of[f][v][i] = (span){ .epoch = (double)(i + 1) };
        }
    }
    return c;
}

/* One more value for the epoch, of `runs` with this one. */
static void join(span *s, double value, int runs)
{
    if (!isfinite(value))
        value = (double)NAN;
    s->low = runs == 1 ? value : fmin(s->low, value);
    s->high = runs == 1 ? value : fmax(s->high, value);
    s->mean += (value - s->mean) / runs;
}

void curves_add(const args *a, const char *name, const seqecho_trainer *trainer)
{
    size_t epochs;
    curve *c;

    (void)seqecho_trainer_history(trainer, "loss", &epochs);
    if (epochs == 0)
        return;
    c = find(a, name, epochs);
    c->runs++;
    for (int f = 0; f < CURVES_FIGURES; f++)
        for (int v = 0; v < 2; v++) {
            const double *const values =
                seqecho_trainer_history(trainer, names[f][v], &epochs);

            for (size_t i = 0; i < c->epochs; i++) {
                join(&c->of[f][v][i], values[i], c->runs);
                c->least[f] = fmin(c->least[f], c->of[f][v][i].low);
                c->largest[f] = fmax(c->largest[f], c->of[f][v][i].high);
            }
        }
}

const curve *curves(size_t *count)
{
    *count = all_count;
    return all;
}

void curves_forget(void)
{
    for (size_t i = 0; i < all_count; i++)
        for (int f = 0; f < CURVES_FIGURES; f++)
            for (int v = 0; v < 2; v++)
                free(all[i].of[f][v]);
    free(all);
    all = NULL;
    all_count = 0;
}

/* ---- Spans -------------------------------------------------------------------------- */

/* The epoch, from 0, with which span number i of `most` begins. */
static size_t begin(const curve *c, size_t i, size_t most, bool logarithmic)
{
    const double part = (double)i / (double)most, epochs = (double)c->epochs;

    if (c->epochs <= most)
        return i < c->epochs ? i : c->epochs;
    if (i == most)
        return c->epochs;
    return (size_t)floor(logarithmic ? pow(epochs + 1.0, part) - 1.0 + 1e-9
                                     : epochs * part + 1e-9);
}

static span unite(const span *of, size_t count)
{
    span s = { .epoch = 0.5 * (of[0].epoch + of[count - 1].epoch),
               .low = (double)NAN,
               .high = (double)NAN };
    double sum = 0.0;
    size_t there = 0;

    for (size_t i = 0; i < count; i++)
        if (!isnan(of[i].mean)) {
            sum += of[i].mean;
            s.low = fmin(s.low, of[i].low);
            s.high = fmax(s.high, of[i].high);
            there++;
        }
    s.mean = sum / (double)there; /* NaN if none is there */
    return s;
}

size_t curves_spans(const curve *c, figure f, int validation, bool logarithmic, span *spans,
                    size_t most)
{
    size_t count = 0;

    for (size_t i = 0; i < most; i++) {
        const size_t first = begin(c, i, most, logarithmic);
        const size_t end = begin(c, i + 1, most, logarithmic);

        if (first == end)
            continue;
        spans[count] = unite(c->of[f][validation] + first, end - first);
        if (!isnan(spans[count].mean))
            count++;
    }
    return count;
}
