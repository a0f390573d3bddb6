/* models.c - graphs, data and snapshots that several tests use.
 * SPDX-License-Identifier: MIT */
#include "models.h"

#include <stdlib.h>

#include "close.h"

static int64_t or_else(int64_t value, int64_t usual)
{
    return value > 0 ? value : usual;
}

static seqecho_graph *begin(models_size size)
{
    seqecho_graph *graph;

    assert_int_equal(
        seqecho_graph_create(&graph,
                             SEQECHO_GRAPH(.seed = size.seed, .allocator = size.allocator)),
        0);
    seqecho_graph_add(
        graph, SEQECHO_INPUT(.batch = size.batch, .dim = { or_else(size.steps, 5),
                                                           or_else(size.classes, 100) }));
    return graph;
}

static seqecho_graph *end(seqecho_graph *graph, models_size size)
{
    seqecho_graph_add(
        graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = or_else(size.classes, 100),
                                                      .activation = SEQECHO_SOFTMAX)));
    if (seqecho_graph_status(graph) < 0)
        fail_msg("%s", seqecho_error_message());
    return graph;
}

seqecho_graph *models_whole(models_size size)
{
    seqecho_graph *const graph = begin(size);

    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = or_else(size.units, 20),
                                   .return_sequences = true, .stateful = size.batch > 0));
    return end(graph, size);
}

seqecho_graph *models_partial(models_size size)
{
    seqecho_graph *const graph = begin(size);

    seqecho_graph_add(
        graph, SEQECHO_LSTM(.units = or_else(size.units, 150), .stateful = size.batch > 0));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(2));
    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = or_else(size.units, 150),
                                   .return_sequences = true, .stateful = size.batch > 0));
    return end(graph, size);
}

seqecho_graph *models_small(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 1)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 5));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    assert_int_equal(seqecho_graph_status(graph), 0);
    return graph;
}

seqecho_dataset *models_data(models_size size, int64_t n_out, seqecho_encoding encoding)
{
    const int64_t steps = or_else(size.steps, 5);
    seqecho_dataset *data;

    assert_int_equal(
        seqecho_dataset_create(
            &data, SEQECHO_DATASET(.length = 20 + steps, .n_in = steps, .n_out = n_out,
                                   .n_unique = or_else(size.classes, 100),
                                   .encoding = encoding, .seed = 3)),
        0);
    return data;
}

seqecho_trainer *models_trainer(seqecho_graph *graph, int32_t threads)
{
    seqecho_trainer *trainer;

    if (seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .metrics = SEQECHO_METRIC_ACCURACY,
                                               .threads = threads)) < 0)
        fail_msg("%s", seqecho_error_message());
    return trainer;
}

void models_train(seqecho_trainer *trainer, seqecho_dataset *data, int64_t epochs)
{
    if (seqecho_trainer_fit_dataset(
            trainer, data, SEQECHO_FIT(.epochs = epochs, .batch_size = 7), NULL) < 0)
        fail_msg("%s", seqecho_error_message());
}

float *models_weights(seqecho_graph *graph, size_t *n)
{
    float *values;
    size_t at = 0;

    *n = (size_t)seqecho_graph_parameter_count(graph);
    values = malloc((*n + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t size = 1;

        assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            size *= (size_t)shape.dim[d];
        assert_int_equal(seqecho_graph_weight_get(graph, name, values + at, size), 0);
        at += size;
    }
    assert_int_equal(at, *n);
    return values;
}

void models_assert_same(seqecho_graph *a, seqecho_graph *b)
{
    size_t n_a, n_b;
    float *const w_a = models_weights(a, &n_a), *const w_b = models_weights(b, &n_b);

    assert_int_equal(n_a, n_b);
    assert_same_bits(w_a, w_b, n_a);
    free(w_a);
    free(w_b);
}

uint64_t models_hash(const void *data, size_t size)
{
    const unsigned char *const bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void models_fill(float *values, size_t n, uint32_t seed)
{
    uint64_t s = seed;

    for (size_t i = 0; i < n; i++) {
        s = s * UINT64_C(6364136223846793005) + 1442695040888963407U;
        values[i] = (float)((double)(s >> 40) * 0x1p-23 - 1.0);
    }
}
