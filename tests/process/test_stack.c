/* test_stack.c - everything on the stack of a small thread.
 * SPDX-License-Identifier: MIT
 *
 * 128 KiB is the least with which a thread can be made once OpenBLAS is loaded: it keeps 60
 * of them for itself. */
#include <pthread.h>
#include <stdlib.h>

#include "../api/random_graph.h"
#include "../files/files.h"

enum { STACK = 128 * 1024, GRAPHS = 60 };

typedef struct job {
    uint64_t seed;
    int err;
} job;

/* Train, save and load a random network, on this thread alone. */
static void *work(void *arg)
{
    job *const j = arg;
    random_graph *const g = random_graph_make(j->seed, RANDOM_ANY);
    const size_t n = RANDOM_SAMPLES * random_graph_out(g);
    float *const out = malloc(n * sizeof *out);
    unsigned char *bytes = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_view x[2 * RANDOM_ENDS];
    size_t length = 0;

    random_graph_views(g, 0, RANDOM_SAMPLES, false, x);
    j->err = out == NULL;
    if (j->err == 0)
        j->err = seqecho_trainer_create(&trainer, g->graph, NULL);
    if (j->err == 0)
        j->err = seqecho_trainer_predict(trainer, x, out, n);
    if (j->err == 0)
        j->err = seqecho_trainer_save_memory(trainer, NULL, 0, &length);
    if (j->err == 0 && (bytes = malloc(length)) == NULL)
        j->err = 1;
    if (j->err == 0)
        j->err = seqecho_trainer_save_memory(trainer, bytes, length, &length);
    if (j->err == 0)
        j->err = seqecho_trainer_restore_memory(trainer, bytes, length);
    seqecho_trainer_destroy(trainer);
    random_graph_free(g);
    free(bytes);
    free(out);
    return NULL;
}

/* A fit with everything in it. */
static void *fit(void *arg)
{
    job *const j = arg;
    seqecho_dataset *data = NULL, *held_out = NULL;
    seqecho_graph *graph = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_callback *stop = NULL;

    j->err = seqecho_dataset_create(&data, NULL);
    if (j->err == 0)
        j->err = seqecho_dataset_create(&held_out, SEQECHO_DATASET(.held_out = true));
    if (j->err == 0)
        j->err = seqecho_graph_create(&graph, NULL);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 7, .dim = { 5, 100 }));
    seqecho_graph_add(
        graph, SEQECHO_LSTM(.units = 20, .return_sequences = true, .stateful = true));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = 100, .activation = SEQECHO_SOFTMAX)));
    if (j->err == 0)
        j->err = seqecho_trainer_create(
            &trainer, graph,
            SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .threads = 2));
    if (j->err == 0)
        j->err = seqecho_early_stopping_create(
            &stop, SEQECHO_EARLY_STOPPING(.patience = 3, .restore_best_weights = true));
    if (j->err == 0)
        j->err = seqecho_trainer_fit_dataset(trainer, data,
                                             SEQECHO_FIT(.epochs = 3, .callbacks = &stop,
                                                         .n_callbacks = 1,
                                                         .validation_dataset = held_out),
                                             NULL);
    seqecho_callback_destroy(stop);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    seqecho_dataset_destroy(held_out);
    return NULL;
}

static void run(void *(*fn)(void *), job *j)
{
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, fn, j), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_int_equal(j->err, 0);
}

static void small_stacks(void **state)
{
    job j = { 0, 0 };

    (void)state;
    for (j.seed = 0; j.seed < GRAPHS; j.seed++)
        run(work, &j);
    run(fit, &j);
    print_message("%d networks and a fit on %d KiB\n", GRAPHS, STACK / 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_stacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
