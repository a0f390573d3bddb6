/* files.c - a directory to play in, and what is in it.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds for a child, which needs a fraction of one */

static char home[PATH_MAX], play[] = "seqecho-faults-XXXXXX";

int files_enter(void **state)
{
    (void)state;
    if (getcwd(home, sizeof home) == NULL || mkdtemp(play) == NULL)
        return -1;
    return chdir(play);
}

int files_leave(void **state)
{
    (void)state;
    files_clear();
    return chdir(home) != 0 || rmdir(play) != 0 ? -1 : 0;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *open_here(void)
{
    DIR *const here = opendir(".");

    if (here == NULL)
        abort();
    return here;
}

void files_clear(void)
{
    DIR *const here = open_here();
    const struct dirent *entry;

    while ((entry = readdir(here)) != NULL)
        if (!is_dots(entry->d_name) && remove(entry->d_name) != 0)
            perror(entry->d_name);
    closedir(here);
}

int files_others(const char *name)
{
    DIR *const here = open_here();
    const struct dirent *entry;
    int n = 0;

    while ((entry = readdir(here)) != NULL)
        n += !is_dots(entry->d_name) && strcmp(entry->d_name, name) != 0;
    closedir(here);
    return n;
}

int files_descriptors(void)
{
    DIR *const fds = opendir("/proc/self/fd");
    int n = 0;

    if (fds == NULL)
        return 0;
    while (readdir(fds) != NULL)
        n++;
    closedir(fds);
    return n;
}

void files_write(const char *path, const void *data, size_t size)
{
    FILE *const f = fopen(path, "wb");

    if (f == NULL || (size > 0 && fwrite(data, 1, size, f) != size) || fclose(f) != 0) {
        perror(path);
        abort();
    }
}

files_bytes files_read(const char *path)
{
    files_bytes bytes = { NULL, 0, false };
    FILE *const f = fopen(path, "rb");
    long size = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    if (size >= 0) {
        rewind(f);
        bytes.data = malloc((size_t)size + 1);
        if (bytes.data == NULL)
            abort();
        bytes.size = fread(bytes.data, 1, (size_t)size, f);
        bytes.there = true;
    }
    if (f != NULL)
        fclose(f);
    return bytes;
}

void files_free(files_bytes *bytes)
{
    free(bytes->data);
    *bytes = (files_bytes){ NULL, 0, false };
}

bool files_hold(const char *path, const files_bytes *expected)
{
    files_bytes found = files_read(path);
    const bool equal =
        found.there == expected->there && found.size == expected->size &&
        (found.size == 0 || memcmp(found.data, expected->data, found.size) == 0);

    files_free(&found);
    return equal;
}

int files_in_child(int (*run)(void *user), void *user)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        alarm(PATIENCE);
        _exit(run(user));
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
