/* test_activations.c - activations and their derivatives: accuracy over the floats, special
 * values, every table.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

#include <float.h>

/* Coprime to 2^32, so multiples visit float patterns of every kind. */
#define SWEEP_STEP UINT32_C(0x2003)
#define SWEEP_COUNT ((size_t)(UINT32_MAX / SWEEP_STEP))
#define DENSE_COUNT ((size_t)200000)
#define COUNT (SWEEP_COUNT + DENSE_COUNT)

static double sigmoid(double x)
{
    return x < 0.0 ? exp(x) / (1.0 + exp(x)) : 1.0 / (1.0 + exp(-x));
}

static double clip(double x)
{
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

static double softplus(double x)
{
    return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

/* f(x), with infinities at their limits. */
static double reference(seqecho_activation f, double x)
{
    const double selu_scale = (double)1.05070098F, selu_alpha = (double)1.67326324F;

    if (isnan(x))
        return x;
    switch (f) {
    case SEQECHO_LINEAR: return x;
    case SEQECHO_TANH: return tanh(x);
    case SEQECHO_SIGMOID: return sigmoid(x);
    case SEQECHO_HARD_SIGMOID: return clip(x / 6.0 + 0.5);
    case SEQECHO_HARD_SIGMOID_KERAS2: return clip(0.2 * x + 0.5);
    case SEQECHO_RELU: return x > 0.0 ? x : 0.0;
    case SEQECHO_ELU: return x > 0.0 ? x : expm1(x);
    case SEQECHO_SELU: return selu_scale * (x > 0.0 ? x : selu_alpha * expm1(x));
    case SEQECHO_SOFTPLUS: return softplus(x);
    case SEQECHO_SOFTSIGN: return isinf(x) ? copysign(1.0, x) : x / (1.0 + fabs(x));
    case SEQECHO_SWISH: return isinf(x) && x < 0.0 ? -0.0 : x * sigmoid(x);
    case SEQECHO_ACTIVATION_DEFAULT:
    case SEQECHO_SOFTMAX: break;
    }
    fail_msg("no reference for activation %d", (int)f);
    return (double)NAN;
}

/* f'(x).  At the kinks, 0. */
static double reference_slope(seqecho_activation f, double x)
{
    const double selu_scale = (double)1.05070098F, selu_alpha = (double)1.67326324F;
    const double s = sigmoid(x);

    switch (f) {
    case SEQECHO_LINEAR: return 1.0;
    case SEQECHO_TANH: return 1.0 - tanh(x) * tanh(x);
    case SEQECHO_SIGMOID: return s * (1.0 - s);
    case SEQECHO_HARD_SIGMOID: return fabs(x) < 3.0 ? 1.0 / 6.0 : 0.0;
    case SEQECHO_HARD_SIGMOID_KERAS2: return fabs(x) < 2.5 ? 0.2 : 0.0;
    case SEQECHO_RELU: return x > 0.0 ? 1.0 : 0.0;
    case SEQECHO_ELU: return x > 0.0 ? 1.0 : exp(x);
    case SEQECHO_SELU: return selu_scale * (x > 0.0 ? 1.0 : selu_alpha * exp(x));
    case SEQECHO_SOFTPLUS: return s;
    case SEQECHO_SOFTSIGN: return 1.0 / ((1.0 + fabs(x)) * (1.0 + fabs(x)));
    case SEQECHO_SWISH: return s + x * s * (1.0 - s);
    case SEQECHO_ACTIVATION_DEFAULT:
    case SEQECHO_SOFTMAX: break;
    }
    fail_msg("no reference for activation %d", (int)f);
    return (double)NAN;
}

/* What is promised: an error below so many units in the last place, or below `absolute`;
 * for tables with and without a fused multiply-add. */
static const struct {
    seqecho_activation f;
    const char *name;
    double ulps[2];
    double absolute;
} promise[] = {
    { SEQECHO_LINEAR, "linear", { 0.0, 0.0 }, 0.0 },
    { SEQECHO_TANH, "tanh", { 3.0, 3.0 }, 0.0 },
    { SEQECHO_SIGMOID, "sigmoid", { 3.0, 3.0 }, 0.0 },
    { SEQECHO_HARD_SIGMOID, "hard_sigmoid", { 1.0, 1.0 }, 6e-8 },
    { SEQECHO_HARD_SIGMOID_KERAS2, "hard_sigmoid_keras2", { 1.0, 1.0 }, 6e-8 },
    { SEQECHO_RELU, "relu", { 0.0, 0.0 }, 0.0 },
    { SEQECHO_ELU, "elu", { 2.0, 2.0 }, 0.0 },
    { SEQECHO_SELU, "selu", { 3.0, 3.0 }, 0.0 },
    { SEQECHO_SOFTPLUS, "softplus", { 3.0, 3.0 }, 0.0 },
    { SEQECHO_SOFTSIGN, "softsign", { 1.5, 1.5 }, 0.0 },
    /* From -88 down, the sigmoid has but the few digits of a denormal. */
    { SEQECHO_SWISH, "swish", { 4.0, 4.0 }, 1e-43 },
};

#define PROMISES (sizeof promise / sizeof promise[0])

/* The sweep over all bit patterns, then [-12, 12] densely. */
static guarded sweep(void)
{
    guarded x = guarded_new(COUNT);

    for (size_t i = 0; i < SWEEP_COUNT; i++)
        x.data[i] = float_of_bits((uint32_t)(i + 1) * SWEEP_STEP);
    for (size_t i = 0; i < DENSE_COUNT; i++)
        x.data[SWEEP_COUNT + i] = random_float(12.0F);
    return x;
}

static void test_accuracy(void **state)
{
    guarded x = sweep();

    (void)state;
    for (size_t p = 0; p < PROMISES; p++) {
        agreed all = { 0 };

        FOR_EACH_TABLE(k)
        {
            guarded y = guarded_new(COUNT);
            double worst = 0.0;
            size_t worst_i = 0;

            k->activate(promise[p].f, (int64_t)COUNT, x.data, y.data);
            for (size_t i = 0; i < COUNT; i++) {
                const double want = reference(promise[p].f, (double)x.data[i]);
                const double error = ulps(y.data[i], want);

                if (error > worst &&
                    !(fabs((double)y.data[i] - want) <= promise[p].absolute)) {
                    worst = error;
                    worst_i = i;
                }
            }
            print_message("%-20s %-7s %5.2f ulp at %a\n", promise[p].name, k->name, worst,
                          (double)x.data[worst_i]);
            assert_true(worst <= promise[p].ulps[k->fused ? 0 : 1]);
            agree(&all, k, &y);
            guarded_free(&y);
        }
        agreed_end(&all);
    }
    guarded_free(&x);
}

/* NaN stays, infinities saturate, zeros keep their sign where f(-x) = -f(x). */
static void test_special_values(void **state)
{
    static const struct {
        seqecho_activation f;
        float minus_inf, minus_zero, zero, inf;
    } limit[] = {
        { SEQECHO_LINEAR, -INFINITY, -0.0F, 0.0F, INFINITY },
        { SEQECHO_TANH, -1.0F, -0.0F, 0.0F, 1.0F },
        { SEQECHO_SIGMOID, 0.0F, 0.5F, 0.5F, 1.0F },
        { SEQECHO_HARD_SIGMOID, 0.0F, 0.5F, 0.5F, 1.0F },
        { SEQECHO_HARD_SIGMOID_KERAS2, 0.0F, 0.5F, 0.5F, 1.0F },
        { SEQECHO_RELU, 0.0F, -0.0F, 0.0F, INFINITY },
        { SEQECHO_ELU, -1.0F, 0.0F, 0.0F, INFINITY },
        { SEQECHO_SELU, -1.05070098F * 1.67326324F, 0.0F, 0.0F, INFINITY },
        { SEQECHO_SOFTPLUS, 0.0F, 0x1.62e43p-1F, 0x1.62e43p-1F, INFINITY },
        { SEQECHO_SOFTSIGN, -1.0F, -0.0F, 0.0F, 1.0F },
        { SEQECHO_SWISH, -0.0F, -0.0F, 0.0F, INFINITY },
    };

    (void)state;
    for (size_t i = 0; i < sizeof limit / sizeof limit[0]; i++)
        FOR_EACH_TABLE(k)
        {
            const float x[6] = { -INFINITY, -0.0F, 0.0F, INFINITY, NAN, -NAN };
            float y[6];

            k->activate(limit[i].f, 6, x, y);
            assert_same_bits(y, &limit[i].minus_inf, 1);
            assert_true(y[1] == limit[i].minus_zero);
            assert_true(y[2] == limit[i].zero);
            if (limit[i].f == SEQECHO_TANH || limit[i].f == SEQECHO_SOFTSIGN)
                assert_same_bits(y + 1, &limit[i].minus_zero, 2);
            assert_same_bits(y + 3, &limit[i].inf, 1);
            assert_true(isnan(y[4]) && isnan(y[5]));
        }
}

/* Arrays of every length up to two vectors: an element's bits do not depend on where it
 * stands, and nothing outside the array is touched.  y may equal x. */
static void test_lengths(void **state)
{
    (void)state;
    for (size_t p = 0; p < PROMISES; p++)
        for (size_t n = 0; n <= 35; n++)
            FOR_EACH_TABLE(k)
            {
                guarded x = guarded_random(n, 6.0F);
                guarded y = guarded_new(n);

                k->activate(promise[p].f, (int64_t)n, x.data, y.data);
                for (size_t i = 0; i < n; i++) {
                    float alone = -1.0F;

                    k->activate(promise[p].f, 1, x.data + i, &alone);
                    assert_same_bits(&y.data[i], &alone, 1);
                }
                k->activate(promise[p].f, (int64_t)n, x.data, x.data);
                assert_same_bits(x.data, y.data, n);
                guarded_free(&x);
                guarded_free(&y);
            }
}

/* From a y rounded to float, so the errors are absolute ones. */
static void test_backward(void **state)
{
    const size_t n = 10007;
    guarded x = guarded_random(n, 8.0F);
    guarded dy = guarded_random(n, 2.0F);

    (void)state;
    x.data[0] = 3.0F; /* kinks */
    x.data[1] = -3.0F;
    x.data[2] = 2.5F;
    x.data[3] = -2.5F;
    x.data[4] = 0.0F;
    for (size_t p = 0; p < PROMISES; p++) {
        const seqecho_activation f = promise[p].f;
        const bool from_x = f == SEQECHO_SWISH || f == SEQECHO_SOFTPLUS;
        agreed all = { 0 };

        FOR_EACH_TABLE(k)
        {
            guarded y = guarded_new(n), dx = guarded_new(n), in_place = guarded_copy(&dy);
            guarded want = guarded_new(n);

            k->activate(f, (int64_t)n, x.data, y.data);
            k->activate_backward(f, (int64_t)n, from_x ? x.data : NULL, y.data, dy.data,
                                 dx.data);
            for (size_t i = 0; i < n; i++)
                want.data[i] =
                    (float)(reference_slope(f, (double)x.data[i]) * (double)dy.data[i]);
            assert_close(dx.data, want.data, n, 1e-6, 1e-6);
            k->activate_backward(f, (int64_t)n, from_x ? x.data : NULL, y.data,
                                 in_place.data, in_place.data);
            assert_same_bits(in_place.data, dx.data, n);
            agree(&all, k, &dx);
            guarded_free(&want);
            guarded_free(&in_place);
            guarded_free(&dx);
            guarded_free(&y);
        }
        agreed_end(&all);
    }
    guarded_free(&dy);
    guarded_free(&x);
}

static void test_backward_lengths(void **state)
{
    (void)state;
    for (size_t p = 0; p < PROMISES; p++)
        for (size_t n = 0; n <= 35; n++)
            FOR_EACH_TABLE(k)
            {
                guarded x = guarded_random(n, 4.0F), dy = guarded_random(n, 4.0F);
                guarded y = guarded_new(n), dx = guarded_new(n);

                k->activate(promise[p].f, (int64_t)n, x.data, y.data);
                k->activate_backward(promise[p].f, (int64_t)n, x.data, y.data, dy.data,
                                     dx.data);
                for (size_t i = 0; i < n; i++) {
                    float alone = -1.0F;

                    k->activate_backward(promise[p].f, 1, x.data + i, y.data + i,
                                         dy.data + i, &alone);
                    assert_same_bits(&dx.data[i], &alone, 1);
                }
                guarded_free(&dx);
                guarded_free(&y);
                guarded_free(&dy);
                guarded_free(&x);
            }
}

/* The slopes that need x end, and end right, at infinities. */
static void test_backward_limits(void **state)
{
    const float x[2] = { -INFINITY, INFINITY }, dy[2] = { 1.0F, 1.0F };
    const float want[2] = { 0.0F, 1.0F };

    (void)state;
    FOR_EACH_TABLE(k)
    {
        float y[2], dx[2];

        k->activate(SEQECHO_SWISH, 2, x, y);
        k->activate_backward(SEQECHO_SWISH, 2, x, y, dy, dx);
        assert_same_bits(dx, want, 2);
        k->activate(SEQECHO_SOFTPLUS, 2, x, y);
        k->activate_backward(SEQECHO_SOFTPLUS, 2, x, y, dy, dx);
        assert_same_bits(dx, want, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy),         cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_lengths),          cmocka_unit_test(test_backward),
        cmocka_unit_test(test_backward_lengths), cmocka_unit_test(test_backward_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
