/* base/shape.h - the shape of one sample, and how samples lie in memory.
 * SPDX-License-Identifier: MIT
 *
 * Users see arrays as (batch, d1, d2, features), row-major.  Inside, an array is kept
 * step-major: [d2][d1][batch][features].  All samples of one time step are then one
 * contiguous matrix, a range of samples is a range of its rows, and the first axis of a
 * sample can be merged into the batch without moving anything. */
#ifndef SE_BASE_SHAPE_H
#define SE_BASE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seqecho/common.h>

#define SE_SAMPLE_RANK (SEQECHO_MAX_RANK - 1)

/* Of one sample: the batch axis is not part of it.  1 <= rank <= SE_SAMPLE_RANK. */
typedef struct se_shape {
    int64_t dim[SE_SAMPLE_RANK];
    int32_t rank;
} se_shape;

static inline int64_t se_shape_features(const se_shape *s)
{
    return s->dim[s->rank - 1];
}

/* Rows of features in one sample. */
static inline int64_t se_shape_rows(const se_shape *s)
{
    int64_t rows = 1;

    for (int32_t i = 0; i + 1 < s->rank; i++)
        rows *= s->dim[i];
    return rows;
}

/* Floats in one sample. */
static inline int64_t se_shape_size(const se_shape *s)
{
    return se_shape_rows(s) * se_shape_features(s);
}

bool se_shape_equal(const se_shape *a, const se_shape *b);

/* Is the size of `batch` samples within what memory can hold? */
bool se_shape_fits(const se_shape *s, int64_t batch);

/* Text such as "(7, 5, 100)"; the batch is written "any" if it is 0. */
#define SE_SHAPE_TEXT 96
const char *se_shape_text(char text[SE_SHAPE_TEXT], int64_t batch, const se_shape *s);
const char *se_view_text(char text[SE_SHAPE_TEXT], const seqecho_view *view);

/* Between the user's order and step-major, rows of `width` 4-byte elements; rows are
 * those of `s` without its last axis.  The arrays do not overlap. */
void se_shape_to_steps(const se_shape *s, int64_t batch, int64_t width, const void *user,
                       void *steps);
void se_shape_from_steps(const se_shape *s, int64_t batch, int64_t width, const void *steps,
                         void *user);

/* Row of the user's order in which row `row` of the step-major order lies. */
static inline int64_t se_shape_user_row(const se_shape *s, int64_t batch, int64_t row)
{
    const int64_t sample = row % batch;
    int64_t rest = row / batch, user = sample;

    /* rest counts d1 fastest, user counts it slowest. */
    for (int32_t i = 0; i + 1 < s->rank; i++) {
        user = user * s->dim[i] + rest % s->dim[i];
        rest /= s->dim[i];
    }
    return user;
}

#endif /* SE_BASE_SHAPE_H */
