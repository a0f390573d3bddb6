/* test_pool.c - the worker threads: each part of a range once, whatever happens around.
 * SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "close.h"

#include "base/alloc.h"
#include "base/attributes.h"

#define COUNT_MAX 1000

static const int thread_counts[] = { 1, 2, 3, 8 };

#define THREAD_COUNTS (sizeof thread_counts / sizeof thread_counts[0])

static se_pool *pool_new(int threads)
{
    seqecho_allocator allocator;
    se_pool *pool;

    assert_int_equal(se_allocator_read(&allocator, NULL), SEQECHO_OK);
    assert_int_equal(se_pool_create(&pool, threads, &allocator), SEQECHO_OK);
    assert_int_equal(se_pool_threads(pool), threads > 1 ? threads : 1);
    return pool;
}

/* ---- Coverage ----------------------------------------------------------------------- */

#define PIECES_MAX 64

typedef struct coverage {
    int64_t count, grain;
    unsigned char seen[COUNT_MAX];   /* each element by one thread alone */
    int64_t length[COUNT_MAX];       /* of the piece that begins here */
    atomic_int by_piece[PIECES_MAX]; /* each number comes once */
    atomic_int pieces, bad;
} coverage;

static void cover(void *arg, int piece, int64_t begin, int64_t end)
{
    coverage *const c = arg;

    if (piece < 0 || piece >= PIECES_MAX || atomic_fetch_add(&c->by_piece[piece], 1) > 0)
        atomic_fetch_add(&c->bad, 1);
    if (begin >= end || begin % c->grain != 0 || end > c->count ||
        (end < c->count && end % c->grain != 0))
        atomic_fetch_add(&c->bad, 1);
    atomic_fetch_add(&c->pieces, 1);
    c->length[begin] = end - begin;
    for (int64_t i = begin; i < end; i++)
        c->seen[i]++;
}

static void check_coverage(se_pool *pool, int64_t count, int64_t grain)
{
    coverage c = { .count = count, .grain = grain };
    const int most = se_pool_threads(pool);

    se_pool_run(pool, count, grain, cover, &c);
    assert_int_equal(atomic_load(&c.bad), 0);
    assert_true(atomic_load(&c.pieces) <= most);
    assert_true(atomic_load(&c.pieces) == 1 || (pool != NULL && count > grain) ||
                count == 0);
    for (int64_t i = 0; i < COUNT_MAX; i++)
        assert_int_equal(c.seen[i], i < count ? 1 : 0);
}

static void test_coverage(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        se_pool *const pool = pool_new(thread_counts[t]);

        for (int64_t count = 0; count <= 40; count++)
            for (int64_t grain = 1; grain <= 9; grain++)
                check_coverage(pool, count, grain);
        check_coverage(pool, COUNT_MAX, 1);
        check_coverage(pool, COUNT_MAX, 24);
        check_coverage(pool, COUNT_MAX, INT64_MAX);
        se_pool_destroy(pool);
    }
}

/* As many pieces as threads, of about the same size. */
static void test_balance(void **state)
{
    se_pool *const pool = pool_new(3);
    coverage even = { .count = 72, .grain = 8 }, odd = { .count = 77, .grain = 8 };

    (void)state;
    se_pool_run(pool, even.count, even.grain, cover, &even);
    assert_int_equal(atomic_load(&even.pieces), 3);
    for (int64_t i = 0; i < even.count; i++)
        assert_int_equal(even.length[i], i % 24 == 0 ? 24 : 0);
    se_pool_run(pool, odd.count, odd.grain, cover, &odd);
    assert_int_equal(atomic_load(&odd.pieces), 3);
    for (int64_t i = 0; i < odd.count; i++)
        assert_true(odd.length[i] == 0 || (odd.length[i] >= 24 && odd.length[i] <= 32));
    se_pool_destroy(pool);
}

/* ---- Many runs ---------------------------------------------------------------------- */

static void add_range(void *arg, int piece, int64_t begin, int64_t end)
{
    atomic_llong *const sum = arg;

    SE_UNUSED(piece);
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(sum, i);
}

static void check_sum(se_pool *pool, int64_t count)
{
    atomic_llong sum;

    atomic_init(&sum, 0);
    se_pool_run(pool, count, 1, add_range, &sum);
    assert_true(atomic_load(&sum) == count * (count - 1) / 2);
}

/* Runs in close order, and runs so far apart that the workers have gone to sleep. */
static void test_many_runs(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREAD_COUNTS; t++) {
        se_pool *const pool = pool_new(thread_counts[t]);

        for (int i = 0; i < 5000; i++)
            check_sum(pool, i % 20);
        for (int i = 0; i < 20; i++) {
            const struct timespec pause = { 0, 1000000 };

            assert_int_equal(nanosleep(&pause, NULL), 0);
            check_sum(pool, 20);
        }
        se_pool_destroy(pool);
    }
}

static void wait_long(void *arg, int piece, int64_t begin, int64_t end)
{
    const struct timespec pause = { 0, 3000000 };

    SE_UNUSED(piece);
    (void)end;
    if (begin > 0 && nanosleep(&pause, NULL) == 0)
        atomic_fetch_add((atomic_int *)arg, 1);
}

/* The caller sleeps while a piece takes long, and is woken by its end. */
static void test_slow_piece(void **state)
{
    se_pool *const pool = pool_new(2);

    (void)state;
    for (int i = 0; i < 10; i++) {
        atomic_int slow;

        atomic_init(&slow, 0);
        se_pool_run(pool, 2, 1, wait_long, &slow);
        assert_int_equal(atomic_load(&slow), 1);
    }
    se_pool_destroy(pool);
}

static void test_create_destroy(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        se_pool *const pool = pool_new(1 + i % 8);

        if (i % 3 != 0)
            check_sum(pool, i);
        se_pool_destroy(pool);
    }
    se_pool_destroy(NULL);
}

/* ---- Around it ---------------------------------------------------------------------- */

typedef struct mask_watch {
    pthread_t caller;
    atomic_int by_workers; /* pieces */
    atomic_int wrong;      /* pieces whose thread should have another mask */
} mask_watch;

/* A worker blocks signals, the caller does not.  The caller lingers until a worker has
 * come, so that there is one to look at. */
typedef struct signal_masks {
    pthread_t caller;
    atomic_int workers, unblocked; /* pieces done by workers; of these, unblocked */
} signal_masks;

static void look_at_mask(void *arg, int piece, int64_t begin, int64_t end)
{
    signal_masks *const found = arg;
    const struct timespec pause = { 0, 200000 };
    sigset_t mask;

    SE_UNUSED(piece);
    (void)begin;
    (void)end;
    if (pthread_equal(pthread_self(), found->caller)) {
        (void)nanosleep(&pause, NULL); /* leave something for the workers */
        return;
    }
    atomic_fetch_add(&found->workers, 1);
    if (pthread_sigmask(SIG_BLOCK, NULL, &mask) != 0 || sigismember(&mask, SIGUSR1) != 1 ||
        sigismember(&mask, SIGINT) != 1)
        atomic_fetch_add(&found->unblocked, 1);
}

/* Workers take no signal; the mask of their creator is as before. */
static void test_signals(void **state)
{
    se_pool *const pool = pool_new(3);
    signal_masks found = { .caller = pthread_self() };
    sigset_t mask;

    (void)state;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGUSR1), 0);
    for (int i = 0; i < 10000 && atomic_load(&found.workers) == 0; i++)
        se_pool_run(pool, 3, 1, look_at_mask, &found);
    assert_true(atomic_load(&found.workers) > 0);
    assert_int_equal(atomic_load(&found.unblocked), 0);
    se_pool_destroy(pool);
}

/* A forked child has no workers: it does the work itself, and can free the pool. */
static void test_fork(void **state)
{
    se_pool *const pool = pool_new(3);
    pid_t child;
    int status = -1;

    (void)state;
    check_sum(pool, 100);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        coverage c = { .count = 100, .grain = 1 };
        int failed = 0;

        se_pool_run(pool, c.count, c.grain, cover, &c);
        failed += atomic_load(&c.pieces) != 1;
        for (int i = 0; i < 100; i++)
            failed += c.seen[i] != 1;
        se_pool_destroy(pool);
        _exit(failed == 0 ? 0 : 1);
    }
    assert_true(waitpid(child, &status, 0) == child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    check_sum(pool, 100);
    se_pool_destroy(pool);
}

static void *run_other_pool(void *arg)
{
    se_pool *const pool = arg;

    for (int i = 0; i < 500; i++) {
        atomic_llong sum;

        atomic_init(&sum, 0);
        se_pool_run(pool, 50, 1, add_range, &sum);
        if (atomic_load(&sum) != 1225)
            return NULL;
    }
    return arg;
}

/* Pools know nothing of each other. */
static void test_two_pools(void **state)
{
    se_pool *const here = pool_new(2), *const there = pool_new(3);
    pthread_t thread;
    void *result = NULL;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, run_other_pool, there), 0);
    assert_ptr_equal(run_other_pool(here), here);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, there);
    se_pool_destroy(here);
    se_pool_destroy(there);
}

static void *refuse(void *user, size_t size, size_t alignment)
{
    (void)user;
    (void)size;
    (void)alignment;
    return NULL;
}

static void release(void *user, void *ptr)
{
    (void)user;
    (void)ptr;
}

static void test_no_memory(void **state)
{
    const seqecho_allocator allocator = { sizeof allocator, refuse, release, NULL };
    se_pool *pool = (se_pool *)state;

    assert_int_equal(se_pool_create(&pool, 4, &allocator), SEQECHO_ENOMEM);
    assert_null(pool);
}

static void test_processors(void **state)
{
    (void)state;
    assert_true(se_pool_processors() >= 1);
    assert_true(se_pool_processors() <= sysconf(_SC_NPROCESSORS_CONF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage),       cmocka_unit_test(test_balance),
        cmocka_unit_test(test_many_runs),      cmocka_unit_test(test_slow_piece),
        cmocka_unit_test(test_create_destroy), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_fork),           cmocka_unit_test(test_two_pools),
        cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_processors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
