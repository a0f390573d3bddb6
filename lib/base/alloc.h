/* base/alloc.h - the only callers of malloc and free.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_ALLOC_H
#define SE_BASE_ALLOC_H

#include <seqecho/common.h>

/* Make a handle's own copy of the memory hook in its options; NULL gives malloc and free.
 * SEQECHO_EINVAL if the hook is incomplete. */
int se_allocator_read(seqecho_allocator *dst, const seqecho_allocator *src);

/* Zeroed memory for `count` elements of `size` bytes, aligned to SE_CACHE_LINE.  A count
 * of 0 gives a valid pointer.  On failure (SEQECHO_ENOMEM) *out is NULL and the message
 * names `what`. */
int se_alloc(void *out, const seqecho_allocator *a, size_t count, size_t size,
             const char *what);

/* NULL is allowed. */
void se_free(const seqecho_allocator *a, void *ptr);

#endif /* SE_BASE_ALLOC_H */
