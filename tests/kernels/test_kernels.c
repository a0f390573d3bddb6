/* test_kernels.c - every other slot of every table against plain C in double precision, and
 * the tables against each other, bit by bit.
 * SPDX-License-Identifier: MIT
 *
 * Lengths are 0, 1 and those around the widths of vectors; guarded arrays catch what is
 * read or written beyond them. */
#include "harness.h"

#include <float.h>

static const int64_t length[] = { 0,  1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,  20,
                                  31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 129, 257, 1000 };

#define LENGTHS (sizeof length / sizeof length[0])

static size_t count(int64_t a, int64_t b)
{
    return (size_t)a * (size_t)b;
}

/* ---- Rows picked by number ---------------------------------------------------------- */

#define INDEX_ROWS 6
#define TABLE_ROWS 5

static const int32_t picked[INDEX_ROWS] = { 4, 0, 2, 2, 1, 2 }; /* row 3 never */

static void test_gather(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        const int64_t cols = length[l];
        guarded w = guarded_random(count(TABLE_ROWS, cols), 1.0F);
        guarded bias = guarded_random((size_t)cols, 1.0F);

        FOR_EACH_TABLE(k)
        {
            guarded plain = guarded_new(count(INDEX_ROWS, cols));
            guarded biased = guarded_new(count(INDEX_ROWS, cols));

            k->gather(INDEX_ROWS, cols, picked, w.data, NULL, plain.data);
            k->gather(INDEX_ROWS, cols, picked, w.data, bias.data, biased.data);
            for (int64_t r = 0; r < INDEX_ROWS; r++)
                for (int64_t c = 0; c < cols; c++) {
                    const float want = w.data[picked[r] * cols + c];
                    const float want_biased = bias.data[c] + want;

                    assert_same_bits(&plain.data[r * cols + c], &want, 1);
                    assert_same_bits(&biased.data[r * cols + c], &want_biased, 1);
                }
            guarded_free(&biased);
            guarded_free(&plain);
        }
        guarded_free(&bias);
        guarded_free(&w);
    }
}

static void test_scatter_add(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        const int64_t cols = length[l];
        guarded x = guarded_random(count(INDEX_ROWS, cols), 1.0F);
        guarded before = guarded_random(count(TABLE_ROWS, cols), 1.0F);

        FOR_EACH_TABLE(k)
        {
            guarded w = guarded_copy(&before), want = guarded_copy(&before);

            for (int64_t r = 0; r < INDEX_ROWS; r++)
                for (int64_t c = 0; c < cols; c++)
                    want.data[picked[r] * cols + c] += x.data[r * cols + c];
            k->scatter_add(INDEX_ROWS, cols, picked, x.data, w.data, 0, INT64_MAX);
            assert_same_bits(w.data, want.data, w.n);
            memcpy(w.data, before.data, w.n * sizeof *w.data);
            for (int64_t first = 0; first < TABLE_ROWS; first += 2) /* in any order */
                k->scatter_add(INDEX_ROWS, cols, picked, x.data, w.data, first, first + 2);
            assert_same_bits(w.data, want.data, w.n);
            guarded_free(&want);
            guarded_free(&w);
        }
        guarded_free(&before);
        guarded_free(&x);
    }
}

static void test_column_sum(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++)
        for (int64_t rows = 0; rows < 5; rows++) {
            const int64_t cols = length[l], x_row = cols + 3;
            /* The last row ends with its last column. */
            guarded x = guarded_random(rows > 0 ? count(rows, x_row) - 3 : 0, 1.0F);
            guarded before = guarded_random((size_t)cols, 1.0F);

            FOR_EACH_TABLE(k)
            {
                guarded sum = guarded_copy(&before), want = guarded_copy(&before);

                for (int64_t r = 0; r < rows; r++)
                    for (int64_t c = 0; c < cols; c++)
                        want.data[c] += x.data[r * x_row + c];
                k->column_sum(rows, cols, x.data, x_row, sum.data);
                assert_same_bits(sum.data, want.data, sum.n);
                guarded_free(&want);
                guarded_free(&sum);
            }
            guarded_free(&before);
            guarded_free(&x);
        }
}

/* ---- Element by element ------------------------------------------------------------- */

static void test_add(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        guarded x = guarded_random((size_t)length[l], 1.0F);
        guarded before = guarded_random((size_t)length[l], 1.0F);

        FOR_EACH_TABLE(k)
        {
            guarded y = guarded_copy(&before), want = guarded_copy(&before);

            for (size_t i = 0; i < y.n; i++)
                want.data[i] += x.data[i];
            k->add(length[l], x.data, y.data);
            assert_same_bits(y.data, want.data, y.n);
            guarded_free(&want);
            guarded_free(&y);
        }
        guarded_free(&before);
        guarded_free(&x);
    }
}

static void test_max_abs(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        const int64_t n = length[l];
        guarded x = guarded_random((size_t)n, 1.0F);

        for (int64_t at = 0; at < n; at += n / 7 + 1)
            FOR_EACH_TABLE(k)
            {
                const float kept = x.data[at];

                x.data[at] = -3.0F;
                assert_true(k->max_abs(n, x.data) == 3.0F);
                x.data[at] = -INFINITY;
                assert_true(k->max_abs(n, x.data) == INFINITY);
                x.data[at] = NAN; /* and larger numbers beside it */
                x.data[0] = at > 0 ? 5.0F : x.data[0];
                x.data[n - 1] = at < n - 1 ? 5.0F : x.data[n - 1];
                assert_true(isnan(k->max_abs(n, x.data)));
                x.data[at] = kept;
                x.data[0] = x.data[n - 1] = 0.5F;
            }
        if (n == 0)
            FOR_EACH_TABLE(k)
        assert_true(k->max_abs(0, x.data) == 0.0F);
        guarded_free(&x);
    }
}

/* ---- Row by row --------------------------------------------------------------------- */

static void reference_softmax(int64_t cols, const float *x, double *p)
{
    double largest = -(double)INFINITY, sum = 0.0;

    for (int64_t c = 0; c < cols; c++)
        largest = (double)x[c] > largest ? (double)x[c] : largest;
    for (int64_t c = 0; c < cols; c++)
        sum += p[c] = exp((double)x[c] - largest);
    for (int64_t c = 0; c < cols; c++)
        p[c] /= sum;
}

#define ROWS 3
#define COLS_MAX 1000

static void test_softmax(void **state)
{
    static double p[COLS_MAX];

    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        const int64_t cols = length[l];
        guarded x = guarded_random(count(ROWS, cols), 9.0F);
        guarded want = guarded_new(x.n);
        agreed all = { 0 };

        for (int64_t i = 0; i < cols; i++)
            x.data[cols + i] *= 1e30F; /* the shift by the maximum */
        for (int64_t r = 0; r < ROWS; r++) {
            reference_softmax(cols, x.data + r * cols, p);
            for (int64_t c = 0; c < cols; c++)
                want.data[r * cols + c] = (float)p[c];
        }
        FOR_EACH_TABLE(k)
        {
            guarded y = guarded_new(x.n), in_place = guarded_copy(&x);

            k->softmax(ROWS, cols, x.data, y.data);
            assert_close(y.data, want.data, y.n, 3e-6, 1e-37); /* x - max is rounded */
            k->softmax(ROWS, cols, in_place.data, in_place.data);
            assert_same_bits(in_place.data, y.data, y.n);
            agree(&all, k, &y);
            guarded_free(&in_place);
            guarded_free(&y);
        }
        agreed_end(&all);
        guarded_free(&want);
        guarded_free(&x);
    }
}

static void test_softmax_limits(void **state)
{
    (void)state;
    FOR_EACH_TABLE(k)
    {
        const float minus[3] = { -INFINITY, 1.0F, 1.0F }, half[3] = { 0.0F, 0.5F, 0.5F };
        const float nan[3] = { 1.0F, NAN, 1.0F };
        float y[3];

        k->softmax(1, 3, minus, y);
        assert_same_bits(y, half, 3);
        k->softmax(1, 3, nan, y);
        assert_true(isnan(y[0]) && isnan(y[1]) && isnan(y[2]));
    }
}

static void test_softmax_backward(void **state)
{
    (void)state;
    for (size_t l = 0; l < LENGTHS; l++) {
        const int64_t cols = length[l];
        guarded y = guarded_random(count(ROWS, cols), 1.0F);
        guarded dy = guarded_random(y.n, 1.0F);
        guarded want = guarded_new(y.n);
        agreed all = { 0 };

        for (int64_t r = 0; r < ROWS; r++) {
            const int64_t at = r * cols;
            double dot = 0.0;

            for (int64_t c = at; c < at + cols; c++)
                dot += (double)y.data[c] * (double)dy.data[c];
            for (int64_t c = at; c < at + cols; c++)
                want.data[c] = (float)((double)y.data[c] * ((double)dy.data[c] - dot));
        }
        FOR_EACH_TABLE(k)
        {
            guarded dx = guarded_new(y.n), in_place = guarded_copy(&dy);

            k->softmax_backward(ROWS, cols, y.data, dy.data, dx.data);
            assert_close(dx.data, want.data, dx.n, 1e-6, 1e-5);
            k->softmax_backward(ROWS, cols, y.data, in_place.data, in_place.data);
            assert_same_bits(in_place.data, dx.data, dx.n);
            agree(&all, k, &dx);
            guarded_free(&in_place);
            guarded_free(&dx);
        }
        agreed_end(&all);
        guarded_free(&want);
        guarded_free(&dy);
        guarded_free(&y);
    }
}

/* One row. */
static float crossentropy(const se_kernels *k, int64_t cols, const float *z, const float *y,
                          int32_t label, float scale, float *dz)
{
    float loss, largest;
    const se_entropy e = { .rows = 1,
                           .cols = cols,
                           .z = z,
                           .y = y,
                           .label = &label,
                           .scale = scale,
                           .loss = &loss,
                           .largest = &largest,
                           .dz = dz };

    k->softmax_crossentropy(&e);
    return loss;
}

static void test_softmax_crossentropy(void **state)
{
    static double p[COLS_MAX];
    const float scale = 0.25F;

    (void)state;
    for (size_t l = 1; l < LENGTHS; l++) {
        const int64_t cols = length[l];
        guarded z = guarded_random((size_t)cols, 5.0F), y = guarded_random(z.n, 0.5F);
        guarded want = guarded_new(z.n);
        double loss = 0.0, sum_y = 0.0;
        agreed all = { 0 }, losses = { 0 };

        reference_softmax(cols, z.data, p);
        for (int64_t c = 0; c < cols; c++) {
            loss -= (double)y.data[c] * log(p[c]);
            sum_y += (double)y.data[c];
        }
        for (int64_t c = 0; c < cols; c++)
            want.data[c] = (float)((double)scale * (p[c] * sum_y - (double)y.data[c]));
        FOR_EACH_TABLE(k)
        {
            guarded dz = guarded_new(z.n), in_place = guarded_copy(&z),
                    got = guarded_new(2);

            got.data[0] = crossentropy(k, cols, z.data, y.data, -1, scale, dz.data);
            assert_close_double((double)got.data[0], loss, 1e-6, 1e-5 * sqrt((double)cols));
            assert_close(dz.data, want.data, dz.n, 1e-6, 1e-6);
            got.data[1] = crossentropy(k, cols, z.data, y.data, -1, scale, NULL);
            assert_same_bits(&got.data[1], &got.data[0], 1);
            (void)crossentropy(k, cols, in_place.data, y.data, -1, scale, in_place.data);
            assert_same_bits(in_place.data, dz.data, dz.n);
            agree(&all, k, &dz);
            agree(&losses, k, &got);
            guarded_free(&got);
            guarded_free(&in_place);
            guarded_free(&dz);
        }
        agreed_end(&losses);
        agreed_end(&all);
        guarded_free(&want);
        guarded_free(&y);
        guarded_free(&z);
    }
}

/* A class number and its one-hot row give the same bits, whatever the logits. */
static void test_crossentropy_of_label(void **state)
{
    static const float peak[] = { 0.0F, 40.0F, -40.0F, 3e38F, -3e38F, INFINITY, -INFINITY };

    (void)state;
    for (size_t l = 1; l < LENGTHS; l++)
        for (size_t i = 0; i < sizeof peak / sizeof peak[0]; i++)
            FOR_EACH_TABLE(k)
            {
                const int64_t cols = length[l];
                const int32_t label = (int32_t)(random_u32() % (uint32_t)cols);
                guarded z = guarded_random((size_t)cols, 5.0F), y = guarded_new(z.n);
                guarded dense = guarded_new(z.n);
                float dense_loss, loss;

                z.data[random_u32() % (uint32_t)cols] = peak[i];
                for (int64_t c = 0; c < cols; c++)
                    y.data[c] = c == label ? 1.0F : 0.0F;
                dense_loss = crossentropy(k, cols, z.data, y.data, -1, 0.5F, dense.data);
                loss = crossentropy(k, cols, z.data, NULL, label, 0.5F, NULL);
                assert_true(isnan(loss) == isnan(dense_loss));
                if (!isnan(loss))
                    assert_same_bits(&loss, &dense_loss, 1);
                loss = crossentropy(k, cols, z.data, NULL, label, 0.5F, z.data);
                assert_true(isnan(loss) == isnan(dense_loss));
                for (int64_t c = 0; c < cols; c++)
                    if (!isnan(z.data[c]) || !isnan(dense.data[c]))
                        assert_same_bits(&z.data[c], &dense.data[c], 1);
                guarded_free(&dense);
                guarded_free(&y);
                guarded_free(&z);
            }
}

/* The loss of probability p alone: z = { log p, log(1 - p) }, down to where log turns. */
static void test_crossentropy_logarithm(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        const float z[2] = { random_float(1.0F) * (float)(i % 30), 0.0F };
        const double want = log1p(exp(-(double)z[0]));

        FOR_EACH_TABLE(k)
        {
            const float loss = crossentropy(k, 2, z, NULL, 0, 1.0F, NULL);

            assert_close_double((double)loss, want, 3e-7, 1.3e-7);
        }
    }
}

static void test_argmax(void **state)
{
    (void)state;
    for (size_t l = 1; l < LENGTHS; l++) {
        const int64_t n = length[l];
        guarded x = guarded_new((size_t)n);

        FOR_EACH_TABLE(k)
        {
            for (int64_t at = 0; at < n; at++) {
                for (int64_t i = 0; i < n; i++)
                    x.data[i] = random_float(1.0F);
                x.data[at] = 2.0F;
                x.data[n - 1] = 2.0F; /* the first of equals */
                assert_int_equal(k->argmax(n, x.data), at);
                assert_int_equal(k->find(n, x.data, 2.0F), at);
                assert_int_equal(k->find(n, x.data, 3.0F), n);
                if (at > 0) {
                    x.data[at / 2] = NAN;
                    assert_int_equal(k->argmax(n, x.data), at);
                }
            }
            for (int64_t i = 0; i < n; i++)
                x.data[i] = NAN;
            assert_int_equal(k->argmax(n, x.data), 0);
            x.data[n - 1] = -INFINITY;
            assert_int_equal(k->argmax(n, x.data), n - 1);
        }
        guarded_free(&x);
    }
}

static void test_one_hot(void **state)
{
    static const float other[] = { 0.5F, 1.0F, -1.0F, NAN, INFINITY, 0x1p-149F };

    (void)state;
    for (size_t l = 1; l < LENGTHS; l++) {
        const int64_t n = length[l];
        guarded x = guarded_new((size_t)n);

        FOR_EACH_TABLE(k)
        {
            memset(x.data, 0, x.n * sizeof *x.data);
            assert_int_equal(k->one_hot(n, x.data), -1);
            for (int64_t at = 0; at < n; at++) {
                x.data[at] = 1.0F;
                assert_int_equal(k->one_hot(n, x.data), at);
                x.data[(at + 1) % n] = n > 1 ? -0.0F : 1.0F;
                assert_int_equal(k->one_hot(n, x.data), at);
                for (size_t i = 0; n > 1 && i < sizeof other / sizeof other[0]; i++) {
                    x.data[(at + 1) % n] = other[i];
                    assert_int_equal(k->one_hot(n, x.data), -1);
                }
                x.data[(at + 1) % n] = 0.0F;
                x.data[at] = 1.0F + FLT_EPSILON;
                assert_int_equal(k->one_hot(n, x.data), -1);
                x.data[at] = 0.0F;
            }
        }
        guarded_free(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_scatter_add),
        cmocka_unit_test(test_column_sum),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_max_abs),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_softmax_limits),
        cmocka_unit_test(test_softmax_backward),
        cmocka_unit_test(test_softmax_crossentropy),
        cmocka_unit_test(test_crossentropy_of_label),
        cmocka_unit_test(test_crossentropy_logarithm),
        cmocka_unit_test(test_argmax),
        cmocka_unit_test(test_one_hot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
