/* base/strbuf.c - text into a buffer that may be too small, without losing count.
 * SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

void se_strbuf_init(se_strbuf *buf, char *data, size_t size)
{
    *buf = (se_strbuf){ .data = data, .size = size };
    if (size > 0)
        data[0] = '\0';
}

void se_strbuf_add(se_strbuf *buf, const char *format, ...)
{
    const size_t left = buf->length < buf->size ? buf->size - buf->length : 0;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(left > 0 ? buf->data + buf->length : NULL, left, format, args);
    va_end(args);
    if (n > 0)
        buf->length += (size_t)n;
}

void se_strbuf_pad(se_strbuf *buf, size_t start, size_t column)
{
    while (buf->length < start + column)
        se_strbuf_add(buf, " ");
}
