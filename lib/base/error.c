/* base/error.c - error codes, their names, and this thread's message.
 * SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static _Thread_local char se_message[SE_ERROR_SIZE];

#undef se_fail /* base/error.h: what analysers see instead */
int se_fail(int code, const char *format, ...)
{
    va_list args;

    assert(code < 0);
    va_start(args, format);
    vsnprintf(se_message, sizeof se_message, format, args);
    va_end(args);
    return code;
}

const char *seqecho_error_message(void)
{
    return se_message;
}

const char *seqecho_error_name(int code)
{
    switch (code) {
    case SEQECHO_OK: return "SEQECHO_OK";
    case SEQECHO_EINVAL: return "SEQECHO_EINVAL";
    case SEQECHO_ENOMEM: return "SEQECHO_ENOMEM";
    case SEQECHO_ESHAPE: return "SEQECHO_ESHAPE";
    case SEQECHO_ENOTFOUND: return "SEQECHO_ENOTFOUND";
    case SEQECHO_ESTATE: return "SEQECHO_ESTATE";
    case SEQECHO_EIO: return "SEQECHO_EIO";
    case SEQECHO_EFORMAT: return "SEQECHO_EFORMAT";
    case SEQECHO_ENOTSUP: return "SEQECHO_ENOTSUP";
    case SEQECHO_ENUMERIC: return "SEQECHO_ENUMERIC";
    case SEQECHO_ECALLBACK: return "SEQECHO_ECALLBACK";
    case SEQECHO_EDURABILITY: return "SEQECHO_EDURABILITY";
    default: return "SEQECHO_E?";
    }
}
