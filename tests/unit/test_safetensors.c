/* test_safetensors.c - safetensors files written, and taken apart.
 * SPDX-License-Identifier: MIT
 *
 * What strangers may put into one is in tests/files/attacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "base/alloc.h"
#include "counting_alloc.h"
#include "io/safetensors.h"
#include "refuse.h"

enum { ROOM = 8192 };

static seqecho_allocator plain;

static int set_up(void **state)
{
    (void)state;
    return se_allocator_read(&plain, NULL);
}

/* A file of a header and some bytes of data. */
typedef struct made {
    unsigned char bytes[ROOM];
    size_t size;
} made;

static made make(const char *header, const void *data, size_t size)
{
    const size_t n = strlen(header);
    made m = { { 0 }, 8 + n + size };

    assert_true(m.size <= ROOM);
    for (int i = 0; i < 8; i++)
        m.bytes[i] = (unsigned char)(n >> 8 * i);
    memcpy(m.bytes + 8, header, n);
    if (size > 0)
        memcpy(m.bytes + 8 + n, data, size);
    return m;
}

static int open_made(const made *m)
{
    se_container c;
    const int err = se_container_open(&c, m->bytes, m->size, &plain, "test");

    se_container_close(&c);
    return err;
}

/* ---- There and back ----------------------------------------------------------------- */

/* Two doubles, three floats in two arrays, and two texts. */
static int write_file(se_writer *w, const seqecho_allocator *a, size_t *size)
{
    static const double doubles[] = { 0.1, -1e300 };
    static const float floats[] = { 1.5f, -0.0f, 3e38f };

    se_writer_begin(w, a, "test");
    se_writer_text(w, "key", "value");
    se_writer_json(w, "json", json_pack("{s:i}", "a", 1));
    se_writer_tensor(w, "d", SE_F64, 1, (const int64_t[]){ 2 }, doubles);
    se_writer_tensor(w, "f", SE_F32, 2, (const int64_t[]){ 1, 2 }, floats);
    se_writer_tensor(w, "g", SE_F32, 0, NULL, floats + 2);
    se_writer_tensor(w, "none", SE_F32, 2, (const int64_t[]){ 0, 4 }, NULL);
    return se_writer_finish(w, size);
}

static void comes_back(void **state)
{
    unsigned char bytes[ROOM];
    se_writer w;
    se_container c;
    se_tensor t;
    size_t size, length, seen = 0;
    void *cursor = NULL;
    double doubles[2];
    float floats[2];
    char text[SE_TENSOR_TEXT];

    (void)state;
    assert_int_equal(write_file(&w, &plain, &size), 0);
    assert_int_equal(se_writer_copy(&w, size, NULL, 0, &length), 0);
    assert_int_equal(length, size);
    assert_refused(se_writer_copy(&w, size, bytes, 5, &length), SEQECHO_EINVAL,
                   "test: the buffer has 5 bytes, expected 364 or more");
    assert_refused(se_writer_copy(&w, size, NULL, 5, &length), SEQECHO_EINVAL,
                   "test: buf is NULL, but its size is 5");
    assert_int_equal(se_writer_copy(&w, size, bytes, ROOM, &length), 0);
    se_writer_end(&w);

    assert_int_equal(se_container_open(&c, bytes, size, &plain, "test"), 0);
    assert_true(c.checked);
    assert_int_equal(c.count, 4);
    assert_int_equal((c.data - bytes) % 8, 0);
    while (se_container_next(&c, &cursor) != NULL)
        seen++;
    assert_int_equal(seen, 4);
    assert_string_equal(se_container_text(&c, "key"), "value");
    assert_string_equal(se_container_text(&c, "json"), "{\"a\":1}");
    assert_null(se_container_text(&c, "kex"));
    assert_false(se_container_find(&c, "x", &t));
    assert_false(se_container_find(&c, "__metadata__", &t));
    assert_true(se_container_find(&c, "d", &t));
    assert_true(se_tensor_doubles(&t, 0, 2, doubles));
    assert_true(doubles[0] == 0.1 && doubles[1] == -1e300);
    assert_true(se_container_find(&c, "f", &t));
    assert_false(se_tensor_doubles(&t, 0, 1, doubles));
    assert_true(se_tensor_is(&t, 2, (const int64_t[]){ 1, 2 }));
    assert_false(se_tensor_is(&t, 2, (const int64_t[]){ 2, 1 }));
    assert_false(se_tensor_is(&t, 1, (const int64_t[]){ 1 }));
    assert_string_equal(se_tensor_text(text, &t), "F32 (1, 2)");
    assert_true(se_tensor_floats(&t, 0, 2, floats));
    assert_true(floats[0] == 1.5f && floats[1] == 0.0f && signbit(floats[1]));
    assert_true(se_container_find(&c, "g", &t));
    assert_true(se_tensor_is(&t, 0, NULL));
    assert_true(se_container_find(&c, "none", &t));
    assert_int_equal(t.size, 0);
    se_container_close(&c);
}

/* Each bit that is turned over is noticed. */
static void every_bit_counts(void **state)
{
    made m = { .size = 0 };
    se_writer w;
    size_t noticed = 0;

    (void)state;
    assert_int_equal(write_file(&w, &plain, &m.size), 0);
    assert_int_equal(se_writer_copy(&w, m.size, m.bytes, ROOM, &m.size), 0);
    se_writer_end(&w);
    for (size_t i = 0; i < 8 * m.size; i++) {
        m.bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        noticed += open_made(&m) == SEQECHO_EFORMAT;
        m.bytes[i / 8] ^= (unsigned char)(1U << i % 8);
    }
    assert_int_equal(noticed, 8 * m.size);
    for (size_t size = m.size; size-- > 0;) {
        const made cut = { .size = size };
        se_container c;

        assert_int_equal(se_container_open(&c, m.bytes, cut.size, &plain, "test"),
                         SEQECHO_EFORMAT);
    }
    print_message("%zu bits, %zu lengths\n", noticed, m.size);
}

/* ---- Types -------------------------------------------------------------------------- */

static void one_array(const char *dtype, const void *data, size_t size, float want)
{
    char header[128];
    made m;
    se_container c;
    se_tensor t;
    float got;

    (void)snprintf(header, sizeof header,
                   "{\"a\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}",
                   dtype, size);
    m = make(header, data, size);
    assert_int_equal(se_container_open(&c, m.bytes, m.size, &plain, "test"), 0);
    assert_false(c.checked);
    assert_true(se_container_find(&c, "a", &t));
    assert_true(se_tensor_floats(&t, 0, 1, &got));
    if (isnan(want))
        assert_true(isnan(got));
    else
        assert_memory_equal(&got, &want, sizeof got);
    se_container_close(&c);
}

static void halves(void **state)
{
    static const struct {
        uint16_t bits;
        float want;
    } f16[] = { { 0x3c00, 1.0f },      { 0xc000, -2.0f },
                { 0x0001, 0x1p-24f },  { 0x03ff, 1023 * 0x1p-24f },
                { 0x0400, 0x1p-14f },  { 0x7bff, 65504.0f },
                { 0x8000, -0.0f },     { 0x7c00, INFINITY },
                { 0xfc00, -INFINITY }, { 0x7e00, NAN } },
      bf16[] = {
          { 0x3f80, 1.0f }, { 0xc000, -2.0f }, { 0x7f80, INFINITY }, { 0x0001, 0x1p-133f }
      };

    (void)state;
    for (size_t i = 0; i < sizeof f16 / sizeof *f16; i++)
        one_array("F16", &f16[i].bits, 2, f16[i].want);
    for (size_t i = 0; i < sizeof bf16 / sizeof *bf16; i++)
        one_array("BF16", &bf16[i].bits, 2, bf16[i].want);
    one_array("F64", &(const double){ 0.1 }, 8, 0.1f);
    one_array("F64", &(const double){ 1e300 }, 8, INFINITY);
    one_array("F32", &(const float){ 0.1f }, 4, 0.1f);
}

static void no_floats(void **state)
{
    const made m = make("{\"a\":{\"dtype\":\"I64\",\"shape\":[1,1,1,1,1],"
                        "\"data_offsets\":[0,8]}}",
                        "12345678", 8);
    se_container c;
    se_tensor t;
    float value;
    char text[SE_TENSOR_TEXT];

    (void)state;
    assert_int_equal(se_container_open(&c, m.bytes, m.size, &plain, "test"), 0);
    assert_true(se_container_find(&c, "a", &t));
    assert_false(se_tensor_floats(&t, 0, 1, &value));
    assert_false(se_tensor_is(&t, 5, (const int64_t[]){ 1, 1, 1, 1, 1 }));
    assert_string_equal(se_tensor_text(text, &t), "of integers (1, 1, 1, 1, ...)");
    se_container_close(&c);
}

/* ---- Files that are none ------------------------------------------------------------ */

static void headers_that_are_none(void **state)
{
#define ARRAY(SHAPE, OFFSETS) \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":" SHAPE ",\"data_offsets\":" OFFSETS "}}"
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"__metadata__\":[]}",
        "{\"__metadata__\":{\"k\":1}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}",
        "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}",
        ARRAY("1", "[0,4]"),
        ARRAY("[-1]", "[0,4]"),
        ARRAY("[1.0]", "[0,4]"),
        ARRAY("[9223372036854775807]", "[0,4]"),
        ARRAY("[4294967296,4294967296]", "[0,4]"),
        ARRAY("[1]", "[0]"),
        ARRAY("[1]", "[0,4,8]"),
        ARRAY("[1]", "[4,0]"),
        ARRAY("[1]", "[-4,0]"),
        ARRAY("[1]", "[0,8]"),
        ARRAY("[1]", "[0,3]"),
        ARRAY("[1]", "[0,4.5]"),
        ARRAY("[2]", "[0,4]"),
        "{\"__metadata__\":{\"seqecho.checksum\":\"\"}}",
        "{\"__metadata__\":{\"seqecho.checksum\":\"xxh3-64:0000000000000000\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const made m = make(bad[i], "1234", 4);

        assert_int_equal(open_made(&m), SEQECHO_EFORMAT);
    }
}

/* Two arrays of a float each, at these places in 8 bytes. */
static int two_arrays(int a, int a_end, int b, int b_end)
{
    char header[256];
    made m;

    (void)snprintf(header, sizeof header,
                   "{\"a\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,%d]},"
                   "\"b\":{\"dtype\":\"U8\",\"shape\":[%d],\"data_offsets\":[%d,%d]}}",
                   a_end - a, a, a_end, b_end - b, b, b_end);
    m = make(header, "12345678", 8);
    return open_made(&m);
}

static void side_by_side(void **state)
{
    (void)state;
    assert_int_equal(two_arrays(0, 4, 4, 8), 0);
    assert_int_equal(two_arrays(4, 8, 0, 4), 0);
    assert_int_equal(two_arrays(0, 0, 0, 8), 0);
    assert_int_equal(two_arrays(0, 8, 8, 8), 0);
    assert_refused(two_arrays(0, 4, 3, 8), SEQECHO_EFORMAT,
                   "test: the arrays overlap at byte 3 of the data, expected them side by "
                   "side");
    assert_refused(two_arrays(0, 3, 4, 8), SEQECHO_EFORMAT,
                   "test: the arrays leave a hole at byte 3 of the data, expected them "
                   "side by side");
    assert_refused(two_arrays(0, 4, 4, 7), SEQECHO_EFORMAT,
                   "test: the arrays end at byte 7, but there are 8 bytes of data");
    assert_int_equal(two_arrays(1, 4, 4, 8), SEQECHO_EFORMAT);
}

static void header_lengths(void **state)
{
    made m = make("{}", NULL, 0);

    (void)state;
    assert_int_equal(open_made(&m), 0);
    m.bytes[0] = 3;
    assert_refused(open_made(&m), SEQECHO_EFORMAT,
                   "test: a header of 3 bytes does not fit the file of 10: it is cut off, "
                   "or no safetensors file");
    m.bytes[7] = 0x80;
    assert_int_equal(open_made(&m), SEQECHO_EFORMAT);
    m.size = 7;
    assert_refused(open_made(&m), SEQECHO_EFORMAT,
                   "test: 7 bytes are no safetensors file, expected 8 or more");
}

/* ---- Memory ------------------------------------------------------------------------- */

static void without_memory(void **state)
{
    (void)state;
    for (int64_t n = 1;; n++) {
        counting_alloc memory = { .fail_at = n };
        const seqecho_allocator a = counting_alloc_hook(&memory);
        se_writer w;
        size_t size;
        const int err = write_file(&w, &a, &size);

        assert_true(err == SEQECHO_OK || err == SEQECHO_ENOMEM);
        se_writer_end(&w);
        assert_int_equal(memory.live, 0);
        if (err == SEQECHO_OK)
            break;
        assert_true(n < 100);
    }
}

static void values_that_could_not_be_made(void **state)
{
    se_writer w;
    size_t size;

    (void)state;
    se_writer_begin(&w, &plain, "test");
    se_writer_json(&w, "json", NULL);
    se_writer_text(&w, "key", "value");
    assert_refused(se_writer_finish(&w, &size), SEQECHO_ENOMEM,
                   "test: out of memory for the header");
    se_writer_end(&w);
    se_writer_begin(&w, &plain, "test");
    se_writer_tensor(&w, "a", SE_F32, 2, (const int64_t[]){ INT64_MAX, 2 }, NULL);
    assert_int_equal(se_writer_finish(&w, &size), SEQECHO_ENOMEM);
    se_writer_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(halves),
        cmocka_unit_test(no_floats),
        cmocka_unit_test(headers_that_are_none),
        cmocka_unit_test(side_by_side),
        cmocka_unit_test(header_lengths),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(values_that_could_not_be_made),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
