/* base/arena.c - a bump allocator over a list of chunks.
 * SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"

#define CHUNK_SIZE 4096

struct se_arena_chunk {
    alignas(max_align_t) se_arena_chunk *next;
    size_t size; /* of data */
    alignas(max_align_t) unsigned char data[];
};

void se_arena_init(se_arena *arena, const seqecho_allocator *allocator)
{
    *arena = (se_arena){ .allocator = allocator };
}

void se_arena_finish(se_arena *arena)
{
    while (arena->chunks != NULL) {
        se_arena_chunk *const chunk = arena->chunks;

        arena->chunks = chunk->next;
        se_free(arena->allocator, chunk);
    }
    arena->left = 0;
}

int se_arena_alloc(se_arena *arena, void *out, size_t size)
{
    const size_t align = alignof(max_align_t);
    void *ptr = NULL;

    memcpy(out, &ptr, sizeof ptr);
    if (!se_size_add(&size, size, align - 1))
        return se_fail(SEQECHO_ENOMEM, "graph: %zu bytes do not fit the address space",
                       size);
    size &= ~(align - 1);
    if (arena->chunks == NULL || size > arena->left) {
        const size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        size_t bytes = 0;
        se_arena_chunk *chunk;

        if (!se_size_add(&bytes, room, sizeof *chunk))
            return se_fail(SEQECHO_ENOMEM, "graph: %zu bytes do not fit the address space",
                           room);
        SE_TRY(se_alloc(&chunk, arena->allocator, 1, bytes, "graph"));
        chunk->next = arena->chunks;
        chunk->size = room;
        arena->chunks = chunk;
        arena->left = room;
    }
    ptr = arena->chunks->data + (arena->chunks->size - arena->left);
    arena->left -= size;
    memcpy(out, &ptr, sizeof ptr);
    return SEQECHO_OK;
}

int se_arena_strndup(se_arena *arena, const char **out, const char *string, size_t length)
{
    char *copy;

    *out = NULL;
    SE_TRY(se_arena_alloc(arena, &copy, length + 1));
    assert(copy != NULL);
    memcpy(copy, string, length);
    *out = copy;
    return SEQECHO_OK;
}
