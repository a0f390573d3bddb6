/* train/gradients.c - regularisation, and the clipping of gradients before a step.
 * SPDX-License-Identifier: MIT */
#include "train/gradients.h"

#include <math.h>

/* Blocks of a sum, and how many of them are worth a second thread. */
#define BLOCK 4096
#define BLOCKS_A_THREAD 8

static int64_t blocks_of(const se_weight *w)
{
    return (se_weight_size(w) + BLOCK - 1) / BLOCK;
}

size_t se_gradients_room(const seqecho_graph *graph)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    size_t room = 0;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        room += (size_t)blocks_of(w);
    return room;
}

/* ---- Sums over weights -------------------------------------------------------------- */

/* A function of n numbers that belong to a weight. */
typedef double (*sum_fn)(const se_kernels *k, const se_weight *w, int64_t n,
                         const float *x);

typedef struct sum_job {
    const seqecho_graph *graph;
    const se_kernels *k;
    const float *values; /* in the layout of the parameters */
    sum_fn fn;
    double *room;
} sum_job;

/* Blocks [begin, end) of all, numbered through. */
static void sum_blocks(void *arg, int piece, int64_t begin, int64_t end)
{
    const sum_job *const job = arg;
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    int64_t first = 0; /* block of the weight */

    SE_UNUSED(piece);
    for (; first < end && (w = se_graph_next_weight(job->graph, &cursor)) != NULL;
         first += blocks_of(w)) {
        const int64_t size = se_weight_size(w), blocks = blocks_of(w);
        const int64_t from = begin > first ? begin - first : 0;
        const int64_t to = end - first < blocks ? end - first : blocks;

        for (int64_t i = from; i < to && se_layer_trained(cursor.layer); i++) {
            const int64_t at = i * BLOCK, left = size - at;

            job->room[first + i] = job->fn(job->k, w, left < BLOCK ? left : BLOCK,
                                           job->values + w->offset + at);
        }
    }
}

/* The sum over each weight, to room[its number]; returns the sum over all. */
static double sum_weights(const seqecho_graph *graph, const se_compute *compute,
                          const float *values, sum_fn fn, double *room)
{
    sum_job job = { graph, compute->k, values, fn, room };
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;
    const double *block = room;
    double total = 0.0;

    se_pool_run(compute->pool, (int64_t)se_gradients_room(graph), BLOCKS_A_THREAD,
                sum_blocks, &job);
    /* A weight has at least one block, so its number is not beyond what is still to be
     * read. */
    for (; (w = se_graph_next_weight(graph, &cursor)) != NULL; room++) {
        double sum = 0.0;

        for (int64_t i = 0; i < blocks_of(w); i++, block++)
            if (se_layer_trained(cursor.layer))
                sum += *block;
        *room = sum;
        total += sum;
    }
    return total;
}

/* ---- Regularisation ----------------------------------------------------------------- */

static bool regularized(const se_weight *w)
{
    return w->l1 != 0.0f || w->l2 != 0.0f;
}

static bool any_regularized(const seqecho_graph *graph)
{
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    while ((w = se_graph_next_weight(graph, &cursor)) != NULL)
        if (regularized(w) && se_layer_trained(cursor.layer))
            return true;
    return false;
}

static double block_penalty(const se_kernels *k, const se_weight *w, int64_t n,
                            const float *x)
{
    return (w->l1 != 0.0f ? (double)w->l1 * k->abs_sum(n, x) : 0.0) +
           (w->l2 != 0.0f ? (double)w->l2 * k->square_sum(n, x) : 0.0);
}

double se_gradients_penalty(const seqecho_graph *graph, const se_compute *compute,
                            double *room)
{
    return any_regularized(graph)
               ? sum_weights(graph, compute, graph->params, block_penalty, room)
               : 0.0;
}

typedef struct slope_job {
    const se_kernels *k;
    const float *params;
    float *grads;
} slope_job;

static void add_slopes(void *arg, int piece, const se_weight *w, size_t number,
                       int64_t begin, int64_t end)
{
    const slope_job *const job = arg;

    SE_UNUSED(piece);
    SE_UNUSED(number);
    if (regularized(w))
        job->k->regularize(end - begin, job->params + begin, w->l1, 2.0f * w->l2,
                           job->grads + begin);
}

void se_gradients_regularize(const seqecho_graph *graph, const se_compute *compute,
                             float *grads)
{
    slope_job job = { compute->k, graph->params, grads };

    if (any_regularized(graph))
        se_graph_share_weights(graph, compute, add_slopes, &job);
}

/* ---- Clipping ----------------------------------------------------------------------- */

static double block_squares(const se_kernels *k, const se_weight *w, int64_t n,
                            const float *x)
{
    SE_UNUSED(w);
    return k->square_sum(n, x);
}

void se_clip_measure(const se_clip *clip, const seqecho_graph *graph,
                     const se_compute *compute, const float *grads, double *room)
{
    const double all = sqrt(sum_weights(graph, compute, grads, block_squares, room));
    se_weight_cursor cursor = { NULL, 0 };

    for (; se_graph_next_weight(graph, &cursor) != NULL; room++) {
        const double norm = clip->kind == SE_CLIP_NORM ? sqrt(*room) : all;

        *room = norm > clip->limit ? clip->limit / norm : 1.0;
    }
}
