/* graph/summary.c - a table of layers, shapes and weight counts, as Keras's summary().
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/strbuf.h"
#include "graph/graph.h"

enum { SHAPE_COLUMN = 46, COUNT_COLUMN = 66, WIDTH = 78 };

static void rule(se_strbuf *buf, char c)
{
    const char line[] = { c, '\0' };

    for (int i = 0; i < WIDTH; i++)
        se_strbuf_add(buf, "%s", line);
    se_strbuf_add(buf, "\n");
}

static bool first_call(const seqecho_graph *graph, const se_call *call)
{
    const se_call *c = graph->calls;

    while (c->layer != call->layer)
        c = c->next;
    return c == call;
}

/* " of LSTM", " of Conv1D, MaxPooling1D, Flatten": the layers inside a wrapper, the first
 * and those after it that end before `end`.  The two of Bidirectional are mostly of one
 * kind, and then named once. */
static void add_inner(se_strbuf *buf, const seqecho_layer *layer, size_t end)
{
    const bool once = layer->ops->kind == SEQECHO_KIND_BIDIRECTIONAL;
    const seqecho_layer *const first = layer->inner;

    for (const seqecho_layer *l = first; l != NULL; l = l->next) {
        const size_t more = strlen(l->ops->class_name) + (l->next != NULL ? 7 : 2);

        if (once && l != first && l->ops == first->ops)
            continue;
        if (l != first && buf->length + more > end) {
            se_strbuf_add(buf, ", ...");
            return;
        }
        se_strbuf_add(buf, "%s%s", l == first ? " of " : ", ", l->ops->class_name);
        add_inner(buf, l, end);
    }
}

/* One call; a shared layer's weights are counted at its first. */
static void add_call(se_strbuf *buf, const seqecho_graph *graph, const se_call *call)
{
    const seqecho_layer *const layer = call->layer;
    const size_t start = buf->length;
    char text[SE_SHAPE_TEXT];
    int64_t count = 0;

    for (size_t i = 0; i < layer->n_weights; i++)
        count += se_weight_size(&layer->weights[i]);
    se_strbuf_add(buf, "%s (%s", layer->name, layer->ops->class_name);
    add_inner(buf, layer, start + SHAPE_COLUMN - 3);
    se_strbuf_add(buf, ")  ");
    se_strbuf_pad(buf, start, SHAPE_COLUMN);
    for (size_t i = 0; i < call->n_out; i++)
        se_strbuf_add(buf, "%s%s", i > 0 ? ", " : "",
                      se_shape_text(text, graph->batch, &call->out[i].shape));
    se_strbuf_add(buf, "  ");
    se_strbuf_pad(buf, start, COUNT_COLUMN);
    if (first_call(graph, call))
        se_strbuf_add(buf, "%" PRId64 "\n", count);
    else
        se_strbuf_add(buf, "(shared)\n");
}

size_t seqecho_graph_summary(const seqecho_graph *graph, char *data, size_t size)
{
    se_strbuf buf;
    size_t start;

    se_strbuf_init(&buf, data, data != NULL ? size : 0);
    if (graph == NULL)
        return 0;
    rule(&buf, '-');
    start = buf.length;
    se_strbuf_add(&buf, "Layer (type)");
    se_strbuf_pad(&buf, start, SHAPE_COLUMN);
    se_strbuf_add(&buf, "Output shape");
    se_strbuf_pad(&buf, start, COUNT_COLUMN);
    se_strbuf_add(&buf, "Parameters\n");
    rule(&buf, '=');
    for (const se_call *call = graph->calls; call != NULL; call = call->next)
        add_call(&buf, graph, call);
    rule(&buf, '=');
    if (graph->status < 0)
        se_strbuf_add(&buf, "In error: %s\n", graph->message);
    else
        se_strbuf_add(&buf, "Total parameters: %" PRId64 "\n",
                      seqecho_graph_parameter_count(graph));
    rule(&buf, '-');
    return buf.length;
}
