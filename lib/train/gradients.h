/* train/gradients.h - regularisation, and the clipping of gradients before a step.
 * SPDX-License-Identifier: MIT
 *
 * Layers that are not trained (se_layer_trained()) take no part in anything here.  Sums are
 * over fixed blocks of each weight, joined in order, so they do not depend on threads. */
#ifndef SE_TRAIN_GRADIENTS_H
#define SE_TRAIN_GRADIENTS_H

#include "graph/graph.h"

/* Doubles that the sums below need. */
size_t se_gradients_room(const seqecho_graph *graph);

/* The sum of l1 |w| + l2 w^2 over all weights that have them. */
double se_gradients_penalty(const seqecho_graph *graph, const se_compute *compute,
                            double *room);

/* Add its slopes to the gradients. */
void se_gradients_regularize(const seqecho_graph *graph, const se_compute *compute,
                             float *grads);

typedef enum se_clip_kind {
    SE_CLIP_NONE,
    SE_CLIP_NORM,        /* of each weight */
    SE_CLIP_GLOBAL_NORM, /* of all together */
    SE_CLIP_VALUE        /* each element */
} se_clip_kind;

typedef struct se_clip {
    se_clip_kind kind;
    double limit;
} se_clip;

/* Measure the gradients: room[number] receives what those of each weight, as
 * se_graph_share_weights() numbers them, are to be multiplied by: 1 where they are within
 * the limit.  The number of a weight that is not trained means nothing. */
void se_clip_measure(const se_clip *clip, const seqecho_graph *graph,
                     const se_compute *compute, const float *grads, double *room);

#endif /* SE_TRAIN_GRADIENTS_H */
