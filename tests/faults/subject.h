/* subject.h - a file made by se_file_replace(), for drills.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_SUBJECT_H
#define SEQECHO_TESTS_SUBJECT_H

#include "drill.h"

/* Made of stretches of bytes, an empty one among them; no two sectors are alike. */
#define SUBJECT_OLD_SIZE ((size_t)3000)
#define SUBJECT_NEW_SIZE ((size_t)5000)

/* The users for an old file of the one size and a new one of the other. */
extern void *const subject_old, *const subject_new;

/* What it holds; not to be freed. */
files_bytes subject_bytes(void *user);

drill_function subject_save;

#endif /* SEQECHO_TESTS_SUBJECT_H */
