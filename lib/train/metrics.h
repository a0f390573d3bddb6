/* train/metrics.h - accuracy and other figures of some rows of an output.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_METRICS_H
#define SE_TRAIN_METRICS_H

#include "train/loss_rows.h"

/* Metric number i is bit i of SEQECHO_METRIC_*. */
enum { SE_METRIC_ACCURACY, SE_METRIC_TOP_K, SE_METRIC_MSE, SE_METRIC_MAE, SE_METRICS };

typedef struct se_metrics {
    uint32_t which; /* SEQECHO_METRIC_* */
    int32_t top_k;
} se_metrics;

/* Add what each metric asked for says of each row to its sum.  `largest`, where not NULL,
 * holds the largest element of each row of p that is not NaN.  room: one row, if rows may
 * be deferred and errors are asked for. */
void se_metrics_add(const se_metrics *m, const se_criterion *c, const se_rows *r,
                    const float *largest, float *room, double sum[SE_METRICS]);

#endif /* SE_TRAIN_METRICS_H */
