/* test_resume.c - a training that is stopped anywhere and goes on from a file is, bit for
 * bit, the one that was not stopped.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <stdbool.h>
#include <stdio.h>

enum { EPOCHS = 4, BATCHES = 3 };

/* One training: a small seq2seq network with everything that goes on by itself. */
typedef struct training {
    seqecho_graph *graph;
    seqecho_dataset *data, *held_out;
    seqecho_trainer *trainer;
    seqecho_callback *callback[2];
    int stop_at;      /* event at which it is saved and stopped; -1 for never */
    int events;       /* so far */
    file_bytes saved; /* then */
} training;

static training training_open(void)
{
    training t = { .stop_at = -1 };

    file_must(seqecho_dataset_create(&t.data, SEQECHO_DATASET(.n_unique = 6, .seed = 3)));
    file_must(seqecho_dataset_create(
        &t.held_out, SEQECHO_DATASET(.n_unique = 6, .seed = 3, .held_out = true)));
    file_must(seqecho_graph_create(&t.graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(t.graph, SEQECHO_INPUT(.batch = 7, .dim = { 5, 6 }));
    seqecho_graph_add(t.graph, SEQECHO_LSTM(.units = 5, .return_sequences = true,
                                            .stateful = true, .dropout = 0.2f));
    seqecho_graph_add(
        t.graph,
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 6, .activation = SEQECHO_SOFTMAX)));
    file_must(seqecho_trainer_create(
        &t.trainer, t.graph,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .seed = 9,
                        .metrics = SEQECHO_METRIC_ACCURACY)));
    file_must(seqecho_early_stopping_create(
        &t.callback[0],
        SEQECHO_EARLY_STOPPING(.patience = 50, .restore_best_weights = true)));
    file_must(seqecho_reduce_lr_create(&t.callback[1],
                                       SEQECHO_REDUCE_LR(.patience = 1, .min_delta = 0.5)));
    return t;
}

static void training_close(training *t)
{
    seqecho_callback_destroy(t->callback[0]);
    seqecho_callback_destroy(t->callback[1]);
    seqecho_trainer_destroy(t->trainer);
    seqecho_graph_destroy(t->graph);
    seqecho_dataset_destroy(t->data);
    seqecho_dataset_destroy(t->held_out);
    free(t->saved.data);
}

static int on_event(void *user, const seqecho_event *event)
{
    training *const t = user;

    if (t->events++ != t->stop_at)
        return 0;
    t->saved = file_of_trainer(event->trainer);
    return 1;
}

static void training_fit(training *t)
{
    file_must(seqecho_trainer_fit_dataset(
        t->trainer, t->data,
        SEQECHO_FIT(.epochs = EPOCHS, .resume = true, .on_event = on_event, .user = t,
                    .callbacks = t->callback, .n_callbacks = 2,
                    .validation_dataset = t->held_out),
        NULL));
}

/* Put zeros where the time that it took is: nothing else may differ. */
static file_bytes without_seconds(seqecho_trainer *trainer)
{
    static const char name[] = "\"trainer/history/seconds\":{";
    const file_bytes f = file_of_trainer(trainer);
    size_t header = 0;
    unsigned long begin, end;
    char *entry;

    for (int i = 7; i >= 0; i--)
        header = header << 8 | f.data[i];
    memset(strstr((char *)f.data + 8, "xxh3-64:") + 8, '0', 16);
    entry = strstr((char *)f.data + 8, name);
    assert_non_null(entry);
    entry = strstr(entry, "\"data_offsets\":[");
    assert_int_equal(sscanf(entry, "\"data_offsets\":[%lu,%lu]", &begin, &end), 2);
    memset(f.data + 8 + header + begin, 0, end - begin);
    return f;
}

/* Every event of a fit, the last after its end, is a place to stop. */
static void every_event(void **state)
{
    training whole = training_open();
    file_bytes want;
    int stops = 0;

    (void)state;
    training_fit(&whole);
    want = without_seconds(whole.trainer);
    assert_int_equal(whole.events, EPOCHS * (BATCHES + 2) + 1);
    for (int i = 0; i < whole.events; i++, stops++) {
        training first = training_open(), second = training_open();
        file_bytes got;

        first.stop_at = i;
        training_fit(&first);
        file_must(seqecho_trainer_restore_memory(second.trainer, first.saved.data,
                                                 first.saved.size));
        training_fit(&second);
        got = without_seconds(second.trainer);
        file_assert_same(got, want);
        assert_int_equal(seqecho_dataset_position(second.data),
                         seqecho_dataset_position(whole.data));
        training_close(&first);
        training_close(&second);
        free(got.data);
    }
    print_message("%d of %d stops\n", stops, whole.events);
    training_close(&whole);
    free(want.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
