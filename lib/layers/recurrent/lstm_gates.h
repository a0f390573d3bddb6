/* layers/recurrent/lstm_gates.h - products of an LSTM whose gates have their own dropout.
 * SPDX-License-Identifier: MIT
 *
 * For each gate of z (rows, 4 units), in the blocks i, f, c, o:
 *
 *     z_gate += (a factor_gate) W_gate
 *
 * where a (rows, width) is x or h, W (width, 4 units) their kernel, and the factors, 0 or
 * 1 / (1 - rate), are those of the sample.  Rows here are samples of one step. */
#ifndef SE_LAYERS_RECURRENT_LSTM_GATES_H
#define SE_LAYERS_RECURRENT_LSTM_GATES_H

#include "layers/layer.h"

typedef struct se_lstm_gates {
    int64_t batch, width, units;
    float *factor;       /* (4, batch, width); NULL: there is no such dropout */
    float *left;         /* (batch, width): a after dropout */
    float *packed;       /* the weights, forward or backward */
    se_factor weight[4]; /* W_gate forward, its transpose backward */
} se_lstm_gates;

/* Reserve the memory. */
void se_lstm_gates_carve(se_lstm_gates *g, const se_frame *f, int64_t width, int64_t units,
                         se_carver *carver);

/* Prepare the weights w (width, 4 units) for `uses` products; `transposed` for those of
 * se_lstm_gates_backward(). */
void se_lstm_gates_pack(se_lstm_gates *g, const se_compute *compute, int64_t uses,
                        const float *w, bool transposed);

/* z = or += the products of `rows` samples from `first` on; bias as in se_gemm(). */
void se_lstm_gates_forward(const se_lstm_gates *g, const se_compute *compute, int64_t first,
                           int64_t rows, const float *a, float *z, se_store store,
                           const float *bias);

/* da (rows, width) = the gradient of a, from dz; `a` may not be wanted any more. */
void se_lstm_gates_backward(const se_lstm_gates *g, const se_compute *compute,
                            int64_t first, int64_t rows, const float *dz, float *da);

/* dw (width, 4 units) += the gradient of the weights.  Rows whose mask is 0 count as zeros;
 * mask may be NULL. */
void se_lstm_gates_gradient(const se_lstm_gates *g, const se_compute *compute,
                            int64_t first, int64_t rows, const uint8_t *mask,
                            const float *a, const float *dz, float *dw);

#endif /* SE_LAYERS_RECURRENT_LSTM_GATES_H */
