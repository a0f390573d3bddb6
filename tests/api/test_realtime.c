/* test_realtime.c - what a prediction step and a repeated training step keep away from:
 * memory, locks and the system.
 * SPDX-License-Identifier: MIT
 *
 * The functions behind memory and locks are replaced for the whole process by ones that
 * count; a sanitizer replaces them itself, so then only the library's own hook counts.
 * Calls of the system are forbidden to a child process by seccomp, where there is one. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "close.h"
#include "counting_alloc.h"
#include "models.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- Counting ----------------------------------------------------------------------- */

/* Of the thread that arms: workers go to sleep, on a lock, when they like. */
static _Thread_local volatile bool armed;
static _Thread_local volatile int64_t memory_calls, lock_calls;

#if !SANITIZED
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *ptr, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);
void free(void *ptr);

/* Until the real functions are known, memory comes from here and is never given back. */
static _Alignas(64) unsigned char early[64 * 1024];
static size_t early_used;

static void *early_alloc(size_t size)
{
    void *const ptr = early + early_used;

    early_used += (size + 63) / 64 * 64;
    if (early_used > sizeof early)
        abort();
    return ptr;
}

static bool is_early(const void *ptr)
{
    return (const unsigned char *)ptr >= early &&
           (const unsigned char *)ptr < early + sizeof early;
}

/* Find the function that the one of this name stands before; false while that is under
 * way, because dlsym() may itself ask for memory. */
static bool find(const char *name, void *function)
{
    static bool finding;
    void *symbol;

    memcpy(&symbol, function, sizeof symbol);
    if (symbol != NULL)
        return true;
    if (finding)
        return false;
    finding = true;
    symbol = dlsym(RTLD_NEXT, name);
    finding = false;
    if (symbol == NULL)
        abort();
    memcpy(function, &symbol, sizeof symbol);
    return true;
}

static void count(volatile int64_t *calls)
{
    if (armed)
        *calls = *calls + 1;
}

void *malloc(size_t size)
{
    static void *(*real)(size_t);

    count(&memory_calls);
    return find("malloc", &real) ? real(size) : early_alloc(size);
}

void *calloc(size_t n, size_t size)
{
    static void *(*real)(size_t, size_t);

    count(&memory_calls);
    return find("calloc", &real) ? real(n, size) : early_alloc(n * size);
}

void *realloc(void *ptr, size_t size)
{
    static void *(*real)(void *, size_t);

    count(&memory_calls);
    if (!find("realloc", &real) || is_early(ptr))
        abort();
    return real(ptr, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    static void *(*real)(size_t, size_t);

    count(&memory_calls);
    return find("aligned_alloc", &real) ? real(alignment, size) : early_alloc(size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    static int (*real)(void **, size_t, size_t);

    count(&memory_calls);
    return find("posix_memalign", &real) ? real(out, alignment, size) : 12;
}

void free(void *ptr)
{
    static void (*real)(void *);

    count(&memory_calls);
    if (!is_early(ptr) && find("free", &real))
        real(ptr);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);

    count(&lock_calls);
    return find("pthread_mutex_lock", &real) ? real(mutex) : 0;
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    static int (*real)(pthread_mutex_t *);

    count(&lock_calls);
    return find("pthread_mutex_trylock", &real) ? real(mutex) : 0;
}

int pthread_once(pthread_once_t *once, void (*f)(void))
{
    static int (*real)(pthread_once_t *, void (*)(void));

    count(&lock_calls);
    return find("pthread_once", &real) ? real(once, f) : 0;
}
#endif

static void arm(counting_alloc *hook)
{
    hook->fail_at = hook->calls + 1;
    memory_calls = lock_calls = 0;
    armed = true;
}

/* Disarm; true if nothing was counted, not even releases, which keep `live` as it was. */
static bool quiet(counting_alloc *hook, int64_t live)
{
    armed = false;
    hook->fail_at = 0;
    return memory_calls == 0 && lock_calls == 0 && hook->live == live;
}

/* ---- The tests ---------------------------------------------------------------------- */

typedef struct setup {
    counting_alloc blocks;
    seqecho_allocator hook;
    seqecho_graph *graph;
    seqecho_predictor *predictor;
    float x[64 * 40], y[64 * 40];
    int32_t classes[64];
} setup;

static setup *set_up(seqecho_numerics numerics, int64_t units)
{
    setup *const s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->hook = counting_alloc_hook(&s->blocks);
    s->graph = models_whole((models_size){ .classes = 40, .units = units });
    models_fill(s->x, sizeof s->x / sizeof *s->x, 1);
    for (int32_t i = 0; i < 64; i++)
        s->classes[i] = i * 7 % 40;
    assert_int_equal(seqecho_predictor_create(&s->predictor, s->graph,
                                              SEQECHO_PREDICTOR(.batch = 64, .threads = 4,
                                                                .numerics = numerics,
                                                                .allocator = &s->hook)),
                     0);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_predictor_destroy(s->predictor);
    seqecho_graph_destroy(s->graph);
    assert_int_equal(s->blocks.live, 0);
    free(s);
}

static int steps(setup *s)
{
    int err = 0;

    for (int i = 0; i < 5 && err == 0; i++) {
        err = seqecho_predictor_step(s->predictor, s->x, s->y);
        if (err == 0)
            err = seqecho_predictor_step_classes(s->predictor, s->classes, s->y);
    }
    seqecho_predictor_reset_states(s->predictor);
    return err;
}

/* From the first step on, also with numerics that may go to the BLAS elsewhere. */
static void steps_keep_away_from_memory_and_locks(void **state)
{
    static const seqecho_numerics numerics[] = { SEQECHO_NUMERICS_DEFAULT,
                                                 SEQECHO_NUMERICS_FAST };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        setup *const s = set_up(numerics[i], i == 0 ? 20 : 600);
        const int64_t live = s->blocks.live;
        int err;

        arm(&s->blocks);
        err = steps(s);
        assert_true(quiet(&s->blocks, live));
        assert_int_equal(err, 0);
        tear_down(s);
    }
}

/* A failing one, too: the message has a place of its own. */
static void failing_steps_too(void **state)
{
    setup *const s = set_up(SEQECHO_NUMERICS_DEFAULT, 4);
    const int64_t live = s->blocks.live;
    int err, null;

    (void)state;
    (void)!seqecho_predictor_step(NULL, NULL, NULL); /* this thread's message is there */
    s->classes[63] = 40;
    arm(&s->blocks);
    err = seqecho_predictor_step_classes(s->predictor, s->classes, s->y);
    null = seqecho_predictor_step(s->predictor, NULL, s->y);
    assert_true(quiet(&s->blocks, live));
    assert_int_equal(err, SEQECHO_EINVAL);
    assert_int_equal(null, SEQECHO_EINVAL);
    tear_down(s);
}

/* Training steps, once they have seen their largest batch, and runs. */
static void repeated_training_keeps_away_from_memory(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    const models_size size = { .classes = 12, .units = 6 };
    seqecho_graph *const graph = models_whole(size);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_INTEGER);
    seqecho_view x = *seqecho_dataset_x(data), y = *seqecho_dataset_y(data);
    seqecho_trainer *trainer;
    static float out[21 * 5 * 12];
    int64_t live;
    int err = 0;

    (void)state;
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .threads = 1, .allocator = &hook)),
        0);
    assert_int_equal(seqecho_trainer_train_on_batch(trainer, &x, &y, NULL), 0);
    live = blocks.live;
    arm(&blocks);
    for (int64_t batch = 21; batch > 0 && err == 0; batch -= 5) {
        x.dim[0] = y.dim[0] = batch;
        seqecho_dataset_next(data);
        err = seqecho_trainer_train_on_batch(trainer, &x, &y, NULL);
        if (err == 0)
            err = seqecho_trainer_evaluate(trainer, &x, &y, NULL, NULL);
        if (err == 0)
            err = seqecho_trainer_predict(trainer, &x, out, (size_t)batch * 5 * 12);
    }
    assert_true(quiet(&blocks, live));
    assert_int_equal(err, 0);
    seqecho_trainer_destroy(trainer);
    assert_int_equal(blocks.live, 0);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
}

/* The tutorial's loop, one epoch a fit: the history grows by doubling. */
static void fits_of_one_epoch(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    const models_size size = { .classes = 3, .units = 2 };
    seqecho_graph *const graph = models_whole(size);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_INTEGER);
    seqecho_trainer *trainer;
    int64_t before;
    size_t count;

    (void)state;
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .threads = 1, .allocator = &hook)),
        0);
    models_train(trainer, data, 1);
    before = blocks.calls;
    for (int i = 0; i < 1000; i++)
        models_train(trainer, data, 1);
    assert_non_null(seqecho_trainer_history(trainer, "loss", &count));
    assert_int_equal(count, 1001);
    assert_true(blocks.calls - before <= 10); /* 2^10 epochs */
    seqecho_trainer_destroy(trainer);
    assert_int_equal(blocks.live, 0);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
}

/* The counters do count, and what the library does is among it. */
static void counters_count(void **state)
{
    setup *const s = set_up(SEQECHO_NUMERICS_DEFAULT, 4);
    seqecho_predictor *p;

    (void)state;
    if (SANITIZED)
        skip();
    memory_calls = lock_calls = 0;
    armed = true;
    assert_int_equal(
        seqecho_predictor_create(&p, s->graph, SEQECHO_PREDICTOR(.threads = 3)), 0);
    seqecho_predictor_destroy(p);
    armed = false;
    assert_true(memory_calls > 4);
    assert_true(lock_calls > 0);
    tear_down(s);
}

/* A child that may only read, write and exit takes some steps. */
static void steps_keep_away_from_the_system(void **state)
{
#ifdef __linux__
    setup *const s = set_up(SEQECHO_NUMERICS_DEFAULT, 20);
    int status = 0;
    pid_t child;

    (void)state;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
            _exit(77);
        (void)syscall(SYS_exit, steps(s) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    tear_down(s);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#else
    (void)state;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_keep_away_from_memory_and_locks),
        cmocka_unit_test(failing_steps_too),
        cmocka_unit_test(repeated_training_keeps_away_from_memory),
        cmocka_unit_test(fits_of_one_epoch),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(steps_keep_away_from_the_system),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
