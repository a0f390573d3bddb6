/* test_round_trip.c - what is saved and loaded again is the same, whatever it was.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <stdbool.h>
#include <stdio.h>

#include "../api/models.h"
#include "../api/random_graph.h"

#define GRAPHS 400
#define TRAINED 150

static float *predict(const random_graph *g, seqecho_graph *graph, bool classes, size_t *n)
{
    seqecho_view x[2 * RANDOM_ENDS];
    seqecho_predictor *predictor = NULL;
    float *out;

    *n = RANDOM_SAMPLES * random_graph_out(g);
    out = malloc(*n * sizeof *out);
    assert_non_null(out);
    random_graph_views(g, 0, RANDOM_SAMPLES, classes, x);
    file_must(seqecho_predictor_create(&predictor, graph, NULL));
    file_must(seqecho_predictor_run(predictor, x, out, *n));
    seqecho_predictor_destroy(predictor);
    return out;
}

/* Saved again it is the same file, and it predicts the same bits, from class numbers too
 * where there are any. */
static void random_graphs(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) {
        random_graph *const g =
            random_graph_make(seed, seed % 3 == 1 ? RANDOM_STEPS : RANDOM_ANY);
        file_bytes before, after;
        seqecho_graph *loaded = NULL;
        float *a, *b;
        size_t n;

        file_must(seqecho_graph_status(g->graph));
        before = file_of_graph(g->graph);
        file_must(seqecho_graph_load_memory(&loaded, before.data, before.size, NULL));
        after = file_of_graph(loaded);
        file_assert_same(before, after);
        a = predict(g, g->graph, seed % 2 == 0, &n);
        b = predict(g, loaded, seed % 2 == 0, &n);
        assert_memory_equal(a, b, n * sizeof *a);
        seqecho_graph_destroy(loaded);
        random_graph_free(g);
        free(a);
        free(b);
        free(before.data);
        free(after.data);
    }
    print_message("%d graphs\n", GRAPHS);
}

/* ---- Training ----------------------------------------------------------------------- */

/* Three epochs with whatever dropout there is: the weights then. */
static file_bytes train(const random_graph *g, seqecho_graph *graph)
{
    const int64_t batch = g->batch > 0 ? g->batch : 4;
    const int64_t count = RANDOM_SAMPLES / batch * batch;
    float *const values = calloc((size_t)count * random_graph_out(g), sizeof *values);
    seqecho_view x[2 * RANDOM_ENDS], y[RANDOM_ENDS];
    float *at = values;
    seqecho_trainer *trainer = NULL;
    file_bytes after;
    int err;

    assert_non_null(values);
    random_graph_views(g, 0, count, false, x);
    for (size_t i = 0; i < g->n_outputs; i++) {
        int64_t size = count;

        y[i] = g->output[i];
        y[i].dim[0] = count;
        y[i].data = at;
        for (int32_t d = 1; d < y[i].rank; d++)
            size *= y[i].dim[d];
        models_fill(at, (size_t)size, (uint32_t)(i + 1));
        at += size;
    }
    file_must(seqecho_trainer_create(&trainer, graph,
                                     SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                                     .optimizer = SEQECHO_ADAM, .seed = 5,
                                                     .threads = 1)));
    err = seqecho_trainer_fit(trainer, x, y, SEQECHO_FIT(.epochs = 3, .batch_size = batch),
                              NULL);
    assert_true(err == SEQECHO_OK || err == SEQECHO_ENUMERIC);
    seqecho_trainer_destroy(trainer);
    after = file_of_graph(graph);
    free(values);
    return after;
}

/* Trained after it was loaded, a graph becomes what it becomes otherwise: what is frozen
 * and what is regularised are in the file too. */
static void trained_after_loading(void **state)
{
    int changed = 0;

    (void)state;
    for (uint64_t seed = 0; seed < TRAINED; seed++) {
        random_graph *const g = random_graph_make(seed, RANDOM_ANY);
        const char *const weight = seqecho_graph_weight_name(g->graph, 0);
        seqecho_graph *loaded = NULL;
        file_bytes before, after, again;

        if (weight != NULL && seed % 3 == 0)
            file_must(seqecho_graph_set_regularizer(g->graph, weight, 0.01F, 0.1F));
        if (weight != NULL && seed % 3 == 1) {
            char layer[256];

            (void)snprintf(layer, sizeof layer, "%.*s", (int)strcspn(weight, "/"), weight);
            file_must(seqecho_graph_set_trainable(g->graph, layer, false));
        }
        before = file_of_graph(g->graph);
        file_must(seqecho_graph_load_memory(&loaded, before.data, before.size, NULL));
        after = train(g, g->graph);
        again = train(g, loaded);
        file_assert_same(after, again);
        changed += memcmp(before.data, after.data, after.size) != 0;
        seqecho_graph_destroy(loaded);
        random_graph_free(g);
        free(before.data);
        free(after.data);
        free(again.data);
    }
    assert_true(changed > TRAINED / 2);
    print_message("%d graphs, %d of which learned\n", TRAINED, changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs),
        cmocka_unit_test(trained_after_loading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
