/* kernels/kernels_c.c - the kernels for every machine, in plain C.
 * SPDX-License-Identifier: MIT */
#include "kernels/kernels_tmpl.h"
