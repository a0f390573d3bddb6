/* train/history.c - one figure an epoch.
 * SPDX-License-Identifier: MIT */
#include "train/history.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "train/trainer.h"

static const char *const names[SE_HISTORY_SERIES] = { "loss", "accuracy", "seconds" };

int se_history_reserve(se_history *h, int64_t epochs, const seqecho_allocator *a)
{
    const int64_t least =
        (int64_t)h->count;             /* twice as many: fits of one epoch are usual */
    const int64_t most = 1024 + least; /* it may be stopped long before */
    const int64_t more = epochs < least ? least : epochs > most ? most : epochs;
    const size_t room = h->count + (size_t)more;
    double *series[SE_HISTORY_SERIES];

    if (h->count < h->room)
        return SEQECHO_OK;
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++) {
        const int err = se_alloc(&series[i], a, room, sizeof **series, "history");

        if (err < 0) {
            while (i-- > 0)
                se_free(a, series[i]);
            return err;
        }
    }
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++) {
        if (h->count > 0)
            memcpy(series[i], h->series[i], h->count * sizeof **series);
        se_free(a, h->series[i]);
        h->series[i] = series[i];
    }
    h->room = room;
    return SEQECHO_OK;
}

void se_history_finish(se_history *h, const seqecho_allocator *a)
{
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        se_free(a, h->series[i]);
}

void se_history_add(se_history *h, const seqecho_report *report)
{
    assert(h->count < h->room);
    h->series[SE_HISTORY_LOSS][h->count] = report->loss;
    h->series[SE_HISTORY_ACCURACY][h->count] = report->accuracy;
    h->series[SE_HISTORY_SECONDS][h->count] = report->seconds;
    h->count++;
}

const double *seqecho_trainer_history(const seqecho_trainer *trainer, const char *metric,
                                      size_t *count)
{
    if (count != NULL)
        *count = 0;
    if (trainer == NULL || metric == NULL)
        return NULL;
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        if (strcmp(metric, names[i]) == 0 && trainer->history.count > 0) {
            if (count != NULL)
                *count = trainer->history.count;
            return trainer->history.series[i];
        }
    return NULL;
}
