/* tables.c - what the words of case.txt are called in the library.
 * SPDX-License-Identifier: MIT */
#include "tables.h"

#include <stddef.h>
#include <string.h>

#define SIZE(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_SIZE, offsetof(T, MEMBER) \
    }
#define FLOAT(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_FLOAT, offsetof(T, MEMBER) \
    }
#define FLAG(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_FLAG, offsetof(T, MEMBER) \
    }
#define INVERSE(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_INVERSE, offsetof(T, MEMBER) \
    }
#define ACTIVATION(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_ACTIVATION, offsetof(T, MEMBER) \
    }
#define MASKED(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_MASKED, offsetof(T, MEMBER) \
    }
#define PADDING(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_PADDING, offsetof(T, MEMBER) \
    }
#define SIZES(T, OPTION, MEMBER) \
    { \
        OPTION, FIELD_SIZES, offsetof(T, MEMBER) \
    }
#define IGNORED(OPTION) \
    { \
        OPTION, FIELD_IGNORED, 0 \
    }

static const struct field dense_fields[] = {
    SIZE(seqecho_dense_spec, "units", units),
    ACTIVATION(seqecho_dense_spec, "activation", activation),
    INVERSE(seqecho_dense_spec, "use_bias", no_bias),
    IGNORED("kernel_initializer"),
    IGNORED("bias_initializer"),
    { 0 },
};

static const struct field activation_fields[] = {
    ACTIVATION(seqecho_activation_spec, "activation", activation),
    { 0 },
};

static const struct field lstm_fields[] = {
    SIZE(seqecho_lstm_spec, "units", units),
    ACTIVATION(seqecho_lstm_spec, "activation", activation),
    ACTIVATION(seqecho_lstm_spec, "recurrent_activation", recurrent_activation),
    FLAG(seqecho_lstm_spec, "return_sequences", return_sequences),
    FLAG(seqecho_lstm_spec, "return_state", return_state),
    FLAG(seqecho_lstm_spec, "stateful", stateful),
    FLAG(seqecho_lstm_spec, "go_backwards", go_backwards),
    INVERSE(seqecho_lstm_spec, "use_bias", no_bias),
    INVERSE(seqecho_lstm_spec, "unit_forget_bias", no_unit_forget_bias),
    MASKED(seqecho_lstm_spec, "masked_output", masked_output),
    IGNORED("implementation"),
    IGNORED("unroll"),
    IGNORED("kernel_initializer"),
    IGNORED("recurrent_initializer"),
    IGNORED("bias_initializer"),
    { 0 },
};

static const struct field gru_fields[] = {
    SIZE(seqecho_gru_spec, "units", units),
    ACTIVATION(seqecho_gru_spec, "activation", activation),
    ACTIVATION(seqecho_gru_spec, "recurrent_activation", recurrent_activation),
    FLAG(seqecho_gru_spec, "return_sequences", return_sequences),
    FLAG(seqecho_gru_spec, "return_state", return_state),
    FLAG(seqecho_gru_spec, "stateful", stateful),
    FLAG(seqecho_gru_spec, "go_backwards", go_backwards),
    INVERSE(seqecho_gru_spec, "use_bias", no_bias),
    INVERSE(seqecho_gru_spec, "reset_after", no_reset_after),
    IGNORED("implementation"),
    IGNORED("unroll"),
    IGNORED("kernel_initializer"),
    IGNORED("recurrent_initializer"),
    IGNORED("bias_initializer"),
    { 0 },
};

static const struct field simple_rnn_fields[] = {
    SIZE(seqecho_simple_rnn_spec, "units", units),
    ACTIVATION(seqecho_simple_rnn_spec, "activation", activation),
    FLAG(seqecho_simple_rnn_spec, "return_sequences", return_sequences),
    FLAG(seqecho_simple_rnn_spec, "return_state", return_state),
    FLAG(seqecho_simple_rnn_spec, "stateful", stateful),
    FLAG(seqecho_simple_rnn_spec, "go_backwards", go_backwards),
    INVERSE(seqecho_simple_rnn_spec, "use_bias", no_bias),
    IGNORED("unroll"),
    IGNORED("kernel_initializer"),
    IGNORED("recurrent_initializer"),
    IGNORED("bias_initializer"),
    { 0 },
};

static const struct field repeat_vector_fields[] = {
    SIZE(seqecho_repeat_vector_spec, "n", n),
    { 0 },
};

static const struct field masking_fields[] = {
    FLOAT(seqecho_masking_spec, "mask_value", mask_value),
    { 0 },
};

static const struct field dropout_fields[] = {
    FLOAT(seqecho_dropout_spec, "rate", rate),
    IGNORED("seed"),
    { 0 },
};

static const struct field embedding_fields[] = {
    SIZE(seqecho_embedding_spec, "input_dim", input_dim),
    SIZE(seqecho_embedding_spec, "output_dim", output_dim),
    FLAG(seqecho_embedding_spec, "mask_zero", mask_zero),
    IGNORED("embeddings_initializer"),
    { 0 },
};

static const struct field conv1d_fields[] = {
    SIZE(seqecho_conv1d_spec, "filters", filters),
    SIZE(seqecho_conv1d_spec, "kernel_size", kernel_size),
    SIZE(seqecho_conv1d_spec, "strides", stride),
    SIZE(seqecho_conv1d_spec, "dilation_rate", dilation),
    PADDING(seqecho_conv1d_spec, "padding", padding),
    ACTIVATION(seqecho_conv1d_spec, "activation", activation),
    INVERSE(seqecho_conv1d_spec, "use_bias", no_bias),
    IGNORED("kernel_initializer"),
    IGNORED("bias_initializer"),
    { 0 },
};

static const struct field pooling1d_fields[] = {
    SIZE(seqecho_pooling1d_spec, "pool_size", pool_size),
    SIZE(seqecho_pooling1d_spec, "strides", stride),
    PADDING(seqecho_pooling1d_spec, "padding", padding),
    { 0 },
};

static const struct field reshape_fields[] = {
    SIZES(seqecho_reshape_spec, "target_shape", dim),
    { 0 },
};

/* A wrapper's options are those of the layer it wraps, on the same line. */
static const struct field no_fields[] = { { 0 } };

static const struct layer_class layer_classes[] = {
    /* clang-format off */
    { "Dense", SEQECHO_KIND_DENSE, sizeof(seqecho_dense_spec), dense_fields },
    { "Activation", SEQECHO_KIND_ACTIVATION, sizeof(seqecho_activation_spec),
      activation_fields },
    { "LSTM", SEQECHO_KIND_LSTM, sizeof(seqecho_lstm_spec), lstm_fields },
    { "RepeatVector", SEQECHO_KIND_REPEAT_VECTOR, sizeof(seqecho_repeat_vector_spec),
      repeat_vector_fields },
    { "TimeDistributed", SEQECHO_KIND_TIME_DISTRIBUTED,
      sizeof(seqecho_time_distributed_spec), no_fields },
    { "GRU", SEQECHO_KIND_GRU, sizeof(seqecho_gru_spec), gru_fields },
    { "SimpleRNN", SEQECHO_KIND_SIMPLE_RNN, sizeof(seqecho_simple_rnn_spec),
      simple_rnn_fields },
    { "Bidirectional", SEQECHO_KIND_BIDIRECTIONAL, sizeof(seqecho_bidirectional_spec),
      no_fields },
    { "Masking", SEQECHO_KIND_MASKING, sizeof(seqecho_masking_spec), masking_fields },
    { "Conv1D", SEQECHO_KIND_CONV1D, sizeof(seqecho_conv1d_spec), conv1d_fields },
    { "MaxPooling1D", SEQECHO_KIND_MAX_POOLING1D, sizeof(seqecho_pooling1d_spec),
      pooling1d_fields },
    { "AveragePooling1D", SEQECHO_KIND_AVERAGE_POOLING1D, sizeof(seqecho_pooling1d_spec),
      pooling1d_fields },
    { "GlobalMaxPooling1D", SEQECHO_KIND_GLOBAL_MAX_POOLING1D,
      sizeof(seqecho_global_pooling1d_spec), no_fields },
    { "GlobalAveragePooling1D", SEQECHO_KIND_GLOBAL_AVERAGE_POOLING1D,
      sizeof(seqecho_global_pooling1d_spec), no_fields },
    { "Flatten", SEQECHO_KIND_FLATTEN, sizeof(seqecho_flatten_spec), no_fields },
    { "Reshape", SEQECHO_KIND_RESHAPE, sizeof(seqecho_reshape_spec), reshape_fields },
    { "Permute", 0, 0, NULL },
    { "Dropout", SEQECHO_KIND_DROPOUT, sizeof(seqecho_dropout_spec), dropout_fields },
    { "Embedding", SEQECHO_KIND_EMBEDDING, sizeof(seqecho_embedding_spec),
      embedding_fields },
    /* clang-format on */
};

/* A word and its number in the library, or ABSENT. */
struct word {
    const char *name;
    int number;
};
enum { ABSENT = -1 };

static const struct word activations[] = {
    { "linear", SEQECHO_LINEAR },
    { "tanh", SEQECHO_TANH },
    { "sigmoid", SEQECHO_SIGMOID },
    { "hard_sigmoid", SEQECHO_HARD_SIGMOID_KERAS2 },
    { "relu", SEQECHO_RELU },
    { "softmax", SEQECHO_SOFTMAX },
    { "elu", SEQECHO_ELU },
    { "selu", SEQECHO_SELU },
    { "softplus", SEQECHO_SOFTPLUS },
    { "softsign", SEQECHO_SOFTSIGN },
    { "swish", SEQECHO_SWISH },
    { "silu", SEQECHO_SWISH },
    { "exponential", ABSENT },
    { "gelu", ABSENT },
    { "mish", ABSENT },
    { "relu6", ABSENT },
    { NULL, ABSENT },
};

static const struct word masked_outputs[] = {
    { "last", SEQECHO_MASKED_LAST },
    { "state", SEQECHO_MASKED_STATE },
    { "zero", SEQECHO_MASKED_ZERO },
    { NULL, ABSENT },
};

static const struct word paddings[] = {
    { "valid", SEQECHO_PADDING_VALID },
    { "same", SEQECHO_PADDING_SAME },
    { "causal", SEQECHO_PADDING_CAUSAL },
    { NULL, ABSENT },
};

static const struct word merges[] = {
    { "concat", SEQECHO_MERGE_CONCAT },
    { "sum", SEQECHO_MERGE_SUM },
    { "mul", SEQECHO_MERGE_MUL },
    { "ave", SEQECHO_MERGE_AVE },
    { "None", ABSENT },
    { NULL, ABSENT },
};

static const struct word losses[] = {
    { "categorical_crossentropy", SEQECHO_CATEGORICAL_CROSSENTROPY },
    { "sparse_categorical_crossentropy", SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY },
    { "binary_crossentropy", SEQECHO_BINARY_CROSSENTROPY },
    { "mse", SEQECHO_MEAN_SQUARED_ERROR },
    { "mean_squared_error", SEQECHO_MEAN_SQUARED_ERROR },
    { "mae", SEQECHO_MEAN_ABSOLUTE_ERROR },
    { "mean_absolute_error", SEQECHO_MEAN_ABSOLUTE_ERROR },
    { "kullback_leibler_divergence", ABSENT },
    { "huber", SEQECHO_HUBER },
    { "huber_loss", SEQECHO_HUBER },
    { NULL, ABSENT },
};

static const struct word optimizers[] = {
    { "Adam", SEQECHO_ADAM },   { "SGD", SEQECHO_SGD }, { "RMSprop", SEQECHO_RMSPROP },
    { "Adagrad", ABSENT },      { "Adamax", ABSENT },   { "Nadam", SEQECHO_NADAM },
    { "AdamW", SEQECHO_ADAMW }, { NULL, ABSENT },
};

static const struct word metrics[] = {
    { "None", 0 },
    { "accuracy", SEQECHO_METRIC_ACCURACY },
    { "acc", SEQECHO_METRIC_ACCURACY },
    { "categorical_accuracy", SEQECHO_METRIC_ACCURACY },
    { "sparse_categorical_accuracy", SEQECHO_METRIC_ACCURACY },
    { "binary_accuracy", SEQECHO_METRIC_ACCURACY },
    { "top_k_categorical_accuracy", SEQECHO_METRIC_TOP_K },
    { "sparse_top_k_categorical_accuracy", SEQECHO_METRIC_TOP_K },
    { "mse", SEQECHO_METRIC_MSE },
    { "mean_squared_error", SEQECHO_METRIC_MSE },
    { "mae", SEQECHO_METRIC_MAE },
    { "mean_absolute_error", SEQECHO_METRIC_MAE },
    { NULL, ABSENT },
};

/* `what` names the table in the reasons. */
static bool look_up(struct golden_case *c, const struct word *table, const char *what,
                    const char *name, int *number)
{
    for (; table->name; table++) {
        if (strcmp(table->name, name) != 0)
            continue;
        if (table->number == ABSENT)
            return result_unsupported(c->result, "%s %s", what, name);
        *number = table->number;
        return true;
    }
    return result_fail(c->result, "unknown %s '%s'", what, name);
}

bool table_layer(struct golden_case *c, const char *name, const struct layer_class **out)
{
    for (size_t i = 0; i < sizeof layer_classes / sizeof *layer_classes; i++) {
        if (strcmp(layer_classes[i].name, name) != 0)
            continue;
        *out = &layer_classes[i];
        return (*out)->kind != 0 || result_unsupported(c->result, "%s", name);
    }
    return result_fail(c->result, "unknown layer '%s'", name);
}

bool table_activation(struct golden_case *c, const char *name, seqecho_activation *out)
{
    int number = 0;

    if (!look_up(c, activations, "activation", name, &number))
        return false;
    *out = (seqecho_activation)number;
    return true;
}

bool table_loss(struct golden_case *c, const char *name, seqecho_loss *out)
{
    int number = 0;

    if (!look_up(c, losses, "loss", name, &number))
        return false;
    *out = (seqecho_loss)number;
    return true;
}

bool table_optimizer(struct golden_case *c, const char *name, seqecho_optimizer *out)
{
    int number = 0;

    if (!look_up(c, optimizers, "optimizer", name, &number))
        return false;
    *out = (seqecho_optimizer)number;
    return true;
}

bool table_metric(struct golden_case *c, const char *name, uint32_t *out)
{
    int number = 0;

    if (!look_up(c, metrics, "metric", name, &number))
        return false;
    *out = (uint32_t)number;
    return true;
}

static bool set_masked(struct golden_case *c, const struct field *field, const char *value,
                       unsigned char *spec)
{
    seqecho_masked_output output;
    int number = 0;

    if (!look_up(c, masked_outputs, field->option, value, &number))
        return false;
    output = (seqecho_masked_output)number;
    memcpy(spec + field->offset, &output, sizeof output);
    return true;
}

static bool set_float(struct golden_case *c, const struct field *field, const char *value,
                      unsigned char *spec)
{
    double number = 0.0;
    float narrow;

    if (!parse_double(c, field->option, value, &number))
        return false;
    narrow = (float)number;
    memcpy(spec + field->offset, &narrow, sizeof narrow);
    return true;
}

/* Whole numbers between commas, as many as a sample may have axes. */
static bool set_sizes(struct golden_case *c, const char *option, const char *value,
                      unsigned char *to)
{
    size_t count = 0;

    for (const char *end; value; value = *end ? end + 1 : NULL) {
        char word[24] = "";
        int64_t size = 0;

        end = value + strcspn(value, ",");
        if (count == SEQECHO_MAX_RANK - 1 || (size_t)(end - value) >= sizeof word)
            return result_fail(c->result, "%s: too long a list", option);
        memcpy(word, value, (size_t)(end - value));
        if (!parse_int(c, option, word, &size))
            return false;
        memcpy(to + count++ * sizeof size, &size, sizeof size);
    }
    return true;
}

static bool set_padding(struct golden_case *c, const char *value, unsigned char *to)
{
    seqecho_padding padding;
    int number = 0;

    if (!look_up(c, paddings, "padding", value, &number))
        return false;
    padding = (seqecho_padding)number;
    memcpy(to, &padding, sizeof padding);
    return true;
}

static bool set_field(struct golden_case *c, const struct field *field, const char *value,
                      unsigned char *spec)
{
    seqecho_activation activation = SEQECHO_ACTIVATION_DEFAULT;
    seqecho_bool flag;
    int64_t number = 0;

    if (field->type == FIELD_IGNORED)
        return true;
    if (field->type == FIELD_MASKED)
        return set_masked(c, field, value, spec);
    if (field->type == FIELD_ACTIVATION) {
        if (!table_activation(c, value, &activation))
            return false;
        memcpy(spec + field->offset, &activation, sizeof activation);
        return true;
    }
    if (field->type == FIELD_FLOAT)
        return set_float(c, field, value, spec);
    if (field->type == FIELD_PADDING)
        return set_padding(c, value, spec + field->offset);
    if (field->type == FIELD_SIZES)
        return set_sizes(c, field->option, value, spec + field->offset);
    if (!parse_int(c, field->option, value, &number))
        return false;
    if (field->type == FIELD_SIZE) {
        memcpy(spec + field->offset, &number, sizeof number);
        return true;
    }
    if (number != 0 && number != 1)
        return result_fail(c->result, "%s=%s is neither 0 nor 1", field->option, value);
    flag = field->type == FIELD_INVERSE ? number == 0 : number == 1;
    memcpy(spec + field->offset, &flag, sizeof flag);
    return true;
}

bool table_is_off(const char *value)
{
    return strcmp(value, "0") == 0 || strcmp(value, "0.0") == 0 ||
           strcmp(value, "None") == 0;
}

/* An option of the wrapper around a layer; see table_merge(). */
static bool is_merge(const char *word)
{
    return strncmp(word, "merge_mode=", strlen("merge_mode=")) == 0;
}

bool table_merge(struct golden_case *c, const struct line *line, seqecho_merge *out)
{
    for (size_t i = 1; i < line->words; i++) {
        int number = 0;

        if (!is_merge(line->word[i]))
            continue;
        if (!look_up(c, merges, "merge mode", strchr(line->word[i], '=') + 1, &number))
            return false;
        *out = (seqecho_merge)number;
        return true;
    }
    return result_fail(c->result, "a Bidirectional without merge_mode");
}

bool table_fill(struct golden_case *c, const struct layer_class *class,
                const struct line *line, void *spec)
{
    for (size_t i = 1; i < line->words; i++) {
        const char *const word = line->word[i];
        const char *const value = strchr(word, '=');
        const struct field *field = class->field;

        if (!value)
            return result_fail(c->result, "layer option '%s' has no value", word);
        while (field->option && (strlen(field->option) != (size_t)(value - word) ||
                                 strncmp(field->option, word, (size_t)(value - word)) != 0))
            field++;
        if (!field->option) {
            if (table_is_off(value + 1) || is_merge(word))
                continue;
            return result_unsupported(c->result, "%s %s", class->name, word);
        }
        if (!set_field(c, field, value + 1, spec))
            return false;
    }
    return true;
}

/* Options that are numbers, and read as such where they are used. */
static const char *const optimizer_numbers[] = {
    "lr",        "learning_rate",   "beta_1",       "beta_2",
    "epsilon",   "momentum",        "rho",          "nesterov",
    "centered",  "eps_inside_sqrt", "clipnorm",     "global_clipnorm",
    "clipvalue", "amsgrad",         "weight_decay",
};

bool table_optimizer_options(struct golden_case *c, const struct line *line)
{
    for (size_t i = 1; i < line->words; i++) {
        const char *const word = line->word[i];
        const char *const value = strchr(word, '=');
        bool known = false;

        if (!value)
            return result_fail(c->result, "optimizer option '%s' has no value", word);
        for (size_t k = 0; k < sizeof optimizer_numbers / sizeof *optimizer_numbers; k++)
            known |= strlen(optimizer_numbers[k]) == (size_t)(value - word) &&
                     strncmp(optimizer_numbers[k], word, (size_t)(value - word)) == 0;
        if (!known && !table_is_off(value + 1))
            return result_unsupported(c->result, "%s %s", line->word[0], word);
    }
    return true;
}
