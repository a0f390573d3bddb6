/* kernels/kernels_avx2.c - the kernels for x86 with AVX2 and FMA.
 * SPDX-License-Identifier: MIT */
#define SE_SIMD_AVX2
#define SE_TABLE se_kernels_avx2
#define SE_TABLE_NAME "avx2"

#include "kernels/kernels_tmpl.h"
