/* test_disk_full.c - there is no room for the new file.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* unshare() */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <seqecho/common.h>

#include "io/replace.h"

#include "calls.h"
#include "subject.h"

#define LARGE ((size_t)100 << 10)

/* What a child exits with, besides the number of the step that went wrong. */
#define NOT_PERMITTED 77

/* Whether the save of `size` bytes fails with `error`, the old file stays, and it alone. */
static bool is_refused(size_t size, int error, const files_bytes *old)
{
    static const unsigned char bytes[LARGE];
    const se_bytes part = { bytes, size };

    return se_file_replace("file", &part, 1, "subject") == SEQECHO_EIO &&
           strstr(seqecho_error_message(), strerror(error)) != NULL &&
           files_hold("file", old) && files_others("file") == 0;
}

static bool is_saved(size_t size)
{
    static const unsigned char bytes[LARGE];
    const se_bytes part = { bytes, size };
    struct stat found;

    return se_file_replace("file", &part, 1, "subject") == SEQECHO_OK &&
           stat("file", &found) == 0 && (size_t)found.st_size == size;
}

/* ---- Injected ---- */

static void no_room_at_any_call(void **state)
{
    const files_bytes old = subject_bytes(subject_old);
    int tried = 0;

    (void)state;
    for (calls_kind kind = CALLS_ALLOCATE; kind <= CALLS_CLOSE; kind++)
        for (int at = 1;; at++) {
            const calls_plan plan = {
                .kind = kind, .at = at, .error = ENOSPC, .longest = 100
            };
            int status;

            files_write("file", old.data, old.size);
            calls_begin(&plan);
            status = subject_save(subject_new, "file");
            calls_end();
            if (status != SEQECHO_EIO)
                break; /* the directory, or no such call */
            assert_true(files_hold("file", &old));
            assert_int_equal(files_others("file"), 0);
            assert_string_equal(strrchr(seqecho_error_message(), ':') + 2,
                                strerror(ENOSPC));
            tried++;
        }
    print_message("disk full at a call: %d tried, %d survived\n", tried, tried);
    assert_int_equal(tried, 1 + 51 + 1 + 1); /* 51 times write() */
}

/* ---- A limit of the process ---- */

static int limited(void *user)
{
    const files_bytes *const old = user;
    const struct rlimit limit = { 16 << 10, 16 << 10 };
    const calls_plan cannot_allocate = { .kind = CALLS_ALLOCATE,
                                         .at = 1,
                                         .error = EOPNOTSUPP };
    const calls_plan interrupted = {
        .kind = CALLS_UNLINK, .at = 1, .error = EINTR, .times = 3
    };
    bool refused;

    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return NOT_PERMITTED;
    if (!is_refused(LARGE, EFBIG, old))
        return 1;
    /* Signals that come while the temporary file is removed. */
    calls_begin(&interrupted);
    refused = is_refused(LARGE, EFBIG, old);
    calls_end();
    if (!refused || calls_made(CALLS_UNLINK) != 4)
        return 2;
    /* And when only the second write() finds out. */
    calls_begin(&cannot_allocate);
    refused = is_refused(LARGE, EFBIG, old);
    calls_end();
    if (!refused || calls_made(CALLS_WRITE) != 2)
        return 3;
    return is_saved((size_t)16 << 10) ? 0 : 4;
}

static void larger_than_the_process_may_write(void **state)
{
    files_bytes old = subject_bytes(subject_old);

    (void)state;
    files_write("file", old.data, old.size);
    assert_int_equal(files_in_child(limited, &old), 0);
}

/* ---- A small file system ---- */

static int in_small_file_system(void *user)
{
    const files_bytes *const old = user;
    const calls_plan cannot_allocate = { .kind = CALLS_ALLOCATE,
                                         .at = 1,
                                         .error = EOPNOTSUPP };
    bool refused;

    if (unshare(CLONE_NEWNS) != 0 || mkdir("small", 0777) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "small", "tmpfs", 0, "size=64k") != 0)
        return NOT_PERMITTED;
    if (chdir("small") != 0)
        return 1;
    files_write("file", old->data, old->size);
    if (!is_refused(LARGE, ENOSPC, old))
        return 2;
    calls_begin(&cannot_allocate);
    refused = is_refused(LARGE, ENOSPC, old);
    calls_end();
    if (!refused || calls_made(CALLS_WRITE) < 2)
        return 3;
    return is_saved((size_t)32 << 10) ? 0 : 4;
}

static void larger_than_the_disk(void **state)
{
    files_bytes old = subject_bytes(subject_old);
    int result;

    (void)state;
    result = files_in_child(in_small_file_system, &old);
    if (result == NOT_PERMITTED) {
        print_message("skipped: this process may not mount a file system\n");
        skip();
    }
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_room_at_any_call),
        cmocka_unit_test(larger_than_the_process_may_write),
        cmocka_unit_test(larger_than_the_disk),
    };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
