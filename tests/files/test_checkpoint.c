/* test_checkpoint.c - the callback that saves the training as it goes: which files, when,
 * and what happens where it cannot save.
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "refuse.h"
#include "saving.h"

static const training_plan validated = SAVING_PLAN(.held_out = true);
static const training_plan best =
    SAVING_PLAN(.held_out = true, .callbacks = TRAINING_BEST, .patience = 50);

/* Is this text in a file? */
static bool has_text(const char *path, const char *text)
{
    const file_bytes f = file_read(path);
    const size_t length = strlen(text);
    bool found = false;

    for (size_t i = 0; i + length <= f.size && !found; i++)
        found = memcmp(f.data + i, text, length) == 0;
    free(f.data);
    return found;
}

/* ---- When, and which stay ----------------------------------------------------------- */

static void files_and_times(void **state)
{
    static const struct {
        int64_t every_epochs, every_batches, keep;
        const char *files;
    } cases[] = {
        { 0, 0, 0, "6 9 12 " },
        { 0, 0, 1, "12 " },
        { 0, 0, 100, "3 6 9 12 " },
        { 2, 0, 100, "6 12 " },
        { 3, 0, 100, "9 12 " },
        { 9, 0, 100, "12 " },
        { 0, 5, 100, "5 10 12 " },
        { 0, 1, 4, "9 10 11 12 " },
        { 1, 2, 100, "2 3 4 6 8 9 10 12 " },
        { 0, 0, INT64_MAX, "3 6 9 12 " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        training t;

        saving_open(&t, &saving_plain,
                    SEQECHO_CHECKPOINT(.directory = "run",
                                       .every_epochs = cases[i].every_epochs,
                                       .every_batches = cases[i].every_batches,
                                       .keep = cases[i].keep));
        training_fit(&t);
        assert_string_equal(saving_files("run"), cases[i].files);
        training_close(&t);
        file_remove_directory("run");
    }
}

/* Batches are counted through the fit, also where it was resumed. */
static void batches_are_counted_on(void **state)
{
    training first, second;

    (void)state;
    saving_open(&first, &saving_plain,
                SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 5, .keep = 100));
    first.stop_at = 8; /* batch 2 of epoch 1, number 6 of all */
    training_fit(&first);
    assert_string_equal(saving_files("run"), "5 6 ");
    saving_open(&second, &saving_plain,
                SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 5, .keep = 100));
    file_must(
        seqecho_trainer_restore(second.trainer, "run/checkpoint-000000000006.safetensors"));
    training_fit(&second);
    assert_string_equal(saving_files("run"), "5 6 10 12 ");
    training_close(&first);
    training_close(&second);
}

/* Stopped in mid-epoch it saves there, and not again at the end of the part of an epoch. */
static void a_stop_is_saved_once(void **state)
{
    static const struct {
        int event;
        const char *files, *path, *stage;
    } cases[] = {
        { 0, "0 ", "run/checkpoint-000000000000.safetensors", "epoch_begin" },
        { 2, "2 ", "run/checkpoint-000000000002.safetensors", "batch_end" },
        { 3, "3 ", "run/checkpoint-000000000003.safetensors", "batch_end" },
        { 4, "3 ", "run/checkpoint-000000000003.safetensors", "epoch_end" },
        { 5, "3 ", "run/checkpoint-000000000003.safetensors", "epoch_begin" },
        { 19, "12 ", "run/checkpoint-000000000012.safetensors", "epoch_end" },
        { 20, "12 ", "run/checkpoint-000000000012.safetensors", "epoch_end" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        training t;

        saving_open(&t, &saving_plain,
                    SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 100));
        t.stop_at = cases[i].event;
        training_fit(&t);
        assert_string_equal(saving_files("run"), cases[i].files);
        (void)snprintf(text, sizeof text, "\\\"stage\\\":\\\"%s\\\"", cases[i].stage);
        assert_true(has_text(cases[i].path, text));
        assert_true(has_text(cases[i].path, "\\\"told\\\":true"));
        training_close(&t);
        file_remove_directory("run");
    }
}

/* The last one is of the weights that a longer fit goes on with, although early stopping
 * puts others back when this one ends. */
static void the_last_one_can_go_on(void **state)
{
    training whole, first, second;
    int64_t epoch = 0;
    char path[128];

    (void)state;
    saving_open(&whole, &best, SEQECHO_CHECKPOINT(.directory = "whole", .every_epochs = 3));
    whole.epochs = 7;
    training_fit(&whole);
    saving_open(&first, &best, SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 3));
    training_fit(&first);
    file_must(seqecho_early_stopping_best(first.stop, NULL, &epoch));
    assert_true(epoch < 3); /* else there would be nothing to see */
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    assert_string_equal(path, "run/checkpoint-000000000012.safetensors");
    saving_open(&second, &best, SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 3));
    second.epochs = 7;
    file_must(seqecho_trainer_restore(second.trainer, path));
    training_fit(&second);
    training_assert_same(&second, &whole);
    training_close(&whole);
    training_close(&first);
    training_close(&second);
}

/* ---- The best ----------------------------------------------------------------------- */

/* The epoch with the lowest figure of a history. */
static size_t lowest(const training *t, const char *series)
{
    size_t n, at = 0;
    const double *const figures = seqecho_trainer_history(t->trainer, series, &n);

    for (size_t i = 1; i < n; i++)
        if (figures[i] < figures[at])
            at = i;
    return at;
}

/* It is the training as it was after that epoch, and a model. */
static void expect_best(const training_plan *plan, const char *monitor, const char *series)
{
    training t, then, restored;
    seqecho_graph *model, *weights;
    file_bytes a, b;
    size_t n, epoch;

    saving_open(&t, plan,
                SEQECHO_CHECKPOINT(.directory = "run", .save_best = true, .every_epochs = 9,
                                   .monitor = monitor));
    t.epochs = 9;
    training_fit(&t);
    assert_string_equal(saving_files("run"), "best.safetensors 27 ");
    epoch = lowest(&t, series);
    print_message("the best epoch by %s is %zu\n", series, epoch);

    training_open(&then, plan, 1, "log");
    then.epochs = (int64_t)epoch + 1;
    training_fit(&then);
    file_must(seqecho_graph_load(&model, "run/best.safetensors", NULL));
    a = file_of_graph(model);
    b = file_of_graph(then.graph);
    file_assert_same(a, b);
    free(a.data);
    free(b.data);

    weights = saving_graph();
    file_must(seqecho_graph_load_weights(weights, "run/best.safetensors", NULL, &n));
    assert_int_equal(n, 5);
    training_open(&restored, plan, 1, "log");
    file_must(seqecho_trainer_restore(restored.trainer, "run/best.safetensors"));
    (void)seqecho_trainer_history(restored.trainer, "loss", &n);
    assert_int_equal(n, epoch + 1);
    seqecho_graph_destroy(model);
    seqecho_graph_destroy(weights);
    training_close(&t);
    training_close(&then);
    training_close(&restored);
    file_remove_directory("run");
}

static void the_best(void **state)
{
    (void)state;
    expect_best(&saving_plain, NULL, "loss");
    expect_best(&saving_plain, "mae", "mae");
    expect_best(&validated, NULL, "val_loss");
    expect_best(&validated, "val_mae", "val_mae");
    expect_best(&validated, "loss", "loss");
}

static void block(training *t, const seqecho_event *event)
{
    (void)t;
    if (event->kind == SEQECHO_EVENT_EPOCH_BEGIN)
        assert_int_equal(mkdir("run/checkpoint-000000000003.safetensors", 0777), 0);
}

/* A process that is killed after it has saved a checkpoint has saved the best before. */
static void the_best_comes_first(void **state)
{
    static const training_plan plan = SAVING_PLAN(.interfere = block);
    training t;

    (void)state;
    saving_open(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run", .save_best = true));
    assert_refused(
        training_try(&t, true), SEQECHO_EIO,
        "checkpoint: \"run/checkpoint-000000000003.safetensors\" is a directory, "
        "expected a regular file");
    assert_string_equal(saving_files("run"), "best.safetensors 3 ");
    training_close(&t);
}

/* ---- Saves that fail ---------------------------------------------------------------- */

static void remove_it(training *t, const seqecho_event *event)
{
    (void)t;
    if (event->kind == SEQECHO_EVENT_EPOCH_BEGIN && event->epoch == 2)
        file_remove_directory("run");
}

static void directory_gone(void **state)
{
    static const training_plan plan = SAVING_PLAN(.interfere = remove_it);
    training t;

    (void)state;
    saving_open(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run"));
    assert_refused(
        training_try(&t, true), SEQECHO_EIO,
        "checkpoint: cannot open the directory of "
        "\"run/checkpoint-000000000009.safetensors\": No such file or directory");
    assert_int_equal(t.events, 15); /* of epochs 0 to 2, and no end */
    training_close(&t);
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void fill_the_disk(training *t, const seqecho_event *event)
{
    (void)t;
    if (event->kind == SEQECHO_EVENT_EPOCH_BEGIN && event->epoch == 2)
        limit_files(1000);
}

/* What was saved before is whole, and nothing half-written is left. */
static void no_room(void **state)
{
    static const training_plan plan = SAVING_PLAN(.interfere = fill_the_disk);
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    training t, whole, second;
    char path[128];
    int err;

    (void)state;
    saving_open(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run"));
    err = training_try(&t, true);
    limit_files(RLIM_INFINITY);
    (void)signal(SIGXFSZ, before);
    assert_refused(err, SEQECHO_EIO,
                   "checkpoint: cannot make room for "
                   "\"run/checkpoint-000000000009.safetensors\": File too large");
    assert_string_equal(saving_files("run"), "3 6 ");
    training_close(&t);
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    saving_open(&second, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    file_must(seqecho_trainer_restore(second.trainer, path));
    training_fit(&second);
    saving_open(&whole, &saving_plain, SEQECHO_CHECKPOINT(.directory = "whole"));
    training_fit(&whole);
    training_assert_same(&second, &whole);
    training_close(&second);
    training_close(&whole);
}

/* ---- Options ------------------------------------------------------------------------ */

static const seqecho_allocator no_hook = { .struct_size = sizeof no_hook };

static void wrong_options(void **state)
{
    static const struct {
        seqecho_checkpoint_options options;
        int code;
        const char *message;
    } cases[] = {
        { { .directory = NULL },
          SEQECHO_EINVAL,
          "checkpoint: directory is NULL, expected a path" },
        { { .directory = "" },
          SEQECHO_EINVAL,
          "checkpoint: directory is empty, expected a path" },
        { { .directory = "run", .every_epochs = -1 },
          SEQECHO_EINVAL,
          "checkpoint: every_epochs is -1, expected 0 (the default) or more" },
        { { .directory = "run", .every_batches = -2 },
          SEQECHO_EINVAL,
          "checkpoint: every_batches is -2, expected 0 (the default) or more" },
        { { .directory = "run", .keep = -3 },
          SEQECHO_EINVAL,
          "checkpoint: keep is -3, expected 0 (the default) or more" },
        { { .directory = "run", .monitor = "loss" },
          SEQECHO_EINVAL,
          "checkpoint: monitor is \"loss\", but save_best is not set" },
        { { .directory = "run", .monitor = "beauty", .save_best = true },
          SEQECHO_ENOTFOUND,
          "checkpoint: there is no metric \"beauty\" to monitor, expected e.g. "
          "\"val_loss\"" },
        { { .directory = "run", .reserved = { 0, 1 } },
          SEQECHO_ENOTSUP,
          "checkpoint options: reserved is set, but this library knows only 0" },
        { { .directory = "run", .allocator = &no_hook }, SEQECHO_EINVAL, NULL },
    };
    seqecho_callback *c = (seqecho_callback *)(uintptr_t)1;
    training t;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_checkpoint_options o = cases[i].options;
        const char *message = cases[i].message;
        int err;

        o.struct_size = sizeof o;
        err = seqecho_checkpoint_create(&c, &o);
        if (message == NULL)
            message = seqecho_error_message();
        assert_refused(err, cases[i].code, message);
        assert_null(c);
    }
    assert_refused(seqecho_checkpoint_create(NULL, SEQECHO_CHECKPOINT(.directory = "run")),
                   SEQECHO_EINVAL, "checkpoint options: out is NULL");
    assert_int_equal(seqecho_checkpoint_create(&c, NULL), SEQECHO_EINVAL);

    saving_open(
        &t, &saving_plain,
        SEQECHO_CHECKPOINT(.directory = "run", .save_best = true, .monitor = "val_loss"));
    assert_refused(training_try(&t, true), SEQECHO_ENOTFOUND,
                   "checkpoint: it monitors \"val_loss\", but the fit has no validation");
    assert_int_equal(access("run", F_OK), -1);
    training_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone_test(files_and_times),
        alone_test(batches_are_counted_on),
        alone_test(a_stop_is_saved_once),
        alone_test(the_last_one_can_go_on),
        alone_test(the_best),
        alone_test(the_best_comes_first),
        alone_test(directory_gone),
        alone_test(no_room),
        alone_test(wrong_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
