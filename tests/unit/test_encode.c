/* test_encode.c - drawing sequences, and their one-hot and linear encodings.
 * SPDX-License-Identifier: MIT */
#include <seqecho/dataset.h>

#include "close.h"
#include "refuse.h"

#define ADDRESS_SPACE ((size_t)PTRDIFF_MAX)

/* ---- seqecho_generate_sequence ------------------------------------------------------ */

/* Computed by another implementation of the documented stream.  Never to change. */
static void sequences_are_frozen(void **state)
{
    static const int32_t seed_1[] = { 89, 89, 58, 71, 67, 87, 47, 65, 24, 55 };
    static const int32_t next[] = { 2, 25, 22, 42, 23, 93, 81, 35, 48, 66 };
    static const int32_t high_bits[] = { 56, 17, 7, 59, 11, 42, 56, 35, 63, 14 };
    static const int32_t widest[] = { 1911817015, 1921320797, 1257836895, 1527436562,
                                      1443105292, 1877141086, 1021328675, 1408970824,
                                      531290615,  1195075149 };
    static const int32_t rejecting[] = { 1440990598, 1145577422, 1407855815, 765996506,
                                         896306362,  1148575733, 1484321900, 1220242908,
                                         58857925,   230917881 };
    seqecho_rng rng = { 1, 0 };
    int32_t out[10];

    (void)state;
    assert_int_equal(seqecho_generate_sequence(&rng, 100, out, 10), 0);
    assert_memory_equal(out, seed_1, sizeof out);
    assert_int_equal(seqecho_generate_sequence(&rng, 100, out, 10), 0);
    assert_memory_equal(out, next, sizeof out);
    assert_int_equal(rng.seed, 1);
    assert_int_equal(rng.position, 2);

    rng = (seqecho_rng){ UINT64_C(0x123456789abcdef0), UINT64_C(0xfedcba9876543210) };
    assert_int_equal(seqecho_generate_sequence(&rng, 100, out, 10), 0);
    assert_memory_equal(out, high_bits, sizeof out);

    rng = (seqecho_rng){ 1, 0 };
    assert_int_equal(seqecho_generate_sequence(&rng, INT32_MAX, out, 10), 0);
    assert_memory_equal(out, widest, sizeof out);
    rng.position = 0;
    assert_int_equal(seqecho_generate_sequence(&rng, INT64_C(3) << 29, out, 10), 0);
    assert_memory_equal(out, rejecting, sizeof out);
}

/* A sequence depends on its length only by being cut. */
static void shorter_sequence_is_a_prefix(void **state)
{
    int32_t whole[25], part[25];
    seqecho_rng rng = { 42, 7 };

    (void)state;
    assert_int_equal(seqecho_generate_sequence(&rng, 100, whole, 25), 0);
    for (size_t length = 0; length <= 25; length++) {
        rng.position = 7;
        assert_int_equal(seqecho_generate_sequence(&rng, 100, part, length), 0);
        assert_memory_equal(part, whole, length * sizeof *part);
        assert_int_equal(rng.position, 8);
    }
}

static void generate_refuses(void **state)
{
    seqecho_rng rng = { 1, 5 };
    int32_t out[4] = { -7, -7, -7, -7 };

    (void)state;
    assert_refused(seqecho_generate_sequence(NULL, 100, out, 4), SEQECHO_EINVAL,
                   "generate_sequence: rng is NULL");
    assert_refused(seqecho_generate_sequence(&rng, 0, out, 4), SEQECHO_EINVAL,
                   "generate_sequence: n_unique is 0, expected 1 to 2147483647");
    assert_refused(seqecho_generate_sequence(&rng, -3, out, 4), SEQECHO_EINVAL,
                   "generate_sequence: n_unique is -3, expected 1 to 2147483647");
    assert_refused(seqecho_generate_sequence(&rng, INT64_C(1) << 31, out, 4),
                   SEQECHO_EINVAL,
                   "generate_sequence: n_unique is 2147483648, expected 1 to 2147483647");
    assert_refused(seqecho_generate_sequence(&rng, INT64_MIN, out, 4), SEQECHO_EINVAL,
                   "generate_sequence: n_unique is -9223372036854775808, "
                   "expected 1 to 2147483647");
    assert_refused(seqecho_generate_sequence(&rng, 100, NULL, 4), SEQECHO_EINVAL,
                   "generate_sequence: out is NULL, expected an array for length = 4");
    assert_int_equal(rng.position, 5);
    assert_int_equal(out[0], -7);
    assert_int_equal(seqecho_generate_sequence(&rng, 1, out, 4), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(out[i], 0);
}

/* ---- One-hot ------------------------------------------------------------------------ */

static void one_hot_sets_one_number_a_step(void **state)
{
    static const int32_t sequence[] = { 3, 0, 4, 3 };
    static const float want[] = {
        0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0
    };
    float out[20];
    int32_t back[4];

    (void)state;
    memset(out, 0xff, sizeof out);
    assert_int_equal(seqecho_one_hot_encode(sequence, 4, 5, out), 0);
    assert_same_bits(out, want, 20);
    assert_int_equal(seqecho_one_hot_decode(out, 4, 5, back), 0);
    assert_memory_equal(back, sequence, sizeof back);
}

static void one_hot_encode_refuses(void **state)
{
    static const int32_t sequence[] = { 3, 0, 5, -1 }, negative[] = { 0, -1 };
    float out[20];

    (void)state;
    for (size_t i = 0; i < 20; i++)
        out[i] = 7.0f;
    assert_refused(seqecho_one_hot_encode(sequence, 4, 5, out), SEQECHO_EINVAL,
                   "one_hot_encode: sequence[2] is 5, expected a value in [0, 5)");
    assert_refused(seqecho_one_hot_encode(negative, 2, 5, out), SEQECHO_EINVAL,
                   "one_hot_encode: sequence[1] is -1, expected a value in [0, 5)");
    for (size_t i = 0; i < 20; i++)
        assert_true(out[i] == 7.0f);
    assert_refused(seqecho_one_hot_encode(NULL, 4, 5, out), SEQECHO_EINVAL,
                   "one_hot_encode: sequence is NULL, expected an array for length = 4");
    assert_refused(seqecho_one_hot_encode(sequence, 4, 5, NULL), SEQECHO_EINVAL,
                   "one_hot_encode: out is NULL, expected an array for length = 4");
    assert_refused(seqecho_one_hot_encode(sequence, 4, 0, out), SEQECHO_EINVAL,
                   "one_hot_encode: n_unique is 0, expected 1 to 2147483647");
    assert_refused(seqecho_one_hot_encode(sequence, 4, INT64_MIN, out), SEQECHO_EINVAL,
                   "one_hot_encode: n_unique is -9223372036854775808, "
                   "expected 1 to 2147483647");
    assert_refused(seqecho_one_hot_encode(sequence, ADDRESS_SPACE / 8, 3, out),
                   SEQECHO_EINVAL,
                   "one_hot_encode: 1152921504606846975 steps of 3 numbers do not fit the "
                   "address space");
    assert_int_equal(seqecho_one_hot_encode(NULL, 0, 5, NULL), 0);
}

static void one_hot_decode_finds_the_first_largest(void **state)
{
    static const float rows[][3] = {
        { 0.1f, 0.7f, 0.2f },
        { 0.5f, 0.5f, 0.0f },
        { 0.0f, 0.5f, 0.5f },
        { -3.0f, -2.0f, -1.0f },
        { 0.0f, -0.0f, 0.0f },
        { -INFINITY, -INFINITY, -INFINITY },
        { 1.0f, INFINITY, INFINITY },
        { NAN, 0.0f, 1.0f },
        { 1.0f, NAN, 0.0f },
        { NAN, -INFINITY, NAN },
        { NAN, NAN, NAN },
    };
    static const int32_t want[] = { 1, 0, 1, 2, 0, 0, 1, 2, 0, 1, 0 };
    int32_t out[11];

    (void)state;
    assert_int_equal(seqecho_one_hot_decode(rows[0], 11, 3, out), 0);
    assert_memory_equal(out, want, sizeof out);
}

static void one_hot_decode_refuses(void **state)
{
    float encoded[4] = { 0.0f };
    int32_t out[4];

    (void)state;
    assert_refused(seqecho_one_hot_decode(NULL, 2, 2, out), SEQECHO_EINVAL,
                   "one_hot_decode: encoded is NULL, expected an array for length = 2");
    assert_refused(seqecho_one_hot_decode(encoded, 2, 2, NULL), SEQECHO_EINVAL,
                   "one_hot_decode: out is NULL, expected an array for length = 2");
    assert_refused(seqecho_one_hot_decode(encoded, 2, -1, out), SEQECHO_EINVAL,
                   "one_hot_decode: n_unique is -1, expected 1 to 2147483647");
    assert_refused(seqecho_one_hot_decode(encoded, SIZE_MAX, 2, out), SEQECHO_EINVAL,
                   "one_hot_decode: 18446744073709551615 steps of 2 numbers do not fit the "
                   "address space");
    assert_int_equal(seqecho_one_hot_decode(NULL, 0, 2, NULL), 0);
}

/* ---- Linear ------------------------------------------------------------------------- */

static void linear_spreads_over_0_to_1(void **state)
{
    static const int32_t sequence[] = { 0, 33, 99 };
    static const float want[] = { 0.0f, 33.0f / 99.0f, 1.0f };
    float out[3];

    (void)state;
    assert_int_equal(seqecho_linear_encode(sequence, 3, 100, out), 0);
    assert_same_bits(out, want, 3);
    assert_int_equal(seqecho_linear_encode(sequence, 1, 1, out), 0);
    assert_true(out[0] == 0.0f);
}

/* A float keeps values apart up to about 2^23 of them. */
static void linear_round_trip_is_exact(void **state)
{
    static const int64_t unique[] = { 1, 2, 3, 100, 1000, 65537, INT64_C(1) << 23 };

    (void)state;
    for (size_t i = 0; i < sizeof unique / sizeof *unique; i++) {
        const int64_t step = unique[i] > 5000 ? unique[i] / 4999 : 1;

        for (int64_t value = 0; value < unique[i]; value += step) {
            const int32_t in = (int32_t)value;
            float encoded;
            int32_t out;

            assert_int_equal(seqecho_linear_encode(&in, 1, unique[i], &encoded), 0);
            assert_int_equal(seqecho_linear_decode(&encoded, 1, unique[i], &out), 0);
            assert_int_equal(out, in);
        }
    }
}

static void linear_decode_rounds_and_clamps(void **state)
{
    static const float encoded[] = { 0.0f,     0.049f,    0.051f, 0.449f, 0.451f,
                                     0.951f,   1.0f,      -0.2f,  1.04f,  1e30f,
                                     INFINITY, -INFINITY, NAN };
    static const int32_t want[] = { 0, 0, 1, 4, 5, 10, 10, 0, 10, 10, 10, 0, 0 };
    static const float top = 1.0f;
    int32_t out[13];

    (void)state;
    assert_int_equal(seqecho_linear_decode(encoded, 13, 11, out), 0);
    assert_memory_equal(out, want, sizeof out);
    assert_int_equal(seqecho_linear_decode(encoded, 13, 1, out), 0);
    for (size_t i = 0; i < 13; i++)
        assert_int_equal(out[i], 0);
    assert_int_equal(seqecho_linear_decode(&top, 1, INT32_MAX, out), 0);
    assert_int_equal(out[0], INT32_MAX - 1);
}

static void linear_refuses(void **state)
{
    static const int32_t sequence[] = { 0, 5 };
    float values[2] = { 7.0f, 7.0f };
    int32_t out[2] = { -7, -7 };

    (void)state;
    assert_refused(seqecho_linear_encode(sequence, 2, 5, values), SEQECHO_EINVAL,
                   "linear_encode: sequence[1] is 5, expected a value in [0, 5)");
    assert_refused(seqecho_linear_encode(sequence, 2, 0, values), SEQECHO_EINVAL,
                   "linear_encode: n_unique is 0, expected 1 to 2147483647");
    assert_refused(seqecho_linear_encode(NULL, 2, 5, values), SEQECHO_EINVAL,
                   "linear_encode: sequence is NULL, expected an array for length = 2");
    assert_refused(seqecho_linear_encode(sequence, 2, 5, NULL), SEQECHO_EINVAL,
                   "linear_encode: out is NULL, expected an array for length = 2");
    assert_refused(seqecho_linear_encode(sequence, ADDRESS_SPACE, 5, values),
                   SEQECHO_EINVAL,
                   "linear_encode: 9223372036854775807 steps of 1 numbers do not fit the "
                   "address space");
    assert_refused(seqecho_linear_decode(values, 2, INT64_MIN, out), SEQECHO_EINVAL,
                   "linear_decode: n_unique is -9223372036854775808, "
                   "expected 1 to 2147483647");
    assert_refused(seqecho_linear_decode(NULL, 2, 5, out), SEQECHO_EINVAL,
                   "linear_decode: encoded is NULL, expected an array for length = 2");
    assert_refused(seqecho_linear_decode(values, 2, 5, NULL), SEQECHO_EINVAL,
                   "linear_decode: out is NULL, expected an array for length = 2");
    assert_true(values[0] == 7.0f && out[0] == -7);
    assert_int_equal(seqecho_linear_encode(NULL, 0, 5, NULL), 0);
    assert_int_equal(seqecho_linear_decode(NULL, 0, 5, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_frozen),
        cmocka_unit_test(shorter_sequence_is_a_prefix),
        cmocka_unit_test(generate_refuses),
        cmocka_unit_test(one_hot_sets_one_number_a_step),
        cmocka_unit_test(one_hot_encode_refuses),
        cmocka_unit_test(one_hot_decode_finds_the_first_largest),
        cmocka_unit_test(one_hot_decode_refuses),
        cmocka_unit_test(linear_spreads_over_0_to_1),
        cmocka_unit_test(linear_round_trip_is_exact),
        cmocka_unit_test(linear_decode_rounds_and_clamps),
        cmocka_unit_test(linear_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
