/* test_safetensors.c - files taken apart and put together: every refusal, every type of
 * numbers, memory that runs out.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "close.h"
#include "counting_alloc.h"
#include "io/checksum.h"
#include "io/safetensors.h"
#include "io/safetensors_head.h"
#include "refuse.h"

static seqecho_allocator plain;

static int set_up(void **state)
{
    (void)state;
    return se_allocator_read(&plain, NULL);
}

/* ---- Files by hand ------------------------------------------------------------------ */

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

static bytes file_of(const char *header, size_t data_size)
{
    const size_t n = strlen(header);
    const bytes b = { calloc(1, 8 + n + data_size), 8 + n + data_size };

    assert_non_null(b.data);
    for (size_t i = 0; i < 8; i++)
        b.data[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(b.data + 8, header, n);
    return b;
}

static int open_bytes(const void *data, size_t size)
{
    se_container c;
    const int err = se_container_open(&c, data, size, &plain, "t");

    if (err < 0)
        assert_true(c.header == NULL && c.metadata == NULL && c.count == 0);
    se_container_close(&c);
    return err;
}

static int open_file(const char *header, size_t data_size)
{
    const bytes b = file_of(header, data_size);
    const int err = open_bytes(b.data, b.size);

    free(b.data);
    return err;
}

#define REFUSED(HEADER, SIZE, MESSAGE) \
    assert_refused(open_file(HEADER, SIZE), SEQECHO_EFORMAT, "t: " MESSAGE)
#define ARRAY(DTYPE, SHAPE, BEGIN, END) \
    "{\"dtype\":\"" DTYPE "\",\"shape\":[" SHAPE "],\"data_offsets\":[" BEGIN "," END "]}"

static void frames(void **state)
{
    static const unsigned char huge[16] = { 0, 0, 0, 0, 0, 0, 0, 0x80, '{', '}' };
    bytes b;

    (void)state;
    for (size_t size = 0; size < 8; size++)
        assert_int_equal(open_bytes(huge + 8, size), SEQECHO_EFORMAT);
    assert_refused(open_bytes(huge, 3), SEQECHO_EFORMAT,
                   "t: 3 bytes are no safetensors file, expected 8 or more");
    assert_refused(open_bytes(huge, 10), SEQECHO_EFORMAT,
                   "t: a header of 9223372036854775808 bytes does not fit the file of 10: "
                   "it is cut off, or no safetensors file");
    REFUSED("", 4, "the header does not begin with '{': no safetensors file");
    REFUSED(" {}", 0, "the header does not begin with '{': no safetensors file");
    assert_int_equal(open_file("{}", 0), SEQECHO_OK);
    assert_int_equal(open_file("{}      ", 0), SEQECHO_OK);
    b = file_of("{}", SE_HEADER_MAX);
    memset(b.data + 10, ' ', SE_HEADER_MAX);
    b.data[2] = 0x80;
    b.data[0] = 0;
    assert_int_equal(open_bytes(b.data, 8 + SE_HEADER_MAX), SEQECHO_OK);
    b.data[0] = 1;
    assert_refused(open_bytes(b.data, b.size), SEQECHO_EFORMAT,
                   "t: the header has 8388609 bytes, expected at most 8388608");
    free(b.data);
}

static void metadata(void **state)
{
    (void)state;
    assert_int_equal(open_file("{\"__metadata__\":{}}", 0), SEQECHO_OK);
    assert_int_equal(open_file("{\"__metadata__\":{\"a\":\"\",\"b\":\"x\"}}", 0),
                     SEQECHO_OK);
    REFUSED("{\"__metadata__\":[]}", 0, "__metadata__ is no object, expected { ... }");
    REFUSED("{\"__metadata__\":null}", 0, "__metadata__ is no object, expected { ... }");
    REFUSED("{\"__metadata__\":{\"a\":\"\",\"b\":1}}", 0,
            "__metadata__: \"b\" is no text, expected one");
}

static void entries(void **state)
{
    static const char nothing_else[] =
        "t: array \"a\": expected dtype, shape and data_offsets, and nothing else";
    static const char *const incomplete[] = {
        "{\"a\":1}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
        "{\"a\":{\"shape\":[],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":1,\"shape\":[],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":4}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}",
    };
    static const char *const shapes[] = {
        "-1",
        "1.0",
        "1e0",
        "\"1\"",
        "true",
        "null",
        "[1]",
        "9223372036854775807",
        "4294967296,4294967296",
        "3037000500,3037000500",
        "0,9223372036854775807,-1",
        "2305843009213693952",
    };
    static const char *const places[] = {
        "[]",    "[0]",     "[0,4,4]", "[4,0]",     "[-4,0]",
        "[0,5]", "[0,4.0]", "[1,5]",   "[0,\"4\"]", "[0,9223372036854775807]",
    };
    char header[256];

    (void)state;
    for (size_t i = 0; i < sizeof incomplete / sizeof *incomplete; i++)
        assert_refused(open_file(incomplete[i], 4), SEQECHO_EFORMAT, nothing_else);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[0,4]}}",
                 shapes[i]);
        assert_refused(open_file(header, 4), SEQECHO_EFORMAT,
                       "t: array \"a\": its shape holds no sizes, or too large ones");
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(header, sizeof header,
                 "{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":%s}}", places[i]);
        assert_refused(open_file(header, 4), SEQECHO_EFORMAT,
                       "t: array \"a\": its data_offsets are no range within the data");
    }
    REFUSED("{\"a\":" ARRAY("F32", "2", "0", "4") "}", 4,
            "array \"a\": its shape needs 8 bytes, but data_offsets give it 4");
    assert_refused(open_file("{\"a\":" ARRAY("F4", "2", "0", "1") "}", 1), SEQECHO_ENOTSUP,
                   "t: array \"a\": its dtype \"F4\" is unknown to this library");
}

static void ranges(void **state)
{
    (void)state;
    REFUSED("{\"a\":" ARRAY("U8", "4", "0", "4") ",\"b\":" ARRAY("U8", "4", "2", "6") "}",
            6, "the arrays overlap at byte 2 of the data, expected them side by side");
    REFUSED("{\"a\":" ARRAY("U8", "4", "0", "4") ",\"b\":" ARRAY("U8", "4", "0", "4") "}",
            4, "the arrays overlap at byte 0 of the data, expected them side by side");
    REFUSED("{\"a\":" ARRAY("U8", "4", "0", "4") ",\"b\":" ARRAY("U8", "1", "5", "6") "}",
            6, "the arrays leave a hole at byte 4 of the data, expected them side by side");
    REFUSED("{\"a\":" ARRAY("U8", "3", "1", "4") "}", 4,
            "the arrays leave a hole at byte 0 of the data, expected them side by side");
    REFUSED("{\"a\":" ARRAY("U8", "4", "0", "4") "}", 5,
            "the arrays end at byte 4, but there are 5 bytes of data");
    REFUSED("{}", 1, "the arrays end at byte 0, but there are 1 bytes of data");
    assert_int_equal(
        open_file("{\"b\":" ARRAY("U8", "2", "4", "6") ",\"c\":" ARRAY(
                      "F32", "0,7", "4", "4") ",\"a\":" ARRAY("F32", "", "0", "4") "}",
                  6),
        SEQECHO_OK);
    /* Not between arrays, but inside one. */
    REFUSED("{\"a\":" ARRAY("U8", "4", "0", "4") ",\"b\":" ARRAY("U8", "0", "2", "2") "}",
            4, "the arrays overlap at byte 2 of the data, expected them side by side");
}

/* Arrays in any order are sorted before they are looked at. */
static void orders(void **state)
{
    enum { N = 200 };
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20; round++) {
        char *const header = malloc(N * 80);
        int order[N];
        size_t at = 1;

        assert_non_null(header);
        for (int i = 0; i < N; i++) {
            int j;

            random = random * 1664525 + 1013904223;
            j = (int)(random >> 8) % (i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        header[0] = '{';
        for (int i = 0; i < N; i++)
            at += (size_t)sprintf(header + at, "%s\"%d\":" ARRAY("U8", "3", "%d", "%d"),
                                  i > 0 ? "," : "", i, 3 * order[i], 3 * order[i] + 3);
        memcpy(header + at, "}", 2);
        assert_int_equal(open_file(header, 3 * N), SEQECHO_OK);
        assert_int_equal(open_file(header, 3 * N + 1), SEQECHO_EFORMAT);
        free(header);
    }
}

/* ---- The checksum ------------------------------------------------------------------- */

static bytes summed(void)
{
    const bytes b =
        file_of("{\"__metadata__\":{\"seqecho.checksum\":"
                "\"xxh3-64:0000000000000000\"},\"a\":" ARRAY("U8", "3", "0", "3") "}",
                3);
    char digits[SE_CHECKSUM_DIGITS + 1];
    const se_bytes part = { b.data, b.size };

    snprintf(digits, sizeof digits, "%016" PRIx64, se_checksum(&part, 1));
    memcpy(b.data + SE_CHECKSUM_PLACE, digits, SE_CHECKSUM_DIGITS);
    return b;
}

static void checksums(void **state)
{
    static const char wrong[] = "t: the checksum does not fit: the file is damaged, or a "
                                "program that kept \"seqecho.checksum\" has changed it";
    const bytes b = summed();
    const size_t named = SE_LENGTH_BYTES + strlen("{\"" SE_METADATA "\":{\"");
    se_container c;

    (void)state;
    assert_int_equal(se_container_open(&c, b.data, b.size, &plain, "t"), 0);
    assert_true(c.checked);
    assert_non_null(se_container_text(&c, SE_CHECKSUM));
    se_container_close(&c);
    /* Every bit, but for those of the name by which the checksum is found. */
    for (size_t i = 8 * SE_LENGTH_BYTES; i < 8 * b.size; i++) {
        if (i / 8 >= named && i / 8 < named + strlen(SE_CHECKSUM))
            continue;
        b.data[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_int_equal(open_bytes(b.data, b.size), SEQECHO_EFORMAT);
        b.data[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    b.data[b.size - 1] ^= 1;
    assert_refused(open_bytes(b.data, b.size), SEQECHO_EFORMAT, wrong);
    free(b.data);
    /* In another place, of another kind, or too short. */
    assert_refused(open_file("{\"__metadata__\":{\"a\":\"b\",\"seqecho.checksum\":"
                             "\"xxh3-64:0000000000000000\"}}",
                             0),
                   SEQECHO_EFORMAT, wrong);
    assert_refused(
        open_file("{\"__metadata__\":{\"seqecho.checksum\":\"md5:0000000000000000\"}}", 0),
        SEQECHO_EFORMAT, wrong);
    assert_refused(open_file("{\"__metadata__\":{\"seqecho.checksum\":\"xxh3-64:\"}}", 0),
                   SEQECHO_EFORMAT, wrong);
    assert_refused(
        open_file("{\"__metadata__\":{\"seqecho.checksum\":\"xxh3-64:00000000000\"}}", 0),
        SEQECHO_EFORMAT, wrong);
    assert_int_equal(open_file("{\"__metadata__\":{\"a\":\"b\"}}", 0), SEQECHO_OK);
}

/* It is that of all parts as if they were one, whatever their number. */
static void checksum_of_parts(void **state)
{
    unsigned char data[1000];
    uint64_t whole;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 7);
    whole = se_checksum(&(const se_bytes){ data, sizeof data }, 1);
    for (size_t i = 0; i <= sizeof data; i += 37) {
        const se_bytes parts[] = { { data, i },
                                   { NULL, 0 },
                                   { data + i, sizeof data - i } };

        assert_true(se_checksum(parts, 3) == whole);
    }
    /* Of nothing: XXH3's own. */
    assert_true(se_checksum(NULL, 0) == UINT64_C(0x2d06800538d394c2));
}

/* ---- Arrays ------------------------------------------------------------------------- */

static void looking(void **state)
{
    const bytes b = file_of(
        "{\"__metadata__\":{\"k\":\"v\"},\"a\":" ARRAY(
            "F32", "1,1,1,1,1", "0", "4") ",\"b\":" ARRAY("I8", "2,1", "4", "6") "}",
        6);
    char text[SE_TENSOR_TEXT];
    se_container c;
    se_tensor t;
    void *cursor = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(se_container_open(&c, b.data, b.size, &plain, "t"), 0);
    assert_int_equal(c.count, 2);
    assert_false(c.checked);
    assert_string_equal(se_container_text(&c, "k"), "v");
    assert_null(se_container_text(&c, "l"));
    while (se_container_next(&c, &cursor) != NULL)
        n++;
    assert_int_equal(n, 2);
    assert_false(se_container_find(&c, "__metadata__", &t));
    assert_false(se_container_find(&c, "c", &t));
    assert_true(se_container_find(&c, "a", &t));
    assert_int_equal(t.rank, 5);
    assert_false(se_tensor_is(&t, 5, (const int64_t[]){ 1, 1, 1, 1, 1 }));
    assert_false(se_tensor_is(&t, 4, (const int64_t[]){ 1, 1, 1, 1 }));
    assert_string_equal(se_tensor_text(text, &t), "F32 (1, 1, 1, 1, ...)");
    assert_true(se_container_find(&c, "b", &t));
    assert_true(t.data == b.data + b.size - 2);
    assert_true(se_tensor_is(&t, 2, (const int64_t[]){ 2, 1 }));
    assert_false(se_tensor_is(&t, 2, (const int64_t[]){ 2, 2 }));
    assert_string_equal(se_tensor_text(text, &t), "of integers (2, 1)");
    assert_false(se_tensor_floats(&t, 0, 1, &(float){ 0 }));
    assert_false(se_tensor_floats(&t, 0, 0, NULL));
    assert_false(se_tensor_doubles(&t, 0, 1, &(double){ 0 }));
    se_container_close(&c);
    se_container_close(&c);
    free(b.data);
}

static void all_types(void **state)
{
    static const struct {
        const char *name;
        size_t size;
    } types[] = {
        { "F64", 8 }, { "F32", 4 }, { "F16", 2 },  { "BF16", 2 },    { "I64", 8 },
        { "U64", 8 }, { "I32", 4 }, { "U32", 4 },  { "I16", 2 },     { "U16", 2 },
        { "I8", 1 },  { "U8", 1 },  { "BOOL", 1 }, { "F8_E4M3", 1 }, { "F8_E5M2", 1 },
    };
    char header[256];

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(header, sizeof header, "{\"a\":" ARRAY("%s", "3", "0", "%zu") "}",
                 types[i].name, 3 * types[i].size);
        assert_int_equal(open_file(header, 3 * types[i].size), SEQECHO_OK);
    }
}

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* All 65536 halves, against their definition. */
static void halves(void **state)
{
    unsigned char data[2];
    const se_tensor t = { data, 2, SE_F16, 1, { 1 } };

    (void)state;
    for (int i = 0; i < 65536; i++) {
        const int exponent = i >> 10 & 31, fraction = i & 1023;
        const float sign = i >> 15 != 0 ? -1.0F : 1.0F;
        float value = 0.0F;

        data[0] = (unsigned char)(i & 255);
        data[1] = (unsigned char)(i >> 8);
        assert_true(se_tensor_floats(&t, 0, 1, &value));
        if (exponent == 31 && fraction != 0)
            assert_true(isnan(value));
        else if (exponent == 31)
            assert_int_equal(bits_of(value), bits_of(sign * INFINITY));
        else if (exponent == 0)
            assert_int_equal(bits_of(value), bits_of(sign * (float)ldexp(fraction, -24)));
        else
            assert_int_equal(bits_of(value),
                             bits_of(sign * (float)ldexp(1024 + fraction, exponent - 25)));
    }
}

static void numbers(void **state)
{
    static const double doubles[] = { 0.1, -0.0, 1e300, -1e-300, 3.5 };
    static const float floats[] = { 0.1F, -0.0F, 1e30F, -1e-40F, 3.5F };
    const unsigned char brains[] = { 0x80, 0x3f, 0x00, 0x80, 0xc0, 0x7f };
    se_tensor t = { (const unsigned char *)doubles, sizeof doubles, SE_F64, 1, { 5 } };
    double wide[5];
    float narrow[5];

    (void)state;
    assert_true(se_tensor_doubles(&t, 1, 4, wide));
    assert_memory_equal(wide, doubles + 1, 4 * sizeof *wide);
    assert_true(se_tensor_floats(&t, 0, 5, narrow));
    assert_true(narrow[0] == 0.1F && isinf(narrow[2]) && narrow[4] == 3.5F);
    assert_int_equal(bits_of(narrow[1]), bits_of(-0.0F));
    assert_int_equal(bits_of(narrow[3]), bits_of(-0.0F));
    t = (se_tensor){ (const unsigned char *)floats, sizeof floats, SE_F32, 1, { 5 } };
    assert_true(se_tensor_floats(&t, 2, 3, narrow));
    assert_memory_equal(narrow, floats + 2, 3 * sizeof *narrow);
    t = (se_tensor){ brains, sizeof brains, SE_BF16, 1, { 3 } };
    assert_true(se_tensor_floats(&t, 0, 3, narrow));
    assert_true(narrow[0] == 1.0F && isnan(narrow[2]));
    assert_int_equal(bits_of(narrow[1]), bits_of(-0.0F));
}

/* ---- Writing ------------------------------------------------------------------------ */

enum { TENSORS = 20 };

static int write_all(se_writer *w, const seqecho_allocator *a, size_t *size)
{
    static const double wide[] = { 1.5, 2.5 };
    static const float narrow[6] = { 1, 2, 3, 4, 5, 6 };
    char name[16];

    se_writer_begin(w, a, "t");
    se_writer_text(w, "key", "value");
    se_writer_json(w, "json", json_pack("{s:i}", "a", 1));
    se_writer_tensor(w, "wide", SE_F64, 1, &(const int64_t){ 2 }, wide);
    se_writer_tensor(w, "none", SE_F32, 2, (const int64_t[]){ 3, 0 }, narrow);
    for (int i = 0; i < TENSORS; i++) {
        snprintf(name, sizeof name, "narrow%d", i);
        se_writer_tensor(w, name, SE_F32, 2, (const int64_t[]){ 2, 3 }, narrow);
    }
    return se_writer_finish(w, size);
}

static void written(void **state)
{
    unsigned char *data;
    se_container c;
    se_tensor t;
    se_writer w;
    float values[6];
    double wide[2];
    size_t size = 0, length = 0;

    (void)state;
    assert_int_equal(write_all(&w, &plain, &size), 0);
    data = malloc(size + 1);
    assert_non_null(data);
    assert_int_equal(se_writer_copy(&w, size, NULL, 0, &length), 0);
    assert_int_equal(length, size);
    assert_refused(se_writer_copy(&w, size, NULL, 1, &length), SEQECHO_EINVAL,
                   "t: buf is NULL, but its size is 1");
    assert_int_equal(se_writer_copy(&w, size, data, size - 1, &length), SEQECHO_EINVAL);
    data[size] = 0x55;
    assert_int_equal(se_writer_copy(&w, size, data, size, &length), 0);
    assert_int_equal(data[size], 0x55);
    assert_int_equal(size % 8, 0);
    assert_int_equal(se_container_open(&c, data, size, &plain, "t"), 0);
    assert_true(c.checked);
    assert_int_equal(c.count, TENSORS + 2);
    assert_string_equal(se_container_text(&c, "json"), "{\"a\":1}");
    assert_true(se_container_find(&c, "narrow7", &t));
    assert_true(se_tensor_floats(&t, 0, 6, values));
    assert_true(values[5] == 6.0F);
    assert_true(se_container_find(&c, "wide", &t));
    assert_int_equal((t.data - data) % 8, 0);
    assert_true(se_tensor_doubles(&t, 0, 2, wide));
    assert_true(wide[1] == 2.5);
    se_container_close(&c);
    se_writer_end(&w);
    free(data);
}

static void too_much(void **state)
{
    se_writer w;
    char *text = malloc(SE_HEADER_MAX + 1);
    size_t size;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', SE_HEADER_MAX);
    text[SE_HEADER_MAX] = '\0';
    se_writer_begin(&w, &plain, "t");
    se_writer_text(&w, "key", text);
    assert_int_equal(se_writer_finish(&w, &size), SEQECHO_ENOTSUP);
    se_writer_end(&w);
    free(text);
    se_writer_begin(&w, &plain, "t");
    se_writer_tensor(&w, "a", SE_F32, 2, (const int64_t[]){ INT64_C(1) << 40, 1 << 30 },
                     NULL);
    assert_refused(se_writer_finish(&w, &size), SEQECHO_ENOMEM,
                   "t: \"a\" does not fit the address space");
    /* The first failure stays. */
    se_writer_text(&w, "key", "\xff");
    se_writer_json(&w, "key", json_object());
    se_writer_tensor(&w, "b", SE_F32, 0, NULL, NULL);
    assert_int_equal(se_writer_finish(&w, &size), SEQECHO_ENOMEM);
    se_writer_end(&w);
    se_writer_begin(&w, &plain, "t");
    se_writer_json(&w, "key", NULL);
    assert_int_equal(w.err, SEQECHO_ENOMEM);
    se_writer_end(&w);
    se_writer_begin(&w, &plain, "t");
    se_writer_text(&w, "key", "\xff");
    assert_int_equal(w.err, SEQECHO_ENOMEM);
    se_writer_end(&w);
    se_writer_begin(&w, &plain, "t");
    se_writer_tensor(&w, "\xff", SE_F32, 0, NULL, "1234");
    assert_int_equal(w.err, SEQECHO_ENOMEM);
    se_writer_end(&w);
}

/* ---- Memory that runs out ----------------------------------------------------------- */

static int64_t calls, fail_at;

static void *json_alloc(size_t size)
{
    return ++calls == fail_at ? NULL : malloc(size);
}

/* Each allocation, of the library and of jansson, fails once. */
static void out_of_memory(void **state)
{
    int64_t n = 0;
    size_t size;
    se_writer w;

    (void)state;
    for (int64_t i = 1;; i++, n++) {
        counting_alloc memory = { .fail_at = i };
        const seqecho_allocator hook = counting_alloc_hook(&memory);
        const int err = write_all(&w, &hook, &size);

        se_writer_end(&w);
        assert_int_equal(memory.live, 0);
        if (err == SEQECHO_OK)
            break;
        assert_int_equal(err, SEQECHO_ENOMEM);
    }
    assert_true(n >= 4);
    json_set_alloc_funcs(json_alloc, free);
    for (fail_at = 1;; fail_at++) {
        int err;

        calls = 0;
        err = write_all(&w, &plain, &size);
        se_writer_end(&w);
        if (calls < fail_at) {
            assert_int_equal(err, SEQECHO_OK);
            break;
        }
        assert_int_equal(err, SEQECHO_ENOMEM);
    }
    assert_true(fail_at > 100);
    fail_at = 0;
    json_set_alloc_funcs(malloc, free);
}

static void opening_without_memory(void **state)
{
    const bytes b = summed();
    counting_alloc memory = { .fail_at = 1 };
    const seqecho_allocator hook = counting_alloc_hook(&memory);
    se_container c;

    (void)state;
    assert_int_equal(se_container_open(&c, b.data, b.size, &hook, "t"), SEQECHO_ENOMEM);
    assert_null(c.header);
    free(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),
        cmocka_unit_test(metadata),
        cmocka_unit_test(entries),
        cmocka_unit_test(ranges),
        cmocka_unit_test(orders),
        cmocka_unit_test(checksums),
        cmocka_unit_test(checksum_of_parts),
        cmocka_unit_test(looking),
        cmocka_unit_test(all_types),
        cmocka_unit_test(halves),
        cmocka_unit_test(numbers),
        cmocka_unit_test(written),
        cmocka_unit_test(too_much),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(opening_without_memory),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
