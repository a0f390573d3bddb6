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

const se_weight *se_graph_find_weight(const seqecho_graph *graph, const char *name)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    while (name != NULL && (w = se_graph_next_weight(graph, &cursor)) != NULL)
        if (strcmp(w->path, name) == 0)
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
