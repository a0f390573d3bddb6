/* kernels/gemm.c - which way a matrix product goes.
 * SPDX-License-Identifier: MIT */
#include "kernels/gemm.h"

#include <assert.h>
#include <string.h>

#include "base/attributes.h"
#include "kernels/blas.h"

/* ---- When what pays -----------------------------------------------------------------
 *
 * Measured by tests/kernels/bench_kernels.c on a core with 1 MiB of second-level cache. */

/* Packing a factor costs about as much as a product of 8 rows.  Of a row-major one it gains
 * a tenth while the factor rests in the second-level cache, and a third beyond; a single
 * row gains nothing.  So: how many rows all products together must have, and what counts
 * as large. */
#define PACK_WORK 8
#define PACK_ROWS 256
#define PACK_ROWS_LARGE 32
#define PACK_LARGE (256 * 1024)

/* Multiply-adds from which a second thread is worth asking: some 8 microseconds of work,
 * where two threads are 1.3 times as fast as one if they are awake. */
#define SPLIT_WORK (1 << 19)

/* Multiply-adds from which the BLAS is more than 5 % ahead, one thread each. */
#define BLAS_WORK ((int64_t)1 << 32)

/* Rows are cut between threads if each gets as many as this at least, a tile of the widest
 * kernels; else columns are cut, at panels. */
#define SPLIT_ROWS 8

/* Packing is cut at multiples of so many rows, a cache line of a transposed factor. */
#define PACK_GRAIN 16

/* m n k as a number to compare with the bounds above. */
static double work_of(int64_t m, int64_t n, int64_t k)
{
    return (double)m * (double)n * (double)k;
}

/* ---- Factors ------------------------------------------------------------------------ */

static int64_t padded(const se_compute *compute, int64_t n)
{
    const int64_t panel = compute->k->panel;

    return (n + panel - 1) / panel * panel;
}

size_t se_factor_size(const se_compute *compute, int64_t k, int64_t n)
{
    return (size_t)k * (size_t)padded(compute, n);
}

typedef struct pack_job {
    const se_kernels *kernels;
    const se_factor *factor;
    float *packed;
} pack_job;

/* Rows [begin, end) of every panel. */
static void pack_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const pack_job *const job = arg;
    const se_factor *const f = job->factor;
    const int64_t n = f->panels.n, panel = job->kernels->panel;

    SE_UNUSED(piece);
    for (int64_t col = 0; col < n; col += panel)
        job->kernels->pack(end - begin, n - col < panel ? n - col : panel,
                           f->source + begin * f->row + col * f->col, f->row, f->col,
                           job->packed + col * f->panels.k + begin * panel);
}

static void factor_pack(const se_compute *compute, se_factor *factor, float *packed)
{
    const int64_t k = factor->panels.k, n = factor->panels.n;
    pack_job job = { compute->k, factor, packed };

    se_pool_run(work_of(PACK_WORK, n, k) < SPLIT_WORK ? NULL : compute->pool, k, PACK_GRAIN,
                pack_rows, &job);
    factor->panels.data = packed;
    factor->panels.row_stride = compute->k->panel;
    factor->panels.panel_stride = compute->k->panel * k;
    factor->panels.padded = true;
}

static bool packing_pays(int64_t m, int64_t uses, int64_t k, int64_t n)
{
    const double rows = (double)m * (double)uses;
    const bool large = (double)k * (double)n >= (double)PACK_LARGE;

    return m > 1 && rows >= (double)(large ? PACK_ROWS_LARGE : PACK_ROWS);
}

se_factor se_factor_make(const se_compute *compute, int64_t m, int64_t uses, int64_t k,
                         int64_t n, const float *source, int64_t row, int64_t col,
                         float *packed)
{
    se_factor factor = {
        .panels = { source, k, n, row, compute->k->panel, false },
        .source = source,
        .row = row,
        .col = col,
    };

    if (col != 1 || packing_pays(m, uses, k, n))
        factor_pack(compute, &factor, packed);
    return factor;
}

/* ---- Products ----------------------------------------------------------------------- */

typedef struct gemm_job {
    const se_kernels *kernels;
    int64_t m;
    const float *a;
    int64_t a_row, a_col;
    const se_panels *b;
    float *c;
    int64_t c_row;
    se_store store;
    const float *bias;
    float *room; /* SE_GEMM_ROOM floats for each piece */
} gemm_job;

static void gemm_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const gemm_job *const job = arg;

    job->kernels->gemm(end - begin, job->a + begin * job->a_row, job->a_row, job->a_col,
                       job->b, job->c + begin * job->c_row, job->c_row, job->store,
                       job->bias, job->room + (size_t)piece * SE_GEMM_ROOM);
}

/* begin is a multiple of the panel. */
static void gemm_columns(void *arg, int piece, int64_t begin, int64_t end)
{
    const gemm_job *const job = arg;
    se_panels b = *job->b;

    b.data += begin / job->kernels->panel * b.panel_stride;
    b.n = end - begin;
    job->kernels->gemm(job->m, job->a, job->a_row, job->a_col, &b, job->c + begin,
                       job->c_row, job->store, job->bias != NULL ? job->bias + begin : NULL,
                       job->room + (size_t)piece * SE_GEMM_ROOM);
}

static void gemm_split(const se_compute *compute, gemm_job *job)
{
    const se_panels *const b = job->b;
    const int threads = se_pool_threads(compute->pool);
    se_pool *const pool =
        threads > 1 && work_of(job->m, b->n, b->k) >= SPLIT_WORK ? compute->pool : NULL;

    if (pool == NULL)
        gemm_rows(job, 0, 0, job->m);
    else if (job->m >= (int64_t)SPLIT_ROWS * threads)
        se_pool_run(pool, job->m, 1, gemm_rows, job);
    else
        se_pool_run(pool, b->n, job->kernels->panel, gemm_columns, job);
}

/* The product on the BLAS; false if it is not to go there.  Threads of ours are not given
 * up for it: how many the BLAS has is not ours to say. */
static bool gemm_blas(const se_compute *compute, const gemm_job *job, const se_factor *b)
{
    const int64_t n = b->panels.n, k = b->panels.k;
    const bool trans_a = job->a_col != 1;
    const bool trans_b = b->col != 1;

    if (!compute->allow_blas || se_pool_threads(compute->pool) > 1 ||
        work_of(job->m, n, k) < (double)BLAS_WORK || (trans_a && job->a_row != 1) ||
        (trans_b && b->row != 1))
        return false;
    assert(job->store != SE_STORE_BIAS || job->bias != NULL);
    if (job->store == SE_STORE_BIAS)
        for (int64_t i = 0; i < job->m; i++)
            memcpy(job->c + i * job->c_row, job->bias, (size_t)n * sizeof *job->c);
    return se_blas_sgemm(trans_a, trans_b, job->m, n, k, job->a,
                         trans_a ? job->a_col : job->a_row, b->source,
                         trans_b ? b->col : b->row,
                         job->store == SE_STORE_SET ? 0.0F : 1.0F, job->c, job->c_row);
}

void se_gemm(const se_compute *compute, int64_t m, const float *a, int64_t a_row,
             int64_t a_col, const se_factor *b, float *c, int64_t c_row, se_store store,
             const float *bias)
{
    gemm_job job = { compute->k, m,     a,     a_row, a_col,        &b->panels,
                     c,          c_row, store, bias,  compute->room };

    if (!gemm_blas(compute, &job, b))
        gemm_split(compute, &job);
}

void se_gemm_gradient(const se_compute *compute, int64_t rows, int64_t k, int64_t n,
                      const float *x, int64_t x_row, const float *y, int64_t y_row,
                      float *dw, se_store store)
{
    const se_factor factor = {
        .panels = { y, rows, n, y_row, compute->k->panel, false },
        .source = y,
        .row = y_row,
        .col = 1,
    };

    se_gemm(compute, k, x, 1, x_row, &factor, dw, n, store, NULL);
}
