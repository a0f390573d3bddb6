/* test_lifetime.c - handles are destroyed in any order, and references counted.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"

enum { GRAPH, TRAINER, PREDICTOR, DATASET, HANDLES };

static const models_size size = { .classes = 6, .units = 3 };

typedef struct handles {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_dataset *data;
    float x_data[5 * 6];
    seqecho_view x;
} handles;

static void create(handles *h, const seqecho_allocator *hook)
{
    models_size with_hook = size;

    with_hook.allocator = hook;
    h->graph = models_whole(with_hook);
    assert_int_equal(
        seqecho_trainer_create(&h->trainer, h->graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .threads = 2, .allocator = hook)),
        0);
    assert_int_equal(
        seqecho_predictor_create(&h->predictor, h->graph,
                                 SEQECHO_PREDICTOR(.threads = 2, .allocator = hook)),
        0);
    assert_int_equal(
        seqecho_dataset_create(&h->data, SEQECHO_DATASET(.n_unique = 6, .allocator = hook)),
        0);
    models_fill(h->x_data, 30, 1);
    h->x = (seqecho_view){ h->x_data, { 1, 5, 6 }, 3, SEQECHO_FLOAT32 };
}

/* Use all that is left. */
static void use(handles *h)
{
    float out[30], value[6];

    if (h->graph != NULL)
        assert_int_equal(
            seqecho_graph_weight_get(h->graph, "time_distributed/bias", value, 6), 0);
    if (h->trainer != NULL && h->data != NULL)
        models_train(h->trainer, h->data, 1);
    if (h->trainer != NULL)
        assert_int_equal(seqecho_trainer_predict(h->trainer, &h->x, out, 30), 0);
    if (h->predictor != NULL) {
        assert_int_equal(seqecho_predictor_run(h->predictor, &h->x, out, 30), 0);
        assert_int_equal(seqecho_predictor_step(h->predictor, h->x_data, out), 0);
    }
    if (h->data != NULL)
        seqecho_dataset_next(h->data);
}

static void destroy(handles *h, int which)
{
    if (which == GRAPH) {
        seqecho_graph_destroy(h->graph);
        h->graph = NULL;
    } else if (which == TRAINER) {
        seqecho_trainer_destroy(h->trainer);
        h->trainer = NULL;
    } else if (which == PREDICTOR) {
        seqecho_predictor_destroy(h->predictor);
        h->predictor = NULL;
    } else {
        seqecho_dataset_destroy(h->data);
        h->data = NULL;
    }
}

static void every_order(void **state)
{
    (void)state;
    for (int order = 0; order < 24; order++) {
        counting_alloc blocks = { 0 };
        const seqecho_allocator hook = counting_alloc_hook(&blocks);
        int left[HANDLES] = { GRAPH, TRAINER, PREDICTOR, DATASET }, code = order;
        handles h;

        create(&h, &hook);
        for (int n = HANDLES; n > 0; n--) {
            const int pick = code % n;

            code /= n;
            use(&h);
            destroy(&h, left[pick]);
            for (int i = pick; i + 1 < n; i++)
                left[i] = left[i + 1];
        }
        assert_int_equal(blocks.live, 0);
    }
}

/* With hooks of their own, each handle gives back what it took, not another's. */
static void hooks_of_their_own(void **state)
{
    counting_alloc blocks[4] = { { 0 } };
    seqecho_allocator hooks[4];
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_dataset *data;
    models_size with_hook = size;

    (void)state;
    for (int i = 0; i < 4; i++)
        hooks[i] = counting_alloc_hook(&blocks[i]);
    with_hook.allocator = &hooks[0];
    graph = models_whole(with_hook);
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = 1, .allocator = &hooks[1])),
        0);
    assert_int_equal(seqecho_predictor_create(&predictor, graph,
                                              SEQECHO_PREDICTOR(.allocator = &hooks[2])),
                     0);
    assert_int_equal(seqecho_dataset_create(
                         &data, SEQECHO_DATASET(.n_unique = 6, .allocator = &hooks[3])),
                     0);
    memset(hooks, 0, sizeof hooks); /* they were copied */
    models_train(trainer, data, 1);
    for (int i = 0; i < 4; i++)
        assert_true(blocks[i].live > 0);
    seqecho_graph_destroy(graph);
    assert_true(blocks[0].live > 0);
    seqecho_trainer_destroy(trainer);
    assert_int_equal(blocks[1].live, 0);
    assert_true(blocks[0].live > 0);
    seqecho_predictor_destroy(predictor);
    assert_int_equal(blocks[2].live, 0);
    assert_int_equal(blocks[0].live, 0);
    seqecho_dataset_destroy(data);
    assert_int_equal(blocks[3].live, 0);
}

static void references(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    models_size with_hook = size;
    seqecho_graph *graph;
    float value[6];

    (void)state;
    with_hook.allocator = &hook;
    graph = models_whole(with_hook);
    assert_null(seqecho_graph_ref(NULL));
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(seqecho_graph_ref(graph), graph);
    for (int i = 0; i < 5; i++) {
        seqecho_graph_destroy(graph);
        assert_true(blocks.live > 0);
        assert_int_equal(seqecho_graph_weight_get(graph, "time_distributed/bias", value, 6),
                         0);
    }
    seqecho_graph_destroy(graph);
    assert_int_equal(blocks.live, 0);
}

static void *take_and_drop(void *arg)
{
    for (int i = 0; i < 20000; i++)
        seqecho_graph_destroy(seqecho_graph_ref(arg));
    seqecho_graph_destroy(arg);
    return NULL;
}

/* The last reference is dropped by whichever thread comes last. */
static void references_in_threads(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    models_size with_hook = size;
    pthread_t threads[4];
    seqecho_graph *graph;

    (void)state;
    with_hook.allocator = &hook;
    graph = models_whole(with_hook);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, take_and_drop, seqecho_graph_ref(graph)), 0);
    seqecho_graph_destroy(graph);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(blocks.live, 0);
}

static void nothing_is_destroyed(void **state)
{
    (void)state;
    seqecho_graph_destroy(NULL);
    seqecho_trainer_destroy(NULL);
    seqecho_predictor_destroy(NULL);
    seqecho_dataset_destroy(NULL);
}

/* Graphs that were never finished, or failed. */
static void half_built(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    seqecho_graph *graph;

    (void)state;
    for (int stage = 0; stage < 4; stage++) {
        assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.allocator = &hook)),
                         0);
        if (stage > 0)
            seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
        if (stage > 1)
            seqecho_layer_create(graph, SEQECHO_DENSE(.units = 1));
        if (stage > 2)
            seqecho_graph_add(graph, SEQECHO_DENSE(.units = 0));
        seqecho_graph_destroy(graph);
        assert_int_equal(blocks.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order),          cmocka_unit_test(hooks_of_their_own),
        cmocka_unit_test(references),           cmocka_unit_test(references_in_threads),
        cmocka_unit_test(nothing_is_destroyed), cmocka_unit_test(half_built),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
