/* train/callbacks.c - what ready-made callbacks share, and the smallest of them.
 * SPDX-License-Identifier: MIT */
#include "train/callbacks.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"

int se_callback_create(void *out, size_t size, const se_callback_ops *ops,
                       const seqecho_allocator *allocator, const char *what)
{
    seqecho_allocator a;
    seqecho_callback *c;

    SE_TRY(se_allocator_read(&a, allocator));
    SE_TRY(se_alloc(&c, &a, 1, size, what));
    *c = (seqecho_callback){ .ops = ops, .allocator = a };
    memcpy(out, &c, sizeof(void *));
    return SEQECHO_OK;
}

int se_callback_options(seqecho_callback **out, void *opt, size_t size, const void *given,
                        const char *what)
{
    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: out is NULL", what);
    *out = NULL;
    return se_options_read(opt, size, given, what);
}

int se_callback_reserved(const uint8_t *reserved, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++)
        if (reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: reserved is set, but this library knows only 0", what);
    return SEQECHO_OK;
}

void seqecho_callback_destroy(seqecho_callback *c)
{
    seqecho_allocator allocator;

    if (c == NULL)
        return;
    allocator = c->allocator;
    if (c->ops->destroy != NULL)
        c->ops->destroy(c);
    se_free(&allocator, c);
}

/* ---- A metric that is watched ---- */

int se_monitor_read(se_monitor *m, const char *owner, const char *name, double min_delta)
{
    *m = (se_monitor){ .owner = owner, .chosen = name != NULL, .min_delta = min_delta };
    if (name != NULL)
        m->series = se_history_find(name);
    if (m->series == SE_HISTORY_SERIES)
        return se_fail(
            SEQECHO_ENOTFOUND,
            "%s: there is no metric \"%s\" to monitor, expected e.g. \"val_loss\"", owner,
            name);
    if (!(min_delta >= 0.0) || isinf(min_delta))
        return se_fail(SEQECHO_EINVAL, "%s: min_delta is %g, expected 0 or more", owner,
                       min_delta);
    return SEQECHO_OK;
}

static se_series series_of(const se_monitor *m, bool validation)
{
    return m->chosen ? m->series : validation ? SE_HISTORY_VAL_LOSS : SE_HISTORY_LOSS;
}

int se_monitor_check(const se_monitor *m, const seqecho_trainer *t, bool validation)
{
    const se_series series = series_of(m, validation);

    if (!se_history_computes(series, t->objective.metrics.which, true))
        return se_fail(SEQECHO_ENOTFOUND,
                       "%s: it monitors \"%s\", which the trainer does not compute",
                       m->owner, se_history_name(series));
    if (!se_history_computes(series, t->objective.metrics.which, validation))
        return se_fail(SEQECHO_ENOTFOUND,
                       "%s: it monitors \"%s\", but the fit has no validation", m->owner,
                       se_history_name(series));
    return SEQECHO_OK;
}

void se_monitor_begin(se_monitor *m, bool validation)
{
    m->series = series_of(m, validation);
    m->has_best = false;
}

int se_monitor_save(const se_monitor *m, json_t *state)
{
    SE_TRY(se_json_put_bool(state, "has_best", m->has_best));
    return se_json_put_double(state, "best", m->best);
}

int se_monitor_load(se_monitor *m, const se_saved *saved)
{
    SE_TRY(se_json_get_bool(saved->state, "has_best", &m->has_best, m->owner));
    return se_json_get_double(saved->state, "best", &m->best, m->owner);
}

static bool rises(se_series s)
{
    return s == SE_HISTORY_ACCURACY || s == SE_HISTORY_TOP_K ||
           s == SE_HISTORY_VAL_ACCURACY || s == SE_HISTORY_VAL_TOP_K;
}

bool se_monitor_better(const se_monitor *m, double value, double other)
{
    return rises(m->series) ? value - m->min_delta > other : value + m->min_delta < other;
}

bool se_monitor_improved(se_monitor *m, double value)
{
    if (m->has_best ? !se_monitor_better(m, value, m->best) : isnan(value))
        return false;
    m->best = value;
    m->has_best = true;
    return true;
}

/* ---- Stop on NaN ---- */

static int stop_on_nan_event(seqecho_callback *c, const seqecho_event *event)
{
    SE_UNUSED(c);
    return event->kind == SEQECHO_EVENT_NOT_FINITE;
}

int seqecho_stop_on_nan_create(seqecho_callback **out, const seqecho_allocator *allocator)
{
    static const se_callback_ops ops = { .name = "stop_on_nan",
                                         .event = stop_on_nan_event };

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "stop_on_nan: out is NULL");
    *out = NULL;
    return se_callback_create(out, sizeof **out, &ops, allocator, ops.name);
}
