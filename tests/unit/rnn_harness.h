/* rnn_harness.h - a GRU or SimpleRNN, and the same by its formulas in double precision.
 * SPDX-License-Identifier: MIT
 *
 * The formulas are walked sample by sample and unit by unit.  What is dropped is drawn as
 * the layer draws it. */
#ifndef SEQECHO_TESTS_UNIT_RNN_HARNESS_H
#define SEQECHO_TESTS_UNIT_RNN_HARNESS_H

#include "graph/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "close.h"
#include "layers/noise.h"

enum { GATES = 3 };

/* Which steps are missing: see missing(). */
typedef enum pattern { ALL, LEADING, TRAILING, INNER, ROWS, MIXED, NOTHING } pattern;

typedef struct sizes {
    int64_t steps, batch, features, units;
} sizes;

typedef struct setting {
    const char *name;
    sizes n;
    bool gru, before, sequences, state, backwards, no_bias, initial;
    seqecho_activation act, rec; /* 0: tanh, sigmoid */
    float drop, drop_h;
    uint8_t implementation;
    pattern mask;
    seqecho_masked_output shown;
    bool no_d_out; /* the gradient comes from the state alone */
} setting;

static uint64_t random_state;

static inline double random_number(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(float)((double)(random_state >> 40) * 0x1p-23 - 1.0);
}

/* Is step t of sample b missing? */
static inline bool missing(pattern p, sizes n, int64_t t, int64_t b)
{
    switch (p) {
    case LEADING: return t < b % (n.steps + 1);
    case TRAILING: return t >= n.steps - b % (n.steps + 1);
    case INNER: return t > 0 && t < n.steps - 1 && (t + b) % 2 == 0;
    case ROWS: return b % 2 == 1;
    case MIXED: return (t * 7 + b * 5 + t * b) % 3 == 0;
    case NOTHING: return true;
    case ALL: break;
    }
    return false;
}

/* ---- The formulas ------------------------------------------------------------------- */

/* Variables, one array after the other; sizes in floats. */
enum { K, R, BIAS, X, H0, ARRAYS };

typedef struct reference {
    const setting *s;
    int64_t gates, size[ARRAYS], n;
    double *value, *array[ARRAYS];
    double *out, *state, *dy, *dstate; /* step-major */
    int64_t out_size, state_size;
    uint8_t *mask;                          /* (steps, batch) */
    float *noise_x[GATES], *noise_h[GATES]; /* ones where nothing is dropped */
    double *h, *z;                          /* (units), (3 units) */
} reference;

static inline double activation(seqecho_activation f, double x)
{
    switch (f) {
    case SEQECHO_SIGMOID: return 1.0 / (1.0 + exp(-x));
    case SEQECHO_SWISH: return x / (1.0 + exp(-x));
    case SEQECHO_SOFTPLUS: return log(1.0 + exp(x));
    case SEQECHO_LINEAR: return x;
    case SEQECHO_TANH: return tanh(x);
    default: fail_msg("activation %d", (int)f); return 0.0;
    }
}

static inline double product_x(const reference *r, int64_t gate, int64_t j, int64_t t,
                               int64_t b)
{
    const sizes n = r->s->n;
    const int64_t col = gate * n.units + j, width = r->gates * n.units;
    double sum = r->s->no_bias ? 0.0 : r->array[BIAS][col];

    for (int64_t i = 0; i < n.features; i++)
        sum += r->array[X][(t * n.batch + b) * n.features + i] *
               (double)r->noise_x[gate][b * n.features + i] * r->array[K][i * width + col];
    return sum;
}

/* h R, each h multiplied by `by` where that is not NULL. */
static inline double product_h(const reference *r, int64_t gate, int64_t j, int64_t b,
                               const double *by)
{
    const sizes n = r->s->n;
    const int64_t col = gate * n.units + j, width = r->gates * n.units;
    const bool second = r->s->gru && !r->s->before && !r->s->no_bias;
    double sum = second ? r->array[BIAS][width + col] : 0.0;

    for (int64_t i = 0; i < n.units; i++)
        sum += r->h[i] * (double)r->noise_h[gate][b * n.units + i] *
               (by != NULL ? by[i] : 1.0) * r->array[R][i * width + col];
    return sum;
}

/* One step of sample b: r->h moves on. */
static inline void cell(const reference *r, int64_t t, int64_t b)
{
    const setting *const s = r->s;
    const int64_t u = s->n.units;
    double *const z = r->z;

    for (int64_t gate = 0; gate + 1 < r->gates; gate++)
        for (int64_t j = 0; j < u; j++)
            z[gate * u + j] = activation(s->rec, product_x(r, gate, j, t, b) +
                                                     product_h(r, gate, j, b, NULL));
    for (int64_t j = 0; j < u; j++) {
        const int64_t last = r->gates - 1;
        double of_h = product_h(r, last, j, b, s->gru && s->before ? z + u : NULL);

        if (s->gru && !s->before)
            of_h *= z[u + j];
        z[last * u + j] = activation(s->act, product_x(r, last, j, t, b) + of_h);
    }
    for (int64_t j = 0; j < u; j++)
        r->h[j] = s->gru ? z[j] * r->h[j] + (1.0 - z[j]) * z[2 * u + j] : z[j];
}

/* Everything; returns sum(out dy) + sum(state dstate). */
static inline double run_reference(const reference *r)
{
    const setting *const s = r->s;
    const sizes n = s->n;
    double sum = 0.0;

    for (int64_t b = 0; b < n.batch; b++) {
        bool any = false;

        for (int64_t j = 0; j < n.units; j++)
            r->h[j] = s->initial ? r->array[H0][b * n.units + j] : 0.0;
        for (int64_t step = 0; step < n.steps; step++) {
            const int64_t t = s->backwards ? n.steps - 1 - step : step;
            const bool there = r->mask[t * n.batch + b] != 0;
            const bool shown = s->shown == SEQECHO_MASKED_STATE || there ||
                               (s->shown == SEQECHO_MASKED_LAST && any);

            any |= there;
            if (there)
                cell(r, t, b);
            if (!s->sequences && step < n.steps - 1)
                continue;
            for (int64_t j = 0; j < n.units; j++) {
                const int64_t at = ((s->sequences ? step * n.batch : 0) + b) * n.units + j;

                r->out[at] = shown ? r->h[j] : 0.0;
                sum += r->out[at] * r->dy[at];
            }
        }
        for (int64_t j = 0; j < n.units; j++) {
            r->state[b * n.units + j] = r->h[j];
            sum += r->h[j] * r->dstate[b * n.units + j];
        }
    }
    return sum;
}

static inline void *allocate(int64_t n, size_t size)
{
    void *const ptr = calloc((size_t)n + 1, size);

    assert_non_null(ptr);
    return ptr;
}

static inline float *ones(int64_t n)
{
    float *const x = allocate(n, sizeof *x);

    for (int64_t i = 0; i < n; i++)
        x[i] = 1.0f;
    return x;
}

static inline double *random_array(int64_t n, double range)
{
    double *const x = allocate(n, sizeof *x);

    for (int64_t i = 0; i < n; i++)
        x[i] = range * random_number();
    return x;
}

static inline reference reference_new(const setting *s)
{
    const sizes n = s->n;
    const int64_t gates = s->gru ? 3 : 1, width = gates * n.units;
    reference r = { .s = s, .gates = gates };
    int64_t at = 0;

    random_state = 7;
    r.size[K] = n.features * width;
    r.size[R] = n.units * width;
    r.size[BIAS] = s->no_bias ? 0 : s->gru && !s->before ? 2 * width : width;
    r.size[X] = n.steps * n.batch * n.features;
    r.size[H0] = s->initial ? n.batch * n.units : 0;
    for (int i = 0; i < ARRAYS; i++)
        r.n += r.size[i];
    r.value = random_array(r.n, 1.0);
    for (int i = 0; i < ARRAYS; i++) {
        r.array[i] = r.value + at;
        at += r.size[i];
    }
    for (int64_t i = 0; i < r.size[K] + r.size[R]; i++)
        r.value[i] = (double)(float)(r.value[i] / sqrt((double)n.units));
    r.state_size = n.batch * n.units;
    r.out_size = (s->sequences ? n.steps : 1) * r.state_size;
    r.out = allocate(r.out_size, sizeof *r.out);
    r.state = allocate(r.state_size, sizeof *r.state);
    r.dy = random_array(r.out_size, s->no_d_out ? 0.0 : 1.0);
    r.dstate = random_array(r.state_size, s->state ? 1.0 : 0.0);
    r.mask = allocate(n.steps * n.batch, 1);
    for (int64_t t = 0; t < n.steps; t++)
        for (int64_t b = 0; b < n.batch; b++)
            r.mask[t * n.batch + b] = !missing(s->mask, n, t, b);
    for (int gate = 0; gate < GATES; gate++) {
        r.noise_x[gate] = ones(n.batch * n.features);
        r.noise_h[gate] = ones(n.batch * n.units);
    }
    r.h = allocate(n.units, sizeof *r.h);
    r.z = allocate(width, sizeof *r.z);
    return r;
}

static inline void reference_free(reference *r)
{
    for (int gate = 0; gate < GATES; gate++) {
        free(r->noise_x[gate]);
        free(r->noise_h[gate]);
    }
    free(r->value);
    free(r->out);
    free(r->state);
    free(r->dy);
    free(r->dstate);
    free(r->mask);
    free(r->h);
    free(r->z);
}

/* ---- The layer ---------------------------------------------------------------------- */

typedef struct model {
    seqecho_graph *graph;
    se_session *s;
    const se_step *step;
    se_slot *x, *h0, *out;
    float *values; /* variables as floats */
    float *grads;
} model;

static inline seqecho_layer *make_layer(const setting *s, seqecho_graph *graph)
{
    if (s->gru)
        return seqecho_layer_create(
            graph,
            SEQECHO_GRU(.units = s->n.units, .activation = s->act,
                        .recurrent_activation = s->rec, .return_sequences = s->sequences,
                        .return_state = s->state, .go_backwards = s->backwards,
                        .no_bias = s->no_bias, .no_reset_after = s->before,
                        .implementation = s->implementation, .dropout = s->drop,
                        .recurrent_dropout = s->drop_h, .masked_output = s->shown));
    return seqecho_layer_create(
        graph,
        SEQECHO_SIMPLE_RNN(.units = s->n.units, .activation = s->act,
                           .return_sequences = s->sequences, .return_state = s->state,
                           .go_backwards = s->backwards, .no_bias = s->no_bias,
                           .dropout = s->drop, .recurrent_dropout = s->drop_h,
                           .masked_output = s->shown));
}

/* A session whose inputs are the reference's, masked where that is. */
static inline model model_new(const reference *r, se_mode mode)
{
    const setting *const s = r->s;
    seqecho_allocator hook;
    seqecho_node *x[2], *out;
    model m = { 0 };
    const float *from;

    assert_int_equal(se_allocator_read(&hook, NULL), 0);
    assert_int_equal(seqecho_graph_create(&m.graph, NULL), 0);
    x[0] = seqecho_graph_input(m.graph, SEQECHO_INPUT(.dim = { s->n.steps, s->n.features },
                                                      .lengths = s->mask != ALL));
    if (s->initial)
        x[1] = seqecho_graph_input(m.graph, SEQECHO_INPUT(.dim = { s->n.units }));
    out = seqecho_layer_call_n(make_layer(s, m.graph), x, s->initial ? 2 : 1);
    assert_int_equal(seqecho_graph_output(m.graph, out), 0);
    if (s->state)
        assert_int_equal(seqecho_graph_output(m.graph, seqecho_node_output(out, 1)), 0);
    if (se_session_create(&m.s, m.graph, mode, &hook, 1, SEQECHO_NUMERICS_DEFAULT, 0) < 0)
        fail_msg("%s: %s", s->name, seqecho_error_message());

    m.values = allocate(r->n, sizeof *m.values);
    for (int64_t i = 0; i < r->n; i++)
        m.values[i] = (float)r->value[i];
    from = m.values;
    for (size_t i = 0; i < seqecho_graph_weight_count(m.graph); i++) {
        const char *const name = seqecho_graph_weight_name(m.graph, i);

        assert_int_equal(seqecho_graph_weight_set(m.graph, name, from, (size_t)r->size[i]),
                         0);
        from += r->size[i];
    }
    m.grads = allocate((int64_t)m.graph->n_params, sizeof *m.grads);
    for (size_t i = 0; i < m.graph->n_params; i++)
        m.grads[i] = NAN; /* to be written, not added to */
    m.s->grads = m.grads;
    assert_int_equal(se_session_bind(m.s, s->n.batch, mode == SE_MODE_TRAIN), 0);
    /* What nobody has written must not matter. */
    for (size_t i = 0; i < m.s->block_size; i++)
        m.s->block[i] = NAN;

    m.step = &m.s->steps[m.s->n_steps - 1];
    m.out = m.step->out;
    m.x = m.s->inputs[0];
    m.x->value =
        (se_value){ .data = m.values + (r->array[X] - r->value), .masked = m.x->masked };
    if (s->mask != ALL)
        m.x->value.mask = r->mask;
    if (s->initial) {
        m.h0 = m.s->inputs[1];
        m.h0->value = (se_value){ .data = m.values + (r->array[H0] - r->value) };
    }
    return m;
}

static inline void model_free(model *m)
{
    se_session_destroy(m->s);
    seqecho_graph_destroy(m->graph);
    free(m->values);
    free(m->grads);
}

/* The factors of this pass, drawn as the layer should. */
static inline void draw(const reference *r, const model *m)
{
    const setting *const s = r->s;
    const bool apart = s->implementation == 1 || s->drop_h > 0.0f;

    for (int64_t gate = 0; gate < r->gates; gate++) {
        const uint32_t which = apart && s->gru ? (uint32_t)gate : 0;

        if (se_noise_active(&m->step->frame, s->drop))
            se_noise_fill(&m->step->frame, which, s->drop, s->n.batch * s->n.features,
                          r->noise_x[gate]);
        if (se_noise_active(&m->step->frame, s->drop_h))
            se_noise_fill(&m->step->frame, GATES + which, s->drop_h,
                          s->n.batch * s->n.units, r->noise_h[gate]);
    }
}

#endif /* SEQECHO_TESTS_UNIT_RNN_HARNESS_H */
