/* counting_alloc.h - a memory hook that counts, and fails when told to.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_COUNTING_ALLOC_H
#define SEQECHO_TESTS_COUNTING_ALLOC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/common.h>

typedef struct counting_alloc {
    int64_t calls;     /* of alloc, failed ones included */
    int64_t live;      /* blocks not yet released */
    int64_t fail_at;   /* this call fails; 0 means none */
    bool once;         /* it alone; else all after it fail too */
    bool failed;       /* one has; reset by the test */
    size_t last_size;  /* of the last call */
    size_t last_align; /* of the last call */
} counting_alloc;

/* New memory is full of garbage, so that a missing initialisation shows. */
static inline void *counting_alloc_alloc(void *user, size_t size, size_t alignment)
{
    counting_alloc *const c = user;
    void *ptr;

    c->last_size = size;
    c->last_align = alignment;
    c->calls++;
    if (c->fail_at != 0 && (c->once ? c->calls == c->fail_at : c->calls >= c->fail_at)) {
        c->failed = true;
        return NULL;
    }
    ptr = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (ptr == NULL)
        return NULL;
    memset(ptr, 0xa5, size);
    c->live++;
    return ptr;
}

static inline void counting_alloc_release(void *user, void *ptr)
{
    counting_alloc *const c = user;

    c->live--;
    free(ptr);
}

static inline seqecho_allocator counting_alloc_hook(counting_alloc *c)
{
    return (seqecho_allocator){ sizeof(seqecho_allocator), counting_alloc_alloc,
                                counting_alloc_release, c };
}

#endif /* SEQECHO_TESTS_COUNTING_ALLOC_H */
