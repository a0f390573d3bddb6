/* test_trials.c - what the examples of the extensions stand on: every network that
 * echo_compare knows, and the scores.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "measure.h"
#include "models.h"

/* ---- Every network ------------------------------------------------------------------ */

static int64_t lstm(int64_t inputs, int64_t units)
{
    return 4 * units * (inputs + units + 1);
}

static int64_t dense(int64_t inputs, int64_t units)
{
    return units * (inputs + 1);
}

/* How many weights the network has, by the textbook. */
static int64_t weights_of(const trial *t)
{
    const int64_t u = t->units, f = t->encoding == SEQECHO_ENCODE_LINEAR ? 1 : t->n_unique;
    const int64_t decoder = lstm(u, u) + dense(u, f);

    if (t->build == model_seq2seq)
        return lstm(f, u) + dense(u, f);
    if (t->build == model_encoder_decoder || t->build == model_stacked)
        return lstm(f, u) + decoder;
    if (t->build == model_one_to_one)
        return lstm(t->n_in * f, u) + dense(u, t->n_out * f);
    if (t->build == model_many_to_one)
        return lstm(f, u) + dense(u, t->n_out * f);
    if (t->build == model_bidirectional)
        return 2 * lstm(f, u / 2) + decoder;
    if (t->build == model_cnn_lstm)
        return dense(2 * f, u / 2) + lstm(u / 2, u) + decoder;
    if (t->build == model_attention)
        return lstm(f, u) + lstm(u, u);
    assert_ptr_equal(t->build, model_attention_encoded);
    return lstm(f, u) + lstm(u, u) + dense(2 * u, f);
}

/* The loss of a network that knows nothing. */
static double ignorance(const trial *t)
{
    const double n = (double)t->n_unique, steps = (double)t->n_out;

    if (t->loss == SEQECHO_MEAN_SQUARED_ERROR)
        return 1.0 / 3.0; /* of 0, where the truth is anywhere in [0, 1] */
    if (t->loss == SEQECHO_BINARY_CROSSENTROPY)
        return log(2.0);
    return t->flat ? steps * log(steps * n) : log(n);
}

static void every_network_trains(void **state)
{
    (void)state;
    for (const comparison *c = comparisons; c->name != NULL; c++) {
        trial t = c->trial;
        const double *loss;
        trial_score score;
        size_t epochs;

        print_message("%s\n", c->name);
        assert_true(t.epochs > 0);
        t.epochs = 1;
        t.threads = 1;
        t.seed = 1;
        assert_int_equal(trial_open(&t), 0);
        assert_int_equal(seqecho_graph_parameter_count(t.model), weights_of(&t));
        assert_int_equal(trial_train(&t, NULL, NULL), 0);
        loss = seqecho_trainer_history(t.trainer, "loss", &epochs);
        assert_int_equal(epochs, 1);
        assert_true(loss[0] > 0.3 * ignorance(&t) && loss[0] < 1.5 * ignorance(&t));
        assert_int_equal(trial_evaluate(&t, 1, &score), 0);
        assert_true(score.elements >= 0.0 && score.elements < 0.5);
        assert_true(score.mean_error > 0.0 && score.mean_error < (double)t.n_unique);
        trial_close(&t);
    }
}

static void names_are_distinct(void **state)
{
    (void)state;
    for (const comparison *c = comparisons; c->name != NULL; c++)
        for (const comparison *d = comparisons; d != c; d++)
            assert_string_not_equal(c->name, d->name);
}

/* ---- Scores ------------------------------------------------------------------------- */

static void a_trained_network_scores(void **state)
{
    trial t = { .build = model_seq2seq, .units = 20, .batch = 7, .epochs = 500, .seed = 3 };
    trial_score score;
    int32_t expected[21 * 5], predicted[21 * 5];
    int right = 0, total = 0, distance = 0, rows = 0, sequences = 0;

    (void)state;
    assert_int_equal(trial_open(&t), 0);
    assert_int_equal(trial_train(&t, NULL, NULL), 0);
    for (int s = 0; s < 20; s++) { /* by hand what trial_evaluate() does */
        int wrong_rows = 0;

        assert_int_equal(trial_echo(&t, expected, predicted), 0);
        for (int r = 0; r < 21; r++) {
            int wrong = 0;

            for (int i = 5 * r; i < 5 * (r + 1); i++) {
                wrong += expected[i] != predicted[i];
                distance += expected[i] > predicted[i] ? expected[i] - predicted[i]
                                                       : predicted[i] - expected[i];
            }
            total += 5;
            right += 5 - wrong;
            wrong_rows += wrong > 0;
        }
        rows += 21 - wrong_rows;
        sequences += wrong_rows == 0;
    }
    assert_true(right > 0.95 * total);
    seqecho_dataset_seek(t.held_out, seqecho_dataset_position(t.held_out) - 20);
    assert_int_equal(trial_evaluate(&t, 20, &score), 0);
    assert_true(fabs(score.elements - (double)right / total) < 1e-12);
    assert_true(fabs(score.rows - rows / (21.0 * 20.0)) < 1e-12);
    assert_true(fabs(score.sequences - sequences / 20.0) < 1e-12);
    assert_true(fabs(score.mean_error - (double)distance / total) < 1e-12);
    trial_close(&t);
}

static void missing_steps_do_not_count(void **state)
{
    trial t = { .build = model_seq2seq,
                .rows = SEQECHO_ROWS_PAD_START,
                .n_unique = 1,
                .units = 2,
                .batch = 5,
                .epochs = 1 };
    int32_t expected[25 * 5], predicted[25 * 5];
    trial_score score;

    (void)state;
    assert_int_equal(trial_open(&t), 0);
    assert_int_equal(trial_echo(&t, expected, predicted), 0);
    for (int r = 0; r < 25; r++)
        for (int step = 0; step < 5; step++) {
            const int32_t want = r + step < 4 ? -1 : 0;

            assert_int_equal(expected[5 * r + step], want);
            assert_int_equal(predicted[5 * r + step], want);
        }
    assert_int_equal(trial_evaluate(&t, 2, &score), 0);
    assert_true(score.elements == 1.0 && score.rows == 1.0 && score.sequences == 1.0);
    assert_true(score.mean_error == 0.0);
    trial_close(&t);
}

/* ---- Figures ------------------------------------------------------------------------ */

/* With one number to draw, everything is right from the first epoch on. */
static void an_echo_is_held(void **state)
{
    comparison c = { .name = "easy",
                     .trial = { .build = model_seq2seq,
                                .n_unique = 1,
                                .units = 2,
                                .batch = 7,
                                .epochs = 20 } };
    measured m;

    (void)state;
    assert_int_equal(measure(&(args){ 0 }, &c, 1, &m), 0);
    assert_true(m.figure[HELD_FROM] == 1.0);
    assert_true(m.figure[ACCURACY] == 1.0 && m.figure[ELEMENTS] == 1.0);
    assert_true(m.figure[SEQUENCES] == 1.0 && m.figure[ERROR] == 0.0);
    assert_true(m.figure[LOSS] < 1e-6);
    assert_int_equal(m.weights, lstm(1, 2) + dense(2, 1));
    c.trial.epochs = 19;
    assert_int_equal(measure(&(args){ 0 }, &c, 1, &m), 0);
    assert_true(isnan(m.figure[HELD_FROM]));
}

static void figures_are_averages_over_the_end(void **state)
{
    const comparison c = {
        .name = "short",
        .trial = { .build = model_seq2seq, .units = 20, .batch = 7, .epochs = 60 }
    };
    trial t = c.trial;
    const double *loss, *accuracy;
    double last_loss = 0.0, last_accuracy = 0.0;
    measured m;

    (void)state;
    assert_int_equal(measure(&(args){ 0 }, &c, 5, &m), 0);
    t.seed = 5;
    t.threads = 1;
    assert_int_equal(trial_open(&t), 0);
    assert_int_equal(trial_train(&t, NULL, NULL), 0);
    loss = seqecho_trainer_history(t.trainer, "loss", NULL);
    accuracy = seqecho_trainer_history(t.trainer, "accuracy", NULL);
    for (int i = 55; i < 60; i++)
        last_loss += loss[i] / 5.0;
    for (int i = 40; i < 60; i++)
        last_accuracy += accuracy[i] / 20.0;
    assert_true(fabs(m.figure[LOSS] - last_loss) < 1e-12);
    assert_true(fabs(m.figure[ACCURACY] - last_accuracy) < 1e-12);
    assert_true(last_accuracy > 0.0);
    trial_close(&t);
}

static void a_network_that_cannot_be_built(void **state)
{
    comparison c = { .name = "odd",
                     .trial = { .build = model_cnn_lstm,
                                .n_in = 9,
                                .n_out = 2,
                                .units = 4,
                                .batch = 17,
                                .epochs = 1 } };
    measured m;

    (void)state;
    assert_int_equal(measure(&(args){ 0 }, &c, 1, &m), SEQECHO_ESHAPE);
    c.trial.n_in = 26;
    assert_int_equal(measure(&(args){ 0 }, &c, 1, &m), SEQECHO_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_trains),
        cmocka_unit_test(names_are_distinct),
        cmocka_unit_test(a_trained_network_scores),
        cmocka_unit_test(missing_steps_do_not_count),
        cmocka_unit_test(an_echo_is_held),
        cmocka_unit_test(figures_are_averages_over_the_end),
        cmocka_unit_test(a_network_that_cannot_be_built),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
