/* count.c - memory asked for while one looks.
 * SPDX-License-Identifier: MIT
 *
 * With glibc the program has its own malloc() and relatives, which count and go on to
 * those of the C library.  A sanitizer replaces them itself, and other C libraries have no
 * second name for them: there only the library's hook counts. */
#include "count.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

static atomic_bool looking;
static _Atomic int64_t bytes;

static void count(size_t size)
{
    if (atomic_load_explicit(&looking, memory_order_relaxed))
        atomic_fetch_add_explicit(&bytes, (int64_t)size, memory_order_relaxed);
}

void count_start(void)
{
    atomic_store(&bytes, 0);
    atomic_store(&looking, true);
}

int64_t count_stop(void)
{
    atomic_store(&looking, false);
    return atomic_load(&bytes);
}

#if defined(__GLIBC__) && !defined(SANITIZED)

#include <malloc.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count(n * size);
    return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
    count(size);
    return __libc_realloc(ptr, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *const ptr = memalign(alignment, size);

    if (ptr == NULL)
        return ENOMEM;
    *out = ptr;
    return 0;
}

const seqecho_allocator *count_allocator(void)
{
    return NULL;
}

#else

static void *hook_alloc(void *user, size_t size, size_t alignment)
{
    (void)user;
    count(size);
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void hook_release(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

const seqecho_allocator *count_allocator(void)
{
    static const seqecho_allocator hook = { sizeof hook, hook_alloc, hook_release, NULL };

    return &hook;
}

#endif
