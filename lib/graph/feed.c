/* graph/feed.c - from the user's arrays to the graph's inputs.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "graph/session.h"

/* Do these axes of the view equal those of the sample, the last one left out for class
 * numbers? */
static bool dims_match(const seqecho_view *view, const se_shape *shape, bool classes)
{
    const int32_t rank = classes ? shape->rank : shape->rank + 1;

    if (view->rank != rank)
        return false;
    for (int32_t i = 1; i < rank; i++)
        if (view->dim[i] != shape->dim[i - 1])
            return false;
    return true;
}

int se_view_check(const seqecho_view *view, const se_shape *shape, bool allow_classes,
                  const char *name, const char *what, int64_t *samples)
{
    const bool classes = view->dtype == SEQECHO_INT32;
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    if (view->dtype != SEQECHO_FLOAT32 && !(classes && allow_classes))
        return se_fail(SEQECHO_EINVAL, "%s: %s has dtype %d, expected float32%s", name,
                       what, view->dtype, allow_classes ? " or int32 class numbers" : "");
    if (!dims_match(view, shape, classes))
        return se_fail(SEQECHO_ESHAPE, "%s: expected %s of shape %s%s, found %s", name,
                       what, se_shape_text(want, 0, shape),
                       allow_classes ? ", or int32 without the last axis" : "",
                       se_view_text(got, view));
    if (view->dim[0] < 1)
        return se_fail(SEQECHO_ESHAPE, "%s: %s has %" PRId64 " samples, expected 1 or more",
                       name, what, view->dim[0]);
    if (view->data == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: the data of %s is NULL", name, what);
    if (!se_shape_fits(shape, view->dim[0]))
        return se_fail(SEQECHO_ESHAPE, "%s: %s of shape %s does not fit the address space",
                       name, what, se_view_text(got, view));
    if (classes)
        SE_TRY(se_classes_check(view->data, shape, view->dim[0], 0, name, what));
    *samples = view->dim[0];
    return SEQECHO_OK;
}

int se_classes_check(const int32_t *classes, const se_shape *shape, int64_t batch,
                     int64_t first, const char *name, const char *what)
{
    const int64_t rows = se_shape_rows(shape), n = se_shape_features(shape);

    for (int64_t i = 0; i < batch * rows; i++)
        if (classes[i] < 0 || classes[i] >= n)
            return se_fail(SEQECHO_EINVAL,
                           "%s: class %" PRId32 " in %s at sample %" PRId64
                           ", step %" PRId64 ", expected 0 to %" PRId64,
                           name, classes[i], what, first + i / rows, i % rows, n - 1);
    return SEQECHO_OK;
}

static const char *input_name(const se_session *s, size_t i)
{
    return s->inputs[i]->node->call->layer->name;
}

/* Can the outputs of this many samples be counted? */
static bool outputs_fit(const se_session *s, int64_t samples)
{
    size_t total = 0;

    for (size_t i = 0; i < s->graph->n_outputs; i++) {
        const se_shape *const shape = &s->outputs[i]->shape;
        size_t size = 0;

        if (!se_size_product(&size, shape->dim, (size_t)shape->rank) ||
            !se_size_mul(&size, size, (size_t)samples) ||
            !se_size_mul(&size, size, sizeof(float)) || !se_size_add(&total, total, size))
            return false;
    }
    return true;
}

int se_session_check(const se_session *s, const seqecho_view *x, int64_t *samples)
{
    if (x == NULL)
        return se_fail(SEQECHO_EINVAL, "x is NULL");
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        int64_t n = 0;

        SE_TRY(se_view_check(&x[i], &s->inputs[i]->shape, true, input_name(s, i), "x", &n));
        if (i > 0 && n != *samples)
            return se_fail(SEQECHO_ESHAPE,
                           "%s: x has %" PRId64 " samples, but %s has %" PRId64,
                           input_name(s, i), n, input_name(s, 0), *samples);
        *samples = n;
    }
    if (!outputs_fit(s, *samples))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the outputs of %" PRId64
                       " samples do not fit the address space",
                       input_name(s, 0), *samples);
    return SEQECHO_OK;
}

/* One-hot rows for layers that do not take class numbers. */
static void expand_classes(se_slot *slot, int64_t batch)
{
    const int64_t rows = se_shape_rows(&slot->shape) * batch;
    const int64_t n = se_shape_features(&slot->shape);

    memset(slot->buffer, 0, (size_t)(rows * n) * sizeof *slot->buffer);
    for (int64_t r = 0; r < rows; r++)
        slot->buffer[r * n + slot->classes[r]] = 1.0f;
}

static void feed_classes(se_slot *slot, const int32_t *classes, int64_t batch)
{
    se_shape_to_steps(&slot->shape, batch, 1, classes, slot->classes);
    if (slot->needs_data)
        expand_classes(slot, batch);
    slot->value =
        (se_value){ slot->needs_data ? slot->buffer : NULL, slot->classes, false };
}

/* Class numbers from rows that are one-hot, every one of them; most arrays that are not say
 * so in their first row. */
static bool feed_one_hot(se_slot *slot, const se_kernels *k, const float *data,
                         int64_t batch)
{
    const int64_t rows = se_shape_rows(&slot->shape) * batch;
    const int64_t n = se_shape_features(&slot->shape);

    if (n == 1)
        return false;
    for (int64_t r = 0; r < rows; r++) {
        const int64_t at = se_shape_user_row(&slot->shape, batch, r) * n;
        const int64_t class = k->one_hot(n, data + at);

        if (class < 0)
            return false;
        slot->classes[r] = (int32_t) class;
    }
    slot->value = (se_value){ NULL, slot->classes, false };
    return true;
}

/* One sample, or samples of one row, are step-major as they are, and used in place unless
 * a later backward pass will look at them. */
static void feed_floats(se_slot *slot, const float *data, int64_t batch, bool keep)
{
    const bool moves = keep || (batch > 1 && se_shape_rows(&slot->shape) > 1);

    if (moves)
        se_shape_to_steps(&slot->shape, batch, se_shape_features(&slot->shape), data,
                          slot->buffer);
    slot->value = (se_value){ moves ? slot->buffer : data, NULL, false };
}

static void feed_rows(const se_session *s, se_slot *slot, const float *data, int64_t batch,
                      bool keep)
{
    if (keep || slot->needs_data || !feed_one_hot(slot, s->compute.k, data, batch))
        feed_floats(slot, data, batch, keep);
}

int se_session_feed(se_session *s, const seqecho_view *x, int64_t first, int64_t count,
                    bool want_dx)
{
    /* Checked once already, but an event of a fit may have written to them since. */
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        const se_shape *const shape = &s->inputs[i]->shape;

        if (x[i].dtype == SEQECHO_INT32)
            SE_TRY(
                se_classes_check((const int32_t *)x[i].data + first * se_shape_rows(shape),
                                 shape, count, first, input_name(s, i), "x"));
    }
    SE_TRY(se_session_bind(s, count, want_dx));
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        se_slot *const slot = s->inputs[i];

        if (x[i].dtype == SEQECHO_INT32)
            feed_classes(slot,
                         (const int32_t *)x[i].data + first * se_shape_rows(&slot->shape),
                         count);
        else
            feed_rows(s, slot,
                      (const float *)x[i].data + first * se_shape_size(&slot->shape), count,
                      want_dx);
    }
    return SEQECHO_OK;
}

int se_session_feed_step(se_session *s, const int32_t *classes)
{
    se_slot *const slot = s->inputs[0];

    SE_TRY(se_classes_check(classes, &slot->shape, s->batch, 0, "predictor_step", "x_t"));
    feed_classes(slot, classes, s->batch);
    return SEQECHO_OK;
}
