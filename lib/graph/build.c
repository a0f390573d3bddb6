/* graph/build.c - declaring layers, naming them, calling them.
 * SPDX-License-Identifier: MIT
 *
 * Every public building call goes the same way: nothing to do for a NULL or failed graph,
 * SEQECHO_ESTATE for one that is built, else try, and latch what fails. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "base/strbuf.h"
#include "graph/graph.h"

/* May this graph still be built?  Sets the message if it may not because it is built. */
static bool building(const seqecho_graph *graph)
{
    if (graph == NULL || graph->status < 0)
        return false;
    if (graph->frozen)
        se_fail(SEQECHO_ESTATE, "graph: building has ended, because a trainer, a predictor "
                                "or its weights were asked for");
    return !graph->frozen;
}

static seqecho_layer *find_layer(const seqecho_graph *graph, const char *name)
{
    for (seqecho_layer *layer = graph->layers; layer != NULL; layer = layer->next)
        if (strcmp(layer->name, name) == 0)
            return layer;
    return NULL;
}

/* Give a layer without a name Keras's: the first of a kind bare, the next with a number. */
static int name_layer(seqecho_graph *graph, seqecho_layer *layer)
{
    char name[64];

    if (layer->name != NULL) {
        if (find_layer(graph, layer->name) != NULL)
            return se_fail(SEQECHO_EINVAL, "%s: a layer of this name exists already",
                           layer->name);
        return SEQECHO_OK;
    }
    assert(layer->ops->kind < SE_KINDS);
    do { /* past names that the user has taken */
        const unsigned i = graph->named[layer->ops->kind]++;

        if (i == 0)
            snprintf(name, sizeof name, "%s", layer->ops->base_name);
        else
            snprintf(name, sizeof name, "%s_%u", layer->ops->base_name, i);
    } while (find_layer(graph, name) != NULL);
    return se_arena_strndup(&graph->arena, &layer->name, name, strlen(name));
}

int se_graph_declare(seqecho_graph *graph, const seqecho_spec *spec, seqecho_layer **out)
{
    seqecho_layer *layer;

    SE_TRY(se_layer_make(&layer, &graph->arena, spec));
    layer->graph = graph;
    SE_TRY(name_layer(graph, layer));
    SE_TRY(layer->ops->check(layer));
    if (graph->last_layer != NULL)
        graph->last_layer->next = layer;
    else
        graph->layers = layer;
    graph->last_layer = layer;
    *out = layer;
    return SEQECHO_OK;
}

/* Room for a weight array, on cache lines of its own. */
static bool reserve_weight(seqecho_graph *graph, const se_weight *w)
{
    const size_t line = SE_CACHE_LINE / sizeof(float);
    size_t size = 0, bytes = 0;

    if (!se_size_product(&size, w->dim, (size_t)w->rank) ||
        !se_size_add(&size, size, line - 1) ||
        !se_size_add(&size, graph->n_params, size & ~(line - 1)) ||
        !se_size_mul(&bytes, size, sizeof(float)))
        return false;
    graph->n_params = size;
    return true;
}

/* What a wrapper cannot refuse while it declares the weights of the layers inside. */
static int check_weights(const seqecho_layer *layer)
{
    if (layer->n_weights > SE_MAX_WEIGHTS)
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: more than %d arrays of weights; put fewer layers inside",
                       layer->name, SE_MAX_WEIGHTS);
    for (size_t i = 0; i < layer->n_weights; i++) {
        if (layer->weights[i].name == NULL)
            return SEQECHO_ENOMEM; /* with the allocation's message */
        for (size_t j = 0; j < i; j++)
            if (strcmp(layer->weights[i].name, layer->weights[j].name) == 0)
                return se_fail(SEQECHO_EINVAL,
                               "%s: two of its weights are named \"%s\"; give the layers "
                               "inside other names",
                               layer->name, layer->weights[i].name);
    }
    return SEQECHO_OK;
}

/* First call: the weights become known.  Later calls must fit them. */
static int build_weights(seqecho_layer *layer, const se_shape *in)
{
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    if (layer->built && layer->n_weights > 0 &&
        se_shape_features(&layer->built_for) != se_shape_features(in))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: its weights were made for input %s, found %s; a shared layer "
                       "needs equal features",
                       layer->name, se_shape_text(want, 0, &layer->built_for),
                       se_shape_text(got, 0, in));
    if (layer->built)
        return SEQECHO_OK;
    if (layer->ops->build != NULL)
        layer->ops->build(layer, in);
    SE_TRY(check_weights(layer));
    for (size_t i = 0; i < layer->n_weights; i++) {
        se_weight *const w = &layer->weights[i];
        const size_t length = strlen(layer->name) + 1 + strlen(w->name);
        char *path;

        w->offset = layer->graph->n_params;
        if (!reserve_weight(layer->graph, w))
            return se_fail(SEQECHO_ENOMEM, "%s: its weights do not fit the address space",
                           layer->name);
        SE_TRY(se_arena_alloc(&layer->graph->arena, &path, length + 1));
        snprintf(path, length + 1, "%s/%s", layer->name, w->name);
        w->path = path;
    }
    layer->built = true;
    layer->built_for = *in;
    return SEQECHO_OK;
}

static int check_inputs(const seqecho_layer *layer, seqecho_node *const *x, size_t n)
{
    const size_t max = layer->ops->max_inputs;
    const size_t min = layer->ops->min_inputs > 0 ? layer->ops->min_inputs : max > 0;

    if (x == NULL && n > 0)
        return se_fail(SEQECHO_EINVAL, "%s: the array of inputs is NULL", layer->name);
    if (n > max || n < min)
        return se_fail(SEQECHO_EINVAL, "%s: expected %zu to %zu inputs, found %zu",
                       layer->name, min, max, n);
    for (size_t i = 0; i < n; i++) {
        if (x[i] == NULL)
            return se_fail(SEQECHO_EINVAL, "%s: input %zu is NULL", layer->name, i);
        if (x[i]->call->layer->graph != layer->graph)
            return se_fail(SEQECHO_EINVAL, "%s: input %zu belongs to another graph",
                           layer->name, i);
    }
    return SEQECHO_OK;
}

/* Shapes of a call's outputs, checked against memory. */
static int infer(const seqecho_layer *layer, seqecho_node *const *x, size_t n,
                 se_shape out[SE_MAX_PORTS])
{
    const int64_t batch = layer->graph->batch > 0 ? layer->graph->batch : 1;
    se_shape in[SE_MAX_PORTS];
    char text[SE_SHAPE_TEXT];
    int n_out;

    for (size_t i = 0; i < n; i++)
        in[i] = x[i]->shape;
    SE_TRY(n_out = layer->ops->infer(layer, in, n, out));
    for (int i = 0; i < n_out; i++)
        if (!se_shape_fits(&out[i], batch))
            return se_fail(SEQECHO_ENOMEM,
                           "%s: an output of shape %s does not fit the "
                           "address space",
                           layer->name, se_shape_text(text, batch, &out[i]));
    if ((layer->ops->traits(layer) & SE_TRAIT_STATEFUL) == 0)
        return n_out;
    if (layer->graph->batch == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: a stateful layer needs to know its batch size: set .batch in "
                       "SEQECHO_INPUT",
                       layer->name);
    if (layer->built)
        return se_fail(
            SEQECHO_ENOTSUP,
            "%s: a stateful layer can be called only once, since it has one state",
            layer->name);
    return n_out;
}

int se_graph_call(seqecho_layer *layer, seqecho_node *const *x, size_t n,
                  seqecho_node **out)
{
    seqecho_graph *const graph = layer->graph;
    se_shape shapes[SE_MAX_PORTS];
    se_call *call;
    int n_out;

    SE_TRY(check_inputs(layer, x, n));
    SE_TRY(n_out = infer(layer, x, n, shapes));
    SE_TRY(build_weights(layer, n > 0 ? &x[0]->shape : &shapes[0]));
    SE_TRY(se_arena_alloc(&graph->arena, &call, sizeof *call));
    SE_TRY(se_arena_alloc(&graph->arena, &call->out, (size_t)n_out * sizeof *call->out));
    call->layer = layer;
    call->n_in = n;
    call->n_out = (size_t)n_out;
    for (size_t i = 0; i < n; i++)
        call->in[i] = x[i];
    for (size_t i = 0; i < call->n_out; i++)
        call->out[i] = (seqecho_node){ call, i, graph->n_nodes++, shapes[i] };
    if (graph->last_call != NULL)
        graph->last_call->next = call;
    else
        graph->calls = call;
    call->before = graph->last_call;
    graph->last_call = call;
    graph->n_calls++;
    *out = &call->out[0];
    return SEQECHO_OK;
}

/* Does the description reach as far as its kind?  If not, making the layer will say so. */
static bool has_head(const seqecho_spec *spec)
{
    return spec != NULL && spec->struct_size >= sizeof *spec;
}

int se_graph_call_input(seqecho_layer *layer, seqecho_node **out)
{
    const seqecho_input_spec *const input = layer->spec;
    seqecho_graph *const graph = layer->graph;

    if (graph->n_inputs == SE_MAX_ENDS)
        return se_fail(SEQECHO_EINVAL, "graph: expected at most %d inputs, found one more",
                       SE_MAX_ENDS);
    if (graph->n_inputs > 0 && input->batch != graph->batch)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: batch is %" PRId64 ", but the inputs before it have %" PRId64,
                       layer->name, input->batch, graph->batch);
    graph->batch = input->batch;
    SE_TRY(se_graph_call(layer, NULL, 0, out));
    graph->lengths[graph->n_inputs] = input->lengths != 0;
    graph->inputs[graph->n_inputs++] = *out;
    return SEQECHO_OK;
}

static int add_input(seqecho_graph *graph, const seqecho_spec *spec, seqecho_node **out)
{
    seqecho_layer *layer;

    if (has_head(spec) && spec->kind != SEQECHO_KIND_INPUT)
        return se_fail(SEQECHO_EINVAL,
                       "graph: expected an input first, found kind %u; begin "
                       "with SEQECHO_INPUT(...)",
                       spec->kind);
    SE_TRY(se_graph_declare(graph, spec, &layer));
    return se_graph_call_input(layer, out);
}

static int declare_layer(seqecho_graph *graph, const seqecho_spec *spec,
                         seqecho_layer **out)
{
    if (has_head(spec) && spec->kind == SEQECHO_KIND_INPUT)
        return se_fail(SEQECHO_EINVAL, "graph: an input comes first, or is made by "
                                       "seqecho_graph_input()");
    return se_graph_declare(graph, spec, out);
}

static int append(seqecho_graph *graph, const seqecho_spec *spec, seqecho_layer **out)
{
    seqecho_node *node = NULL;

    if (graph->tail == NULL) {
        SE_TRY(add_input(graph, spec, &node));
    } else {
        seqecho_layer *layer = NULL;

        SE_TRY(declare_layer(graph, spec, &layer));
        SE_TRY(se_graph_call(layer, &graph->tail, 1, &node));
    }
    assert(node != NULL);
    graph->tail = node;
    *out = node->call->layer;
    return SEQECHO_OK;
}

seqecho_layer *seqecho_graph_add(seqecho_graph *graph, const seqecho_spec *spec)
{
    seqecho_layer *layer = NULL;
    int err;

    if (!building(graph))
        return NULL;
    err = append(graph, spec, &layer);
    if (err < 0)
        se_graph_latch(graph, err);
    return layer;
}

seqecho_node *seqecho_graph_input(seqecho_graph *graph, const seqecho_spec *input)
{
    seqecho_node *node = NULL;
    int err;

    if (!building(graph))
        return NULL;
    err = add_input(graph, input, &node);
    if (err < 0)
        se_graph_latch(graph, err);
    return node;
}

seqecho_layer *seqecho_layer_create(seqecho_graph *graph, const seqecho_spec *spec)
{
    seqecho_layer *layer = NULL;
    int err;

    if (!building(graph))
        return NULL;
    err = declare_layer(graph, spec, &layer);
    if (err < 0)
        se_graph_latch(graph, err);
    return layer;
}

seqecho_node *seqecho_layer_call_n(seqecho_layer *layer, seqecho_node *const *x, size_t n)
{
    seqecho_node *node = NULL;
    int err;

    if (layer == NULL || !building(layer->graph))
        return NULL;
    if (layer->ops->max_inputs == 0)
        err = se_fail(SEQECHO_EINVAL,
                      "%s: an input is not called, expected another layer; its node is "
                      "what seqecho_graph_input() returned",
                      layer->name);
    else
        err = se_graph_call(layer, x, n, &node);
    if (err < 0)
        se_graph_latch(layer->graph, err);
    return node;
}

seqecho_node *seqecho_layer_call(seqecho_layer *layer, seqecho_node *x)
{
    return seqecho_layer_call_n(layer, &x, 1);
}

seqecho_node *seqecho_node_output(seqecho_node *node, size_t i)
{
    const se_call *const call = node != NULL ? node->call : NULL;

    if (call == NULL || call->layer->graph->status < 0)
        return NULL;
    if (i >= call->n_out) {
        const int err =
            se_fail(SEQECHO_EINVAL, "%s: it has %zu output%s, there is no number %zu%s",
                    call->layer->name, call->n_out, call->n_out > 1 ? "s" : "", i,
                    call->layer->ops->traits(call->layer) & SE_TRAIT_RECURRENT
                        ? "; states need return_state"
                        : "");

        if (!call->layer->graph->frozen)
            se_graph_latch(call->layer->graph, err);
        return NULL;
    }
    return &call->out[i];
}

int seqecho_graph_output(seqecho_graph *graph, seqecho_node *node)
{
    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "graph_output: graph is NULL");
    SE_TRY(seqecho_graph_status(graph));
    if (!building(graph))
        return SEQECHO_ESTATE;
    if (node == NULL)
        return se_graph_latch(graph, se_fail(SEQECHO_EINVAL, "graph_output: node is NULL"));
    if (node->call->layer->graph != graph)
        return se_graph_latch(graph, se_fail(SEQECHO_EINVAL,
                                             "%s: the node belongs to another graph",
                                             node->call->layer->name));
    for (size_t i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i] == node)
            return se_graph_latch(graph,
                                  se_fail(SEQECHO_EINVAL, "%s: it is output %zu already",
                                          node->call->layer->name, i));
    if (graph->n_outputs == SE_MAX_ENDS)
        return se_graph_latch(graph,
                              se_fail(SEQECHO_EINVAL,
                                      "graph: expected at most %d outputs, found one more",
                                      SE_MAX_ENDS));
    graph->outputs[graph->n_outputs++] = node;
    return SEQECHO_OK;
}
