/* layers/recurrent/lstm.h - what the files of the LSTM share: one call's view of its frame.
 * SPDX-License-Identifier: MIT
 *
 * Arrays are step-major, and "step" counts in the order of processing: with go_backwards
 * step s reads input step T - 1 - s.
 *
 * A missing step of a sample costs little: of each step, only the rows from the first to
 * the last that is there are computed, and rows missing between them are put back to what
 * they were.  Whatever those were computed from, it reaches nothing: their gradients dz are
 * zeros, and no product takes them together with features that are not finite. */
#ifndef SE_LAYERS_RECURRENT_LSTM_H
#define SE_LAYERS_RECURRENT_LSTM_H

#include "layers/layer.h"
#include "layers/recurrent/lstm_cell.h"
#include "layers/recurrent/lstm_gates.h"

/* Its weights. */
enum { KERNEL, RECURRENT_KERNEL, BIAS };

/* Sizes, memory, and where the state begins. */
typedef struct se_lstm_pass {
    const se_frame *f;
    const seqecho_lstm_spec *spec;
    se_lstm_cell cell;
    int64_t steps, batch, features, units;
    int64_t kept_c, kept_h, kept_z; /* steps that are kept: all or the newest */

    const float *x;         /* (steps, batch, features): the input, or what dropout left */
    const int32_t *classes; /* class numbers to be looked at instead; or NULL */
    const float *h0, *c0;   /* NULL for zeros */
    const float *bias;      /* NULL for none */
    const uint8_t *mask;    /* of the input, not turned round; NULL: nothing is missing */
    seqecho_masked_output masked_output;
    se_factor kernel;      /* K forward, K transposed backward */
    se_factor recurrent;   /* R and R transposed */
    se_lstm_gates x_gates; /* dropout of x, and of h, one draw for each gate */
    se_lstm_gates h_gates; /* factor NULL where there is none */

    /* Workspace. */
    float *z;       /* (kept_z, batch, 4 units): gates, then their gradients */
    float *c;       /* (kept_c, batch, units) */
    float *act_c;   /* (kept_c, batch, units): activation(c); training only */
    float *h;       /* (kept_h, batch, units): the output itself where that is the sequence
                       and shows every state */
    uint8_t *shown; /* (steps, batch): where the output is h; NULL for everywhere */
    float *pre;     /* (steps, batch, 4 units): where a derivative needs it */
    float *once;   /* (batch, 4 units): for a repeated input, its product, then dz summed */
    float *x_left; /* (steps, batch, features): x after dropout, drawn once for all gates */
    float *x_factor;                         /* (batch, features), if so; else NULL */
    float *kernel_packed, *recurrent_packed; /* forward or backward: of the transposes */
    float *dh, *dc, *scratch;                /* (batch, units), the last several */
    float *dh_held, *dc_held; /* (batch, units): of missing rows during a step */
} se_lstm_pass;

/* Divide the frame's memory; with a carver whose base is NULL, only measure it. */
se_lstm_pass se_lstm_divide(const se_frame *f, se_carver *carver);

/* Samples from which a step's input product fills the kernels as well as that of all steps
 * would. */
#define SE_LSTM_STEP_ROWS 16

/* Are the input products of all steps made in one go, before the first? */
static inline bool se_lstm_input_in_one(const se_lstm_pass *p)
{
    return p->batch < SE_LSTM_STEP_ROWS && !p->spec->go_backwards &&
           !p->f->in[0].repeated && p->x_gates.factor == NULL;
}

/* Row `row` of h or c after step s - 1; NULL stands for zeros. */
static inline const float *se_lstm_before(const se_lstm_pass *p, const float *sequence,
                                          int64_t kept, const float *initial, int64_t s,
                                          int64_t row)
{
    if (s == 0)
        return initial != NULL ? initial + row * p->units : NULL;
    return sequence + ((s - 1) % kept * p->batch + row) * p->units;
}

/* First row of the input of step s. */
static inline int64_t se_lstm_input_row(const se_lstm_pass *p, int64_t s)
{
    return (p->spec->go_backwards ? p->steps - 1 - s : s) * p->batch;
}

/* The mask of step s from sample `row` on; NULL for none. */
static inline const uint8_t *se_lstm_step_mask(const se_lstm_pass *p, int64_t s,
                                               int64_t row)
{
    return p->mask != NULL ? p->mask + se_lstm_input_row(p, s) + row : NULL;
}

/* Rows [begin, end) of z, in the order of processing, that one product may take: as many as
 * lie side by side in the input too, from one that is there to one that is there.  Rows
 * that are missing between them have finite features. */
typedef struct se_lstm_run {
    int64_t begin, end;
    int64_t input; /* row of the input that `begin` is */
} se_lstm_run;

/* The run after *run, which starts as { 0 }; false after the last. */
bool se_lstm_next_run(const se_lstm_pass *p, se_lstm_run *run);

/* The samples through all steps, on as many threads as that is worth. */
void se_lstm_run_rows(const se_lstm_pass *p, se_pool_fn fn);

/* See se_layer_ops. */
void se_lstm_forward(const se_frame *f);
bool se_lstm_forward_step(const se_frame *f);
void se_lstm_backward(const se_frame *f);
bool se_lstm_trace(const se_frame *f, seqecho_trace what, se_trace *out);

#endif /* SE_LAYERS_RECURRENT_LSTM_H */
