/* subject.c - a file made by se_file_replace(), for drills.
 * SPDX-License-Identifier: MIT */
#include "subject.h"

#include <stdint.h>

#include "io/replace.h"

typedef struct content {
    size_t size;
    unsigned char bytes[SUBJECT_NEW_SIZE];
} content;

static content old = { SUBJECT_OLD_SIZE, { 0 } }, new = { SUBJECT_NEW_SIZE, { 0 } };

void *const subject_old = &old, *const subject_new = &new;

/* Never zero, as an unwritten sector would be. */
static void fill(content *c)
{
    uint32_t random = (uint32_t)c->size;

    if (c->bytes[0] != 0)
        return;
    for (size_t i = 0; i < c->size; i++) {
        random = random * 1664525U + 1013904223U;
        c->bytes[i] = (unsigned char)(1 + (random >> 16) % 255);
    }
}

files_bytes subject_bytes(void *user)
{
    content *const c = user;

    fill(c);
    return (files_bytes){ c->bytes, c->size, true };
}

int subject_save(void *user, const char *path)
{
    const files_bytes all = subject_bytes(user);
    const size_t first = 900;
    const se_bytes parts[] = {
        { all.data, first },
        { NULL, 0 },
        { all.data + first, 1 },
        { all.data + first + 1, all.size - first - 1 },
    };

    return se_file_replace(path, parts, sizeof parts / sizeof *parts, "subject");
}
