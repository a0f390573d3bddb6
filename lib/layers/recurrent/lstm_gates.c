/* layers/recurrent/lstm_gates.c - products of an LSTM whose gates have their own dropout.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/lstm_gates.h"

#include "layers/noise.h"
#include "layers/recurrent.h"

#define GATES 4

/* Floats that one gate's weights, or their transpose, are packed into. */
static int64_t packed_size(const se_lstm_gates *g, const se_compute *compute)
{
    const size_t forward = se_factor_size(compute, g->width, g->units);
    const size_t backward = se_factor_size(compute, g->units, g->width);

    return (int64_t)(forward > backward ? forward : backward);
}

void se_lstm_gates_carve(se_lstm_gates *g, const se_frame *f, int64_t width, int64_t units,
                         se_carver *carver)
{
    *g = (se_lstm_gates){ .batch = f->batch, .width = width, .units = units };
    g->factor = se_carve(carver, GATES, f->batch, width);
    g->left = se_carve(carver, 1, f->batch, width);
    g->packed = se_carve(carver, GATES, packed_size(g, f->compute), 1);
}

void se_lstm_gates_pack(se_lstm_gates *g, const se_compute *compute, int64_t uses,
                        const float *w, bool transposed)
{
    const int64_t u = g->units, width = g->width, size = packed_size(g, compute);

    for (int64_t gate = 0; gate < GATES; gate++)
        g->weight[gate] =
            transposed ? se_factor_make(compute, g->batch, uses, u, width, w + gate * u, 1,
                                        GATES * u, g->packed + gate * size)
                       : se_factor_make(compute, g->batch, uses, width, u, w + gate * u,
                                        GATES * u, 1, g->packed + gate * size);
}

/* a as this gate sees it, in g->left. */
static float *drop(const se_lstm_gates *g, int64_t gate, int64_t first, int64_t rows,
                   const float *a)
{
    float *const left = g->left + first * g->width;

    se_noise_apply(rows * g->width, a, g->factor + (gate * g->batch + first) * g->width,
                   left);
    return left;
}

void se_lstm_gates_forward(const se_lstm_gates *g, const se_compute *compute, int64_t first,
                           int64_t rows, const float *a, float *z, se_store store,
                           const float *bias)
{
    const int64_t u = g->units;

    for (int64_t gate = 0; gate < GATES; gate++)
        se_gemm(compute, rows, drop(g, gate, first, rows, a), g->width, 1, &g->weight[gate],
                z + gate * u, GATES * u, store, bias != NULL ? bias + gate * u : NULL);
}

void se_lstm_gates_backward(const se_lstm_gates *g, const se_compute *compute,
                            int64_t first, int64_t rows, const float *dz, float *da)
{
    const int64_t u = g->units, size = rows * g->width;
    float *const d_left = g->left + first * g->width;

    for (int64_t gate = 0; gate < GATES; gate++) {
        const float *const factor = g->factor + (gate * g->batch + first) * g->width;

        se_gemm(compute, rows, dz + gate * u, GATES * u, 1, &g->weight[gate], d_left,
                g->width, SE_STORE_SET, NULL);
        se_noise_apply(size, d_left, factor, gate == 0 ? da : d_left);
        if (gate > 0)
            compute->k->add(size, d_left, da);
    }
}

void se_lstm_gates_gradient(const se_lstm_gates *g, const se_compute *compute,
                            int64_t first, int64_t rows, const uint8_t *mask,
                            const float *a, const float *dz, float *dw)
{
    const int64_t u = g->units;

    for (int64_t gate = 0; gate < GATES; gate++) {
        const float *const d_gate = dz + gate * u;
        const se_factor factor = {
            .panels = { d_gate, rows, u, GATES * u, compute->k->panel, false },
            .source = d_gate,
            .row = GATES * u,
            .col = 1,
        };
        float *const left = drop(g, gate, first, rows, a);

        if (mask != NULL)
            se_mask_clear(mask, rows, g->width, left);
        se_gemm(compute, g->width, left, 1, g->width, &factor, dw + gate * u, GATES * u,
                SE_STORE_ADD, NULL);
    }
}
