/* kernels/gemm.h - which way a matrix product goes: own kernels or BLAS, packed or not,
 * one thread or several.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_GEMM_H
#define SE_KERNELS_GEMM_H

#include "base/pool.h"
#include "kernels/kernels.h"

/* What the arithmetic of one trainer or predictor runs on. */
typedef struct se_compute {
    const se_kernels *k;
    se_pool *pool;   /* NULL inside a pool's work */
    bool allow_blas; /* SEQECHO_NUMERICS_FAST, and not inside a pool's work */
    float *room;     /* SE_GEMM_ROOM floats for each thread of the pool */
} se_compute;

/* The same for products inside piece number `piece` of the pool's work. */
static inline se_compute se_compute_piece(const se_compute *compute, int piece)
{
    return (se_compute){ compute->k, NULL, compute->allow_blas && compute->pool == NULL,
                         compute->room + (size_t)piece * SE_GEMM_ROOM };
}

/* The right-hand factor of products, (k, n): element (r, c) at source[r * row + c * col].
 * `panels` may point into a packed copy. */
typedef struct se_factor {
    se_panels panels;
    const float *source;
    int64_t row, col;
} se_factor;

/* Floats that se_factor_make() may need for packing. */
size_t se_factor_size(const se_compute *compute, int64_t k, int64_t n);

/* Prepare B for products whose left-hand factors have m rows, `uses` of them; packs it
 * into `packed` (se_factor_size() floats) if that pays or if col != 1.  The factor lives
 * as long as source and packed do. */
se_factor se_factor_make(const se_compute *compute, int64_t m, int64_t uses, int64_t k,
                         int64_t n, const float *source, int64_t row, int64_t col,
                         float *packed);

/* C (m, n), rows c_row apart, = A B (see se_store); A's element (i, r) is
 * a[i * a_row + r * a_col].  Bits do not depend on the pool; with allow_blas large
 * products may go to the BLAS. */
void se_gemm(const se_compute *compute, int64_t m, const float *a, int64_t a_row,
             int64_t a_col, const se_factor *b, float *c, int64_t c_row, se_store store,
             const float *bias);

/* dW (k, n) = X^T (rows, k) Y (rows, n), or += with SE_STORE_ADD; both row-major: the
 * gradient of a weight. */
void se_gemm_gradient(const se_compute *compute, int64_t rows, int64_t k, int64_t n,
                      const float *x, int64_t x_row, const float *y, int64_t y_row,
                      float *dw, se_store store);

#endif /* SE_KERNELS_GEMM_H */
