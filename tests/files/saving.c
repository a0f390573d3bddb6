/* saving.c - trainings with the callback that saves them.
 * SPDX-License-Identifier: MIT */
#include "saving.h"

#include <dirent.h>
#include <stdio.h>

seqecho_graph *saving_graph(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4, .dropout = 0.2F));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    return graph;
}

const training_plan saving_plain = SAVING_PLAN(.held_out = false);

void saving_open(training *t, const training_plan *plan,
                 const seqecho_checkpoint_options *options)
{
    training_open(t, plan, 1, "log");
    file_must(seqecho_checkpoint_create(&t->callback[t->n_callbacks++], options));
}

const char *saving_files(const char *directory)
{
    static char text[2048];
    struct dirent **list;
    const int n = scandir(directory, &list, NULL, alphasort);
    size_t at = 0;

    assert_true(n >= 0);
    text[0] = '\0';
    for (int i = 0; i < n; i++) {
        const char *const name = list[i]->d_name;
        unsigned long long steps;
        int end = 0;

        if (sscanf(name, "checkpoint-%12llu.safetensors%n", &steps, &end) == 1 &&
            end == 35 && name[end] == '\0')
            at += (size_t)snprintf(text + at, sizeof text - at, "%llu ", steps);
        else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s ", name);
        assert_true(at < sizeof text);
        free(list[i]);
    }
    free(list);
    return text;
}

void saving_put(const char *path, const void *bytes, size_t size)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}
