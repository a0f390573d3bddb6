/* layers/recurrent/gru.c - GRU: its description; the cell is in gru_cell.c.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/gru.h"

#include "base/error.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"

static se_rnn gru(const seqecho_layer *layer)
{
    const seqecho_gru_spec *const spec = layer->spec;
    se_rnn rnn = {
        .units = spec->units,
        .gates = 3,
        .activation = spec->activation,
        .recurrent_activation = spec->recurrent_activation,
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
        .draws_apart = spec->implementation == 1 || spec->recurrent_dropout > 0.0f,
        .masked_output = spec->masked_output,
    };

    se_gru_cell(&rnn, spec->no_reset_after);
    return rnn;
}

static int gru_check(seqecho_layer *layer)
{
    seqecho_gru_spec *const spec = layer->spec;
    se_rnn rnn;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    SE_TRY(se_layer_check_reserved(layer, &spec->reserved_2, sizeof spec->reserved_2));
    SE_TRY(se_check_implementation(layer, spec->implementation));
    if (spec->activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->activation = SEQECHO_TANH;
    if (spec->recurrent_activation == SEQECHO_ACTIVATION_DEFAULT)
        spec->recurrent_activation = SEQECHO_SIGMOID;
    if (spec->kernel_init == SEQECHO_INIT_DEFAULT)
        spec->kernel_init = SEQECHO_INIT_GLOROT_UNIFORM;
    if (spec->recurrent_init == SEQECHO_INIT_DEFAULT)
        spec->recurrent_init = SEQECHO_INIT_ORTHOGONAL;
    if (spec->bias_init == SEQECHO_INIT_DEFAULT)
        spec->bias_init = SEQECHO_INIT_ZEROS;
    rnn = gru(layer);
    return se_rnn_check(layer, &rnn);
}

static uint32_t gru_traits(const seqecho_layer *layer)
{
    const se_rnn rnn = gru(layer);

    return se_rnn_traits(&rnn);
}

static int gru_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                     se_shape *out)
{
    const se_rnn rnn = gru(layer);

    return se_rnn_infer(layer, &rnn, in, n_in, out);
}

static void gru_build(seqecho_layer *layer, const se_shape *in)
{
    const se_rnn rnn = gru(layer);

    se_rnn_build(layer, &rnn, in);
}

static void gru_work(const se_frame *f, se_carver *carver)
{
    const se_rnn rnn = gru(f->layer);

    se_rnn_work(f, &rnn, carver);
}

static const uint8_t *gru_mask(const se_frame *f, uint8_t *room)
{
    const seqecho_gru_spec *const spec = f->layer->spec;

    return spec->return_sequences ? se_layer_same_mask(f, room) : NULL;
}

static void gru_reverse(seqecho_layer *layer)
{
    seqecho_gru_spec *const spec = layer->spec;

    spec->go_backwards = !spec->go_backwards;
}

static int64_t gru_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_gru_spec *const spec = layer->spec;

    SE_UNUSED(in);
    return spec->units;
}

static void gru_forward(const se_frame *f)
{
    const se_rnn rnn = gru(f->layer);

    se_rnn_forward(f, &rnn);
}

static void gru_backward(const se_frame *f)
{
    const se_rnn rnn = gru(f->layer);

    se_rnn_backward(f, &rnn);
}

/* Blocks z, r, h. */
static bool gru_trace(const se_frame *f, seqecho_trace what, se_trace *out)
{
    const se_rnn rnn = gru(f->layer);
    const int gate = what == SEQECHO_TRACE_UPDATE_GATE  ? 0
                     : what == SEQECHO_TRACE_RESET_GATE ? 1
                     : what == SEQECHO_TRACE_CANDIDATE  ? 2
                                                        : -1;

    return se_rnn_trace(f, &rnn, what, gate, out);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "units", seqecho_gru_spec, units),
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_gru_spec, activation),
    SE_FIELD_OF_NAMES(activation, "recurrent_activation", seqecho_gru_spec,
                      recurrent_activation),
    SE_FIELD_OF_NAMES(init, "kernel_initializer", seqecho_gru_spec, kernel_init),
    SE_FIELD_OF_NAMES(init, "recurrent_initializer", seqecho_gru_spec, recurrent_init),
    SE_FIELD_OF_NAMES(init, "bias_initializer", seqecho_gru_spec, bias_init),
    SE_FIELD(BOOL, "return_sequences", seqecho_gru_spec, return_sequences),
    SE_FIELD(BOOL, "return_state", seqecho_gru_spec, return_state),
    SE_FIELD(BOOL, "stateful", seqecho_gru_spec, stateful),
    SE_FIELD(BOOL, "go_backwards", seqecho_gru_spec, go_backwards),
    SE_FIELD(NOT, "use_bias", seqecho_gru_spec, no_bias),
    SE_FIELD(NOT, "reset_after", seqecho_gru_spec, no_reset_after),
    SE_FIELD(BYTE, "implementation", seqecho_gru_spec, implementation),
    SE_FIELD(FLOAT, "dropout", seqecho_gru_spec, dropout),
    SE_FIELD(FLOAT, "recurrent_dropout", seqecho_gru_spec, recurrent_dropout),
    SE_FIELD_OF_NAMES(masked_output, "masked_output", seqecho_gru_spec, masked_output),
    /* clang-format on */
};

const se_layer_ops se_gru_ops = {
    .kind = SEQECHO_KIND_GRU,
    .class_name = "GRU",
    .base_name = "gru",
    .spec_size = sizeof(seqecho_gru_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 2,
    .check = gru_check,
    .traits = gru_traits,
    .infer = gru_infer,
    .build = gru_build,
    .work = gru_work,
    .mask = gru_mask,
    .reverse = gru_reverse,
    .state_size = gru_state_size,
    .forward = gru_forward,
    .backward = gru_backward,
    .trace = gru_trace,
};
