/* test_alloc_calls.c - every call that takes memory, each allocation in it failed, once or
 * from then on: it says so, nothing leaks, the objects are as before, and another try gives
 * the same bits.
 * SPDX-License-Identifier: MIT
 *
 * Memory is that of the hook, and for files also that of jansson, which has hooks of its
 * own. */
#include <stdio.h>

#include <jansson.h>

#include "alloc_world.h"

enum {             /* traits */
       JSON = 1,   /* jansson takes memory */
       MIDWAY = 2, /* what it changes before it fails cannot be undone: it starts anew */
       ROOM = 4    /* room that was made before it failed may stay */
};

typedef struct scenario {
    const char *name;
    unsigned needs, traits;
    int (*act)(world *w);
} scenario;

/* ---- Calls: building ---------------------------------------------------------------- */

static int graph_create(world *w)
{
    const int err = seqecho_graph_create(&w->made, SEQECHO_GRAPH(.allocator = &w->hook));

    assert_true((err == 0) == (w->made != NULL));
    seqecho_graph_destroy(w->made);
    w->made = NULL; /* it has no layers that could be compared */
    return err;
}

/* A graph that could not be built is thrown away. */
static int finish(world *w, seqecho_graph *graph)
{
    int err = graph != NULL ? seqecho_graph_status(graph) : SEQECHO_ENOMEM;

    if (err == 0)
        err = seqecho_graph_weight_count(graph) > 0 ? 0 : -1;
    if (err == 0)
        w->made = graph;
    else
        seqecho_graph_destroy(graph);
    return err;
}

static int graph_add(world *w)
{
    return finish(w, world_graph(&w->hook, 9));
}

static int layer_call(world *w)
{
    seqecho_graph *graph;
    seqecho_node *x, *states;

    if (seqecho_graph_create(&graph, SEQECHO_GRAPH(.allocator = &w->hook)) < 0)
        return SEQECHO_ENOMEM;
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 5, 6 }, .lengths = true));
    states = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 3, .return_sequences = true,
                                                 .return_state = true)),
        x);
    x = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 3, .return_sequences = true)),
        (seqecho_node *[]){ x, seqecho_node_output(states, 1),
                            seqecho_node_output(states, 2) },
        3);
    x = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_BIDIRECTIONAL(
                                        SEQECHO_GRU(.units = 2, .return_sequences = true))),
        x);
    x = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 2))),
        x);
    if (seqecho_graph_output(graph, x) < 0 && seqecho_graph_status(graph) == 0)
        fail_msg("an output was refused, but the graph is well");
    return finish(w, graph);
}

static int trainer_create(world *w)
{
    return world_trainer(w, &w->made_trainer);
}

static int trainer_create_much(world *w)
{
    static const int64_t boundaries[] = { 2 };
    static const double values[] = { 0.1, 0.2 };
    static const seqecho_schedule schedule = { .struct_size = sizeof schedule,
                                               .kind = SEQECHO_PIECEWISE_CONSTANT,
                                               .boundaries = boundaries,
                                               .values = values,
                                               .n_boundaries = 1 };

    return seqecho_trainer_create(
        &w->made_trainer, w->graph,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .threads = 3,
                        .optimizer = SEQECHO_RMSPROP, .centered = true, .momentum = 0.5F,
                        .schedule = &schedule, .allocator = &w->hook));
}

static int predictor_create(world *w)
{
    return seqecho_predictor_create(
        &w->made_predictor, w->graph,
        SEQECHO_PREDICTOR(.batch = 7, .threads = 2, .allocator = &w->hook));
}

static int dataset_create(world *w)
{
    return world_data(w, &w->made_data, false);
}

static int dataset_create_padded(world *w)
{
    return seqecho_dataset_create(
        &w->made_data,
        SEQECHO_DATASET(.length = SAMPLES + 4, .rows = SEQECHO_ROWS_PAD_BOTH,
                        .encoding = SEQECHO_ENCODE_LINEAR, .allocator = &w->hook));
}

static int early_stopping_create(world *w)
{
    return world_stop(w, &w->made_callback);
}

static int csv_log_create(world *w)
{
    return world_log(w, &w->made_callback);
}

static int reduce_lr_create(world *w)
{
    return world_reduction(w, &w->made_callback);
}

static int stop_on_nan_create(world *w)
{
    return seqecho_stop_on_nan_create(&w->made_callback, &w->hook);
}

static int checkpoint_create(world *w)
{
    return world_checkpoint(w, &w->made_callback);
}

/* ---- Calls: training and running ---------------------------------------------------- */

static int fit_with(world *w, seqecho_fit_options o)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    int err;

    o.struct_size = sizeof o;
    o.epochs = 3;
    o.callbacks = w->callback;
    o.n_callbacks = w->n_callbacks;
    err = o.validation_dataset != NULL
              ? seqecho_trainer_fit_dataset(w->trainer, w->data, &o, &report)
              : seqecho_trainer_fit(w->trainer, w->x, w->y, &o, &report);
    w->count += err == 0 ? (size_t)report.batches : 0;
    return err;
}

static int fit(world *w)
{
    return fit_with(w, (seqecho_fit_options){ .epochs = 1 });
}

static int fit_dataset(world *w)
{
    return fit_with(w, (seqecho_fit_options){ .validation_dataset = w->held_out });
}

static int fit_split(world *w)
{
    return fit_with(w, (seqecho_fit_options){ .validation_split = 0.5 });
}

static int fit_resumed(world *w)
{
    return fit_with(
        w, (seqecho_fit_options){ .validation_dataset = w->held_out, .resume = true });
}

/* As programs do that are started again. */
static int fit_saving(world *w)
{
    char path[64];
    int err = seqecho_checkpoint_latest("run", path, sizeof path);

    if (err == 0)
        err = seqecho_trainer_restore(w->trainer, path);
    else if (err == SEQECHO_ENOTFOUND)
        err = 0;
    return err == 0 ? fit_resumed(w) : err;
}

/* A network that is not stateful, so that its samples may be shuffled. */
static int fit_shuffled(world *w)
{
    seqecho_trainer *trainer = NULL;
    seqecho_graph *graph = NULL;
    int err;

    err = seqecho_graph_create(&graph, SEQECHO_GRAPH(.allocator = &w->hook));
    if (err == 0) {
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 6 }));
        seqecho_graph_add(graph, SEQECHO_DENSE(.units = 6, .activation = SEQECHO_SOFTMAX));
        err =
            seqecho_trainer_create(&trainer, graph,
                                   SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                   .threads = 1, .allocator = &w->hook));
    }
    if (err == 0)
        err = seqecho_trainer_fit(
            trainer, w->x, w->y,
            SEQECHO_FIT(.batch_size = 4, .shuffle = true, .validation_split = 0.4), NULL);
    if (err == 0)
        err = seqecho_graph_weight_get(graph, "dense/kernel", w->out, 36);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    return err;
}

static int train_on_batch(world *w)
{
    const seqecho_view x = { w->x->data, { 7, 5, 6 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { w->y->data, { 7, 5, 6 }, 3, SEQECHO_FLOAT32 };

    return seqecho_trainer_train_on_batch(w->trainer, &x, &y, NULL);
}

static int evaluate(world *w)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    const int err = seqecho_trainer_evaluate(w->trainer, w->x, w->y, NULL, &report);

    w->out[0] = (float)report.loss;
    return err;
}

static int evaluate_dataset(world *w)
{
    return seqecho_trainer_evaluate_dataset(w->trainer, w->data, 2, NULL, NULL);
}

static int predict(world *w)
{
    return seqecho_trainer_predict(w->trainer, w->x, w->out, OUT);
}

static int forward(world *w)
{
    const seqecho_view x = { w->x->data, { 7, 5, 6 }, 3, SEQECHO_FLOAT32 };

    return seqecho_trainer_forward(w->trainer, &x, w->out, OUT / 2);
}

static int compute_gradients(world *w)
{
    const seqecho_view x = { w->x->data, { 7, 5, 6 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { w->y->data, { 7, 5, 6 }, 3, SEQECHO_FLOAT32 };

    return seqecho_trainer_compute_gradients(w->trainer, &x, &y, w->out, OUT / 2, NULL);
}

static int predictor_run(world *w)
{
    return seqecho_predictor_run(w->predictor, w->x, w->out, OUT);
}

static int weights_copy(world *w)
{
    w->count = 0;
    return seqecho_graph_weights_copy(w->graph, w->graph, &w->count);
}

/* ---- Calls: files ------------------------------------------------------------------- */

static file_bytes room_for(size_t size)
{
    static unsigned char room[1 << 16];

    assert_true(size <= sizeof room);
    return (file_bytes){ room, sizeof room };
}

static int graph_save_memory(world *w)
{
    const file_bytes room = room_for(0);
    const int err = seqecho_graph_save_memory(w->graph, room.data, room.size, &w->count);

    if (err == 0)
        assert_int_equal(w->count, model_file.size);
    return err;
}

static int graph_save(world *w)
{
    return seqecho_graph_save(w->graph, "model");
}

static int graph_load_memory(world *w)
{
    return seqecho_graph_load_memory(&w->made, model_file.data, model_file.size, &w->hook);
}

static int graph_load(world *w)
{
    return seqecho_graph_load(&w->made, "training", &w->hook);
}

static int load_weights_memory(world *w)
{
    return seqecho_graph_load_weights_memory(w->graph, training_file.data,
                                             training_file.size, NULL, NULL);
}

static int load_weights(world *w)
{
    return seqecho_graph_load_weights(w->graph, "training",
                                      SEQECHO_WEIGHTS(.allow_missing = true), NULL);
}

static int trainer_save_memory(world *w)
{
    const file_bytes room = room_for(0);
    const int err =
        seqecho_trainer_save_memory(w->trainer, room.data, room.size, &w->count);

    if (err == 0)
        assert_memory_equal(room.data, training_file.data, w->count);
    return err;
}

static int trainer_save(world *w)
{
    return seqecho_trainer_save(w->trainer, "training");
}

static int trainer_save_paused(world *w)
{
    const file_bytes room = room_for(0);
    const int err =
        seqecho_trainer_save_memory(w->trainer, room.data, room.size, &w->count);

    if (err == 0)
        assert_memory_equal(room.data, paused_file.data, w->count);
    return err;
}

static int trainer_restore_memory(world *w)
{
    return seqecho_trainer_restore_memory(w->trainer, paused_file.data, paused_file.size);
}

static int trainer_restore(world *w)
{
    return seqecho_trainer_restore(w->trainer, "training");
}

static int save_in_event(void *user, const seqecho_event *event)
{
    const file_bytes room = room_for(0);
    size_t size; /* that of a time, as a text, is not always the same */

    (void)user;
    if (event->kind != SEQECHO_EVENT_BATCH_END)
        return 0;
    return seqecho_trainer_save_memory(event->trainer, room.data, room.size, &size);
}

static int fit_saved_by_events(world *w)
{
    return fit_with(w, (seqecho_fit_options){ .validation_dataset = w->held_out,
                                              .on_event = save_in_event });
}

static int checkpoint_latest(world *w)
{
    return seqecho_checkpoint_latest("kept", w->text, sizeof w->text);
}

/* ---- The whole list ----------------------------------------------------------------- */

#define CALL(NAME, ...) \
    { \
#NAME, __VA_ARGS__, NAME \
    }

static const scenario scenarios[] = {
    CALL(graph_create, 0, 0),
    CALL(graph_add, 0, 0),
    CALL(layer_call, 0, 0),
    CALL(trainer_create, GRAPH, 0),
    CALL(trainer_create_much, GRAPH, 0),
    CALL(predictor_create, GRAPH, 0),
    CALL(dataset_create, 0, 0),
    CALL(dataset_create_padded, 0, 0),
    CALL(early_stopping_create, 0, 0),
    CALL(csv_log_create, 0, 0),
    CALL(reduce_lr_create, 0, 0),
    CALL(stop_on_nan_create, 0, 0),
    CALL(checkpoint_create, 0, 0),
    CALL(fit, TRAINER | DATA, ROOM),
    CALL(fit_dataset, TRAINER | DATA | WATCHED, ROOM),
    CALL(fit_split, TRAINER | DATA, ROOM),
    CALL(fit_shuffled, DATA, 0),
    CALL(train_on_batch, TRAINER | DATA, ROOM),
    CALL(evaluate, TRAINER | DATA, ROOM),
    CALL(evaluate_dataset, TRAINER | DATA, ROOM),
    CALL(predict, TRAINER | DATA, ROOM),
    CALL(forward, TRAINER | DATA, ROOM),
    CALL(compute_gradients, TRAINER | DATA, ROOM),
    CALL(predictor_run, PREDICTOR | DATA, ROOM),
    CALL(weights_copy, GRAPH, 0),
    CALL(graph_save_memory, GRAPH, JSON),
    CALL(graph_save, GRAPH | FILES, JSON),
    CALL(graph_load_memory, 0, JSON),
    CALL(graph_load, FILES, JSON),
    CALL(load_weights_memory, GRAPH, JSON),
    CALL(load_weights, GRAPH | FILES, JSON),
    CALL(trainer_save_memory, TRAINER, JSON),
    CALL(trainer_save, TRAINER | FILES, JSON),
    CALL(trainer_save_paused, TRAINER | PAUSED, JSON),
    CALL(trainer_restore_memory, TRAINER, JSON),
    CALL(trainer_restore, TRAINER | FILES, JSON),
    CALL(fit_resumed, TRAINER | DATA | WATCHED | PAUSED, ROOM | JSON),
    CALL(fit_saved_by_events, TRAINER | DATA | WATCHED, MIDWAY | JSON),
    CALL(fit_saving, TRAINER | DATA | SAVED, MIDWAY | JSON),
    CALL(checkpoint_latest, 0, JSON),
};

/* ---- Failing ------------------------------------------------------------------------ */

typedef struct tally {
    int scenarios, failures, unharmed;
} tally;

static void forget_files(void)
{
    file_remove_directory("run");
    (void)unlink("log.csv");
}

/* The same call once more, with memory; after one that cannot be undone as programs do that
 * are started again. */
static uint64_t try_again(const scenario *s, world *w)
{
    if ((s->traits & MIDWAY) != 0) {
        world_close(w);
        world_open(w, s->needs);
    }
    file_must(s->act(w));
    return world_result(w);
}

/* Fail allocation number k of the call; false when it has no more than that. */
static bool fail_at(const scenario *s, bool of_json, bool once, int64_t k, uint64_t want,
                    tally *t)
{
    world w;
    counting_alloc *const source = of_json ? &world_json : &w.memory;
    uint64_t before;
    int64_t live;
    bool failed;
    int err;

    forget_files();
    world_open(&w, s->needs);
    before = world_state(&w);
    live = w.memory.live;
    source->fail_at = source->calls + k;
    source->once = once;
    source->failed = false;
    err = s->act(&w);
    failed = source->failed;
    source->fail_at = 0;
    if (!failed) {
        file_must(err);
        assert_true(world_result(&w) == want);
        world_close(&w);
        return false;
    }
    t->failures++;
    if (err == 0) { /* it did without: nothing may be missing */
        t->unharmed++;
        assert_true(world_result(&w) == want);
    } else {
        const char *const said = seqecho_error_message();

        if (err != SEQECHO_ENOMEM || (strstr(said, "out of memory") == NULL &&
                                      strstr(said, "an event callback") == NULL))
            fail_msg("%s: %s", seqecho_error_name(err), said);
        if ((s->traits & (ROOM | MIDWAY)) == 0)
            assert_int_equal(w.memory.live, live);
        if ((s->traits & MIDWAY) == 0)
            assert_true(world_state(&w) == before);
        assert_true(try_again(s, &w) == want);
    }
    world_close(&w);
    return true;
}

static uint64_t without_failures(const scenario *s)
{
    uint64_t result;
    world w;

    forget_files();
    world_open(&w, s->needs);
    file_must(s->act(&w));
    result = world_result(&w);
    world_close(&w);
    return result;
}

static const char *now = "";
static bool all; /* of jansson's allocations are failed, not just some of the many */

static void every_call(void **state)
{
    tally t = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        const scenario *const s = &scenarios[i];
        const uint64_t want = without_failures(s);
        const int before = t.failures;
        const int64_t step = all ? 1 : (s->traits & MIDWAY) != 0 ? 41 : 7;

        now = s->name;
        for (int of_json = 0; of_json < ((s->traits & JSON) != 0 ? 2 : 1); of_json++)
            for (int once = 0; once < 2; once++)
                for (int64_t k = 1; fail_at(s, of_json, once, k, want, &t);)
                    k += of_json && k > 40 ? step : 1;
        t.scenarios++;
        print_message("%-24s %5d failures\n", s->name, t.failures - before);
    }
    now = "";
    print_message("%d failed allocations in %d calls; %d of them were done without\n",
                  t.failures, t.scenarios, t.unharmed);
    assert_true(t.scenarios >= 25 && t.failures >= 2000);
}

/* ---- Setting up --------------------------------------------------------------------- */

static int pause_here(void *user, const seqecho_event *event)
{
    if (event->kind != SEQECHO_EVENT_BATCH_END || event->epoch != 1)
        return 0;
    *(file_bytes *)user = file_of_trainer(event->trainer);
    return 1;
}

/* The files that all begin with. */
static void make_files(void)
{
    world w;

    world_open(&w, TRAINER | DATA | WATCHED);
    file_must(fit_dataset(&w));
    training_file = file_of_trainer(w.trainer);
    model_file = file_of_graph(w.graph);
    world_close(&w);
    world_open(&w, TRAINER | DATA | WATCHED);
    file_must(fit_with(&w, (seqecho_fit_options){ .validation_dataset = w.held_out,
                                                  .on_event = pause_here,
                                                  .user = &paused_file }));
    world_close(&w);
    world_open(&w, TRAINER | DATA | SAVED);
    file_must(fit_dataset(&w));
    world_close(&w);
    assert_int_equal(rename("run", "kept"), 0);
}

static int set_up(void **state)
{
    if (file_scratch_begin(state) != 0)
        return -1;
    make_files();
    return 0;
}

static int tear_down(void **state)
{
    if (now[0] != '\0')
        print_message("It was at \"%s\".\n", now);
    free(model_file.data);
    free(training_file.data);
    free(paused_file.data);
    return file_scratch_end(state);
}

/* usage: test_api_alloc_calls [--all] */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_call, set_up, tear_down),
    };

    if (argc > 1 && strcmp(argv[1], "--all") == 0)
        all = true;
    json_set_alloc_funcs(world_json_alloc, world_json_release);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
