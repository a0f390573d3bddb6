/* checkpoint/checkpoint.c - a callback that saves the training as it goes.
 * SPDX-License-Identifier: MIT
 *
 * It saves when all callbacks have had an event, so that what they remember is in the file
 * as it will be when the next event comes. */
#include <inttypes.h>
#include <string.h>

#include <seqecho/files.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "checkpoint/find.h"
#include "checkpoint/folder.h"
#include "checkpoint/trainer_file.h"
#include "io/file.h"

#define NAME "checkpoint"
#define KEEP 3

typedef struct checkpoint {
    seqecho_callback base;
    char *directory;
    char *path; /* room for that of a file in it */
    size_t path_size;
    int64_t every_epochs, every_batches, keep;
    bool save_best;
    se_monitor monitor;

    int64_t batches; /* of this fit so far */
    bool stopped;    /* in the midst of an epoch, and saved there: the end */
    bool improved;   /* the epoch that has just ended is the best */
} checkpoint;

/* ---- A fit begins ------------------------------------------------------------------- */

/* What save() has written. */
static int take_up(checkpoint *k, const se_saved *saved)
{
    SE_TRY(se_json_get_int(saved->state, "batches", 0, SE_COUNT_MAX, &k->batches, NAME));
    return se_monitor_load(&k->monitor, saved);
}

/* A training that has made fewer steps than a checkpoint does not belong beside it: what it
 * saves would not be found. */
static int check_directory(const checkpoint *k, int64_t steps)
{
    int64_t newest;

    SE_TRY(se_folder_newest(&newest, k->directory, INT64_MAX, NAME));
    if (newest > steps)
        SE_TRY(se_checkpoint_find(&newest, k->path, k->path_size, k->directory,
                                  &k->base.allocator, NAME));
    if (newest > steps)
        return se_fail(SEQECHO_ESTATE,
                       NAME ": \"%.120s\" has a checkpoint of %" PRId64
                            " steps, but this training has made %" PRId64
                            ": resume from it, or choose another directory",
                       k->directory, newest, steps);
    return SEQECHO_OK;
}

static int check_fit(const seqecho_callback *c, const seqecho_trainer *t, bool validation,
                     const se_saved *saved)
{
    checkpoint k = *(const checkpoint *)c;

    if (k.save_best)
        SE_TRY(se_monitor_check(&k.monitor, t, validation));
    if (saved != NULL)
        return take_up(&k, saved);
    return check_directory(&k, t->optimizer.iterations);
}

static int begin(seqecho_callback *c, seqecho_trainer *t, bool validation,
                 const se_saved *saved)
{
    checkpoint *const k = (checkpoint *)c;

    SE_UNUSED(t);
    SE_TRY(se_file_make_directory(k->directory, NAME));
    se_monitor_begin(&k->monitor, validation);
    k->batches = 0;
    k->stopped = k->improved = false;
    return saved != NULL ? take_up(k, saved) : SEQECHO_OK;
}

static int save(const seqecho_callback *c, json_t *state, se_writer *w, const char *prefix)
{
    const checkpoint *const k = (const checkpoint *)c;

    SE_UNUSED(w);
    SE_UNUSED(prefix);
    SE_TRY(se_json_put_int(state, "batches", k->batches));
    return se_monitor_save(&k->monitor, state);
}

/* ---- Saving ------------------------------------------------------------------------- */

/* That it may not outlast a power failure is no reason to stop. */
static int write_file(checkpoint *k, const seqecho_trainer *t, const char *name)
{
    se_strbuf path;
    int err;

    se_strbuf_init(&path, k->path, k->path_size);
    se_strbuf_add(&path, "%s/%s", k->directory, name);
    err = se_trainer_write(t, k->path, NAME);
    return err == SEQECHO_EDURABILITY ? SEQECHO_OK : err;
}

static int write_checkpoint(checkpoint *k, const seqecho_trainer *t)
{
    const int64_t steps = t->optimizer.iterations;
    char name[SE_CHECKPOINT_NAME];

    SE_TRY(write_file(k, t, se_checkpoint_name(name, steps)));
    se_folder_tidy(k->directory, steps, k->keep);
    return SEQECHO_OK;
}

static int event(seqecho_callback *c, const seqecho_event *e)
{
    checkpoint *const k = (checkpoint *)c;

    if (e->kind == SEQECHO_EVENT_BATCH_END)
        k->batches++;
    k->improved = e->kind == SEQECHO_EVENT_EPOCH_END && k->save_best &&
                  se_monitor_improved(&k->monitor, se_history_last(&e->trainer->history,
                                                                   k->monitor.series));
    return 0;
}

/* Is it time for another one?  Not at the end of the fit, but before: early stopping puts
 * the best weights back there, from which no longer fit would go on. */
static bool is_due(const checkpoint *k, const seqecho_event *e, bool stopped)
{
    switch (e->kind) {
    case SEQECHO_EVENT_EPOCH_BEGIN: return stopped;
    case SEQECHO_EVENT_BATCH_END:
        return stopped || (k->every_batches > 0 && k->batches % k->every_batches == 0);
    case SEQECHO_EVENT_EPOCH_END:
        return stopped || e->epoch + 1 >= e->epochs ||
               (k->every_epochs > 0 && (e->epoch + 1) % k->every_epochs == 0);
    default: return false;
    }
}

static int after(seqecho_callback *c, const seqecho_event *e, bool stopped)
{
    checkpoint *const k = (checkpoint *)c;

    /* What comes after a stop at a batch - the end of a part of an epoch - is not what a
     * fit that was not stopped goes through, so nobody should go on from there. */
    if (k->stopped)
        return 0;
    k->stopped = stopped && e->kind == SEQECHO_EVENT_BATCH_END;
    /* In this order: a fit that goes on from the checkpoint takes this best for saved. */
    if (k->improved)
        SE_TRY(write_file(k, e->trainer, SE_CHECKPOINT_BEST));
    return is_due(k, e, stopped) ? write_checkpoint(k, e->trainer) : SEQECHO_OK;
}

/* ---- Options ------------------------------------------------------------------------ */

static void destroy(seqecho_callback *c)
{
    checkpoint *const k = (checkpoint *)c;

    se_free(&c->allocator, k->directory);
    se_free(&c->allocator, k->path);
}

static int check(const seqecho_checkpoint_options *opt)
{
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {
        { "every_epochs", opt->every_epochs },
        { "every_batches", opt->every_batches },
        { "keep", opt->keep },
    };

    if (opt->directory == NULL || opt->directory[0] == '\0')
        return se_fail(SEQECHO_EINVAL, NAME ": directory is %s, expected a path",
                       opt->directory == NULL ? "NULL" : "empty");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].value < 0)
            return se_fail(SEQECHO_EINVAL,
                           NAME ": %s is %" PRId64 ", expected 0 (the default) or more",
                           counts[i].name, counts[i].value);
    if (opt->monitor != NULL && !opt->save_best)
        return se_fail(SEQECHO_EINVAL,
                       NAME ": monitor is \"%.40s\", but save_best is not set",
                       opt->monitor);
    return se_callback_reserved(opt->reserved, sizeof opt->reserved, "checkpoint options");
}

static int copy_directory(checkpoint *k, const char *directory)
{
    const size_t length = strlen(directory);

    SE_TRY(se_alloc(&k->directory, &k->base.allocator, length + 1, 1, NAME));
    memcpy(k->directory, directory, length + 1);
    if (!se_size_add(&k->path_size, length, SE_CHECKPOINT_NAME + 1))
        return se_fail(SEQECHO_EINVAL,
                       NAME ": the path of directory does not fit the address space");
    return se_alloc(&k->path, &k->base.allocator, k->path_size, 1, NAME);
}

int seqecho_checkpoint_create(seqecho_callback **out,
                              const seqecho_checkpoint_options *options)
{
    static const se_callback_ops ops = {
        .name = NAME,
        .check = check_fit,
        .begin = begin,
        .event = event,
        .after = after,
        .save = save,
        .destroy = destroy,
    };
    seqecho_checkpoint_options opt;
    se_monitor monitor;
    checkpoint *k;
    int err;

    SE_TRY(se_callback_options(out, &opt, sizeof opt, options, "checkpoint options"));
    SE_TRY(check(&opt));
    SE_TRY(se_monitor_read(&monitor, NAME, opt.monitor, 0.0));
    SE_TRY(se_callback_create(&k, sizeof *k, &ops, opt.allocator, NAME));
    k->monitor = monitor;
    k->every_batches = opt.every_batches;
    k->every_epochs = opt.every_epochs > 0 || opt.every_batches > 0 ? opt.every_epochs : 1;
    k->keep = opt.keep > 0 ? opt.keep : KEEP;
    k->save_best = opt.save_best;
    err = copy_directory(k, opt.directory);
    if (err < 0) {
        seqecho_callback_destroy(&k->base);
        return err;
    }
    *out = &k->base;
    return SEQECHO_OK;
}
