/* layers/recurrent/lstm_trace.c - where states and gates are after a forward pass.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/lstm.h"

/* The block of z, in Keras's order; -1 for what is none. */
static int gate_of(seqecho_trace what)
{
    switch (what) {
    case SEQECHO_TRACE_INPUT_GATE: return 0;
    case SEQECHO_TRACE_FORGET_GATE: return 1;
    case SEQECHO_TRACE_CANDIDATE: return 2;
    case SEQECHO_TRACE_OUTPUT_GATE: return 3;
    default: return -1;
    }
}

bool se_lstm_trace(const se_frame *f, seqecho_trace what, se_trace *out)
{
    se_carver carver = { .base = f->work };
    const se_lstm_pass p = se_lstm_divide(f, &carver);
    const int gate = gate_of(what);

    *out = (se_trace){ .steps = p.steps,
                       .cols = p.units,
                       .stride = p.units,
                       .go_backwards = p.spec->go_backwards };
    if (what == SEQECHO_TRACE_HIDDEN_STATE || what == SEQECHO_TRACE_CELL_STATE) {
        out->data = what == SEQECHO_TRACE_HIDDEN_STATE ? p.h : p.c;
        return true;
    }
    if (gate < 0)
        return false;
    out->data = p.z + gate * p.units;
    out->stride = 4 * p.units;
    out->mask = p.mask;
    return true;
}
