/* kernels/gradient.h - gradients of weights that are no products, and which thread has
 * which part of a weight.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_GRADIENT_H
#define SE_KERNELS_GRADIENT_H

#include "kernels/gemm.h"

/* Rows [*begin, *end) of a weight are those of piece number `piece` of `pieces`: those that
 * se_gemm_gradient() and se_scatter_gradient() leave in that thread's cache.  What is done
 * to a gradient afterwards had better be cut likewise. */
void se_weight_piece(int64_t rows, int pieces, int piece, int64_t *begin, int64_t *end);

/* dW (k, n): dW[index[r]] += Y[r] for each row of Y (rows, n), in the order of r, after
 * clearing dW with SE_STORE_SET.  The gradient of a weight for inputs that are one-hot. */
void se_scatter_gradient(const se_compute *compute, int64_t rows, int64_t k, int64_t n,
                         const int32_t *index, const float *y, float *dw, se_store store);

/* db (n) += the sum of the rows of Y (rows, n), in their order; SE_STORE_SET as above. */
void se_bias_gradient(const se_compute *compute, int64_t rows, int64_t n, const float *y,
                      float *db, se_store store);

#endif /* SE_KERNELS_GRADIENT_H */
