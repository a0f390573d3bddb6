/* layers/bidirectional.c - Bidirectional: a recurrent layer, and one that reads backwards.
 * SPDX-License-Identifier: MIT
 *
 * Each layer inside writes its output to memory of its own, since it may need it again on
 * the way back; merging the two is one walk over the time steps.  What the backward layer
 * gives at step s of its own belongs to step T - 1 - s. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/inner.h"
#include "layers/kinds.h"
#include "layers/recurrent.h"

static size_t both_inner(void *spec, const seqecho_spec *list[SE_MAX_INNER])
{
    const seqecho_bidirectional_spec *const own = spec;

    list[0] = own->inner;
    list[1] = own->backward != NULL ? own->backward : own->inner;
    return 2;
}

/* "forward_lstm", or with the name that the description gives. */
static int name_inner(seqecho_layer *layer, seqecho_layer *inner, const char *direction)
{
    const char *const name = inner->name != NULL ? inner->name : inner->ops->base_name;
    const size_t size = strlen(direction) + strlen(name) + 1;
    char *text;

    SE_TRY(se_arena_alloc(layer->arena, &text, size));
    snprintf(text, size, "%s%s", direction, name);
    inner->name = text;
    return SEQECHO_OK;
}

static uint32_t traits_of(const seqecho_layer *inner)
{
    return inner->ops->traits(inner);
}

/* A recurrent layer cannot go step by step if, and only if, it goes backwards. */
static bool goes_backwards(const seqecho_layer *inner)
{
    return (traits_of(inner) & SE_TRAIT_NO_STEP) != 0;
}

static int both_check(seqecho_layer *layer)
{
    seqecho_bidirectional_spec *const spec = layer->spec;
    seqecho_layer *const forward = layer->inner, *const backward = forward->next;
    const bool given = spec->backward != NULL;

    assert(backward != NULL);
    spec->inner = NULL; /* they are the caller's */
    spec->backward = NULL;
    SE_TRY(se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved));
    if (spec->merge_mode < SEQECHO_MERGE_CONCAT || spec->merge_mode > SEQECHO_MERGE_AVE)
        return se_fail(SEQECHO_ENOTSUP, "%s: merge_mode %d is unknown to this library",
                       layer->name, (int)spec->merge_mode);
    for (const seqecho_layer *l = forward; l != NULL; l = l->next)
        if (l->ops->reverse == NULL)
            return se_fail(SEQECHO_EINVAL,
                           "%s: expected a recurrent layer inside, found %s", layer->name,
                           l->ops->class_name);
    SE_TRY(name_inner(layer, forward, "forward_"));
    SE_TRY(name_inner(layer, backward, "backward_"));
    if (!given)
        backward->ops->reverse(backward);
    SE_TRY(se_inner_check(layer, forward));
    SE_TRY(se_inner_check(layer, backward));
    if (goes_backwards(forward) == goes_backwards(backward))
        return se_fail(SEQECHO_EINVAL,
                       "%s: both layers inside read in the same direction; expected "
                       "go_backwards of one of them",
                       layer->name);
    if ((traits_of(forward) ^ traits_of(backward)) & SE_TRAIT_STATEFUL)
        return se_fail(SEQECHO_EINVAL,
                       "%s: one of the layers inside is stateful; expected both or none",
                       layer->name);
    return SEQECHO_OK;
}

static uint32_t both_traits(const seqecho_layer *layer)
{
    const uint32_t each = traits_of(layer->inner) & traits_of(layer->inner->next);

    return SE_TRAIT_RECURRENT | SE_TRAIT_NO_STEP |
           (each & (SE_TRAIT_CLASSES | SE_TRAIT_REPEATED | SE_TRAIT_STATEFUL));
}

/* The inputs of one direction: x, and its half of the initial states. */
static size_t half_in(size_t n_in, int backward, size_t j)
{
    return j == 0 || backward == 0 ? j : (n_in - 1) / 2 + j;
}

/* Outputs that can be merged?  Concatenation alone takes different features. */
static bool agree(seqecho_merge mode, const se_shape *a, const se_shape *b)
{
    se_shape same = *b;

    if (mode == SEQECHO_MERGE_CONCAT && a->rank == b->rank)
        same.dim[same.rank - 1] = se_shape_features(a);
    return se_shape_equal(a, &same);
}

static int both_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                      se_shape *out)
{
    const seqecho_bidirectional_spec *const spec = layer->spec;
    const size_t half = (n_in - 1) / 2;
    char text[2][SE_SHAPE_TEXT];
    se_shape part[2][SE_MAX_PORTS];
    const seqecho_layer *inner = layer->inner;
    int n_out[2];

    if (n_in % 2 == 0)
        return se_fail(SEQECHO_EINVAL,
                       "%s: expected x, then as many initial states for the forward as for "
                       "the backward layer; found %zu states",
                       layer->name, n_in - 1);
    for (int i = 0; i < 2; i++, inner = inner->next) {
        se_shape own[SE_MAX_PORTS];

        for (size_t j = 0; j <= half; j++)
            own[j] = in[half_in(n_in, i, j)];
        SE_TRY(n_out[i] = se_inner_infer(layer, inner, own, half + 1, part[i]));
    }
    if (n_out[0] != n_out[1])
        return se_fail(SEQECHO_EINVAL,
                       "%s: one of the layers inside has return_state; expected both or "
                       "none",
                       layer->name);
    if (!agree(spec->merge_mode, &part[0][0], &part[1][0]))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the outputs of the layers inside, %s and %s, cannot be merged",
                       layer->name, se_shape_text(text[0], 0, &part[0][0]),
                       se_shape_text(text[1], 0, &part[1][0]));
    out[0] = part[0][0];
    if (spec->merge_mode == SEQECHO_MERGE_CONCAT)
        out[0].dim[out[0].rank - 1] += se_shape_features(&part[1][0]);
    for (int i = 0; i < 2; i++)
        for (int j = 1; j < n_out[i]; j++)
            out[i * (n_out[0] - 1) + j] = part[i][j];
    return 2 * n_out[0] - 1;
}

static void both_build(seqecho_layer *layer, const se_shape *in)
{
    se_inner_build(layer, layer->inner, in, "forward", "_");
    se_inner_build(layer, layer->inner->next, in, "backward", "_");
}

static int64_t both_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_layer *const forward = layer->inner, *const backward = forward->next;

    return forward->ops->state_size(forward, in) + backward->ops->state_size(backward, in);
}

static const uint8_t *both_mask(const se_frame *f, uint8_t *room)
{
    SE_UNUSED(room);
    return f->out_shape[0]->rank == 2 ? f->in[0].mask : NULL;
}

/* ---- One call ---- */

typedef struct both_pass {
    const se_frame *f;
    se_frame frame[2];      /* of the layers inside */
    se_shape shape[2];      /* of their outputs, states aside */
    int64_t steps, cols[2]; /* of these outputs */
    float *y[2], *dy[2];    /* they, and their gradients */
    float *dx;              /* the second gradient of x */
} both_pass;

/* The layer's share of the wrapper's inputs and outputs. */
static void share_ports(const se_frame *f, se_frame *g, int i)
{
    const size_t states = (f->n_out - 1) / 2;

    g->n_in = (f->n_in + 1) / 2;
    g->n_out = 1 + states;
    for (size_t j = 1; j < SE_MAX_PORTS; j++) {
        const size_t in = half_in(f->n_in, i, j), out = i == 0 ? j : states + j;
        const bool is_in = j < g->n_in, is_out = j < g->n_out;

        g->in_shape[j] = is_in ? f->in_shape[in] : NULL;
        g->in[j] = is_in ? f->in[in] : (se_value){ .data = NULL };
        g->want_d_in[j] = is_in && f->want_d_in[in];
        g->d_in[j] = is_in ? f->d_in[in] : NULL;
        g->out_shape[j] = is_out ? f->out_shape[out] : NULL;
        g->out[j] = is_out ? f->out[out] : NULL;
        g->d_out[j] = is_out ? f->d_out[out] : NULL;
    }
}

static void share_state(const se_frame *f, se_frame g[2])
{
    const seqecho_layer *const forward = f->layer->inner;
    const int64_t first =
        f->keep_state ? f->batch * forward->ops->state_size(forward, f->in_shape[0]) : 0;

    if (f->state != NULL)
        g[1].state = f->state + first;
    if (f->next_state != NULL)
        g[1].next_state = f->next_state + first;
}

static void infer_output(const se_frame *g, se_shape *shape)
{
    se_shape in[SE_MAX_PORTS], out[SE_MAX_PORTS];

    for (size_t j = 0; j < g->n_in; j++)
        in[j] = *g->in_shape[j];
    g->layer->ops->infer(g->layer, in, g->n_in, out);
    *shape = out[0];
}

static void both_divide(both_pass *p, const se_frame *f, se_carver *carver)
{
    const seqecho_layer *inner = f->layer->inner;

    *p = (both_pass){ .f = f };
    p->steps = se_shape_rows(f->out_shape[0]);
    for (int i = 0; i < 2; i++, inner = inner->next) {
        se_frame *const g = &p->frame[i];

        *g = se_inner_frame(f, inner);
        g->mask = f->mask;
        share_ports(f, g, i);
        infer_output(g, &p->shape[i]);
        p->cols[i] = se_shape_features(&p->shape[i]);
        p->y[i] = se_carve(carver, p->steps, f->batch, p->cols[i]);
        if (f->training)
            p->dy[i] = se_carve(carver, p->steps, f->batch, p->cols[i]);
        g->out_shape[0] = &p->shape[i];
        g->out[0] = p->y[i];
        g->d_out[0] = f->d_out[0] != NULL ? p->dy[i] : NULL;
        se_inner_work(g, carver);
    }
    share_state(f, p->frame);
    if (f->want_d_in[0])
        p->dx = se_carve(carver, f->in[0].repeated ? 1 : se_shape_rows(f->in_shape[0]),
                         f->batch, se_shape_features(f->in_shape[0]));
    p->frame[1].d_in[0] = p->dx;
}

static void both_work(const se_frame *f, se_carver *carver)
{
    both_pass p;

    both_divide(&p, f, carver);
}

/* One time step of both outputs and of the merged one. */
typedef struct merge_step {
    seqecho_merge mode;
    int64_t rows, cols[2];
    float *y[2]; /* or dy, on the way back */
    float *out;  /* or d_out */
    const uint8_t *mask;
} merge_step;

static merge_step step_at(const both_pass *p, int64_t t, float *const y[2], float *out)
{
    const seqecho_bidirectional_spec *const spec = p->f->layer->spec;
    const int64_t batch = p->f->batch, back = p->steps - 1 - t;
    const uint8_t *const mask = p->f->out_shape[0]->rank == 2 ? p->f->in[0].mask : NULL;
    /* Outputs are in the order in which the forward layer reads. */
    const int64_t read = goes_backwards(p->f->layer->inner) ? back : t;

    return (merge_step){
        .mode = spec->merge_mode,
        .rows = batch,
        .cols = { p->cols[0], p->cols[1] },
        .y = { y[0] + t * batch * p->cols[0], y[1] + back * batch * p->cols[1] },
        .out = out + t * batch * se_shape_features(p->f->out_shape[0]),
        .mask = mask != NULL ? mask + read * batch : NULL,
    };
}

static void concatenate(const merge_step *m)
{
    const int64_t cols = m->cols[0] + m->cols[1];

    for (int64_t r = 0; r < m->rows; r++) {
        memcpy(m->out + r * cols, m->y[0] + r * m->cols[0],
               (size_t)m->cols[0] * sizeof(float));
        memcpy(m->out + r * cols + m->cols[0], m->y[1] + r * m->cols[1],
               (size_t)m->cols[1] * sizeof(float));
    }
}

static void merge(const merge_step *m)
{
    const int64_t n = m->rows * m->cols[0];
    const float *const a = m->y[0], *const b = m->y[1];

    switch (m->mode) {
    case SEQECHO_MERGE_SUM:
        for (int64_t i = 0; i < n; i++)
            m->out[i] = a[i] + b[i];
        break;
    case SEQECHO_MERGE_MUL:
        for (int64_t i = 0; i < n; i++)
            m->out[i] = a[i] * b[i];
        break;
    case SEQECHO_MERGE_AVE:
        for (int64_t i = 0; i < n; i++)
            m->out[i] = 0.5f * (a[i] + b[i]);
        break;
    default: concatenate(m); break;
    }
}

static void both_forward(const se_frame *f)
{
    const int64_t cols = se_shape_features(f->out_shape[0]);
    se_carver carver = { .base = f->work };
    both_pass p;

    both_divide(&p, f, &carver);
    for (int i = 0; i < 2; i++)
        p.frame[i].layer->ops->forward(&p.frame[i]);
    for (int64_t t = 0; t < p.steps; t++) {
        const merge_step m = step_at(&p, t, p.y, f->out[0]);

        merge(&m);
        if (m.mask != NULL)
            se_mask_clear(m.mask, m.rows, cols, m.out);
    }
}

/* ---- Backward ---- */

static void split_columns(const merge_step *d)
{
    const int64_t cols = d->cols[0] + d->cols[1];

    for (int64_t r = 0; r < d->rows; r++) {
        memcpy(d->y[0] + r * d->cols[0], d->out + r * cols,
               (size_t)d->cols[0] * sizeof(float));
        memcpy(d->y[1] + r * d->cols[1], d->out + r * cols + d->cols[0],
               (size_t)d->cols[1] * sizeof(float));
    }
}

/* The gradients of both outputs, d->y, from that of the merged one; y is the outputs. */
static void split(const merge_step *d, const float *const y[2])
{
    const int64_t n = d->rows * d->cols[0];
    const size_t bytes = (size_t)n * sizeof(float);

    switch (d->mode) {
    case SEQECHO_MERGE_SUM:
        memcpy(d->y[0], d->out, bytes);
        memcpy(d->y[1], d->out, bytes);
        break;
    case SEQECHO_MERGE_MUL:
        for (int64_t i = 0; i < n; i++) {
            d->y[0][i] = d->out[i] * y[1][i];
            d->y[1][i] = d->out[i] * y[0][i];
        }
        break;
    case SEQECHO_MERGE_AVE:
        for (int64_t i = 0; i < n; i++)
            d->y[0][i] = d->y[1][i] = 0.5f * d->out[i];
        break;
    default: split_columns(d); break;
    }
}

static void both_backward(const se_frame *f)
{
    const int64_t cols = se_shape_features(f->out_shape[0]);
    se_carver carver = { .base = f->work };
    both_pass p;

    both_divide(&p, f, &carver);
    for (int64_t t = 0; f->d_out[0] != NULL && t < p.steps; t++) {
        const merge_step d = step_at(&p, t, p.dy, f->d_out[0]);
        const merge_step m = step_at(&p, t, p.y, f->d_out[0]);

        if (d.mask != NULL)
            se_mask_clear(d.mask, d.rows, cols, d.out);
        split(&d, (const float *const[]){ m.y[0], m.y[1] });
    }
    for (int i = 0; i < 2; i++)
        p.frame[i].layer->ops->backward(&p.frame[i]);
    if (f->want_d_in[0])
        f->compute->k->add((f->in[0].repeated ? 1 : se_shape_rows(f->in_shape[0])) *
                               f->batch * se_shape_features(f->in_shape[0]),
                           p.dx, f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(LAYER, "layer", seqecho_bidirectional_spec, inner),
    SE_FIELD(LAYER, "backward_layer", seqecho_bidirectional_spec, backward),
    SE_FIELD_OF_NAMES(merge, "merge_mode", seqecho_bidirectional_spec, merge_mode),
    /* clang-format on */
};

const se_layer_ops se_bidirectional_ops = {
    .kind = SEQECHO_KIND_BIDIRECTIONAL,
    .class_name = "Bidirectional",
    .base_name = "bidirectional",
    .spec_size = sizeof(seqecho_bidirectional_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 5,
    .inner = both_inner,
    .check = both_check,
    .traits = both_traits,
    .infer = both_infer,
    .build = both_build,
    .work = both_work,
    .mask = both_mask,
    .state_size = both_state_size,
    .forward = both_forward,
    .backward = both_backward,
};
