/* train/history.h - one figure an epoch.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_HISTORY_H
#define SE_TRAIN_HISTORY_H

#include <seqecho/trainer.h>

enum { SE_HISTORY_LOSS, SE_HISTORY_ACCURACY, SE_HISTORY_SECONDS, SE_HISTORY_SERIES };

typedef struct se_history {
    double *series[SE_HISTORY_SERIES];
    size_t count, room;
} se_history;

/* Make room for at least one more epoch, where up to this many are to come. */
int se_history_reserve(se_history *history, int64_t epochs, const seqecho_allocator *a);
void se_history_finish(se_history *history, const seqecho_allocator *a);

/* Add an epoch, for which there is room. */
void se_history_add(se_history *history, const seqecho_report *report);

#endif /* SE_TRAIN_HISTORY_H */
