/* lstm_frame.h - one call of an LSTM with everything about it in the test's hands, and the
 * same in plain loops.
 * SPDX-License-Identifier: MIT
 *
 * Arrays are step-major, as the library keeps them: row (t, b) of x at (t batch + b). */
#ifndef SEQECHO_TESTS_LSTM_FRAME_H
#define SEQECHO_TESTS_LSTM_FRAME_H

#include "layers/layer.h"

typedef struct lstm_frame {
    seqecho_lstm_spec spec;
    int64_t steps, batch, features;
    bool masked;         /* a mask is possible */
    const uint8_t *mask; /* (steps, batch), of the input; or NULL */
    bool initial;        /* h0 and c0 are inputs */
    bool keep;           /* h0 and c0 are the state kept from before */
    bool training, learning;
    uint64_t seed;
    int threads; /* 0 is 1 */
    const int32_t *classes;

    /* Filled in by lstm_frame_open(), and to be changed by the test. */
    float *x;              /* (steps, batch, features) */
    float *h0, *c0;        /* (batch, units) */
    float *params, *grads; /* kernel, recurrent kernel, bias */
    float *out[3];         /* the output, h, c */
    float *d_out[3], *d_in[3];
    float *next_state; /* h, then c, if keep */
    size_t n_params;
    int64_t rows_out; /* of out[0]: steps batch, or batch */

    seqecho_layer *layer;
    se_frame f;
    struct lstm_frame_own *own;
} lstm_frame;

/* Make the layer and every array from the fields above; weights, inputs and gradients of
 * outputs are random, the same for the same sizes. */
void lstm_frame_open(lstm_frame *t);
void lstm_frame_close(lstm_frame *t);

/* Run it, with everything that is to be written holding NaN before. */
void lstm_frame_forward(lstm_frame *t);
void lstm_frame_backward(lstm_frame *t);

/* The same through ops->step(), which may decline. */
bool lstm_frame_step(lstm_frame *t);

/* Uniform in [-1, 1]; the sequence is that of *state. */
float lstm_frame_random(uint32_t *state);

/* A mask with leading, trailing and inner missing steps, some samples and steps missing
 * altogether; `kind` counts from 0, and kind 0 has nothing missing. */
enum { LSTM_FRAME_MASKS = 6 };
void lstm_frame_mask(uint8_t *mask, int kind, int64_t steps, int64_t batch);

/* What the layer should give, in double; tanh and sigmoid only.  `values` are all
 * variables: parameters, x, h0, c0, as lstm_frame_variables() lists them.  out receives the
 * output, h and c one after the other. */
size_t lstm_frame_count(const lstm_frame *t); /* of variables */
size_t lstm_frame_outputs(const lstm_frame *t);
void lstm_frame_variables(const lstm_frame *t, double *values);
void lstm_frame_reference(const lstm_frame *t, const double *values, double *out);

#endif /* SEQECHO_TESTS_LSTM_FRAME_H */
