/* test_lstm_reference.c - an LSTM with masks and dropout against plain loops in double, and
 * its gradients against the slopes of those.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "lstm_frame.h"

enum { STEPS = 4, FEATURES = 3, UNITS = 3, MOST = 20 };

/* Sum of the outputs times the gradients they are given. */
static double weighted(const lstm_frame *t, const double *values, double *out)
{
    const size_t states = (size_t)(t->batch * t->spec.units);
    const size_t first = (size_t)(t->rows_out * t->spec.units);
    double sum = 0.0;

    lstm_frame_reference(t, values, out);
    for (size_t i = 0; i < first; i++)
        sum += out[i] * (double)t->d_out[0][i];
    for (size_t i = 0; i < states; i++)
        sum += out[first + i] * (double)t->d_out[1][i] +
               out[first + states + i] * (double)t->d_out[2][i];
    return sum;
}

static void check_outputs(const lstm_frame *t, const double *values, double *out)
{
    const size_t states = (size_t)(t->batch * t->spec.units);
    const size_t first = (size_t)(t->rows_out * t->spec.units);

    lstm_frame_reference(t, values, out);
    for (size_t i = 0; i < first; i++)
        assert_close_double((double)t->out[0][i], out[i], 1e-5, 1e-6);
    for (size_t i = 0; i < states; i++) {
        assert_close_double((double)t->out[1][i], out[first + i], 1e-5, 1e-6);
        assert_close_double((double)t->out[2][i], out[first + states + i], 1e-5, 1e-6);
    }
}

/* What backward() gave for variable i. */
static double gradient(const lstm_frame *t, size_t i)
{
    const size_t x = (size_t)(t->steps * t->batch * t->features);
    const size_t states = (size_t)(t->batch * t->spec.units);

    if (i < t->n_params)
        return (double)t->grads[i];
    i -= t->n_params;
    if (i < x)
        return (double)t->d_in[0][i];
    i -= x;
    return (double)(i < states ? t->d_in[1][i] : t->d_in[2][i - states]);
}

static void check_slopes(const lstm_frame *t, double *values, double *out)
{
    const double h = 1e-5;
    const size_t n =
        lstm_frame_count(t) - (t->initial ? 0 : 2 * (size_t)(t->batch * t->spec.units));
    double largest = 0.0;

    for (size_t i = 0; i < n; i++) {
        const double value = values[i];
        double slope;

        values[i] = value + h;
        slope = weighted(t, values, out);
        values[i] = value - h;
        slope = (slope - weighted(t, values, out)) / (2.0 * h);
        values[i] = value;
        largest = fmax(largest, fabs(slope));
        assert_close_double(gradient(t, i), slope, 1e-4, 1e-5);
    }
    assert_true(largest > 0.01);
}

/* Run the frame, which is not open yet, and compare all that it gives. */
static void check(lstm_frame t)
{
    double *values, *out;

    t.steps = STEPS;
    t.features = FEATURES;
    t.spec.units = UNITS;
    t.training = true;
    lstm_frame_open(&t);
    values = calloc(lstm_frame_count(&t), sizeof *values);
    out = calloc(lstm_frame_outputs(&t), sizeof *out);
    assert_true(values != NULL && out != NULL);
    lstm_frame_variables(&t, values);
    lstm_frame_forward(&t);
    check_outputs(&t, values, out);
    lstm_frame_backward(&t);
    check_slopes(&t, values, out);
    free(values);
    free(out);
    lstm_frame_close(&t);
}

/* With every mask; kind -1 is none. */
static void check_masks(lstm_frame t, int first, int step)
{
    uint8_t mask[STEPS * MOST];

    assert_true(t.batch <= MOST);
    for (int kind = first; kind < LSTM_FRAME_MASKS; kind += step) {
        if (kind >= 0)
            lstm_frame_mask(mask, kind, STEPS, t.batch);
        t.masked = kind >= 0;
        t.mask = kind >= 0 ? mask : NULL;
        check(t);
    }
}

/* Every option of a mask. */
static void masks(void **state)
{
    (void)state;
    for (int option = 0; option < 24; option++) {
        lstm_frame t = { .batch = 2 };

        t.spec.masked_output = (seqecho_masked_output)(option % 3);
        t.spec.return_sequences = option / 3 % 2 == 1;
        t.spec.go_backwards = option / 6 % 2 == 1;
        t.initial = option / 12 == 1;
        check_masks(t, 1, 1);
    }
}

/* Many samples: rows of a step are cut out of it, and gaps between runs are wide. */
static void many_samples(void **state)
{
    (void)state;
    for (int option = 0; option < 2; option++) {
        lstm_frame t = { .batch = 18, .initial = true };

        t.spec.return_sequences = true;
        t.spec.masked_output = SEQECHO_MASKED_STATE;
        t.spec.go_backwards = option == 1;
        check_masks(t, 1, 2);
    }
}

static lstm_frame dropping(float x, float h, int implementation, uint64_t seed)
{
    lstm_frame t = { .batch = 2, .learning = true, .seed = seed };

    t.spec.dropout = x;
    t.spec.recurrent_dropout = h;
    t.spec.implementation = (uint8_t)implementation;
    return t;
}

/* Every kind of dropout, without a mask and with. */
static void dropout(void **state)
{
    static const float rates[][2] = { { 0.4f, 0.0f }, { 0.0f, 0.3f }, { 0.3f, 0.5f } };

    (void)state;
    for (int option = 0; option < 24; option++) {
        const float *const rate = rates[option % 3];
        lstm_frame t = dropping(rate[0], rate[1], option / 3 % 2 + 1, 7);

        t.spec.return_sequences = option / 6 % 2 == 1;
        t.spec.go_backwards = option / 12 == 1;
        t.spec.no_bias = option % 5 == 4;
        t.initial = option % 2 == 1;
        check_masks(t, -1, 4);
    }
}

/* A rate of 1 is no dropout, and a pass that does not learn has none. */
static void no_dropout(void **state)
{
    lstm_frame t = dropping(0.5f, 0.5f, 1, 3);

    (void)state;
    check(dropping(1.0f, 1.0f, 1, 3));
    check(dropping(1.0f, 0.0f, 2, 3));
    t.learning = false;
    check(t);
    t.spec.recurrent_dropout = 0.0f;
    t.spec.implementation = 2;
    check(t);
}

/* ---- What is drawn ------------------------------------------------------------------ */

/* x alone acts, as it is: the output is then that of the dropped features. */
static size_t outputs(lstm_frame t, float *out)
{
    size_t n;

    t.steps = STEPS;
    t.features = FEATURES;
    t.spec.units = UNITS;
    t.spec.return_sequences = true;
    t.training = true;
    lstm_frame_open(&t);
    lstm_frame_forward(&t);
    n = (size_t)(t.rows_out * UNITS);
    memcpy(out, t.out[0], n * sizeof *out);
    lstm_frame_close(&t);
    return n;
}

/* Seeds, rates of x and h, and the implementation matter; threads do not. */
static void draws(void **state)
{
    enum { ROOM = STEPS * MOST * UNITS };
    float want[ROOM], got[ROOM];
    lstm_frame t = dropping(0.5f, 0.0f, 2, 1);
    const size_t n = outputs(t, want);
    const lstm_frame others[] = {
        dropping(0.5f, 0.0f, 2, 2),
        dropping(0.5f, 0.5f, 2, 1),
        dropping(0.5f, 0.0f, 1, 1),
        dropping(0.0f, 0.5f, 2, 1),
    };

    (void)state;
    outputs(t, got);
    assert_same_bits(got, want, n);
    t.threads = 3;
    outputs(t, got);
    assert_same_bits(got, want, n);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        outputs(others[i], got);
        assert_true(memcmp(got, want, n * sizeof *got) != 0);
    }
}

/* With recurrent dropout, implementation 2 is 1. */
static void recurrent_is_1(void **state)
{
    enum { ROOM = STEPS * MOST * UNITS };
    float one[ROOM], two[ROOM];
    const size_t n = outputs(dropping(0.3f, 0.3f, 1, 9), one);

    (void)state;
    outputs(dropping(0.3f, 0.3f, 2, 9), two);
    assert_same_bits(two, one, n);
    outputs(dropping(0.3f, 0.3f, 0, 9), two);
    assert_same_bits(two, one, n);
}

/* Missing steps of a layer with dropout may hold anything, too. */
static void garbage(void **state)
{
    uint8_t mask[STEPS * 5];

    (void)state;
    for (int option = 0; option < 4; option++)
        for (int kind = 1; kind < LSTM_FRAME_MASKS; kind++) {
            lstm_frame t = dropping(option < 3 ? 0.4f : 0.0f, option > 1 ? 0.4f : 0.0f,
                                    option % 2 + 1, 11);
            float *grads;

            lstm_frame_mask(mask, kind, STEPS, 5);
            t.steps = STEPS;
            t.batch = 5;
            t.features = FEATURES;
            t.spec.units = UNITS;
            t.training = t.masked = t.initial = true;
            t.mask = mask;
            lstm_frame_open(&t);
            lstm_frame_forward(&t);
            lstm_frame_backward(&t);
            grads = calloc(t.n_params, sizeof *grads);
            assert_non_null(grads);
            memcpy(grads, t.grads, t.n_params * sizeof *grads);
            for (int64_t i = 0; i < STEPS * 5 * FEATURES; i++)
                if (mask[i / FEATURES] == 0)
                    t.x[i] = (float)NAN;
            lstm_frame_forward(&t);
            lstm_frame_backward(&t);
            assert_close(t.grads, grads, t.n_params, 0.0, 0.0);
            for (int64_t i = 0; i < STEPS * 5 * FEATURES; i++)
                assert_true(mask[i / FEATURES] == 0 ? t.d_in[0][i] == 0.0f
                                                    : isfinite(t.d_in[0][i]));
            free(grads);
            lstm_frame_close(&t);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks),   cmocka_unit_test(many_samples),
        cmocka_unit_test(dropout), cmocka_unit_test(no_dropout),
        cmocka_unit_test(draws),   cmocka_unit_test(recurrent_is_1),
        cmocka_unit_test(garbage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
