/* broken.h - ways to save a file that are not good enough, which the drills must find out.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_BROKEN_H
#define SEQECHO_TESTS_BROKEN_H

#include "drill.h"

/* They save subject_bytes(user). */
drill_function broken_no_file_sync, broken_no_directory_sync, broken_sync_after_rename,
    broken_in_place;

#endif /* SEQECHO_TESTS_BROKEN_H */
