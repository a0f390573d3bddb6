/* test_cells.c - LSTM, GRU and SimpleRNN with every activation at every place, against
 * their formulas in double precision.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "close.h"
#include "models.h"

enum { SAMPLES = 2, STEPS = 5, FEATURES = 3, UNITS = 4, GATES = 4 };
enum { X = SAMPLES * STEPS * FEATURES, OUT = SAMPLES * STEPS * UNITS };

typedef enum kind { LSTM, GRU, GRU_BEFORE, SIMPLE_RNN, KINDS } kind;

static const int64_t gates_of[KINDS] = { 4, 3, 3, 1 };

/* ---- The formulas ------------------------------------------------------------------- */

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double clip(double x)
{
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

static double activate(seqecho_activation f, double x)
{
    switch (f) {
    case SEQECHO_TANH: return tanh(x);
    case SEQECHO_SIGMOID: return sigmoid(x);
    case SEQECHO_HARD_SIGMOID: return clip(x / 6.0 + 0.5);
    case SEQECHO_HARD_SIGMOID_KERAS2: return clip(0.2 * x + 0.5);
    case SEQECHO_RELU: return x > 0.0 ? x : 0.0;
    case SEQECHO_ELU: return x > 0.0 ? x : expm1(x);
    case SEQECHO_SELU: return 1.05070098 * (x > 0.0 ? x : 1.67326324 * expm1(x));
    case SEQECHO_SOFTPLUS: return fmax(x, 0.0) + log1p(exp(-fabs(x)));
    case SEQECHO_SOFTSIGN: return x / (1.0 + fabs(x));
    case SEQECHO_SWISH: return x * sigmoid(x);
    default: return x;
    }
}

/* `units` numbers; a softmax is one of them all. */
static void activate_all(seqecho_activation f, double *x)
{
    double largest = x[0], sum = 0.0;

    if (f != SEQECHO_SOFTMAX) {
        for (int j = 0; j < UNITS; j++)
            x[j] = activate(f, x[j]);
        return;
    }
    for (int j = 1; j < UNITS; j++)
        largest = fmax(largest, x[j]);
    for (int j = 0; j < UNITS; j++)
        sum += x[j] = exp(x[j] - largest);
    for (int j = 0; j < UNITS; j++)
        x[j] /= sum;
}

typedef struct cell {
    kind kind;
    seqecho_activation act, rec;
    float kernel[FEATURES * GATES * UNITS], recurrent[UNITS * GATES * UNITS];
    float bias[2 * GATES * UNITS];
    double h[UNITS], c[UNITS];
} cell;

/* One gate's block of v K, columns of which there are `gates` blocks. */
static void product(const cell *p, const float *matrix, int64_t rows, const double *v,
                    int64_t gate, double *to)
{
    const int64_t width = gates_of[p->kind] * UNITS;

    for (int64_t j = 0; j < UNITS; j++)
        for (int64_t i = 0; i < rows; i++)
            to[j] += v[i] * (double)matrix[i * width + gate * UNITS + j];
}

/* x K + b of a gate, and h R, with the second bias of a GRU, apart from it. */
static void products(const cell *p, const double *x, const double *h, int64_t gate,
                     double *a, double *b)
{
    const int64_t width = gates_of[p->kind] * UNITS;

    for (int64_t j = 0; j < UNITS; j++) {
        a[j] = (double)p->bias[gate * UNITS + j];
        b[j] = p->kind == GRU ? (double)p->bias[width + gate * UNITS + j] : 0.0;
    }
    product(p, p->kernel, FEATURES, x, gate, a);
    product(p, p->recurrent, UNITS, h, gate, b);
}

static void gate(const cell *p, const double *x, int64_t number, seqecho_activation f,
                 double *to)
{
    double b[UNITS];

    products(p, x, p->h, number, to, b);
    for (int j = 0; j < UNITS; j++)
        to[j] += b[j];
    activate_all(f, to);
}

static void lstm_step(cell *p, const double *x)
{
    double i[UNITS], f[UNITS], g[UNITS], o[UNITS], y[UNITS];

    gate(p, x, 0, p->rec, i);
    gate(p, x, 1, p->rec, f);
    gate(p, x, 2, p->act, g);
    gate(p, x, 3, p->rec, o);
    for (int j = 0; j < UNITS; j++)
        y[j] = p->c[j] = f[j] * p->c[j] + i[j] * g[j];
    activate_all(p->act, y);
    for (int j = 0; j < UNITS; j++)
        p->h[j] = o[j] * y[j];
}

static void gru_step(cell *p, const double *x)
{
    double z[UNITS], r[UNITS], g[UNITS], b[UNITS], reset[UNITS];

    gate(p, x, 0, p->rec, z);
    gate(p, x, 1, p->rec, r);
    for (int j = 0; j < UNITS; j++)
        reset[j] = r[j] * p->h[j];
    products(p, x, p->kind == GRU ? p->h : reset, 2, g, b);
    for (int j = 0; j < UNITS; j++)
        g[j] += p->kind == GRU ? r[j] * b[j] : b[j];
    activate_all(p->act, g);
    for (int j = 0; j < UNITS; j++)
        p->h[j] = z[j] * p->h[j] + (1.0 - z[j]) * g[j];
}

static void walk(cell *p, const float *x, float *y)
{
    for (int64_t t = 0; t < STEPS; t++) {
        double row[FEATURES], h[UNITS];

        for (int i = 0; i < FEATURES; i++)
            row[i] = (double)x[t * FEATURES + i];
        if (p->kind == LSTM) {
            lstm_step(p, row);
        } else if (p->kind != SIMPLE_RNN) {
            gru_step(p, row);
        } else {
            gate(p, row, 0, p->act, h);
            memcpy(p->h, h, sizeof h);
        }
        for (int j = 0; j < UNITS; j++)
            y[t * UNITS + j] = (float)p->h[j];
    }
}

/* ---- The layers --------------------------------------------------------------------- */

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

static seqecho_graph *graph_of(cell *p)
{
    const size_t width = (size_t)gates_of[p->kind] * UNITS;
    seqecho_graph *graph;
    const char *names[3];

    must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    if (p->kind == LSTM)
        seqecho_graph_add(graph, SEQECHO_LSTM(.units = UNITS, .return_sequences = true,
                                              .activation = p->act,
                                              .recurrent_activation = p->rec));
    else if (p->kind == SIMPLE_RNN)
        seqecho_graph_add(graph, SEQECHO_SIMPLE_RNN(.units = UNITS, .activation = p->act,
                                                    .return_sequences = true));
    else
        seqecho_graph_add(graph,
                          SEQECHO_GRU(.units = UNITS, .return_sequences = true,
                                      .activation = p->act, .recurrent_activation = p->rec,
                                      .no_reset_after = p->kind == GRU_BEFORE));
    for (size_t i = 0; i < 3; i++)
        names[i] = seqecho_graph_weight_name(graph, i);
    models_fill(p->kernel, FEATURES * width, 1);
    models_fill(p->recurrent, UNITS * width, 2);
    for (size_t i = 0; i < UNITS * width; i++)
        p->recurrent[i] *= 0.25F; /* for what has no limit grows, with its errors */
    models_fill(p->bias, 2 * width, 3);
    must(seqecho_graph_weight_set(graph, names[0], p->kernel, FEATURES * width));
    must(seqecho_graph_weight_set(graph, names[1], p->recurrent, UNITS * width));
    must(seqecho_graph_weight_set(graph, names[2], p->bias,
                                  (p->kind == GRU ? 2 : 1) * width));
    return graph;
}

static void check(kind k, seqecho_activation act, seqecho_activation rec)
{
    float x[X], y[OUT], want[OUT];
    const seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    cell p = { .kind = k, .act = act, .rec = rec };
    seqecho_graph *const graph = graph_of(&p);
    seqecho_predictor *predictor;

    models_fill(x, X, 4);
    must(seqecho_predictor_create(&predictor, graph, SEQECHO_PREDICTOR(.batch = SAMPLES)));
    must(seqecho_predictor_run(predictor, &view, y, OUT));
    for (int s = 0; s < SAMPLES; s++) {
        memset(p.h, 0, sizeof p.h);
        memset(p.c, 0, sizeof p.c);
        walk(&p, x + s * STEPS * FEATURES, want + s * STEPS * UNITS);
    }
    assert_close(y, want, OUT, 2e-5, 2e-6);
    seqecho_predictor_destroy(predictor);
    seqecho_graph_destroy(graph);
}

/* Every activation for the candidate, and every one for the gates. */
static void check_all(kind k)
{
    for (seqecho_activation act = SEQECHO_LINEAR; act <= SEQECHO_SWISH; act++)
        for (seqecho_activation rec = SEQECHO_LINEAR; rec <= SEQECHO_SWISH; rec++)
            check(k, act, rec);
}

static void lstm(void **state)
{
    (void)state;
    check_all(LSTM);
}

static void gru(void **state)
{
    (void)state;
    check_all(GRU);
    check_all(GRU_BEFORE);
}

static void simple_rnn(void **state)
{
    (void)state;
    for (seqecho_activation act = SEQECHO_LINEAR; act <= SEQECHO_SWISH; act++)
        check(SIMPLE_RNN, act, SEQECHO_TANH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lstm),
        cmocka_unit_test(gru),
        cmocka_unit_test(simple_rnn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
