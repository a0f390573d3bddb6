/* seqecho/recurrent.h - descriptions of the recurrent layers, and Bidirectional.
 * SPDX-License-Identifier: MIT
 *
 * Shapes are (batch, timesteps, features) as in Keras; batch is left out below.  What masks
 * are is told in seqecho/layers.h. */
#ifndef SEQECHO_RECURRENT_H
#define SEQECHO_RECURRENT_H

#include <seqecho/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a recurrent layer gives at a time step that is missing. */
typedef enum seqecho_masked_output {
    SEQECHO_MASKED_LAST = 0,  /* its last output again, zeros before the first: Keras 3 */
    SEQECHO_MASKED_STATE = 1, /* its state h, also before the first: Keras until 2.3 */
    SEQECHO_MASKED_ZERO = 2   /* zeros: Keras's zero_output_for_mask */
} seqecho_masked_output;

/* ---- LSTM: long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
 * gate of Gers et al. 2000), exactly as Keras computes it:
 *
 *     i = recurrent_activation(x K_i + h R_i + b_i)       input gate
 *     f = recurrent_activation(x K_f + h R_f + b_f)       forget gate
 *     g =           activation(x K_c + h R_c + b_c)       candidate
 *     o = recurrent_activation(x K_o + h R_o + b_o)       output gate
 *     c' = f c + i g        h' = o activation(c')
 *
 * (timesteps, features) -> (units), or (timesteps, units) with return_sequences.
 * With return_state two more outputs, h and c of the last step: (units) each.
 * A call may bring { x, initial_h, initial_c }.
 * Weights: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units),
 * columns in four blocks i, f, c, o.
 *
 * A stateful layer starts each batch from the state the last batch ended with, sample by
 * sample, until the state is reset; gradients stop at the batch.  The state belongs to
 * the trainer or predictor, not to the graph.  Given an initial state, the layer uses
 * that one.  A stateful layer can be called only once; inside TimeDistributed it keeps a
 * state for each time step of the wrapper.  go_backwards reads the steps last to first,
 * and with return_sequences gives its outputs in the order they were computed.
 *
 * Masks.  At a missing step the state stays as it is, and the output is as masked_output
 * says.
 *
 * Dropout, in training only.  Elements of x, and of h where it enters the recurrent
 * product, become 0 with the given probability and are divided by the probability to stay
 * otherwise; one draw for each sample and batch, the same at all its time steps.
 * Implementation 2 draws once for all gates, 1 once for each; with recurrent_dropout it is
 * always 1, as in Keras 3.  A rate of 1 is no dropout, as in Keras. */
typedef struct seqecho_lstm_spec {
    seqecho_spec head;
    const char *name;
    int64_t units;                           /* required */
    seqecho_activation activation;           /* default tanh */
    seqecho_activation recurrent_activation; /* default sigmoid */
    seqecho_init kernel_init;                /* default glorot uniform */
    seqecho_init recurrent_init;             /* default orthogonal */
    seqecho_init bias_init;                  /* default zeros */
    seqecho_bool return_sequences;
    seqecho_bool return_state;
    seqecho_bool stateful;
    seqecho_bool go_backwards;
    seqecho_bool no_bias;
    seqecho_bool no_unit_forget_bias; /* else the forget gate's bias starts at 1 */
    uint8_t implementation;           /* 0 means 2; see "Dropout" above */
    uint8_t reserved[5];
    float dropout;           /* of x, in [0, 1] */
    float recurrent_dropout; /* of h, in [0, 1] */
    seqecho_masked_output masked_output;
    uint32_t reserved_2; /* zero */
} seqecho_lstm_spec;

/* ---- GRU: gated recurrent unit (Cho et al. 2014), exactly as Keras computes it:
 *
 *     z = recurrent_activation(x K_z + h R_z + b_z)       update gate
 *     r = recurrent_activation(x K_r + h R_r + b_r)       reset gate
 *     g = activation(x K_h + b_h + r (h R_h + b'_h))      candidate
 *     h' = z h + (1 - z) g
 *
 * with a second bias b' for the recurrent products of all three; with no_reset_after, the
 * default of Keras 2.3, g = activation(x K_h + (r h) R_h + b_h) and one bias.
 * Shapes, states, masks and dropout as LSTM; the state is h alone, and a call may bring
 * { x, initial_h }.
 * Weights: kernel (features, 3 units), recurrent_kernel (units, 3 units), bias
 * (2, 3 units), b above b', or (3 units); columns in three blocks z, r, h. */
typedef struct seqecho_gru_spec {
    seqecho_spec head;
    const char *name;
    int64_t units;                           /* required */
    seqecho_activation activation;           /* default tanh */
    seqecho_activation recurrent_activation; /* default sigmoid */
    seqecho_init kernel_init;                /* default glorot uniform */
    seqecho_init recurrent_init;             /* default orthogonal */
    seqecho_init bias_init;                  /* default zeros */
    seqecho_bool return_sequences;
    seqecho_bool return_state;
    seqecho_bool stateful;
    seqecho_bool go_backwards;
    seqecho_bool no_bias;
    seqecho_bool no_reset_after;
    uint8_t implementation; /* 0 means 2 */
    uint8_t reserved[5];
    float dropout, recurrent_dropout; /* in [0, 1] */
    seqecho_masked_output masked_output;
    uint32_t reserved_2; /* zero */
} seqecho_gru_spec;

/* ---- SimpleRNN: h' = activation(x K + h R + b) ---------------------------------------
 *
 * Shapes, states, masks and dropout as LSTM; the state is h alone, and a call may bring
 * { x, initial_h }.
 * Weights: kernel (features, units), recurrent_kernel (units, units), bias (units). */
typedef struct seqecho_simple_rnn_spec {
    seqecho_spec head;
    const char *name;
    int64_t units;                 /* required */
    seqecho_activation activation; /* default tanh */
    seqecho_init kernel_init;      /* default glorot uniform */
    seqecho_init recurrent_init;   /* default orthogonal */
    seqecho_init bias_init;        /* default zeros */
    seqecho_bool return_sequences;
    seqecho_bool return_state;
    seqecho_bool stateful;
    seqecho_bool go_backwards;
    seqecho_bool no_bias;
    uint8_t reserved[3];
    float dropout, recurrent_dropout; /* in [0, 1] */
    seqecho_masked_output masked_output;
    uint32_t reserved_2; /* zero */
} seqecho_simple_rnn_spec;

/* How Bidirectional joins its two outputs. */
typedef enum seqecho_merge {
    SEQECHO_MERGE_CONCAT = 0, /* forward's features, then backward's */
    SEQECHO_MERGE_SUM = 1,
    SEQECHO_MERGE_MUL = 2,
    SEQECHO_MERGE_AVE = 3
} seqecho_merge;

/* ---- Bidirectional: a recurrent layer, and the same one reading backwards ------------
 *
 * Outputs of both stand at the time step they belong to.  With return_sequences the
 * outputs of missing steps are zeros, as in Keras 3.  With return_state the states of the
 * forward layer follow the output, then those of the backward one; a call may bring
 * initial states in the same order.  stateful: both keep their state.
 * Weights: forward_kernel and so on, then backward_kernel and so on. */
typedef struct seqecho_bidirectional_spec {
    seqecho_spec head;
    const char *name;
    const seqecho_spec *inner;    /* required: an LSTM, a GRU or a SimpleRNN; copied */
    const seqecho_spec *backward; /* NULL means as inner, go_backwards turned round */
    seqecho_merge merge_mode;
    uint32_t reserved;
} seqecho_bidirectional_spec;

#ifndef __cplusplus
#define SEQECHO_LSTM(...) SEQECHO__SPEC(seqecho_lstm_spec, SEQECHO_KIND_LSTM, __VA_ARGS__)
#define SEQECHO_GRU(...) SEQECHO__SPEC(seqecho_gru_spec, SEQECHO_KIND_GRU, __VA_ARGS__)
#define SEQECHO_SIMPLE_RNN(...) \
    SEQECHO__SPEC(seqecho_simple_rnn_spec, SEQECHO_KIND_SIMPLE_RNN, __VA_ARGS__)
#define SEQECHO_BIDIRECTIONAL(...) \
    SEQECHO__SPEC(seqecho_bidirectional_spec, SEQECHO_KIND_BIDIRECTIONAL, \
                  .inner = __VA_ARGS__)
#endif

#ifdef __cplusplus
} /* extern "C" */

SEQECHO__KIND(seqecho_lstm_spec, SEQECHO_KIND_LSTM)
SEQECHO__KIND(seqecho_bidirectional_spec, SEQECHO_KIND_BIDIRECTIONAL)
SEQECHO__KIND(seqecho_gru_spec, SEQECHO_KIND_GRU)
SEQECHO__KIND(seqecho_simple_rnn_spec, SEQECHO_KIND_SIMPLE_RNN)
#endif
#endif /* SEQECHO_RECURRENT_H */
