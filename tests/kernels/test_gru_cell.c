/* test_gru_cell.c - the GRU cell, forward and backward, on every table.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

static const int64_t sizes[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 20, 31, 33, 48, 49, 65 };

#define SIZES (sizeof sizes / sizeof sizes[0])
#define ROWS 3
#define VALUES 7 /* of one unit: three of x, three of y, h_prev */

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* One unit in double precision, gates z r g. */
static double reference_cell(const double v[VALUES], double gates[3])
{
    gates[0] = sigmoid(v[0] + v[3]);
    gates[1] = sigmoid(v[1] + v[4]);
    gates[2] = tanh(v[2] + gates[1] * v[5]);
    return gates[0] * v[6] + (1.0 - gates[0]) * gates[2];
}

typedef struct arrays {
    int64_t units;
    size_t n;
    guarded x, y, h_prev;
    bool zero_state;
} arrays;

static arrays arrays_new(int64_t units, bool zero_state, float size)
{
    const size_t n = (size_t)(ROWS * units);

    return (arrays){ units,
                     n,
                     guarded_random(3 * n, size),
                     guarded_random(3 * n, size),
                     guarded_random(n, 1.0F),
                     zero_state };
}

static void arrays_free(arrays *a)
{
    guarded_free(&a->h_prev);
    guarded_free(&a->y);
    guarded_free(&a->x);
}

static void load(const arrays *a, int64_t row, int64_t unit, double v[VALUES])
{
    for (int64_t gate = 0; gate < 3; gate++) {
        v[gate] = (double)a->x.data[(row * 3 + gate) * a->units + unit];
        v[3 + gate] = (double)a->y.data[(row * 3 + gate) * a->units + unit];
    }
    v[6] = a->zero_state ? 0.0 : (double)a->h_prev.data[row * a->units + unit];
}

static const float *before(const arrays *a)
{
    return a->zero_state ? NULL : a->h_prev.data;
}

static void check_forward(int64_t units, bool zero_state)
{
    arrays a = arrays_new(units, zero_state, 4.0F);
    guarded want_x = guarded_new(3 * a.n), want_h = guarded_new(a.n);
    agreed all[2] = { 0 };

    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t u = 0; u < units; u++) {
            double v[VALUES], gates[3];

            load(&a, r, u, v);
            want_h.data[r * units + u] = (float)reference_cell(v, gates);
            for (int64_t gate = 0; gate < 3; gate++)
                want_x.data[(r * 3 + gate) * units + u] = (float)gates[gate];
        }
    FOR_EACH_TABLE(k)
    {
        guarded x = guarded_copy(&a.x), h = guarded_new(a.n);
        guarded again_x = guarded_copy(&a.x), again_h = guarded_copy(&a.h_prev);

        k->gru_forward(ROWS, units, x.data, a.y.data, before(&a), h.data);
        assert_close(x.data, want_x.data, 3 * a.n, 2e-6, 1e-6);
        assert_close(h.data, want_h.data, a.n, 2e-6, 1e-6);
        agree(&all[0], k, &x);
        agree(&all[1], k, &h);

        /* h_prev equal to h. */
        k->gru_forward(ROWS, units, again_x.data, a.y.data,
                       zero_state ? NULL : again_h.data, again_h.data);
        assert_same_bits(again_x.data, x.data, 3 * a.n);
        assert_same_bits(again_h.data, h.data, a.n);
        guarded_free(&again_h);
        guarded_free(&again_x);
        guarded_free(&h);
        guarded_free(&x);
    }
    agreed_end(&all[0]);
    agreed_end(&all[1]);
    guarded_free(&want_h);
    guarded_free(&want_x);
    arrays_free(&a);
}

static void test_forward(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        check_forward(sizes[i], false);
        check_forward(sizes[i], true);
    }
}

/* Row by row gives the bits of all rows at once: so any cut between threads does. */
static void test_rows_apart(void **state)
{
    (void)state;
    for (size_t i = 1; i < SIZES; i++) {
        const int64_t units = sizes[i];
        arrays a = arrays_new(units, false, 3.0F);

        FOR_EACH_TABLE(k)
        {
            guarded x = guarded_copy(&a.x), h = guarded_new(a.n), y = guarded_copy(&a.y);
            guarded x_2 = guarded_copy(&a.x), h_2 = guarded_new(a.n);
            guarded y_2 = guarded_copy(&a.y), dh = guarded_new(a.n),
                    dh_2 = guarded_new(a.n);

            k->gru_forward(ROWS, units, x.data, y.data, a.h_prev.data, h.data);
            k->gru_backward(ROWS, units, x.data, y.data, a.h_prev.data, NULL, h.data,
                            dh.data);
            for (int64_t r = 0; r < ROWS; r++) {
                const int64_t at = r * units;

                k->gru_forward(1, units, x_2.data + 3 * at, y_2.data + 3 * at,
                               a.h_prev.data + at, h_2.data + at);
                k->gru_backward(1, units, x_2.data + 3 * at, y_2.data + 3 * at,
                                a.h_prev.data + at, NULL, h_2.data + at, dh_2.data + at);
            }
            assert_same_bits(h_2.data, h.data, a.n);
            assert_same_bits(x_2.data, x.data, 3 * a.n);
            assert_same_bits(y_2.data, y.data, 3 * a.n);
            assert_same_bits(dh_2.data, dh.data, a.n);
            guarded_free(&dh_2);
            guarded_free(&dh);
            guarded_free(&y_2);
            guarded_free(&h_2);
            guarded_free(&x_2);
            guarded_free(&y);
            guarded_free(&h);
            guarded_free(&x);
        }
        arrays_free(&a);
    }
}

/* Central differences of the reference; what of h_prev's gradient goes through y is not in
 * it, as y is a variable of its own. */
static void numeric_gradient(const double v[VALUES], double dh, double gradient[VALUES])
{
    const double step = 1e-5;

    for (int i = 0; i < VALUES; i++) {
        double side[2];

        for (int j = 0; j < 2; j++) {
            double moved[VALUES], gates[3];

            memcpy(moved, v, sizeof moved);
            moved[i] += j == 0 ? -step : step;
            side[j] = reference_cell(moved, gates);
        }
        gradient[i] = dh * (side[1] - side[0]) / (2.0 * step);
    }
}

static void check_backward(int64_t units, bool zero_state, bool with_dh_1)
{
    arrays a = arrays_new(units, zero_state, 2.0F);
    guarded dh_1 = guarded_random(a.n, 1.0F), dh_2 = guarded_random(a.n, 1.0F);
    guarded want_x = guarded_new(3 * a.n), want_y = guarded_new(3 * a.n);
    guarded want_h = guarded_new(a.n);
    agreed all[3] = { 0 };

    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t at = r * units + u;
            double v[VALUES], gradient[VALUES];

            load(&a, r, u, v);
            numeric_gradient(
                v, (double)dh_2.data[at] + (with_dh_1 ? (double)dh_1.data[at] : 0.0),
                gradient);
            for (int64_t gate = 0; gate < 3; gate++) {
                want_x.data[(r * 3 + gate) * units + u] = (float)gradient[gate];
                want_y.data[(r * 3 + gate) * units + u] = (float)gradient[3 + gate];
            }
            want_h.data[at] = (float)gradient[6];
        }
    FOR_EACH_TABLE(k)
    {
        const float *const one = with_dh_1 ? dh_1.data : NULL;
        guarded x = guarded_copy(&a.x), y = guarded_copy(&a.y), h = guarded_new(a.n);
        guarded dh = guarded_new(a.n), again = guarded_copy(&dh_2);
        guarded gates, again_y = guarded_copy(&a.y);

        k->gru_forward(ROWS, units, x.data, y.data, before(&a), h.data);
        gates = guarded_copy(&x);
        k->gru_backward(ROWS, units, x.data, y.data, before(&a), one, dh_2.data, dh.data);
        assert_close(x.data, want_x.data, 3 * a.n, 1e-5, 1e-6);
        assert_close(y.data, want_y.data, 3 * a.n, 1e-5, 1e-6);
        assert_close(dh.data, want_h.data, a.n, 1e-5, 1e-6);
        agree(&all[0], k, &x);
        agree(&all[1], k, &y);
        agree(&all[2], k, &dh);

        /* dh_prev equal to dh_2. */
        k->gru_backward(ROWS, units, gates.data, again_y.data, before(&a), one, again.data,
                        again.data);
        assert_same_bits(gates.data, x.data, 3 * a.n);
        assert_same_bits(again_y.data, y.data, 3 * a.n);
        assert_same_bits(again.data, dh.data, a.n);
        guarded_free(&again_y);
        guarded_free(&gates);
        guarded_free(&again);
        guarded_free(&dh);
        guarded_free(&h);
        guarded_free(&y);
        guarded_free(&x);
    }
    for (int i = 0; i < 3; i++)
        agreed_end(&all[i]);
    guarded_free(&want_h);
    guarded_free(&want_y);
    guarded_free(&want_x);
    guarded_free(&dh_2);
    guarded_free(&dh_1);
    arrays_free(&a);
}

static void test_backward(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        for (int with = 0; with < 4; with++)
            check_backward(sizes[i], (with & 1) != 0, (with & 2) != 0);
}

/* What is not a number stays with its unit, and infinite sums saturate. */
static void test_extremes(void **state)
{
    enum { UNITS = 19 };

    (void)state;
    FOR_EACH_TABLE(k)
    {
        arrays a = arrays_new(UNITS, false, 1.0F);
        guarded h = guarded_new(a.n);

        a.x.data[5] = INFINITY;             /* z of unit 5: keeps its state */
        a.x.data[6] = -INFINITY;            /* z of unit 6: takes the candidate */
        a.x.data[2 * UNITS + 6] = INFINITY; /* which is 1 */
        a.x.data[UNITS + 7] = NAN;          /* r of unit 7 */
        k->gru_forward(ROWS, UNITS, a.x.data, a.y.data, a.h_prev.data, h.data);
        assert_same_bits(&h.data[5], &a.h_prev.data[5], 1);
        assert_true(h.data[6] == 1.0F);
        for (size_t i = 0; i < a.n; i++)
            assert_true(isnan(h.data[i]) == (i == 7));
        guarded_free(&h);
        arrays_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_rows_apart),
        cmocka_unit_test(test_backward),
        cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
