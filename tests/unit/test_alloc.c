/* test_alloc.c - checked, aligned, zeroed memory through a handle's hook.
 * SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include "base/attributes.h"
#include "counting_alloc.h"
#include "refuse.h"

static void default_is_malloc_and_free(void **state)
{
    seqecho_allocator a;
    unsigned char *ptr;

    (void)state;
    assert_int_equal(se_allocator_read(&a, NULL), 0);
    assert_int_equal(a.struct_size, sizeof a);
    assert_int_equal(se_alloc(&ptr, &a, 1000, 3, "test"), 0);
    assert_int_equal((uintptr_t)ptr % SE_CACHE_LINE, 0);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(ptr[i], 0);
    se_free(&a, ptr);
    se_free(&a, NULL);
}

static void hook_is_copied_and_used(void **state)
{
    counting_alloc count = { 0 };
    seqecho_allocator hook = counting_alloc_hook(&count), a;
    unsigned char *ptr;

    (void)state;
    assert_int_equal(se_allocator_read(&a, &hook), 0);
    memset(&hook, 0, sizeof hook);
    assert_int_equal(se_alloc(&ptr, &a, 5, 100, "test"), 0);
    assert_int_equal(count.calls, 1);
    assert_int_equal(count.last_align, SE_CACHE_LINE);
    assert_true(count.last_size >= 500);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(ptr[i], 0);
    se_free(&a, NULL);
    assert_int_equal(count.live, 1);
    se_free(&a, ptr);
    assert_int_equal(count.live, 0);
}

static void half_a_hook_is_refused(void **state)
{
    seqecho_allocator half = { sizeof half, counting_alloc_alloc, NULL, NULL }, a;

    (void)state;
    assert_refused(se_allocator_read(&a, &half), SEQECHO_EINVAL,
                   "allocator: both alloc and release must be given");
    half = (seqecho_allocator){ sizeof half, NULL, counting_alloc_release, NULL };
    assert_refused(se_allocator_read(&a, &half), SEQECHO_EINVAL,
                   "allocator: both alloc and release must be given");
    half.struct_size = 2;
    assert_int_equal(se_allocator_read(&a, &half), SEQECHO_EINVAL);
}

static void nothing_is_a_valid_pointer(void **state)
{
    counting_alloc count = { 0 };
    const seqecho_allocator a = counting_alloc_hook(&count);
    void *first, *second;

    (void)state;
    assert_int_equal(se_alloc(&first, &a, 0, 8, "test"), 0);
    assert_int_equal(se_alloc(&second, &a, 8, 0, "test"), 0);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    se_free(&a, first);
    se_free(&a, second);
    assert_int_equal(count.live, 0);
}

static void failure_gives_null_and_names_the_thing(void **state)
{
    counting_alloc count = { .fail_at = 1 };
    const seqecho_allocator a = counting_alloc_hook(&count);
    void *ptr = &count;

    (void)state;
    assert_refused(se_alloc(&ptr, &a, 16, 4, "lstm_1"), SEQECHO_ENOMEM,
                   "lstm_1: out of memory for 64 bytes");
    assert_null(ptr);
}

static void overflow_never_reaches_the_hook(void **state)
{
    counting_alloc count = { 0 };
    const seqecho_allocator a = counting_alloc_hook(&count);
    const size_t two_62 = (size_t)1 << 62, two_31 = (size_t)1 << 31;
    void *ptr = &count;

    (void)state;
    assert_refused(se_alloc(&ptr, &a, two_62, 4, "x"), SEQECHO_ENOMEM,
                   "x: 4611686018427387904 elements of 4 bytes do not fit the address "
                   "space");
    assert_null(ptr);
    assert_int_equal(se_alloc(&ptr, &a, SIZE_MAX, SIZE_MAX, "x"), SEQECHO_ENOMEM);
    assert_int_equal(se_alloc(&ptr, &a, (size_t)PTRDIFF_MAX, 1, "x"), SEQECHO_ENOMEM);
    assert_int_equal(se_alloc(&ptr, &a, two_31, two_31 * 2, "x"), SEQECHO_ENOMEM);
    assert_int_equal(count.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_is_malloc_and_free),
        cmocka_unit_test(hook_is_copied_and_used),
        cmocka_unit_test(half_a_hook_is_refused),
        cmocka_unit_test(nothing_is_a_valid_pointer),
        cmocka_unit_test(failure_gives_null_and_names_the_thing),
        cmocka_unit_test(overflow_never_reaches_the_hook),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
