/* layers/recurrent/gru.h - the cell of a GRU.
 * SPDX-License-Identifier: MIT
 *
 *     z, r = recurrent_activation(z and r of x K + h R, with both biases)
 *     g = activation(x K_h + b_h + r (h R_h + b'_h)),  or
 *         activation(x K_h + (r h) R_h + b_h)
 *     h' = z h + (1 - z) g
 *
 * The first form, reset after the product, is one fused kernel with tanh and sigmoid;
 * everything else is put together from the kernels of each activation. */
#ifndef SE_LAYERS_RECURRENT_GRU_H
#define SE_LAYERS_RECURRENT_GRU_H

#include "layers/recurrent/rnn.h"

/* Fill in what a description says of its cell; its activations are known. */
void se_gru_cell(se_rnn *rnn, bool reset_before);

#endif /* SE_LAYERS_RECURRENT_GRU_H */
