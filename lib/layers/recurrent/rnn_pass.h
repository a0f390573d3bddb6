/* layers/recurrent/rnn_pass.h - what forward and backward of a GRU or SimpleRNN share.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_RECURRENT_RNN_PASS_H
#define SE_LAYERS_RECURRENT_RNN_PASS_H

#include "layers/recurrent/rnn.h"

/* Samples from which a step's input product fills the kernels as well as that of all steps
 * would. */
#define SE_RNN_STEP_ROWS 16

se_rnn_pass se_rnn_divide(const se_frame *f, const se_rnn *rnn, se_carver *carver);

/* Are the products of all x made in one go, before the first step? */
static inline bool se_rnn_input_in_one(const se_rnn_pass *p)
{
    return (p->batch < SE_RNN_STEP_ROWS && !p->f->in[0].repeated) || p->in[0].noise != NULL;
}

/* First row of step s in the order of time. */
static inline int64_t se_rnn_time_row(const se_rnn_pass *p, int64_t s)
{
    return (p->rnn->go_backwards ? p->steps - 1 - s : s) * p->batch;
}

/* h of step s, first row `row`. */
static inline float *se_rnn_h_at(const se_rnn_pass *p, int64_t s, int64_t row)
{
    return p->h + (s % p->kept_h * p->batch + row) * p->units;
}

/* h of the step before; NULL stands for zeros. */
static inline const float *se_rnn_h_before(const se_rnn_pass *p, int64_t s, int64_t row)
{
    if (s > 0)
        return se_rnn_h_at(p, s - 1, row);
    return p->h0 != NULL ? p->h0 + row * p->units : NULL;
}

/* `rows` samples from `begin` on at step s. */
se_rnn_step se_rnn_step_at(const se_rnn_pass *p, const se_compute *compute, int64_t s,
                           int64_t begin, int64_t rows);

/* The part of the samples [*begin, *end) that has to be computed at step s; false if none
 * has. */
bool se_rnn_narrow(const se_rnn_pass *p, int64_t s, int64_t *begin, int64_t *end);

/* The samples through all steps, on as many threads as that is worth. */
void se_rnn_run_rows(const se_rnn_pass *p, se_pool_fn fn);

#endif /* SE_LAYERS_RECURRENT_RNN_PASS_H */
