/* layers/kinds.h - one table of functions per kind of layer; the list is in registry.c.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_KINDS_H
#define SE_LAYERS_KINDS_H

#include "layers/layer.h"

extern const se_layer_ops se_input_ops;
extern const se_layer_ops se_dense_ops;
extern const se_layer_ops se_activation_ops;
extern const se_layer_ops se_lstm_ops;
extern const se_layer_ops se_repeat_vector_ops;
extern const se_layer_ops se_time_distributed_ops;
extern const se_layer_ops se_masking_ops;
extern const se_layer_ops se_dropout_ops;
extern const se_layer_ops se_embedding_ops;
extern const se_layer_ops se_concatenate_ops;
extern const se_layer_ops se_add_ops;
extern const se_layer_ops se_multiply_ops;
extern const se_layer_ops se_average_ops;
extern const se_layer_ops se_layer_normalization_ops;
extern const se_layer_ops se_attention_ops;
extern const se_layer_ops se_additive_attention_ops;
extern const se_layer_ops se_conv1d_ops;
extern const se_layer_ops se_max_pooling1d_ops;
extern const se_layer_ops se_average_pooling1d_ops;
extern const se_layer_ops se_global_max_pooling1d_ops;
extern const se_layer_ops se_global_average_pooling1d_ops;
extern const se_layer_ops se_flatten_ops;
extern const se_layer_ops se_reshape_ops;
extern const se_layer_ops se_permute_ops;
extern const se_layer_ops se_bidirectional_ops;
extern const se_layer_ops se_sequential_ops;
extern const se_layer_ops se_gru_ops;
extern const se_layer_ops se_simple_rnn_ops;

#endif /* SE_LAYERS_KINDS_H */
