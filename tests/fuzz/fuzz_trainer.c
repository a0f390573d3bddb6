/* fuzz_trainer.c - any bytes as a checkpoint: a trainer goes on from it, or is as it was.
 * SPDX-License-Identifier: MIT
 *
 * Mutations begin, now and then, with the checkpoint of a fit that has stopped somewhere,
 * so the target knows the format that the library writes. */
#include <seqecho/seqecho.h>

#include "file_mutator.h"
#include "fuzz.h"
#include "json_alloc.h"

enum { SAMPLES = 6, BATCH = 2, STEPS = 3, EPOCHS = 2, EVENTS = 1 + EPOCHS * 5 };

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

typedef struct training {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_dataset *data; /* or NULL: fixed samples */
    seqecho_callback *callback[2];
    int stop_at;
    bytes saved;
} training;

static const float samples[SAMPLES * STEPS * 2] = { 1, 0, 0, 1, 1, 1, 0.5f, 2, -1 };

static void must(int err)
{
    FUZZ_CHECK(err == SEQECHO_OK, "%s", seqecho_error_message());
}

/* With Adam, or with SGD on a dataset, which are what checkpoints differ in most. */
static training make(bool adam, const seqecho_allocator *hook)
{
    training t = { .stop_at = -1 };

    must(seqecho_graph_create(&t.graph, SEQECHO_GRAPH(.seed = 1, .allocator = hook)));
    seqecho_graph_add(t.graph,
                      SEQECHO_INPUT(.batch = adam ? BATCH : 1, .dim = { STEPS, 2 }));
    seqecho_graph_add(t.graph, SEQECHO_LSTM(.units = 2, .stateful = true, .dropout = 0.25f,
                                            .return_sequences = true));
    seqecho_graph_add(t.graph, SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX));
    must(seqecho_trainer_create(
        &t.trainer, t.graph,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .seed = 3,
                        .optimizer = adam ? SEQECHO_ADAM : SEQECHO_SGD, .amsgrad = adam,
                        .momentum = adam ? 0.0F : 0.9F, .threads = 1, .allocator = hook)));
    if (!adam)
        must(seqecho_dataset_create(&t.data,
                                    SEQECHO_DATASET(.length = STEPS + 3, .n_in = STEPS,
                                                    .n_unique = 2, .allocator = hook)));
    must(seqecho_early_stopping_create(
        &t.callback[0], SEQECHO_EARLY_STOPPING(.patience = 9, .restore_best_weights = true,
                                               .allocator = hook)));
    must(seqecho_reduce_lr_create(&t.callback[1],
                                  SEQECHO_REDUCE_LR(.patience = 1, .allocator = hook)));
    return t;
}

static void finish(training *t)
{
    for (int i = 0; i < 2; i++)
        seqecho_callback_destroy(t->callback[i]);
    seqecho_dataset_destroy(t->data);
    seqecho_trainer_destroy(t->trainer);
    seqecho_graph_destroy(t->graph);
    free(t->saved.data);
}

static bytes save(seqecho_trainer *trainer)
{
    bytes b = { NULL, 0 };

    must(seqecho_trainer_save_memory(trainer, NULL, 0, &b.size));
    b.data = malloc(b.size);
    FUZZ_CHECK(b.data != NULL, "%zu bytes", b.size);
    must(seqecho_trainer_save_memory(trainer, b.data, b.size, &b.size));
    return b;
}

static int on_event(void *user, const seqecho_event *event)
{
    training *const t = user;

    if (t->stop_at < 0 || t->stop_at-- > 0)
        return 0;
    free(t->saved.data);
    t->saved = save(event->trainer);
    return 1;
}

static int fit(training *t)
{
    const seqecho_fit_options options = {
        .struct_size = sizeof options,
        .epochs = EPOCHS,
        .batch_size = t->data != NULL ? 0 : BATCH,
        .resume = true,
        .on_event = on_event,
        .user = t,
        .callbacks = t->callback,
        .n_callbacks = 2,
    };
    const seqecho_view x = { samples, { SAMPLES, STEPS, 2 }, 3, SEQECHO_FLOAT32 };

    return t->data != NULL
               ? seqecho_trainer_fit_dataset(t->trainer, t->data, &options, NULL)
               : seqecho_trainer_fit(t->trainer, &x, &x, &options, NULL);
}

/* ---- Mutations ---------------------------------------------------------------------- */

static size_t fresh(uint8_t *data, size_t max, unsigned int seed)
{
    bounded_alloc memory = { .limit = SIZE_MAX / 2 };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    training t;
    size_t size;

    json_alloc_count(&memory);
    t = make(seed % 2 == 0, &hook);
    t.stop_at = (int)(seed / 2 % EVENTS);
    must(fit(&t));
    if (t.saved.data == NULL)
        t.saved = save(t.trainer);
    size = t.saved.size <= max ? t.saved.size : 0;
    memcpy(data, t.saved.data, size);
    finish(&t);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
    if (size < 1000 || seed % 64 == 0) {
        size = fresh(data, max, seed / 64);
        if (size == 0 || seed % 8 != 0)
            return size;
    }
    return file_mutator_run(data, size, max, seed);
}

/* ---- Restoring ---------------------------------------------------------------------- */

static void check_refused(training *t, int err, bytes before)
{
    const bytes after = save(t->trainer);

    FUZZ_CHECK(err == SEQECHO_EFORMAT || err == SEQECHO_ENOTSUP || err == SEQECHO_ESHAPE ||
                   err == SEQECHO_EINVAL || err == SEQECHO_ENOMEM,
               "%s: %s", seqecho_error_name(err), seqecho_error_message());
    FUZZ_CHECK(seqecho_error_message()[0] != '\0', "%d", err);
    FUZZ_CHECK(before.size == after.size &&
                   memcmp(before.data, after.data, after.size) == 0,
               "%d", err);
    free(after.data);
}

/* What has been restored can be saved, restored and trained. */
static void go_on(training *t)
{
    const bytes first = save(t->trainer);
    bytes second;

    must(seqecho_trainer_restore_memory(t->trainer, first.data, first.size));
    second = save(t->trainer);
    FUZZ_CHECK(first.size == second.size &&
                   memcmp(first.data, second.data, first.size) == 0,
               "%zu and %zu bytes", first.size, second.size);
    free(first.data);
    free(second.data);
    (void)fit(t);
}

static void run(const uint8_t *data, size_t size, bool adam, bool fails)
{
    bounded_alloc memory = { .limit = SIZE_MAX / 2 };
    const seqecho_allocator hook = bounded_alloc_hook(&memory);
    training t;
    bytes before;
    size_t own;
    int err;

    json_alloc_count(&memory);
    t = make(adam, &hook);
    before = save(t.trainer);
    memory.peak = own = memory.live;
    memory.seed = json_alloc_hash(data, size);
    memory.fails = fails;
    err = seqecho_trainer_restore_memory(t.trainer, data, size);
    memory.fails = false;
    FUZZ_CHECK(memory.peak - own <= json_alloc_limit(data, size), "%zu bytes", memory.peak);
    if (err < 0)
        check_refused(&t, err, before);
    else if (!fails)
        go_on(&t);
    free(before.data);
    finish(&t);
    FUZZ_CHECK(memory.live == 0, "%zu bytes", memory.live);
}

static bool mentions(const uint8_t *data, size_t size, const char *word)
{
    const size_t n = strlen(word);

    for (size_t i = 0; i + n <= size; i++)
        if (memcmp(data + i, word, n) == 0)
            return true;
    return false;
}

/* With the trainer that it seems to be for, and now and then with the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t hash = json_alloc_hash(data, size);
    const bool adam = mentions(data, size, "Adam");

    run(data, size, adam, false);
    if (hash % 8 == 0)
        run(data, size, !adam, false);
    if (hash % 8 == 1)
        run(data, size, adam, true);
    return 0;
}
