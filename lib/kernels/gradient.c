/* kernels/gradient.c - gradients of weights that are no products.
 * SPDX-License-Identifier: MIT */
#include "kernels/gradient.h"

#include <string.h>

#include "base/attributes.h"

/* Additions from which a second thread is worth asking: some 3 microseconds of work. */
#define SPLIT_SIZE 32768

/* Columns are cut at multiples of this, two cache lines. */
#define GRAIN 32

typedef struct sum_job {
    const se_kernels *k;
    int64_t rows, n;
    const int32_t *index;
    const float *y;
    float *sum;
    se_store store;
} sum_job;

static se_pool *pool_for(const se_compute *compute, int64_t rows, int64_t n)
{
    return (double)rows * (double)n < (double)SPLIT_SIZE ? NULL : compute->pool;
}

void se_weight_piece(int64_t rows, int pieces, int piece, int64_t *begin, int64_t *end)
{
    *begin = se_pool_cut(rows, 1, pieces, piece);
    *end = se_pool_cut(rows, 1, pieces, piece + 1);
}

static void scatter_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const sum_job *const job = arg;

    SE_UNUSED(piece);
    if (job->store == SE_STORE_SET)
        memset(job->sum + begin * job->n, 0,
               (size_t)((end - begin) * job->n) * sizeof *job->sum);
    job->k->scatter_add(job->rows, job->n, job->index, job->y, job->sum, begin, end);
}

void se_scatter_gradient(const se_compute *compute, int64_t rows, int64_t k, int64_t n,
                         const int32_t *index, const float *y, float *dw, se_store store)
{
    sum_job job = { compute->k, rows, n, index, y, dw, store };

    se_pool_run(pool_for(compute, rows, n), k, 1, scatter_rows, &job);
}

static void sum_columns(void *arg, int piece, int64_t begin, int64_t end)
{
    const sum_job *const job = arg;

    SE_UNUSED(piece);
    if (job->store == SE_STORE_SET)
        memset(job->sum + begin, 0, (size_t)(end - begin) * sizeof *job->sum);
    job->k->column_sum(job->rows, end - begin, job->y + begin, job->n, job->sum + begin);
}

void se_bias_gradient(const se_compute *compute, int64_t rows, int64_t n, const float *y,
                      float *db, se_store store)
{
    sum_job job = { compute->k, rows, n, NULL, y, db, store };

    se_pool_run(pool_for(compute, rows, n), n, GRAIN, sum_columns, &job);
}
