/* checkpoint/trainer_save.c - a training into a file.
 * SPDX-License-Identifier: MIT */
#include "checkpoint/trainer_file.h"

#include <stdio.h>

#include <seqecho/files.h>

#include "base/error.h"
#include "model/weights_file.h"

#define PREFIX "trainer/"

const char *const se_moment_prefix[SE_MOMENTS] = {
    [SE_MOMENT_MEAN] = PREFIX "optimizer/mean/",
    [SE_MOMENT_SQUARE] = PREFIX "optimizer/square/",
    [SE_MOMENT_LARGEST] = PREFIX "optimizer/largest/",
    [SE_MOMENT_VELOCITY] = PREFIX "optimizer/velocity/",
};

const char *se_history_array(char name[SE_ARRAY_NAME], se_series series)
{
    snprintf(name, SE_ARRAY_NAME, PREFIX "history/%s", se_history_name(series));
    return name;
}

const char *se_state_array(char name[SE_ARRAY_NAME], const char *layer)
{
    snprintf(name, SE_ARRAY_NAME, PREFIX "state/%s", layer);
    return name;
}

/* ---- Arrays ------------------------------------------------------------------------- */

static void write_history(se_writer *w, const se_history *history)
{
    const int64_t count = (int64_t)history->count;
    char name[SE_ARRAY_NAME];

    for (int i = 0; i < SE_HISTORY_SERIES && count > 0; i++)
        se_writer_tensor(w, se_history_array(name, (se_series)i), SE_F64, 1, &count,
                         se_history_series(history, (se_series)i));
}

static void write_states(se_writer *w, const se_session *session)
{
    char name[SE_ARRAY_NAME];

    for (size_t i = 0; i < session->n_steps && !session->zero_states; i++) {
        size_t size;
        const char *layer;
        const float *const state = se_session_state(session, i, &size, &layer);

        if (state != NULL)
            se_writer_tensor(w, se_state_array(name, layer), SE_F32, 1,
                             &(const int64_t){ (int64_t)size }, state);
    }
}

/* ---- Numbers ------------------------------------------------------------------------ */

static json_t *describe_optimizer(const se_optimizer *o)
{
    json_t *const object = json_object();
    bool good = se_json_put_text(object, "class_name", se_optimizer_name(o)) == 0;

    good = se_json_put_bool(object, "amsgrad", o->amsgrad) == 0 && good;
    good = se_json_put_bool(object, "nesterov", o->nesterov) == 0 && good;
    good = se_json_put_bool(object, "centered", o->centered) == 0 && good;
    good = se_json_put_bool(object, "epsilon_outside", o->epsilon_outside) == 0 && good;
    good = se_json_put_bool(object, "has_velocity",
                            o->moment[SE_MOMENT_VELOCITY] != NULL) == 0 &&
           good;
    good = se_json_put_int(object, "iterations", o->iterations) == 0 && good;
    good = se_json_put_double(object, "u_product", o->u_product) == 0 && good;
    for (int p = 1; p <= SE_PARAM_LAST; p++) {
        double value;
        const char *const name = se_optimizer_param(o, (seqecho_param)p, &value);

        if (name != NULL)
            good = se_json_put_double(object, name, value) == 0 && good;
    }
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

/* The place of the fit under way, or of the one that the trainer was restored from. */
static int describe_place(json_t **out, const seqecho_trainer *t, se_writer *w)
{
    if (t->fit != NULL)
        return se_place_write(out, t->fit, w);
    if (t->resume != NULL)
        return se_place_write_again(out, t->resume, w);
    *out = json_null();
    return SEQECHO_OK;
}

static int describe_trainer(json_t **out, const seqecho_trainer *t, se_writer *w)
{
    const se_session *const s = t->session;
    json_t *const object = json_object();
    json_t *place = NULL;
    int err = describe_place(&place, t, w);

    if (err == SEQECHO_OK &&
        (se_json_put_uint64(object, "seed", s->seed) < 0 ||
         se_json_put_int(object, "pass", s->pass) < 0 ||
         se_json_put_uint64(object, "epochs", t->epochs) < 0 ||
         se_json_put_int(object, "history", (int64_t)t->history.count) < 0 ||
         se_json_put_bool(object, "zero_states", s->zero_states) < 0 ||
         se_json_put(object, "optimizer", describe_optimizer(&t->optimizer)) < 0 ||
         se_json_put(object, "fit", json_incref(place)) < 0))
        err = se_fail(SEQECHO_ENOMEM, "%s: out of memory for the numbers", w->what);
    json_decref(place);
    if (err < 0)
        json_decref(object);
    else
        *out = object;
    return err;
}

/* ---- The file ----------------------------------------------------------------------- */

static int check(const seqecho_trainer *t, const char *what)
{
    const seqecho_graph *const graph = t->session->graph;

    SE_TRY(se_block_check(graph, graph->params, "", what));
    for (int i = 0; i < SE_MOMENTS; i++)
        if (t->optimizer.moment[i] != NULL)
            SE_TRY(
                se_block_check(graph, t->optimizer.moment[i], se_moment_prefix[i], what));
    return SEQECHO_OK;
}

/* The whole file, in `w`, which the caller ends. */
static int make_file(se_writer *w, const seqecho_trainer *t, size_t *size, const char *what)
{
    const seqecho_graph *const graph = t->session->graph;
    json_t *description, *numbers;

    SE_TRY(check(t, what));
    write_history(w, &t->history);
    SE_TRY(se_graph_describe(&description, graph, what));
    se_model_write(w, graph, description);
    for (int i = 0; i < SE_MOMENTS; i++)
        if (t->optimizer.moment[i] != NULL)
            se_block_write(w, graph, t->optimizer.moment[i], se_moment_prefix[i]);
    write_states(w, t->session);
    SE_TRY(describe_trainer(&numbers, t, w));
    se_writer_json(w, SE_KEY_TRAINER, numbers);
    return se_writer_finish(w, size);
}

int se_trainer_write(const seqecho_trainer *t, const char *path, const char *what)
{
    se_writer w;
    size_t size;
    int err;

    se_writer_begin(&w, &t->allocator, what);
    err = make_file(&w, t, &size, what);
    if (err == SEQECHO_OK)
        err = se_file_replace(path, w.part, w.n, what);
    se_writer_end(&w);
    return err;
}

int seqecho_trainer_save(seqecho_trainer *t, const char *path)
{
    if (t == NULL)
        return se_fail(SEQECHO_EINVAL, "trainer_save: trainer is NULL");
    return se_trainer_write(t, path, "trainer_save");
}

int seqecho_trainer_save_memory(seqecho_trainer *t, void *buf, size_t size, size_t *length)
{
    static const char what[] = "trainer_save_memory";
    se_writer w;
    size_t whole;
    int err;

    if (t == NULL || length == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL", what,
                       t == NULL ? "trainer" : "length");
    se_writer_begin(&w, &t->allocator, what);
    err = make_file(&w, t, &whole, what);
    if (err == SEQECHO_OK)
        err = se_writer_copy(&w, whole, buf, size, length);
    se_writer_end(&w);
    return err;
}
