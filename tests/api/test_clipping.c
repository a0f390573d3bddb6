/* test_clipping.c - what is done to gradients before a step: regularisation and clipping.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

#define SAMPLES 3
#define IN (SAMPLES * 4 * 3)
#define OUT (SAMPLES * 2)

/* A small model with data, and its weights by number. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    float x[IN], y[OUT];
    seqecho_view vx, vy;
} setup;

static void set_up(setup *s, seqecho_trainer_options options)
{
    options.struct_size = sizeof options;
    options.loss = SEQECHO_MEAN_SQUARED_ERROR;
    s->graph = models_small();
    if (seqecho_trainer_create(&s->trainer, s->graph, &options) < 0)
        fail_msg("%s", seqecho_error_message());
    models_fill(s->x, IN, 1);
    models_fill(s->y, OUT, 2);
    s->vx = (seqecho_view){ s->x, { SAMPLES, 4, 3 }, 3, SEQECHO_FLOAT32 };
    s->vy = (seqecho_view){ s->y, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
}

static double compute(setup *s)
{
    seqecho_report report = SEQECHO_REPORT_INIT;

    assert_int_equal(
        seqecho_trainer_compute_gradients(s->trainer, &s->vx, &s->vy, NULL, 0, &report), 0);
    return report.loss;
}

static size_t size_of(seqecho_graph *graph, const char *name)
{
    seqecho_view shape;

    assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
    return (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
}

/* All gradients one after the other, as models_weights() has the weights. */
static float *gradients(setup *s, size_t *n)
{
    float *const values = models_weights(s->graph, n);
    size_t at = 0;

    for (size_t i = 0; i < seqecho_graph_weight_count(s->graph); i++) {
        const char *const name = seqecho_graph_weight_name(s->graph, i);
        const size_t size = size_of(s->graph, name);

        assert_int_equal(seqecho_trainer_gradient_get(s->trainer, name, values + at, size),
                         0);
        at += size;
    }
    return values;
}

/* ---- Regularisation ----------------------------------------------------------------- */

static const struct {
    const char *name;
    float l1, l2;
} penalties[] = {
    { "lstm/kernel", 0.25F, 0.5F },
    { "lstm/recurrent_kernel", 0.0F, 0.125F },
    { "dense/bias", 0.5F, 0.0F },
};

#define PENALTIES (sizeof penalties / sizeof penalties[0])

static void regularize(seqecho_graph *graph)
{
    for (size_t i = 0; i < PENALTIES; i++)
        assert_int_equal(seqecho_graph_set_regularizer(graph, penalties[i].name,
                                                       penalties[i].l1, penalties[i].l2),
                         0);
}

/* A bias that is 0 has no slope of l1. */
static void fill_bias(seqecho_graph *graph)
{
    const float bias[] = { 0.5F, -0.25F };

    assert_int_equal(seqecho_graph_weight_set(graph, "dense/bias", bias, 2), 0);
}

static double penalty(seqecho_graph *graph)
{
    double sum = 0.0;

    for (size_t i = 0; i < PENALTIES; i++) {
        const size_t n = size_of(graph, penalties[i].name);
        float *const w = calloc(n, sizeof *w);

        assert_int_equal(seqecho_graph_weight_get(graph, penalties[i].name, w, n), 0);
        for (size_t j = 0; j < n; j++)
            sum += (double)penalties[i].l1 * fabs((double)w[j]) +
                   (double)penalties[i].l2 * (double)w[j] * (double)w[j];
        free(w);
    }
    return sum;
}

static void loss_with_penalty(void **state)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    double plain, more;
    setup s;

    (void)state;
    set_up(&s, (seqecho_trainer_options){ 0 });
    fill_bias(s.graph);
    plain = compute(&s);
    regularize(s.graph);
    more = penalty(s.graph);
    assert_true(more > 0.5);
    assert_close_double(compute(&s), plain + more, 1e-6, 0);
    /* Evaluation has it too, and so has each batch: the mean over two is the same. */
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, &s.vx, &s.vy,
                                              SEQECHO_FIT(.batch_size = 2), &report),
                     0);
    assert_close_double(report.loss, plain + more, 1e-6, 0);
    assert_int_equal(seqecho_trainer_train_on_batch(s.trainer, &s.vx, &s.vy, &report), 0);
    assert_close_double(report.loss, plain + more, 1e-6, 0);
    /* Switched off again, it is gone. */
    for (size_t i = 0; i < PENALTIES; i++)
        assert_int_equal(seqecho_graph_set_regularizer(s.graph, penalties[i].name, 0, 0),
                         0);
    plain = compute(&s);
    regularize(s.graph);
    assert_close_double(compute(&s), plain + penalty(s.graph), 1e-6, 0);
    tear_down(&s);
}

/* Central differences of the loss, element by element. */
static void slopes_of_penalty(void **state)
{
    const float h = 1.0F / 128.0F;
    float *g, w[256];
    size_t n, first = 0;
    setup s;

    (void)state;
    set_up(&s, (seqecho_trainer_options){ 0 });
    fill_bias(s.graph);
    regularize(s.graph);
    compute(&s);
    g = gradients(&s, &n);
    for (size_t i = 0; i < seqecho_graph_weight_count(s.graph); i++) {
        const char *const name = seqecho_graph_weight_name(s.graph, i);
        const size_t size = size_of(s.graph, name);

        assert_true(size <= 256);
        assert_int_equal(seqecho_graph_weight_get(s.graph, name, w, size), 0);
        for (size_t j = 0; j < size; j += 3) {
            const float old = w[j];
            double above, below;

            if (fabsf(old) < 2.0F * h && strcmp(name, "lstm/kernel") == 0)
                continue; /* too near the kink of |w| */
            w[j] = old + h;
            assert_int_equal(seqecho_graph_weight_set(s.graph, name, w, size), 0);
            above = compute(&s);
            w[j] = old - h;
            assert_int_equal(seqecho_graph_weight_set(s.graph, name, w, size), 0);
            below = compute(&s);
            w[j] = old;
            assert_int_equal(seqecho_graph_weight_set(s.graph, name, w, size), 0);
            assert_close_double((double)g[first + j], (above - below) / (2.0 * (double)h),
                                1e-3, 3e-4);
        }
        first += size;
    }
    assert_int_equal(first, n);
    free(g);
    tear_down(&s);
}

/* The step goes down the slope of the penalty, whatever the gradient came from. */
static void backward_has_penalty(void **state)
{
    const float zero[OUT] = { 0 };
    const seqecho_view dy = { zero, { SAMPLES, 2 }, 2, SEQECHO_FLOAT32 };
    float out[OUT], before[2], after[2], g[2];
    setup s;

    (void)state;
    set_up(&s,
           (seqecho_trainer_options){ .optimizer = SEQECHO_SGD, .learning_rate = 0.125F });
    fill_bias(s.graph);
    regularize(s.graph);
    assert_int_equal(seqecho_graph_weight_get(s.graph, "dense/bias", before, 2), 0);
    assert_int_equal(seqecho_trainer_forward(s.trainer, &s.vx, out, OUT), 0);
    assert_int_equal(seqecho_trainer_backward(s.trainer, &dy, NULL, 0), 0);
    assert_int_equal(seqecho_trainer_gradient_get(s.trainer, "dense/bias", g, 2), 0);
    assert_close_double((double)g[0], 0.5, 0, 0);
    assert_close_double((double)g[1], -0.5, 0, 0);
    assert_int_equal(seqecho_trainer_apply_gradients(s.trainer), 0);
    assert_int_equal(seqecho_graph_weight_get(s.graph, "dense/bias", after, 2), 0);
    assert_close_double((double)after[0], (double)before[0] - 0.0625, 0, 0);
    assert_close_double((double)after[1], (double)before[1] + 0.0625, 0, 0);
    tear_down(&s);
}

/* ---- Clipping ----------------------------------------------------------------------- */

#define RATE 1.0F

/* The step that a batch made: weights before less weights after, by SGD of rate 1. */
static float *step_of(seqecho_trainer_options options, float **raw, size_t *n)
{
    float *before, *after, *again;
    setup s;

    options.optimizer = SEQECHO_SGD;
    options.learning_rate = RATE;
    set_up(&s, options);
    before = models_weights(s.graph, n);
    for (size_t i = 0; i < *n; i++)
        before[i] = 0.0F; /* so that differences are exact */
    for (size_t i = 0; i < seqecho_graph_weight_count(s.graph); i++) {
        const char *const name = seqecho_graph_weight_name(s.graph, i);

        assert_int_equal(
            seqecho_graph_weight_set(s.graph, name, before, size_of(s.graph, name)), 0);
    }
    fill_bias(s.graph);
    compute(&s);
    *raw = gradients(&s, n);
    assert_int_equal(seqecho_trainer_apply_gradients(s.trainer), 0);
    again = gradients(&s, n);
    assert_same_bits(again, *raw, *n); /* clipping leaves them as they are */
    free(again);
    free(before);
    after = models_weights(s.graph, n);
    after[*n - 2] -= 0.5F;
    after[*n - 1] += 0.25F;
    for (size_t i = 0; i < *n; i++)
        after[i] = -after[i];
    tear_down(&s);
    return after;
}

static double norm_of(const float *g, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    return sqrt(sum);
}

/* Sizes of models_small(): lstm kernel, recurrent kernel, bias, dense kernel, bias. */
static const size_t sizes[] = { 60, 100, 20, 10, 2 };

static void by_norm(void **state)
{
    const double limit = 0.125;
    float *raw, *got;
    size_t n, at = 0;
    int clipped = 0;

    (void)state;
    got = step_of((seqecho_trainer_options){ .clipnorm = (float)limit }, &raw, &n);
    for (size_t i = 0; i < 5; at += sizes[i++]) {
        const double norm = norm_of(raw + at, sizes[i]);

        clipped += norm > limit;
        for (size_t j = at; j < at + sizes[i]; j++)
            assert_close_double((double)got[j],
                                (double)raw[j] * limit / (norm > limit ? norm : limit),
                                1e-6, 1e-7);
    }
    assert_int_equal(at, n);
    assert_in_range(clipped, 1, 4); /* some are clipped, others are not */
    free(raw);
    free(got);
}

static void by_global_norm(void **state)
{
    const double limit = 0.0625;
    float *raw, *got;
    double norm;
    size_t n;

    (void)state;
    got = step_of((seqecho_trainer_options){ .global_clipnorm = (float)limit }, &raw, &n);
    norm = norm_of(raw, n);
    assert_true(norm > limit);
    for (size_t i = 0; i < n; i++)
        assert_close_double((double)got[i], (double)raw[i] * limit / norm, 1e-6, 1e-7);
    assert_close_double(norm_of(got, n), limit, 1e-6, 0);
    free(raw);
    free(got);
}

static void by_value(void **state)
{
    const float limit = 0.0625F;
    float *raw, *got;
    int above = 0, below = 0;
    size_t n;

    (void)state;
    got = step_of((seqecho_trainer_options){ .clipvalue = limit }, &raw, &n);
    for (size_t i = 0; i < n; i++) {
        const float want = raw[i] > limit ? limit : raw[i] < -limit ? -limit : raw[i];

        assert_close_double((double)got[i], (double)want, 0, 1e-7);
        above += raw[i] > limit;
        below += raw[i] < -limit;
    }
    assert_true(above > 0 && below > 0 && (size_t)(above + below) < n);
    free(raw);
    free(got);
}

/* A limit that nothing reaches changes no bit. */
static void wide_limits(void **state)
{
    static const seqecho_trainer_options wide[] = {
        { .clipnorm = 1e6F },
        { .global_clipnorm = 1e6F },
        { .clipvalue = 1e6F },
    };
    float *raw, *want, *got;
    size_t n;

    (void)state;
    want = step_of((seqecho_trainer_options){ 0 }, &raw, &n);
    free(raw);
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        got = step_of(wide[i], &raw, &n);
        assert_same_bits(got, want, n);
        free(raw);
        free(got);
    }
    free(want);
}

/* What is frozen is not measured. */
static void norm_without_frozen(void **state)
{
    float before[2], after[2], bias[2], kernel[10];
    double norm;
    setup s;

    (void)state;
    set_up(&s, (seqecho_trainer_options){ .optimizer = SEQECHO_SGD,
                                          .learning_rate = 1.0F,
                                          .global_clipnorm = 0.0078125F });
    assert_int_equal(seqecho_graph_set_trainable(s.graph, "lstm", false), 0);
    assert_int_equal(seqecho_graph_weight_get(s.graph, "dense/bias", before, 2), 0);
    compute(&s);
    assert_int_equal(seqecho_trainer_gradient_get(s.trainer, "dense/bias", bias, 2), 0);
    assert_int_equal(seqecho_trainer_gradient_get(s.trainer, "dense/kernel", kernel, 10),
                     0);
    norm = hypot(norm_of(bias, 2), norm_of(kernel, 10));
    assert_true(norm > 0.0078125);
    assert_int_equal(seqecho_trainer_apply_gradients(s.trainer), 0);
    assert_int_equal(seqecho_graph_weight_get(s.graph, "dense/bias", after, 2), 0);
    for (int i = 0; i < 2; i++)
        assert_close_double((double)(before[i] - after[i]),
                            (double)bias[i] * 0.0078125 / norm, 1e-4, 1e-7);
    tear_down(&s);
}

/* The norm of many blocks, on several threads. */
static void large_norm(void **state)
{
    const models_size size = { .classes = 12, .units = 100, .seed = 2 };
    seqecho_graph *const graph = models_whole(size);
    enum { N = 100 * 400, ROWS = 21 };
    static float before[N], after[N], g[N];
    static float x[ROWS * 5 * 12], y[ROWS * 5 * 12];
    const seqecho_view vx = { x, { ROWS, 5, 12 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view vy = { y, { ROWS, 5, 12 }, 3, SEQECHO_FLOAT32 };
    const char *const name = "lstm/recurrent_kernel";
    seqecho_trainer *trainer;
    double norm;

    (void)state;
    models_fill(x, ROWS * 5 * 12, 1);
    models_fill(y, ROWS * 5 * 12, 2);
    if (seqecho_trainer_create(
            &trainer, graph,
            SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .optimizer = SEQECHO_SGD,
                            .threads = 3, .learning_rate = 1000, .clipnorm = 1e-4F)) < 0)
        fail_msg("%s", seqecho_error_message());
    assert_int_equal(seqecho_graph_weight_get(graph, name, before, N), 0);
    assert_int_equal(seqecho_trainer_compute_gradients(trainer, &vx, &vy, NULL, 0, NULL),
                     0);
    assert_int_equal(seqecho_trainer_gradient_get(trainer, name, g, N), 0);
    norm = norm_of(g, N);
    assert_true(norm > 2e-4);
    assert_int_equal(seqecho_trainer_apply_gradients(trainer), 0);
    assert_int_equal(seqecho_graph_weight_get(graph, name, after, N), 0);
    for (int i = 0; i < N; i++)
        assert_close_double((double)after[i] - (double)before[i],
                            -1000.0 * 1e-4 / norm * (double)g[i], 1e-5, 2e-7);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_with_penalty),    cmocka_unit_test(slopes_of_penalty),
        cmocka_unit_test(backward_has_penalty), cmocka_unit_test(by_norm),
        cmocka_unit_test(by_global_norm),       cmocka_unit_test(by_value),
        cmocka_unit_test(wide_limits),          cmocka_unit_test(norm_without_frozen),
        cmocka_unit_test(large_norm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
