/* test_power.c - the power fails at every system call of a save.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broken.h"
#include "subject.h"

static power_count check(const char *name, drill_function *save)
{
    const drill d = { name, save, subject_old, subject_new };

    return drill_power(&d);
}

static void nothing_is_torn_or_lost(void **state)
{
    const power_count count = check("se_file_replace", subject_save);

    (void)state;
    assert_true(count.states >= 10000);
    assert_int_equal(count.torn, 0);
    assert_int_equal(count.lost, 0);
}

/* The drill would notice. */
static void without_sync_of_the_file_it_is_torn(void **state)
{
    (void)state;
    assert_true(check("no fsync of the file", broken_no_file_sync).torn > 0);
    assert_true(check("fsync after the rename", broken_sync_after_rename).torn > 0);
}

static void without_sync_of_the_directory_it_is_lost(void **state)
{
    const power_count count = check("no fsync of the directory", broken_no_directory_sync);

    (void)state;
    assert_int_equal(count.torn, 0);
    assert_true(count.lost > 0);
}

static void in_place_it_is_torn(void **state)
{
    const power_count count = check("in place", broken_in_place);

    (void)state;
    assert_true(count.torn > 0);
    assert_int_equal(count.lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_torn_or_lost),
        cmocka_unit_test(without_sync_of_the_file_it_is_torn),
        cmocka_unit_test(without_sync_of_the_directory_it_is_lost),
        cmocka_unit_test(in_place_it_is_torn),
    };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
