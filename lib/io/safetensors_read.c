/* io/safetensors_read.c - a safetensors file taken apart.
 * SPDX-License-Identifier: MIT
 *
 * Every number of the header is compared with the bytes that are there before anything is
 * computed from it, and once a file is open nothing in it needs to be checked again. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "io/checksum.h"
#include "io/safetensors.h"
#include "io/safetensors_head.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [SE_F32] = { "F32", 4 },
    [SE_F64] = { "F64", 8 },
    [SE_F16] = { "F16", 2 },
    [SE_BF16] = { "BF16", 2 },
    [SE_I32] = { "I32", 4 },
    /* These are measured and passed over: SE_DTYPE_OTHER. */
    { "U32", 4 },
    { "I64", 8 },
    { "U64", 8 },
    { "I16", 2 },
    { "U16", 2 },
    { "I8", 1 },
    { "U8", 1 },
    { "BOOL", 1 },
    { "F8_E4M3", 1 },
    { "F8_E5M2", 1 },
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* ---- One array ---------------------------------------------------------------------- */

typedef struct range {
    size_t begin, end;
} range;

static int bad(const char *what, const char *name, const char *expected)
{
    return se_fail(SEQECHO_EFORMAT, "%s: array \"%.80s\": %s", what, name, expected);
}

/* A size, or a place: a whole number from 0 to SE_SIZE_MAX. */
static bool read_size(const json_t *value, size_t *out)
{
    int64_t number;

    if (!se_json_is_int(value, 0, PTRDIFF_MAX, &number))
        return false;
    *out = (size_t)number;
    return true;
}

/* The shape; *size becomes the product of the sizes and `element`. */
static bool read_shape(const json_t *shape, size_t element, se_tensor *t, size_t *size)
{
    *size = element;
    t->rank = json_array_size(shape);
    for (size_t i = 0; i < t->rank; i++) {
        size_t dim;

        if (!read_size(json_array_get(shape, i), &dim) || !se_size_mul(size, *size, dim))
            return false;
        if (i < SE_TENSOR_RANK)
            t->dim[i] = (int64_t)dim;
    }
    return true;
}

/* What the header says of an array, compared with `data_size` bytes of data. */
static int read_entry(const char *name, const json_t *entry, size_t data_size, se_tensor *t,
                      range *r, const char *what)
{
    const json_t *const shape = json_object_get(entry, "shape");
    const json_t *const offsets = json_object_get(entry, "data_offsets");
    const char *const dtype = json_string_value(json_object_get(entry, "dtype"));
    size_t i = 0, size;

    if (!json_is_array(shape) || !json_is_array(offsets) || dtype == NULL ||
        json_object_size(entry) != 3)
        return bad(what, name, "expected dtype, shape and data_offsets, and nothing else");
    while (i < DTYPES && strcmp(dtypes[i].name, dtype) != 0)
        i++;
    if (i == DTYPES)
        return se_fail(
            SEQECHO_ENOTSUP,
            "%s: array \"%.80s\": its dtype \"%.20s\" is unknown to this library", what,
            name, dtype);
    t->dtype = i < SE_DTYPE_OTHER ? (se_dtype)i : SE_DTYPE_OTHER;
    if (!read_shape(shape, dtypes[i].size, t, &size))
        return bad(what, name, "its shape holds no sizes, or too large ones");
    if (json_array_size(offsets) != 2 ||
        !read_size(json_array_get(offsets, 0), &r->begin) ||
        !read_size(json_array_get(offsets, 1), &r->end) || r->begin > r->end ||
        r->end > data_size)
        return bad(what, name, "its data_offsets are no range within the data");
    if (r->end - r->begin != size)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: array \"%.80s\": its shape needs %zu bytes, but data_offsets "
                       "give it %zu",
                       what, name, size, r->end - r->begin);
    t->size = size;
    return SEQECHO_OK;
}

/* ---- All of them -------------------------------------------------------------------- */

static bool is_before(const range *a, const range *b)
{
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
}

/* Let r[i] sink to its place in a heap of n whose top is the last of all. */
static void sink(range *r, size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        const range parent = r[i];

        child += child + 1 < n && is_before(&r[child], &r[child + 1]);
        if (!is_before(&parent, &r[child]))
            return;
        r[i] = r[child];
        r[child] = parent;
    }
}

/* In place, in time n log n whatever the order: nobody's file can make this slow. */
static void sort_ranges(range *r, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(r, i, n);
    while (n-- > 1) {
        const range last = r[0];

        r[0] = r[n];
        r[n] = last;
        sink(r, 0, n);
    }
}

/* Side by side, from the first byte to the last? */
static int check_ranges(range *r, size_t n, size_t data_size, const char *what)
{
    size_t end = 0;

    sort_ranges(r, n);
    for (size_t i = 0; i < n; end = r[i++].end)
        if (r[i].begin != end)
            return se_fail(SEQECHO_EFORMAT,
                           "%s: the arrays %s at byte %zu of the data, expected them side "
                           "by side",
                           what, r[i].begin < end ? "overlap" : "leave a hole",
                           r[i].begin < end ? r[i].begin : end);
    if (end != data_size)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the arrays end at byte %zu, but there are %zu bytes of data",
                       what, end, data_size);
    return SEQECHO_OK;
}

static int check_arrays(const se_container *c, range *r, const char *what)
{
    void *cursor = NULL;
    const char *name;
    size_t n = 0;

    while ((name = se_container_next(c, &cursor)) != NULL) {
        se_tensor t;

        SE_TRY(read_entry(name, json_object_get(c->header, name), c->data_size, &t, &r[n],
                          what));
        n++;
    }
    return check_ranges(r, n, c->data_size, what);
}

/* Texts all of them; and none is the checksum under another name, which would be a damaged
 * name. */
static int check_text(const char *key, const json_t *value, const char *what)
{
    const char *const text = json_string_value(value);

    if (text == NULL)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: " SE_METADATA ": \"%.80s\" is no text, expected one", what,
                       key);
    if (strncmp(text, SE_CHECKSUM_KIND, sizeof SE_CHECKSUM_KIND - 1) == 0 &&
        strcmp(key, SE_CHECKSUM) != 0)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: a checksum is named \"%.80s\", expected \"" SE_CHECKSUM "\"",
                       what, key);
    return SEQECHO_OK;
}

static int check_metadata(const se_container *c, const char *what)
{
    json_t *const all = json_object_get(c->header, SE_METADATA);

    if (all != NULL && !json_is_object(all))
        return se_fail(SEQECHO_EFORMAT,
                       "%s: " SE_METADATA " is no object, expected { ... }", what);
    for (void *it = json_object_iter(all); it != NULL; it = json_object_iter_next(all, it))
        SE_TRY(check_text(json_object_iter_key(it), json_object_iter_value(it), what));
    return SEQECHO_OK;
}

/* ---- The file ----------------------------------------------------------------------- */

static int check_checksum(se_container *c, const unsigned char *bytes, size_t size,
                          const char *what)
{
    const size_t behind = SE_CHECKSUM_PLACE + SE_CHECKSUM_DIGITS;
    const char *const text = se_container_text(c, SE_CHECKSUM);
    char right[SE_CHECKSUM_DIGITS + 1];

    if (text == NULL)
        return SEQECHO_OK;
    if (size > behind &&
        memcmp(bytes + SE_LENGTH_BYTES, SE_HEAD_BEGIN, sizeof SE_HEAD_BEGIN - 1) == 0) {
        const se_bytes parts[] = { { bytes, SE_CHECKSUM_PLACE },
                                   { SE_CHECKSUM_ZEROS, SE_CHECKSUM_DIGITS },
                                   { bytes + behind, size - behind } };

        snprintf(right, sizeof right, "%016" PRIx64, se_checksum(parts, 3));
        c->checked = memcmp(bytes + SE_CHECKSUM_PLACE, right, SE_CHECKSUM_DIGITS) == 0 &&
                     bytes[behind] == '"';
    }
    if (!c->checked)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the checksum does not fit: the file is damaged, or a program "
                       "that kept \"" SE_CHECKSUM "\" has changed it",
                       what);
    return SEQECHO_OK;
}

/* Find and parse the header. */
static int open_header(se_container *c, const unsigned char *bytes, size_t size,
                       const char *what)
{
    uint64_t length = 0;

    if (size < SE_LENGTH_BYTES)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: %zu bytes are no safetensors file, expected 8 or more", what,
                       size);
    for (size_t i = SE_LENGTH_BYTES; i-- > 0;)
        length = length << 8 | bytes[i];
    if (length > size - SE_LENGTH_BYTES)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: a header of %" PRIu64 " bytes does not fit the file of %zu: "
                       "it is cut off, or no safetensors file",
                       what, length, size);
    if (length > SE_HEADER_MAX)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the header has %" PRIu64 " bytes, expected at most %zu", what,
                       length, SE_HEADER_MAX);
    if (length == 0 || bytes[SE_LENGTH_BYTES] != '{')
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the header does not begin with '{': no safetensors file", what);
    c->data = bytes + SE_LENGTH_BYTES + length;
    c->data_size = size - SE_LENGTH_BYTES - (size_t)length;
    return se_json_parse(&c->header, (const char *)bytes + SE_LENGTH_BYTES, (size_t)length,
                         what);
}

static int check(se_container *c, const unsigned char *bytes, size_t size,
                 const seqecho_allocator *a, const char *what)
{
    range *ranges;
    int err;

    SE_TRY(check_metadata(c, what));
    c->metadata = json_object_get(c->header, SE_METADATA);
    c->count = json_object_size(c->header) - (c->metadata != NULL);
    SE_TRY(check_checksum(c, bytes, size, what));
    SE_TRY(se_alloc(&ranges, a, c->count, sizeof *ranges, what));
    err = check_arrays(c, ranges, what);
    se_free(a, ranges);
    return err;
}

int se_container_open(se_container *c, const void *bytes, size_t size,
                      const seqecho_allocator *a, const char *what)
{
    int err;

    *c = (se_container){ .header = NULL };
    err = open_header(c, bytes, size, what);
    if (err == SEQECHO_OK)
        err = check(c, bytes, size, a, what);
    if (err < 0)
        se_container_close(c);
    return err;
}

void se_container_close(se_container *c)
{
    json_decref(c->header);
    *c = (se_container){ .header = NULL };
}

/* ---- Looking ------------------------------------------------------------------------ */

const char *se_container_text(const se_container *c, const char *key)
{
    return json_string_value(json_object_get(c->metadata, key));
}

const char *se_container_next(const se_container *c, void **cursor)
{
    const char *name;

    do {
        *cursor = *cursor == NULL ? json_object_iter(c->header)
                                  : json_object_iter_next(c->header, *cursor);
        name = *cursor != NULL ? json_object_iter_key(*cursor) : NULL;
    } while (name != NULL && strcmp(name, SE_METADATA) == 0);
    return name;
}

bool se_container_find(const se_container *c, const char *name, se_tensor *out)
{
    const json_t *const entry = json_object_get(c->header, name);
    range r;

    if (entry == NULL || entry == c->metadata ||
        read_entry(name, entry, c->data_size, out, &r, "") < 0)
        return false;
    out->data = c->data + r.begin;
    return true;
}

bool se_tensor_is(const se_tensor *t, size_t rank, const int64_t *dim)
{
    bool same = t->rank == rank && rank <= SE_TENSOR_RANK;

    for (size_t i = 0; same && i < rank; i++)
        same = t->dim[i] == dim[i];
    return same;
}

const char *se_tensor_text(char text[SE_TENSOR_TEXT], const se_tensor *t)
{
    se_strbuf buf;

    se_strbuf_init(&buf, text, SE_TENSOR_TEXT);
    se_strbuf_add(&buf, "%s (",
                  t->dtype < SE_DTYPE_OTHER ? dtypes[t->dtype].name : "of integers");
    for (size_t i = 0; i < t->rank && i < SE_TENSOR_RANK; i++)
        se_strbuf_add(&buf, "%s%" PRId64, i > 0 ? ", " : "", t->dim[i]);
    se_strbuf_add(&buf, "%s)", t->rank > SE_TENSOR_RANK ? ", ..." : "");
    return text;
}

/* ---- Numbers ------------------------------------------------------------------------ */

static uint32_t word(const unsigned char *b, size_t bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | b[bytes];
    return value;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of(const unsigned char *b)
{
    const uint64_t bits = (uint64_t)word(b + 4, 4) << 32 | word(b, 4);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE binary16: sign, 5 bits of exponent, 10 of fraction. */
static float half(uint32_t bits)
{
    const uint32_t sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31;
    const uint32_t fraction = bits & 0x3ff;

    if (exponent == 0)
        return (sign != 0 ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
    return float_of(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}

bool se_tensor_floats(const se_tensor *t, size_t first, size_t count, float *out)
{
    const unsigned char *const data = t->data;

    for (size_t i = 0; i < count; i++) {
        const size_t at = first + i;

        switch (t->dtype) {
        case SE_F32: out[i] = float_of(word(data + 4 * at, 4)); break;
        case SE_F64: out[i] = (float)double_of(data + 8 * at); break;
        case SE_F16: out[i] = half(word(data + 2 * at, 2)); break;
        case SE_BF16: out[i] = float_of(word(data + 2 * at, 2) << 16); break;
        default: return false;
        }
    }
    return t->dtype < SE_I32;
}

bool se_tensor_doubles(const se_tensor *t, size_t first, size_t count, double *out)
{
    if (t->dtype != SE_F64)
        return false;
    for (size_t i = 0; i < count; i++)
        out[i] = double_of(t->data + 8 * (first + i));
    return true;
}

bool se_tensor_ints(const se_tensor *t, size_t first, size_t count, int32_t *out)
{
    if (t->dtype != SE_I32)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = word(t->data + 4 * (first + i), 4);

        memcpy(&out[i], &bits, sizeof bits);
    }
    return true;
}
