/* train/shuffle.c - samples set apart, and samples in random order.
 * SPDX-License-Identifier: MIT
 *
 * Elements have 4 bytes, whether they are floats, class numbers or lengths, so all views
 * are cut and gathered alike.  Views without data - outputs that have no weights - stay
 * so. */
#include "train/shuffle.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"

/* Elements of one sample; 0 where there is no data. */
static size_t sample_size(const seqecho_view *view)
{
    size_t size = 1;

    if (view->data == NULL)
        return 0;
    for (int32_t i = 1; i < view->rank; i++)
        size *= (size_t)view->dim[i];
    return size;
}

static void copy_views(se_view_set *set, const seqecho_graph *graph,
                       const se_samples *samples)
{
    const size_t n_x = se_graph_views(graph), n_y = graph->n_outputs;
    seqecho_view *const x = set->view, *const y = x + n_x, *const weight = y + n_y;

    memcpy(x, samples->x, n_x * sizeof *x);
    memcpy(y, samples->y, n_y * sizeof *y);
    set->samples = (se_samples){ .x = x, .y = y };
    set->n = n_x + n_y;
    if (samples->weight == NULL)
        return;
    memcpy(weight, samples->weight, n_y * sizeof *weight);
    set->samples.weight = weight;
    set->n += n_y;
}

void se_samples_copy(se_view_set *set, const seqecho_trainer *t, const se_samples *samples)
{
    const seqecho_graph *const graph = t->session->graph;
    seqecho_view *const y = set->view + se_graph_views(graph);
    seqecho_view *const weight = y + graph->n_outputs;

    copy_views(set, graph, samples);
    for (size_t i = 0; i < graph->n_outputs; i++) {
        if (t->objective.output[i].loss != SEQECHO_LOSS_NONE)
            continue;
        y[i].data = NULL;
        if (samples->weight != NULL)
            weight[i].data = NULL;
    }
}

void se_samples_slice(se_view_set *set, const seqecho_graph *graph,
                      const se_samples *samples, int64_t first, int64_t count)
{
    copy_views(set, graph, samples);
    for (size_t i = 0; i < set->n; i++) {
        seqecho_view *const v = &set->view[i];

        if (v->data == NULL)
            continue;
        v->data = (const float *)v->data + (size_t)first * sample_size(v);
        v->dim[0] = count;
    }
}

int se_shuffle_create(se_shuffle *s, const seqecho_graph *graph, const se_samples *samples,
                      int64_t count, int64_t batch, const seqecho_allocator *a)
{
    size_t n, total = 0, begin[SE_MAX_VIEWS];

    if (count > UINT32_MAX)
        return se_fail(SEQECHO_ENOTSUP,
                       "fit: shuffle takes up to %" PRIu32 " samples, found %" PRId64,
                       UINT32_MAX, count);
    copy_views(&s->from, graph, samples);
    copy_views(&s->batch, graph, &s->from.samples);
    n = s->from.n;
    for (size_t i = 0; i < n; i++) {
        const size_t size = (size_t)batch * sample_size(&s->from.view[i]);

        begin[i] = total;
        if (!se_size_add(&total, total, size))
            return se_fail(SEQECHO_ENOMEM,
                           "fit: a batch of %" PRId64
                           " shuffled samples does not fit the address space",
                           batch);
    }
    SE_TRY(se_alloc(&s->order, a, (size_t)count, sizeof *s->order, "order of samples"));
    SE_TRY(se_alloc(&s->block, a, total, sizeof *s->block, "shuffled batch"));
    for (size_t i = 0; i < n; i++) {
        s->rows[i] = s->block + begin[i];
        if (s->from.view[i].data != NULL)
            s->batch.view[i].data = s->rows[i];
    }
    s->count = (uint32_t)count;
    return SEQECHO_OK;
}

void se_shuffle_finish(se_shuffle *s, const seqecho_allocator *a)
{
    se_free(a, s->order);
    se_free(a, s->block);
}

/* Fisher and Yates, from the end. */
void se_shuffle_order(se_shuffle *s, uint64_t seed, uint64_t epoch)
{
    se_rng rng;

    se_rng_init(&rng, seed, SE_RNG_SHUFFLE, epoch);
    for (uint32_t i = 0; i < s->count; i++)
        s->order[i] = i;
    for (uint32_t i = s->count; i-- > 1;) {
        const uint32_t j = se_rng_below(&rng, i + 1), last = s->order[i];

        s->order[i] = s->order[j];
        s->order[j] = last;
    }
}

const se_samples *se_shuffle_batch(se_shuffle *s, int64_t first, int64_t count)
{
    for (size_t i = 0; i < s->from.n; i++) {
        const float *const from = s->from.view[i].data;
        const size_t size = sample_size(&s->from.view[i]);

        s->batch.view[i].dim[0] = count;
        for (int64_t r = 0; r < count && size > 0; r++)
            memcpy(s->rows[i] + (size_t)r * size, from + s->order[first + r] * size,
                   size * sizeof *from);
    }
    return &s->batch.samples;
}
