/* layers/attention_score.c - how much each step of query has to do with each of key: dot
 * products, or a trained sum over tanh(query + key).
 * SPDX-License-Identifier: MIT
 *
 * The tanh of additive scores are (tq, tv, d) numbers a sample.  They are made for one step
 * of query at a time, and made again on the way back. */
#include "layers/attention.h"

#include <string.h>

#include "layers/lanes.h"

/* Row t of sample b in an array of rows of n. */
static int64_t row_at(const se_attention *a, int64_t t, int64_t b, int64_t n)
{
    return (t * a->batch + b) * n;
}

/* ---- Dot products ------------------------------------------------------------------- */

static float dot_factor(const se_attention *a)
{
    return a->scale != NULL ? *a->scale * a->factor : a->factor;
}

static void scale_by(int64_t n, float by, float *x)
{
    for (int64_t i = 0; by != 1.0f && i < n; i++)
        x[i] *= by;
}

static void dot_score(const se_attention *a, const se_compute *compute, int64_t b,
                      float *score)
{
    const int64_t size = a->tq * a->tv, row = a->batch * a->d;
    const se_factor key = se_factor_make(compute, a->tq, 1, a->d, a->tv, a->key + b * a->d,
                                         1, row, a->packed + b * a->packed_size);

    se_gemm(compute, a->tq, a->query + b * a->d, row, 1, &key, score, a->tv, SE_STORE_SET,
            NULL);
    if (a->raw != NULL)
        memcpy(a->raw + b * size, score, (size_t)size * sizeof *score);
    scale_by(size, dot_factor(a), score);
}

static void dot_backward(const se_attention *a, const se_compute *compute, int64_t b,
                         float *d_score)
{
    const int64_t size = a->tq * a->tv, row = a->batch * a->d;
    float *const packed = a->packed + b * a->packed_size;

    if (a->scale != NULL)
        a->part[b] = se_lanes_dot(size, d_score, a->raw + b * size) * a->factor;
    scale_by(size, dot_factor(a), d_score);
    if (a->d_query != NULL) {
        const se_factor key = se_factor_make(compute, a->tq, 1, a->tv, a->d,
                                             a->key + b * a->d, row, 1, packed);

        se_gemm(compute, a->tq, d_score, a->tv, 1, &key, a->d_query + b * a->d, row,
                SE_STORE_SET, NULL);
    }
    if (a->d_key != NULL) {
        const se_factor query = se_factor_make(compute, a->tv, 1, a->tq, a->d,
                                               a->query + b * a->d, row, 1, packed);

        se_gemm(compute, a->tv, d_score, 1, a->tv, &query, a->d_key + b * a->d, row,
                a->d_key == a->d_value ? SE_STORE_ADD : SE_STORE_SET, NULL);
    }
}

/* ---- Additive ----------------------------------------------------------------------- */

/* tanh(query + key) of step i of query with the first `cols` steps of key: (cols, d). */
static void make_tanh(const se_attention *a, const se_compute *compute, int64_t b,
                      int64_t i, int64_t cols, float *t)
{
    const float *const query = a->query + row_at(a, i, b, a->d);

    for (int64_t j = 0; j < cols; j++) {
        const float *const key = a->key + row_at(a, j, b, a->d);

        for (int64_t c = 0; c < a->d; c++)
            t[j * a->d + c] = query[c] + key[c];
    }
    compute->k->activate(SEQECHO_TANH, cols * a->d, t, t);
}

static void additive_score(const se_attention *a, const se_compute *compute, int64_t b,
                           float *score)
{
    float *const t = a->tanh + b * a->tv * a->d;

    for (int64_t i = 0; i < a->tq; i++) {
        const int64_t cols = se_attention_cols(a, i);

        make_tanh(a, compute, b, i, cols, t);
        for (int64_t j = 0; j < cols; j++)
            score[i * a->tv + j] = a->scale != NULL
                                       ? se_lanes_dot(a->d, t + j * a->d, a->scale)
                                       : se_lanes_sum(a->d, t + j * a->d);
    }
}

/* From the tanh of a row of scores to the gradients of query + key. */
static void tanh_backward(const se_attention *a, int64_t cols, const float *d_score,
                          float *t)
{
    for (int64_t j = 0; j < cols; j++)
        for (int64_t c = 0; c < a->d; c++) {
            const float u = t[j * a->d + c];
            const float slope = (1.0f - u * u) * d_score[j];

            t[j * a->d + c] = a->scale != NULL ? slope * a->scale[c] : slope;
        }
}

static void clear_rows(const se_attention *a, int64_t b, int64_t rows, float *x)
{
    for (int64_t r = 0; r < rows; r++)
        memset(x + row_at(a, r, b, a->d), 0, (size_t)a->d * sizeof *x);
}

static void additive_backward(const se_attention *a, const se_compute *compute, int64_t b,
                              const float *d_score)
{
    const se_kernels *const k = compute->k;
    float *const t = a->tanh + b * a->tv * a->d;
    float *const part = a->scale != NULL ? a->part + b * a->part_size : NULL;

    if (part != NULL)
        memset(part, 0, (size_t)a->d * sizeof *part);
    if (a->d_query != NULL)
        clear_rows(a, b, a->tq, a->d_query);
    if (a->d_key != NULL && a->d_key != a->d_value)
        clear_rows(a, b, a->tv, a->d_key);
    for (int64_t i = 0; i < a->tq; i++, d_score += a->tv) {
        const int64_t cols = se_attention_cols(a, i);

        make_tanh(a, compute, b, i, cols, t);
        for (int64_t j = 0; part != NULL && j < cols; j++)
            for (int64_t c = 0; c < a->d; c++)
                part[c] += d_score[j] * t[j * a->d + c];
        tanh_backward(a, cols, d_score, t);
        if (a->d_query != NULL)
            k->column_sum(cols, a->d, t, a->d, a->d_query + row_at(a, i, b, a->d));
        for (int64_t j = 0; a->d_key != NULL && j < cols; j++)
            k->add(a->d, t + j * a->d, a->d_key + row_at(a, j, b, a->d));
    }
}

/* ---- Either ------------------------------------------------------------------------- */

void se_attention_score(const se_attention *a, const se_compute *compute, int64_t b,
                        float *score)
{
    if (a->additive)
        additive_score(a, compute, b, score);
    else
        dot_score(a, compute, b, score);
}

void se_attention_score_backward(const se_attention *a, const se_compute *compute,
                                 int64_t b, float *d_score)
{
    if (a->additive)
        additive_backward(a, compute, b, d_score);
    else
        dot_backward(a, compute, b, d_score);
}
