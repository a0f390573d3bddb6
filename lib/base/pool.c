/* base/pool.c - a few worker threads that cut a range of work between them.
 * SPDX-License-Identifier: MIT
 *
 * A run is published as one 64-bit ticket: the number of the run, how many pieces it has,
 * and how many are taken.  Whoever moves the ticket on by one owns a piece; only then does
 * it read the rest of the job, which stands still until every piece is done.  The caller
 * takes pieces as well, so a run never waits for a worker that has not woken up.
 *
 * Workers, and the caller at the end, look for a short while before they go to sleep.  A
 * sleeper first announces itself and then looks again, its waker first publishes and then
 * looks for sleepers: one of the two sees the other. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity() */
#endif
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/attributes.h"
#include "base/error.h"

/* Looks before sleeping: some 50 microseconds, about what waking a thread costs. */
#define SPINS 3000

/* What a ticket can count. */
#define THREADS_MAX 0xffff

/* What threads write to, each on a cache line of its own. */
struct se_pool {
    _Alignas(SE_CACHE_LINE)
        atomic_uint_fast64_t ticket;         /* run << 32 | pieces << 16 | taken */
    _Alignas(SE_CACHE_LINE) atomic_int done; /* pieces of this run */
    _Alignas(SE_CACHE_LINE) atomic_int sleepers;
    atomic_bool caller_sleeps;
    atomic_bool stop;

    /* The job. */
    se_pool_fn fn;
    void *arg;
    int64_t count, grain;

    pthread_mutex_t lock; /* for sleeping only */
    pthread_cond_t wake;
    pthread_cond_t finished;
    seqecho_allocator allocator;
    pid_t pid;
    int threads, started; /* with the caller; workers running */
    pthread_t *worker;
};

static void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int ticket_pieces(uint64_t ticket)
{
    return (int)((ticket >> 16) & THREADS_MAX);
}

static int ticket_taken(uint64_t ticket)
{
    return (int)(ticket & THREADS_MAX);
}

static bool work_left(se_pool *pool)
{
    const uint64_t ticket = atomic_load(&pool->ticket);

    return ticket_taken(ticket) < ticket_pieces(ticket);
}

int64_t se_pool_cut(int64_t count, int64_t grain, int pieces, int piece)
{
    const int64_t grains = (count + grain - 1) / grain;

    return piece == pieces
               ? count
               : (grains / pieces * piece + grains % pieces * piece / pieces) * grain;
}

/* Do one piece of the current run; false if none is left to take. */
static bool take_piece(se_pool *pool)
{
    uint64_t ticket = atomic_load(&pool->ticket);
    int piece, pieces;

    do {
        if (ticket_taken(ticket) >= ticket_pieces(ticket))
            return false;
    } while (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1));

    piece = ticket_taken(ticket);
    pieces = ticket_pieces(ticket);
    pool->fn(pool->arg, piece, se_pool_cut(pool->count, pool->grain, pieces, piece),
             se_pool_cut(pool->count, pool->grain, pieces, piece + 1));

    if (atomic_fetch_add(&pool->done, 1) + 1 == pieces &&
        atomic_load(&pool->caller_sleeps)) {
        (void)pthread_mutex_lock(&pool->lock);
        (void)pthread_cond_signal(&pool->finished);
        (void)pthread_mutex_unlock(&pool->lock);
    }
    return true;
}

/* Wait for work; false if the pool ends. */
static bool worker_wait(se_pool *pool)
{
    for (int i = 0; i < SPINS; i++) {
        if (work_left(pool))
            return true;
        spin_pause();
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!work_left(pool) && !atomic_load(&pool->stop))
        (void)pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleepers, 1);
    (void)pthread_mutex_unlock(&pool->lock);
    return !atomic_load(&pool->stop);
}

static void *worker_main(void *arg)
{
    se_pool *const pool = arg;

    while (worker_wait(pool))
        while (take_piece(pool))
            continue;
    return NULL;
}

static void wake_workers(se_pool *pool)
{
    if (atomic_load(&pool->sleepers) == 0)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Until the last piece is done. */
static void caller_wait(se_pool *pool, int pieces)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool->done) == pieces)
            return;
        spin_pause();
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (atomic_load(&pool->done) != pieces)
        (void)pthread_cond_wait(&pool->finished, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    (void)pthread_mutex_unlock(&pool->lock);
}

void se_pool_run(se_pool *pool, int64_t count, int64_t grain, se_pool_fn fn, void *arg)
{
    uint64_t run;
    int64_t grains;
    int pieces;

    assert(grain > 0 && count >= 0);
    if (pool == NULL || count <= grain || getpid() != pool->pid) {
        if (count > 0)
            fn(arg, 0, 0, count);
        return;
    }
    grains = (count - 1) / grain + 1;
    pieces = grains < pool->threads ? (int)grains : pool->threads;
    pool->fn = fn;
    pool->arg = arg;
    pool->count = count;
    pool->grain = grain;
    atomic_store(&pool->done, 0);
    run = (atomic_load(&pool->ticket) >> 32) + 1;
    atomic_store(&pool->ticket, run << 32 | (uint64_t)pieces << 16);
    wake_workers(pool);

    while (take_piece(pool))
        continue;
    caller_wait(pool, pieces);
}

/* Every signal belongs to the threads of the program, so workers are born with all of them
 * blocked. */
static int start_workers(se_pool *pool)
{
    sigset_t all, before;
    int failed = 0;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->started < pool->threads - 1 && failed == 0) {
        failed = pthread_create(&pool->worker[pool->started], NULL, worker_main, pool);
        if (failed == 0)
            pool->started++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return se_fail(SEQECHO_ENOMEM,
                       "threads: cannot start thread %d of %d; ask for fewer with .threads",
                       pool->started + 2, pool->threads);
    return SEQECHO_OK;
}

static int pool_init(se_pool *pool, int threads, const seqecho_allocator *a)
{
    pool->allocator = *a;
    pool->pid = getpid();
    pool->threads = threads;
    atomic_init(&pool->ticket, 0);
    atomic_init(&pool->done, 0);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->caller_sleeps, false);
    atomic_init(&pool->stop, false);
    SE_TRY(
        se_alloc(&pool->worker, a, (size_t)threads - 1, sizeof *pool->worker, "threads"));
    (void)pthread_mutex_init(&pool->lock, NULL); /* never fails where threads exist */
    (void)pthread_cond_init(&pool->wake, NULL);
    (void)pthread_cond_init(&pool->finished, NULL);
    return start_workers(pool);
}

int se_pool_create(se_pool **out, int threads, const seqecho_allocator *a)
{
    se_pool *pool = NULL;
    int err;

    *out = NULL;
    if (threads <= 1)
        return SEQECHO_OK;
    SE_TRY(se_alloc(&pool, a, 1, sizeof *pool, "threads"));
    err = pool_init(pool, threads < THREADS_MAX ? threads : THREADS_MAX, a);
    if (err < 0) {
        se_pool_destroy(pool);
        return err;
    }
    *out = pool;
    return SEQECHO_OK;
}

void se_pool_destroy(se_pool *pool)
{
    seqecho_allocator a;

    if (pool == NULL)
        return;
    if (pool->worker != NULL && getpid() == pool->pid) {
        (void)pthread_mutex_lock(&pool->lock);
        atomic_store(&pool->stop, true);
        (void)pthread_cond_broadcast(&pool->wake);
        (void)pthread_mutex_unlock(&pool->lock);
        for (int i = 0; i < pool->started; i++)
            (void)pthread_join(pool->worker[i], NULL);
        (void)pthread_cond_destroy(&pool->finished);
        (void)pthread_cond_destroy(&pool->wake);
        (void)pthread_mutex_destroy(&pool->lock);
    }
    a = pool->allocator;
    se_free(&a, pool->worker);
    se_free(&a, pool);
}

int se_pool_threads(const se_pool *pool)
{
    return pool != NULL ? pool->threads : 1;
}

int se_pool_processors(void)
{
    long online;

#if defined(__linux__)
    cpu_set_t set;

    /* Fails on machines with more processors than a cpu_set_t counts. */
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
#endif
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online <= THREADS_MAX ? (int)online : 1;
}
