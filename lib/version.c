/* version.c - which library this is, and what it chose on this machine.
 * SPDX-License-Identifier: MIT */
#include <seqecho/version.h>

#include "base/pool.h"
#include "base/strbuf.h"
#include "kernels/blas.h"
#include "kernels/kernels.h"
#include "layers/layer.h"

uint32_t seqecho_version(void)
{
    return SEQECHO_VERSION_HEX;
}

const char *seqecho_build_info(void)
{
    static _Thread_local char info[320];
    se_strbuf text;

    se_strbuf_init(&text, info, sizeof info);
    se_strbuf_add(&text, "%s, %s kernels, %s; kernels: ", SEQECHO_VERSION_STRING,
                  se_kernels_get()->name, se_blas_name());
    se_kernels_reason(&text);
    se_strbuf_add(
        &text,
        "; BLAS: for large products of SEQECHO_NUMERICS_FAST only; threads: up to "
        "%d, as many processors as this process may use",
        se_pool_processors());
    return info;
}

int seqecho_has_kind(uint32_t kind)
{
    return se_layer_find(kind) != NULL;
}
