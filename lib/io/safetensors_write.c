/* io/safetensors_write.c - a safetensors file put together.
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "io/checksum.h"
#include "io/safetensors.h"
#include "io/safetensors_head.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are written as they lie in memory, which must be little-endian"
#endif

#define FIRST_ROOM 16

static void latch(se_writer *w, int err)
{
    if (w->err == SEQECHO_OK)
        w->err = err;
}

static int out_of_memory(const se_writer *w)
{
    return se_fail(SEQECHO_ENOMEM, "%s: out of memory for the header", w->what);
}

void se_writer_begin(se_writer *w, const seqecho_allocator *a, const char *what)
{
    *w = (se_writer){ .a = a, .what = what, .n = 1 };
    w->header = json_object();
    w->metadata = json_object();
    if (json_object_set(w->header, SE_METADATA, w->metadata) != 0 ||
        json_object_set_new(w->metadata, SE_CHECKSUM,
                            json_string(SE_CHECKSUM_KIND SE_CHECKSUM_ZEROS)) != 0)
        latch(w, out_of_memory(w));
}

void se_writer_end(se_writer *w)
{
    json_decref(w->header);
    json_decref(w->metadata);
    se_free(w->a, w->part);
    se_free(w->a, w->head);
}

void se_writer_text(se_writer *w, const char *key, const char *text)
{
    if (w->err == SEQECHO_OK &&
        json_object_set_new(w->metadata, key, json_string(text)) != 0)
        latch(w, out_of_memory(w));
}

void se_writer_json(se_writer *w, const char *key, json_t *value)
{
    char *text = NULL;
    size_t length = 0;

    if (w->err == SEQECHO_OK && value == NULL)
        latch(w, out_of_memory(w));
    if (w->err == SEQECHO_OK)
        latch(w, se_json_write(&text, &length, value, w->a, w->what));
    if (w->err == SEQECHO_OK)
        se_writer_text(w, key, text);
    se_free(w->a, text);
    json_decref(value);
}

/* ---- Arrays ------------------------------------------------------------------------- */

/* Room for one more part, of which the head is the first. */
static int reserve(se_writer *w)
{
    const size_t room = w->room > 0 ? 2 * w->room : FIRST_ROOM;
    se_bytes *part;

    if (w->n < w->room)
        return SEQECHO_OK;
    SE_TRY(se_alloc(&part, w->a, room, sizeof *part, w->what));
    if (w->part != NULL)
        memcpy(part, w->part, w->n * sizeof *part);
    se_free(w->a, w->part);
    w->part = part;
    w->room = room;
    return SEQECHO_OK;
}

static json_t *make_entry(se_dtype dtype, size_t rank, const int64_t *dim, size_t begin,
                          size_t end)
{
    json_t *const entry = json_object(), *const shape = json_array();
    bool good = true;

    for (size_t i = 0; i < rank; i++)
        good = json_array_append_new(shape, json_integer(dim[i])) == 0 && good;
    good = json_object_set_new(entry, "dtype",
                               json_string(dtype == SE_F64   ? "F64"
                                           : dtype == SE_F32 ? "F32"
                                                             : "I32")) == 0 &&
           good;
    good = json_object_set_new(entry, "shape", shape) == 0 && good;
    good =
        json_object_set_new(entry, "data_offsets",
                            json_pack("[I, I]", (json_int_t)begin, (json_int_t)end)) == 0 &&
        good;
    if (good)
        return entry;
    json_decref(entry);
    return NULL;
}

static int add_tensor(se_writer *w, const char *name, se_dtype dtype, size_t rank,
                      const int64_t *dim, const void *data)
{
    const size_t element = dtype == SE_F64 ? 8 : 4;
    size_t size = 0, end = 0;

    assert(dtype == SE_F64 || dtype == SE_F32 || dtype == SE_I32);
    if (!se_size_product(&size, dim, rank) || !se_size_mul(&size, size, element) ||
        !se_size_add(&end, w->offset, size))
        return se_fail(SEQECHO_ENOMEM, "%s: \"%s\" does not fit the address space", w->what,
                       name);
    SE_TRY(reserve(w));
    if (json_object_set_new(w->header, name,
                            make_entry(dtype, rank, dim, w->offset, end)) != 0)
        return out_of_memory(w);
    w->part[w->n++] = (se_bytes){ data, size };
    w->offset = end;
    return SEQECHO_OK;
}

void se_writer_tensor(se_writer *w, const char *name, se_dtype dtype, size_t rank,
                      const int64_t *dim, const void *data)
{
    if (w->err == SEQECHO_OK)
        latch(w, add_tensor(w, name, dtype, rank, dim, data));
}

/* ---- The file ----------------------------------------------------------------------- */

/* The 8 bytes and the header, with spaces that align what follows. */
static int make_head(se_writer *w, size_t *size)
{
    char *text, *head;
    size_t length, padded;

    SE_TRY(se_json_write(&text, &length, w->header, w->a, w->what));
    padded = (length + 7) & ~(size_t)7;
    if (padded > SE_HEADER_MAX) {
        se_free(w->a, text);
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: the header would have %zu bytes, expected at most %zu", w->what,
                       padded, SE_HEADER_MAX);
    }
    if (se_alloc(&head, w->a, SE_LENGTH_BYTES + padded + 1, 1, w->what) < 0) {
        se_free(w->a, text);
        return SEQECHO_ENOMEM;
    }
    for (size_t i = 0; i < SE_LENGTH_BYTES; i++)
        head[i] = (char)(padded >> 8 * i & 0xff);
    memcpy(head + SE_LENGTH_BYTES, text, length);
    memset(head + SE_LENGTH_BYTES + length, ' ', padded - length);
    se_free(w->a, text);
    w->head = head;
    *size = SE_LENGTH_BYTES + padded;
    return SEQECHO_OK;
}

int se_writer_finish(se_writer *w, size_t *size)
{
    char digits[SE_CHECKSUM_DIGITS + 1];
    size_t head_size = 0;

    if (w->err == SEQECHO_OK)
        latch(w, reserve(w));
    if (w->err == SEQECHO_OK)
        latch(w, make_head(w, &head_size));
    SE_TRY(w->err);
    assert(memcmp(w->head + SE_LENGTH_BYTES, SE_HEAD_BEGIN, sizeof SE_HEAD_BEGIN - 1) == 0);
    w->part[0] = (se_bytes){ w->head, head_size };
    snprintf(digits, sizeof digits, "%016" PRIx64, se_checksum(w->part, w->n));
    memcpy(w->head + SE_CHECKSUM_PLACE, digits, SE_CHECKSUM_DIGITS);
    *size = head_size + w->offset;
    return SEQECHO_OK;
}

int se_writer_copy(const se_writer *w, size_t size, void *buf, size_t room, size_t *length)
{
    char *at = buf;

    *length = size;
    if (room == 0)
        return SEQECHO_OK;
    if (buf == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: buf is NULL, but its size is %zu", w->what,
                       room);
    if (room < size)
        return se_fail(SEQECHO_EINVAL, "%s: the buffer has %zu bytes, expected %zu or more",
                       w->what, room, size);
    for (size_t i = 0; i < w->n; i++) {
        if (w->part[i].size > 0)
            memcpy(at, w->part[i].data, w->part[i].size);
        at += w->part[i].size;
    }
    return SEQECHO_OK;
}
