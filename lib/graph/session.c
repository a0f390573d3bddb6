/* graph/session.c - forward and backward over a session's calls, and its states.
 * SPDX-License-Identifier: MIT */
#include "graph/session.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Gradients beyond this could not be squared by the optimizer. */
#define GRADIENT_LIMIT 1e18f

static float *state_block(const se_session *s, size_t set)
{
    return s->states + set * s->state_size;
}

/* The mask of a call's first output, where it may have one. */
static void make_mask(se_step *step)
{
    se_frame *const f = &step->frame;

    if (!step->out->masked)
        return;
    f->mask = f->layer->ops->mask(f, step->out->mask);
    step->out->value.mask = f->mask;
}

void se_session_forward(se_session *s, bool logits)
{
    for (size_t i = 0; i < s->n_slots; i++)
        s->slots[i].has_grad = false;
    for (size_t i = 0; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];
        se_frame *const f = &step->frame;

        if (step->out->is_input)
            continue;
        for (size_t j = 0; j < f->n_in; j++) {
            f->in[j] = step->in[j]->value;
            if (j > 0 || !step->takes_classes)
                f->in[j].classes = NULL;
        }
        if (step->out->repeated) {
            step->out->value = (se_value){ .data = f->in[0].data, .repeated = true };
            continue;
        }
        for (size_t j = 0; j < f->n_out; j++)
            step->out[j].value =
                (se_value){ .data = step->out[j].buffer, .masked = step->out[j].masked };
        make_mask(step);
        f->learning = s->learning;
        f->noise.seed = s->seed;
        f->noise.pass = s->pass;
        if (f->keep_state) {
            f->state = s->zero_states ? NULL : state_block(s, s->current) + step->state;
            f->next_state = state_block(s, 1 - s->current) + step->state;
        }
        f->logits = logits && step->out->defers_softmax;
        f->grads = NULL;
        f->layer->ops->forward(f);
    }
}

/* Run a call the quick way, if it has one, its first output going to `out`. */
static bool step_quickly(se_session *s, se_step *step, float *out)
{
    se_frame *const f = &step->frame;
    bool done;

    if (!f->keep_state)
        return false;
    f->state = s->zero_states ? NULL : state_block(s, s->current) + step->state;
    f->next_state = state_block(s, 1 - s->current) + step->state;
    if (f->layer->ops->step == NULL)
        return false;
    f->out[0] = out;
    done = f->layer->ops->step(f);
    f->out[0] = step->out->buffer;
    return done;
}

int se_session_step(se_session *s, const float *x, const int32_t *classes, float *y)
{
    const se_slot *const in = s->inputs[0], *const result = s->outputs[0];
    bool written = false;

    if (classes != NULL) {
        SE_TRY(se_session_feed_step(s, classes));
        x = in->value.data;
        classes = in->value.classes;
    }
    /* The first call is the input: all others depend on it. */
    for (size_t i = 1; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];
        se_frame *const f = &step->frame;
        const bool last = step->out == result;

        for (size_t j = 0; j < f->n_in; j++) {
            if (step->in[j] == in)
                f->in[j].data = x;
            f->in[j].mask = step->in[j]->value.mask;
        }
        if (step->in[0] == in && step->takes_classes)
            f->in[0].classes = classes;
        make_mask(step);
        if (!step_quickly(s, step, last ? y : step->out->buffer))
            f->layer->ops->forward(f);
        else
            written |= last;
    }
    se_session_commit(s);
    /* Samples of one row each: the user's order is ours. */
    if (!written)
        memcpy(y, result == in ? x : result->buffer,
               (size_t)(s->batch * se_shape_features(&result->shape)) * sizeof *y);
    return SEQECHO_OK;
}

/* Let one call add its part to the gradients of its inputs. */
static void step_backward(se_session *s, se_step *step)
{
    se_frame *const f = &step->frame;

    for (size_t j = 0; j < f->n_out; j++)
        f->d_out[j] = step->out[j].has_grad ? step->out[j].grad : NULL;
    for (size_t j = 0; j < f->n_in; j++)
        if (f->want_d_in[j]) {
            f->d_in[j] = step->in[j]->has_grad ? s->scratch[j] : step->in[j]->grad;
            step->in[j]->has_grad = true; /* the same node may come again */
        }
    f->grads = s->grads;
    f->fresh = step->last;
    f->layer->ops->backward(f);
    for (size_t j = 0; j < f->n_in; j++) {
        se_slot *const in = step->in[j];
        const int64_t rows = in->repeated ? 1 : se_shape_rows(&in->shape);

        if (f->want_d_in[j] && f->d_in[j] != in->grad)
            s->compute.k->add(rows * s->batch * se_shape_features(&in->shape),
                              s->scratch[j], in->grad);
    }
}

/* Gradients of weights that no output depends on in this pass. */
static void clear_grads(se_session *s, const seqecho_layer *layer)
{
    for (size_t i = 0; i < layer->n_weights; i++) {
        const se_weight *const w = &layer->weights[i];

        memset(s->grads + w->offset, 0, (size_t)se_weight_size(w) * sizeof *s->grads);
    }
}

/* Is there anything that the backward pass of a call would be for? */
static bool wanted(const se_step *step)
{
    const se_frame *const f = &step->frame;

    if (!f->layer->frozen)
        return step->out->needs_grad;
    for (size_t j = 0; j < f->n_in; j++)
        if (f->want_d_in[j])
            return true;
    return false;
}

void se_session_backward(se_session *s)
{
    for (size_t i = s->n_steps; i-- > 0;) {
        se_step *const step = &s->steps[i];
        bool reached = false;

        for (size_t j = 0; j < step->frame.n_out; j++)
            reached |= step->out[j].has_grad;
        if (reached && !step->out->is_input && wanted(step))
            step_backward(s, step);
        else if (step->last)
            clear_grads(s, step->frame.layer);
    }
    /* What samples hold beyond their lengths is not looked at, so nothing depends on it. */
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        const se_slot *const in = s->inputs[i];

        if (in->value.mask != NULL && in->has_grad)
            se_session_clear_missing(in, in->value.mask, s->batch, in->grad);
    }
}

/* ---- Outputs ---- */

static int64_t value_size(const se_session *s, const se_slot *slot)
{
    return (slot->repeated ? se_shape_features(&slot->shape)
                           : se_shape_size(&slot->shape)) *
           s->batch;
}

void se_session_get_output(const se_session *s, size_t i, float *out)
{
    const se_slot *const slot = s->outputs[i];

    se_shape_from_steps(&slot->shape, s->batch, se_shape_features(&slot->shape),
                        slot->value.data, out);
}

static void get_outputs(const se_session *s, int64_t first, int64_t samples, float *out)
{
    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const int64_t size = se_shape_size(&s->outputs[i]->shape);

        se_session_get_output(s, i, out + first * size);
        out += samples * size;
    }
}

int se_session_check_out(const se_session *s, int64_t samples, const float *out,
                         size_t out_count, const char *call)
{
    int64_t want = 0;

    for (size_t i = 0; i < s->graph->n_outputs; i++)
        want += se_shape_size(&s->outputs[i]->shape) * samples;
    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: out is NULL", call);
    if (out_count != (size_t)want)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the outputs of %" PRId64 " samples are %" PRId64
                       " floats, out_count is %zu",
                       call, samples, want, out_count);
    return SEQECHO_OK;
}

int se_session_run(se_session *s, const seqecho_view *x, int64_t samples, int64_t batch,
                   bool want_dx, float *out)
{
    for (int64_t first = 0; first < samples; first += batch) {
        const int64_t left = samples - first;

        SE_TRY(se_session_feed(s, x, first, left < batch ? left : batch, want_dx));
        se_session_forward(s, false);
        se_session_commit(s);
        get_outputs(s, first, samples, out);
    }
    return SEQECHO_OK;
}

/* ---- What is not finite ---- */

static const char *bad_text(float value)
{
    return isnan(value) ? "NaN" : isinf(value) ? "infinite" : "too large";
}

int se_session_blame_output(const se_session *s, const char *what)
{
    for (size_t i = 0; i < s->n_slots; i++) {
        const se_slot *const slot = &s->slots[i];
        float worst;

        if (!slot->node->call->used || slot->value.data == NULL)
            continue;
        worst = s->compute.k->max_abs(value_size(s, slot), slot->value.data);
        if (!isfinite(worst))
            return se_fail(SEQECHO_ENUMERIC, "%s: its %s %s", slot->node->call->layer->name,
                           slot->is_input ? "input is" : "output became", bad_text(worst));
    }
    return se_fail(SEQECHO_ENUMERIC, "%s is not a finite number", what);
}

/* The largest of each piece. */
typedef struct largest_job {
    const se_kernels *k;
    const float *x;
    float piece[SE_THREADS_MAX];
} largest_job;

static void largest_range(void *arg, int piece, int64_t begin, int64_t end)
{
    largest_job *const job = arg;
    const float largest = job->k->max_abs(end - begin, job->x + begin);

    /* A piece may have several ranges; a NaN in any of them stays. */
    if (!isnan(job->piece[piece]) && !(largest <= job->piece[piece]))
        job->piece[piece] = largest;
}

static bool grads_fine(const se_session *s)
{
    largest_job job = { .k = s->compute.k, .x = s->grads };
    bool fine = true;

    se_graph_share(s->graph, &s->compute, largest_range, &job);
    for (int i = 0; i < SE_THREADS_MAX; i++)
        fine = fine && job.piece[i] <= GRADIENT_LIMIT;
    return fine;
}

static int check_weight_grads(const se_session *s)
{
    const se_kernels *const k = s->compute.k;
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    if (grads_fine(s))
        return SEQECHO_OK;
    while ((w = se_graph_next_weight(s->graph, &cursor)) != NULL) {
        const float worst = se_layer_trained(cursor.layer)
                                ? k->max_abs(se_weight_size(w), s->grads + w->offset)
                                : 0.0f;

        if (!(worst <= GRADIENT_LIMIT))
            return se_fail(SEQECHO_ENUMERIC, "%s: its gradient became %s", w->path,
                           bad_text(worst));
    }
    return SEQECHO_OK; /* not reached: the block is its weights and zeros between them */
}

int se_session_check_grads(const se_session *s)
{
    SE_TRY(check_weight_grads(s));
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        const se_slot *const slot = s->inputs[i];
        float worst;

        if (!slot->has_grad)
            continue;
        worst = s->compute.k->max_abs(value_size(s, slot), slot->grad);
        if (!isfinite(worst))
            return se_fail(SEQECHO_ENUMERIC, "%s: the gradient of x became %s",
                           slot->node->call->layer->name, bad_text(worst));
    }
    return SEQECHO_OK;
}

/* ---- States ---- */

void se_session_commit(se_session *s)
{
    s->pass += s->learning;
    s->learning = false;
    if (s->state_size == 0)
        return;
    s->current = 1 - s->current;
    s->zero_states = false;
}

void se_session_reset(se_session *s)
{
    s->zero_states = true;
}

float *se_session_state(const se_session *s, size_t i, size_t *size, const char **layer)
{
    const se_step *const step = &s->steps[i];
    const se_frame *const f = &step->frame;

    if (!f->keep_state)
        return NULL;
    *size = (size_t)(s->state_batch * f->layer->ops->state_size(f->layer, f->in_shape[0]));
    *layer = f->layer->name;
    return state_block(s, s->current) + step->state;
}

void se_session_set_states(se_session *s)
{
    s->zero_states = false;
}

void se_session_save_states(se_session *s)
{
    s->saved_zero = s->zero_states;
    if (!s->zero_states)
        memcpy(state_block(s, 2), state_block(s, s->current),
               s->state_size * sizeof(float));
}

void se_session_restore_states(se_session *s)
{
    s->zero_states = s->saved_zero;
    if (!s->zero_states)
        memcpy(state_block(s, s->current), state_block(s, 2),
               s->state_size * sizeof(float));
}
