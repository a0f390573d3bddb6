/* kernels/rows_tmpl.h - rows picked by number, softmax, argmax and other walks over rows.
 * SPDX-License-Identifier: MIT
 *
 * Sums over a row are those of v16 in kernels/simd.h, the same for every width. */
#ifndef SE_KERNELS_ROWS_TMPL_H
#define SE_KERNELS_ROWS_TMPL_H

#include <math.h>

#include "kernels/kernels.h"
#include "kernels/math_tmpl.h"

/* ---- Rows picked by number ---------------------------------------------------------- */

/* y += x. */
static void add(int64_t n, const float *x, float *y)
{
    int64_t i = 0;

    for (; n - i >= SE_VW; i += SE_VW)
        v_store(y + i, v_add(v_load(y + i), v_load(x + i)));
    if (i < n)
        v_store_n(y + i, n - i, v_add(v_load_n(y + i, n - i), v_load_n(x + i, n - i)));
}

static void gather(int64_t rows, int64_t cols, const int32_t *index, const float *w,
                   const float *bias, float *out)
{
    for (int64_t r = 0; r < rows; r++, out += cols) {
        const float *const from = w + index[r] * cols;
        int64_t i = 0;

        if (bias == NULL) {
            memcpy(out, from, (size_t)cols * sizeof *out);
            continue;
        }
        for (; cols - i >= SE_VW; i += SE_VW)
            v_store(out + i, v_add(v_load(bias + i), v_load(from + i)));
        if (i < cols)
            v_store_n(out + i, cols - i,
                      v_add(v_load_n(bias + i, cols - i), v_load_n(from + i, cols - i)));
    }
}

static void scatter_add(int64_t rows, int64_t cols, const int32_t *index, const float *x,
                        float *w, int64_t first, int64_t last)
{
    for (int64_t r = 0; r < rows; r++)
        if (index[r] >= first && index[r] < last)
            add(cols, x + r * cols, w + index[r] * cols);
}

/* Four vectors of columns at a time, so that additions do not wait for each other. */
static void column_sum(int64_t rows, int64_t cols, const float *x, int64_t x_row,
                       float *sum)
{
    int64_t c = 0;

    for (; cols - c >= 4 * SE_VW; c += 4 * SE_VW) {
        vf s0 = v_load(sum + c);
        vf s1 = v_load(sum + c + SE_VW);
        vf s2 = v_load(sum + c + 2 * SE_VW);
        vf s3 = v_load(sum + c + 3 * SE_VW);

        for (int64_t r = 0; r < rows; r++) {
            const float *const from = x + r * x_row + c;

            s0 = v_add(s0, v_load(from));
            s1 = v_add(s1, v_load(from + SE_VW));
            s2 = v_add(s2, v_load(from + 2 * SE_VW));
            s3 = v_add(s3, v_load(from + 3 * SE_VW));
        }
        v_store(sum + c, s0);
        v_store(sum + c + SE_VW, s1);
        v_store(sum + c + 2 * SE_VW, s2);
        v_store(sum + c + 3 * SE_VW, s3);
    }
    for (; c < cols; c += SE_VW) {
        vf s = v_load_or(sum + c, cols - c, v_zero());

        for (int64_t r = 0; r < rows; r++)
            s = v_add(s, v_load_or(x + r * x_row + c, cols - c, v_zero()));
        v_store_or(sum + c, cols - c, s);
    }
}

/* ---- Largest ------------------------------------------------------------------------ */

/* Without its sign a number is larger than another where its bits are, and NaN is the
 * largest; four at a time, so that they do not wait for each other. */
static float max_abs(int64_t n, const float *x)
{
    vf largest[4] = { v_zero(), v_zero(), v_zero(), v_zero() };
    float worst = 0.0F;
    int64_t i = 0;

    for (; n - i >= 4 * SE_VW; i += 4 * SE_VW)
        for (int j = 0; j < 4; j++)
            largest[j] = v_max_bits(v_abs(v_load(x + i + j * SE_VW)), largest[j]);
    for (; i < n; i += SE_VW)
        largest[0] = v_max_bits(v_abs(v_load_or(x + i, n - i, v_zero())), largest[0]);
    for (int j = 0; j < 4; j++) {
        if (v_any(v_isnan(largest[j])))
            return NAN;
        if (v_largest(largest[j]) > worst)
            worst = v_largest(largest[j]);
    }
    return worst;
}

/* The largest element that is not NaN, -Inf if there is none. */
SE_OP float row_max(int64_t cols, const float *x)
{
    v16 largest = v16_set1(-INFINITY);

    for (int64_t i = 0; i < cols; i += 16) {
        const v16 a = v16_load_or(x + i, cols - i, -INFINITY);

        for (int j = 0; j < SE_V16; j++)
            largest.part[j] = v_max(a.part[j], largest.part[j]);
    }
    return v16_max(largest);
}

static int64_t find(int64_t cols, const float *x, float value)
{
    for (int64_t i = 0; i < cols; i += SE_VW) {
        const vf a = v_load_or(x + i, cols - i, v_set1(NAN));

        if (v_any(v_eq(a, v_set1(value))))
            for (; i < cols; i++)
                if (x[i] == value)
                    return i;
    }
    return cols;
}

static int64_t argmax(int64_t cols, const float *x)
{
    const int64_t at = find(cols, x, row_max(cols, x));

    return at < cols ? at : 0; /* all are NaN */
}

static int64_t one_hot(int64_t cols, const float *x)
{
    int64_t at = -1;

    for (int64_t i = 0; i < cols; i += SE_VW)
        if (v_any(v_ne(v_load_or(x + i, cols - i, v_zero()), v_zero())))
            for (int64_t j = i; j < cols && j < i + SE_VW; j++)
                if (x[j] != 0.0F) {
                    if (at >= 0 || x[j] != 1.0F)
                        return -1;
                    at = j;
                }
    return at;
}

/* ---- Softmax ------------------------------------------------------------------------ */

/* e = exp(x - max) in place of or beside x; returns the sum. */
SE_OP float exp_row(int64_t cols, const float *x, float *e)
{
    const vf shift = v_set1(row_max(cols, x));
    v16 sum = v16_set1(0.0F);

    for (int64_t i = 0; i < cols; i += 16) {
        v16 a = v16_load_or(x + i, cols - i, -INFINITY);

        for (int j = 0; j < SE_V16; j++) {
            a.part[j] = v_exp_negative(v_sub(a.part[j], shift));
            sum.part[j] = v_add(sum.part[j], a.part[j]);
        }
        v16_store_or(e + i, cols - i, a);
    }
    return v16_sum(sum);
}

SE_OP void scale_row(int64_t cols, float scale, float *y)
{
    const vf by = v_set1(scale);
    int64_t i = 0;

    for (; cols - i >= SE_VW; i += SE_VW)
        v_store(y + i, v_mul(v_load(y + i), by));
    if (i < cols)
        v_store_n(y + i, cols - i, v_mul(v_load_n(y + i, cols - i), by));
}

static void softmax(int64_t rows, int64_t cols, const float *x, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += cols, y += cols)
        scale_row(cols, 1.0F / exp_row(cols, x, y), y);
}

static void softmax_backward(int64_t rows, int64_t cols, const float *y, const float *dy,
                             float *dx)
{
    for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
        v16 dot = v16_set1(0.0F);
        vf mean;
        int64_t i;

        for (i = 0; i < cols; i += 16) {
            const v16 a = v16_load_or(y + i, cols - i, 0.0F);
            const v16 b = v16_load_or(dy + i, cols - i, 0.0F);

            for (int j = 0; j < SE_V16; j++)
                dot.part[j] = v_fma(a.part[j], b.part[j], dot.part[j]);
        }
        mean = v_set1(v16_sum(dot));
        for (i = 0; i < cols; i += SE_VW) {
            const vf a = v_load_or(y + i, cols - i, v_zero());
            const vf b = v_load_or(dy + i, cols - i, v_zero());

            v_store_or(dx + i, cols - i, v_mul(a, v_sub(b, mean)));
        }
    }
}

/* ---- Softmax with cross-entropy -----------------------------------------------------
 *
 * With d = z - max(z) and S = sum(exp(d)), log p = d - log S, so the loss is
 *
 *     -sum(y log p) = sum(y) log S - sum(y d)
 *
 * Classes with y = 0 take no part in the second sum, even where d is infinite.
 *
 * Rows go in blocks, each step of the work for all rows of a block before the next step: in
 * one row alone every step would wait for the last. */
#define ENTROPY_ROWS 16

typedef struct entropy_sums {
    float exp[ENTROPY_ROWS];   /* S */
    float y[ENTROPY_ROWS];     /* sum(y) */
    float shift[ENTROPY_ROWS]; /* sum(y d) */
    float log[ENTROPY_ROWS];   /* log S */
} entropy_sums;

/* S; e, if not NULL, becomes exp(d). */
SE_OP float entropy_exp(int64_t cols, const float *z, float largest, float *e)
{
    const vf shift = v_set1(largest);
    v16 sum = v16_set1(0.0F);

    for (int64_t i = 0; i < cols; i += 16) {
        v16 a = v16_load_or(z + i, cols - i, -INFINITY);

        for (int j = 0; j < SE_V16; j++) {
            a.part[j] = v_exp_negative(v_sub(a.part[j], shift));
            sum.part[j] = v_add(sum.part[j], a.part[j]);
        }
        if (e != NULL)
            v16_store_or(e + i, cols - i, a);
    }
    return v16_sum(sum);
}

/* sum(y) and sum(y d). */
SE_OP void entropy_target(int64_t cols, const float *z, const float *y, float largest,
                          float *sum, float *shift)
{
    v16 sum_y = v16_set1(0.0F), sum_shift = v16_set1(0.0F);

    for (int64_t i = 0; i < cols; i += 16) {
        const v16 a = v16_load_or(z + i, cols - i, -INFINITY);
        const v16 w = v16_load_or(y + i, cols - i, 0.0F);

        for (int j = 0; j < SE_V16; j++) {
            const vf d = v_sub(a.part[j], v_set1(largest));
            const vm none = v_eq(w.part[j], v_zero());

            sum_y.part[j] = v_add(sum_y.part[j], w.part[j]);
            sum_shift.part[j] =
                v_add(sum_shift.part[j], v_select(none, v_zero(), v_mul(w.part[j], d)));
        }
    }
    *sum = v16_sum(sum_y);
    *shift = v16_sum(sum_shift);
}

/* From dz = exp(d): dz = scale (dz inverse sum_y - y), y == NULL standing for the one-hot
 * row of `label`. */
SE_OP void entropy_gradient(int64_t cols, const float *y, int32_t label, float inverse,
                            float sum_y, float scale, float *dz)
{
    const float at_label = y == NULL ? scale * (dz[label] * inverse - 1.0F) : 0.0F;

    for (int64_t i = 0; i < cols; i += SE_VW) {
        const vf p = v_mul(v_load_or(dz + i, cols - i, v_zero()), v_set1(inverse));
        vf d = p;

        if (y != NULL)
            d = v_sub(v_mul(p, v_set1(sum_y)), v_load_or(y + i, cols - i, v_zero()));
        v_store_or(dz + i, cols - i, v_mul(v_set1(scale), d));
    }
    if (y == NULL)
        dz[label] = at_label;
}

/* ENTROPY_ROWS rows or fewer. */
static void entropy_block(const se_entropy *e)
{
    entropy_sums sums;

    for (int64_t r = 0; r < e->rows; r++) {
        const float *const z = e->z + r * e->cols;

        e->largest[r] = row_max(e->cols, z);
        if (e->y != NULL) {
            entropy_target(e->cols, z, e->y + r * e->y_row, e->largest[r], &sums.y[r],
                           &sums.shift[r]);
        } else { /* dz may take the place of z */
            sums.y[r] = 1.0F;
            sums.shift[r] = z[e->label[r * e->y_row]] - e->largest[r];
        }
    }
    for (int64_t r = 0; r < e->rows; r++)
        sums.exp[r] = entropy_exp(e->cols, e->z + r * e->cols, e->largest[r],
                                  e->dz != NULL ? e->dz + r * e->cols : NULL);
    for (int64_t r = 0; r < e->rows; r++)
        sums.log[r] = log_of(sums.exp[r]);
    for (int64_t r = 0; r < e->rows; r++)
        e->loss[r] = sums.y[r] * sums.log[r] - sums.shift[r];
    for (int64_t r = 0; e->dz != NULL && r < e->rows; r++)
        entropy_gradient(e->cols, e->y != NULL ? e->y + r * e->y_row : NULL,
                         e->y != NULL ? 0 : e->label[r * e->y_row], 1.0F / sums.exp[r],
                         sums.y[r], e->scale, e->dz + r * e->cols);
}

static void softmax_crossentropy(const se_entropy *e)
{
    for (int64_t r = 0; r < e->rows; r += ENTROPY_ROWS) {
        se_entropy block = *e;

        block.rows = e->rows - r < ENTROPY_ROWS ? e->rows - r : ENTROPY_ROWS;
        block.z += r * e->cols;
        if (e->y != NULL)
            block.y += r * e->y_row;
        else
            block.label += r * e->y_row;
        block.loss += r;
        block.largest += r;
        if (e->dz != NULL)
            block.dz += r * e->cols;
        entropy_block(&block);
    }
}

#endif /* SE_KERNELS_ROWS_TMPL_H */
