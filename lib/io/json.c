/* io/json.c - JSON values to text, and their members.
 * SPDX-License-Identifier: MIT */
#include "io/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/c_locale.h"

/* ---- Text --------------------------------------------------------------------------- */

int se_json_write(char **text, size_t *length, const json_t *value,
                  const seqecho_allocator *a, const char *what)
{
    se_c_locale locale = { 0 };
    size_t size;
    int err;

    *text = NULL;
    SE_TRY(se_c_locale_enter(&locale, what));
    size = json_dumpb(value, NULL, 0, JSON_COMPACT);
    err = size > 0 ? se_alloc(text, a, size + 1, 1, what)
                   : se_fail(SEQECHO_ENOMEM, "%s: out of memory for JSON", what);
    if (err == SEQECHO_OK && json_dumpb(value, *text, size, JSON_COMPACT) != size) {
        se_free(a, *text);
        *text = NULL;
        err = se_fail(SEQECHO_ENOMEM, "%s: out of memory for JSON", what);
    }
    se_c_locale_leave(&locale);
    if (err == SEQECHO_OK)
        *length = size;
    return err;
}

/* The bytes of one character, by its first: 0 for a byte that begins none. */
static int utf8_length(unsigned char first)
{
    return first < 0x80                    ? 1
           : first >= 0xc2 && first < 0xe0 ? 2
           : first >= 0xe0 && first < 0xf0 ? 3
           : first >= 0xf0 && first < 0xf5 ? 4
                                           : 0;
}

/* Without overlong forms, surrogates and what is above U+10FFFF (RFC 3629). */
bool se_json_is_utf8(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;

    while (*c != 0) {
        const unsigned char first = *c;
        const int length = utf8_length(first);

        if (length == 0 || (first == 0xe0 && c[1] < 0xa0) ||
            (first == 0xed && c[1] > 0x9f) || (first == 0xf0 && c[1] < 0x90) ||
            (first == 0xf4 && c[1] > 0x8f))
            return false;
        for (int i = 1; i < length; i++)
            if ((c[i] & 0xc0) != 0x80)
                return false;
        c += length;
    }
    return true;
}

/* ---- Putting ------------------------------------------------------------------------ */

int se_json_put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) == 0)
        return SEQECHO_OK;
    return se_fail(SEQECHO_ENOMEM, "out of memory for JSON: %s", name);
}

int se_json_put_int(json_t *object, const char *name, int64_t value)
{
    return se_json_put(object, name, json_integer(value));
}

int se_json_put_bool(json_t *object, const char *name, bool value)
{
    return se_json_put(object, name, json_boolean(value));
}

int se_json_put_text(json_t *object, const char *name, const char *value)
{
    return se_json_put(object, name, json_string(value));
}

int se_json_put_uint64(json_t *object, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    return se_json_put_text(object, name, text);
}

json_t *se_json_double(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

int se_json_put_double(json_t *object, const char *name, double value)
{
    return se_json_put(object, name, se_json_double(value));
}

/* ---- Getting ------------------------------------------------------------------------ */

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a text";
    case JSON_INTEGER: return "a whole number";
    case JSON_REAL: return "a number";
    default: return "true or false";
    }
}

static int wrong(const char *what, const char *name, json_type type)
{
    return se_fail(SEQECHO_EFORMAT, "%s: \"%s\" is missing or of another kind, expected %s",
                   what, name, type_name(type));
}

int se_json_get(const json_t *object, const char *name, json_type type, json_t **out,
                const char *what)
{
    json_t *const value = json_object_get(object, name);

    if (value == NULL || json_typeof(value) != type)
        return wrong(what, name, type);
    *out = value;
    return SEQECHO_OK;
}

bool se_json_is_int(const json_t *value, int64_t least, int64_t most, int64_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most)
        return false;
    *out = json_integer_value(value);
    return true;
}

int se_json_get_int(const json_t *object, const char *name, int64_t least, int64_t most,
                    int64_t *out, const char *what)
{
    json_t *value = NULL;

    SE_TRY(se_json_get(object, name, JSON_INTEGER, &value, what));
    if (!se_json_is_int(value, least, most, out))
        return se_fail(SEQECHO_EFORMAT,
                       "%s: \"%s\" is %" PRId64 ", expected %" PRId64 " to %" PRId64, what,
                       name, (int64_t)json_integer_value(value), least, most);
    return SEQECHO_OK;
}

int se_json_get_bool(const json_t *object, const char *name, bool *out, const char *what)
{
    const json_t *const value = json_object_get(object, name);

    if (!json_is_boolean(value))
        return wrong(what, name, JSON_TRUE);
    *out = json_is_true(value);
    return SEQECHO_OK;
}

int se_json_get_text(const json_t *object, const char *name, const char **out,
                     const char *what)
{
    json_t *value = NULL;

    SE_TRY(se_json_get(object, name, JSON_STRING, &value, what));
    *out = json_string_value(value);
    return SEQECHO_OK;
}

int se_json_get_uint64(const json_t *object, const char *name, uint64_t *out,
                       const char *what)
{
    const char *text;
    uint64_t value = 0;
    bool bad;

    SE_TRY(se_json_get_text(object, name, &text, what));
    bad = text[0] == '\0' || strlen(text) > 20;
    for (const char *c = text; *c != '\0' && !bad; c++)
        bad = *c < '0' || *c > '9' || __builtin_mul_overflow(value, 10, &value) ||
              __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value);
    if (bad)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: \"%s\" is \"%.40s\", expected a decimal number of 64 bits",
                       what, name, text);
    *out = value;
    return SEQECHO_OK;
}

bool se_json_is_double(const json_t *value, double *out)
{
    const char *const text = json_string_value(value);

    if (json_is_number(value))
        *out = json_number_value(value);
    else if (text != NULL && strcmp(text, "nan") == 0)
        *out = (double)NAN;
    else if (text != NULL && strcmp(text, "inf") == 0)
        *out = (double)INFINITY;
    else if (text != NULL && strcmp(text, "-inf") == 0)
        *out = -(double)INFINITY;
    else
        return false;
    return true;
}

int se_json_get_double(const json_t *object, const char *name, double *out,
                       const char *what)
{
    return se_json_is_double(json_object_get(object, name), out)
               ? SEQECHO_OK
               : wrong(what, name, JSON_REAL);
}
