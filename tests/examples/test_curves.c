/* test_curves.c - what is drawn by --plot: histories, and the spans of epochs they become.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "curves.h"
#include "script.h"
#include "trial.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static const args none = { .program = "test" };

static void build(seqecho_graph *g, const trial *t)
{
    seqecho_graph_add(g, SEQECHO_INPUT(.batch = t->batch, .dim = { t->n_in, 1 }));
    seqecho_graph_add(g, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 1)));
}

/* Train something small, with a validation or without, and remember how it went. */
static void train(const char *name, uint64_t seed, int64_t epochs, bool validated,
                  trial *keep)
{
    trial t = { .build = build,
                .batch = 7,
                .encoding = SEQECHO_ENCODE_LINEAR,
                .loss = SEQECHO_MEAN_SQUARED_ERROR,
                .seed = seed };

    assert_int_equal(trial_open(&t), 0);
    assert_int_equal(seqecho_trainer_fit_dataset(
                         t.trainer, t.data,
                         SEQECHO_FIT(.epochs = epochs,
                                     .validation_dataset = validated ? t.held_out : NULL),
                         NULL),
                     0);
    curves_add(&none, name, t.trainer);
    if (keep != NULL)
        *keep = t;
    else
        trial_close(&t);
}

static int forget(void **state)
{
    (void)state;
    curves_forget();
    return 0;
}

/* ---- Collecting --------------------------------------------------------------------- */

/* One training, each epoch by itself: the history, number by number. */
static void one_run(void **state)
{
    static const char *const names[] = { "loss", "val_loss" };
    const curve *c;
    span spans[40];
    size_t count;
    trial t;

    (void)state;
    train("one", 1, 30, true, &t);
    c = curves(&count);
    assert_int_equal(count, 1);
    assert_string_equal(c->name, "one");
    for (int v = 0; v < 2; v++) {
        const double *const loss = seqecho_trainer_history(t.trainer, names[v], NULL);

        assert_int_equal(curves_spans(c, CURVES_LOSS, v, false, spans, LENGTH(spans)), 30);
        for (size_t i = 0; i < 30; i++) {
            assert_true(spans[i].epoch == (double)(i + 1));
            assert_true(spans[i].mean == loss[i]);
            assert_true(spans[i].low == loss[i] && spans[i].high == loss[i]);
            assert_true(c->least[CURVES_LOSS] <= loss[i]);
            assert_true(c->largest[CURVES_LOSS] >= loss[i]);
        }
    }
    assert_int_equal(curves_spans(c, CURVES_ACCURACY, 0, false, spans, LENGTH(spans)), 0);
    assert_true(isnan(c->largest[CURVES_ACCURACY]));
    trial_close(&t);
}

/* Two runs of one network are one curve; another name, or length, begins another. */
static void two_runs(void **state)
{
    const double *one, *two;
    const curve *c;
    span spans[5];
    size_t count;
    trial t, u;

    (void)state;
    train("a", 1, 5, false, &t);
    train("a", 2, 5, false, &u);
    train("a", 2, 6, false, NULL);
    train("b", 2, 6, false, NULL);
    c = curves(&count);
    assert_int_equal(count, 3);
    assert_int_equal(c[0].runs, 2);
    assert_int_equal(c[1].runs, 1);
    assert_string_equal(c[2].name, "b");
    one = seqecho_trainer_history(t.trainer, "loss", NULL);
    two = seqecho_trainer_history(u.trainer, "loss", NULL);
    assert_int_equal(curves_spans(c, CURVES_LOSS, 0, false, spans, LENGTH(spans)), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(fabs(spans[i].mean - 0.5 * (one[i] + two[i])) < 1e-12);
        assert_true(spans[i].low == fmin(one[i], two[i]));
        assert_true(spans[i].high == fmax(one[i], two[i]));
        assert_true(spans[i].low < spans[i].high);
    }
    assert_int_equal(curves_spans(c, CURVES_LOSS, 1, false, spans, LENGTH(spans)), 0);
    trial_close(&u);
    trial_close(&t);
}

/* ---- Spans -------------------------------------------------------------------------- */

static void check_spans(const curve *c, bool logarithmic, size_t most)
{
    static span spans[100];
    const size_t n = curves_spans(c, CURVES_LOSS, 0, logarithmic, spans, most);
    double low = HUGE_VAL, high = 0.0;

    assert_true(n >= 1 && n <= most);
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, spans[k].low);
        high = fmax(high, spans[k].high);
        assert_true(spans[k].low <= spans[k].mean * (1.0 + 1e-12));
        assert_true(spans[k].high >= spans[k].mean * (1.0 - 1e-12));
        assert_true(k == 0 || spans[k].epoch > spans[k - 1].epoch);
    }
    assert_true(low == c->least[CURVES_LOSS]);
    assert_true(high == c->largest[CURVES_LOSS]);
}

/* Every epoch is in one span, whatever the numbers are. */
static void all_epochs(void **state)
{
    static const int64_t lengths[] = { 1, 2, 7, 99, 100, 101, 1000 };

    (void)state;
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        size_t count;

        curves_forget();
        train("all", 1, lengths[i], false, NULL);
        for (size_t most = 1; most <= 100; most += 11) {
            check_spans(curves(&count), false, most);
            check_spans(curves(&count), true, most);
        }
    }
}

/* ---- The script --------------------------------------------------------------------- */

static void write_script(char *text, size_t size)
{
    FILE *const file = tmpfile();
    size_t n;

    assert_non_null(file);
    script_curves(file, "it's\na 'title'", "known");
    rewind(file);
    n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* A legend is there if it says something; a quote does not end a word. */
static void legend(void **state)
{
    static char text[100000];

    (void)state;
    train("a", 1, 5, false, NULL);
    write_script(text, sizeof text);
    assert_non_null(strstr(text, "'it''s a ''title'''"));
    assert_null(strstr(text, " title "));
    curves_forget();
    train("a", 1, 5, true, NULL);
    write_script(text, sizeof text);
    assert_non_null(strstr(text, " title 'training'"));
    assert_non_null(strstr(text, " title 'validation'"));
    train("it's", 1, 5, true, NULL);
    write_script(text, sizeof text);
    assert_non_null(strstr(text, " title 'a'"));
    assert_non_null(strstr(text, " title 'it''s'"));
    assert_non_null(strstr(text, " title 'it''s, validation'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(one_run, forget),
        cmocka_unit_test_teardown(two_runs, forget),
        cmocka_unit_test_teardown(all_epochs, forget),
        cmocka_unit_test_teardown(legend, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
