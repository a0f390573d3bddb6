/* model/weights_file.h - weights of a graph as arrays of a file.
 * SPDX-License-Identifier: MIT */
#ifndef SE_MODEL_WEIGHTS_FILE_H
#define SE_MODEL_WEIGHTS_FILE_H

#include "graph/graph.h"
#include "io/safetensors.h"

/* Blocks in the layout of the parameters - the weights themselves, moments of an optimizer
 * - are written and read an array a weight.  An array is named `prefix` and the name of
 * the weight. */

/* SEQECHO_ENUMERIC, naming the first weight whose element of `block` is not finite. */
int se_block_check(const seqecho_graph *graph, const float *block, const char *prefix,
                   const char *what);

/* Add one array for each weight. */
void se_block_write(se_writer *w, const seqecho_graph *graph, const float *block,
                    const char *prefix);

/* Are all of them there, float32 of the right shape and finite?  SEQECHO_EFORMAT if not. */
int se_block_find(const se_container *c, const seqecho_graph *graph, const char *prefix,
                  const char *what);

/* Copy what was found; cannot fail. */
void se_block_read(const se_container *c, const seqecho_graph *graph, const char *prefix,
                   float *block);

#endif /* SE_MODEL_WEIGHTS_FILE_H */
