/* seqecho/predictor.h - inference with buffers and recurrent state of its own.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_PREDICTOR_H
#define SEQECHO_PREDICTOR_H

#include <seqecho/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Thread-safety: one thread at a time per predictor.  Any number of predictors may run at
 * once, in any threads, on one graph whose weights nobody changes meanwhile. */
typedef struct seqecho_predictor seqecho_predictor;

typedef struct seqecho_predictor_options {
    size_t struct_size;
    /* Sequences run side by side; 0 means the graph's fixed batch, or else 1.  Need not be
     * the batch the graph was trained with.  Memory for a step of so many is taken at
     * once. */
    int64_t batch;
    int32_t threads;           /* for run(); 0 means chosen by the size of the work */
    seqecho_numerics numerics; /* of run(); a step is always reproducible */
    const seqecho_allocator *allocator; /* or NULL */
    seqecho_bool trace;  /* keep what seqecho_predictor_trace() reads; takes the memory of a
                            training batch */
    uint8_t reserved[7]; /* zero */
} seqecho_predictor_options;

#ifndef __cplusplus
#define SEQECHO_PREDICTOR(...) \
    SEQECHO__REF(seqecho_predictor_options, \
                 .struct_size = sizeof(seqecho_predictor_options), __VA_ARGS__)
#endif

/* Takes a reference on the graph, and ends its building. */
SEQECHO_API int seqecho_predictor_create(seqecho_predictor **out, seqecho_graph *graph,
                                         const seqecho_predictor_options *options)
    SEQECHO_MUST_CHECK;

/* NULL is allowed. */
SEQECHO_API void seqecho_predictor_destroy(seqecho_predictor *predictor);

/* Run whole sequences: any number of samples, each from a zero state.  With stateful
 * layers: a multiple of `batch` samples, each batch continuing the one before, also from
 * call to call.  x points to one view per graph input.  out receives the outputs one
 * after the other, each (samples, ...) row-major; out_count is the number of floats and
 * must be exact.  The states of run() and of step() are separate. */
SEQECHO_API int seqecho_predictor_run(seqecho_predictor *predictor, const seqecho_view *x,
                                      float *out, size_t out_count) SEQECHO_MUST_CHECK;

/* One time step for each of the `batch` sequences, every recurrent layer keeping its
 * state between calls, stateful or not.
 *
 * x_t: (batch, features), y_t: (batch, features of the output).  For graphs with one
 * input and one output whose layers all go forward step by step; else SEQECHO_ENOTSUP,
 * naming the layer (RepeatVector, go_backwards).  A recurrent layer gives its output at
 * every step, whatever its return_sequences.  Never allocates, locks or calls the
 * system: fit for a real-time thread. */
SEQECHO_API int seqecho_predictor_step(seqecho_predictor *predictor, const float *x_t,
                                       float *y_t) SEQECHO_MUST_CHECK;

/* The same with class numbers, (batch), in place of one-hot rows. */
SEQECHO_API int seqecho_predictor_step_classes(seqecho_predictor *predictor,
                                               const int32_t *x_t,
                                               float *y_t) SEQECHO_MUST_CHECK;

/* ---- What went on inside ---------------------------------------------------------------
 *
 * A predictor made with .trace = true keeps what its layers computed in the last run(),
 * which then takes at most `batch` samples; examples/echo_inspect.c draws it. */

typedef enum seqecho_trace {
    SEQECHO_TRACE_OUTPUT = 1,       /* of any layer, its first: (samples, ...) */
    SEQECHO_TRACE_HIDDEN_STATE = 2, /* h of LSTM, GRU, SimpleRNN, after each step */
    SEQECHO_TRACE_CELL_STATE = 3,   /* c of LSTM, after each step */
    SEQECHO_TRACE_INPUT_GATE = 4,   /* i of LSTM */
    SEQECHO_TRACE_FORGET_GATE = 5,  /* f of LSTM */
    SEQECHO_TRACE_OUTPUT_GATE = 6,  /* o of LSTM */
    SEQECHO_TRACE_CANDIDATE = 7,    /* g of LSTM and GRU: what a step offers */
    SEQECHO_TRACE_UPDATE_GATE = 8,  /* z of GRU */
    SEQECHO_TRACE_RESET_GATE = 9,   /* r of GRU */
    SEQECHO_TRACE_SCORES = 10       /* of Attention and AdditiveAttention, after softmax:
                                       (samples, steps of query, steps of value) */
} seqecho_trace;

/* Copy one of them out, by the name of a layer that is called once.  States, gates and
 * candidates are (samples, timesteps, units), row-major, in the order in which the layer
 * goes through the steps (go_backwards: from the last one on), with the formulas and the
 * letters of seqecho/recurrent.h.  At a missing step states stay as they were, and gates
 * and candidates are 0.  count is the number of floats and must be exact.
 * SEQECHO_ESTATE without .trace or before the first run(); SEQECHO_ENOTFOUND for a name
 * that no layer of the graph has, those inside others among them; SEQECHO_ENOTSUP, naming
 * the layer, for what it does not go through. */
SEQECHO_API int seqecho_predictor_trace(const seqecho_predictor *predictor,
                                        const char *layer, seqecho_trace what,
                                        float *values, size_t count) SEQECHO_MUST_CHECK;

/* The shape of what it would copy, after the last run(); view->data is NULL.  Fails as it
 * does. */
SEQECHO_API int seqecho_predictor_trace_shape(const seqecho_predictor *predictor,
                                              const char *layer, seqecho_trace what,
                                              seqecho_view *view) SEQECHO_MUST_CHECK;

/* Set every recurrent state to zero. */
SEQECHO_API void seqecho_predictor_reset_states(seqecho_predictor *predictor);

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_PREDICTOR_H */
