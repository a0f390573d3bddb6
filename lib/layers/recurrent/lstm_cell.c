/* layers/recurrent/lstm_cell.c - one time step of LSTM arithmetic, after the products.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/lstm_cell.h"

#include <string.h>

#include "layers/activate.h"

bool se_lstm_cell_fused(const se_lstm_cell *cell)
{
    return cell->activation == SEQECHO_TANH &&
           cell->recurrent_activation == SEQECHO_SIGMOID;
}

bool se_lstm_cell_needs_input(const se_lstm_cell *cell)
{
    return se_activation_needs_input(cell->activation) ||
           se_activation_needs_input(cell->recurrent_activation);
}

/* One row; gates are rows of their own where an activation looks at whole rows. */
static void forward_row(const se_lstm_cell *cell, float *z, const float *c_prev, float *c,
                        float *act_c, float *h)
{
    const int64_t u = cell->units;
    const float *const i = z, *const f = z + u, *const g = z + 2 * u, *const o = z + 3 * u;

    se_activate(cell->k, cell->recurrent_activation, 2, u, z, z);
    se_activate(cell->k, cell->activation, 1, u, g, z + 2 * u);
    se_activate(cell->k, cell->recurrent_activation, 1, u, o, z + 3 * u);
    for (int64_t j = 0; j < u; j++)
        c[j] = (c_prev != NULL ? f[j] * c_prev[j] : 0.0f) + i[j] * g[j];
    se_activate(cell->k, cell->activation, 1, u, c, act_c);
    for (int64_t j = 0; j < u; j++)
        h[j] = o[j] * act_c[j];
}

void se_lstm_cell_forward(const se_lstm_cell *cell, int64_t rows, float *z, float *pre,
                          const float *c_prev, float *c, float *act_c, float *h)
{
    const int64_t u = cell->units;

    if (se_lstm_cell_fused(cell)) {
        cell->k->lstm_forward(rows, u, z, c_prev, c, act_c, h);
        return;
    }
    if (pre != NULL)
        memcpy(pre, z, (size_t)(rows * 4 * u) * sizeof *pre);
    for (int64_t r = 0; r < rows; r++)
        forward_row(cell, z + r * 4 * u, c_prev != NULL ? c_prev + r * u : NULL, c + r * u,
                    (act_c != NULL ? act_c : h) + r * u, h + r * u);
}

/* One row.  d_gates: gradients of the gates; d_c: gradient of c through activation(c). */
static void backward_row(const se_lstm_cell *cell, const se_lstm_cell_grad *row)
{
    const int64_t u = cell->units;
    const float *const z = row->z, *const act_c = row->act_c;
    const float *const i = z, *const f = z + u, *const g = z + 2 * u, *const o = z + 3 * u;
    float *const d_gates = row->scratch, *const d_c = row->scratch + 4 * u;
    const seqecho_activation act[] = { cell->recurrent_activation,
                                       cell->recurrent_activation, cell->activation,
                                       cell->recurrent_activation };

    for (int64_t j = 0; j < u; j++) {
        const float dh = (row->dh_1 != NULL ? row->dh_1[j] : 0.0f) +
                         (row->dh_2 != NULL ? row->dh_2[j] : 0.0f);

        d_gates[3 * u + j] = dh * act_c[j];
        d_c[j] = dh * o[j];
    }
    se_activate_backward(cell->k, cell->activation, 1, u, row->c, act_c, d_c, d_c);
    for (int64_t j = 0; j < u; j++) {
        const float dc = d_c[j] + row->dc[j];

        d_gates[j] = dc * g[j];
        d_gates[u + j] = row->c_prev != NULL ? dc * row->c_prev[j] : 0.0f;
        d_gates[2 * u + j] = dc * i[j];
        row->dc[j] = dc * f[j];
    }
    for (int64_t gate = 0; gate < 4; gate++)
        se_activate_backward(cell->k, act[gate], 1, u,
                             row->pre != NULL ? row->pre + gate * u : NULL, z + gate * u,
                             d_gates + gate * u, d_gates + gate * u);
    memcpy(row->z, d_gates, (size_t)(4 * u) * sizeof *d_gates);
}

static const float *row_of(const float *array, int64_t r, int64_t width)
{
    return array != NULL ? array + r * width : NULL;
}

void se_lstm_cell_backward(const se_lstm_cell *cell, int64_t rows,
                           const se_lstm_cell_grad *g)
{
    const int64_t u = cell->units;

    if (se_lstm_cell_fused(cell)) {
        cell->k->lstm_backward(rows, u, g->z, g->c_prev, g->act_c, g->dh_1, g->dh_2, g->dc);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        backward_row(cell, &(se_lstm_cell_grad){
                               .z = g->z + r * 4 * u,
                               .pre = row_of(g->pre, r, 4 * u),
                               .c_prev = row_of(g->c_prev, r, u),
                               .c = g->c + r * u,
                               .act_c = g->act_c + r * u,
                               .dh_1 = row_of(g->dh_1, r, u),
                               .dh_2 = row_of(g->dh_2, r, u),
                               .dc = g->dc + r * u,
                               .scratch = g->scratch + r * SE_LSTM_CELL_SCRATCH * u,
                           });
}
