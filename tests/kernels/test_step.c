/* test_step.c - one time step of an LSTM: the bits of its sums, term by term, and of the
 * cell, on every table.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

/* Around every width of vector, and of so many vectors as are summed side by side. */
static const int64_t unit_sizes[] = { 1,  2,  3,   4,   5,   6,   7,   8,  9,  12,
                                      13, 15, 16,  17,  20,  24,  31,  33, 47, 64,
                                      65, 96, 100, 127, 128, 131, 150, 193 };
static const int64_t feature_sizes[] = { 0, 1, 2, 5, 16, 33 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct step_case {
    int64_t features, units;
    bool start, h_prev, c_prev, backwards;
} step_case;

typedef struct step_data {
    guarded x, kernel, recurrent, bias, h_prev, c_prev;
} step_data;

static step_data data_new(const step_case *with)
{
    const size_t d = (size_t)with->features, u = (size_t)with->units;

    return (step_data){
        .x = guarded_random(d, 1.0F),
        .kernel = guarded_random(d * 4 * u, 1.0F),
        .recurrent = guarded_random(4 * u * u, 0.5F),
        .bias = guarded_random(4 * u, 1.0F),
        .h_prev = guarded_random(u, 1.0F),
        .c_prev = guarded_random(u, 2.0F),
    };
}

static void data_free(step_data *data)
{
    guarded_free(&data->c_prev);
    guarded_free(&data->h_prev);
    guarded_free(&data->bias);
    guarded_free(&data->recurrent);
    guarded_free(&data->kernel);
    guarded_free(&data->x);
}

static float add_terms(const se_kernels *k, float sum, const guarded *a, const guarded *b,
                       int64_t cols, int64_t col)
{
    for (size_t r = 0; r < a->n; r++)
        sum = multiply_add(k, a->data[r], b->data[(int64_t)r * cols + col], sum);
    return sum;
}

/* Term by term, then the kernel of whole rows. */
static void reference(const se_kernels *k, const step_case *with, const step_data *data,
                      guarded *c, guarded *h)
{
    const int64_t n = 4 * with->units;
    guarded z = guarded_new((size_t)n);

    for (int64_t j = 0; j < n; j++) {
        float sum = with->start ? data->bias.data[j] : 0.0F;

        sum = add_terms(k, sum, &data->x, &data->kernel, n, j);
        if (with->h_prev)
            sum = add_terms(k, sum, &data->h_prev, &data->recurrent, n, j);
        z.data[j] = sum;
    }
    k->lstm_forward(1, with->units, z.data, with->c_prev ? data->c_prev.data : NULL,
                    c->data, NULL, h->data);
    guarded_free(&z);
}

static se_row_sums sums_of(const step_case *with, const step_data *data,
                           const float *h_prev, float *z)
{
    const int64_t n = 4 * with->units;

    return (se_row_sums){
        .product = { { with->features, data->x.data, 1, data->kernel.data, n },
                     { with->h_prev ? with->units : 0, with->h_prev ? h_prev : NULL, 1,
                       with->h_prev ? data->recurrent.data : NULL, n } },
        .n = n,
        .start = with->start ? data->bias.data : NULL,
        .c = z,
        .backwards = with->backwards,
    };
}

static void check_step(step_case with)
{
    const size_t u = (size_t)with.units;
    step_data data = data_new(&with);
    agreed all[2] = { 0 };

    FOR_EACH_TABLE(k)
    {
        guarded want_c = guarded_new(u), want_h = guarded_new(u);
        guarded c = guarded_new(u), h = guarded_new(u), copy = guarded_new(u);
        guarded z = guarded_new(4 * u);
        se_row_sums sums = sums_of(&with, &data, data.h_prev.data, z.data);

        reference(k, &with, &data, &want_c, &want_h);
        k->lstm_step(with.units, &sums, with.c_prev ? data.c_prev.data : NULL, c.data,
                     h.data, copy.data);
        assert_same_bits(c.data, want_c.data, u);
        assert_same_bits(h.data, want_h.data, u);
        assert_same_bits(copy.data, want_h.data, u);
        agree(&all[0], k, &c);
        agree(&all[1], k, &h);

        /* In place: h and c over those before. */
        memcpy(h.data, data.h_prev.data, u * sizeof(float));
        memcpy(c.data, data.c_prev.data, u * sizeof(float));
        sums = sums_of(&with, &data, h.data, z.data);
        k->lstm_step(with.units, &sums, with.c_prev ? c.data : NULL, c.data, h.data,
                     copy.data);
        assert_same_bits(c.data, want_c.data, u);
        assert_same_bits(h.data, want_h.data, u);
        assert_same_bits(copy.data, want_h.data, u);

        guarded_free(&z);
        guarded_free(&copy);
        guarded_free(&h);
        guarded_free(&c);
        guarded_free(&want_h);
        guarded_free(&want_c);
    }
    agreed_end(&all[0]);
    agreed_end(&all[1]);
    data_free(&data);
}

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unit_sizes); i++)
        for (size_t j = 0; j < COUNT(feature_sizes); j++)
            check_step((step_case){ feature_sizes[j], unit_sizes[i], true, true, true,
                                    (i + j) % 2 != 0 });
}

/* Without a bias, without a state, and with neither: each on few and on many units. */
static void test_absent(void **state)
{
    static const int64_t units[] = { 3, 8, 16, 20, 150 };

    (void)state;
    for (size_t i = 0; i < COUNT(units); i++)
        for (unsigned bits = 0; bits < 16; bits++)
            check_step((step_case){ bits % 3, units[i], (bits & 1) != 0, (bits & 2) != 0,
                                    (bits & 4) != 0, (bits & 8) != 0 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
