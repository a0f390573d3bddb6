/* io/file.c - what reading and writing files have in common: signals and messages.
 * SPDX-License-Identifier: MIT */
#include "io/file.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* A longer path loses its beginning in messages, so that they do not lose their end. */
#define LONGEST_PATH 160

static const char *dots(const char *path)
{
    return strlen(path) > LONGEST_PATH ? "..." : "";
}

static const char *tail(const char *path)
{
    const size_t length = strlen(path);

    return length > LONGEST_PATH ? path + length - LONGEST_PATH : path;
}

int se_file_fail(int code, int error, const char *what, const char *tried, const char *path)
{
    char text[128] = "";

    if (strerror_r(error, text, sizeof text) != 0)
        text[0] = '\0';
    return se_fail(code, "%s: cannot %s \"%s%s\": %s", what, tried, dots(path), tail(path),
                   text);
}

int se_file_make_directory(const char *path, const char *what)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return SEQECHO_OK;
    return se_file_fail(SEQECHO_EIO, errno, what, "make the directory", path);
}

static const char *kind(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    return "of an unknown kind";
}

int se_file_expect_regular(const struct stat *found, const char *what, const char *path)
{
    if (S_ISREG(found->st_mode))
        return SEQECHO_OK;
    return se_fail(SEQECHO_EIO, "%s: \"%s%s\" is %s, expected a regular file", what,
                   dots(path), tail(path), kind(found->st_mode));
}

int se_file_close(int *file)
{
    const int failed = close(*file);

    *file = -1;
    /* After a signal it is closed all the same; a second time might hit the file that
     * another thread has just opened. */
    return failed < 0 && errno != EINTR ? errno : 0;
}
