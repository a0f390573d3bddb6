/* test_trace.c - what layers go through in a run: gates and states against the formulas of
 * the headers, scores, and outputs.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

enum { B = 3, T = 4, F = 2, U = 5, STATES = B * T * U };

#define must(CALL) \
    do { \
        if ((CALL) < 0) \
            fail_msg("%s", seqecho_error_message()); \
    } while (0)

/* One recurrent layer behind an input, and a predictor that keeps what it does. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_predictor *predictor;
    float x[B * T * F];
    int32_t lengths[B];
    seqecho_view view[2];
} setup;

static setup *set_up(const seqecho_spec *layer, bool lengths, bool batch)
{
    setup *const s = calloc(1, sizeof *s);

    assert_non_null(s);

    must(seqecho_graph_create(&s->graph, SEQECHO_GRAPH(.seed = 11)));
    seqecho_graph_add(s->graph, SEQECHO_INPUT(.dim = { T, F }, .batch = batch ? B : 0,
                                              .lengths = lengths));
    seqecho_graph_add(s->graph, layer);
    must(seqecho_predictor_create(&s->predictor, s->graph,
                                  SEQECHO_PREDICTOR(.batch = B, .trace = true)));
    memcpy(s->lengths, (const int32_t[]){ 4, 1, 3 }, sizeof s->lengths);
    for (int i = 0; i < B * T * F; i++)
        s->x[i] = (float)((i * 7 % 13) / 6.5 - 1.0);
    s->view[0] = (seqecho_view){ s->x, { B, T, F }, 3, SEQECHO_FLOAT32 };
    s->view[1] = (seqecho_view){ s->lengths, { B }, 1, SEQECHO_INT32 };
    return s;
}

static void run(setup *s, float *out, size_t count)
{
    must(seqecho_predictor_run(s->predictor, s->view, out, count));
}

static void tear_down(setup *s)
{
    seqecho_predictor_destroy(s->predictor);
    seqecho_graph_destroy(s->graph);
    free(s);
}

static void trace(const setup *s, const char *layer, seqecho_trace what, float *values,
                  size_t count)
{
    seqecho_view shape;

    must(seqecho_predictor_trace_shape(s->predictor, layer, what, &shape));
    assert_true(shape.rank == 3 && shape.data == NULL && shape.dtype == SEQECHO_FLOAT32);
    assert_int_equal(shape.dim[1], T);
    assert_int_equal(shape.dim[2], U);
    assert_int_equal(shape.dim[0] * T * U, count);
    must(seqecho_predictor_trace(s->predictor, layer, what, values, count));
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* ---- Formulas ----------------------------------------------------------------------- */

/* Weights of a layer with `gates` gates; bias (rows, gates U). */
typedef struct weights {
    float kernel[F * 4 * U], recurrent[U * 4 * U], bias[2 * 4 * U];
    int gates;
} weights;

static weights weights_of(const setup *s, const char *layer, int gates, int bias_rows)
{
    weights w = { .gates = gates };
    char name[64];

    (void)snprintf(name, sizeof name, "%s/kernel", layer);
    must(seqecho_graph_weight_get(s->graph, name, w.kernel, (size_t)(F * gates * U)));
    (void)snprintf(name, sizeof name, "%s/recurrent_kernel", layer);
    must(seqecho_graph_weight_get(s->graph, name, w.recurrent, (size_t)(U * gates * U)));
    (void)snprintf(name, sizeof name, "%s/bias", layer);
    /* What is initialised with zeros would not show. */
    for (int i = 0; i < bias_rows * gates * U; i++)
        w.bias[i] = (float)(i % 9) / 10.0F - 0.3F;
    must(seqecho_graph_weight_set(s->graph, name, w.bias, (size_t)(bias_rows * gates * U)));
    return w;
}

/* x K of a gate's unit. */
static double of_x(const weights *w, const float *x, int gate, int unit)
{
    double sum = 0.0;

    for (int i = 0; i < F; i++)
        sum += (double)x[i] * (double)w->kernel[(i * w->gates + gate) * U + unit];
    return sum;
}

/* h R of it; h NULL for zeros. */
static double of_h(const weights *w, const float *h, int gate, int unit)
{
    double sum = 0.0;

    for (int i = 0; i < U && h != NULL; i++)
        sum += (double)h[i] * (double)w->recurrent[(i * w->gates + gate) * U + unit];
    return sum;
}

static double biased(const weights *w, const float *x, const float *h, int gate, int unit)
{
    return of_x(w, x, gate, unit) + of_h(w, h, gate, unit) +
           (double)w->bias[gate * U + unit];
}

static void near(float got, double want)
{
    if (!(fabs((double)got - want) <= 2e-6))
        fail_msg("%.9g, expected %.9g", (double)got, want);
}

/* Input row of step s of sample b; NULL where it is missing. */
static const float *step_of(const setup *s, int b, int step, bool lengths, bool backwards)
{
    const int time = backwards ? T - 1 - step : step;

    return lengths && time >= s->lengths[b] ? NULL : s->x + (b * T + time) * F;
}

/* A value of the step before; the state at the beginning is `first` (B, U) or NULL. */
static const float *before(const float *values, const float *first, int b, int step)
{
    if (step > 0)
        return values + (b * T + step - 1) * U;
    return first != NULL ? first + b * U : NULL;
}

/* ---- LSTM --------------------------------------------------------------------------- */

typedef struct lstm_values {
    float h[STATES], c[STATES], i[STATES], f[STATES], g[STATES], o[STATES];
} lstm_values;

static void trace_lstm(const setup *s, lstm_values *v)
{
    trace(s, "lstm", SEQECHO_TRACE_HIDDEN_STATE, v->h, STATES);
    trace(s, "lstm", SEQECHO_TRACE_CELL_STATE, v->c, STATES);
    trace(s, "lstm", SEQECHO_TRACE_INPUT_GATE, v->i, STATES);
    trace(s, "lstm", SEQECHO_TRACE_FORGET_GATE, v->f, STATES);
    trace(s, "lstm", SEQECHO_TRACE_CANDIDATE, v->g, STATES);
    trace(s, "lstm", SEQECHO_TRACE_OUTPUT_GATE, v->o, STATES);
}

static void check_lstm(const setup *s, const weights *w, const lstm_values *v,
                       const lstm_values *last, bool lengths, bool backwards)
{
    float h0[B * U], c0[B * U];

    for (int i = 0; i < B * U; i++) {
        h0[i] = last != NULL ? last->h[(i / U * T + T - 1) * U + i % U] : 0.0F;
        c0[i] = last != NULL ? last->c[(i / U * T + T - 1) * U + i % U] : 0.0F;
    }
    for (int n = 0; n < STATES; n++) {
        const int b = n / U / T, step = n / U % T, u = n % U;
        const float *const x = step_of(s, b, step, lengths, backwards);
        const float *const h = before(v->h, h0, b, step);
        const double c = (double)before(v->c, c0, b, step)[u];

        if (x == NULL) {
            assert_true(v->i[n] == 0.0F && v->f[n] == 0.0F && v->g[n] == 0.0F &&
                        v->o[n] == 0.0F);
            assert_true(v->h[n] == h[u] && (double)v->c[n] == c);
            continue;
        }
        near(v->i[n], sigmoid(biased(w, x, h, 0, u)));
        near(v->f[n], sigmoid(biased(w, x, h, 1, u)));
        near(v->g[n], tanh(biased(w, x, h, 2, u)));
        near(v->o[n], sigmoid(biased(w, x, h, 3, u)));
        near(v->c[n], (double)v->f[n] * c + (double)v->i[n] * (double)v->g[n]);
        near(v->h[n], (double)v->o[n] * tanh((double)v->c[n]));
    }
}

static void lstm(void **state)
{
    float out[STATES];

    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        const bool lengths = bits & 1, backwards = bits & 2, sequences = bits & 4;
        setup *const s = set_up(SEQECHO_LSTM(.units = U, .return_sequences = sequences,
                                             .go_backwards = backwards),
                                lengths, false);
        const weights w = weights_of(s, "lstm", 4, 1);
        lstm_values v;

        for (int again = 0; again < 2; again++) {
            run(s, out, sequences ? STATES : B * U);
            trace_lstm(s, &v);
            check_lstm(s, &w, &v, NULL, lengths, backwards);
            for (int i = 0; i < B * U; i++) {
                const int at = (i / U * T + T - 1) * U + i % U;

                assert_true(v.h[at] == out[sequences ? at : i]);
            }
        }
        tear_down(s);
    }
}

/* A run goes on from the one before. */
static void stateful(void **state)
{
    setup *const s = set_up(SEQECHO_LSTM(.units = U, .stateful = true), false, true);
    const weights w = weights_of(s, "lstm", 4, 1);
    lstm_values first, second;
    float out[B * U];

    (void)state;
    run(s, out, B * U);
    trace_lstm(s, &first);
    check_lstm(s, &w, &first, NULL, false, false);
    run(s, out, B * U);
    trace_lstm(s, &second);
    check_lstm(s, &w, &second, &first, false, false);
    tear_down(s);
}

/* Dropout is for training. */
static void nothing_is_dropped(void **state)
{
    setup *const s = set_up(
        SEQECHO_LSTM(.units = U, .dropout = 0.5F, .recurrent_dropout = 0.5F), false, false);
    const weights w = weights_of(s, "lstm", 4, 1);
    float out[B * U];
    lstm_values v;

    (void)state;
    run(s, out, B * U);
    trace_lstm(s, &v);
    check_lstm(s, &w, &v, NULL, false, false);
    tear_down(s);
}

/* ---- GRU and SimpleRNN -------------------------------------------------------------- */

static void gru(void **state)
{
    float out[STATES], h[STATES], z[STATES], r[STATES], g[STATES];

    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        const bool lengths = bits & 1, backwards = bits & 2, after = bits & 4;
        setup *const s =
            set_up(SEQECHO_GRU(.units = U, .return_sequences = true,
                               .go_backwards = backwards, .no_reset_after = !after),
                   lengths, false);
        const weights w = weights_of(s, "gru", 3, after ? 2 : 1);

        run(s, out, STATES);
        trace(s, "gru", SEQECHO_TRACE_HIDDEN_STATE, h, STATES);
        trace(s, "gru", SEQECHO_TRACE_UPDATE_GATE, z, STATES);
        trace(s, "gru", SEQECHO_TRACE_RESET_GATE, r, STATES);
        trace(s, "gru", SEQECHO_TRACE_CANDIDATE, g, STATES);
        for (int n = 0; n < STATES; n++) {
            const int b = n / U / T, step = n / U % T, u = n % U;
            const float *const x = step_of(s, b, step, lengths, backwards);
            const float *const old = before(h, NULL, b, step);
            const float *const late = w.bias + (after ? 3 * U : 0);
            const double previous = old != NULL ? (double)old[u] : 0.0;
            double inner = 0.0;

            if (x == NULL) {
                assert_true(z[n] == 0.0F && r[n] == 0.0F && g[n] == 0.0F);
                assert_true((double)h[n] == previous);
                continue;
            }
            near(z[n], sigmoid(biased(&w, x, old, 0, u) + (after ? (double)late[u] : 0)));
            near(r[n],
                 sigmoid(biased(&w, x, old, 1, u) + (after ? (double)late[U + u] : 0)));
            if (after) {
                inner = (double)r[n] * (of_h(&w, old, 2, u) + (double)late[2 * U + u]);
            } else if (old != NULL) {
                float left[U];

                for (int i = 0; i < U; i++)
                    left[i] = r[n - u + i] * old[i];
                inner = of_h(&w, left, 2, u);
            }
            near(g[n], tanh(of_x(&w, x, 2, u) + (double)w.bias[2 * U + u] + inner));
            near(h[n], (double)z[n] * previous + (1.0 - (double)z[n]) * (double)g[n]);
        }
        tear_down(s);
    }
}

static void simple_rnn(void **state)
{
    setup *const s = set_up(SEQECHO_SIMPLE_RNN(.units = U), false, false);
    const weights w = weights_of(s, "simple_rnn", 1, 1);
    float out[B * U], h[STATES];

    (void)state;
    run(s, out, B * U);
    trace(s, "simple_rnn", SEQECHO_TRACE_HIDDEN_STATE, h, STATES);
    for (int n = 0; n < STATES; n++) {
        const int b = n / U / T, step = n / U % T;

        near(h[n], tanh(biased(&w, s->x + (b * T + step) * F, before(h, NULL, b, step), 0,
                               n % U)));
    }
    tear_down(s);
}

/* ---- Other layers ------------------------------------------------------------------- */

/* Dot products of the steps of x with each other, in rows that sum to 1. */
static void scores(void **state)
{
    seqecho_predictor *p;
    seqecho_graph *graph;
    seqecho_node *x, *both[2], *y;
    float values[B * T * F], out[B * T * F], share[B * T * T];
    seqecho_view view = { values, { B, T, F }, 3, SEQECHO_FLOAT32 };

    (void)state;
    must(seqecho_graph_create(&graph, NULL));
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { T, F }));
    both[0] = both[1] = x;
    y = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_ATTENTION(.name = "look")),
                             both, 2);
    must(seqecho_graph_output(graph, y));
    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = B, .trace = true)));
    for (int i = 0; i < B * T * F; i++)
        values[i] = (float)((i * 5 % 11) / 5.5 - 1.0);
    must(seqecho_predictor_run(p, &view, out, B * T * F));
    must(seqecho_predictor_trace(p, "look", SEQECHO_TRACE_SCORES, share, B * T * T));
    for (int row = 0; row < B * T; row++) {
        double want[T], sum = 0.0;

        for (int t = 0; t < T; t++) {
            const float *const query = values + row * F;
            const float *const key = values + (row / T * T + t) * F;

            want[t] =
                exp((double)query[0] * (double)key[0] + (double)query[1] * (double)key[1]);
            sum += want[t];
        }
        for (int t = 0; t < T; t++)
            near(share[row * T + t], want[t] / sum);
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* Of every layer on the way, where inputs are gone and where some are never made. */
static void outputs(void **state)
{
    enum { CLASSES = 6, COPIES = 3, OUT = B * COPIES * 2 };
    int32_t *const classes = calloc(B * T, sizeof *classes);
    float out[OUT], got[OUT], input[B * T * CLASSES], last[B * U], many[B * COPIES * U];
    seqecho_view view = { classes, { B, T }, 2, SEQECHO_INT32 };
    seqecho_predictor *p;
    seqecho_graph *graph;

    (void)state;
    must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { T, CLASSES }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = U));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(COPIES));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 2, .return_sequences = true));
    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = B, .trace = true)));
    for (int i = 0; i < B * T; i++)
        classes[i] = i * 5 % CLASSES;
    must(seqecho_predictor_run(p, &view, out, OUT));
    memset(classes, 0xff, B * T * sizeof *classes);
    free(classes);
    must(seqecho_predictor_trace(p, "lstm_1", SEQECHO_TRACE_OUTPUT, got, OUT));
    assert_same_bits(got, out, OUT);
    must(seqecho_predictor_trace(p, "lstm", SEQECHO_TRACE_OUTPUT, last, B * U));
    must(seqecho_predictor_trace(p, "repeat_vector", SEQECHO_TRACE_OUTPUT, many,
                                 B * COPIES * U));
    for (int i = 0; i < B * COPIES * U; i++)
        assert_true(many[i] == last[i / U / COPIES * U + i % U]);
    must(seqecho_predictor_trace(p, "input_layer", SEQECHO_TRACE_OUTPUT, input,
                                 B * T * CLASSES));
    for (int i = 0; i < B * T * CLASSES; i++)
        assert_true(input[i] == (i % CLASSES == i / CLASSES * 5 % CLASSES ? 1.0F : 0.0F));
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* Inputs of one step are used where they are, unless somebody will look at them later. */
static void the_input_is_gone(void **state)
{
    float *const x = calloc(B * F, sizeof *x);
    float got[B * F], want[B * F], out[B * F];
    seqecho_view view = { x, { B, F }, 2, SEQECHO_FLOAT32 };
    seqecho_predictor *p;
    seqecho_graph *graph;

    (void)state;
    must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { F }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = F));
    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = B, .trace = true)));
    for (int i = 0; i < B * F; i++)
        want[i] = x[i] = (float)i;
    must(seqecho_predictor_run(p, &view, out, B * F));
    memset(x, 0xff, B * F * sizeof *x);
    free(x);
    must(seqecho_predictor_trace(p, "input_layer", SEQECHO_TRACE_OUTPUT, got, B * F));
    assert_same_bits(got, want, B * F);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* The same bits as without. */
static void nothing_else_changes(void **state)
{
    const models_size size = { .classes = 7, .units = 6 };
    seqecho_graph *const graph = models_whole(size);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    const seqecho_view *const x = seqecho_dataset_x(data);
    const size_t n = (size_t)(x->dim[0] * x->dim[1] * 7);
    float *const out = malloc(n * sizeof *out), *const want = malloc(n * sizeof *out);
    seqecho_predictor *p;

    (void)state;
    assert_true(out != NULL && want != NULL);
    for (int i = 0; i < 2; i++) {
        must(seqecho_predictor_create(
            &p, graph, SEQECHO_PREDICTOR(.batch = x->dim[0], .trace = i == 1)));
        must(seqecho_predictor_run(p, x, i == 1 ? out : want, n));
        seqecho_predictor_destroy(p);
    }
    assert_same_bits(out, want, n);
    free(out);
    free(want);
    seqecho_dataset_destroy(data);
    seqecho_graph_destroy(graph);
}

/* ---- Refused ------------------------------------------------------------------------ */

static void refused(void **state)
{
    setup *const s = set_up(SEQECHO_LSTM(.units = U), false, false);
    seqecho_predictor_options odd = { .struct_size = sizeof odd, .reserved = { [6] = 1 } };
    seqecho_predictor *plain, *none = NULL;
    float out[B * U], values[STATES];
    seqecho_view shape, two[1] = { { s->x, { B, T, F }, 3, SEQECHO_FLOAT32 } };

    (void)state;
#define REFUSED(PREDICTOR, LAYER, WHAT, VALUES, COUNT, CODE, MESSAGE) \
    assert_refused( \
        seqecho_predictor_trace(PREDICTOR, LAYER, SEQECHO_TRACE_##WHAT, VALUES, COUNT), \
        CODE, "predictor_trace: " MESSAGE)
    REFUSED(s->predictor, "lstm", CELL_STATE, values, STATES, SEQECHO_ESTATE,
            "there was no seqecho_predictor_run() to tell of");
    run(s, out, B * U);
    REFUSED(NULL, "lstm", CELL_STATE, values, STATES, SEQECHO_EINVAL, "predictor is NULL");
    REFUSED(s->predictor, NULL, CELL_STATE, values, STATES, SEQECHO_EINVAL,
            "layer is NULL");
    REFUSED(s->predictor, "lstm", CELL_STATE, NULL, STATES, SEQECHO_EINVAL,
            "values is NULL");
    REFUSED(s->predictor, "gru", CELL_STATE, values, STATES, SEQECHO_ENOTFOUND,
            "there is no layer \"gru\" in the graph");
    REFUSED(s->predictor, "lstm", RESET_GATE, values, STATES, SEQECHO_ENOTSUP,
            "lstm (LSTM) has no reset gate");
    REFUSED(s->predictor, "input_layer", HIDDEN_STATE, values, STATES, SEQECHO_ENOTSUP,
            "input_layer (InputLayer) has no hidden state");
    REFUSED(s->predictor, "lstm", CELL_STATE, values, STATES - 1, SEQECHO_ESHAPE,
            "lstm: its cell state is (3, 4, 5), which is 60 floats; count is 59");
    REFUSED(s->predictor, "lstm", OUTPUT, values, STATES, SEQECHO_ESHAPE,
            "lstm: its output is (3, 5), which is 15 floats; count is 60");
    assert_refused(seqecho_predictor_trace_shape(s->predictor, "lstm",
                                                 SEQECHO_TRACE_RESET_GATE, &shape),
                   SEQECHO_ENOTSUP, "predictor_trace_shape: lstm (LSTM) has no reset gate");
    assert_refused(
        seqecho_predictor_trace_shape(s->predictor, "lstm", SEQECHO_TRACE_CELL_STATE, NULL),
        SEQECHO_EINVAL, "predictor_trace_shape: view is NULL");
    must(seqecho_predictor_trace_shape(s->predictor, "lstm", SEQECHO_TRACE_OUTPUT, &shape));
    assert_true(shape.rank == 2 && shape.dim[0] == B && shape.dim[1] == U);
    assert_refused(
        seqecho_predictor_trace(s->predictor, "lstm", (seqecho_trace)0, values, STATES),
        SEQECHO_EINVAL, "predictor_trace: what is 0, expected one of SEQECHO_TRACE_...");
    assert_refused(
        seqecho_predictor_trace(s->predictor, "lstm", (seqecho_trace)11, values, STATES),
        SEQECHO_EINVAL, "predictor_trace: what is 11, expected one of SEQECHO_TRACE_...");

    /* More samples than are kept; what is there stays. */
    two[0].dim[0] = B + 1;
    assert_refused(seqecho_predictor_run(s->predictor, two, values, (B + 1) * U),
                   SEQECHO_ESHAPE,
                   "predictor_run: with .trace expected at most the batch size, 3, found 4 "
                   "samples");
    trace(s, "lstm", SEQECHO_TRACE_CELL_STATE, values, STATES);

    /* Fewer are fine. */
    two[0].dim[0] = 1;
    must(seqecho_predictor_run(s->predictor, two, out, U));
    trace(s, "lstm", SEQECHO_TRACE_CELL_STATE, values, T * U);

    must(seqecho_predictor_create(&plain, s->graph, SEQECHO_PREDICTOR(.batch = B)));
    must(seqecho_predictor_run(plain, s->view, out, B * U));
    REFUSED(plain, "lstm", CELL_STATE, values, STATES, SEQECHO_ESTATE,
            "the predictor was made without .trace, so it keeps nothing");
    seqecho_predictor_destroy(plain);
    assert_refused(seqecho_predictor_create(&none, s->graph, &odd), SEQECHO_ENOTSUP,
                   "predictor options: reserved is set, but this library knows only 0");
    assert_null(none);
    tear_down(s);
}

/* A layer that is called twice went through two things. */
static void called_twice(void **state)
{
    seqecho_predictor *p;
    seqecho_graph *graph;
    seqecho_layer *layer;
    seqecho_node *x;
    float values[F] = { 1.0F, 2.0F }, out[F];
    seqecho_view view = { values, { 1, F }, 2, SEQECHO_FLOAT32 };

    (void)state;
    must(seqecho_graph_create(&graph, NULL));
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { F }));
    layer = seqecho_layer_create(graph, SEQECHO_DENSE(.units = F));
    must(seqecho_graph_output(graph,
                              seqecho_layer_call(layer, seqecho_layer_call(layer, x))));
    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.trace = true)));
    must(seqecho_predictor_run(p, &view, out, F));
    REFUSED(p, "dense", OUTPUT, out, F, SEQECHO_ENOTSUP,
            "\"dense\" is called more than once, expected once");
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lstm),
        cmocka_unit_test(stateful),
        cmocka_unit_test(nothing_is_dropped),
        cmocka_unit_test(gru),
        cmocka_unit_test(simple_rnn),
        cmocka_unit_test(scores),
        cmocka_unit_test(outputs),
        cmocka_unit_test(the_input_is_gone),
        cmocka_unit_test(nothing_else_changes),
        cmocka_unit_test(refused),
        cmocka_unit_test(called_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
