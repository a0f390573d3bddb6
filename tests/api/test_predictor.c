/* test_predictor.c - whole sequences and single steps, in one thread and in four.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { ROWS = 21, STEPS = 5, CLASSES = 12, N = ROWS * STEPS * CLASSES };

static const models_size stateless = { .classes = CLASSES, .units = 9 };
static const models_size stateful = { .batch = 7, .classes = CLASSES, .units = 9 };

static seqecho_predictor *predict(seqecho_graph *graph, int64_t batch, int32_t threads)
{
    seqecho_predictor *p;

    if (seqecho_predictor_create(&p, graph,
                                 SEQECHO_PREDICTOR(.batch = batch, .threads = threads)) < 0)
        fail_msg("%s", seqecho_error_message());
    return p;
}

/* A trained model of the first kind, its data and what its trainer predicts. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_dataset *data;
    const seqecho_view *x;
    float want[N];
} setup;

static setup *set_up(models_size size)
{
    setup *const s = calloc(1, sizeof *s);
    seqecho_trainer *trainer;

    assert_non_null(s);
    s->graph = models_whole(size);
    s->data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    s->x = seqecho_dataset_x(s->data);
    trainer = models_trainer(s->graph, 1);
    models_train(trainer, s->data, 3);
    seqecho_trainer_reset_states(trainer);
    assert_int_equal(seqecho_trainer_predict(trainer, s->x, s->want, N), 0);
    seqecho_trainer_destroy(trainer);
    return s;
}

static void tear_down(setup *s)
{
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
    free(s);
}

/* ---- run ---------------------------------------------------------------------------- */

/* Stateless: neither the batch, nor the threads, nor the split into calls matter. */
static void run_gives_what_the_trainer_gives(void **state)
{
    static const int64_t batches[] = { 0, 1, 2, 7, 21, 22, 100 };
    setup *const s = set_up(stateless);
    float out[N];

    (void)state;
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
        for (int32_t threads = 0; threads < 4; threads++) {
            seqecho_predictor *const p = predict(s->graph, batches[b], threads);

            for (int again = 0; again < 2; again++) {
                memset(out, 0xff, sizeof out);
                assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
                assert_same_bits(out, s->want, N);
            }
            seqecho_predictor_destroy(p);
        }
    tear_down(s);
}

static void run_may_be_split(void **state)
{
    setup *const s = set_up(stateless);
    seqecho_predictor *const p = predict(s->graph, 0, 1);
    float out[N];

    (void)state;
    for (int64_t piece = 1; piece <= ROWS; piece++)
        for (int64_t first = 0; first < ROWS; first += piece) {
            const int64_t count = ROWS - first < piece ? ROWS - first : piece;
            seqecho_view x = *s->x;

            x.data = (const float *)x.data + first * STEPS * CLASSES;
            x.dim[0] = count;
            assert_int_equal(
                seqecho_predictor_run(p, &x, out, (size_t)(count * STEPS * CLASSES)), 0);
            assert_same_bits(out, s->want + first * STEPS * CLASSES,
                             (size_t)(count * STEPS * CLASSES));
        }
    seqecho_predictor_destroy(p);
    tear_down(s);
}

/* More samples than are run at once. */
static void run_many(void **state)
{
    enum { MANY = 200 };
    setup *const s = set_up(stateless);
    seqecho_predictor *const p = predict(s->graph, 0, 2);
    float *const x_data = calloc(MANY * STEPS * CLASSES, sizeof *x_data);
    float *const out = calloc(MANY * STEPS * CLASSES, sizeof *out);
    const seqecho_view x = { x_data, { MANY, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 };

    (void)state;
    assert_true(x_data != NULL && out != NULL);
    for (size_t i = 0; i < MANY; i++)
        memcpy(x_data + i * STEPS * CLASSES,
               (const float *)s->x->data + i % ROWS * STEPS * CLASSES,
               STEPS * CLASSES * sizeof *x_data);
    assert_int_equal(seqecho_predictor_run(p, &x, out, MANY * STEPS * CLASSES), 0);
    for (size_t i = 0; i < MANY; i++)
        assert_same_bits(out + i * STEPS * CLASSES, s->want + i % ROWS * STEPS * CLASSES,
                         STEPS * CLASSES);
    free(x_data);
    free(out);
    seqecho_predictor_destroy(p);
    tear_down(s);
}

/* Stateful: batches continue one another, from call to call, until reset. */
static void run_keeps_states(void **state)
{
    setup *const s = set_up(stateful);
    seqecho_predictor *const p = predict(s->graph, 0, 1);
    seqecho_view x = *s->x;
    float out[N];

    (void)state;
    assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
    assert_same_bits(out, s->want, N);
    assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
    assert_true(memcmp(out, s->want, sizeof out) != 0);
    seqecho_predictor_reset_states(p);
    for (int64_t first = 0; first < ROWS; first += 7) {
        x.data = (const float *)s->x->data + first * STEPS * CLASSES;
        x.dim[0] = 7;
        assert_int_equal(seqecho_predictor_run(p, &x, out + first * STEPS * CLASSES,
                                               7 * STEPS * CLASSES),
                         0);
    }
    assert_same_bits(out, s->want, N);
    x.dim[0] = 6;
    assert_refused(seqecho_predictor_run(p, &x, out, 6 * STEPS * CLASSES), SEQECHO_ESHAPE,
                   "predictor_run: in a stateful network the number of samples must be "
                   "divisible by the batch size 7, found 6 samples");
    seqecho_predictor_destroy(p);
    tear_down(s);
}

/* A batch of one's own: one sample continues the one before. */
static void run_stateful_with_another_batch(void **state)
{
    setup *const s = set_up(stateful);
    seqecho_predictor *const one = predict(s->graph, 1, 1);
    seqecho_predictor *const three = predict(s->graph, 3, 1);
    float out[N], expected[N];

    (void)state;
    assert_int_equal(seqecho_predictor_run(three, s->x, out, N), 0);
    /* Lane k of three is samples k, k + 3, k + 6, ... through a predictor of one. */
    for (int64_t lane = 0; lane < 3; lane++) {
        seqecho_predictor_reset_states(one);
        for (int64_t i = lane; i < ROWS; i += 3) {
            seqecho_view x = *s->x;

            x.data = (const float *)x.data + i * STEPS * CLASSES;
            x.dim[0] = 1;
            assert_int_equal(seqecho_predictor_run(one, &x, expected + i * STEPS * CLASSES,
                                                   STEPS * CLASSES),
                             0);
        }
    }
    assert_same_bits(out, expected, N);
    seqecho_predictor_destroy(one);
    seqecho_predictor_destroy(three);
    tear_down(s);
}

/* Weights set later are seen. */
static void weights_are_looked_at_anew(void **state)
{
    setup *const s = set_up(stateless);
    seqecho_predictor *const p = predict(s->graph, 0, 1);
    float bias[CLASSES] = { 50.0F }, out[N], y[CLASSES];

    (void)state;
    assert_int_equal(
        seqecho_graph_weight_set(s->graph, "time_distributed/bias", bias, CLASSES), 0);
    assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
    for (size_t i = 0; i < N; i += CLASSES)
        assert_true(out[i] > 0.99F);
    assert_int_equal(seqecho_predictor_step(p, s->x->data, y), 0);
    assert_true(y[0] > 0.99F);
    seqecho_predictor_destroy(p);
    tear_down(s);
}

/* ---- step --------------------------------------------------------------------------- */

/* All rows side by side, one step after the other: the bits of run(). */
static void steps_are_the_run(void **state)
{
    setup *const s = set_up(stateless);
    static float x_t[ROWS * CLASSES], y_t[ROWS * CLASSES], y_c[ROWS * CLASSES];
    static int32_t classes[ROWS];
    const float *const x = s->x->data;

    (void)state;
    for (int64_t batch = 1; batch <= ROWS; batch += 4) {
        seqecho_predictor *const p = predict(s->graph, batch, 0);
        seqecho_predictor *const c = predict(s->graph, batch, 0);

        for (int round = 0; round < 2; round++) {
            for (int64_t t = 0; t < STEPS; t++) {
                for (int64_t b = 0; b < batch; b++)
                    memcpy(x_t + b * CLASSES, x + (b * STEPS + t) * CLASSES,
                           CLASSES * sizeof *x_t);
                assert_int_equal(
                    seqecho_one_hot_decode(x_t, (size_t)batch, CLASSES, classes), 0);
                assert_int_equal(seqecho_predictor_step(p, x_t, y_t), 0);
                assert_int_equal(seqecho_predictor_step_classes(c, classes, y_c), 0);
                assert_same_bits(y_c, y_t, (size_t)(batch * CLASSES));
                for (int64_t b = 0; b < batch; b++)
                    assert_same_bits(y_t + b * CLASSES, s->want + (b * STEPS + t) * CLASSES,
                                     CLASSES);
            }
            seqecho_predictor_reset_states(p);
            seqecho_predictor_reset_states(c);
        }
        seqecho_predictor_destroy(p);
        seqecho_predictor_destroy(c);
    }
    tear_down(s);
}

/* Without return_sequences a step gives what a run up to there would give. */
static void steps_give_the_last_output(void **state)
{
    seqecho_graph *graph;
    seqecho_predictor *p;
    float x[6 * 3], y[2], want[2];

    (void)state;
    models_fill(x, 18, 1);
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 6, 3 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4, .return_sequences = true,
                                          .activation = SEQECHO_SOFTSIGN));
    seqecho_graph_add(graph, SEQECHO_ACTIVATION(SEQECHO_TANH));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 5, .return_state = true));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    for (int64_t t = 0; t < 6; t++)
        assert_int_equal(seqecho_predictor_step(p, x + 3 * t, y), 0);
    assert_int_equal(
        seqecho_predictor_run(
            p, &(const seqecho_view){ x, { 1, 6, 3 }, 3, SEQECHO_FLOAT32 }, want, 2),
        0);
    assert_same_bits(y, want, 2);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* The states of run() and step() are separate; both are reset. */
static void two_kinds_of_states(void **state)
{
    setup *const s = set_up(stateful);
    seqecho_predictor *const p = predict(s->graph, 0, 1);
    float first[7 * CLASSES], y[7 * CLASSES], out[N];

    (void)state;
    assert_int_equal(seqecho_predictor_step(p, s->x->data, first), 0);
    assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
    assert_same_bits(out, s->want, N);
    seqecho_predictor_reset_states(p);
    assert_int_equal(seqecho_predictor_run(p, s->x, out, N), 0);
    assert_same_bits(out, s->want, N);
    assert_int_equal(seqecho_predictor_step(p, s->x->data, y), 0);
    assert_same_bits(y, first, 7 * CLASSES);
    assert_int_equal(seqecho_predictor_step(p, s->x->data, y), 0);
    assert_true(memcmp(y, first, sizeof y) != 0);
    seqecho_predictor_destroy(p);
    tear_down(s);
}

static void refuse_step(seqecho_graph *graph, const char *text)
{
    const float x[64] = { 0.0F };
    const int32_t classes[8] = { 0 };
    seqecho_predictor *p;
    float y[64];

    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    assert_refused(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP, text);
    assert_refused(seqecho_predictor_step_classes(p, classes, y), SEQECHO_ENOTSUP, text);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

static seqecho_graph *chain(const seqecho_spec *a, const seqecho_spec *b)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, a);
    seqecho_graph_add(graph, b);
    assert_int_equal(seqecho_graph_status(graph), 0);
    return graph;
}

static void graphs_that_cannot_be_stepped(void **state)
{
    seqecho_graph *graph;
    seqecho_node *x, *e, *in[3];

    (void)state;
    refuse_step(models_partial((models_size){ .batch = 1, .units = 3, .classes = 4 }),
                "predictor_step: repeat_vector (RepeatVector) cannot be run one time step "
                "at a time");
    refuse_step(chain(SEQECHO_INPUT(.dim = { 4, 3 }),
                      SEQECHO_LSTM(.units = 2, .go_backwards = true, .name = "back")),
                "predictor_step: back (LSTM) cannot be run one time step at a time");
    refuse_step(chain(SEQECHO_INPUT(.dim = { 3 }), SEQECHO_DENSE(.units = 2)),
                "predictor_step: input_layer has no time axis, or more than one");
    refuse_step(chain(SEQECHO_INPUT(.dim = { 2, 4, 3 }),
                      SEQECHO_TIME_DISTRIBUTED(SEQECHO_LSTM(.units = 2))),
                "predictor_step: input_layer has no time axis, or more than one");

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    e = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2, .return_state = true)), x);
    assert_int_equal(seqecho_graph_output(graph, e), 0);
    assert_int_equal(seqecho_graph_output(graph, seqecho_node_output(e, 2)), 0);
    refuse_step(graph, "predictor_step: the graph has 1 inputs and 2 outputs, expected one "
                       "of each");

    /* A state that is given would have to be known at every step. */
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    e = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2, .return_state = true)), x);
    in[0] = x;
    in[1] = seqecho_node_output(e, 1);
    in[2] = seqecho_node_output(e, 2);
    assert_int_equal(
        seqecho_graph_output(
            graph, seqecho_layer_call_n(
                       seqecho_layer_create(graph, SEQECHO_LSTM(.units = 2)), in, 3)),
        0);
    refuse_step(graph, "predictor_step: lstm_1 (LSTM) is given its initial state, so it "
                       "cannot be run one time step at a time");
}

static void class_numbers_out_of_range(void **state)
{
    setup *const s = set_up(stateless);
    seqecho_predictor *const p = predict(s->graph, 3, 1), *const q =
                                                              predict(s->graph, 3, 1);
    const int32_t good[] = { 1, 2, 11 }, low[] = { 1, -1, 0 }, high[] = { 1, 2, 12 };
    float y[3 * CLASSES], want[3 * CLASSES];

    (void)state;
    assert_int_equal(seqecho_predictor_step_classes(p, good, y), 0);
    assert_int_equal(seqecho_predictor_step_classes(q, good, y), 0);
    assert_refused(seqecho_predictor_step_classes(p, low, y), SEQECHO_EINVAL,
                   "predictor_step: class -1 in x_t at sample 1, step 0, expected 0 to 11");
    assert_refused(seqecho_predictor_step_classes(p, high, y), SEQECHO_EINVAL,
                   "predictor_step: class 12 in x_t at sample 2, step 0, expected 0 to 11");
    assert_int_equal(seqecho_predictor_step_classes(p, good, y), 0);
    assert_int_equal(seqecho_predictor_step_classes(q, good, want), 0);
    assert_same_bits(y, want, 3 * CLASSES);
    seqecho_predictor_destroy(p);
    seqecho_predictor_destroy(q);
    tear_down(s);
}

/* ---- Threads ------------------------------------------------------------------------ */

typedef struct job {
    setup *s;
    int32_t threads;
    bool good;
} job;

/* Runs in a thread: notes, never asserts. */
static void *predict_in_thread(void *arg)
{
    job *const j = arg;
    seqecho_predictor *p;
    static _Thread_local float out[N], y[ROWS * CLASSES], x_t[ROWS * CLASSES];

    j->good =
        seqecho_predictor_create(
            &p, j->s->graph, SEQECHO_PREDICTOR(.batch = ROWS, .threads = j->threads)) == 0;
    for (int round = 0; round < 30 && j->good; round++) {
        memset(out, 0, sizeof out);
        j->good = seqecho_predictor_run(p, j->s->x, out, N) == 0 &&
                  memcmp(out, j->s->want, sizeof out) == 0;
        seqecho_predictor_reset_states(p);
        for (int64_t t = 0; t < STEPS && j->good; t++) {
            for (int64_t b = 0; b < ROWS; b++)
                memcpy(x_t + b * CLASSES,
                       (const float *)j->s->x->data + (b * STEPS + t) * CLASSES,
                       CLASSES * sizeof *x_t);
            j->good = seqecho_predictor_step(p, x_t, y) == 0;
            for (int64_t b = 0; b < ROWS && j->good; b++)
                j->good = memcmp(y + b * CLASSES, j->s->want + (b * STEPS + t) * CLASSES,
                                 CLASSES * sizeof *y) == 0;
        }
    }
    seqecho_predictor_destroy(p);
    return NULL;
}

static void predictors_in_four_threads(void **state)
{
    setup *const s = set_up(stateless);
    pthread_t threads[4];
    job jobs[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        jobs[i] = (job){ s, i % 2 + 1, false };
        assert_int_equal(pthread_create(&threads[i], NULL, predict_in_thread, &jobs[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_true(jobs[i].good);
    tear_down(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_gives_what_the_trainer_gives),
        cmocka_unit_test(run_may_be_split),
        cmocka_unit_test(run_many),
        cmocka_unit_test(run_keeps_states),
        cmocka_unit_test(run_stateful_with_another_batch),
        cmocka_unit_test(weights_are_looked_at_anew),
        cmocka_unit_test(steps_are_the_run),
        cmocka_unit_test(steps_give_the_last_output),
        cmocka_unit_test(two_kinds_of_states),
        cmocka_unit_test(graphs_that_cannot_be_stepped),
        cmocka_unit_test(class_numbers_out_of_range),
        cmocka_unit_test(predictors_in_four_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
