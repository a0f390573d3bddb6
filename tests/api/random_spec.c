/* random_spec.c - descriptions of random layers.
 * SPDX-License-Identifier: MIT */
#include "random_spec.h"

#include <string.h>

uint32_t random_below(random_graph *g, uint32_t n)
{
    g->state = g->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(((g->state >> 32) * n) >> 32);
}

bool random_chance(random_graph *g, uint32_t n)
{
    return random_below(g, n) == 0;
}

int64_t random_between(random_graph *g, int64_t least, int64_t most)
{
    return least + random_below(g, (uint32_t)(most - least + 1));
}

int64_t random_size(const seqecho_view *shape)
{
    int64_t size = 1;

    for (int32_t i = 1; i < shape->rank; i++)
        size *= shape->dim[i];
    return size;
}

int64_t random_features(const seqecho_view *shape)
{
    return shape->dim[shape->rank - 1];
}

static seqecho_activation any_activation(random_graph *g)
{
    return random_chance(g, 2)
               ? SEQECHO_ACTIVATION_DEFAULT
               : (seqecho_activation)random_between(g, SEQECHO_LINEAR, SEQECHO_SWISH);
}

static float any_rate(random_graph *g)
{
    static const float rate[] = { 0.0f, 0.0f, 0.0f, 0.0f, 0.3f, 0.5f, 1.0f };
    const float r = rate[random_below(g, 7)];

    return g->drops ? r : 0.0f;
}

int64_t random_width(random_graph *g)
{
    return g->style == RANDOM_LARGE ? random_between(g, 30, 70) : random_between(g, 1, 9);
}

static void fill_lstm(random_graph *g, seqecho_lstm_spec *s, int64_t units)
{
    s->units = units;
    s->activation = any_activation(g);
    s->recurrent_activation = any_activation(g);
    s->return_sequences = !random_chance(g, g->style == RANDOM_STEPS ? 5 : 2);
    s->return_state = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->stateful = g->batch > 0 && random_chance(g, 2);
    s->go_backwards = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->no_bias = random_chance(g, 4);
    s->implementation = (uint8_t)random_below(g, 3);
    s->dropout = any_rate(g);
    s->recurrent_dropout = any_rate(g);
    s->masked_output = (seqecho_masked_output)random_below(g, 3);
}

static void fill_gru(random_graph *g, seqecho_gru_spec *s, int64_t units)
{
    s->units = units;
    s->activation = any_activation(g);
    s->recurrent_activation = any_activation(g);
    s->return_sequences = !random_chance(g, g->style == RANDOM_STEPS ? 5 : 2);
    s->return_state = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->stateful = g->batch > 0 && random_chance(g, 2);
    s->go_backwards = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->no_bias = random_chance(g, 4);
    s->no_reset_after = random_chance(g, 2);
    s->implementation = (uint8_t)random_below(g, 3);
    s->dropout = any_rate(g);
    s->recurrent_dropout = any_rate(g);
    s->masked_output = (seqecho_masked_output)random_below(g, 3);
}

static void fill_simple_rnn(random_graph *g, seqecho_simple_rnn_spec *s, int64_t units)
{
    s->units = units;
    s->activation = any_activation(g);
    s->return_sequences = !random_chance(g, g->style == RANDOM_STEPS ? 5 : 2);
    s->return_state = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->stateful = g->batch > 0 && random_chance(g, 2);
    s->go_backwards = g->style != RANDOM_STEPS && random_chance(g, 4);
    s->no_bias = random_chance(g, 4);
    s->dropout = any_rate(g);
    s->recurrent_dropout = any_rate(g);
    s->masked_output = (seqecho_masked_output)random_below(g, 3);
}

random_spec *random_spec_new(random_graph *g, size_t size, uint32_t kind)
{
    random_spec *const s = &g->spec[g->n_specs++];

    memset(s, 0, sizeof *s);
    s->head.struct_size = size;
    s->head.kind = kind;
    return s;
}

random_spec *random_spec_recurrent(random_graph *g, int64_t units)
{
    random_spec *s;

    switch (random_below(g, 3)) {
    case 0:
        s = NEW(lstm, LSTM);
        fill_lstm(g, &s->lstm, units);
        return s;
    case 1:
        s = NEW(gru, GRU);
        fill_gru(g, &s->gru, units);
        return s;
    default:
        s = NEW(simple_rnn, SIMPLE_RNN);
        fill_simple_rnn(g, &s->simple_rnn, units);
        return s;
    }
}

static random_spec *any_convolution(random_graph *g, int64_t width)
{
    random_spec *const s = NEW(conv1d, CONV1D);

    s->conv1d.filters = width;
    s->conv1d.kernel_size = random_between(g, 1, 4);
    s->conv1d.stride = random_between(g, 0, 3);
    s->conv1d.dilation = s->conv1d.stride > 1 ? 1 : random_between(g, 0, 3);
    s->conv1d.padding = (seqecho_padding)random_below(g, 3);
    s->conv1d.activation = any_activation(g);
    s->conv1d.no_bias = random_chance(g, 4);
    return s;
}

static random_spec *any_pooling(random_graph *g, uint32_t kind)
{
    random_spec *s;

    if (kind == SEQECHO_KIND_GLOBAL_MAX_POOLING1D ||
        kind == SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D)
        return random_spec_new(g, sizeof s->global_pooling1d, kind);
    s = random_spec_new(g, sizeof s->pooling1d, kind);
    s->pooling1d.pool_size = random_between(g, 0, 4);
    s->pooling1d.stride = random_between(g, 0, 3);
    s->pooling1d.padding = (seqecho_padding)random_below(g, 2);
    return s;
}

/* A shape of as many numbers, or of any. */
static random_spec *any_shape(random_graph *g, const seqecho_view *in)
{
    random_spec *const s = NEW(reshape, RESHAPE);
    const int64_t size = random_size(in);
    int32_t rank = 0;

    if (random_chance(g, 2))
        s->reshape.dim[rank++] = random_chance(g, 2) ? 2 : random_features(in);
    s->reshape.dim[rank++] = random_chance(g, 2) ? -1 : size;
    if (rank < 3 && random_chance(g, 2))
        s->reshape.dim[rank++] = random_chance(g, 2) ? 3 : random_features(in);
    return s;
}

static random_spec *any_permutation(random_graph *g, const seqecho_view *in)
{
    static const int32_t two[][3] = { { 2, 1 }, { 1, 2 } };
    static const int32_t three[][3] = {
        { 2, 1, 3 }, { 3, 2, 1 }, { 1, 3, 2 }, { 2, 3, 1 }, { 3, 1, 2 }
    };
    random_spec *const s = NEW(permute, PERMUTE);

    if (in->rank == 4)
        memcpy(s->permute.dims, three[random_below(g, 5)], sizeof s->permute.dims);
    else
        memcpy(s->permute.dims, two[random_below(g, 2)], sizeof s->permute.dims);
    return s;
}

/* A layer on each time step. */
static random_spec *any_time_distributed(random_graph *g, const seqecho_view *in, int depth)
{
    random_spec *const s = NEW(time_distributed, TIME_DISTRIBUTED);
    seqecho_view step = *in;

    for (int32_t i = 1; i + 1 < in->rank; i++)
        step.dim[i] = in->dim[i + 1];
    step.rank--;
    s->time_distributed.inner = in->rank > 2 ? random_spec_one(g, &step, depth + 1) : NULL;
    return s;
}

static random_spec *any_sequential(random_graph *g, const seqecho_view *in, int depth)
{
    random_spec *const s = NEW(sequential, SEQUENTIAL);
    const seqecho_spec **const list = &g->list[s - g->spec];
    const size_t n = (size_t)random_between(g, 1, 3);
    seqecho_view now = *in;

    s->sequential.layers = list;
    /* Their places in the list are those of descriptions that are made meanwhile, which
     * have lists of their own, if they need any, behind them. */
    for (size_t i = 0; i < n; i++)
        NEW(flatten, FLATTEN);
    for (size_t i = 0; i < n; i++) {
        const seqecho_spec *const spec = random_spec_one(g, &now, depth + 1);

        if (spec == NULL || !random_spec_fits(g, spec, &now, &now))
            break;
        list[s->sequential.n_layers++] = spec;
    }
    return s;
}

static random_spec *any_bidirectional(random_graph *g, int64_t units)
{
    random_spec *const s = NEW(bidirectional, BIDIRECTIONAL);

    s->bidirectional.inner = &random_spec_recurrent(g, units)->head;
    s->bidirectional.merge_mode = (seqecho_merge)random_below(g, 4);
    if (random_chance(g, 4))
        s->bidirectional.backward = &random_spec_recurrent(g, units)->head;
    return s;
}

static random_spec *any_rows(random_graph *g, int64_t width)
{
    random_spec *s;

    switch (random_below(g, 5)) {
    case 0:
        s = NEW(activation, ACTIVATION);
        s->activation.activation = (seqecho_activation)random_between(g, 1, SEQECHO_SWISH);
        return s;
    case 1:
        s = NEW(embedding, EMBEDDING);
        s->embedding.output_dim = width;
        s->embedding.mask_zero = random_chance(g, 2);
        return s;
    case 2:
        s = NEW(layer_normalization, LAYER_NORMALIZATION);
        s->layer_normalization.no_scale = random_chance(g, 3);
        s->layer_normalization.no_center = random_chance(g, 3);
        return s;
    case 3:
        s = NEW(dropout, DROPOUT);
        s->dropout.rate = any_rate(g);
        s->dropout.noise_shared_over_time = random_chance(g, 2);
        return s;
    default:
        s = NEW(dense, DENSE);
        s->dense.units = width;
        s->dense.activation = any_activation(g);
        s->dense.no_bias = random_chance(g, 4);
        return s;
    }
}

/* The same where time steps come one by one. */
static const seqecho_spec *any_step(random_graph *g, const seqecho_view *in, int depth)
{
    switch (random_between(g, 0, 9)) {
    case 0:
    case 1:
    case 2:
    case 3: return &random_spec_recurrent(g, random_width(g))->head;
    case 4: return &any_time_distributed(g, in, depth)->head;
    case 5: return &any_sequential(g, in, depth)->head;
    case 6: return &NEW(masking, MASKING)->head;
    default: return &any_rows(g, random_width(g))->head;
    }
}

/* A layer of one input, such as may suit `in`; or NULL. */
const seqecho_spec *random_spec_one(random_graph *g, const seqecho_view *in, int depth)
{
    const int64_t width = random_width(g);
    random_spec *s;

    if (g->n_specs + 8 > RANDOM_SPECS || depth > 3)
        return NULL;
    if (g->style == RANDOM_STEPS)
        return any_step(g, in, depth);
    switch (in->rank == 2 ? random_between(g, 8, 14) : random_between(g, 0, 13)) {
    case 0:
    case 1:
    case 2: return &random_spec_recurrent(g, width)->head;
    case 3: return &any_bidirectional(g, width)->head;
    case 4: return &any_convolution(g, width)->head;
    case 5:
        return &any_pooling(g,
                            (uint32_t)random_between(g, SEQECHO_KIND_MAX_POOLING1D,
                                                     SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D))
                    ->head;
    case 6: return &any_time_distributed(g, in, depth)->head;
    case 7: return &any_permutation(g, in)->head;
    case 8: return &any_sequential(g, in, depth)->head;
    case 9: return &any_shape(g, in)->head;
    case 10:
        return &(random_chance(g, 2) ? NEW(flatten, FLATTEN) : NEW(masking, MASKING))->head;
    case 14:
        s = NEW(repeat_vector, REPEAT_VECTOR);
        s->repeat_vector.n = random_between(g, 1, 5);
        return &s->head;
    default: return &any_rows(g, width)->head;
    }
}

/* Does a graph take this description for an input of such samples? */
bool random_spec_fits(const random_graph *g, const seqecho_spec *spec,
                      const seqecho_view *in, seqecho_view *out)
{
    seqecho_graph *graph;
    seqecho_node *node;
    bool yes;

    if (seqecho_graph_create(&graph, NULL) < 0)
        return false;
    node = seqecho_graph_input(
        graph,
        SEQECHO_INPUT(.batch = g->batch, .dim = { in->dim[1], in->rank > 2 ? in->dim[2] : 0,
                                                  in->rank > 3 ? in->dim[3] : 0 }));
    node = seqecho_layer_call(seqecho_layer_create(graph, spec), node);
    yes = seqecho_graph_status(graph) == SEQECHO_OK && seqecho_node_shape(node, out) == 0 &&
          random_size(out) <= RANDOM_SIZE_MAX;
    seqecho_graph_destroy(graph);
    return yes;
}
