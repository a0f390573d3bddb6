/* base/arena.h - many small things that are freed together.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_ARENA_H
#define SE_BASE_ARENA_H

#include <stddef.h>

#include <seqecho/common.h>

typedef struct se_arena_chunk se_arena_chunk;

typedef struct se_arena {
    const seqecho_allocator *allocator; /* outlives the arena */
    se_arena_chunk *chunks;
    size_t left; /* bytes free in the newest chunk */
} se_arena;

void se_arena_init(se_arena *arena, const seqecho_allocator *allocator);
void se_arena_finish(se_arena *arena);

/* Zeroed memory, aligned for any type, that lives as long as the arena.  On failure
 * (SEQECHO_ENOMEM) *out is NULL. */
int se_arena_alloc(se_arena *arena, void *out, size_t size);

/* A copy of the first `length` characters of a string. */
int se_arena_strndup(se_arena *arena, const char **out, const char *string, size_t length);

#endif /* SE_BASE_ARENA_H */
