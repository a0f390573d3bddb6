/* checkpoint/find.h - the newest checkpoint of a directory that is whole.
 * SPDX-License-Identifier: MIT */
#ifndef SE_CHECKPOINT_FIND_H
#define SE_CHECKPOINT_FIND_H

#include <stddef.h>
#include <stdint.h>

#include <seqecho/common.h>

/* Its number, -1 if there is none, and its path: there must be room for the directory and
 * SE_CHECKPOINT_NAME + 1 more.  Damaged files are passed over. */
int se_checkpoint_find(int64_t *number, char *path, size_t room, const char *directory,
                       const seqecho_allocator *a, const char *what);

#endif /* SE_CHECKPOINT_FIND_H */
