/* test_threads.c - handles in threads of the program, and in a forked child.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "close.h"
#include "models.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SANITIZED_THREADS
#endif
#endif

/* Large enough for the trainer to use its threads. */
static const models_size size = { .classes = 12, .units = 100 };

/* What came of a training: the weights, the loss. */
typedef struct result {
    uint64_t weights;
    double loss;
    int err;
} result;

/* For threads and children: notes, never asserts. */
static uint64_t hash_weights(seqecho_graph *graph)
{
    enum { LARGEST = 100 * 400 };
    float *const values = malloc(LARGEST * sizeof *values);
    uint64_t hash = 1;

    for (size_t i = 0; i < seqecho_graph_weight_count(graph) && hash != 0; i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t n = 0;

        if (values != NULL && seqecho_graph_weight_shape(graph, name, &shape) == 0)
            n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        if (n == 0 || n > LARGEST || seqecho_graph_weight_get(graph, name, values, n) < 0)
            hash = 0;
        else
            hash = hash * 31 + models_hash(values, n * sizeof *values);
    }
    free(values);
    return hash;
}

static void train_some(seqecho_trainer *trainer, seqecho_dataset *data, result *r)
{
    seqecho_report report = SEQECHO_REPORT_INIT;

    r->err = seqecho_trainer_fit_dataset(
        trainer, data, SEQECHO_FIT(.epochs = 4, .batch_size = 7), &report);
    r->loss = report.loss;
}

typedef struct job {
    int64_t units;
    int32_t threads;
    result r;
} job;

/* A whole life, graph and all. */
static void *live(void *arg)
{
    job *const j = arg;
    seqecho_graph *graph = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_dataset *data = NULL;

    j->r.err = seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = (uint64_t)j->units));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 12 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = j->units, .return_sequences = true));
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = 12, .activation = SEQECHO_SOFTMAX)));
    if (j->r.err == 0)
        j->r.err =
            seqecho_trainer_create(&trainer, graph,
                                   SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                   .threads = j->threads));
    if (j->r.err == 0)
        j->r.err = seqecho_dataset_create(&data, SEQECHO_DATASET(.n_unique = 12));
    if (j->r.err == 0)
        train_some(trainer, data, &j->r);
    if (j->r.err == 0)
        j->r.weights = hash_weights(graph);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return NULL;
}

static void trainers_in_four_threads(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        pthread_t threads[4];
        job alone[4], together[4];

        for (int i = 0; i < 4; i++) {
            alone[i] = (job){ .units = 90 + i, .threads = 1 };
            together[i] = (job){ .units = 90 + i, .threads = 1 + (i + round) % 3 };
            (void)live(&alone[i]);
            assert_int_equal(alone[i].r.err, 0);
            assert_true(alone[i].r.weights != 0);
        }
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, live, &together[i]), 0);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(together[i].r.err, 0);
            assert_true(together[i].r.weights == alone[i].r.weights);
            assert_memory_equal(&together[i].r.loss, &alone[i].r.loss,
                                sizeof alone[i].r.loss);
        }
    }
}

/* Messages belong to the thread that met the error. */
static void *fail_in_thread(void *arg)
{
    char *const text = arg;
    seqecho_graph *graph;

    if (seqecho_error_message()[0] != '\0')
        return NULL;
    (void)!seqecho_graph_create(&graph, &(const seqecho_graph_options){ .struct_size = 1 });
    strncat(text, seqecho_error_message(), 63);
    return text;
}

static void messages_belong_to_threads(void **state)
{
    char text[64] = "", mine[320];
    pthread_t thread;
    void *answer;

    (void)state;
    (void)!seqecho_graph_status(NULL);
    strcpy(mine, seqecho_error_message());
    assert_int_equal(pthread_create(&thread, NULL, fail_in_thread, text), 0);
    assert_int_equal(pthread_join(thread, &answer), 0);
    assert_ptr_equal(answer, text);
    assert_non_null(strstr(text, "graph options: struct_size is 1"));
    assert_string_equal(seqecho_error_message(), mine);
}

/* ---- fork --------------------------------------------------------------------------- */

/* What parent and child begin with, threads and all. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_dataset *data;
} setup;

static setup set_up(void)
{
    setup s = { .graph = models_whole(size) };

    s.trainer = models_trainer(s.graph, 2);
    s.data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    assert_int_equal(
        seqecho_predictor_create(&s.predictor, s.graph, SEQECHO_PREDICTOR(.threads = 2)),
        0);
    models_train(s.trainer, s.data, 2);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_predictor_destroy(s->predictor);
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

/* Go on with what there is; hash of the weights and of a prediction. */
static uint64_t go_on(setup *s)
{
    static float out[21 * 5 * 12];
    result r;

    train_some(s->trainer, s->data, &r);
    if (r.err < 0 || seqecho_predictor_run(s->predictor, seqecho_dataset_x(s->data), out,
                                           21 * 5 * 12) < 0)
        return 0;
    return hash_weights(s->graph) ^ models_hash(out, sizeof out);
}

/* In the child: the handles go on working, can be destroyed, and new ones be made. */
static void child_main(setup *s, int to)
{
    uint64_t answer[3] = { 0, 0, 0 };
    job j = { .units = 91, .threads = 2 };

    (void)alarm(20);
    answer[0] = go_on(s);
    tear_down(s);
    (void)live(&j);
    answer[1] = j.r.weights;
    answer[2] = j.r.err == 0;
    (void)!write(to, answer, sizeof answer);
    _exit(0);
}

#ifndef SANITIZED_THREADS
static void a_child_goes_on(void **state)
{
    uint64_t answer[3] = { 0, 0, 0 }, mine;
    setup s = set_up();
    job j = { .units = 91, .threads = 2 };
    int ends[2], status = 0;
    pid_t child;

    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it gives up on threads started in a child */
#endif
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        child_main(&s, ends[1]);
    mine = go_on(&s);
    (void)live(&j);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], answer, sizeof answer), sizeof answer);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(mine != 0);
    assert_true(answer[0] == mine);
    assert_int_equal(j.r.err, 0);
    assert_true(answer[1] == j.r.weights);
    assert_int_equal(answer[2], 1);
    assert_true(go_on(&s) != 0);
    tear_down(&s);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainers_in_four_threads),
        cmocka_unit_test(messages_belong_to_threads),
#ifndef SANITIZED_THREADS /* it does not let a forked child start threads */
        cmocka_unit_test(a_child_goes_on),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
