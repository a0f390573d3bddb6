/* io/json_read.c - JSON text to values, whatever the locale of the program.
 * SPDX-License-Identifier: MIT
 *
 * The values are jansson's, its parser is not used: where memory runs out while that
 * collects a token, it loses characters or ends the process.
 *
 * A text of a few bytes an element can make many values, so it is weighed before it is
 * parsed: what it would take is estimated from above, and must not exceed a multiple of its
 * size.  No text that this library or another writer of safetensors files makes comes near
 * that. */
#include "io/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/c_locale.h"

/* ---- Weighing ----------------------------------------------------------------------- */

/* Bytes that jansson takes at most: for an object or array with its first table, for a
 * member of one, and for a name with its place in an object. */
#define OBJECT_BYTES 272
#define ARRAY_BYTES 144
#define VALUE_BYTES 64
#define NAME_BYTES 112
#define TEXT_BYTES 32

/* The most that a text may take, for each of its bytes, and in any case. */
#define BYTES_PER_BYTE 64
#define BYTES_ANYHOW 65536

/* The end of the string that begins at text[i]; `size` if it has none. */
static size_t end_of_string(const char *text, size_t size, size_t i)
{
    for (i++; i < size && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i;
}

static int weigh(const char *text, size_t size, const char *what)
{
    size_t depth = 0, bytes = size;

    for (size_t i = 0; i < size; i++)
        switch (text[i]) {
        case '"':
            i = end_of_string(text, size, i);
            bytes += TEXT_BYTES;
            break;
        case '{':
        case '[':
            bytes +=
                text[i] == '{' ? OBJECT_BYTES + VALUE_BYTES : ARRAY_BYTES + VALUE_BYTES;
            if (++depth > SE_JSON_DEPTH)
                return se_fail(SEQECHO_EFORMAT,
                               "%s: JSON is nested deeper than %d, expected less", what,
                               SE_JSON_DEPTH);
            break;
        case '}':
        case ']': depth -= depth > 0; break;
        case ',': bytes += VALUE_BYTES; break;
        case ':': bytes += NAME_BYTES; break;
        default: break;
        }
    if (bytes / BYTES_PER_BYTE > size + BYTES_ANYHOW / BYTES_PER_BYTE)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: %zu bytes of JSON would take more than %d times as much memory",
                       what, size, BYTES_PER_BYTE);
    return SEQECHO_OK;
}

/* ---- Characters --------------------------------------------------------------------- */

typedef struct reader {
    const char *text, *end, *what;
    const char *at;
    char *room; /* for texts that are being read: as large as all of it, and a NUL */
} reader;

static int damaged(const reader *r, const char *expected)
{
    return se_fail(SEQECHO_EFORMAT, "%s: JSON is damaged at byte %td: expected %s", r->what,
                   r->at - r->text, expected);
}

static int out_of_memory(const reader *r)
{
    return se_fail(SEQECHO_ENOMEM, "%s: out of memory for JSON", r->what);
}

/* The next character; NUL, which no text has outside of strings, at the end. */
static char peek(const reader *r)
{
    if (r->at < r->end)
        return *r->at;
    return '\0';
}

static bool take(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static void skip_space(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\n' || peek(r) == '\t' || peek(r) == '\r')
        r->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- Texts -------------------------------------------------------------------------- */

/* The four digits of an escape; -1 if they are none. */
static int32_t read_hex(reader *r)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *const digit = peek(r) != '\0' ? strchr(digits, peek(r)) : NULL;

        if (digit == NULL)
            return -1;
        value = value * 16 + (int32_t)((digit - digits) % 16);
        r->at++;
    }
    return value;
}

/* What stands behind "\u"; -1 for NUL, and for half a pair of surrogates. */
static int32_t read_code(reader *r)
{
    const int32_t code = read_hex(r);
    int32_t low;

    if (code <= 0 || (code >= 0xdc00 && code <= 0xdfff))
        return -1;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (!take(r, '\\') || !take(r, 'u'))
        return -1;
    low = read_hex(r);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + (code - 0xd800) * 0x400 + low - 0xdc00;
}

static char *put_utf8(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* What stands behind a backslash. */
static int read_escape(reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *const name = peek(r) != '\0' ? strchr(names, peek(r)) : NULL;
    int32_t code;

    if (name != NULL) {
        *(*to)++ = values[name - names];
        r->at++;
        return SEQECHO_OK;
    }
    if (!take(r, 'u'))
        return damaged(r, "an escape");
    code = read_code(r);
    if (code < 0)
        return damaged(r, "the number of a character");
    *to = put_utf8(*to, code);
    return SEQECHO_OK;
}

/* A text in quotes, to `to`: never longer there, with its NUL, than it is here. */
static int read_text(reader *r, char *to, char **behind)
{
    const char *const begin = to;

    if (!take(r, '"'))
        return damaged(r, "a text");
    while (!take(r, '"')) {
        if ((unsigned char)peek(r) < 0x20)
            return damaged(r, "a character, or the end of a text");
        if (take(r, '\\'))
            SE_TRY(read_escape(r, &to));
        else
            *to++ = *r->at++;
    }
    *to++ = '\0';
    *behind = to;
    return se_json_is_utf8(begin) ? SEQECHO_OK : damaged(r, "UTF-8 in the text before");
}

/* ---- Numbers ------------------------------------------------------------------------ */

static bool skip_digits(reader *r)
{
    const char *const begin = r->at;

    while (is_digit(peek(r)))
        r->at++;
    return r->at > begin;
}

static int read_whole(const reader *r, const char *text, json_t **out)
{
    const bool negative = text[0] == '-';
    int64_t value = 0;

    for (const char *c = text + negative; *c != '\0'; c++) {
        const int digit = *c - '0';

        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return damaged(r, "numbers of 64 bits");
    }
    *out = json_integer(value);
    return SEQECHO_OK;
}

static int read_number(reader *r, char *room, json_t **out)
{
    const char *const begin = r->at;
    bool whole = true, good;
    double value;

    (void)take(r, '-');
    good = take(r, '0') || skip_digits(r);
    if (good && take(r, '.')) {
        whole = false;
        good = skip_digits(r);
    }
    if (good && (take(r, 'e') || take(r, 'E'))) {
        whole = false;
        (void)(take(r, '+') || take(r, '-'));
        good = skip_digits(r);
    }
    if (!good)
        return damaged(r, "a value");
    memcpy(room, begin, (size_t)(r->at - begin));
    room[r->at - begin] = '\0';
    if (whole)
        return read_whole(r, room, out);
    value = strtod(room, NULL);
    if (isinf(value))
        return damaged(r, "smaller numbers");
    *out = json_real(value);
    return SEQECHO_OK;
}

/* ---- Values ------------------------------------------------------------------------- */

/* Texts go to `room`; what lies before it is in use.  They are shorter than what they were
 * read from, and so all fit. */
static int read_value(reader *r, char *room, json_t **out);

static int read_member(reader *r, char *room, json_t *object)
{
    const char *const key = room;
    json_t *value = NULL;

    SE_TRY(read_text(r, room, &room));
    if (json_object_get(object, key) != NULL)
        return damaged(r, "no second member of the same name");
    skip_space(r);
    if (!take(r, ':'))
        return damaged(r, "a colon");
    SE_TRY(read_value(r, room, &value));
    return json_object_set_new_nocheck(object, key, value) == 0 ? SEQECHO_OK
                                                                : out_of_memory(r);
}

static int read_element(reader *r, char *room, json_t *array)
{
    json_t *value = NULL;

    SE_TRY(read_value(r, room, &value));
    return json_array_append_new(array, value) == 0 ? SEQECHO_OK : out_of_memory(r);
}

/* What is inside brackets, with commas between. */
static int read_list(reader *r, char *room, json_t *list, char close)
{
    r->at++;
    skip_space(r);
    if (take(r, close))
        return SEQECHO_OK;
    do {
        skip_space(r);
        SE_TRY(close == '}' ? read_member(r, room, list) : read_element(r, room, list));
        skip_space(r);
    } while (take(r, ','));
    return take(r, close) ? SEQECHO_OK : damaged(r, "a comma, or the end of a list");
}

static bool take_word(reader *r, const char *word)
{
    const size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* Not deep: the text has been weighed. */
static int read_inside(reader *r, char *room, json_t **out)
{
    char *behind;

    switch (peek(r)) {
    case '{':
        *out = json_object();
        return *out != NULL ? read_list(r, room, *out, '}') : out_of_memory(r);
    case '[':
        *out = json_array();
        return *out != NULL ? read_list(r, room, *out, ']') : out_of_memory(r);
    case '"':
        SE_TRY(read_text(r, room, &behind));
        *out = json_string_nocheck(room);
        break;
    case 't':
    case 'f':
    case 'n':
        *out = take_word(r, "true")    ? json_true()
               : take_word(r, "false") ? json_false()
               : take_word(r, "null")  ? json_null()
                                       : NULL;
        return *out != NULL ? SEQECHO_OK : damaged(r, "a value");
    default: SE_TRY(read_number(r, room, out)); break;
    }
    return *out != NULL ? SEQECHO_OK : out_of_memory(r);
}

static int read_value(reader *r, char *room, json_t **out)
{
    int err;

    *out = NULL;
    skip_space(r);
    err = read_inside(r, room, out);
    if (err < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return err;
}

static int read_all(reader *r, json_t **out)
{
    se_c_locale locale = { 0 };
    int err;

    SE_TRY(se_c_locale_enter(&locale, r->what));
    err = read_value(r, r->room, out);
    se_c_locale_leave(&locale);
    SE_TRY(err);
    skip_space(r);
    if (r->at < r->end)
        return damaged(r, "nothing more");
    if (!json_is_object(*out))
        return se_fail(SEQECHO_EFORMAT, "%s: JSON is no object, expected { ... }", r->what);
    return SEQECHO_OK;
}

int se_json_parse(json_t **out, const char *text, size_t size, const char *what)
{
    reader r = { text, text + size, what, text, NULL };
    json_malloc_t get;
    json_free_t release;
    int err;

    *out = NULL;
    SE_TRY(weigh(text, size, what));
    json_get_alloc_funcs(&get, &release);
    r.room = get(size + 1);
    err = r.room != NULL ? read_all(&r, out) : out_of_memory(&r);
    if (r.room != NULL)
        release(r.room);
    if (err < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return err;
}
