/* test_alloc.c - the n-th allocation fails, for every n there is, once or for ever: the
 * call says so, nothing leaks, nothing has changed, and another try gives the same bits.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"
#include "refuse.h"

enum { SAMPLES = 14, STEPS = 5, CLASSES = 6 };

/* ---- A life with failures ----------------------------------------------------------- */

typedef struct life {
    counting_alloc memory;
    seqecho_allocator hook;
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_dataset *data;
    seqecho_callback *stop, *log;
    const seqecho_view *x, *y;
    int failures;
    float out[SAMPLES * STEPS * CLASSES], y_t[2 * CLASSES];
    double loss;
} life;

typedef int (*stage)(life *l);

static int create_graph(life *l)
{
    return seqecho_graph_create(&l->graph, SEQECHO_GRAPH(.allocator = &l->hook));
}

/* A graph that could not be built is thrown away and begun anew. */
static int build(life *l)
{
    int err;

    if (l->graph == NULL)
        assert_int_equal(create_graph(l), 0);
    seqecho_graph_add(l->graph, SEQECHO_INPUT(.dim = { STEPS, CLASSES }));
    seqecho_graph_add(
        l->graph, SEQECHO_LSTM(.units = 4, .name = "encoder", .activation = SEQECHO_SWISH));
    seqecho_graph_add(l->graph, SEQECHO_REPEAT_VECTOR(STEPS));
    seqecho_graph_add(l->graph, SEQECHO_LSTM(.units = 3, .return_sequences = true));
    /* More than one chunk of the graph's small things. */
    for (int i = 0; i < 12; i++)
        seqecho_graph_add(l->graph, SEQECHO_ACTIVATION(SEQECHO_TANH));
    seqecho_graph_add(l->graph,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = CLASSES, .activation = SEQECHO_SOFTMAX)));
    err = seqecho_graph_status(l->graph);
    if (err == 0)
        return 0;
    assert_null(seqecho_graph_add(l->graph, SEQECHO_DENSE(.units = 1)));
    assert_int_equal(seqecho_graph_status(l->graph), err);
    assert_int_equal(seqecho_trainer_create(&l->trainer, l->graph, NULL), err);
    seqecho_graph_destroy(l->graph);
    l->graph = NULL;
    assert_int_equal(l->memory.live, 0);
    return err;
}

static int freeze(life *l)
{
    seqecho_view shape;

    return seqecho_graph_weight_shape(l->graph, "encoder/bias", &shape);
}

static int create_trainer(life *l)
{
    return seqecho_trainer_create(&l->trainer, l->graph,
                                  SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                  .threads = 2, .allocator = &l->hook));
}

static int create_predictor(life *l)
{
    return seqecho_predictor_create(
        &l->predictor, l->graph,
        SEQECHO_PREDICTOR(.batch = 2, .threads = 2, .allocator = &l->hook));
}

static int create_dataset(life *l)
{
    const int err = seqecho_dataset_create(
        &l->data, SEQECHO_DATASET(.length = SAMPLES + STEPS - 1, .n_unique = CLASSES,
                                  .allocator = &l->hook));

    l->x = seqecho_dataset_x(l->data);
    l->y = seqecho_dataset_y(l->data);
    return err;
}

static int train(life *l, int64_t batch)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    const int err = seqecho_trainer_fit(
        l->trainer, l->x, l->y, SEQECHO_FIT(.batch_size = batch, .epochs = 2), &report);

    l->loss = err == 0 ? report.loss : l->loss;
    return err;
}

static int fit(life *l)
{
    return train(l, 3);
}

static int fit_larger(life *l)
{
    return train(l, SAMPLES);
}

static int create_stop(life *l)
{
    return seqecho_early_stopping_create(
        &l->stop,
        SEQECHO_EARLY_STOPPING(.restore_best_weights = true, .allocator = &l->hook));
}

static int create_log(life *l)
{
    return seqecho_csv_log_create(
        &l->log, SEQECHO_CSV_LOG(.path = "/dev/null", .allocator = &l->hook));
}

/* A batch of shuffled samples, best weights, and more epochs in the history. */
static int fit_with_all(life *l)
{
    seqecho_callback *const callbacks[] = { l->stop, l->log };
    seqecho_report report = SEQECHO_REPORT_INIT;
    const int err = seqecho_trainer_fit(
        l->trainer, l->x, l->y,
        SEQECHO_FIT(.batch_size = 3, .epochs = 3, .shuffle = true, .validation_split = 0.3,
                    .callbacks = callbacks, .n_callbacks = 2),
        &report);

    l->loss = err == 0 ? report.loss : l->loss;
    return err;
}

/* Gradients of the inputs need room of their own. */
static int compute(life *l)
{
    float dx[SAMPLES * STEPS * CLASSES];

    return seqecho_trainer_compute_gradients(l->trainer, l->x, l->y, dx,
                                             SAMPLES * STEPS * CLASSES, NULL);
}

static int run(life *l)
{
    return seqecho_predictor_run(l->predictor, l->x, l->out, SAMPLES * STEPS * CLASSES);
}

/* All stages, in order; each, where memory fails, is tried again with memory. */
static const struct {
    stage act;
    bool counts; /* after a failure exactly as many blocks live as before */
} stages[] = {
    { create_graph, true },  { build, false }, /* the graph is gone */
    { freeze, true },        { create_trainer, true },   { create_dataset, true },
    { fit, false }, /* the history may keep its room */
    { fit_larger, true },    { create_stop, true },      { create_log, true },
    { fit_with_all, false }, /* likewise */
    { compute, true },       { create_predictor, true }, { run, true },
};
#define STAGES (sizeof stages / sizeof *stages)

static void check_message(life *l, size_t s)
{
    const char *const text = seqecho_error_message();

    if (strstr(text, "out of memory for ") == NULL)
        fail_msg("stage %zu, allocation %d: \"%s\"", s, (int)l->memory.fail_at, text);
}

static void live(life *l, int64_t at, bool for_ever)
{
    memset(l, 0, sizeof *l);
    l->memory.fail_at = at;
    l->memory.once = !for_ever;
    l->hook = counting_alloc_hook(&l->memory);
    for (size_t s = 0; s < STAGES; s++) {
        const int64_t blocks = l->memory.live;
        float *before = NULL;
        size_t n = 0;
        int err;

        if (l->trainer != NULL)
            before = models_weights(l->graph, &n);
        l->memory.failed = false;
        err = stages[s].act(l);
        if (l->memory.failed) {
            l->failures++;
            assert_int_equal(err, SEQECHO_ENOMEM);
            check_message(l, s);
            if (stages[s].counts)
                assert_int_equal(l->memory.live, blocks);
            if (before != NULL) {
                float *const after = models_weights(l->graph, &n);

                assert_same_bits(after, before, n);
                free(after);
            }
            l->memory.fail_at = 0;
            err = stages[s].act(l);
        }
        assert_int_equal(err, 0);
        free(before);
    }
}

static void end(life *l)
{
    seqecho_predictor_destroy(l->predictor);
    seqecho_trainer_destroy(l->trainer);
    seqecho_graph_destroy(l->graph);
    seqecho_dataset_destroy(l->data);
    seqecho_callback_destroy(l->stop);
    seqecho_callback_destroy(l->log);
    assert_int_equal(l->memory.live, 0);
}

static void every_allocation_fails(void **state)
{
    static life whole, broken;
    int64_t allocations;

    (void)state;
    live(&whole, 0, false);
    allocations = whole.memory.calls;
    assert_int_equal(whole.failures, 0);
    assert_true(allocations > 25);
    for (int for_ever = 0; for_ever < 2; for_ever++)
        for (int64_t at = 1; at <= allocations; at++) {
            live(&broken, at, for_ever);
            assert_int_equal(broken.failures, 1);
            models_assert_same(broken.graph, whole.graph);
            assert_same_bits(broken.out, whole.out, SAMPLES * STEPS * CLASSES);
            assert_memory_equal(&broken.loss, &whole.loss, sizeof whole.loss);
            end(&broken);
        }
    end(&whole);
}

/* ---- Single points ------------------------------------------------------------------ */

/* A stateful trainer whose larger buffers fail: states and the phase are kept. */
static void forward_survives_a_failed_bind(void **state)
{
    counting_alloc f = { .calls = 0 };
    const seqecho_allocator hook = counting_alloc_hook(&f);
    seqecho_graph *const graph = models_small();
    static float x_data[50 * 12], y_data[50 * 2];
    const seqecho_view small = { x_data, { 3, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view large = { x_data, { 50, 4, 3 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { y_data, { 50, 2 }, 2, SEQECHO_FLOAT32 };
    const seqecho_view dy = { y_data, { 3, 2 }, 2, SEQECHO_FLOAT32 };
    float out[6], dx[2][36], gradient[2][60], large_out[100];
    seqecho_trainer *trainer;

    (void)state;
    models_fill(x_data, 600, 1);
    models_fill(y_data, 100, 2);
    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                               .threads = 1, .allocator = &hook)),
        0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_trainer_forward(trainer, &small, out, 6), 0);
        if (i == 1) {
            f.fail_at = f.calls + 1;
            assert_int_equal(seqecho_trainer_evaluate(trainer, &large, &y, NULL, NULL),
                             SEQECHO_ENOMEM);
            assert_int_equal(seqecho_trainer_train_on_batch(trainer, &large, &y, NULL),
                             SEQECHO_ENOMEM);
            f.fail_at = 0;
        }
        assert_int_equal(seqecho_trainer_backward(trainer, &dy, dx[i], 36), 0);
        assert_int_equal(
            seqecho_trainer_gradient_get(trainer, "lstm/kernel", gradient[i], 60), 0);
    }
    assert_same_bits(dx[1], dx[0], 36);
    assert_same_bits(gradient[1], gradient[0], 60);
    assert_int_equal(seqecho_trainer_predict(trainer, &large, large_out, 100), 0);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    assert_int_equal(f.live, 0);
}

/* If the weights do not fit, the graph can still be built on. */
static void building_goes_on_after_failed_weights(void **state)
{
    counting_alloc f = { .calls = 0 };
    const seqecho_allocator hook = counting_alloc_hook(&f);
    const float row[3] = { 0.0F, 0.0F, 0.0F };
    const seqecho_view x = { row, { 1, 3 }, 2, SEQECHO_FLOAT32 };
    const float bias[5] = { 1.0F, 2.0F, 3.0F, 4.0F, 5.0F };
    seqecho_graph *graph;
    seqecho_predictor *predictor;
    float out[5];

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.allocator = &hook)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 4));
    f.fail_at = f.calls + 1;
    f.once = true;
    assert_refused(seqecho_predictor_create(&predictor, graph, NULL), SEQECHO_ENOMEM,
                   "weights: out of memory for 128 bytes");
    assert_int_equal(seqecho_graph_status(graph), 0);
    assert_non_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 5)));
    assert_int_equal(seqecho_graph_weight_set(graph, "dense_1/bias", bias, 5), 0);
    assert_int_equal(seqecho_predictor_create(&predictor, graph, NULL), 0);
    assert_int_equal(seqecho_predictor_run(predictor, &x, out, 5), 0);
    assert_same_bits(out, bias, 5);
    seqecho_predictor_destroy(predictor);
    seqecho_graph_destroy(graph);
    assert_int_equal(f.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(forward_survives_a_failed_bind),
        cmocka_unit_test(building_goes_on_after_failed_weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
