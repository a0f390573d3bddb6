/* layers/recurrent/simple_rnn.c - SimpleRNN: h' = activation(x K + h R + b).
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "layers/activate.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/recurrent/rnn.h"

static void cell_forward(const se_rnn_pass *p, const se_rnn_step *step)
{
    se_rnn_product(p, step, &p->rec[0], se_rnn_left(p, step, &p->rec[0]));
    se_activate(p->f->compute->k, p->rnn->activation, step->rows, p->units, step->a,
                step->h);
}

static void cell_backward(const se_rnn_pass *p, const se_rnn_step *step)
{
    const size_t bytes = (size_t)(step->rows * p->units) * sizeof(float);
    float *const d = step->dh_before;

    se_rnn_sum_dh(p, step);
    se_activate_backward(p->f->compute->k, p->rnn->activation, step->rows, p->units,
                         step->a, step->h, d, d);
    memcpy(step->a, d, bytes);
    if (!step->want_before)
        return;
    memset(d, 0, bytes);
    se_rnn_product_backward(p, step, &p->rec[0]);
}

static se_rnn simple_rnn(const seqecho_layer *layer)
{
    const seqecho_simple_rnn_spec *const spec = layer->spec;

    return (se_rnn){
        .units = spec->units,
        .gates = 1,
        .activation = spec->activation,
        .recurrent_activation = spec->activation,
        .kernel_init = spec->kernel_init,
        .recurrent_init = spec->recurrent_init,
        .bias_init = spec->bias_init,
        .return_sequences = spec->return_sequences,
        .return_state = spec->return_state,
        .stateful = spec->stateful,
        .go_backwards = spec->go_backwards,
        .no_bias = spec->no_bias,
        .dropout = spec->dropout,
        .recurrent_dropout = spec->recurrent_dropout,
        .masked_output = spec->masked_output,
        .forward = cell_forward,
        .backward = cell_backward,
    };
}

static int simple_rnn_check(seqecho_layer *layer)
{
    seqecho_simple_rnn_spec *const spec = layer->spec;
    se_rnn rnn;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    SE_TRY(se_layer_check_reserved(layer, &spec->reserved_2, sizeof spec->reserved_2));
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->activation = SEQECHO_TANH;
    if (spec->kernel_init == SEQECHO_INIT_DEFAULT)
        spec->kernel_init = SEQECHO_INIT_GLOROT_UNIFORM;
    if (spec->recurrent_init == SEQECHO_INIT_DEFAULT)
        spec->recurrent_init = SEQECHO_INIT_ORTHOGONAL;
    if (spec->bias_init == SEQECHO_INIT_DEFAULT)
        spec->bias_init = SEQECHO_INIT_ZEROS;
    rnn = simple_rnn(layer);
    return se_rnn_check(layer, &rnn);
}

static uint32_t simple_rnn_traits(const seqecho_layer *layer)
{
    const se_rnn rnn = simple_rnn(layer);

    return se_rnn_traits(&rnn);
}

static int simple_rnn_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                            se_shape *out)
{
    const se_rnn rnn = simple_rnn(layer);

    return se_rnn_infer(layer, &rnn, in, n_in, out);
}

static void simple_rnn_build(seqecho_layer *layer, const se_shape *in)
{
    const se_rnn rnn = simple_rnn(layer);

    se_rnn_build(layer, &rnn, in);
}

static void simple_rnn_work(const se_frame *f, se_carver *carver)
{
    const se_rnn rnn = simple_rnn(f->layer);

    se_rnn_work(f, &rnn, carver);
}

static const uint8_t *simple_rnn_mask(const se_frame *f, uint8_t *room)
{
    const seqecho_simple_rnn_spec *const spec = f->layer->spec;

    return spec->return_sequences ? se_layer_same_mask(f, room) : NULL;
}

static void simple_rnn_reverse(seqecho_layer *layer)
{
    seqecho_simple_rnn_spec *const spec = layer->spec;

    spec->go_backwards = !spec->go_backwards;
}

static int64_t simple_rnn_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_simple_rnn_spec *const spec = layer->spec;

    SE_UNUSED(in);
    return spec->units;
}

static void simple_rnn_forward(const se_frame *f)
{
    const se_rnn rnn = simple_rnn(f->layer);

    se_rnn_forward(f, &rnn);
}

static void simple_rnn_backward(const se_frame *f)
{
    const se_rnn rnn = simple_rnn(f->layer);

    se_rnn_backward(f, &rnn);
}

static bool simple_rnn_trace(const se_frame *f, seqecho_trace what, se_trace *out)
{
    const se_rnn rnn = simple_rnn(f->layer);

    return se_rnn_trace(f, &rnn, what, -1, out);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "units", seqecho_simple_rnn_spec, units),
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_simple_rnn_spec, activation),
    SE_FIELD_OF_NAMES(init, "kernel_initializer", seqecho_simple_rnn_spec, kernel_init),
    SE_FIELD_OF_NAMES(init, "recurrent_initializer", seqecho_simple_rnn_spec,
                      recurrent_init),
    SE_FIELD_OF_NAMES(init, "bias_initializer", seqecho_simple_rnn_spec, bias_init),
    SE_FIELD(BOOL, "return_sequences", seqecho_simple_rnn_spec, return_sequences),
    SE_FIELD(BOOL, "return_state", seqecho_simple_rnn_spec, return_state),
    SE_FIELD(BOOL, "stateful", seqecho_simple_rnn_spec, stateful),
    SE_FIELD(BOOL, "go_backwards", seqecho_simple_rnn_spec, go_backwards),
    SE_FIELD(NOT, "use_bias", seqecho_simple_rnn_spec, no_bias),
    SE_FIELD(FLOAT, "dropout", seqecho_simple_rnn_spec, dropout),
    SE_FIELD(FLOAT, "recurrent_dropout", seqecho_simple_rnn_spec, recurrent_dropout),
    SE_FIELD_OF_NAMES(masked_output, "masked_output", seqecho_simple_rnn_spec,
                      masked_output),
    /* clang-format on */
};

const se_layer_ops se_simple_rnn_ops = {
    .kind = SEQECHO_KIND_SIMPLE_RNN,
    .class_name = "SimpleRNN",
    .base_name = "simple_rnn",
    .spec_size = sizeof(seqecho_simple_rnn_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 2,
    .check = simple_rnn_check,
    .traits = simple_rnn_traits,
    .infer = simple_rnn_infer,
    .build = simple_rnn_build,
    .work = simple_rnn_work,
    .mask = simple_rnn_mask,
    .reverse = simple_rnn_reverse,
    .state_size = simple_rnn_state_size,
    .forward = simple_rnn_forward,
    .backward = simple_rnn_backward,
    .trace = simple_rnn_trace,
};
