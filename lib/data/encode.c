/* data/encode.c - random sequences of integers, and their encodings as floats.
 * SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"

/* ---- Checks ------------------------------------------------------------------------- */

static int check_unique(const char *what, int64_t n_unique)
{
    if (n_unique < 1 || n_unique > SE_UNIQUE_MAX)
        return se_fail(SEQECHO_EINVAL, "%s: n_unique is %lld, expected 1 to %lld", what,
                       (long long)n_unique, (long long)SE_UNIQUE_MAX);
    return SEQECHO_OK;
}

static int check_array(const char *what, const char *name, const void *array, size_t length)
{
    if (array == NULL && length > 0)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL, expected an array for length = %zu",
                       what, name, length);
    return SEQECHO_OK;
}

/* Both arrays of a conversion, one of (length) and one of (length, width) numbers, each of
 * 4 bytes. */
static int check_arrays(const char *what, const char *in_name, const void *in,
                        const void *out, size_t length, int64_t width)
{
    size_t size;

    SE_TRY(check_array(what, in_name, in, length));
    SE_TRY(check_array(what, "out", out, length));
    if (!se_size_mul(&size, length, (size_t)width) ||
        !se_size_mul(&size, size, sizeof(float)))
        return se_fail(SEQECHO_EINVAL,
                       "%s: %zu steps of %lld numbers do not fit the address space", what,
                       length, (long long)width);
    return SEQECHO_OK;
}

int se_sequence_check(const char *what, const int32_t *sequence, size_t length,
                      int64_t n_unique)
{
    for (size_t i = 0; i < length; i++)
        if (sequence[i] < 0 || sequence[i] >= n_unique)
            return se_fail(SEQECHO_EINVAL,
                           "%s: sequence[%zu] is %ld, expected a value in [0, %lld)", what,
                           i, (long)sequence[i], (long long)n_unique);
    return SEQECHO_OK;
}

/* ---- Random sequences --------------------------------------------------------------- */

void se_sequence_draw(seqecho_rng *rng, uint32_t domain, uint32_t n_unique, int32_t *out,
                      size_t length)
{
    se_rng words;

    se_rng_init(&words, rng->seed, domain, rng->position);
    for (size_t i = 0; i < length; i++)
        out[i] = (int32_t)se_rng_below(&words, n_unique);
    rng->position++;
}

int seqecho_generate_sequence(seqecho_rng *rng, int64_t n_unique, int32_t *out,
                              size_t length)
{
    static const char what[] = "generate_sequence";

    if (rng == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: rng is NULL", what);
    SE_TRY(check_unique(what, n_unique));
    SE_TRY(check_array(what, "out", out, length));
    se_sequence_draw(rng, SE_RNG_SEQUENCES, (uint32_t)n_unique, out, length);
    return SEQECHO_OK;
}

/* ---- One-hot ------------------------------------------------------------------------ */

int seqecho_one_hot_encode(const int32_t *sequence, size_t length, int64_t n_unique,
                           float *out)
{
    static const char what[] = "one_hot_encode";
    const size_t width = (size_t)n_unique;

    SE_TRY(check_unique(what, n_unique));
    SE_TRY(check_arrays(what, "sequence", sequence, out, length, n_unique));
    SE_TRY(se_sequence_check(what, sequence, length, n_unique));
    if (length == 0)
        return SEQECHO_OK;
    memset(out, 0, length * width * sizeof *out);
    for (size_t i = 0; i < length; i++)
        out[i * width + (size_t)sequence[i]] = 1.0f;
    return SEQECHO_OK;
}

/* The first largest of n numbers.  A NaN is never the largest; of only NaNs, the first. */
static size_t arg_max(const float *x, size_t n)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best] || (isnan(x[best]) && !isnan(x[i])))
            best = i;
    return best;
}

int seqecho_one_hot_decode(const float *encoded, size_t length, int64_t n_unique,
                           int32_t *out)
{
    static const char what[] = "one_hot_decode";
    const size_t width = (size_t)n_unique;

    SE_TRY(check_unique(what, n_unique));
    SE_TRY(check_arrays(what, "encoded", encoded, out, length, n_unique));
    for (size_t i = 0; i < length; i++)
        out[i] = (int32_t)arg_max(encoded + i * width, width);
    return SEQECHO_OK;
}

/* ---- Linear ------------------------------------------------------------------------- */

/* In double, where every int32 is exact, so that the result is rounded once. */
float se_linear(int32_t value, int64_t n_unique)
{
    return n_unique == 1 ? 0.0f : (float)((double)value / (double)(n_unique - 1));
}

int seqecho_linear_encode(const int32_t *sequence, size_t length, int64_t n_unique,
                          float *out)
{
    static const char what[] = "linear_encode";

    SE_TRY(check_unique(what, n_unique));
    SE_TRY(check_arrays(what, "sequence", sequence, out, length, 1));
    SE_TRY(se_sequence_check(what, sequence, length, n_unique));
    for (size_t i = 0; i < length; i++)
        out[i] = se_linear(sequence[i], n_unique);
    return SEQECHO_OK;
}

int seqecho_linear_decode(const float *encoded, size_t length, int64_t n_unique,
                          int32_t *out)
{
    static const char what[] = "linear_decode";
    const double top = (double)n_unique - 1.0;

    SE_TRY(check_unique(what, n_unique));
    SE_TRY(check_arrays(what, "encoded", encoded, out, length, 1));
    for (size_t i = 0; i < length; i++) {
        const double value = round((double)encoded[i] * top);

        /* Both comparisons are false for NaN. */
        out[i] = value >= top ? (int32_t)top : value > 0.0 ? (int32_t)value : 0;
    }
    return SEQECHO_OK;
}
