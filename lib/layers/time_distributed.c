/* layers/time_distributed.c - TimeDistributed: the inner layer on every time step.
 * SPDX-License-Identifier: MIT
 *
 * In step-major order the first axis of a sample lies next to the batch, so the wrapper
 * is the inner layer called once with batch * timesteps samples: nothing is moved. */
#include "base/error.h"
#include "layers/field.h"
#include "layers/inner.h"
#include "layers/kinds.h"

static size_t time_distributed_inner(void *spec, const seqecho_spec *list[SE_MAX_INNER])
{
    seqecho_time_distributed_spec *const own = spec;

    list[0] = own->inner;
    own->inner = NULL; /* it is the caller's */
    return 1;
}

static int time_distributed_check(seqecho_layer *layer)
{
    SE_TRY(se_inner_name(layer));
    return se_inner_check_single(layer, layer->inner);
}

static uint32_t time_distributed_traits(const seqecho_layer *layer)
{
    const uint32_t inner = layer->inner->ops->traits(layer->inner);
    const uint32_t own = inner & (SE_TRAIT_CLASSES | SE_TRAIT_SOFTMAX | SE_TRAIT_RECURRENT |
                                  SE_TRAIT_STATEFUL | SE_TRAIT_NO_STEP);

    /* Step by step, a recurrent inner layer would start anew at every step. */
    return inner & SE_TRAIT_RECURRENT ? own | SE_TRAIT_NO_STEP : own;
}

static se_shape without_first(const se_shape *s)
{
    se_shape inner = { .rank = s->rank - 1 };

    for (int32_t i = 0; i < inner.rank; i++)
        inner.dim[i] = s->dim[i + 1];
    return inner;
}

static int time_distributed_infer(const seqecho_layer *layer, const se_shape *in,
                                  size_t n_in, se_shape *out)
{
    char text[SE_SHAPE_TEXT];
    se_shape inner;
    int n_out;

    SE_UNUSED(n_in);
    if (in->rank < 2)
        return se_fail(
            SEQECHO_ESHAPE,
            "%s: expected input (batch, timesteps, ...), found %s; does the layer "
            "before it return sequences?",
            layer->name, se_shape_text(text, 0, in));
    inner = without_first(in);
    SE_TRY(n_out = se_inner_infer(layer, layer->inner, &inner, 1, out));
    for (int i = 0; i < n_out; i++) {
        if (out[i].rank == SE_SAMPLE_RANK)
            return se_fail(SEQECHO_ESHAPE,
                           "%s: the inner layer gives %s a time step, one axis too many",
                           layer->name, se_shape_text(text, 0, &out[i]));
        for (int32_t d = out[i].rank++; d > 0; d--)
            out[i].dim[d] = out[i].dim[d - 1];
        out[i].dim[0] = in->dim[0];
    }
    return n_out;
}

static void time_distributed_build(seqecho_layer *layer, const se_shape *in)
{
    const se_shape inner = without_first(in);

    se_inner_build(layer, layer->inner, &inner, "", "");
}

/* The frame of the inner layer; its shapes are kept in `shapes`. */
static se_frame inner_frame(const se_frame *f, se_shape shapes[2 * SE_MAX_PORTS])
{
    se_frame g = se_inner_frame(f, f->layer->inner);

    g.batch = f->batch * f->in_shape[0]->dim[0];
    for (size_t i = 0; i < f->n_in; i++) {
        shapes[i] = without_first(f->in_shape[i]);
        g.in_shape[i] = &shapes[i];
        /* The steps of the wrapper are samples inside, and its mask is not theirs. */
        g.in[i].masked = false;
        g.in[i].mask = NULL;
    }
    for (size_t i = 0; i < f->n_out; i++) {
        shapes[SE_MAX_PORTS + i] = without_first(f->out_shape[i]);
        g.out_shape[i] = &shapes[SE_MAX_PORTS + i];
    }
    return g;
}

static void time_distributed_work(const se_frame *f, se_carver *carver)
{
    se_shape shapes[2 * SE_MAX_PORTS];
    const se_frame g = inner_frame(f, shapes);

    if (g.layer->ops->work != NULL)
        g.layer->ops->work(&g, carver);
}

static int64_t time_distributed_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const se_shape inner = without_first(in);

    return in->dim[0] * layer->inner->ops->state_size(layer->inner, &inner);
}

static void time_distributed_forward(const se_frame *f)
{
    se_shape shapes[2 * SE_MAX_PORTS];
    const se_frame g = inner_frame(f, shapes);

    g.layer->ops->forward(&g);
}

static void time_distributed_backward(const se_frame *f)
{
    se_shape shapes[2 * SE_MAX_PORTS];
    const se_frame g = inner_frame(f, shapes);

    g.layer->ops->backward(&g);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(LAYER, "layer", seqecho_time_distributed_spec, inner),
    /* clang-format on */
};

const se_layer_ops se_time_distributed_ops = {
    .kind = SEQECHO_KIND_TIME_DISTRIBUTED,
    .class_name = "TimeDistributed",
    .base_name = "time_distributed",
    .spec_size = sizeof(seqecho_time_distributed_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .inner = time_distributed_inner,
    .check = time_distributed_check,
    .traits = time_distributed_traits,
    .infer = time_distributed_infer,
    .build = time_distributed_build,
    .work = time_distributed_work,
    .mask = se_layer_same_mask,
    .state_size = time_distributed_state_size,
    .forward = time_distributed_forward,
    .backward = time_distributed_backward,
};
