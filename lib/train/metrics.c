/* train/metrics.c - accuracy and other figures of some rows of an output.
 * SPDX-License-Identifier: MIT
 *
 * Definitions are those of Keras's metrics: of each row one number, 0 or 1 for classes, a
 * mean over its elements for the others. */
#include "train/metrics.h"

#include <math.h>

/* One row and its target, as in the loss. */
typedef struct row_args {
    const se_kernels *k;
    int64_t cols;
    const float *p;
    const float *y; /* NULL: */
    int32_t label;
    const float *largest; /* of p, or NULL */
} row_args;

static float target(const row_args *r, int64_t j)
{
    return r->y != NULL ? r->y[j] : j == r->label ? 1.0f : 0.0f;
}

static int64_t right_class(const row_args *r)
{
    return r->y != NULL ? r->k->argmax(r->cols, r->y) : r->label;
}

/* Where the largest is not at the right class there is nothing more to look for. */
static double class_accuracy(const row_args *r)
{
    const int64_t right = right_class(r);

    if (r->largest == NULL)
        return r->k->argmax(r->cols, r->p) == right ? 1.0 : 0.0;
    return r->p[right] == *r->largest && r->k->find(r->cols, r->p, *r->largest) == right
               ? 1.0
               : 0.0;
}

/* Share of independent yes or no that are right. */
static double binary_accuracy(const row_args *r, float threshold)
{
    double hits = 0.0;

    for (int64_t j = 0; j < r->cols; j++)
        hits += (r->p[j] > threshold ? 1.0f : 0.0f) == target(r, j) ? 1.0 : 0.0;
    return hits / (double)r->cols;
}

static double row_accuracy(const se_criterion *c, const row_args *r)
{
    const bool binary = c->loss == SEQECHO_BINARY_CROSSENTROPY;

    if (r->cols > 1 && !binary)
        return class_accuracy(r);
    return binary_accuracy(r, binary && c->logits ? 0.0f : 0.5f);
}

/* Are fewer than top_k larger than the output of the right class?  NaN is not right. */
static double row_top_k(const row_args *r, int32_t top_k)
{
    const float at_right = r->p[right_class(r)];
    int64_t larger = 0;

    for (int64_t j = 0; j < r->cols; j++)
        larger += r->p[j] > at_right;
    return !isnan(at_right) && larger < top_k ? 1.0 : 0.0;
}

static double mean_squared_error(const row_args *r)
{
    double sum = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const double e = (double)(r->p[j] - target(r, j));

        sum += e * e;
    }
    return sum / (double)r->cols;
}

static double mean_absolute_error(const row_args *r)
{
    double sum = 0.0;

    for (int64_t j = 0; j < r->cols; j++)
        sum += fabs((double)(r->p[j] - target(r, j)));
    return sum / (double)r->cols;
}

void se_metrics_add(const se_metrics *m, const se_criterion *c, const se_rows *r,
                    const float *largest, float *room, double sum[SE_METRICS])
{
    const bool errors = (m->which & (SEQECHO_METRIC_MSE | SEQECHO_METRIC_MAE)) != 0;

    for (int64_t i = 0; m->which != 0 && i < r->rows; i++) {
        row_args row = {
            .k = r->k,
            .cols = r->cols,
            .p = r->p + i * r->cols,
            .y = r->y != NULL ? r->y + i * r->y_row : NULL,
            .label = r->y != NULL ? 0 : r->label[i * r->y_row],
            .largest = largest != NULL ? largest + i : NULL,
        };

        if (m->which & SEQECHO_METRIC_ACCURACY)
            sum[SE_METRIC_ACCURACY] += row_accuracy(c, &row);
        if (m->which & SEQECHO_METRIC_TOP_K)
            sum[SE_METRIC_TOP_K] += row_top_k(&row, m->top_k);
        if (errors && r->deferred) { /* classes have the same order without the softmax */
            r->k->softmax(1, r->cols, row.p, room);
            row.p = room;
        }
        if (m->which & SEQECHO_METRIC_MSE)
            sum[SE_METRIC_MSE] += mean_squared_error(&row);
        if (m->which & SEQECHO_METRIC_MAE)
            sum[SE_METRIC_MAE] += mean_absolute_error(&row);
    }
}
