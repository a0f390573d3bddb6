/* graph/share.c - work on all parameters, shared between threads.
 * SPDX-License-Identifier: MIT */
#include "graph/graph.h"
#include "kernels/gradient.h"

/* Blocks of fewer weights are not worth a second thread. */
#define SPLIT_SIZE 32768

typedef struct share_job {
    const seqecho_graph *graph;
    int pieces;
    se_pool_fn fn;
    void *arg;
} share_job;

/* One piece of every weight. */
static void share_piece(void *arg, int piece, int64_t begin, int64_t end)
{
    const share_job *const job = arg;
    se_weight_cursor cursor = { NULL, 0 };
    const se_weight *w;

    SE_UNUSED(piece);
    while ((w = se_graph_next_weight(job->graph, &cursor)) != NULL)
        for (int64_t i = begin; i < end; i++) {
            const int64_t rows = se_weight_rows(w), row = se_weight_size(w) / rows;
            const int64_t at = (int64_t)w->offset;
            int64_t first, last;

            se_weight_piece(rows, job->pieces, (int)i, &first, &last);
            if (first < last)
                job->fn(job->arg, (int)i, at + first * row, at + last * row);
        }
}

void se_graph_share(const seqecho_graph *graph, const se_compute *compute, se_pool_fn fn,
                    void *arg)
{
    share_job job = { graph, se_pool_threads(compute->pool), fn, arg };

    if (job.pieces == 1 || graph->n_params < SPLIT_SIZE)
        fn(arg, 0, 0, (int64_t)graph->n_params);
    else
        se_pool_run(compute->pool, job.pieces, 1, share_piece, &job);
}
