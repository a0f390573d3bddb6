/* test_fit.c - options of a fit: shuffling, validation, and the history they make.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"

enum { ROWS = 21, STEPS = 5, CLASSES = 12 };

static const models_size stateless = { .classes = CLASSES, .units = 6 };
static const models_size stateful = { .batch = 7, .classes = CLASSES, .units = 6 };

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

static setup set_up_more(models_size size, int32_t threads, uint64_t seed,
                         seqecho_encoding encoding)
{
    setup s = { .graph = models_whole(size) };

    assert_int_equal(
        seqecho_trainer_create(&s.trainer, s.graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .metrics = SEQECHO_METRIC_ACCURACY,
                                               .threads = threads, .seed = seed)),
        0);
    s.data = models_data(size, 0, encoding);
    s.x = seqecho_dataset_x(s.data);
    s.y = seqecho_dataset_y(s.data);
    return s;
}

static setup set_up(models_size size)
{
    return set_up_more(size, 1, 0, SEQECHO_ENCODE_ONE_HOT);
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

#define fit(s, ...) \
    assert_int_equal( \
        seqecho_trainer_fit((s)->trainer, (s)->x, (s)->y, SEQECHO_FIT(__VA_ARGS__), NULL), \
        0)

static const double *history(const setup *s, const char *name)
{
    return seqecho_trainer_history(s->trainer, name, NULL);
}

static void assert_same_history(const setup *a, const setup *b, const char *name)
{
    size_t n, m;
    const double *const x = seqecho_trainer_history(a->trainer, name, &n);
    const double *const y = seqecho_trainer_history(b->trainer, name, &m);

    assert_int_equal(n, m);
    assert_true(n > 0);
    assert_memory_equal(x, y, n * sizeof *x);
}

static void assert_different(setup *a, setup *b)
{
    size_t n;
    float *const x = models_weights(a->graph, &n), *const y = models_weights(b->graph, &n);

    assert_memory_not_equal(x, y, n * sizeof *x);
    free(x);
    free(y);
}

/* ---- Shuffling ---------------------------------------------------------------------- */

enum { ORDERED = 10, ORDER_EPOCHS = 4 };

/* Which sample came when, told by losses: sample i has target i, the output is 0. */
typedef struct order {
    int seen[ORDER_EPOCHS][ORDERED];
    double sum; /* of losses of this epoch */
} order;

static int note_order(void *user, const seqecho_event *event)
{
    order *const o = user;
    double sum;

    if (event->kind == SEQECHO_EVENT_EPOCH_BEGIN)
        o->sum = 0.0;
    if (event->kind != SEQECHO_EVENT_BATCH_END)
        return 0;
    sum = event->train->loss * (double)event->train->samples;
    o->seen[event->epoch][event->batch] = (int)(sqrt(sum - o->sum) + 0.5);
    o->sum = sum;
    return 0;
}

/* `epochs` epochs of one sample a batch, in one fit or in fits of one epoch. */
static void find_order(uint64_t seed, bool one_by_one, order *o)
{
    const float weights[2] = { 0.0F, 0.0F };
    float data[ORDERED];
    const seqecho_view y = { data, { ORDERED, 1 }, 2, SEQECHO_FLOAT32 };
    seqecho_graph *graph;
    seqecho_trainer *t;
    order one;

    for (int i = 0; i < ORDERED; i++)
        data[i] = (float)i;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 1 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    assert_int_equal(seqecho_graph_weight_set(graph, "dense/kernel", weights, 1), 0);
    assert_int_equal(
        seqecho_trainer_create(
            &t, graph, SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .seed = seed)),
        0);
    assert_int_equal(seqecho_trainer_set(t, SEQECHO_PARAM_LEARNING_RATE, 0.0), 0);
    for (int e = 0; e < (one_by_one ? ORDER_EPOCHS : 1); e++) {
        assert_int_equal(
            seqecho_trainer_fit(t, &y, &y,
                                SEQECHO_FIT(.batch_size = 1, .shuffle = true,
                                            .epochs = one_by_one ? 1 : ORDER_EPOCHS,
                                            .on_event = note_order,
                                            .user = one_by_one ? &one : o),
                                NULL),
            0);
        if (one_by_one)
            memcpy(o->seen[e], one.seen[0], sizeof one.seen[0]);
    }
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

static void each_sample_once_an_epoch(void **state)
{
    /* The same on every machine, and in every version. */
    static const int first[ORDERED] = { 6, 4, 1, 9, 7, 2, 8, 0, 5, 3 };
    order o, again, other;

    (void)state;
    find_order(7, false, &o);
    for (int e = 0; e < ORDER_EPOCHS; e++) {
        int count[ORDERED] = { 0 };

        for (int i = 0; i < ORDERED; i++) {
            assert_in_range(o.seen[e][i], 0, ORDERED - 1);
            count[o.seen[e][i]]++;
        }
        for (int i = 0; i < ORDERED; i++)
            assert_int_equal(count[i], 1);
        for (int before = 0; before < e; before++)
            assert_memory_not_equal(o.seen[e], o.seen[before], sizeof o.seen[e]);
    }
    assert_memory_equal(o.seen[0], first, sizeof first);
    /* Epochs count over fits. */
    find_order(7, true, &again);
    assert_memory_equal(again.seen, o.seen, sizeof o.seen);
    find_order(8, false, &other);
    assert_memory_not_equal(other.seen[0], o.seen[0], sizeof o.seen[0]);
}

/* The rows of a view in another order, of floats or of class numbers. */
static seqecho_view reordered(const seqecho_view *view, const int *which, void *room)
{
    seqecho_view v = part(view, 0, ORDERED);
    const size_t size =
        (size_t)((const char *)part(view, 1, 1).data - (const char *)view->data);

    for (int i = 0; i < ORDERED; i++)
        memcpy((char *)room + (size_t)i * size,
               (const char *)view->data + (size_t)which[i] * size, size);
    v.data = room;
    return v;
}

/* Training on shuffled samples is training on samples that lie in that order. */
static void shuffled_as_if_by_hand(void **state)
{
    static const seqecho_encoding encodings[] = { SEQECHO_ENCODE_ONE_HOT,
                                                  SEQECHO_ENCODE_INTEGER };
    static float x_room[ORDERED * STEPS * CLASSES], y_room[ORDERED * STEPS * CLASSES];
    order o;

    (void)state;
    find_order(7, false, &o);
    for (size_t i = 0; i < 2; i++) {
        setup a = set_up_more(stateless, 1, 7, encodings[i]);
        setup b = set_up_more(stateless, 1, 0, encodings[i]);
        setup c = set_up_more(stateless, 1, 7, encodings[i]);
        const seqecho_view x = part(a.x, 0, ORDERED), y = part(a.y, 0, ORDERED);

        assert_int_equal(seqecho_trainer_fit(a.trainer, &x, &y,
                                             SEQECHO_FIT(.batch_size = 4, .shuffle = true,
                                                         .epochs = ORDER_EPOCHS),
                                             NULL),
                         0);
        assert_int_equal(
            seqecho_trainer_fit(c.trainer, &x, &y,
                                SEQECHO_FIT(.batch_size = 4, .epochs = ORDER_EPOCHS), NULL),
            0);
        for (int e = 0; e < ORDER_EPOCHS; e++) {
            const seqecho_view bx = reordered(b.x, o.seen[e], x_room);
            const seqecho_view by = reordered(b.y, o.seen[e], y_room);

            assert_int_equal(seqecho_trainer_fit(b.trainer, &bx, &by,
                                                 SEQECHO_FIT(.batch_size = 4), NULL),
                             0);
        }
        models_assert_same(a.graph, b.graph);
        assert_same_history(&a, &b, "loss");
        assert_same_history(&a, &b, "accuracy");
        assert_different(&a, &c);
        tear_down(&a);
        tear_down(&b);
        tear_down(&c);
    }
}

static void shuffled_on_any_number_of_threads(void **state)
{
    setup a = set_up_more(stateless, 1, 5, SEQECHO_ENCODE_ONE_HOT);
    setup b = set_up_more(stateless, 3, 5, SEQECHO_ENCODE_ONE_HOT);

    (void)state;
    fit(&a, .epochs = 4, .batch_size = 6, .shuffle = true, .validation_split = 0.3);
    fit(&b, .epochs = 4, .batch_size = 6, .shuffle = true, .validation_split = 0.3);
    models_assert_same(a.graph, b.graph);
    assert_same_history(&a, &b, "loss");
    assert_same_history(&a, &b, "val_loss");
    tear_down(&a);
    tear_down(&b);
}

static void fit_dataset(setup *s, const seqecho_fit_options *options)
{
    if (seqecho_trainer_fit_dataset(s->trainer, s->data, options, NULL) < 0)
        fail_msg("%s", seqecho_error_message());
}

/* A dataset's rows are shuffled too, whatever their encoding. */
static void shuffled_datasets(void **state)
{
    setup a = set_up_more(stateless, 1, 5, SEQECHO_ENCODE_ONE_HOT);
    setup b = set_up_more(stateless, 1, 5, SEQECHO_ENCODE_INTEGER);
    setup c = set_up_more(stateless, 1, 5, SEQECHO_ENCODE_INTEGER);
    setup d = set_up_more(stateless, 1, 5, SEQECHO_ENCODE_INTEGER);

    (void)state;
    fit_dataset(&a, SEQECHO_FIT(.epochs = 3, .batch_size = 4, .shuffle = true));
    fit_dataset(&b, SEQECHO_FIT(.epochs = 3, .batch_size = 4, .shuffle = true));
    fit_dataset(&d, SEQECHO_FIT(.epochs = 3, .batch_size = 4));
    for (int e = 0; e < 3; e++) {
        seqecho_dataset_next(c.data);
        fit(&c, .batch_size = 4, .shuffle = true);
    }
    models_assert_same(a.graph, b.graph);
    models_assert_same(a.graph, c.graph);
    assert_different(&a, &d);
    tear_down(&a);
    tear_down(&b);
    tear_down(&c);
    tear_down(&d);
}

/* ---- Validation --------------------------------------------------------------------- */

/* What is measured is what evaluate() measures then, and training does not notice. */
static void validation_is_an_evaluation(void **state)
{
    static const models_size sizes[] = { { .classes = CLASSES, .units = 6 },
                                         { .batch = 7, .classes = CLASSES, .units = 6 } };

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int reset = 0; reset < 2; reset++) {
            const seqecho_state_reset how =
                reset ? SEQECHO_RESET_EACH_BATCH : SEQECHO_RESET_NEVER;
            setup a = set_up(sizes[i]), b = set_up(sizes[i]), c = set_up(sizes[i]);
            const seqecho_view x = part(a.x, 0, 14), y = part(a.y, 0, 14);

            fit(&a, .epochs = 4, .validation_x = &x, .validation_y = &y, .batch_size = 7,
                .reset_states = how);
            fit(&c, .epochs = 4, .batch_size = 7, .reset_states = how);
            for (int e = 0; e < 4; e++) {
                seqecho_report report = SEQECHO_REPORT_INIT;

                fit(&b, .batch_size = 7, .reset_states = how);
                assert_int_equal(seqecho_trainer_evaluate(
                                     b.trainer, &x, &y,
                                     SEQECHO_FIT(.batch_size = 7, .reset_states = how),
                                     &report),
                                 0);
                assert_memory_equal(&history(&a, "val_loss")[e], &report.loss,
                                    sizeof report.loss);
                assert_memory_equal(&history(&a, "val_accuracy")[e], &report.accuracy,
                                    sizeof report.accuracy);
            }
            /* States and moments are the same, too. */
            fit(&a, .batch_size = 7, .reset_states = how);
            fit(&c, .batch_size = 7, .reset_states = how);
            models_assert_same(a.graph, c.graph);
            assert_same_history(&a, &c, "loss");
            assert_true(isnan(history(&a, "val_loss")[4]));
            assert_true(isnan(history(&c, "val_loss")[0]));
            tear_down(&a);
            tear_down(&b);
            tear_down(&c);
        }
}

/* Batches of a validation may be larger than those of the training. */
static void more_to_validate_than_to_train(void **state)
{
    setup a = set_up(stateless), b = set_up(stateless);
    const seqecho_view x = part(a.x, 0, 3), y = part(a.y, 0, 3);

    (void)state;
    assert_int_equal(seqecho_trainer_fit(
                         a.trainer, &x, &y,
                         SEQECHO_FIT(.epochs = 3, .validation_x = a.x, .validation_y = a.y),
                         NULL),
                     0);
    assert_int_equal(seqecho_trainer_fit(b.trainer, &x, &y, SEQECHO_FIT(.epochs = 3), NULL),
                     0);
    models_assert_same(a.graph, b.graph);
    assert_true(history(&a, "val_loss")[2] > 0.0);
    tear_down(&a);
    tear_down(&b);
}

/* The last share of the samples, as many as Keras takes, before any shuffling. */
static void validation_split(void **state)
{
    static const struct {
        double split;
        int64_t train;
    } cases[] = { { 0.1, 18 }, { 0.2, 16 },       { 0.25, 15 },
                  { 0.5, 10 }, { 1.0 / 3.0, 14 }, { 0.9, 2 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            const int64_t train = cases[i].train;
            setup a = set_up(stateless), b = set_up(stateless);
            const seqecho_view x = part(b.x, 0, train), y = part(b.y, 0, train);
            const seqecho_view val_x = part(b.x, train, ROWS - train);
            const seqecho_view val_y = part(b.y, train, ROWS - train);
            seqecho_report report = SEQECHO_REPORT_INIT;

            assert_int_equal(
                seqecho_trainer_fit(a.trainer, a.x, a.y,
                                    SEQECHO_FIT(.epochs = 3, .batch_size = 4,
                                                .shuffle = shuffle != 0,
                                                .validation_split = cases[i].split),
                                    &report),
                0);
            assert_int_equal(report.samples, train);
            assert_int_equal(seqecho_trainer_fit(b.trainer, &x, &y,
                                                 SEQECHO_FIT(.epochs = 3, .batch_size = 4,
                                                             .shuffle = shuffle != 0,
                                                             .validation_x = &val_x,
                                                             .validation_y = &val_y),
                                                 NULL),
                             0);
            models_assert_same(a.graph, b.graph);
            assert_same_history(&a, &b, "loss");
            assert_same_history(&a, &b, "val_loss");
            assert_same_history(&a, &b, "val_accuracy");
            tear_down(&a);
            tear_down(&b);
        }
}

/* Two inputs, one of floats and one of class numbers, and two outputs are cut alike. */
static void split_of_several_views(void **state)
{
    enum { N = 9 };
    static float x0[N * 3], y0[N * 2], y1[N];
    static int32_t x1[N];
    seqecho_graph *graph[2];
    seqecho_trainer *trainer[2];
    seqecho_view x[2][2] = { { { x0, { N, 3 }, 2, SEQECHO_FLOAT32 },
                               { x1, { N }, 1, SEQECHO_INT32 } } };
    seqecho_view y[2][2] = { { { y0, { N, 2 }, 2, SEQECHO_FLOAT32 },
                               { y1, { N, 1 }, 2, SEQECHO_FLOAT32 } } };
    seqecho_view val_x[2], val_y[2];
    size_t count;

    (void)state;
    models_fill(x0, N * 3, 1);
    models_fill(y0, N * 2, 2);
    models_fill(y1, N, 3);
    for (int i = 0; i < N; i++)
        x1[i] = i % 4;
    for (int i = 0; i < 2; i++) {
        x[1][i] = part(&x[0][i], 0, 6);
        y[1][i] = part(&y[0][i], 0, 6);
        val_x[i] = part(&x[0][i], 6, 3);
        val_y[i] = part(&y[0][i], 6, 3);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_graph_create(&graph[i], SEQECHO_GRAPH(.seed = 3)), 0);
        for (int k = 0; k < 2; k++) {
            seqecho_node *const in =
                seqecho_graph_input(graph[i], SEQECHO_INPUT(.dim = { 3 + k }));
            seqecho_layer *const dense =
                seqecho_layer_create(graph[i], SEQECHO_DENSE(.units = 2 - k));

            assert_int_equal(seqecho_graph_output(graph[i], seqecho_layer_call(dense, in)),
                             0);
        }
        assert_int_equal(
            seqecho_trainer_create(&trainer[i], graph[i],
                                   SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)),
            0);
    }
    assert_int_equal(
        seqecho_trainer_fit(trainer[0], x[0], y[0],
                            SEQECHO_FIT(.epochs = 3, .batch_size = 4, .shuffle = true,
                                        .validation_split = 0.3),
                            NULL),
        0);
    assert_int_equal(
        seqecho_trainer_fit(trainer[1], x[1], y[1],
                            SEQECHO_FIT(.epochs = 3, .batch_size = 4, .shuffle = true,
                                        .validation_x = val_x, .validation_y = val_y),
                            NULL),
        0);
    models_assert_same(graph[0], graph[1]);
    assert_memory_equal(seqecho_trainer_history(trainer[0], "val_loss", &count),
                        seqecho_trainer_history(trainer[1], "val_loss", NULL),
                        3 * sizeof(double));
    assert_int_equal(count, 3);
    for (int i = 0; i < 2; i++) {
        seqecho_trainer_destroy(trainer[i]);
        seqecho_graph_destroy(graph[i]);
    }
}

/* Sequences of another dataset, each from zero states; or of the same one in turns. */
static void validation_dataset(void **state)
{
    setup a = set_up(stateful), b = set_up(stateful);
    seqecho_dataset *val[2];
    const seqecho_fit_options *const twice = SEQECHO_FIT(.validation_sequences = 2);
    seqecho_fit_options options = { .struct_size = sizeof options, .epochs = 3 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        val[i] = models_data(stateful, 0, SEQECHO_ENCODE_INTEGER);
        seqecho_dataset_seek(val[i], 1000);
    }
    options.validation_dataset = val[0];
    options.validation_sequences = twice->validation_sequences;
    fit_dataset(&a, &options);
    for (int e = 0; e < 3; e++) {
        seqecho_report report = SEQECHO_REPORT_INIT;

        fit_dataset(&b, NULL);
        assert_int_equal(
            seqecho_trainer_evaluate_dataset(b.trainer, val[1], 2, NULL, &report), 0);
        assert_memory_equal(&history(&a, "val_loss")[e], &report.loss, sizeof report.loss);
    }
    models_assert_same(a.graph, b.graph);
    assert_int_equal(seqecho_dataset_position(val[0]), 1006);
    options.validation_sequences = 0;
    options.validation_dataset = a.data;
    assert_int_equal(seqecho_dataset_position(a.data), 4);
    fit_dataset(&a, &options);
    assert_int_equal(seqecho_dataset_position(a.data), 10);
    for (int i = 0; i < 2; i++)
        seqecho_dataset_destroy(val[i]);
    tear_down(&a);
    tear_down(&b);
}

/* ---- Events and history ------------------------------------------------------------- */

/* Whether there was a validation, by kind of event; and the rate is set as told. */
typedef struct witness {
    int with[6], without[6];
    double last;
    bool halve;
} witness;

static int watch(void *user, const seqecho_event *event)
{
    witness *const w = user;

    if (event->validation != NULL) {
        w->with[event->kind]++;
        w->last = event->validation->loss;
    } else {
        w->without[event->kind]++;
    }
    if (w->halve && event->kind == SEQECHO_EVENT_BATCH_END) {
        double rate;
        const int err =
            seqecho_trainer_get(event->trainer, SEQECHO_PARAM_LEARNING_RATE, &rate);

        return err < 0 ? err
                       : seqecho_trainer_set(event->trainer, SEQECHO_PARAM_LEARNING_RATE,
                                             rate / 2.0);
    }
    return 0;
}

static void events_carry_the_validation(void **state)
{
    setup a = set_up(stateless);
    witness w = { .last = 0.0 };

    (void)state;
    fit(&a, .epochs = 2, .batch_size = 8, .validation_split = 0.2, .on_event = watch,
        .user = &w);
    assert_int_equal(w.with[SEQECHO_EVENT_EPOCH_END], 2);
    assert_int_equal(w.with[SEQECHO_EVENT_FIT_END], 1);
    assert_int_equal(w.with[SEQECHO_EVENT_BATCH_END], 0);
    assert_int_equal(w.with[SEQECHO_EVENT_EPOCH_BEGIN], 0);
    assert_int_equal(w.without[SEQECHO_EVENT_BATCH_END], 4);
    assert_memory_equal(&w.last, &history(&a, "val_loss")[1], sizeof w.last);
    fit(&a, .epochs = 2, .on_event = watch, .user = &w);
    assert_int_equal(w.without[SEQECHO_EVENT_EPOCH_END], 2);
    assert_int_equal(w.without[SEQECHO_EVENT_FIT_END], 1);
    tear_down(&a);
}

/* The rate of the last step, not the one that comes next. */
static void history_of_the_learning_rate(void **state)
{
    setup a = set_up(stateless);
    witness w = { .halve = true };
    double rate;

    (void)state;
    assert_int_equal(seqecho_trainer_set(a.trainer, SEQECHO_PARAM_LEARNING_RATE, 0.5), 0);
    fit(&a, .epochs = 2, .batch_size = 11, .on_event = watch, .user = &w);
    assert_close_double(history(&a, "learning_rate")[0], 0.25, 0, 0);
    assert_close_double(history(&a, "learning_rate")[1], 0.0625, 0, 0);
    assert_int_equal(seqecho_trainer_get(a.trainer, SEQECHO_PARAM_LEARNING_RATE, &rate), 0);
    assert_close_double(rate, 0.03125, 0, 0);
    tear_down(&a);
}

static void every_series_is_there(void **state)
{
    static const char *const names[] = { "loss",          "accuracy",  "top_k",
                                         "mse",           "mae",       "seconds",
                                         "val_loss",      "val_top_k", "val_mse",
                                         "learning_rate", "val_mae",   "val_accuracy" };
    setup a = set_up(stateless);
    size_t count;

    (void)state;
    /* Through several enlargements. */
    for (int i = 0; i < 40; i++)
        fit(&a, .batch_size = 11, .validation_split = i % 2 == 0 ? 0.5 : 0.0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null(seqecho_trainer_history(a.trainer, names[i], &count));
        assert_int_equal(count, 40);
    }
    for (int i = 0; i < 40; i++) {
        assert_true(history(&a, "loss")[i] > 0.0);
        assert_int_equal(isnan(history(&a, "val_loss")[i]), i % 2);
        assert_int_equal(isnan(history(&a, "val_accuracy")[i]), i % 2);
        assert_close_double(history(&a, "learning_rate")[i], 0.001, 1e-6, 0);
    }
    assert_null(seqecho_trainer_history(a.trainer, "val_seconds", &count));
    assert_int_equal(count, 0);
    tear_down(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sample_once_an_epoch),
        cmocka_unit_test(shuffled_as_if_by_hand),
        cmocka_unit_test(shuffled_on_any_number_of_threads),
        cmocka_unit_test(shuffled_datasets),
        cmocka_unit_test(validation_is_an_evaluation),
        cmocka_unit_test(more_to_validate_than_to_train),
        cmocka_unit_test(validation_split),
        cmocka_unit_test(split_of_several_views),
        cmocka_unit_test(validation_dataset),
        cmocka_unit_test(events_carry_the_validation),
        cmocka_unit_test(history_of_the_learning_rate),
        cmocka_unit_test(every_series_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
