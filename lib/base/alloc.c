/* base/alloc.c - checked, aligned, zeroed memory through a handle's hook.
 * SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/options.h"
#include "base/size.h"

static void *default_alloc(void *user, size_t size, size_t alignment)
{
    SE_UNUSED(user);
    return aligned_alloc(alignment, size); /* size is a multiple of alignment */
}

static void default_release(void *user, void *ptr)
{
    SE_UNUSED(user);
    free(ptr);
}

int se_allocator_read(seqecho_allocator *dst, const seqecho_allocator *src)
{
    if (src == NULL) {
        *dst = (seqecho_allocator){ sizeof *dst, default_alloc, default_release, NULL };
        return SEQECHO_OK;
    }
    SE_TRY(se_options_read(dst, sizeof *dst, src, "allocator"));
    if (dst->alloc == NULL || dst->release == NULL)
        return se_fail(SEQECHO_EINVAL, "allocator: both alloc and release must be given");
    return SEQECHO_OK;
}

int se_alloc(void *out, const seqecho_allocator *a, size_t count, size_t size,
             const char *what)
{
    void *ptr = NULL;
    size_t bytes = 0;

    memcpy(out, &ptr, sizeof ptr);
    if (!se_size_mul(&bytes, count, size) || !se_size_add(&bytes, bytes, SE_CACHE_LINE - 1))
        return se_fail(SEQECHO_ENOMEM,
                       "%s: %zu elements of %zu bytes do not fit the "
                       "address space",
                       what, count, size);
    bytes &= ~(size_t)(SE_CACHE_LINE - 1);
    if (bytes == 0)
        bytes = SE_CACHE_LINE;
    ptr = a->alloc(a->user, bytes, SE_CACHE_LINE);
    if (ptr == NULL)
        return se_fail(SEQECHO_ENOMEM, "%s: out of memory for %zu bytes", what, bytes);
    memset(ptr, 0, bytes);
    memcpy(out, &ptr, sizeof ptr);
    return SEQECHO_OK;
}

void se_free(const seqecho_allocator *a, void *ptr)
{
    if (ptr != NULL)
        a->release(a->user, ptr);
}
