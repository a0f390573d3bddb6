/* test_strbuf.c - text into a buffer that may be too small.
 * SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void write_some(se_strbuf *buf)
{
    size_t start;

    se_strbuf_add(buf, "%s: ", "lstm");
    start = buf->length;
    se_strbuf_add(buf, "%d", 42);
    se_strbuf_pad(buf, start, 5);
    se_strbuf_pad(buf, start, 3); /* already there */
    se_strbuf_add(buf, "%s", "");
    se_strbuf_add(buf, "|%5.1f", 2.5);
}

static const char want[] = "lstm: 42   |  2.5";

static void it_fits(void **state)
{
    char data[64];
    se_strbuf buf;

    (void)state;
    se_strbuf_init(&buf, data, sizeof data);
    assert_string_equal(data, "");
    assert_int_equal(buf.length, 0);
    write_some(&buf);
    assert_string_equal(data, want);
    assert_int_equal(buf.length, strlen(want));
}

/* Cut anywhere: what is there is a beginning, ended by NUL, and the length is that of the
 * whole. */
static void it_does_not_fit(void **state)
{
    const size_t length = strlen(want);

    (void)state;
    for (size_t size = 0; size <= length + 1; size++) {
        char data[64];
        se_strbuf buf;

        memset(data, '#', sizeof data);
        se_strbuf_init(&buf, data, size);
        write_some(&buf);
        assert_int_equal(buf.length, length);
        if (size > 0) {
            assert_memory_equal(data, want, size - 1);
            assert_int_equal(data[size - 1], '\0');
        }
        for (size_t i = size; i < sizeof data; i++)
            assert_int_equal(data[i], '#');
    }
}

static void nowhere(void **state)
{
    se_strbuf buf;

    (void)state;
    se_strbuf_init(&buf, NULL, 0);
    write_some(&buf);
    assert_int_equal(buf.length, strlen(want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fits),
        cmocka_unit_test(it_does_not_fit),
        cmocka_unit_test(nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
