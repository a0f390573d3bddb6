/* base/options.h - reading size-led option structs of any age.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_OPTIONS_H
#define SE_BASE_OPTIONS_H

#include <stddef.h>

/* Copy the struct at src, which begins with its own size, over the `size` bytes at dst.
 *
 * An older caller's shorter struct reads as if its missing tail were zero.  A newer
 * caller's longer struct is accepted if the tail this library does not know is zero, else
 * SEQECHO_ENOTSUP.  A size that cannot be right is SEQECHO_EINVAL.  `what` names the
 * struct in messages.  src == NULL gives all zero with dst's size. */
int se_options_read(void *dst, size_t size, const void *src, const char *what);

#endif /* SE_BASE_OPTIONS_H */
