/* test_json.c - JSON text to values and back: what is taken, what is refused, memory that
 * runs out, locales.
 * SPDX-License-Identifier: MIT */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/json.h"
#include "refuse.h"

#define FORMAT(TEXT, MESSAGE) \
    assert_refused(se_json_parse(&value, TEXT, sizeof(TEXT) - 1, "t"), SEQECHO_EFORMAT, \
                   "t: " MESSAGE)

/* ---- Memory of jansson that runs out ------------------------------------------------ */

static int64_t calls, fail_at, live;

static void *counted_alloc(size_t size)
{
    if (++calls == fail_at)
        return NULL;
    live++;
    return malloc(size);
}

static void counted_free(void *ptr)
{
    live -= ptr != NULL;
    free(ptr);
}

static int count_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(counted_alloc, counted_free);
    calls = fail_at = live = 0;
    return 0;
}

static int uncount_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc, free);
    return live == 0 ? 0 : -1;
}

static const char example[] =
    "{\"a\": [1, -2.5, true, false, null, \"t\\u00e9xt of more than a few letters\"],"
    " \"b and more of it, so that it needs memory\": {\"c\": [[], {}]}, \"d\": \"\"}";

/* Each allocation fails once: the text is refused, or the value is right. */
static void out_of_memory(void **state)
{
    json_t *right, *value;
    int refused = 0;

    (void)state;
    assert_int_equal(se_json_parse(&right, example, sizeof example - 1, "t"), 0);
    for (int64_t i = 1;; i++) {
        int err;

        calls = 0;
        fail_at = i;
        err = se_json_parse(&value, example, sizeof example - 1, "t");
        if (calls < i) {
            assert_int_equal(err, 0);
            assert_true(json_equal(value, right));
            json_decref(value);
            break;
        }
        assert_int_equal(err, SEQECHO_ENOMEM);
        assert_null(value);
        assert_string_equal(seqecho_error_message(), "t: out of memory for JSON");
        refused++;
    }
    fail_at = 0;
    json_decref(right);
    assert_true(refused > 20);
}

/* ---- Parsing ------------------------------------------------------------------------ */

/* jansson's own parser is the judge. */
static void same_as_jansson(const char *text, size_t size)
{
    json_t *const right = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    json_t *value;
    const int err = se_json_parse(&value, text, size, "t");

    if (json_is_object(right)) {
        if (err != 0 || !json_equal(value, right))
            fail_msg("%.*s: %s", (int)size, text, seqecho_error_message());
    } else if (err != SEQECHO_EFORMAT || value != NULL) {
        fail_msg("%.*s: %d", (int)size, text, err);
    }
    json_decref(right);
    json_decref(value);
}

static void values(void **state)
{
    static const char *const inside[] = {
        "0",
        "-0",
        "1",
        "-1",
        "9223372036854775807",
        "01",
        "-",
        "+1",
        "1.",
        "-9223372036854775808",
        "1.5",
        "-0.0",
        ".5",
        "1e3",
        "9223372036854775808",
        "1E+3",
        "1e-3",
        "1e",
        "1e+",
        "-9223372036854775809",
        "1e308",
        "1e309",
        "-1e309",
        "1e-400",
        "5e-324",
        "0x10",
        "1.5e",
        "true",
        "tru",
        "truer",
        "false",
        "fals",
        "null",
        "nul",
        "nil",
        "NaN",
        "Infinity",
        "\"\"",
        "\"a\"",
        "\"a",
        "\"\\n\\t\\r\\b\\f\\/\\\\\\\"\"",
        "\"\\x\"",
        "\"\\",
        "\"\\u0041\"",
        "\"\\u00e9\"",
        "\"\\u20ac\"",
        "\"\\ud83d\\ude00\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\n\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83d\\ue000\"",
        "\"\\ud83d\\uzzzz\"",
        "\"\\u004\"",
        "\"\\u004g\"",
        "\"\\uABCD\\uabcd\"",
        "\"\\u",
        "\"\xc3\xa9\"",
        "\"\xe2\x82\xac\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\n\"",
        "\"\x1f\"",
        "\"\x7f\"",
        "[]",
        "[ ]",
        "[1]",
        "[1,2]",
        "[1 2]",
        "[1,]",
        "[,1]",
        "[",
        "[1",
        "{}",
        "{ }",
        "{\"b\":1}",
        "{\"b\"}",
        "{\"b\":}",
        "{b:1}",
        "{\"b\":1,}",
        "{\"b\":1,\"b\":2}",
        "{\"b\":1,\"c\":2}",
        "{\"b\":1]",
        "{\"\":1}",
        "'a'",
        "//",
        "1 // 1",
        "",
        "[1}",
        "\"a\" \"b\"",
        "\t1\r\n ",
        "\f1",
        "\v1",
        "123456789012345678901234567890",
        "0.90000000000000002",
        "9.9999999999999995e-8",
        "0.1e-1",
        "1e1e1",
        "--1",
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        snprintf(text, sizeof text, "{\"a\":%s}", inside[i]);
        same_as_jansson(text, strlen(text));
        snprintf(text, sizeof text, "{\"a\": [%s ,\"z\"] }", inside[i]);
        same_as_jansson(text, strlen(text));
        same_as_jansson(inside[i], strlen(inside[i]));
    }
}

/* Every beginning of a text, and every text with one character changed. */
static void spoilt(void **state)
{
    static const char others[] = "\"\\{}[],:0e.-tn u\x80\xff";
    const size_t size = sizeof example - 1;

    (void)state;
    for (size_t i = 0; i <= size; i++) {
        char *const copy = malloc(i > 0 ? i : 1);

        assert_non_null(copy);
        memcpy(copy, example, i);
        same_as_jansson(copy, i);
        for (size_t j = 0; i > 0 && j < sizeof others; j++) {
            char changed[sizeof example];

            memcpy(changed, example, sizeof changed);
            changed[i - 1] = others[j];
            same_as_jansson(changed, size);
        }
        free(copy);
    }
}

static void refusals(void **state)
{
    json_t *value;

    (void)state;
    FORMAT("", "JSON is damaged at byte 0: expected a value");
    FORMAT("[]", "JSON is no object, expected { ... }");
    FORMAT("{} x", "JSON is damaged at byte 3: expected nothing more");
    FORMAT("{\"a\" 1}", "JSON is damaged at byte 5: expected a colon");
    FORMAT("{1:1}", "JSON is damaged at byte 1: expected a text");
    FORMAT("{\"a\":1 \"b\"}",
           "JSON is damaged at byte 7: expected a comma, or the end of a list");
    FORMAT("{\"a\":1,\"a\":2}",
           "JSON is damaged at byte 10: expected no second member of the same name");
    FORMAT("{\"a\":\"\\q\"}", "JSON is damaged at byte 7: expected an escape");
    FORMAT("{\"a\":\"\\udc00\"}",
           "JSON is damaged at byte 12: expected the number of a character");
    FORMAT("{\"a\":\"\xff\"}",
           "JSON is damaged at byte 8: expected UTF-8 in the text before");
    FORMAT("{\"a\":\"",
           "JSON is damaged at byte 6: expected a character, or the end of a text");
    FORMAT("{\"a\":9223372036854775808}",
           "JSON is damaged at byte 24: expected numbers of 64 bits");
    FORMAT("{\"a\":1e999}", "JSON is damaged at byte 10: expected smaller numbers");
    assert_int_equal(se_json_parse(&value, "{\"a\":1}\0", 8, "t"), SEQECHO_EFORMAT);
    assert_int_equal(se_json_parse(&value, "{\"a\":\"b\0c\"}", 11, "t"), SEQECHO_EFORMAT);
}

/* ---- Bounds ------------------------------------------------------------------------- */

static char *repeat(const char *part, size_t n, const char *end)
{
    const size_t head = 5, piece = strlen(part), tail = strlen(end);
    char *const text = calloc(head + piece * n + tail + 1, 1);

    assert_non_null(text);
    memcpy(text, "{\"a\":", head);
    for (size_t i = 0; i < n; i++)
        memcpy(text + head + piece * i, part, piece);
    memcpy(text + head + piece * n, end, tail);
    return text;
}

static int parse_repeated(const char *part, size_t n, const char *end)
{
    char *const text = repeat(part, n, end);
    json_t *value;
    const int err = se_json_parse(&value, text, strlen(text), "t");

    json_decref(value);
    free(text);
    return err;
}

static void depth(void **state)
{
    char end[64];

    (void)state;
    memset(end, ']', sizeof end);
    end[SE_JSON_DEPTH - 1] = '}';
    end[SE_JSON_DEPTH] = '\0';
    assert_int_equal(parse_repeated("[", SE_JSON_DEPTH - 1, end), 0);
    assert_refused(parse_repeated("[", SE_JSON_DEPTH, ""), SEQECHO_EFORMAT,
                   "t: JSON is nested deeper than 32, expected less");
    assert_int_equal(parse_repeated("{\"a\":", 1000000, ""), SEQECHO_EFORMAT);
    /* What is not there does not count, nor what is in texts. */
    assert_int_equal(parse_repeated("]", 100, ""), SEQECHO_EFORMAT);
    assert_int_equal(parse_repeated("", 0, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"),
                     0);
    assert_int_equal(
        parse_repeated("", 0, "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"), 0);
}

static void bombs(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("", 0, "[[],[],[],[],[],[],[],[]]}"), 0);
    assert_refused(parse_repeated("", 0, "["), SEQECHO_EFORMAT,
                   "t: JSON is damaged at byte 6: expected a value");
    assert_int_equal(parse_repeated("[", 1, "]}"), 0);
    assert_int_equal(parse_repeated(",", 1000000, "]}"), SEQECHO_EFORMAT);
    assert_refused(parse_repeated("{},", 100000, "}"), SEQECHO_EFORMAT,
                   "t: 300006 bytes of JSON would take more than 64 times as much memory");
}

/* ---- Writing ------------------------------------------------------------------------ */

static void written(void **state)
{
    json_t *const value = json_object();
    seqecho_allocator a;
    json_t *again;
    char *text;
    size_t length = 0;

    (void)state;
    assert_int_equal(se_allocator_read(&a, NULL), 0);
    assert_int_equal(se_json_put_int(value, "int", INT64_MIN), 0);
    assert_int_equal(se_json_put_bool(value, "bool", true), 0);
    assert_int_equal(se_json_put_text(value, "text", "\xc3\xa9\"\n"), 0);
    assert_int_equal(se_json_put_uint64(value, "wide", UINT64_MAX), 0);
    assert_int_equal(se_json_put_double(value, "real", 0.1), 0);
    assert_int_equal(se_json_put_double(value, "nan", (double)NAN), 0);
    assert_int_equal(se_json_put_double(value, "inf", (double)INFINITY), 0);
    assert_int_equal(se_json_put_double(value, "-inf", -(double)INFINITY), 0);
    assert_int_equal(se_json_put_double(value, "-0", -0.0), 0);
    assert_int_equal(se_json_write(&text, &length, value, &a, "t"), 0);
    assert_string_equal(text, "{\"int\":-9223372036854775808,\"bool\":true,"
                              "\"text\":\"\xc3\xa9\\\"\\n\","
                              "\"wide\":\"18446744073709551615\","
                              "\"real\":0.10000000000000001,\"nan\":\"nan\","
                              "\"inf\":\"inf\",\"-inf\":\"-inf\",\"-0\":-0.0}");
    assert_int_equal(length, strlen(text));
    assert_int_equal(se_json_parse(&again, text, length, "t"), 0);
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    se_free(&a, text);
}

/* A locale whose decimal point is a comma. */
static void locales(void **state)
{
    json_t *value;
    double real = 0.0;

    (void)state;
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "de_DE.utf8") == NULL)
        skip();
    assert_int_equal(strtod("2,5", NULL) == 2.5, 1);
    written(state);
    assert_int_equal(se_json_parse(&value, "{\"a\":2.5}", 9, "t"), 0);
    assert_int_equal(se_json_get_double(value, "a", &real, "t"), 0);
    assert_true(real == 2.5);
    json_decref(value);
    assert_int_equal(strtod("2,5", NULL) == 2.5, 1);
    setlocale(LC_ALL, "C");
}

/* ---- Members ------------------------------------------------------------------------ */

static void putting_nothing(void **state)
{
    json_t *const object = json_object();
    char *text;
    size_t length;

    (void)state;
    assert_refused(se_json_put(object, "a", NULL), SEQECHO_ENOMEM,
                   "out of memory for JSON: a");
    assert_refused(se_json_put_int(NULL, "a", 1), SEQECHO_ENOMEM,
                   "out of memory for JSON: a");
    assert_refused(se_json_put_text(object, "a", "\xff"), SEQECHO_ENOMEM,
                   "out of memory for JSON: a");
    assert_refused(se_json_write(&text, &length, NULL, NULL, "t"), SEQECHO_ENOMEM,
                   "t: out of memory for JSON");
    assert_null(text);
    json_decref(object);
}

static void *no_memory(void *user, size_t size, size_t alignment)
{
    (void)user;
    (void)size;
    (void)alignment;
    return NULL;
}

static void writing_without_memory(void **state)
{
    const seqecho_allocator none = { sizeof none, no_memory, NULL, NULL };
    json_t *const object = json_object();
    char *text;
    size_t length;

    (void)state;
    assert_int_equal(se_json_write(&text, &length, object, &none, "t"), SEQECHO_ENOMEM);
    assert_null(text);
    json_decref(object);
}

static void getting(void **state)
{
    static const char text[] =
        "{\"i\":7,\"b\":false,\"t\":\"x\",\"u\":\"18446744073709551615\",\"r\":1.5,"
        "\"nan\":\"nan\",\"inf\":\"inf\",\"minus\":\"-inf\",\"a\":[],\"o\":{},\"n\":null,"
        "\"u0\":\"\",\"u1\":\"18446744073709551616\",\"u2\":\"123456789012345678901\","
        "\"u3\":\"-1\",\"u4\":\"1x\",\"u5\":\"99999999999999999999\"}";
    json_t *object, *out = NULL;
    int64_t i = 0;
    uint64_t u = 0;
    double real = 0.0;
    bool flag = true;
    const char *string = NULL;

    (void)state;
    assert_int_equal(se_json_parse(&object, text, sizeof text - 1, "t"), 0);
    assert_int_equal(se_json_get_int(object, "i", 7, 7, &i, "t"), 0);
    assert_int_equal(i, 7);
    assert_int_equal(se_json_get_bool(object, "b", &flag, "t"), 0);
    assert_false(flag);
    assert_int_equal(se_json_get_text(object, "t", &string, "t"), 0);
    assert_string_equal(string, "x");
    assert_int_equal(se_json_get_uint64(object, "u", &u, "t"), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(se_json_get_double(object, "i", &real, "t"), 0);
    assert_true(real == 7.0);
    assert_int_equal(se_json_get_double(object, "r", &real, "t"), 0);
    assert_true(real == 1.5);
    assert_int_equal(se_json_get_double(object, "nan", &real, "t"), 0);
    assert_true(isnan(real));
    assert_int_equal(se_json_get_double(object, "inf", &real, "t"), 0);
    assert_true(isinf(real) && real > 0.0);
    assert_int_equal(se_json_get_double(object, "minus", &real, "t"), 0);
    assert_true(isinf(real) && real < 0.0);
    assert_int_equal(se_json_get(object, "a", JSON_ARRAY, &out, "t"), 0);

    assert_refused(se_json_get_int(object, "i", 8, 9, &i, "t"), SEQECHO_EFORMAT,
                   "t: \"i\" is 7, expected 8 to 9");
    assert_refused(se_json_get_int(object, "i", 5, 6, &i, "t"), SEQECHO_EFORMAT,
                   "t: \"i\" is 7, expected 5 to 6");
    assert_refused(se_json_get_int(object, "r", 0, 9, &i, "t"), SEQECHO_EFORMAT,
                   "t: \"r\" is missing or of another kind, expected a whole number");
    assert_refused(se_json_get_bool(object, "i", &flag, "t"), SEQECHO_EFORMAT,
                   "t: \"i\" is missing or of another kind, expected true or false");
    assert_refused(se_json_get_text(object, "gone", &string, "t"), SEQECHO_EFORMAT,
                   "t: \"gone\" is missing or of another kind, expected a text");
    assert_refused(se_json_get_double(object, "t", &real, "t"), SEQECHO_EFORMAT,
                   "t: \"t\" is missing or of another kind, expected a number");
    assert_refused(se_json_get_double(object, "n", &real, "t"), SEQECHO_EFORMAT,
                   "t: \"n\" is missing or of another kind, expected a number");
    assert_refused(se_json_get(object, "a", JSON_OBJECT, &out, "t"), SEQECHO_EFORMAT,
                   "t: \"a\" is missing or of another kind, expected an object");
    assert_refused(se_json_get(object, "o", JSON_ARRAY, &out, "t"), SEQECHO_EFORMAT,
                   "t: \"o\" is missing or of another kind, expected an array");
    assert_refused(
        se_json_get_uint64(object, "u1", &u, "t"), SEQECHO_EFORMAT,
        "t: \"u1\" is \"18446744073709551616\", expected a decimal number of 64 bits");
    for (int n = 0; n < 6; n++) {
        const char name[] = { 'u', (char)('0' + n), '\0' };

        assert_int_equal(se_json_get_uint64(object, name, &u, "t"), SEQECHO_EFORMAT);
    }
    assert_int_equal(se_json_get_uint64(object, "i", &u, "t"), SEQECHO_EFORMAT);
    assert_true(u == UINT64_MAX);
    json_decref(object);
}

static void utf8(void **state)
{
    static const char *const good[] = {
        "",
        "a",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
    };
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xf0\x9f\x98",
        "a\xc3",
        "\xe2\x82\x41",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(se_json_is_utf8(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(se_json_is_utf8(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(out_of_memory, count_memory, uncount_memory),
        cmocka_unit_test_setup_teardown(values, count_memory, uncount_memory),
        cmocka_unit_test_setup_teardown(spoilt, count_memory, uncount_memory),
        cmocka_unit_test(refusals),
        cmocka_unit_test(depth),
        cmocka_unit_test(bombs),
        cmocka_unit_test(written),
        cmocka_unit_test(locales),
        cmocka_unit_test(putting_nothing),
        cmocka_unit_test(writing_without_memory),
        cmocka_unit_test(getting),
        cmocka_unit_test(utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
