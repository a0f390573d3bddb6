/* checkpoint/folder.h - a directory of numbered checkpoints.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is kept in memory: the directory is read whenever something is asked, so it does
 * not matter what others do there. */
#ifndef SE_CHECKPOINT_FOLDER_H
#define SE_CHECKPOINT_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* "checkpoint-000000000500.safetensors" */
#define SE_CHECKPOINT_NAME 48
const char *se_checkpoint_name(char name[SE_CHECKPOINT_NAME], int64_t steps);

#define SE_CHECKPOINT_BEST "best.safetensors"

/* The largest number below `below` that a checkpoint has; -1 if there is none, or no
 * directory.  SEQECHO_EIO if the directory cannot be read. */
int se_folder_newest(int64_t *newest, const char *directory, int64_t below,
                     const char *what);

/* Tidy up after a checkpoint of that number was saved: of those up to it, all but the
 * newest `keep` are removed, and so is what savers that were killed have left.  What
 * cannot be removed stays. */
void se_folder_tidy(const char *directory, int64_t newest, int64_t keep);

#endif /* SE_CHECKPOINT_FOLDER_H */
