/* power.h - what a power failure may leave of a saved file.
 * SPDX-License-Identifier: MIT
 *
 * A disk as POSIX allows it to be.  Until fsync() of a file, each of its sectors is on the
 * disk as it was at the last fsync() or after any later write, and its size is any that it
 * has had since.  Until fsync() of the directory, the disk knows some first ones of its
 * changes, in their order. */
#ifndef SEQECHO_TESTS_POWER_H
#define SEQECHO_TESTS_POWER_H

#include "calls.h"
#include "files.h"

typedef struct power_count {
    long states; /* looked at */
    long torn;   /* in which the path holds neither the old nor the new file */
    long lost;   /* in which it holds the old one, though success was reported */
} power_count;

/* Cut the power before the first call of the trace and after each; the save has returned
 * success after the last.  `name` is where it saved to, in a directory of which no other
 * file matters. */
power_count power_check(const calls_trace *trace, const char *name, const files_bytes *old,
                        const files_bytes *new);

#endif /* SEQECHO_TESTS_POWER_H */
