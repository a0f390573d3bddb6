/* files.h - a directory to play in, and what is in it.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_FILES_H
#define SEQECHO_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* What a path holds; `there` is false if nothing can be read there. */
typedef struct files_bytes {
    unsigned char *data;
    size_t size;
    bool there;
} files_bytes;

/* Setup and teardown of a group: a new directory becomes the current one, and is removed
 * with what is in it. */
int files_enter(void **state);
int files_leave(void **state);

/* Remove all that is in the current directory. */
void files_clear(void);

void files_write(const char *path, const void *data, size_t size);
files_bytes files_read(const char *path);
void files_free(files_bytes *bytes);

/* Whether `path` holds just that, or nothing at all if it is not there. */
bool files_hold(const char *path, const files_bytes *expected);

/* How many entries the current directory has besides `name`. */
int files_others(const char *name);

/* How many descriptors this process has open. */
int files_descriptors(void);

/* What run(user) returns in a child, 0 to 98 or CALLS_DIED; 128 and the signal if it was
 * killed, be it because it took too long. */
int files_in_child(int (*run)(void *user), void *user);

#endif /* SEQECHO_TESTS_FILES_H */
