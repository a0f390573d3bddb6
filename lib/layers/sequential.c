/* layers/sequential.c - Sequential: a stack of layers as one layer.
 * SPDX-License-Identifier: MIT
 *
 * What lies between two layers is in the stack's own workspace: in training every value,
 * and two places in which gradients take turns; else only two, in which values do.
 *
 * Masks are made anew on the way back, from the same data, so only their rooms are kept. */
#include <string.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/inner.h"
#include "layers/kinds.h"

static size_t stack_inner(void *spec, const seqecho_spec *list[SE_MAX_INNER])
{
    seqecho_sequential_spec *const own = spec;
    const size_t n =
        own->layers != NULL && own->n_layers <= SE_MAX_INNER ? own->n_layers : 0;

    for (size_t i = 0; i < n; i++)
        list[i] = own->layers[i];
    own->layers = NULL; /* it is the caller's */
    return n;
}

static int stack_check(seqecho_layer *layer)
{
    SE_TRY(se_inner_name(layer));
    for (seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        SE_TRY(se_inner_check_single(layer, l));
        /* The mask of the whole is asked for before anything inside has run. */
        if (l != layer->inner && (l->ops->traits(l) & SE_TRAIT_MASKS) != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "%s: %s (%s) makes a mask; inside it can only be the first",
                           layer->name, l->name, l->ops->class_name);
    }
    return SEQECHO_OK;
}

static uint32_t stack_traits(const seqecho_layer *layer)
{
    const seqecho_layer *const first = layer->inner;
    uint32_t own = first->ops->traits(first) & (SE_TRAIT_CLASSES | SE_TRAIT_REPEATED);
    bool forgets = false;

    for (const seqecho_layer *l = first; l != NULL; l = l->next) {
        const uint32_t t = l->ops->traits(l);

        own |= t &
               (SE_TRAIT_RECURRENT | SE_TRAIT_STATEFUL | SE_TRAIT_NO_STEP | SE_TRAIT_MASKS);
        if (l->next == NULL)
            own |= t & SE_TRAIT_SOFTMAX;
        forgets =
            forgets || (t & (SE_TRAIT_RECURRENT | SE_TRAIT_STATEFUL)) == SE_TRAIT_RECURRENT;
    }
    /* Some states that outlive a batch and some that do not: then a frame that keeps its
     * state must be of batches, not of steps, at which all of them do. */
    return forgets && (own & SE_TRAIT_STATEFUL) != 0 ? own | SE_TRAIT_NO_STEP : own;
}

/* Does a layer keep its state where the stack does? */
static bool keeps(uint32_t stack, const seqecho_layer *inner)
{
    const bool batches = (stack & SE_TRAIT_NO_STEP) != 0;

    return (inner->ops->traits(inner) &
            (batches ? SE_TRAIT_STATEFUL : SE_TRAIT_RECURRENT)) != 0;
}

static int stack_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                       se_shape *out)
{
    se_shape now[SE_MAX_PORTS] = { *in };

    SE_UNUSED(n_in);
    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        const se_shape before = now[0];
        int n_out;

        SE_TRY(n_out = se_inner_infer(layer, l, &before, 1, now));
        if (n_out != 1)
            return se_fail(SEQECHO_EINVAL,
                           "%s: expected layers of one output inside, but %s has %d",
                           layer->name, l->name, n_out);
    }
    *out = now[0];
    return 1;
}

/* The shape behind a layer inside, from the one before it. */
static se_shape shape_behind(const seqecho_layer *inner, const se_shape *in)
{
    se_shape out[SE_MAX_PORTS];

    inner->ops->infer(inner, in, 1, out);
    return out[0];
}

static void stack_build(seqecho_layer *layer, const se_shape *in)
{
    se_shape now = *in;

    for (seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        se_inner_build(layer, l, &now, l->name, "_");
        now = shape_behind(l, &now);
    }
}

static int64_t stack_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const uint32_t traits = stack_traits(layer);
    se_shape now = *in;
    int64_t size = 0;

    for (const seqecho_layer *l = layer->inner; l != NULL; l = l->next) {
        if (keeps(traits, l))
            size += l->ops->state_size(l, &now);
        now = shape_behind(l, &now);
    }
    return size;
}

/* ---- One call ---- */

/* A layer inside, and what lies before it. */
typedef struct stack_place {
    const seqecho_layer *layer;
    se_shape shape; /* of its input */
    float *value;   /* its input, but of the first */
    uint8_t *room;  /* for the mask of its output */
    const uint8_t *mask;
    float *work;
    int64_t state;       /* where its state begins; -1 if it keeps none */
    bool masked, wanted; /* of its input: a mask is possible, a gradient is asked for */
} stack_place;

typedef struct stack_pass {
    const se_frame *f;
    size_t n;
    stack_place place[SE_MAX_INNER + 1]; /* the last is what the stack gives */
    float *turns[2];                     /* values or gradients between layers */
} stack_pass;

/* The gradient before layer i. */
static float *gradient_before(const stack_pass *p, size_t i)
{
    return i == 0 ? p->f->d_in[0] : i < p->n ? p->turns[i % 2] : p->f->d_out[0];
}

/* The frame of layer i, as far as the places before and behind it are known. */
static se_frame frame_at(const stack_pass *p, size_t i)
{
    const stack_place *const at = &p->place[i], *const behind = at + 1;
    se_frame g = se_inner_frame(p->f, at->layer);

    g.logits = p->f->logits && i + 1 == p->n;
    g.in_shape[0] = &at->shape;
    g.out_shape[0] = &behind->shape;
    if (i > 0)
        g.in[0] = (se_value){ .data = at->value, .masked = at->masked, .mask = at->mask };
    g.out[0] = i + 1 < p->n ? behind->value : p->f->out[0];
    g.mask = behind->mask;
    g.work = at->work;
    g.keep_state = p->f->keep_state && at->state >= 0;
    g.state = g.keep_state && g.state != NULL ? g.state + at->state : NULL;
    g.next_state = g.keep_state && g.next_state != NULL ? g.next_state + at->state : NULL;
    g.want_d_in[0] = at->wanted;
    g.d_in[0] = gradient_before(p, i);
    g.d_out[0] = gradient_before(p, i + 1);
    return g;
}

/* Shapes, and what of each place does not change with the data; returns the floats of a
 * sample in the largest value between layers. */
static int64_t find_places(stack_pass *p)
{
    const se_frame *const f = p->f;
    const uint32_t traits = stack_traits(f->layer);
    stack_place *at = p->place;
    int64_t largest = 0, state = 0;

    at->shape = *f->in_shape[0];
    at->masked = f->in[0].masked;
    at->mask = f->in[0].mask;
    at->wanted = f->want_d_in[0];
    for (const seqecho_layer *l = f->layer->inner; l != NULL; l = l->next, at++) {
        const bool masked = at->masked || (l->ops->traits(l) & SE_TRAIT_MASKS) != 0;

        at->layer = l;
        at->state = -1;
        if (f->keep_state && keeps(traits, l)) {
            at->state = state;
            state += f->batch * l->ops->state_size(l, &at->shape);
        }
        at[1].shape = shape_behind(l, &at->shape);
        at[1].masked = masked && l->ops->mask != NULL;
        at[1].wanted = at->wanted || (f->training && l->n_weights > 0);
        if (l->next != NULL && largest < se_shape_size(&at[1].shape))
            largest = se_shape_size(&at[1].shape);
        p->n++;
    }
    return largest;
}

static void stack_divide(stack_pass *p, const se_frame *f, se_carver *carver)
{
    int64_t largest;

    memset(p, 0, sizeof *p);
    p->f = f;
    largest = find_places(p);
    for (int i = 0; i < 2; i++)
        p->turns[i] = se_carve(carver, largest, f->batch, 1);
    for (size_t i = 0; i < p->n; i++) {
        stack_place *const at = &p->place[i], *const behind = at + 1;
        se_frame g;

        if (i + 1 < p->n)
            behind->value =
                f->training ? se_carve(carver, se_shape_size(&behind->shape), f->batch, 1)
                            : p->turns[(i + 1) % 2];
        if (behind->masked)
            at->room = (uint8_t *)(void *)se_carve(carver, behind->shape.dim[0] / 4 + 1,
                                                   f->batch, 1);
        g = frame_at(p, i);
        se_inner_work(&g, carver);
        at->work = g.work;
    }
}

static void stack_work(const se_frame *f, se_carver *carver)
{
    stack_pass p;

    stack_divide(&p, f, carver);
}

/* The mask behind layer i, whose own input is there if it makes one. */
static void mask_behind(stack_pass *p, size_t i, uint8_t *room)
{
    stack_place *const behind = &p->place[i + 1];

    if (behind->masked) {
        const se_frame g = frame_at(p, i);

        behind->mask = g.layer->ops->mask(&g, room);
    }
}

static const uint8_t *stack_mask(const se_frame *f, uint8_t *room)
{
    se_carver carver = { .base = f->work };
    stack_pass p;

    stack_divide(&p, f, &carver);
    for (size_t i = 0; i < p.n; i++)
        mask_behind(&p, i, i + 1 < p.n ? p.place[i].room : room);
    return p.place[p.n].mask;
}

static void stack_forward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    stack_pass p;

    stack_divide(&p, f, &carver);
    for (size_t i = 0; i < p.n; i++) {
        se_frame g;

        mask_behind(&p, i, p.place[i].room);
        g = frame_at(&p, i);
        g.layer->ops->forward(&g);
    }
}

static void stack_backward(const se_frame *f)
{
    se_carver carver = { .base = f->work };
    stack_pass p;

    stack_divide(&p, f, &carver);
    for (size_t i = 0; i < p.n; i++)
        mask_behind(&p, i, p.place[i].room);
    /* Where a layer has no weights and its input's gradient is not asked for, the same is
     * true of all before it. */
    for (size_t i = p.n; i > 0 && p.place[i].wanted; i--) {
        const se_frame g = frame_at(&p, i - 1);

        g.layer->ops->backward(&g);
    }
}

static const se_field fields[] = {
    /* clang-format off */
    { "layers", SE_FIELD_LAYERS, offsetof(seqecho_sequential_spec, layers),
      offsetof(seqecho_sequential_spec, n_layers), NULL },
    /* clang-format on */
};

const se_layer_ops se_sequential_ops = {
    .kind = SEQECHO_KIND_SEQUENTIAL,
    .class_name = "Sequential",
    .base_name = "sequential",
    .spec_size = sizeof(seqecho_sequential_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .inner = stack_inner,
    .check = stack_check,
    .traits = stack_traits,
    .infer = stack_infer,
    .build = stack_build,
    .work = stack_work,
    .mask = stack_mask,
    .state_size = stack_state_size,
    .forward = stack_forward,
    .backward = stack_backward,
};
