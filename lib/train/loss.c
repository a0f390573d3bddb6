/* train/loss.c - losses, their gradients, and accuracy.
 * SPDX-License-Identifier: MIT
 *
 * Formulas are Keras's (losses and metrics of Keras 3).  A loss is a sum over the last
 * axis of one row - for the regression losses and binary cross-entropy a mean - and then
 * the mean over rows, which are samples and time steps.  Rows are added in double, in
 * step-major order, so the sum does not depend on anything but the data. */
#include "train/loss.h"

#include <math.h>

#include "base/error.h"

/* Probabilities are kept this far from 0 and 1 before their logarithm is taken. */
#define EPSILON 1e-7f

/* Rows of logits that go together, a few of their figures resting on the stack. */
#define LOGIT_ROWS 64

/* One row of an output and its target: y, or for class numbers y == NULL and `label`. */
typedef struct row_args {
    const se_kernels *k;
    int64_t cols;
    const float *p;
    const float *y;
    int32_t label;
    float scale; /* of the gradient */
    float *d;    /* gradient of p, or NULL */
} row_args;

int se_loss_check(seqecho_loss loss)
{
    if (loss < SEQECHO_LOSS_NONE || loss > SEQECHO_MEAN_ABSOLUTE_ERROR)
        return se_fail(SEQECHO_EINVAL, "trainer: loss is %d, expected a seqecho_loss",
                       (int)loss);
    return SEQECHO_OK;
}

bool se_loss_takes_classes(seqecho_loss loss)
{
    return loss == SEQECHO_CATEGORICAL_CROSSENTROPY ||
           loss == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY;
}

bool se_loss_takes_logits(const se_objective *objective)
{
    return se_loss_takes_classes(objective->loss) && !objective->clipped;
}

static float target(const row_args *r, int64_t j)
{
    return r->y != NULL ? r->y[j] : j == r->label ? 1.0f : 0.0f;
}

static float clip(float p)
{
    return p < EPSILON ? EPSILON : p > 1.0f - EPSILON ? 1.0f - EPSILON : p;
}

/* Does the gradient pass through clip()?  NaN is passed on. */
static bool inside(float p)
{
    return !(p < EPSILON) && !(p > 1.0f - EPSILON);
}

/* From probabilities p: q = p / sum(p), loss = -sum(y log clip(q)). */
static double clipped_crossentropy(const row_args *r)
{
    double sum = 0.0, loss = 0.0, inner = 0.0;

    for (int64_t j = 0; j < r->cols; j++)
        sum += (double)r->p[j];
    if (!isfinite(sum))
        return sum; /* even if the target has no class */
    for (int64_t j = 0; j < r->cols; j++) {
        const float q = (float)((double)r->p[j] / sum), y = target(r, j);

        if (y != 0.0f) {
            loss -= (double)(y * logf(clip(q)));
            inner += inside(q) ? (double)y : 0.0; /* sum of -q dloss/dq */
        }
    }
    if (r->d == NULL)
        return loss;
    /* dp_i = (dq_i - sum(dq_j q_j)) / sum, where dq_j = -y_j / q_j inside the clip. */
    for (int64_t j = 0; j < r->cols; j++) {
        const float q = (float)((double)r->p[j] / sum), y = target(r, j);
        const double dq = y != 0.0f && inside(q) ? -(double)y / (double)q : 0.0;

        r->d[j] = (float)((dq + inner) / sum * (double)r->scale);
    }
    return loss;
}

static double binary_crossentropy(const row_args *r)
{
    const double n = (double)r->cols;
    double loss = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const float y = r->y[j], p = clip(r->p[j]);

        loss -= (double)(y * logf(p) + (1.0f - y) * logf(1.0f - p));
        if (r->d != NULL)
            r->d[j] = inside(r->p[j])
                          ? (float)((double)(p - y) / ((double)p * (double)(1.0f - p)) / n *
                                    (double)r->scale)
                          : 0.0f;
    }
    return loss / n;
}

static double mean_squared_error(const row_args *r)
{
    const float slope = 2.0f / (float)r->cols * r->scale;
    double loss = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const float e = r->p[j] - r->y[j];

        loss += (double)e * (double)e;
        if (r->d != NULL)
            r->d[j] = e * slope;
    }
    return loss / (double)r->cols;
}

static double mean_absolute_error(const row_args *r)
{
    const float slope = r->scale / (float)r->cols;
    double loss = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const float e = r->p[j] - r->y[j];

        loss += fabs((double)e);
        if (r->d != NULL)
            r->d[j] = e > 0.0f ? slope : e < 0.0f ? -slope : e * 0.0f;
    }
    return loss / (double)r->cols;
}

static double row_loss(const se_objective *o, const row_args *r)
{
    switch (o->loss) {
    case SEQECHO_CATEGORICAL_CROSSENTROPY:
    case SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY: return clipped_crossentropy(r);
    case SEQECHO_BINARY_CROSSENTROPY: return binary_crossentropy(r);
    case SEQECHO_MEAN_SQUARED_ERROR: return mean_squared_error(r);
    case SEQECHO_MEAN_ABSOLUTE_ERROR: return mean_absolute_error(r);
    case SEQECHO_HUBER:
    case SEQECHO_LOSS_NONE: break;
    }
    return 0.0;
}

/* Share of the row that is right: 0 or 1 for classes, a mean for independent yes or no. */
static double row_accuracy(const se_objective *o, const row_args *r)
{
    double hits = 0.0;

    if (r->cols > 1 && o->loss != SEQECHO_BINARY_CROSSENTROPY) {
        const int64_t right = r->y != NULL ? r->k->argmax(r->cols, r->y) : r->label;

        return r->k->argmax(r->cols, r->p) == right ? 1.0 : 0.0;
    }
    for (int64_t j = 0; j < r->cols; j++)
        hits += (r->p[j] > 0.5f ? 1.0f : 0.0f) == target(r, j) ? 1.0 : 0.0;
    return hits / (double)r->cols;
}

/* Targets and outputs of the samples of one step, and what they come to. */
typedef struct step_rows {
    const se_objective *o;
    const se_kernels *k;
    const float *p; /* (batch, cols) */
    float *d;       /* likewise, or NULL */
    const float *y; /* sample after sample `stride` rows apart, or NULL: */
    const int32_t *label;
    int64_t batch, cols, stride;
    float scale;
    double loss, hits;
} step_rows;

/* One row after the other. */
static void add_rows(step_rows *s)
{
    for (int64_t i = 0; i < s->batch; i++) {
        const row_args r = {
            .k = s->k,
            .cols = s->cols,
            .p = s->p + i * s->cols,
            .y = s->y != NULL ? s->y + i * s->stride * s->cols : NULL,
            .label = s->y != NULL ? 0 : s->label[i * s->stride],
            .scale = s->scale,
            .d = s->d != NULL ? s->d + i * s->cols : NULL,
        };

        if (s->o->accuracy)
            s->hits += row_accuracy(s->o, &r);
        s->loss += row_loss(s->o, &r);
    }
}

/* Logits go some rows at a time; where their largest is not at the label there is nothing
 * more to look for. */
static void add_logits(step_rows *s)
{
    float loss[LOGIT_ROWS], largest[LOGIT_ROWS];

    for (int64_t i = 0; i < s->batch; i += LOGIT_ROWS) {
        const int64_t rows = s->batch - i < LOGIT_ROWS ? s->batch - i : LOGIT_ROWS;
        const se_entropy e = {
            .rows = rows,
            .cols = s->cols,
            .z = s->p + i * s->cols,
            .y = s->y != NULL ? s->y + i * s->stride * s->cols : NULL,
            .label = s->y != NULL ? NULL : s->label + i * s->stride,
            .y_row = s->y != NULL ? s->stride * s->cols : s->stride,
            .scale = s->scale,
            .loss = loss,
            .largest = largest,
            .dz = s->d != NULL ? s->d + i * s->cols : NULL,
        };

        s->k->softmax_crossentropy(&e);
        for (int64_t j = 0; j < rows; j++) {
            const float *const z = e.z + j * s->cols;
            const int64_t right = e.y != NULL ? s->k->argmax(s->cols, e.y + j * e.y_row)
                                              : e.label[j * e.y_row];

            s->loss += (double)loss[j];
            if (s->o->accuracy && z[right] == largest[j])
                s->hits += s->k->find(s->cols, z, largest[j]) == right ? 1.0 : 0.0;
        }
    }
}

void se_loss_add(const se_objective *o, se_session *s, size_t i, const seqecho_view *y,
                 int64_t first, bool gradient, se_score *score)
{
    se_slot *const slot = s->outputs[i];
    const se_shape *const shape = &slot->shape;
    const int64_t steps = se_shape_rows(shape), cols = se_shape_features(shape);
    step_rows rows = {
        .o = o,
        .k = s->compute.k,
        .batch = s->batch,
        .cols = cols,
        .stride = steps,
        .scale = 1.0f / (float)(steps * s->batch),
    };

    for (int64_t step = 0; step < steps; step++) {
        const int64_t at =
            first * steps + se_shape_user_row(shape, s->batch, step * s->batch);

        rows.p = slot->value.data + step * s->batch * cols;
        rows.d = gradient ? slot->grad + step * s->batch * cols : NULL;
        if (y->dtype == SEQECHO_INT32)
            rows.label = (const int32_t *)y->data + at;
        else
            rows.y = (const float *)y->data + at * cols;
        if (slot->defers_softmax && se_loss_takes_logits(o))
            add_logits(&rows);
        else
            add_rows(&rows);
    }
    score->loss += rows.loss / (double)steps;
    score->hits += rows.hits / (double)steps / (double)s->graph->n_outputs;
    if (gradient)
        slot->has_grad = true;
}
