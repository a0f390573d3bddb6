/* base/size.h - sizes that cannot wrap around.  Every product or sum of dimensions that
 * ends as a size in memory goes through here.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_SIZE_H
#define SE_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No array of the library is larger than this many bytes. */
#define SE_SIZE_MAX ((size_t)PTRDIFF_MAX)

/* *out = a * b or a + b.  False, and *out is untouched, if that is above SE_SIZE_MAX. */
static inline bool se_size_mul(size_t *out, size_t a, size_t b)
{
    size_t r;

    if (__builtin_mul_overflow(a, b, &r) || r > SE_SIZE_MAX)
        return false;
    *out = r;
    return true;
}

static inline bool se_size_add(size_t *out, size_t a, size_t b)
{
    size_t r;

    if (__builtin_add_overflow(a, b, &r) || r > SE_SIZE_MAX)
        return false;
    *out = r;
    return true;
}

/* A dimension given by the user: positive, and small enough that a few of them can be
 * compared, added and printed without care. */
#define SE_DIM_MAX ((int64_t)1 << 31)

static inline bool se_dim_ok(int64_t dim)
{
    return dim > 0 && dim <= SE_DIM_MAX;
}

/* *out = product of n dimensions, each >= 0.  False if the product is above SE_SIZE_MAX. */
static inline bool se_size_product(size_t *out, const int64_t *dim, size_t n)
{
    size_t size = 1;

    for (size_t i = 0; i < n; i++)
        if (!se_size_mul(&size, size, (size_t)dim[i]))
            return false;
    *out = size;
    return true;
}

#endif /* SE_BASE_SIZE_H */
