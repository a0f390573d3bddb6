/* test_loss.c - losses of a batch against a plain computation in double, and their
 * gradients against its slopes.
 * SPDX-License-Identifier: MIT */
#include "output.h"

/* ---- The plain computation ---------------------------------------------------------- */

enum form { PROBABILITIES, LOGITS, DEFERRED }; /* of a cross-entropy's output */

typedef struct problem {
    seqecho_loss loss;
    enum form form;
    double smoothing, delta, output_weight;
    bool classes; /* targets are given as numbers */
    int weights;  /* axes of the sample weights: 0 for none, 1, 2 */
    bool masked, mean_all;
} problem;

typedef struct data {
    double p[OUTPUT_MAX], y[OUTPUT_MAX];
    float y_float[OUTPUT_MAX];
    int32_t label[OUTPUT_MAX];
    float weight[OUTPUT_MAX]; /* (batch) or (batch, d1) */
} data;

static double log_sum_exp(const double *z, int64_t n)
{
    double largest = z[0], sum = 0.0;

    for (int64_t j = 1; j < n; j++)
        largest = fmax(largest, z[j]);
    for (int64_t j = 0; j < n; j++)
        sum += exp(z[j] - largest);
    return largest + log(sum);
}

static double categorical(const problem *q, const double *p, const double *y, int64_t n)
{
    double sum = 0.0, loss = 0.0;

    for (int64_t j = 0; j < n; j++)
        sum += p[j];
    for (int64_t j = 0; j < n; j++) {
        const double t = y[j] * (1.0 - q->smoothing) + q->smoothing / (double)n;

        loss -= t * (q->form == PROBABILITIES ? log(p[j] / sum) : p[j] - log_sum_exp(p, n));
    }
    return loss;
}

static double element(const problem *q, double p, double y)
{
    const double t = y * (1.0 - q->smoothing) + 0.5 * q->smoothing, e = p - y;

    switch (q->loss) {
    case SEQECHO_BINARY_CROSSENTROPY:
        if (q->form != PROBABILITIES)
            return t * log(1.0 + exp(-p)) + (1.0 - t) * log(1.0 + exp(p));
        return -t * log(p) - (1.0 - t) * log(1.0 - p);
    case SEQECHO_MEAN_SQUARED_ERROR: return e * e;
    case SEQECHO_MEAN_ABSOLUTE_ERROR: return fabs(e);
    default:
        return fabs(e) <= q->delta ? e * e / 2.0
                                   : q->delta * fabs(e) - q->delta * q->delta / 2.0;
    }
}

static double row_loss(const problem *q, const double *p, const double *y, int64_t n)
{
    double sum = 0.0;

    if (se_loss_takes_classes(q->loss))
        return categorical(q, p, y, n);
    for (int64_t j = 0; j < n; j++)
        sum += element(q, p[j], y[j]);
    return sum / (double)n;
}

static bool is_masked(const problem *q, const output *o, int64_t sample, int64_t time)
{
    return q->masked && o->mask[time * o->batch + sample] == 0;
}

static double weight_of(const problem *q, const output *o, const data *d, int64_t sample,
                        int64_t time)
{
    return q->weights == 0   ? 1.0
           : q->weights == 1 ? (double)d->weight[sample]
                             : (double)d->weight[sample * o->d1 + time];
}

/* Part of the loss that row `row`, in the user's order, makes. */
static double part(const problem *q, const output *o, const data *d, int64_t row)
{
    const int64_t sample = row / o->rows, time = row % o->rows / o->d2;
    const double weight = q->output_weight * weight_of(q, o, d, sample, time);
    int64_t count = 0;

    if (is_masked(q, o, sample, time) || weight == 0.0)
        return 0.0;
    for (int64_t s = 0; s < o->batch; s++)
        for (int64_t t = 0; t < o->d1; t++)
            count += q->mean_all || !is_masked(q, o, s, t) ? o->d2 : 0;
    return weight * row_loss(q, d->p + row * o->cols, d->y + row * o->cols, o->cols) /
           (double)count;
}

/* ---- Data --------------------------------------------------------------------------- */

static void fill(const problem *q, output *o, data *d)
{
    const bool categorical = se_loss_takes_classes(q->loss);
    const bool any = q->form != PROBABILITIES ||
                     (!categorical && q->loss != SEQECHO_BINARY_CROSSENTROPY);
    uint64_t state = 7;

    for (size_t i = 0; i < o->n; i++) {
        o->x[i] = output_random(&state, any ? -2.0 : 0.05, any ? 2.0 : 0.95);
        d->p[i] = (double)o->x[i];
        d->y_float[i] = output_random(&state, 0.0, 1.0);
        /* Not where Huber has its joint, nor the absolute error its kink. */
        if (q->loss >= SEQECHO_MEAN_SQUARED_ERROR)
            d->y_float[i] = o->x[i] + (i % 2 == 0 ? 1.0F : -1.0F) *
                                          output_random(&state, 0.1, i % 3 ? 0.6 : 2.0);
    }
    for (size_t r = 0; r < o->n / (size_t)o->cols; r++) {
        d->label[r] = (int32_t)(r * 7 % (size_t)o->cols);
        for (int64_t j = 0; q->classes && j < o->cols; j++)
            d->y_float[r * (size_t)o->cols + (size_t)j] = j == d->label[r] ? 1.0F : 0.0F;
    }
    for (size_t i = 0; i < o->n; i++)
        d->y[i] = (double)d->y_float[i];
    for (int64_t i = 0; i < o->batch * o->d1; i++) {
        /* Equal neighbours, zeros, and a negative one. */
        d->weight[i] = i % 5 == 1   ? 0.0F
                       : i % 7 == 3 ? -0.5F
                       : i % 3 == 0 ? 2.0F
                                    : output_random(&state, 0.1, 3.0);
        o->mask[i] = i % 4 != 1 && i % 11 != 6 ? (uint8_t)(1 + i) : 0;
    }
    o->masked = q->masked;
}

static seqecho_view weight_view(const problem *q, const output *o, const data *d)
{
    return q->weights == 1
               ? (seqecho_view){ d->weight, { o->batch }, 1, SEQECHO_FLOAT32 }
               : (seqecho_view){ d->weight, { o->batch, o->d1 }, 2, SEQECHO_FLOAT32 };
}

static void open_problem(const problem *q, output *o, int64_t batch, const int64_t dim[3])
{
    const float loss_weight = (float)q->output_weight;
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = q->loss,
        .from_logits = q->form == LOGITS,
        .label_smoothing = (float)q->smoothing,
        .huber_delta = (float)q->delta,
        .masked_mean_all = q->mean_all,
        .loss_weights = q->output_weight == 1.0 ? NULL : &loss_weight,
    };

    output_open(o, batch, dim, q->form == DEFERRED ? SEQECHO_SOFTMAX : SEQECHO_LINEAR,
                &options);
    assert_int_equal(o->slot->defers_softmax, q->form == DEFERRED);
}

/* ---- Checks ------------------------------------------------------------------------- */

static void name_problem(const problem *q, const output *o)
{
    print_message("loss %d, form %d, smoothing %g, weight %g, classes %d, weights %d, "
                  "masked %d, mean_all %d, (%d, %d, %d)\n",
                  (int)q->loss, (int)q->form, q->smoothing, q->output_weight, q->classes,
                  q->weights, q->masked, q->mean_all, (int)o->d1, (int)o->d2, (int)o->cols);
}

static void check_gradient(const problem *q, const output *o, data *d)
{
    static const double h = 1e-5;

    for (size_t i = 0; i < o->n; i++) {
        const int64_t row = (int64_t)i / o->cols;
        const double at = d->p[i];
        double slope;

        d->p[i] = at + h;
        slope = part(q, o, d, row);
        d->p[i] = at - h;
        slope -= part(q, o, d, row);
        slope /= 2.0 * h;
        d->p[i] = at;
        if (fabs((double)o->grad[i] - slope) > 2e-6 + 2e-5 * fabs(slope)) {
            name_problem(q, o);
            fail_msg("gradient [%zu] is %.9g, the slope %.9g", i, (double)o->grad[i],
                     slope);
        }
        if (slope == 0.0 && o->grad[i] != 0.0F)
            fail_msg("gradient [%zu] is not exactly zero", i);
    }
}

static void check(const problem *q, int64_t batch, const int64_t dim[3])
{
    static output o;
    static data d;
    seqecho_view y, weight;
    se_score score = { .samples = 0 };
    double want = 0.0;

    open_problem(q, &o, batch, dim);
    fill(q, &o, &d);
    y = output_view(&o, q->classes ? (const void *)d.label : d.y_float, q->classes);
    weight = weight_view(q, &o, &d);
    assert_int_equal(se_objective_check_targets(&o.objective, o.session, 0, &y,
                                                q->weights > 0 ? &weight : NULL, batch),
                     0);
    output_run(&o, &y, q->weights > 0 ? &weight : NULL, &score);
    for (int64_t row = 0; row < batch * o.rows; row++)
        want += part(q, &o, &d, row);
    if (!(fabs(score.loss / (double)batch - want) <= 1e-6 + 2e-6 * fabs(want))) {
        name_problem(q, &o);
        fail_msg("the loss is %.9g, expected %.9g", score.loss / (double)batch, want);
    }
    assert_int_equal(score.samples, batch);
    check_gradient(q, &o, &d);
    output_close(&o);
}

/* In every combination with weights, masks and divisors. */
static void check_sums(problem q)
{
    static const int64_t dims[][3] = { { 5, 0, 0 }, { 4, 5, 0 }, { 3, 2, 5 } };

    for (size_t shape = 0; shape < 3; shape++)
        for (int masked = 0; masked <= (shape > 0); masked++)
            for (int all = 0; all < 2; all++)
                for (q.weights = 0; q.weights <= (shape > 0 ? 2 : 1); q.weights++) {
                    q.masked = masked != 0;
                    q.mean_all = all != 0;
                    q.output_weight = q.weights == 1 ? 0.5 : 1.0;
                    check(&q, 6, dims[shape]);
                }
}

/* Rows come in blocks of 64 and of 16; runs of equal weight end where they like. */
static void check_blocks(problem q)
{
    q.output_weight = 1.0;
    for (q.weights = 0; q.weights < 3; q.weights++)
        for (int masked = 0; masked < 2; masked++) {
            q.masked = masked != 0;
            check(&q, 150, (const int64_t[]){ 2, 3, 0 });
        }
}

static void check_all(problem q)
{
    check_sums(q);
    check_blocks(q);
}

static void categorical_crossentropy(void **state)
{
    (void)state;
    for (enum form form = PROBABILITIES; form <= DEFERRED; form++)
        for (int smooth = 0; smooth < 2; smooth++)
            for (int classes = 0; classes < 2; classes++)
                check_all((problem){ .loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                     .form = form,
                                     .smoothing = smooth ? 0.25 : 0.0,
                                     .classes = classes != 0 });
}

static void sparse_categorical_crossentropy(void **state)
{
    (void)state;
    for (enum form form = PROBABILITIES; form <= DEFERRED; form++)
        for (int smooth = 0; smooth < 2; smooth++)
            check_all((problem){ .loss = SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY,
                                 .form = form,
                                 .smoothing = smooth ? 0.1 : 0.0,
                                 .classes = true });
}

static void binary_crossentropy(void **state)
{
    (void)state;
    for (enum form form = PROBABILITIES; form <= LOGITS; form++)
        for (int smooth = 0; smooth < 2; smooth++)
            check_all((problem){ .loss = SEQECHO_BINARY_CROSSENTROPY,
                                 .form = form,
                                 .smoothing = smooth ? 0.3 : 0.0 });
}

static void regression(void **state)
{
    (void)state;
    check_all((problem){ .loss = SEQECHO_MEAN_SQUARED_ERROR });
    check_all((problem){ .loss = SEQECHO_MEAN_ABSOLUTE_ERROR });
    check_all((problem){ .loss = SEQECHO_HUBER, .delta = 1.0 });
    check_all((problem){ .loss = SEQECHO_HUBER, .delta = 0.4 });
}

/* What does not concern a loss does not change it. */
static void options_of_other_losses(void **state)
{
    static output o;
    static const float y_data[3] = { 0.25F, -1.0F, 2.0F };
    static const int64_t dim[3] = { 3, 0, 0 };
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = SEQECHO_MEAN_SQUARED_ERROR,
        .from_logits = true,
        .label_smoothing = 0.5F,
    };
    seqecho_view y;
    se_score score = { .samples = 0 };

    (void)state;
    output_open(&o, 1, dim, SEQECHO_LINEAR, &options);
    y = output_view(&o, y_data, false);
    output_run(&o, &y, NULL, &score);
    assert_close_double(score.loss, (0.0625 + 1.0 + 4.0) / 3.0, 1e-7, 0);
    output_close(&o);
}

/* ---- Large logits ------------------------------------------------------------------- */

static void binary_of_large_logits(void **state)
{
    static output o;
    static const int64_t dim[3] = { 6, 0, 0 };
    static const float z[6] = { 200.0F, -200.0F, 200.0F, -200.0F, 0.0F, 1e30F };
    static const float y_data[6] = { 1.0F, 0.0F, 0.0F, 1.0F, 0.0F, 1.0F };
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = SEQECHO_BINARY_CROSSENTROPY,
        .from_logits = true,
    };
    const float want[6] = { 0.0F, 0.0F, 1.0F / 6.0F, -1.0F / 6.0F, 0.5F / 6.0F, 0.0F };
    seqecho_view y;
    se_score score = { .samples = 0 };

    (void)state;
    output_open(&o, 1, dim, SEQECHO_LINEAR, &options);
    memcpy(o.x, z, sizeof z);
    y = output_view(&o, y_data, false);
    output_run(&o, &y, NULL, &score);
    assert_close_double(score.loss, (400.0 + log(2.0)) / 6.0, 1e-12, 0);
    assert_close(o.grad, want, 6, 1e-6, 1e-30);
    output_close(&o);
}

/* ---- What is not there -------------------------------------------------------------- */

/* (batch 3, 2 steps, 4 features) of this loss, from numbers that suit every loss. */
static seqecho_view begin_small(output *o, seqecho_loss loss, seqecho_activation f,
                                bool mean_all, float *y_data)
{
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = loss,
        .metrics = 15,
        .masked_mean_all = mean_all,
    };
    uint64_t state = 3;

    output_open(o, 3, (const int64_t[]){ 2, 4, 0 }, f, &options);
    for (size_t i = 0; i < o->n; i++) {
        o->x[i] = output_random(&state, 0.1, 0.9);
        y_data[i] = i % 4 == 2 ? 1.0F : 0.0F;
    }
    return output_view(o, y_data, false);
}

static const struct {
    seqecho_loss loss;
    seqecho_activation f;
} every_loss[] = {
    { SEQECHO_CATEGORICAL_CROSSENTROPY, SEQECHO_LINEAR },
    { SEQECHO_CATEGORICAL_CROSSENTROPY, SEQECHO_SOFTMAX },
    { SEQECHO_BINARY_CROSSENTROPY, SEQECHO_LINEAR },
    { SEQECHO_MEAN_SQUARED_ERROR, SEQECHO_LINEAR },
    { SEQECHO_MEAN_ABSOLUTE_ERROR, SEQECHO_LINEAR },
    { SEQECHO_HUBER, SEQECHO_LINEAR },
};

enum { LOSSES = sizeof every_loss / sizeof *every_loss };

static void everything_is_masked(void **state)
{
    static output o;
    float y_data[24];

    (void)state;
    for (size_t i = 0; i < LOSSES; i++)
        for (int all = 0; all < 2; all++) {
            const seqecho_view y =
                begin_small(&o, every_loss[i].loss, every_loss[i].f, all != 0, y_data);
            se_score score = { .samples = 0 };

            o.masked = true;
            for (size_t j = 0; j < o.n; j++)
                o.x[j] = NAN;
            output_run(&o, &y, NULL, &score);
            assert_close_double(score.loss, 0.0, 0, 0);
            for (size_t j = 0; j < o.n; j++)
                assert_true(o.grad[j] == 0.0F);
            for (int m = 0; m < SE_METRICS; m++)
                assert_close_double(se_score_metric(&score, &o.objective.metrics, m), 0.0,
                                    0, 0);
            output_close(&o);
        }
}

/* Masked steps are not looked at, whatever they are; nor are those of weight 0, by the
 * loss. */
static void not_finite_where_masked(void **state)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    static const float by_step[6] = { 1.0F, 1.0F, 1.0F, 0.0F, 1.0F, 1.0F };
    const seqecho_view weight = { by_step, { 3, 2 }, 2, SEQECHO_FLOAT32 };
    static output o;
    float y_data[24], clean[24];

    (void)state;
    for (size_t i = 0; i < (size_t)LOSSES * 3; i++)
        for (int by_weight = 0; by_weight < 2; by_weight++) {
            const seqecho_view y =
                begin_small(&o, every_loss[i / 3].loss, every_loss[i / 3].f, false, y_data);
            se_score want = { .samples = 0 }, got = { .samples = 0 };

            o.masked = !by_weight;
            memset(o.mask, 1, sizeof o.mask);
            o.mask[3 + 1] = 0; /* step 1 of sample 1 */
            output_run(&o, &y, by_weight ? &weight : NULL, &want);
            memcpy(clean, o.grad, sizeof clean);
            for (size_t j = 0; j < 4; j++) {
                o.x[3 * 4 + j] = bad[i % 3];
                y_data[3 * 4 + j] = NAN;
            }
            output_run(&o, &y, by_weight ? &weight : NULL, &got);
            assert_true(isfinite(want.loss) && want.loss > 0.0);
            assert_memory_equal(&got.loss, &want.loss, sizeof got.loss);
            assert_same_bits(o.grad, clean, 24);
            for (size_t j = 0; j < 4; j++)
                assert_true(o.grad[3 * 4 + j] == 0.0F);
            if (!by_weight)
                assert_memory_equal(got.metric, want.metric, sizeof got.metric);
            /* And where they are there, they do show. */
            o.masked = false;
            output_run(&o, &y, NULL, &got);
            assert_true(!isfinite(got.loss));
            output_close(&o);
        }
}

/* An output of weight 0 adds nothing, even NaN. */
static void output_of_no_weight(void **state)
{
    static const float none = 0.0F;
    static output o;
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = SEQECHO_MEAN_SQUARED_ERROR,
        .loss_weights = &none,
    };
    static const float y_data[2] = { NAN, 1.0F };
    seqecho_view y;
    se_score score = { .samples = 0 };

    (void)state;
    output_open(&o, 1, (const int64_t[]){ 2, 0, 0 }, SEQECHO_LINEAR, &options);
    y = output_view(&o, y_data, false);
    output_run(&o, &y, NULL, &score);
    assert_close_double(score.loss, 0.0, 0, 0);
    assert_true(o.grad[0] == 0.0F && o.grad[1] == 0.0F);
    output_close(&o);
}

/* A value without a time axis has no steps to mask. */
static void no_time_axis(void **state)
{
    static output o;
    const seqecho_trainer_options options = { .struct_size = sizeof options,
                                              .loss = SEQECHO_MEAN_SQUARED_ERROR };
    static const float y_data[4] = { 1.0F, 1.0F, 1.0F, 1.0F };
    seqecho_view y;
    se_score score = { .samples = 0 };

    (void)state;
    output_open(&o, 2, (const int64_t[]){ 2, 0, 0 }, SEQECHO_LINEAR, &options);
    o.masked = true;
    y = output_view(&o, y_data, false);
    output_run(&o, &y, NULL, &score);
    assert_close_double(score.loss, 2.0, 0, 0);
    output_close(&o);
}

/* ---- The same, bit for bit ---------------------------------------------------------- */

/* Class numbers and the one-hot rows they stand for, with every way to weigh steps. */
static void classes_and_rows(void **state)
{
    static const int64_t dim[3] = { 3, 5, 0 };
    static output o;
    static data d;
    static float grad[OUTPUT_MAX];

    (void)state;
    for (int i = 0; i < 36; i++) {
        const problem q = { .loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                            .form = (enum form)(i % 3),
                            .smoothing = i / 3 % 2 ? 0.2 : 0.0,
                            .weights = i / 6 % 3,
                            .masked = i / 18 != 0,
                            .output_weight = 1.0,
                            .classes = true };
        const seqecho_view weight = { d.weight, { 40, 3 }, q.weights, SEQECHO_FLOAT32 };
        se_score rows = { .samples = 0 }, classes = { .samples = 0 };
        seqecho_view y;

        open_problem(&q, &o, 40, dim);
        fill(&q, &o, &d);
        y = output_view(&o, d.label, true);
        output_run(&o, &y, q.weights > 0 ? &weight : NULL, &classes);
        memcpy(grad, o.grad, sizeof grad);
        y = output_view(&o, d.y_float, false);
        output_run(&o, &y, q.weights > 0 ? &weight : NULL, &rows);
        assert_memory_equal(&rows.loss, &classes.loss, sizeof rows.loss);
        assert_same_bits(o.grad, grad, o.n);
        output_close(&o);
    }
}

/* Weights of 1, a mask of ones and both divisors are what there is without them. */
static void nothing_asked_for(void **state)
{
    static output o;
    float y_data[24], ones[6] = { 1, 1, 1, 1, 1, 1 }, grad[24];
    const seqecho_view weights[] = { { ones, { 3 }, 1, SEQECHO_FLOAT32 },
                                     { ones, { 3, 2 }, 2, SEQECHO_FLOAT32 },
                                     { .data = NULL } };

    (void)state;
    for (size_t i = 0; i < LOSSES; i++) {
        se_score want = { .samples = 0 };
        seqecho_view y =
            begin_small(&o, every_loss[i].loss, every_loss[i].f, false, y_data);

        output_run(&o, &y, NULL, &want);
        memcpy(grad, o.grad, sizeof grad);
        output_close(&o);
        for (int how = 0; how < 6; how++) {
            se_score got = { .samples = 0 };

            y = begin_small(&o, every_loss[i].loss, every_loss[i].f, how >= 3, y_data);
            o.masked = how % 2 == 0;
            memset(o.mask, 1, sizeof o.mask);
            output_run(&o, &y, &weights[how % 3], &got);
            assert_memory_equal(&got.loss, &want.loss, sizeof got.loss);
            assert_memory_equal(got.metric, want.metric, sizeof got.metric);
            assert_same_bits(o.grad, grad, 24);
            output_close(&o);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categorical_crossentropy),
        cmocka_unit_test(sparse_categorical_crossentropy),
        cmocka_unit_test(binary_crossentropy),
        cmocka_unit_test(regression),
        cmocka_unit_test(options_of_other_losses),
        cmocka_unit_test(binary_of_large_logits),
        cmocka_unit_test(everything_is_masked),
        cmocka_unit_test(not_finite_where_masked),
        cmocka_unit_test(output_of_no_weight),
        cmocka_unit_test(no_time_axis),
        cmocka_unit_test(classes_and_rows),
        cmocka_unit_test(nothing_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
