/* test_json.c - JSON in and out.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "base/alloc.h"
#include "counting_alloc.h"
#include "io/json.h"
#include "refuse.h"

static int parse(const char *text)
{
    json_t *value = (json_t *)1;
    const int err = se_json_parse(&value, text, strlen(text), "test");

    assert_int_equal(value == NULL, err < 0);
    json_decref(value);
    return err;
}

static json_t *parsed(const char *text)
{
    json_t *value;

    assert_int_equal(se_json_parse(&value, text, strlen(text), "test"), 0);
    return value;
}

static void texts_that_are_none(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "}",
        "[]",
        "1",
        "{} {}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1,}",
        "{\"a\":+1}",
        "{\"a\":01}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":9223372036854775808}",
        "{\"a\":-9223372036854775809}",
        "{\"\\u0000\":1}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a",
        "{\"a\\",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse(bad[i]), SEQECHO_EFORMAT);
    assert_refused(parse("[]"), SEQECHO_EFORMAT,
                   "test: JSON is no object, expected { ... }");
    assert_int_equal(parse("{}"), 0);
    assert_int_equal(parse(" {\"a\":[1,-2.5e3,true,null,\"\\u00e9\"]}\n"), 0);
}

/* `n` levels of arrays in an object. */
static int nested(size_t n)
{
    char *const text = malloc(2 * n + 16);
    size_t length = 0;
    json_t *value;
    int err;

    length += (size_t)sprintf(text, "{\"a\":");
    memset(text + length, '[', n);
    memset(text + length + n, ']', n);
    length += 2 * n;
    text[length++] = '}';
    err = se_json_parse(&value, text, length, "test");
    json_decref(value);
    free(text);
    return err;
}

static void depth(void **state)
{
    (void)state;
    assert_int_equal(nested(SE_JSON_DEPTH - 1), 0);
    assert_refused(nested(SE_JSON_DEPTH), SEQECHO_EFORMAT,
                   "test: JSON is nested deeper than 32, expected less");
    assert_int_equal(nested(100000), SEQECHO_EFORMAT);
}

/* The same piece many times between a head and a tail. */
static int repeated(const char *head, const char *piece, const char *tail, size_t times)
{
    const size_t n = strlen(piece);
    char *const text = malloc(strlen(head) + n * times + strlen(tail) + 1);
    char *at = text;
    int err;

    at += sprintf(at, "%s", head);
    for (size_t i = 0; i < times; i++, at += n)
        memcpy(at, piece, n);
    (void)sprintf(at, "%s", tail);
    err = parse(text);
    free(text);
    return err;
}

/* Few bytes that would be much memory. */
static void bombs(void **state)
{
    (void)state;
    assert_int_equal(repeated("{\"a\":[", "[],", "[]]}", 100000), SEQECHO_EFORMAT);
    assert_int_equal(repeated("{\"a\":[", "{},", "{}]}", 100000), SEQECHO_EFORMAT);
    assert_int_equal(repeated("{\"a\":[", "0,", "0]}", 100000), 0);
    assert_int_equal(repeated("{\"a\":[", "\"\",", "\"\"]}", 100000), 0);
    /* What arrays of a file are like passes, however many there are. */
    assert_int_equal(repeated("{\"a\":[",
                              "{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},",
                              "0]}", 20000),
                     0);
}

/* ---- Members ------------------------------------------------------------------------ */

static void members_come_back(void **state)
{
    static const double doubles[] = { 0.0,       0.1, -1e300,           5e-324,
                                      1.0 / 3.0, 2.0, (double)INFINITY, -(double)INFINITY };
    seqecho_allocator a;
    json_t *object = json_object(), *again;
    char *text;
    size_t length;
    int64_t number;
    uint64_t wide;
    double real;
    bool flag;
    const char *string;

    (void)state;
    assert_int_equal(se_allocator_read(&a, NULL), 0);
    assert_int_equal(se_json_put_int(object, "i", INT64_MIN), 0);
    assert_int_equal(se_json_put_uint64(object, "u", UINT64_MAX), 0);
    assert_int_equal(se_json_put_bool(object, "b", true), 0);
    assert_int_equal(se_json_put_text(object, "t", "\xc3\xa9\"\\"), 0);
    assert_int_equal(se_json_put_double(object, "n", (double)NAN), 0);
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        assert_int_equal(se_json_put_double(object, "d", doubles[i]), 0);
        assert_int_equal(se_json_write(&text, &length, object, &a, "test"), 0);
        assert_int_equal(strlen(text), length);
        again = parsed(text);
        assert_int_equal(se_json_get_double(again, "d", &real, "test"), 0);
        assert_memory_equal(&real, &doubles[i], sizeof real);
        assert_int_equal(se_json_get_double(again, "n", &real, "test"), 0);
        assert_true(isnan(real));
        assert_int_equal(se_json_get_int(again, "i", INT64_MIN, 0, &number, "test"), 0);
        assert_true(number == INT64_MIN);
        assert_int_equal(se_json_get_uint64(again, "u", &wide, "test"), 0);
        assert_true(wide == UINT64_MAX);
        assert_int_equal(se_json_get_bool(again, "b", &flag, "test"), 0);
        assert_true(flag);
        assert_int_equal(se_json_get_text(again, "t", &string, "test"), 0);
        assert_string_equal(string, "\xc3\xa9\"\\");
        json_decref(again);
        se_free(&a, text);
    }
    json_decref(object);
}

static void members_that_do_not_fit(void **state)
{
    json_t *const o = parsed("{\"i\":7,\"r\":1.5,\"t\":\"x\",\"l\":[],\"n\":null,"
                             "\"u1\":\"\",\"u2\":\"18446744073709551616\",\"u3\":\"1a\","
                             "\"u4\":\"111111111111111111111\"}");
    int64_t number;
    uint64_t wide;
    double real;
    bool flag;
    const char *text;
    json_t *value;

    (void)state;
    assert_refused(se_json_get_int(o, "i", 0, 6, &number, "test"), SEQECHO_EFORMAT,
                   "test: \"i\" is 7, expected 0 to 6");
    assert_refused(se_json_get_int(o, "r", 0, 6, &number, "test"), SEQECHO_EFORMAT,
                   "test: \"r\" is missing or of another kind, expected a whole number");
    assert_refused(se_json_get_text(o, "i", &text, "test"), SEQECHO_EFORMAT,
                   "test: \"i\" is missing or of another kind, expected a text");
    assert_refused(se_json_get_bool(o, "n", &flag, "test"), SEQECHO_EFORMAT,
                   "test: \"n\" is missing or of another kind, expected true or false");
    assert_refused(se_json_get_double(o, "t", &real, "test"), SEQECHO_EFORMAT,
                   "test: \"t\" is missing or of another kind, expected a number");
    assert_refused(se_json_get(o, "x", JSON_OBJECT, &value, "test"), SEQECHO_EFORMAT,
                   "test: \"x\" is missing or of another kind, expected an object");
    assert_refused(se_json_get(o, "x", JSON_ARRAY, &value, "test"), SEQECHO_EFORMAT,
                   "test: \"x\" is missing or of another kind, expected an array");
    for (const char *const *name = (const char *const[]){ "u1", "u2", "u3", "u4", NULL };
         *name != NULL; name++)
        assert_int_equal(se_json_get_uint64(o, *name, &wide, "test"), SEQECHO_EFORMAT);
    assert_int_equal(se_json_get_int(NULL, "i", 0, 9, &number, "test"), SEQECHO_EFORMAT);
    assert_int_equal(se_json_put_int(NULL, "i", 1), SEQECHO_ENOMEM);
    assert_int_equal(se_json_put(o, "i", NULL), SEQECHO_ENOMEM);
    json_decref(o);
}

static void utf8(void **state)
{
    static const char *const good[] = {
        "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"
    };
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc3",
        "\xe0\x80\x80", "\xed\xa0\x80",     "\xf0\x80\x80\x80",
        "\xe2\x82",     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "a\xff"
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(se_json_is_utf8(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(se_json_is_utf8(bad[i]));
}

/* ---- Memory ------------------------------------------------------------------------- */

static long left; /* allocations of jansson that succeed */

static void *few(size_t size)
{
    return left-- > 0 ? malloc(size) : NULL;
}

static void without_memory(void **state)
{
    static const char text[] = "{\"a\":[1,2.5,\"x\",{\"b\":true}]}";
    json_malloc_t old_malloc;
    json_free_t old_free;
    json_t *value = NULL;
    counting_alloc memory = { .fail_at = 1 };
    const seqecho_allocator a = counting_alloc_hook(&memory);
    char *written;
    size_t length;
    int err = SEQECHO_ENOMEM;

    (void)state;
    json_get_alloc_funcs(&old_malloc, &old_free);
    json_set_alloc_funcs(few, free);
    for (long n = 0; err < 0; n++) {
        left = n;
        err = se_json_parse(&value, text, sizeof text - 1, "test");
        /* jansson takes some of its failures for bad tokens. */
        assert_true(err == SEQECHO_OK || err == SEQECHO_ENOMEM || err == SEQECHO_EFORMAT);
        assert_int_equal(value == NULL, err < 0);
        assert_true(n < 1000);
    }
    left = 0;
    assert_int_equal(se_json_put_int(value, "c", 1), SEQECHO_ENOMEM);
    assert_int_equal(se_json_write(&written, &length, value, &a, "test"), SEQECHO_ENOMEM);
    assert_null(written);
    json_decref(value);
    json_set_alloc_funcs(old_malloc, old_free);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(depth),
        cmocka_unit_test(bombs),
        cmocka_unit_test(members_come_back),
        cmocka_unit_test(members_that_do_not_fit),
        cmocka_unit_test(utf8),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
