/* layers/recurrent.h - what recurrent layers share: their input, and missing steps.
 * SPDX-License-Identifier: MIT
 *
 * A mask has a byte for each time step and sample, step-major.  At a missing step the
 * state stays; what the layer gives there is its state, or zeros: "shown" below, a mask
 * of outputs.  Steps are counted in the order of processing. */
#ifndef SE_LAYERS_RECURRENT_H
#define SE_LAYERS_RECURRENT_H

#include "layers/layer.h"

/* The first input is (timesteps, features), or an error that says what to do. */
int se_recurrent_check_input(const seqecho_layer *layer, const se_shape *in);

/* First and last missing rows do not count: the range [*begin, *end) of rows that holds
 * every row that is there.  False if none is.  mask NULL means all are there. */
bool se_mask_range(const uint8_t *mask, int64_t rows, int64_t *begin, int64_t *end);

/* Rows of `now` whose step is missing become those of `before` (NULL for zeros). */
void se_mask_carry(const uint8_t *mask, int64_t rows, int64_t cols, const float *before,
                   float *now);

/* Rows whose step is missing become zeros. */
void se_mask_clear(const uint8_t *mask, int64_t rows, int64_t cols, float *x);

/* What this frame gives at missing steps.  Steps that come one by one have no first one of
 * a sequence: the last output is the state, as it is of a run that began with zeros. */
static inline seqecho_masked_output se_masked_output(const se_frame *f,
                                                     seqecho_masked_output output)
{
    return f->stepping && output == SEQECHO_MASKED_LAST ? SEQECHO_MASKED_STATE : output;
}

/* Must outputs lie apart from the states, because not every state is shown?  Only where
 * states begin with something other than zeros, or SEQECHO_MASKED_ZERO asks for it. */
static inline bool se_shown_differs(seqecho_masked_output output, bool masked, bool initial)
{
    return masked &&
           (output == SEQECHO_MASKED_ZERO || (output == SEQECHO_MASKED_LAST && initial));
}

/* Fill shown (steps, batch) for an input mask (not NULL), both in the order of processing
 * if `backwards` is false, else mask is read from the last step on: 1 where the output is
 * the state, 0 where it is zeros. */
void se_shown_fill(seqecho_masked_output output, const uint8_t *mask, int64_t steps,
                   int64_t batch, bool backwards, uint8_t *shown);

#endif /* SE_LAYERS_RECURRENT_H */
