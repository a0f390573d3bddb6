/* test_dlopen.c - loaded and let go again and again, and beside a copy that is linked in.
 * SPDX-License-Identifier: MIT
 *
 * usage: test_dlopen LIBRARY */
#include <dlfcn.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../files/files.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum { TIMES = 200 };

static const char *library;

/* Memory of this process, in pages; 0 where that is not told. */
static long pages(void)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    (void)fclose(file);
    return resident;
}

/* A function of the loaded copy. */
#define FIND(HANDLE, POINTER, NAME) \
    do { \
        void *const symbol_ = dlsym(HANDLE, NAME); \
        assert_non_null(symbol_); \
        memcpy(&(POINTER), &symbol_, sizeof symbol_); \
    } while (0)

typedef int dataset_create(seqecho_dataset **, const seqecho_dataset_options *);
typedef void dataset_destroy(seqecho_dataset *);
typedef const int32_t *dataset_sequence(const seqecho_dataset *, size_t *);
typedef const char *message(void);

static void again_and_again(void **state)
{
    long before = 0;
#if defined(__SSE__)
    const unsigned modes = _mm_getcsr() & 0xffc0U;
#endif

    (void)state;
    for (int i = 0; i < TIMES; i++) {
        void *const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        dataset_create *create = NULL;
        dataset_destroy *destroy = NULL;
        seqecho_dataset *data = NULL;

        assert_non_null(handle);
        FIND(handle, create, "seqecho_dataset_create");
        FIND(handle, destroy, "seqecho_dataset_destroy");
        file_must(create(&data, NULL));
        destroy(data);
        assert_int_equal(dlclose(handle), 0);
        if (i == TIMES / 4)
            before = pages();
    }
    assert_true(pages() - before < 64);
    assert_int_equal(fegetround(), FE_TONEAREST);
#if defined(__SSE__)
    assert_int_equal(_mm_getcsr() & 0xffc0U, modes);
#endif
}

/* This program has the library in it, and loads another: neither knows of the other. */
static void two_copies(void **state)
{
    void *const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    dataset_create *create = NULL;
    dataset_destroy *destroy = NULL;
    dataset_sequence *sequence = NULL;
    message *error = NULL;
    seqecho_dataset *theirs = NULL, *ours = NULL;
    size_t n = 0, m = 0;

    (void)state;
    assert_non_null(handle);
    FIND(handle, create, "seqecho_dataset_create");
    FIND(handle, destroy, "seqecho_dataset_destroy");
    FIND(handle, sequence, "seqecho_dataset_sequence");
    FIND(handle, error, "seqecho_error_message");
    assert_false(create == seqecho_dataset_create);
    file_must(create(&theirs, SEQECHO_DATASET(.seed = 4)));
    file_must(seqecho_dataset_create(&ours, SEQECHO_DATASET(.seed = 4)));
    assert_memory_equal(sequence(theirs, &n), seqecho_dataset_sequence(ours, &m),
                        25 * sizeof(int32_t));
    assert_int_equal(n, m);
    assert_int_equal(create(NULL, NULL), SEQECHO_EINVAL);
    assert_string_not_equal(error(), "");
    assert_string_equal(seqecho_error_message(), "");
    destroy(theirs);
    seqecho_dataset_destroy(ours);
    assert_int_equal(dlclose(handle), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(again_and_again),
        cmocka_unit_test(two_copies),
    };

    if (argc != 2)
        return 2;
    library = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
