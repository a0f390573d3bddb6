/* test_checkpoint_folder.c - checkpoints in a directory: those of others, tidying up, and
 * finding the newest that is whole.
 * SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "refuse.h"
#include "saving.h"

/* ---- Directories -------------------------------------------------------------------- */

static void directories(void **state)
{
    static char dots[8192];
    char message[256];
    training t;

    (void)state;
    assert_int_equal(mkdir("there", 0777), 0);
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "there"));
    training_fit(&t);
    assert_string_equal(saving_files("there"), "6 9 12 ");
    training_close(&t);

    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "no/such"));
    assert_refused(training_try(&t, true), SEQECHO_EIO,
                   "checkpoint: cannot make the directory \"no/such\": No such file or "
                   "directory");
    assert_int_equal(t.events, 0);
    training_close(&t);

    saving_put("file", "x", 1);
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "file"));
    assert_refused(training_try(&t, true), SEQECHO_EIO,
                   "checkpoint: cannot read the directory \"file\": Not a directory");
    assert_refused(
        seqecho_checkpoint_latest("file", message, sizeof message), SEQECHO_EIO,
        "checkpoint_latest: cannot read the directory \"file\": Not a directory");
    training_close(&t);

    for (size_t i = 0; i + 2 < sizeof dots; i += 2)
        memcpy(dots + i, "./", 3);
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = dots));
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
    saving_open(&first, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&first);
    saving_open(&other, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    before = file_of_trainer(other.trainer);
    assert_refused(
        training_try(&other, true), SEQECHO_ESTATE,
        "checkpoint: \"run\" has a checkpoint of 12 steps, but this training has "
        "made 0: resume from it, or choose another directory");
    after = file_of_trainer(other.trainer);
    file_assert_same(after, before);
    assert_string_equal(saving_files("run"), "6 9 12 ");
    /* Another fit of the same. */
    training_fit(&first);
    assert_string_equal(saving_files("run"), "18 21 24 ");
    /* Resumed from an older one, those that are newer stay until they are made again. */
    saving_open(&second, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run", .keep = 1));
    second.stop_at = 4;
    file_must(
        seqecho_trainer_restore(second.trainer, "run/checkpoint-000000000018.safetensors"));
    training_fit(&second);
    file_must(seqecho_checkpoint_latest("run", path, sizeof path));
    assert_string_equal(path, "run/checkpoint-000000000024.safetensors");
    assert_string_equal(saving_files("run"), "21 24 ");
    training_close(&first);
    training_close(&other);
    training_close(&second);
    free(before.data);
    free(after.data);
}

/* ---- Tidying up --------------------------------------------------------------------- */

static void put_dated(const char *path, time_t when)
{
    const struct timespec times[2] = { { when, 0 }, { when, 0 } };

    saving_put(path, "x", 1);
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
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run", .keep = 1));
    training_fit(&t);
    assert_string_equal(saving_files("run"),
                        ".best.safetensors.77.0 .best.safetensors.77.1.tmp "
                        ".checkpoint-000000000002.safetensors.77.1.tmp .checkpoint-notes "
                        ".other.tmp checkpoint-000000000001.safetensors.bak 12 "
                        "checkpoint-3.safetensors notes.tmp ");
    training_close(&t);
}

static void damage(const char *path)
{
    saving_put(path, "torn", 4);
}

/* A damaged one is nobody's training. */
static void beside_a_damaged_one(void **state)
{
    training t;

    (void)state;
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&t);
    training_close(&t);
    damage("run/checkpoint-000000000012.safetensors");
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    assert_refused(training_try(&t, true), SEQECHO_ESTATE,
                   "checkpoint: \"run\" has a checkpoint of 9 steps, but this training has "
                   "made 0: resume from it, or choose another directory");
    damage("run/checkpoint-000000000009.safetensors");
    damage("run/checkpoint-000000000006.safetensors");
    training_fit(&t);
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
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
    training_fit(&t);
    expect_latest(CHECKPOINT("000000000012"));
    whole = file_read(CHECKPOINT("000000000012"));
    model = file_of_graph(t.graph);
    training_close(&t);

    /* What is none. */
    saving_put(CHECKPOINT("13"), whole.data, whole.size);
    saving_put(CHECKPOINT("0000000000014"), whole.data, whole.size);
    saving_put("run/checkpoint-000000000015.safetensors.tmp", whole.data, whole.size);
    saving_put("run/.checkpoint-000000000016.safetensors.1.0.tmp", whole.data, whole.size);
    saving_put(CHECKPOINT("-00000000017"), whole.data, whole.size);
    saving_put(CHECKPOINT("99999999999999999999"), whole.data, whole.size);
    expect_latest(CHECKPOINT("000000000012"));
    /* What is not whole, or of another kind. */
    saving_put(CHECKPOINT("000000000020"), "", 0);
    saving_put(CHECKPOINT("000000000021"), whole.data, whole.size - 1);
    saving_put(CHECKPOINT("000000000022"), whole.data, 100);
    saving_put(CHECKPOINT("000000000023"), model.data, model.size);
    assert_int_equal(mkdir(CHECKPOINT("000000000024"), 0777), 0);
    assert_int_equal(symlink("nowhere", CHECKPOINT("000000000025")), 0);
    assert_int_equal(mkfifo(CHECKPOINT("000000000026"), 0666), 0);
    for (size_t i = 0; i < whole.size; i += 97) {
        whole.data[i] ^= 1;
        saving_put(CHECKPOINT("000000000027"), whole.data, whole.size);
        whole.data[i] ^= 1;
        expect_latest(CHECKPOINT("000000000012"));
    }
    /* Without a checksum, so that nobody knows. */
    text = strstr((char *)whole.data + 8, "seqecho.checksum\":\"xxh3-64:");
    assert_non_null(text);
    memcpy(text, "somebody.elses.x\":\"unknown:", 27);
    saving_put(CHECKPOINT("000000000028"), whole.data, whole.size);
    memcpy(text, "seqecho.checksum\":\"xxh3-64:", 27);
    expect_latest(CHECKPOINT("000000000012"));
    saving_put(CHECKPOINT("1000000000000"), whole.data, whole.size);
    expect_latest(CHECKPOINT("1000000000000"));
    assert_int_equal(unlink(CHECKPOINT("1000000000000")), 0);
    saving_put(CHECKPOINT("000000000012"), whole.data, whole.size - 1);
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
    saving_open(&t, &saving_plain, SEQECHO_CHECKPOINT(.directory = "run"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone_test(directories),          alone_test(another_training),
        alone_test(beside_a_damaged_one), alone_test(what_is_left_over),
        alone_test(the_newest_whole_one), alone_test(room_for_the_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
