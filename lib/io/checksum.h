/* io/checksum.h - XXH3, 64 bits: finds accidents, not forgeries.
 * SPDX-License-Identifier: MIT */
#ifndef SE_IO_CHECKSUM_H
#define SE_IO_CHECKSUM_H

#include <stdint.h>

#include "io/replace.h"

/* Of these stretches of bytes as if they were one. */
uint64_t se_checksum(const se_bytes *parts, size_t n);

#endif /* SE_IO_CHECKSUM_H */
