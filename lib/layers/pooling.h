/* layers/pooling.h - what the kinds of pooling share.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_POOLING_H
#define SE_LAYERS_POOLING_H

#include "layers/field.h"
#include "layers/window.h"

/* ops->check(), ops->traits() and ops->infer() of layers described by
 * seqecho_pooling1d_spec, and their windows on that input. */
int se_pooling_check(seqecho_layer *layer);
uint32_t se_pooling_traits(const seqecho_layer *layer);
int se_pooling_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                     se_shape *out);
se_window se_pooling_window(const seqecho_layer *layer, const se_shape *in);

/* ops->check() and ops->infer() of layers described by seqecho_global_pooling1d_spec. */
int se_pooling_check_global(seqecho_layer *layer);
int se_pooling_infer_global(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                            se_shape *out);

/* y (out, width) = the largest of each window of x (in, width), and at (out, width) = the
 * step it is at, the first of several; at may be NULL.  A NaN is larger than anything. */
void se_pooling_max(const se_window *w, int64_t width, const float *x, float *y,
                    int32_t *at);

/* dx = the gradient of x from that of y. */
void se_pooling_max_backward(const se_window *w, int64_t width, const int32_t *at,
                             const float *dy, float *dx);

/* The options of both. */
#define SE_POOLING_FIELDS 3
extern const se_field se_pooling_fields[SE_POOLING_FIELDS];

#endif /* SE_LAYERS_POOLING_H */
