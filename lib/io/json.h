/* io/json.h - JSON text to jansson's values and back, whatever the locale of the program.
 * SPDX-License-Identifier: MIT
 *
 * Values live in jansson's memory, which is the program's malloc() unless the program has
 * told jansson otherwise; what a text can make it take is bounded (json_read.c). */
#ifndef SE_IO_JSON_H
#define SE_IO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <seqecho/common.h>

/* Arrays and objects inside each other. */
#define SE_JSON_DEPTH 32

/* Counts in files are no larger, so that they can be counted on from, and are exact as
 * doubles. */
#define SE_COUNT_MAX (INT64_C(1) << 53)

/* Parse a text that is one object: no duplicate keys, no integer beyond 64 bits, nothing
 * behind it.  SEQECHO_EFORMAT with a message that begins with `what`; or SEQECHO_ENOMEM.
 * The caller owns *out; it is NULL on failure. */
int se_json_parse(json_t **out, const char *text, size_t size, const char *what);

/* Write a value, without white space, in memory from `a`.  *text is ended by a NUL that
 * *length does not count. */
int se_json_write(char **text, size_t *length, const json_t *value,
                  const seqecho_allocator *a, const char *what);

/* Texts must be. */
bool se_json_is_utf8(const char *text);

/* ---- Members of objects -------------------------------------------------------------
 *
 * Putting owns the value from then on; where `object` or the value is NULL, because it
 * could not be made, that is SEQECHO_ENOMEM.  Names and texts are UTF-8.  Getting finds
 * the member and checks its type and range: SEQECHO_EFORMAT, naming `what`
 * and the member. */

int se_json_put(json_t *object, const char *name, json_t *value);
int se_json_put_int(json_t *object, const char *name, int64_t value);
int se_json_put_bool(json_t *object, const char *name, bool value);
int se_json_put_text(json_t *object, const char *name, const char *value);

/* 64 bits, as a decimal text: they may exceed what JSON integers hold. */
int se_json_put_uint64(json_t *object, const char *name, uint64_t value);

/* A real; NaN and the infinities, which JSON has not, are texts. */
int se_json_put_double(json_t *object, const char *name, double value);
json_t *se_json_double(double value);

int se_json_get(const json_t *object, const char *name, json_type type, json_t **out,
                const char *what);
int se_json_get_int(const json_t *object, const char *name, int64_t least, int64_t most,
                    int64_t *out, const char *what);
int se_json_get_bool(const json_t *object, const char *name, bool *out, const char *what);
int se_json_get_text(const json_t *object, const char *name, const char **out,
                     const char *what);
int se_json_get_uint64(const json_t *object, const char *name, uint64_t *out,
                       const char *what);
int se_json_get_double(const json_t *object, const char *name, double *out,
                       const char *what);

/* A whole number in a range, or a number as se_json_double() makes it; false for anything
 * else. */
bool se_json_is_int(const json_t *value, int64_t least, int64_t most, int64_t *out);
bool se_json_is_double(const json_t *value, double *out);

#endif /* SE_IO_JSON_H */
