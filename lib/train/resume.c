/* train/resume.c - the place of a fit in a file: written by a save, taken up by a fit.
 * SPDX-License-Identifier: MIT */
#include "train/resume.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/dataset.h"

static const char *const stages[SE_STAGES] = {
    [SE_STAGE_EPOCH_BEGIN] = "epoch_begin",
    [SE_STAGE_BATCH_END] = "batch_end",
    [SE_STAGE_EPOCH_END] = "epoch_end",
};

void se_resume_destroy(se_resume *r)
{
    seqecho_allocator allocator;

    if (r == NULL)
        return;
    allocator = r->allocator;
    json_decref(r->place);
    se_container_close(&r->file);
    se_free(&allocator, r->bytes);
    se_free(&allocator, r);
}

const char *se_callback_prefix(char prefix[SE_CALLBACK_PREFIX], size_t i)
{
    snprintf(prefix, SE_CALLBACK_PREFIX, SE_CALLBACK_ARRAYS "%zu/", i);
    return prefix;
}

/* ---- Figures ------------------------------------------------------------------------ */

/* The figures of a report, in this order in files. */
enum { FIGURES = 8 };

static json_t *write_figures(const double *figures, size_t n)
{
    json_t *const list = json_array();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, se_json_double(figures[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool read_figures(const json_t *list, double *figures, size_t n)
{
    bool good = json_array_size(list) == n;

    for (size_t i = 0; good && i < n; i++)
        good = se_json_is_double(json_array_get(list, i), &figures[i]);
    return good;
}

static json_t *write_report(const seqecho_report *r)
{
    const double figures[FIGURES] = {
        (double)r->samples, (double)r->batches, r->loss, r->accuracy,
        r->seconds,         r->top_k,           r->mse,  r->mae,
    };

    return write_figures(figures, FIGURES);
}

static bool is_count(double figure)
{
    return figure >= 0.0 && figure <= (double)SE_COUNT_MAX && figure == floor(figure);
}

static bool read_report(const json_t *list, seqecho_report *r)
{
    double figure[FIGURES];

    if (!read_figures(list, figure, FIGURES) || !is_count(figure[0]) ||
        !is_count(figure[1]))
        return false;
    *r = (seqecho_report){
        .struct_size = sizeof *r,
        .samples = (int64_t)figure[0],
        .batches = (int64_t)figure[1],
        .loss = figure[2],
        .accuracy = figure[3],
        .seconds = figure[4],
        .top_k = figure[5],
        .mse = figure[6],
        .mae = figure[7],
    };
    return true;
}

/* Of the epoch so far: samples, loss, steps that were measured, metrics. */
enum { SCORES = 3 + SE_METRICS };

static json_t *write_score(const se_score *s)
{
    double figures[SCORES] = { (double)s->samples, s->loss, s->measured };

    memcpy(figures + 3, s->metric, sizeof s->metric);
    return write_figures(figures, SCORES);
}

static bool read_score(const json_t *list, se_score *s)
{
    double figures[SCORES];

    if (!read_figures(list, figures, SCORES) || !is_count(figures[0]))
        return false;
    s->samples = (int64_t)figures[0];
    s->loss = figures[1];
    s->measured = figures[2];
    memcpy(s->metric, figures + 3, sizeof s->metric);
    return true;
}

/* ---- Datasets ----------------------------------------------------------------------- */

static json_t *write_dataset(const seqecho_dataset *dataset, se_writer *w,
                             const char *array)
{
    const se_dataset_identity id = se_dataset_identify(dataset);
    const int32_t *const sequence = seqecho_dataset_sequence(dataset, NULL);
    json_t *const object = json_object();
    bool good;

    if (dataset == NULL) {
        json_decref(object);
        return json_null();
    }
    good = se_json_put_uint64(object, "seed", id.seed) == 0;
    for (size_t i = 0; i < SE_DATASET_NUMBERS; i++)
        good = se_json_put_int(object, se_dataset_numbers[i], id.number[i]) == 0 && good;
    good = se_json_put_uint64(object, "position", seqecho_dataset_position(dataset)) == 0 &&
           good;
    se_writer_tensor(w, array, SE_I32, 1, &id.number[0], sequence);
    if (good)
        return object;
    json_decref(object);
    return NULL;
}

/* Is the sequence there that it was at? */
static int check_sequence(const se_container *file, const char *array,
                          const se_dataset_identity *id)
{
    const int64_t length = id->number[0], n_unique = id->number[1];
    se_tensor t;

    if (!se_container_find(file, array, &t) || t.dtype != SE_I32 ||
        !se_tensor_is(&t, 1, &length))
        return se_fail(SEQECHO_EFORMAT,
                       "fit: the array \"%s\" is missing or not of %" PRId64 " integers",
                       array, length);
    for (int64_t i = 0; i < length; i++) {
        int32_t value;

        se_tensor_ints(&t, (size_t)i, 1, &value);
        if (value < 0 || value >= n_unique)
            return se_fail(SEQECHO_EFORMAT,
                           "fit: \"%s\": value %" PRId64 " is %d, expected 0 to %" PRId64,
                           array, i, (int)value, n_unique - 1);
    }
    return SEQECHO_OK;
}

/* Is this the dataset that was written? */
static int check_dataset(const se_resume *resume, const char *name, const char *array,
                         const seqecho_dataset *dataset)
{
    const se_dataset_identity id = se_dataset_identify(dataset);
    const json_t *const object = json_object_get(resume->place, name);
    uint64_t seed, position;

    if (json_is_null(object) || dataset == NULL) {
        if (json_is_null(object) && dataset == NULL)
            return SEQECHO_OK;
        return se_fail(SEQECHO_EINVAL,
                       "fit: the checkpoint was taken in a fit %s a %s, this one %s",
                       dataset == NULL ? "with" : "without", name,
                       dataset == NULL ? "has none" : "has one");
    }
    SE_TRY(se_json_get_uint64(object, "seed", &seed, name));
    SE_TRY(se_json_get_uint64(object, "position", &position, name));
    if (seed != id.seed)
        return se_fail(SEQECHO_EINVAL,
                       "fit: the checkpoint's %s has seed %" PRIu64 ", found %" PRIu64,
                       name, seed, id.seed);
    for (size_t i = 0; i < SE_DATASET_NUMBERS; i++) {
        int64_t number;

        SE_TRY(se_json_get_int(object, se_dataset_numbers[i], INT64_MIN, INT64_MAX, &number,
                               name));
        if (number != id.number[i])
            return se_fail(SEQECHO_EINVAL,
                           "fit: the checkpoint's %s has %s %" PRId64 ", found %" PRId64,
                           name, se_dataset_numbers[i], number, id.number[i]);
    }
    return check_sequence(&resume->file, array, &id);
}

/* Bring it to that sequence, which need not be one that it has drawn. */
static void take_dataset(const se_resume *resume, const char *name, const char *array,
                         seqecho_dataset *dataset)
{
    const json_t *const object = json_object_get(resume->place, name);
    uint64_t position = 0;
    size_t length;
    se_tensor t;

    if (dataset == NULL || !se_container_find(&resume->file, array, &t) ||
        se_json_get_uint64(object, "position", &position, name) < 0)
        return;
    (void)seqecho_dataset_sequence(dataset, &length);
    se_tensor_ints(&t, 0, length, se_dataset_sequence(dataset));
    se_dataset_frame(dataset);
    seqecho_dataset_seek(dataset, position);
}

/* ---- Callbacks ---------------------------------------------------------------------- */

static json_t *write_callbacks(const se_fit_run *run, se_writer *w)
{
    json_t *const list = json_array();
    char prefix[SE_CALLBACK_PREFIX];

    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        const seqecho_callback *const c = run->opt.callbacks[i];
        json_t *const state = json_object();
        bool good = se_json_put_text(state, "kind", c->ops->name) == 0;

        if (good && c->ops->save != NULL)
            good = c->ops->save(c, state, w, se_callback_prefix(prefix, i)) == 0;
        if (!good)
            json_decref(state);
        if (!good || json_array_append_new(list, state) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static int check_callbacks(const se_fit_run *run, const json_t *place)
{
    const json_t *const list = json_object_get(place, "callbacks");
    const size_t n = run->opt.n_callbacks;

    if (json_array_size(list) != n)
        return se_fail(
            SEQECHO_EINVAL,
            "fit: the checkpoint was taken in a fit with %zu callbacks, this one "
            "has %zu",
            json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        const char *const kind =
            json_string_value(json_object_get(json_array_get(list, i), "kind"));
        const char *const name = run->opt.callbacks[i]->ops->name;

        if (kind == NULL || strcmp(kind, name) != 0)
            return se_fail(SEQECHO_EINVAL,
                           "fit: callbacks[%zu] is %s, but %.40s in the checkpoint", i,
                           name, kind != NULL ? kind : "nothing");
    }
    return SEQECHO_OK;
}

/* ---- The place ---------------------------------------------------------------------- */

int se_place_write(json_t **out, const se_fit_run *run, se_writer *w)
{
    const se_place *const p = &run->place;
    json_t *const o = json_object();

    *out = NULL;
    if (se_json_put_text(o, "stage", stages[p->stage]) < 0 ||
        se_json_put_bool(o, "told", p->told) < 0 ||
        se_json_put_bool(o, "ended", p->ended) < 0 ||
        se_json_put_int(o, "epoch", p->epoch) < 0 ||
        se_json_put_int(o, "batches_done", p->done) < 0 ||
        se_json_put_int(o, "samples", run->samples) < 0 ||
        se_json_put_int(o, "batch_size", run->batch) < 0 ||
        se_json_put_bool(o, "shuffle", run->opt.shuffle != 0) < 0 ||
        se_json_put_int(o, "reset_states", (int64_t)run->opt.reset_states) < 0 ||
        se_json_put_int(o, "validation_samples", run->validation.count) < 0 ||
        se_json_put_int(o, "validation_sequences", run->validation.sequences) < 0 ||
        se_json_put(o, "score", write_score(&p->score)) < 0 ||
        se_json_put_double(o, "seconds", p->seconds) < 0 ||
        se_json_put_double(o, "learning_rate", p->rate) < 0 ||
        se_json_put_bool(o, "validated", p->validated) < 0 ||
        se_json_put(o, "validation", write_report(&p->measured)) < 0 ||
        se_json_put(o, "last_epoch", write_report(&p->last)) < 0 ||
        se_json_put(o, "dataset", write_dataset(run->dataset, w, SE_DATASET_ARRAY)) < 0 ||
        se_json_put(o, "validation_dataset",
                    write_dataset(run->validation.dataset, w, SE_VALIDATION_ARRAY)) < 0 ||
        se_json_put(o, "callbacks", write_callbacks(run, w)) < 0) {
        json_decref(o);
        return w->err < 0 ? w->err
                          : se_fail(SEQECHO_ENOMEM,
                                    "%s: out of memory for the place of "
                                    "the fit",
                                    w->what);
    }
    *out = o;
    return SEQECHO_OK;
}

static bool is_of_place(const char *array)
{
    return strncmp(array, SE_CALLBACK_ARRAYS, sizeof SE_CALLBACK_ARRAYS - 1) == 0 ||
           strcmp(array, SE_DATASET_ARRAY) == 0 || strcmp(array, SE_VALIDATION_ARRAY) == 0;
}

int se_place_write_again(json_t **out, const se_resume *resume, se_writer *w)
{
    void *cursor = NULL;
    const char *name;
    se_tensor t;

    while ((name = se_container_next(&resume->file, &cursor)) != NULL)
        if (is_of_place(name) && se_container_find(&resume->file, name, &t) &&
            t.rank <= SE_TENSOR_RANK &&
            (t.dtype == SE_F32 || t.dtype == SE_F64 || t.dtype == SE_I32))
            se_writer_tensor(w, name, t.dtype, t.rank, t.dim, t.data);
    *out = json_incref(resume->place);
    return w->err;
}

/* The parts that are numbers alone. */
static int read_place(const json_t *o, se_place *p, const char *what)
{
    const char *stage;
    int s = 0;

    SE_TRY(se_json_get_text(o, "stage", &stage, what));
    while (s < SE_STAGES && strcmp(stages[s], stage) != 0)
        s++;
    if (s == SE_STAGES)
        return se_fail(SEQECHO_EFORMAT,
                       "%s: stage is \"%.40s\", which this library does not know", what,
                       stage);
    p->stage = (se_stage)s;
    SE_TRY(se_json_get_bool(o, "told", &p->told, what));
    SE_TRY(se_json_get_bool(o, "ended", &p->ended, what));
    SE_TRY(se_json_get_int(o, "epoch", 0, SE_COUNT_MAX, &p->epoch, what));
    SE_TRY(se_json_get_int(o, "batches_done", 0, SE_COUNT_MAX, &p->done, what));
    SE_TRY(se_json_get_double(o, "seconds", &p->seconds, what));
    SE_TRY(se_json_get_double(o, "learning_rate", &p->rate, what));
    SE_TRY(se_json_get_bool(o, "validated", &p->validated, what));
    if (!read_score(json_object_get(o, "score"), &p->score) ||
        !read_report(json_object_get(o, "validation"), &p->measured) ||
        !read_report(json_object_get(o, "last_epoch"), &p->last))
        return se_fail(SEQECHO_EFORMAT,
                       "%s: the fit's score, validation or last_epoch is not as expected",
                       what);
    return SEQECHO_OK;
}

int se_place_check(const json_t *place, const char *what)
{
    se_place p;
    int64_t number;
    bool flag;
    json_t *list;

    SE_TRY(read_place(place, &p, what));
    SE_TRY(se_json_get_int(place, "samples", 1, SE_COUNT_MAX, &number, what));
    SE_TRY(se_json_get_int(place, "batch_size", 1, SE_COUNT_MAX, &number, what));
    SE_TRY(se_json_get_int(place, "reset_states", SEQECHO_RESET_NEVER,
                           SEQECHO_RESET_EACH_BATCH, &number, what));
    SE_TRY(se_json_get_int(place, "validation_samples", 0, SE_COUNT_MAX, &number, what));
    SE_TRY(se_json_get_int(place, "validation_sequences", 1, SE_COUNT_MAX, &number, what));
    SE_TRY(se_json_get_bool(place, "shuffle", &flag, what));
    return se_json_get(place, "callbacks", JSON_ARRAY, &list, what);
}

static int check_number(const json_t *place, const char *name, int64_t now)
{
    int64_t then;

    SE_TRY(se_json_get_int(place, name, INT64_MIN, INT64_MAX, &then, "fit"));
    if (then != now)
        return se_fail(SEQECHO_EINVAL,
                       "fit: %s is %" PRId64 " in the checkpoint, but %" PRId64
                       " in the fit that goes on from it",
                       name, then, now);
    return SEQECHO_OK;
}

int se_place_fits(const se_fit_run *run, const se_resume *resume)
{
    const json_t *const place = resume->place;
    const bool shuffled = json_is_true(json_object_get(place, "shuffle"));
    se_place p;

    SE_TRY(read_place(place, &p, "fit"));
    SE_TRY(check_number(place, "samples", run->samples));
    SE_TRY(check_number(place, "batch_size", run->batch));
    SE_TRY(check_number(place, "reset_states", (int64_t)run->opt.reset_states));
    SE_TRY(check_number(place, "validation_samples", run->validation.count));
    SE_TRY(check_number(place, "validation_sequences", run->validation.sequences));
    if (shuffled != (run->opt.shuffle != 0))
        return se_fail(SEQECHO_EINVAL,
                       "fit: the checkpoint was taken in a fit that was %sshuffled",
                       shuffled ? "" : "not ");
    if (p.done > run->batches)
        return se_fail(SEQECHO_EFORMAT,
                       "fit: the checkpoint is behind batch %" PRId64 " of %" PRId64,
                       p.done, run->batches);
    SE_TRY(check_dataset(resume, "dataset", SE_DATASET_ARRAY, run->dataset));
    SE_TRY(check_dataset(resume, "validation_dataset", SE_VALIDATION_ARRAY,
                         run->validation.dataset));
    if (p.stage == SE_STAGE_EPOCH_END && run->t->history.count == 0)
        return se_fail(SEQECHO_EFORMAT,
                       "fit: the checkpoint is at the end of an epoch, but has no history");
    return check_callbacks(run, place);
}

void se_place_take(se_fit_run *run, const se_resume *resume)
{
    if (read_place(resume->place, &run->place, "fit") < 0)
        return; /* not reached: it has been checked */
    run->resumed = true;
    run->stopped = run->place.ended;
    take_dataset(resume, "dataset", SE_DATASET_ARRAY, run->dataset);
    take_dataset(resume, "validation_dataset", SE_VALIDATION_ARRAY,
                 run->validation.dataset);
}
