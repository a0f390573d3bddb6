/* test_failed_calls.c - a call that fails before it trains or measures leaves what calls
 * before it left: gradients, values for backward(), the place in a dataset.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"
#include "refuse.h"

static const models_size size = { .classes = 9, .units = 4 };
enum { ROWS = 21, OUT = ROWS * 5 * 9, BIAS = 9 };

typedef struct setup {
    counting_alloc memory; /* of the trainer */
    seqecho_allocator hook;
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
    const seqecho_view *x, *y;
} setup;

static void set_up(setup *s)
{
    memset(s, 0, sizeof *s);
    s->hook = counting_alloc_hook(&s->memory);
    s->graph = models_whole(size);
    s->data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    s->x = seqecho_dataset_x(s->data);
    s->y = seqecho_dataset_y(s->data);
    if (seqecho_trainer_create(&s->trainer, s->graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .threads = 1, .allocator = &s->hook)) < 0)
        fail_msg("%s", seqecho_error_message());
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
    assert_int_equal(s->memory.live, 0);
}

/* ---- Gradients ---------------------------------------------------------------------- */

/* Fits that fail as late as they can before they begin. */
static void fail_to_fit(setup *s)
{
    seqecho_callback *log, *stop;

    assert_int_equal(
        seqecho_csv_log_create(&log, SEQECHO_CSV_LOG(.path = "/dev/null/no/log")), 0);
    assert_int_equal(seqecho_early_stopping_create(&stop, NULL), 0);
    for (int split = 0; split < 2; split++) {
        seqecho_callback *const both[] = { stop, log };

        assert_int_equal(
            seqecho_trainer_fit(s->trainer, s->x, s->y,
                                SEQECHO_FIT(.batch_size = 4, .shuffle = true,
                                            .validation_split = split ? 0.5 : 0.0,
                                            .callbacks = both, .n_callbacks = 2),
                                NULL),
            SEQECHO_EIO);
    }
    seqecho_callback_destroy(log);
    seqecho_callback_destroy(stop);
    s->memory.fail_at = s->memory.calls + 1; /* there is no room to shuffle */
    assert_int_equal(
        seqecho_trainer_fit(s->trainer, s->x, s->y, SEQECHO_FIT(.shuffle = true), NULL),
        SEQECHO_ENOMEM);
    s->memory.fail_at = 0;
}

static void gradients_survive_a_fit_that_fails(void **state)
{
    setup a, b;
    float before[BIAS], after[BIAS];

    (void)state;
    set_up(&a);
    set_up(&b);
    assert_int_equal(seqecho_trainer_compute_gradients(a.trainer, a.x, a.y, NULL, 0, NULL),
                     0);
    assert_int_equal(seqecho_trainer_compute_gradients(b.trainer, b.x, b.y, NULL, 0, NULL),
                     0);
    assert_int_equal(
        seqecho_trainer_gradient_get(a.trainer, "time_distributed/bias", before, BIAS), 0);
    fail_to_fit(&a);
    assert_int_equal(
        seqecho_trainer_gradient_get(a.trainer, "time_distributed/bias", after, BIAS), 0);
    assert_same_bits(after, before, BIAS);
    assert_int_equal(seqecho_trainer_apply_gradients(a.trainer), 0);
    assert_int_equal(seqecho_trainer_apply_gradients(b.trainer), 0);
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

static void forward_survives_a_fit_that_fails(void **state)
{
    static float out[OUT];
    const seqecho_view dy = { out, { ROWS, 5, 9 }, 3, SEQECHO_FLOAT32 };
    setup a, b;
    setup *const both[] = { &a, &b };

    (void)state;
    for (int i = 0; i < 2; i++) {
        set_up(both[i]);
        assert_int_equal(seqecho_trainer_forward(both[i]->trainer, both[i]->x, out, OUT),
                         0);
        if (i == 0)
            fail_to_fit(both[i]);
        assert_int_equal(seqecho_trainer_backward(both[i]->trainer, &dy, NULL, 0), 0);
        assert_int_equal(seqecho_trainer_apply_gradients(both[i]->trainer), 0);
    }
    models_assert_same(a.graph, b.graph);
    tear_down(&a);
    tear_down(&b);
}

/* ---- Callbacks ---------------------------------------------------------------------- */

/* If one of them cannot serve a fit, the others do not begin it: a log keeps its lines, and
 * the best value is still that of the last fit. */
static void callbacks_survive_one_that_refuses(void **state)
{
    static const char path[] = "failed_calls.csv";
    seqecho_callback *list[3];
    double best = 0.0, still = 0.0;
    char text[512] = "";
    FILE *file;
    setup s;

    (void)state;
    set_up(&s);
    assert_int_equal(seqecho_csv_log_create(&list[0], SEQECHO_CSV_LOG(.path = path)), 0);
    assert_int_equal(seqecho_early_stopping_create(&list[1], NULL), 0);
    assert_int_equal(
        seqecho_reduce_lr_create(&list[2], SEQECHO_REDUCE_LR(.monitor = "accuracy")), 0);
    assert_int_equal(seqecho_trainer_fit(s.trainer, s.x, s.y,
                                         SEQECHO_FIT(.callbacks = list, .n_callbacks = 2),
                                         NULL),
                     0);
    assert_int_equal(seqecho_early_stopping_best(list[1], &best, NULL), 0);
    assert_refused(
        seqecho_trainer_fit(s.trainer, s.x, s.y,
                            SEQECHO_FIT(.callbacks = list, .n_callbacks = 3), NULL),
        SEQECHO_ENOTFOUND,
        "reduce_lr: it monitors \"accuracy\", which the trainer does not compute");
    assert_int_equal(seqecho_early_stopping_best(list[1], &still, NULL), 0);
    assert_close_double(still, best, 0, 0);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    remove(path);
    assert_non_null(strstr(text, "\n0,")); /* the line of its epoch */
    for (size_t i = 0; i < 3; i++)
        seqecho_callback_destroy(list[i]);
    tear_down(&s);
}

/* ---- Datasets ----------------------------------------------------------------------- */

/* Without memory for a batch, or for the history, no sequence is drawn. */
static void no_sequence_is_drawn(void **state)
{
    (void)state;
    for (int fits = 0; fits < 2; fits++) {
        setup s;
        int err;

        set_up(&s);
        s.memory.fail_at = s.memory.calls + 1;
        err = fits ? seqecho_trainer_fit_dataset(s.trainer, s.data, NULL, NULL)
                   : seqecho_trainer_evaluate_dataset(s.trainer, s.data, 2, NULL, NULL);
        assert_int_equal(err, SEQECHO_ENOMEM);
        assert_int_equal(seqecho_dataset_position(s.data), 1);
        s.memory.fail_at = 0;
        err = fits ? seqecho_trainer_fit_dataset(s.trainer, s.data, NULL, NULL)
                   : seqecho_trainer_evaluate_dataset(s.trainer, s.data, 2, NULL, NULL);
        assert_int_equal(err, 0);
        assert_int_equal(seqecho_dataset_position(s.data), fits ? 2 : 3);
        tear_down(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_survive_a_fit_that_fails),
        cmocka_unit_test(forward_survives_a_fit_that_fails),
        cmocka_unit_test(callbacks_survive_one_that_refuses),
        cmocka_unit_test(no_sequence_is_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
