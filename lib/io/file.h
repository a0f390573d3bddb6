/* io/file.h - what reading and writing files have in common: signals and messages.
 * SPDX-License-Identifier: MIT */
#ifndef SE_IO_FILE_H
#define SE_IO_FILE_H

#include <errno.h>
#include <sys/stat.h>

#include "base/attributes.h"

/* The most that one read() or write() is asked for: some systems refuse more than an int
 * holds. */
#define SE_FILE_CHUNK ((size_t)1 << 30)

/* result = call, again and again for as long as a signal cuts it short. */
#define SE_RETRY(result, call) \
    do \
        (result) = (call); \
    while ((result) < 0 && errno == EINTR)

/* Fail with `code` because the system gave `error`, an errno, when asked to do to the file
 * what `tried` says: "graph_save: cannot open "model": No such file or directory". */
SE_COLD int se_file_fail(int code, int error, const char *what, const char *tried,
                         const char *path);

/* Make the directory if nothing has its name. */
int se_file_make_directory(const char *path, const char *what);

/* SEQECHO_EIO unless it is a regular file that was found; the message says what it is. */
int se_file_expect_regular(const struct stat *found, const char *what, const char *path);

/* Close it, whatever happens, and leave -1.  0, or an errno: some systems find out only
 * now that there was no room. */
int se_file_close(int *file);

#endif /* SE_IO_FILE_H */
