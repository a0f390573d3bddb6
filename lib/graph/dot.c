/* graph/dot.c - a graph in the DOT language, as Graphviz draws it.
 * SPDX-License-Identifier: MIT
 *
 * A box a call, with its layer's name, its class, and its output's shape; an arrow from a
 * call to those that take its outputs. */
#include <inttypes.h>

#include "base/strbuf.h"
#include "graph/graph.h"

/* Text inside double quotes; names may hold anything. */
static void add_escaped(se_strbuf *buf, const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '"' || *c == '\\')
            se_strbuf_add(buf, "\\%c", *c);
        else if (*c == '\n')
            se_strbuf_add(buf, "\\n");
        else
            se_strbuf_add(buf, "%c", *c);
}

/* "TimeDistributed(Dense)", "Sequential(Conv1D, Flatten)". */
static void add_class(se_strbuf *buf, const seqecho_layer *layer)
{
    se_strbuf_add(buf, "%s", layer->ops->class_name);
    if (layer->inner == NULL)
        return;
    se_strbuf_add(buf, "(");
    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        add_class(buf, l);
        se_strbuf_add(buf, "%s", l->next != NULL ? ", " : ")");
    }
}

/* Until building ends, a sequence of layers has no output but its last one. */
static bool is_output(const seqecho_graph *graph, const se_call *call)
{
    if (graph->n_outputs == 0)
        return graph->tail != NULL && graph->tail->call == call;
    for (size_t i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i]->call == call)
            return true;
    return false;
}

static void add_call(se_strbuf *buf, const seqecho_graph *graph, const se_call *call,
                     int64_t number)
{
    char text[SE_SHAPE_TEXT];

    se_strbuf_add(buf, "    n%" PRId64 " [label=\"", number);
    add_escaped(buf, call->layer->name);
    se_strbuf_add(buf, "\\n");
    add_class(buf, call->layer);
    for (size_t i = 0; i < call->n_out; i++)
        se_strbuf_add(buf, "%s%s", i == 0 ? "\\n" : ", ",
                      se_shape_text(text, graph->batch, &call->out[i].shape));
    se_strbuf_add(buf, "\"%s]\n",
                  call->n_in == 0          ? ", style=\"rounded,dashed\""
                  : is_output(graph, call) ? ", penwidth=2"
                                           : "");
}

/* An arrow says which output it comes from where there are several. */
static void add_arrows(se_strbuf *buf, const seqecho_graph *graph, const se_call *call,
                       int64_t number)
{
    for (size_t i = 0; i < call->n_in; i++) {
        const seqecho_node *const from = call->in[i];

        se_strbuf_add(buf, "    n%" PRId64 " -> n%" PRId64,
                      se_graph_call_number(graph, from->call), number);
        if (from->call->n_out > 1)
            se_strbuf_add(buf, " [label=\" %d\"]", (int)from->port);
        se_strbuf_add(buf, "\n");
    }
}

size_t seqecho_graph_dot(const seqecho_graph *graph, char *data, size_t size)
{
    int64_t number = 0;
    se_strbuf buf;

    se_strbuf_init(&buf, data, data != NULL ? size : 0);
    if (graph == NULL)
        return 0;
    se_strbuf_add(&buf, "digraph seqecho {\n"
                        "    node [shape=box, style=rounded, fontname=\"Helvetica\"]\n"
                        "    edge [fontname=\"Helvetica\", fontsize=10]\n");
    for (const se_call *call = graph->calls; call != NULL; call = call->next)
        add_call(&buf, graph, call, number++);
    number = 0;
    for (const se_call *call = graph->calls; call != NULL; call = call->next)
        add_arrows(&buf, graph, call, number++);
    se_strbuf_add(&buf, "}\n");
    return buf.length;
}
