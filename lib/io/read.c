/* io/read.c - a whole file in memory.
 * SPDX-License-Identifier: MIT */
#include "io/read.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "io/file.h"

/* Without waiting for a writer of a FIFO, and without becoming the owner of a terminal. */
static int open_regular(int *file, size_t *size, const char *path, const char *what)
{
    struct stat found;
    int err;

    SE_RETRY(*file, openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (*file < 0)
        return se_file_fail(SEQECHO_EIO, errno, what, "open", path);
    SE_RETRY(err, fstat(*file, &found));
    if (err < 0)
        return se_file_fail(SEQECHO_EIO, errno, what, "examine", path);
    SE_TRY(se_file_expect_regular(&found, what, path));
    if ((uintmax_t)found.st_size > SE_SIZE_MAX)
        return se_fail(SEQECHO_ENOMEM, "%s: %ju bytes do not fit the address space: \"%s\"",
                       what, (uintmax_t)found.st_size, path);
    *size = (size_t)found.st_size;
    return SEQECHO_OK;
}

/* Up to `size` bytes; *got is less only where the file ends. */
static int read_all(int file, unsigned char *bytes, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        const size_t left = size - *got;
        ssize_t n;

        SE_RETRY(n, read(file, bytes + *got, left < SE_FILE_CHUNK ? left : SE_FILE_CHUNK));
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

/* The file must end where it did when it was opened. */
static int read_whole(int file, unsigned char *bytes, size_t size, const char *path,
                      const char *what)
{
    unsigned char beyond;
    size_t got, more = 0;
    int error = read_all(file, bytes, size, &got);

    if (error == 0 && got == size)
        error = read_all(file, &beyond, 1, &more);
    if (error != 0)
        return se_file_fail(SEQECHO_EIO, error, what, "read", path);
    if (got != size || more != 0)
        return se_fail(SEQECHO_EIO,
                       "%s: the file changed while it was read, expected %zu bytes, found "
                       "%s: \"%s\"",
                       what, size, more != 0 ? "more" : "fewer", path);
    return SEQECHO_OK;
}

int se_file_read(const char *path, const seqecho_allocator *a, unsigned char **bytes,
                 size_t *size, const char *what)
{
    unsigned char *data = NULL;
    size_t length = 0;
    int file, err;

    *bytes = NULL;
    *size = 0;
    if (path == NULL || path[0] == '\0')
        return se_fail(SEQECHO_EINVAL, "%s: path is %s, expected that of a file", what,
                       path == NULL ? "NULL" : "empty");
    err = open_regular(&file, &length, path, what);
    if (err == 0)
        err = se_alloc(&data, a, length, 1, what);
    if (err == 0)
        err = read_whole(file, data, length, path, what);
    if (file >= 0)
        (void)se_file_close(&file);
    if (err < 0) {
        se_free(a, data);
        return err;
    }
    *bytes = data;
    *size = length;
    return SEQECHO_OK;
}
