/* io/replace.c - a file is saved as a whole, or not at all.
 * SPDX-License-Identifier: MIT
 *
 * The bytes go to a new file in the same directory, which is brought to the disk before it
 * takes the name of the old one.  In this order, a power failure finds either name with
 * its whole file.  Last, the directory is brought to the disk, or the new name could be
 * lost after success was reported. */
#include "io/replace.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "io/file.h"

#define LONGEST_DIRECTORY 4096 /* what Linux takes */
#define ATTEMPTS 1000          /* to find a name that no other file has */

typedef struct saving {
    const char *what, *path;
    const char *name;    /* the last part of path */
    int directory, file; /* or -1 */
    mode_t mode;         /* of the new file */
    bool exactly;        /* whatever the umask says */
    char temporary[NAME_MAX + 1];
} saving;

static int fail(const saving *s, int error, const char *tried)
{
    return se_file_fail(SEQECHO_EIO, error, s->what, tried, s->path);
}

static int check_path(const char *path, const char *what)
{
    if (path == NULL || path[0] == '\0')
        return se_fail(SEQECHO_EINVAL, "%s: path is %s, expected that of a file", what,
                       path == NULL ? "NULL" : "empty");
    if (path[strlen(path) - 1] == '/')
        return se_fail(SEQECHO_EINVAL, "%s: path ends in '/', expected that of a file",
                       what);
    return SEQECHO_OK;
}

static int add_sizes(size_t *size, const se_bytes *parts, size_t n, const char *what)
{
    *size = 0;
    for (size_t i = 0; i < n; i++)
        if (!se_size_add(size, *size, parts[i].size))
            return se_fail(SEQECHO_EINVAL, "%s: the file has more than %zu bytes", what,
                           SE_SIZE_MAX);
    return SEQECHO_OK;
}

/* ---- What is there ---- */

static int open_directory(saving *s)
{
    const char *const slash = strrchr(s->path, '/');
    char directory[LONGEST_DIRECTORY] = ".";

    s->name = s->path;
    if (slash != NULL) {
        const size_t length = (size_t)(slash + 1 - s->path);

        if (length >= sizeof directory)
            return fail(s, ENAMETOOLONG, "open the directory of");
        memcpy(directory, s->path, length);
        directory[length] = '\0';
        s->name = slash + 1;
    }
    SE_RETRY(s->directory, openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return s->directory < 0 ? fail(s, errno, "open the directory of") : SEQECHO_OK;
}

static int examine_old(saving *s)
{
    struct stat old;
    int err;

    s->mode = 0666;
    s->exactly = false;
    SE_RETRY(err, fstatat(s->directory, s->name, &old, AT_SYMLINK_NOFOLLOW));
    if (err < 0)
        return errno == ENOENT ? SEQECHO_OK : fail(s, errno, "examine");
    if (S_ISLNK(old.st_mode))
        return SEQECHO_OK;
    SE_TRY(se_file_expect_regular(&old, s->what, s->path));
    s->mode = old.st_mode & 0777;
    s->exactly = true;
    return SEQECHO_OK;
}

/* ---- The new file ---- */

/* A name too long loses its end, at the beginning of a character of UTF-8. */
static void name_temporary(saving *s, int attempt)
{
    size_t keep = strlen(s->name), room;
    char tail[48];
    se_strbuf buf;

    se_strbuf_init(&buf, tail, sizeof tail);
    se_strbuf_add(&buf, ".%ld.%d.tmp", (long)getpid(), attempt);
    room = NAME_MAX - 1 - buf.length;
    if (keep > room)
        for (keep = room; keep > 0 && (s->name[keep] & 0xC0) == 0x80;)
            keep--;
    se_strbuf_init(&buf, s->temporary, sizeof s->temporary);
    se_strbuf_add(&buf, ".%.*s%s", (int)keep, s->name, tail);
}

/* Its permissions are at no time wider than they will be. */
static int create(saving *s)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        name_temporary(s, i);
        SE_RETRY(s->file,
                 openat(s->directory, s->temporary,
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, s->mode));
        if (s->file >= 0)
            return SEQECHO_OK;
        if (errno != EEXIST)
            break;
    }
    return fail(s, errno, "create a file beside");
}

static int write_part(const saving *s, const se_bytes *part)
{
    const unsigned char *at = part->data;
    size_t left = part->size;

    while (left > 0) {
        ssize_t n;

        SE_RETRY(n, write(s->file, at, left < SE_FILE_CHUNK ? left : SE_FILE_CHUNK));
        if (n <= 0)
            return fail(s, n < 0 ? errno : EIO, "write the new content of");
        at += n;
        left -= (size_t)n;
    }
    return SEQECHO_OK;
}

static int fill(saving *s, const se_bytes *parts, size_t n, size_t size)
{
    int err = 0;

    if (s->exactly)
        SE_RETRY(err, fchmod(s->file, s->mode));
    if (err < 0)
        return fail(s, errno, "keep the permissions of");
    /* That the disk is full is better known before hours of writing.  Not every file
     * system can tell. */
    do
        err = size > 0 ? posix_fallocate(s->file, 0, (off_t)size) : 0;
    while (err == EINTR);
    if (err != 0 && err != EOPNOTSUPP && err != EINVAL)
        return fail(s, err, "make room for");
    for (size_t i = 0; i < n; i++)
        SE_TRY(write_part(s, &parts[i]));
    /* Not again after a failure: the system has then forgotten what it could not write,
     * and would say that all is well. */
    SE_RETRY(err, fsync(s->file));
    if (err < 0)
        return fail(s, errno, "bring to the disk");
    err = se_file_close(&s->file);
    return err != 0 ? fail(s, err, "close the new content of") : SEQECHO_OK;
}

/* ---- The exchange ---- */

static int take_name(const saving *s)
{
    int err;

    SE_RETRY(err, renameat(s->directory, s->temporary, s->directory, s->name));
    return err < 0 ? fail(s, errno, "replace") : SEQECHO_OK;
}

static void remove_temporary(saving *s)
{
    int err;

    if (s->file >= 0)
        (void)se_file_close(&s->file);
    SE_RETRY(err, unlinkat(s->directory, s->temporary, 0));
}

static int sync_directory(saving *s)
{
    int err, error;

    SE_RETRY(err, fsync(s->directory));
    error = err < 0 ? errno : 0;
    err = se_file_close(&s->directory);
    if (error == 0)
        error = err;
    return error == 0 ? SEQECHO_OK
                      : se_file_fail(SEQECHO_EDURABILITY, error, s->what,
                                     "sync the directory after saving", s->path);
}

int se_file_replace(const char *path, const se_bytes *parts, size_t n, const char *what)
{
    saving s = { .what = what, .path = path, .directory = -1, .file = -1 };
    size_t size;
    int err;

    SE_TRY(check_path(path, what));
    SE_TRY(add_sizes(&size, parts, n, what));
    SE_TRY(open_directory(&s));
    err = examine_old(&s);
    if (err == 0)
        err = create(&s);
    if (err == 0) {
        err = fill(&s, parts, n, size);
        if (err == 0)
            err = take_name(&s);
        if (err < 0)
            remove_temporary(&s);
    }
    if (err == 0)
        return sync_directory(&s);
    (void)se_file_close(&s.directory);
    return err;
}
