/* test_close.c - the tests' own comparison of floats.
 * SPDX-License-Identifier: MIT */
#include "close.h"

static close_result compare(float got, float want, double rtol, double atol)
{
    return close_compare(&got, &want, 1, rtol, atol, false);
}

static void tolerance_is_absolute_plus_relative(void **state)
{
    (void)state;
    assert_int_equal(compare(1.0f, 1.0f, 0.0, 0.0).bad, 0);
    assert_int_equal(compare(1.0f, 1.25f, 0.0, 0.25).bad, 0);
    assert_int_equal(compare(1.0f, 1.25f, 0.0, 0.24).bad, 1);
    assert_int_equal(compare(90.0f, 100.0f, 0.1, 0.0).bad, 0);
    assert_int_equal(compare(110.5f, 100.0f, 0.1, 0.0).bad, 1);
    assert_int_equal(compare(110.5f, 100.0f, 0.1, 0.5).bad, 0);
    assert_int_equal(compare(0.0f, -0.0f, 0.0, 0.0).bad, 0);
}

static void nan_is_never_close(void **state)
{
    (void)state;
    assert_int_equal(compare(NAN, 1.0f, 1.0, 1.0).bad, 1);
    assert_int_equal(compare(1.0f, NAN, 1.0, 1.0).bad, 1);
    assert_int_equal(compare(NAN, NAN, 1.0, 1.0).bad, 1);
    assert_int_equal(compare(NAN, INFINITY, 1.0, HUGE_VAL).bad, 1);
    assert_false(close_numbers((double)NAN, (double)NAN, 1.0, 1.0, true));
}

static void infinity_is_close_only_when_asked(void **state)
{
    (void)state;
    assert_int_equal(compare(INFINITY, INFINITY, 1.0, 1.0).bad, 1);
    assert_int_equal(compare(INFINITY, 1.0f, 1.0, 1.0).bad, 1);
    assert_int_equal(compare(1.0f, INFINITY, 1.0, 1.0).bad, 1);
    assert_true(close_numbers(HUGE_VAL, HUGE_VAL, 0.0, 0.0, true));
    assert_true(close_numbers(-HUGE_VAL, -HUGE_VAL, 0.0, 0.0, true));
    assert_false(close_numbers(-HUGE_VAL, HUGE_VAL, 1.0, 1.0, true));
    assert_false(close_numbers(1.0, HUGE_VAL, 1.0, 1.0, true));
    assert_false(close_numbers(HUGE_VAL, 1.0, 1.0, 1.0, true));
}

static void first_and_worst_are_found(void **state)
{
    static const float want[] = { 1.0f, 2.0f, 3.0f, 4.0f };
    static const float got[] = { 1.0f, 2.5f, 3.0f, 3.0f };
    static const float holes[] = { 1.0f, 9.0f, NAN, 0.0f };
    close_result r = close_compare(got, want, 4, 0.0, 0.1, false);

    (void)state;
    assert_int_equal(r.bad, 2);
    assert_int_equal(r.first, 1);
    assert_int_equal(r.worst, 3);
    assert_close_double(r.worst_error, 1.0, 0.0, 0.0);
    r = close_compare(holes, want, 4, 0.0, 0.1, false);
    assert_int_equal(r.bad, 3);
    assert_int_equal(r.first, 1);
    assert_int_equal(r.worst, 2);
    assert_true(isnan(r.worst_error));
    assert_int_equal(close_compare(got, want, 0, 0.0, 0.0, false).bad, 0);
}

static void bits_differ_where_values_do_not(void **state)
{
    static const float a[] = { 1.0f, 0.0f, NAN };
    static const float b[] = { 1.0f, -0.0f, NAN };

    (void)state;
    assert_int_equal(close_first_bit_difference(a, a, 3), 3);
    assert_int_equal(close_first_bit_difference(a, b, 3), 1);
    assert_int_equal(close_first_bit_difference(a, b, 1), 1);
    assert_same_bits(a, a, 3);
    assert_close(a, b, 2, 0.0, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerance_is_absolute_plus_relative),
        cmocka_unit_test(nan_is_never_close),
        cmocka_unit_test(infinity_is_close_only_when_asked),
        cmocka_unit_test(first_and_worst_are_found),
        cmocka_unit_test(bits_differ_where_values_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
