/* broken.c - ways to save a file that are not good enough, which the drills must find out.
 * SPDX-License-Identifier: MIT */
#include "broken.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <seqecho/common.h>

#include "subject.h"

#define TEMPORARY "temporary"

/* Errors are not looked at: these savers are for days when all goes well but the end. */
static int write_file(void *user, const char *path, int how, bool sync)
{
    const files_bytes all = subject_bytes(user);
    const int file = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | how, 0666);

    for (size_t at = 0; at < all.size;) {
        const ssize_t n = write(file, all.data + at, all.size - at);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (sync)
        fsync(file);
    close(file);
    return SEQECHO_OK;
}

static void sync_path(const char *path, int how)
{
    const int file = openat(AT_FDCWD, path, O_RDONLY | how);

    fsync(file);
    close(file);
}

int broken_no_file_sync(void *user, const char *path)
{
    write_file(user, TEMPORARY, O_EXCL, false);
    renameat(AT_FDCWD, TEMPORARY, AT_FDCWD, path);
    sync_path(".", O_DIRECTORY);
    return SEQECHO_OK;
}

int broken_no_directory_sync(void *user, const char *path)
{
    write_file(user, TEMPORARY, O_EXCL, true);
    renameat(AT_FDCWD, TEMPORARY, AT_FDCWD, path);
    return SEQECHO_OK;
}

int broken_sync_after_rename(void *user, const char *path)
{
    write_file(user, TEMPORARY, O_EXCL, false);
    renameat(AT_FDCWD, TEMPORARY, AT_FDCWD, path);
    sync_path(path, 0);
    sync_path(".", O_DIRECTORY);
    return SEQECHO_OK;
}

int broken_in_place(void *user, const char *path)
{
    write_file(user, path, O_TRUNC, true);
    sync_path(".", O_DIRECTORY);
    return SEQECHO_OK;
}
