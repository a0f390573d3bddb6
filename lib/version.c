/* version.c - which library this is, and what it chose on this machine.
 * SPDX-License-Identifier: MIT */
#include <seqecho/version.h>

#include <stdio.h>

#include "kernels/blas.h"
#include "kernels/kernels.h"
#include "layers/layer.h"

uint32_t seqecho_version(void)
{
    return SEQECHO_VERSION_HEX;
}

const char *seqecho_build_info(void)
{
    static _Thread_local char info[128];

    snprintf(info, sizeof info, "%s, %s kernels, %s", SEQECHO_VERSION_STRING,
             se_kernels_get()->name, se_blas_name());
    return info;
}

int seqecho_has_kind(uint32_t kind)
{
    return se_layer_find(kind) != NULL;
}
