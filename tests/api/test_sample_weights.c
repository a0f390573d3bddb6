/* test_sample_weights.c - weights of samples and steps: they stay with what they weigh, and
 * those that do not fit are refused before anything is read.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { SAMPLES = 13, STEPS = 3, IN = 2, OUT = 2, TRAINED = 9 };

/* (3, 2) floats to (3, 2) floats. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    float x[SAMPLES][STEPS][IN], y[SAMPLES][STEPS][OUT], w[SAMPLES][STEPS];
    seqecho_view vx, vy, vw;
} setup;

static void set_up(setup *s, bool by_step)
{
    assert_int_equal(seqecho_graph_create(&s->graph, SEQECHO_GRAPH(.seed = 1)), 0);
    seqecho_graph_add(s->graph, SEQECHO_INPUT(.dim = { STEPS, IN }));
    seqecho_graph_add(s->graph, SEQECHO_LSTM(.units = 4, .return_sequences = true));
    seqecho_graph_add(s->graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = OUT)));
    if (seqecho_trainer_create(&s->trainer, s->graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                               .learning_rate = 0.01F)) < 0)
        fail_msg("%s", seqecho_error_message());
    models_fill(s->x[0][0], (size_t)SAMPLES * STEPS * IN, 1);
    models_fill(s->y[0][0], (size_t)SAMPLES * STEPS * OUT, 2);
    for (int i = 0; i < SAMPLES; i++)
        for (int t = 0; t < STEPS; t++)
            s->w[i][t] = 1.0F;
    s->vx = (seqecho_view){ s->x, { SAMPLES, STEPS, IN }, 3, SEQECHO_FLOAT32 };
    s->vy = (seqecho_view){ s->y, { SAMPLES, STEPS, OUT }, 3, SEQECHO_FLOAT32 };
    s->vw = (seqecho_view){ s->w, { SAMPLES, STEPS }, by_step ? 2 : 1, SEQECHO_FLOAT32 };
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
}

static int fit(setup *s, bool shuffle, bool split)
{
    return seqecho_trainer_fit(s->trainer, &s->vx, &s->vy,
                               SEQECHO_FIT(.epochs = 3, .batch_size = 4, .shuffle = shuffle,
                                           .validation_split = split ? 0.3 : 0.0,
                                           .sample_weight = &s->vw),
                               NULL);
}

static bool same_weights(const setup *a, const setup *b)
{
    size_t n;
    float *const wa = models_weights(a->graph, &n), *const wb =
                                                        models_weights(b->graph, &n);
    const bool same = memcmp(wa, wb, n * sizeof *wa) == 0;

    free(wa);
    free(wb);
    return same;
}

/* The loss of the last epoch. */
static double last_loss(const setup *s, const char *name)
{
    size_t n;
    const double *const values = seqecho_trainer_history(s->trainer, name, &n);

    assert_non_null(values);
    return values[n - 1];
}

/* ---- They stay with what they weigh ------------------------------------------------- */

/* Sample 4, or step 1 of it, weighs nothing: its targets do not matter, and all others do.
 */
static void check_place(bool by_step, bool shuffle, bool split)
{
    setup s[3];

    for (int i = 0; i < 3; i++) {
        set_up(&s[i], by_step);
        s[i].w[by_step ? 4 : 4 / STEPS][by_step ? 1 : 4 % STEPS] = 0.0F;
    }
    s[1].y[4][1][0] = 100.0F;
    s[2].y[by_step ? 4 : 5][2][0] = 100.0F;
    for (int i = 0; i < 3; i++)
        assert_int_equal(fit(&s[i], shuffle, split), 0);
    assert_true(same_weights(&s[0], &s[1]));
    assert_false(same_weights(&s[0], &s[2]));
    assert_close_double(last_loss(&s[1], "loss"), last_loss(&s[0], "loss"), 0, 0);
    for (int i = 0; i < 3; i++)
        tear_down(&s[i]);
}

static void weights_stay_with_their_samples(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        check_place((i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
}

/* Those of the last samples weigh what is measured on them, and nothing else. */
static void weights_of_the_validation(void **state)
{
    (void)state;
    for (int by_step = 0; by_step < 2; by_step++) {
        const int a_sample = by_step ? STEPS : 1;
        setup a, b;

        set_up(&a, by_step != 0);
        set_up(&b, by_step != 0);
        for (int i = TRAINED * a_sample; i < SAMPLES * a_sample; i++)
            b.w[i / STEPS][i % STEPS] = 2.0F;
        assert_int_equal(fit(&a, true, true), 0);
        assert_int_equal(fit(&b, true, true), 0);
        assert_true(same_weights(&a, &b));
        assert_close_double(last_loss(&b, "loss"), last_loss(&a, "loss"), 0, 0);
        assert_close_double(last_loss(&b, "val_loss"), 2.0 * last_loss(&a, "val_loss"), 0,
                            0);
        tear_down(&a);
        tear_down(&b);
    }
}

/* Evaluating weighs, too. */
static void weights_of_an_evaluation(void **state)
{
    seqecho_report plain = SEQECHO_REPORT_INIT, weighted = SEQECHO_REPORT_INIT;
    setup s;

    (void)state;
    set_up(&s, false);
    for (int i = 0; i < SAMPLES; i++)
        s.w[i / STEPS][i % STEPS] = 0.5F;
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, &s.vx, &s.vy, NULL, &plain), 0);
    assert_int_equal(seqecho_trainer_evaluate(s.trainer, &s.vx, &s.vy,
                                              SEQECHO_FIT(.sample_weight = &s.vw),
                                              &weighted),
                     0);
    assert_close_double(weighted.loss, 0.5 * plain.loss, 0, 0);
    tear_down(&s);
}

/* ---- Those that do not fit ---------------------------------------------------------- */

static void refused_before_anything_is_read(void **state)
{
    const void *const nowhere = (const void *)(uintptr_t)64;
    const struct {
        seqecho_view view;
        int code;
        const char *text;
    } bad[] = {
        { { nowhere, { SAMPLES }, 1, SEQECHO_INT32 },
          SEQECHO_EINVAL,
          "time_distributed: sample_weight has dtype 1, expected float32" },
        { { nowhere, { SAMPLES - 1 }, 1, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "time_distributed: expected sample_weight of shape (13) or (13, 3), found (12)" },
        { { nowhere, { SAMPLES, OUT }, 2, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "time_distributed: expected sample_weight of shape (13) or (13, 3), found "
          "(13, 2)" },
        { { nowhere, { SAMPLES, INT64_MAX }, 2, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "time_distributed: expected sample_weight of shape (13) or (13, 3), found (13, "
          "9223372036854775807)" },
        { { nowhere, { SAMPLES, STEPS, 1 }, 3, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "time_distributed: expected sample_weight of shape (13) or (13, 3), found "
          "(13, 3, 1)" },
        { { nowhere, { SAMPLES }, INT32_MIN, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "time_distributed: expected sample_weight of shape (13) or (13, 3), found ()" },
    };
    setup s, fresh;

    (void)state;
    set_up(&s, true);
    set_up(&fresh, true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int k = 0; k < 4; k++) {
            s.vw = bad[i].view;
            assert_refused(fit(&s, (k & 1) != 0, (k & 2) != 0), bad[i].code, bad[i].text);
        }
    s.vw = fresh.vw;
    s.vw.data = s.w;
    s.w[SAMPLES - 1][1] = NAN; /* it would be validated on */
    for (int k = 0; k < 4; k++)
        assert_refused(fit(&s, (k & 1) != 0, (k & 2) != 0), SEQECHO_EINVAL,
                       "time_distributed: sample_weight is nan at sample 12, step 1, "
                       "expected a finite number");
    assert_true(same_weights(&s, &fresh));
    assert_null(seqecho_trainer_history(s.trainer, "loss", NULL));
    tear_down(&s);
    tear_down(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_stay_with_their_samples),
        cmocka_unit_test(weights_of_the_validation),
        cmocka_unit_test(weights_of_an_evaluation),
        cmocka_unit_test(refused_before_anything_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
