/* fuzz_model.c - any bytes as a model: refused, or a graph that can be used and saved.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.h>

#include "file_mutator.h"
#include "fuzz.h"
#include "graph/graph.h"
#include "json_alloc.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    return file_mutator_run(data, size, max, seed);
}

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

static bytes save(seqecho_graph *graph)
{
    bytes b = { NULL, 0 };
    int err = seqecho_graph_save_memory(graph, NULL, 0, &b.size);

    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
    b.data = malloc(b.size);
    FUZZ_CHECK(b.data != NULL, "%zu bytes", b.size);
    err = seqecho_graph_save_memory(graph, b.data, b.size, &b.size);
    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
    return b;
}

/* What is saved is the same graph. */
static void save_and_load(seqecho_graph *graph, const seqecho_allocator *hook)
{
    const bytes first = save(graph);
    seqecho_graph *again = NULL;
    const int err = seqecho_graph_load_memory(&again, first.data, first.size, hook);
    bytes second;

    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
    second = save(again);
    FUZZ_CHECK(first.size == second.size &&
                   memcmp(first.data, second.data, first.size) == 0,
               "%zu and %zu bytes", first.size, second.size);
    seqecho_graph_destroy(again);
    free(first.data);
    free(second.data);
}

/* One batch of samples that are all 0, where there is memory for it: a file may ask for as
 * long a sequence as it likes. */
static void predict(seqecho_graph *graph)
{
    bounded_alloc memory = { .limit = (size_t)1 << 19 };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    const int64_t batch = graph->batch > 0 ? graph->batch : 1;
    seqecho_predictor *predictor = NULL;
    seqecho_view x[2 * SE_MAX_ENDS];
    void *zeros = calloc(1, (size_t)1 << 20);
    size_t n = 0, out = 0;
    bool fits = batch < 256;

    for (size_t i = 0; fits && i < graph->n_inputs; i++) {
        const se_shape *const s = &graph->inputs[i]->shape;

        fits = se_shape_fits(s, batch) && batch * se_shape_size(s) < 1 << 16;
        x[n] = (seqecho_view){ .data = zeros, .dim = { batch }, .rank = s->rank + 1 };
        for (int32_t d = 0; d < s->rank; d++)
            x[n].dim[d + 1] = s->dim[d];
        n++;
        if (graph->lengths[i])
            x[n++] = (seqecho_view){
                .data = zeros, .dim = { batch }, .rank = 1, .dtype = SEQECHO_INT32
            };
    }
    for (size_t i = 0; fits && i < graph->n_outputs; i++) {
        const se_shape *const s = &graph->outputs[i]->shape;

        fits = se_shape_fits(s, batch) && batch * se_shape_size(s) < 1 << 13;
        out += fits ? (size_t)(batch * se_shape_size(s)) : 0;
    }
    if (fits && seqecho_predictor_create(
                    &predictor, graph,
                    SEQECHO_PREDICTOR(.threads = 1, .allocator = &hook)) == SEQECHO_OK) {
        float *const y = malloc(out * sizeof *y);
        const int err = seqecho_predictor_run(predictor, x, y, out);

        FUZZ_CHECK(err == SEQECHO_OK || err == SEQECHO_ENOMEM || err == SEQECHO_ENUMERIC,
                   "%s", seqecho_error_message());
        free(y);
    }
    seqecho_predictor_destroy(predictor);
    free(zeros);
    FUZZ_CHECK(memory.live == 0, "%zu bytes", memory.live);
}

static void check_refused(int err, const seqecho_graph *graph)
{
    FUZZ_CHECK(graph == NULL, "%d", err);
    FUZZ_CHECK(err == SEQECHO_EFORMAT || err == SEQECHO_ENOTSUP || err == SEQECHO_ESHAPE ||
                   err == SEQECHO_ENOMEM,
               "%s: %s", seqecho_error_name(err), seqecho_error_message());
    FUZZ_CHECK(seqecho_error_message()[0] != '\0', "%d", err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t hash = json_alloc_hash(data, size);
    bounded_alloc memory = { .limit = SIZE_MAX / 2, .seed = hash };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    seqecho_graph *graph = NULL;
    int err;

    json_alloc_count(&memory);
    err = seqecho_graph_load_memory(&graph, data, size, &hook);
    FUZZ_CHECK(memory.peak <= json_alloc_limit(data, size), "%zu bytes for a file of %zu",
               memory.peak, size);
    FUZZ_CHECK(memory.failed == 0, "%zu bytes", memory.peak);
    if (err == SEQECHO_OK) {
        save_and_load(graph, &hook);
        predict(graph);
    } else {
        check_refused(err, graph);
    }
    seqecho_graph_destroy(graph);
    if (hash % 4 == 0) {
        memory.fails = true;
        if (seqecho_graph_load_memory(&graph, data, size, &hook) == SEQECHO_OK)
            seqecho_graph_destroy(graph);
    }
    FUZZ_CHECK(memory.live == 0, "%zu bytes", memory.live);
    return 0;
}
