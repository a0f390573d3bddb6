/* bounded_alloc.h - a memory hook that counts bytes, has a limit, and fails at random.
 * SPDX-License-Identifier: MIT
 *
 * Start from a zeroed struct with `limit` set.  With `fails`, one allocation in 16 returns
 * NULL; which ones depends on `seed` alone. */
#ifndef SEQECHO_TESTS_BOUNDED_ALLOC_H
#define SEQECHO_TESTS_BOUNDED_ALLOC_H

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/common.h>

typedef struct bounded_alloc {
    size_t limit;   /* bytes alive at once */
    bool fails;     /* one allocation in 16 */
    uint64_t seed;  /* of the failures */
    size_t live;    /* bytes not yet released */
    size_t peak;    /* the most there were */
    int64_t calls;  /* of alloc */
    int64_t failed; /* by chance or by the limit */
} bounded_alloc;

static inline bool bounded_alloc_unlucky(bounded_alloc *a)
{
    a->seed = a->seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return a->fails && a->seed >> 60 == 0;
}

/* New memory is full of garbage, so that a missing initialisation shows. */
static inline void *bounded_alloc_alloc(void *user, size_t size, size_t alignment)
{
    bounded_alloc *const a = user;
    void *ptr = NULL;

    a->calls++;
    if (!bounded_alloc_unlucky(a) && size <= a->limit && a->live <= a->limit - size)
        ptr = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (ptr == NULL) {
        a->failed++;
        return NULL;
    }
    memset(ptr, 0xa5, size);
    a->live += malloc_usable_size(ptr);
    a->peak = a->peak > a->live ? a->peak : a->live;
    return ptr;
}

static inline void bounded_alloc_release(void *user, void *ptr)
{
    bounded_alloc *const a = user;

    a->live -= malloc_usable_size(ptr);
    free(ptr);
}

static inline seqecho_allocator bounded_alloc_hook(bounded_alloc *a)
{
    return (seqecho_allocator){ sizeof(seqecho_allocator), bounded_alloc_alloc,
                                bounded_alloc_release, a };
}

#endif /* SEQECHO_TESTS_BOUNDED_ALLOC_H */
