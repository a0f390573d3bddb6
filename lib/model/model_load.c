/* model/model_load.c - a graph from a file.
 * SPDX-License-Identifier: MIT
 *
 * Memory for weights is taken after all of them have been found in the file, so there is no
 * more of it than the file has bytes. */
#include "model/model_file.h"

#include <seqecho/files.h>

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/read.h"
#include "model/weights_file.h"

int se_model_description(json_t **out, const se_container *c, const char *what)
{
    const char *const format = se_container_text(c, SE_KEY_FORMAT);
    const char *const text = se_container_text(c, SE_KEY_GRAPH);

    *out = NULL;
    if (format == NULL || text == NULL)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the file describes no graph; are these weights alone, for "
                       "seqecho_graph_load_weights()?",
                       what);
    if (strcmp(format, SE_FORMAT) != 0)
        return se_fail(SEQECHO_ENOTSUP,
                       "%s: the file has format %.20s, this library knows " SE_FORMAT, what,
                       format);
    return se_json_parse(out, text, strlen(text), what);
}

static int build(seqecho_graph **out, const se_container *c, const json_t *description,
                 const seqecho_allocator *a, const char *what)
{
    seqecho_graph *graph;
    int err;

    SE_TRY(se_graph_construct(&graph, description, a, what));
    if ((err = se_training_check(graph, description, what)) < 0 ||
        (err = se_block_find(c, graph, "", what)) < 0 ||
        (err = se_graph_freeze_unset(graph)) < 0) {
        seqecho_graph_destroy(graph);
        return err;
    }
    se_training_set(graph, description);
    se_block_read(c, graph, "", graph->params);
    *out = graph;
    return SEQECHO_OK;
}

static int load(seqecho_graph **out, const void *bytes, size_t size,
                const seqecho_allocator *a, const char *what)
{
    se_container c;
    json_t *description;
    int err;

    SE_TRY(se_container_open(&c, bytes, size, a, what));
    err = se_model_description(&description, &c, what);
    if (err == SEQECHO_OK)
        err = build(out, &c, description, a, what);
    json_decref(description);
    se_container_close(&c);
    /* What would be a mistake of the program that builds a graph is damage in a file. */
    return err == SEQECHO_EINVAL || err == SEQECHO_ESTATE ? SEQECHO_EFORMAT : err;
}

int seqecho_graph_load_memory(seqecho_graph **out, const void *bytes, size_t size,
                              const seqecho_allocator *allocator)
{
    static const char what[] = "graph_load_memory";
    seqecho_allocator a;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: out is NULL", what);
    *out = NULL;
    if (bytes == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: bytes is NULL", what);
    SE_TRY(se_allocator_read(&a, allocator));
    return load(out, bytes, size, &a, what);
}

int seqecho_graph_load(seqecho_graph **out, const char *path,
                       const seqecho_allocator *allocator)
{
    static const char what[] = "graph_load";
    seqecho_allocator a;
    unsigned char *bytes;
    size_t size;
    int err;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: out is NULL", what);
    *out = NULL;
    SE_TRY(se_allocator_read(&a, allocator));
    SE_TRY(se_file_read(path, &a, &bytes, &size, what));
    err = load(out, bytes, size, &a, what);
    se_free(&a, bytes);
    return err;
}
