/* train/history.h - some figures an epoch.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_HISTORY_H
#define SE_TRAIN_HISTORY_H

#include <seqecho/trainer.h>

typedef enum se_series {
    SE_HISTORY_LOSS,
    SE_HISTORY_ACCURACY,
    SE_HISTORY_TOP_K,
    SE_HISTORY_MSE,
    SE_HISTORY_MAE,
    SE_HISTORY_SECONDS,
    SE_HISTORY_LEARNING_RATE,
    SE_HISTORY_VAL_LOSS,
    SE_HISTORY_VAL_ACCURACY,
    SE_HISTORY_VAL_TOP_K,
    SE_HISTORY_VAL_MSE,
    SE_HISTORY_VAL_MAE,
    SE_HISTORY_SERIES
} se_series;

typedef struct se_history {
    double *values; /* series after series, `room` for each */
    size_t count, room;
} se_history;

/* Make room for at least one more epoch, where up to this many are to come. */
int se_history_reserve(se_history *history, int64_t epochs, const seqecho_allocator *a);

/* A history of that many epochs, to be filled in: *values receives where series after
 * series lies, `count` apart. */
int se_history_create(se_history *history, size_t count, double **values,
                      const seqecho_allocator *a);
void se_history_finish(se_history *history, const seqecho_allocator *a);

/* Add an epoch, for which there is room; validation may be NULL. */
void se_history_add(se_history *history, const seqecho_report *train,
                    const seqecho_report *validation, double learning_rate);

/* The figure of the last epoch, of which there is one. */
double se_history_last(const se_history *history, se_series series);

/* All figures of a series. */
const double *se_history_series(const se_history *history, se_series series);

/* SE_HISTORY_SERIES for a name that is none. */
se_series se_history_find(const char *name);
const char *se_history_name(se_series series);

/* Is this computed with these SEQECHO_METRIC_*? */
bool se_history_computes(se_series series, uint32_t metrics, bool validation);

#endif /* SE_TRAIN_HISTORY_H */
