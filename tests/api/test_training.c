/* test_training.c - fit, train_on_batch, evaluate, predict: what equals what.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static const models_size whole = { .batch = 7, .classes = 12, .units = 6 };

/* Samples [first, first + count) of a view. */
static seqecho_view part(const seqecho_view *view, int64_t first, int64_t count)
{
    seqecho_view v = *view;
    size_t size = 4;

    for (int32_t i = 1; i < v.rank; i++)
        size *= (size_t)v.dim[i];
    v.data = (const char *)v.data + (size_t)first * size;
    v.dim[0] = count;
    return v;
}

/* A graph with a trainer and a dataset: two of them see the same and do the same. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
    const seqecho_view *x, *y;
} setup;

static setup set_up(models_size size)
{
    setup s = { .graph = models_whole(size) };

    s.trainer = models_trainer(s.graph, 1);
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

/* Both have the same weights, and go on the same: moments and states are equal too. */
static void assert_same_future(setup *a, setup *b)
{
    seqecho_report ra = SEQECHO_REPORT_INIT, rb = SEQECHO_REPORT_INIT;

    models_assert_same(a->graph, b->graph);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_trainer_fit(a->trainer, a->x, a->y, NULL, &ra), 0);
        assert_int_equal(seqecho_trainer_fit(b->trainer, b->x, b->y, NULL, &rb), 0);
        assert_memory_equal(&ra.loss, &rb.loss, sizeof ra.loss);
    }
    models_assert_same(a->graph, b->graph);
}

/* ---- fit ---------------------------------------------------------------------------- */

static void fit_is_a_sequence_of_batches(void **state)
{
    setup a = set_up(whole), b = set_up(whole);
    seqecho_report report = SEQECHO_REPORT_INIT;
    double loss = 0.0;

    (void)state;
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, a.x, a.y, SEQECHO_FIT(.epochs = 3), &report), 0);
    for (int epoch = 0; epoch < 3; epoch++) {
        loss = 0.0;
        for (int64_t first = 0; first < 21; first += 7) {
            const seqecho_view x = part(b.x, first, 7), y = part(b.y, first, 7);
            seqecho_report batch = SEQECHO_REPORT_INIT;

            assert_int_equal(seqecho_trainer_train_on_batch(b.trainer, &x, &y, &batch), 0);
            assert_int_equal(batch.samples, 7);
            assert_int_equal(batch.batches, 1);
            loss += 7.0 * batch.loss;
        }
    }
    assert_int_equal(report.samples, 21);
    assert_int_equal(report.batches, 3);
    assert_close_double(report.loss, loss / 21.0, 1e-14, 0);
    assert_true(report.accuracy >= 0.0 && report.accuracy <= 1.0);
    assert_true(report.seconds >= 0.0);
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

static void fit_dataset_is_the_loop_by_hand(void **state)
{
    static const seqecho_encoding encodings[] = { SEQECHO_ENCODE_ONE_HOT,
                                                  SEQECHO_ENCODE_INTEGER };

    (void)state;
    for (size_t e = 0; e < 2; e++) {
        setup a = set_up(whole), b = set_up(whole);
        seqecho_dataset *const data = models_data(whole, 0, encodings[e]);
        seqecho_report ra = SEQECHO_REPORT_INIT, rb = SEQECHO_REPORT_INIT;

        assert_int_equal(
            seqecho_trainer_fit_dataset(a.trainer, data, SEQECHO_FIT(.epochs = 4), &ra), 0);
        for (int epoch = 0; epoch < 4; epoch++) {
            seqecho_dataset_next(b.data);
            assert_int_equal(seqecho_trainer_fit(b.trainer, b.x, b.y, NULL, &rb), 0);
            seqecho_trainer_reset_states(b.trainer);
        }
        assert_memory_equal(&ra.loss, &rb.loss, sizeof ra.loss);
        assert_memory_equal(&ra.accuracy, &rb.accuracy, sizeof ra.accuracy);
        assert_int_equal(seqecho_dataset_position(data), seqecho_dataset_position(b.data));
        seqecho_dataset_seek(a.data, 4);
        seqecho_dataset_next(a.data);
        assert_same_future(&a, &b);
        seqecho_dataset_destroy(data);
        tear_down(&a);
        tear_down(&b);
    }
}

/* What fit does by itself with states, and what else it can be told. */
static void states_are_reset_as_asked(void **state)
{
    (void)state;
    for (seqecho_state_reset reset = SEQECHO_RESET_DEFAULT;
         reset <= SEQECHO_RESET_EACH_BATCH; reset++) {
        setup a = set_up(whole), b = set_up(whole);

        assert_int_equal(
            seqecho_trainer_fit(a.trainer, a.x, a.y,
                                SEQECHO_FIT(.epochs = 2, .reset_states = reset), NULL),
            0);
        for (int epoch = 0; epoch < 2; epoch++) {
            for (int64_t first = 0; first < 21; first += 7) {
                const seqecho_view x = part(b.x, first, 7), y = part(b.y, first, 7);

                assert_int_equal(seqecho_trainer_train_on_batch(b.trainer, &x, &y, NULL),
                                 0);
                if (reset == SEQECHO_RESET_EACH_BATCH)
                    seqecho_trainer_reset_states(b.trainer);
            }
            if (reset == SEQECHO_RESET_EACH_EPOCH)
                seqecho_trainer_reset_states(b.trainer);
        }
        assert_same_future(&a, &b);
        tear_down(&a);
        tear_down(&b);
    }
}

static void parts_are_a_step(void **state)
{
    setup a = set_up(whole), b = set_up(whole);
    const seqecho_view x = part(a.x, 0, 7), y = part(a.y, 0, 7);
    seqecho_report ra = SEQECHO_REPORT_INIT, rb = SEQECHO_REPORT_INIT;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(seqecho_trainer_train_on_batch(a.trainer, &x, &y, &ra), 0);
        assert_int_equal(seqecho_trainer_compute_gradients(b.trainer, &x, &y, NULL, 0, &rb),
                         0);
        assert_int_equal(seqecho_trainer_apply_gradients(b.trainer), 0);
        assert_memory_equal(&ra.loss, &rb.loss, sizeof ra.loss);
    }
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

static void history_keeps_every_epoch(void **state)
{
    setup s = set_up(whole);
    seqecho_report report = SEQECHO_REPORT_INIT;
    const double *loss;
    size_t count = 99;

    (void)state;
    assert_null(seqecho_trainer_history(s.trainer, "loss", &count));
    assert_int_equal(count, 0);
    for (size_t fits = 1; fits <= 20; fits++) {
        assert_int_equal(
            seqecho_trainer_fit(s.trainer, s.x, s.y, SEQECHO_FIT(.epochs = 2), &report), 0);
        loss = seqecho_trainer_history(s.trainer, "loss", &count);
        assert_int_equal(count, 2 * fits);
        assert_memory_equal(&loss[count - 1], &report.loss, sizeof *loss);
        assert_true(loss[0] > loss[count - 1]);
        assert_close_double(
            seqecho_trainer_history(s.trainer, "accuracy", &count)[count - 1],
            report.accuracy, 0, 0);
        assert_close_double(seqecho_trainer_history(s.trainer, "seconds", NULL)[count - 1],
                            report.seconds, 0, 0);
    }
    count = 99;
    assert_null(seqecho_trainer_history(s.trainer, "perplexity", &count));
    assert_int_equal(count, 0);
    assert_null(seqecho_trainer_history(s.trainer, NULL, NULL));
    tear_down(&s);
}

static void accuracy_only_if_asked(void **state)
{
    seqecho_graph *const graph = models_small();
    static float x_data[12], y_data[2];
    const seqecho_view x = { x_data, { 1, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { y_data, { 1, 2 }, 2, SEQECHO_FLOAT32 };
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_trainer *trainer;

    (void)state;
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)),
        0);
    assert_int_equal(seqecho_trainer_fit(trainer, &x, &y, NULL, &report), 0);
    assert_true(isnan(report.accuracy));
    assert_true(isfinite(report.loss));
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* The library writes no further than the caller's struct reaches. */
static void short_reports(void **state)
{
    setup s = set_up(whole);
    seqecho_report report;

    (void)state;
    memset(&report, 0x55, sizeof report);
    report.struct_size = offsetof(seqecho_report, loss);
    assert_int_equal(seqecho_trainer_fit(s.trainer, s.x, s.y, NULL, &report), 0);
    assert_int_equal(report.struct_size, offsetof(seqecho_report, loss));
    assert_int_equal(report.samples, 21);
    assert_int_equal(report.batches, 3);
    for (size_t i = offsetof(seqecho_report, loss); i < sizeof report; i++)
        assert_int_equal(((const unsigned char *)&report)[i], 0x55);

    report.struct_size = sizeof report.struct_size;
    report.samples = 77;
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, s.x, s.y, NULL, &report), 0);
    assert_int_equal(report.samples, 77);

    report.struct_size = 3;
    assert_refused(seqecho_trainer_fit(s.trainer, s.x, s.y, NULL, &report), SEQECHO_EINVAL,
                   "report: struct_size is 3; begin with SEQECHO_REPORT_INIT");
    tear_down(&s);
}

/* ---- evaluate, predict -------------------------------------------------------------- */

static void evaluate_leaves_no_trace(void **state)
{
    setup a = set_up(whole), b = set_up(whole);
    const seqecho_view x = part(a.x, 0, 7), y = part(a.y, 0, 7);
    seqecho_report first = SEQECHO_REPORT_INIT, again = SEQECHO_REPORT_INIT;

    (void)state;
    /* Before any training, and between batches, where states are not zero. */
    assert_int_equal(seqecho_trainer_evaluate(a.trainer, a.x, a.y, NULL, &first), 0);
    assert_int_equal(first.samples, 21);
    assert_int_equal(first.batches, 3);
    assert_same_future(&a, &b);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_trainer_train_on_batch(a.trainer, &x, &y, NULL), 0);
        assert_int_equal(seqecho_trainer_train_on_batch(b.trainer, &x, &y, NULL), 0);
        assert_int_equal(seqecho_trainer_evaluate(a.trainer, a.x, a.y, NULL, &first), 0);
        assert_int_equal(seqecho_trainer_evaluate(a.trainer, a.x, a.y, NULL, &again), 0);
        assert_memory_equal(&first.loss, &again.loss, sizeof first.loss);
        assert_memory_equal(&first.accuracy, &again.accuracy, sizeof first.loss);
    }
    assert_null(seqecho_trainer_history(NULL, "loss", NULL));
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

static void evaluate_starts_from_zero_states(void **state)
{
    setup s = set_up(whole);
    seqecho_report fresh = SEQECHO_REPORT_INIT, used = SEQECHO_REPORT_INIT;
    seqecho_report each = SEQECHO_REPORT_INIT;
    static float out[21 * 5 * 12];

    (void)state;
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, s.x, s.y, NULL, &fresh), 0);
    assert_int_equal(seqecho_trainer_predict(s.trainer, s.x, out, sizeof out / sizeof *out),
                     0);
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, s.x, s.y, NULL, &used), 0);
    assert_memory_equal(&fresh.loss, &used.loss, sizeof fresh.loss);
    assert_int_equal(seqecho_trainer_evaluate(
                         s.trainer, s.x, s.y,
                         SEQECHO_FIT(.reset_states = SEQECHO_RESET_EACH_BATCH), &each),
                     0);
    assert_true(memcmp(&fresh.loss, &each.loss, sizeof each.loss) != 0);
    tear_down(&s);
}

static void evaluate_dataset_takes_the_next_sequences(void **state)
{
    setup a = set_up(whole), b = set_up(whole);
    seqecho_report all = SEQECHO_REPORT_INIT, one = SEQECHO_REPORT_INIT;
    double loss = 0.0;

    (void)state;
    assert_int_equal(seqecho_trainer_evaluate_dataset(a.trainer, a.data, 3, NULL, &all), 0);
    for (int i = 0; i < 3; i++) {
        seqecho_dataset_next(b.data);
        assert_int_equal(seqecho_trainer_evaluate(b.trainer, b.x, b.y, NULL, &one), 0);
        loss += one.loss;
    }
    assert_int_equal(all.samples, 63);
    assert_int_equal(all.batches, 9);
    assert_close_double(all.loss, loss / 3.0, 1e-13, 0);
    assert_int_equal(seqecho_dataset_position(a.data), seqecho_dataset_position(b.data));
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

static void predict_advances_states(void **state)
{
    enum { N = 21 * 5 * 12 };
    static float first[N], second[N], third[N];
    setup s = set_up(whole);

    (void)state;
    assert_int_equal(seqecho_trainer_predict(s.trainer, s.x, first, N), 0);
    assert_int_equal(seqecho_trainer_predict(s.trainer, s.x, second, N), 0);
    assert_true(memcmp(first, second, sizeof first) != 0);
    seqecho_trainer_reset_states(s.trainer);
    assert_int_equal(seqecho_trainer_predict(s.trainer, s.x, third, N), 0);
    assert_same_bits(third, first, N);
    assert_int_equal(seqecho_trainer_predict(s.trainer, s.x, third, N), 0);
    assert_same_bits(third, second, N);
    tear_down(&s);
}

/* forward() is predict() of one batch, but for what it keeps. */
static void forward_is_predict(void **state)
{
    enum { N = 7 * 5 * 12 };
    static float a_out[N], b_out[N];
    setup a = set_up(whole), b = set_up(whole);

    (void)state;
    for (int64_t first = 0; first < 21; first += 7) {
        const seqecho_view x = part(a.x, first, 7);

        assert_int_equal(seqecho_trainer_forward(a.trainer, &x, a_out, N), 0);
        assert_int_equal(seqecho_trainer_predict(b.trainer, &x, b_out, N), 0);
        assert_same_bits(a_out, b_out, N);
    }
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

/* ---- Batches ------------------------------------------------------------------------ */

static void the_last_batch_may_be_short(void **state)
{
    const models_size any = { .classes = 12, .units = 6 };
    setup a = set_up(any), b = set_up(any);
    seqecho_report report = SEQECHO_REPORT_INIT;

    (void)state;
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, a.x, a.y, SEQECHO_FIT(.batch_size = 8), &report), 0);
    assert_int_equal(report.batches, 3);
    assert_int_equal(report.samples, 21);
    for (int64_t first = 0; first < 21; first += 8) {
        const int64_t count = first < 16 ? 8 : 5;
        const seqecho_view x = part(b.x, first, count), y = part(b.y, first, count);

        assert_int_equal(seqecho_trainer_train_on_batch(b.trainer, &x, &y, NULL), 0);
    }
    assert_same_future(&a, &b);
    assert_int_equal(seqecho_trainer_fit(a.trainer, a.x, a.y, NULL, &report), 0);
    assert_int_equal(report.batches, 1); /* of 32 */
    tear_down(&a);
    tear_down(&b);
}

static void stateful_batches_must_divide(void **state)
{
    setup a = set_up(whole), b = set_up(whole);
    const seqecho_view x = part(a.x, 0, 20), y = part(a.y, 0, 20);
    const char *const text = "trainer: in a stateful network the number of samples must be "
                             "divisible by the batch size 7, found 20 samples";
    static float out[20 * 5 * 12];

    (void)state;
    assert_refused(seqecho_trainer_fit(a.trainer, &x, &y, NULL, NULL), SEQECHO_ESHAPE,
                   text);
    assert_refused(seqecho_trainer_evaluate(a.trainer, &x, &y, NULL, NULL), SEQECHO_ESHAPE,
                   text);
    assert_refused(seqecho_trainer_predict(a.trainer, &x, out, 20 * 5 * 12), SEQECHO_ESHAPE,
                   text);
    assert_refused(seqecho_trainer_train_on_batch(a.trainer, &x, &y, NULL), SEQECHO_ESHAPE,
                   "trainer: in a stateful network a batch has the 7 samples of the input "
                   "layer, found 20");
    assert_refused(
        seqecho_trainer_fit(a.trainer, a.x, a.y, SEQECHO_FIT(.batch_size = 3), NULL),
        SEQECHO_ESHAPE, "trainer: batch_size is 3, but the input layer fixes it at 7");
    assert_same_future(&a, &b);
    tear_down(&a);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_is_a_sequence_of_batches),
        cmocka_unit_test(fit_dataset_is_the_loop_by_hand),
        cmocka_unit_test(states_are_reset_as_asked),
        cmocka_unit_test(parts_are_a_step),
        cmocka_unit_test(history_keeps_every_epoch),
        cmocka_unit_test(accuracy_only_if_asked),
        cmocka_unit_test(short_reports),
        cmocka_unit_test(evaluate_leaves_no_trace),
        cmocka_unit_test(evaluate_starts_from_zero_states),
        cmocka_unit_test(evaluate_dataset_takes_the_next_sequences),
        cmocka_unit_test(predict_advances_states),
        cmocka_unit_test(forward_is_predict),
        cmocka_unit_test(the_last_batch_may_be_short),
        cmocka_unit_test(stateful_batches_must_divide),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
