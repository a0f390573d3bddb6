/* layers/recurrent/rnn_trace.c - where h and the gates are after a forward pass.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/rnn_pass.h"

bool se_rnn_trace(const se_frame *f, const se_rnn *rnn, seqecho_trace what, int gate,
                  se_trace *out)
{
    se_carver carver = { .base = f->work };
    const se_rnn_pass p = se_rnn_divide(f, rnn, &carver);

    *out = (se_trace){ .steps = p.steps,
                       .cols = p.units,
                       .stride = p.units,
                       .go_backwards = rnn->go_backwards };
    if (what == SEQECHO_TRACE_HIDDEN_STATE) {
        out->data = p.h;
        return true;
    }
    if (gate < 0)
        return false;
    out->data = p.a + gate * p.units;
    out->stride = p.width;
    out->in_time = true;
    out->mask = p.mask;
    return true;
}
