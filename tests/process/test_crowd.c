/* test_crowd.c - many threads of a program: each with a network of its own, or one for all.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "../api/models.h"
#include "../files/files.h"

enum { TRAINERS = 8, READERS = 16, PREDICTIONS = 10000 };

/* ---- Each its own ------------------------------------------------------------------- */

typedef struct life {
    pthread_t thread;
    uint64_t seed;
    int err;
    uint64_t hash; /* of the saved model */
} life;

/* For threads: notes, never asserts. */
static void *live(void *arg)
{
    life *const l = arg;
    const models_size size = { .classes = 10,
                               .units = 12 + (int64_t)l->seed % 3,
                               .seed = l->seed };
    seqecho_graph *const graph = models_whole(size), *loaded = NULL;
    seqecho_trainer *trainer = NULL;
    seqecho_dataset *data = NULL;
    static const seqecho_numerics numerics[] = { SEQECHO_NUMERICS_DEFAULT,
                                                 SEQECHO_NUMERICS_FAST };
    unsigned char bytes[32768];
    size_t length = 0;

    l->err =
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .numerics = numerics[l->seed % 2],
                                               .threads = 1 + (int)l->seed % 2));
    if (l->err == 0)
        l->err =
            seqecho_dataset_create(&data, SEQECHO_DATASET(.n_unique = 10, .seed = l->seed));
    if (l->err == 0)
        l->err = seqecho_trainer_fit_dataset(
            trainer, data, SEQECHO_FIT(.epochs = 20, .batch_size = 7), NULL);
    if (l->err == 0)
        l->err = seqecho_graph_save_memory(graph, bytes, sizeof bytes, &length);
    if (l->err == 0)
        l->err = seqecho_graph_load_memory(&loaded, bytes, length, NULL);
    l->hash = models_hash(bytes, length);
    seqecho_graph_destroy(loaded);
    seqecho_dataset_destroy(data);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    return NULL;
}

static void trainers_in_threads(void **state)
{
    life alone[TRAINERS] = { { .seed = 0 } }, together[TRAINERS];

    (void)state;
    for (int i = 0; i < TRAINERS; i++) {
        alone[i].seed = (uint64_t)i;
        together[i] = alone[i];
        (void)live(&alone[i]);
    }
    for (int i = 0; i < TRAINERS; i++)
        assert_int_equal(pthread_create(&together[i].thread, NULL, live, &together[i]), 0);
    for (int i = 0; i < TRAINERS; i++) {
        assert_int_equal(pthread_join(together[i].thread, NULL), 0);
        assert_int_equal(together[i].err, 0);
        assert_int_equal(alone[i].err, 0);
        assert_true(together[i].hash == alone[i].hash);
    }
    print_message("%d trainers in threads of their own\n", TRAINERS);
}

/* ---- All with one ------------------------------------------------------------------- */

enum { CLASSES = 10, STEPS = 5, OUT = STEPS * CLASSES };

typedef struct reader {
    pthread_t thread;
    seqecho_graph *graph;
    int err;
    long different;
} reader;

static float wanted[READERS][OUT];

static int predict(seqecho_predictor *p, int number, float *out)
{
    int32_t x[STEPS];

    for (int i = 0; i < STEPS; i++)
        x[i] = (number + 3 * i) % CLASSES;
    return seqecho_predictor_run(
        p, &(const seqecho_view){ x, { 1, STEPS }, 2, SEQECHO_INT32 }, out, OUT);
}

static void *look(void *arg)
{
    reader *const r = arg;
    seqecho_predictor *predictor = NULL;
    float out[OUT];

    r->err =
        seqecho_predictor_create(&predictor, r->graph, SEQECHO_PREDICTOR(.threads = 1));
    for (int i = 0; i < PREDICTIONS && r->err == 0; i++) {
        r->err = predict(predictor, i % READERS, out);
        r->different += memcmp(out, wanted[i % READERS], sizeof out) != 0;
    }
    seqecho_predictor_destroy(predictor);
    return NULL;
}

static void one_graph_for_all(void **state)
{
    seqecho_graph *const graph = models_whole((models_size){ .classes = CLASSES });
    reader readers[READERS] = { { .err = 0 } };
    seqecho_predictor *predictor;

    (void)state;
    file_must(seqecho_predictor_create(&predictor, graph, NULL));
    for (int i = 0; i < READERS; i++)
        file_must(predict(predictor, i, wanted[i]));
    seqecho_predictor_destroy(predictor);
    for (int i = 0; i < READERS; i++) {
        readers[i].graph = graph;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, look, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
        assert_int_equal(readers[i].err, 0);
        assert_int_equal(readers[i].different, 0);
    }
    seqecho_graph_destroy(graph);
    print_message("%d predictions of one graph on %d threads\n", READERS * PREDICTIONS,
                  READERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainers_in_threads),
        cmocka_unit_test(one_graph_for_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
