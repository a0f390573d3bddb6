/* train/parts.c - a training step in its parts, and prediction.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "train/resume.h"
#include "train/trainer.h"

int seqecho_trainer_predict(seqecho_trainer *t, const seqecho_view *x, float *out,
                            size_t out_count)
{
    int64_t samples = 0, batch = 0;

    SE_TRY(se_trainer_enter(t, "predict"));
    SE_TRY(se_session_check(t->session, x, &samples));
    SE_TRY(se_session_check_out(t->session, samples, out, out_count, "predict"));
    SE_TRY(se_trainer_batch(t, 0, samples, &batch));
    SE_TRY(se_trainer_bind(t, batch, false));
    return se_session_run(t->session, x, samples, batch, false, out);
}

int seqecho_trainer_forward(seqecho_trainer *t, const seqecho_view *x, float *out,
                            size_t out_count)
{
    int64_t samples = 0;

    SE_TRY(se_trainer_enter(t, "forward"));
    SE_TRY(se_session_check(t->session, x, &samples));
    SE_TRY(se_session_check_out(t->session, samples, out, out_count, "forward"));
    SE_TRY(se_trainer_one_batch(t, samples));
    SE_TRY(se_trainer_bind(t, samples, true));
    t->session->learning = true;
    SE_TRY(se_session_run(t->session, x, samples, samples, true, out));
    t->phase = SE_PHASE_FORWARD;
    return SEQECHO_OK;
}

/* dx takes the gradients of every float input; x tells which ones are. */
static int check_dx(const se_session *s, const seqecho_view *x, int64_t samples,
                    const float *dx, size_t dx_count, const char *call)
{
    int64_t want = 0;

    for (size_t i = 0; dx != NULL && i < s->graph->n_inputs; i++)
        if (x != NULL ? x[s->view[i]].dtype == SEQECHO_FLOAT32 : !s->inputs[i]->fed_classes)
            want += se_shape_size(&s->inputs[i]->shape) * samples;
    if (dx_count != (size_t)want)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the gradients of the inputs are %" PRId64
                       " floats, dx_count is "
                       "%zu",
                       call, want, dx_count);
    return SEQECHO_OK;
}

static void get_dx(const se_session *s, float *dx)
{
    for (size_t i = 0; dx != NULL && i < s->graph->n_inputs; i++) {
        const se_slot *const slot = s->inputs[i];
        const int64_t size = se_shape_size(&slot->shape) * s->batch;

        if (slot->fed_classes)
            continue;
        if (slot->has_grad)
            se_shape_from_steps(&slot->shape, s->batch, se_shape_features(&slot->shape),
                                slot->grad, dx);
        else
            memset(dx, 0, (size_t)size * sizeof *dx);
        dx += size;
    }
}

int seqecho_trainer_backward(seqecho_trainer *t, const seqecho_view *dy, float *dx,
                             size_t dx_count)
{
    se_session *s;

    SE_TRY(se_trainer_enter(t, "backward"));
    s = t->session;
    if (t->phase != SE_PHASE_FORWARD)
        return se_fail(SEQECHO_ESTATE,
                       "backward: expected one forward() before it, found none");
    if (dy == NULL)
        return se_fail(SEQECHO_EINVAL, "backward: dy is NULL");
    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const char *const name = s->outputs[i]->node->call->layer->name;
        int64_t samples = 0;

        SE_TRY(se_view_check(&dy[i], &s->outputs[i]->shape, false, name, "dy", &samples));
        if (samples != s->batch)
            return se_fail(SEQECHO_ESHAPE,
                           "%s: dy has %" PRId64 " samples, forward() had %" PRId64, name,
                           samples, s->batch);
    }
    SE_TRY(check_dx(s, NULL, s->batch, dx, dx_count, "backward"));

    t->phase = SE_PHASE_IDLE; /* the values are used up */
    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        se_slot *const slot = s->outputs[i];

        if (!slot->needs_grad)
            continue;
        se_shape_to_steps(&slot->shape, s->batch, se_shape_features(&slot->shape),
                          dy[i].data, slot->grad);
        slot->has_grad = true;
    }
    se_session_backward(s);
    se_gradients_regularize(s->graph, &s->compute, t->grads);
    SE_TRY(se_session_check_grads(s));
    get_dx(s, dx);
    t->phase = SE_PHASE_GRADIENTS;
    return SEQECHO_OK;
}

int seqecho_trainer_compute_gradients(seqecho_trainer *t, const seqecho_view *x,
                                      const seqecho_view *y, float *dx, size_t dx_count,
                                      seqecho_report *report)
{
    const double start = se_seconds();
    se_score score = { .samples = 0 };
    seqecho_report result;
    const se_samples samples = { x, y, NULL };
    int64_t count = 0;

    SE_TRY(se_trainer_enter(t, "compute_gradients"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_trainer_check(t, &samples, &count));
    SE_TRY(se_trainer_one_batch(t, count));
    SE_TRY(check_dx(t->session, x, count, dx, dx_count, "compute_gradients"));
    SE_TRY(se_trainer_pass(t, &samples, 0, count, true, dx != NULL, &score));
    se_session_commit(t->session);
    get_dx(t->session, dx);
    t->phase = SE_PHASE_GRADIENTS;
    result = se_report_make(t, &score, 1, se_seconds() - start);
    se_report_write(report, &result);
    return SEQECHO_OK;
}

int seqecho_trainer_gradient_get(const seqecho_trainer *t, const char *name, float *values,
                                 size_t count)
{
    const se_weight *w;

    if (t == NULL || values == NULL)
        return se_fail(SEQECHO_EINVAL, "gradient_get: %s is NULL",
                       t == NULL ? "trainer" : "values");
    if (t->phase != SE_PHASE_GRADIENTS && t->phase != SE_PHASE_APPLIED)
        return se_fail(SEQECHO_ESTATE,
                       "gradient_get: there are no gradients; call backward() "
                       "or compute_gradients() first");
    w = se_graph_find_weight(t->session->graph, name);
    if (w == NULL)
        return SEQECHO_ENOTFOUND;
    if (count != (size_t)se_weight_size(w))
        return se_fail(SEQECHO_ESHAPE, "%s: expected %" PRId64 " values, found %zu",
                       w->path, se_weight_size(w), count);
    memcpy(values, t->grads + w->offset, count * sizeof *values);
    return SEQECHO_OK;
}

int seqecho_trainer_apply_gradients(seqecho_trainer *t)
{
    SE_TRY(se_trainer_enter(t, "apply_gradients"));
    if (t->phase != SE_PHASE_GRADIENTS)
        return se_fail(SEQECHO_ESTATE, "apply_gradients: there are no gradients; call "
                                       "backward() or compute_gradients() first");
    t->phase = SE_PHASE_APPLIED;
    se_trainer_forget_resume(t);
    se_optimizer_step(&t->optimizer, &t->session->compute, t->session->graph, t->grads);
    return SEQECHO_OK;
}
