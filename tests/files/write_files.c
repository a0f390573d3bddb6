/* write_files.c - writes files for another reader, and looks at what that has made of them.
 * SPDX-License-Identifier: MIT
 *
 * usage: write_files DIRECTORY          write some models, NUMBER.safetensors
 *        write_files --doubled A B      B is loaded, and has each weight of A, doubled */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/seqecho.h>

#include "../api/random_graph.h"

enum { GRAPHS = 60 };

static void must(int err)
{
    if (err >= 0)
        return;
    (void)fprintf(stderr, "%s: %s\n", seqecho_error_name(err), seqecho_error_message());
    exit(1);
}

/* A model, or the checkpoint of a training with its moments and history. */
static void write_one(const char *directory, int number)
{
    random_graph *const g = random_graph_make((uint64_t)number, RANDOM_ANY);
    seqecho_trainer *trainer = NULL;
    char path[1024];

    (void)snprintf(path, sizeof path, "%s/%d.safetensors", directory, number);
    if (number % 2 == 0) {
        must(seqecho_graph_save(g->graph, path));
    } else {
        must(seqecho_trainer_create(&trainer, g->graph,
                                    SEQECHO_TRAINER(.losses = g->loss, .amsgrad = true)));
        must(seqecho_trainer_save(trainer, path));
    }
    seqecho_trainer_destroy(trainer);
    random_graph_free(g);
}

static size_t read_weight(seqecho_graph *graph, size_t i, float **values)
{
    const char *const name = seqecho_graph_weight_name(graph, i);
    seqecho_view shape;
    size_t n = 1;

    must(seqecho_graph_weight_shape(graph, name, &shape));
    for (int32_t d = 0; d < shape.rank; d++)
        n *= (size_t)shape.dim[d];
    *values = malloc(n * sizeof **values);
    if (*values == NULL)
        exit(1);
    must(seqecho_graph_weight_get(graph, name, *values, n));
    return n;
}

static int compare(const char *before, const char *after)
{
    seqecho_graph *a = NULL, *b = NULL;
    int wrong = 0;

    must(seqecho_graph_load(&a, before, NULL));
    must(seqecho_graph_load(&b, after, NULL));
    for (size_t i = 0; i < seqecho_graph_weight_count(a); i++) {
        float *x, *y;
        const size_t n = read_weight(a, i, &x);

        if (read_weight(b, i, &y) != n)
            wrong++;
        for (size_t j = 0; j < n; j++)
            wrong += y[j] != 2.0F * x[j];
        free(x);
        free(y);
    }
    seqecho_graph_destroy(a);
    seqecho_graph_destroy(b);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--doubled") == 0)
        return compare(argv[2], argv[3]) == 0 ? 0 : 1;
    if (argc != 2)
        return 2;
    for (int i = 0; i < GRAPHS; i++)
        write_one(argv[1], i);
    return 0;
}
