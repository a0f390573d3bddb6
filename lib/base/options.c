/* base/options.c - reading size-led option structs of any age.
 * SPDX-License-Identifier: MIT */
#include "base/options.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

/* No struct of ours will ever be this large: more is a stray pointer, not a new version. */
#define SIZE_LIMIT 4096

int se_options_read(void *dst, size_t size, const void *src, const char *what)
{
    const unsigned char *bytes = src;
    size_t given = size;

    assert(size >= sizeof given && size <= SIZE_LIMIT);
    if (src != NULL) {
        memcpy(&given, src, sizeof given);
        if (given < sizeof given || given > SIZE_LIMIT)
            return se_fail(SEQECHO_EINVAL,
                           "%s: struct_size is %zu, expected about %zu; "
                           "was the struct made by its macro or init template?",
                           what, given, size);
        for (size_t i = size; i < given; i++)
            if (bytes[i] != 0)
                return se_fail(SEQECHO_ENOTSUP,
                               "%s: byte %zu of %zu is set, but this "
                               "library knows only %zu bytes of it",
                               what, i, given, size);
    }
    memset(dst, 0, size);
    if (src != NULL)
        memcpy(dst, src, given < size ? given : size);
    memcpy(dst, &size, sizeof size);
    return SEQECHO_OK;
}
