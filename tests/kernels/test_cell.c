/* test_cell.c - the LSTM cell, forward and backward, and the Adam step, on every table.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

static const int64_t sizes[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 20, 31, 33, 48, 49, 65 };

#define SIZES (sizeof sizes / sizeof sizes[0])
#define ROWS 3

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* One unit in double precision: gates[4] i f g o. */
static void reference_cell(const double *z, double c_prev, double *gates, double *c,
                           double *h)
{
    gates[0] = sigmoid(z[0]);
    gates[1] = sigmoid(z[1]);
    gates[2] = tanh(z[2]);
    gates[3] = sigmoid(z[3]);
    *c = gates[1] * c_prev + gates[0] * gates[2];
    *h = gates[3] * tanh(*c);
}

static void load_z(const guarded *z, int64_t units, int64_t r, int64_t u, double *out)
{
    for (int64_t gate = 0; gate < 4; gate++)
        out[gate] = (double)z->data[(r * 4 + gate) * units + u];
}

typedef struct cell {
    guarded z, c, tanh_c, h;
} cell;

static cell cell_new(const guarded *z, size_t n)
{
    const cell state = { guarded_copy(z), guarded_new(n), guarded_new(n), guarded_new(n) };

    return state;
}

static void cell_free(cell *state)
{
    guarded_free(&state->h);
    guarded_free(&state->tanh_c);
    guarded_free(&state->c);
    guarded_free(&state->z);
}

static cell cell_reference(const guarded *z, const guarded *c_prev, int64_t units)
{
    cell want = cell_new(z, (size_t)(ROWS * units));

    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t at = r * units + u;
            double in[4], gates[4], c, h;

            load_z(z, units, r, u, in);
            reference_cell(in, c_prev != NULL ? (double)c_prev->data[at] : 0.0, gates, &c,
                           &h);
            for (int64_t gate = 0; gate < 4; gate++)
                want.z.data[(r * 4 + gate) * units + u] = (float)gates[gate];
            want.c.data[at] = (float)c;
            want.tanh_c.data[at] = (float)tanh(c);
            want.h.data[at] = (float)h;
        }
    return want;
}

static void check_forward(int64_t units, bool zero_state)
{
    const size_t n = (size_t)(ROWS * units);
    guarded z = guarded_random(4 * n, 6.0F), c_prev = guarded_random(n, 2.0F);
    cell want = cell_reference(&z, zero_state ? NULL : &c_prev, units);
    agreed all[4] = { 0 };

    FOR_EACH_TABLE(k)
    {
        cell got = cell_new(&z, n), again = cell_new(&z, n);

        k->lstm_forward(ROWS, units, got.z.data, zero_state ? NULL : c_prev.data,
                        got.c.data, got.tanh_c.data, got.h.data);
        assert_close(got.z.data, want.z.data, 4 * n, 1e-6, 0.0);
        assert_close(got.c.data, want.c.data, n, 1e-6, 1e-6);
        assert_close(got.tanh_c.data, want.tanh_c.data, n, 1e-6, 1e-6);
        assert_close(got.h.data, want.h.data, n, 1e-6, 1e-6);
        agree(&all[0], k, &got.z);
        agree(&all[1], k, &got.c);
        agree(&all[2], k, &got.tanh_c);
        agree(&all[3], k, &got.h);

        /* c_prev equal to c; no tanh_c. */
        if (!zero_state)
            memcpy(again.c.data, c_prev.data, n * sizeof(float));
        k->lstm_forward(ROWS, units, again.z.data, zero_state ? NULL : again.c.data,
                        again.c.data, NULL, again.h.data);
        assert_same_bits(again.z.data, got.z.data, 4 * n);
        assert_same_bits(again.c.data, got.c.data, n);
        assert_same_bits(again.h.data, got.h.data, n);
        cell_free(&again);
        cell_free(&got);
    }
    for (int i = 0; i < 4; i++)
        agreed_end(&all[i]);
    cell_free(&want);
    guarded_free(&c_prev);
    guarded_free(&z);
}

static void test_lstm_forward(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        check_forward(sizes[i], false);
        check_forward(sizes[i], true);
    }
}

/* The gradient of sum(dh h) + sum(dc c) by central differences of the double reference. */
static void numeric_gradient(const double *z, double c_prev, double dh, double dc,
                             double *gradient)
{
    const double step = 1e-5;

    for (int i = 0; i < 5; i++) {
        double objective[2];

        for (int side = 0; side < 2; side++) {
            double in[5] = { z[0], z[1], z[2], z[3], c_prev }, gates[4], c, h;

            in[i] += side == 0 ? -step : step;
            reference_cell(in, in[4], gates, &c, &h);
            objective[side] = dh * h + dc * c;
        }
        gradient[i] = (objective[1] - objective[0]) / (2.0 * step);
    }
}

typedef struct backward_case {
    bool zero_state, dh_1, dh_2;
} backward_case;

static void check_backward(int64_t units, backward_case with)
{
    const size_t n = (size_t)(ROWS * units);
    guarded z = guarded_random(4 * n, 3.0F), c_prev = guarded_random(n, 1.0F);
    guarded dh_1 = guarded_random(n, 1.0F), dh_2 = guarded_random(n, 1.0F);
    guarded dc = guarded_random(n, 1.0F);
    guarded want_z = guarded_new(4 * n), want_c = guarded_new(n);
    agreed all[2] = { 0 };

    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t u = 0; u < units; u++) {
            const int64_t at = r * units + u;
            const double dh = (with.dh_1 ? (double)dh_1.data[at] : 0.0) +
                              (with.dh_2 ? (double)dh_2.data[at] : 0.0);
            double in[4], gradient[5];

            load_z(&z, units, r, u, in);
            numeric_gradient(in, with.zero_state ? 0.0 : (double)c_prev.data[at], dh,
                             (double)dc.data[at], gradient);
            for (int64_t gate = 0; gate < 4; gate++)
                want_z.data[(r * 4 + gate) * units + u] = (float)gradient[gate];
            want_c.data[at] = (float)gradient[4];
        }
    FOR_EACH_TABLE(k)
    {
        cell forward = cell_new(&z, n);
        guarded got = guarded_copy(&dc);
        const float *const before = with.zero_state ? NULL : c_prev.data;

        k->lstm_forward(ROWS, units, forward.z.data, before, forward.c.data,
                        forward.tanh_c.data, forward.h.data);
        k->lstm_backward(ROWS, units, forward.z.data, before, forward.tanh_c.data,
                         with.dh_1 ? dh_1.data : NULL, with.dh_2 ? dh_2.data : NULL,
                         got.data);
        assert_close(forward.z.data, want_z.data, 4 * n, 1e-5, 1e-6);
        assert_close(got.data, want_c.data, n, 1e-5, 1e-6);
        agree(&all[0], k, &forward.z);
        agree(&all[1], k, &got);
        guarded_free(&got);
        cell_free(&forward);
    }
    agreed_end(&all[0]);
    agreed_end(&all[1]);
    guarded_free(&want_c);
    guarded_free(&want_z);
    guarded_free(&dc);
    guarded_free(&dh_2);
    guarded_free(&dh_1);
    guarded_free(&c_prev);
    guarded_free(&z);
}

static void test_lstm_backward(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        check_backward(sizes[i], (backward_case){ false, true, true });
        check_backward(sizes[i], (backward_case){ true, true, false });
        check_backward(sizes[i], (backward_case){ false, false, true });
        check_backward(sizes[i], (backward_case){ true, false, false });
    }
}

/* ---- Adam --------------------------------------------------------------------------- */

static void test_adam(void **state)
{
    const float alpha = 0.01F, rate_1 = 0.1F, rate_2 = 0.001F, epsilon = 1e-7F;

    (void)state;
    for (size_t s = 0; s < SIZES; s++) {
        const size_t n = (size_t)sizes[s];
        guarded w = guarded_random(n, 1.0F), g = guarded_random(n, 1.0F);
        guarded m = guarded_random(n, 1.0F), v = guarded_random(n, 1.0F);

        for (size_t i = 0; i < n; i++)
            v.data[i] *= v.data[i];
        if (n > 2)
            g.data[2] = m.data[2] = v.data[2] = 0.0F; /* stays where it is: 0 / epsilon */
        FOR_EACH_TABLE(k)
        {
            guarded got_w = guarded_copy(&w), got_m = guarded_copy(&m);
            guarded got_v = guarded_copy(&v);
            guarded want_w = guarded_copy(&w), want_m = guarded_copy(&m);
            guarded want_v = guarded_copy(&v);

            k->adam((int64_t)n, got_w.data, g.data, got_m.data, got_v.data, alpha, rate_1,
                    rate_2, epsilon);
            for (size_t i = 0; i < n; i++) {
                const float gi = g.data[i];

                want_m.data[i] = multiply_add(k, gi - m.data[i], rate_1, m.data[i]);
                want_v.data[i] = multiply_add(k, gi * gi - v.data[i], rate_2, v.data[i]);
                want_w.data[i] =
                    w.data[i] - alpha * want_m.data[i] / (sqrtf(want_v.data[i]) + epsilon);
            }
            assert_same_bits(got_m.data, want_m.data, n);
            assert_same_bits(got_v.data, want_v.data, n);
            assert_same_bits(got_w.data, want_w.data, n);
            guarded_free(&want_v);
            guarded_free(&want_m);
            guarded_free(&want_w);
            guarded_free(&got_v);
            guarded_free(&got_m);
            guarded_free(&got_w);
        }
        guarded_free(&v);
        guarded_free(&m);
        guarded_free(&g);
        guarded_free(&w);
    }
}

#define ROOTS 4096

/* w -= m / sqrt(v), nothing else in the way, for v = first, first + step, ... as bits. */
static void check_roots(const se_kernels *k, uint32_t first, uint32_t step)
{
    static const float numerator[] = { 1.0F, 1.2345678F, 1.9999999F };
    static float w[ROOTS], g[ROOTS], m[ROOTS], v[ROOTS], want[ROOTS];

    for (size_t j = 0; j < sizeof numerator / sizeof numerator[0]; j++) {
        for (uint32_t i = 0; i < ROOTS; i++) {
            const uint32_t bits = first + i * step;

            memcpy(&v[i], &bits, sizeof bits);
            m[i] = numerator[j];
            w[i] = 0.0F;
            want[i] = 0.0F - m[i] / sqrtf(v[i]);
        }
        k->adam(ROOTS, w, g, m, v, 1.0F, 0.0F, 0.0F, 0.0F);
        assert_same_bits(w, want, ROOTS);
    }
}

/* Whatever makes the roots, they are correctly rounded: every number of two binades, once
 * in an odd vector and once in an even one, and some of all others. */
static void test_adam_roots(void **state)
{
    (void)state;
    FOR_EACH_TABLE(k)
    {
        for (uint32_t at = 127U << 23; at < 129U << 23; at += ROOTS / 2 - 16)
            check_roots(k, at, 1);
        check_roots(k, 0, 1);
        check_roots(k, 0, 0x7f800000 / ROOTS);
        check_roots(k, 12345, 0x7f800000 / ROOTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lstm_forward),
        cmocka_unit_test(test_lstm_backward),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_adam_roots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
