/* file_mutator.h - mutations of safetensors files that keep the frame whole, so that what
 * is inside is reached.
 * SPDX-License-Identifier: MIT
 *
 * The header is changed as text, and then the three things that hold a file together are
 * mended, mostly: the size of the header, the places of the arrays - found from their types
 * and shapes - and the checksum. */
#ifndef SEQECHO_TESTS_FILE_MUTATOR_H
#define SEQECHO_TESTS_FILE_MUTATOR_H

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fuzz.h"

#define FILE_MUTATOR_ROOM ((size_t)1 << 16)

typedef struct file_mutator {
    uint64_t state;
    size_t header, data; /* sizes */
    char text[FILE_MUTATOR_ROOM];
    uint8_t bytes[FILE_MUTATOR_ROOM];
} file_mutator;

static inline size_t file_mutator_below(file_mutator *m, size_t n)
{
    m->state = m->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return n > 0 ? (size_t)(m->state >> 33) % n : 0;
}

/* ---- The text of the header --------------------------------------------------------- */

/* Put `n` characters in the place of `old` at `at`. */
static inline void file_mutator_replace(file_mutator *m, size_t at, size_t old,
                                        const char *text, size_t n)
{
    if (m->header - old + n > sizeof m->text)
        return;
    memmove(m->text + at + n, m->text + at + old, m->header - at - old);
    memcpy(m->text + at, text, n);
    m->header = m->header - old + n;
}

/* One of the words in the header that begin with one of these characters: its place and
 * length. */
static inline bool file_mutator_word(file_mutator *m, const char *begin, const char *all,
                                     size_t *at, size_t *length)
{
    const size_t first = file_mutator_below(m, m->header);

    for (size_t i = 0; i < m->header; i++) {
        const size_t here = (first + i) % m->header;

        if (m->text[here] == '\0' || strchr(begin, m->text[here]) == NULL)
            continue;
        *at = here;
        for (*length = 0; here + *length < m->header && m->text[here + *length] != '\0' &&
                          strchr(all, m->text[here + *length]) != NULL;)
            ++*length;
        return *length > 0;
    }
    return false;
}

static inline void file_mutator_number(file_mutator *m)
{
    static const char *const numbers[] = {
        "0",
        "1",
        "2",
        "3",
        "4",
        "7",
        "16",
        "17",
        "64",
        "4096",
        "2147483647",
        "2147483648",
        "-1",
        "0.5",
        "1.0",
        "-0.0",
        "1e-320",
        "1e308",
        "1e3",
        "1e999",
        "[]",
        "4294967296",
        "\"nan\"",
        "2305843009213693952",
        "{}",
        "null",
        "true",
        "\"\"",
        "-2",
        "9223372036854775807",
        "\\\"nan\\\"",
        "\\\"inf\\\"",
        "[0,0]",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
    };
    const char *const number =
        numbers[file_mutator_below(m, sizeof numbers / sizeof *numbers)];
    size_t at, length;

    if (file_mutator_word(m, "0123456789", "0123456789.e", &at, &length))
        file_mutator_replace(m, at, length, number, strlen(number));
}

static inline void file_mutator_flag(file_mutator *m)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    size_t at, length;

    for (int tries = 0; tries < 20; tries++)
        if (file_mutator_word(m, "tf", letters, &at, &length)) {
            const bool is = length == 4 && memcmp(m->text + at, "true", 4) == 0;

            if (is || (length == 5 && memcmp(m->text + at, "false", 5) == 0)) {
                file_mutator_replace(m, at, length, is ? "false" : "true", is ? 5 : 4);
                return;
            }
        }
}

/* A name in the place of another one of the file. */
static inline void file_mutator_rename(file_mutator *m)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char all[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/0123456789";
    size_t from, n, at, length;
    char copy[64];

    if (!file_mutator_word(m, first, all, &from, &n) || n > sizeof copy)
        return;
    memcpy(copy, m->text + from, n);
    if (file_mutator_word(m, first, all, &at, &length))
        file_mutator_replace(m, at, length, copy, n);
}

/* The end of the member or element that begins at `at`: what closes it is no part of it. */
static inline size_t file_mutator_end(const file_mutator *m, size_t at)
{
    size_t depth = 0;

    for (; at < m->header; at++) {
        const char c = m->text[at];

        if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth-- == 0)
            return at;
        else if (c == ',' && depth == 0)
            return at;
    }
    return at;
}

/* Take a member or element out, or put it in twice or elsewhere. */
static inline void file_mutator_member(file_mutator *m)
{
    static char copy[4096];
    size_t at, length, end, to;

    if (!file_mutator_word(m, ",[{", ",[{", &at, &length))
        return;
    end = file_mutator_end(m, at + length);
    if (end - at > sizeof copy)
        return;
    memcpy(copy, m->text + at, end - at);
    if (file_mutator_below(m, 3) == 0)
        file_mutator_replace(m, at, end - at, "", 0);
    else if (file_mutator_word(m, ",]}", ",]}", &to, &length))
        file_mutator_replace(m, file_mutator_below(m, 2) == 0 ? to : end, 0, copy,
                             end - at);
}

static inline void file_mutator_text(file_mutator *m)
{
    switch (file_mutator_below(m, 8)) {
    case 0:
        m->header = LLVMFuzzerMutate((uint8_t *)m->text, m->header, sizeof m->text);
        return;
    case 1: file_mutator_flag(m); return;
    case 2:
    case 3: file_mutator_rename(m); return;
    case 4: file_mutator_member(m); return;
    default: file_mutator_number(m); return;
    }
}

/* ---- Arrays ------------------------------------------------------------------------- */

/* The text behind `key`, which is looked for from `at` on; SIZE_MAX if there is none. */
static inline size_t file_mutator_behind(const file_mutator *m, size_t at, const char *key)
{
    const size_t n = strlen(key);

    for (; at + n <= m->header; at++)
        if (memcmp(m->text + at, key, n) == 0)
            return at + n;
    return SIZE_MAX;
}

/* The bytes of an array, from the numbers of its shape. */
static inline size_t file_mutator_size(const file_mutator *m, size_t dtype, size_t shape)
{
    const char *const type = m->text + dtype;
    size_t size = memcmp(type, "F64", 3) == 0 ? 8 : *type == 'B' || type[1] == '1' ? 2 : 4;
    size_t number = 0;

    for (bool digits = false; shape < m->header; shape++) {
        const char c = m->text[shape];

        if (c >= '0' && c <= '9') {
            number = number < FILE_MUTATOR_ROOM ? number * 10 + (size_t)(c - '0') : number;
            digits = true;
        } else {
            size = digits && size <= FILE_MUTATOR_ROOM ? size * number : size;
            number = 0;
            digits = false;
        }
        if (c == ']')
            break;
    }
    return size;
}

/* Give every array its place behind the one before. */
static inline void file_mutator_places(file_mutator *m)
{
    size_t at = 0, place = 0;

    while ((at = file_mutator_behind(m, at, "\"dtype\":\"")) != SIZE_MAX &&
           at + 4 < m->header) {
        const size_t shape = file_mutator_behind(m, at, "\"shape\":[");
        const size_t offsets = file_mutator_behind(m, at, "\"data_offsets\":[");
        size_t end = offsets, size;
        char text[48];

        if (shape == SIZE_MAX || offsets == SIZE_MAX)
            break;
        size = file_mutator_size(m, at, shape);
        if (size > FILE_MUTATOR_ROOM)
            break;
        while (end < m->header && m->text[end] != ']')
            end++;
        snprintf(text, sizeof text, "%zu,%zu", place, place + size);
        file_mutator_replace(m, offsets, end - offsets, text, strlen(text));
        place += size;
        at = offsets;
    }
    if (place > sizeof m->bytes)
        return;
    if (place > m->data)
        memset(m->bytes + m->data, 0x3e, place - m->data); /* 0.18 */
    m->data = place;
}

/* ---- The file ----------------------------------------------------------------------- */

static inline void file_mutator_take(file_mutator *m, const uint8_t *data, size_t size)
{
    uint64_t length = 0;

    for (size_t i = 8; i-- > 0;)
        length = length << 8 | (size >= 8 ? data[i] : 0);
    size = size < 8 ? 0 : size - 8;
    m->header = length < size ? (size_t)length : size;
    if (m->header > sizeof m->text)
        m->header = sizeof m->text;
    memcpy(m->text, data + 8, m->header);
    m->data = size - m->header < sizeof m->bytes ? size - m->header : sizeof m->bytes;
    memcpy(m->bytes, data + 8 + m->header, m->data);
}

static inline size_t file_mutator_give(const file_mutator *m, uint8_t *data, size_t max,
                                       bool right)
{
    static const char begin[] = "{\"__metadata__\":{\"seqecho.checksum\":\"xxh3-64:";
    const size_t digits = 8 + sizeof begin - 1;
    const size_t size = 8 + m->header + m->data;
    char text[17];

    if (size > max)
        return 0;
    for (size_t i = 0; i < 8; i++)
        data[i] = (uint8_t)((uint64_t)m->header >> 8 * i);
    memcpy(data + 8, m->text, m->header);
    memcpy(data + 8 + m->header, m->bytes, m->data);
    if (right && m->header > digits + 16 &&
        memcmp(data + 8, begin, sizeof begin - 1) == 0) {
        memset(data + digits, '0', 16);
        snprintf(text, sizeof text, "%016" PRIx64, (uint64_t)XXH3_64bits(data, size));
        memcpy(data + digits, text, 16);
    }
    return size;
}

/* Change a file in place; its new size. */
static inline size_t file_mutator_run(uint8_t *data, size_t size, size_t max,
                                      unsigned int seed)
{
    static file_mutator m;

    m.state = seed;
    if (file_mutator_below(&m, 16) == 0)
        return LLVMFuzzerMutate(data, size, max);
    file_mutator_take(&m, data, size);
    if (file_mutator_below(&m, 8) == 0 && m.data > 0)
        m.data = LLVMFuzzerMutate(m.bytes, m.data, sizeof m.bytes);
    else
        for (size_t n = 1 + file_mutator_below(&m, 3); n > 0 && m.header > 0; n--)
            file_mutator_text(&m);
    if (file_mutator_below(&m, 8) != 0)
        file_mutator_places(&m);
    size = file_mutator_give(&m, data, max, file_mutator_below(&m, 16) != 0);
    return size > 0 ? size : LLVMFuzzerMutate(data, 8 < max ? 8 : max, max);
}

#endif /* SEQECHO_TESTS_FILE_MUTATOR_H */
