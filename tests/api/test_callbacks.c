/* test_callbacks.c - early stopping, reduction of the learning rate, stop on NaN.
 * SPDX-License-Identifier: MIT
 *
 * Expectations are worked out by hand from Keras's rules, for losses that the test
 * chooses. */
#include "close.h"
#include "counting_alloc.h"
#include "crafted.h"
#include "refuse.h"

static const double *history(const crafted *c, const char *name)
{
    return seqecho_trainer_history(c->trainer, name, NULL);
}

/* ---- Early stopping ----------------------------------------------------------------- */

typedef struct stopping_case {
    const char *what;
    seqecho_early_stopping_options opt;
    float target[CRAFTED_EPOCHS]; /* the loss is its square */
    int64_t asked, epochs, best;
} stopping_case;

#define OPT .opt = { .struct_size = sizeof(seqecho_early_stopping_options)

static const stopping_case stopping[] = { { "no patience", OPT }, { 2, 1, 1, 0 }, 9, 3, 1 },
                           { "worse at once", OPT }, { 1, 2, 0 }, 9, 2, 0
}
, { "patience; the same is no progress", OPT, .patience = 2 }, { 2, 1, 1.5F, 1, 0 }, 9, 4, 1
}
, { "progress renews patience", OPT, .patience = 2 }, { 2, 3, 1, 2, 2, 0 }, 9, 5, 2
}
, { "too little", OPT, .min_delta = 1.0, .patience = 1 }, { 3, 2.875F, 0 }, 9, 2, 0
}
, { "as much as min_delta is too little", OPT, .min_delta = 4.0 }, { 2.5F, 1.5F, 0 }, 9, 2,
    0
}
, { "a little more is enough", OPT, .min_delta = 3.9375 }, { 2.5F, 1.5F, 1.5F }, 9, 3, 1
}
, { "not before an epoch", OPT, .patience = 1, .start_from_epoch = 2 }, { 1, 2, 3, 4, 0 },
    9, 4, 2
}
, { "short of the baseline", OPT, .patience = 2, .has_baseline = true, .baseline = 2.0 },
    { 3, 2.5F, 2, 2, 0 }, 9, 4, 2
}
, { "beyond the baseline", OPT, .patience = 2, .has_baseline = true, .baseline = 2.0 },
    { 3, 1, 2, 2, 0 }, 9, 4, 1
}
, { "a baseline that is not asked for", OPT, .patience = 1, .baseline = 0.5 },
    { 4, 3, 2, 1, 1 }, 9, 5, 3
}
, { "to the end", OPT, .patience = 3 }, { 4, 3, 2, 1, 2 }, 5, 5, 3
}
, { "nothing seen", OPT, .start_from_epoch = 5 }, { 1, 2, 3 }, 3, 3, -1
}
,
}
;

static void early_stopping(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
        const stopping_case *const k = &stopping[i];
        seqecho_callback *stop;
        crafted c;
        double value;
        int64_t epoch = -1;

        crafted_begin(&c, false, 0.01);
        memcpy(c.target, k->target, sizeof c.target);
        assert_int_equal(seqecho_early_stopping_create(&stop, &k->opt), 0);
        for (size_t fit = 1; fit <= 2; fit++) { /* it begins anew */
            assert_int_equal(crafted_fit(&c, k->asked, false, &stop, 1, NULL), 0);
            if (crafted_epochs(&c) != fit * (size_t)k->epochs)
                fail_msg("%s: %zu epochs after fit %zu", k->what, crafted_epochs(&c), fit);
            if (k->best < 0) {
                assert_refused(
                    seqecho_early_stopping_best(stop, &value, &epoch), SEQECHO_ENOTFOUND,
                    "early_stopping_best: it has not seen a value yet, expected a fit of "
                    "one epoch or more");
                continue;
            }
            assert_int_equal(seqecho_early_stopping_best(stop, &value, &epoch), 0);
            if (epoch != k->best)
                fail_msg("%s: the best epoch is %d", k->what, (int)epoch);
            assert_close_double(value, (double)(k->target[epoch] * k->target[epoch]), 0, 0);
            assert_int_equal(seqecho_early_stopping_best(stop, NULL, NULL), 0);
        }
        seqecho_callback_destroy(stop);
        crafted_end(&c);
    }
}

/* Weights are those of the best epoch, bit for bit, whether stopped or not. */
static void best_weights_are_restored(void **state)
{
    static const float target[] = { 3, 1, 8, 8, 8, 8 };

    (void)state;
    for (int restore = 0; restore < 2; restore++)
        for (int64_t asked = 2; asked < 6; asked++) {
            const int64_t ran = asked < 4 ? asked : 4;
            seqecho_callback *stop;
            crafted c;
            float weights[2];

            crafted_begin(&c, true, 0.01);
            memcpy(c.target, target, sizeof target);
            assert_int_equal(
                seqecho_early_stopping_create(
                    &stop, SEQECHO_EARLY_STOPPING(.patience = 2, .monitor = "loss",
                                                  .restore_best_weights = restore != 0)),
                0);
            assert_int_equal(crafted_fit(&c, asked, false, &stop, 1, NULL), 0);
            assert_int_equal(crafted_epochs(&c), ran);
            assert_int_equal(
                seqecho_graph_weight_get(c.graph, "dense/kernel", &weights[0], 1), 0);
            assert_int_equal(
                seqecho_graph_weight_get(c.graph, "dense/bias", &weights[1], 1), 0);
            assert_true(c.weights[0][0] != c.weights[1][0]);
            assert_true(ran == 2 || c.weights[ran - 1][0] != c.weights[1][0]);
            assert_same_bits(weights, c.weights[restore ? 1 : ran - 1], 2);
            seqecho_callback_destroy(stop);
            crafted_end(&c);
        }
}

/* After a failure they are not, and the callback can be used again. */
static void nothing_is_restored_after_a_failure(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    seqecho_callback *stop;
    crafted c;
    float bias;

    (void)state;
    crafted_begin(&c, true, 0.01);
    for (int i = 0; i < CRAFTED_EPOCHS; i++)
        c.target[i] = (float)(1 + i);
    assert_int_equal(seqecho_early_stopping_create(
                         &stop, SEQECHO_EARLY_STOPPING(.patience = 9, .allocator = &hook,
                                                       .restore_best_weights = true)),
                     0);
    assert_int_equal(blocks.live, 1);
    c.target[3] = (float)NAN;
    assert_int_equal(crafted_fit(&c, 5, false, &stop, 1, NULL), SEQECHO_ENUMERIC);
    assert_int_equal(blocks.live, 1);
    assert_int_equal(crafted_epochs(&c), 3);
    assert_int_equal(seqecho_graph_weight_get(c.graph, "dense/bias", &bias, 1), 0);
    assert_true(bias != c.weights[0][1] && bias != c.weights[2][1]); /* of a later batch */
    c.target[3] = 4.0F;
    assert_int_equal(crafted_fit(&c, 2, false, &stop, 1, NULL), 0);
    assert_int_equal(seqecho_graph_weight_get(c.graph, "dense/bias", &bias, 1), 0);
    assert_same_bits(&bias, &c.weights[0][1], 1);
    assert_int_equal(blocks.live, 1);
    /* Without memory for the weights nothing is trained. */
    blocks.fail_at = blocks.calls + 1;
    assert_int_equal(crafted_fit(&c, 2, false, &stop, 1, NULL), SEQECHO_ENOMEM);
    assert_string_equal(c.order, "");
    seqecho_callback_destroy(stop);
    assert_int_equal(blocks.live, 0);
    crafted_end(&c);
}

static void accuracy_gets_better_as_it_rises(void **state)
{
    static const int ones[] = { 2, 1, 3, 2 };
    seqecho_callback *stop;
    crafted c;
    double value;
    int64_t epoch;

    (void)state;
    crafted_begin(&c, false, 0.01);
    memcpy(c.ones, ones, sizeof ones);
    assert_int_equal(
        seqecho_early_stopping_create(
            &stop, SEQECHO_EARLY_STOPPING(.monitor = "accuracy", .patience = 2)),
        0);
    assert_int_equal(crafted_fit(&c, 9, false, &stop, 1, NULL), 0);
    assert_int_equal(crafted_epochs(&c), 4);
    assert_int_equal(seqecho_early_stopping_best(stop, &value, &epoch), 0);
    assert_close_double(value, 0.75, 0, 0);
    assert_int_equal(epoch, 1);
    seqecho_callback_destroy(stop);
    crafted_end(&c);
}

/* Unless told otherwise it looks at the validation, where there is one. */
static void validation_is_monitored(void **state)
{
    static const float falls[] = { 6, 5, 4, 3, 2, 1 }, rises[] = { 1, 2, 3, 4, 5, 6 };
    static const struct {
        const char *monitor;
        bool validation;
        size_t epochs;
    } cases[] = {
        { NULL, false, 6 },      { NULL, true, 2 },           { "loss", true, 6 },
        { "val_loss", true, 2 }, { "val_accuracy", true, 2 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_callback *stop;
        crafted c;

        crafted_begin(&c, false, 0.01);
        memcpy(c.target, falls, sizeof falls);
        memcpy(c.val_target, rises, sizeof rises);
        assert_int_equal(seqecho_early_stopping_create(
                             &stop, SEQECHO_EARLY_STOPPING(.monitor = cases[i].monitor)),
                         0);
        assert_int_equal(crafted_fit(&c, 6, cases[i].validation, &stop, 1, NULL), 0);
        assert_int_equal(crafted_epochs(&c), cases[i].epochs);
        if (cases[i].validation) {
            assert_close_double(c.validated[1], 4.0, 0, 0);
            assert_close_double(history(&c, "val_loss")[1], 4.0, 0, 0);
        }
        seqecho_callback_destroy(stop);
        crafted_end(&c);
    }
}

/* ---- Learning rate ------------------------------------------------------------------ */

typedef struct rate_case {
    const char *what;
    seqecho_reduce_lr_options opt;
    float target[CRAFTED_EPOCHS];
    int64_t epochs;
    double rate[CRAFTED_EPOCHS]; /* of each epoch, and after the last */
} rate_case;

#undef OPT
#define OPT .opt = { .struct_size = sizeof(seqecho_reduce_lr_options)

static const rate_case rates[] = { { "twice", OPT, .factor = 0.5, .patience = 2 },
                                   { 2, 2, 2, 2, 2 },
                                   5,
                                   { 0.5, 0.5, 0.5, 0.25, 0.25, 0.125 } },
                       { "progress", OPT, .factor = 0.5, .patience = 2 },
                       { 3, 3, 2, 2, 1, 1, 1 }, 7,
{
    0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25
}
}
, { "cooldown of one", OPT, .factor = 0.5, .patience = 2, .cooldown = 1 },
    { 2, 2, 2, 2, 2 }, 5,
{
    0.5, 0.5, 0.5, 0.25, 0.25, 0.125
}
}
, { "cooldown of two", OPT, .factor = 0.5, .patience = 2, .cooldown = 2 },
    { 2, 2, 2, 2, 2, 2 }, 6,
{
    0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125
}
}
, { "every epoch", OPT, .factor = 0.25, .patience = 1 }, { 2, 2, 2 }, 3,
{
    0.5, 0.5, 0.125, 0.03125
}
}
, { "min_lr", OPT, .factor = 0.5, .patience = 1, .min_lr = 0.1875 }, { 2, 2, 2, 2, 2 }, 5,
{
    0.5, 0.5, 0.25, 0.1875, 0.1875, 0.1875
}
}
, { "above min_lr", OPT, .factor = 0.5, .patience = 1, .min_lr = 0.75 }, { 2, 2, 2 }, 3,
{
    0.5, 0.5, 0.5, 0.5
}
}
, { "min_delta", OPT, .factor = 0.5, .patience = 1, .min_delta = 4.0 }, { 2.5F, 1.5F, 0 },
    3,
{
    0.5, 0.5, 0.25, 0.25
}
}
, { "defaults", OPT }, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.99996F, 1 }, 12,
{
    0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.05, 0.05
}
}
,
}
;

static void learning_rates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const rate_case *const k = &rates[i];
        seqecho_callback *reduce;
        crafted c;
        double rate;

        crafted_begin(&c, false, 0.5);
        memcpy(c.target, k->target, sizeof c.target);
        assert_int_equal(seqecho_reduce_lr_create(&reduce, &k->opt), 0);
        assert_int_equal(crafted_fit(&c, k->epochs, false, &reduce, 1, NULL), 0);
        assert_int_equal(crafted_epochs(&c), k->epochs);
        for (int64_t e = 0; e < k->epochs; e++)
            if (history(&c, "learning_rate")[e] != k->rate[e])
                fail_msg("%s: %g in epoch %d", k->what, history(&c, "learning_rate")[e],
                         (int)e);
        assert_int_equal(seqecho_trainer_get(c.trainer, SEQECHO_PARAM_LEARNING_RATE, &rate),
                         0);
        assert_close_double(rate, k->rate[k->epochs], 0, 0);
        seqecho_callback_destroy(reduce);
        crafted_end(&c);
    }
}

/* The rate that is lowered is the float32 that steps are made with. */
static void learning_rates_are_floats(void **state)
{
    seqecho_callback *reduce;
    crafted c;
    double rate;

    (void)state;
    crafted_begin(&c, false, 0.1);
    assert_int_equal(
        seqecho_reduce_lr_create(&reduce, SEQECHO_REDUCE_LR(.factor = 0.5, .patience = 1)),
        0);
    assert_int_equal(crafted_fit(&c, 2, false, &reduce, 1, NULL), 0);
    assert_int_equal(seqecho_trainer_get(c.trainer, SEQECHO_PARAM_LEARNING_RATE, &rate), 0);
    assert_close_double(rate, (double)0.1F * 0.5, 0, 0);
    assert_true(rate != 0.05);
    seqecho_callback_destroy(reduce);
    crafted_end(&c);
}

/* ---- NaN ---------------------------------------------------------------------------- */

static void stop_on_nan(void **state)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_callback *stop;
    crafted c;

    (void)state;
    crafted_begin(&c, false, 0.01);
    c.target[0] = c.target[1] = 2.0F;
    c.target[2] = (float)NAN; /* and 1 in the first batch */
    assert_int_equal(seqecho_stop_on_nan_create(&stop, NULL), 0);
    assert_int_equal(crafted_fit(&c, 9, false, &stop, 1, &report), 0);
    assert_string_equal(c.order, "B01EB01EB0NEF");
    assert_int_equal(crafted_epochs(&c), 3);
    assert_int_equal(report.samples, 2);
    assert_int_equal(report.batches, 1);
    assert_close_double(report.loss, 1.0, 0, 0);
    assert_close_double(history(&c, "loss")[2], 1.0, 0, 0);
    assert_close_double(history(&c, "learning_rate")[2], 0.01, 0, 0);

    assert_refused(crafted_fit(&c, 9, false, NULL, 0, NULL), SEQECHO_ENUMERIC,
                   "the loss is not a finite number");
    assert_string_equal(c.order, "B01EB01EB0N");
    assert_int_equal(crafted_epochs(&c), 5);
    seqecho_callback_destroy(stop);
    crafted_end(&c);
}

/* An epoch that ends so with its first batch has no figures. */
static void nan_at_once(void **state)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    crafted c;

    (void)state;
    crafted_begin(&c, false, 0.01);
    c.x_data[0] = (float)NAN;
    c.at = 'N';
    c.answer = 7;
    assert_int_equal(crafted_fit(&c, 9, true, NULL, 0, &report), 0);
    assert_string_equal(c.order, "BNNEF"); /* the validation takes the same x */
    assert_int_equal(crafted_epochs(&c), 1);
    assert_int_equal(report.samples, 0);
    assert_true(isnan(report.loss));
    assert_true(isnan(history(&c, "loss")[0]));
    assert_true(isnan(history(&c, "learning_rate")[0]));
    c.answer = -4711;
    assert_refused(crafted_fit(&c, 9, true, NULL, 0, &report), -4711,
                   "an event callback returned -4711");
    crafted_end(&c);
}

static void nan_in_the_validation(void **state)
{
    seqecho_callback *stop;
    crafted c;

    (void)state;
    crafted_begin(&c, false, 0.01);
    c.val_target[0] = 1.0F;
    c.val_target[1] = (float)NAN;
    assert_int_equal(seqecho_stop_on_nan_create(&stop, NULL), 0);
    assert_int_equal(crafted_fit(&c, 9, true, &stop, 1, NULL), 0);
    assert_string_equal(c.order, "B01EB01NEF");
    assert_int_equal(crafted_epochs(&c), 2);
    assert_close_double(c.validated[0], 1.0, 0, 0);
    assert_true(isnan(c.validated[1]));
    assert_true(isnan(history(&c, "val_loss")[1]));
    assert_close_double(history(&c, "loss")[1], 0.0, 0, 0);
    assert_int_equal(crafted_fit(&c, 9, true, NULL, 0, NULL), SEQECHO_ENUMERIC);
    assert_int_equal(crafted_epochs(&c), 3); /* only its first one */
    seqecho_callback_destroy(stop);
    crafted_end(&c);
}

/* What the program does in between does not replace the message. */
static int fail_something(void *user, const seqecho_event *event)
{
    (void)user;
    return seqecho_trainer_set(event->trainer, (seqecho_param)99, 0.0) < 0 ? 0 : -1;
}

static void message_of_a_nan(void **state)
{
    crafted c;

    (void)state;
    crafted_begin(&c, false, 0.01);
    c.target[0] = (float)NAN;
    c.also = fail_something;
    assert_refused(crafted_fit(&c, 1, false, NULL, 0, NULL), SEQECHO_ENUMERIC,
                   "the loss is not a finite number");
    crafted_end(&c);
}

/* ---- Several, and wrong ones -------------------------------------------------------- */

/* on_event comes first; each callback hears of what another one has stopped. */
static void several_in_order(void **state)
{
    seqecho_callback *list[3];
    crafted c;
    double rate;

    (void)state;
    crafted_begin(&c, false, 0.5);
    for (int i = 0; i < CRAFTED_EPOCHS; i++)
        c.target[i] = 2.0F;
    assert_int_equal(seqecho_early_stopping_create(&list[0], NULL), 0);
    assert_int_equal(
        seqecho_reduce_lr_create(&list[1], SEQECHO_REDUCE_LR(.patience = 1, .factor = 0.5)),
        0);
    assert_int_equal(seqecho_stop_on_nan_create(&list[2], NULL), 0);
    assert_int_equal(crafted_fit(&c, 9, false, list, 3, NULL), 0);
    assert_string_equal(c.order, "B01EB01EF");
    assert_int_equal(seqecho_trainer_get(c.trainer, SEQECHO_PARAM_LEARNING_RATE, &rate), 0);
    assert_close_double(rate, 0.25, 0, 0);
    /* What on_event answers at the end matters if it is negative. */
    c.at = 'F';
    c.answer = 5;
    assert_int_equal(crafted_fit(&c, 1, false, list, 3, NULL), 0);
    c.answer = SEQECHO_EIO;
    assert_int_equal(crafted_fit(&c, 1, false, list, 3, NULL), SEQECHO_EIO);
    for (int i = 0; i < 3; i++)
        seqecho_callback_destroy(list[i]);
    crafted_end(&c);
}

#define refuse_stopping(code, text, ...) \
    do { \
        seqecho_callback *cb_ = (seqecho_callback *)&cb_; \
        assert_refused( \
            seqecho_early_stopping_create(&cb_, SEQECHO_EARLY_STOPPING(__VA_ARGS__)), \
            code, text); \
        assert_null(cb_); \
    } while (0)
#define refuse_reduce(code, text, ...) \
    do { \
        seqecho_callback *cb_ = (seqecho_callback *)&cb_; \
        assert_refused(seqecho_reduce_lr_create(&cb_, SEQECHO_REDUCE_LR(__VA_ARGS__)), \
                       code, text); \
        assert_null(cb_); \
    } while (0)

static void wrong_options(void **state)
{
    seqecho_callback *nan;

    (void)state;
    refuse_stopping(
        SEQECHO_ENOTFOUND,
        "early_stopping: there is no metric \"los\" to monitor, expected e.g. \"val_loss\"",
        .monitor = "los");
    refuse_stopping(SEQECHO_EINVAL, "early_stopping: min_delta is -1, expected 0 or more",
                    .min_delta = -1.0);
    refuse_stopping(SEQECHO_EINVAL, "early_stopping: min_delta is inf, expected 0 or more",
                    .min_delta = (double)INFINITY);
    refuse_stopping(SEQECHO_EINVAL, "early_stopping: patience is -1, expected 0 or more",
                    .patience = -1);
    refuse_stopping(SEQECHO_EINVAL,
                    "early_stopping: start_from_epoch is -2, expected 0 or more",
                    .start_from_epoch = -2);
    refuse_stopping(SEQECHO_EINVAL, "early_stopping: baseline is NaN, expected a number",
                    .has_baseline = true, .baseline = (double)NAN);
    refuse_stopping(
        SEQECHO_ENOTSUP,
        "early stopping options: reserved is set, but this library knows only 0",
        .reserved = { 0, 0, 0, 0, 0, 1 });
    refuse_reduce(
        SEQECHO_ENOTFOUND,
        "reduce_lr: there is no metric \"\" to monitor, expected e.g. \"val_loss\"",
        .monitor = "");
    refuse_reduce(SEQECHO_EINVAL,
                  "reduce_lr: factor is 1, expected 0 (0.1) or more, and less than 1",
                  .factor = 1.0);
    refuse_reduce(SEQECHO_EINVAL,
                  "reduce_lr: factor is -0.5, expected 0 (0.1) or more, and less than 1",
                  .factor = -0.5);
    refuse_reduce(SEQECHO_EINVAL, "reduce_lr: patience is -1, expected 0 (ten) or more",
                  .patience = -1);
    refuse_reduce(SEQECHO_EINVAL, "reduce_lr: min_delta is -1, expected 0 or more",
                  .min_delta = -1.0);
    refuse_reduce(SEQECHO_EINVAL, "reduce_lr: cooldown is -1, expected 0 or more",
                  .cooldown = -1);
    refuse_reduce(SEQECHO_EINVAL, "reduce_lr: min_lr is -1, expected 0 or more",
                  .min_lr = -1.0);
    assert_refused(seqecho_early_stopping_create(NULL, NULL), SEQECHO_EINVAL,
                   "early stopping options: out is NULL");
    assert_refused(seqecho_stop_on_nan_create(NULL, NULL), SEQECHO_EINVAL,
                   "stop_on_nan: out is NULL");
    assert_refused(seqecho_early_stopping_best(NULL, NULL, NULL), SEQECHO_EINVAL,
                   "early_stopping_best: callback is NULL");
    assert_int_equal(seqecho_stop_on_nan_create(&nan, NULL), 0);
    assert_refused(seqecho_early_stopping_best(nan, NULL, NULL), SEQECHO_EINVAL,
                   "early_stopping_best: the callback is of another kind, expected one of "
                   "seqecho_early_stopping_create()");
    seqecho_callback_destroy(nan);
    seqecho_callback_destroy(NULL);
}

/* Found out before anything is trained. */
static void metrics_that_are_not_computed(void **state)
{
    seqecho_callback *stop, *reduce;
    crafted c;

    (void)state;
    crafted_begin(&c, false, 0.01);
    assert_int_equal(
        seqecho_early_stopping_create(&stop, SEQECHO_EARLY_STOPPING(.monitor = "val_loss")),
        0);
    assert_refused(crafted_fit(&c, 1, false, &stop, 1, NULL), SEQECHO_ENOTFOUND,
                   "early_stopping: it monitors \"val_loss\", but the fit has no "
                   "validation");
    assert_int_equal(crafted_fit(&c, 1, true, &stop, 1, NULL), 0);
    assert_int_equal(
        seqecho_reduce_lr_create(&reduce, SEQECHO_REDUCE_LR(.monitor = "top_k")), 0);
    assert_refused(crafted_fit(&c, 1, false, &reduce, 1, NULL), SEQECHO_ENOTFOUND,
                   "reduce_lr: it monitors \"top_k\", which the trainer does not compute");
    assert_string_equal(c.order, "");
    assert_int_equal(crafted_epochs(&c), 1);
    seqecho_callback_destroy(stop);
    seqecho_callback_destroy(reduce);
    crafted_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_stopping),
        cmocka_unit_test(best_weights_are_restored),
        cmocka_unit_test(nothing_is_restored_after_a_failure),
        cmocka_unit_test(accuracy_gets_better_as_it_rises),
        cmocka_unit_test(validation_is_monitored),
        cmocka_unit_test(learning_rates),
        cmocka_unit_test(learning_rates_are_floats),
        cmocka_unit_test(stop_on_nan),
        cmocka_unit_test(nan_at_once),
        cmocka_unit_test(nan_in_the_validation),
        cmocka_unit_test(message_of_a_nan),
        cmocka_unit_test(several_in_order),
        cmocka_unit_test(wrong_options),
        cmocka_unit_test(metrics_that_are_not_computed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
