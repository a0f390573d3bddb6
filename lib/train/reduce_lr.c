/* train/reduce_lr.c - lower the learning rate when a metric gets better no more.
 * SPDX-License-Identifier: MIT
 *
 * Step by step what Keras 3 does, whose learning rate is a float32. */
#include <inttypes.h>
#include <math.h>

#include "base/error.h"
#include "train/callbacks.h"

#define NAME "reduce_lr"

typedef struct reduce_lr {
    seqecho_callback base;
    se_monitor monitor;
    double factor, min_lr;
    int64_t patience, cooldown;

    int64_t wait;  /* epochs without progress */
    int64_t quiet; /* what is left of the cooldown */
} reduce_lr;

/* What save() has written. */
static int take_up(reduce_lr *r, const se_saved *saved)
{
    SE_TRY(se_monitor_load(&r->monitor, saved));
    SE_TRY(se_json_get_int(saved->state, "wait", 0, SE_COUNT_MAX, &r->wait, NAME));
    return se_json_get_int(saved->state, "quiet", 0, SE_COUNT_MAX, &r->quiet, NAME);
}

/* A rate that cannot be set, because it follows a schedule, is found out now: by setting
 * that of a copy. */
static int check_fit(const seqecho_callback *c, const seqecho_trainer *t, bool validation,
                     const se_saved *saved)
{
    se_optimizer optimizer = t->optimizer;
    reduce_lr r = *(const reduce_lr *)c;

    SE_TRY(se_monitor_check(&r.monitor, t, validation));
    SE_TRY(se_optimizer_set(&optimizer, SEQECHO_PARAM_LEARNING_RATE,
                            se_optimizer_rate(&t->optimizer)));
    return saved != NULL ? take_up(&r, saved) : SEQECHO_OK;
}

static int begin(seqecho_callback *c, seqecho_trainer *t, bool validation,
                 const se_saved *saved)
{
    reduce_lr *const r = (reduce_lr *)c;

    SE_UNUSED(t);
    se_monitor_begin(&r->monitor, validation);
    r->wait = r->quiet = 0;
    return saved != NULL ? take_up(r, saved) : SEQECHO_OK;
}

static int save(const seqecho_callback *c, json_t *state, se_writer *w, const char *prefix)
{
    const reduce_lr *const r = (const reduce_lr *)c;

    SE_UNUSED(w);
    SE_UNUSED(prefix);
    SE_TRY(se_monitor_save(&r->monitor, state));
    SE_TRY(se_json_put_int(state, "wait", r->wait));
    return se_json_put_int(state, "quiet", r->quiet);
}

static int reduce(reduce_lr *r, seqecho_trainer *t)
{
    double rate = 0.0;

    SE_TRY(seqecho_trainer_get(t, SEQECHO_PARAM_LEARNING_RATE, &rate));
    rate = (double)(float)rate;
    if (!(rate > (double)(float)r->min_lr))
        return SEQECHO_OK;
    rate *= r->factor;
    r->quiet = r->cooldown;
    r->wait = 0;
    return seqecho_trainer_set(t, SEQECHO_PARAM_LEARNING_RATE,
                               rate > r->min_lr ? rate : r->min_lr);
}

static int event(seqecho_callback *c, const seqecho_event *e)
{
    reduce_lr *const r = (reduce_lr *)c;

    if (e->kind != SEQECHO_EVENT_EPOCH_END)
        return 0;
    if (r->quiet > 0) {
        r->quiet--;
        r->wait = 0;
    }
    if (se_monitor_improved(&r->monitor,
                            se_history_last(&e->trainer->history, r->monitor.series)))
        r->wait = 0;
    else if (r->quiet == 0 && ++r->wait >= r->patience)
        return reduce(r, e->trainer);
    return 0;
}

static int check(const seqecho_reduce_lr_options *opt)
{
    if (!(opt->factor >= 0.0 && opt->factor < 1.0))
        return se_fail(SEQECHO_EINVAL,
                       NAME ": factor is %g, expected 0 (0.1) or more, and less than 1",
                       opt->factor);
    if (opt->patience < 0)
        return se_fail(SEQECHO_EINVAL,
                       NAME ": patience is %" PRId64 ", expected 0 (ten) or more",
                       opt->patience);
    if (opt->cooldown < 0)
        return se_fail(SEQECHO_EINVAL, NAME ": cooldown is %" PRId64 ", expected 0 or more",
                       opt->cooldown);
    if (!(opt->min_lr >= 0.0) || isinf(opt->min_lr))
        return se_fail(SEQECHO_EINVAL, NAME ": min_lr is %g, expected 0 or more",
                       opt->min_lr);
    return SEQECHO_OK;
}

int seqecho_reduce_lr_create(seqecho_callback **out,
                             const seqecho_reduce_lr_options *options)
{
    static const se_callback_ops ops = {
        .name = NAME, .check = check_fit, .begin = begin, .event = event, .save = save
    };
    seqecho_reduce_lr_options opt;
    reduce_lr *r;
    se_monitor monitor;

    SE_TRY(se_callback_options(out, &opt, sizeof opt, options, "reduce_lr options"));
    SE_TRY(check(&opt));
    SE_TRY(se_monitor_read(&monitor, NAME, opt.monitor,
                           opt.min_delta != 0.0 ? opt.min_delta : 0.0001));
    SE_TRY(se_callback_create(&r, sizeof *r, &ops, opt.allocator, NAME));
    r->monitor = monitor;
    r->factor = opt.factor > 0.0 ? opt.factor : 0.1;
    r->min_lr = opt.min_lr;
    r->patience = opt.patience > 0 ? opt.patience : 10;
    r->cooldown = opt.cooldown;
    *out = &r->base;
    return SEQECHO_OK;
}
