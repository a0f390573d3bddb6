/* kernels/kernels_neon.c - the kernels for 64-bit ARM.
 * SPDX-License-Identifier: MIT */
#define SE_SIMD_NEON
#define SE_TABLE se_kernels_neon
#define SE_TABLE_NAME "neon"

#include "kernels/kernels_tmpl.h"
