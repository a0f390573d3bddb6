/* kernels/lstm_tmpl.h - the cell of an LSTM after its products, forward and backward.
 * SPDX-License-Identifier: MIT
 *
 * The units of all rows are walked as one array, a vector of them at a time.  A vector
 * that takes the end of one row and the beginning of the next is no matter to arrays of one
 * value a unit; from z, whose rows hold four gates, it is put together of two places. */
#ifndef SE_KERNELS_LSTM_TMPL_H
#define SE_KERNELS_LSTM_TMPL_H

#include "kernels/math_tmpl.h"

/* Units of one vector: so many, the first of them in the row where it begins. */
typedef struct cell_part {
    int64_t lanes, first;
} cell_part;

/* The next part of rows of `units`, `left` units before the end, from unit u of its row. */
SE_OP cell_part cell_next(int64_t units, int64_t left, int64_t u)
{
    const int64_t first = units - u < SE_VW ? units - u : SE_VW;
    const bool two = SE_SIMD_MASKS && units >= SE_VW;

    return (cell_part){ !two ? first : left < SE_VW ? left : SE_VW, first };
}

/* A gate's values; z at the gate of the first unit.  Lane j of the next row lies as far
 * behind z[j] as the other gates reach. */
SE_OP vf z_load(cell_part part, int64_t units, const float *z)
{
    if (part.first >= part.lanes)
        return v_load_or(z, part.lanes, v_zero());
    return v_load_two(part.first, z, part.lanes, z + 3 * units);
}

SE_OP void z_store(cell_part part, int64_t units, float *z, vf a)
{
    if (part.first >= part.lanes)
        v_store_or(z, part.lanes, a);
    else
        v_store_two(part.first, z, part.lanes, z + 3 * units, a);
}

SE_OP void lstm_forward_part(cell_part part, int64_t units, float *z, const float *c_prev,
                             float *c, float *tanh_c, float *h)
{
    const vf zero = v_zero();
    const vf i = act_sigmoid(z_load(part, units, z));
    const vf f = act_sigmoid(z_load(part, units, z + units));
    const vf g = act_tanh(z_load(part, units, z + 2 * units));
    const vf o = act_sigmoid(z_load(part, units, z + 3 * units));
    const vf before = c_prev != NULL ? v_load_or(c_prev, part.lanes, zero) : zero;
    const vf cell = v_fma(f, before, v_mul(i, g));
    const vf squashed = act_tanh(cell);

    z_store(part, units, z, i);
    z_store(part, units, z + units, f);
    z_store(part, units, z + 2 * units, g);
    z_store(part, units, z + 3 * units, o);
    v_store_or(c, part.lanes, cell);
    if (tanh_c != NULL)
        v_store_or(tanh_c, part.lanes, squashed);
    v_store_or(h, part.lanes, v_mul(o, squashed));
}

static void lstm_forward(int64_t rows, int64_t units, float *z, const float *c_prev,
                         float *c, float *tanh_c, float *h)
{
    const cell_part full = { SE_VW, SE_VW };
    const int64_t size = rows * units;
    int64_t u = 0;
    cell_part part;

    for (int64_t at = 0; at < size; at += part.lanes) {
        const float *const c_at = c_prev != NULL ? c_prev + at : NULL;
        float *const tanh_at = tanh_c != NULL ? tanh_c + at : NULL;

        part = cell_next(units, size - at, u);
        if (part.first == SE_VW)
            lstm_forward_part(full, units, z + u, c_at, c + at, tanh_at, h + at);
        else
            lstm_forward_part(part, units, z + u, c_at, c + at, tanh_at, h + at);
        u += part.lanes;
        if (u >= units) {
            u -= units;
            z += 4 * units;
        }
    }
}

/* dh and dc in; the gradients of the pre-activations and of c_prev out:
 *
 *     dc += dh o (1 - tanh(c)^2)
 *     dz_i = dc g i (1 - i)         dz_f = dc c_prev f (1 - f)
 *     dz_g = dc i (1 - g^2)         dz_o = dh tanh(c) o (1 - o)         dc_prev = dc f */
SE_OP void lstm_backward_part(cell_part part, int64_t units, float *z, const float *c_prev,
                              const float *tanh_c, const float *dh_1, const float *dh_2,
                              float *dc)
{
    const vf zero = v_zero();
    const vf i = z_load(part, units, z);
    const vf f = z_load(part, units, z + units);
    const vf g = z_load(part, units, z + 2 * units);
    const vf o = z_load(part, units, z + 3 * units);
    const vf squashed = v_load_or(tanh_c, part.lanes, zero);
    const vf before = c_prev != NULL ? v_load_or(c_prev, part.lanes, zero) : zero;
    const vf dh = v_add(dh_1 != NULL ? v_load_or(dh_1, part.lanes, zero) : zero,
                        dh_2 != NULL ? v_load_or(dh_2, part.lanes, zero) : zero);
    const vf cell =
        v_fma(v_mul(dh, o), slope_tanh(squashed), v_load_or(dc, part.lanes, zero));

    z_store(part, units, z, v_mul(v_mul(cell, g), slope_sigmoid(i)));
    z_store(part, units, z + units, v_mul(v_mul(cell, before), slope_sigmoid(f)));
    z_store(part, units, z + 2 * units, v_mul(v_mul(cell, i), slope_tanh(g)));
    z_store(part, units, z + 3 * units, v_mul(v_mul(dh, squashed), slope_sigmoid(o)));
    v_store_or(dc, part.lanes, v_mul(cell, f));
}

static void lstm_backward(int64_t rows, int64_t units, float *z, const float *c_prev,
                          const float *tanh_c, const float *dh_1, const float *dh_2,
                          float *dc)
{
    const cell_part full = { SE_VW, SE_VW };
    const int64_t size = rows * units;
    int64_t u = 0;
    cell_part part;

    for (int64_t at = 0; at < size; at += part.lanes) {
        const float *const c_at = c_prev != NULL ? c_prev + at : NULL;
        const float *const dh_1_at = dh_1 != NULL ? dh_1 + at : NULL;
        const float *const dh_2_at = dh_2 != NULL ? dh_2 + at : NULL;

        part = cell_next(units, size - at, u);
        if (part.first == SE_VW)
            lstm_backward_part(full, units, z + u, c_at, tanh_c + at, dh_1_at, dh_2_at,
                               dc + at);
        else
            lstm_backward_part(part, units, z + u, c_at, tanh_c + at, dh_1_at, dh_2_at,
                               dc + at);
        u += part.lanes;
        if (u >= units) {
            u -= units;
            z += 4 * units;
        }
    }
}

#endif /* SE_KERNELS_LSTM_TMPL_H */
