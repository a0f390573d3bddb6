/* graph/feed.c - from the user's arrays to the graph's inputs.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/size.h"
#include "graph/session.h"
#include "layers/recurrent.h"

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

/* The shape, type and size of a view. */
static int check_form(const seqecho_view *view, const se_shape *shape, bool allow_classes,
                      const char *name, const char *what)
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
    return SEQECHO_OK;
}

/* Class numbers in range?  With lengths, those beyond do not matter. */
static int check_classes(const int32_t *classes, const int32_t *lengths,
                         const se_shape *shape, int64_t batch, int64_t first,
                         const char *name, const char *what)
{
    const int64_t rows = se_shape_rows(shape), n = se_shape_features(shape);
    const int64_t step = rows / (shape->rank > 1 ? shape->dim[0] : 1);

    for (int64_t i = 0; i < batch * rows; i++)
        if ((classes[i] < 0 || classes[i] >= n) &&
            (lengths == NULL || i % rows < lengths[i / rows] * step))
            return se_fail(SEQECHO_EINVAL,
                           "%s: class %" PRId32 " in %s at sample %" PRId64
                           ", step %" PRId64 ", expected 0 to %" PRId64,
                           name, classes[i], what, first + i / rows, i % rows, n - 1);
    return SEQECHO_OK;
}

int se_view_check(const seqecho_view *view, const se_shape *shape, bool allow_classes,
                  const char *name, const char *what, int64_t *samples)
{
    SE_TRY(check_form(view, shape, allow_classes, name, what));
    if (view->dtype == SEQECHO_INT32)
        SE_TRY(check_classes(view->data, NULL, shape, view->dim[0], 0, name, what));
    *samples = view->dim[0];
    return SEQECHO_OK;
}

int se_classes_check(const int32_t *classes, const se_shape *shape, int64_t batch,
                     int64_t first, const char *name, const char *what)
{
    return check_classes(classes, NULL, shape, batch, first, name, what);
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

/* Lengths in range? */
static int check_lengths(const int32_t *lengths, int64_t steps, int64_t batch,
                         int64_t first, const char *name)
{
    for (int64_t i = 0; i < batch; i++)
        if (lengths[i] < 0 || lengths[i] > steps)
            return se_fail(SEQECHO_EINVAL,
                           "%s: the length of sample %" PRId64 " is %" PRId32
                           ", expected 0 to %" PRId64,
                           name, first + i, lengths[i], steps);
    return SEQECHO_OK;
}

/* The view of lengths of input i, which must fit its `samples` samples. */
static int check_lengths_view(const se_session *s, const seqecho_view *view, size_t i,
                              int64_t samples)
{
    char got[SE_SHAPE_TEXT];

    if (view->dtype != SEQECHO_INT32 || view->rank != 1 || view->dim[0] != samples)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected int32 lengths of shape (%" PRId64
                       ") behind its view of x, found %s",
                       input_name(s, i), samples, se_view_text(got, view));
    if (view->data == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: the data of lengths is NULL", input_name(s, i));
    return check_lengths(view->data, s->inputs[i]->shape.dim[0], samples, 0,
                         input_name(s, i));
}

/* The views of input i; *samples receives how many samples there are. */
static int check_input(const se_session *s, const seqecho_view *x, size_t i,
                       int64_t *samples)
{
    const seqecho_view *const view = &x[s->view[i]];
    const se_shape *const shape = &s->inputs[i]->shape;
    const bool lengths = s->graph->lengths[i];

    SE_TRY(check_form(view, shape, true, input_name(s, i), "x"));
    if (lengths)
        SE_TRY(check_lengths_view(s, view + 1, i, view->dim[0]));
    if (view->dtype == SEQECHO_INT32)
        SE_TRY(check_classes(view->data, lengths ? view[1].data : NULL, shape, view->dim[0],
                             0, input_name(s, i), "x"));
    *samples = view->dim[0];
    return SEQECHO_OK;
}

int se_session_check(const se_session *s, const seqecho_view *x, int64_t *samples)
{
    if (x == NULL)
        return se_fail(SEQECHO_EINVAL, "x is NULL");
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        int64_t n = 0;

        SE_TRY(check_input(s, x, i, &n));
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

/* Class numbers of missing steps may be anything; make them 0. */
static void tame_classes(se_slot *slot, int64_t batch)
{
    const int64_t rows = se_shape_rows(&slot->shape) * batch;
    const int64_t masked = slot->shape.dim[0] * batch;

    for (int64_t r = 0; r < rows; r++)
        if (slot->mask[r % masked] == 0)
            slot->classes[r] = 0;
}

void se_session_clear_missing(const se_slot *input, const uint8_t *mask, int64_t batch,
                              float *rows)
{
    const int64_t all = se_shape_rows(&input->shape) * batch;
    const int64_t steps = input->shape.dim[0] * batch, n = se_shape_features(&input->shape);

    for (int64_t r = 0; r < all; r += steps)
        se_mask_clear(mask, steps, n, rows + r * n);
}

/* The mask that lengths make; NULL if every step is there. */
static const uint8_t *feed_lengths(se_slot *slot, const int32_t *lengths, int64_t batch)
{
    const int64_t steps = slot->shape.dim[0];
    bool all = true;

    for (int64_t i = 0; i < batch; i++)
        all = all && lengths[i] == steps;
    for (int64_t r = 0; !all && r < steps * batch; r++)
        slot->mask[r] = r / batch < lengths[r % batch];
    return all ? NULL : slot->mask;
}

static void feed_classes(se_slot *slot, const int32_t *classes, const uint8_t *mask,
                         int64_t batch)
{
    const bool zeros = mask != NULL && slot->needs_zeros;
    const bool rows = zeros || slot->needs_data;

    se_shape_to_steps(&slot->shape, batch, 1, classes, slot->classes);
    if (mask != NULL)
        tame_classes(slot, batch);
    if (rows)
        expand_classes(slot, batch);
    if (rows && mask != NULL)
        se_session_clear_missing(slot, mask, batch, slot->buffer);
    slot->value = (se_value){ .data = rows ? slot->buffer : NULL,
                              .classes = zeros ? NULL : slot->classes };
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
    slot->value = (se_value){ .classes = slot->classes };
    return true;
}

/* One sample of one axis before the last, or samples of one row, are step-major as they
 * are, and used in place unless somebody will look at them later. */
static void feed_floats(se_slot *slot, const float *data, const uint8_t *mask,
                        int64_t batch, bool keep)
{
    const bool moves =
        keep || mask != NULL ||
        (se_shape_rows(&slot->shape) > 1 && (batch > 1 || slot->shape.rank > 2));

    if (moves)
        se_shape_to_steps(&slot->shape, batch, se_shape_features(&slot->shape), data,
                          slot->buffer);
    if (mask != NULL)
        se_session_clear_missing(slot, mask, batch, slot->buffer);
    slot->value = (se_value){ .data = moves ? slot->buffer : data };
}

/* Samples [first, first + count) of input i. */
static void feed_input(se_session *s, const seqecho_view *view, size_t i, int64_t first,
                       int64_t count, bool keep)
{
    se_slot *const slot = s->inputs[i];
    const se_shape *const shape = &slot->shape;
    const uint8_t *const mask =
        s->graph->lengths[i]
            ? feed_lengths(slot, (const int32_t *)view[1].data + first, count)
            : NULL;

    if (view->dtype == SEQECHO_INT32) {
        feed_classes(slot, (const int32_t *)view->data + first * se_shape_rows(shape), mask,
                     count);
    } else {
        const float *const data = (const float *)view->data + first * se_shape_size(shape);

        if (keep || slot->needs_data || mask != NULL ||
            !feed_one_hot(slot, s->compute.k, data, count))
            feed_floats(slot, data, mask, count, keep);
    }
    slot->fed_classes = view->dtype == SEQECHO_INT32;
    slot->value.masked = slot->masked;
    slot->value.mask = mask;
}

int se_session_feed(se_session *s, const seqecho_view *x, int64_t first, int64_t count,
                    bool want_dx)
{
    /* Checked once already, but an event of a fit may have written to them since. */
    for (size_t i = 0; i < s->graph->n_inputs; i++) {
        const se_shape *const shape = &s->inputs[i]->shape;
        const seqecho_view *const view = &x[s->view[i]];
        const int32_t *lengths = NULL;

        if (s->graph->lengths[i]) {
            lengths = (const int32_t *)view[1].data + first;
            SE_TRY(check_lengths(lengths, shape->dim[0], count, first, input_name(s, i)));
        }
        if (view->dtype == SEQECHO_INT32)
            SE_TRY(check_classes((const int32_t *)view->data + first * se_shape_rows(shape),
                                 lengths, shape, count, first, input_name(s, i), "x"));
    }
    SE_TRY(se_session_bind(s, count, want_dx));
    for (size_t i = 0; i < s->graph->n_inputs; i++)
        feed_input(s, &x[s->view[i]], i, first, count, want_dx || s->keep_inputs);
    return SEQECHO_OK;
}

int se_session_feed_step(se_session *s, const int32_t *classes)
{
    se_slot *const slot = s->inputs[0];

    SE_TRY(se_classes_check(classes, &slot->shape, s->batch, 0, "predictor_step", "x_t"));
    feed_classes(slot, classes, NULL, s->batch);
    return SEQECHO_OK;
}
