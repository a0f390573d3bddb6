/* train/loss.c - loss and metrics of one batch, and the gradient of the loss.
 * SPDX-License-Identifier: MIT
 *
 * The loss of an output is sum(w mask L) / sum(mask) over its rows, which are samples and
 * time steps.  Rows are added in double, in step-major order, so the sum does not depend on
 * anything but the data.  Rows that are masked or have no weight are not looked at: they
 * add nothing and their gradient is 0 even where the output is not finite. */
#include "train/loss.h"

#include <math.h>
#include <string.h>

/* The samples of one step of one output. */
typedef struct step_rows {
    const se_objective *o;
    const se_criterion *c;
    se_rows all;         /* every sample of the step */
    float *d;            /* gradients likewise, or NULL */
    const uint8_t *mask; /* likewise; NULL if all are there */
    const float *weight; /* likewise, weight_row apart; NULL for all 1 */
    int64_t weight_row;
    bool weighs; /* the output does */
    float scale; /* of the gradient of a row of weight 1 */
    double loss;
    double metric[SE_METRICS];
} step_rows;

static bool is_there(const step_rows *s, int64_t i)
{
    return s->mask == NULL || s->mask[i] != 0;
}

static float weight_of(const step_rows *s, int64_t i)
{
    return s->weight != NULL ? s->weight[i * s->weight_row] : 1.0f;
}

/* How many samples from i on are alike in mask and weight. */
static int64_t run_length(const step_rows *s, int64_t i)
{
    const int64_t most = s->c->smoothing > 0.0f ? SE_LOSS_ROWS_SMOOTH : SE_LOSS_ROWS;
    const int64_t end = s->all.rows - i < most ? s->all.rows : i + most;
    int64_t next = i + 1;

    if (s->mask == NULL && s->weight == NULL)
        return end - i;
    while (next < end && is_there(s, next) == is_there(s, i) &&
           weight_of(s, next) == weight_of(s, i))
        next++;
    return next - i;
}

/* Samples [i, i + count) of the step. */
static se_rows part_of(const se_rows *all, int64_t i, int64_t count)
{
    se_rows r = *all;

    r.rows = count;
    r.p += i * r.cols;
    if (r.y != NULL)
        r.y += i * r.y_row;
    else
        r.label += i * r.y_row;
    return r;
}

/* Samples that are alike: their losses, gradients and metrics. */
static void add_run(step_rows *s, int64_t i, int64_t count)
{
    const se_rows r = part_of(&s->all, i, count);
    const float weight = weight_of(s, i);
    const bool there = is_there(s, i), counts = there && weight != 0.0f && s->weighs;
    float *const d = s->d != NULL ? s->d + i * r.cols : NULL;
    se_row_losses losses;
    const float *largest = NULL;

    if (counts) {
        se_loss_rows(s->c, &r, s->scale * weight, s->o->room, d, &losses);
        if (losses.has_largest)
            largest = losses.largest;
        for (int64_t j = 0; j < count; j++)
            s->loss += (double)weight * losses.loss[j];
    } else if (d != NULL) {
        memset(d, 0, (size_t)(count * r.cols) * sizeof *d);
    }
    if (there)
        se_metrics_add(&s->o->metrics, s->c, &r, largest, s->o->room, s->metric);
}

/* The mask of a slot's steps; values without a time axis have none. */
static const uint8_t *mask_of(const se_slot *slot)
{
    return slot->shape.rank > 1 ? slot->value.mask : NULL;
}

/* Rows of the batch that are not masked. */
static int64_t count_rows(const se_slot *slot, int64_t batch)
{
    const int64_t rows = se_shape_rows(&slot->shape) * batch;
    const uint8_t *const mask = mask_of(slot);
    const int64_t masked = slot->shape.dim[0] * batch; /* elements of the mask */
    int64_t count = 0;

    if (mask == NULL)
        return rows;
    for (int64_t i = 0; i < masked; i++)
        count += mask[i] != 0;
    return count * (rows / masked);
}

/* Point at the samples of step number `step`. */
static void choose_step(step_rows *s, const se_slot *slot, const se_targets *t,
                        int64_t batch, int64_t step)
{
    const se_shape *const shape = &slot->shape;
    const int64_t steps = se_shape_rows(shape), cols = s->all.cols;
    const int64_t at = t->first * steps + se_shape_user_row(shape, batch, step * batch);
    const int64_t time = shape->rank > 1 ? step % shape->dim[0] : 0;

    s->all.p = slot->value.data + step * batch * cols;
    if (t->y->dtype == SEQECHO_INT32)
        s->all.label = (const int32_t *)t->y->data + at;
    else
        s->all.y = (const float *)t->y->data + at * cols;
    s->all.y_row = t->y->dtype == SEQECHO_INT32 ? steps : steps * cols;
    if (mask_of(slot) != NULL)
        s->mask = mask_of(slot) + time * batch;
    if (t->weight == NULL || t->weight->data == NULL)
        return;
    s->weight_row = t->weight->rank == 2 ? t->weight->dim[1] : 1;
    s->weight = (const float *)t->weight->data + t->first * s->weight_row +
                (t->weight->rank == 2 ? time : 0);
}

void se_loss_add(const se_objective *o, se_session *session, size_t i,
                 const se_targets *targets, bool gradient, se_score *score)
{
    se_slot *const slot = session->outputs[i];
    const int64_t steps = se_shape_rows(&slot->shape), batch = session->batch;
    const int64_t measured = count_rows(slot, batch);
    const int64_t divisor = o->mean_all ? steps * batch : measured;
    step_rows s = {
        .o = o,
        .c = &o->output[i],
        .all = { .k = session->compute.k,
                 .rows = batch,
                 .cols = se_shape_features(&slot->shape),
                 .deferred = slot->defers_softmax },
        .weighs = o->weight[i] != 0.0f,
        .scale = divisor > 0 ? o->weight[i] / (float)divisor : 0.0f,
    };

    for (int64_t step = 0; step < steps; step++) {
        choose_step(&s, slot, targets, batch, step);
        s.d = gradient ? slot->grad + step * batch * s.all.cols : NULL;
        for (int64_t j = 0, count; j < batch; j += count) {
            count = run_length(&s, j);
            add_run(&s, j, count);
        }
    }
    if (divisor > 0) /* the batch's mean, once for each sample */
        score->loss += (double)o->weight[i] * s.loss / ((double)divisor / (double)batch);
    for (size_t m = 0; m < SE_METRICS; m++)
        score->metric[m] += s.metric[m] / (double)steps;
    score->measured += (double)measured / (double)steps;
    if (gradient)
        slot->has_grad = true;
}

void se_score_add(se_score *sum, const se_score *batch)
{
    sum->loss += batch->loss;
    for (size_t m = 0; m < SE_METRICS; m++)
        sum->metric[m] += batch->metric[m];
    sum->measured += batch->measured;
    sum->samples += batch->samples;
}

double se_score_metric(const se_score *score, const se_metrics *metrics, int metric)
{
    if (score->samples == 0 || (metrics->which >> metric & 1) == 0)
        return (double)NAN;
    return score->measured > 0.0 ? score->metric[metric] / score->measured : 0.0;
}
