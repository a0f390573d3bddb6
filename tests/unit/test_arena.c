/* test_arena.c - many small things that are freed together.
 * SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>

#include "counting_alloc.h"
#include "refuse.h"

static size_t size_of(size_t i)
{
    return (i + 1) * 7 % 300;
}

static void things_do_not_overlap(void **state)
{
    enum { THINGS = 500 };
    static unsigned char *things[THINGS];
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    se_arena arena;

    (void)state;
    se_arena_init(&arena, &hook);
    assert_int_equal(blocks.calls, 0);
    for (size_t i = 0; i < THINGS; i++) {
        /* Large and small in turn, and nothing at all. */
        assert_int_equal(se_arena_alloc(&arena, &things[i], size_of(i)), 0);
        assert_non_null(things[i]);
        assert_int_equal((uintptr_t)things[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < size_of(i); k++)
            assert_int_equal(things[i][k], 0);
        memset(things[i], (int)(i % 251), size_of(i));
    }
    for (size_t i = 0; i < THINGS; i++)
        for (size_t k = 0; k < size_of(i); k++)
            assert_int_equal(things[i][k], i % 251);
    assert_true(blocks.calls < THINGS / 10);
    assert_int_equal(blocks.live, blocks.calls);
    se_arena_finish(&arena);
    assert_int_equal(blocks.live, 0);
    se_arena_finish(&arena); /* nothing is left to do */
    assert_int_equal(blocks.live, 0);
}

static void large_things_get_chunks_of_their_own(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    unsigned char *large, *small;
    se_arena arena;

    (void)state;
    se_arena_init(&arena, &hook);
    assert_int_equal(se_arena_alloc(&arena, &large, 1 << 20), 0);
    memset(large, 1, 1 << 20);
    assert_int_equal(se_arena_alloc(&arena, &small, 16), 0);
    memset(small, 2, 16);
    assert_int_equal(large[(1 << 20) - 1], 1);
    assert_int_equal(blocks.calls, 2);
    se_arena_finish(&arena);
    assert_int_equal(blocks.live, 0);
}

static void no_memory(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    void *first, *ptr = &blocks;
    const char *text = "#";
    se_arena arena;

    (void)state;
    se_arena_init(&arena, &hook);
    assert_int_equal(se_arena_alloc(&arena, &first, 16), 0);
    blocks.fail_at = blocks.calls + 1;
    assert_int_equal(se_arena_alloc(&arena, &ptr, 100000), SEQECHO_ENOMEM);
    assert_null(ptr);
    assert_non_null(strstr(seqecho_error_message(), "graph: out of memory for "));
    ptr = &blocks;
    assert_int_equal(se_arena_alloc(&arena, &ptr, SIZE_MAX), SEQECHO_ENOMEM);
    assert_null(ptr);
    assert_refused(se_arena_alloc(&arena, &ptr, PTRDIFF_MAX), SEQECHO_ENOMEM,
                   "graph: 9223372036854775807 bytes do not fit the address space");
    /* What is left of the chunk can still be given out. */
    assert_int_equal(se_arena_strndup(&arena, &text, "lstm", 4), 0);
    assert_string_equal(text, "lstm");
    for (int i = 0; text != NULL; i++) {
        const int err = se_arena_strndup(&arena, &text, "0123456789abcdef", 16);

        assert_true(i < 1000);
        assert_int_equal(err, text != NULL ? 0 : SEQECHO_ENOMEM);
    }
    se_arena_finish(&arena);
    assert_int_equal(blocks.live, 0);
}

static void parts_of_strings(void **state)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    const char *whole, *part, *nothing;
    char string[] = "repeat_vector";
    se_arena arena;

    (void)state;
    se_arena_init(&arena, &hook);
    assert_int_equal(se_arena_strndup(&arena, &whole, string, sizeof string - 1), 0);
    assert_int_equal(se_arena_strndup(&arena, &part, string, 6), 0);
    assert_int_equal(se_arena_strndup(&arena, &nothing, string, 0), 0);
    memset(string, '#', sizeof string);
    assert_string_equal(whole, "repeat_vector");
    assert_string_equal(part, "repeat");
    assert_string_equal(nothing, "");
    se_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_do_not_overlap),
        cmocka_unit_test(large_things_get_chunks_of_their_own),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(parts_of_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
