/* files.h - what tests of files share: objects as bytes, and networks that differ in what a
 * file has to hold.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_FILES_H
#define SEQECHO_TESTS_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include <seqecho/seqecho.h>

typedef struct file_bytes {
    unsigned char *data; /* malloc() */
    size_t size;
} file_bytes;

static inline void file_must(int err)
{
    if (err < 0)
        fail_msg("%s: %s", seqecho_error_name(err), seqecho_error_message());
}

static inline file_bytes file_of_graph(seqecho_graph *graph)
{
    file_bytes f = { NULL, 0 };

    file_must(seqecho_graph_save_memory(graph, NULL, 0, &f.size));
    f.data = malloc(f.size);
    assert_non_null(f.data);
    file_must(seqecho_graph_save_memory(graph, f.data, f.size, &f.size));
    return f;
}

static inline file_bytes file_of_trainer(seqecho_trainer *trainer)
{
    file_bytes f = { NULL, 0 };

    file_must(seqecho_trainer_save_memory(trainer, NULL, 0, &f.size));
    f.data = malloc(f.size);
    assert_non_null(f.data);
    file_must(seqecho_trainer_save_memory(trainer, f.data, f.size, &f.size));
    return f;
}

/* Put zeros where a checkpoint has the time that epochs took, and its checksum. */
static inline void file_clear_seconds(file_bytes f)
{
    static const char name[] = "\"trainer/history/seconds\":{";
    char *const header = (char *)f.data + 8, *entry;
    unsigned long begin, end;
    size_t length = 0;

    for (int i = 7; i >= 0; i--)
        length = length << 8 | f.data[i];
    memset(strstr(header, "xxh3-64:") + 8, '0', 16);
    entry = strstr(header, name);
    if (entry == NULL)
        return;
    entry = strstr(entry, "\"data_offsets\":[");
    assert_int_equal(sscanf(entry, "\"data_offsets\":[%lu,%lu]", &begin, &end), 2);
    memset(f.data + 8 + length + begin, 0, end - begin);
}

static inline void file_assert_same(file_bytes a, file_bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

static inline file_bytes file_read(const char *path)
{
    FILE *const file = fopen(path, "rb");
    file_bytes f = { NULL, 0 };

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    f.size = (size_t)ftell(file);
    rewind(file);
    f.data = malloc(f.size + 1);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.size, file), f.size);
    fclose(file);
    return f;
}

/* Remove a directory, but for "." itself, and all that is in it. */
static inline void file_remove_directory(const char *path)
{
    DIR *const dir = opendir(path);
    const struct dirent *entry;
    char name[512];

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name &&
            unlink(name) != 0)
            file_remove_directory(name);
    }
    closedir(dir);
    (void)rmdir(path);
}

/* Set-up and tear-down of a test that runs in a directory of its own, which goes away with
 * all that is in it.  *state may be where to make it; else it is in memory, where there is
 * such a place: nothing has to wait for a disk. */
static char file_scratch[512], file_before[512];

static inline int file_scratch_begin(void **state)
{
    const char *const where = *state != NULL ? (const char *)*state : "/dev/shm";

    if (getcwd(file_before, sizeof file_before) == NULL)
        return -1;
    (void)snprintf(file_scratch, sizeof file_scratch, "%s/seqecho-XXXXXX", where);
    if (mkdtemp(file_scratch) == NULL) {
        (void)snprintf(file_scratch, sizeof file_scratch, "files-XXXXXX");
        if (mkdtemp(file_scratch) == NULL)
            return -1;
    }
    return chdir(file_scratch);
}

static inline int file_scratch_end(void **state)
{
    (void)state;
    file_remove_directory(".");
    return chdir(file_before) == 0 ? rmdir(file_scratch) : -1;
}

/* A test in a directory of its own. */
#define alone_test(FN) \
    cmocka_unit_test_setup_teardown(FN, file_scratch_begin, file_scratch_end)

#endif /* SEQECHO_TESTS_FILES_H */
