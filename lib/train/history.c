/* train/history.c - some figures an epoch.
 * SPDX-License-Identifier: MIT */
#include "train/history.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "train/trainer.h"

/* In the order of se_series; metric 0: always there. */
static const struct {
    const char *name;
    uint32_t metric;
} series[SE_HISTORY_SERIES] = {
    { "loss", 0 },
    { "accuracy", SEQECHO_METRIC_ACCURACY },
    { "top_k", SEQECHO_METRIC_TOP_K },
    { "mse", SEQECHO_METRIC_MSE },
    { "mae", SEQECHO_METRIC_MAE },
    { "seconds", 0 },
    { "learning_rate", 0 },
    { "val_loss", 0 },
    { "val_accuracy", SEQECHO_METRIC_ACCURACY },
    { "val_top_k", SEQECHO_METRIC_TOP_K },
    { "val_mse", SEQECHO_METRIC_MSE },
    { "val_mae", SEQECHO_METRIC_MAE },
};

int se_history_reserve(se_history *h, int64_t epochs, const seqecho_allocator *a)
{
    const int64_t least =
        (int64_t)h->count;             /* twice as many: fits of one epoch are usual */
    const int64_t most = 1024 + least; /* it may be stopped long before */
    const int64_t more = epochs < least ? least : epochs > most ? most : epochs;
    const size_t room = h->count + (size_t)more;
    double *values;

    if (h->count < h->room)
        return SEQECHO_OK;
    SE_TRY(se_alloc(&values, a, room, SE_HISTORY_SERIES * sizeof *values, "history"));
    for (size_t i = 0; i < SE_HISTORY_SERIES && h->count > 0; i++)
        memcpy(values + i * room, h->values + i * h->room, h->count * sizeof *values);
    se_free(a, h->values);
    h->values = values;
    h->room = room;
    return SEQECHO_OK;
}

int se_history_create(se_history *h, size_t count, double **values,
                      const seqecho_allocator *a)
{
    *h = (se_history){ .values = NULL };
    SE_TRY(se_alloc(values, a, count, SE_HISTORY_SERIES * sizeof **values, "history"));
    *h = (se_history){ *values, count, count };
    return SEQECHO_OK;
}

void se_history_finish(se_history *h, const seqecho_allocator *a)
{
    se_free(a, h->values);
}

static double *place(const se_history *h, se_series s, size_t epoch)
{
    return h->values + (size_t)s * h->room + epoch;
}

void se_history_add(se_history *h, const seqecho_report *train,
                    const seqecho_report *validation, double learning_rate)
{
    static const seqecho_report none = { .loss = (double)NAN,
                                         .accuracy = (double)NAN,
                                         .top_k = (double)NAN,
                                         .mse = (double)NAN,
                                         .mae = (double)NAN };
    const seqecho_report *const v = validation != NULL ? validation : &none;
    const double figures[SE_HISTORY_SERIES] = {
        train->loss, train->accuracy, train->top_k,  train->mse,
        train->mae,  train->seconds,  learning_rate, v->loss,
        v->accuracy, v->top_k,        v->mse,        v->mae,
    };

    assert(h->count < h->room);
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        *place(h, (se_series)i, h->count) = figures[i];
    h->count++;
}

const double *se_history_series(const se_history *h, se_series s)
{
    return place(h, s, 0);
}

double se_history_last(const se_history *h, se_series s)
{
    assert(h->count > 0);
    return *place(h, s, h->count - 1);
}

se_series se_history_find(const char *name)
{
    size_t i = 0;

    while (i < SE_HISTORY_SERIES && strcmp(name, series[i].name) != 0)
        i++;
    return (se_series)i;
}

const char *se_history_name(se_series s)
{
    return series[s].name;
}

bool se_history_computes(se_series s, uint32_t metrics, bool validation)
{
    return (series[s].metric == 0 || (metrics & series[s].metric) != 0) &&
           (s < SE_HISTORY_VAL_LOSS || validation);
}

const double *seqecho_trainer_history(const seqecho_trainer *trainer, const char *metric,
                                      size_t *count)
{
    se_series s;

    if (count != NULL)
        *count = 0;
    if (trainer == NULL || metric == NULL || trainer->history.count == 0)
        return NULL;
    s = se_history_find(metric);
    if (s == SE_HISTORY_SERIES)
        return NULL;
    if (count != NULL)
        *count = trainer->history.count;
    return se_history_series(&trainer->history, s);
}
