/* test_frame.c - framing a sequence as supervised pairs.
 * SPDX-License-Identifier: MIT */
#include <seqecho/dataset.h>

#include "close.h"
#include "refuse.h"

enum { LENGTH = 25, IN = 5, OUT = 3, PAD = -1 };

/* The sequence the tutorial prints, and the windows it prints for it. */
static const int32_t tutorial[LENGTH] = { 86, 81, 88, 1,  23, 78, 64, 7,  99,
                                          23, 2,  36, 73, 26, 27, 33, 24, 51,
                                          73, 64, 13, 13, 53, 40, 64 };
static const int32_t tutorial_x[][IN] = {
    { 86, 81, 88, 1, 23 },  { 81, 88, 1, 23, 78 },  { 88, 1, 23, 78, 64 },
    { 1, 23, 78, 64, 7 },   { 23, 78, 64, 7, 99 },  { 78, 64, 7, 99, 23 },
    { 64, 7, 99, 23, 2 },   { 7, 99, 23, 2, 36 },   { 99, 23, 2, 36, 73 },
    { 23, 2, 36, 73, 26 },  { 2, 36, 73, 26, 27 },  { 36, 73, 26, 27, 33 },
    { 73, 26, 27, 33, 24 }, { 26, 27, 33, 24, 51 }, { 27, 33, 24, 51, 73 },
    { 33, 24, 51, 73, 64 }, { 24, 51, 73, 64, 13 }, { 51, 73, 64, 13, 13 },
    { 73, 64, 13, 13, 53 }, { 64, 13, 13, 53, 40 }, { 13, 13, 53, 40, 64 },
};
static const int32_t tutorial_y[][OUT] = {
    { 86, 81, 88 }, { 81, 88, 1 },  { 88, 1, 23 },  { 1, 23, 78 },  { 23, 78, 64 },
    { 78, 64, 7 },  { 64, 7, 99 },  { 7, 99, 23 },  { 99, 23, 2 },  { 23, 2, 36 },
    { 2, 36, 73 },  { 36, 73, 26 }, { 73, 26, 27 }, { 26, 27, 33 }, { 27, 33, 24 },
    { 33, 24, 51 }, { 24, 51, 73 }, { 51, 73, 64 }, { 73, 64, 13 }, { 64, 13, 13 },
    { 13, 13, 53 },
};

static void rows_are_counted(void **state)
{
    (void)state;
    assert_int_equal(seqecho_supervised_rows(25, 5, SEQECHO_ROWS_COMPLETE), 21);
    assert_int_equal(seqecho_supervised_rows(25, 5, SEQECHO_ROWS_PAD_START), 25);
    assert_int_equal(seqecho_supervised_rows(25, 5, SEQECHO_ROWS_PAD_BOTH), 29);
    assert_int_equal(seqecho_supervised_rows(5, 5, SEQECHO_ROWS_COMPLETE), 1);
    assert_int_equal(seqecho_supervised_rows(5, 6, SEQECHO_ROWS_PAD_BOTH), 0);
    assert_int_equal(seqecho_supervised_rows(5, 0, SEQECHO_ROWS_PAD_BOTH), 0);
    assert_int_equal(seqecho_supervised_rows(0, 0, SEQECHO_ROWS_COMPLETE), 0);
    assert_int_equal(seqecho_supervised_rows(SIZE_MAX, 1, SEQECHO_ROWS_COMPLETE), SIZE_MAX);
    assert_int_equal(seqecho_supervised_rows(SIZE_MAX, 2, SEQECHO_ROWS_PAD_BOTH), 0);
    assert_int_equal(seqecho_supervised_rows(25, 5, (seqecho_rows)9), 0);
}

static void tutorial_pairs_come_out(void **state)
{
    int32_t x[21][IN], y[21][OUT];

    (void)state;
    assert_int_equal(sizeof x, sizeof tutorial_x);
    assert_int_equal(sizeof y, sizeof tutorial_y);
    assert_int_equal(seqecho_to_supervised_int32(tutorial, LENGTH, IN, OUT,
                                                 SEQECHO_ROWS_COMPLETE, PAD, x[0], y[0]),
                     0);
    assert_memory_equal(x, tutorial_x, sizeof x);
    assert_memory_equal(y, tutorial_y, sizeof y);
}

static void padding_at_the_start_adds_leading_rows(void **state)
{
    static const int32_t head_x[][IN] = { { PAD, PAD, PAD, PAD, 86 },
                                          { PAD, PAD, PAD, 86, 81 },
                                          { PAD, PAD, 86, 81, 88 },
                                          { PAD, 86, 81, 88, 1 } };
    static const int32_t head_y[][OUT] = {
        { PAD, PAD, PAD }, { PAD, PAD, PAD }, { PAD, PAD, 86 }, { PAD, 86, 81 }
    };
    int32_t x[LENGTH][IN], y[LENGTH][OUT];

    (void)state;
    assert_int_equal(seqecho_to_supervised_int32(tutorial, LENGTH, IN, OUT,
                                                 SEQECHO_ROWS_PAD_START, PAD, x[0], y[0]),
                     0);
    assert_memory_equal(x, head_x, sizeof head_x);
    assert_memory_equal(y, head_y, sizeof head_y);
    assert_memory_equal(x[4], tutorial_x, sizeof tutorial_x);
    assert_memory_equal(y[4], tutorial_y, sizeof tutorial_y);
}

static void padding_at_both_ends_adds_trailing_rows_too(void **state)
{
    static const int32_t tail_x[][IN] = { { 13, 53, 40, 64, PAD },
                                          { 53, 40, 64, PAD, PAD },
                                          { 40, 64, PAD, PAD, PAD },
                                          { 64, PAD, PAD, PAD, PAD } };
    static const int32_t tail_y[][OUT] = {
        { 13, 53, 40 }, { 53, 40, 64 }, { 40, 64, PAD }, { 64, PAD, PAD }
    };
    int32_t x[29][IN], y[29][OUT], start_x[LENGTH][IN], start_y[LENGTH][OUT];

    (void)state;
    assert_int_equal(seqecho_to_supervised_int32(tutorial, LENGTH, IN, OUT,
                                                 SEQECHO_ROWS_PAD_BOTH, PAD, x[0], y[0]),
                     0);
    assert_int_equal(seqecho_to_supervised_int32(tutorial, LENGTH, IN, OUT,
                                                 SEQECHO_ROWS_PAD_START, PAD, start_x[0],
                                                 start_y[0]),
                     0);
    assert_memory_equal(x, start_x, sizeof start_x);
    assert_memory_equal(y, start_y, sizeof start_y);
    assert_memory_equal(x[25], tail_x, sizeof tail_x);
    assert_memory_equal(y[25], tail_y, sizeof tail_y);
}

/* Where the window is the whole sequence, padding may surround it on both sides. */
static void window_of_the_whole_sequence(void **state)
{
    static const int32_t sequence[] = { 4, 5, 6 };
    static const int32_t want_x[][3] = {
        { PAD, PAD, 4 }, { PAD, 4, 5 }, { 4, 5, 6 }, { 5, 6, PAD }, { 6, PAD, PAD }
    };
    static const int32_t want_y[][1] = { { PAD }, { PAD }, { 4 }, { 5 }, { 6 } };
    int32_t x[5][3], y[5][1];

    (void)state;
    assert_int_equal(seqecho_to_supervised_int32(sequence, 3, 3, 1, SEQECHO_ROWS_PAD_BOTH,
                                                 PAD, x[0], y[0]),
                     0);
    assert_memory_equal(x, want_x, sizeof x);
    assert_memory_equal(y, want_y, sizeof y);
}

static void window_of_one_step(void **state)
{
    int32_t x[LENGTH], y[LENGTH];

    (void)state;
    for (int keep = SEQECHO_ROWS_COMPLETE; keep <= SEQECHO_ROWS_PAD_BOTH; keep++) {
        memset(x, 0, sizeof x);
        memset(y, 0, sizeof y);
        assert_int_equal(seqecho_to_supervised_int32(tutorial, LENGTH, 1, 1,
                                                     (seqecho_rows)keep, PAD, x, y),
                         0);
        assert_memory_equal(x, tutorial, sizeof x);
        assert_memory_equal(y, tutorial, sizeof y);
    }
}

/* Rows that a caller brought, three numbers a step. */
static void steps_may_be_rows_of_floats(void **state)
{
    static const float sequence[][3] = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 } };
    static const float want_x[][2][3] = {
        { { 1, 2, 3 }, { 4, 5, 6 } },
        { { 4, 5, 6 }, { 7, 8, 9 } },
    };
    static const float want_y[][1][3] = { { { 1, 2, 3 } }, { { 4, 5, 6 } } };
    const float pad = -0.5f;
    const float padded_x[][2][3] = {
        { { pad, pad, pad }, { 1, 2, 3 } },
        { { 1, 2, 3 }, { 4, 5, 6 } },
        { { 4, 5, 6 }, { 7, 8, 9 } },
        { { 7, 8, 9 }, { pad, pad, pad } },
    };
    const float padded_y[][1][3] = {
        { { pad, pad, pad } }, { { 1, 2, 3 } }, { { 4, 5, 6 } }, { { 7, 8, 9 } }
    };
    float x[4][2][3], y[4][1][3];

    (void)state;
    assert_int_equal(seqecho_to_supervised(sequence[0], 3, 3, 2, 1, SEQECHO_ROWS_COMPLETE,
                                           pad, x[0][0], y[0][0]),
                     0);
    assert_same_bits(x[0][0], want_x[0][0], 2 * 2 * 3);
    assert_same_bits(y[0][0], want_y[0][0], 2 * 1 * 3);
    assert_int_equal(seqecho_to_supervised(sequence[0], 3, 3, 2, 1, SEQECHO_ROWS_PAD_BOTH,
                                           pad, x[0][0], y[0][0]),
                     0);
    assert_same_bits(x[0][0], padded_x[0][0], 4 * 2 * 3);
    assert_same_bits(y[0][0], padded_y[0][0], 4 * 1 * 3);
}

/* Every combination of small sizes against the sentence in the header, and not a number
 * beyond the end. */
static void all_small_sizes_obey_the_definition(void **state)
{
    enum { MOST = 7, GUARD = 1234567 };
    int32_t sequence[MOST], x[(2 * MOST - 1) * MOST + 1], y[(2 * MOST - 1) * MOST + 1];

    (void)state;
    for (int32_t i = 0; i < MOST; i++)
        sequence[i] = 100 + i;
    for (size_t length = 1; length <= MOST; length++)
        for (size_t n_in = 1; n_in <= length; n_in++)
            for (size_t n_out = 1; n_out <= n_in; n_out++)
                for (int k = SEQECHO_ROWS_COMPLETE; k <= SEQECHO_ROWS_PAD_BOTH; k++) {
                    const seqecho_rows keep = (seqecho_rows)k;
                    const size_t rows = seqecho_supervised_rows(length, n_in, keep);
                    const size_t lead = keep == SEQECHO_ROWS_COMPLETE ? 0 : n_in - 1;

                    x[rows * n_in] = y[rows * n_out] = GUARD;
                    assert_int_equal(seqecho_to_supervised_int32(sequence, length, n_in,
                                                                 n_out, keep, PAD, x, y),
                                     0);
                    for (size_t r = 0; r < rows; r++)
                        for (size_t t = 0; t < n_in; t++) {
                            const bool real = r + t >= lead && r + t - lead < length;
                            const int32_t want = real ? sequence[r + t - lead] : PAD;

                            assert_int_equal(x[r * n_in + t], want);
                            if (t < n_out)
                                assert_int_equal(y[r * n_out + t], want);
                        }
                    assert_int_equal(x[rows * n_in], GUARD);
                    assert_int_equal(y[rows * n_out], GUARD);
                }
}

static void framing_refuses(void **state)
{
    const seqecho_rows keep = SEQECHO_ROWS_COMPLETE;
    int32_t x[1], y[1];

    (void)state;
    assert_refused(
        seqecho_to_supervised_int32(tutorial, 25, 5, 6, keep, PAD, x, y), SEQECHO_EINVAL,
        "to_supervised_int32: n_out is 6, but the window has only n_in = 5 steps");
    assert_refused(seqecho_to_supervised_int32(tutorial, 25, 26, 3, keep, PAD, x, y),
                   SEQECHO_EINVAL,
                   "to_supervised_int32: n_in is 26, but the sequence has only length = 25 "
                   "steps");
    assert_refused(seqecho_to_supervised_int32(tutorial, 0, 1, 1, keep, PAD, x, y),
                   SEQECHO_EINVAL,
                   "to_supervised_int32: n_in is 1, but the sequence has only length = 0 "
                   "steps");
    assert_refused(seqecho_to_supervised_int32(tutorial, 25, 0, 0, keep, PAD, x, y),
                   SEQECHO_EINVAL, "to_supervised_int32: n_in is 0, expected at least 1");
    assert_refused(seqecho_to_supervised_int32(tutorial, 25, 5, 0, keep, PAD, x, y),
                   SEQECHO_EINVAL, "to_supervised_int32: n_out is 0, expected at least 1");
    assert_refused(
        seqecho_to_supervised_int32(tutorial, 25, 5, 3, (seqecho_rows)3, PAD, x, y),
        SEQECHO_EINVAL, "to_supervised_int32: keep is 3, expected a SEQECHO_ROWS_* value");
    assert_refused(seqecho_to_supervised_int32(NULL, 25, 5, 3, keep, PAD, x, y),
                   SEQECHO_EINVAL,
                   "to_supervised_int32: sequence is NULL, expected an array");
    assert_refused(seqecho_to_supervised_int32(tutorial, 25, 5, 3, keep, PAD, NULL, y),
                   SEQECHO_EINVAL, "to_supervised_int32: x is NULL, expected an array");
    assert_refused(seqecho_to_supervised_int32(tutorial, 25, 5, 3, keep, PAD, x, NULL),
                   SEQECHO_EINVAL, "to_supervised_int32: y is NULL, expected an array");
}

static void framing_refuses_what_no_array_could_hold(void **state)
{
    const size_t two_31 = (size_t)1 << 31, two_62 = (size_t)1 << 62;
    const float sequence[1] = { 0.0f };
    float x[1], y[1];

    (void)state;
    assert_refused(
        seqecho_to_supervised(sequence, 1, 0, 1, 1, SEQECHO_ROWS_COMPLETE, 0.0f, x, y),
        SEQECHO_EINVAL, "to_supervised: width is 0, expected at least 1");
    assert_refused(seqecho_to_supervised(sequence, two_31, two_31, 1, 1,
                                         SEQECHO_ROWS_COMPLETE, 0.0f, x, y),
                   SEQECHO_EINVAL,
                   "to_supervised: the rows of length = 2147483648, n_in = 1, "
                   "width = 2147483648 do not fit the address space");
    assert_refused(
        seqecho_to_supervised(sequence, two_62, 1, 2, 1, SEQECHO_ROWS_COMPLETE, 0.0f, x, y),
        SEQECHO_EINVAL,
        "to_supervised: the rows of length = 4611686018427387904, n_in = 2, "
        "width = 1 do not fit the address space");
    assert_refused(seqecho_to_supervised(sequence, SIZE_MAX, 1, SIZE_MAX, 1,
                                         SEQECHO_ROWS_PAD_BOTH, 0.0f, x, y),
                   SEQECHO_EINVAL,
                   "to_supervised: the rows of length = 18446744073709551615, "
                   "n_in = 18446744073709551615, width = 1 do not fit the address space");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_counted),
        cmocka_unit_test(tutorial_pairs_come_out),
        cmocka_unit_test(padding_at_the_start_adds_leading_rows),
        cmocka_unit_test(padding_at_both_ends_adds_trailing_rows_too),
        cmocka_unit_test(window_of_the_whole_sequence),
        cmocka_unit_test(window_of_one_step),
        cmocka_unit_test(steps_may_be_rows_of_floats),
        cmocka_unit_test(all_small_sizes_obey_the_definition),
        cmocka_unit_test(framing_refuses),
        cmocka_unit_test(framing_refuses_what_no_array_could_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
