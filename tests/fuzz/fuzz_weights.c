/* fuzz_weights.c - any bytes as weights for a graph: taken, or the graph is as it was.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include <seqecho/seqecho.h>

#include "file_mutator.h"
#include "fuzz.h"
#include "json_alloc.h"

#define PARAMETERS 64

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    return file_mutator_run(data, size, max, seed);
}

static seqecho_graph *make_graph(const seqecho_allocator *hook)
{
    seqecho_graph *graph = NULL;
    int err = seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 1, .allocator = hook));

    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3, 2 }));
    seqecho_graph_add(graph, SEQECHO_SIMPLE_RNN(.units = 2, .name = "rnn"));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .name = "dense"));
    err = seqecho_graph_status(graph);
    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
    return graph;
}

/* All weights, one after the other: how many there are. */
static size_t read_weights(seqecho_graph *graph, float values[PARAMETERS])
{
    size_t n = 0;

    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t count = 1;
        int err = seqecho_graph_weight_shape(graph, name, &shape);

        FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
        for (int32_t d = 0; d < shape.rank; d++)
            count *= (size_t)shape.dim[d];
        FUZZ_CHECK(n + count <= PARAMETERS, "%zu", n + count);
        err = seqecho_graph_weight_get(graph, name, values + n, count);
        FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
        n += count;
    }
    return n;
}

static void check(seqecho_graph *graph, int err, size_t loaded, bool some,
                  const float *before)
{
    float after[PARAMETERS];
    const size_t n = read_weights(graph, after);

    if (err == SEQECHO_OK) {
        FUZZ_CHECK(some || loaded == seqecho_graph_weight_count(graph), "%zu", loaded);
        for (size_t i = 0; i < n; i++)
            FUZZ_CHECK(isfinite(after[i]), "value %zu", i);
        return;
    }
    FUZZ_CHECK(err == SEQECHO_EFORMAT || err == SEQECHO_ENOTSUP || err == SEQECHO_ESHAPE ||
                   err == SEQECHO_ENOTFOUND || err == SEQECHO_ENOMEM,
               "%s: %s", seqecho_error_name(err), seqecho_error_message());
    FUZZ_CHECK(!some || (err != SEQECHO_ENOTFOUND && err != SEQECHO_ESHAPE), "%d", err);
    FUZZ_CHECK(loaded == 12345 && memcmp(before, after, n * sizeof *after) == 0,
               "%zu loaded", loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t hash = json_alloc_hash(data, size);
    const bool some = hash % 3 == 0;
    const seqecho_weights_options *const options =
        SEQECHO_WEIGHTS(.prefix = hash % 5 == 0 ? "model." : NULL, .allow_missing = some);
    bounded_alloc memory = { .limit = SIZE_MAX / 2, .seed = hash };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    seqecho_graph *graph;
    float before[PARAMETERS];
    size_t loaded = 12345, own;
    int err;

    json_alloc_count(&memory);
    graph = make_graph(&hook);
    read_weights(graph, before);
    memory.peak = own = memory.live;
    err = seqecho_graph_load_weights_memory(graph, data, size, options, &loaded);
    FUZZ_CHECK(memory.peak - own <= json_alloc_limit(data, size), "%zu bytes", memory.peak);
    FUZZ_CHECK(memory.failed == 0, "%zu bytes", memory.peak);
    check(graph, err, loaded, some, before);
    if (hash % 4 == 0) {
        memory.fails = true;
        loaded = 12345;
        read_weights(graph, before);
        err = seqecho_graph_load_weights_memory(graph, data, size, options, &loaded);
        check(graph, err, loaded, some, before);
    }
    seqecho_graph_destroy(graph);
    FUZZ_CHECK(memory.live == 0, "%zu bytes", memory.live);
    return 0;
}
