/* kernels/gru_tmpl.h - the cell of a GRU after its products, forward and backward.
 * SPDX-License-Identifier: MIT
 *
 * The units of all rows are walked as one array, as in lstm_tmpl.h, over rows that hold
 * three gates. */
#ifndef SE_KERNELS_GRU_TMPL_H
#define SE_KERNELS_GRU_TMPL_H

#include "kernels/lstm_tmpl.h"
#include "kernels/math_tmpl.h"

/* A gate's values; p at the gate of the first unit.  Lane j of the next row lies as far
 * behind p[j] as the other gates reach. */
SE_OP vf gate_load(cell_part part, int64_t units, const float *p)
{
    if (part.first >= part.lanes)
        return v_load_or(p, part.lanes, v_zero());
    return v_load_two(part.first, p, part.lanes, p + 2 * units);
}

SE_OP void gate_store(cell_part part, int64_t units, float *p, vf a)
{
    if (part.first >= part.lanes)
        v_store_or(p, part.lanes, a);
    else
        v_store_two(part.first, p, part.lanes, p + 2 * units, a);
}

SE_OP void gru_forward_part(cell_part part, int64_t units, float *x, const float *y,
                            const float *h_prev, float *h)
{
    const vf x_z = gate_load(part, units, x), y_z = gate_load(part, units, y);
    const vf x_r = gate_load(part, units, x + units);
    const vf y_r = gate_load(part, units, y + units);
    const vf x_h = gate_load(part, units, x + 2 * units);
    const vf y_h = gate_load(part, units, y + 2 * units);
    const vf before = h_prev != NULL ? v_load_or(h_prev, part.lanes, v_zero()) : v_zero();
    const vf z = act_sigmoid(v_add(x_z, y_z));
    const vf r = act_sigmoid(v_add(x_r, y_r));
    const vf g = act_tanh(v_fma(r, y_h, x_h));
    const vf rest = v_sub(v_set1(1.0F), z);

    gate_store(part, units, x, z);
    gate_store(part, units, x + units, r);
    gate_store(part, units, x + 2 * units, g);
    v_store_or(h, part.lanes, v_fma(z, before, v_mul(rest, g)));
}

static void gru_forward(int64_t rows, int64_t units, float *x, const float *y,
                        const float *h_prev, float *h)
{
    const cell_part full = { SE_VW, SE_VW };
    const int64_t size = rows * units;
    int64_t u = 0;
    cell_part part;

    for (int64_t at = 0; at < size; at += part.lanes) {
        const float *const h_at = h_prev != NULL ? h_prev + at : NULL;

        part = cell_next(units, size - at, u);
        if (part.first == SE_VW)
            gru_forward_part(full, units, x + u, y + u, h_at, h + at);
        else
            gru_forward_part(part, units, x + u, y + u, h_at, h + at);
        u += part.lanes;
        if (u >= units) {
            u -= units;
            x += 3 * units;
            y += 3 * units;
        }
    }
}

/* The gradients of the pre-activations, of those of h too, and of h_prev:
 *
 *     d_z = dh (h_prev - g) z (1 - z)         d_h = dh (1 - z) (1 - g^2)
 *     d_r = d_h y_h r (1 - r)                 dy_h = d_h r            dh_prev = dh z */
SE_OP void gru_backward_part(cell_part part, int64_t units, float *x, float *y,
                             const float *h_prev, const float *dh_1, const float *dh_2,
                             float *dh_prev)
{
    const vf zero = v_zero();
    const vf z = gate_load(part, units, x);
    const vf r = gate_load(part, units, x + units);
    const vf g = gate_load(part, units, x + 2 * units);
    const vf y_h = gate_load(part, units, y + 2 * units);
    const vf before = h_prev != NULL ? v_load_or(h_prev, part.lanes, zero) : zero;
    const vf dh = v_add(dh_1 != NULL ? v_load_or(dh_1, part.lanes, zero) : zero,
                        v_load_or(dh_2, part.lanes, zero));
    const vf rest = v_sub(v_set1(1.0F), z);
    const vf d_z = v_mul(v_mul(dh, v_sub(before, g)), slope_sigmoid(z));
    const vf d_h = v_mul(v_mul(dh, rest), slope_tanh(g));
    const vf d_r = v_mul(v_mul(d_h, y_h), slope_sigmoid(r));

    gate_store(part, units, x, d_z);
    gate_store(part, units, x + units, d_r);
    gate_store(part, units, x + 2 * units, d_h);
    gate_store(part, units, y, d_z);
    gate_store(part, units, y + units, d_r);
    gate_store(part, units, y + 2 * units, v_mul(d_h, r));
    v_store_or(dh_prev, part.lanes, v_mul(dh, z));
}

static void gru_backward(int64_t rows, int64_t units, float *x, float *y,
                         const float *h_prev, const float *dh_1, const float *dh_2,
                         float *dh_prev)
{
    const cell_part full = { SE_VW, SE_VW };
    const int64_t size = rows * units;
    int64_t u = 0;
    cell_part part;

    for (int64_t at = 0; at < size; at += part.lanes) {
        const float *const h_at = h_prev != NULL ? h_prev + at : NULL;
        const float *const dh_1_at = dh_1 != NULL ? dh_1 + at : NULL;

        part = cell_next(units, size - at, u);
        if (part.first == SE_VW)
            gru_backward_part(full, units, x + u, y + u, h_at, dh_1_at, dh_2 + at,
                              dh_prev + at);
        else
            gru_backward_part(part, units, x + u, y + u, h_at, dh_1_at, dh_2 + at,
                              dh_prev + at);
        u += part.lanes;
        if (u >= units) {
            u -= units;
            x += 3 * units;
            y += 3 * units;
        }
    }
}

#endif /* SE_KERNELS_GRU_TMPL_H */
