/* layers/recurrent/rnn.h - the walk over the steps of a GRU or SimpleRNN.
 * SPDX-License-Identifier: MIT
 *
 * Layers whose state is h alone, and whose step is made of products of x and of h:
 *
 *     a = x K + b                    for each gate, a block of `units` columns
 *     h' = cell(a, h R, h)
 *
 * Everything but the cell is here: options and shapes, where the state begins, missing
 * steps, dropout, the order of the steps, threads, and the gradients of weights and inputs.
 *
 * "Step s" counts in the order of processing; with go_backwards it reads time T - 1 - s. */
#ifndef SE_LAYERS_RECURRENT_RNN_H
#define SE_LAYERS_RECURRENT_RNN_H

#include "layers/layer.h"

typedef struct se_rnn_pass se_rnn_pass;
typedef struct se_rnn_step se_rnn_step;

#define SE_RNN_GATES 3 /* at most */

/* Its weights. */
enum { SE_RNN_KERNEL, SE_RNN_RECURRENT_KERNEL, SE_RNN_BIAS };

/* A layer's description, and its cell. */
typedef struct se_rnn {
    int64_t units, gates;
    seqecho_activation activation, recurrent_activation;
    seqecho_init kernel_init, recurrent_init, bias_init;
    bool return_sequences, return_state, stateful, go_backwards, no_bias;
    float dropout, recurrent_dropout;
    bool draws_apart; /* dropout is drawn for each gate */
    seqecho_masked_output masked_output;

    bool beside;    /* products of h stand beside those of x, with a bias of their own: the
                       bias has two rows */
    bool last_late; /* the last gate's product is not of h, but of what the cell makes of it
                       meanwhile */
    bool pre;       /* pre-activations are kept for backward */
    bool scratch;   /* the cell's backward needs room */
    void (*forward)(const se_rnn_pass *p, const se_rnn_step *step);
    void (*backward)(const se_rnn_pass *p, const se_rnn_step *step);
} se_rnn;

/* Some gates whose products have one left factor. */
typedef struct se_rnn_block {
    int64_t gate, gates; /* the first, and how many */
    se_factor factor;    /* their columns of K or R; in backward its transpose */
    float *packed;
    float *left;        /* the left factor, where it is not x or h itself: (time steps,
                           batch, features), or (steps kept, batch, units) */
    float *noise_room;  /* (batch, features or units) */
    const float *noise; /* the same, if something is dropped in this pass */
    bool own;           /* does `left` count in this pass? */
} se_rnn_block;

/* One call's view of its frame: sizes, memory, and where the state begins. */
struct se_rnn_pass {
    const se_frame *f;
    const se_rnn *rnn;
    int64_t steps, batch, features, units, width; /* width: gates units */
    int64_t kept_a, kept_b, kept_h;               /* steps that are kept of a, b and h */
    const uint8_t *mask;                          /* (time steps, batch), or NULL */
    const float *h0;                              /* NULL for zeros */
    seqecho_masked_output masked_output;

    int n_in, n_rec;
    se_rnn_block in[SE_RNN_GATES];  /* x K */
    se_rnn_block rec[SE_RNN_GATES]; /* h R */

    /* Workspace. */
    float *a;   /* (kept_a, batch, width), in the order of time: products of x, gates,
                       then gradients of the products */
    float *b;   /* (kept_b, batch, width), or NULL: products of h, then their gradients */
    float *pre; /* like a, or NULL: pre-activations; training only */
    float *h;   /* (kept_h, batch, units): the output itself where it can be */
    uint8_t *shown; /* (steps, batch), or NULL: see layers/recurrent.h */
    float *once;    /* (batch, width): for a repeated input, its product, then da summed */
    float *dh[2];   /* (batch, units), the second for masks: they take turns */
    float *d_left;  /* (batch, units): gradient of a left factor that is not h itself */
    float *dx;      /* (time steps, batch, features): one block's part of d_in */
    float *scratch; /* (batch, width) */
};

/* Some samples at one step.  Pointers are to their first row. */
struct se_rnn_step {
    const se_compute *compute;
    int64_t s, begin, rows;
    float *a, *b, *pre;  /* rows of `width`; see se_rnn_pass */
    const float *before; /* h of the step before; NULL for zeros */
    float *h;            /* forward: receives h; may be `before` */

    /* Backward only: the gradient of h is dh_1 + dh_2, where dh_1 may be NULL for zeros;
     * dh_before, which may be dh_2, receives that of `before`.  want_before: is it needed
     * beyond this step? */
    const float *dh_1, *dh_2;
    float *dh_before;
    bool want_before;
    float *scratch;
};

/* ---- For the functions of a layer -------------------------------------------------- */

int se_rnn_check(const seqecho_layer *layer, const se_rnn *rnn);
uint32_t se_rnn_traits(const se_rnn *rnn);
int se_rnn_infer(const seqecho_layer *layer, const se_rnn *rnn, const se_shape *in,
                 size_t n_in, se_shape *out);
void se_rnn_build(seqecho_layer *layer, const se_rnn *rnn, const se_shape *in);
void se_rnn_work(const se_frame *f, const se_rnn *rnn, se_carver *carver);
void se_rnn_forward(const se_frame *f, const se_rnn *rnn);
void se_rnn_backward(const se_frame *f, const se_rnn *rnn);
/* `gate` is the number of the gate that is asked for; -1 if the layer has none such. */
bool se_rnn_trace(const se_frame *f, const se_rnn *rnn, seqecho_trace what, int gate,
                  se_trace *out);

/* ---- For cells ----------------------------------------------------------------------- */

/* The rows' left factor of a block of products of h: h as it enters, dropout done.  NULL
 * for zeros. */
const float *se_rnn_left(const se_rnn_pass *p, const se_rnn_step *step,
                         const se_rnn_block *block);

/* Where the rows' left factor of the last block stands, if it is `last_late`. */
float *se_rnn_left_room(const se_rnn_pass *p, const se_rnn_step *step,
                        const se_rnn_block *block);

/* The products of a block and its left factor, NULL for zeros: added to a, or with
 * `beside` put into b, bias included. */
void se_rnn_product(const se_rnn_pass *p, const se_rnn_step *step,
                    const se_rnn_block *block, const float *left);

/* dh_before += the gradient that came through the products of h in this block, from those
 * of the products. */
void se_rnn_product_backward(const se_rnn_pass *p, const se_rnn_step *step,
                             const se_rnn_block *block);

/* The gradient of a block's left factor as it is; (rows, units), in p->d_left. */
float *se_rnn_left_gradient(const se_rnn_pass *p, const se_rnn_step *step,
                            const se_rnn_block *block);

/* dh_1 + dh_2, into dh_before. */
void se_rnn_sum_dh(const se_rnn_pass *p, const se_rnn_step *step);

#endif /* SE_LAYERS_RECURRENT_RNN_H */
