/* model/difference.c - what one description has that another has not, in words.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "model/describe.h"

#define VALUE 96 /* room for an option's value */

static const char *class_of(const json_t *layer)
{
    const char *const name = json_string_value(json_object_get(layer, "class_name"));

    return name != NULL ? name : "?";
}

/* Its own name, or its class for one inside another layer. */
static const char *name_of(const json_t *layer)
{
    const json_t *const config = json_object_get(layer, "config");
    const char *const name = json_string_value(json_object_get(config, "name"));

    return name != NULL ? name : class_of(layer);
}

static void add_value(se_strbuf *text, const json_t *value)
{
    switch (value != NULL ? json_typeof(value) : JSON_NULL) {
    case JSON_INTEGER:
        se_strbuf_add(text, "%" PRId64, (int64_t)json_integer_value(value));
        break;
    case JSON_REAL: se_strbuf_add(text, "%.9g", json_real_value(value)); break;
    case JSON_TRUE: se_strbuf_add(text, "true"); break;
    case JSON_FALSE: se_strbuf_add(text, "false"); break;
    case JSON_STRING: se_strbuf_add(text, "%.40s", json_string_value(value)); break;
    case JSON_ARRAY:
        se_strbuf_add(text, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            const json_t *const one = json_array_get(value, i);

            se_strbuf_add(text, "%s", i > 0 ? ", " : "");
            if (json_is_array(one) || json_is_object(one))
                se_strbuf_add(text, "...");
            else
                add_value(text, one);
        }
        se_strbuf_add(text, "]");
        break;
    default: se_strbuf_add(text, "nothing"); break;
    }
}

static int differ_option(const char *layer, const char *option, const json_t *found,
                         const json_t *expected, const char *what)
{
    char is[VALUE], should[VALUE];
    se_strbuf text;

    se_strbuf_init(&text, is, sizeof is);
    add_value(&text, found);
    se_strbuf_init(&text, should, sizeof should);
    add_value(&text, expected);
    return se_fail(SEQECHO_ESHAPE,
                   "%s: the file is of another graph: layer \"%.64s\": %.32s is %s, "
                   "expected %s",
                   what, layer, option, is, should);
}

static int differ_layer(const char *name, const json_t *found, const json_t *expected,
                        const char *what);

/* The first of two lists, of a layer's layers or of a graph's, that is not the same; 0 if
 * all are that both have.  `name` is that of the layer around them, if any. */
static int differ_layers(const char *name, const json_t *found, const json_t *expected,
                         const char *what)
{
    for (size_t i = 0; i < json_array_size(found) && i < json_array_size(expected); i++) {
        const json_t *const is = json_array_get(found, i);
        const json_t *const should = json_array_get(expected, i);

        if (!json_equal(is, should))
            return differ_layer(name != NULL ? name : name_of(should), is, should, what);
    }
    return SEQECHO_OK;
}

static int differ_value(const char *layer, const char *option, const json_t *found,
                        const json_t *expected, const char *what)
{
    if (json_is_object(found) && json_is_object(expected))
        return differ_layer(layer, found, expected, what);
    if (json_is_object(json_array_get(found, 0)) &&
        json_is_object(json_array_get(expected, 0)))
        SE_TRY(differ_layers(layer, found, expected, what));
    return differ_option(layer, option, found, expected, what);
}

/* Two layers that are not the same; `name` is that of the outermost around them. */
static int differ_layer(const char *name, const json_t *found, const json_t *expected,
                        const char *what)
{
    const json_t *const is = json_object_get(found, "config");
    const json_t *const should = json_object_get(expected, "config");

    if (strcmp(class_of(found), class_of(expected)) != 0)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the file is of another graph: its layer \"%.64s\" has the "
                       "class %.32s, expected %s",
                       what, name, class_of(found), class_of(expected));
    for (void *it = json_object_iter((json_t *)(uintptr_t)should); it != NULL;
         it = json_object_iter_next((json_t *)(uintptr_t)should, it)) {
        const char *const option = json_object_iter_key(it);
        const json_t *const other = json_object_get(is, option);

        if (!json_equal(other, json_object_iter_value(it)))
            return differ_value(name, option, other, json_object_iter_value(it), what);
    }
    return se_fail(SEQECHO_ESHAPE,
                   "%s: the file is of another graph: layer \"%.64s\" has options that are "
                   "not expected",
                   what, name);
}

static int check_layers(const json_t *found, const json_t *expected, const char *what)
{
    const size_t n = json_array_size(found), own = json_array_size(expected);

    SE_TRY(differ_layers(NULL, found, expected, what));
    if (n != own)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the file is of another graph: it has %zu layers, expected %zu",
                       what, n, own);
    return SEQECHO_OK;
}

int se_description_expect(const json_t *found, const json_t *expected, const char *what)
{
    SE_TRY(check_layers(json_object_get(found, "layers"),
                        json_object_get(expected, "layers"), what));
    if (!json_equal(json_object_get(found, "calls"), json_object_get(expected, "calls")))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the file is of another graph: its layers are the same, but "
                       "connected in another way",
                       what);
    if (!json_equal(json_object_get(found, "outputs"),
                    json_object_get(expected, "outputs")))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the file is of another graph: its outputs are those of other "
                       "layers",
                       what);
    return SEQECHO_OK;
}
