/* test_error.c - codes, names, and a message for each thread.
 * SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <pthread.h>

#include "refuse.h"

/* Runs first: nothing has failed yet. */
static void message_is_empty_before_any_failure(void **state)
{
    (void)state;
    assert_string_equal(seqecho_error_message(), "");
}

static void fail_formats_and_returns_its_code(void **state)
{
    (void)state;
    assert_int_equal(se_fail(SEQECHO_ESHAPE, "%s: got (%d, %lld)", "x", 3, 4LL),
                     SEQECHO_ESHAPE);
    assert_string_equal(seqecho_error_message(), "x: got (3, 4)");
    assert_int_equal(se_fail(SEQECHO_EIO, "second"), SEQECHO_EIO);
    assert_string_equal(seqecho_error_message(), "second");
}

static void long_messages_are_cut(void **state)
{
    char text[2 * SE_ERROR_SIZE];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(se_fail(SEQECHO_EINVAL, "%s", text), SEQECHO_EINVAL);
    assert_int_equal(strlen(seqecho_error_message()), SE_ERROR_SIZE - 1);
    assert_memory_equal(seqecho_error_message(), text, SE_ERROR_SIZE - 1);
}

static int forward(int code)
{
    SE_TRY(code);
    return 1;
}

static void try_leaves_only_on_errors(void **state)
{
    (void)state;
    assert_int_equal(forward(SEQECHO_ENOMEM), SEQECHO_ENOMEM);
    assert_int_equal(forward(SEQECHO_OK), 1);
    assert_int_equal(forward(5), 1);
}

static void codes_and_names_never_change(void **state)
{
    static const struct {
        int code, value;
        const char *name;
    } table[] = {
        { SEQECHO_OK, 0, "SEQECHO_OK" },
        { SEQECHO_EINVAL, -1, "SEQECHO_EINVAL" },
        { SEQECHO_ENOMEM, -2, "SEQECHO_ENOMEM" },
        { SEQECHO_ESHAPE, -3, "SEQECHO_ESHAPE" },
        { SEQECHO_ENOTFOUND, -4, "SEQECHO_ENOTFOUND" },
        { SEQECHO_ESTATE, -5, "SEQECHO_ESTATE" },
        { SEQECHO_EIO, -6, "SEQECHO_EIO" },
        { SEQECHO_EFORMAT, -7, "SEQECHO_EFORMAT" },
        { SEQECHO_ENOTSUP, -8, "SEQECHO_ENOTSUP" },
        { SEQECHO_ENUMERIC, -9, "SEQECHO_ENUMERIC" },
        { SEQECHO_ECALLBACK, -10, "SEQECHO_ECALLBACK" },
        { SEQECHO_EDURABILITY, -11, "SEQECHO_EDURABILITY" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(table[i].code, table[i].value);
        assert_string_equal(seqecho_error_name(table[i].code), table[i].name);
    }
    assert_string_equal(seqecho_error_name(1), "SEQECHO_E?");
    assert_string_equal(seqecho_error_name(-12), "SEQECHO_E?");
    assert_string_equal(seqecho_error_name(INT32_MIN), "SEQECHO_E?");
}

/* What another thread saw; asserted in the main one. */
typedef struct seen {
    char before[32], after[32];
} seen;

static void *fail_elsewhere(void *arg)
{
    seen *const s = arg;

    strncpy(s->before, seqecho_error_message(), sizeof s->before - 1);
    (void)se_fail(SEQECHO_EINVAL, "elsewhere");
    strncpy(s->after, seqecho_error_message(), sizeof s->after - 1);
    return NULL;
}

static void each_thread_has_its_own_message(void **state)
{
    pthread_t thread;
    seen s = { .before = "unset" };

    (void)state;
    (void)se_fail(SEQECHO_EINVAL, "here");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &s), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(s.before, "");
    assert_string_equal(s.after, "elsewhere");
    assert_string_equal(seqecho_error_message(), "here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_empty_before_any_failure),
        cmocka_unit_test(fail_formats_and_returns_its_code),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(try_leaves_only_on_errors),
        cmocka_unit_test(codes_and_names_never_change),
        cmocka_unit_test(each_thread_has_its_own_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
