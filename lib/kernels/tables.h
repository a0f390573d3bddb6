/* kernels/tables.h - the tables this build has, one per kernels_<name>.c.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_TABLES_H
#define SE_KERNELS_TABLES_H

#include "kernels/kernels.h"

extern const se_kernels se_kernels_c;
extern const se_kernels se_kernels_sse2;
extern const se_kernels se_kernels_avx2;
extern const se_kernels se_kernels_avx512;
extern const se_kernels se_kernels_neon;

#endif /* SE_KERNELS_TABLES_H */
