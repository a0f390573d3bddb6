/* graph/trace.c - what layers went through in the last forward pass, in the user's order.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "graph/session.h"

static const char *name_of(seqecho_trace what)
{
    static const char *const names[] = {
        [SEQECHO_TRACE_OUTPUT] = "output",
        [SEQECHO_TRACE_HIDDEN_STATE] = "hidden state",
        [SEQECHO_TRACE_CELL_STATE] = "cell state",
        [SEQECHO_TRACE_INPUT_GATE] = "input gate",
        [SEQECHO_TRACE_FORGET_GATE] = "forget gate",
        [SEQECHO_TRACE_OUTPUT_GATE] = "output gate",
        [SEQECHO_TRACE_CANDIDATE] = "candidate",
        [SEQECHO_TRACE_UPDATE_GATE] = "update gate",
        [SEQECHO_TRACE_RESET_GATE] = "reset gate",
        [SEQECHO_TRACE_SCORES] = "scores",
    };
    const size_t i = (size_t)what;

    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

/* The one step of a layer. */
static int find_step(const se_session *s, const char *layer, const char *call,
                     const se_step **out)
{
    const se_step *found = NULL;

    for (size_t i = 0; i < s->n_steps; i++) {
        const se_step *const step = &s->steps[i];

        if (strcmp(step->call->layer->name, layer) != 0)
            continue;
        if (found != NULL)
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: \"%.64s\" is called more than once, expected once", call,
                           layer);
        found = step;
    }
    if (found == NULL)
        return se_fail(SEQECHO_ENOTFOUND, "%s: there is no layer \"%.64s\" in the graph",
                       call, layer);
    *out = found;
    return SEQECHO_OK;
}

/* An input may have come as class numbers alone, and a repeated value is one step that
 * stands for all. */
static void copy_output(const se_slot *slot, int64_t batch, float *values)
{
    const int64_t rows = se_shape_rows(&slot->shape) * batch;
    const int64_t cols = se_shape_features(&slot->shape);

    for (int64_t row = 0; row < rows; row++) {
        const int64_t from = slot->value.repeated ? row % batch : row;
        float *const to = values + se_shape_user_row(&slot->shape, batch, row) * cols;

        if (slot->value.data != NULL) {
            memcpy(to, slot->value.data + from * cols, (size_t)cols * sizeof *to);
        } else {
            memset(to, 0, (size_t)cols * sizeof *to);
            if (slot->value.mask == NULL || slot->value.mask[row] != 0)
                to[slot->value.classes[from]] = 1.0f;
        }
    }
}

static void copy_trace(const se_trace *t, int64_t batch, float *values)
{
    for (int64_t s = 0; s < t->steps; s++) {
        const int64_t time = t->go_backwards ? t->steps - 1 - s : s;
        const int64_t from = t->in_time ? time : s;

        for (int64_t b = 0; b < batch; b++) {
            const int64_t row = t->by_sample ? b * t->steps + from : from * batch + b;
            float *const to = values + (b * t->steps + s) * t->cols;

            if (t->mask != NULL && t->mask[time * batch + b] == 0)
                memset(to, 0, (size_t)t->cols * sizeof *to);
            else
                memcpy(to, t->data + row * t->stride, (size_t)t->cols * sizeof *to);
        }
    }
}

int se_session_find_trace(const se_session *s, const char *layer, seqecho_trace what,
                          se_traced *out, const char *call)
{
    const se_step *step = NULL;

    if (name_of(what) == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: what is %d, expected one of SEQECHO_TRACE_...",
                       call, (int)what);
    SE_TRY(find_step(s, layer, call, &step));
    *out = (se_traced){ .name = name_of(what), .slot = step->out };
    if (what == SEQECHO_TRACE_OUTPUT) {
        out->shape = step->out->shape;
        return SEQECHO_OK;
    }
    if (step->call->layer->ops->trace == NULL ||
        !step->call->layer->ops->trace(&step->frame, what, &out->trace))
        return se_fail(SEQECHO_ENOTSUP, "%s: %s (%s) has no %s", call,
                       step->call->layer->name, step->call->layer->ops->class_name,
                       out->name);
    out->shape = (se_shape){ .dim = { out->trace.steps, out->trace.cols }, .rank = 2 };
    return SEQECHO_OK;
}

void se_session_get_trace(const se_session *s, const se_traced *found, float *values)
{
    if (found->trace.data != NULL)
        copy_trace(&found->trace, s->batch, values);
    else
        copy_output(found->slot, s->batch, values);
}
