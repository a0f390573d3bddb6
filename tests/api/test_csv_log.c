/* test_csv_log.c - a line an epoch in a file.
 * SPDX-License-Identifier: MIT */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "close.h"
#include "counting_alloc.h"
#include "crafted.h"
#include "refuse.h"

#define HEADER "epoch,loss,accuracy,seconds,learning_rate\n"

static char path[64];

static int make_path(void **state)
{
    int file;

    (void)state;
    snprintf(path, sizeof path, "seqecho-csv-XXXXXX");
    file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void read_log(char text[2048])
{
    FILE *const f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, 2047, f);
    text[n] = '\0';
    fclose(f);
}

static void write_log(const char *text)
{
    FILE *const f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static seqecho_callback *create(char separator, bool append)
{
    seqecho_callback *log;

    assert_int_equal(
        seqecho_csv_log_create(
            &log, SEQECHO_CSV_LOG(.path = path, .separator = separator, .append = append)),
        0);
    return log;
}

static crafted *set_up(void)
{
    static crafted c;

    crafted_begin(&c, false, 0.0625);
    for (int i = 0; i < CRAFTED_EPOCHS; i++) {
        c.target[i] = 1.5F + (float)i;
        c.val_target[i] = 0.25F + (float)i;
    }
    return &c;
}

/* The lines that belong to epochs [first, count) of the history, in the "C" locale. */
static void expect_lines(const crafted *c, bool validation, char separator, size_t first,
                         char text[2048])
{
    static const char *const names[] = { "loss",          "accuracy", "seconds",
                                         "learning_rate", "val_loss", "val_accuracy" };
    size_t at = 0;

    for (size_t e = first; e < crafted_epochs(c); e++) {
        at += (size_t)snprintf(text + at, 2048 - at, "%zu", e - first);
        for (size_t i = 0; i < (validation ? 6 : 4); i++)
            at += (size_t)snprintf(text + at, 2048 - at, "%c%.9g", separator,
                                   seqecho_trainer_history(c->trainer, names[i], NULL)[e]);
        at += (size_t)snprintf(text + at, 2048 - at, "\n");
    }
    text[at] = '\0';
}

static void a_line_an_epoch(void **state)
{
    seqecho_callback *const log = create('\0', false);
    crafted *const c = set_up();
    char text[2048], lines[2048];

    (void)state;
    write_log("what was there before\n");
    assert_int_equal(crafted_fit(c, 3, false, &log, 1, NULL), 0);
    read_log(text);
    expect_lines(c, false, ',', 0, lines);
    assert_memory_equal(text, HEADER "0,2.25,0,", strlen(HEADER) + 9);
    assert_string_equal(text + strlen(HEADER), lines);
    assert_non_null(strstr(text, ",0.0625\n1,6.25,0,"));
    /* And anew with every fit. */
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), 0);
    read_log(text);
    expect_lines(c, false, ',', 3, lines);
    assert_string_equal(text + strlen(HEADER), lines);
    seqecho_callback_destroy(log);
    crafted_end(c);
}

static void validation_and_separator(void **state)
{
    seqecho_callback *const log = create(';', false);
    crafted *const c = set_up();
    static const char header[] = "epoch;loss;accuracy;seconds;learning_rate;val_loss;"
                                 "val_accuracy\n";
    char text[2048], lines[2048];

    (void)state;
    assert_int_equal(crafted_fit(c, 2, true, &log, 1, NULL), 0);
    read_log(text);
    expect_lines(c, true, ';', 0, lines);
    assert_memory_equal(text, header, strlen(header));
    assert_string_equal(text + strlen(header), lines);
    assert_non_null(strstr(text, ";0.0625;0.0625;0\n1;6.25;"));
    seqecho_callback_destroy(log);
    crafted_end(c);
}

static void appending(void **state)
{
    seqecho_callback *const log = create('\0', true);
    crafted *const c = set_up();
    char text[2048], first[2048], second[2048], third[2048];

    (void)state;
    unlink(path); /* it need not be there */
    assert_int_equal(crafted_fit(c, 2, false, &log, 1, NULL), 0);
    expect_lines(c, false, ',', 0, first);
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), 0);
    expect_lines(c, false, ',', 2, second);
    read_log(text);
    assert_memory_equal(text, HEADER, strlen(HEADER));
    assert_memory_equal(text + strlen(HEADER), first, strlen(first));
    assert_string_equal(text + strlen(HEADER) + strlen(first), second);

    /* A line that was cut off is not continued. */
    write_log(HEADER "0,1.2");
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), 0);
    expect_lines(c, false, ',', 3, third);
    read_log(text);
    assert_memory_equal(text, HEADER "0,1.2\n0,", strlen(HEADER) + 8);
    assert_string_equal(text + strlen(HEADER) + 6, third);

    /* Lines with other columns do not go under this header. */
    assert_refused(crafted_fit(c, 1, true, &log, 1, NULL), SEQECHO_EFORMAT,
                   (snprintf(first, sizeof first,
                             "csv_log: \"%s\" does not begin with the columns of this fit, "
                             "expected epoch,loss,accuracy,seconds,learning_rate,val_loss,"
                             "val_accuracy",
                             path),
                    first));
    assert_string_equal(c->order, "");
    read_log(second);
    assert_string_equal(second, text);
    write_log("epoch,los");
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), SEQECHO_EFORMAT);
    /* An empty file has no header yet. */
    write_log("");
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), 0);
    read_log(text);
    assert_memory_equal(text, HEADER "0,", strlen(HEADER) + 2);
    seqecho_callback_destroy(log);
    crafted_end(c);
}

/* How many lines there are when an epoch begins. */
static int count_lines(void *user, const seqecho_event *event)
{
    int *const lines = user;
    FILE *f;

    if (event->kind != SEQECHO_EVENT_EPOCH_BEGIN)
        return 0;
    f = fopen(path, "r");
    if (f == NULL)
        return -1;
    lines[event->epoch] = 0;
    for (int c; (c = fgetc(f)) != EOF;)
        lines[event->epoch] += c == '\n';
    return fclose(f);
}

/* Whoever dies keeps the lines so far. */
static void lines_are_there_at_once(void **state)
{
    seqecho_callback *const log = create('\0', false);
    crafted *const c = set_up();
    int lines[4];

    (void)state;
    c->also = count_lines;
    c->user = lines;
    c->target[3] = (float)NAN;
    assert_int_equal(crafted_fit(c, 9, false, &log, 1, NULL), SEQECHO_ENUMERIC);
    for (int i = 0; i < 4; i++)
        assert_int_equal(lines[i], 1 + i);
    seqecho_callback_destroy(log);
    crafted_end(c);
}

/* An epoch without a batch, in which the rate was not a number either. */
static void nan_is_written_so(void **state)
{
    seqecho_callback *const log = create('\0', false);
    crafted *const c = set_up();
    char text[2048];

    (void)state;
    c->x_data[0] = (float)NAN;
    c->at = 'N';
    c->answer = 1;
    assert_int_equal(crafted_fit(c, 1, false, &log, 1, NULL), 0);
    read_log(text);
    assert_memory_equal(text, HEADER "0,nan,nan,", strlen(HEADER) + 10);
    assert_non_null(strstr(text, ",nan\n"));
    assert_null(strstr(text, "-nan"));
    seqecho_callback_destroy(log);
    crafted_end(c);
}

/* The point stays a point where the program's locale has a comma. */
static void locales(void **state)
{
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE",
                                         "fr_FR.UTF-8", "fr_FR.utf8", "ps_AF.utf8",
                                         "ps_AF.UTF-8", "ps_AF" };
    int found = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        seqecho_callback *log;
        crafted *c;
        char text[2048], lines[2048];
        int err;

        if (setlocale(LC_NUMERIC, names[i]) == NULL)
            continue;
        found++;
        assert_string_not_equal(localeconv()->decimal_point, ".");
        log = create('\0', false);
        c = set_up();
        err = crafted_fit(c, 2, false, &log, 1, NULL);
        assert_non_null(setlocale(LC_NUMERIC, "C"));
        assert_int_equal(err, 0);
        read_log(text);
        expect_lines(c, false, ',', 0, lines);
        assert_string_equal(text + strlen(HEADER), lines);
        seqecho_callback_destroy(log);
        crafted_end(c);
    }
    if (found == 0)
        skip();
}

/* Before anything is trained. */
static void files_that_cannot_be_written(void **state)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        { "no/such/directory/log.csv",
          "csv_log: cannot open \"no/such/directory/log.csv\": "
          "No such file or directory" },
        { ".", "csv_log: cannot open \".\": Is a directory" },
        { "/dev/full", "csv_log: cannot write to \"/dev/full\": No space left on device" },
    };
    crafted *const c = set_up();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_callback *log;

        if (i == 2 && access(cases[i].path, W_OK) != 0)
            continue; /* not on every system */
        assert_int_equal(
            seqecho_csv_log_create(&log, SEQECHO_CSV_LOG(.path = cases[i].path)), 0);
        assert_refused(crafted_fit(c, 1, false, &log, 1, NULL), SEQECHO_EIO, cases[i].text);
        assert_string_equal(c->order, "");
        assert_int_equal(crafted_epochs(c), 0);
        seqecho_callback_destroy(log);
    }
    crafted_end(c);
}

/* No fit, failed or not, leaves a file open. */
static void files_are_closed(void **state)
{
    seqecho_callback *const logs[] = { create('\0', false), create('\0', true) };
    seqecho_callback *stop, *list[2];
    crafted *const c = set_up();
    const int next = dup(0);

    (void)state;
    assert_int_equal(close(next), 0);
    assert_int_equal(
        seqecho_early_stopping_create(&stop, SEQECHO_EARLY_STOPPING(.monitor = "val_loss")),
        0);
    c->target[1] = (float)NAN;
    for (int i = 0; i < 2; i++) {
        list[0] = logs[i];
        list[1] = stop;
        assert_int_equal(crafted_fit(c, 1, false, list, 1, NULL), 0);
        assert_int_equal(crafted_fit(c, 2, false, list, 1, NULL), SEQECHO_ENUMERIC);
        assert_int_equal(crafted_fit(c, 1, false, list, 2, NULL), SEQECHO_ENOTFOUND);
    }
    write_log("other columns\n");
    assert_int_equal(crafted_fit(c, 1, false, list, 1, NULL), SEQECHO_EFORMAT);
    assert_int_equal(dup(0), next);
    close(next);
    seqecho_callback_destroy(logs[0]);
    seqecho_callback_destroy(logs[1]);
    seqecho_callback_destroy(stop);
    crafted_end(c);
}

#define refuse(code, text, ...) \
    do { \
        seqecho_callback *cb_ = (seqecho_callback *)&cb_; \
        assert_refused(seqecho_csv_log_create(&cb_, SEQECHO_CSV_LOG(__VA_ARGS__)), code, \
                       text); \
        assert_null(cb_); \
    } while (0)

static void wrong_options(void **state)
{
    (void)state;
    refuse(SEQECHO_EINVAL, "csv_log: path is NULL, expected that of a file",
           .separator = ',');
    refuse(SEQECHO_EINVAL, "csv_log: path is empty, expected that of a file", .path = "");
    refuse(SEQECHO_EINVAL,
           "csv_log: separator is character 46, expected one of , ; | : tab space",
           .path = path, .separator = '.');
    refuse(SEQECHO_ENOTSUP,
           "csv_log options: reserved is set, but this library knows only 0", .path = path,
           .reserved = { 1 });
}

static void without_memory(void **state)
{
    (void)state;
    for (int64_t at = 1; at <= 2; at++) {
        counting_alloc blocks = { .fail_at = at };
        const seqecho_allocator hook = counting_alloc_hook(&blocks);
        seqecho_callback *log = (seqecho_callback *)&blocks;

        assert_int_equal(seqecho_csv_log_create(
                             &log, SEQECHO_CSV_LOG(.path = "log.csv", .allocator = &hook)),
                         SEQECHO_ENOMEM);
        assert_non_null(strstr(seqecho_error_message(), "csv_log: out of memory for "));
        assert_null(log);
        assert_int_equal(blocks.calls, at);
        assert_int_equal(blocks.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_an_epoch),
        cmocka_unit_test(validation_and_separator),
        cmocka_unit_test(appending),
        cmocka_unit_test(lines_are_there_at_once),
        cmocka_unit_test(nan_is_written_so),
        cmocka_unit_test(locales),
        cmocka_unit_test(files_that_cannot_be_written),
        cmocka_unit_test(files_are_closed),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
