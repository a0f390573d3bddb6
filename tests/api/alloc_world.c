/* alloc_world.c - objects of every kind, on memory that can be failed, for calls that are
 * tried without it.
 * SPDX-License-Identifier: MIT */
#include "alloc_world.h"

#include "models.h"

counting_alloc world_json;

void *world_json_alloc(size_t size)
{
    return counting_alloc_alloc(&world_json, size > 0 ? size : 1, 16);
}

void world_json_release(void *ptr)
{
    if (ptr != NULL)
        counting_alloc_release(&world_json, ptr);
}

file_bytes model_file, training_file, paused_file;

seqecho_graph *world_graph(const seqecho_allocator *hook, int64_t units)
{
    seqecho_graph *graph;

    if (seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 5, .allocator = hook)) < 0)
        return NULL;
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 7, .dim = { 5, 6 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = units, .return_sequences = true,
                                          .stateful = true, .dropout = 0.2F));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 6, .activation = SEQECHO_SOFTMAX));
    return graph;
}

int world_trainer(world *w, seqecho_trainer **out)
{
    return seqecho_trainer_create(out, w->graph,
                                  SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                  .threads = 1, .allocator = &w->hook));
}

int world_data(world *w, seqecho_dataset **out, bool held_out)
{
    return seqecho_dataset_create(out, SEQECHO_DATASET(.length = SAMPLES + 4, .n_unique = 6,
                                                       .seed = 3, .held_out = held_out,
                                                       .allocator = &w->hook));
}

int world_stop(world *w, seqecho_callback **out)
{
    return seqecho_early_stopping_create(
        out, SEQECHO_EARLY_STOPPING(.patience = 50, .restore_best_weights = true,
                                    .allocator = &w->hook));
}

int world_log(world *w, seqecho_callback **out)
{
    return seqecho_csv_log_create(
        out, SEQECHO_CSV_LOG(.path = "log.csv", .allocator = &w->hook));
}

int world_reduction(world *w, seqecho_callback **out)
{
    return seqecho_reduce_lr_create(
        out, SEQECHO_REDUCE_LR(.patience = 1, .allocator = &w->hook));
}

int world_checkpoint(world *w, seqecho_callback **out)
{
    return seqecho_checkpoint_create(
        out, SEQECHO_CHECKPOINT(.directory = "run", .every_batches = 2, .save_best = true,
                                .allocator = &w->hook));
}

static void open_callbacks(world *w, unsigned needs)
{
    int (*const make[CALLBACKS])(world *, seqecho_callback **) = { world_stop, world_log,
                                                                   world_reduction,
                                                                   world_checkpoint };
    const size_t n = (needs & SAVED) != 0 ? 4 : (needs & WATCHED) != 0 ? 3 : 0;

    for (; w->n_callbacks < n; w->n_callbacks++)
        file_must(make[w->n_callbacks](w, &w->callback[w->n_callbacks]));
}

static void put_file(const char *path, file_bytes f)
{
    FILE *const file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(f.data, 1, f.size, file), f.size);
    assert_int_equal(fclose(file), 0);
}

static void restore(world *w, file_bytes file)
{
    if (file.data != NULL)
        file_must(seqecho_trainer_restore_memory(w->trainer, file.data, file.size));
}

void world_open(world *w, unsigned needs)
{
    memset(w, 0, sizeof *w);
    w->hook = counting_alloc_hook(&w->memory);
    if ((needs & (GRAPH | TRAINER | PREDICTOR)) != 0) {
        w->graph = world_graph(&w->hook, 4);
        file_must(seqecho_graph_status(w->graph));
    }
    if ((needs & DATA) != 0) {
        file_must(world_data(w, &w->data, false));
        file_must(world_data(w, &w->held_out, true));
        w->x = seqecho_dataset_x(w->data);
        w->y = seqecho_dataset_y(w->data);
    }
    if ((needs & TRAINER) != 0) {
        file_must(world_trainer(w, &w->trainer));
        restore(w, (needs & PAUSED) != 0 ? paused_file : training_file);
    }
    if ((needs & PREDICTOR) != 0)
        file_must(seqecho_predictor_create(
            &w->predictor, w->graph,
            SEQECHO_PREDICTOR(.batch = 7, .threads = 1, .allocator = &w->hook)));
    open_callbacks(w, needs);
    if ((needs & FILES) != 0) {
        put_file("model", model_file);
        put_file("training", training_file);
    }
}

void world_close(world *w)
{
    for (size_t i = 0; i < w->n_callbacks; i++)
        seqecho_callback_destroy(w->callback[i]);
    seqecho_callback_destroy(w->made_callback);
    seqecho_predictor_destroy(w->predictor);
    seqecho_predictor_destroy(w->made_predictor);
    seqecho_trainer_destroy(w->trainer);
    seqecho_trainer_destroy(w->made_trainer);
    seqecho_graph_destroy(w->graph);
    seqecho_graph_destroy(w->made);
    seqecho_dataset_destroy(w->data);
    seqecho_dataset_destroy(w->held_out);
    seqecho_dataset_destroy(w->made_data);
    assert_int_equal(w->memory.live, 0);
    assert_int_equal(world_json.live, 0);
}

/* ---- What has become of them -------------------------------------------------------- */

static uint64_t add(uint64_t hash, const void *data, size_t size)
{
    return hash * 31 + (size > 0 ? models_hash(data, size) : 0);
}

static uint64_t add_file(uint64_t hash, file_bytes f, bool trainer)
{
    if (trainer)
        file_clear_seconds(f);
    hash = add(hash, f.data, f.size);
    free(f.data);
    return hash;
}

uint64_t world_state(world *w)
{
    uint64_t hash = 1;

    if (w->trainer != NULL)
        hash = add_file(hash, file_of_trainer(w->trainer), true);
    else if (w->graph != NULL)
        hash = add_file(hash, file_of_graph(w->graph), false);
    if (w->predictor != NULL) /* its weights are the graph's; a step would move it */
        hash = add(hash, &w->n_callbacks, sizeof w->n_callbacks);
    if (w->data != NULL) {
        const uint64_t at[] = { seqecho_dataset_position(w->data),
                                seqecho_dataset_position(w->held_out) };

        hash = add(hash, at, sizeof at);
    }
    return hash;
}

uint64_t world_result(world *w)
{
    uint64_t hash = world_state(w);

    hash = add(hash, w->out, sizeof w->out);
    hash = add(hash, w->text, sizeof w->text);
    hash = add(hash, &w->count, sizeof w->count);
    if (w->made != NULL)
        hash = add_file(hash, file_of_graph(w->made), false);
    if (w->made_trainer != NULL)
        hash = add_file(hash, file_of_trainer(w->made_trainer), true);
    if (w->made_data != NULL)
        hash = add(hash, seqecho_dataset_sequence(w->made_data, NULL),
                   (SAMPLES + 4) * sizeof(int32_t));
    return hash;
}
