/* test_numerics.c - what is not finite, what is adjustable, and what gives the same bits.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static const models_size whole = { .batch = 7, .classes = 12, .units = 6 };

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
    const seqecho_view *x, *y;
} setup;

static setup set_up(models_size size, int32_t threads)
{
    setup s = { .graph = models_whole(size) };

    s.trainer = models_trainer(s.graph, threads);
    s.data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    s.x = seqecho_dataset_x(s.data);
    s.y = seqecho_dataset_y(s.data);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

static void assert_same_future(setup *a, setup *b)
{
    models_assert_same(a->graph, b->graph);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_trainer_fit(a->trainer, a->x, a->y, NULL, NULL), 0);
        assert_int_equal(seqecho_trainer_fit(b->trainer, b->x, b->y, NULL, NULL), 0);
    }
    models_assert_same(a->graph, b->graph);
}

/* ---- Not a number -------------------------------------------------------------------*/

/* A copy of a view's floats with one of them changed. */
static seqecho_view spoiled(const seqecho_view *view, size_t n, size_t at, float value)
{
    seqecho_view v = *view;
    float *const copy = malloc(n * sizeof *copy);

    assert_non_null(copy);
    memcpy(copy, view->data, n * sizeof *copy);
    copy[at] = value;
    v.data = copy;
    return v;
}

/* Input or target is not finite in the first batch: nothing at all has happened. */
static void bad_numbers_change_nothing(void **state)
{
    enum { N = 21 * 5 * 12 };
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    setup a = set_up(whole, 1), b = set_up(whole, 1);

    (void)state;
    assert_same_future(&a, &b); /* moments and states that could be damaged */
    for (size_t i = 0; i < 3; i++) {
        const seqecho_view x = spoiled(a.x, N, 37, bad[i]);
        const seqecho_view y = spoiled(a.y, N, 37, bad[i]);
        seqecho_report report = {
            sizeof report, 11, 12, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0
        };

        /* An infinity may drown in a saturated gate; then the gradient shows it. */
        assert_refused(seqecho_trainer_fit(a.trainer, &x, a.y, NULL, &report),
                       SEQECHO_ENUMERIC,
                       i == 0 ? "input_layer: its input is NaN"
                              : "lstm/kernel: its gradient became NaN");
        assert_int_equal(seqecho_trainer_evaluate(a.trainer, &x, a.y, NULL, NULL),
                         i == 0 ? SEQECHO_ENUMERIC : SEQECHO_OK);
        assert_refused(seqecho_trainer_fit(a.trainer, a.x, &y, NULL, &report),
                       SEQECHO_ENUMERIC, "the loss is not a finite number");
        assert_refused(seqecho_trainer_evaluate(a.trainer, a.x, &y, NULL, &report),
                       SEQECHO_ENUMERIC, "the loss is not a finite number");
        assert_int_equal(report.samples, 11);
        assert_close_double(report.loss, 13.0, 0, 0);
        assert_same_future(&a, &b);
        free((void *)(uintptr_t)x.data);
        free((void *)(uintptr_t)y.data);
    }
    tear_down(&a);
    tear_down(&b);
}

/* In a later batch: the ones before it have been learned from, it and the rest not. */
static void bad_numbers_stop_at_their_batch(void **state)
{
    enum { N = 21 * 5 * 12 };
    setup a = set_up(whole, 1), b = set_up(whole, 1);
    const seqecho_view x = spoiled(a.x, N, 8 * 5 * 12, NAN);
    seqecho_view first_x = *b.x, first_y = *b.y;
    size_t count;

    (void)state;
    first_x.dim[0] = first_y.dim[0] = 7;
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, &x, a.y, SEQECHO_FIT(.epochs = 9), NULL),
        SEQECHO_ENUMERIC);
    assert_null(seqecho_trainer_history(a.trainer, "loss", &count));
    assert_int_equal(seqecho_trainer_train_on_batch(b.trainer, &first_x, &first_y, NULL),
                     0);
    assert_same_future(&a, &b);
    free((void *)(uintptr_t)x.data);
    tear_down(&a);
    tear_down(&b);
}

/* A small regression whose weights are driven to extremes; the LSTM's outputs are near
 * 1. */
typedef struct blown_up {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    float x_data[24], y_data[4];
    seqecho_view x, y;
} blown_up;

static void blow_up(blown_up *m, float kernel)
{
    float values[20];

    m->graph = models_small();
    assert_int_equal(
        seqecho_trainer_create(&m->trainer, m->graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)),
        0);
    models_fill(m->x_data, 24, 1);
    models_fill(m->y_data, 4, 2);
    m->x = (seqecho_view){ m->x_data, { 2, 4, 3 }, 3, SEQECHO_FLOAT32 };
    m->y = (seqecho_view){ m->y_data, { 2, 2 }, 2, SEQECHO_FLOAT32 };
    assert_int_equal(seqecho_trainer_fit(m->trainer, &m->x, &m->y, NULL, NULL), 0);
    for (size_t i = 0; i < 20; i++)
        values[i] = 5.0F;
    assert_int_equal(seqecho_graph_weight_set(m->graph, "lstm/bias", values, 20), 0);
    for (size_t i = 0; i < 10; i++)
        values[i] = kernel;
    assert_int_equal(seqecho_graph_weight_set(m->graph, "dense/kernel", values, 10), 0);
}

static void huge_weights(void **state)
{
    static const struct {
        float kernel;
        const char *text;
    } cases[] = {
        { 3e38F, "dense: its output became infinite" },
        { 1e20F, "lstm/kernel: its gradient became NaN" },
        { 1e12F, "lstm/kernel: its gradient became too large" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        blown_up a, b;
        float values[10], dx[24];

        blow_up(&a, cases[i].kernel);
        blow_up(&b, 1.0F);
        assert_refused(seqecho_trainer_fit(a.trainer, &a.x, &a.y, NULL, NULL),
                       SEQECHO_ENUMERIC, cases[i].text);
        assert_refused(
            seqecho_trainer_compute_gradients(a.trainer, &a.x, &a.y, dx, 24, NULL),
            SEQECHO_ENUMERIC, cases[i].text);
        assert_int_equal(seqecho_trainer_apply_gradients(a.trainer), SEQECHO_ESTATE);
        /* With sane weights again it is as if nothing had been. */
        models_fill(values, 10, 3);
        assert_int_equal(seqecho_graph_weight_set(a.graph, "dense/kernel", values, 10), 0);
        assert_int_equal(seqecho_graph_weight_set(b.graph, "dense/kernel", values, 10), 0);
        models_assert_same(a.graph, b.graph);
        assert_int_equal(
            seqecho_trainer_fit(a.trainer, &a.x, &a.y, SEQECHO_FIT(.epochs = 3), NULL), 0);
        assert_int_equal(
            seqecho_trainer_fit(b.trainer, &b.x, &b.y, SEQECHO_FIT(.epochs = 3), NULL), 0);
        models_assert_same(a.graph, b.graph);
        seqecho_trainer_destroy(a.trainer);
        seqecho_trainer_destroy(b.trainer);
        seqecho_graph_destroy(a.graph);
        seqecho_graph_destroy(b.graph);
    }
}

/* Gradients of the program's own that are not finite. */
static void bad_gradients_of_ones_own(void **state)
{
    blown_up m;
    float out[4], dy_data[4] = { 1.0F, NAN, 0.0F, 2.0F };
    const seqecho_view dy = { dy_data, { 2, 2 }, 2, SEQECHO_FLOAT32 };

    (void)state;
    blow_up(&m, 1.0F);
    assert_int_equal(seqecho_trainer_forward(m.trainer, &m.x, out, 4), 0);
    assert_refused(seqecho_trainer_backward(m.trainer, &dy, NULL, 0), SEQECHO_ENUMERIC,
                   "lstm/kernel: its gradient became NaN");
    assert_int_equal(seqecho_trainer_apply_gradients(m.trainer), SEQECHO_ESTATE);
    seqecho_trainer_destroy(m.trainer);
    seqecho_graph_destroy(m.graph);
}

/* A NaN is found whichever weight it is in, and whoever looks at which. */
static void nan_among_others(void **state)
{
    enum { WIDTH = 150 }; /* enough weights for threads */
    static const char *const name[] = { "first", "second", "third" };
    static float x[2 * WIDTH], dy[2 * WIDTH], bad[2 * WIDTH], out[3 * 2 * WIDTH];
    const seqecho_view x_view = { x, { 2, WIDTH }, 2, SEQECHO_FLOAT32 };

    (void)state;
    models_fill(x, 2 * WIDTH, 1);
    models_fill(dy, 2 * WIDTH, 2);
    memcpy(bad, dy, sizeof bad);
    bad[7] = NAN;
    for (int i = 0; i < 3 * 2 * 2; i++) {
        const bool frozen = i % 2 == 1;
        const int spoilt = i / 4;
        seqecho_view dy_view[3];
        seqecho_trainer *trainer;
        seqecho_graph *graph;
        seqecho_node *in;

        assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
        in = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { WIDTH }));
        for (int j = 0; j < 3; j++) {
            seqecho_layer *const dense =
                seqecho_layer_create(graph, SEQECHO_DENSE(.name = name[j], .units = WIDTH));

            seqecho_graph_output(graph, seqecho_layer_call(dense, in));
            dy_view[j] =
                (seqecho_view){ j == spoilt ? bad : dy, { 2, WIDTH }, 2, SEQECHO_FLOAT32 };
        }
        assert_int_equal(
            seqecho_trainer_create(&trainer, graph,
                                   SEQECHO_TRAINER(.threads = 1 + i / 2 % 2 * 2)),
            0);
        if (frozen)
            assert_int_equal(
                seqecho_graph_set_trainable(graph, name[(spoilt + 1) % 3], false), 0);
        assert_int_equal(seqecho_trainer_forward(trainer, &x_view, out, 3 * 2 * WIDTH), 0);
        assert_int_equal(seqecho_trainer_backward(trainer, dy_view, NULL, 0),
                         SEQECHO_ENUMERIC);
        assert_non_null(strstr(seqecho_error_message(), name[spoilt]));
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* ---- Tunables ----------------------------------------------------------------------- */

static void tunables(void **state)
{
    static const struct {
        seqecho_param param;
        double usual, lo, hi, below, above;
    } cases[] = {
        { SEQECHO_PARAM_LEARNING_RATE, 0.001, 0.0, 1000.0, -1e-9, 1000.1 },
        { SEQECHO_PARAM_BETA_1, 0.9, 0.0, 0.9999999, -1e-9, 1.0 },
        { SEQECHO_PARAM_BETA_2, 0.999, 0.0, 0.9999999, -1e-9, 1.0 },
        { SEQECHO_PARAM_EPSILON, 1e-7, 1e-12, 1.0, 0.0, 1.1 },
    };
    setup s = set_up(whole, 1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double bad[] = { cases[i].below, cases[i].above, (double)NAN,
                               (double)INFINITY, -(double)INFINITY };
        double value = -1.0;

        assert_int_equal(seqecho_trainer_get(s.trainer, cases[i].param, &value), 0);
        assert_close_double(value, cases[i].usual, 0, 0);
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(seqecho_trainer_set(s.trainer, cases[i].param, bad[k]),
                             SEQECHO_EINVAL);
            assert_int_equal(seqecho_trainer_get(s.trainer, cases[i].param, &value), 0);
            assert_close_double(value, cases[i].usual, 0, 0);
        }
        assert_int_equal(seqecho_trainer_set(s.trainer, cases[i].param, cases[i].lo), 0);
        assert_int_equal(seqecho_trainer_get(s.trainer, cases[i].param, &value), 0);
        assert_close_double(value, cases[i].lo, 0, 0);
        assert_int_equal(seqecho_trainer_fit(s.trainer, s.x, s.y, NULL, NULL), 0);
        assert_int_equal(seqecho_trainer_set(s.trainer, cases[i].param, cases[i].hi), 0);
        assert_int_equal(seqecho_trainer_fit(s.trainer, s.x, s.y, NULL, NULL), 0);
        assert_int_equal(seqecho_trainer_set(s.trainer, cases[i].param, cases[i].usual), 0);
    }
    assert_refused(seqecho_trainer_set(s.trainer, SEQECHO_PARAM_BETA_1, 1.0),
                   SEQECHO_EINVAL,
                   "trainer: beta_1 is 1, expected 0 to 1, the last excluded");
    assert_refused(seqecho_trainer_set(s.trainer, (seqecho_param)99, 1.0), SEQECHO_EINVAL,
                   "trainer: param is 99, expected a seqecho_param");
    tear_down(&s);
}

/* Keras's Adam in double precision, on one weight with gradients of our own. */
static void adam_by_hand(void **state)
{
    const float one = 1.0F, start = 0.5F;
    const seqecho_view x = { &one, { 1, 1 }, 2, SEQECHO_FLOAT32 };
    double w = 0.5, m = 0.0, v = 0.0;
    seqecho_graph *graph;
    seqecho_trainer *trainer;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 1 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .no_bias = true));
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph, SEQECHO_TRAINER(.learning_rate = 0.125F)),
        0);
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_BETA_1, 0.75), 0);
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_EPSILON, 0.0625), 0);
    assert_int_equal(seqecho_graph_weight_set(graph, "dense/kernel", &start, 1), 0);
    for (int t = 1; t <= 40; t++) {
        const float g = (float)(t * 7 % 5) - 1.5F;
        const seqecho_view dy = { &g, { 1, 1 }, 2, SEQECHO_FLOAT32 };
        float got;

        assert_int_equal(seqecho_trainer_forward(trainer, &x, &got, 1), 0);
        assert_close_double((double)got, w, 2e-6, 0);
        assert_int_equal(seqecho_trainer_backward(trainer, &dy, NULL, 0), 0);
        assert_int_equal(seqecho_trainer_apply_gradients(trainer), 0);
        m += ((double)g - m) * 0.25;
        v += ((double)g * (double)g - v) * 0.001;
        w -= 0.125 * sqrt(1.0 - pow(0.999, t)) / (1.0 - pow(0.75, t)) * m /
             (sqrt(v) + 0.0625);
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void learning_rate_of_zero_learns_nothing(void **state)
{
    setup a = set_up(whole, 1), b = set_up(whole, 1);

    (void)state;
    assert_int_equal(seqecho_trainer_set(a.trainer, SEQECHO_PARAM_LEARNING_RATE, 0.0), 0);
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, a.x, a.y, SEQECHO_FIT(.epochs = 3), NULL), 0);
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

/* ---- The same bits ------------------------------------------------------------------ */

static void seeds(void **state)
{
    size_t n;
    float *weights[3];

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        setup s = set_up((models_size){ .batch = 7,
                                        .classes = 12,
                                        .units = 6,
                                        .seed = i == 2 ? UINT64_C(1) << 40 : 5 },
                         1);

        models_train(s.trainer, s.data, 2);
        weights[i] = models_weights(s.graph, &n);
        tear_down(&s);
    }
    assert_same_bits(weights[0], weights[1], n);
    assert_true(memcmp(weights[0], weights[2], n * sizeof **weights) != 0);
    for (int i = 0; i < 3; i++)
        free(weights[i]);
}

/* A call that wants the gradient of the input multiplies by the ones and zeros of one-hot
 * rows; others pick rows.  The gradients of the weights are the same. */
static void products_and_picked_rows(void **state)
{
    setup a = set_up(whole, 1), b = set_up(whole, 1);
    const size_t size = (size_t)(a.x->dim[0] * a.x->dim[1] * a.x->dim[2]);
    float *const dx = malloc(size * sizeof *dx);
    seqecho_view x = *a.x, y = *a.y;

    (void)state;
    x.dim[0] = y.dim[0] = whole.batch;
    assert_int_equal(
        seqecho_trainer_compute_gradients(
            a.trainer, &x, &y, dx, (size_t)whole.batch * size / (size_t)a.x->dim[0], NULL),
        0);
    assert_int_equal(seqecho_trainer_compute_gradients(b.trainer, &x, &y, NULL, 0, NULL),
                     0);
    for (size_t i = 0; i < seqecho_graph_weight_count(a.graph); i++) {
        const char *const name = seqecho_graph_weight_name(a.graph, i);
        seqecho_view shape;
        size_t n = 1;
        float *got[2];

        assert_int_equal(seqecho_graph_weight_shape(a.graph, name, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        for (int j = 0; j < 2; j++) {
            got[j] = malloc(n * sizeof **got);
            assert_int_equal(seqecho_trainer_gradient_get(j == 0 ? a.trainer : b.trainer,
                                                          name, got[j], n),
                             0);
        }
        assert_same_bits(got[0], got[1], n);
        free(got[0]);
        free(got[1]);
    }
    free(dx);
    tear_down(&a);
    tear_down(&b);
}

/* Two trainings that differ in how many threads do them. */
static void check_threads(models_size size, bool partial, int64_t batch)
{
    static const int32_t threads[] = { 1, 2, 3, 8, 0 };
    uint64_t hash[5];
    double loss[5];

    for (size_t i = 0; i < 5; i++) {
        seqecho_graph *const graph = partial ? models_partial(size) : models_whole(size);
        seqecho_trainer *const trainer = models_trainer(graph, threads[i]);
        seqecho_dataset *const data =
            models_data(size, partial ? 2 : 0, SEQECHO_ENCODE_INTEGER);
        seqecho_report report = SEQECHO_REPORT_INIT;
        float *weights;
        size_t n;

        assert_int_equal(
            seqecho_trainer_fit_dataset(
                trainer, data, SEQECHO_FIT(.epochs = 3, .batch_size = batch), &report),
            0);
        weights = models_weights(graph, &n);
        hash[i] = models_hash(weights, n * sizeof *weights);
        loss[i] = report.loss;
        free(weights);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
        seqecho_dataset_destroy(data);
    }
    for (size_t i = 1; i < 5; i++) {
        assert_true(hash[i] == hash[0]);
        assert_memory_equal(&loss[i], &loss[0], sizeof *loss);
    }
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    check_threads((models_size){ .batch = 7 }, false, 0);
    check_threads((models_size){ .batch = 21 }, true, 0);
    check_threads((models_size){ .units = 64, .steps = 13, .classes = 65 }, false, 33);
    check_threads((models_size){ .units = 64, .steps = 13, .classes = 65 }, true, 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_numbers_change_nothing),
        cmocka_unit_test(bad_numbers_stop_at_their_batch),
        cmocka_unit_test(huge_weights),
        cmocka_unit_test(bad_gradients_of_ones_own),
        cmocka_unit_test(nan_among_others),
        cmocka_unit_test(tunables),
        cmocka_unit_test(adam_by_hand),
        cmocka_unit_test(learning_rate_of_zero_learns_nothing),
        cmocka_unit_test(seeds),
        cmocka_unit_test(products_and_picked_rows),
        cmocka_unit_test(threads_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
