/* io/replace.h - a file is saved as a whole, or not at all.
 * SPDX-License-Identifier: MIT */
#ifndef SE_IO_REPLACE_H
#define SE_IO_REPLACE_H

#include <stddef.h>

/* A stretch of memory; data may be NULL if size is 0. */
typedef struct se_bytes {
    const void *data;
    size_t size;
} se_bytes;

/* Replace or create the file at `path` by these stretches, one after the other.  Whatever
 * happens, be it a full disk, a killed process or a power failure, `path` holds the whole
 * old file or the whole new one, and the new one once this returns SEQECHO_OK.  `what`
 * begins messages.
 *
 * The new file has the permissions of the regular file it replaces, else 0666 less the
 * umask.  A symbolic link is itself replaced, not the file it leads to; other hard links
 * keep the old file.  The directory must be one that the process may read and write; the
 * permissions of the old file do not matter.  Any threads and processes may save to the
 * same path at the same time: one of their files is there in the end.  The disk needs room
 * for the old file and the new one.
 *
 *   SEQECHO_EINVAL      `path` is NULL, empty or ends in '/', or the size wraps around
 *   SEQECHO_EIO         nothing has changed: what is at `path` is neither a regular file
 *                       nor a symbolic link, or the system refused something
 *   SEQECHO_EDURABILITY the new file is in place, but the directory could not be brought
 *                       to the disk: a power failure may still bring back the old one
 *
 * A process killed meanwhile leaves a file named .<name>.<pid>.<number>.tmp beside it. */
int se_file_replace(const char *path, const se_bytes *parts, size_t n, const char *what);

#endif /* SE_IO_REPLACE_H */
