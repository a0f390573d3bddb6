/* checkpoint/find.c - the newest checkpoint of a directory that is whole.
 * SPDX-License-Identifier: MIT */
#include "checkpoint/find.h"

#include <inttypes.h>
#include <string.h>

#include <seqecho/files.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "checkpoint/folder.h"
#include "checkpoint/trainer_file.h"
#include "io/read.h"

/* Is this file a whole checkpoint? */
static int check_file(const char *path, const seqecho_allocator *a, const char *what)
{
    unsigned char *bytes;
    se_container c;
    size_t size;
    bool whole;
    int err;

    SE_TRY(se_file_read(path, a, &bytes, &size, what));
    err = se_container_open(&c, bytes, size, a, what);
    whole = err == SEQECHO_OK && c.checked && se_container_text(&c, SE_KEY_TRAINER) != NULL;
    se_container_close(&c);
    se_free(a, bytes);
    return whole || err < 0 ? err : SEQECHO_EFORMAT;
}

int se_checkpoint_find(int64_t *number, char *path, size_t room, const char *directory,
                       const seqecho_allocator *a, const char *what)
{
    char name[SE_CHECKPOINT_NAME];
    se_strbuf text;

    *number = INT64_MAX;
    for (;;) {
        int err;

        SE_TRY(se_folder_newest(number, directory, *number, what));
        if (*number < 0)
            return SEQECHO_OK;
        se_strbuf_init(&text, path, room);
        se_strbuf_add(&text, "%s/%s", directory, se_checkpoint_name(name, *number));
        err = check_file(path, a, what);
        if (err == SEQECHO_OK || err == SEQECHO_ENOMEM)
            return err;
    }
}

int seqecho_checkpoint_latest(const char *directory, char *path, size_t size)
{
    static const char what[] = "checkpoint_latest";
    seqecho_allocator a;
    int64_t number;
    char *found;
    size_t room;
    int err;

    if (directory == NULL || path == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL", what,
                       directory == NULL ? "directory" : "path");
    SE_TRY(se_allocator_read(&a, NULL));
    if (!se_size_add(&room, strlen(directory), SE_CHECKPOINT_NAME + 1))
        return se_fail(SEQECHO_EINVAL,
                       "%s: the path of directory does not fit the address space", what);
    SE_TRY(se_alloc(&found, &a, room, 1, what));
    err = se_checkpoint_find(&number, found, room, directory, &a, what);
    if (err == SEQECHO_OK && number < 0)
        err = se_fail(SEQECHO_ENOTFOUND, "%s: no whole checkpoint in \"%.160s\"", what,
                      directory);
    if (err == SEQECHO_OK && strlen(found) >= size)
        err = se_fail(SEQECHO_EINVAL,
                      "%s: the path needs %zu characters and a NUL, but size is %zu", what,
                      strlen(found), size);
    if (err == SEQECHO_OK)
        memcpy(path, found, strlen(found) + 1);
    se_free(&a, found);
    return err;
}
