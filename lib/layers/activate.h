/* layers/activate.h - any activation on rows: softmax needs whole rows, the others do not.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_ACTIVATE_H
#define SE_LAYERS_ACTIVATE_H

#include <stdbool.h>

#include "kernels/kernels.h"

/* A known activation other than SEQECHO_ACTIVATION_DEFAULT? */
bool se_activation_known(seqecho_activation f);

/* Does its derivative need x, not just y? */
bool se_activation_needs_input(seqecho_activation f);

/* y = f(x), contiguous rows; y may equal x. */
void se_activate(const se_kernels *k, seqecho_activation f, int64_t rows, int64_t cols,
                 const float *x, float *y);

/* dx = gradient of x from that of y; x may be NULL unless the derivative needs it; dx may
 * equal dy. */
void se_activate_backward(const se_kernels *k, seqecho_activation f, int64_t rows,
                          int64_t cols, const float *x, const float *y, const float *dy,
                          float *dx);

#endif /* SE_LAYERS_ACTIVATE_H */
