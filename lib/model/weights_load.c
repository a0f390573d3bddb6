/* model/weights_load.c - weights alone, from files made elsewhere.
 * SPDX-License-Identifier: MIT
 *
 * Everything is looked at first, and only then is anything set. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <seqecho/files.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "graph/graph.h"
#include "io/read.h"
#include "io/safetensors.h"

#define PREFIX_MAX 256
#define NAME_ROOM (PREFIX_MAX + 1024)

static int read_options(seqecho_weights_options *opt, const seqecho_weights_options *given)
{
    SE_TRY(se_options_read(opt, sizeof *opt, given, "weights options"));
    for (size_t i = 0; i < sizeof opt->reserved; i++)
        if (opt->reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP, "weights options: reserved is set, but this "
                                            "library knows only 0");
    if (opt->prefix == NULL)
        opt->prefix = "";
    if (strnlen(opt->prefix, PREFIX_MAX + 1) > PREFIX_MAX)
        return se_fail(SEQECHO_EINVAL,
                       "weights options: prefix has more than %d characters", PREFIX_MAX);
    return SEQECHO_OK;
}

static const char *array_name(char name[NAME_ROOM], const char *prefix, const se_weight *w)
{
    snprintf(name, NAME_ROOM, "%s%s", prefix, w->path);
    return name;
}

/* Can every value become a finite float? */
static int check_values(const se_tensor *t, const char *name, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        float value;

        if (!se_tensor_floats(t, i, 1, &value))
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: \"%s\" holds no floats, expected F32, F64, F16 or BF16",
                           what, name);
        if (!isfinite(value))
            return se_fail(SEQECHO_EFORMAT, "%s: \"%s\": value %zu is %s", what, name, i,
                           isnan(value) ? "NaN" : "infinite, or too large for a float");
    }
    return SEQECHO_OK;
}

/* Find the array of a weight; *found is whether it is to be set. */
static int find(const se_container *c, const se_weight *w,
                const seqecho_weights_options *opt, se_tensor *t, bool *found,
                const char *what)
{
    const se_tensor want = { .dtype = SE_F32,
                             .rank = (size_t)w->rank,
                             .dim = { w->dim[0], w->dim[1], w->dim[2] } };
    char name[NAME_ROOM], expected[SE_TENSOR_TEXT], is[SE_TENSOR_TEXT];

    array_name(name, opt->prefix, w);
    *found = se_container_find(c, name, t);
    if (!*found && opt->allow_missing)
        return SEQECHO_OK;
    if (!*found)
        return se_fail(SEQECHO_ENOTFOUND,
                       "%s: the file has no array \"%s\", expected %s; it has %zu others",
                       what, name, se_tensor_text(expected, &want), c->count);
    *found = se_tensor_is(t, want.rank, want.dim);
    if (*found || opt->allow_missing)
        return SEQECHO_OK;
    return se_fail(SEQECHO_ESHAPE, "%s: \"%s\": expected %s, found %s", what, name,
                   se_tensor_text(expected, &want), se_tensor_text(is, t));
}

static int load(seqecho_graph *graph, const se_container *c,
                const seqecho_weights_options *opt, size_t *loaded, const char *what)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    se_tensor t;
    size_t count = 0;
    bool found;
    char name[NAME_ROOM];

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL) {
        SE_TRY(find(c, w, opt, &t, &found, what));
        if (found)
            SE_TRY(check_values(&t, array_name(name, opt->prefix, w),
                                (size_t)se_weight_size(w), what));
    }
    SE_TRY(se_graph_freeze(graph));
    cursor = (se_weight_cursor){ NULL, 0 };
    while ((w = se_graph_next_weight(graph, &cursor)) != NULL) {
        SE_TRY(find(c, w, opt, &t, &found, what));
        if (found)
            se_tensor_floats(&t, 0, (size_t)se_weight_size(w), graph->params + w->offset);
        count += found;
    }
    if (loaded != NULL)
        *loaded = count;
    return SEQECHO_OK;
}

static int load_bytes(seqecho_graph *graph, const void *bytes, size_t size,
                      const seqecho_weights_options *opt, size_t *loaded, const char *what)
{
    se_container c;
    int err;

    SE_TRY(se_container_open(&c, bytes, size, &graph->allocator, what));
    err = load(graph, &c, opt, loaded, what);
    se_container_close(&c);
    return err;
}

int seqecho_graph_load_weights_memory(seqecho_graph *graph, const void *bytes, size_t size,
                                      const seqecho_weights_options *options,
                                      size_t *loaded)
{
    static const char what[] = "graph_load_weights_memory";
    seqecho_weights_options opt;

    if (graph == NULL || bytes == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL", what,
                       graph == NULL ? "graph" : "bytes");
    SE_TRY(seqecho_graph_status(graph));
    SE_TRY(read_options(&opt, options));
    return load_bytes(graph, bytes, size, &opt, loaded, what);
}

int seqecho_graph_load_weights(seqecho_graph *graph, const char *path,
                               const seqecho_weights_options *options, size_t *loaded)
{
    static const char what[] = "graph_load_weights";
    seqecho_weights_options opt;
    unsigned char *bytes;
    size_t size;
    int err;

    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: graph is NULL", what);
    SE_TRY(seqecho_graph_status(graph));
    SE_TRY(read_options(&opt, options));
    SE_TRY(se_file_read(path, &graph->allocator, &bytes, &size, what));
    err = load_bytes(graph, bytes, size, &opt, loaded, what);
    se_free(&graph->allocator, bytes);
    return err;
}
