/* training.c - one training of an example: what is shown of it, where it is saved, and how
 * it is stopped.
 * SPDX-License-Identifier: MIT */
#include "training.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "curves.h"
#include "files.h"
#include "plot.h"
#include "stop.h"

#define LONGEST_COMMAND 4096

/* The callbacks that the command line asks for. */
static int watch(training *t)
{
    const args *const a = t->args;
    int err = 0;

    if (a->checkpoint != NULL) {
        err = files_checkpoint(&t->callbacks[0], a);
        t->n_callbacks = t->checkpoints = err == 0;
    }
    if (a->tensorboard != NULL && err == 0) {
        err = seqecho_tensorboard_create(&t->callbacks[t->n_callbacks],
                                         SEQECHO_TENSORBOARD(.directory = a->tensorboard));
        t->n_callbacks += err == 0;
    }
    return err;
}

int training_open(training *t, seqecho_graph *model, seqecho_trainer *trainer,
                  const args *a)
{
    int err;

    *t = (training){ .args = a, .model = model, .trainer = trainer };
    err = files_check(a);
    if (err == 0)
        err = files_load(model, a);
    if (err == 0)
        err = files_resume(trainer, a);
    if (err == 0)
        err = files_dot(model, a);
    if (err == 0)
        err = watch(t);
    if (err != 0)
        return err;
    progress_open(&t->display, a, trainer);
    t->done = t->display.first;
    stop_begin();
    t->opened = true;
    return 0;
}

int training_event(void *user, const seqecho_event *e)
{
    training *const t = user;
    const bool stop = e->kind == SEQECHO_EVENT_BATCH_END && stop_signal() != 0;

    if (t->stopped) /* the end of an epoch that is not complete */
        return 0;
    t->begun = true;
    t->done =
        e->epoch + (e->kind == SEQECHO_EVENT_EPOCH_END || e->kind == SEQECHO_EVENT_FIT_END);
    if (stop)
        t->display.next = 0.0; /* shown as it stands */
    (void)progress_event(&t->display, e);
    t->stopped = stop;
    return stop;
}

/* ---- A loop of its own -------------------------------------------------------------- */

/* The first epoch is saved too: if that cannot be, better now than later. */
size_t training_callbacks(training *t, int64_t epoch)
{
    t->saving = t->checkpoints && (!t->begun || (epoch + 1) % files_every(t->args) == 0 ||
                                   epoch + 1 == t->args->epochs || stop_signal() != 0);
    return t->saving;
}

void training_epoch(training *t, int64_t epoch, const seqecho_report *report)
{
    t->begun = true;
    t->done = epoch + 1;
    progress_epoch(&t->display, epoch, t->args->epochs, report);
    t->stopped = stop_signal() != 0 && (t->saving || !t->checkpoints);
}

/* ---- The end ------------------------------------------------------------------------ */

/* What to type to go on. */
static char *command(const training *t, char *text, size_t size)
{
    const args *const a = t->args;
    char more[64] = "";

    if (a->checkpoint == NULL)
        snprintf(more, sizeof more, " --epochs %" PRId64 " --load ", a->epochs - t->done);
    else if (!a->resume)
        snprintf(more, sizeof more, " --resume");
    return stop_command(a, more, a->checkpoint == NULL ? a->save : NULL, text, size);
}

/* "epoch 120 of 500": the one under way. */
static char *place(const training *t, char *text, size_t size)
{
    const int64_t epochs = t->args->epochs;

    snprintf(text, size, "epoch %" PRId64 " of %" PRId64,
             t->done < epochs ? t->done + 1 : epochs, epochs);
    return text;
}

static int say_stopped(const training *t)
{
    const args *const a = t->args;
    char where[64], how[LONGEST_COMMAND];

    place(t, where, sizeof where);
    if (a->checkpoint != NULL)
        args_say(a, "stopped at %s; go on with: %s", where, command(t, how, sizeof how));
    else if (a->save != NULL)
        args_say(a, "stopped at %s; the model so far is in %s; train it further with: %s",
                 where, a->save, command(t, how, sizeof how));
    else
        args_say(a, "stopped at %s; nothing is saved%s", where,
                 a->several ? "" : ", that takes --checkpoint DIR or --save FILE");
    return 128 + stop_signal();
}

/* A checkpoint could not be written, and that has ended the fit. */
static void say_broken_off(const training *t, int err)
{
    const args *const a = t->args;
    char where[64], how[LONGEST_COMMAND];

    args_report_later(a, err);
    args_say_later(a, "the training ended there, at %s; try to go on with: %s",
                   place(t, where, sizeof where), command(t, how, sizeof how));
}

/* The directory has checkpoints of another training. */
static int say_taken(const args *a, int err)
{
    char how[LONGEST_COMMAND];

    (void)args_report(a, err);
    args_say(a, "if they are of this training, go on with: %s",
             stop_command(a, " --resume", NULL, how, sizeof how));
    return EXIT_FAILURE;
}

static void draw(const training *t)
{
    const args *const a = t->args;
    char known[200], batch[64] = "";

    if (a->plot == NULL)
        return;
    if (a->batch > 0)
        snprintf(batch, sizeof batch, ", batches of %" PRId64, a->batch);
    snprintf(known, sizeof known, "%" PRId64 " units%s, seed %" PRIu64, a->units, batch,
             a->seed);
    curves_add(a, t->name != NULL ? t->name : a->program, t->trainer);
    plot_draw(a, known);
}

int training_close(training *t, int err)
{
    const args *const a = t->args;
    int saved = 0;

    if (t->opened) {
        stop_end();
        progress_close(&t->display);
    }
    for (size_t i = 0; i < t->n_callbacks; i++)
        seqecho_callback_destroy(t->callbacks[i]);
    if (err == SEQECHO_EIO && t->begun && stop_signal() == 0) {
        say_broken_off(t, err);
        err = 0;
    }
    if (err == SEQECHO_ESTATE && t->checkpoints && !a->resume)
        return say_taken(a, err);
    if (err != 0)
        return err;
    draw(t);
    if (a->save != NULL && (stop_signal() == 0 || a->checkpoint == NULL))
        saved = seqecho_graph_save(t->model, a->save);
    if (stop_signal() != 0)
        return saved < 0 ? saved : say_stopped(t);
    if (saved < 0)
        args_report_later(a, saved);
    return 0;
}
