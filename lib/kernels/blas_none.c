/* kernels/blas_none.c - stands for kernels/blas.c in a library built without a BLAS.
 * SPDX-License-Identifier: MIT
 *
 * Every product is refused, so its caller computes it with the library's own kernels. */
#include "kernels/blas.h"

#include "base/attributes.h"

bool se_blas_sgemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                   const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                   float *c, int64_t ldc)
{
    SE_UNUSED(trans_a), SE_UNUSED(trans_b), SE_UNUSED(m), SE_UNUSED(n), SE_UNUSED(k);
    SE_UNUSED(a), SE_UNUSED(lda), SE_UNUSED(b), SE_UNUSED(ldb), SE_UNUSED(beta);
    SE_UNUSED(c), SE_UNUSED(ldc);
    return false;
}

const char *se_blas_name(void)
{
    return "no BLAS";
}
