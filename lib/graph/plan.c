/* graph/plan.c - making a session and laying out its memory.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/alloc.h"
#include "graph/session.h"

/* A batch of fewer floating-point operations than this, some two milliseconds of one core,
 * stays on one thread unless the user asks for more: from there on a second thread makes it
 * 1.7 times as fast, below it gains less and loses more if its processor is busy. */
#define AUTO_THREADS_WORK 2.0e8
#define AUTO_THREADS_MAX 16

static bool traits(const se_step *step, uint32_t mask)
{
    const seqecho_layer *const layer = step->call->layer;

    return (layer->ops->traits(layer) & mask) != 0;
}

/* Steps and slots of the calls that outputs depend on. */
static int connect(se_session *s)
{
    const seqecho_graph *const g = s->graph;

    SE_TRY(se_alloc(&s->steps, &s->allocator, g->n_calls, sizeof *s->steps, "session"));
    SE_TRY(se_alloc(&s->slots, &s->allocator, g->n_nodes, sizeof *s->slots, "session"));
    s->n_slots = g->n_nodes;
    for (const se_call *call = g->calls; call != NULL; call = call->next) {
        se_step *const step = &s->steps[s->n_steps];

        for (size_t i = 0; i < call->n_out; i++)
            s->slots[call->out[i].index].node = &call->out[i];
        if (!call->used)
            continue;
        s->n_steps++;
        step->call = call;
        step->out = &s->slots[call->out[0].index];
        for (size_t i = 0; i < call->n_in; i++)
            step->in[i] = &s->slots[call->in[i]->index];
    }
    for (size_t i = 0; i < g->n_inputs; i++) {
        s->inputs[i] = &s->slots[g->inputs[i]->index];
        s->inputs[i]->is_input = true;
        s->inputs[i]->masked = g->lengths[i] && s->mode != SE_MODE_STEP;
        s->view[i] = i == 0 ? 0 : s->view[i - 1] + 1 + g->lengths[i - 1];
    }
    for (size_t i = 0; i < g->n_outputs; i++) {
        s->outputs[i] = &s->slots[g->outputs[i]->index];
        s->outputs[i]->is_output = true;
    }
    return SEQECHO_OK;
}

/* Shapes of all slots: the nodes', or inferred anew with one time step. */
static int infer_shapes(se_session *s)
{
    for (size_t i = 0; i < s->n_slots; i++)
        s->slots[i].shape = s->slots[i].node->shape;
    if (s->mode != SE_MODE_STEP)
        return SEQECHO_OK;
    if (s->graph->n_inputs != 1 || s->graph->n_outputs != 1)
        return se_fail(SEQECHO_ENOTSUP,
                       "predictor_step: the graph has %zu inputs and %zu outputs, expected "
                       "one of each",
                       s->graph->n_inputs, s->graph->n_outputs);
    for (size_t i = 0; i < s->n_steps; i++) {
        const se_step *const step = &s->steps[i];
        const seqecho_layer *const layer = step->call->layer;
        se_shape in[SE_MAX_PORTS] = { 0 }, out[SE_MAX_PORTS];

        if (step->out->is_input) {
            if (step->out->shape.rank != 2)
                return se_fail(SEQECHO_ENOTSUP,
                               "predictor_step: %s has no time axis, or more "
                               "than one",
                               layer->name);
            step->out->shape.dim[0] = 1;
            continue;
        }
        if (traits(step, SE_TRAIT_NO_STEP))
            return se_fail(SEQECHO_ENOTSUP,
                           "predictor_step: %s (%s) cannot be run one time step at a time",
                           layer->name, layer->ops->class_name);
        if (traits(step, SE_TRAIT_RECURRENT) && step->call->n_in > 1)
            return se_fail(SEQECHO_ENOTSUP,
                           "predictor_step: %s (%s) is given its initial state, so it "
                           "cannot be run one time step at a time",
                           layer->name, layer->ops->class_name);
        for (size_t j = 0; j < step->call->n_in; j++)
            in[j] = step->in[j]->shape;
        SE_TRY(layer->ops->infer(layer, in, step->call->n_in, out));
        for (size_t j = 0; j < step->call->n_out; j++)
            step->out[j].shape = out[j];
    }
    return SEQECHO_OK;
}

/* Which slots need values of their own: class numbers and repeated values stay as they
 * are where every consumer takes them so. */
static void choose_forms(se_session *s)
{
    for (size_t i = 0; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];

        step->out->repeated = traits(step, SE_TRAIT_REPEATS) && !step->out->is_output;
        step->out->needs_data = step->out->is_output;
        step->out->defers_softmax = traits(step, SE_TRAIT_SOFTMAX) &&
                                    step->out->is_output &&
                                    se_shape_features(&step->out->shape) > 1;
    }
    for (size_t i = 0; i < s->n_steps; i++)
        for (size_t j = 0; j < s->steps[i].call->n_in; j++) {
            se_slot *const in = s->steps[i].in[j];

            if (j > 0 || !traits(&s->steps[i], SE_TRAIT_REPEATED))
                in->repeated = false;
            if (j > 0 || !traits(&s->steps[i], SE_TRAIT_CLASSES))
                in->needs_data = true;
            in->defers_softmax = false; /* this layer needs the probabilities */
            if (s->steps[i].call->layer->ops->reverse == NULL) /* it is not recurrent */
                in->needs_zeros = true;
        }
}

/* Which inputs and outputs of a call may be masked; those of the calls before are known. */
static void find_masked(se_step *step)
{
    se_frame *const f = &step->frame;
    bool masked = traits(step, SE_TRAIT_MASKS);

    for (size_t j = 0; j < f->n_in; j++) {
        f->in[j].masked = step->in[j]->masked;
        masked |= step->in[j]->masked;
    }
    if (!step->out->is_input)
        step->out->masked = masked && f->layer->ops->mask != NULL;
}

/* What of each frame does not change with the batch. */
static void prepare_frames(se_session *s)
{
    const uint32_t keeps = s->mode == SE_MODE_STEP ? SE_TRAIT_RECURRENT : SE_TRAIT_STATEFUL;

    for (size_t i = 0; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];
        se_frame *const f = &step->frame;

        step->last = true;
        for (size_t j = 0; j < i; j++)
            if (s->steps[j].call->layer == step->call->layer)
                s->steps[j].last = false;
        f->layer = step->call->layer;
        f->noise.site = (uint32_t)i;
        f->compute = &s->compute;
        f->training = s->mode == SE_MODE_TRAIN;
        f->stepping = s->mode == SE_MODE_STEP;
        step->takes_classes = traits(step, SE_TRAIT_CLASSES);
        f->keep_state = traits(step, keeps);
        f->n_in = step->call->n_in;
        f->n_out = step->call->n_out;
        f->weights = f->layer->weights;
        f->params = s->graph->params;
        for (size_t j = 0; j < f->n_in; j++)
            f->in_shape[j] = &step->in[j]->shape;
        for (size_t j = 0; j < f->n_out; j++)
            f->out_shape[j] = &step->out[j].shape;
        if (f->n_in > 0)
            f->in[0].repeated = step->in[0]->repeated;
        find_masked(step);
    }
}

static int create_states(se_session *s)
{
    se_carver carver = { .base = NULL };

    for (size_t i = 0; i < s->n_steps; i++) {
        const se_frame *const f = &s->steps[i].frame;

        if (!f->keep_state)
            continue;
        s->steps[i].state = carver.used;
        se_carve(&carver, s->state_batch,
                 f->layer->ops->state_size(f->layer, f->in_shape[0]), 1);
    }
    s->state_size = carver.used;
    s->zero_states = true;
    if (carver.overflow)
        return se_fail(SEQECHO_ENOMEM, "session: states do not fit the address space");
    return s->state_size == 0 ? SEQECHO_OK
                              : se_alloc(&s->states, &s->allocator, s->state_size,
                                         SE_STATE_SETS * sizeof(float), "recurrent states");
}

/* A pool of this many threads, with room for the products of each; a session that has one
 * keeps it if that fails. */
static int start_threads(se_session *s, int threads)
{
    const size_t n = threads > 1 ? (size_t)threads : 1;
    se_pool *pool = NULL;
    float *room = NULL;
    int err;

    SE_TRY(se_alloc(&room, &s->allocator, n, SE_GEMM_ROOM * sizeof *room, "products"));
    err = se_pool_create(&pool, threads, &s->allocator);
    if (err < 0) {
        se_free(&s->allocator, room);
        return err;
    }
    se_free(&s->allocator, s->compute.room);
    s->compute.room = room;
    s->compute.pool = pool;
    return SEQECHO_OK;
}

int se_session_create(se_session **out, seqecho_graph *graph, se_mode mode,
                      const seqecho_allocator *allocator, int32_t threads,
                      seqecho_numerics numerics, int64_t state_batch)
{
    se_session *s;
    int err;

    *out = NULL;
    if (threads < 0 || threads > SE_THREADS_MAX)
        return se_fail(SEQECHO_EINVAL, "threads is %d, expected 0 (automatic) to %d",
                       threads, SE_THREADS_MAX);
    if (numerics < SEQECHO_NUMERICS_DEFAULT || numerics > SEQECHO_NUMERICS_FAST)
        return se_fail(SEQECHO_EINVAL, "numerics is %d, expected a seqecho_numerics",
                       (int)numerics);
    SE_TRY(se_graph_freeze(graph));
    SE_TRY(se_alloc(&s, allocator, 1, sizeof *s, "session"));
    s->allocator = *allocator;
    s->graph = seqecho_graph_ref(graph);
    s->mode = mode;
    s->threads = threads;
    s->compute.k = se_kernels_get();
    s->compute.allow_blas = numerics == SEQECHO_NUMERICS_FAST;
    s->state_batch = state_batch > 0 ? state_batch : graph->batch;

    if ((err = connect(s)) < 0 || (err = infer_shapes(s)) < 0)
        goto fail;
    choose_forms(s);
    prepare_frames(s);
    if ((err = create_states(s)) < 0 || (err = start_threads(s, threads)) < 0)
        goto fail;
    *out = s;
    return SEQECHO_OK;
fail:
    se_session_destroy(s);
    return err;
}

void se_session_destroy(se_session *s)
{
    seqecho_allocator allocator;

    if (s == NULL)
        return;
    allocator = s->allocator;
    se_pool_destroy(s->compute.pool);
    se_free(&allocator, s->compute.room);
    se_free(&allocator, s->states);
    se_free(&allocator, s->block);
    se_free(&allocator, s->slots);
    se_free(&allocator, s->steps);
    seqecho_graph_destroy(s->graph);
    se_free(&allocator, s);
}

/* ---- Binding to a batch size ---- */

/* Lay out one slot's arrays. */
static void place_slot(se_slot *slot, int64_t batch, se_carver *carver)
{
    const int64_t rows = slot->repeated ? 1 : se_shape_rows(&slot->shape);
    const int64_t features = se_shape_features(&slot->shape);

    slot->buffer = slot->repeated ? NULL : se_carve(carver, rows, batch, features);
    slot->grad = slot->needs_grad ? se_carve(carver, rows, batch, features) : NULL;
    slot->classes =
        slot->is_input ? (int32_t *)(void *)se_carve(carver, rows, batch, 1) : NULL;
    slot->mask = slot->masked ? (uint8_t *)(void *)se_carve(
                                    carver, 1, 1, (slot->shape.dim[0] * batch + 3) / 4)
                              : NULL;
}

/* Place everything for this batch size from `base` on; with NULL only measure.  Returns
 * false if the sizes overflow. */
static bool place(se_session *s, int64_t batch, bool want_dx, float *base, size_t *size)
{
    se_carver carver = { .base = base };
    int64_t largest[SE_MAX_PORTS] = { 0 };

    for (size_t i = 0; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];
        se_frame *const f = &step->frame;
        se_carver work = { .base = NULL };
        bool needs_grad = step->out->is_input ? want_dx : f->layer->n_weights > 0;

        f->batch = batch;
        for (size_t j = 0; j < f->n_in; j++) {
            f->want_d_in[j] = step->in[j]->needs_grad;
            needs_grad |= f->want_d_in[j];
            if (f->want_d_in[j] && largest[j] < se_shape_size(&step->in[j]->shape))
                largest[j] = se_shape_size(&step->in[j]->shape);
        }
        for (size_t j = 0; j < f->n_out; j++) {
            if (!se_shape_fits(&step->out[j].shape, batch))
                return false;
            step->out[j].needs_grad = needs_grad && s->mode == SE_MODE_TRAIN;
            place_slot(&step->out[j], batch, &carver);
            f->out[j] = step->out[j].buffer;
        }
        if (f->layer->ops->work != NULL)
            f->layer->ops->work(f, &work);
        carver.overflow |= work.overflow;
        f->work = se_carve(&carver, 1, 1, (int64_t)work.used);
    }
    for (size_t j = 0; j < SE_MAX_PORTS; j++)
        s->scratch[j] = se_carve(&carver, largest[j], batch, 1);
    *size = carver.used;
    return !carver.overflow;
}

/* The pool of a session that was asked to choose, once a batch is large enough. */
static void choose_threads(se_session *s)
{
    const double per_weight = s->mode == SE_MODE_TRAIN ? 6.0 : 2.0;
    double work = 0.0;
    int threads;

    if (s->threads != 0 || s->mode == SE_MODE_STEP)
        return;
    for (size_t i = 0; i < s->n_steps; i++) {
        const se_frame *const f = &s->steps[i].frame;

        for (size_t j = 0; j < f->layer->n_weights; j++)
            work += per_weight * (double)se_weight_size(&f->layer->weights[j]) *
                    (double)se_shape_rows(f->in_shape[0]) * (double)s->batch;
    }
    if (work < AUTO_THREADS_WORK)
        return;
    threads = se_pool_processors();
    s->threads = threads < AUTO_THREADS_MAX ? threads : AUTO_THREADS_MAX;
    (void)start_threads(s, s->threads); /* without workers it is slower, not wrong */
}

/* Step by step, only what the user gives lies elsewhere each time. */
static void connect_buffers(se_session *s)
{
    for (size_t i = 0; i < s->n_steps; i++) {
        se_step *const step = &s->steps[i];

        for (size_t j = 0; j < step->frame.n_in; j++)
            step->frame.in[j] =
                (se_value){ .data = step->in[j]->buffer, .masked = step->in[j]->masked };
    }
}

int se_session_bind(se_session *s, int64_t batch, bool want_dx)
{
    size_t size = 0, old_size;
    float *block = s->block;

    if (batch == s->batch && want_dx == s->want_dx)
        return SEQECHO_OK;
    if (!place(s, batch, want_dx, NULL, &size)) {
        se_fail(SEQECHO_ENOMEM, "a batch of this size does not fit the address space");
        goto fail;
    }
    if (size > s->block_size) {
        if (se_alloc(&block, &s->allocator, size, sizeof *block, "activations") < 0)
            goto fail;
        se_free(&s->allocator, s->block);
        s->block = block;
        s->block_size = size;
    }
    s->batch = batch;
    s->want_dx = want_dx;
    place(s, batch, want_dx, s->block, &size);
    if (s->mode == SE_MODE_STEP)
        connect_buffers(s);
    choose_threads(s);
    return SEQECHO_OK;
fail: /* as it was before */
    if (s->batch > 0)
        place(s, s->batch, s->want_dx, s->block, &old_size);
    return SEQECHO_ENOMEM;
}
