/* layers/lstm.h - what the files of the LSTM share.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_LSTM_H
#define SE_LAYERS_LSTM_H

#include "layers/layer.h"

/* Its weights. */
enum { KERNEL, RECURRENT_KERNEL, BIAS };

/* See se_layer_ops.step. */
bool se_lstm_forward_step(const se_frame *f);

#endif /* SE_LAYERS_LSTM_H */
