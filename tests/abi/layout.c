/* layout.c - sizes, offsets and values that programs have compiled in.
 * SPDX-License-Identifier: MIT
 *
 * Numbers, not expressions: whoever changes one changes the ABI of 64-bit machines (LP64)
 * and breaks every program built before.  Only this may happen to a line below: the SIZE
 * of a struct that begins with its own size rises, because it grew at its end
 * (docs/abi.md).  seqecho_spec stands inside others and may not.
 *
 * layout.py sees to it that every enumerator and every field of the public headers is
 * listed. */
#include <seqecho/seqecho.h>

#define VALUE(name, value) _Static_assert((name) == (value), #name);
#define ENUM(type) _Static_assert(sizeof(type) == 4, #type);

#if defined(__LP64__)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type);
#define FIELD(type, field, at, size) \
    _Static_assert(offsetof(type, field) == (at), #type "." #field); \
    _Static_assert(sizeof(((type *)0)->field) == (size), #type "." #field);
#else
#define SIZE(type, size)
#define FIELD(type, field, at, size)
#endif

/* clang-format off */

ENUM(seqecho_dtype)
ENUM(seqecho_numerics)
ENUM(seqecho_encoding)
ENUM(seqecho_rows)
ENUM(seqecho_activation)
ENUM(seqecho_init)
ENUM(seqecho_loss)
ENUM(seqecho_optimizer)
ENUM(seqecho_event_kind)
ENUM(seqecho_state_reset)
ENUM(seqecho_param)

SIZE(seqecho_view, 48)
FIELD(seqecho_view, data, 0, 8)
FIELD(seqecho_view, dim, 8, 32)
FIELD(seqecho_view, rank, 40, 4)
FIELD(seqecho_view, dtype, 44, 4)

SIZE(seqecho_allocator, 32)
FIELD(seqecho_allocator, struct_size, 0, 8)
FIELD(seqecho_allocator, alloc, 8, 8)
FIELD(seqecho_allocator, release, 16, 8)
FIELD(seqecho_allocator, user, 24, 8)

SIZE(seqecho_rng, 16)
FIELD(seqecho_rng, seed, 0, 8)
FIELD(seqecho_rng, position, 8, 8)

SIZE(seqecho_dataset_options, 72)
FIELD(seqecho_dataset_options, struct_size, 0, 8)
FIELD(seqecho_dataset_options, length, 8, 8)
FIELD(seqecho_dataset_options, n_unique, 16, 8)
FIELD(seqecho_dataset_options, n_in, 24, 8)
FIELD(seqecho_dataset_options, n_out, 32, 8)
FIELD(seqecho_dataset_options, encoding, 40, 4)
FIELD(seqecho_dataset_options, rows, 44, 4)
FIELD(seqecho_dataset_options, pad_value, 48, 4)
FIELD(seqecho_dataset_options, reserved, 52, 4)
FIELD(seqecho_dataset_options, seed, 56, 8)
FIELD(seqecho_dataset_options, allocator, 64, 8)

SIZE(seqecho_spec, 16)
FIELD(seqecho_spec, struct_size, 0, 8)
FIELD(seqecho_spec, kind, 8, 4)
FIELD(seqecho_spec, reserved, 12, 4)

SIZE(seqecho_graph_options, 24)
FIELD(seqecho_graph_options, struct_size, 0, 8)
FIELD(seqecho_graph_options, seed, 8, 8)
FIELD(seqecho_graph_options, allocator, 16, 8)

SIZE(seqecho_input_spec, 56)
FIELD(seqecho_input_spec, head, 0, 16)
FIELD(seqecho_input_spec, name, 16, 8)
FIELD(seqecho_input_spec, batch, 24, 8)
FIELD(seqecho_input_spec, dim, 32, 24)

SIZE(seqecho_dense_spec, 48)
FIELD(seqecho_dense_spec, head, 0, 16)
FIELD(seqecho_dense_spec, name, 16, 8)
FIELD(seqecho_dense_spec, units, 24, 8)
FIELD(seqecho_dense_spec, activation, 32, 4)
FIELD(seqecho_dense_spec, kernel_init, 36, 4)
FIELD(seqecho_dense_spec, bias_init, 40, 4)
FIELD(seqecho_dense_spec, no_bias, 44, 1)
FIELD(seqecho_dense_spec, reserved, 45, 3)

SIZE(seqecho_activation_spec, 32)
FIELD(seqecho_activation_spec, head, 0, 16)
FIELD(seqecho_activation_spec, name, 16, 8)
FIELD(seqecho_activation_spec, activation, 24, 4)
FIELD(seqecho_activation_spec, reserved, 28, 4)

SIZE(seqecho_lstm_spec, 64)
FIELD(seqecho_lstm_spec, head, 0, 16)
FIELD(seqecho_lstm_spec, name, 16, 8)
FIELD(seqecho_lstm_spec, units, 24, 8)
FIELD(seqecho_lstm_spec, activation, 32, 4)
FIELD(seqecho_lstm_spec, recurrent_activation, 36, 4)
FIELD(seqecho_lstm_spec, kernel_init, 40, 4)
FIELD(seqecho_lstm_spec, recurrent_init, 44, 4)
FIELD(seqecho_lstm_spec, bias_init, 48, 4)
FIELD(seqecho_lstm_spec, return_sequences, 52, 1)
FIELD(seqecho_lstm_spec, return_state, 53, 1)
FIELD(seqecho_lstm_spec, stateful, 54, 1)
FIELD(seqecho_lstm_spec, go_backwards, 55, 1)
FIELD(seqecho_lstm_spec, no_bias, 56, 1)
FIELD(seqecho_lstm_spec, no_unit_forget_bias, 57, 1)
FIELD(seqecho_lstm_spec, reserved, 58, 6)

SIZE(seqecho_repeat_vector_spec, 32)
FIELD(seqecho_repeat_vector_spec, head, 0, 16)
FIELD(seqecho_repeat_vector_spec, name, 16, 8)
FIELD(seqecho_repeat_vector_spec, n, 24, 8)

SIZE(seqecho_time_distributed_spec, 32)
FIELD(seqecho_time_distributed_spec, head, 0, 16)
FIELD(seqecho_time_distributed_spec, name, 16, 8)
FIELD(seqecho_time_distributed_spec, inner, 24, 8)

SIZE(seqecho_trainer_options, 48)
FIELD(seqecho_trainer_options, struct_size, 0, 8)
FIELD(seqecho_trainer_options, loss, 8, 4)
FIELD(seqecho_trainer_options, optimizer, 12, 4)
FIELD(seqecho_trainer_options, metrics, 16, 4)
FIELD(seqecho_trainer_options, learning_rate, 20, 4)
FIELD(seqecho_trainer_options, threads, 24, 4)
FIELD(seqecho_trainer_options, numerics, 28, 4)
FIELD(seqecho_trainer_options, clipped_crossentropy, 32, 1)
FIELD(seqecho_trainer_options, reserved, 33, 7)
FIELD(seqecho_trainer_options, allocator, 40, 8)

SIZE(seqecho_report, 48)
FIELD(seqecho_report, struct_size, 0, 8)
FIELD(seqecho_report, samples, 8, 8)
FIELD(seqecho_report, batches, 16, 8)
FIELD(seqecho_report, loss, 24, 8)
FIELD(seqecho_report, accuracy, 32, 8)
FIELD(seqecho_report, seconds, 40, 8)

SIZE(seqecho_event, 64)
FIELD(seqecho_event, struct_size, 0, 8)
FIELD(seqecho_event, kind, 8, 4)
FIELD(seqecho_event, reserved, 12, 4)
FIELD(seqecho_event, epoch, 16, 8)
FIELD(seqecho_event, epochs, 24, 8)
FIELD(seqecho_event, batch, 32, 8)
FIELD(seqecho_event, batches, 40, 8)
FIELD(seqecho_event, trainer, 48, 8)
FIELD(seqecho_event, train, 56, 8)

SIZE(seqecho_fit_options, 48)
FIELD(seqecho_fit_options, struct_size, 0, 8)
FIELD(seqecho_fit_options, batch_size, 8, 8)
FIELD(seqecho_fit_options, epochs, 16, 8)
FIELD(seqecho_fit_options, on_event, 24, 8)
FIELD(seqecho_fit_options, user, 32, 8)
FIELD(seqecho_fit_options, reset_states, 40, 4)
FIELD(seqecho_fit_options, reserved, 44, 4)

SIZE(seqecho_predictor_options, 32)
FIELD(seqecho_predictor_options, struct_size, 0, 8)
FIELD(seqecho_predictor_options, batch, 8, 8)
FIELD(seqecho_predictor_options, threads, 16, 4)
FIELD(seqecho_predictor_options, numerics, 20, 4)
FIELD(seqecho_predictor_options, allocator, 24, 8)

VALUE(SEQECHO_OK, 0)
VALUE(SEQECHO_EINVAL, -1)
VALUE(SEQECHO_ENOMEM, -2)
VALUE(SEQECHO_ESHAPE, -3)
VALUE(SEQECHO_ENOTFOUND, -4)
VALUE(SEQECHO_ESTATE, -5)
VALUE(SEQECHO_EIO, -6)
VALUE(SEQECHO_EFORMAT, -7)
VALUE(SEQECHO_ENOTSUP, -8)
VALUE(SEQECHO_ENUMERIC, -9)
VALUE(SEQECHO_ECALLBACK, -10)

VALUE(SEQECHO_FLOAT32, 0)
VALUE(SEQECHO_INT32, 1)

VALUE(SEQECHO_NUMERICS_DEFAULT, 0)
VALUE(SEQECHO_NUMERICS_REPRODUCIBLE, 1)
VALUE(SEQECHO_NUMERICS_FAST, 2)

VALUE(SEQECHO_ENCODE_ONE_HOT, 0)
VALUE(SEQECHO_ENCODE_LINEAR, 1)
VALUE(SEQECHO_ENCODE_INTEGER, 2)

VALUE(SEQECHO_ROWS_COMPLETE, 0)
VALUE(SEQECHO_ROWS_PAD_START, 1)
VALUE(SEQECHO_ROWS_PAD_BOTH, 2)

VALUE(SEQECHO_KIND_INPUT, 1)
VALUE(SEQECHO_KIND_DENSE, 2)
VALUE(SEQECHO_KIND_ACTIVATION, 3)
VALUE(SEQECHO_KIND_LSTM, 4)
VALUE(SEQECHO_KIND_REPEAT_VECTOR, 5)
VALUE(SEQECHO_KIND_TIME_DISTRIBUTED, 6)

VALUE(SEQECHO_ACTIVATION_DEFAULT, 0)
VALUE(SEQECHO_LINEAR, 1)
VALUE(SEQECHO_TANH, 2)
VALUE(SEQECHO_SIGMOID, 3)
VALUE(SEQECHO_HARD_SIGMOID, 4)
VALUE(SEQECHO_HARD_SIGMOID_KERAS2, 5)
VALUE(SEQECHO_RELU, 6)
VALUE(SEQECHO_SOFTMAX, 7)
VALUE(SEQECHO_ELU, 8)
VALUE(SEQECHO_SELU, 9)
VALUE(SEQECHO_SOFTPLUS, 10)
VALUE(SEQECHO_SOFTSIGN, 11)
VALUE(SEQECHO_SWISH, 12)

VALUE(SEQECHO_INIT_DEFAULT, 0)
VALUE(SEQECHO_INIT_GLOROT_UNIFORM, 1)
VALUE(SEQECHO_INIT_ORTHOGONAL, 2)
VALUE(SEQECHO_INIT_ZEROS, 3)
VALUE(SEQECHO_INIT_UNIFORM, 4)
VALUE(SEQECHO_INIT_HE_UNIFORM, 5)
VALUE(SEQECHO_INIT_HE_NORMAL, 6)
VALUE(SEQECHO_INIT_ONES, 7)

VALUE(SEQECHO_LOSS_NONE, 0)
VALUE(SEQECHO_CATEGORICAL_CROSSENTROPY, 1)
VALUE(SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY, 2)
VALUE(SEQECHO_BINARY_CROSSENTROPY, 3)
VALUE(SEQECHO_MEAN_SQUARED_ERROR, 4)
VALUE(SEQECHO_MEAN_ABSOLUTE_ERROR, 5)

VALUE(SEQECHO_ADAM, 0)

VALUE(SEQECHO_METRIC_ACCURACY, 1)

VALUE(SEQECHO_EVENT_EPOCH_BEGIN, 1)
VALUE(SEQECHO_EVENT_BATCH_END, 2)
VALUE(SEQECHO_EVENT_EPOCH_END, 3)

VALUE(SEQECHO_RESET_DEFAULT, 0)
VALUE(SEQECHO_RESET_NEVER, 1)
VALUE(SEQECHO_RESET_EACH_EPOCH, 2)
VALUE(SEQECHO_RESET_EACH_BATCH, 3)

VALUE(SEQECHO_PARAM_LEARNING_RATE, 1)
VALUE(SEQECHO_PARAM_BETA_1, 2)
VALUE(SEQECHO_PARAM_BETA_2, 3)
VALUE(SEQECHO_PARAM_EPSILON, 4)

/* clang-format on */

int main(void)
{
    return 0;
}
