/* case.h - one folder of expected values: the lines of case.txt and the arrays they name.
 * SPDX-License-Identifier: MIT
 *
 * Everything read or worked out for a case belongs to it and is freed with it.  A program
 * that only runs tests has no use for surviving without memory: case_alloc() exits. */
#ifndef PARITY_CASE_H
#define PARITY_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

enum { ARRAY_MAX_RANK = 8 };

/* A line of case.txt, cut at its blanks: `key word[0] word[1] ...`. */
struct line {
    const char *key;
    char **word;
    size_t words;
};

/* An array of case.txt.  One of `floats` and `ints` is set once it has been read. */
struct array {
    const char *name;
    char type; /* 'f' or 'i' */
    bool expected;
    bool compared;
    bool has_tolerance;
    double tolerance;
    int rank;
    int64_t dim[ARRAY_MAX_RANK];
    size_t count;
    const float *floats;
    const int32_t *ints;
};

struct golden_case {
    char *dir;
    const char *name;
    const char *kind;
    double tolerance_base; /* for arrays that state no tolerance of their own */
    struct line *line;
    size_t lines;
    struct array *array;
    size_t arrays;
    struct result *result;
    struct allocation *allocations;
};

/* Read DIR/case.txt.  The arrays are read when they are first asked for.  False, with the
 * reason in `result`, if it cannot be used; case_close() is right in either case. */
bool case_open(struct golden_case *c, const char *dir, struct result *result);
void case_close(struct golden_case *c);

/* Zeroed memory for `count` elements, freed by case_close(). */
void *case_alloc(struct golden_case *c, size_t count, size_t size);

/* The first line of that key behind `after` (NULL: the first of all); NULL if none. */
const struct line *case_line(const struct golden_case *c, const char *key,
                             const struct line *after);

/* The value of `key=value` on a line; NULL if it is not there. */
const char *line_option(const struct line *line, const char *key);

/* Cut "a,b,c" at the commas.  No names for NULL and for "". */
char **case_names(struct golden_case *c, const char *list, size_t *count);

/* Numbers of a line: `key value`, `key=value` or a word by itself.  A number that is not
 * there gives the default; one that cannot be read is a failure of the case. */
bool case_int(struct golden_case *c, const char *key, int64_t fallback, int64_t *value);
bool option_int(struct golden_case *c, const struct line *line, const char *key,
                int64_t fallback, int64_t *value);
bool option_double(struct golden_case *c, const struct line *line, const char *key,
                   double fallback, double *value);
bool parse_int(struct golden_case *c, const char *what, const char *text, int64_t *value);
bool parse_double(struct golden_case *c, const char *what, const char *text, double *value);

/* An array by name, its values read; NULL, with the reason noted, if there is none. */
struct array *case_array(struct golden_case *c, const char *name);

/* The same for one that may be missing; NULL without a reason then. */
struct array *case_array_if(struct golden_case *c, const char *name);

/* An array that must be of float32, or of int32. */
struct array *case_floats(struct golden_case *c, const char *name);
struct array *case_ints(struct golden_case *c, const char *name);

/* Fail unless the array has exactly this shape. */
bool case_shape(struct golden_case *c, const struct array *array, int rank,
                const int64_t *dim);

/* The tolerance of an array: its own, or the case's base times its largest value. */
double case_tolerance(const struct golden_case *c, const struct array *array);

/* Compare an expected array of `count` floats; another size is a failure.  `note`, where
 * not empty, says in brackets how `got` was computed. */
void case_compare(struct golden_case *c, struct array *want, const float *got, size_t count,
                  const char *note);

/* The name of the first expected array that nothing was compared with, or NULL. */
const char *case_uncompared(const struct golden_case *c);

#endif /* PARITY_CASE_H */
