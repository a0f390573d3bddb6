/* test_wrappers.c - Bidirectional against two LSTMs whose outputs the test merges itself.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"

enum { SAMPLES = 3, STEPS = 4, FEATURES = 3, UNITS = 5, MODES = 4, PORTS = 5 };
enum {
    X = SAMPLES * STEPS * FEATURES,
    STATE = SAMPLES * UNITS,
    Y = SAMPLES * STEPS * UNITS
};
enum { IN_MAX = X + 4 * STATE, OUT_MAX = 2 * Y + 4 * STATE, WEIGHTS = 6 };

/* What the layers inside are asked for. */
typedef struct options {
    seqecho_merge mode;
    seqecho_bool sequences, states, stateful, backwards; /* of the forward layer */
    bool initial, lengths, classes;
} options;

/* A graph that is run: { y, states } or { forward y, backward y, states }. */
typedef struct machine {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_view out[PORTS + 1];
    size_t n_out, n;
} machine;

static const int32_t lengths[SAMPLES] = { 4, 0, 2 };

static seqecho_lstm_spec lstm(options o, bool backward)
{
    return (seqecho_lstm_spec){
        .head = { sizeof(seqecho_lstm_spec), SEQECHO_KIND_LSTM, 0 },
        .units = UNITS,
        .return_sequences = o.sequences,
        .return_state = o.states,
        .stateful = o.stateful,
        .go_backwards = o.backwards != backward,
    };
}

static void begin(machine *m, options o, seqecho_node *in[PORTS])
{
    const int64_t batch = o.stateful ? SAMPLES : 0;

    *m = (machine){ .n = 0 };
    assert_int_equal(seqecho_graph_create(&m->graph, SEQECHO_GRAPH(.seed = 5)), 0);
    in[0] = seqecho_graph_input(
        m->graph,
        SEQECHO_INPUT(.batch = batch, .dim = { STEPS, FEATURES }, .lengths = o.lengths));
    for (int i = 1; o.initial && i < PORTS; i++)
        in[i] =
            seqecho_graph_input(m->graph, SEQECHO_INPUT(.batch = batch, .dim = { UNITS }));
}

static void add_output(machine *m, seqecho_node *node)
{
    seqecho_view *const view = &m->out[m->n_out++];
    size_t size = SAMPLES;

    if (seqecho_graph_output(m->graph, node) < 0)
        fail_msg("%s", seqecho_error_message());
    assert_int_equal(seqecho_node_shape(node, view), 0);
    view->dim[0] = SAMPLES;
    for (int32_t d = 1; d < view->rank; d++)
        size *= (size_t)view->dim[d];
    m->n += size;
}

static void finish(machine *m)
{
    assert_int_equal(seqecho_trainer_create(&m->trainer, m->graph,
                                            SEQECHO_TRAINER(.loss = SEQECHO_LOSS_NONE)),
                     0);
}

static machine wrapped(options o)
{
    const seqecho_lstm_spec inner = lstm(o, false);
    const seqecho_bidirectional_spec both = {
        .head = { sizeof both, SEQECHO_KIND_BIDIRECTIONAL, 0 },
        .name = "both",
        .inner = &inner.head,
        .merge_mode = o.mode,
    };
    seqecho_node *in[PORTS], *y;
    machine m;

    begin(&m, o, in);
    y = seqecho_layer_call_n(seqecho_layer_create(m.graph, &both.head), in,
                             o.initial ? PORTS : 1);
    for (size_t i = 0; i < (o.states ? PORTS : 1U); i++)
        add_output(&m, seqecho_node_output(y, i));
    finish(&m);
    return m;
}

/* Two LSTMs with the weights of the other machine. */
static machine by_hand(options o, seqecho_graph *from)
{
    static const char *const names[2] = { "forward", "backward" };
    static const char *const weights[3] = { "kernel", "recurrent_kernel", "bias" };
    seqecho_node *in[PORTS], *y[2];
    machine m;

    begin(&m, o, in);
    for (int i = 0; i < 2; i++) {
        seqecho_node *own[3] = { in[0], in[1 + 2 * i], in[2 + 2 * i] };
        seqecho_lstm_spec spec = lstm(o, i == 1);

        if (!o.initial)
            own[1] = own[2] = NULL;
        spec.name = names[i];
        y[i] = seqecho_layer_call_n(seqecho_layer_create(m.graph, &spec.head), own,
                                    o.initial ? 3 : 1);
    }
    add_output(&m, y[0]);
    add_output(&m, y[1]);
    for (size_t i = 0; o.states && i < 4; i++)
        add_output(&m, seqecho_node_output(y[i / 2], 1 + i % 2));
    finish(&m);
    for (size_t i = 0; i < WEIGHTS; i++) {
        float values[4 * UNITS * UNITS];
        char there[64], here[64];
        seqecho_view shape;
        size_t n = 1;

        snprintf(there, sizeof there, "both/%s_%s", names[i / 3], weights[i % 3]);
        snprintf(here, sizeof here, "%s/%s", names[i / 3], weights[i % 3]);
        assert_int_equal(seqecho_graph_weight_shape(from, there, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        assert_int_equal(seqecho_graph_weight_get(from, there, values, n), 0);
        assert_int_equal(seqecho_graph_weight_set(m.graph, here, values, n), 0);
    }
    return m;
}

static void close_machine(machine *m)
{
    seqecho_trainer_destroy(m->trainer);
    seqecho_graph_destroy(m->graph);
}

/* One batch of inputs: x, its lengths if it has any, initial states. */
typedef struct batch {
    float data[IN_MAX];
    int32_t classes[SAMPLES * STEPS];
    seqecho_view view[PORTS + 1];
    size_t n_dx;
} batch;

static void fill(batch *b, options o, uint32_t seed)
{
    size_t n = 0;

    memset(b, 0, sizeof *b);
    models_fill(b->data, IN_MAX, seed);
    for (size_t i = 0; i < SAMPLES * STEPS; i++)
        b->classes[i] = (int32_t)((i * i + seed) % FEATURES);
    b->view[n++] =
        o.classes
            ? (seqecho_view){ b->classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 }
            : (seqecho_view){ b->data, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    if (o.lengths)
        b->view[n++] = (seqecho_view){ lengths, { SAMPLES }, 1, SEQECHO_INT32 };
    b->n_dx = o.classes ? 0 : X;
    for (size_t i = 0; o.initial && i < 4; i++, b->n_dx += STATE)
        b->view[n++] = (seqecho_view){
            b->data + X + i * STATE, { SAMPLES, UNITS }, 2, SEQECHO_FLOAT32
        };
}

static bool missing(options o, size_t sample, size_t step)
{
    const size_t read = o.backwards ? STEPS - 1 - step : step;

    return o.lengths && o.sequences && (int32_t)read >= lengths[sample];
}

static float merged(seqecho_merge mode, float a, float b)
{
    return mode == SEQECHO_MERGE_SUM   ? a + b
           : mode == SEQECHO_MERGE_MUL ? a * b
                                       : 0.5F * (a + b);
}

/* One element of the forward output, y[0], the one of the backward output it goes with,
 * y[1], and where both go to in the merged output, one place unless concatenated. */
typedef struct place {
    size_t y[2], to[2];
    bool missing;
} place;

static size_t places(options o, place *p)
{
    const size_t steps = o.sequences ? STEPS : 1;
    size_t n = 0;

    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t t = 0; t < steps; t++)
            for (size_t j = 0; j < UNITS; j++) {
                const size_t row = s * steps + t, back = s * steps + steps - 1 - t;
                const bool concat = o.mode == SEQECHO_MERGE_CONCAT;

                p[n++] = (place){
                    .y = { row * UNITS + j, back * UNITS + j },
                    .to = { row * UNITS * (concat ? 2 : 1) + j,
                            row * UNITS * (concat ? 2 : 1) + j + (concat ? UNITS : 0) },
                    .missing = missing(o, s, t),
                };
            }
    return n;
}

/* What the wrapper has to give, from what the two layers gave. */
static void merge(options o, const float *parts, float *out)
{
    place p[Y];
    const size_t n = places(o, p), y = n * (o.mode == SEQECHO_MERGE_CONCAT ? 2 : 1);
    const float *const second = parts + n;

    for (size_t i = 0; i < n; i++) {
        const float a = parts[p[i].y[0]], b = second[p[i].y[1]];

        if (o.mode == SEQECHO_MERGE_CONCAT) {
            out[p[i].to[0]] = p[i].missing ? 0.0F : a;
            out[p[i].to[1]] = p[i].missing ? 0.0F : b;
        } else {
            out[p[i].to[0]] = p[i].missing ? 0.0F : merged(o.mode, a, b);
        }
    }
    memcpy(out + y, parts + 2 * n, (o.states ? 4U * STATE : 0U) * sizeof *out);
}

/* The gradients of the two layers' outputs from those of the wrapper's. */
static void split(options o, const float *dy, const float *parts, float *d_parts)
{
    place p[Y];
    const size_t n = places(o, p), y = n * (o.mode == SEQECHO_MERGE_CONCAT ? 2 : 1);

    for (size_t i = 0; i < n; i++) {
        const float a = parts[p[i].y[0]], b = parts[n + p[i].y[1]];
        float *const da = &d_parts[p[i].y[0]], *const db = &d_parts[n + p[i].y[1]];

        *da = p[i].missing ? 0.0F : dy[p[i].to[0]];
        *db = p[i].missing ? 0.0F : dy[p[i].to[1]];
        if (o.mode == SEQECHO_MERGE_MUL) {
            *da *= b;
            *db *= a;
        } else if (o.mode == SEQECHO_MERGE_AVE) {
            *da *= 0.5F;
            *db *= 0.5F;
        }
    }
    memcpy(d_parts + 2 * n, dy + y, (o.states ? 4U * STATE : 0U) * sizeof *dy);
}

static void backward(machine *m, float *dy, float *dx, size_t n_dx, float *gradients)
{
    size_t at = 0;

    for (size_t i = 0; i < m->n_out; i++) {
        size_t size = 1;

        m->out[i].data = dy + at;
        for (int32_t d = 0; d < m->out[i].rank; d++)
            size *= (size_t)m->out[i].dim[d];
        at += size;
    }
    if (seqecho_trainer_backward(m->trainer, m->out, n_dx > 0 ? dx : NULL, n_dx) < 0)
        fail_msg("%s", seqecho_error_message());
    at = 0;
    for (size_t i = 0; i < WEIGHTS; i++) {
        const char *const name = seqecho_graph_weight_name(m->graph, i);
        seqecho_view shape;
        size_t n = 1;

        assert_int_equal(seqecho_graph_weight_shape(m->graph, name, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            n *= (size_t)shape.dim[d];
        assert_int_equal(seqecho_trainer_gradient_get(m->trainer, name, gradients + at, n),
                         0);
        at += n;
    }
}

/* Two batches, one after the other: outputs and gradients have the same bits. */
static void compare(options o)
{
    enum { PARAMETERS = 2 * 4 * UNITS * (FEATURES + UNITS + 1) };
    machine a = wrapped(o), b = by_hand(o, a.graph);

    assert_int_equal(seqecho_graph_weight_count(a.graph), WEIGHTS);
    assert_int_equal(seqecho_graph_parameter_count(a.graph), PARAMETERS);
    for (uint32_t seed = 1; seed <= 2; seed++) {
        float got[OUT_MAX], want[OUT_MAX], parts[OUT_MAX], dy[OUT_MAX], d_parts[OUT_MAX];
        float dx[2][IN_MAX], gradients[2][PARAMETERS];
        batch in;

        fill(&in, o, seed);
        assert_int_equal(seqecho_trainer_forward(a.trainer, in.view, got, a.n), 0);
        assert_int_equal(seqecho_trainer_forward(b.trainer, in.view, parts, b.n), 0);
        merge(o, parts, want);
        assert_same_bits(got, want, a.n);
        models_fill(dy, a.n, seed + 10);
        split(o, dy, parts, d_parts);
        backward(&a, dy, dx[0], in.n_dx, gradients[0]);
        backward(&b, d_parts, dx[1], in.n_dx, gradients[1]);
        assert_same_bits(gradients[0], gradients[1], PARAMETERS);
        assert_same_bits(dx[0], dx[1], in.n_dx);
        assert_int_equal(seqecho_trainer_predict(a.trainer, in.view, got, a.n), 0);
        assert_int_equal(seqecho_trainer_predict(b.trainer, in.view, parts, b.n), 0);
        merge(o, parts, want);
        assert_same_bits(got, want, a.n);
    }
    close_machine(&a);
    close_machine(&b);
}

static void compare_all(options o)
{
    for (int mode = 0; mode < MODES; mode++)
        for (seqecho_bool sequences = 0; sequences < 2; sequences++) {
            o.mode = (seqecho_merge)mode;
            o.sequences = sequences;
            compare(o);
        }
}

static void plain(void **state)
{
    (void)state;
    compare_all((options){ .states = false });
    compare_all((options){ .classes = true });
    compare_all((options){ .backwards = true });
}

static void states(void **state)
{
    (void)state;
    compare_all((options){ .states = true });
    compare_all((options){ .states = true, .initial = true });
    compare_all((options){ .initial = true, .backwards = true });
}

static void stateful(void **state)
{
    (void)state;
    compare_all((options){ .stateful = true });
    compare_all((options){ .stateful = true, .states = true, .backwards = true });
    compare_all((options){ .stateful = true, .initial = true, .states = true });
}

static void with_lengths(void **state)
{
    (void)state;
    compare_all((options){ .lengths = true });
    compare_all((options){ .lengths = true, .classes = true, .states = true });
    compare_all((options){ .lengths = true, .backwards = true, .initial = true });
    compare_all((options){ .lengths = true, .stateful = true });
}

/* ---- Where it stands ---------------------------------------------------------------- */

static void predict(seqecho_graph *graph, const seqecho_view *x, int32_t threads,
                    float *out, size_t n)
{
    seqecho_predictor *p;

    assert_int_equal(
        seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.threads = threads)), 0);
    if (seqecho_predictor_run(p, x, out, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
}

/* On every step of rank-3 samples it is what it is on each of them. */
static void in_time_distributed(void **state)
{
    enum { OUTER = 2, ROWS = SAMPLES * OUTER };
    float data[ROWS * STEPS * FEATURES], each[ROWS * UNITS * 2], all[ROWS * UNITS * 2];
    const seqecho_view flat = { data, { ROWS, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    const seqecho_view deep = {
        data, { SAMPLES, OUTER, STEPS, FEATURES }, 4, SEQECHO_FLOAT32
    };
    const seqecho_spec *const both = SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = UNITS));
    seqecho_graph *graph;

    (void)state;
    models_fill(data, ROWS * STEPS * FEATURES, 4);
    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    seqecho_graph_add(graph, both);
    predict(graph, &flat, 1, each, ROWS * UNITS * 2);
    seqecho_graph_destroy(graph);

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { OUTER, STEPS, FEATURES }));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(both));
    predict(graph, &deep, 1, all, ROWS * UNITS * 2);
    assert_string_equal(seqecho_graph_weight_name(graph, 4),
                        "time_distributed/backward_recurrent_kernel");
    seqecho_graph_destroy(graph);
    assert_same_bits(all, each, ROWS * UNITS * 2);
}

/* One layer called twice gives what two with its weights give. */
static void called_twice(void **state)
{
    enum { N = SAMPLES * UNITS };
    float data[2 * X], out[2 * N], one[N];
    const seqecho_view x[2] = {
        { data, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
        { data + X, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 }
    };
    const seqecho_spec *const input = SEQECHO_INPUT(.dim = { STEPS, FEATURES });
    const seqecho_spec *const both = SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = UNITS),
                                                           .merge_mode = SEQECHO_MERGE_SUM);
    seqecho_graph *graph;
    seqecho_layer *layer;

    (void)state;
    models_fill(data, 2 * X, 6);
    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)), 0);
    layer = seqecho_layer_create(graph, both);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            seqecho_graph_output(
                graph, seqecho_layer_call(layer, seqecho_graph_input(graph, input))),
            0);
    predict(graph, x, 1, out, 2 * N);
    seqecho_graph_destroy(graph);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)), 0);
        seqecho_graph_add(graph, input);
        seqecho_graph_add(graph, both);
        predict(graph, &x[i], 3, one, N);
        assert_same_bits(out + i * N, one, N);
        seqecho_graph_destroy(graph);
    }
}

/* Building with the n-th allocation failing, for every n, and with names of every length,
 * so that each of the small things made on the way is the first in memory of its own. */
static void without_memory(void **state)
{
    enum { NAME = 128 };
    char name[NAME + 1];
    const seqecho_bidirectional_spec both = {
        .head = { sizeof both, SEQECHO_KIND_BIDIRECTIONAL, 0 },
        .name = name,
        .inner = SEQECHO_LSTM(.units = 2, .name = name),
    };

    (void)state;
    memset(name, 'n', NAME);
    for (size_t length = NAME; length > 0; length--) {
        int err = SEQECHO_ENOMEM;

        name[length] = '\0';
        for (int64_t n = 2; err < 0; n++) {
            counting_alloc count = { .fail_at = n };
            const seqecho_allocator hook = counting_alloc_hook(&count);
            seqecho_graph *graph;

            assert_int_equal(
                seqecho_graph_create(&graph, SEQECHO_GRAPH(.allocator = &hook)), 0);
            seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2, STEPS, FEATURES }));
            seqecho_graph_add(
                graph, SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                           SEQECHO_DENSE(.units = 2), SEQECHO_SEQUENTIAL(&both.head))));
            err = seqecho_graph_status(graph);
            assert_true(err == 0 || err == SEQECHO_ENOMEM);
            assert_true(err == 0 || strncmp(seqecho_error_message(), "graph: ", 7) == 0);
            seqecho_graph_destroy(graph);
            assert_int_equal(count.live, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),          cmocka_unit_test(states),
        cmocka_unit_test(stateful),       cmocka_unit_test(with_lengths),
        cmocka_unit_test(called_twice),   cmocka_unit_test(in_time_distributed),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
