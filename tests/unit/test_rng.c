/* test_rng.c - Philox against its published vectors; draws are frozen, uniform, unbiased.
 * SPDX-License-Identifier: MIT */
#include "base/rng.h"

#include "close.h"

/* tests/kat_vectors of Random123: counter, key, result. */
static void philox_gives_the_published_blocks(void **state)
{
    static const uint32_t known[][10] = {
        { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
          0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
          0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];

        se_philox(known[i], known[i] + 4, out);
        assert_memory_equal(out, known[i] + 6, sizeof out);
    }
}

/* Seeds that somebody stored must give these in every version. */
static void streams_are_frozen(void **state)
{
    static const uint32_t sequences[] = { 0xe3e80670, 0xe50a0ebc, 0x95f222c0, 0xb615aa27,
                                          0xac08141b, 0xdfc5ccbe, 0x79c07a47, 0xa7f66093,
                                          0x3f55b3f0, 0x8e76cc9d };
    static const uint32_t weights[] = { 0x89062383, 0x37792192, 0xf814e11b, 0xcb92b7bf };
    se_rng rng;

    (void)state;
    se_rng_init(&rng, 1, SE_RNG_SEQUENCES, 0);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(se_rng_u32(&rng), sequences[i]);
    se_rng_init(&rng, 1, SE_RNG_WEIGHTS, 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(se_rng_u32(&rng), weights[i]);
}

static void stream_is_the_cipher_of_its_counters(void **state)
{
    const uint64_t seed = UINT64_C(0x0123456789abcdef),
                   stream = UINT64_C(0xfedcba9876543210);
    const uint32_t key[2] = { 0x89abcdef, 0x01234567 };
    se_rng rng;

    (void)state;
    se_rng_init(&rng, seed, SE_RNG_WEIGHTS, stream);
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = { block, 1u << 24, 0x76543210, 0xfedcba98 };
        uint32_t out[4];

        se_philox(counter, key, out);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(se_rng_u32(&rng), out[i]);
    }
}

/* The counter's halves are joined: the block after 2^32 - 1 is 2^32. */
static void blocks_count_past_32_bits(void **state)
{
    const uint32_t key[2] = { 5, 0 }, counter[4] = { 0, 1, 9, 0 };
    uint32_t out[4];
    se_rng rng;

    (void)state;
    se_rng_init(&rng, 5, SE_RNG_SEQUENCES, 9);
    rng.block = UINT32_MAX;
    for (size_t i = 0; i < 4; i++)
        (void)se_rng_u32(&rng);
    se_philox(counter, key, out);
    assert_int_equal(se_rng_u32(&rng), out[0]);
}

/* Chi-square of the counts of `draws` numbers below n. */
static double chi_square(uint64_t seed, uint32_t n, size_t draws)
{
    size_t count[1000] = { 0 };
    double expected = (double)draws / n, sum = 0.0;
    se_rng rng;

    assert_true(n <= 1000);
    se_rng_init(&rng, seed, SE_RNG_SEQUENCES, 0);
    for (size_t i = 0; i < draws; i++) {
        const uint32_t value = se_rng_below(&rng, n);

        assert_true(value < n);
        count[value]++;
    }
    for (size_t i = 0; i < n; i++)
        sum += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
    return sum;
}

/* With n - 1 degrees of freedom the mean is n - 1 and the variance 2 (n - 1); five
 * standard deviations either way also catch numbers that are too even. */
static void below_is_uniform(void **state)
{
    static const uint32_t n[] = { 2, 3, 7, 10, 25, 100, 128, 999, 1000 };

    (void)state;
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        const double mean = n[i] - 1.0;
        const double got = chi_square(100 + i, n[i], 200000);

        assert_true(fabs(got - mean) < 5.0 * sqrt(2.0 * mean));
    }
}

/* Of n = 3 2^30, a product without rejection gives every third value twice as often as the
 * two others: classes of the value modulo 3 show it at once. */
static void below_refuses_the_biased_products(void **state)
{
    enum { DRAWS = 90000 };
    const uint32_t n = UINT32_C(3) << 30;
    size_t count[3] = { 0 };
    double sum = 0.0;
    se_rng rng;

    (void)state;
    se_rng_init(&rng, 7, SE_RNG_SEQUENCES, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        const uint32_t value = se_rng_below(&rng, n);

        assert_true(value < n);
        count[value % 3]++;
    }
    for (size_t i = 0; i < 3; i++)
        sum += ((double)count[i] - DRAWS / 3.0) * ((double)count[i] - DRAWS / 3.0);
    assert_true(sum / (DRAWS / 3.0) < 20.0); /* 2 degrees of freedom: 1 in 20000 */
}

static void below_covers_its_extremes(void **state)
{
    se_rng rng;
    uint32_t most = 0;

    (void)state;
    se_rng_init(&rng, 3, SE_RNG_SEQUENCES, 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(se_rng_below(&rng, 1), 0);
    for (size_t i = 0; i < 1000; i++) {
        const uint32_t value = se_rng_below(&rng, UINT32_MAX);

        assert_true(value < UINT32_MAX);
        most = value > most ? value : most;
    }
    assert_true(most > UINT32_MAX - UINT32_MAX / 100);
}

static void uniform_is_a_fraction_of_its_word(void **state)
{
    se_rng words, rng;
    double sum = 0.0;

    (void)state;
    se_rng_init(&words, 11, SE_RNG_WEIGHTS, 4);
    rng = words;
    for (size_t i = 0; i < 100000; i++) {
        const double value = se_rng_uniform(&rng);

        assert_true(value >= 0.0 && value < 1.0);
        assert_true(value == se_rng_u32(&words) / 4294967296.0);
        sum += value;
    }
    assert_close_double(sum / 100000, 0.5, 0.0, 0.005); /* five standard errors */
}

static void normal_is_frozen(void **state)
{
    static const double first[] = { 0.23228181373928466, 0.070250867879407514,
                                    1.167601809306567, 1.0403766507181766 };
    se_rng rng;

    (void)state;
    se_rng_init(&rng, 1, SE_RNG_WEIGHTS, 0);
    for (size_t i = 0; i < 4; i++)
        assert_close_double(se_rng_normal(&rng), first[i], 1e-14, 0.0);
}

static void normal_has_the_moments_of_one(void **state)
{
    enum { DRAWS = 100000 };
    double sum[5] = { 0.0 };
    se_rng rng;

    (void)state;
    se_rng_init(&rng, 2, SE_RNG_WEIGHTS, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        const double x = se_rng_normal(&rng);
        double power = 1.0;

        assert_true(isfinite(x));
        for (size_t k = 1; k < 5; k++)
            sum[k] += power *= x;
    }
    assert_close_double(sum[1] / DRAWS, 0.0, 0.0, 0.016); /* five standard errors each */
    assert_close_double(sum[2] / DRAWS, 1.0, 0.0, 0.023);
    assert_close_double(sum[3] / DRAWS, 0.0, 0.0, 0.062);
    assert_close_double(sum[4] / DRAWS, 3.0, 0.0, 0.155);
}

/* A first word of 0 would be log(0) if it were not moved up by one. */
static void normal_is_finite_for_a_word_of_zero(void **state)
{
    se_rng rng = { .word = { 0, 0, UINT32_MAX, 0 }, .left = 4 };

    (void)state;
    assert_close_double(se_rng_normal(&rng), sqrt(64.0 * log(2.0)), 1e-15, 0.0);
    assert_true(se_rng_normal(&rng) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_blocks),
        cmocka_unit_test(streams_are_frozen),
        cmocka_unit_test(stream_is_the_cipher_of_its_counters),
        cmocka_unit_test(blocks_count_past_32_bits),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(below_refuses_the_biased_products),
        cmocka_unit_test(below_covers_its_extremes),
        cmocka_unit_test(uniform_is_a_fraction_of_its_word),
        cmocka_unit_test(normal_is_frozen),
        cmocka_unit_test(normal_has_the_moments_of_one),
        cmocka_unit_test(normal_is_finite_for_a_word_of_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
