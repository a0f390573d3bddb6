/* test_shape.c - shapes: comparing, counting, printing, and moving between orders.
 * SPDX-License-Identifier: MIT */
#include "base/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static se_shape shape(int64_t d1, int64_t d2, int64_t d3)
{
    return (se_shape){ .dim = { d1, d2, d3 }, .rank = d3 > 0 ? 3 : d2 > 0 ? 2 : 1 };
}

static void counting(void **state)
{
    const se_shape one = shape(7, 0, 0), two = shape(5, 7, 0), three = shape(3, 5, 7);

    (void)state;
    assert_int_equal(se_shape_features(&one), 7);
    assert_int_equal(se_shape_rows(&one), 1);
    assert_int_equal(se_shape_size(&one), 7);
    assert_int_equal(se_shape_rows(&two), 5);
    assert_int_equal(se_shape_features(&three), 7);
    assert_int_equal(se_shape_rows(&three), 15);
    assert_int_equal(se_shape_size(&three), 105);
}

static void equality(void **state)
{
    const se_shape a = shape(3, 5, 0), b = shape(3, 5, 0), c = shape(3, 4, 0);
    const se_shape flat = shape(3, 0, 0), deep = shape(3, 5, 1);
    const se_shape tail = { .dim = { 3, 5, 99 }, .rank = 2 };

    (void)state;
    assert_true(se_shape_equal(&a, &b));
    assert_true(se_shape_equal(&a, &tail));
    assert_false(se_shape_equal(&a, &c));
    assert_false(se_shape_equal(&a, &flat));
    assert_false(se_shape_equal(&flat, &a));
    assert_false(se_shape_equal(&a, &deep));
}

static void fitting(void **state)
{
    const int64_t two_31 = (int64_t)1 << 31, two_62 = (int64_t)1 << 62;
    const se_shape small = shape(3, 5, 7), one = shape(1, 0, 0);
    const se_shape huge = shape(two_31, two_31, two_31);

    (void)state;
    assert_true(se_shape_fits(&small, 1));
    assert_true(se_shape_fits(&small, 0));
    assert_true(se_shape_fits(&small, two_31));
    assert_false(se_shape_fits(&small, two_62));
    assert_false(se_shape_fits(&small, -1));
    assert_true(se_shape_fits(&one, ((int64_t)1 << 61) - 1)); /* 2^63 bytes less 4 */
    assert_false(se_shape_fits(&one, (int64_t)1 << 61));
    assert_false(se_shape_fits(&huge, 1));
}

static void printing(void **state)
{
    const se_shape s = shape(5, 100, 0);
    const int64_t most = INT64_MIN;
    const se_shape longest = shape(most, most, most);
    const seqecho_view view = { NULL, { 21, -5, 100 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view ints = { NULL, { 21 }, 1, SEQECHO_INT32 };
    const seqecho_view none = { NULL, { 21 }, 0, 0 };
    const seqecho_view wild = { NULL, { most, most, most, most }, INT32_MAX, 1 };
    const seqecho_view below = { NULL, { 1 }, INT32_MIN, 0 };
    char text[SE_SHAPE_TEXT];

    (void)state;
    assert_string_equal(se_shape_text(text, 7, &s), "(7, 5, 100)");
    assert_string_equal(se_shape_text(text, 0, &s), "(any, 5, 100)");
    assert_true(strlen(se_shape_text(text, INT64_MAX, &longest)) < SE_SHAPE_TEXT);
    assert_int_equal(text[strlen(text) - 1], ')');
    assert_string_equal(se_view_text(text, &view), "(21, -5, 100)");
    assert_string_equal(se_view_text(text, &ints), "(21) of int32");
    assert_string_equal(se_view_text(text, &none), "()");
    assert_string_equal(se_view_text(text, &below), "()");
    assert_true(strlen(se_view_text(text, &wild)) < SE_SHAPE_TEXT);
}

/* Every element of every shape comes where the definition says, and back. */
static void moving(void **state)
{
    static const int64_t sizes[][3] = { { 4, 0, 0 }, { 3, 4, 0 }, { 1, 4, 0 },
                                        { 2, 3, 4 }, { 3, 1, 2 }, { 1, 1, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int64_t batch = 1; batch <= 3; batch++) {
            const se_shape s = shape(sizes[i][0], sizes[i][1], sizes[i][2]);
            const int64_t d1 = s.rank > 1 ? s.dim[0] : 1, d2 = s.rank > 2 ? s.dim[1] : 1;
            const int64_t width = se_shape_features(&s), n = se_shape_size(&s) * batch;
            int32_t user[72], steps[72], back[72];

            assert_true(n <= 72);
            for (int64_t k = 0; k < n; k++)
                user[k] = (int32_t)k;
            se_shape_to_steps(&s, batch, width, user, steps);
            for (int64_t b = 0; b < batch; b++)
                for (int64_t i1 = 0; i1 < d1; i1++)
                    for (int64_t i2 = 0; i2 < d2; i2++) {
                        const int64_t from = (b * d1 + i1) * d2 + i2;
                        const int64_t to = (i2 * d1 + i1) * batch + b;

                        assert_int_equal(se_shape_user_row(&s, batch, to), from);
                        assert_memory_equal(steps + to * width, user + from * width,
                                            (size_t)width * sizeof *user);
                    }
            se_shape_from_steps(&s, batch, width, steps, back);
            assert_memory_equal(back, user, (size_t)n * sizeof *user);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting), cmocka_unit_test(equality), cmocka_unit_test(fitting),
        cmocka_unit_test(printing), cmocka_unit_test(moving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
