/* test_size.c - sizes that cannot wrap around.
 * SPDX-License-Identifier: MIT */
#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void mul_stops_at_the_limit(void **state)
{
    size_t out = 7;

    (void)state;
    assert_true(se_size_mul(&out, 6, 7));
    assert_int_equal(out, 42);
    assert_true(se_size_mul(&out, SE_SIZE_MAX, 1));
    assert_int_equal(out, SE_SIZE_MAX);
    assert_true(se_size_mul(&out, SIZE_MAX, 0));
    assert_int_equal(out, 0);
    out = 7;
    assert_false(se_size_mul(&out, SE_SIZE_MAX, 2)); /* above the limit, below 2^64 */
    assert_false(se_size_mul(&out, SE_SIZE_MAX + 1, 1));
    assert_false(se_size_mul(&out, SIZE_MAX, SIZE_MAX));  /* 1 after wrapping around */
    assert_false(se_size_mul(&out, SIZE_MAX / 2 + 1, 2)); /* 0 */
    assert_int_equal(out, 7);
}

static void add_stops_at_the_limit(void **state)
{
    size_t out = 7;

    (void)state;
    assert_true(se_size_add(&out, 6, 7));
    assert_int_equal(out, 13);
    assert_true(se_size_add(&out, SE_SIZE_MAX - 1, 1));
    assert_int_equal(out, SE_SIZE_MAX);
    out = 7;
    assert_false(se_size_add(&out, SE_SIZE_MAX, 1));
    assert_false(se_size_add(&out, SIZE_MAX, 1));
    assert_false(se_size_add(&out, SIZE_MAX, SIZE_MAX));
    assert_int_equal(out, 7);
}

static void product_stops_at_the_limit(void **state)
{
    const int64_t small[] = { 2, 3, 4, 5 }, zero[] = { 2, 0, 5 };
    const int64_t huge[] = { SE_DIM_MAX, SE_DIM_MAX, SE_DIM_MAX, SE_DIM_MAX };
    const int64_t back_to_zero[] = { INT64_C(1) << 62, 4, 0 };
    size_t out = 7;

    (void)state;
    assert_true(se_size_product(&out, small, 4));
    assert_int_equal(out, 120);
    assert_true(se_size_product(&out, small, 0));
    assert_int_equal(out, 1);
    assert_true(se_size_product(&out, zero, 3));
    assert_int_equal(out, 0);
    assert_true(se_size_product(&out, huge, 2));
    assert_int_equal(out, (size_t)1 << 62);
    out = 7;
    assert_false(se_size_product(&out, huge, 3));
    assert_false(se_size_product(&out, huge, 4));
    assert_false(se_size_product(&out, back_to_zero, 3));
    assert_int_equal(out, 7);
}

static void dimensions_are_positive_and_bounded(void **state)
{
    (void)state;
    assert_true(se_dim_ok(1));
    assert_true(se_dim_ok(SE_DIM_MAX));
    assert_false(se_dim_ok(0));
    assert_false(se_dim_ok(-1));
    assert_false(se_dim_ok(INT64_MIN));
    assert_false(se_dim_ok(SE_DIM_MAX + 1));
    assert_false(se_dim_ok(INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mul_stops_at_the_limit),
        cmocka_unit_test(add_stops_at_the_limit),
        cmocka_unit_test(product_stops_at_the_limit),
        cmocka_unit_test(dimensions_are_positive_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
