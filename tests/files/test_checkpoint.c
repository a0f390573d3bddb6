/* test_checkpoint.c - the callback that saves the training as it goes: which files, when,
 * which stay, what happens where it cannot save, and finding the newest that is whole.
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "refuse.h"
#include "training.h"

/* ---- Trainings of 4 epochs of 3 batches --------------------------------------------- */

static seqecho_graph *numbers(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4, .dropout = 0.2F));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    return graph;
}

#define PLAN(...) \
    { \
        .name = "numbers", .graph = numbers, \
        .trainer = { .loss = SEQECHO_MEAN_SQUARED_ERROR, \
                     .learning_rate = 0.05F, \
                     .metrics = SEQECHO_METRIC_MAE }, \
        .fit = { .epochs = 4 }, __VA_ARGS__ \
    }

static const training_plan plain = PLAN(.held_out = false);
static const training_plan validated = PLAN(.held_out = true);
static const training_plan best =
    PLAN(.held_out = true, .callbacks = TRAINING_BEST, .patience = 50);

static void open_saving(training *t, const training_plan *plan,
                        const seqecho_checkpoint_options *options)
{
    training_open(t, plan, 1, "log");
    file_must(seqecho_checkpoint_create(&t->callback[t->n_callbacks++], options));
}

/* What is in a directory, less what all names have in common, in alphabetical order. */
static const char *files_in(const char *directory)
{
    static char text[2048];
    struct dirent **list;
    const int n = scandir(directory, &list, NULL, alphasort);
    size_t at = 0;

    assert_true(n >= 0);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        const char *const name = list[i]->d_name;
        unsigned long long steps;
        int end = 0;

        if (sscanf(name, "checkpoint-%12llu.safetensors%n", &steps, &end) == 1 &&
            end == 35 && name[end] == '\0')
            at += (size_t)snprintf(text + at, sizeof text - at, "%llu ", steps);
        else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s ", name);
        assert_true(at < sizeof text);
        free(list[i]);
    }
    free(list);
    return text;
}

static void put_file(const char *path, const void *bytes, size_t size)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

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

        open_saving(&t, &plain,
                    SEQECHO_CHECKPOINT(.directory = "run",
                                       .every_epochs = cases[i].every_epochs,
                                       .every_batches = cases[i].every_batches,
                                       .keep = cases[i].keep));
        training_fit(&t);
        assert_string_equal(files_in("run"), cases[i].files);
        training_close(&t);
        file_remove_directory("run");
    }
}

/* Batches are counted through the fit, also where it was resumed. */
static void batches_are_counted_on(void **state)
{
    training first, second;

    (void)state;
    open_saving(&first, &plain,
                SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 5, .keep = 100));
    first.stop_at = 8; /* batch 2 of epoch 1, number 6 of all */
    training_fit(&first);
    assert_string_equal(files_in("run"), "5 6 ");
    open_saving(&second, &plain,
                SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 5, .keep = 100));
    file_must(
        seqecho_trainer_restore(second.trainer, "run/checkpoint-000000000006.safetensors"));
    training_fit(&second);
    assert_string_equal(files_in("run"), "5 6 10 12 ");
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

        open_saving(&t, &plain,
                    SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 100));
        t.stop_at = cases[i].event;
        training_fit(&t);
        assert_string_equal(files_in("run"), cases[i].files);
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
    open_saving(&whole, &best, SEQECHO_CHECKPOINT(.directory = "whole", .every_epochs = 3));
    whole.epochs = 7;
    training_fit(&whole);
    open_saving(&first, &best, SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 3));
    training_fit(&first);
    file_must(seqecho_early_stopping_best(first.stop, NULL, &epoch));
    assert_true(epoch < 3); /* else there would be nothing to see */
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    assert_string_equal(path, "run/checkpoint-000000000012.safetensors");
    open_saving(&second, &best, SEQECHO_CHECKPOINT(.directory = "run", .every_epochs = 3));
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

    open_saving(&t, plan,
                SEQECHO_CHECKPOINT(.directory = "run", .save_best = true, .every_epochs = 9,
                                   .monitor = monitor));
    t.epochs = 9;
    training_fit(&t);
    assert_string_equal(files_in("run"), "best.safetensors 27 ");
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

    weights = numbers();
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
    expect_best(&plain, NULL, "loss");
    expect_best(&plain, "mae", "mae");
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
    static const training_plan plan = PLAN(.interfere = block);
    training t;

    (void)state;
    open_saving(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run", .save_best = true));
    assert_refused(
        training_try(&t, true), SEQECHO_EIO,
        "checkpoint: \"run/checkpoint-000000000003.safetensors\" is a directory, "
        "expected a regular file");
    assert_string_equal(files_in("run"), "best.safetensors 3 ");
    training_close(&t);
}

/* ---- Directories -------------------------------------------------------------------- */

static void directories(void **state)
{
    static char dots[8192];
    char message[256];
    training t;

    (void)state;
    assert_int_equal(mkdir("there", 0777), 0);
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "there"));
    training_fit(&t);
    assert_string_equal(files_in("there"), "6 9 12 ");
    training_close(&t);

    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "no/such"));
    assert_refused(training_try(&t, true), SEQECHO_EIO,
                   "checkpoint: cannot make the directory \"no/such\": No such file or "
                   "directory");
    assert_int_equal(t.events, 0);
    training_close(&t);

    put_file("file", "x", 1);
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "file"));
    assert_int_equal(training_try(&t, true), SEQECHO_EIO);
    training_close(&t);

    for (size_t i = 0; i + 2 < sizeof dots; i += 2)
        memcpy(dots + i, "./", 3);
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = dots));
    assert_int_equal(training_try(&t, true), SEQECHO_EIO);
    (void)snprintf(message, sizeof message, "%s", seqecho_error_message());
    assert_non_null(strstr(message, "File name too long"));
    training_close(&t);
}

/* That of another training is left alone; that of this one is not another. */
static void another_training(void **state)
{
    training first, other, second;
    file_bytes before, after;
    char path[128];

    (void)state;
    open_saving(&first, &plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&first);
    open_saving(&other, &plain, SEQECHO_CHECKPOINT(.directory = "run"));
    before = file_of_trainer(other.trainer);
    assert_refused(
        training_try(&other, true), SEQECHO_ESTATE,
        "checkpoint: \"run\" has a checkpoint of 12 steps, but this training has "
        "made 0: resume from it, or choose another directory");
    after = file_of_trainer(other.trainer);
    file_assert_same(after, before);
    assert_string_equal(files_in("run"), "6 9 12 ");
    /* Another fit of the same. */
    training_fit(&first);
    assert_string_equal(files_in("run"), "18 21 24 ");
    /* Resumed from an older one, those that are newer stay until they are made again. */
    open_saving(&second, &plain, SEQECHO_CHECKPOINT(.directory = "run", .keep = 1));
    second.stop_at = 4;
    file_must(
        seqecho_trainer_restore(second.trainer, "run/checkpoint-000000000018.safetensors"));
    training_fit(&second);
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    assert_string_equal(path, "run/checkpoint-000000000024.safetensors");
    assert_string_equal(files_in("run"), "21 24 ");
    training_close(&first);
    training_close(&other);
    training_close(&second);
    free(before.data);
    free(after.data);
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
    static const training_plan plan = PLAN(.interfere = remove_it);
    training t;

    (void)state;
    open_saving(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run"));
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
    static const training_plan plan = PLAN(.interfere = fill_the_disk);
    void (*const before)(int) = signal(SIGXFSZ, SIG_IGN);
    training t, whole, second;
    char path[128];
    int err;

    (void)state;
    open_saving(&t, &plan, SEQECHO_CHECKPOINT(.directory = "run"));
    err = training_try(&t, true);
    limit_files(RLIM_INFINITY);
    (void)signal(SIGXFSZ, before);
    assert_refused(err, SEQECHO_EIO,
                   "checkpoint: cannot make room for "
                   "\"run/checkpoint-000000000009.safetensors\": File too large");
    assert_string_equal(files_in("run"), "3 6 ");
    training_close(&t);
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    open_saving(&second, &plain, SEQECHO_CHECKPOINT(.directory = "run"));
    file_must(seqecho_trainer_restore(second.trainer, path));
    training_fit(&second);
    open_saving(&whole, &plain, SEQECHO_CHECKPOINT(.directory = "whole"));
    training_fit(&whole);
    training_assert_same(&second, &whole);
    training_close(&second);
    training_close(&whole);
}

/* ---- Tidying up --------------------------------------------------------------------- */

static void put_dated(const char *path, time_t when)
{
    const struct timespec times[2] = { { when, 0 }, { when, 0 } };

    put_file(path, "x", 1);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Only what killed savers have left goes away, and only if it is older than a whole file
 * that was written after it. */
static void what_is_left_over(void **state)
{
    const time_t old = 1000000000, coming = 4000000000;
    training t;

    (void)state;
    assert_int_equal(mkdir("run", 0777), 0);
    put_dated("run/.checkpoint-000000000002.safetensors.77.0.tmp", old);
    put_dated("run/.checkpoint-000000000002.safetensors.77.1.tmp", coming);
    put_dated("run/.best.safetensors.77.0.tmp", old);
    put_dated("run/.best.safetensors.77.1.tmp", coming);
    put_dated("run/.best.safetensors.77.0", old);
    put_dated("run/.checkpoint-notes", old);
    put_dated("run/.other.tmp", old);
    put_dated("run/checkpoint-3.safetensors", old);
    put_dated("run/checkpoint-000000000001.safetensors.bak", old);
    put_dated("run/notes.tmp", old);
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "run", .keep = 1));
    training_fit(&t);
    assert_string_equal(files_in("run"),
                        ".best.safetensors.77.0 .best.safetensors.77.1.tmp "
                        ".checkpoint-000000000002.safetensors.77.1.tmp .checkpoint-notes "
                        ".other.tmp checkpoint-000000000001.safetensors.bak 12 "
                        "checkpoint-3.safetensors notes.tmp ");
    training_close(&t);
}

/* ---- Finding ------------------------------------------------------------------------ */

static void expect_latest(const char *want)
{
    char path[128] = "untouched";

    if (want == NULL) {
        assert_refused(seqecho_checkpoint_latest("run", path, sizeof path),
                       SEQECHO_ENOTFOUND,
                       "checkpoint_latest: no whole checkpoint in \"run\"");
        assert_string_equal(path, "untouched");
        return;
    }
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    assert_string_equal(path, want);
}

#define CHECKPOINT(STEPS) "run/checkpoint-" STEPS ".safetensors"

static void the_newest_whole_one(void **state)
{
    file_bytes whole, model;
    training t;
    char *text;

    (void)state;
    expect_latest(NULL); /* no directory */
    assert_int_equal(mkdir("run", 0777), 0);
    expect_latest(NULL);
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&t);
    expect_latest(CHECKPOINT("000000000012"));
    whole = file_read(CHECKPOINT("000000000012"));
    model = file_of_graph(t.graph);
    training_close(&t);

    /* What is none. */
    put_file(CHECKPOINT("13"), whole.data, whole.size);
    put_file(CHECKPOINT("0000000000014"), whole.data, whole.size);
    put_file("run/checkpoint-000000000015.safetensors.tmp", whole.data, whole.size);
    put_file("run/.checkpoint-000000000016.safetensors.1.0.tmp", whole.data, whole.size);
    put_file(CHECKPOINT("-00000000017"), whole.data, whole.size);
    put_file(CHECKPOINT("99999999999999999999"), whole.data, whole.size);
    expect_latest(CHECKPOINT("000000000012"));
    /* What is not whole, or of another kind. */
    put_file(CHECKPOINT("000000000020"), "", 0);
    put_file(CHECKPOINT("000000000021"), whole.data, whole.size - 1);
    put_file(CHECKPOINT("000000000022"), whole.data, 100);
    put_file(CHECKPOINT("000000000023"), model.data, model.size);
    assert_int_equal(mkdir(CHECKPOINT("000000000024"), 0777), 0);
    assert_int_equal(symlink("nowhere", CHECKPOINT("000000000025")), 0);
    assert_int_equal(mkfifo(CHECKPOINT("000000000026"), 0666), 0);
    for (size_t i = 0; i < whole.size; i += 97) {
        whole.data[i] ^= 1;
        put_file(CHECKPOINT("000000000027"), whole.data, whole.size);
        whole.data[i] ^= 1;
        expect_latest(CHECKPOINT("000000000012"));
    }
    /* Without a checksum, so that nobody knows. */
    text = strstr((char *)whole.data + 8, "seqecho.checksum\":\"xxh3-64:");
    assert_non_null(text);
    memcpy(text, "somebody.elses.x\":\"unknown:", 27);
    put_file(CHECKPOINT("000000000028"), whole.data, whole.size);
    memcpy(text, "seqecho.checksum\":\"xxh3-64:", 27);
    expect_latest(CHECKPOINT("000000000012"));
    put_file(CHECKPOINT("1000000000000"), whole.data, whole.size);
    expect_latest(CHECKPOINT("1000000000000"));
    assert_int_equal(unlink(CHECKPOINT("1000000000000")), 0);
    put_file(CHECKPOINT("000000000012"), whole.data, whole.size - 1);
    expect_latest(CHECKPOINT("000000000009"));
    assert_int_equal(unlink(CHECKPOINT("000000000009")), 0);
    assert_int_equal(unlink(CHECKPOINT("000000000006")), 0);
    expect_latest(NULL);
    free(whole.data);
    free(model.data);
}

static void room_for_the_path(void **state)
{
    const size_t length = strlen(CHECKPOINT("000000000012"));
    char path[64];
    training t;

    (void)state;
    open_saving(&t, &plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&t);
    training_close(&t);
    memset(path, 'x', sizeof path);
    assert_refused(
        seqecho_checkpoint_latest("run", path, 0), SEQECHO_EINVAL,
        "checkpoint_latest: the path needs 39 characters and a NUL, but size is 0");
    assert_refused(seqecho_checkpoint_latest("run", path, length), SEQECHO_EINVAL,
                   "checkpoint_latest: the path needs 39 characters and a NUL, but size is "
                   "39");
    for (size_t i = 0; i < sizeof path; i++)
        assert_int_equal(path[i], 'x');
    file_must(seqecho_checkpoint_latest("run", path, length + 1));
    assert_string_equal(path, CHECKPOINT("000000000012"));
    assert_int_equal(path[length + 1], 'x');
    assert_refused(seqecho_checkpoint_latest(NULL, path, sizeof path), SEQECHO_EINVAL,
                   "checkpoint_latest: directory is NULL");
    assert_refused(seqecho_checkpoint_latest("run", NULL, 9), SEQECHO_EINVAL,
                   "checkpoint_latest: path is NULL");
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
          "checkpoint: there is no metric \"beauty\" to monitor" },
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

    open_saving(
        &t, &plain,
        SEQECHO_CHECKPOINT(.directory = "run", .save_best = true, .monitor = "val_loss"));
    assert_refused(training_try(&t, true), SEQECHO_ENOTFOUND,
                   "checkpoint: it monitors \"val_loss\", but the fit has no validation");
    assert_int_equal(access("run", F_OK), -1);
    training_close(&t);
}

#define alone_test(FN) \
    cmocka_unit_test_setup_teardown(FN, file_scratch_begin, file_scratch_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone_test(files_and_times),
        alone_test(batches_are_counted_on),
        alone_test(a_stop_is_saved_once),
        alone_test(the_last_one_can_go_on),
        alone_test(the_best),
        alone_test(the_best_comes_first),
        alone_test(directories),
        alone_test(another_training),
        alone_test(directory_gone),
        alone_test(no_room),
        alone_test(what_is_left_over),
        alone_test(the_newest_whole_one),
        alone_test(room_for_the_path),
        alone_test(wrong_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
