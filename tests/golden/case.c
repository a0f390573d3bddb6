/* case.c - one folder of expected values: the lines of case.txt and the arrays they name.
 * SPDX-License-Identifier: MIT */
#include "case.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"

struct allocation {
    struct allocation *next;
    void *memory;
};

static void out_of_memory(void)
{
    fputs("parity: out of memory\n", stderr);
    exit(2);
}

void *case_alloc(struct golden_case *c, size_t count, size_t size)
{
    struct allocation *const node = malloc(sizeof *node);
    /* One byte at the least, so that nothing to allocate is not NULL. */
    void *const memory = calloc(count > 0 ? count : 1, size);

    if (!node || !memory)
        out_of_memory();
    *node = (struct allocation){ c->allocations, memory };
    c->allocations = node;
    return memory;
}

/* Cut `text` into its words in place; the array of them is sized by a first count. */
static char **split(struct golden_case *c, char *text, const char *separators,
                    size_t *count)
{
    const size_t most = strlen(text) / 2 + 1;
    char **const word = case_alloc(c, most, sizeof *word);
    char *rest = NULL;
    size_t n = 0;

    for (char *at = strtok_r(text, separators, &rest); at;
         at = strtok_r(NULL, separators, &rest))
        word[n++] = at;
    *count = n;
    return word;
}

static void read_lines(struct golden_case *c, char *text)
{
    size_t count;
    char **const line = split(c, text, "\r\n", &count);

    c->line = case_alloc(c, count, sizeof *c->line);
    for (size_t i = 0; i < count; i++) {
        size_t words;
        char **const word = split(c, line[i], " \t", &words);

        if (words > 0 && word[0][0] != '#')
            c->line[c->lines++] = (struct line){ word[0], word + 1, words - 1 };
    }
}

bool parse_int(struct golden_case *c, const char *what, const char *text, int64_t *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0)
        return result_fail(c->result, "%s: '%s' is no whole number", what, text);
    *value = number;
    return true;
}

bool parse_double(struct golden_case *c, const char *what, const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*value))
        return result_fail(c->result, "%s: '%s' is no number", what, text);
    return true;
}

/* array NAME f4|i4 NDIM DIMS... input|expected [atol=A ...] */
static bool read_array_line(struct golden_case *c, const struct line *line)
{
    struct array *const array = &c->array[c->arrays];
    const char *atol;
    int64_t rank = 0;
    size_t role;

    if (line->words < 3)
        return result_fail(c->result, "an array line of %zu words", line->words);
    array->name = line->word[0];
    if (strcmp(line->word[1], "f4") != 0 && strcmp(line->word[1], "i4") != 0)
        return result_fail(c->result, "%s: type '%s'", array->name, line->word[1]);
    array->type = line->word[1][0];
    if (!parse_int(c, array->name, line->word[2], &rank))
        return false;
    if (rank < 0 || rank > ARRAY_MAX_RANK || line->words < 3 + (size_t)rank)
        return result_fail(c->result, "%s: rank %s", array->name, line->word[2]);
    array->rank = (int)rank;
    array->count = 1;
    for (int i = 0; i < array->rank; i++) {
        int64_t *const dim = &array->dim[i];

        if (!parse_int(c, array->name, line->word[3 + i], dim))
            return false;
        if (*dim < 0 || (*dim > 0 && array->count > (size_t)INT32_MAX / (size_t)*dim))
            return result_fail(c->result, "%s: size %s", array->name, line->word[3 + i]);
        array->count *= (size_t)*dim;
    }
    role = 3 + (size_t)rank;
    array->expected = role < line->words && strcmp(line->word[role], "expected") == 0;
    atol = line_option(line, "atol");
    array->has_tolerance = atol != NULL;
    if (atol && !parse_double(c, array->name, atol, &array->tolerance))
        return false;
    c->arrays++;
    return true;
}

/* The other optimizer form is kept beside some results under this prefix. */
static bool is_alternative(const char *name)
{
    return strncmp(name, "tfjs_", 5) == 0;
}

static bool read_array_lines(struct golden_case *c)
{
    c->array = case_alloc(c, c->lines, sizeof *c->array);
    for (const struct line *line = NULL; (line = case_line(c, "array", line));) {
        if (line->words > 0 && is_alternative(line->word[0]))
            continue;
        if (!read_array_line(c, line))
            return false;
    }
    return true;
}

bool case_open(struct golden_case *c, const char *dir, struct result *result)
{
    const char *const slash = strrchr(dir, '/');
    const struct line *head;
    char *path, *text;
    size_t size;

    *c = (struct golden_case){ .result = result, .tolerance_base = 5e-6 };
    c->dir = case_alloc(c, strlen(dir) + 1, 1);
    memcpy(c->dir, dir, strlen(dir));
    c->name = c->dir + (slash ? slash + 1 - dir : 0);
    c->kind = "?";

    path = case_alloc(c, strlen(dir) + sizeof "/case.txt", 1);
    (void)sprintf(path, "%s/case.txt", dir);
    text = file_read(c, path, &size);
    if (!text)
        return result_fail(result, "case.txt cannot be read");
    if (strlen(text) != size)
        return result_fail(result, "case.txt holds a NUL byte");
    read_lines(c, text);
    head = case_line(c, "case", NULL);
    if (!head || head->words < 2)
        return result_fail(result, "case.txt has no line 'case NAME KIND'");
    c->kind = head->word[1];
    return read_array_lines(c);
}

void case_close(struct golden_case *c)
{
    for (struct allocation *node = c->allocations, *next; node; node = next) {
        next = node->next;
        free(node->memory);
        free(node);
    }
    c->allocations = NULL;
}

const struct line *case_line(const struct golden_case *c, const char *key,
                             const struct line *after)
{
    for (size_t i = after ? (size_t)(after - c->line) + 1 : 0; i < c->lines; i++)
        if (strcmp(c->line[i].key, key) == 0)
            return &c->line[i];
    return NULL;
}

const char *line_option(const struct line *line, const char *key)
{
    const size_t length = strlen(key);

    for (size_t i = 0; i < line->words; i++)
        if (strncmp(line->word[i], key, length) == 0 && line->word[i][length] == '=')
            return line->word[i] + length + 1;
    return NULL;
}

char **case_names(struct golden_case *c, const char *list, size_t *count)
{
    const size_t length = list ? strlen(list) : 0;
    char *const copy = case_alloc(c, length + 1, 1);

    if (length > 0)
        memcpy(copy, list, length);
    return split(c, copy, ",", count);
}

bool case_int(struct golden_case *c, const char *key, int64_t fallback, int64_t *value)
{
    const struct line *const line = case_line(c, key, NULL);

    *value = fallback;
    if (!line)
        return true;
    return parse_int(c, key, line->words > 0 ? line->word[0] : "", value);
}

bool option_int(struct golden_case *c, const struct line *line, const char *key,
                int64_t fallback, int64_t *value)
{
    const char *const text = line_option(line, key);

    *value = fallback;
    return !text || parse_int(c, key, text, value);
}

bool option_double(struct golden_case *c, const struct line *line, const char *key,
                   double fallback, double *value)
{
    const char *const text = line_option(line, key);

    *value = fallback;
    return !text || parse_double(c, key, text, value);
}

struct array *case_array_if(struct golden_case *c, const char *name)
{
    for (size_t i = 0; i < c->arrays; i++) {
        struct array *const array = &c->array[i];

        if (strcmp(array->name, name) != 0)
            continue;
        if (!array->floats && !array->ints && !npy_read(c, array))
            return NULL;
        return array;
    }
    return NULL;
}

struct array *case_array(struct golden_case *c, const char *name)
{
    struct array *const array = case_array_if(c, name);

    if (!array)
        (void)result_fail(c->result, "there is no array '%s'", name);
    return array;
}

struct array *case_floats(struct golden_case *c, const char *name)
{
    struct array *const array = case_array(c, name);

    if (array && !array->floats) {
        (void)result_fail(c->result, "%s should be f4", name);
        return NULL;
    }
    return array;
}

struct array *case_ints(struct golden_case *c, const char *name)
{
    struct array *const array = case_array(c, name);

    if (array && !array->ints) {
        (void)result_fail(c->result, "%s should be i4", name);
        return NULL;
    }
    return array;
}

bool case_shape(struct golden_case *c, const struct array *array, int rank,
                const int64_t *dim)
{
    bool same = array->rank == rank;

    for (int i = 0; same && i < rank; i++)
        same = array->dim[i] == dim[i];
    if (same)
        return true;
    return result_fail(c->result, "%s has not the shape that the case implies",
                       array->name);
}

double case_tolerance(const struct golden_case *c, const struct array *array)
{
    double largest = 1.0;

    if (array->has_tolerance)
        return array->tolerance;
    for (size_t i = 0; array->floats && i < array->count; i++)
        largest = fmax(largest, fabs((double)array->floats[i]));
    return c->tolerance_base * largest;
}

void case_compare(struct golden_case *c, struct array *want, const float *got, size_t count,
                  const char *note)
{
    char label[96];

    if (!want->floats || want->count != count) {
        (void)result_fail(c->result, "%s has %zu values of type %c4, computed are %zu",
                          want->name, want->count, want->type, count);
        return;
    }
    if (note[0] != '\0')
        (void)snprintf(label, sizeof label, "%s (%s)", want->name, note);
    else
        (void)snprintf(label, sizeof label, "%s", want->name);
    result_floats(c->result, label, 0, got, want->floats, count, case_tolerance(c, want));
    want->compared = true;
}

const char *case_uncompared(const struct golden_case *c)
{
    for (size_t i = 0; i < c->arrays; i++)
        if (c->array[i].expected && !c->array[i].compared)
            return c->array[i].name;
    return NULL;
}
