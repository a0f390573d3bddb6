/* kernels/kernels_tmpl.h - every kernel, written once over kernels/simd.h.
 * SPDX-License-Identifier: MIT
 *
 * kernels_<name>.c says for which instruction set (SE_SIMD_<NAME>), how the table is called
 * (SE_TABLE) and what name it bears (SE_TABLE_NAME), then includes this; plain C is what
 * comes of saying nothing.
 *
 * A full vector and the rest of an array go through the same operations, and no operation
 * looks past its own lane, so an element's bits depend on nothing but its inputs. */
#ifndef SE_KERNELS_KERNELS_TMPL_H
#define SE_KERNELS_KERNELS_TMPL_H

#include "kernels/gemm_tmpl.h"
#include "kernels/gru_tmpl.h"
#include "kernels/lstm_tmpl.h"
#include "kernels/math_tmpl.h"
#include "kernels/optimizer_tmpl.h"
#include "kernels/rows_tmpl.h"
#include "kernels/step_tmpl.h"
#include "kernels/tables.h"

#if !defined(SE_TABLE)
#define SE_TABLE se_kernels_c
#define SE_TABLE_NAME "c"
#endif

/* ---- Element by element ------------------------------------------------------------- */

#define MAP(f) \
    do { \
        for (; n - i >= SE_VW; i += SE_VW) \
            v_store(y + i, f(v_load(x + i))); \
        if (i < n) \
            v_store_n(y + i, n - i, f(v_load_n(x + i, n - i))); \
    } while (0)

static void activate(seqecho_activation f, int64_t n, const float *x, float *y)
{
    int64_t i = 0;

    switch (f) {
    case SEQECHO_TANH: MAP(act_tanh); break;
    case SEQECHO_SIGMOID: MAP(act_sigmoid); break;
    case SEQECHO_HARD_SIGMOID: MAP(act_hard_sigmoid); break;
    case SEQECHO_HARD_SIGMOID_KERAS2: MAP(act_hard_sigmoid_keras2); break;
    case SEQECHO_RELU: MAP(act_relu); break;
    case SEQECHO_ELU: MAP(act_elu); break;
    case SEQECHO_SELU: MAP(act_selu); break;
    case SEQECHO_SOFTPLUS: MAP(act_softplus); break;
    case SEQECHO_SOFTSIGN: MAP(act_softsign); break;
    case SEQECHO_SWISH: MAP(act_swish); break;
    case SEQECHO_LINEAR: MAP(act_linear); break;
    case SEQECHO_ACTIVATION_DEFAULT:
    case SEQECHO_SOFTMAX: break; /* not element by element */
    }
}

#undef MAP

/* dx = SLOPE dy, SLOPE over v = y and, in MAP_X, u = x. */
#define MAP(SLOPE) \
    do { \
        for (; n - i >= SE_VW; i += SE_VW) { \
            const vf v = v_load(y + i); \
            v_store(dx + i, v_mul(SLOPE, v_load(dy + i))); \
        } \
        if (i < n) { \
            const vf v = v_load_n(y + i, n - i); \
            v_store_n(dx + i, n - i, v_mul(SLOPE, v_load_n(dy + i, n - i))); \
        } \
    } while (0)

#define MAP_X(slope) \
    do { \
        for (; n - i >= SE_VW; i += SE_VW) \
            v_store(dx + i, v_mul(slope(v_load(x + i), v_load(y + i)), v_load(dy + i))); \
        if (i < n) \
            v_store_n(dx + i, n - i, \
                      v_mul(slope(v_load_n(x + i, n - i), v_load_n(y + i, n - i)), \
                            v_load_n(dy + i, n - i))); \
    } while (0)

static void activate_backward(seqecho_activation f, int64_t n, const float *x,
                              const float *y, const float *dy, float *dx)
{
    int64_t i = 0;

    switch (f) {
    case SEQECHO_TANH: MAP(slope_tanh(v)); break;
    case SEQECHO_SIGMOID: MAP(slope_sigmoid(v)); break;
    case SEQECHO_HARD_SIGMOID: MAP(slope_clipped(v, 1.0F / 6.0F)); break;
    case SEQECHO_HARD_SIGMOID_KERAS2: MAP(slope_clipped(v, 0.2F)); break;
    case SEQECHO_RELU: MAP(slope_relu(v)); break;
    case SEQECHO_ELU: MAP(slope_elu(v)); break;
    case SEQECHO_SELU: MAP(slope_selu(v)); break;
    case SEQECHO_SOFTSIGN: MAP(slope_softsign(v)); break;
    case SEQECHO_SOFTPLUS: MAP_X(slope_softplus); break;
    case SEQECHO_SWISH: MAP_X(slope_swish); break;
    case SEQECHO_LINEAR:
        if (dx != dy)
            memcpy(dx, dy, (size_t)n * sizeof *dx);
        break;
    case SEQECHO_ACTIVATION_DEFAULT:
    case SEQECHO_SOFTMAX: break; /* softmax_backward() */
    }
}

#undef MAP_X
#undef MAP

/* ---- The table ---------------------------------------------------------------------- */

const se_kernels SE_TABLE = {
    .name = SE_TABLE_NAME,
    .lanes = SE_VW,
    .panel = PANEL,
    .fused = SE_SIMD_FUSED,
    .pack = pack,
    .gemm = gemm,
    .gather = gather,
    .scatter_add = scatter_add,
    .column_sum = column_sum,
    .activate = activate,
    .activate_backward = activate_backward,
    .add = add,
    .max_abs = max_abs,
    .softmax = softmax,
    .softmax_backward = softmax_backward,
    .softmax_crossentropy = softmax_crossentropy,
    .argmax = argmax,
    .find = find,
    .one_hot = one_hot,
    .lstm_forward = lstm_forward,
    .lstm_backward = lstm_backward,
    .lstm_step = lstm_step,
    .gru_forward = gru_forward,
    .gru_backward = gru_backward,
    .adam = adam,
    .adamw = adamw,
    .nadam = nadam,
    .sgd = sgd,
    .rmsprop = rmsprop,
    .regularize = regularize,
    .clip = clip,
    .abs_sum = abs_sum,
    .square_sum = square_sum,
};

#endif /* SE_KERNELS_KERNELS_TMPL_H */
