/* graph/graph.h - layers, their calls, and the weights they own.
 * SPDX-License-Identifier: MIT */
#ifndef SE_GRAPH_GRAPH_H
#define SE_GRAPH_GRAPH_H

#include <stdatomic.h>

#include <seqecho/graph.h>

#include "base/error.h"
#include "layers/layer.h"

#define SE_MAX_ENDS 16 /* inputs, or outputs, of a graph */
#define SE_KINDS 64    /* kinds of layers are numbered below this */

typedef struct se_call se_call;

struct seqecho_node {
    se_call *call;
    size_t port;  /* output number of the call */
    size_t index; /* in the graph */
    se_shape shape;
};

/* One application of a layer.  Calls are listed in the order they were made, in which
 * every input comes before its consumers. */
struct se_call {
    seqecho_layer *layer;
    size_t n_in, n_out;
    seqecho_node *in[SE_MAX_PORTS];
    seqecho_node *out; /* n_out of them */
    se_call *next, *before;
    bool used; /* an output depends on it; set when building ends */
};

struct seqecho_graph {
    seqecho_allocator allocator;
    se_arena arena;
    atomic_int references;
    uint64_t seed;

    int status; /* first error of building */
    char message[SE_ERROR_SIZE];

    seqecho_layer *layers, *last_layer;
    se_call *calls, *last_call;
    size_t n_calls, n_nodes;
    unsigned named[SE_KINDS]; /* automatic names given out, by kind */
    seqecho_node *tail;       /* of the sequential style */
    seqecho_node *inputs[SE_MAX_ENDS], *outputs[SE_MAX_ENDS];
    size_t n_inputs, n_outputs;
    bool lengths[SE_MAX_ENDS]; /* inputs whose view of x is followed by one of lengths */
    int64_t batch;             /* fixed batch size, or 0 */

    bool frozen;
    float *params;   /* every weight array, each on a cache line; when building ends */
    size_t n_params; /* with the arrays declared so far */
};

/* End building: choose outputs, check, create the weights.  Does nothing if that is done;
 * returns the latched error if there is one. */
int se_graph_freeze(seqecho_graph *graph);

/* The same, but the weights are zeros: for those who will set them all. */
int se_graph_freeze_unset(seqecho_graph *graph);

/* ---- Building step by step: what the public calls are made of (build.c).  A failure is
 * not latched. ---- */

/* Declare a layer, or an input that is then to be called. */
int se_graph_declare(seqecho_graph *graph, const seqecho_spec *spec, seqecho_layer **out);
int se_graph_call_input(seqecho_layer *input, seqecho_node **out);

/* Call any other layer. */
int se_graph_call(seqecho_layer *layer, seqecho_node *const *x, size_t n,
                  seqecho_node **out);

/* ---- */

/* Number of views that make up x: one for each input, and one for the lengths of those that
 * have them. */
size_t se_graph_views(const seqecho_graph *graph);

/* Remember the first error of building, with this thread's message; returns `code`. */
int se_graph_latch(seqecho_graph *graph, int code);

/* The weight of that name, or NULL with SEQECHO_ENOTFOUND's message set. */
const se_weight *se_graph_find_weight(const seqecho_graph *graph, const char *name);

/* Visit weights, layer by layer as declared: pass a cursor of zeros, then the same one
 * again and again, until NULL comes. */
typedef struct se_weight_cursor {
    const seqecho_layer *layer;
    size_t i;
} se_weight_cursor;
const se_weight *se_graph_next_weight(const seqecho_graph *graph, se_weight_cursor *cursor);

/* Are the weights of this layer trained?  Not if it is frozen, or if no output depends on
 * it: such a layer is no part of what a session runs. */
static inline bool se_layer_trained(const seqecho_layer *layer)
{
    return layer->used && !layer->frozen;
}

/* Call fn with ranges of the parameter block that cover every weight once, but for those of
 * layers that are not trained, each thread of `compute` taking the parts whose gradients it
 * made; on one thread and with all of them trained, with the whole block. */
void se_graph_share(const seqecho_graph *graph, const se_compute *compute, se_pool_fn fn,
                    void *arg);

/* The same with ranges of one weight each, whose place in the order of
 * se_graph_next_weight() is `number`. */
typedef void (*se_weight_fn)(void *arg, int piece, const se_weight *w, size_t number,
                             int64_t begin, int64_t end);
void se_graph_share_weights(const seqecho_graph *graph, const se_compute *compute,
                            se_weight_fn fn, void *arg);

/* The number of a call, in the order in which they were made.  It is counted: there are not
 * many, and this is no work of every day. */
int64_t se_graph_call_number(const seqecho_graph *graph, const se_call *wanted);

#endif /* SE_GRAPH_GRAPH_H */
