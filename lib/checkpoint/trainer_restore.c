/* checkpoint/trainer_restore.c - a training from a file.
 * SPDX-License-Identifier: MIT
 *
 * First everything is found, checked and given its memory; then it is copied, which cannot
 * fail.  So a trainer is restored or untouched. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <seqecho/files.h>

#include "base/alloc.h"
#include "base/error.h"
#include "checkpoint/trainer_file.h"
#include "io/read.h"
#include "model/weights_file.h"

/* What has been read and is not yet in the trainer. */
typedef struct restoring {
    seqecho_trainer *t;
    const char *what;
    se_resume *file; /* it becomes the trainer's if a fit can go on from it */
    json_t *description, *numbers;
    se_optimizer optimizer;
    se_history history;
    uint64_t seed, epochs;
    int64_t pass;
    bool zero_states;
} restoring;

/* ---- The graph ---------------------------------------------------------------------- */

static int check_graph(const restoring *r)
{
    const seqecho_graph *const graph = r->t->session->graph;
    seqecho_graph *other;
    json_t *own = NULL, *theirs = NULL;
    int err;

    /* Built and described again, their graph has every option that this library knows. */
    SE_TRY(se_graph_construct(&other, r->description, &r->t->allocator, r->what));
    err = se_graph_describe(&own, graph, r->what);
    if (err == SEQECHO_OK)
        err = se_graph_describe(&theirs, other, r->what);
    if (err == SEQECHO_OK)
        err = se_description_expect(theirs, own, r->what);
    json_decref(own);
    json_decref(theirs);
    seqecho_graph_destroy(other);
    SE_TRY(err);
    SE_TRY(se_training_check(graph, r->description, r->what));
    return se_block_find(&r->file->file, graph, "", r->what);
}

/* ---- The optimizer ------------------------------------------------------------------ */

static int check_flag(const restoring *r, const json_t *object, const char *name, bool own)
{
    bool flag;

    SE_TRY(se_json_get_bool(object, name, &flag, r->what));
    if (flag != own)
        return se_fail(SEQECHO_EINVAL,
                       "%s: the optimizer of the file has %s %s, the trainer's %s", r->what,
                       name, flag ? "set" : "not set", own ? "has" : "has not");
    return SEQECHO_OK;
}

static int check_kind(const restoring *r, const json_t *object)
{
    const se_optimizer *const o = &r->t->optimizer;
    const char *name;

    SE_TRY(se_json_get_text(object, "class_name", &name, r->what));
    if (strcmp(name, se_optimizer_name(o)) != 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: the optimizer of the file is %.40s, the trainer's is %s",
                       r->what, name, se_optimizer_name(o));
    SE_TRY(check_flag(r, object, "amsgrad", o->amsgrad));
    SE_TRY(check_flag(r, object, "nesterov", o->nesterov));
    SE_TRY(check_flag(r, object, "centered", o->centered));
    SE_TRY(check_flag(r, object, "epsilon_outside", o->epsilon_outside));
    return check_flag(r, object, "has_velocity", o->moment[SE_MOMENT_VELOCITY] != NULL);
}

/* Into the copy of the trainer's. */
static int read_optimizer(restoring *r)
{
    se_optimizer *const o = &r->optimizer;
    json_t *object;
    double value;

    SE_TRY(se_json_get(r->numbers, "optimizer", JSON_OBJECT, &object, r->what));
    SE_TRY(check_kind(r, object));
    SE_TRY(se_json_get_int(object, "iterations", 0, SE_COUNT_MAX, &o->iterations, r->what));
    SE_TRY(se_json_get_double(object, "u_product", &o->u_product, r->what));
    if (!(o->u_product >= 0.0 && o->u_product <= 1.0))
        return se_fail(SEQECHO_EFORMAT, "%s: u_product is %g, expected 0 to 1", r->what,
                       o->u_product);
    for (int p = 1; p <= SE_PARAM_LAST; p++) {
        const char *const name = se_optimizer_param(o, (seqecho_param)p, &value);

        if (name == NULL)
            continue;
        SE_TRY(se_json_get_double(object, name, &value, r->what));
        if (se_optimizer_put(o, (seqecho_param)p, value) < 0)
            return se_fail(SEQECHO_EFORMAT,
                           "%s: %s of the optimizer is %g, out of its range", r->what, name,
                           value);
    }
    if (o->momentum > 0.0 && o->moment[SE_MOMENT_VELOCITY] == NULL)
        return se_fail(SEQECHO_EFORMAT, "%s: momentum is %g, but there is no velocity",
                       r->what, o->momentum);
    for (int i = 0; i < SE_MOMENTS; i++)
        if (o->moment[i] != NULL)
            SE_TRY(se_block_find(&r->file->file, r->t->session->graph, se_moment_prefix[i],
                                 r->what));
    return SEQECHO_OK;
}

/* ---- States and history ------------------------------------------------------------- */

/* An array of n numbers of this type; false if there is none. */
static bool find_row(const restoring *r, const char *name, se_dtype dtype, size_t n,
                     se_tensor *t)
{
    return se_container_find(&r->file->file, name, t) && t->dtype == dtype &&
           se_tensor_is(t, 1, &(const int64_t){ (int64_t)n });
}

static int check_states(const restoring *r)
{
    const se_session *const s = r->t->session;
    char name[SE_ARRAY_NAME];
    const char *layer;
    size_t size;
    se_tensor t;

    for (size_t i = 0; i < s->n_steps && !r->zero_states; i++)
        if (se_session_state(s, i, &size, &layer) != NULL &&
            !find_row(r, se_state_array(name, layer), SE_F32, size, &t))
            return se_fail(SEQECHO_EFORMAT,
                           "%s: the array \"%s\" is missing or not of %zu floats", r->what,
                           name, size);
    return SEQECHO_OK;
}

static void take_states(const restoring *r)
{
    se_session *const s = r->t->session;
    char name[SE_ARRAY_NAME];
    const char *layer;
    size_t size;
    se_tensor t;

    se_session_reset(s);
    if (r->zero_states || !se_session_stateful(s))
        return;
    for (size_t i = 0; i < s->n_steps; i++) {
        float *const state = se_session_state(s, i, &size, &layer);

        if (state != NULL && find_row(r, se_state_array(name, layer), SE_F32, size, &t))
            se_tensor_floats(&t, 0, size, state);
    }
    se_session_set_states(s);
}

static int read_history(restoring *r)
{
    char name[SE_ARRAY_NAME];
    se_tensor t[SE_HISTORY_SERIES];
    double *values;
    int64_t count;

    SE_TRY(se_json_get_int(r->numbers, "history", 0, SE_COUNT_MAX, &count, r->what));
    for (int i = 0; i < SE_HISTORY_SERIES && count > 0; i++)
        if (!find_row(r, se_history_array(name, (se_series)i), SE_F64, (size_t)count,
                      &t[i]))
            return se_fail(SEQECHO_EFORMAT,
                           "%s: the array \"%s\" is missing or not of %" PRId64 " doubles",
                           r->what, name, count);
    SE_TRY(se_history_create(&r->history, (size_t)count, &values, &r->t->allocator));
    for (int i = 0; i < SE_HISTORY_SERIES && count > 0; i++)
        se_tensor_doubles(&t[i], 0, (size_t)count, values + i * count);
    return SEQECHO_OK;
}

/* ---- All of it ---------------------------------------------------------------------- */

static int read_numbers(restoring *r)
{
    const json_t *place;

    SE_TRY(se_json_get_uint64(r->numbers, "seed", &r->seed, r->what));
    SE_TRY(se_json_get_uint64(r->numbers, "epochs", &r->epochs, r->what));
    SE_TRY(se_json_get_int(r->numbers, "pass", 0, UINT32_MAX, &r->pass, r->what));
    SE_TRY(se_json_get_bool(r->numbers, "zero_states", &r->zero_states, r->what));
    place = json_object_get(r->numbers, "fit");
    if (json_is_null(place))
        return SEQECHO_OK;
    if (!json_is_object(place))
        return se_fail(SEQECHO_EFORMAT, "%s: \"fit\" is neither null nor an object",
                       r->what);
    SE_TRY(se_place_check(place, r->what));
    r->file->place = json_incref((json_t *)(uintptr_t)place);
    return SEQECHO_OK;
}

static int read_all(restoring *r, size_t size)
{
    const char *text;

    SE_TRY(
        se_container_open(&r->file->file, r->file->bytes, size, &r->t->allocator, r->what));
    SE_TRY(se_model_description(&r->description, &r->file->file, r->what));
    text = se_container_text(&r->file->file, SE_KEY_TRAINER);
    if (text == NULL)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the file holds a model, but no training; is it one for "
                       "seqecho_graph_load()?",
                       r->what);
    SE_TRY(se_json_parse(&r->numbers, text, strlen(text), r->what));
    SE_TRY(read_numbers(r));
    SE_TRY(check_graph(r));
    SE_TRY(read_optimizer(r));
    SE_TRY(check_states(r));
    return read_history(r);
}

/* Copy what has been checked. */
static void take(restoring *r)
{
    seqecho_trainer *const t = r->t;
    seqecho_graph *const graph = t->session->graph;
    const se_container *const c = &r->file->file;
    const se_history old = t->history;

    se_block_read(c, graph, "", graph->params);
    se_training_set(graph, r->description);
    t->optimizer = r->optimizer;
    for (int i = 0; i < SE_MOMENTS; i++)
        if (t->optimizer.moment[i] != NULL)
            se_block_read(c, graph, se_moment_prefix[i], t->optimizer.moment[i]);
    take_states(r);
    t->session->seed = r->seed;
    t->session->pass = (uint32_t)r->pass;
    t->session->learning = false;
    t->epochs = r->epochs;
    t->phase = SE_PHASE_IDLE;
    t->history = r->history;
    r->history = old; /* to be freed with what is left */
    se_trainer_forget_resume(t);
    if (r->file->place != NULL) {
        t->resume = r->file;
        r->file = NULL;
    }
}

/* Restore from bytes that are the trainer's to free, and are freed. */
static int restore(seqecho_trainer *t, unsigned char *bytes, size_t size, const char *what)
{
    restoring r = { .t = t, .what = what, .optimizer = t->optimizer };
    int err;

    if (se_alloc(&r.file, &t->allocator, 1, sizeof *r.file, what) < 0) {
        se_free(&t->allocator, bytes);
        return SEQECHO_ENOMEM;
    }
    r.file->allocator = t->allocator;
    r.file->bytes = bytes;
    err = read_all(&r, size);
    if (err == SEQECHO_OK)
        take(&r);
    se_history_finish(&r.history, &t->allocator);
    json_decref(r.description);
    json_decref(r.numbers);
    se_resume_destroy(r.file);
    return err;
}

int seqecho_trainer_restore(seqecho_trainer *t, const char *path)
{
    static const char what[] = "trainer_restore";
    unsigned char *bytes;
    size_t size;

    SE_TRY(se_trainer_enter(t, what));
    SE_TRY(se_file_read(path, &t->allocator, &bytes, &size, what));
    return restore(t, bytes, size, what);
}

int seqecho_trainer_restore_memory(seqecho_trainer *t, const void *bytes, size_t size)
{
    static const char what[] = "trainer_restore_memory";
    unsigned char *copy;

    SE_TRY(se_trainer_enter(t, what));
    if (bytes == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: bytes is NULL", what);
    SE_TRY(se_alloc(&copy, &t->allocator, size, 1, what));
    if (size > 0)
        memcpy(copy, bytes, size);
    return restore(t, copy, size, what);
}
