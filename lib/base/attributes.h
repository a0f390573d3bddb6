/* base/attributes.h - the compiler extensions this library uses, by name.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_ATTRIBUTES_H
#define SE_BASE_ATTRIBUTES_H

#if defined(__GNUC__)
#define SE_COLD __attribute__((cold))
#define SE_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#define SE_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define SE_COLD
#define SE_PRINTF(text, first)
#define SE_ALWAYS_INLINE inline
#endif

#define SE_UNUSED(x) ((void)(x))

/* Buffers that kernels walk begin on a cache line. */
#define SE_CACHE_LINE 64

#endif /* SE_BASE_ATTRIBUTES_H */
