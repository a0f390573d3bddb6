/* kernels/blas.h - the only door to the BLAS library.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_BLAS_H
#define SE_KERNELS_BLAS_H

#include <stdbool.h>
#include <stdint.h>

/* C = beta C + op(A) op(B), row-major, op by the trans flags: C (m, n), sizes checked
 * against the BLAS's integer.  False, and C untouched, if there is no BLAS, or it cannot be
 * used here: a size it cannot count, or a forked child of a process whose BLAS is not known
 * to stand that (one on OpenMP would hang).  Serialises calls on a BLAS that is not known
 * to be safe to call from two threads.  Never changes the BLAS's thread count. */
bool se_blas_sgemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                   const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                   float *c, int64_t ldc);

/* Name and version of the BLAS, or "no BLAS", for seqecho_build_info(). */
const char *se_blas_name(void);

#endif /* SE_KERNELS_BLAS_H */
