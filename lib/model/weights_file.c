/* model/weights_file.c - weights of a graph as arrays of a file.
 * SPDX-License-Identifier: MIT */
#include "model/weights_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* "prefix" and "layer/weight", each part of limited length. */
#define NAME_ROOM 1024

static const char *array_name(char name[NAME_ROOM], const char *prefix, const se_weight *w)
{
    snprintf(name, NAME_ROOM, "%s%s", prefix, w->path);
    return name;
}

/* The first of them that is not finite; n if all are. */
static size_t first_bad(const float *values, size_t n)
{
    size_t i = 0;

    while (i < n && isfinite(values[i]))
        i++;
    return i;
}

int se_block_check(const seqecho_graph *graph, const float *block, const char *prefix,
                   const char *what)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL) {
        const size_t n = (size_t)se_weight_size(w), i = first_bad(block + w->offset, n);

        if (i < n)
            return se_fail(SEQECHO_ENUMERIC,
                           "%s: %s%s: value %zu is not finite, so it is not saved", what,
                           prefix, w->path, i);
    }
    return SEQECHO_OK;
}

void se_block_write(se_writer *writer, const seqecho_graph *graph, const float *block,
                    const char *prefix)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    char name[NAME_ROOM];

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        se_writer_tensor(writer, array_name(name, prefix, w), SE_F32, (size_t)w->rank,
                         w->dim, block + w->offset);
}

static int check_finite(const se_tensor *t, const char *name, const char *what)
{
    float value;

    for (size_t i = 0; i < t->size / sizeof value; i++) {
        se_tensor_floats(t, i, 1, &value);
        if (!isfinite(value))
            return se_fail(SEQECHO_EFORMAT, "%s: \"%s\": value %zu is not finite", what,
                           name, i);
    }
    return SEQECHO_OK;
}

static int find_array(const se_container *c, const se_weight *w, const char *name,
                      const char *what)
{
    const se_tensor want = { .dtype = SE_F32,
                             .rank = (size_t)w->rank,
                             .dim = { w->dim[0], w->dim[1], w->dim[2] } };
    char expected[SE_TENSOR_TEXT], found[SE_TENSOR_TEXT];
    se_tensor t;

    if (!se_container_find(c, name, &t))
        return se_fail(SEQECHO_EFORMAT, "%s: the array \"%s\" is missing, expected %s",
                       what, name, se_tensor_text(expected, &want));
    if (t.dtype != SE_F32 || !se_tensor_is(&t, want.rank, want.dim))
        return se_fail(SEQECHO_EFORMAT, "%s: \"%s\": expected %s, found %s", what, name,
                       se_tensor_text(expected, &want), se_tensor_text(found, &t));
    return check_finite(&t, name, what);
}

int se_block_find(const se_container *c, const seqecho_graph *graph, const char *prefix,
                  const char *what)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    char name[NAME_ROOM];

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        SE_TRY(find_array(c, w, array_name(name, prefix, w), what));
    return SEQECHO_OK;
}

void se_block_read(const se_container *c, const seqecho_graph *graph, const char *prefix,
                   float *block)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    char name[NAME_ROOM];
    se_tensor t;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        if (se_container_find(c, array_name(name, prefix, w), &t))
            se_tensor_floats(&t, 0, (size_t)se_weight_size(w), block + w->offset);
}
