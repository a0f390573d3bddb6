/* test_optimizer.c - steps of optimizers, and what is done to gradients, on every table.
 * SPDX-License-Identifier: MIT
 *
 * Each is compared with the same formula in plain floats, bit for bit.  But for the means
 * of AdamW and Nadam nothing is fused, so the expected bits are the same for all tables. */
#include "harness.h"

static const int64_t sizes[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 49, 65, 257 };

#define SIZES (sizeof sizes / sizeof sizes[0])
#define ARRAYS 5

/* Arrays of a step: w, g, and what is kept. */
enum { W, G, A, B, C };

typedef struct arrays {
    guarded of[ARRAYS];
} arrays;

/* Random numbers; what stands under a root is not negative.  Some gradients are 0. */
static arrays arrays_random(size_t n)
{
    arrays x;

    for (int i = 0; i < ARRAYS; i++)
        x.of[i] = guarded_random(n, 1.0F);
    for (size_t i = 0; i < n; i++) {
        x.of[B].data[i] = fabsf(x.of[B].data[i]);
        if (i % 4 == 2)
            x.of[G].data[i] = x.of[A].data[i] = x.of[B].data[i] = 0.0F;
    }
    return x;
}

static arrays arrays_copy(const arrays *from)
{
    arrays x;

    for (int i = 0; i < ARRAYS; i++)
        x.of[i] = guarded_copy(&from->of[i]);
    return x;
}

static void arrays_free(arrays *x)
{
    for (int i = 0; i < ARRAYS; i++)
        guarded_free(&x->of[i]);
}

/* A step of all elements, and of one element as it should be: x[array]. */
typedef struct step_case {
    void (*run)(const se_kernels *k, int64_t n, const arrays *x);
    void (*want)(const se_kernels *k, float x[ARRAYS]);
} step_case;

static void check_step(const step_case *c)
{
    for (size_t s = 0; s < SIZES; s++) {
        const size_t n = (size_t)sizes[s];
        arrays before = arrays_random(n);

        FOR_EACH_TABLE(k)
        {
            arrays got = arrays_copy(&before), want = arrays_copy(&before);

            c->run(k, sizes[s], &got);
            for (size_t i = 0; i < n; i++) {
                float x[ARRAYS];

                for (int j = 0; j < ARRAYS; j++)
                    x[j] = want.of[j].data[i];
                c->want(k, x);
                for (int j = 0; j < ARRAYS; j++)
                    want.of[j].data[i] = x[j];
            }
            for (int j = 0; j < ARRAYS; j++)
                assert_same_bits(got.of[j].data, want.of[j].data, n);
            arrays_free(&want);
            arrays_free(&got);
        }
        arrays_free(&before);
    }
}

/* ---- AdamW and Nadam ---------------------------------------------------------------- */

static const se_adamw_rates adamw_rates = { 0.03F, 0.1F, 0.001F, 1e-7F, 0.02F };

static void run_adamw(const se_kernels *k, int64_t n, const arrays *x)
{
    k->adamw(n, x->of[W].data, x->of[G].data, x->of[A].data, x->of[B].data, NULL,
             &adamw_rates);
}

static void run_amsgrad(const se_kernels *k, int64_t n, const arrays *x)
{
    k->adamw(n, x->of[W].data, x->of[G].data, x->of[A].data, x->of[B].data, x->of[C].data,
             &adamw_rates);
}

static void want_means(const se_kernels *k, float x[ARRAYS], float rate_1, float rate_2)
{
    x[A] = multiply_add(k, x[G] - x[A], rate_1, x[A]);
    x[B] = multiply_add(k, x[G] * x[G] - x[B], rate_2, x[B]);
}

static void want_adamw_step(float x[ARRAYS], float square)
{
    const se_adamw_rates *const r = &adamw_rates;

    x[W] = (x[W] - x[W] * r->decay) - r->alpha * x[A] / (sqrtf(square) + r->epsilon);
}

static void want_adamw(const se_kernels *k, float x[ARRAYS])
{
    want_means(k, x, adamw_rates.rate_1, adamw_rates.rate_2);
    want_adamw_step(x, x[B]);
}

static void want_amsgrad(const se_kernels *k, float x[ARRAYS])
{
    want_means(k, x, adamw_rates.rate_1, adamw_rates.rate_2);
    x[C] = x[B] > x[C] ? x[B] : x[C];
    want_adamw_step(x, x[C]);
}

static const se_nadam_rates nadam_rates = { 0.1F, 0.001F, 0.07F, 0.03F, 12.5F, 1e-7F };

static void run_nadam(const se_kernels *k, int64_t n, const arrays *x)
{
    k->nadam(n, x->of[W].data, x->of[G].data, x->of[A].data, x->of[B].data, &nadam_rates);
}

static void want_nadam(const se_kernels *k, float x[ARRAYS])
{
    const se_nadam_rates *const r = &nadam_rates;

    want_means(k, x, r->rate_1, r->rate_2);
    x[W] -= (r->of_m * x[A] + r->of_g * x[G]) / (sqrtf(r->of_v * x[B]) + r->epsilon);
}

/* ---- SGD and RMSprop ---------------------------------------------------------------- */

static void run_sgd(const se_kernels *k, int64_t n, const arrays *x)
{
    k->sgd(n, x->of[W].data, x->of[G].data, NULL, 0.03F, 0.0F, false);
}

static void want_sgd(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[W] -= 0.03F * x[G];
}

static void run_momentum(const se_kernels *k, int64_t n, const arrays *x)
{
    k->sgd(n, x->of[W].data, x->of[G].data, x->of[A].data, 0.03F, 0.9F, false);
}

static void want_momentum(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[A] = 0.9F * x[A] - 0.03F * x[G];
    x[W] += x[A];
}

static void run_nesterov(const se_kernels *k, int64_t n, const arrays *x)
{
    k->sgd(n, x->of[W].data, x->of[G].data, x->of[A].data, 0.03F, 0.9F, true);
}

static void want_nesterov(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[A] = 0.9F * x[A] - 0.03F * x[G];
    x[W] += 0.9F * x[A] - 0.03F * x[G];
}

static const se_rmsprop_rates rates_inside = { 0.03F, 0.9F, 0.1F, 0.8F, 1e-3F, false };
static const se_rmsprop_rates rates_outside = { 0.03F, 0.9F, 0.1F, 0.8F, 1e-3F, true };

static void run_rmsprop(const se_kernels *k, int64_t n, const arrays *x)
{
    k->rmsprop(n, x->of[W].data, x->of[G].data, x->of[B].data, NULL, NULL, &rates_inside);
}

static void want_rmsprop(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[B] = 0.9F * x[B] + 0.1F * (x[G] * x[G]);
    x[W] -= 0.03F * x[G] / sqrtf(x[B] + 1e-3F);
}

static void run_rmsprop_outside(const se_kernels *k, int64_t n, const arrays *x)
{
    k->rmsprop(n, x->of[W].data, x->of[G].data, x->of[B].data, NULL, NULL, &rates_outside);
}

static void want_rmsprop_outside(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[B] = 0.9F * x[B] + 0.1F * (x[G] * x[G]);
    x[W] -= 0.03F * x[G] / (sqrtf(x[B]) + 1e-3F);
}

/* Means as random as these give negative variances too, which count as 0. */
static void run_rmsprop_all(const se_kernels *k, int64_t n, const arrays *x)
{
    k->rmsprop(n, x->of[W].data, x->of[G].data, x->of[B].data, x->of[A].data, x->of[C].data,
               &rates_inside);
}

static void want_rmsprop_all(const se_kernels *k, float x[ARRAYS])
{
    float variance;

    (void)k;
    x[B] = 0.9F * x[B] + 0.1F * (x[G] * x[G]);
    x[A] = 0.9F * x[A] + 0.1F * x[G];
    variance = x[B] - x[A] * x[A];
    if (!(variance > 0.0F))
        variance = 0.0F;
    x[C] = 0.8F * x[C] + 0.03F * x[G] / sqrtf(variance + 1e-3F);
    x[W] -= x[C];
}

/* ---- Before the step ---------------------------------------------------------------- */

static void run_regularize(const se_kernels *k, int64_t n, const arrays *x)
{
    k->regularize(n, x->of[A].data, 0.25F, 0.75F, x->of[C].data);
}

static void want_regularize(const se_kernels *k, float x[ARRAYS])
{
    const float sign = x[A] > 0.0F ? 0.25F : x[A] < 0.0F ? -0.25F : 0.0F;

    (void)k;
    x[C] += sign + 0.75F * x[A];
}

static void run_clip(const se_kernels *k, int64_t n, const arrays *x)
{
    k->clip(n, x->of[A].data, 1.0F, 0.3F, x->of[C].data);
}

static void want_clip(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[C] = x[A] > 0.3F ? 0.3F : x[A] < -0.3F ? -0.3F : x[A];
}

static void run_scale(const se_kernels *k, int64_t n, const arrays *x)
{
    k->clip(n, x->of[A].data, 0.3F, INFINITY, x->of[A].data);
}

static void want_scale(const se_kernels *k, float x[ARRAYS])
{
    (void)k;
    x[A] *= 0.3F;
}

static const step_case steps[] = {
    { run_adamw, want_adamw },
    { run_amsgrad, want_amsgrad },
    { run_nadam, want_nadam },
    { run_sgd, want_sgd },
    { run_momentum, want_momentum },
    { run_nesterov, want_nesterov },
    { run_rmsprop, want_rmsprop },
    { run_rmsprop_outside, want_rmsprop_outside },
    { run_rmsprop_all, want_rmsprop_all },
    { run_regularize, want_regularize },
    { run_clip, want_clip },
    { run_scale, want_scale },
};

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        check_step(&steps[i]);
}

/* Without decay and amsgrad, AdamW is Adam. */
static void test_adamw_is_adam(void **state)
{
    const se_adamw_rates r = { 0.03F, 0.1F, 0.001F, 1e-7F, 0.0F };
    const int64_t n = 37;
    arrays before = arrays_random((size_t)n);

    (void)state;
    FOR_EACH_TABLE(k)
    {
        arrays a = arrays_copy(&before), b = arrays_copy(&before);

        k->adamw(n, a.of[W].data, a.of[G].data, a.of[A].data, a.of[B].data, NULL, &r);
        k->adam(n, b.of[W].data, b.of[G].data, b.of[A].data, b.of[B].data, r.alpha,
                r.rate_1, r.rate_2, r.epsilon);
        for (int j = 0; j < ARRAYS; j++)
            assert_same_bits(a.of[j].data, b.of[j].data, (size_t)n);
        arrays_free(&a);
        arrays_free(&b);
    }
    arrays_free(&before);
}

/* ---- Sums --------------------------------------------------------------------------- */

static void test_sums(void **state)
{
    static const int64_t more[] = { 0, 1, 15, 16, 17, 255, 256, 257, 513, 4096, 5000 };

    (void)state;
    for (size_t s = 0; s < sizeof more / sizeof *more; s++) {
        guarded x = guarded_random((size_t)more[s], 2.0F);
        const double abs_c = se_kernels_list(0)->abs_sum(more[s], x.data);
        const double square_c = se_kernels_list(0)->square_sum(more[s], x.data);
        double abs_want = 0.0, square_want = 0.0;

        for (int64_t i = 0; i < more[s]; i++) {
            abs_want += fabs((double)x.data[i]);
            square_want += (double)x.data[i] * (double)x.data[i];
        }
        assert_close_double(abs_c, abs_want, 3e-7, 0);
        assert_close_double(square_c, square_want, 3e-7, 0);
        FOR_EACH_TABLE(k)
        {
            assert_close_double(k->abs_sum(more[s], x.data), abs_c, 0, 0);
            assert_close_double(k->square_sum(more[s], x.data), square_c, 0, 0);
        }
        guarded_free(&x);
    }
}

/* The largest gradients there are do not overflow. */
static void test_large_squares(void **state)
{
    guarded x = guarded_new(5000);

    (void)state;
    for (size_t i = 0; i < x.n; i++)
        x.data[i] = 1e18F;
    FOR_EACH_TABLE(k)
    assert_close_double(k->square_sum((int64_t)x.n, x.data), 5000e36, 1e-6, 0);
    guarded_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_adamw_is_adam),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_large_squares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
