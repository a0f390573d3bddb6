/* base/shape.c - shapes: comparing, printing, and moving arrays between orders.
 * SPDX-License-Identifier: MIT */
#include "base/shape.h"

#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "base/strbuf.h"

bool se_shape_equal(const se_shape *a, const se_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

bool se_shape_fits(const se_shape *s, int64_t batch)
{
    size_t size = 0;

    return batch >= 0 && se_size_product(&size, s->dim, (size_t)s->rank) &&
           se_size_mul(&size, size, (size_t)batch) &&
           se_size_mul(&size, size, sizeof(float));
}

const char *se_shape_text(char text[SE_SHAPE_TEXT], int64_t batch, const se_shape *s)
{
    se_strbuf buf;

    se_strbuf_init(&buf, text, SE_SHAPE_TEXT);
    if (batch > 0)
        se_strbuf_add(&buf, "(%" PRId64, batch);
    else
        se_strbuf_add(&buf, "(any");
    for (int32_t i = 0; i < s->rank; i++)
        se_strbuf_add(&buf, ", %" PRId64, s->dim[i]);
    se_strbuf_add(&buf, ")");
    return text;
}

const char *se_view_text(char text[SE_SHAPE_TEXT], const seqecho_view *view)
{
    const int32_t rank = view->rank < 0                  ? 0
                         : view->rank > SEQECHO_MAX_RANK ? SEQECHO_MAX_RANK
                                                         : view->rank;
    se_strbuf buf;

    se_strbuf_init(&buf, text, SE_SHAPE_TEXT);
    se_strbuf_add(&buf, "(");
    for (int32_t i = 0; i < rank; i++)
        se_strbuf_add(&buf, "%s%" PRId64, i > 0 ? ", " : "", view->dim[i]);
    se_strbuf_add(&buf, ")%s", view->dtype == SEQECHO_INT32 ? " of int32" : "");
    return text;
}

void se_shape_to_steps(const se_shape *s, int64_t batch, int64_t width, const void *user,
                       void *steps)
{
    const int64_t rows = se_shape_rows(s) * batch;
    const size_t bytes = (size_t)width * 4;
    const char *const from = user;
    char *to = steps;

    for (int64_t row = 0; row < rows; row++, to += bytes)
        memcpy(to, from + (size_t)se_shape_user_row(s, batch, row) * bytes, bytes);
}

void se_shape_from_steps(const se_shape *s, int64_t batch, int64_t width, const void *steps,
                         void *user)
{
    const int64_t rows = se_shape_rows(s) * batch;
    const size_t bytes = (size_t)width * 4;
    const char *from = steps;
    char *const to = user;

    for (int64_t row = 0; row < rows; row++, from += bytes)
        memcpy(to + (size_t)se_shape_user_row(s, batch, row) * bytes, from, bytes);
}
