/* graph/weights.c - weights by name and by number.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "graph/graph.h"

const se_weight *se_graph_next_weight(const seqecho_graph *graph, se_weight_cursor *cursor)
{
    if (cursor->layer == NULL)
        *cursor = (se_weight_cursor){ graph->layers, 0 };
    else
        cursor->i++;
    while (cursor->layer != NULL && cursor->i == cursor->layer->n_weights)
        *cursor = (se_weight_cursor){ cursor->layer->next, 0 };
    return cursor->layer != NULL ? &cursor->layer->weights[cursor->i] : NULL;
}

/* The weight of that name, or NULL. */
static const se_weight *look_up(const seqecho_graph *graph, const char *name)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        if (strcmp(w->path, name) == 0)
            break;
    return w;
}

const se_weight *se_graph_find_weight(const seqecho_graph *graph, const char *name)
{
    const se_weight *w = name != NULL ? look_up(graph, name) : NULL;

    if (w != NULL)
        return w;
    w = se_graph_next_weight(graph, &(se_weight_cursor){ NULL, 0 });
    se_fail(SEQECHO_ENOTFOUND, "weight \"%.100s\" is not in the graph%s%.100s%s",
            name != NULL ? name : "(NULL)", w != NULL ? "; the first one is \"" : "",
            w != NULL ? w->path : "", w != NULL ? "\"" : "");
    return NULL;
}

size_t seqecho_graph_weight_count(const seqecho_graph *graph)
{
    se_weight_cursor cursor = { NULL, 0 };
    size_t count = 0;

    if (graph == NULL || graph->status < 0)
        return 0;
    while (se_graph_next_weight(graph, &cursor) != NULL)
        count++;
    return count;
}

int64_t seqecho_graph_parameter_count(const seqecho_graph *graph)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    int64_t count = 0;

    if (graph == NULL || graph->status < 0)
        return 0;
    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        count += se_weight_size(w);
    return count;
}

const char *seqecho_graph_weight_name(const seqecho_graph *graph, size_t i)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    if (graph == NULL || graph->status < 0)
        return NULL;
    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        if (i-- == 0)
            return w->path;
    return NULL;
}

static int usable(const seqecho_graph *graph)
{
    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "graph is NULL");
    return seqecho_graph_status(graph);
}

int seqecho_graph_weight_shape(seqecho_graph *graph, const char *name, seqecho_view *view)
{
    const se_weight *w;

    if (view == NULL)
        return se_fail(SEQECHO_EINVAL, "weight_shape: view is NULL");
    SE_TRY(usable(graph));
    w = se_graph_find_weight(graph, name);
    if (w == NULL)
        return SEQECHO_ENOTFOUND;
    SE_TRY(se_graph_freeze(graph));
    *view = (seqecho_view){ .dim = { w->dim[0], w->dim[1], w->dim[2] },
                            .rank = w->rank,
                            .dtype = SEQECHO_FLOAT32 };
    return SEQECHO_OK;
}

/* The weight of that name, for an array of `count` floats. */
static int find(seqecho_graph *graph, const char *name, const void *values, size_t count,
                const se_weight **out)
{
    SE_TRY(usable(graph));
    *out = se_graph_find_weight(graph, name);
    if (*out == NULL)
        return SEQECHO_ENOTFOUND;
    if (values == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: values is NULL", name);
    if (count != (size_t)se_weight_size(*out))
        return se_fail(SEQECHO_ESHAPE, "%s: expected %" PRId64 " values, found %zu", name,
                       se_weight_size(*out), count);
    return se_graph_freeze(graph);
}

int seqecho_graph_weight_get(seqecho_graph *graph, const char *name, float *values,
                             size_t count)
{
    const se_weight *w;

    SE_TRY(find(graph, name, values, count, &w));
    memcpy(values, graph->params + w->offset, count * sizeof *values);
    return SEQECHO_OK;
}

int seqecho_graph_weight_set(seqecho_graph *graph, const char *name, const float *values,
                             size_t count)
{
    const se_weight *w;

    SE_TRY(find(graph, name, values, count, &w));
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return se_fail(SEQECHO_EINVAL, "%s: value %zu is %s", name, i,
                           isnan(values[i]) ? "NaN" : "infinite");
    memcpy(graph->params + w->offset, values, count * sizeof *values);
    return SEQECHO_OK;
}

static bool same_shape(const se_weight *a, const se_weight *b)
{
    bool same = a->rank == b->rank;

    for (int32_t i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

int seqecho_graph_weights_copy(seqecho_graph *to, seqecho_graph *from, size_t *copied)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    size_t count = 0;

    if (to == NULL || from == NULL)
        return se_fail(SEQECHO_EINVAL, "weights_copy: %s is NULL",
                       to == NULL ? "to" : "from");
    SE_TRY(se_graph_freeze(from));
    SE_TRY(se_graph_freeze(to));
    while ((w = se_graph_next_weight(to, &cursor)) != NULL) {
        const se_weight *const source = look_up(from, w->path);

        if (source == NULL || !same_shape(w, source))
            continue;
        count++;
        if (to != from)
            memcpy(to->params + w->offset, from->params + source->offset,
                   (size_t)se_weight_size(w) * sizeof *to->params);
    }
    if (copied != NULL)
        *copied = count;
    return SEQECHO_OK;
}

/* ---- What training may do to weights ------------------------------------------------ */

int seqecho_graph_set_trainable(seqecho_graph *graph, const char *name,
                                seqecho_bool trainable)
{
    seqecho_layer *layer;

    SE_TRY(usable(graph));
    layer = graph->layers;
    while (layer != NULL && (name == NULL || strcmp(layer->name, name) != 0))
        layer = layer->next;
    if (layer == NULL)
        return se_fail(SEQECHO_ENOTFOUND, "layer \"%.100s\" is not in the graph%s%.100s%s",
                       name != NULL ? name : "(NULL)",
                       graph->layers != NULL ? "; the first one is \"" : "",
                       graph->layers != NULL ? graph->layers->name : "",
                       graph->layers != NULL ? "\"" : "");
    layer->frozen = trainable == 0;
    return SEQECHO_OK;
}

int seqecho_graph_set_regularizer(seqecho_graph *graph, const char *name, float l1,
                                  float l2)
{
    const se_weight *found;

    SE_TRY(usable(graph));
    found = se_graph_find_weight(graph, name);
    if (found == NULL)
        return SEQECHO_ENOTFOUND;
    if (!(l1 >= 0.0f && l2 >= 0.0f) || isinf(l1) || isinf(l2))
        return se_fail(SEQECHO_EINVAL, "%s: l1 is %g and l2 is %g, expected 0 or more",
                       name, (double)l1, (double)l2);
    for (seqecho_layer *layer = graph->layers; layer != NULL; layer = layer->next)
        for (size_t i = 0; i < layer->n_weights; i++)
            if (&layer->weights[i] == found) {
                layer->weights[i].l1 = l1;
                layer->weights[i].l2 = l2;
            }
    return SEQECHO_OK;
}
