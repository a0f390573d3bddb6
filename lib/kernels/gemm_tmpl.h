/* kernels/gemm_tmpl.h - products of matrices, and the packing of their right factor.
 * SPDX-License-Identifier: MIT
 *
 * C is made in tiles of up to TILE_ROWS rows by TILE_VECTORS vectors of columns, whose
 * sums stay in registers while k runs.  Each element of C is
 *
 *     c = start;  for r = 0 .. k-1:  c = fma(a[r], b[r], c)
 *
 * whatever tile it falls in.  k is cut into stretches, each of which all rows of A take in
 * turn; between stretches the sums rest in C, which changes nothing in their bits. */
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

/* Rows of B that go by one tile in a stretch; SE_GEMM_ROOM has room for a copy of them.
 * Shorter stretches stay in the first-level cache, longer ones go less often over C; both
 * were measured, and C costs more. */
#define K_BLOCK 256

_Static_assert(SE_GEMM_ROOM >= K_BLOCK * PANEL, "a stretch of a panel must fit the room");

/* Rows of A that go through all panels together, and how many elements they may have, so
 * that they stay in the second-level cache. */
#define M_BLOCK 512
#define A_BLOCK (128 * 1024)

/* From this many rows of A on, a block of a panel whose rows are this far apart in B is
 * copied together first: the copy is paid back by a denser walk through the cache. */
#define COPY_ROWS 96
#define COPY_STRIDE 256

/* How the last vector of a tile is loaded: as it stands, its first lanes alone, or as half
 * a vector, which some machines do in half the time. */
typedef enum tail { TAIL_FULL, TAIL_PART, TAIL_HALF } tail;

/* One stretch of a panel: m rows of A times k rows of B, columns to the last lane of the
 * last vector. */
typedef struct panel_job {
    int64_t m, k;
    const float *a;
    int64_t a_row, a_col;
    const float *b; /* readable as the tail says */
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

SE_OP vf tile_load(const panel_job *job, const float *b, int j, int nv, const tail last)
{
    if (j >= nv)
        return v_zero();
    if (j + 1 < nv || last == TAIL_FULL)
        return v_load(b + j * SE_VW);
    return last == TAIL_PART ? v_load_n(b + j * SE_VW, job->last)
                             : v_load_half(b + j * SE_VW, job->last);
}

SE_OP vf tile_step(vf x, vf b, vf c, int j, int nv, const tail last)
{
    return last == TAIL_HALF && j + 1 == nv ? v_fma_half(x, b, c) : v_fma(x, b, c);
}

/* The sums are named one by one: compilers keep an array of them in memory. */
#define CELL_BEGIN(i, j) \
    vf c##i##j = (i) < mr && (j) < nv ? tile_start(job, row + (i), j, nv) : v_zero()
#define CELL_STEP(i, j) \
    if ((i) < mr && (j) < nv) \
    c##i##j = tile_step(x, b##j, c##i##j, j, nv, last)
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

/* Where B is packed, the next stretch is on its way while this one is used: a factor beyond
 * the second-level cache would be waited for else.  Elsewhere this does no harm. */
SE_OP void prefetch_b(const float *b, int nv)
{
#if defined(__GNUC__)
    for (int i = 0; i < nv * SE_VW; i += SE_CACHE_LINE / (int)sizeof *b)
        __builtin_prefetch(b + K_BLOCK * PANEL + i, 0, 2);
#endif
}

/* The rows of C lie far apart: the next tile's are on their way while this one is made. */
SE_OP void prefetch_c(const panel_job *job, int64_t row, int nv)
{
#if defined(__GNUC__)
    for (int i = 0; i < nv * SE_VW; i += SE_CACHE_LINE / (int)sizeof *job->c)
        __builtin_prefetch(job->c + row * job->c_row + i, 1);
#endif
}

/* Rows [row, row + mr) by nv vectors; mr, nv and last are constants where this is
 * inlined. */
SE_OP void tile(const panel_job *job, int64_t row, const int mr, const int nv,
                const tail last)
{
    const float *const a = job->a + row * job->a_row;
    const float *b = job->b;
    int64_t at = 0;

    EACH_ROW(ROW_BEGIN);
    for (int64_t i = row + mr; i < row + 2 * mr && i < job->m; i++)
        prefetch_c(job, i, nv);
    for (int64_t r = job->k; r > 0; r--) {
        const vf b0 = tile_load(job, b, 0, nv, last);
        const vf b1 = tile_load(job, b, 1, nv, last);
        const vf b2 = tile_load(job, b, 2, nv, last);
        const vf b3 = tile_load(job, b, 3, nv, last);

        prefetch_b(b, nv);
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

/* Rows of the next tile: what does not fill two is halved, as thin tiles are slow. */
SE_OP int64_t tile_rows(int64_t left)
{
    return left >= 2 * TILE_ROWS ? TILE_ROWS : left > TILE_ROWS ? (left + 1) / 2 : left;
}

SE_OP void panel_rows(const panel_job *job, const int nv, const tail last)
{
    int64_t row = 0;

    while (row < job->m) {
        const int64_t rows = tile_rows(job->m - row);

        switch (rows) {
#if TILE_ROWS > 6
        case 8: tile(job, row, 8, nv, last); break;
        case 7: tile(job, row, 7, nv, last); break;
#endif
#if TILE_ROWS > 4
        case 6: tile(job, row, 6, nv, last); break;
        case 5: tile(job, row, 5, nv, last); break;
#endif
        case 4: tile(job, row, 4, nv, last); break;
        case 3: tile(job, row, 3, nv, last); break;
        case 2: tile(job, row, 2, nv, last); break;
        default: tile(job, row, 1, nv, last); break;
        }
        row += rows;
    }
}

#define PANEL_OF(nv, name, last) \
    static void panel_##nv##_##name(const panel_job *job) \
    { \
        panel_rows(job, nv, last); \
    }
PANEL_OF(1, full, TAIL_FULL)
PANEL_OF(2, full, TAIL_FULL)
#if TILE_VECTORS > 2
PANEL_OF(3, full, TAIL_FULL)
#endif
#if TILE_VECTORS > 3
PANEL_OF(4, full, TAIL_FULL)
#endif
#if SE_SIMD_MASKS
PANEL_OF(1, part, TAIL_PART)
PANEL_OF(2, part, TAIL_PART)
#if TILE_VECTORS > 2
PANEL_OF(3, part, TAIL_PART)
#endif
#endif
#if SE_SIMD_HALVES
PANEL_OF(1, half, TAIL_HALF)
PANEL_OF(2, half, TAIL_HALF)
PANEL_OF(3, half, TAIL_HALF)
#endif

typedef void (*panel_fn)(const panel_job *job);

/* By vectors and tail; one that these vectors have no use for stands for the full one. */
static panel_fn panel_find(int64_t vectors, tail last)
{
    static const panel_fn full[] = {
        panel_1_full,
        panel_2_full,
#if TILE_VECTORS > 2
        panel_3_full,
#endif
#if TILE_VECTORS > 3
        panel_4_full,
#endif
    };
#if SE_SIMD_MASKS
    static const panel_fn part[] = {
        panel_1_part,
        panel_2_part,
#if TILE_VECTORS > 2
        panel_3_part,
#endif
    };

    if (last == TAIL_PART)
        return part[vectors - 1];
#endif
#if SE_SIMD_HALVES
    static const panel_fn half[] = { panel_1_half, panel_2_half, panel_3_half };

    if (last == TAIL_HALF)
        return half[vectors - 1];
#endif
    SE_UNUSED(last);
    return full[vectors - 1];
}

/* Copy rows of `width` floats to rows of a panel, padded with zeros. */
static void copy_rows(int64_t rows, int64_t width, const float *b, int64_t b_row,
                      float *panel)
{
    for (int64_t r = 0; r < rows; r++, b += b_row, panel += PANEL)
        for (int64_t c = 0; c < PANEL; c += SE_VW)
            v_store(panel + c, v_load_or(c < width ? b + c : b, width - c, v_zero()));
}

/* ---- The whole product -------------------------------------------------------------- */

/* One panel for job's rows of A and k rows of B, the first of them at `from`. */
static void panel_run(panel_job *job, const se_panels *b, int64_t k, const float *from,
                      int64_t width, float *room)
{
    const float *const a = job->a;
    const int64_t vectors = (width + SE_VW - 1) / SE_VW;
    bool copy = job->m >= COPY_ROWS && b->row_stride >= COPY_STRIDE;
    tail last = TAIL_FULL;

    job->last = width - (vectors - 1) * SE_VW;
    if (SE_SIMD_HALVES && job->last <= SE_VW / 2) {
        last = TAIL_HALF;
    } else if (job->last < SE_VW && !b->padded && !copy) {
        last = TAIL_PART;
        copy = !SE_SIMD_MASKS;
    }
    for (int64_t r = 0; r == 0 || r < k; r += K_BLOCK) {
        job->k = k - r < K_BLOCK ? k - r : K_BLOCK;
        job->a = a + r * job->a_col;
        job->b = from + r * b->row_stride;
        job->b_row = b->row_stride;
        if (copy) {
            copy_rows(job->k, width, job->b, job->b_row, room);
            job->b = room;
            job->b_row = PANEL;
        }
        panel_find(vectors, last)(job);
        job->start = job->c;
        job->start_row = job->c_row;
    }
    job->a = a;
}

/* A block of rows of A, with all columns of B.  k goes in parts, too, so that they stay in
 * the second-level cache together; each is a stretch or more. */
static void block_run(panel_job *job, const se_panels *b, float *c, const float *start,
                      float *room)
{
    const int64_t k_most = A_BLOCK / job->m / K_BLOCK * K_BLOCK;
    const int64_t k_part = k_most > K_BLOCK ? k_most : K_BLOCK;
    const int64_t start_row = job->start_row;
    const float *const a = job->a;

    for (int64_t r = 0; r == 0 || r < b->k; r += k_part) {
        job->a = a + r * job->a_col;
        for (int64_t col = 0; col < b->n; col += PANEL) {
            const float *const from = r > 0 ? c : start;

            job->c = c + col;
            job->start = from != NULL ? from + col : NULL;
            job->start_row = r > 0 ? job->c_row : start_row;
            panel_run(job, b, b->k - r < k_part ? b->k - r : k_part,
                      b->data + col / PANEL * b->panel_stride + r * b->row_stride,
                      b->n - col < PANEL ? b->n - col : PANEL, room);
        }
    }
}

/* Rows of the next block, all of which are about as large. */
SE_OP int64_t block_rows(int64_t left)
{
    const int64_t blocks = (left + M_BLOCK - 1) / M_BLOCK;
    const int64_t rows = (left + blocks - 1) / blocks;

    return blocks == 1 ? left : (rows + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
}

static void gemm(int64_t m, const float *a, int64_t a_row, int64_t a_col,
                 const se_panels *b, float *c, int64_t c_row, se_store store,
                 const float *bias, float *room)
{
    if (store != SE_STORE_BIAS)
        bias = NULL;
    if (m == 1 && b->panel_stride == PANEL) {
        gemv(a, a_col, b, store == SE_STORE_ADD ? c : bias, c);
        return;
    }
    for (int64_t i = 0, rows; i < m; i += rows) {
        panel_job job = { .a = a + i * a_row, .a_row = a_row, .a_col = a_col };

        rows = block_rows(m - i);
        job.m = rows;
        job.c_row = c_row;
        job.start_row = store == SE_STORE_ADD ? c_row : 0;
        block_run(&job, b, c + i * c_row, store == SE_STORE_ADD ? c + i * c_row : bias,
                  room);
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

        for (int64_t r = 0; width % SE_VW != 0 && r < k; r++)
            v_store(packed + r * PANEL + width / SE_VW * SE_VW, v_zero());
        if (b_col == 1)
            copy_rows(k, width, job.b, b_row, packed);
        else if (b_row == 1)
            pack_transposed(&job);
        else
            pack_rest(&job, 0, 0);
        packed += k * PANEL;
    }
}

#endif /* SE_KERNELS_GEMM_TMPL_H */
