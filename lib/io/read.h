/* io/read.h - a whole file in memory.
 * SPDX-License-Identifier: MIT */
#ifndef SE_IO_READ_H
#define SE_IO_READ_H

#include <stddef.h>

#include <seqecho/common.h>

/* The bytes of the regular file at `path`, in memory from `a`; *bytes is not NULL, not even
 * if *size is 0.  `what` begins messages.  Symbolic links are followed.
 *
 * Never waits for the other end of a FIFO and reads no device.  On failure *bytes is NULL
 * and *size is 0: SEQECHO_EINVAL if `path` is NULL or empty; SEQECHO_ENOMEM; SEQECHO_EIO if
 * it is not a regular file, cannot be read, or changes its size meanwhile. */
int se_file_read(const char *path, const seqecho_allocator *a, unsigned char **bytes,
                 size_t *size, const char *what);

#endif /* SE_IO_READ_H */
