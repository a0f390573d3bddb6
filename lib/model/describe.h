/* model/describe.h - a graph as JSON, and a graph from JSON.
 * SPDX-License-Identifier: MIT
 *
 *     { "seed": "1",
 *       "layers": [ { "class_name": "LSTM", "config": { "units": 20, ... } } ],
 *       "calls": [ { "layer": 1, "inputs": [ [0, 0] ] } ],
 *       "outputs": [ [2, 0] ],
 *       "trainable": { "lstm": false },
 *       "regularizers": { "lstm/kernel": { "l1": 0.0, "l2": 0.01 } } }
 *
 * Layers stand in the order of their declaration, calls in theirs; a pair is the number of
 * a call and of one of its outputs.  docs/file-format.md has it all. */
#ifndef SE_MODEL_DESCRIBE_H
#define SE_MODEL_DESCRIBE_H

#include "graph/graph.h"
#include "io/json.h"

/* Files hold no more of each; layers inside others count. */
#define SE_LAYERS_MAX 4096
#define SE_CALLS_MAX 4096

/* Describe a graph whose building has ended.  The caller owns *out; SEQECHO_ENOTSUP where
 * a graph cannot be described: a name that is not UTF-8, or too many layers. */
int se_graph_describe(json_t **out, const seqecho_graph *graph, const char *what);

/* Are these the same layers, calls and outputs?  SEQECHO_ESHAPE, with the first difference,
 * if not.  Both are descriptions that se_graph_describe() has made. */
int se_description_expect(const json_t *found, const json_t *expected, const char *what);

/* Build the graph of a description; its building has not ended.  NULL on failure:
 * SEQECHO_EFORMAT for what is no description, SEQECHO_ENOTSUP for what a newer library may
 * know, or the error of a layer that cannot be. */
int se_graph_construct(seqecho_graph **out, const json_t *description,
                       const seqecho_allocator *a, const char *what);

/* What training may do to weights ("trainable", "regularizers"): checked against a graph
 * that has the described layers, and then set, which cannot fail. */
int se_training_check(const seqecho_graph *graph, const json_t *description,
                      const char *what);
void se_training_set(seqecho_graph *graph, const json_t *description);

#endif /* SE_MODEL_DESCRIBE_H */
