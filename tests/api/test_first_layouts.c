/* test_first_layouts.c - programs built with the first version of the training structs.
 * SPDX-License-Identifier: MIT
 *
 * The structs below are what those programs pass.  Each stands at the end of a block of its
 * own, so that a sanitizer sees one byte read or written too many. */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

typedef struct first_trainer {
    size_t struct_size;
    seqecho_loss loss;
    seqecho_optimizer optimizer;
    uint32_t metrics;
    float learning_rate;
    int32_t threads;
    seqecho_numerics numerics;
    seqecho_bool clipped_crossentropy;
    uint8_t reserved[7];
    const seqecho_allocator *allocator;
} first_trainer;

typedef struct first_fit {
    size_t struct_size;
    int64_t batch_size;
    int64_t epochs;
    seqecho_event_fn on_event;
    void *user;
    seqecho_state_reset reset_states;
    uint32_t reserved;
} first_fit;

typedef struct first_report {
    size_t struct_size;
    int64_t samples;
    int64_t batches;
    double loss;
    double accuracy;
    double seconds;
} first_report;

_Static_assert(sizeof(first_trainer) == 48 && sizeof(first_fit) == 48 &&
                   sizeof(first_report) == 48,
               "as they were on machines with pointers of 8 bytes");

static const models_size size = { .classes = 9, .units = 6 };

/* The first layout is the beginning of the present one. */
static void fields_stay_in_place(void **state)
{
    (void)state;
    assert_int_equal(offsetof(seqecho_trainer_options, clipped_crossentropy),
                     offsetof(first_trainer, clipped_crossentropy));
    assert_int_equal(offsetof(seqecho_trainer_options, allocator),
                     offsetof(first_trainer, allocator));
    assert_int_equal(offsetof(seqecho_trainer_options, seed), sizeof(first_trainer));
    assert_int_equal(offsetof(seqecho_fit_options, reset_states),
                     offsetof(first_fit, reset_states));
    assert_int_equal(offsetof(seqecho_fit_options, callbacks), sizeof(first_fit));
    assert_int_equal(offsetof(seqecho_report, seconds), offsetof(first_report, seconds));
    assert_int_equal(offsetof(seqecho_report, top_k), sizeof(first_report));
}

static void *copy_of(const void *bytes, size_t n)
{
    void *const block = malloc(n);

    assert_non_null(block);
    memcpy(block, bytes, n);
    return block;
}

/* As a program of today does it. */
static float *train_now(first_report *out, size_t *n)
{
    seqecho_graph *const graph = models_whole(size);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_trainer *trainer;
    float *weights;

    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .metrics = SEQECHO_METRIC_ACCURACY,
                                               .learning_rate = 0.01F, .threads = 1)),
        0);
    assert_int_equal(
        seqecho_trainer_fit(trainer, seqecho_dataset_x(data), seqecho_dataset_y(data),
                            SEQECHO_FIT(.batch_size = 4, .epochs = 3), &report),
        0);
    *out = (first_report){ .samples = report.samples,
                           .batches = report.batches,
                           .loss = report.loss,
                           .accuracy = report.accuracy };
    weights = models_weights(graph, n);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return weights;
}

static void check_report(const first_report *got, const first_report *want)
{
    assert_int_equal(got->struct_size, sizeof *got);
    assert_int_equal(got->samples, want->samples);
    assert_int_equal(got->batches, want->batches);
    assert_close_double(got->loss, want->loss, 0, 0);
    assert_close_double(got->accuracy, want->accuracy, 0, 0);
    assert_true(got->seconds >= 0.0);
}

static int count_events(void *user, const seqecho_event *event)
{
    (void)event;
    ++*(int *)user;
    return 0;
}

static void first_programs_train_as_ever(void **state)
{
    seqecho_graph *const graph = models_whole(size);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    const seqecho_view *const x = seqecho_dataset_x(data), *const y =
                                                               seqecho_dataset_y(data);
    int events = 0;
    first_trainer *const how =
        copy_of(&(first_trainer){ .struct_size = sizeof *how,
                                  .loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                  .metrics = SEQECHO_METRIC_ACCURACY,
                                  .learning_rate = 0.01F,
                                  .threads = 1 },
                sizeof *how);
    first_fit *const fit = copy_of(&(first_fit){ .struct_size = sizeof *fit,
                                                 .batch_size = 4,
                                                 .epochs = 3,
                                                 .on_event = count_events,
                                                 .user = &events },
                                   sizeof *fit);
    first_report *const report =
        copy_of(&(first_report){ .struct_size = sizeof *report }, sizeof *report);
    seqecho_report *const as_now = (seqecho_report *)(void *)report;
    float *got, *want;
    seqecho_trainer *trainer;
    first_report now;
    size_t n;

    (void)state;
    want = train_now(&now, &n);
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph, (seqecho_trainer_options *)(void *)how), 0);
    assert_int_equal(
        seqecho_trainer_fit(trainer, x, y, (seqecho_fit_options *)(void *)fit, as_now), 0);
    check_report(report, &now);
    assert_int_equal(events, 3 * (1 + 6 + 1) + 1);
    got = models_weights(graph, &n);
    assert_same_bits(got, want, n);
    /* All that fills a report. */
    assert_int_equal(
        seqecho_trainer_evaluate(trainer, x, y, (seqecho_fit_options *)(void *)fit, as_now),
        0);
    assert_int_equal(report->batches, 6);
    assert_int_equal(seqecho_trainer_train_on_batch(trainer, x, y, as_now), 0);
    assert_int_equal(report->batches, 1);
    assert_int_equal(seqecho_trainer_compute_gradients(trainer, x, y, NULL, 0, as_now), 0);
    assert_int_equal(report->struct_size, sizeof *report);
    free(how);
    free(fit);
    free(report);
    free(got);
    free(want);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_stay_in_place),
        cmocka_unit_test(first_programs_train_as_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
