/* api_files.c - fuzz_api's calls that save and load.
 * SPDX-License-Identifier: MIT
 *
 * Bytes of strangers have targets of their own; these are files of the objects at hand,
 * whole and damaged, and paths at which nothing can be. */
#include <string.h>

#include "api.h"

static const char *const paths[] = { "/dev/null", "/dev/null/x", "/", "", NULL };

static const char *any_path(api *a, int *want)
{
    const uint32_t i = input_below(&a->in, 5);

    if (*want >= 0)
        *want = i < 2 ? SEQECHO_EIO : i == 2 ? API_ANY : SEQECHO_EINVAL;
    return paths[i];
}

/* Change a byte, or cut some off. */
static void damage(api *a, unsigned char *bytes, size_t *size)
{
    if (input_chance(&a->in, 2))
        bytes[input_bytes(&a->in, 3) % *size] ^=
            (unsigned char)(1 + input_below(&a->in, 255));
    else
        *size -= 1 + input_bytes(&a->in, 3) % *size;
}

/* ---- Graphs ------------------------------------------------------------------------- */

/* What saving comes to; names may be such as no file can hold. */
static int saving(const api_graph *g)
{
    const int want = api_graph_ends_building(g);

    return want == SEQECHO_OK ? API_ANY : want;
}

static void load_graph(api *a, api_graph *g, unsigned char *bytes, size_t size)
{
    const bool damaged = input_chance(&a->in, 2);
    const uint64_t weights = api_weights(g->handle);
    seqecho_graph *loaded = API_STALE(a);
    size_t count = 0;
    int err;

    if (damaged)
        damage(a, bytes, &size);
    err = API_CALL(a, damaged ? API_ANY : SEQECHO_OK,
                   seqecho_graph_load_memory(&loaded, bytes, size, &a->hook));
    FUZZ_CHECK((err == SEQECHO_OK) == (loaded != NULL), "%d", err);
    FUZZ_CHECK(err < 0 || !damaged, "a damaged file was loaded");
    if (loaded != NULL)
        FUZZ_CHECK(api_weights(loaded) == weights, "other weights");
    seqecho_graph_destroy(loaded);
    if (api_busy(a, g->handle))
        return;
    err = API_CALL(a, damaged ? API_ANY : SEQECHO_OK,
                   seqecho_graph_load_weights_memory(g->handle, bytes, size, NULL, &count));
    FUZZ_CHECK(err < 0 || count == seqecho_graph_weight_count(g->handle), "%zu", count);
    FUZZ_CHECK(api_weights(g->handle) == weights, "other weights");
}

static void call_graph(api *a, api_graph *g)
{
    const int want = saving(g);
    size_t size = 0, again = 0;
    unsigned char *bytes;

    if (API_CALL(a, want, seqecho_graph_save_memory(g->handle, NULL, 0, &size)) < 0) {
        api_graph_settle(g);
        return;
    }
    api_graph_built(g);
    bytes = api_alloc(size, 1);
    (void)API_CALL(a, SEQECHO_EINVAL,
                   seqecho_graph_save_memory(g->handle, bytes, size - 1, &again));
    if (API_CALL(a, SEQECHO_OK,
                 seqecho_graph_save_memory(g->handle, bytes, size, &again)) == SEQECHO_OK) {
        FUZZ_CHECK(size == again, "%zu bytes, then %zu", size, again);
        load_graph(a, g, bytes, size);
    }
    free(bytes);
}

static void call_graph_paths(api *a, api_graph *g)
{
    seqecho_graph *loaded = API_STALE(a);
    int want = SEQECHO_OK;
    const char *path = any_path(a, &want);

    (void)API_CALL(a, want, seqecho_graph_load(&loaded, path, &a->hook));
    FUZZ_CHECK(loaded == NULL, "a graph from nowhere");
    if (g->handle == NULL || !g->frozen)
        return;
    (void)API_CALL(a, API_ANY, seqecho_graph_save(g->handle, path));
    (void)API_CALL(a, want, seqecho_graph_load_weights(g->handle, path, NULL, NULL));
}

/* ---- Trainers ----------------------------------------------------------------------- */

static void call_trainer(api *a, api_trainer *t)
{
    size_t size = 0;
    unsigned char *bytes;
    uint64_t weights;
    bool damaged;
    int err;

    if (t->handle == NULL) {
        (void)API_CALL(a, SEQECHO_EINVAL,
                       seqecho_trainer_save_memory(NULL, NULL, 0, &size));
        (void)API_CALL(a, SEQECHO_EINVAL, seqecho_trainer_restore_memory(NULL, "", 0));
        return;
    }
    if (API_CALL(a, API_ANY, seqecho_trainer_save_memory(t->handle, NULL, 0, &size)) < 0)
        return;
    bytes = api_alloc(size, 1);
    err =
        API_CALL(a, SEQECHO_OK, seqecho_trainer_save_memory(t->handle, bytes, size, &size));
    damaged = input_chance(&a->in, 3);
    if (err == SEQECHO_OK && (t->in_event || !api_busy(a, t->graph))) {
        weights = api_weights(t->graph);
        if (damaged)
            damage(a, bytes, &size);
        err = API_CALL(a,
                       t->in_event ? SEQECHO_ESTATE
                       : damaged   ? API_ANY
                                   : SEQECHO_OK,
                       seqecho_trainer_restore_memory(t->handle, bytes, size));
        FUZZ_CHECK(err < 0 || !damaged, "a damaged file was restored");
        FUZZ_CHECK(api_weights(t->graph) == weights, "other weights");
        if (err == SEQECHO_OK)
            t->phase = API_IDLE;
    }
    free(bytes);
}

static void call_trainer_paths(api *a, const api_trainer *t)
{
    int want = t->handle == NULL ? SEQECHO_EINVAL : SEQECHO_OK;
    const char *const path = any_path(a, &want);

    (void)API_CALL(a, t->handle == NULL ? SEQECHO_EINVAL : API_ANY,
                   seqecho_trainer_save(t->handle, path));
    (void)API_CALL(a, t->in_event ? SEQECHO_ESTATE : want,
                   seqecho_trainer_restore(t->handle, path));
}

/* ---- Checkpoints -------------------------------------------------------------------- */

/* One that never saves, since its directory cannot be. */
static void call_checkpoint(api *a)
{
    const uint32_t i = input_below(&a->in, 3);
    seqecho_checkpoint_options o = { .struct_size = sizeof o,
                                     .directory = i == 0 ? "/dev/null/x" : paths[2 + i],
                                     .every_epochs = input_below(&a->in, 3),
                                     .every_batches = input_below(&a->in, 3),
                                     .keep = (int64_t)input_below(&a->in, 4) - 1,
                                     .save_best = input_chance(&a->in, 2),
                                     .allocator = &a->hook };
    int want = i > 0 || o.keep < 0 ? SEQECHO_EINVAL : SEQECHO_OK;
    const void *const given = api_options(a, &o, sizeof o, &want);
    seqecho_callback *callback = API_STALE(a);
    char path[64];

    (void)API_CALL(a, want, seqecho_checkpoint_create(&callback, given));
    (void)API_CALL(a,
                   i == 0   ? SEQECHO_EIO /* it is a file's */
                   : i == 1 ? SEQECHO_ENOTFOUND
                            : SEQECHO_EINVAL,
                   seqecho_checkpoint_latest(o.directory, path, sizeof path));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_checkpoint_create(NULL, &o));
    if (callback != NULL && a->depth == 0 && a->trainer[0].handle != NULL &&
        a->dataset[0].handle != NULL)
        FUZZ_CHECK(
            seqecho_trainer_fit_dataset(
                a->trainer[0].handle, a->dataset[0].handle,
                &(const seqecho_fit_options){ .struct_size = sizeof(seqecho_fit_options),
                                              .callbacks = &callback,
                                              .n_callbacks = 1 },
                NULL) < 0,
            "a checkpoint where none can be");
    seqecho_callback_destroy(callback);
}

void api_files_call(api *a)
{
    api_graph *const g = &a->graph[input_below(&a->in, API_GRAPHS)];
    api_trainer *const t = &a->trainer[input_below(&a->in, API_TRAINERS)];

    switch (input_below(&a->in, 5)) {
    case 0: call_graph(a, g); break;
    case 1: call_graph_paths(a, g); break;
    case 2: call_trainer(a, t); break;
    case 3: call_trainer_paths(a, t); break;
    default: call_checkpoint(a); break;
    }
}
