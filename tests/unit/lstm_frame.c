/* lstm_frame.c - one call of an LSTM with everything about it in the test's hands, and the
 * same in plain loops.
 * SPDX-License-Identifier: MIT */
#include "lstm_frame.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "close.h"
#include "layers/noise.h"

#define MAX_UNITS 64

struct lstm_frame_own {
    seqecho_allocator allocator;
    se_arena arena;
    se_compute compute;
    se_shape in_shape[3], out_shape[3];
    size_t in_size[3], out_size[3], work_size;
    float *d_out[3]; /* what backward is given: it may write there */
    float *state;
};

static float *floats(size_t n)
{
    float *const values = calloc(n + 1, sizeof *values);

    assert_non_null(values);
    return values;
}

float lstm_frame_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (float)((double)(*state >> 8) * 0x1p-23 - 1.0);
}

static float *random_floats(size_t n, uint32_t seed)
{
    float *const values = floats(n);

    for (size_t i = 0; i < n; i++)
        values[i] = lstm_frame_random(&seed);
    return values;
}

/* ---- Setting up --------------------------------------------------------------------- */

static void make_layer(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;
    size_t at = 0;

    t->spec.head = (seqecho_spec){ sizeof t->spec, SEQECHO_KIND_LSTM, 0 };
    t->spec.return_state = true;
    t->spec.name = "lstm";
    own->in_shape[0] = (se_shape){ { t->steps, t->features }, 2 };
    own->in_shape[1] = own->in_shape[2] = (se_shape){ { t->spec.units }, 1 };
    if (se_layer_make(&t->layer, &own->arena, &t->spec.head) < 0 ||
        t->layer->ops->check(t->layer) < 0 ||
        t->layer->ops->infer(t->layer, own->in_shape, t->initial ? 3 : 1, own->out_shape) !=
            3)
        fail_msg("%s", seqecho_error_message());
    t->layer->ops->build(t->layer, own->in_shape);
    for (size_t i = 0; i < t->layer->n_weights; i++) {
        t->layer->weights[i].offset = at;
        at += (size_t)se_weight_size(&t->layer->weights[i]);
    }
    t->n_params = at;
}

static void make_arrays(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;
    const size_t states = (size_t)(t->batch * t->spec.units);

    t->rows_out = (t->spec.return_sequences ? t->steps : 1) * t->batch;
    for (size_t i = 0; i < 3; i++) {
        own->in_size[i] = (size_t)(se_shape_size(&own->in_shape[i]) * t->batch);
        own->out_size[i] = (size_t)(se_shape_size(&own->out_shape[i]) * t->batch);
        t->out[i] = floats(own->out_size[i]);
        t->d_in[i] = floats(own->in_size[i]);
        t->d_out[i] = random_floats(own->out_size[i], 70 + (uint32_t)i);
        own->d_out[i] = floats(own->out_size[i]);
    }
    t->x = random_floats(own->in_size[0], 1);
    t->h0 = random_floats(states, 2);
    t->c0 = random_floats(states, 3);
    own->state = floats(2 * states);
    t->next_state = floats(2 * states);
    t->params = random_floats(t->n_params, 4);
    t->grads = floats(t->n_params);
    for (size_t i = 0; i < t->n_params; i++)
        t->params[i] *= 0.7f;
}

static void make_frame(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;
    se_carver carver = { .base = NULL };
    se_frame *const f = &t->f;

    *f = (se_frame){
        .layer = t->layer,
        .compute = &own->compute,
        .batch = t->batch,
        .training = t->training,
        .learning = t->learning,
        .noise = { t->seed, 5, 2 },
        .keep_state = t->keep,
        .want_d_in = { t->classes == NULL, t->initial, t->initial },
        .n_in = t->initial ? 3 : 1,
        .n_out = 3,
        .weights = t->layer->weights,
        .params = t->params,
        .state = t->keep ? own->state : NULL,
        .next_state = t->next_state,
    };
    for (size_t i = 0; i < 3; i++) {
        f->in_shape[i] = &own->in_shape[i];
        f->out_shape[i] = &own->out_shape[i];
        f->out[i] = t->out[i];
    }
    f->in[0] = (se_value){ .data = t->classes == NULL ? t->x : NULL,
                           .classes = t->classes,
                           .masked = t->masked,
                           .mask = t->mask };
    f->in[1].data = t->h0;
    f->in[2].data = t->c0;
    t->layer->ops->work(f, &carver);
    own->work_size = carver.used;
    f->work = floats(carver.used);
}

void lstm_frame_open(lstm_frame *t)
{
    const int threads = t->threads > 1 ? t->threads : 1;
    struct lstm_frame_own *const own = calloc(1, sizeof *own);

    assert_non_null(own);
    t->own = own;
    assert_int_equal(se_allocator_read(&own->allocator, NULL), 0);
    se_arena_init(&own->arena, &own->allocator);
    own->compute = (se_compute){ .k = se_kernels_get(),
                                 .room = floats((size_t)threads * SE_GEMM_ROOM) };
    assert_int_equal(se_pool_create(&own->compute.pool, threads, &own->allocator), 0);
    make_layer(t);
    make_arrays(t);
    make_frame(t);
}

void lstm_frame_close(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;
    float *const last[] = { t->x,       t->h0,         t->c0,
                            t->params,  t->grads,      t->f.work,
                            own->state, t->next_state, own->compute.room };

    for (size_t i = 0; i < 3; i++) {
        free(t->out[i]);
        free(t->d_in[i]);
        free(t->d_out[i]);
        free(own->d_out[i]);
    }
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        free(last[i]);
    se_pool_destroy(own->compute.pool);
    se_arena_finish(&own->arena);
    free(own);
}

/* ---- Running ------------------------------------------------------------------------ */

/* A NaN in every float. */
static void spoil(float *values, size_t n)
{
    memset(values, 0xff, n * sizeof *values);
}

static void prepare(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;
    const size_t states = (size_t)(t->batch * t->spec.units);

    for (size_t i = 0; i < 3; i++)
        spoil(t->out[i], own->out_size[i]);
    spoil(t->f.work, own->work_size);
    spoil(t->next_state, 2 * states);
    memcpy(own->state, t->h0, states * sizeof(float));
    memcpy(own->state + states, t->c0, states * sizeof(float));
    t->f.grads = NULL;
}

void lstm_frame_forward(lstm_frame *t)
{
    prepare(t);
    t->layer->ops->forward(&t->f);
}

bool lstm_frame_step(lstm_frame *t)
{
    prepare(t);
    return t->layer->ops->step(&t->f);
}

void lstm_frame_backward(lstm_frame *t)
{
    struct lstm_frame_own *const own = t->own;

    for (size_t i = 0; i < 3; i++) {
        spoil(t->d_in[i], own->in_size[i]);
        memcpy(own->d_out[i], t->d_out[i], own->out_size[i] * sizeof(float));
        t->f.d_out[i] = own->d_out[i];
        t->f.d_in[i] = t->f.want_d_in[i] ? t->d_in[i] : NULL;
    }
    spoil(t->grads, t->n_params);
    t->f.grads = t->grads;
    t->f.fresh = true;
    t->layer->ops->backward(&t->f);
}

/* ---- Masks -------------------------------------------------------------------------- */

/* Is step t of sample b there? */
static bool there(int kind, int64_t steps, int64_t t, int64_t b)
{
    switch (kind) {
    case 0: return true;
    case 1: return t < (b * 5 + 3) % (steps + 1);            /* lengths, one of them 0 */
    case 2: return t >= (b * 3 + 1) % (steps + 1);           /* padded in front */
    case 3: return (t * 7 + b * 3) % 5 > 1;                  /* holes */
    case 4: return (t + b) % 4 != 0 && t != 2 && b % 5 != 4; /* a step, a few samples */
    default: return b > 0 && t > 0 && (b * 11 + t * t) % 3 != 0;
    }
}

void lstm_frame_mask(uint8_t *mask, int kind, int64_t steps, int64_t batch)
{
    for (int64_t t = 0; t < steps; t++)
        for (int64_t b = 0; b < batch; b++)
            mask[t * batch + b] = there(kind, steps, t, b);
}

/* ---- In plain loops ----------------------------------------------------------------- */

size_t lstm_frame_count(const lstm_frame *t)
{
    const size_t states = (size_t)(t->batch * t->spec.units);

    return t->n_params + (size_t)(t->steps * t->batch * t->features) + 2 * states;
}

size_t lstm_frame_outputs(const lstm_frame *t)
{
    return (size_t)((t->rows_out + 2 * t->batch) * t->spec.units);
}

void lstm_frame_variables(const lstm_frame *t, double *values)
{
    const size_t states = (size_t)(t->batch * t->spec.units);
    const float *const array[] = { t->params, t->x, t->h0, t->c0 };
    const size_t size[] = { t->n_params, (size_t)(t->steps * t->batch * t->features),
                            states, states };

    for (size_t a = 0; a < 4; a++)
        for (size_t i = 0; i < size[a]; i++)
            *values++ = (double)array[a][i];
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* One sample's factors of x or h: those of gate g at [g * width].  NULL: all are 1. */
static float *draw(const lstm_frame *t, uint32_t which, float rate, int64_t width)
{
    const bool four = t->layer->spec != NULL &&
                      ((const seqecho_lstm_spec *)t->layer->spec)->implementation == 1;
    const int64_t size = t->batch * width;
    float *factor;

    if (!t->learning || rate <= 0.0f || rate >= 1.0f)
        return NULL;
    factor = floats((size_t)(4 * size));
    se_noise_fill(&t->f, which, rate, four ? 4 * size : size, factor);
    for (int64_t g = 1; g < 4 && !four; g++)
        memcpy(factor + g * size, factor, (size_t)size * sizeof *factor);
    return factor;
}

/* a[k] after dropout as gate g of sample b sees it. */
static double dropped(const lstm_frame *t, const float *factor, int64_t g, int64_t b,
                      int64_t width, int64_t k, double a)
{
    return factor == NULL ? a : a * (double)factor[(g * t->batch + b) * width + k];
}

typedef struct reference {
    const lstm_frame *t;
    const double *kernel, *recurrent, *bias, *x, *h0, *c0;
    float *x_factor, *h_factor;
} reference;

/* One step of sample b that is there. */
static void reference_step(const reference *r, int64_t b, const double *x, double *h,
                           double *c)
{
    const lstm_frame *const t = r->t;
    const int64_t u = t->spec.units;
    double z[4][MAX_UNITS];

    for (int64_t g = 0; g < 4; g++)
        for (int64_t j = 0; j < u; j++) {
            z[g][j] = t->spec.no_bias ? 0.0 : r->bias[g * u + j];
            for (int64_t k = 0; k < t->features; k++)
                z[g][j] += dropped(t, r->x_factor, g, b, t->features, k, x[k]) *
                           r->kernel[k * 4 * u + g * u + j];
            for (int64_t k = 0; k < u; k++)
                z[g][j] += dropped(t, r->h_factor, g, b, u, k, h[k]) *
                           r->recurrent[k * 4 * u + g * u + j];
        }
    for (int64_t j = 0; j < u; j++) {
        c[j] = sigmoid(z[1][j]) * c[j] + sigmoid(z[0][j]) * tanh(z[2][j]);
        h[j] = sigmoid(z[3][j]) * tanh(c[j]);
    }
}

/* Sample b through all steps. */
static void reference_sample(const reference *r, int64_t b, double *out, double *last_h,
                             double *last_c)
{
    const lstm_frame *const t = r->t;
    const int64_t u = t->spec.units;
    double h[MAX_UNITS] = { 0 }, c[MAX_UNITS] = { 0 }, y[MAX_UNITS] = { 0 };

    for (int64_t j = 0; j < u && (t->initial || t->keep); j++) {
        h[j] = r->h0[b * u + j];
        c[j] = r->c0[b * u + j];
    }
    for (int64_t s = 0; s < t->steps; s++) {
        const int64_t at = (t->spec.go_backwards ? t->steps - 1 - s : s) * t->batch + b;
        const bool is_there = t->mask == NULL || t->mask[at] != 0;
        const bool state = is_there || t->spec.masked_output == SEQECHO_MASKED_STATE;

        if (is_there)
            reference_step(r, b, r->x + at * t->features, h, c);
        for (int64_t j = 0; j < u; j++) {
            if (state || t->spec.masked_output == SEQECHO_MASKED_ZERO)
                y[j] = state ? h[j] : 0.0;
            if (t->spec.return_sequences || s == t->steps - 1)
                out[((t->spec.return_sequences ? s * t->batch : 0) + b) * u + j] = y[j];
        }
    }
    memcpy(last_h + b * u, h, (size_t)u * sizeof *h);
    memcpy(last_c + b * u, c, (size_t)u * sizeof *c);
}

void lstm_frame_reference(const lstm_frame *t, const double *values, double *out)
{
    const int64_t u = t->spec.units;
    reference r = { .t = t, .kernel = values };

    assert_true(u <= MAX_UNITS);
    r.recurrent = r.kernel + t->features * 4 * u;
    r.bias = r.recurrent + u * 4 * u;
    r.x = values + t->n_params;
    r.h0 = r.x + t->steps * t->batch * t->features;
    r.c0 = r.h0 + t->batch * u;
    r.x_factor = draw(t, 0, t->spec.dropout, t->features);
    r.h_factor = draw(t, 1, t->spec.recurrent_dropout, u);
    for (int64_t b = 0; b < t->batch; b++)
        reference_sample(&r, b, out, out + t->rows_out * u,
                         out + (t->rows_out + t->batch) * u);
    free(r.x_factor);
    free(r.h_factor);
}
