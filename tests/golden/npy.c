/* npy.c - reading NumPy array files.
 * SPDX-License-Identifier: MIT
 *
 * Format 1.0: "\x93NUMPY\x01\x00", the length of the header as a little-endian uint16, the
 * header, which is the text of a Python dictionary, then the values.  The header must say
 * what case.txt says of the array, and the file must be exactly as long as both imply. */
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NPY_PREFIX = 10, VALUE_SIZE = 4 };

char *file_read(struct golden_case *c, const char *path, size_t *size)
{
    FILE *const file = fopen(path, "rb");
    char *text = NULL;
    long length = -1;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        text = case_alloc(c, (size_t)length + 1, 1);
        *size = fread(text, 1, (size_t)length, file);
        if (*size != (size_t)length)
            text = NULL;
    }
    (void)fclose(file);
    return text;
}

/* The text behind `'key':` in the header, blanks skipped; NULL if there is none. */
static const char *entry(const char *header, const char *key)
{
    const char *at = strstr(header, key);

    if (!at)
        return NULL;
    at += strlen(key);
    while (*at == ' ' || *at == ':')
        at++;
    return at;
}

/* Whether "(2, 3, )" is the shape of the array. */
static bool shape_agrees(const char *text, const struct array *array)
{
    if (!text || *text != '(')
        return false;
    text++;
    for (int i = 0; i < array->rank; i++) {
        char *end;
        const long long dim = strtoll(text, &end, 10);

        if (end == text || dim != array->dim[i])
            return false;
        text = end;
        while (*text == ',' || *text == ' ')
            text++;
    }
    return *text == ')';
}

static bool header_agrees(const char *header, const struct array *array)
{
    const char *const descr = entry(header, "'descr'");
    const char *const order = entry(header, "'fortran_order'");

    if (!descr || strncmp(descr, array->type == 'f' ? "'<f4'" : "'<i4'", 5) != 0)
        return false;
    if (!order || strncmp(order, "False", 5) != 0)
        return false;
    return shape_agrees(entry(header, "'shape'"), array);
}

/* Little-endian words, whatever the machine. */
static void decode(uint32_t *to, const unsigned char *from, size_t count)
{
    for (size_t i = 0; i < count; i++, from += VALUE_SIZE)
        to[i] = (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
                (uint32_t)from[3] << 24;
}

bool npy_read(struct golden_case *c, struct array *array)
{
    char path[4096];
    const unsigned char *bytes;
    char *header, *text;
    size_t size, header_size;
    uint32_t *values;

    if ((size_t)snprintf(path, sizeof path, "%s/%s.npy", c->dir, array->name) >=
        sizeof path)
        return result_fail(c->result, "%s: the path is too long", array->name);
    text = file_read(c, path, &size);
    if (!text)
        return result_fail(c->result, "%s.npy cannot be read", array->name);
    if (size < NPY_PREFIX || memcmp(text, "\x93NUMPY\x01\x00", 8) != 0)
        return result_fail(c->result, "%s.npy is not a NumPy 1.0 file", array->name);

    bytes = (const unsigned char *)text;
    header_size = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (size - NPY_PREFIX < header_size)
        return result_fail(c->result, "%s.npy ends in its header", array->name);
    header = case_alloc(c, header_size + 1, 1);
    memcpy(header, text + NPY_PREFIX, header_size);
    if (!header_agrees(header, array))
        return result_fail(c->result, "%s.npy is not what case.txt says: %.100s",
                           array->name, header);

    size -= NPY_PREFIX + header_size;
    if (size % VALUE_SIZE != 0 || size / VALUE_SIZE != array->count)
        return result_fail(c->result, "%s.npy has %zu bytes of values, not %zu times %d",
                           array->name, size, array->count, VALUE_SIZE);
    values = case_alloc(c, array->count, VALUE_SIZE);
    decode(values, bytes + NPY_PREFIX + header_size, array->count);
    if (array->type == 'i') {
        array->ints = (const int32_t *)values;
    } else {
        float *const floats = case_alloc(c, array->count, VALUE_SIZE);

        memcpy(floats, values, array->count * VALUE_SIZE);
        array->floats = floats;
    }
    return true;
}
