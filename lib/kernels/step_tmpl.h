/* kernels/step_tmpl.h - one time step of an LSTM for one sample.
 * SPDX-License-Identifier: MIT
 *
 * The sums are those of gemm() and the cell is that of lstm_forward(), so the bits are
 * those of a whole sequence.
 *
 * With few units a step takes as long as one number takes from h to the next h, and what
 * does not wait for h runs beside the step before.  So nothing here may make the processor
 * wait for a store: arguments are handed on as they are, never copied in pairs. */
#ifndef SE_KERNELS_STEP_TMPL_H
#define SE_KERNELS_STEP_TMPL_H

#include "kernels/gemv_tmpl.h"
#include "kernels/lstm_tmpl.h"
#include "kernels/tables.h"

/* Pre-activations of a vector of units, or of fewer. */
typedef struct gates {
    vf i, f, g, o;
} gates;

/* The gates of `lanes` units at z, each gate `units` after the one before. */
SE_OP gates gates_load(const float *z, int64_t units, int64_t lanes)
{
    const vf zero = v_zero();

    return (gates){ v_load_or(z, lanes, zero), v_load_or(z + units, lanes, zero),
                    v_load_or(z + 2 * units, lanes, zero),
                    v_load_or(z + 3 * units, lanes, zero) };
}

/* What a step reads and writes beside its sums. */
typedef struct step_state {
    const float *c_prev;
    float *c, *h, *h_copy;
} step_state;

/* `lanes` units from number u on. */
SE_OP void step_cell(gates z, const step_state *s, int64_t u, int64_t lanes)
{
    const vf i = act_sigmoid(z.i), f = act_sigmoid(z.f);
    const vf g = act_tanh(z.g), o = act_sigmoid(z.o);
    const vf before =
        s->c_prev != NULL ? v_load_or(s->c_prev + u, lanes, v_zero()) : v_zero();
    const vf c = v_fma(f, before, v_mul(i, g));
    const vf h = v_mul(o, act_tanh(c));

    v_store_or(s->c + u, lanes, c);
    v_store_or(s->h + u, lanes, h);
    v_store_or(s->h_copy + u, lanes, h);
}

/* ---- Few units ---------------------------------------------------------------------- */

/* z += x times one row of B. */
SE_OP gates gates_row(gates z, const float *x, const float *b, int64_t units)
{
    const gates row = gates_load(b, units, units);
    const vf times = v_set1(*x);

    return (gates){ v_fma(times, row.i, z.i), v_fma(times, row.f, z.f),
                    v_fma(times, row.g, z.g), v_fma(times, row.o, z.o) };
}

SE_OP gates gates_add(gates z, const se_row_product *p, int64_t units)
{
    const int64_t a_col = p->a_col, b_row = p->b_row;
    const float *a = p->a, *b = p->b;

    for (int64_t r = p->k; r > 0; r--, a += a_col, b += b_row)
        z = gates_row(z, a, b, units);
    return z;
}

/* No more units than SE_VW: a gate is a vector, and no sum rests in memory. */
SE_OP void step_narrow(int64_t units, const se_row_sums *sums, const step_state *s)
{
    gates z = { v_zero(), v_zero(), v_zero(), v_zero() };

    if (sums->start != NULL)
        z = gates_load(sums->start, units, units);
    z = gates_add(z, &sums->product[0], units);
    z = gates_add(z, &sums->product[1], units);
    step_cell(z, s, 0, units);
}

/* ---- Any number of units ------------------------------------------------------------ */

static void step_wide(int64_t units, const se_row_sums *z, const step_state *s)
{
    int64_t u = 0;

    gemv_joined(z);
    for (; units - u >= SE_VW; u += SE_VW)
        step_cell(gates_load(z->c + u, units, SE_VW), s, u, SE_VW);
    if (u < units)
        step_cell(gates_load(z->c + u, units, units - u), s, u, units - u);
}

static void lstm_step(int64_t units, const se_row_sums *z, const float *c_prev, float *c,
                      float *h, float *h_copy)
{
    const step_state s = { c_prev, c, h, h_copy };

#if defined(SE_SIMD_AVX512)
    /* Half a vector of units would take as long as a whole one. */
    if (units <= 8) {
        se_kernels_avx2.lstm_step(units, z, c_prev, c, h, h_copy);
        return;
    }
#else
    if (units == SE_VW) {
        step_narrow(SE_VW, z, &s);
        return;
    }
    if (units < SE_VW) {
        step_narrow(units, z, &s);
        return;
    }
#endif
    step_wide(units, z, &s);
}

#endif /* SE_KERNELS_STEP_TMPL_H */
