/* test_events.c - how a program watches and stops training.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static const models_size whole = { .batch = 7, .classes = 12, .units = 6 };

/* What a callback saw, and what it is to answer.  Callbacks run inside the library, so
 * they note and never assert. */
typedef struct witness {
    char order[256]; /* "B012E" an epoch: begin, batch numbers, end; "F": end of the fit */
    size_t events;
    int answer; /* at event number `at` */
    size_t at;  /* 1 for the first; 0: never */
    int64_t epochs, batches, samples_at_end;
    double loss_at_end;
    bool sound; /* fields were as promised */
    seqecho_trainer *trainer;
} witness;

static int watch(void *user, const seqecho_event *event)
{
    witness *const w = user;
    const size_t length = strlen(w->order);
    char c = '?';

    if (event->kind == SEQECHO_EVENT_EPOCH_BEGIN) {
        c = 'B';
        w->sound = w->sound && event->batch == -1 && event->train->samples == 0;
    } else if (event->kind == SEQECHO_EVENT_BATCH_END) {
        c = (char)('0' + event->batch);
        w->sound = w->sound && event->train->batches == event->batch + 1 &&
                   event->train->samples == 7 * (event->batch + 1) &&
                   isfinite(event->train->loss);
    } else if (event->kind == SEQECHO_EVENT_EPOCH_END) {
        c = 'E';
        w->samples_at_end = event->train->samples;
        w->loss_at_end = event->train->loss;
    } else if (event->kind == SEQECHO_EVENT_FIT_END) {
        c = 'F';
    }
    if (length + 1 < sizeof w->order)
        w->order[length] = c;
    w->sound = w->sound && event->trainer == w->trainer &&
               event->struct_size == sizeof *event && event->reserved == 0 &&
               event->train->struct_size == sizeof *event->train;
    w->epochs = event->epochs;
    w->batches = event->batches;
    return ++w->events == w->at ? w->answer : 0;
}

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
} setup;

static setup set_up(void)
{
    setup s = { .graph = models_whole(whole) };

    s.trainer = models_trainer(s.graph, 1);
    s.data = models_data(whole, 0, SEQECHO_ENCODE_ONE_HOT);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

static int fit(setup *s, witness *w, int64_t epochs, seqecho_report *report)
{
    w->sound = true;
    w->trainer = s->trainer;
    return seqecho_trainer_fit(
        s->trainer, seqecho_dataset_x(s->data), seqecho_dataset_y(s->data),
        SEQECHO_FIT(.epochs = epochs, .on_event = watch, .user = w), report);
}

static void every_event_in_order(void **state)
{
    setup s = set_up();
    seqecho_report report = SEQECHO_REPORT_INIT;
    witness w = { .at = 0 };

    (void)state;
    assert_int_equal(fit(&s, &w, 3, &report), 0);
    assert_string_equal(w.order, "B012EB012EB012EF");
    assert_true(w.sound);
    assert_int_equal(w.epochs, 3);
    assert_int_equal(w.batches, 3);
    assert_int_equal(w.samples_at_end, 21);
    assert_memory_equal(&w.loss_at_end, &report.loss, sizeof report.loss);
    tear_down(&s);
}

static void datasets_too(void **state)
{
    setup s = set_up();
    witness w = { .sound = true, .trainer = s.trainer };

    (void)state;
    assert_int_equal(seqecho_trainer_fit_dataset(
                         s.trainer, s.data,
                         SEQECHO_FIT(.epochs = 2, .on_event = watch, .user = &w), NULL),
                     0);
    assert_string_equal(w.order, "B012EB012EF");
    assert_true(w.sound);
    tear_down(&s);
}

/* Watching changes nothing. */
static void same_bits_when_watched(void **state)
{
    setup a = set_up(), b = set_up();
    witness w = { .at = 0 };

    (void)state;
    assert_int_equal(fit(&a, &w, 3, NULL), 0);
    assert_int_equal(seqecho_trainer_fit(b.trainer, seqecho_dataset_x(b.data),
                                         seqecho_dataset_y(b.data),
                                         SEQECHO_FIT(.epochs = 3), NULL),
                     0);
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

/* A positive answer ends the fit with success; an epoch under way is closed, and the report
 * is that of the last epoch with a batch. */
static void positive_stops(void **state)
{
    static const struct {
        size_t at;
        const char *order;
        int64_t samples;
        size_t epochs;
    } cases[] = {
        { 1, "BF", 0, 0 },
        { 2, "B0EF", 7, 1 },
        { 4, "B012EF", 21, 1 },
        { 5, "B012EF", 21, 1 },
        { 6, "B012EBF", 21, 1 },
        { 8, "B012EB01EF", 14, 2 },
        { 10, "B012EB012EF", 21, 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup s = set_up();
        seqecho_report report = SEQECHO_REPORT_INIT;
        witness w = { .at = cases[i].at, .answer = 1 + (int)i };
        size_t count;

        assert_int_equal(fit(&s, &w, 5, &report), SEQECHO_OK);
        assert_string_equal(w.order, cases[i].order);
        assert_int_equal(report.samples, cases[i].samples);
        assert_int_equal(isnan(report.loss), cases[i].samples == 0);
        seqecho_trainer_history(s.trainer, "loss", &count);
        assert_int_equal(count, cases[i].epochs);
        tear_down(&s);
    }
}

/* So a fit may be asked to go on for ever. */
static void without_an_end(void **state)
{
    setup s = set_up();
    seqecho_report report = SEQECHO_REPORT_INIT;
    witness w = { .at = 5 * 1100, .answer = 1 };
    size_t count;

    (void)state;
    assert_int_equal(fit(&s, &w, INT64_MAX, &report), SEQECHO_OK);
    assert_true(w.epochs == INT64_MAX);
    assert_int_equal(report.samples, 21);
    assert_non_null(seqecho_trainer_history(s.trainer, "loss", &count));
    assert_int_equal(count, 1100);
    tear_down(&s);
}

/* A negative answer is the result of fit, as it is, also one that is no code of ours. */
static void negative_fails(void **state)
{
    static const int answers[] = { SEQECHO_ECALLBACK, SEQECHO_EIO, -4711, INT32_MIN };

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        for (size_t at = 1; at <= 5; at++) {
            setup s = set_up();
            seqecho_report report = SEQECHO_REPORT_INIT;
            witness w = { .at = at, .answer = answers[i] };
            char text[64];

            snprintf(text, sizeof text, "an event callback returned %d", answers[i]);
            assert_refused(fit(&s, &w, 5, &report), answers[i], text);
            assert_int_equal(w.events, at);
            assert_int_equal(report.samples, 0);
            /* And the trainer is none the worse. */
            w = (witness){ .at = 0 };
            assert_int_equal(fit(&s, &w, 1, &report), 0);
            assert_string_equal(w.order, "B012EF");
            tear_down(&s);
        }
}

/* ---- What a callback may do --------------------------------------------------------- */

typedef struct intruder {
    setup *s;
    int fit, fit_dataset, train, evaluate, evaluate_dataset, predict, forward, backward,
        compute, apply;
    char message[128];
    int set, get, weight, gradient;
    double rate;
    float value, slope[12];
} intruder;

static int intrude(void *user, const seqecho_event *event)
{
    static float out[21 * 5 * 12];
    intruder *const i = user;
    seqecho_trainer *const t = event->trainer;
    const seqecho_view *const x = seqecho_dataset_x(i->s->data);
    const seqecho_view *const y = seqecho_dataset_y(i->s->data);

    if (event->kind != SEQECHO_EVENT_BATCH_END || event->batch != 1)
        return 0;
    i->fit = seqecho_trainer_fit(t, x, y, NULL, NULL);
    snprintf(i->message, sizeof i->message, "%s", seqecho_error_message());
    i->fit_dataset = seqecho_trainer_fit_dataset(t, i->s->data, NULL, NULL);
    i->train = seqecho_trainer_train_on_batch(t, x, y, NULL);
    i->evaluate = seqecho_trainer_evaluate(t, x, y, NULL, NULL);
    i->evaluate_dataset = seqecho_trainer_evaluate_dataset(t, i->s->data, 1, NULL, NULL);
    i->predict = seqecho_trainer_predict(t, x, out, 21 * 5 * 12);
    i->forward = seqecho_trainer_forward(t, x, out, 21 * 5 * 12);
    i->backward = seqecho_trainer_backward(t, y, NULL, 0);
    i->compute = seqecho_trainer_compute_gradients(t, x, y, NULL, 0, NULL);
    i->apply = seqecho_trainer_apply_gradients(t);

    i->set = seqecho_trainer_set(t, SEQECHO_PARAM_LEARNING_RATE, 0.0);
    i->get = seqecho_trainer_get(t, SEQECHO_PARAM_LEARNING_RATE, &i->rate);
    i->weight = seqecho_graph_weight_get(i->s->graph, "time_distributed/bias", out, 12);
    i->value = out[0];
    i->gradient = seqecho_trainer_gradient_get(t, "time_distributed/bias", i->slope, 12);
    seqecho_trainer_reset_states(t);
    return 0;
}

static void callbacks_look_but_do_not_train(void **state)
{
    setup s = set_up();
    intruder i = { .s = &s };
    float bias[12], norm = 0.0F;

    (void)state;
    assert_int_equal(
        seqecho_trainer_fit(s.trainer, seqecho_dataset_x(s.data), seqecho_dataset_y(s.data),
                            SEQECHO_FIT(.on_event = intrude, .user = &i), NULL),
        0);
    assert_int_equal(i.fit, SEQECHO_ESTATE);
    assert_string_equal(i.message, "fit: not allowed inside an event of the same trainer");
    assert_int_equal(i.fit_dataset, SEQECHO_ESTATE);
    assert_int_equal(i.train, SEQECHO_ESTATE);
    assert_int_equal(i.evaluate, SEQECHO_ESTATE);
    assert_int_equal(i.evaluate_dataset, SEQECHO_ESTATE);
    assert_int_equal(i.predict, SEQECHO_ESTATE);
    assert_int_equal(i.forward, SEQECHO_ESTATE);
    assert_int_equal(i.backward, SEQECHO_ESTATE);
    assert_int_equal(i.compute, SEQECHO_ESTATE);
    assert_int_equal(i.apply, SEQECHO_ESTATE);

    assert_int_equal(i.set, 0);
    assert_int_equal(i.get, 0);
    assert_close_double(i.rate, 0.0, 0, 0);
    assert_int_equal(i.weight, 0);
    assert_int_equal(i.gradient, 0);
    for (size_t k = 0; k < 12; k++)
        norm += fabsf(i.slope[k]);
    assert_true(norm > 0.0F);
    /* The rate of 0 held for the last batch: the weights are those the callback saw. */
    assert_int_equal(seqecho_graph_weight_get(s.graph, "time_distributed/bias", bias, 12),
                     0);
    assert_same_bits(bias, &i.value, 1);
    assert_true(bias[0] != 0.0F);
    tear_down(&s);
}

/* States reset in an event are zero for the next batch. */
static int reset_each_batch(void *user, const seqecho_event *event)
{
    (void)user;
    if (event->kind == SEQECHO_EVENT_BATCH_END)
        seqecho_trainer_reset_states(event->trainer);
    return 0;
}

static void callbacks_reset_states(void **state)
{
    setup a = set_up(), b = set_up();

    (void)state;
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, seqecho_dataset_x(a.data), seqecho_dataset_y(a.data),
                            SEQECHO_FIT(.epochs = 2, .on_event = reset_each_batch), NULL),
        0);
    assert_int_equal(seqecho_trainer_fit(
                         b.trainer, seqecho_dataset_x(b.data), seqecho_dataset_y(b.data),
                         SEQECHO_FIT(.epochs = 2, .reset_states = SEQECHO_RESET_EACH_BATCH),
                         NULL),
                     0);
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

/* Another trainer may be used: only the one that calls is busy. */
static int train_another(void *user, const seqecho_event *event)
{
    setup *const other = user;

    (void)event;
    return seqecho_trainer_fit(other->trainer, seqecho_dataset_x(other->data),
                               seqecho_dataset_y(other->data), NULL, NULL);
}

static void callbacks_use_other_trainers(void **state)
{
    setup a = set_up(), b = set_up();

    (void)state;
    assert_int_equal(
        seqecho_trainer_fit(a.trainer, seqecho_dataset_x(a.data), seqecho_dataset_y(a.data),
                            SEQECHO_FIT(.on_event = train_another, .user = &b), NULL),
        0);
    assert_int_equal(seqecho_trainer_fit(a.trainer, seqecho_dataset_x(a.data),
                                         seqecho_dataset_y(a.data),
                                         SEQECHO_FIT(.epochs = 5), NULL),
                     0);
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_order),
        cmocka_unit_test(datasets_too),
        cmocka_unit_test(same_bits_when_watched),
        cmocka_unit_test(positive_stops),
        cmocka_unit_test(without_an_end),
        cmocka_unit_test(negative_fails),
        cmocka_unit_test(callbacks_look_but_do_not_train),
        cmocka_unit_test(callbacks_reset_states),
        cmocka_unit_test(callbacks_use_other_trainers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
