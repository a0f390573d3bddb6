/* checkpoint/folder.c - a directory of numbered checkpoints.
 * SPDX-License-Identifier: MIT */
#include "checkpoint/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/file.h"

#define BEGIN "checkpoint-"
#define END ".safetensors"
#define DIGITS 12
#define TEMPORARY ".tmp"

const char *se_checkpoint_name(char name[SE_CHECKPOINT_NAME], int64_t steps)
{
    snprintf(name, SE_CHECKPOINT_NAME, BEGIN "%0*" PRId64 END, DIGITS, steps);
    return name;
}

/* The number in a name; -1 if it is not that of a checkpoint. */
static int64_t number_of(const char *name)
{
    char right[SE_CHECKPOINT_NAME];
    const char *c = name + sizeof BEGIN - 1;
    int64_t number = 0;

    if (strncmp(name, BEGIN, sizeof BEGIN - 1) != 0)
        return -1;
    for (; *c >= '0' && *c <= '9'; c++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *c - '0', &number))
            return -1;
    return strcmp(name, se_checkpoint_name(right, number)) == 0 ? number : -1;
}

static int fail(const char *what, const char *directory)
{
    return se_file_fail(errno == ENOMEM ? SEQECHO_ENOMEM : SEQECHO_EIO, errno, what,
                        "read the directory", directory);
}

int se_folder_newest(int64_t *newest, const char *directory, int64_t below,
                     const char *what)
{
    DIR *const dir = opendir(directory);
    const struct dirent *entry;
    int err = SEQECHO_OK;

    *newest = -1;
    if (dir == NULL)
        return errno == ENOENT ? SEQECHO_OK : fail(what, directory);
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        const int64_t number = number_of(entry->d_name);

        if (number < below && number > *newest)
            *newest = number;
    }
    if (errno != 0)
        err = fail(what, directory);
    closedir(dir);
    return err;
}

/* Is this what replace.c calls a file of ours that is not finished? */
static bool is_temporary(const char *name)
{
    const size_t length = strlen(name), end = sizeof TEMPORARY - 1;

    return (strncmp(name, "." BEGIN, sizeof BEGIN) == 0 ||
            strncmp(name, "." SE_CHECKPOINT_BEST, sizeof SE_CHECKPOINT_BEST) == 0) &&
           length > end && strcmp(name + length - end, TEMPORARY) == 0;
}

/* Older than a file that was begun later and is finished, it is nobody's any more. */
static bool is_stale(int dir, const char *name, const struct stat *newest)
{
    struct stat s;

    if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    return s.st_mtim.tv_sec != newest->st_mtim.tv_sec
               ? s.st_mtim.tv_sec < newest->st_mtim.tv_sec
               : s.st_mtim.tv_nsec < newest->st_mtim.tv_nsec;
}

void se_folder_tidy(const char *directory, int64_t newest, int64_t keep)
{
    char name[SE_CHECKPOINT_NAME];
    const struct dirent *entry;
    int64_t oldest = newest;
    struct stat saved;
    DIR *dir;

    for (int64_t kept = 1; kept < keep && oldest >= 0; kept++)
        if (se_folder_newest(&oldest, directory, oldest, "") < 0)
            return;
    dir = opendir(directory);
    if (dir == NULL)
        return;
    if (fstatat(dirfd(dir), se_checkpoint_name(name, newest), &saved, 0) == 0)
        while ((entry = readdir(dir)) != NULL) {
            const int64_t number = number_of(entry->d_name);

            if ((number >= 0 && number < oldest) ||
                (is_temporary(entry->d_name) &&
                 is_stale(dirfd(dir), entry->d_name, &saved)))
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        }
    closedir(dir);
}
