/* test_options.c - option structs of older, equal and newer callers.
 * SPDX-License-Identifier: MIT */
#include "base/options.h"

#include "refuse.h"

/* The same struct as three versions of the library know it. */
typedef struct old_options {
    size_t struct_size;
    int64_t first;
} old_options;

typedef struct options {
    size_t struct_size;
    int64_t first, second;
} options;

typedef struct new_options {
    size_t struct_size;
    int64_t first, second, third;
} new_options;

static void equal_struct_is_copied(void **state)
{
    const options src = { sizeof src, 5, 6 };
    options dst = { 1, 1, 1 };

    (void)state;
    assert_int_equal(se_options_read(&dst, sizeof dst, &src, "options"), 0);
    assert_int_equal(dst.struct_size, sizeof dst);
    assert_int_equal(dst.first, 5);
    assert_int_equal(dst.second, 6);
}

static void null_is_all_defaults(void **state)
{
    options dst = { 1, 1, 1 };

    (void)state;
    assert_int_equal(se_options_read(&dst, sizeof dst, NULL, "options"), 0);
    assert_int_equal(dst.struct_size, sizeof dst);
    assert_int_equal(dst.first, 0);
    assert_int_equal(dst.second, 0);
}

static void older_struct_reads_with_a_zero_tail(void **state)
{
    /* What follows an old caller's struct in memory is not the library's business. */
    const struct {
        old_options options;
        int64_t stranger;
    } src = { { sizeof(old_options), 5 }, 666 };
    const size_t only_size = sizeof only_size;
    options dst = { 1, 1, 1 };

    (void)state;
    assert_int_equal(se_options_read(&dst, sizeof dst, &src, "options"), 0);
    assert_int_equal(dst.struct_size, sizeof dst);
    assert_int_equal(dst.first, 5);
    assert_int_equal(dst.second, 0);
    dst.first = 1;
    assert_int_equal(se_options_read(&dst, sizeof dst, &only_size, "options"), 0);
    assert_int_equal(dst.first, 0);
}

static void newer_struct_is_read_if_its_tail_is_unused(void **state)
{
    new_options src = { sizeof src, 5, 6, 0 };
    options dst = { 1, 1, 1 };

    (void)state;
    assert_int_equal(se_options_read(&dst, sizeof dst, &src, "options"), 0);
    assert_int_equal(dst.struct_size, sizeof dst);
    assert_int_equal(dst.first, 5);
    assert_int_equal(dst.second, 6);

    dst = (options){ 1, 2, 3 };
    src.third = INT64_C(1) << 56; /* its last byte, on a little-endian machine */
    assert_int_equal(se_options_read(&dst, sizeof dst, &src, "options"), SEQECHO_ENOTSUP);
    src.third = 1;
    assert_refused(se_options_read(&dst, sizeof dst, &src, "options"), SEQECHO_ENOTSUP,
                   "options: byte 24 of 32 is set, but this library knows only 24 bytes of "
                   "it");
    assert_int_equal(dst.struct_size, 1);
    assert_int_equal(dst.first, 2);
    assert_int_equal(dst.second, 3);
}

static void impossible_sizes_are_refused(void **state)
{
    static const size_t impossible[] = { 0, 1, sizeof(size_t) - 1, 4097, SIZE_MAX };
    options dst = { 1, 2, 3 };

    (void)state;
    for (size_t i = 0; i < sizeof impossible / sizeof *impossible; i++) {
        const options src = { impossible[i], 5, 6 };

        assert_int_equal(se_options_read(&dst, sizeof dst, &src, "x"), SEQECHO_EINVAL);
        assert_int_equal(dst.first, 2);
    }
    assert_refused(
        se_options_read(&dst, sizeof dst, &(const options){ 3, 5, 6 }, "things"),
        SEQECHO_EINVAL,
        "things: struct_size is 3, expected about 24; was the struct made by its "
        "macro or init template?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_struct_is_copied),
        cmocka_unit_test(null_is_all_defaults),
        cmocka_unit_test(older_struct_reads_with_a_zero_tail),
        cmocka_unit_test(newer_struct_is_read_if_its_tail_is_unused),
        cmocka_unit_test(impossible_sizes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
