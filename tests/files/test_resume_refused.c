/* test_resume_refused.c - what cannot go on from a file is refused, with nothing changed:
 * the right fit goes on after it.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "refuse.h"
#include "training.h"

/* ---- Fits --------------------------------------------------------------------------- */

static seqecho_graph *classes(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 7, .dim = { 5, 6 }));
    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = 4, .return_sequences = true, .stateful = true));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 6, .activation = SEQECHO_SOFTMAX));
    return graph;
}

static seqecho_graph *numbers(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    return graph;
}

static const training_plan drawn = {
    .name = "drawn",
    .graph = classes,
    .trainer = { .loss = SEQECHO_CATEGORICAL_CROSSENTROPY },
    .fit = { .epochs = 3 },
    .dataset = true,
    .held_out = true,
    .callbacks = TRAINING_BEST | TRAINING_REDUCE | TRAINING_LOG,
    .patience = 50,
};

static const training_plan on_views = {
    .name = "on views",
    .graph = numbers,
    .trainer = { .loss = SEQECHO_MEAN_SQUARED_ERROR, .optimizer = SEQECHO_SGD },
    .fit = { .epochs = 3 },
    .held_out = true,
    .callbacks = TRAINING_BEST | TRAINING_LOG,
    .patience = 50,
};

/* A training that was stopped in its second epoch, or behind it, and is about to go on. */
typedef struct waiting {
    training whole, first, second;
    file_bytes before, log;
} waiting;

static void wait_for(waiting *w, const training_plan *plan)
{
    (void)unlink("again.csv");
    training_open(&w->whole, plan, 1, "whole");
    training_fit(&w->whole);
    training_open(&w->first, plan, 1, "again");
    w->first.stop_at = 9;
    training_fit(&w->first);
    training_open(&w->second, plan, 1, "again");
    training_restore(&w->second, &w->first);
    w->before = file_of_trainer(w->second.trainer);
    w->log = file_read("again.csv");
}

/* The fit was refused: nothing has changed, and the right one goes on. */
static void expect_unchanged(waiting *w)
{
    const file_bytes after = file_of_trainer(w->second.trainer);
    const file_bytes log = file_read("again.csv");

    file_assert_same(after, w->before);
    file_assert_same(log, w->log);
    assert_int_equal(w->second.events, 0);
    assert_int_equal(seqecho_dataset_position(w->second.data), 1);
    assert_int_equal(seqecho_dataset_position(w->second.held_out), 1);
    assert_int_equal(seqecho_early_stopping_best(w->second.stop, NULL, NULL),
                     SEQECHO_ENOTFOUND);
    free(after.data);
    free(log.data);
}

static void go_on(waiting *w)
{
    training_fit(&w->second);
    training_assert_same(&w->second, &w->whole);
    training_close(&w->whole);
    training_close(&w->first);
    training_close(&w->second);
    free(w->before.data);
    free(w->log.data);
}

#define refused(W, CODE, TEXT, ...) \
    do { \
        seqecho_fit_options o = training_options(&(W)->second, true); \
        __VA_ARGS__; \
        assert_refused((W)->second.plan->dataset \
                           ? seqecho_trainer_fit_dataset((W)->second.trainer, \
                                                         (W)->second.data, &o, NULL) \
                           : seqecho_trainer_fit((W)->second.trainer, &(W)->second.vx, \
                                                 (W)->second.vy, &o, NULL), \
                       CODE, TEXT); \
        expect_unchanged(W); \
    } while (0)

/* Of views: other samples, batches and order. */
static void other_views(void **state)
{
    seqecho_view x, y;
    waiting w;

    (void)state;
    wait_for(&w, &on_views);
    refused(&w, SEQECHO_EINVAL,
            "fit: batch_size is 8 in the checkpoint, but 6 in the fit that goes on from it",
            o.batch_size = 6);
    refused(&w, SEQECHO_EINVAL,
            "fit: the checkpoint was taken in a fit that was not shuffled",
            o.shuffle = true);
    refused(
        &w, SEQECHO_EINVAL,
        "fit: reset_states is 1 in the checkpoint, but 3 in the fit that goes on from it",
        o.reset_states = SEQECHO_RESET_EACH_BATCH);
    refused(&w, SEQECHO_EINVAL,
            "fit: validation_samples is 6 in the checkpoint, but 0 in the fit that goes on "
            "from it",
            o.validation_x = NULL, o.validation_y = NULL);
    x = w.second.held_x;
    y = w.second.held_y[0];
    x.dim[0] = y.dim[0] = 5;
    refused(&w, SEQECHO_EINVAL,
            "fit: validation_samples is 6 in the checkpoint, but 5 in the fit that goes on "
            "from it",
            o.validation_x = &x, o.validation_y = &y);
    w.second.vx.dim[0] = w.second.vy[0].dim[0] = 23;
    refused(&w, SEQECHO_EINVAL,
            "fit: samples is 24 in the checkpoint, but 23 in the fit that goes on from it",
            (void)o);
    w.second.vx.dim[0] = w.second.vy[0].dim[0] = 24;
    go_on(&w);
}

/* A fit that was on drawn samples, and is on views now, and the other way round. */
static void other_kinds_of_samples(void **state)
{
    seqecho_fit_options o;
    waiting w;

    (void)state;
    wait_for(&w, &drawn);
    o = training_options(&w.second, true);
    o.validation_dataset = NULL;
    o.validation_x = seqecho_dataset_x(w.second.held_out);
    o.validation_y = seqecho_dataset_y(w.second.held_out);
    o.reset_states = SEQECHO_RESET_EACH_EPOCH;
    assert_refused(
        seqecho_trainer_fit(w.second.trainer, seqecho_dataset_x(w.second.data),
                            seqecho_dataset_y(w.second.data), &o, NULL),
        SEQECHO_EINVAL,
        "fit: the checkpoint was taken in a fit with a dataset, this one has none");
    expect_unchanged(&w);
    go_on(&w);
}

/* Fit with another dataset, or another one to validate on. */
static void expect_dataset_refused(waiting *w, bool validation,
                                   const seqecho_dataset_options *options,
                                   const char *message)
{
    seqecho_fit_options o = training_options(&w->second, true);
    seqecho_dataset *other;
    seqecho_dataset *data = w->second.data;

    file_must(seqecho_dataset_create(&other, options));
    if (validation)
        o.validation_dataset = other;
    else
        data = other;
    assert_refused(seqecho_trainer_fit_dataset(w->second.trainer, data, &o, NULL),
                   SEQECHO_EINVAL, message);
    assert_int_equal(seqecho_dataset_position(other), 1);
    expect_unchanged(w);
    seqecho_dataset_destroy(other);
}

static void other_datasets(void **state)
{
    waiting w;

    (void)state;
    wait_for(&w, &drawn);
    expect_dataset_refused(&w, false, SEQECHO_DATASET(.n_unique = 6, .seed = 4),
                           "fit: the checkpoint's dataset has seed 3, found 4");
    expect_dataset_refused(&w, false,
                           SEQECHO_DATASET(.n_unique = 6, .seed = 3, .held_out = true),
                           "fit: the checkpoint's dataset has held_out 0, found 1");
    expect_dataset_refused(
        &w, false,
        SEQECHO_DATASET(.n_unique = 6, .seed = 3, .encoding = SEQECHO_ENCODE_INTEGER),
        "fit: the checkpoint's dataset has encoding 0, found 2");
    expect_dataset_refused(
        &w, false, SEQECHO_DATASET(.n_unique = 6, .seed = 3, .length = 32),
        "fit: samples is 21 in the checkpoint, but 28 in the fit that goes on from it");
    expect_dataset_refused(&w, true,
                           SEQECHO_DATASET(.n_unique = 6, .seed = 5, .held_out = true),
                           "fit: the checkpoint's validation_dataset has seed 3, found 5");
    expect_dataset_refused(
        &w, true, SEQECHO_DATASET(.n_unique = 6, .seed = 3),
        "fit: the checkpoint's validation_dataset has held_out 1, found 0");
    refused(
        &w, SEQECHO_EINVAL,
        "fit: validation_samples is 21 in the checkpoint, but 0 in the fit that goes on "
        "from it",
        o.validation_dataset = NULL);
    refused(
        &w, SEQECHO_EINVAL,
        "fit: validation_sequences is 1 in the checkpoint, but 2 in the fit that goes on "
        "from it",
        o.validation_sequences = 2);
    go_on(&w);
}

/* Fewer callbacks, more, others, in another order, with other options. */
static void other_callbacks(void **state)
{
    seqecho_callback *list[4], *without;
    waiting w;

    (void)state;
    wait_for(&w, &drawn);
    memcpy(list, w.second.callback, 3 * sizeof *list);
    file_must(seqecho_stop_on_nan_create(&list[3], NULL));
    refused(&w, SEQECHO_EINVAL,
            "fit: the checkpoint was taken in a fit with 3 callbacks, this one has 0",
            o.n_callbacks = 0);
    refused(&w, SEQECHO_EINVAL,
            "fit: the checkpoint was taken in a fit with 3 callbacks, this one has 4",
            o.callbacks = list, o.n_callbacks = 4);
    list[1] = w.second.callback[2];
    list[2] = w.second.callback[1];
    refused(&w, SEQECHO_EINVAL,
            "fit: callbacks[1] is csv_log, but reduce_lr in the checkpoint",
            o.callbacks = list);
    list[2] = list[3];
    list[1] = w.second.callback[1];
    refused(&w, SEQECHO_EINVAL,
            "fit: callbacks[2] is stop_on_nan, but csv_log in the checkpoint",
            o.callbacks = list);
    seqecho_callback_destroy(list[3]);
    file_must(seqecho_early_stopping_create(&without, NULL));
    memcpy(list, w.second.callback, 3 * sizeof *list);
    list[0] = without;
    refused(
        &w, SEQECHO_EINVAL,
        "early_stopping: restore_best_weights was set when the checkpoint was taken, and "
        "is not now",
        o.callbacks = list);
    seqecho_callback_destroy(without);
    go_on(&w);
}

/* A refused fit leaves what a callback has seen in its last one. */
static void the_best_of_the_last_fit(void **state)
{
    static const training_plan without = {
        .name = "without weights",
        .graph = numbers,
        .trainer = { .loss = SEQECHO_MEAN_SQUARED_ERROR, .optimizer = SEQECHO_SGD },
        .fit = { .epochs = 3 },
        .held_out = true,
        .callbacks = TRAINING_STOP | TRAINING_LOG,
        .patience = 50,
    };
    double best = 0.0, still = 1.0;
    training other;
    waiting w;

    (void)state;
    wait_for(&w, &on_views);
    training_open(&other, &without, 1, "other");
    training_fit(&other);
    file_must(seqecho_early_stopping_best(other.stop, &best, NULL));
    training_restore(&other, &w.first);
    assert_refused(training_try(&other, true), SEQECHO_EINVAL,
                   "early_stopping: restore_best_weights was set when the checkpoint was "
                   "taken, and is not now");
    file_must(seqecho_early_stopping_best(other.stop, &still, NULL));
    assert_memory_equal(&best, &still, sizeof best);
    training_close(&other);
    go_on(&w);
}

/* ---- Restoring ---------------------------------------------------------------------- */

/* Refused by this trainer, which stays as it is. */
static void expect_refused(seqecho_trainer *trainer, file_bytes file, int code,
                           const char *message)
{
    const file_bytes before = file_of_trainer(trainer);
    file_bytes after;

    assert_refused(seqecho_trainer_restore_memory(trainer, file.data, file.size), code,
                   message);
    after = file_of_trainer(trainer);
    file_assert_same(after, before);
    free(before.data);
    free(after.data);
}

/* A trainer that has made a few steps. */
static seqecho_trainer *used(seqecho_graph *graph, const seqecho_trainer_options *options)
{
    seqecho_trainer *trainer;
    training t;

    file_must(seqecho_trainer_create(&trainer, graph, options));
    training_open(&t, &on_views, 1, "used");
    for (int i = 0; i < 3; i++)
        file_must(seqecho_trainer_train_on_batch(trainer, &t.vx, t.vy, NULL));
    training_close(&t);
    return trainer;
}

#define OTHER_OPTIMIZER "trainer_restore_memory: the optimizer of the file "

static void other_optimizers(void **state)
{
    static const struct {
        seqecho_trainer_options file, trainer;
        const char *message;
    } cases[] = {
        { { .optimizer = SEQECHO_SGD },
          { .optimizer = SEQECHO_ADAM },
          OTHER_OPTIMIZER "is SGD, the trainer's is Adam" },
        { { .optimizer = SEQECHO_ADAM },
          { .optimizer = SEQECHO_ADAMW },
          OTHER_OPTIMIZER "is Adam, the trainer's is AdamW" },
        { { .amsgrad = true },
          { .amsgrad = false },
          OTHER_OPTIMIZER "has amsgrad set, the trainer's has not" },
        { { .amsgrad = false },
          { .amsgrad = true },
          OTHER_OPTIMIZER "has amsgrad not set, the trainer's has" },
        { { .optimizer = SEQECHO_RMSPROP, .centered = true },
          { .optimizer = SEQECHO_RMSPROP },
          OTHER_OPTIMIZER "has centered set, the trainer's has not" },
        { { .optimizer = SEQECHO_RMSPROP },
          { .optimizer = SEQECHO_RMSPROP, .epsilon_outside = true },
          OTHER_OPTIMIZER "has epsilon_outside not set, the trainer's has" },
        { { .optimizer = SEQECHO_SGD, .momentum = 0.5F, .nesterov = true },
          { .optimizer = SEQECHO_SGD, .momentum = 0.5F },
          OTHER_OPTIMIZER "has nesterov set, the trainer's has not" },
        { { .optimizer = SEQECHO_SGD },
          { .optimizer = SEQECHO_SGD, .momentum = 0.5F },
          OTHER_OPTIMIZER "has has_velocity not set, the trainer's has" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_trainer_options options[] = { cases[i].file, cases[i].trainer };
        seqecho_graph *const graphs[] = { numbers(), numbers() };
        seqecho_trainer *trainers[2];
        file_bytes file;

        for (int k = 0; k < 2; k++) {
            options[k].struct_size = sizeof options[k];
            options[k].loss = SEQECHO_MEAN_SQUARED_ERROR;
            trainers[k] = used(graphs[k], &options[k]);
        }
        file = file_of_trainer(trainers[0]);
        expect_refused(trainers[1], file, SEQECHO_EINVAL, cases[i].message);
        for (int k = 0; k < 2; k++) {
            seqecho_trainer_destroy(trainers[k]);
            seqecho_graph_destroy(graphs[k]);
        }
        free(file.data);
    }
}

#define OTHER "trainer_restore_memory: the file is of another graph: "

static seqecho_graph *almost(seqecho_activation activation, const char *name)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4, .name = name));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2, .activation = activation));
    return graph;
}

static void other_layers(void **state)
{
    const seqecho_trainer_options options = { .struct_size = sizeof options,
                                              .loss = SEQECHO_MEAN_SQUARED_ERROR };
    seqecho_graph *const graph = numbers();
    seqecho_graph *const others[] = { almost(SEQECHO_TANH, NULL),
                                      almost(SEQECHO_LINEAR, "other") };
    static const char *const messages[] = {
        OTHER "layer \"dense\": activation is tanh, expected linear",
        OTHER "layer \"lstm\": name is other, expected lstm",
    };
    seqecho_trainer *const trainer = used(graph, &options);
    file_bytes model;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        seqecho_trainer *const other = used(others[i], &options);
        const file_bytes file = file_of_trainer(other);

        expect_refused(trainer, file, SEQECHO_ESHAPE, messages[i]);
        free(file.data);
        seqecho_trainer_destroy(other);
        seqecho_graph_destroy(others[i]);
    }
    model = file_of_graph(graph);
    expect_refused(trainer, model, SEQECHO_EFORMAT,
                   "trainer_restore_memory: the file holds a model, but no training; is it "
                   "one for seqecho_graph_load()?");
    free(model.data);
    assert_refused(seqecho_trainer_restore_memory(trainer, NULL, 0), SEQECHO_EINVAL,
                   "trainer_restore_memory: bytes is NULL");
    assert_refused(seqecho_trainer_restore_memory(NULL, "", 0), SEQECHO_EINVAL,
                   "trainer_restore_memory: trainer is NULL");
    assert_refused(seqecho_trainer_restore(NULL, "x"), SEQECHO_EINVAL,
                   "trainer_restore: trainer is NULL");
    assert_refused(seqecho_trainer_restore(trainer, "no such file"), SEQECHO_EIO,
                   "trainer_restore: cannot open \"no such file\": No such file or "
                   "directory");
    assert_refused(seqecho_trainer_save(NULL, "x"), SEQECHO_EINVAL,
                   "trainer_save: trainer is NULL");
    assert_refused(seqecho_trainer_save(trainer, NULL), SEQECHO_EINVAL,
                   "trainer_save: path is NULL, expected that of a file");
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static int restore_now(void *user, const seqecho_event *event)
{
    const training *const t = user;

    assert_refused(
        seqecho_trainer_restore_memory(event->trainer, t->saved.data, t->saved.size),
        SEQECHO_ESTATE,
        "trainer_restore_memory: not allowed inside an event of the same "
        "trainer");
    assert_refused(seqecho_trainer_restore(event->trainer, "x"), SEQECHO_ESTATE,
                   "trainer_restore: not allowed inside an event of the same trainer");
    return 0;
}

/* The fit does not notice. */
static void in_events(void **state)
{
    seqecho_fit_options o;
    waiting w;

    (void)state;
    wait_for(&w, &on_views);
    o = training_options(&w.second, true);
    o.on_event = restore_now;
    o.user = &w.first;
    w.second.report = (seqecho_report)SEQECHO_REPORT_INIT;
    file_must(seqecho_trainer_fit(w.second.trainer, &w.second.vx, w.second.vy, &o,
                                  &w.second.report));
    training_assert_same(&w.second, &w.whole);
    training_close(&w.whole);
    training_close(&w.first);
    training_close(&w.second);
    free(w.before.data);
    free(w.log.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone_test(other_views),
        alone_test(other_kinds_of_samples),
        alone_test(other_datasets),
        alone_test(other_callbacks),
        alone_test(the_best_of_the_last_fit),
        alone_test(other_optimizers),
        alone_test(other_layers),
        alone_test(in_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
