/* test_fit_options.c - what a fit refuses, before anything is trained.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { CLASSES = 12 };

static const models_size stateless = { .classes = CLASSES, .units = 6 };
static const models_size stateful = { .batch = 7, .classes = CLASSES, .units = 6 };

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data;
    const seqecho_view *x, *y;
} setup;

static setup set_up(models_size size)
{
    setup s = { .graph = models_whole(size) };

    s.trainer = models_trainer(s.graph, 1);
    s.data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    s.x = seqecho_dataset_x(s.data);
    s.y = seqecho_dataset_y(s.data);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

#define refuse(s, code, text, ...) \
    assert_refused( \
        seqecho_trainer_fit((s)->trainer, (s)->x, (s)->y, SEQECHO_FIT(__VA_ARGS__), NULL), \
        code, text)

static void mistakes(void **state)
{
    setup s = set_up(stateless);
    seqecho_view few = *s.y;
    seqecho_callback *nan, *list[2] = { NULL, NULL };
    float *before, *after;
    size_t n;

    (void)state;
    few.dim[0] = 3;
    before = models_weights(s.graph, &n);
    refuse(&s, SEQECHO_EINVAL, "fit: validation_x is given, but validation_y is NULL",
           .validation_x = s.x);
    refuse(&s, SEQECHO_EINVAL, "fit: validation_y is given, but validation_x is NULL",
           .validation_y = s.y);
    refuse(&s, SEQECHO_EINVAL, "fit: validation_weight is given, but validation_x is NULL",
           .validation_weight = s.y);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split and validation_x are given, expected one of them",
           .validation_x = s.x, .validation_y = s.y, .validation_split = 0.5);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split is 1, expected 0 (none) or more, and less than 1",
           .validation_split = 1.0);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split is -0.1, expected 0 (none) or more, and less than 1",
           .validation_split = -0.1);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split is nan, expected 0 (none) or more, and less than 1",
           .validation_split = (double)NAN);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split 0.99 of 21 samples leaves none to train on",
           .validation_split = 0.99);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_split 1e-17 of 21 samples leaves none to validate on",
           .validation_split = 1e-17);
    refuse(&s, SEQECHO_ESHAPE, "time_distributed: y has 3 samples, x has 21",
           .validation_x = s.x, .validation_y = &few);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_dataset is for fit_dataset, expected validation_x and "
           "validation_y",
           .validation_dataset = s.data);
    refuse(&s, SEQECHO_EINVAL,
           "fit: validation_sequences is 2, but validation_dataset is NULL",
           .validation_sequences = 2);
    refuse(&s, SEQECHO_EINVAL, "fit: validation_sequences is -1, expected 0 (one) or more",
           .validation_sequences = -1);
    refuse(&s, SEQECHO_EINVAL, "fit: n_callbacks is 2, but callbacks is NULL",
           .n_callbacks = 2);
    refuse(&s, SEQECHO_EINVAL, "fit: callbacks[0] of 2 is NULL", .callbacks = list,
           .n_callbacks = 2);
    assert_int_equal(seqecho_stop_on_nan_create(&nan, NULL), 0);
    list[0] = nan;
    refuse(&s, SEQECHO_EINVAL, "fit: callbacks[1] of 2 is NULL", .callbacks = list,
           .n_callbacks = 2);
    list[1] = nan;
    refuse(&s, SEQECHO_EINVAL, "fit: callbacks[1] is callbacks[0] again", .callbacks = list,
           .n_callbacks = 2);
    assert_refused(seqecho_trainer_fit_dataset(s.trainer, s.data,
                                               SEQECHO_FIT(.validation_split = 0.5), NULL),
                   SEQECHO_EINVAL,
                   "fit_dataset: validation_split is for fit, expected validation_dataset");
    assert_refused(
        seqecho_trainer_fit_dataset(
            s.trainer, s.data, SEQECHO_FIT(.validation_x = s.x, .validation_y = s.y), NULL),
        SEQECHO_EINVAL,
        "fit_dataset: validation_x is for fit, expected validation_dataset");
    assert_int_equal(seqecho_dataset_position(s.data), 1);
    assert_null(seqecho_trainer_history(s.trainer, "loss", NULL));
    after = models_weights(s.graph, &n);
    assert_same_bits(after, before, n);
    free(before);
    free(after);
    seqecho_callback_destroy(nan);
    tear_down(&s);
}

static void stateful_mistakes(void **state)
{
    setup s = set_up(stateful);
    const models_size narrow = { .classes = CLASSES - 1 };
    seqecho_dataset *const other = models_data(narrow, 0, SEQECHO_ENCODE_INTEGER);

    (void)state;
    refuse(&s, SEQECHO_EINVAL,
           "fit: shuffle is set, but the network is stateful: its states follow the order "
           "of the samples",
           .shuffle = true);
    refuse(&s, SEQECHO_ESHAPE,
           "trainer: in a stateful network the number of samples must be divisible by the "
           "batch size 7, found 11 samples",
           .validation_split = 0.5);
    assert_int_equal(seqecho_trainer_fit(s.trainer, s.x, s.y,
                                         SEQECHO_FIT(.validation_split = 1.0 / 3.0), NULL),
                     0);
    assert_refused(
        seqecho_trainer_fit_dataset(s.trainer, s.data,
                                    SEQECHO_FIT(.validation_dataset = other), NULL),
        SEQECHO_ESHAPE,
        "validation_dataset: the dataset's values are one of 11, but the graph's "
        "input has 12 features");
    seqecho_dataset_destroy(other);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes),
        cmocka_unit_test(stateful_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
