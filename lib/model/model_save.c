/* model/model_save.c - a graph into a file.
 * SPDX-License-Identifier: MIT */
#include "model/model_file.h"

#include <seqecho/files.h>
#include <seqecho/version.h>

#include "base/error.h"
#include "model/weights_file.h"

void se_model_write(se_writer *w, const seqecho_graph *graph, json_t *description)
{
    se_writer_text(w, SE_KEY_FORMAT, SE_FORMAT);
    se_writer_text(w, SE_KEY_VERSION, SEQECHO_VERSION_STRING);
    se_writer_json(w, SE_KEY_GRAPH, description);
    se_block_write(w, graph, graph->params, "");
}

/* The whole file, in `w`, which the caller ends. */
static int make_file(se_writer *w, seqecho_graph *graph, size_t *size, const char *what)
{
    json_t *description;

    SE_TRY(se_block_check(graph, graph->params, "", what));
    SE_TRY(se_graph_describe(&description, graph, what));
    se_model_write(w, graph, description);
    return se_writer_finish(w, size);
}

int seqecho_graph_save(seqecho_graph *graph, const char *path)
{
    static const char what[] = "graph_save";
    se_writer w;
    size_t size;
    int err;

    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: graph is NULL", what);
    SE_TRY(se_graph_freeze(graph));
    se_writer_begin(&w, &graph->allocator, what);
    err = make_file(&w, graph, &size, what);
    if (err == SEQECHO_OK)
        err = se_file_replace(path, w.part, w.n, what);
    se_writer_end(&w);
    return err;
}

int seqecho_graph_save_memory(seqecho_graph *graph, void *buf, size_t size, size_t *length)
{
    static const char what[] = "graph_save_memory";
    se_writer w;
    size_t whole;
    int err;

    if (graph == NULL || length == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL", what,
                       graph == NULL ? "graph" : "length");
    SE_TRY(se_graph_freeze(graph));
    se_writer_begin(&w, &graph->allocator, what);
    err = make_file(&w, graph, &whole, what);
    if (err == SEQECHO_OK)
        err = se_writer_copy(&w, whole, buf, size, length);
    se_writer_end(&w);
    return err;
}
