/* test_fields.c - the table of options of every kind of layer is complete.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "layers/activate.h"
#include "layers/field.h"

/* Bytes of a field in a description. */
static size_t size_of(se_field_type type)
{
    switch (type) {
    case SE_FIELD_INT64: return sizeof(int64_t);
    case SE_FIELD_BYTE:
    case SE_FIELD_BOOL:
    case SE_FIELD_NOT: return 1;
    case SE_FIELD_SIZES: return SE_SAMPLE_RANK * sizeof(int64_t);
    case SE_FIELD_AXES: return SE_SAMPLE_RANK * sizeof(int32_t);
    case SE_FIELD_LAYER:
    case SE_FIELD_LAYERS: return sizeof(void *);
    default: return 4;
    }
}

/* What stands between the options so that a compiler need not pad. */
#define RESERVED(KIND, SPEC, FIELD) \
    { \
        SEQECHO_KIND_##KIND, offsetof(SPEC, FIELD), sizeof(((SPEC *)0)->FIELD) \
    }

static const struct {
    uint32_t kind;
    size_t offset, size;
} reserved[] = {
    /* clang-format off */
    RESERVED(INPUT, seqecho_input_spec, reserved),
    RESERVED(DENSE, seqecho_dense_spec, reserved),
    RESERVED(ACTIVATION, seqecho_activation_spec, reserved),
    RESERVED(LSTM, seqecho_lstm_spec, reserved),
    RESERVED(LSTM, seqecho_lstm_spec, reserved_2),
    RESERVED(GRU, seqecho_gru_spec, reserved),
    RESERVED(GRU, seqecho_gru_spec, reserved_2),
    RESERVED(SIMPLE_RNN, seqecho_simple_rnn_spec, reserved),
    RESERVED(SIMPLE_RNN, seqecho_simple_rnn_spec, reserved_2),
    RESERVED(BIDIRECTIONAL, seqecho_bidirectional_spec, reserved),
    RESERVED(MASKING, seqecho_masking_spec, reserved),
    RESERVED(DROPOUT, seqecho_dropout_spec, reserved),
    RESERVED(EMBEDDING, seqecho_embedding_spec, reserved),
    RESERVED(CONV1D, seqecho_conv1d_spec, reserved),
    RESERVED(MAX_POOLING1D, seqecho_pooling1d_spec, reserved),
    RESERVED(AVERAGE_POOLING1D, seqecho_pooling1d_spec, reserved),
    RESERVED(PERMUTE, seqecho_permute_spec, reserved),
    RESERVED(CONCATENATE, seqecho_concatenate_spec, reserved),
    RESERVED(LAYER_NORMALIZATION, seqecho_layer_normalization_spec, reserved),
    /* Options of the other kind that shares the description. */
    RESERVED(ATTENTION, seqecho_attention_spec, no_scale),
    RESERVED(ADDITIVE_ATTENTION, seqecho_attention_spec, use_scale),
    RESERVED(ADDITIVE_ATTENTION, seqecho_attention_spec, scaled),
    /* clang-format on */
};

enum { LARGEST = 256 };

static void mark(unsigned char used[LARGEST], size_t offset, size_t size)
{
    assert_true(offset + size <= LARGEST);
    for (size_t i = 0; i < size; i++)
        used[offset + i]++;
}

/* A new option without a line in its table would be lost in files. */
static void every_byte_once(void **state)
{
    size_t kinds = 0;

    (void)state;
    for (const se_layer_ops *ops; (ops = se_layer_kind(kinds)) != NULL; kinds++) {
        unsigned char used[LARGEST] = { 0 };

        mark(used, 0, sizeof(seqecho_spec) + sizeof(char *));
        for (size_t i = 0; i < ops->n_fields; i++) {
            mark(used, ops->fields[i].offset, size_of(ops->fields[i].type));
            if (ops->fields[i].type == SE_FIELD_LAYERS)
                mark(used, ops->fields[i].count_offset, sizeof(size_t));
        }
        for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
            if (reserved[i].kind == ops->kind)
                mark(used, reserved[i].offset, reserved[i].size);
        for (size_t i = 0; i < LARGEST; i++)
            if (used[i] != (i < ops->spec_size))
                fail_msg("%s: byte %zu of %zu is in %d fields", ops->class_name, i,
                         ops->spec_size, used[i]);
    }
    assert_int_equal(kinds, SEQECHO_KIND_SEQUENTIAL);
}

static void names_are_their_own(void **state)
{
    const se_layer_ops *ops;

    (void)state;
    for (size_t k = 0; (ops = se_layer_kind(k)) != NULL; k++)
        for (size_t i = 0; i < ops->n_fields; i++) {
            assert_string_not_equal(ops->fields[i].name, "name");
            assert_int_equal(ops->fields[i].names != NULL,
                             ops->fields[i].type == SE_FIELD_NAME);
            for (size_t j = 0; j < i; j++)
                assert_string_not_equal(ops->fields[i].name, ops->fields[j].name);
        }
}

static void classes_are_found(void **state)
{
    const se_layer_ops *ops;

    (void)state;
    for (size_t k = 0; (ops = se_layer_kind(k)) != NULL; k++) {
        assert_ptr_equal(se_layer_find_class(ops->class_name), ops);
        assert_ptr_equal(se_layer_find(ops->kind), ops);
    }
    assert_null(se_layer_find_class("lstm"));
    assert_null(se_layer_find_class(""));
    assert_null(se_layer_kind(SIZE_MAX));
}

static bool is_activation(int value)
{
    return value == 0 || se_activation_known((seqecho_activation)value);
}

static bool is_init(int value)
{
    return value == 0 || se_init_known((seqecho_init)value);
}

static bool below_3(int value)
{
    return value < 3;
}

static bool below_4(int value)
{
    return value < 4;
}

/* Each value that is known has a name, no two the same. */
static void values_have_names(void **state)
{
    static const struct {
        const se_names *names;
        bool (*known)(int value);
    } enums[] = {
        { &se_activation_names, is_activation }, { &se_init_names, is_init },
        { &se_padding_names, below_3 },          { &se_merge_names, below_4 },
        { &se_masked_output_names, below_3 },
    };

    (void)state;
    for (size_t e = 0; e < sizeof enums / sizeof *enums; e++) {
        const se_names *const n = enums[e].names;

        for (int i = 0; i < 64; i++) {
            assert_int_equal((size_t)i < n->count && n->name[i] != NULL, enums[e].known(i));
            if ((size_t)i < n->count)
                assert_int_equal(se_names_find(n, n->name[i]), i);
        }
        assert_int_equal(se_names_find(n, "Tanh"), -1);
        assert_int_equal(se_names_find(n, ""), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_once),
        cmocka_unit_test(names_are_their_own),
        cmocka_unit_test(classes_are_found),
        cmocka_unit_test(values_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
