/* kernels/lstm_tmpl.h - the cell of an LSTM after its products, forward and backward.
 * SPDX-License-Identifier: MIT */
#ifndef SE_KERNELS_LSTM_TMPL_H
#define SE_KERNELS_LSTM_TMPL_H

#include "kernels/math_tmpl.h"

/* `lanes` units, SE_VW or fewer, of one row; pointers are at the first of them. */
SE_OP void lstm_forward_part(int64_t lanes, int64_t units, float *z, const float *c_prev,
                             float *c, float *tanh_c, float *h)
{
    const vf zero = v_zero();
    const vf i = act_sigmoid(v_load_or(z, lanes, zero));
    const vf f = act_sigmoid(v_load_or(z + units, lanes, zero));
    const vf g = act_tanh(v_load_or(z + 2 * units, lanes, zero));
    const vf o = act_sigmoid(v_load_or(z + 3 * units, lanes, zero));
    const vf before = c_prev != NULL ? v_load_or(c_prev, lanes, zero) : zero;
    const vf cell = v_fma(f, before, v_mul(i, g));
    const vf squashed = act_tanh(cell);

    v_store_or(z, lanes, i);
    v_store_or(z + units, lanes, f);
    v_store_or(z + 2 * units, lanes, g);
    v_store_or(z + 3 * units, lanes, o);
    v_store_or(c, lanes, cell);
    if (tanh_c != NULL)
        v_store_or(tanh_c, lanes, squashed);
    v_store_or(h, lanes, v_mul(o, squashed));
}

static void lstm_forward(int64_t rows, int64_t units, float *z, const float *c_prev,
                         float *c, float *tanh_c, float *h)
{
    for (int64_t r = 0; r < rows; r++) {
        float *const row_z = z + r * 4 * units;
        const int64_t at = r * units;
        int64_t u = 0;

        for (; units - u >= SE_VW; u += SE_VW)
            lstm_forward_part(SE_VW, units, row_z + u,
                              c_prev != NULL ? c_prev + at + u : NULL, c + at + u,
                              tanh_c != NULL ? tanh_c + at + u : NULL, h + at + u);
        if (u < units)
            lstm_forward_part(units - u, units, row_z + u,
                              c_prev != NULL ? c_prev + at + u : NULL, c + at + u,
                              tanh_c != NULL ? tanh_c + at + u : NULL, h + at + u);
    }
}

/* dh and dc in; the gradients of the pre-activations and of c_prev out:
 *
 *     dc += dh o (1 - tanh(c)^2)
 *     dz_i = dc g i (1 - i)         dz_f = dc c_prev f (1 - f)
 *     dz_g = dc i (1 - g^2)         dz_o = dh tanh(c) o (1 - o)         dc_prev = dc f */
SE_OP void lstm_backward_part(int64_t lanes, int64_t units, float *z, const float *c_prev,
                              const float *tanh_c, const float *dh_1, const float *dh_2,
                              float *dc)
{
    const vf zero = v_zero();
    const vf i = v_load_or(z, lanes, zero);
    const vf f = v_load_or(z + units, lanes, zero);
    const vf g = v_load_or(z + 2 * units, lanes, zero);
    const vf o = v_load_or(z + 3 * units, lanes, zero);
    const vf squashed = v_load_or(tanh_c, lanes, zero);
    const vf before = c_prev != NULL ? v_load_or(c_prev, lanes, zero) : zero;
    const vf dh = v_add(dh_1 != NULL ? v_load_or(dh_1, lanes, zero) : zero,
                        dh_2 != NULL ? v_load_or(dh_2, lanes, zero) : zero);
    const vf cell = v_fma(v_mul(dh, o), slope_tanh(squashed), v_load_or(dc, lanes, zero));

    v_store_or(z, lanes, v_mul(v_mul(cell, g), slope_sigmoid(i)));
    v_store_or(z + units, lanes, v_mul(v_mul(cell, before), slope_sigmoid(f)));
    v_store_or(z + 2 * units, lanes, v_mul(v_mul(cell, i), slope_tanh(g)));
    v_store_or(z + 3 * units, lanes, v_mul(v_mul(dh, squashed), slope_sigmoid(o)));
    v_store_or(dc, lanes, v_mul(cell, f));
}

static void lstm_backward(int64_t rows, int64_t units, float *z, const float *c_prev,
                          const float *tanh_c, const float *dh_1, const float *dh_2,
                          float *dc)
{
    for (int64_t r = 0; r < rows; r++) {
        float *const row_z = z + r * 4 * units;
        const int64_t at = r * units;

        for (int64_t u = 0; u < units; u += SE_VW) {
            const float *const c_u = c_prev != NULL ? c_prev + at + u : NULL;
            const float *const dh_1u = dh_1 != NULL ? dh_1 + at + u : NULL;
            const float *const dh_2u = dh_2 != NULL ? dh_2 + at + u : NULL;

            if (units - u >= SE_VW)
                lstm_backward_part(SE_VW, units, row_z + u, c_u, tanh_c + at + u, dh_1u,
                                   dh_2u, dc + at + u);
            else
                lstm_backward_part(units - u, units, row_z + u, c_u, tanh_c + at + u, dh_1u,
                                   dh_2u, dc + at + u);
        }
    }
}

#endif /* SE_KERNELS_LSTM_TMPL_H */
