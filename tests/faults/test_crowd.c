/* test_crowd.c - many threads save to one path and read from it at the same time.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "io/read.h"
#include "io/replace.h"

#include "files.h"

#define WRITERS 4
#define SAVES 25
#define SIZE ((size_t)9000)

typedef struct writer {
    pthread_t thread;
    unsigned char bytes[SIZE]; /* all the same, and as many as that is large */
    size_t size;
    int failed;
} writer;

static void *save_often(void *user)
{
    writer *const w = user;
    const se_bytes part = { w->bytes, w->size };

    for (int i = 0; i < SAVES; i++)
        w->failed += se_file_replace("file", &part, 1, "crowd") != SEQECHO_OK;
    return NULL;
}

/* Whether it is the whole file of one of the writers. */
static bool read_whole(const writer *writers)
{
    seqecho_allocator a;
    unsigned char *bytes;
    size_t size;
    bool whole = false;

    se_allocator_read(&a, NULL);
    if (se_file_read("file", &a, &bytes, &size, "crowd") != SEQECHO_OK)
        return false;
    for (int i = 0; i < WRITERS; i++)
        whole = whole ||
                (size == writers[i].size && memcmp(bytes, writers[i].bytes, size) == 0);
    se_free(&a, bytes);
    return whole;
}

static void every_file_is_whole(void **state)
{
    static writer writers[WRITERS];
    int failed = 0, reads = 0, whole = 0;

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        writers[i].size = SIZE - (size_t)i * 2000;
        memset(writers[i].bytes, 'a' + i, writers[i].size);
    }
    save_often(&writers[0]);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i].thread, NULL, save_often, &writers[i]),
                         0);
    for (; reads < 200; reads++)
        whole += read_whole(writers);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        failed += writers[i].failed;
    }
    print_message("%d saves by %d threads, %d failed; %d of %d reads found a whole file\n",
                  WRITERS * SAVES, WRITERS, failed, whole, reads);
    assert_int_equal(failed, 0);
    assert_int_equal(whole, reads);
    assert_int_equal(files_others("file"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_file_is_whole) };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
