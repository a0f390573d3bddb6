/* layers/recurrent/lstm_cell.h - one time step of LSTM arithmetic, after the products.
 * SPDX-License-Identifier: MIT
 *
 *     i, f, o = recurrent_activation(z_i, z_f, z_o)     g = activation(z_c)
 *     c = f c_prev + i g                                h = o activation(c)
 *
 * tanh with sigmoid is one fused kernel; other activations are put together from the
 * kernels of each. */
#ifndef SE_LAYERS_RECURRENT_LSTM_CELL_H
#define SE_LAYERS_RECURRENT_LSTM_CELL_H

#include "kernels/kernels.h"

typedef struct se_lstm_cell {
    const se_kernels *k;
    seqecho_activation activation;
    seqecho_activation recurrent_activation;
    int64_t units;
} se_lstm_cell;

/* Is it the fused one?  Then `pre` and `scratch` below are not used. */
bool se_lstm_cell_fused(const se_lstm_cell *cell);

/* Must pre-activations be kept for the backward pass? */
bool se_lstm_cell_needs_input(const se_lstm_cell *cell);

/* z (rows, 4 units): pre-activations in, gates i, f, g, o out; pre, where not NULL,
 * receives the former.  c_prev NULL means zeros, and may equal c.  act_c, where not NULL,
 * receives activation(c). */
void se_lstm_cell_forward(const se_lstm_cell *cell, int64_t rows, float *z, float *pre,
                          const float *c_prev, float *c, float *act_c, float *h);

/* The gradients of one step. */
typedef struct se_lstm_cell_grad {
    float *z;            /* gates in, gradients of the pre-activations out */
    const float *pre;    /* pre-activations, or NULL */
    const float *c_prev; /* NULL means zeros */
    const float *c, *act_c;
    const float *dh_1, *dh_2; /* gradient of h: their sum; NULL means zeros */
    float *dc;                /* gradient of c in, of c_prev out */
    float *scratch;           /* (rows, SE_LSTM_CELL_SCRATCH units) */
} se_lstm_cell_grad;

#define SE_LSTM_CELL_SCRATCH 5

void se_lstm_cell_backward(const se_lstm_cell *cell, int64_t rows,
                           const se_lstm_cell_grad *g);

#endif /* SE_LAYERS_RECURRENT_LSTM_CELL_H */
