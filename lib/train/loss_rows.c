/* train/loss_rows.c - the losses of some rows of an output, and their gradients.
 * SPDX-License-Identifier: MIT
 *
 * Formulas are Keras's (losses of Keras 3).  A loss is a sum over the last axis of one
 * row - for the regression losses and binary cross-entropy a mean. */
#include "train/loss_rows.h"

#include <assert.h>
#include <math.h>

/* Probabilities are kept this far from 0 and 1 before their logarithm is taken. */
#define EPSILON 1e-7f

/* One row of an output and its target: y, or for class numbers y == NULL and `label`. */
typedef struct row_args {
    int64_t cols;
    const float *p;
    const float *y;
    int32_t label;
    float scale; /* of the gradient */
    float *d;    /* gradient of p, or NULL */
} row_args;

bool se_loss_takes_classes(seqecho_loss loss)
{
    return loss == SEQECHO_CATEGORICAL_CROSSENTROPY ||
           loss == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY;
}

/* ---- One row ---- */

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

/* The same of p = sigmoid(z), without forming p: exact wherever z is. */
static double binary_from_logits(const row_args *r)
{
    const double n = (double)r->cols;
    double loss = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const double z = (double)r->p[j], y = (double)r->y[j];
        const double e = exp(-fabs(z));

        loss += (z < 0.0 ? 0.0 : z) - z * y + log1p(e);
        if (r->d != NULL)
            r->d[j] = (float)(((z < 0.0 ? e : 1.0) / (1.0 + e) - y) / n * (double)r->scale);
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

static double huber(const row_args *r, float delta)
{
    const float slope = r->scale / (float)r->cols;
    const double limit = (double)delta;
    double loss = 0.0;

    for (int64_t j = 0; j < r->cols; j++) {
        const float e = r->p[j] - r->y[j];
        const double size = fabs((double)e);

        loss += size <= limit ? 0.5 * size * size : limit * size - 0.5 * limit * limit;
        if (r->d != NULL)
            r->d[j] = slope * (e > delta ? delta : e < -delta ? -delta : e);
    }
    return loss / (double)r->cols;
}

static double row_loss(const se_criterion *c, const row_args *r)
{
    if (se_loss_takes_classes(c->loss))
        return clipped_crossentropy(r);
    assert(r->y != NULL);
    switch (c->loss) {
    case SEQECHO_BINARY_CROSSENTROPY:
        return c->logits ? binary_from_logits(r) : binary_crossentropy(r);
    case SEQECHO_MEAN_SQUARED_ERROR: return mean_squared_error(r);
    case SEQECHO_MEAN_ABSOLUTE_ERROR: return mean_absolute_error(r);
    case SEQECHO_HUBER: return huber(r, c->delta);
    case SEQECHO_CATEGORICAL_CROSSENTROPY:
    case SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY:
    case SEQECHO_LOSS_NONE: break;
    }
    return 0.0;
}

/* ---- Rows ---- */

/* One row after the other. */
static void each_row(const se_criterion *c, const se_rows *r, float scale, float *d,
                     se_row_losses *out)
{
    out->has_largest = false;
    for (int64_t i = 0; i < r->rows; i++) {
        const row_args row = {
            .cols = r->cols,
            .p = r->p + i * r->cols,
            .y = r->y != NULL ? r->y + i * r->y_row : NULL,
            .label = r->y != NULL ? 0 : r->label[i * r->y_row],
            .scale = scale,
            .d = d != NULL ? d + i * r->cols : NULL,
        };

        out->loss[i] = row_loss(c, &row);
    }
}

/* All rows of logits at once. */
static void logit_rows(const se_rows *r, float scale, float *d, se_row_losses *out)
{
    float loss[SE_LOSS_ROWS];
    const se_entropy e = {
        .rows = r->rows,
        .cols = r->cols,
        .z = r->p,
        .y = r->y,
        .label = r->label,
        .y_row = r->y_row,
        .scale = scale,
        .loss = loss,
        .largest = out->largest,
        .dz = d,
    };

    r->k->softmax_crossentropy(&e);
    out->has_largest = true;
    for (int64_t i = 0; i < r->rows; i++)
        out->loss[i] = (double)loss[i];
}

/* The same rows with targets y (1 - smoothing) + smoothing / classes, or 1/2 for binary
 * ones.  One-hot rows and the class numbers for them come to the same bits. */
static se_rows smooth(const se_criterion *c, const se_rows *r, float *room)
{
    const double parts = c->loss == SEQECHO_BINARY_CROSSENTROPY ? 2.0 : (double)r->cols;
    const float keep = (float)(1.0 - (double)c->smoothing);
    const float share = (float)((double)c->smoothing / parts);
    se_rows smoothed = *r;

    assert(room != NULL);
    for (int64_t i = 0; i < r->rows; i++) {
        float *const to = room + i * r->cols;

        if (r->y != NULL) {
            for (int64_t j = 0; j < r->cols; j++)
                to[j] = r->y[i * r->y_row + j] * keep + share;
        } else {
            for (int64_t j = 0; j < r->cols; j++)
                to[j] = share;
            to[r->label[i * r->y_row]] = keep + share;
        }
    }
    smoothed.y = room;
    smoothed.y_row = r->cols;
    smoothed.label = NULL;
    return smoothed;
}

void se_loss_rows(const se_criterion *c, const se_rows *r, float scale, float *room,
                  float *d, se_row_losses *out)
{
    se_rows smoothed;

    if (c->smoothing > 0.0f) {
        smoothed = smooth(c, r, room);
        r = &smoothed;
    }
    if (c->logits && se_loss_takes_classes(c->loss))
        logit_rows(r, scale, d, out);
    else
        each_row(c, r, scale, d, out);
}
