/* test_errors.c - every system call of a save and of a read fails.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "io/read.h"

#include "broken.h"
#include "counting_alloc.h"
#include "subject.h"

static void saving(void **state)
{
    const drill d = { "se_file_replace", subject_save, subject_old, subject_new };
    const drill_count count = drill_errors(&d);

    (void)state;
    assert_in_range(count.tried, 500, 100000);
    assert_int_equal(count.survived, count.tried);
}

/* The drill would notice. */
static void saving_badly(void **state)
{
    const drill d = { "in place", broken_in_place, subject_old, subject_new };
    const drill_count count = drill_errors(&d);

    (void)state;
    assert_true(count.survived < count.tried / 2);
}

/* Fail one call of a kind, and expect a code. */
static void save_failing(calls_kind kind, int at, int error, int times, int expected)
{
    const calls_plan plan = { .kind = kind, .at = at, .error = error, .times = times };
    const files_bytes old = subject_bytes(subject_old), new = subject_bytes(subject_new);
    int status;

    files_clear();
    files_write("file", old.data, old.size);
    calls_begin(&plan);
    status = subject_save(subject_new, "file");
    calls_end();
    assert_int_equal(status, expected);
    assert_true(files_hold("file", expected == SEQECHO_EIO ? &old : &new));
    assert_int_equal(files_others("file"), 0);
}

static void file_systems_that_cannot_allocate(void **state)
{
    (void)state;
    save_failing(CALLS_ALLOCATE, 1, EOPNOTSUPP, 1, SEQECHO_OK);
    save_failing(CALLS_ALLOCATE, 1, EINVAL, 1, SEQECHO_OK);
}

static void only_the_directory_is_not_synced(void **state)
{
    (void)state;
    save_failing(CALLS_SYNC, 1, EIO, 1, SEQECHO_EIO);
    save_failing(CALLS_SYNC, 2, EIO, 1, SEQECHO_EDURABILITY);
    assert_string_equal(
        seqecho_error_message(),
        "subject: cannot sync the directory after saving \"file\": Input/output error");
    save_failing(CALLS_CLOSE, 1, EIO, 1, SEQECHO_EIO);
    save_failing(CALLS_CLOSE, 2, EIO, 1, SEQECHO_EDURABILITY);
}

static void names_that_are_taken(void **state)
{
    (void)state;
    /* The directory is opened first. */
    save_failing(CALLS_OPEN, 2, EEXIST, 999, SEQECHO_OK);
    assert_int_equal(calls_made(CALLS_OPEN), 1001);
    save_failing(CALLS_OPEN, 2, EEXIST, CALLS_FOR_EVER, SEQECHO_EIO);
    assert_int_equal(calls_made(CALLS_OPEN), 1001);
    assert_string_equal(seqecho_error_message(),
                        "subject: cannot create a file beside \"file\": File exists");
}

/* One that another process of the same number left is not touched. */
static void a_file_left_by_another(void **state)
{
    const files_bytes new = subject_bytes(subject_new);
    const files_bytes left = { (unsigned char *)(uintptr_t) "left", 4, true };
    char name[64];

    (void)state;
    files_clear();
    snprintf(name, sizeof name, ".file.%ld.0.tmp", (long)getpid());
    files_write(name, left.data, left.size);
    assert_int_equal(subject_save(subject_new, "file"), 0);
    assert_true(files_hold("file", &new));
    assert_true(files_hold(name, &left));
    assert_int_equal(files_others("file"), 1);
}

/* ---- Reading ---- */

static counting_alloc count;

static int load_subject(void *user, const char *path)
{
    const files_bytes *const expected = user;
    const seqecho_allocator hook = counting_alloc_hook(&count);
    unsigned char *bytes;
    size_t size;
    const int err = se_file_read(path, &hook, &bytes, &size, "load");
    const bool equal =
        err == 0 && size == expected->size && memcmp(bytes, expected->data, size) == 0;

    if (err != 0 && (bytes != NULL || size != 0 || count.live != 0))
        return -1000;
    se_free(&hook, bytes);
    return err == 0 && !equal ? -1001 : err;
}

static void reading(void **state)
{
    files_bytes data = subject_bytes(subject_new);
    const drill_count n = drill_reading("se_file_read", load_subject, &data, &data);

    (void)state;
    assert_in_range(n.tried, 150, 100000);
    assert_int_equal(n.survived, n.tried);
}

static void reading_without_memory(void **state)
{
    files_bytes data = subject_bytes(subject_new);
    const int fds = files_descriptors();

    (void)state;
    files_write("file", data.data, data.size);
    count = (counting_alloc){ .fail_at = 1 };
    assert_int_equal(load_subject(&data, "file"), SEQECHO_ENOMEM);
    count = (counting_alloc){ 0 };
    assert_int_equal(files_descriptors(), fds);
    assert_int_equal(load_subject(&data, "file"), SEQECHO_OK);
}

static void change_size(void *user)
{
    const files_bytes data = subject_bytes(subject_new);
    const size_t size = *(const size_t *)user;
    unsigned char bytes[SUBJECT_NEW_SIZE + 1] = { 0 };

    memcpy(bytes, data.data, data.size);
    files_write("file", bytes, size);
}

/* The file has another size from the k-th read() on. */
static void read_changing(size_t size, int k, const char *expected)
{
    files_bytes data = subject_bytes(subject_new);
    const calls_plan plan = {
        .kind = CALLS_READ, .at = k, .before = change_size, .user = &size, .longest = 1000
    };
    int status;

    files_write("file", data.data, data.size);
    calls_begin(&plan);
    status = load_subject(&data, "file");
    calls_end();
    assert_int_equal(status, SEQECHO_EIO);
    assert_string_equal(seqecho_error_message(), expected);
}

static void files_that_change_meanwhile(void **state)
{
    static const char fewer[] = "load: the file changed while it was read, expected 5000 "
                                "bytes, found fewer: \"file\"";
    static const char more[] = "load: the file changed while it was read, expected 5000 "
                               "bytes, found more: \"file\"";

    (void)state;
    for (int k = 1; k <= 5; k++) {
        read_changing(SUBJECT_NEW_SIZE - 1, k, fewer);
        read_changing(0, k, fewer);
        read_changing(SUBJECT_NEW_SIZE + 1, k, more);
    }
    read_changing(SUBJECT_NEW_SIZE + 1, 6, more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving),
        cmocka_unit_test(saving_badly),
        cmocka_unit_test(file_systems_that_cannot_allocate),
        cmocka_unit_test(only_the_directory_is_not_synced),
        cmocka_unit_test(names_that_are_taken),
        cmocka_unit_test(a_file_left_by_another),
        cmocka_unit_test(reading),
        cmocka_unit_test(reading_without_memory),
        cmocka_unit_test(files_that_change_meanwhile),
    };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
