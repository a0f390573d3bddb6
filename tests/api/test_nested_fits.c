/* test_nested_fits.c - a fit inside an event of another trainer's fit.
 * SPDX-License-Identifier: MIT */
#include "close.h"
#include "models.h"
#include "refuse.h"

static const models_size narrow = { .classes = 5, .units = 2 };
static const models_size wide = { .classes = 9, .units = 7 };

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
    seqecho_callback *callback;
    int result; /* of the inner fit */
    char message[256];
} setup;

static void set_up(setup *s, models_size size)
{
    *s = (setup){ .graph = models_whole(size) };
    s->trainer = models_trainer(s->graph, 1);
    s->data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

static int fit(setup *s, seqecho_event_fn on_event, void *user)
{
    return seqecho_trainer_fit_dataset(s->trainer, s->data,
                                       SEQECHO_FIT(.epochs = 2, .on_event = on_event,
                                                   .user = user, .callbacks = &s->callback,
                                                   .n_callbacks = 1),
                                       NULL);
}

/* The first event of the outer fit runs another. */
static int run_inner(void *user, const seqecho_event *event)
{
    setup *const inner = user;

    if (event->kind != SEQECHO_EVENT_EPOCH_BEGIN || event->epoch != 0)
        return 0;
    inner->result = fit(inner, NULL, NULL);
    if (inner->result < 0)
        strncpy(inner->message, seqecho_error_message(), sizeof inner->message - 1);
    return 0;
}

/* A callback serves one fit at a time: weights that it keeps are those of one graph. */
static void one_callback_for_both(void **state)
{
    setup outer, inner;
    double best;
    size_t epochs;

    (void)state;
    set_up(&outer, narrow);
    set_up(&inner, wide);
    assert_int_equal(
        seqecho_early_stopping_create(
            &outer.callback,
            SEQECHO_EARLY_STOPPING(.patience = 5, .restore_best_weights = true)),
        0);
    inner.callback = outer.callback;
    assert_int_equal(fit(&outer, run_inner, &inner), 0);
    assert_int_equal(inner.result, SEQECHO_ESTATE);
    assert_string_equal(inner.message, "fit: callbacks[0] is at work in another fit");
    assert_null(seqecho_trainer_history(inner.trainer, "loss", &epochs));
    assert_int_equal(seqecho_early_stopping_best(outer.callback, &best, NULL), 0);

    /* One after the other they may. */
    assert_int_equal(fit(&inner, NULL, NULL), 0);
    assert_int_equal(fit(&outer, NULL, NULL), 0);
    seqecho_callback_destroy(outer.callback);
    tear_down(&outer);
    tear_down(&inner);
}

static void a_callback_for_each(void **state)
{
    setup outer, inner;

    (void)state;
    set_up(&outer, narrow);
    set_up(&inner, wide);
    assert_int_equal(seqecho_stop_on_nan_create(&outer.callback, NULL), 0);
    assert_int_equal(seqecho_stop_on_nan_create(&inner.callback, NULL), 0);
    assert_int_equal(fit(&outer, run_inner, &inner), 0);
    assert_int_equal(inner.result, 0);
    seqecho_callback_destroy(outer.callback);
    seqecho_callback_destroy(inner.callback);
    tear_down(&outer);
    tear_down(&inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_callback_for_both),
        cmocka_unit_test(a_callback_for_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
