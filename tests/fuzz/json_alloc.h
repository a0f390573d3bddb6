/* json_alloc.h - jansson's memory counted with the library's own, and what loading a file
 * may take of both.
 * SPDX-License-Identifier: MIT
 *
 * jansson's hooks have no pointer for the user, so the one they count in is here. */
#ifndef SEQECHO_TESTS_JSON_ALLOC_H
#define SEQECHO_TESTS_JSON_ALLOC_H

#include <jansson.h>

#include "bounded_alloc.h"

static bounded_alloc *json_alloc_memory;

static inline void *json_alloc_alloc(size_t size)
{
    return bounded_alloc_alloc(json_alloc_memory, size, 16);
}

static inline void json_alloc_free(void *ptr)
{
    if (ptr != NULL)
        bounded_alloc_release(json_alloc_memory, ptr);
}

/* From now on all memory of jansson is counted there; of what was made before, nothing may
 * be left. */
static inline void json_alloc_count(bounded_alloc *memory)
{
    json_alloc_memory = memory;
    json_set_alloc_funcs(json_alloc_alloc, json_alloc_free);
}

/* The bound of docs/file-format.md#limits. */
static inline size_t json_alloc_limit(const uint8_t *bytes, size_t size)
{
    uint64_t header = 0;

    for (size_t i = 8; i-- > 0;)
        header = header << 8 | (size >= 8 ? bytes[i] : 0);
    if (size < 8 || header > size - 8)
        header = 0;
    return 160 * (size_t)header + 2 * size + ((size_t)1 << 20);
}

/* So that choices that are not in a file still follow from it. */
static inline uint64_t json_alloc_hash(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

#endif /* SEQECHO_TESTS_JSON_ALLOC_H */
