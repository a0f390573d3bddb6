/* seqecho/graph.h - a directed acyclic graph of layers, and the weights they own.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_GRAPH_H
#define SEQECHO_GRAPH_H

#include <seqecho/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Topology and weights; reference counted.
 *
 * Thread-safety: one thread at a time while it is built or its weights are written.
 * After that any number of predictors, and anything that only reads, may use it from any
 * threads at once.  References are counted atomically. */
typedef struct seqecho_graph seqecho_graph;

/* A declared layer: options and weights.  Owned by its graph, never freed by the user. */
typedef struct seqecho_layer seqecho_layer;

/* The symbolic output of calling a layer.  Owned by its graph. */
typedef struct seqecho_node seqecho_node;

/* Every layer description (seqecho/layers.h) starts with this. */
typedef struct seqecho_spec {
    size_t struct_size; /* of the whole description */
    uint32_t kind;      /* SEQECHO_KIND_* */
    uint32_t reserved;  /* zero */
} seqecho_spec;

typedef struct seqecho_graph_options {
    size_t struct_size;
    uint64_t seed;                      /* of the initial weights */
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_graph_options;

#ifndef __cplusplus
#define SEQECHO_GRAPH(...) \
    SEQECHO__REF(seqecho_graph_options, .struct_size = sizeof(seqecho_graph_options), \
                 __VA_ARGS__)
#endif

SEQECHO_API int seqecho_graph_create(
    seqecho_graph **out, const seqecho_graph_options *options) SEQECHO_MUST_CHECK;

/* Take one more reference; returns its argument. */
SEQECHO_API seqecho_graph *seqecho_graph_ref(seqecho_graph *graph);

/* Drop one reference; the last one frees the graph.  NULL is allowed. */
SEQECHO_API void seqecho_graph_destroy(seqecho_graph *graph);

/* ---- Building ---------------------------------------------------------------------
 *
 * A building call that fails latches its code and message in the graph and returns NULL;
 * every later building call is then a no-op that returns NULL, and NULL arguments that
 * came from a failed call are accepted.  So build without checks and look once: here, or
 * at seqecho_trainer_create(), which returns the same code and message.
 *
 * Building ends with the first call that needs the weights: any seqecho_graph_weight_*()
 * but count and name, seqecho_trainer_create(), seqecho_predictor_create().  A building
 * call after that is SEQECHO_ESTATE and changes nothing. */

/* The first error of building, or SEQECHO_OK; the message becomes this thread's. */
SEQECHO_API int seqecho_graph_status(const seqecho_graph *graph) SEQECHO_MUST_CHECK;

/* Sequential style: append to what was added last.  The first one is an input.  Unless
 * seqecho_graph_output() says otherwise, the last one is the output. */
SEQECHO_API seqecho_layer *seqecho_graph_add(seqecho_graph *graph,
                                             const seqecho_spec *spec);

/* Functional style: declare an input, declare layers, call them.  A layer called twice
 * shares its weights. */
SEQECHO_API seqecho_node *seqecho_graph_input(seqecho_graph *graph,
                                              const seqecho_spec *input);
SEQECHO_API seqecho_layer *seqecho_layer_create(seqecho_graph *graph,
                                                const seqecho_spec *spec);
SEQECHO_API seqecho_node *seqecho_layer_call(seqecho_layer *layer, seqecho_node *x);

/* A call with several inputs: an LSTM takes { x, initial_h, initial_c }. */
SEQECHO_API seqecho_node *seqecho_layer_call_n(seqecho_layer *layer, seqecho_node *const *x,
                                               size_t n);

/* Output number i of the call that made `node`: of an LSTM with return_state, 0 is the
 * output, 1 the last hidden state h and 2 the last memory cell c. */
SEQECHO_API seqecho_node *seqecho_node_output(seqecho_node *node, size_t i);

/* Make `node` an output of the graph; outputs are numbered in the order of these calls.
 * Returns the graph's status. */
SEQECHO_API int seqecho_graph_output(seqecho_graph *graph, seqecho_node *node);

/* ---- Looking --------------------------------------------------------------------- */

/* The shape of a node.  view->data is NULL, and dim[0] is the fixed batch size or -1. */
SEQECHO_API int seqecho_node_shape(const seqecho_node *node,
                                   seqecho_view *view) SEQECHO_MUST_CHECK;

/* The name of a layer: as given, or made from its kind as Keras does ("lstm", "lstm_1").
 * Owned by the graph.  "" for NULL. */
SEQECHO_API const char *seqecho_layer_name(const seqecho_layer *layer);

/* Write a table of layers, output shapes and weight counts, as Keras's summary().
 * Returns the length of the whole text without its final NUL; at most size - 1 characters
 * of it are written.  buf may be NULL if size is 0. */
SEQECHO_API size_t seqecho_graph_summary(const seqecho_graph *graph, char *buf,
                                         size_t size);

/* Write the graph in the DOT language, which Graphviz draws: `dot -Tsvg model.dot`.  A box
 * a call, with name, class and output shape; dashed for inputs, thick for outputs.  Length
 * and buffer as for seqecho_graph_summary(). */
SEQECHO_API size_t seqecho_graph_dot(const seqecho_graph *graph, char *buf, size_t size);

/* ---- Weights, by name --------------------------------------------------------------
 *
 * Names are "layer/weight": "encoder/kernel", "encoder/recurrent_kernel", "encoder/bias".
 * Values are float32, row-major, in Keras's layout and gate order (i, f, c, o); see each
 * layer in seqecho/layers.h.  They are numbered layer by layer, as the layers were
 * declared; for a sequential graph that is the order of Keras's get_weights(). */

/* Number of weight arrays, 0 for a graph in error. */
SEQECHO_API size_t seqecho_graph_weight_count(const seqecho_graph *graph);

/* Number of weights in all of them. */
SEQECHO_API int64_t seqecho_graph_parameter_count(const seqecho_graph *graph);

/* The name of weight array i; NULL if there is none.  Owned by the graph. */
SEQECHO_API const char *seqecho_graph_weight_name(const seqecho_graph *graph, size_t i);

/* Its shape.  view->data is NULL. */
SEQECHO_API int seqecho_graph_weight_shape(seqecho_graph *graph, const char *name,
                                           seqecho_view *view) SEQECHO_MUST_CHECK;

/* Copy the weights out or in.  `count` is the number of floats and must be the array's
 * size.  Setting a NaN or an infinity is SEQECHO_EINVAL.  Setting while a trainer or
 * predictor exists is allowed between their calls, and seen by their next call. */
SEQECHO_API int seqecho_graph_weight_get(seqecho_graph *graph, const char *name,
                                         float *values, size_t count) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_graph_weight_set(seqecho_graph *graph, const char *name,
                                         const float *values,
                                         size_t count) SEQECHO_MUST_CHECK;

/* Copy every weight of `from` that `to` has under the same name and shape; *copied, where
 * not NULL, receives how many arrays.  Ends the building of both. */
SEQECHO_API int seqecho_graph_weights_copy(seqecho_graph *to, seqecho_graph *from,
                                           size_t *copied) SEQECHO_MUST_CHECK;

/* ---- What training may do to weights: at any time, seen by the next step ------------ */

/* Train the weights of a layer, or leave them as they are; they are trained unless this
 * says otherwise, or no output depends on the layer. */
SEQECHO_API int seqecho_graph_set_trainable(seqecho_graph *graph, const char *layer,
                                            seqecho_bool trainable) SEQECHO_MUST_CHECK;

/* Add l1 sum(|w|) + l2 sum(w^2) over a weight array to the loss; both 0 or more, and 0
 * unless this says otherwise.  Keras's kernel_, recurrent_ and bias_regularizer.  As there,
 * nothing is added while the weights of the layer are not trained. */
SEQECHO_API int seqecho_graph_set_regularizer(seqecho_graph *graph, const char *weight,
                                              float l1, float l2) SEQECHO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_GRAPH_H */
