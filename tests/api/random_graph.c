/* random_graph.c - graphs of random layers, and samples for them.
 * SPDX-License-Identifier: MIT */
#include "random_graph.h"

#include <stdlib.h>
#include <string.h>

#include "random_spec.h"

static bool same_shape(const seqecho_view *a, const seqecho_view *b)
{
    return a->rank == b->rank &&
           memcmp(a->dim + 1, b->dim + 1, (size_t)(a->rank - 1) * sizeof *a->dim) == 0;
}

/* ---- Calls --------------------------------------------------------------------------- */

static bool returns_state(const seqecho_spec *spec)
{
    const random_spec *const s = (const random_spec *)(const void *)spec;

    switch (spec->kind) {
    case SEQECHO_KIND_LSTM: return s->lstm.return_state;
    case SEQECHO_KIND_GRU: return s->gru.return_state;
    case SEQECHO_KIND_SIMPLE_RNN: return s->simple_rnn.return_state;
    default: return false;
    }
}

/* Outputs of a call. */
static size_t outputs_of(const seqecho_spec *spec)
{
    const random_spec *const s = (const random_spec *)(const void *)spec;

    if (spec->kind == SEQECHO_KIND_TIME_DISTRIBUTED)
        return outputs_of(s->time_distributed.inner);
    if (spec->kind == SEQECHO_KIND_BIDIRECTIONAL)
        return 2 * outputs_of(s->bidirectional.inner) - 1;
    if (!returns_state(spec))
        return 1;
    return spec->kind == SEQECHO_KIND_LSTM ? 3 : 2;
}

static bool is_softmax(const seqecho_spec *spec)
{
    const random_spec *const s = (const random_spec *)(const void *)spec;

    if (spec->kind == SEQECHO_KIND_DENSE)
        return s->dense.activation == SEQECHO_SOFTMAX;
    return spec->kind == SEQECHO_KIND_ACTIVATION &&
           s->activation.activation == SEQECHO_SOFTMAX;
}

static bool is_stateful(const seqecho_spec *spec)
{
    const random_spec *const s = (const random_spec *)(const void *)spec;

    switch (spec->kind) {
    case SEQECHO_KIND_LSTM: return s->lstm.stateful;
    case SEQECHO_KIND_GRU: return s->gru.stateful;
    case SEQECHO_KIND_SIMPLE_RNN: return s->simple_rnn.stateful;
    case SEQECHO_KIND_BIDIRECTIONAL: return is_stateful(s->bidirectional.inner);
    case SEQECHO_KIND_TIME_DISTRIBUTED: return is_stateful(s->time_distributed.inner);
    case SEQECHO_KIND_SEQUENTIAL:
        for (size_t i = 0; i < s->sequential.n_layers; i++)
            if (is_stateful(s->sequential.layers[i]))
                return true;
        return false;
    default: return false;
    }
}

static void add_nodes(random_graph *g, seqecho_node *node, size_t n, bool softmax)
{
    for (size_t i = 0; i < n && g->n_nodes < RANDOM_NODES; i++) {
        random_node *const r = &g->node[g->n_nodes];

        r->node = seqecho_node_output(node, i);
        r->softmax = softmax && i == 0;
        if (seqecho_node_shape(r->node, &r->shape) == SEQECHO_OK)
            g->n_nodes++;
    }
}

static random_node *any_node(random_graph *g)
{
    /* Rather a new one. */
    const uint32_t n = (uint32_t)g->n_nodes;

    return &g->node[g->style == RANDOM_STEPS || random_chance(g, 2) ? n - 1
                                                                    : random_below(g, n)];
}

static void call(random_graph *g, const seqecho_spec *spec, random_node *const *in,
                 size_t n)
{
    seqecho_layer *const layer = seqecho_layer_create(g->graph, spec);
    const bool shared =
        g->style != RANDOM_STEPS && !is_stateful(spec) && random_chance(g, 5);
    seqecho_node *x[8];

    for (size_t i = 0; i < n; i++) {
        x[i] = in[i]->node;
        in[i]->used = true;
    }
    g->stateful |= is_stateful(spec);
    add_nodes(g, seqecho_layer_call_n(layer, x, n), outputs_of(spec), is_softmax(spec));
    for (size_t i = 0; shared && i < g->n_nodes; i++)
        if (n == 1 && random_chance(g, 2) && same_shape(&g->node[i].shape, &in[0]->shape)) {
            g->node[i].used = true;
            add_nodes(g, seqecho_layer_call(layer, g->node[i].node), outputs_of(spec),
                      is_softmax(spec));
            return;
        }
}

static void call_one(random_graph *g)
{
    for (int i = 0; i < 40 && g->n_specs + 16 < RANDOM_SPECS; i++) {
        random_node *const in = any_node(g);
        const size_t specs = g->n_specs;
        const seqecho_spec *const spec = random_spec_one(g, &in->shape, 0);
        seqecho_view out;

        if (spec != NULL && random_spec_fits(g, spec, &in->shape, &out)) {
            call(g, spec, &in, 1);
            return;
        }
        g->n_specs = specs;
    }
}

/* Several inputs of one shape. */
static void call_merge(random_graph *g)
{
    random_node *in[4] = { any_node(g) };
    random_spec *s;
    size_t n = 1;

    for (size_t i = 0; i < g->n_nodes && n < 3; i++)
        if (same_shape(&g->node[i].shape, &in[0]->shape) && random_chance(g, 2))
            in[n++] = &g->node[i];
    if (n == 1 || random_size(&in[0]->shape) * 3 > RANDOM_SIZE_MAX)
        return;
    if (random_chance(g, 2)) {
        s = NEW(concatenate, CONCATENATE);
        s->concatenate.axis = (int32_t)random_below(g, (uint32_t)in[0]->shape.rank);
    } else {
        s = random_spec_new(
            g, sizeof s->merge,
            (uint32_t)random_between(g, SEQECHO_KIND_ADD, SEQECHO_KIND_AVERAGE));
    }
    call(g, &s->head, in, n);
}

static void call_attention(random_graph *g)
{
    random_node *in[3];
    size_t n = 2;
    random_spec *s;

    for (int i = 0; i < 3; i++)
        in[i] = any_node(g);
    if (in[0]->shape.rank != 3 || in[1]->shape.rank != 3)
        return;
    if (in[2]->shape.rank == 3 && in[2]->shape.dim[1] == in[1]->shape.dim[1] &&
        in[2]->shape.dim[2] == in[0]->shape.dim[2])
        n = 3;
    else if (in[0]->shape.dim[2] != in[1]->shape.dim[2])
        return;
    if (in[0]->shape.dim[1] * in[1]->shape.dim[2] > RANDOM_SIZE_MAX)
        return;
    s = random_chance(g, 2) ? NEW(attention, ATTENTION)
                            : NEW(attention, ADDITIVE_ATTENTION);
    s->attention.dropout = g->drops && random_chance(g, 2) ? 0.25f : 0.0f;
    s->attention.causal = random_chance(g, 3);
    if (s->head.kind == SEQECHO_KIND_ATTENTION) {
        s->attention.use_scale = random_chance(g, 2);
        s->attention.scaled = random_chance(g, 2);
    } else {
        s->attention.no_scale = random_chance(g, 2);
    }
    call(g, &s->head, in, n);
}

/* A recurrent layer with an initial state. */
static void call_from_state(random_graph *g)
{
    random_node *in[3];
    random_spec *s;

    in[0] = any_node(g);
    in[1] = in[2] = any_node(g);
    if (in[0]->shape.rank != 3 || in[1]->shape.rank != 2 || in[1]->shape.dim[1] > 70)
        return;
    s = random_spec_recurrent(g, in[1]->shape.dim[1]);
    for (size_t i = 0; i < g->n_nodes; i++)
        if (same_shape(&g->node[i].shape, &in[1]->shape) && random_chance(g, 2))
            in[2] = &g->node[i];
    call(g, &s->head, in, s->head.kind == SEQECHO_KIND_LSTM ? 3 : 2);
}

/* ---- A graph ------------------------------------------------------------------------- */

static float any_number(random_graph *g)
{
    return (float)random_below(g, 1 << 24) * 0x1p-23f - 1.0f;
}

/* Rows, of which some are zeros, for Masking, or one-hot. */
static void fill_input(random_graph *g, random_input *in)
{
    const int64_t n = random_features(&in->shape), each = random_size(&in->shape) / n;
    const int64_t steps = in->shape.rank > 2 ? in->shape.dim[1] : 1;
    const int64_t rows = RANDOM_SAMPLES * each;
    const bool one_hot = n > 1 && random_chance(g, 2), holes = random_chance(g, 2);

    in->rows = calloc((size_t)(rows * n), sizeof *in->rows);
    in->classes = one_hot ? calloc((size_t)rows, sizeof *in->classes) : NULL;
    for (int64_t s = 0; s < RANDOM_SAMPLES; s++)
        in->length[s] =
            (int32_t)random_between(g, random_chance(g, 4) ? 0 : steps / 2, steps);
    for (int64_t r = 0; r < rows; r++) {
        const int64_t step = r % each / (each / steps);
        const bool beyond = in->lengths && step >= in->length[r / each];
        const bool hole = holes && random_chance(g, 3);

        if (one_hot) {
            in->classes[r] = beyond ? -1000 : (int32_t)random_below(g, (uint32_t)n);
            if (!beyond)
                in->rows[r * n + in->classes[r]] = 1.0f;
        }
        for (int64_t i = 0; i < n && (beyond || (!one_hot && !hole)); i++)
            in->rows[r * n + i] = any_number(g);
    }
}

static void add_input(random_graph *g)
{
    random_input *const in = &g->input[g->n_inputs++];
    const bool steps = g->style == RANDOM_STEPS;
    int64_t dim[3] = { 0 };
    int32_t rank = 0;
    seqecho_node *node;

    if (steps || !random_chance(g, 6))
        dim[rank++] = random_between(g, 1, 7);
    if (!steps && rank > 0 && random_chance(g, 6))
        dim[rank++] = random_between(g, 1, 3);
    dim[rank++] = random_width(g);
    in->lengths = !steps && rank > 1 && random_chance(g, 2);
    node = seqecho_graph_input(g->graph,
                               SEQECHO_INPUT(.batch = g->batch, .lengths = in->lengths,
                                             .dim = { dim[0], dim[1], dim[2] }));
    add_nodes(g, node, 1, false);
    in->shape = g->node[g->n_nodes - 1].shape;
    fill_input(g, in);
}

static void choose_outputs(random_graph *g)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        random_node *const r = &g->node[i];

        if ((r->used && !random_chance(g, 10)) || g->n_outputs == RANDOM_ENDS)
            continue;
        if (seqecho_graph_output(g->graph, r->node) < 0)
            return;
        g->output[g->n_outputs] = r->shape;
        g->loss[g->n_outputs++] = r->softmax && r->shape.dim[r->shape.rank - 1] > 1
                                      ? SEQECHO_CATEGORICAL_CROSSENTROPY
                                      : SEQECHO_MEAN_SQUARED_ERROR;
    }
}

random_graph *random_graph_make(uint64_t seed, random_style style)
{
    random_graph *const g = calloc(1, sizeof *g);
    uint32_t layers;

    g->style = style;
    g->state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    (void)random_below(g, 2);
    if (seqecho_graph_create(&g->graph, SEQECHO_GRAPH(.seed = seed + 1)) < 0)
        return g;
    g->batch = random_chance(g, 3) ? (random_chance(g, 2) ? 7 : 3) : 0;
    g->drops = random_chance(g, 3);
    do
        add_input(g);
    while (style != RANDOM_STEPS && random_chance(g, 4));
    layers = 2 + random_below(g, 6);
    for (uint32_t i = 0; i < layers; i++) {
        if (style == RANDOM_STEPS)
            call_one(g);
        else if (random_chance(g, 6))
            call_merge(g);
        else if (random_chance(g, 6))
            call_attention(g);
        else if (random_chance(g, 6))
            call_from_state(g);
        else
            call_one(g);
    }
    choose_outputs(g);
    return g;
}

void random_graph_free(random_graph *g)
{
    for (size_t i = 0; i < g->n_inputs; i++) {
        free(g->input[i].rows);
        free(g->input[i].classes);
    }
    seqecho_graph_destroy(g->graph);
    free(g);
}

size_t random_graph_views(const random_graph *g, int64_t first, int64_t count, bool classes,
                          seqecho_view views[2 * RANDOM_ENDS])
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_inputs; i++) {
        const random_input *const in = &g->input[i];
        const int64_t size = random_size(&in->shape);
        seqecho_view v = in->shape;

        v.dim[0] = count;
        v.data = in->rows + first * size;
        if (classes && in->classes != NULL) {
            v.rank--;
            v.dtype = SEQECHO_INT32;
            v.data = in->classes + first * size / random_features(&in->shape);
        }
        views[n++] = v;
        if (in->lengths)
            views[n++] = (seqecho_view){ in->length + first, { count }, 1, SEQECHO_INT32 };
    }
    return n;
}

size_t random_graph_out(const random_graph *g)
{
    int64_t n = 0;

    for (size_t i = 0; i < g->n_outputs; i++)
        n += random_size(&g->output[i]);
    return (size_t)n;
}
