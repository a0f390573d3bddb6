/* io/checksum.c - XXH3, 64 bits, by xxHash, whose functions become part of this file.
 * SPDX-License-Identifier: MIT */
#include "io/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t se_checksum(const se_bytes *parts, size_t n)
{
    XXH3_state_t state;

    XXH3_64bits_reset(&state);
    for (size_t i = 0; i < n; i++)
        if (parts[i].size > 0)
            XXH3_64bits_update(&state, parts[i].data, parts[i].size);
    return XXH3_64bits_digest(&state);
}
