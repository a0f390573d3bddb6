/* graph/share.c - work on all parameters, shared between threads.
 * SPDX-License-Identifier: MIT */
#include "graph/graph.h"
#include "kernels/gradient.h"

/* Blocks of fewer weights are not worth a second thread. */
#define SPLIT_SIZE 32768

typedef struct share_job {
    const seqecho_graph *graph;
    int pieces;
    se_weight_fn fn;
    void *arg;
} share_job;

/* One piece of every weight that is trained. */
static void share_piece(void *arg, int piece, int64_t begin, int64_t end)
{
    const share_job *const job = arg;
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    SE_UNUSED(piece);
    for (size_t number = 0; (w = se_graph_next_weight(job->graph, &cursor)) != NULL;
         number++) {
        const int64_t rows = se_weight_rows(w), row = se_weight_size(w) / rows;
        const int64_t at = (int64_t)w->offset;

        for (int64_t i = begin; i < end && se_layer_trained(cursor.layer); i++) {
            int64_t first, last;

            se_weight_piece(rows, job->pieces, (int)i, &first, &last);
            if (first < last)
                job->fn(job->arg, (int)i, w, number, at + first * row, at + last * row);
        }
    }
}

/* In how many pieces. */
static int pieces_of(const seqecho_graph *graph, const se_compute *compute)
{
    return graph->n_params < SPLIT_SIZE ? 1 : se_pool_threads(compute->pool);
}

void se_graph_share_weights(const seqecho_graph *graph, const se_compute *compute,
                            se_weight_fn fn, void *arg)
{
    share_job job = { graph, pieces_of(graph, compute), fn, arg };

    se_pool_run(compute->pool, job.pieces, 1, share_piece, &job);
}

typedef struct range_job {
    se_pool_fn fn;
    void *arg;
} range_job;

static void weight_range(void *arg, int piece, const se_weight *w, size_t number,
                         int64_t begin, int64_t end)
{
    const range_job *const job = arg;

    SE_UNUSED(w);
    SE_UNUSED(number);
    job->fn(job->arg, piece, begin, end);
}

static bool all_trained(const seqecho_graph *graph)
{
    for (const seqecho_layer *layer = graph->layers; layer != NULL; layer = layer->next)
        if (layer->n_weights > 0 && !se_layer_trained(layer))
            return false;
    return true;
}

void se_graph_share(const seqecho_graph *graph, const se_compute *compute, se_pool_fn fn,
                    void *arg)
{
    range_job job = { fn, arg };

    if (pieces_of(graph, compute) == 1 && all_trained(graph))
        fn(arg, 0, 0, (int64_t)graph->n_params);
    else
        se_graph_share_weights(graph, compute, weight_range, &job);
}
