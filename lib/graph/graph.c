/* graph/graph.c - a graph's life, its end of building, and looking at it.
 * SPDX-License-Identifier: MIT */
#include "graph/graph.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/options.h"

int seqecho_graph_create(seqecho_graph **out, const seqecho_graph_options *options)
{
    seqecho_graph_options opt;
    seqecho_allocator allocator;
    seqecho_graph *graph;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "graph_create: out is NULL");
    *out = NULL;
    SE_TRY(se_options_read(&opt, sizeof opt, options, "graph options"));
    SE_TRY(se_allocator_read(&allocator, opt.allocator));
    SE_TRY(se_alloc(&graph, &allocator, 1, sizeof *graph, "graph"));
    graph->allocator = allocator;
    graph->seed = opt.seed;
    atomic_init(&graph->references, 1);
    se_arena_init(&graph->arena, &graph->allocator);
    *out = graph;
    return SEQECHO_OK;
}

seqecho_graph *seqecho_graph_ref(seqecho_graph *graph)
{
    if (graph != NULL)
        atomic_fetch_add_explicit(&graph->references, 1, memory_order_relaxed);
    return graph;
}

void seqecho_graph_destroy(seqecho_graph *graph)
{
    seqecho_allocator allocator;

    if (graph == NULL ||
        atomic_fetch_sub_explicit(&graph->references, 1, memory_order_acq_rel) > 1)
        return;
    allocator = graph->allocator;
    se_free(&allocator, graph->params);
    se_arena_finish(&graph->arena);
    se_free(&allocator, graph);
}

int se_graph_latch(seqecho_graph *graph, int code)
{
    if (graph->status == SEQECHO_OK) {
        graph->status = code;
        memcpy(graph->message, seqecho_error_message(),
               strlen(seqecho_error_message()) + 1);
    }
    return code;
}

int seqecho_graph_status(const seqecho_graph *graph)
{
    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "graph_status: graph is NULL");
    if (graph->status < 0)
        return se_fail(graph->status, "%s", graph->message);
    return SEQECHO_OK;
}

/* Mark the calls and layers that outputs depend on; consumers come after what they
 * consume. */
static void mark_used(seqecho_graph *graph)
{
    for (se_call *call = graph->calls; call != NULL; call = call->next)
        call->used = false;
    for (size_t i = 0; i < graph->n_outputs; i++)
        graph->outputs[i]->call->used = true;
    if (graph->n_outputs == 0)
        graph->tail->call->used = true;
    for (se_call *call = graph->last_call; call != NULL; call = call->before)
        for (size_t i = 0; call->used && i < call->n_in; i++)
            call->in[i]->call->used = true;
    for (seqecho_layer *layer = graph->layers; layer != NULL; layer = layer->next)
        layer->used = false;
    for (se_call *call = graph->calls; call != NULL; call = call->next)
        call->layer->used |= call->used;
}

/* With their initial values, or with zeros. */
static int create_weights(seqecho_graph *graph, bool initial)
{
    size_t number = 0;
    float *params;

    SE_TRY(
        se_alloc(&params, &graph->allocator, graph->n_params, sizeof *params, "weights"));
    for (const seqecho_layer *layer = graph->layers; layer != NULL && initial;
         layer = layer->next)
        for (size_t i = 0; i < layer->n_weights; i++) {
            const se_weight *const w = &layer->weights[i];
            const int err = se_init_weight(w, graph->seed, number++, &graph->allocator,
                                           params + w->offset);

            if (err < 0) {
                se_free(&graph->allocator, params);
                return err;
            }
        }
    graph->params = params;
    return SEQECHO_OK;
}

static int freeze(seqecho_graph *graph, bool initial)
{
    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "graph is NULL");
    SE_TRY(seqecho_graph_status(graph));
    if (graph->frozen)
        return SEQECHO_OK;
    if (graph->n_outputs == 0 && graph->tail == NULL)
        return se_fail(SEQECHO_ESTATE,
                       graph->n_calls == 0
                           ? "graph: it has no layers; begin with SEQECHO_INPUT(...)"
                           : "graph: it has no output; call seqecho_graph_output()");
    mark_used(graph);
    for (size_t i = 0; i < graph->n_inputs; i++)
        if (!graph->inputs[i]->call->used)
            return se_fail(SEQECHO_ESTATE, "%s: no output depends on this input",
                           graph->inputs[i]->call->layer->name);
    SE_TRY(create_weights(graph, initial));
    if (graph->n_outputs == 0)
        graph->outputs[graph->n_outputs++] = graph->tail;
    graph->frozen = true;
    return SEQECHO_OK;
}

int se_graph_freeze(seqecho_graph *graph)
{
    return freeze(graph, true);
}

int se_graph_freeze_unset(seqecho_graph *graph)
{
    return freeze(graph, false);
}

size_t se_graph_views(const seqecho_graph *graph)
{
    size_t n = graph->n_inputs;

    for (size_t i = 0; i < graph->n_inputs; i++)
        n += graph->lengths[i];
    return n;
}

int seqecho_node_shape(const seqecho_node *node, seqecho_view *view)
{
    if (node == NULL || view == NULL)
        return se_fail(SEQECHO_EINVAL, "node_shape: %s is NULL",
                       node == NULL ? "node" : "view");
    *view = (seqecho_view){ .rank = node->shape.rank + 1, .dtype = SEQECHO_FLOAT32 };
    view->dim[0] =
        node->call->layer->graph->batch > 0 ? node->call->layer->graph->batch : -1;
    for (int32_t i = 0; i < node->shape.rank; i++)
        view->dim[i + 1] = node->shape.dim[i];
    return SEQECHO_OK;
}

const char *seqecho_layer_name(const seqecho_layer *layer)
{
    return layer != NULL ? layer->name : "";
}

int64_t se_graph_call_number(const seqecho_graph *graph, const se_call *wanted)
{
    int64_t n = 0;

    for (const se_call *call = graph->calls; call != wanted; call = call->next) {
        assert(call != NULL);
        n++;
    }
    return n;
}
