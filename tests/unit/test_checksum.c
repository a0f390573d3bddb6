/* test_checksum.c - no bit of a file of ours can change without being noticed.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "io/safetensors.h"

enum { ROOM = 1024 };

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

static int open_bytes(const unsigned char *bytes, size_t size, const seqecho_allocator *a)
{
    se_container c;
    const int err = se_container_open(&c, bytes, size, a, "test");

    se_container_close(&c);
    return err;
}

/* Each bit that is turned over is noticed, and each length that is too short. */
static void every_bit_counts(void **state)
{
    unsigned char bytes[ROOM];
    seqecho_allocator a;
    size_t size, noticed = 0;
    se_writer w;

    (void)state;
    assert_int_equal(se_allocator_read(&a, NULL), 0);
    assert_int_equal(write_file(&w, &a, &size), 0);
    assert_int_equal(se_writer_copy(&w, size, bytes, ROOM, &size), 0);
    se_writer_end(&w);
    assert_int_equal(open_bytes(bytes, size, &a), 0);
    for (size_t i = 0; i < 8 * size; i++) {
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        noticed += open_bytes(bytes, size, &a) < 0;
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
    }
    assert_int_equal(noticed, 8 * size);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(open_bytes(bytes, cut, &a), SEQECHO_EFORMAT);
    print_message("%zu bits, %zu lengths\n", noticed, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
