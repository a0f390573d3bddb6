/* graph/session.h - running a graph: buffers, recurrent states, forward and backward.
 * SPDX-License-Identifier: MIT
 *
 * The graph is topology and weights; a session is everything one trainer or predictor
 * adds to run it.  It is bound to a batch size: binding lays out every buffer of a pass
 * in one block, and allocates only when a batch is larger than any before it. */
#ifndef SE_GRAPH_SESSION_H
#define SE_GRAPH_SESSION_H

#include "graph/graph.h"

typedef enum se_mode {
    SE_MODE_RUN,   /* forward */
    SE_MODE_TRAIN, /* forward, keeping what backward needs */
    SE_MODE_STEP   /* forward, one time step at a time, keeping every state */
} se_mode;

/* A node in a session. */
typedef struct se_slot {
    const seqecho_node *node;
    se_shape shape;   /* the node's, or with one time step */
    se_value value;   /* after forward */
    float *buffer;    /* for value.data, unless it lies elsewhere */
    float *grad;      /* where needed */
    int32_t *classes; /* of an input */
    uint8_t *mask;    /* room for value.mask, if masked */
    bool is_input, is_output;
    bool fed_classes;    /* of an input: the last samples came as class numbers */
    bool masked;         /* value.mask is possible */
    bool repeated;       /* one step stands for all; no buffer */
    bool needs_grad;     /* a weight, or a wanted input gradient, lies before it */
    bool needs_data;     /* class numbers alone will not do */
    bool needs_zeros;    /* of an input: nor do they where steps are missing, which are rows
                            of zeros to every layer but those that pass over them */
    bool defers_softmax; /* an output whose last operation can be left to the loss */
    bool has_grad;       /* something has been written to grad in this backward pass */
} se_slot;

/* A call in a session. */
typedef struct se_step {
    const se_call *call;
    se_frame frame;
    se_slot *in[SE_MAX_PORTS];
    se_slot *out;       /* n_out of them */
    size_t state;       /* offset in the state blocks, if frame.keep_state */
    bool last;          /* no later step has this layer: the first of it on the way back */
    bool takes_classes; /* as its first input */
} se_step;

#define SE_THREADS_MAX 256

enum { SE_STATE_SETS = 3 }; /* current, next, saved */

typedef struct se_session {
    seqecho_graph *graph; /* referenced */
    seqecho_allocator allocator;
    se_mode mode;
    se_compute compute;
    int32_t threads; /* asked for; 0 until the work decides */

    se_step *steps;
    size_t n_steps;
    se_slot *slots;
    size_t n_slots;
    se_slot *inputs[SE_MAX_ENDS], *outputs[SE_MAX_ENDS];
    size_t view[SE_MAX_ENDS]; /* of x, for each input; that of its lengths is the next */

    bool keep_inputs; /* copy them: they are looked at after the call that fed them */
    bool learning;    /* the next forward pass is one that weights learn from */
    uint64_t seed;    /* of dropout */
    uint32_t pass;    /* passes of that kind that were committed */

    int64_t batch; /* bound */
    bool want_dx;  /* bound with gradients of the inputs */
    float *block;
    size_t block_size;            /* floats */
    float *scratch[SE_MAX_PORTS]; /* the second gradient of a node, before it is added */

    float *states; /* SE_STATE_SETS blocks */
    size_t state_size;
    size_t current; /* block that holds the state: 0 or 1 */
    bool zero_states, saved_zero;
    int64_t state_batch;

    float *grads; /* the trainer's, in the layout of the graph's params; or NULL */
} se_session;

/* Ends the building of the graph and references it.  state_batch: samples side by side in
 * a session with states; 0 means the graph's batch. */
int se_session_create(se_session **out, seqecho_graph *graph, se_mode mode,
                      const seqecho_allocator *allocator, int32_t threads,
                      seqecho_numerics numerics, int64_t state_batch);
void se_session_destroy(se_session *session); /* NULL is allowed */

/* Has any layer a state that outlives a batch? */
static inline bool se_session_stateful(const se_session *session)
{
    return session->state_size > 0;
}

/* Lay out every buffer for this many samples; SEQECHO_ENOMEM leaves the session bound as
 * it was. */
int se_session_bind(se_session *session, int64_t batch, bool want_dx);

/* ---- Feeding (feed.c) ---- */

/* Check that x fits the graph's inputs; *samples receives how many there are (> 0). */
int se_session_check(const se_session *session, const seqecho_view *x, int64_t *samples);

/* The same for one view against one shape; `what` and `name` begin the message. */
int se_view_check(const seqecho_view *view, const se_shape *shape, bool allow_classes,
                  const char *name, const char *what, int64_t *samples);

/* Class numbers in range?  `first` is the number of the first sample, for messages. */
int se_classes_check(const int32_t *classes, const se_shape *shape, int64_t batch,
                     int64_t first, const char *name, const char *what);

/* Bind to `count` samples and take samples [first, first + count) of checked views. */
int se_session_feed(se_session *session, const seqecho_view *x, int64_t first,
                    int64_t count, bool want_dx);

/* Zeros for the missing steps of an input, in rows of its shape. */
void se_session_clear_missing(const se_slot *input, const uint8_t *mask, int64_t batch,
                              float *rows);

/* Take class numbers for one time step of the bound batch (SE_MODE_STEP). */
int se_session_feed_step(se_session *session, const int32_t *classes);

/* ---- Running (session.c) ---- */

/* Run the fed batch; with `logits`, leave the softmax of outputs that end in one
 * (defers_softmax) to the loss. */
void se_session_forward(se_session *session, bool logits);

/* Run one time step of the bound batch (SE_MODE_STEP): x, or class numbers if there are
 * any, to y, and advance the states. */
int se_session_step(se_session *session, const float *x, const int32_t *classes, float *y);

/* Run backward from the gradients written to outputs' slots (grad, has_grad);
 * session->grads receive the gradients of every weight. */
void se_session_backward(se_session *session);

/* SEQECHO_ENUMERIC, naming the first layer whose output is not finite, or `what` if none
 * is. */
int se_session_blame_output(const se_session *session, const char *what);

/* SEQECHO_ENUMERIC, naming the first weight whose gradient is not finite or too large to
 * square, or input whose gradient is not finite; SEQECHO_OK if all are fine. */
int se_session_check_grads(const se_session *session);

/* Copy output i of the last forward, in the user's order. */
void se_session_get_output(const se_session *session, size_t i, float *out);

/* Is `out` an array for the outputs of `samples` samples, one after the other?  `call`
 * begins the message. */
int se_session_check_out(const se_session *session, int64_t samples, const float *out,
                         size_t out_count, const char *call);

/* Run checked views forward, batch by batch, advancing the states, and copy the outputs to
 * a checked array.  want_dx as for feeding. */
int se_session_run(se_session *session, const seqecho_view *x, int64_t samples,
                   int64_t batch, bool want_dx, float *out);

/* ---- What went on inside (trace.c) ---- */

/* What a layer went through in the last forward of a session of SE_MODE_TRAIN. */
typedef struct se_traced {
    const char *name; /* "cell state" */
    se_shape shape;   /* of a sample's */
    se_trace trace;   /* data is NULL for the layer's output, */
    se_slot *slot;    /* which is here */
} se_traced;

/* Find it; errors as those of seqecho_predictor_trace(), which `call` begins. */
int se_session_find_trace(const se_session *session, const char *layer, seqecho_trace what,
                          se_traced *out, const char *call);

/* Copy it, in the user's order. */
void se_session_get_trace(const se_session *session, const se_traced *found, float *values);

/* ---- States (session.c) ---- */

void se_session_commit(se_session *session); /* the last forward's states become current */
void se_session_reset(se_session *session);

/* The state that call number i keeps from batch to batch: `size` floats; NULL if it keeps
 * none.  layer receives the name of its layer, which has no other call. */
float *se_session_state(const se_session *session, size_t i, size_t *size,
                        const char **layer);

/* States have been written: they are those that the next batch starts from. */
void se_session_set_states(se_session *session);

void se_session_save_states(se_session *session);
void se_session_restore_states(se_session *session);

#endif /* SE_GRAPH_SESSION_H */
