/* train/tensorboard.c - the metrics of every epoch, for TensorBoard to draw.
 * SPDX-License-Identifier: MIT
 *
 * As Keras does: those of training and of validation in files of two directories, under the
 * same tags, so that they are drawn as two curves of one picture. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "io/event_file.h"
#include "io/file.h"
#include "train/callbacks.h"

#define NAME "tensorboard"

enum { TRAIN, VALIDATION, PARTS };

static const char *const part_names[PARTS] = { "train", "validation" };

typedef struct tensorboard {
    seqecho_callback base;
    char *directory;
    char *path; /* room for that of a part */
    size_t path_size;

    bool computes[SE_HISTORY_SERIES];
    int64_t first; /* epoch of this fit */
    int parts;     /* that this fit has: with a validation, both */
    bool open;     /* both files, from the first event on */
    se_event_file file[PARTS];
} tensorboard;

static bool is_validation(se_series series)
{
    return series >= SE_HISTORY_VAL_LOSS;
}

/* ---- A fit -------------------------------------------------------------------------- */

static int begin(seqecho_callback *c, seqecho_trainer *t, bool validation,
                 const se_saved *saved)
{
    tensorboard *const b = (tensorboard *)c;

    b->first = 0;
    b->parts = validation ? PARTS : 1;
    b->open = false;
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        b->computes[i] =
            i != SE_HISTORY_SECONDS &&
            se_history_computes((se_series)i, t->objective.metrics.which, validation);
    if (saved != NULL)
        SE_TRY(se_json_get_int(saved->state, "epochs", 0, SE_COUNT_MAX, &b->first, NAME));
    return se_file_make_directory(b->directory, NAME);
}

static int check_fit(const seqecho_callback *c, const seqecho_trainer *t, bool validation,
                     const se_saved *saved)
{
    int64_t epochs;

    SE_UNUSED(c);
    SE_UNUSED(t);
    SE_UNUSED(validation);
    return saved != NULL
               ? se_json_get_int(saved->state, "epochs", 0, SE_COUNT_MAX, &epochs, NAME)
               : SEQECHO_OK;
}

/* How many epochs are written: a resumed fit's first. */
static int save(const seqecho_callback *c, json_t *state, se_writer *w, const char *prefix)
{
    SE_UNUSED(w);
    SE_UNUSED(prefix);
    return se_json_put_int(state, "epochs", ((const tensorboard *)c)->first);
}

static void close_files(tensorboard *b)
{
    for (int i = 0; i < PARTS; i++)
        if (b->file[i].file >= 0)
            (void)se_event_file_close(&b->file[i]);
}

static int open_files(tensorboard *b)
{
    for (int i = 0; i < PARTS && i < b->parts; i++) {
        se_strbuf path;

        se_strbuf_init(&path, b->path, b->path_size);
        se_strbuf_add(&path, "%s/%s", b->directory, part_names[i]);
        SE_TRY(
            se_event_file_open(&b->file[i], b->path, b->first, &b->base.allocator, NAME));
    }
    b->open = true;
    return SEQECHO_OK;
}

static int write_part(tensorboard *b, const se_history *history, int64_t epoch, int part)
{
    se_scalar scalars[SE_HISTORY_SERIES] = { { .value = 0.0f } };
    size_t n = 0;

    for (size_t i = 0; i < SE_HISTORY_SERIES; i++) {
        const se_series series = (se_series)i;
        const bool validation = is_validation(series);
        const char *const name = se_history_name(series);

        if (!b->computes[i] || validation != (part == VALIDATION))
            continue;
        snprintf(scalars[n].tag, sizeof scalars[n].tag, "epoch_%s",
                 validation ? name + strlen("val_") : name);
        scalars[n++].value = (float)se_history_last(history, series);
    }
    return se_event_file_add(&b->file[part], epoch, scalars, n);
}

static int event(seqecho_callback *c, const seqecho_event *e)
{
    tensorboard *const b = (tensorboard *)c;
    int err = SEQECHO_OK;

    if (e->kind == SEQECHO_EVENT_EPOCH_END) {
        if (!b->open)
            SE_TRY(open_files(b));
        for (int i = 0; i < b->parts; i++)
            SE_TRY(write_part(b, &e->trainer->history, e->epoch, i));
        b->first = e->epoch + 1;
    }
    for (int i = 0; i < PARTS && e->kind == SEQECHO_EVENT_FIT_END; i++)
        if (b->file[i].file >= 0 && err == SEQECHO_OK)
            err = se_event_file_close(&b->file[i]);
    return err;
}

static void end(seqecho_callback *c)
{
    close_files((tensorboard *)c);
}

/* ---- Options ------------------------------------------------------------------------ */

static void destroy(seqecho_callback *c)
{
    tensorboard *const b = (tensorboard *)c;

    se_free(&c->allocator, b->directory);
    se_free(&c->allocator, b->path);
}

static int copy_directory(tensorboard *b, const char *directory)
{
    const size_t length = strlen(directory);

    SE_TRY(se_alloc(&b->directory, &b->base.allocator, length + 1, 1, NAME));
    memcpy(b->directory, directory, length + 1);
    if (!se_size_add(&b->path_size, length, sizeof "/validation"))
        return se_fail(SEQECHO_EINVAL,
                       NAME ": the path of directory does not fit the address space");
    return se_alloc(&b->path, &b->base.allocator, b->path_size, 1, NAME);
}

int seqecho_tensorboard_create(seqecho_callback **out,
                               const seqecho_tensorboard_options *options)
{
    static const se_callback_ops ops = {
        .name = NAME,
        .check = check_fit,
        .begin = begin,
        .event = event,
        .save = save,
        .end = end,
        .destroy = destroy,
    };
    seqecho_tensorboard_options opt;
    tensorboard *b;
    int err;

    SE_TRY(se_callback_options(out, &opt, sizeof opt, options, "tensorboard options"));
    if (opt.directory == NULL || opt.directory[0] == '\0')
        return se_fail(SEQECHO_EINVAL, NAME ": directory is %s, expected a path",
                       opt.directory == NULL ? "NULL" : "empty");
    SE_TRY(se_callback_create(&b, sizeof *b, &ops, opt.allocator, NAME));
    for (int i = 0; i < PARTS; i++)
        b->file[i].file = -1;
    err = copy_directory(b, opt.directory);
    if (err < 0) {
        seqecho_callback_destroy(&b->base);
        return err;
    }
    *out = &b->base;
    return SEQECHO_OK;
}
