/* train/early_stopping.c - stop when a metric gets better no more.
 * SPDX-License-Identifier: MIT
 *
 * Step by step what Keras 3 does; but a metric that is NaN is never the best. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "model/weights_file.h"
#include "train/callbacks.h"

#define NAME "early_stopping"

typedef struct early_stopping {
    seqecho_callback base;
    se_monitor monitor;
    int64_t patience, start_from_epoch;
    bool restore, has_baseline;
    double baseline;

    int64_t wait; /* epochs without progress */
    int64_t best_epoch;
    const seqecho_graph *graph;
    float *weights; /* of the best epoch, if restore */
    bool has_weights;
} early_stopping;

/* What save() has written, but for the weights. */
static int take_up(early_stopping *s, const se_saved *saved)
{
    SE_TRY(se_monitor_load(&s->monitor, saved));
    SE_TRY(se_json_get_int(saved->state, "wait", 0, SE_COUNT_MAX, &s->wait, NAME));
    SE_TRY(
        se_json_get_int(saved->state, "best_epoch", 0, SE_COUNT_MAX, &s->best_epoch, NAME));
    SE_TRY(se_json_get_bool(saved->state, "has_weights", &s->has_weights, NAME));
    if (s->has_weights && !s->restore)
        return se_fail(SEQECHO_EINVAL, NAME ": restore_best_weights was set when the "
                                            "checkpoint was taken, and is not now");
    return SEQECHO_OK;
}

static int check_fit(const seqecho_callback *c, const seqecho_trainer *t, bool validation,
                     const se_saved *saved)
{
    early_stopping s = *(const early_stopping *)c;

    SE_TRY(se_monitor_check(&s.monitor, t, validation));
    if (saved == NULL)
        return SEQECHO_OK;
    SE_TRY(take_up(&s, saved));
    return s.has_weights
               ? se_block_find(saved->file, t->session->graph, saved->prefix, NAME)
               : SEQECHO_OK;
}

static int begin(seqecho_callback *c, seqecho_trainer *t, bool validation,
                 const se_saved *saved)
{
    early_stopping *const s = (early_stopping *)c;
    const seqecho_graph *const graph = t->session->graph;

    if (s->restore)
        SE_TRY(se_alloc(&s->weights, &c->allocator, graph->n_params, sizeof *s->weights,
                        "best weights"));
    se_monitor_begin(&s->monitor, validation);
    s->wait = 0;
    s->best_epoch = 0;
    s->graph = graph;
    s->has_weights = false;
    if (saved != NULL && take_up(s, saved) == SEQECHO_OK && s->has_weights)
        se_block_read(saved->file, graph, saved->prefix, s->weights);
    return SEQECHO_OK;
}

static void end(seqecho_callback *c)
{
    early_stopping *const s = (early_stopping *)c;

    se_free(&c->allocator, s->weights);
    s->weights = NULL;
}

static int save(const seqecho_callback *c, json_t *state, se_writer *w, const char *prefix)
{
    const early_stopping *const s = (const early_stopping *)c;

    SE_TRY(se_monitor_save(&s->monitor, state));
    SE_TRY(se_json_put_int(state, "wait", s->wait));
    SE_TRY(se_json_put_int(state, "best_epoch", s->best_epoch));
    SE_TRY(se_json_put_bool(state, "has_weights", s->has_weights));
    if (s->has_weights)
        se_block_write(w, s->graph, s->weights, prefix);
    return w->err;
}

static void keep_weights(early_stopping *s, int64_t epoch)
{
    s->best_epoch = epoch;
    s->has_weights = s->restore;
    if (s->restore)
        memcpy(s->weights, s->graph->params, s->graph->n_params * sizeof *s->weights);
}

static int epoch_end(early_stopping *s, int64_t epoch, double value)
{
    if (epoch < s->start_from_epoch)
        return 0;
    if (s->restore && !s->has_weights)
        keep_weights(s, epoch);
    s->wait++;
    if (se_monitor_improved(&s->monitor, value)) {
        keep_weights(s, epoch);
        if (!s->has_baseline || se_monitor_better(&s->monitor, value, s->baseline))
            s->wait = 0;
        return 0;
    }
    return s->wait >= s->patience && epoch > 0;
}

static int event(seqecho_callback *c, const seqecho_event *e)
{
    early_stopping *const s = (early_stopping *)c;

    if (e->kind == SEQECHO_EVENT_EPOCH_END)
        return epoch_end(s, e->epoch,
                         se_history_last(&e->trainer->history, s->monitor.series));
    if (e->kind == SEQECHO_EVENT_FIT_END && s->has_weights)
        memcpy(s->graph->params, s->weights, s->graph->n_params * sizeof *s->weights);
    return 0;
}

static const se_callback_ops ops = {
    .name = NAME,
    .check = check_fit,
    .begin = begin,
    .event = event,
    .save = save,
    .end = end,
};

static int check(const seqecho_early_stopping_options *opt)
{
    if (opt->patience < 0)
        return se_fail(SEQECHO_EINVAL, NAME ": patience is %" PRId64 ", expected 0 or more",
                       opt->patience);
    if (opt->start_from_epoch < 0)
        return se_fail(SEQECHO_EINVAL,
                       NAME ": start_from_epoch is %" PRId64 ", expected 0 or more",
                       opt->start_from_epoch);
    if (opt->has_baseline && isnan(opt->baseline))
        return se_fail(SEQECHO_EINVAL, NAME ": baseline is NaN, expected a number");
    return se_callback_reserved(opt->reserved, sizeof opt->reserved,
                                "early stopping options");
}

int seqecho_early_stopping_create(seqecho_callback **out,
                                  const seqecho_early_stopping_options *options)
{
    seqecho_early_stopping_options opt;
    early_stopping *s;
    se_monitor monitor;

    SE_TRY(se_callback_options(out, &opt, sizeof opt, options, "early stopping options"));
    SE_TRY(check(&opt));
    SE_TRY(se_monitor_read(&monitor, NAME, opt.monitor, opt.min_delta));
    SE_TRY(se_callback_create(&s, sizeof *s, &ops, opt.allocator, NAME));
    s->monitor = monitor;
    s->patience = opt.patience;
    s->start_from_epoch = opt.start_from_epoch;
    s->restore = opt.restore_best_weights;
    s->has_baseline = opt.has_baseline;
    s->baseline = opt.baseline;
    *out = &s->base;
    return SEQECHO_OK;
}

int seqecho_early_stopping_best(const seqecho_callback *callback, double *value,
                                int64_t *epoch)
{
    const early_stopping *const s = (const early_stopping *)callback;

    if (callback == NULL)
        return se_fail(SEQECHO_EINVAL, "early_stopping_best: callback is NULL");
    if (callback->ops != &ops)
        return se_fail(
            SEQECHO_EINVAL,
            "early_stopping_best: the callback is of another kind, expected one of "
            "seqecho_early_stopping_create()");
    if (!s->monitor.has_best)
        return se_fail(
            SEQECHO_ENOTFOUND,
            "early_stopping_best: it has not seen a value yet, expected a fit of "
            "one epoch or more");
    if (value != NULL)
        *value = s->monitor.best;
    if (epoch != NULL)
        *epoch = s->best_epoch;
    return SEQECHO_OK;
}
