/* test_lstm_alone.c - an LSTM passes over missing steps: each sample gives the bits of its
 * own steps alone.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "lstm_frame.h"

enum { STEPS = 6, FEATURES = 3, MOST = 24 };

/* Equal numbers; only the sign of a zero may differ, which a product with zeros in place of
 * none may turn. */
#define assert_equal(got, want, n) assert_close(got, want, n, 0.0, 0.0)

/* What a test varies. */
typedef struct variant {
    int64_t batch, units;
    int kind; /* of mask */
    bool initial, keep, training;
    int threads;
    seqecho_lstm_spec spec;
    const int32_t *classes;
} variant;

/* A frame of this variant, of which what is missing is not a number. */
static void open_masked(lstm_frame *t, const variant *v, const uint8_t *mask)
{
    *t = (lstm_frame){
        .spec = v->spec,
        .steps = STEPS,
        .batch = v->batch,
        .features = FEATURES,
        .masked = true,
        .mask = mask,
        .initial = v->initial,
        .keep = v->keep,
        .training = v->training,
        .threads = v->threads,
        .classes = v->classes,
    };
    t->spec.units = v->units;
    lstm_frame_open(t);
    for (int64_t r = 0; r < STEPS * v->batch; r++)
        for (int64_t i = 0; i < FEATURES && mask[r] == 0; i++)
            t->x[r * FEATURES + i] = i == 1 ? (float)INFINITY : (float)NAN;
}

/* The steps of sample b that are there, in the input's order. */
static int64_t valid_steps(const lstm_frame *t, int64_t b, int64_t *valid)
{
    int64_t n = 0;

    for (int64_t s = 0; s < t->steps; s++)
        if (t->mask[s * t->batch + b] != 0)
            valid[n++] = s;
    return n;
}

/* The place, in the order of processing, of input step s. */
static int64_t place(const lstm_frame *t, int64_t s)
{
    return t->spec.go_backwards ? t->steps - 1 - s : s;
}

/* Does the output of this place show the state, though it is missing? */
static bool shows(const lstm_frame *t, bool begun)
{
    return t->spec.masked_output == SEQECHO_MASKED_STATE ||
           (t->spec.masked_output == SEQECHO_MASKED_LAST && begun);
}

/* A frame of sample b's own steps; `n` of them, at least 1. */
static void open_alone(lstm_frame *a, const lstm_frame *t, int64_t b, const int64_t *valid,
                       int64_t n, int32_t *classes)
{
    const size_t row = (size_t)t->spec.units * sizeof(float);

    *a = *t;
    a->steps = n;
    a->batch = 1;
    a->masked = false;
    a->mask = NULL;
    a->threads = 1;
    for (int64_t s = 0; t->classes != NULL && s < n; s++)
        classes[s] = t->classes[valid[s] * t->batch + b];
    a->classes = t->classes != NULL ? classes : NULL;
    lstm_frame_open(a);
    memcpy(a->params, t->params, t->n_params * sizeof *a->params);
    memcpy(a->h0, t->h0 + b * t->spec.units, row);
    memcpy(a->c0, t->c0 + b * t->spec.units, row);
    for (int64_t s = 0; s < n; s++)
        memcpy(a->x + s * FEATURES, t->x + (valid[s] * t->batch + b) * FEATURES,
               FEATURES * sizeof *a->x);
}

/* Outputs of sample b, of a sequence: at its own steps those of the frame alone. */
static void check_outputs(const lstm_frame *t, int64_t b, const lstm_frame *alone)
{
    const int64_t u = t->spec.units;
    const bool initial = t->initial || t->keep;
    float want[MOST] = { 0 };
    bool begun = false;
    int64_t n = 0;

    for (int64_t s = 0; s < t->steps; s++) {
        const bool there = t->mask[place(t, s) * t->batch + b] != 0;

        if (there)
            memcpy(want, alone->out[0] + n++ * u, (size_t)u * sizeof *want);
        else if (!shows(t, begun) || (!begun && !initial))
            memset(want, 0, sizeof want);
        else if (!begun)
            memcpy(want, t->h0 + b * u, (size_t)u * sizeof *want);
        else /* after zeros of SEQECHO_MASKED_ZERO there is none; so the last one's */
            memcpy(want, alone->out[0] + (n - 1) * u, (size_t)u * sizeof *want);
        begun = begun || there;
        assert_equal(t->out[0] + (s * t->batch + b) * u, want, (size_t)u);
    }
}

/* The one output of sample b, and its states; `alone` NULL if it has no steps. */
static void check_last(const lstm_frame *t, int64_t b, const lstm_frame *alone)
{
    const int64_t u = t->spec.units;
    const size_t n = (size_t)u;
    const bool initial = t->initial || t->keep;
    const float zeros[MOST] = { 0 };
    const float *const h = alone ? alone->out[1] : initial ? t->h0 + b * u : zeros;
    const float *const c = alone ? alone->out[2] : initial ? t->c0 + b * u : zeros;
    const bool there = t->mask[place(t, t->steps - 1) * t->batch + b] != 0;

    assert_equal(t->out[1] + b * u, h, n);
    assert_equal(t->out[2] + b * u, c, n);
    if (!t->spec.return_sequences)
        assert_equal(t->out[0] + b * u, there || shows(t, alone != NULL) ? h : zeros, n);
    if (t->keep) {
        assert_equal(t->next_state + b * u, h, n);
        assert_equal(t->next_state + (t->batch + b) * u, c, n);
    }
}

/* Give the frame alone the gradients of its outputs: those behind its last step that show
 * the state join that of h, later ones first. */
static void hand_gradients(lstm_frame *t, int64_t b, lstm_frame *alone, int64_t n)
{
    const int64_t u = t->spec.units;
    bool tail = true;

    memcpy(alone->d_out[1], t->d_out[1] + b * u, (size_t)u * sizeof(float));
    memcpy(alone->d_out[2], t->d_out[2] + b * u, (size_t)u * sizeof(float));
    memset(alone->d_out[0], 0, (size_t)(alone->rows_out * u) * sizeof(float));
    for (int64_t s = t->steps - 1; s >= 0; s--) {
        const bool there = t->mask[place(t, s) * t->batch + b] != 0;
        float *const d =
            t->d_out[0] + ((t->spec.return_sequences ? s : 0) * t->batch + b) * u;

        if (!t->spec.return_sequences && s < t->steps - 1)
            break;
        tail = tail && !there;
        if (there)
            memcpy(alone->d_out[0] + (t->spec.return_sequences ? --n : 0) * u, d,
                   (size_t)u * sizeof *d);
        else if (!tail)
            memset(d, 0, (size_t)u * sizeof *d); /* sums of three have no one order */
        for (int64_t j = 0; j < u && tail && shows(t, true); j++)
            alone->d_out[1][j] += d[j];
    }
}

static void check_gradients(const lstm_frame *t, int64_t b, const lstm_frame *alone,
                            const int64_t *valid, int64_t n)
{
    const int64_t u = t->spec.units;
    const float zeros[FEATURES] = { 0 };
    int64_t next = 0;

    for (int64_t s = 0; t->classes == NULL && s < t->steps; s++) {
        const bool there = next < n && valid[next] == s;

        assert_equal(t->d_in[0] + (s * t->batch + b) * FEATURES,
                     there ? alone->d_in[0] + next * FEATURES : zeros, FEATURES);
        next += there;
    }
    if (!t->initial)
        return;
    assert_equal(t->d_in[1] + b * u, alone->d_in[1], (size_t)u);
    assert_equal(t->d_in[2] + b * u, alone->d_in[2], (size_t)u);
}

/* Sample b against its own steps alone; adds its gradients of weights to `grads`. */
static void check_sample(lstm_frame *t, int64_t b, double *grads)
{
    int64_t valid[STEPS];
    int32_t classes[STEPS];
    const int64_t n = valid_steps(t, b, valid);
    lstm_frame alone;

    if (n == 0) {
        check_last(t, b, NULL);
        return;
    }
    open_alone(&alone, t, b, valid, n, classes);
    lstm_frame_forward(&alone);
    if (t->spec.return_sequences)
        check_outputs(t, b, &alone);
    check_last(t, b, &alone);
    if (t->training) {
        hand_gradients(t, b, &alone, n);
        lstm_frame_backward(&alone);
        for (size_t i = 0; i < t->n_params; i++)
            grads[i] += (double)alone.grads[i];
    }
    lstm_frame_close(&alone);
}

/* The input gradients come after those of all samples are known. */
static void check_sample_gradients(lstm_frame *t, int64_t b)
{
    int64_t valid[STEPS];
    int32_t classes[STEPS];
    const int64_t n = valid_steps(t, b, valid);
    lstm_frame alone;

    if (n == 0)
        return;
    open_alone(&alone, t, b, valid, n, classes);
    lstm_frame_forward(&alone);
    hand_gradients(t, b, &alone, n);
    lstm_frame_backward(&alone);
    check_gradients(t, b, &alone, valid, n);
    lstm_frame_close(&alone);
}

static void check(const variant *v)
{
    uint8_t mask[STEPS * MOST];
    double *grads;
    lstm_frame t;

    assert_true(v->batch <= MOST && v->units <= MOST);
    lstm_frame_mask(mask, v->kind, STEPS, v->batch);
    open_masked(&t, v, mask);
    grads = calloc(t.n_params, sizeof *grads);
    assert_non_null(grads);
    lstm_frame_forward(&t);
    for (int64_t b = 0; b < v->batch; b++)
        check_sample(&t, b, grads);
    if (v->training) {
        lstm_frame_backward(&t);
        for (int64_t b = 0; b < v->batch; b++)
            check_sample_gradients(&t, b);
        for (size_t i = 0; i < t.n_params; i++)
            assert_close_double((double)t.grads[i], grads[i], 1e-4, 1e-5);
    }
    free(grads);
    lstm_frame_close(&t);
}

/* With every kind of mask, in training and not. */
static void check_masks(variant v)
{
    for (v.kind = 0; v.kind < LSTM_FRAME_MASKS; v.kind++)
        for (int training = 0; training < 2; training++) {
            v.training = training == 1;
            check(&v);
        }
}

/* With every meaning of a missing step, and every way for states to begin. */
static void check_meanings(variant v)
{
    for (seqecho_masked_output output = SEQECHO_MASKED_LAST; output <= SEQECHO_MASKED_ZERO;
         output++)
        for (int begin = 0; begin < 3; begin++) {
            v.spec.masked_output = output;
            v.initial = begin == 1;
            v.keep = begin == 2;
            check_masks(v);
        }
}

static void sequences(void **state)
{
    variant v = { .batch = 5, .units = 4, .spec.return_sequences = true };

    (void)state;
    check_meanings(v);
    v.spec.go_backwards = true;
    check_meanings(v);
}

static void last_outputs(void **state)
{
    variant v = { .batch = 5, .units = 4 };

    (void)state;
    check_meanings(v);
    v.spec.go_backwards = true;
    check_meanings(v);
}

/* One sample, and so many that each step has its own input product. */
static void batches(void **state)
{
    variant v = { .batch = 1, .units = 7, .spec.return_sequences = true };

    (void)state;
    check_meanings(v);
    v.batch = 19;
    check_meanings(v);
}

static void other_cells(void **state)
{
    variant v = { .batch = 3, .units = 5 };

    (void)state;
    for (int sequences = 0; sequences < 2; sequences++) {
        v.spec.return_sequences = sequences == 1;
        v.spec.activation = SEQECHO_SOFTSIGN;
        v.spec.recurrent_activation = SEQECHO_SOFTMAX;
        check_meanings(v);
        v.spec.activation = SEQECHO_SWISH;
        v.spec.recurrent_activation = SEQECHO_SIGMOID;
        v.spec.no_bias = true;
        check_meanings(v);
        v.spec.no_bias = false;
    }
}

static void class_numbers(void **state)
{
    int32_t classes[STEPS * MOST];
    variant v = { .units = 4, .classes = classes, .spec.return_sequences = true };

    (void)state;
    for (int32_t i = 0; i < STEPS * MOST; i++)
        classes[i] = i * 5 / 3 % FEATURES;
    for (v.batch = 1; v.batch <= 19; v.batch += 6)
        check_meanings(v);
}

/* Everything that comes out, one after the other. */
static size_t everything(const lstm_frame *t, float *all)
{
    const size_t states = (size_t)(t->batch * t->spec.units);
    const size_t out = (size_t)(t->rows_out * t->spec.units);
    const size_t x = (size_t)(t->steps * t->batch * t->features);
    const float *const array[] = { t->out[0], t->out[1], t->out[2], t->grads, t->d_in[0] };
    const size_t size[] = { out, states, states, t->n_params, x };
    size_t n = 0;

    for (size_t i = 0; i < 5; i++) {
        memcpy(all + n, array[i], size[i] * sizeof *all);
        n += size[i];
    }
    return n;
}

static size_t run(const variant *v, const uint8_t *mask, bool masked, float *all)
{
    lstm_frame t = { .spec = v->spec,
                     .steps = STEPS,
                     .batch = v->batch,
                     .features = FEATURES,
                     .masked = masked,
                     .mask = mask,
                     .initial = v->initial,
                     .training = true,
                     .threads = v->threads };
    size_t n;

    t.spec.units = v->units;
    lstm_frame_open(&t);
    lstm_frame_forward(&t);
    lstm_frame_backward(&t);
    n = everything(&t, all);
    lstm_frame_close(&t);
    return n;
}

enum { ALL = 400000 };

/* A mask in which nothing is missing, and a possible mask that is not there, give the bits
 * of a layer without. */
static void nothing_missing(void **state)
{
    float *const want = calloc(ALL, sizeof *want), *const got = calloc(ALL, sizeof *got);
    uint8_t mask[STEPS * MOST];

    (void)state;
    for (int64_t batch = 1; batch <= 21; batch += 4)
        for (int option = 0; option < 12; option++) {
            const variant v = { .batch = batch,
                                .units = 6,
                                .initial = option % 2 == 1,
                                .spec.return_sequences = option / 2 % 2 == 1,
                                .spec.masked_output = (seqecho_masked_output)(option / 4) };
            const size_t n = run(&v, NULL, false, want);

            lstm_frame_mask(mask, 0, STEPS, batch);
            assert_int_equal(run(&v, NULL, true, got), n);
            assert_same_bits(got, want, n);
            assert_int_equal(run(&v, mask, true, got), n);
            assert_equal(got, want, n);
        }
    free(want);
    free(got);
}

/* Large enough that threads share the samples. */
static void threads(void **state)
{
    float *const want = calloc(ALL, sizeof *want), *const got = calloc(ALL, sizeof *got);
    uint8_t mask[STEPS * MOST];

    (void)state;
    for (int kind = 1; kind < LSTM_FRAME_MASKS; kind++) {
        variant v = { .batch = 23,
                      .units = 60,
                      .initial = true,
                      .spec.return_sequences = true,
                      .spec.masked_output = (seqecho_masked_output)(kind % 3) };
        const size_t n =
            (lstm_frame_mask(mask, kind, STEPS, v.batch), run(&v, mask, true, want));

        v.threads = 3;
        assert_int_equal(run(&v, mask, true, got), n);
        assert_same_bits(got, want, n);
    }
    free(want);
    free(got);
}

/* ---- Step by step ------------------------------------------------------------------- */

/* One step, some samples missing: the state stays, and is the last output. */
static void check_step(int64_t batch, seqecho_masked_output output,
                       seqecho_activation activation, int kind)
{
    const uint8_t mask[] = { kind == 1, kind == 1 || kind == 2, kind == 1, 0, 1 };
    lstm_frame t = { .spec = { .units = 5,
                               .activation = activation,
                               .masked_output = output,
                               .return_sequences = true },
                     .steps = 1,
                     .batch = batch,
                     .features = FEATURES,
                     .masked = true,
                     .mask = mask,
                     .keep = true };
    float want[4 * 5 * 5];
    const size_t u = 5, states = (size_t)batch * u;

    lstm_frame_open(&t);
    t.f.stepping = true;
    t.f.in[0].mask = NULL;
    t.f.in[0].masked = false;
    lstm_frame_forward(&t);
    memcpy(want, t.next_state, 2 * states * sizeof *want);
    memcpy(want + 2 * states, t.out[0], states * sizeof *want);
    t.f.in[0].mask = mask;
    t.f.in[0].masked = true;
    for (int64_t b = 0; b < batch; b++) {
        if (mask[b] != 0)
            continue;
        memset(t.x + b * FEATURES, 0xff, FEATURES * sizeof *t.x);
        memcpy(want + (size_t)b * u, t.h0 + (size_t)b * u, u * sizeof *want);
        memcpy(want + states + (size_t)b * u, t.c0 + (size_t)b * u, u * sizeof *want);
        memcpy(want + 2 * states + (size_t)b * u, t.h0 + (size_t)b * u, u * sizeof *want);
        if (output == SEQECHO_MASKED_ZERO)
            memset(want + 2 * states + (size_t)b * u, 0, u * sizeof *want);
    }
    if (!lstm_frame_step(&t))
        lstm_frame_forward(&t);
    assert_equal(t.next_state, want, 2 * states);
    assert_equal(t.out[0], want + 2 * states, states);
    assert_equal(t.out[1], want, states);
    lstm_frame_close(&t);
}

static void steps(void **state)
{
    (void)state;
    for (int64_t batch = 1; batch <= 5; batch += 2)
        for (int option = 0; option < 18; option++)
            check_step(batch, (seqecho_masked_output)(option % 3),
                       option / 3 % 2 == 1 ? SEQECHO_RELU : SEQECHO_TANH, option / 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences),     cmocka_unit_test(last_outputs),
        cmocka_unit_test(batches),       cmocka_unit_test(other_cells),
        cmocka_unit_test(class_numbers), cmocka_unit_test(nothing_missing),
        cmocka_unit_test(threads),       cmocka_unit_test(steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
