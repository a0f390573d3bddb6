/* kernels/gemv_tmpl.h - one row of A times a row-major B, or two such products joined.
 * SPDX-License-Identifier: MIT
 *
 * A single row would leave the tiles of kernels/gemm_tmpl.h waiting for the latency of
 * their few sums.  Each element is summed in the same order all the same:
 *
 *  - in slabs of columns, as many vectors as the registers hold, whose sums stay there
 *    while k runs through one product and the next;
 *  - where the vectors are so short that the slabs of a wide B would be a few cache lines
 *    here and there, in groups of four whole rows, the sums resting in C between them. */
#ifndef SE_KERNELS_GEMV_TMPL_H
#define SE_KERNELS_GEMV_TMPL_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

/* ---- Slabs -------------------------------------------------------------------------- */

#if defined(SE_SIMD_AVX512) || defined(SE_SIMD_NEON)
#define SLAB_VECTORS 16
#elif defined(SE_SIMD_AVX2)
#define SLAB_VECTORS 12
#else
#define SLAB_VECTORS 8
#endif

#define EACH_VECTOR(WHAT) \
    WHAT(0); \
    WHAT(1); \
    WHAT(2); \
    WHAT(3); \
    WHAT(4); \
    WHAT(5); \
    WHAT(6); \
    WHAT(7); \
    WHAT(8); \
    WHAT(9); \
    WHAT(10); \
    WHAT(11); \
    WHAT(12); \
    WHAT(13); \
    WHAT(14); \
    WHAT(15)
#define LANES(j) ((j) + 1 < nv || !part ? (int64_t)SE_VW : last)
#define VECTOR_BEGIN(j) \
    vf c##j = (j) < nv && start != NULL ? v_load_or(start + (j)*SE_VW, LANES(j), v_zero()) \
                                        : v_zero()
#define VECTOR_STEP(j) \
    if ((j) < nv) \
    c##j = v_fma(x, v_load_or(b + (j)*SE_VW, LANES(j), v_zero()), c##j)
#define VECTOR_END(j) \
    if ((j) < nv) \
    v_store_or(c + (j)*SE_VW, LANES(j), c##j)

/* nv vectors from column `col` on, `last` lanes of the last one if `part`; nv and part are
 * constants where this is inlined. */
SE_OP void slab(const se_row_sums *job, int64_t col, int64_t last, const int nv,
                const bool part)
{
    const float *const start = job->start != NULL ? job->start + col : NULL;
    float *const c = job->c + col;

    EACH_VECTOR(VECTOR_BEGIN);
    for (int i = 0; i < 2; i++) {
        const se_row_product *const p = &job->product[i];
        const int64_t a_col = p->a_col, b_row = p->b_row;
        const float *a = p->a;
        const float *b = p->k > 0 ? p->b + col : NULL;

        for (int64_t r = p->k; r > 0; r--) {
            const vf x = v_set1(*a);

            EACH_VECTOR(VECTOR_STEP);
            a += a_col;
            b += b_row;
        }
    }
    EACH_VECTOR(VECTOR_END);
}

#undef VECTOR_END
#undef VECTOR_STEP
#undef VECTOR_BEGIN
#undef LANES
#undef EACH_VECTOR

SE_OP void slab_sized(const se_row_sums *job, int64_t col, int64_t last, int64_t vectors,
                      const bool part)
{
    switch (vectors) {
#if SLAB_VECTORS > 12
    case 16: slab(job, col, last, 16, part); break;
    case 15: slab(job, col, last, 15, part); break;
    case 14: slab(job, col, last, 14, part); break;
    case 13: slab(job, col, last, 13, part); break;
#endif
#if SLAB_VECTORS > 8
    case 12: slab(job, col, last, 12, part); break;
    case 11: slab(job, col, last, 11, part); break;
    case 10: slab(job, col, last, 10, part); break;
    case 9: slab(job, col, last, 9, part); break;
#endif
    case 8: slab(job, col, last, 8, part); break;
    case 7: slab(job, col, last, 7, part); break;
    case 6: slab(job, col, last, 6, part); break;
    case 5: slab(job, col, last, 5, part); break;
    case 4: slab(job, col, last, 4, part); break;
    case 3: slab(job, col, last, 3, part); break;
    case 2: slab(job, col, last, 2, part); break;
    case 1: slab(job, col, last, 1, part); break;
    default: break;
    }
}

/* Slabs of even width, give or take a vector. */
static void gemv_slabs(const se_row_sums *job)
{
    const int64_t vectors = (job->n + SE_VW - 1) / SE_VW;
    const int64_t slabs = (vectors + SLAB_VECTORS - 1) / SLAB_VECTORS;
    const int64_t last = job->n - (vectors - 1) * SE_VW;

    for (int64_t i = 0; i < slabs; i++) {
        const int64_t at = job->backwards ? slabs - 1 - i : i;
        const int64_t begin = vectors * at / slabs, end = vectors * (at + 1) / slabs;

        if (end < vectors || last == SE_VW)
            slab_sized(job, begin * SE_VW, SE_VW, end - begin, false);
        else
            slab_sized(job, begin * SE_VW, last, end - begin, true);
    }
}

/* ---- Wide --------------------------------------------------------------------------- */

/* Slabs of so many columns are wide enough for any B. */
#define SLAB_WIDE 128

/* Columns from which B counts as wide. */
#define WIDE 512

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

/* At least one k is not 0: what is not summed is not written. */
static void gemv_wide(const se_row_sums *job)
{
    const float *start = job->start;
    float *const c = job->c;

    for (int i = 0; i < 2; i++) {
        const se_row_product *const p = &job->product[i];
        int64_t r = 0;

        for (; p->k - r >= GROUP_ROWS; r += GROUP_ROWS) {
            group(GROUP_ROWS, job->n, p->a + r * p->a_col, p->a_col, p->b + r * p->b_row,
                  p->b_row, start, c);
            start = c;
        }
        for (; r < p->k; r++) {
            group(1, job->n, p->a + r * p->a_col, p->a_col, p->b + r * p->b_row, p->b_row,
                  start, c);
            start = c;
        }
    }
}

SE_OP void gemv_joined(const se_row_sums *job)
{
    if (SLAB_VECTORS * SE_VW < SLAB_WIDE && job->n >= WIDE &&
        job->product[0].k + job->product[1].k > 0)
        gemv_wide(job);
    else
        gemv_slabs(job);
}

/* c (1, n) = start + a B, start == NULL standing for zeros. */
SE_OP void gemv(const float *a, int64_t a_col, const se_panels *b, const float *start,
                float *c)
{
    gemv_joined(&(se_row_sums){
        .product = { { b->k, a, a_col, b->data, b->row_stride }, { 0 } },
        .n = b->n,
        .start = start,
        .c = c,
    });
}

#endif /* SE_KERNELS_GEMV_TMPL_H */
