/* test_kills.c - the process ends at every system call of a save.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "broken.h"
#include "subject.h"

static void killed_at_every_call(void **state)
{
    const drill d = { "se_file_replace", subject_save, subject_old, subject_new };
    const drill_count count = drill_kills(&d);

    (void)state;
    assert_in_range(count.tried, 60, 100000);
    assert_int_equal(count.survived, count.tried);
}

/* The drill would notice. */
static void killed_while_overwriting(void **state)
{
    const drill d = { "in place", broken_in_place, subject_old, subject_new };
    const drill_count count = drill_kills(&d);

    (void)state;
    assert_true(count.survived < count.tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_call),
        cmocka_unit_test(killed_while_overwriting),
    };

    return cmocka_run_group_tests(tests, files_enter, files_leave);
}
