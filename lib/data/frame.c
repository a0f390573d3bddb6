/* data/frame.c - sliding windows over a sequence as supervised pairs.
 * SPDX-License-Identifier: MIT
 *
 * Row r looks at steps r - lead .. r - lead + n_in - 1, where lead is how many rows come
 * before the first complete one: none if incomplete rows are dropped, else n_in - 1.  The
 * steps of a row that exist are neighbours in the sequence, so a row is some padding, one
 * copy, and some padding. */
#include "data/dataset.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* Floats and integers are framed by the same code, as numbers of this many bytes. */
enum { NUMBER = 4 };
_Static_assert(sizeof(float) == NUMBER && sizeof(int32_t) == NUMBER, "four bytes each");

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t seqecho_supervised_rows(size_t length, size_t n_in, seqecho_rows keep)
{
    size_t rows;

    if (n_in == 0 || n_in > length)
        return 0;
    switch (keep) {
    case SEQECHO_ROWS_COMPLETE: return length - n_in + 1;
    case SEQECHO_ROWS_PAD_START: return length;
    case SEQECHO_ROWS_PAD_BOTH: return se_size_add(&rows, length, n_in - 1) ? rows : 0;
    default: return 0;
    }
}

static unsigned char *put_pad(unsigned char *out, size_t numbers, const void *pad)
{
    for (size_t i = 0; i < numbers; i++, out += NUMBER)
        memcpy(out, pad, NUMBER);
    return out;
}

void se_frame_windows(const void *sequence, size_t length, size_t width, size_t n_in,
                      size_t steps, seqecho_rows keep, const void *pad, void *out)
{
    const size_t rows = seqecho_supervised_rows(length, n_in, keep);
    const size_t lead = keep == SEQECHO_ROWS_COMPLETE ? 0 : n_in - 1;
    const unsigned char *const from = sequence;
    unsigned char *to = out;

    assert(rows > 0 && width > 0 && steps > 0 && steps <= n_in);
    for (size_t r = 0; r < rows; r++) {
        const size_t before = r < lead ? min_size(lead - r, steps) : 0;
        const size_t first = r < lead ? 0 : r - lead;
        const size_t inside = min_size(steps - before, length - first);
        const size_t bytes = inside * width * NUMBER;

        to = put_pad(to, before * width, pad);
        memcpy(to, from + first * width * NUMBER, bytes);
        to = put_pad(to + bytes, (steps - before - inside) * width, pad);
    }
}

/* The checks that both public functions make; `what` names the one that was called. */
static int check_framing(const char *what, size_t length, size_t width, size_t n_in,
                         size_t n_out, seqecho_rows keep)
{
    size_t size;

    if (keep != SEQECHO_ROWS_COMPLETE && keep != SEQECHO_ROWS_PAD_START &&
        keep != SEQECHO_ROWS_PAD_BOTH)
        return se_fail(SEQECHO_EINVAL, "%s: keep is %d, expected a SEQECHO_ROWS_* value",
                       what, (int)keep);
    if (width == 0)
        return se_fail(SEQECHO_EINVAL, "%s: width is 0, expected at least 1", what);
    if (n_in == 0 || n_out == 0)
        return se_fail(SEQECHO_EINVAL, "%s: %s is 0, expected at least 1", what,
                       n_in == 0 ? "n_in" : "n_out");
    if (n_in > length)
        return se_fail(SEQECHO_EINVAL,
                       "%s: n_in is %zu, but the sequence has only length = %zu steps",
                       what, n_in, length);
    if (n_out > n_in)
        return se_fail(SEQECHO_EINVAL,
                       "%s: n_out is %zu, but the window has only n_in = %zu steps", what,
                       n_out, n_in);
    size = seqecho_supervised_rows(length, n_in, keep);
    if (size == 0 || !se_size_mul(&size, size, n_in) || !se_size_mul(&size, size, width) ||
        !se_size_mul(&size, size, NUMBER))
        return se_fail(SEQECHO_EINVAL,
                       "%s: the rows of length = %zu, n_in = %zu, width = %zu do not fit "
                       "the address space",
                       what, length, n_in, width);
    return SEQECHO_OK;
}

static int frame_pairs(const char *what, const void *sequence, size_t length, size_t width,
                       size_t n_in, size_t n_out, seqecho_rows keep, const void *pad,
                       void *x, void *y)
{
    SE_TRY(check_framing(what, length, width, n_in, n_out, keep));
    if (sequence == NULL || x == NULL || y == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL, expected an array", what,
                       sequence == NULL ? "sequence"
                       : x == NULL      ? "x"
                                        : "y");
    se_frame_windows(sequence, length, width, n_in, n_in, keep, pad, x);
    se_frame_windows(sequence, length, width, n_in, n_out, keep, pad, y);
    return SEQECHO_OK;
}

int seqecho_to_supervised(const float *sequence, size_t length, size_t width, size_t n_in,
                          size_t n_out, seqecho_rows keep, float pad_value, float *x,
                          float *y)
{
    return frame_pairs("to_supervised", sequence, length, width, n_in, n_out, keep,
                       &pad_value, x, y);
}

int seqecho_to_supervised_int32(const int32_t *sequence, size_t length, size_t n_in,
                                size_t n_out, seqecho_rows keep, int32_t pad_value,
                                int32_t *x, int32_t *y)
{
    return frame_pairs("to_supervised_int32", sequence, length, 1, n_in, n_out, keep,
                       &pad_value, x, y);
}
