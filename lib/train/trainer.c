/* train/trainer.c - the trainer's life, checks, and one batch.
 * SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "train/resume.h"

#define DEFAULT_BATCH 32

int seqecho_trainer_create(seqecho_trainer **out, seqecho_graph *graph,
                           const seqecho_trainer_options *options)
{
    seqecho_trainer_options opt;
    seqecho_allocator allocator;
    se_optimizer optimizer;
    seqecho_trainer *t;
    int err;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "trainer_create: out is NULL");
    *out = NULL;
    SE_TRY(se_options_read(&opt, sizeof opt, options, "trainer options"));
    for (size_t i = 0; i < sizeof opt.reserved; i++)
        if (opt.reserved[i] != 0 || opt.reserved_2 != 0)
            return se_fail(SEQECHO_ENOTSUP, "trainer options: reserved is set, but this "
                                            "library knows only 0");
    SE_TRY(se_allocator_read(&allocator, opt.allocator));
    SE_TRY(se_objective_check(&opt));
    SE_TRY(se_optimizer_read(&optimizer, &opt));
    SE_TRY(se_alloc(&t, &allocator, 1, sizeof *t, "trainer"));
    t->optimizer = optimizer;
    t->allocator = allocator;

    if ((err = se_session_create(&t->session, graph, SE_MODE_TRAIN, &t->allocator,
                                 opt.threads, opt.numerics, 0)) < 0 ||
        (err = se_objective_create(&t->objective, &opt, t->session, &t->allocator)) < 0 ||
        (err = se_alloc(&t->grads, &t->allocator, graph->n_params, sizeof *t->grads,
                        "gradients")) < 0 ||
        (err = se_optimizer_create(&t->optimizer, graph, &t->allocator)) < 0)
        goto fail;
    t->session->grads = t->grads;
    t->session->seed = opt.seed;
    *out = t;
    return SEQECHO_OK;
fail:
    seqecho_trainer_destroy(t);
    return err;
}

void seqecho_trainer_destroy(seqecho_trainer *t)
{
    seqecho_allocator allocator;

    if (t == NULL)
        return;
    allocator = t->allocator;
    se_trainer_forget_resume(t);
    se_history_finish(&t->history, &allocator);
    se_optimizer_finish(&t->optimizer, &allocator);
    se_objective_finish(&t->objective, &allocator);
    se_free(&allocator, t->grads);
    se_session_destroy(t->session);
    se_free(&allocator, t);
}

/* ---- Checks ---- */

int se_trainer_enter(const seqecho_trainer *t, const char *call)
{
    if (t == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: trainer is NULL", call);
    if (t->in_event)
        return se_fail(SEQECHO_ESTATE,
                       "%s: not allowed inside an event of the same trainer", call);
    return SEQECHO_OK;
}

int se_trainer_check(const seqecho_trainer *t, const se_samples *samples, int64_t *count)
{
    const se_session *const s = t->session;

    if (!t->objective.any)
        return se_fail(
            SEQECHO_ESTATE,
            "trainer: it was created without a loss; set .loss, or go by forward() and "
            "backward()");
    SE_TRY(se_session_check(s, samples->x, count));
    if (samples->y == NULL)
        return se_fail(SEQECHO_EINVAL, "y is NULL");
    for (size_t i = 0; i < s->graph->n_outputs; i++)
        SE_TRY(se_objective_check_targets(
            &t->objective, s, i, &samples->y[i],
            samples->weight != NULL ? &samples->weight[i] : NULL, *count));
    return SEQECHO_OK;
}

int se_trainer_batch(const seqecho_trainer *t, int64_t asked, int64_t samples,
                     int64_t *batch)
{
    const int64_t fixed = t->session->graph->batch;

    if (asked < 0)
        return se_fail(SEQECHO_EINVAL,
                       "trainer: batch_size is %" PRId64 ", expected 0 or more", asked);
    if (fixed > 0 && asked > 0 && asked != fixed)
        return se_fail(SEQECHO_ESHAPE,
                       "trainer: batch_size is %" PRId64
                       ", but the input layer fixes it at "
                       "%" PRId64,
                       asked, fixed);
    *batch = asked > 0 ? asked : fixed > 0 ? fixed : DEFAULT_BATCH;
    if (se_session_stateful(t->session) && samples % *batch != 0)
        return se_fail(SEQECHO_ESHAPE,
                       "trainer: in a stateful network the number of samples must be "
                       "divisible by the batch size %" PRId64 ", found %" PRId64 " samples",
                       *batch, samples);
    if (*batch > samples)
        *batch = samples;
    return SEQECHO_OK;
}

int se_trainer_one_batch(const seqecho_trainer *t, int64_t samples)
{
    const int64_t fixed = t->session->graph->batch;

    if (se_session_stateful(t->session) && samples != fixed)
        return se_fail(SEQECHO_ESHAPE,
                       "trainer: in a stateful network a batch has the %" PRId64
                       " samples of the input layer, found %" PRId64,
                       fixed, samples);
    return SEQECHO_OK;
}

/* ---- One batch ---- */

static int check_classes(const seqecho_trainer *t, const seqecho_view *y, int64_t first,
                         int64_t count)
{
    const se_session *const s = t->session;

    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const se_shape *const shape = &s->outputs[i]->shape;

        if (t->objective.output[i].loss != SEQECHO_LOSS_NONE && y[i].dtype == SEQECHO_INT32)
            SE_TRY(se_classes_check(
                (const int32_t *)y[i].data + first * se_shape_rows(shape), shape, count,
                first, s->outputs[i]->node->call->layer->name, "y"));
    }
    return SEQECHO_OK;
}

int se_trainer_bind(seqecho_trainer *t, int64_t batch, bool want_dx)
{
    SE_TRY(se_session_bind(t->session, batch, want_dx));
    t->phase = SE_PHASE_IDLE;
    t->session->learning = false;
    return SEQECHO_OK;
}

/* Loss and metrics of the last forward pass, and with `gradient` the gradients of the
 * outputs. */
static void add_losses(seqecho_trainer *t, const se_samples *samples, int64_t first,
                       bool gradient, se_score *score)
{
    se_session *const s = t->session;

    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const se_targets targets = {
            .y = &samples->y[i],
            .weight = samples->weight != NULL ? &samples->weight[i] : NULL,
            .first = first,
        };

        if (t->objective.output[i].loss != SEQECHO_LOSS_NONE)
            se_loss_add(&t->objective, s, i, &targets,
                        gradient && s->outputs[i]->needs_grad, score);
    }
}

int se_trainer_pass(seqecho_trainer *t, const se_samples *samples, int64_t first,
                    int64_t count, bool gradient, bool want_dx, se_score *score)
{
    se_session *const s = t->session;
    se_score batch = { .samples = count };

    SE_TRY(check_classes(t, samples->y, first, count));
    SE_TRY(se_trainer_bind(t, count, want_dx));
    SE_TRY(se_session_feed(s, samples->x, first, count, want_dx));
    s->learning = gradient;
    se_session_forward(s, true);
    add_losses(t, samples, first, gradient, &batch);
    batch.loss +=
        (double)count * se_gradients_penalty(s->graph, &s->compute, t->optimizer.room);
    if (!isfinite(batch.loss))
        return se_session_blame_output(s, "the loss");
    if (gradient) {
        se_session_backward(s);
        se_gradients_regularize(s->graph, &s->compute, t->grads);
        SE_TRY(se_session_check_grads(s));
    }
    se_score_add(score, &batch);
    return SEQECHO_OK;
}

int se_trainer_update(seqecho_trainer *t, const se_samples *samples, int64_t first,
                      int64_t count, se_score *score)
{
    se_session *const s = t->session;

    SE_TRY(se_trainer_pass(t, samples, first, count, true, false, score));
    se_trainer_forget_resume(t);
    se_session_commit(s);
    se_optimizer_step(&t->optimizer, &s->compute, s->graph, t->grads);
    t->phase = SE_PHASE_APPLIED;
    return SEQECHO_OK;
}

int seqecho_trainer_train_on_batch(seqecho_trainer *t, const seqecho_view *x,
                                   const seqecho_view *y, seqecho_report *report)
{
    const double start = se_seconds();
    se_score score = { .samples = 0 };
    seqecho_report result;
    const se_samples samples = { x, y, NULL };
    int64_t count = 0;

    SE_TRY(se_trainer_enter(t, "train_on_batch"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_trainer_check(t, &samples, &count));
    SE_TRY(se_trainer_one_batch(t, count));
    SE_TRY(se_trainer_update(t, &samples, 0, count, &score));
    result = se_report_make(t, &score, 1, se_seconds() - start);
    se_report_write(report, &result);
    return SEQECHO_OK;
}

void seqecho_trainer_reset_states(seqecho_trainer *t)
{
    if (t != NULL)
        se_session_reset(t->session);
}

/* ---- Parameters ---- */

int seqecho_trainer_set(seqecho_trainer *t, seqecho_param param, double value)
{
    if (t == NULL)
        return se_fail(SEQECHO_EINVAL, "trainer_set: trainer is NULL");
    return se_optimizer_set(&t->optimizer, param, value);
}

int seqecho_trainer_get(const seqecho_trainer *t, seqecho_param param, double *value)
{
    if (t == NULL || value == NULL)
        return se_fail(SEQECHO_EINVAL, "trainer_get: %s is NULL",
                       t == NULL ? "trainer" : "value");
    return se_optimizer_get(&t->optimizer, param, value);
}

/* ---- Reports ---- */

int se_report_check(const seqecho_report *report)
{
    if (report != NULL && report->struct_size < sizeof report->struct_size)
        return se_fail(SEQECHO_EINVAL,
                       "report: struct_size is %zu; begin with SEQECHO_REPORT_INIT",
                       report->struct_size);
    return SEQECHO_OK;
}

seqecho_report se_report_make(const seqecho_trainer *t, const se_score *score,
                              int64_t batches, double seconds)
{
    const se_metrics *const m = &t->objective.metrics;

    return (seqecho_report){
        .struct_size = sizeof(seqecho_report),
        .samples = score->samples,
        .batches = batches,
        .loss = score->samples > 0 ? score->loss / (double)score->samples : (double)NAN,
        .accuracy = se_score_metric(score, m, SE_METRIC_ACCURACY),
        .seconds = seconds,
        .top_k = se_score_metric(score, m, SE_METRIC_TOP_K),
        .mse = se_score_metric(score, m, SE_METRIC_MSE),
        .mae = se_score_metric(score, m, SE_METRIC_MAE),
    };
}

void se_report_write(seqecho_report *dst, const seqecho_report *src)
{
    const size_t head = sizeof src->struct_size;

    if (dst != NULL)
        memcpy((char *)dst + head, (const char *)src + head,
               (dst->struct_size < sizeof *src ? dst->struct_size : sizeof *src) - head);
}

double se_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
