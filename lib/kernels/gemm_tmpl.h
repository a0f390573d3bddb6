/* kernels/gemm_tmpl.h - products of matrices, and the packing of their right factor.
 * SPDX-License-Identifier: MIT
 *
 * C is made in tiles of up to TILE_ROWS rows by TILE_VECTORS vectors of columns, whose
 * sums stay in registers while k runs.  Each element of C is
 *
 *     c = start;  for r = 0 .. k-1:  c = fma(a[r], b[r], c)
 *
 * whatever tile it falls in.  k is cut into blocks, so that one block of a panel of B
 * stays in the first-level cache while all rows of A go by; between blocks the sums rest
 * in C, which changes nothing in their bits. */
#ifndef SE_KERNELS_GEMM_TMPL_H
#define SE_KERNELS_GEMM_TMPL_H

#include "kernels/gemv_tmpl.h"
#include "kernels/kernels.h"
#include "kernels/simd.h"

/* As many sums as the registers hold beside one row of B and one element of A. */
#if defined(SE_SIMD_AVX512)
#define TILE_ROWS 8
#define TILE_VECTORS 3
#elif defined(SE_SIMD_AVX2)
#define TILE_ROWS 6
#define TILE_VECTORS 2
#elif defined(SE_SIMD_NEON)
#define TILE_ROWS 6
#define TILE_VECTORS 4
#elif defined(SE_SIMD_SSE2)
#define TILE_ROWS 4
#define TILE_VECTORS 2
#else
#define TILE_ROWS 4
#define TILE_VECTORS 4
#endif

#define PANEL (TILE_VECTORS * SE_VW)

/* Rows of B in a block.  Shorter ones stay in the first-level cache, longer ones go less
 * often over C; both were measured, and C costs more.  The copy of a block lies on the
 * stack: 48 KiB with AVX-512, 16 KiB or less else. */
#define K_BLOCK 256

/* Rows of A that go through all panels together, so that their part of a block stays in
 * the second-level cache; a multiple of every TILE_ROWS. */
#define M_BLOCK 384

/* From this many rows of A on, a block of a panel whose rows are this far apart in B is
 * copied together first: the copy is paid back by a denser walk through the cache. */
#define COPY_ROWS 128
#define COPY_STRIDE 256

/* One panel: m rows of A times k rows of B, columns to the last lane of the last vector. */
typedef struct panel_job {
    int64_t m, k;
    const float *a;
    int64_t a_row, a_col;
    const float *b; /* readable to full vectors */
    int64_t b_row;
    float *c;
    int64_t c_row;
    const float *start; /* what the sums begin with; NULL for zeros */
    int64_t start_row;
    int64_t last; /* lanes of the last vector */
} panel_job;

/* ---- One tile ---------------------------------------------------------------------- */

SE_OP vf tile_start(const panel_job *job, int64_t row, int j, int nv)
{
    if (job->start == NULL)
        return v_zero();
    return v_load_or(job->start + row * job->start_row + j * SE_VW,
                     j + 1 < nv ? SE_VW : job->last, v_zero());
}

SE_OP void tile_store(const panel_job *job, int64_t row, int j, int nv, vf sum)
{
    v_store_or(job->c + row * job->c_row + j * SE_VW, j + 1 < nv ? SE_VW : job->last, sum);
}

/* The sums are named one by one: compilers keep an array of them in memory. */
#define CELL_BEGIN(i, j) \
    vf c##i##j = (i) < mr && (j) < nv ? tile_start(job, row + (i), j, nv) : v_zero()
#define CELL_STEP(i, j) \
    if ((i) < mr && (j) < nv) \
    c##i##j = v_fma(x, b##j, c##i##j)
#define CELL_END(i, j) \
    if ((i) < mr && (j) < nv) \
    tile_store(job, row + (i), j, nv, c##i##j)

#define ROW_BEGIN(i) \
    const float *const a##i = (i) < mr ? a + (i)*job->a_row : a; \
    CELL_BEGIN(i, 0); \
    CELL_BEGIN(i, 1); \
    CELL_BEGIN(i, 2); \
    CELL_BEGIN(i, 3)
#define ROW_STEP(i) \
    do { \
        const vf x = (i) < mr ? v_set1(a##i[at]) : v_zero(); \
        CELL_STEP(i, 0); \
        CELL_STEP(i, 1); \
        CELL_STEP(i, 2); \
        CELL_STEP(i, 3); \
    } while (0)
#define ROW_END(i) \
    CELL_END(i, 0); \
    CELL_END(i, 1); \
    CELL_END(i, 2); \
    CELL_END(i, 3)

#define EACH_ROW(WHAT) \
    WHAT(0); \
    WHAT(1); \
    WHAT(2); \
    WHAT(3); \
    WHAT(4); \
    WHAT(5); \
    WHAT(6); \
    WHAT(7)

/* The rows of C lie far apart: the next tile's are on their way while this one is made. */
SE_OP void prefetch_c(const panel_job *job, int64_t row, int64_t col)
{
#if defined(__GNUC__)
    __builtin_prefetch(job->c + row * job->c_row + col, 1);
#endif
}

/* Rows [row, row + mr) by nv vectors; both are constants where this is inlined. */
SE_OP void tile(const panel_job *job, int64_t row, const int mr, const int nv)
{
    const float *const a = job->a + row * job->a_row;
    const float *b = job->b;
    int64_t at = 0;

    EACH_ROW(ROW_BEGIN);
    for (int64_t i = row + mr; i < row + 2 * mr && i < job->m; i++)
        for (int j = 0; j < nv * SE_VW; j += 16)
            prefetch_c(job, i, j);
    for (int64_t r = job->k; r > 0; r--) {
        const vf b0 = v_load(b);
        const vf b1 = nv > 1 ? v_load(b + 1 * SE_VW) : v_zero();
        const vf b2 = nv > 2 ? v_load(b + 2 * SE_VW) : v_zero();
        const vf b3 = nv > 3 ? v_load(b + 3 * SE_VW) : v_zero();

        EACH_ROW(ROW_STEP);
        b += job->b_row;
        at += job->a_col;
    }
    EACH_ROW(ROW_END);
}

#undef EACH_ROW
#undef ROW_END
#undef ROW_STEP
#undef ROW_BEGIN
#undef CELL_END
#undef CELL_STEP
#undef CELL_BEGIN

/* ---- One panel --------------------------------------------------------------------- */

/* All rows; what does not fill two tiles is halved, as thin tiles are slow. */
SE_OP void panel_rows(const panel_job *job, const int nv)
{
    int64_t row = 0;

    while (row < job->m) {
        const int64_t left = job->m - row;
        const int64_t rows = left >= 2 * TILE_ROWS ? TILE_ROWS
                             : left > TILE_ROWS    ? (left + 1) / 2
                                                   : left;

        switch (rows) {
#if TILE_ROWS > 6
        case 8: tile(job, row, 8, nv); break;
        case 7: tile(job, row, 7, nv); break;
#endif
#if TILE_ROWS > 4
        case 6: tile(job, row, 6, nv); break;
        case 5: tile(job, row, 5, nv); break;
#endif
        case 4: tile(job, row, 4, nv); break;
        case 3: tile(job, row, 3, nv); break;
        case 2: tile(job, row, 2, nv); break;
        default: tile(job, row, 1, nv); break;
        }
        row += rows;
    }
}

static void panel_1(const panel_job *job)
{
    panel_rows(job, 1);
}

static void panel_2(const panel_job *job)
{
    panel_rows(job, 2);
}

#if TILE_VECTORS > 2
static void panel_3(const panel_job *job)
{
    panel_rows(job, 3);
}
#endif

#if TILE_VECTORS > 3
static void panel_4(const panel_job *job)
{
    panel_rows(job, 4);
}
#endif

static void panel_run(const panel_job *job, int64_t vectors)
{
    switch (vectors) {
    case 1: panel_1(job); break;
    case 2: panel_2(job); break;
#if TILE_VECTORS > 2
    case 3: panel_3(job); break;
#endif
#if TILE_VECTORS > 3
    case 4: panel_4(job); break;
#endif
    default: break;
    }
}

/* Copy rows of `width` floats to rows of a panel, padded with zeros. */
static void copy_block(int64_t rows, int64_t width, const float *b, int64_t b_row,
                       float *panel)
{
    for (int64_t r = 0; r < rows; r++, b += b_row, panel += PANEL)
        for (int64_t c = 0; c < PANEL; c += SE_VW)
            v_store(panel + c, v_load_or(c < width ? b + c : b, width - c, v_zero()));
}

/* ---- The whole product -------------------------------------------------------------- */

/* All columns for job's rows of A and its block of k, which begins at row r of B. */
static void block_run(panel_job *job, const se_panels *b, int64_t r, float *c,
                      const float *start)
{
    float copy[K_BLOCK * PANEL];

    for (int64_t col = 0; col < b->n; col += PANEL) {
        const int64_t width = b->n - col < PANEL ? b->n - col : PANEL;
        const int64_t vectors = (width + SE_VW - 1) / SE_VW;

        job->b = b->data + col / PANEL * b->panel_stride + r * b->row_stride;
        job->b_row = b->row_stride;
        job->c = c + col;
        job->start = start != NULL ? start + col : NULL;
        job->last = width - (vectors - 1) * SE_VW;
        if ((width % SE_VW != 0 && !b->padded) ||
            (job->m >= COPY_ROWS && b->row_stride >= COPY_STRIDE)) {
            copy_block(job->k, width, job->b, job->b_row, copy);
            job->b = copy;
            job->b_row = PANEL;
        }
        panel_run(job, vectors);
    }
}

static void gemm(int64_t m, const float *a, int64_t a_row, int64_t a_col,
                 const se_panels *b, float *c, int64_t c_row, se_store store,
                 const float *bias)
{
    if (store != SE_STORE_BIAS)
        bias = NULL;
    if (m == 1 && b->panel_stride == PANEL) {
        gemv(a, a_col, b, store == SE_STORE_ADD ? c : bias, c);
        return;
    }
    for (int64_t i = 0; i < m; i += M_BLOCK) {
        float *const c_i = c + i * c_row;
        const float *start = store == SE_STORE_ADD ? c_i : bias;
        int64_t start_row = store == SE_STORE_ADD ? c_row : 0;
        int64_t r = 0;

        do {
            panel_job job = { .m = m - i < M_BLOCK ? m - i : M_BLOCK,
                              .k = b->k - r < K_BLOCK ? b->k - r : K_BLOCK,
                              .a = a + i * a_row + r * a_col,
                              .a_row = a_row,
                              .a_col = a_col,
                              .c_row = c_row,
                              .start_row = start_row };

            block_run(&job, b, r, c_i, start);
            start = c_i;
            start_row = c_row;
            r += job.k;
        } while (r < b->k);
    }
}

/* ---- Packing ------------------------------------------------------------------------ */

/* What a panel takes of B. */
typedef struct pack_job {
    int64_t k, width;
    const float *b;
    int64_t b_row, b_col;
    float *panel;
} pack_job;

/* Rows [row, k) of columns [col, width), one by one. */
static void pack_rest(const pack_job *job, int64_t row, int64_t col)
{
    for (int64_t r = row; r < job->k; r++)
        for (int64_t c = col; c < job->width; c++)
            job->panel[r * PANEL + c] = job->b[r * job->b_row + c * job->b_col];
}

/* B = S^T, S's rows b_col apart.  Sixteen columns of S at a time, so that each of its cache
 * lines is read once, whole: rows of S a power of two apart would push each other out of
 * the cache before a second look. */
static void pack_transposed(const pack_job *job)
{
    const int64_t rows = job->k / 4 * 4, cols = job->width / 4 * 4;
    pack_job beside = *job;

    for (int64_t line = 0; line < rows; line += 16)
        for (int64_t c = 0; c < cols; c += 4)
            for (int64_t r = line; r < line + 16 && r < rows; r += 4)
                v_transpose4(job->b + c * job->b_col + r, job->b_col,
                             job->panel + r * PANEL + c, PANEL);
    beside.k = rows;
    pack_rest(&beside, 0, cols);
    pack_rest(job, rows, 0);
}

static void pack(int64_t k, int64_t n, const float *b, int64_t b_row, int64_t b_col,
                 float *packed)
{
    for (int64_t col = 0; col < n; col += PANEL) {
        const int64_t width = n - col < PANEL ? n - col : PANEL;
        const pack_job job = { k, width, b + col * b_col, b_row, b_col, packed };

        if (width < PANEL)
            memset(packed, 0, (size_t)(k * PANEL) * sizeof *packed);
        if (b_col == 1)
            copy_block(k, width, job.b, b_row, packed);
        else if (b_row == 1)
            pack_transposed(&job);
        else
            pack_rest(&job, 0, 0);
        packed += k * PANEL;
    }
}

#endif /* SE_KERNELS_GEMM_TMPL_H */
