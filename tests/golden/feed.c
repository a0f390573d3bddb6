/* feed.c - inputs and targets, as float rows and as class numbers.
 * SPDX-License-Identifier: MIT */
#include "feed.h"

bool feed_expand(const int32_t *classes, size_t count, int64_t depth, float missing,
                 float *rows)
{
    for (size_t i = 0; i < count; i++, rows += depth) {
        if (classes[i] < -1 || classes[i] >= depth)
            return false;
        for (int64_t k = 0; k < depth; k++)
            rows[k] = classes[i] == -1 ? missing : classes[i] == k ? 1.0f : 0.0f;
    }
    return true;
}

static bool has_missing_steps(const struct array *array)
{
    for (size_t i = 0; i < array->count; i++)
        if (array->ints[i] == -1)
            return true;
    return false;
}

static bool expand_classes(struct golden_case *c, struct feed *feed,
                           const struct array *array, int64_t depth, float missing)
{
    float *rows;

    if (depth < 1 || (uint64_t)depth > (uint64_t)INT32_MAX / (array->count + 1))
        return result_fail(c->result, "%s: class numbers of depth %lld", array->name,
                           (long long)depth);
    if (feed->rank == SEQECHO_MAX_RANK)
        return result_fail(c->result, "%s: too many dimensions", array->name);
    feed->dim[feed->rank++] = depth;
    rows = case_alloc(c, array->count * (size_t)depth, sizeof *rows);
    if (!feed_expand(array->ints, array->count, depth, missing, rows))
        return result_fail(c->result, "%s: a class number outside [-1, %lld)", array->name,
                           (long long)depth);
    feed->floats = rows;
    feed->classes = has_missing_steps(array) ? NULL : array->ints;
    feed->batch_classes = feed->batch_floats;
    feed->batch_floats *= (size_t)depth;
    return true;
}

bool feed_open(struct golden_case *c, struct feed *feed, const struct array *array,
               bool has_batches, int64_t depth, float missing)
{
    const int lead = has_batches ? 1 : 0;

    *feed = (struct feed){ .floats = array->floats, .batches = 1, .batch_floats = 1 };
    if (array->rank <= lead || array->rank - lead > SEQECHO_MAX_RANK || array->count == 0)
        return result_fail(c->result, "%s: %d dimensions, %zu values", array->name,
                           array->rank, array->count);
    if (has_batches)
        feed->batches = (size_t)array->dim[0];
    for (int i = lead; i < array->rank; i++) {
        feed->dim[feed->rank++] = array->dim[i];
        feed->batch_floats *= (size_t)array->dim[i];
    }
    return array->floats || expand_classes(c, feed, array, depth, missing);
}

seqecho_view feed_view(const struct feed *feed, bool as_classes, size_t first, size_t count)
{
    seqecho_view view = { .rank = feed->rank, .dtype = SEQECHO_FLOAT32 };

    for (int32_t i = 0; i < feed->rank; i++)
        view.dim[i] = feed->dim[i];
    view.dim[0] *= (int64_t)count;
    if (as_classes && feed->classes) {
        view.dtype = SEQECHO_INT32;
        view.rank--;
        view.dim[view.rank] = 0;
        view.data = feed->classes + first * feed->batch_classes;
    } else {
        view.data = feed->floats + first * feed->batch_floats;
    }
    return view;
}
