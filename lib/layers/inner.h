/* layers/inner.h - layers inside a layer: their names, shapes, weights and frames.
 * SPDX-License-Identifier: MIT
 *
 * A wrapper owns what the graph sees.  The weights of the layers inside are declared as the
 * wrapper's, one layer after the other, and each layer works on its window of them; values,
 * states and memory are parts of the wrapper's, which it deals out in the frames it makes.
 * Errors of a layer inside begin with both names. */
#ifndef SE_LAYERS_INNER_H
#define SE_LAYERS_INNER_H

#include "layers/layer.h"

/* Name the layers inside as Keras does, those that have no name by their kind: "dense",
 * "dense_1".  No two may have the same. */
int se_inner_name(seqecho_layer *layer);

/* Check one layer inside, which has a name. */
int se_inner_check(const seqecho_layer *layer, seqecho_layer *inner);

/* The same for one that is to have a single input. */
int se_inner_check_single(const seqecho_layer *layer, seqecho_layer *inner);

/* Shapes of its outputs.  If it has weights, they must fit the input. */
int se_inner_infer(const seqecho_layer *layer, const seqecho_layer *inner,
                   const se_shape *in, size_t n_in, se_shape out[SE_MAX_PORTS]);

/* Declare its weights as the wrapper's, for this first input, with these two words before
 * their names.  What fails here is found by the graph: a name that is NULL for want of
 * memory, and n_weights above SE_MAX_WEIGHTS. */
void se_inner_build(seqecho_layer *layer, seqecho_layer *inner, const se_shape *in,
                    const char *prefix, const char *separator);

/* The wrapper's frame with the layer, its weights and its noise in place of the wrapper's,
 * and no mask.  All else is for the wrapper to replace. */
se_frame se_inner_frame(const se_frame *f, const seqecho_layer *inner);

/* Lay out the workspace of a frame inside. */
void se_inner_work(se_frame *g, se_carver *carver);

#endif /* SE_LAYERS_INNER_H */
