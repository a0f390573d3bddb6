/* layers/recurrent/lstm.c - LSTM over sequences: description, shapes and weights.
 * SPDX-License-Identifier: MIT
 *
 * What it computes is in lstm_forward.c and lstm_backward.c, the memory of that in
 * lstm_pass.c. */
#include "layers/recurrent/lstm.h"

#include <inttypes.h>

#include "base/error.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/recurrent.h"

static int check_missing_and_dropout(seqecho_layer *layer)
{
    seqecho_lstm_spec *const spec = layer->spec;

    SE_TRY(se_check_implementation(layer, spec->implementation));
    SE_TRY(se_check_rate(layer, "dropout", spec->dropout));
    SE_TRY(se_check_rate(layer, "recurrent_dropout", spec->recurrent_dropout));
    if (spec->implementation == 0)
        spec->implementation = 2;
    if (spec->recurrent_dropout > 0.0f)
        spec->implementation = 1;
    return se_check_masked_output(layer, spec->masked_output);
}

static int lstm_check(seqecho_layer *layer)
{
    seqecho_lstm_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    SE_TRY(se_layer_check_reserved(layer, &spec->reserved_2, sizeof spec->reserved_2));
    SE_TRY(se_check_units(layer, spec->units, 4));
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
    SE_TRY(se_check_activation(layer, spec->activation));
    SE_TRY(se_check_activation(layer, spec->recurrent_activation));
    SE_TRY(se_check_recurrent_inits(layer, spec->kernel_init, spec->recurrent_init,
                                    spec->bias_init));
    return check_missing_and_dropout(layer);
}

static void lstm_reverse(seqecho_layer *layer)
{
    seqecho_lstm_spec *const spec = layer->spec;

    spec->go_backwards = !spec->go_backwards;
}

static uint32_t lstm_traits(const seqecho_layer *layer)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    /* Dropout takes from x element by element, so they must be there, step by step. */
    return (spec->dropout > 0.0f ? 0 : SE_TRAIT_CLASSES | SE_TRAIT_REPEATED) |
           SE_TRAIT_RECURRENT | (spec->stateful ? SE_TRAIT_STATEFUL : 0) |
           (spec->go_backwards ? SE_TRAIT_NO_STEP : 0);
}

static int lstm_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                      se_shape *out)
{
    const seqecho_lstm_spec *const spec = layer->spec;
    const se_shape state = { .dim = { spec->units }, .rank = 1 };
    char text[SE_SHAPE_TEXT];

    SE_TRY(se_recurrent_check_input(layer, in));
    if (n_in != 1 && n_in != 3)
        return se_fail(SEQECHO_EINVAL,
                       "%s: expected 1 input (x) or 3 (x, initial h, initial c), found %zu",
                       layer->name, n_in);
    for (size_t i = 1; i < n_in; i++)
        if (!se_shape_equal(&in[i], &state))
            return se_fail(SEQECHO_ESHAPE,
                           "%s: expected initial state %s of shape (batch, %" PRId64
                           "), found %s",
                           layer->name, i == 1 ? "h" : "c", spec->units,
                           se_shape_text(text, 0, &in[i]));
    out[0] = spec->return_sequences
                 ? (se_shape){ .dim = { in->dim[0], spec->units }, .rank = 2 }
                 : state;
    out[1] = state;
    out[2] = state;
    return spec->return_state ? 3 : 1;
}

static void lstm_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    se_layer_add_weight(layer, "kernel", in->dim[1], 4 * spec->units, spec->kernel_init);
    se_layer_add_weight(layer, "recurrent_kernel", spec->units, 4 * spec->units,
                        spec->recurrent_init);
    if (spec->no_bias)
        return;
    se_layer_add_weight(layer, "bias", 0, 4 * spec->units, spec->bias_init);
    layer->weights[BIAS].unit_forget_bias = !spec->no_unit_forget_bias;
}

static int64_t lstm_state_size(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_lstm_spec *const spec = layer->spec;

    SE_UNUSED(in);
    return 2 * spec->units;
}

static void lstm_work(const se_frame *f, se_carver *carver)
{
    se_lstm_divide(f, carver);
}

/* As in Keras the mask is not turned round, though with go_backwards the outputs are. */
static const uint8_t *lstm_mask(const se_frame *f, uint8_t *room)
{
    const seqecho_lstm_spec *const spec = f->layer->spec;

    return spec->return_sequences ? se_layer_same_mask(f, room) : NULL;
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "units", seqecho_lstm_spec, units),
    SE_FIELD_OF_NAMES(activation, "activation", seqecho_lstm_spec, activation),
    SE_FIELD_OF_NAMES(activation, "recurrent_activation", seqecho_lstm_spec,
                      recurrent_activation),
    SE_FIELD_OF_NAMES(init, "kernel_initializer", seqecho_lstm_spec, kernel_init),
    SE_FIELD_OF_NAMES(init, "recurrent_initializer", seqecho_lstm_spec, recurrent_init),
    SE_FIELD_OF_NAMES(init, "bias_initializer", seqecho_lstm_spec, bias_init),
    SE_FIELD(BOOL, "return_sequences", seqecho_lstm_spec, return_sequences),
    SE_FIELD(BOOL, "return_state", seqecho_lstm_spec, return_state),
    SE_FIELD(BOOL, "stateful", seqecho_lstm_spec, stateful),
    SE_FIELD(BOOL, "go_backwards", seqecho_lstm_spec, go_backwards),
    SE_FIELD(NOT, "use_bias", seqecho_lstm_spec, no_bias),
    SE_FIELD(NOT, "unit_forget_bias", seqecho_lstm_spec, no_unit_forget_bias),
    SE_FIELD(BYTE, "implementation", seqecho_lstm_spec, implementation),
    SE_FIELD(FLOAT, "dropout", seqecho_lstm_spec, dropout),
    SE_FIELD(FLOAT, "recurrent_dropout", seqecho_lstm_spec, recurrent_dropout),
    SE_FIELD_OF_NAMES(masked_output, "masked_output", seqecho_lstm_spec, masked_output),
    /* clang-format on */
};

const se_layer_ops se_lstm_ops = {
    .kind = SEQECHO_KIND_LSTM,
    .class_name = "LSTM",
    .base_name = "lstm",
    .spec_size = sizeof(seqecho_lstm_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 3,
    .check = lstm_check,
    .traits = lstm_traits,
    .infer = lstm_infer,
    .build = lstm_build,
    .work = lstm_work,
    .mask = lstm_mask,
    .reverse = lstm_reverse,
    .state_size = lstm_state_size,
    .forward = se_lstm_forward,
    .step = se_lstm_forward_step,
    .backward = se_lstm_backward,
    .trace = se_lstm_trace,
};
