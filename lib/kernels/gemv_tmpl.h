/* kernels/gemv_tmpl.h - one row of A times a row-major B.
 * SPDX-License-Identifier: MIT
 *
 * A single row would leave the tiles of kernels/gemm_tmpl.h waiting for the latency of
 * their few sums.  Each element is summed in the same order all the same:
 *
 *  - a narrow B in slabs of eight vectors of columns, whose sums stay in registers while k
 *    runs;
 *  - a wide B, whose slabs would be a few cache lines here and there, in groups of four
 *    whole rows, the sums resting in C between them. */
#ifndef SE_KERNELS_GEMV_TMPL_H
#define SE_KERNELS_GEMV_TMPL_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

/* Columns from which B counts as wide. */
#define WIDE 512

/* ---- Narrow ------------------------------------------------------------------------- */

#define SLAB_VECTORS 8

typedef struct slab_job {
    int64_t k;
    const float *a;
    int64_t a_col;
    const float *b;
    int64_t b_row;
    const float *start;
    float *c;
    int64_t last;
} slab_job;

#define EACH_VECTOR(WHAT) \
    WHAT(0); \
    WHAT(1); \
    WHAT(2); \
    WHAT(3); \
    WHAT(4); \
    WHAT(5); \
    WHAT(6); \
    WHAT(7)
#define LANES(j) ((j) + 1 < nv || !part ? (int64_t)SE_VW : job->last)
#define VECTOR_BEGIN(j) \
    vf c##j = (j) < nv && job->start != NULL \
                  ? v_load_or(job->start + (j)*SE_VW, LANES(j), v_zero()) \
                  : v_zero()
#define VECTOR_STEP(j) \
    if ((j) < nv) \
    c##j = v_fma(x, v_load_or(b + (j)*SE_VW, LANES(j), v_zero()), c##j)
#define VECTOR_END(j) \
    if ((j) < nv) \
    v_store_or(job->c + (j)*SE_VW, LANES(j), c##j)

/* nv vectors, of the last only some lanes if `part`; constants where this is inlined. */
SE_OP void slab(const slab_job *job, const int nv, const bool part)
{
    const float *a = job->a;
    const float *b = job->b;

    EACH_VECTOR(VECTOR_BEGIN);
    for (int64_t r = job->k; r > 0; r--) {
        const vf x = v_set1(*a);

        EACH_VECTOR(VECTOR_STEP);
        a += job->a_col;
        b += job->b_row;
    }
    EACH_VECTOR(VECTOR_END);
}

#undef VECTOR_END
#undef VECTOR_STEP
#undef VECTOR_BEGIN
#undef LANES
#undef EACH_VECTOR

SE_OP void slab_sized(const slab_job *job, int64_t vectors, const bool part)
{
    switch (vectors) {
    case 8: slab(job, 8, part); break;
    case 7: slab(job, 7, part); break;
    case 6: slab(job, 6, part); break;
    case 5: slab(job, 5, part); break;
    case 4: slab(job, 4, part); break;
    case 3: slab(job, 3, part); break;
    case 2: slab(job, 2, part); break;
    case 1: slab(job, 1, part); break;
    default: break;
    }
}

static void gemv_narrow(const float *a, int64_t a_col, const se_panels *b,
                        const float *start, float *c)
{
    const int64_t width = SLAB_VECTORS * SE_VW;

    for (int64_t col = 0; col < b->n; col += width) {
        const int64_t columns = b->n - col < width ? b->n - col : width;
        const int64_t vectors = (columns + SE_VW - 1) / SE_VW;
        const slab_job job = { b->k,          a,
                               a_col,         b->data + col,
                               b->row_stride, start != NULL ? start + col : NULL,
                               c + col,       columns - (vectors - 1) * SE_VW };

        if (job.last == SE_VW)
            slab_sized(&job, vectors, false);
        else
            slab_sized(&job, vectors, true);
    }
}

/* ---- Wide --------------------------------------------------------------------------- */

#define GROUP_ROWS 4

typedef struct group_job {
    vf x0, x1, x2, x3; /* of A */
    const float *b;
    int64_t b_row;
    const float *start;
} group_job;

/* `lanes` sums, SE_VW or fewer, at column j. */
SE_OP vf group_sum(const group_job *job, const int rows, int64_t j, int64_t lanes)
{
    const float *const b = job->b + j;
    vf sum = v_zero();

    if (job->start != NULL)
        sum = v_load_or(job->start + j, lanes, sum);
    sum = v_fma(job->x0, v_load_or(b, lanes, v_zero()), sum);
    if (rows > 1)
        sum = v_fma(job->x1, v_load_or(b + job->b_row, lanes, v_zero()), sum);
    if (rows > 2)
        sum = v_fma(job->x2, v_load_or(b + 2 * job->b_row, lanes, v_zero()), sum);
    if (rows > 3)
        sum = v_fma(job->x3, v_load_or(b + 3 * job->b_row, lanes, v_zero()), sum);
    return sum;
}

/* c = start + the product of `rows` rows, a constant where this is inlined. */
SE_OP void group(const int rows, int64_t n, const float *a, int64_t a_col, const float *b,
                 int64_t b_row, const float *start, float *c)
{
    const group_job job = { .x0 = v_set1(a[0]),
                            .x1 = v_set1(rows > 1 ? a[a_col] : 0.0F),
                            .x2 = v_set1(rows > 2 ? a[2 * a_col] : 0.0F),
                            .x3 = v_set1(rows > 3 ? a[3 * a_col] : 0.0F),
                            .b = b,
                            .b_row = b_row,
                            .start = start };
    int64_t j = 0;

    for (; n - j >= 2 * SE_VW; j += 2 * SE_VW) {
        const vf first = group_sum(&job, rows, j, SE_VW);
        const vf second = group_sum(&job, rows, j + SE_VW, SE_VW);

        v_store(c + j, first);
        v_store(c + j + SE_VW, second);
    }
    for (; j < n; j += SE_VW)
        v_store_or(c + j, n - j, group_sum(&job, rows, j, n - j));
}

static void gemv_wide(const float *a, int64_t a_col, const se_panels *b, const float *start,
                      float *c)
{
    int64_t r = 0;

    for (; b->k - r >= GROUP_ROWS; r += GROUP_ROWS) {
        group(GROUP_ROWS, b->n, a + r * a_col, a_col, b->data + r * b->row_stride,
              b->row_stride, start, c);
        start = c;
    }
    for (; r < b->k; r++) {
        group(1, b->n, a + r * a_col, a_col, b->data + r * b->row_stride, b->row_stride,
              start, c);
        start = c;
    }
}

/* c (1, n) = start + a B, start == NULL standing for zeros. */
SE_OP void gemv(const float *a, int64_t a_col, const se_panels *b, const float *start,
                float *c)
{
    if (b->n >= WIDE && b->k > 0)
        gemv_wide(a, a_col, b, start, c);
    else
        gemv_narrow(a, a_col, b, start, c);
}

#endif /* SE_KERNELS_GEMV_TMPL_H */
