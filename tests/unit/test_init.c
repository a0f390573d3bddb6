/* test_init.c - initial weights: their distributions, and what they depend on.
 * SPDX-License-Identifier: MIT */
#include "layers/layer.h"

#include "base/alloc.h"
#include "close.h"
#include "counting_alloc.h"

static void fill(const se_weight *w, uint64_t seed, uint64_t stream, float *values)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);

    assert_int_equal(se_init_weight(w, seed, stream, &hook, values), 0);
    assert_int_equal(blocks.live, 0);
}

static se_weight matrix(seqecho_init init, int64_t rows, int64_t cols)
{
    return (se_weight){ .init = init, .rank = 2, .dim = { rows, cols } };
}

typedef struct moments {
    double mean, sd, lowest, highest;
} moments;

static moments measure(const float *values, size_t n)
{
    moments m = { 0.0, 0.0, (double)INFINITY, -(double)INFINITY };
    double squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double v = (double)values[i];

        m.mean += v / (double)n;
        squares += v * v / (double)n;
        m.lowest = fmin(m.lowest, v);
        m.highest = fmax(m.highest, v);
    }
    m.sd = sqrt(squares - m.mean * m.mean);
    return m;
}

enum { ROWS = 150, COLS = 400, N = ROWS * COLS };
static float values[N], other[N];

/* Uniform within a limit: nearly touched, never passed, flat, centred. */
static void check_uniform(seqecho_init init, double limit)
{
    const se_weight w = matrix(init, ROWS, COLS);
    size_t quarters[4] = { 0 };
    moments m;

    fill(&w, 42, 3, values);
    m = measure(values, N);
    assert_true(m.lowest >= -limit * 1.000001 && m.lowest < -0.999 * limit);
    assert_true(m.highest <= limit * 1.000001 && m.highest > 0.999 * limit);
    assert_close_double(m.mean, 0.0, 0, limit * 0.01);
    assert_close_double(m.sd, limit / sqrt(3.0), 0.01, 0);
    for (size_t i = 0; i < N; i++)
        quarters[(size_t)fmin(3.0, 2.0 + 2.0 * (double)values[i] / limit)]++;
    for (size_t i = 0; i < 4; i++)
        assert_close_double((double)quarters[i], N / 4.0, 0.02, 0);
}

static void uniforms(void **state)
{
    (void)state;
    check_uniform(SEQECHO_INIT_GLOROT_UNIFORM, sqrt(6.0 / (ROWS + COLS)));
    check_uniform(SEQECHO_INIT_HE_UNIFORM, sqrt(6.0 / ROWS));
    check_uniform(SEQECHO_INIT_UNIFORM, 0.05);
}

/* The deviation asked for is that after the cut, as in Keras. */
static void he_normal(void **state)
{
    const se_weight w = matrix(SEQECHO_INIT_HE_NORMAL, ROWS, COLS);
    const double sd = sqrt(2.0 / ROWS), cut = 2.0 * sd / 0.87962566103423978;
    size_t inside = 0;
    moments m;

    (void)state;
    fill(&w, 42, 3, values);
    m = measure(values, N);
    assert_close_double(m.mean, 0.0, 0, sd * 0.02);
    assert_close_double(m.sd, sd, 0.01, 0);
    assert_true(m.lowest >= -cut * 1.000001 && m.lowest < -0.98 * cut);
    assert_true(m.highest <= cut * 1.000001 && m.highest > 0.98 * cut);
    for (size_t i = 0; i < N; i++)
        inside += fabs((double)values[i]) < cut / 2.0;
    assert_close_double((double)inside / N, 0.6826895 / 0.9544997, 0.01, 0);
}

/* Rows, or columns if they are fewer, of length one and at right angles. */
static void orthogonal(void **state)
{
    static const int64_t sizes[][2] = { { 20, 80 }, { 80, 20 }, { 30, 30 },  { 1, 4 },
                                        { 5, 1 },   { 1, 1 },   { 150, 400 } };

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t rows = sizes[s][0], cols = sizes[s][1];
        const se_weight w = matrix(SEQECHO_INIT_ORTHOGONAL, rows, cols);
        const bool wide = rows < cols;
        const int64_t count = wide ? rows : cols, length = wide ? cols : rows;
        const int64_t step = wide ? 1 : cols, next = wide ? cols : 1;

        fill(&w, 7, s, values);
        for (int64_t a = 0; a < count; a++)
            for (int64_t b = 0; b <= a; b++) {
                double dot = 0.0;

                for (int64_t i = 0; i < length; i++)
                    dot += (double)values[a * next + i * step] *
                           (double)values[b * next + i * step];
                assert_close_double(dot, a == b ? 1.0 : 0.0, 0, 2e-6);
            }
    }
}

/* Uniform over directions: each component of a row has the same size on average. */
static void orthogonal_has_no_favourite_direction(void **state)
{
    const se_weight w = matrix(SEQECHO_INIT_ORTHOGONAL, 4, 16);
    double squares[64] = { 0.0 }, sums[64] = { 0.0 };

    (void)state;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        fill(&w, seed, 0, values);
        for (size_t i = 0; i < 64; i++) {
            squares[i] += (double)values[i] * (double)values[i] / 4000.0;
            sums[i] += (double)values[i] / 4000.0;
        }
    }
    for (size_t i = 0; i < 64; i++) {
        assert_close_double(squares[i], 1.0 / 16.0, 0.12, 0);
        assert_close_double(sums[i], 0.0, 0, 0.02);
    }
}

static void constants(void **state)
{
    static const seqecho_init inits[] = { SEQECHO_INIT_ZEROS, SEQECHO_INIT_ONES };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const se_weight w = matrix(inits[i], 3, 5);

        memset(values, 0x55, sizeof values);
        fill(&w, 1, 1, values);
        for (size_t k = 0; k < 15; k++)
            assert_close_double((double)values[k], (double)i, 0, 0);
    }
}

/* The second quarter of an LSTM's bias, whatever the rest is. */
static void forget_gates(void **state)
{
    static const seqecho_init inits[] = { SEQECHO_INIT_ZEROS, SEQECHO_INIT_UNIFORM };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        se_weight w = { .init = inits[i], .rank = 1, .dim = { 40, 0 } };

        fill(&w, 5, 2, other);
        w.unit_forget_bias = true;
        fill(&w, 5, 2, values);
        assert_same_bits(values, other, 10);
        assert_same_bits(values + 20, other + 20, 20);
        for (size_t k = 10; k < 20; k++)
            assert_close_double((double)values[k], 1.0, 0, 0);
    }
}

/* The fans of a vector are both its length. */
static void vectors(void **state)
{
    const se_weight w = { .init = SEQECHO_INIT_GLOROT_UNIFORM,
                          .rank = 1,
                          .dim = { 10000, 0 } };
    moments m;

    (void)state;
    fill(&w, 1, 1, values);
    m = measure(values, 10000);
    assert_close_double(m.highest, sqrt(6.0 / 20000.0), 0.01, 0);
}

/* On seed, stream and shape, and on nothing else. */
static void dependence(void **state)
{
    static const seqecho_init inits[] = { SEQECHO_INIT_GLOROT_UNIFORM,
                                          SEQECHO_INIT_ORTHOGONAL, SEQECHO_INIT_UNIFORM,
                                          SEQECHO_INIT_HE_UNIFORM, SEQECHO_INIT_HE_NORMAL };

    (void)state;
    for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
        const se_weight w = matrix(inits[i], 20, 30);

        fill(&w, 1, 2, values);
        fill(&w, 1, 2, other);
        assert_same_bits(values, other, 600);
        fill(&w, 2, 2, other);
        assert_true(memcmp(values, other, 600 * sizeof *values) != 0);
        fill(&w, 1, 3, other);
        assert_true(memcmp(values, other, 600 * sizeof *values) != 0);
        fill(&w, UINT64_C(1) << 32, 2, other);
        assert_true(memcmp(values, other, 600 * sizeof *values) != 0);
    }
}

static void known_values(void **state)
{
    (void)state;
    assert_false(se_init_known(SEQECHO_INIT_DEFAULT));
    assert_true(se_init_known(SEQECHO_INIT_GLOROT_UNIFORM));
    assert_true(se_init_known(SEQECHO_INIT_ONES));
    assert_false(se_init_known((seqecho_init)(SEQECHO_INIT_ONES + 1)));
    assert_false(se_init_known((seqecho_init)-1));
}

static void no_memory_for_orthogonal(void **state)
{
    counting_alloc blocks = { .fail_at = 1 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    const se_weight w = matrix(SEQECHO_INIT_ORTHOGONAL, 4, 8);

    (void)state;
    assert_int_equal(se_init_weight(&w, 1, 1, &hook, values), SEQECHO_ENOMEM);
    assert_non_null(strstr(seqecho_error_message(), "orthogonal initialiser"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniforms),
        cmocka_unit_test(he_normal),
        cmocka_unit_test(orthogonal),
        cmocka_unit_test(orthogonal_has_no_favourite_direction),
        cmocka_unit_test(constants),
        cmocka_unit_test(forget_gates),
        cmocka_unit_test(vectors),
        cmocka_unit_test(dependence),
        cmocka_unit_test(known_values),
        cmocka_unit_test(no_memory_for_orthogonal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
