/* base/strbuf.h - text into a buffer that may be too small, without losing count.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_STRBUF_H
#define SE_BASE_STRBUF_H

#include <stddef.h>

#include "base/attributes.h"

typedef struct se_strbuf {
    char *data;    /* always ended by NUL if size > 0 */
    size_t size;   /* of data */
    size_t length; /* of the whole text, whether it fit or not */
} se_strbuf;

/* data may be NULL if size is 0. */
void se_strbuf_init(se_strbuf *buf, char *data, size_t size);

/* Append formatted text. */
void se_strbuf_add(se_strbuf *buf, const char *format, ...) SE_PRINTF(2, 3);

/* Append spaces until the text is `column` characters past `start`. */
void se_strbuf_pad(se_strbuf *buf, size_t start, size_t column);

#endif /* SE_BASE_STRBUF_H */
