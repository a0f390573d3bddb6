/* kernels/kernels_avx512.c - the kernels for x86 with AVX-512.
 * SPDX-License-Identifier: MIT */
#define SE_SIMD_AVX512
#define SE_TABLE se_kernels_avx512
#define SE_TABLE_NAME "avx512"

#include "kernels/kernels_tmpl.h"
