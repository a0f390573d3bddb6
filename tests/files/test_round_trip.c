/* test_round_trip.c - what is saved and loaded again is the same, whatever it was.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <stdbool.h>
#include <stdio.h>

#include "../api/random_graph.h"

#define GRAPHS 400

static float *predict(const random_graph *g, seqecho_graph *graph, size_t *n)
{
    seqecho_view x[2 * RANDOM_ENDS];
    seqecho_predictor *predictor = NULL;
    float *out;

    *n = RANDOM_SAMPLES * random_graph_out(g);
    out = malloc(*n * sizeof *out);
    assert_non_null(out);
    random_graph_views(g, 0, RANDOM_SAMPLES, false, x);
    file_must(seqecho_predictor_create(&predictor, graph, NULL));
    file_must(seqecho_predictor_run(predictor, x, out, *n));
    seqecho_predictor_destroy(predictor);
    return out;
}

/* Saved again it is the same file, and it predicts the same bits. */
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
        a = predict(g, g->graph, &n);
        b = predict(g, loaded, &n);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
