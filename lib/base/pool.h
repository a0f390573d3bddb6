/* base/pool.h - a few worker threads that cut a range of work between them.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_POOL_H
#define SE_BASE_POOL_H

#include <stdint.h>

#include <seqecho/common.h>

typedef struct se_pool se_pool;

/* Do the work in [begin, end).  `piece` numbers it: less than the threads of the pool, and
 * no other piece of the run has the same.  Must not call se_pool_run(). */
typedef void (*se_pool_fn)(void *arg, int piece, int64_t begin, int64_t end);

/* A pool of `threads` threads, the caller of se_pool_run() being one of them.  The others
 * block every signal.  threads <= 1 gives *out = NULL, which is a valid pool. */
int se_pool_create(se_pool **out, int threads, const seqecho_allocator *a);

/* NULL is allowed.  In a forked child, where the workers do not exist, only frees. */
void se_pool_destroy(se_pool *pool);

/* 1 for NULL. */
int se_pool_threads(const se_pool *pool);

/* Call fn on pieces of [0, count) that cover it once, and return when all are done.
 * Pieces begin at multiples of `grain` (> 0), at most one piece a thread.  Which thread
 * does which piece, and where the cuts are, must not matter to the result.  Runs fn once,
 * directly, if pool is NULL, count <= grain, or this is a forked child. */
void se_pool_run(se_pool *pool, int64_t count, int64_t grain, se_pool_fn fn, void *arg);

/* Where piece number `piece` of `pieces` begins, if [0, count) is cut at multiples of grain
 * into pieces about as large; count for piece == pieces. */
int64_t se_pool_cut(int64_t count, int64_t grain, int pieces, int piece);

/* Processors this process may run on, at least 1. */
int se_pool_processors(void);

#endif /* SE_BASE_POOL_H */
