/* version.c - the version number is one number wherever it is written.
 * SPDX-License-Identifier: MIT
 *
 * PROJECT_VERSION is that of the top-level meson.build. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <seqecho/layers.h>
#include <seqecho/version.h>

static void test_numbers(void **state)
{
    char text[64];

    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", SEQECHO_VERSION_MAJOR, SEQECHO_VERSION_MINOR,
             SEQECHO_VERSION_PATCH);
    assert_string_equal(text, PROJECT_VERSION);
    assert_string_equal(SEQECHO_VERSION_STRING, PROJECT_VERSION);
    assert_int_equal(SEQECHO_VERSION_HEX, SEQECHO_VERSION_MAJOR * 0x10000 +
                                              SEQECHO_VERSION_MINOR * 0x100 +
                                              SEQECHO_VERSION_PATCH);
    assert_int_equal(seqecho_version(), SEQECHO_VERSION_HEX);
}

/* The text begins with the version, goes on with what was chosen, and stays the same. */
static void test_build_info(void **state)
{
    const size_t length = strlen(PROJECT_VERSION);
    const char *info = seqecho_build_info();

    (void)state;
    assert_int_equal(strncmp(info, PROJECT_VERSION ", ", length + 2), 0);
    assert_non_null(strstr(info, " kernels, "));
    assert_non_null(strstr(info, "; kernels: "));
    assert_non_null(strstr(info, "; threads: up to "));
    assert_true(strlen(info) < 300);
    assert_null(strchr(info, '\n'));
    assert_ptr_equal(info, seqecho_build_info());
}

static void test_kinds(void **state)
{
    static const uint32_t known[] = {
        SEQECHO_KIND_INPUT,
        SEQECHO_KIND_DENSE,
        SEQECHO_KIND_ACTIVATION,
        SEQECHO_KIND_LSTM,
        SEQECHO_KIND_REPEAT_VECTOR,
        SEQECHO_KIND_TIME_DISTRIBUTED,
        SEQECHO_KIND_MASKING,
        SEQECHO_KIND_DROPOUT,
        SEQECHO_KIND_GRU,
        SEQECHO_KIND_SIMPLE_RNN,
        SEQECHO_KIND_BIDIRECTIONAL,
        SEQECHO_KIND_EMBEDDING,
        SEQECHO_KIND_CONV1D,
        SEQECHO_KIND_MAX_POOLING1D,
        SEQECHO_KIND_AVERAGE_POOLING1D,
        SEQECHO_KIND_GLOBAL_MAX_POOLING1D,
        SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D,
        SEQECHO_KIND_FLATTEN,
        SEQECHO_KIND_RESHAPE,
        SEQECHO_KIND_PERMUTE,
        SEQECHO_KIND_CONCATENATE,
        SEQECHO_KIND_ADD,
        SEQECHO_KIND_MULTIPLY,
        SEQECHO_KIND_AVERAGE,
        SEQECHO_KIND_LAYER_NORMALIZATION,
        SEQECHO_KIND_ATTENTION,
        SEQECHO_KIND_ADDITIVE_ATTENTION,
        SEQECHO_KIND_SEQUENTIAL,
    };
    const uint32_t count = sizeof known / sizeof known[0];
    static const uint32_t unknown[] = { 0, 0x7fffffff, 0x80000000, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seqecho_has_kind(known[i]), 1);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(seqecho_has_kind(unknown[i]), 0);
    /* Kinds count from 1 without gaps; a new one belongs in the list above. */
    assert_int_equal(seqecho_has_kind(count + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_build_info),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
