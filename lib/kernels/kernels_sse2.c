/* kernels/kernels_sse2.c - the kernels for every 64-bit x86.
 * SPDX-License-Identifier: MIT */
#define SE_SIMD_SSE2
#define SE_TABLE se_kernels_sse2
#define SE_TABLE_NAME "sse2"

#include "kernels/kernels_tmpl.h"
