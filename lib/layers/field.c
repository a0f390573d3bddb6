/* layers/field.c - names of the values of enums in descriptions: Keras's, where it has one.
 * SPDX-License-Identifier: MIT */
#include "layers/field.h"

#include <string.h>

static const char *const activations[] = {
    [SEQECHO_ACTIVATION_DEFAULT] = "default",
    [SEQECHO_LINEAR] = "linear",
    [SEQECHO_TANH] = "tanh",
    [SEQECHO_SIGMOID] = "sigmoid",
    [SEQECHO_HARD_SIGMOID] = "hard_sigmoid",
    [SEQECHO_HARD_SIGMOID_KERAS2] = "hard_sigmoid_keras2",
    [SEQECHO_RELU] = "relu",
    [SEQECHO_SOFTMAX] = "softmax",
    [SEQECHO_ELU] = "elu",
    [SEQECHO_SELU] = "selu",
    [SEQECHO_SOFTPLUS] = "softplus",
    [SEQECHO_SOFTSIGN] = "softsign",
    [SEQECHO_SWISH] = "swish",
};

static const char *const inits[] = {
    [SEQECHO_INIT_DEFAULT] = "default",
    [SEQECHO_INIT_GLOROT_UNIFORM] = "glorot_uniform",
    [SEQECHO_INIT_ORTHOGONAL] = "orthogonal",
    [SEQECHO_INIT_ZEROS] = "zeros",
    [SEQECHO_INIT_UNIFORM] = "uniform",
    [SEQECHO_INIT_HE_UNIFORM] = "he_uniform",
    [SEQECHO_INIT_HE_NORMAL] = "he_normal",
    [SEQECHO_INIT_ONES] = "ones",
};

static const char *const paddings[] = {
    [SEQECHO_PADDING_VALID] = "valid",
    [SEQECHO_PADDING_SAME] = "same",
    [SEQECHO_PADDING_CAUSAL] = "causal",
};

static const char *const merges[] = {
    [SEQECHO_MERGE_CONCAT] = "concat",
    [SEQECHO_MERGE_SUM] = "sum",
    [SEQECHO_MERGE_MUL] = "mul",
    [SEQECHO_MERGE_AVE] = "ave",
};

static const char *const masked_outputs[] = {
    [SEQECHO_MASKED_LAST] = "last",
    [SEQECHO_MASKED_STATE] = "state",
    [SEQECHO_MASKED_ZERO] = "zero",
};

const se_names se_activation_names = { activations, SE_FIELDS(activations) };
const se_names se_init_names = { inits, SE_FIELDS(inits) };
const se_names se_padding_names = { paddings, SE_FIELDS(paddings) };
const se_names se_merge_names = { merges, SE_FIELDS(merges) };
const se_names se_masked_output_names = { masked_outputs, SE_FIELDS(masked_outputs) };

int se_names_find(const se_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->name[i] != NULL && strcmp(names->name[i], name) == 0)
            return (int)i;
    return -1;
}
