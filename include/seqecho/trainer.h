/* seqecho/trainer.h - loss, optimizer and the training loop around a graph.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TRAINER_H
#define SEQECHO_TRAINER_H

#include <seqecho/dataset.h>
#include <seqecho/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Optimizer moments, activations, gradients, recurrent states, history.
 *
 * Thread-safety: one thread at a time per trainer.  Nothing else may use the graph while
 * a call that trains is running; see docs/concepts.md. */
typedef struct seqecho_trainer seqecho_trainer;

/* Losses, with Keras's formulas: each is the mean over samples and time steps. */
typedef enum seqecho_loss {
    SEQECHO_LOSS_NONE = 0, /* none: only forward() and backward() with your own */
    SEQECHO_CATEGORICAL_CROSSENTROPY = 1,        /* targets one-hot float32, or int32 */
    SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY = 2, /* the same, int32 targets only */
    SEQECHO_BINARY_CROSSENTROPY = 3,
    SEQECHO_MEAN_SQUARED_ERROR = 4,
    SEQECHO_MEAN_ABSOLUTE_ERROR = 5
} seqecho_loss;

typedef enum seqecho_optimizer {
    SEQECHO_ADAM = 0 /* Kingma and Ba 2015, epsilon outside the bias correction as Keras:
                        w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon) */
} seqecho_optimizer;

/* Metrics, a bit set. */
enum {
    SEQECHO_METRIC_ACCURACY = 1 /* share of right time steps: the class of the largest
                                   output, or the rounded output for one feature and for
                                   binary cross-entropy */
};

typedef struct seqecho_trainer_options {
    size_t struct_size;
    seqecho_loss loss;
    seqecho_optimizer optimizer;
    uint32_t metrics;    /* SEQECHO_METRIC_* */
    float learning_rate; /* 0 means 0.001 */
    int32_t threads;     /* 0 means chosen by the size of the work; results do not depend
                            on it */
    seqecho_numerics numerics;
    /* Categorical cross-entropy of an output that ends in a softmax: by default exact, from
     * the logits; with this as Keras computes it from probabilities, clipped to
     * [1e-7, 1 - 1e-7].  Outputs that end otherwise are always clipped. */
    seqecho_bool clipped_crossentropy;
    uint8_t reserved[7];
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_trainer_options;

#ifndef __cplusplus
#define SEQECHO_TRAINER(...) \
    SEQECHO__REF(seqecho_trainer_options, .struct_size = sizeof(seqecho_trainer_options), \
                 __VA_ARGS__)
#endif

/* Takes a reference on the graph, and ends its building.  Fails with the latched error if
 * building failed. */
SEQECHO_API int seqecho_trainer_create(seqecho_trainer **out, seqecho_graph *graph,
                                       const seqecho_trainer_options *options)
    SEQECHO_MUST_CHECK;

/* Drops the reference on the graph.  NULL is allowed. */
SEQECHO_API void seqecho_trainer_destroy(seqecho_trainer *trainer);

/* Figures of a batch, an epoch or an evaluation.  Set struct_size before the call; the
 * library writes no further than that.  Averages are over samples, each batch measured
 * before its update, as Keras prints them. */
typedef struct seqecho_report {
    size_t struct_size;
    int64_t samples;
    int64_t batches;
    double loss;     /* NaN where not computed */
    double accuracy; /* in [0, 1]; NaN where not computed */
    double seconds;
} seqecho_report;
#define SEQECHO_REPORT_INIT \
    { \
        sizeof(seqecho_report), 0, 0, 0.0, 0.0, 0.0 \
    }

/* ---- Events: how a program watches and stops training ------------------------------- */

typedef enum seqecho_event_kind {
    SEQECHO_EVENT_EPOCH_BEGIN = 1,
    SEQECHO_EVENT_BATCH_END = 2,
    SEQECHO_EVENT_EPOCH_END = 3
} seqecho_event_kind;

typedef struct seqecho_event {
    size_t struct_size;
    seqecho_event_kind kind; /* ignore kinds you do not know */
    uint32_t reserved;
    int64_t epoch;   /* 0-based, within this fit */
    int64_t epochs;  /* that this fit was asked for */
    int64_t batch;   /* 0-based, within this epoch; -1 at its begin */
    int64_t batches; /* in an epoch */
    seqecho_trainer *trainer;
    const seqecho_report *train; /* this epoch so far */
} seqecho_event;

/* Return 0 to go on, a positive number to stop (fit then returns SEQECHO_OK; stopped at a
 * batch, the epoch ends there, and its EPOCH_END still comes), a negative one to fail with
 * exactly that code.  The callback may set
 * parameters, read weights and gradients, and reset states; calling fit, train, evaluate
 * or predict on the same trainer is SEQECHO_ESTATE. */
typedef int (*seqecho_event_fn)(void *user, const seqecho_event *event);

typedef enum seqecho_state_reset {
    SEQECHO_RESET_DEFAULT = 0, /* fit: never, as Keras; fit_dataset: after each epoch */
    SEQECHO_RESET_NEVER = 1,
    SEQECHO_RESET_EACH_EPOCH = 2, /* after each epoch */
    SEQECHO_RESET_EACH_BATCH = 3  /* after each batch */
} seqecho_state_reset;

typedef struct seqecho_fit_options {
    size_t struct_size;
    int64_t batch_size;        /* 0 means the graph's fixed batch, or else 32 */
    int64_t epochs;            /* 0 means 1 */
    seqecho_event_fn on_event; /* or NULL */
    void *user;                /* passed to on_event */
    seqecho_state_reset reset_states;
    uint32_t reserved; /* zero */
} seqecho_fit_options;

#ifndef __cplusplus
#define SEQECHO_FIT(...) \
    SEQECHO__REF(seqecho_fit_options, .struct_size = sizeof(seqecho_fit_options), \
                 __VA_ARGS__)
#endif

/* ---- Training ----------------------------------------------------------------------
 *
 * x points to one view per graph input, y to one per graph output; with one of each that
 * is just the address of a view.  Samples are taken in order.  With a fixed batch,
 * samples that do not divide by it are SEQECHO_ESHAPE if a layer is stateful; else the
 * last batch is short.
 *
 * If a loss or a gradient turns NaN or infinite, or a weight's gradient exceeds 1e18, the
 * call stops with SEQECHO_ENUMERIC, naming the layer; weights, moments and states are
 * those before that batch. */

/* Train for some epochs over x and y.  report, where not NULL, receives the last epoch. */
SEQECHO_API int seqecho_trainer_fit(seqecho_trainer *trainer, const seqecho_view *x,
                                    const seqecho_view *y,
                                    const seqecho_fit_options *options,
                                    seqecho_report *report) SEQECHO_MUST_CHECK;

/* The tutorial's loop in one call: each epoch draws the next sequence of the dataset,
 * makes one pass over its rows, and resets the recurrent states. */
SEQECHO_API int seqecho_trainer_fit_dataset(seqecho_trainer *trainer,
                                            seqecho_dataset *dataset,
                                            const seqecho_fit_options *options,
                                            seqecho_report *report) SEQECHO_MUST_CHECK;

/* One update on exactly this batch. */
SEQECHO_API int seqecho_trainer_train_on_batch(seqecho_trainer *trainer,
                                               const seqecho_view *x, const seqecho_view *y,
                                               seqecho_report *report) SEQECHO_MUST_CHECK;

/* Loss and metrics without training.  Starts from zero states and leaves the trainer's
 * own states as they were.  Of the options only batch_size and reset_states (batch or
 * never) count. */
SEQECHO_API int seqecho_trainer_evaluate(seqecho_trainer *trainer, const seqecho_view *x,
                                         const seqecho_view *y,
                                         const seqecho_fit_options *options,
                                         seqecho_report *report) SEQECHO_MUST_CHECK;

/* The same over the next `sequences` sequences of a dataset, each from zero states. */
SEQECHO_API int seqecho_trainer_evaluate_dataset(seqecho_trainer *trainer,
                                                 seqecho_dataset *dataset,
                                                 int64_t sequences,
                                                 const seqecho_fit_options *options,
                                                 seqecho_report *report) SEQECHO_MUST_CHECK;

/* Run the graph as it is now, batch by batch, from the trainer's states and advancing
 * them, as Keras's predict() does on a stateful model.  out receives the outputs one
 * after the other, each (samples, ...) row-major; out_count is the number of floats and
 * must be exact. */
SEQECHO_API int seqecho_trainer_predict(seqecho_trainer *trainer, const seqecho_view *x,
                                        float *out, size_t out_count) SEQECHO_MUST_CHECK;

/* Set every recurrent state to zero. */
SEQECHO_API void seqecho_trainer_reset_states(seqecho_trainer *trainer);

/* ---- A training step in its parts: own losses, gradient checks ----------------------
 *
 * forward() then backward(), or compute_gradients(); then look at the gradients, then
 * apply_gradients().  Calling them out of that order is SEQECHO_ESTATE. */

/* Run one batch forward, keep what backward() needs, and advance the states.  out as in
 * seqecho_trainer_predict(). */
SEQECHO_API int seqecho_trainer_forward(seqecho_trainer *trainer, const seqecho_view *x,
                                        float *out, size_t out_count) SEQECHO_MUST_CHECK;

/* Gradients of sum(output * dy) for the last forward(), whose states stay advanced whatever
 * becomes of this call; dy points to one float32 view per
 * graph output, of its shape.  dx, where not NULL, receives the gradients of the float32
 * inputs one after the other; dx_count is their number and must be exact, 0 with NULL. */
SEQECHO_API int seqecho_trainer_backward(seqecho_trainer *trainer, const seqecho_view *dy,
                                         float *dx, size_t dx_count) SEQECHO_MUST_CHECK;

/* Both, with the trainer's loss. */
SEQECHO_API int seqecho_trainer_compute_gradients(
    seqecho_trainer *trainer, const seqecho_view *x, const seqecho_view *y, float *dx,
    size_t dx_count, seqecho_report *report) SEQECHO_MUST_CHECK;

/* Copy out the last gradient of a weight, by the weight's name.  Gradients are there until
 * the next call that runs the graph. */
SEQECHO_API int seqecho_trainer_gradient_get(const seqecho_trainer *trainer,
                                             const char *name, float *values,
                                             size_t count) SEQECHO_MUST_CHECK;

/* One optimizer step with the last gradients. */
SEQECHO_API int seqecho_trainer_apply_gradients(seqecho_trainer *trainer)
    SEQECHO_MUST_CHECK;

/* ---- Tunables, which may change while training -------------------------------------- */

typedef enum seqecho_param {
    SEQECHO_PARAM_LEARNING_RATE = 1, /* in [0, 1000] */
    SEQECHO_PARAM_BETA_1 = 2,        /* in [0, 1); default 0.9 */
    SEQECHO_PARAM_BETA_2 = 3,        /* in [0, 1); default 0.999 */
    SEQECHO_PARAM_EPSILON = 4        /* in [1e-12, 1]; default 1e-7 */
} seqecho_param;

SEQECHO_API int seqecho_trainer_set(seqecho_trainer *trainer, seqecho_param param,
                                    double value) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_trainer_get(const seqecho_trainer *trainer, seqecho_param param,
                                    double *value) SEQECHO_MUST_CHECK;

/* One value per epoch fitted so far: "loss", "accuracy", "seconds".  NULL, and *count 0,
 * for an unknown metric or before the first epoch.  Owned by the trainer, valid until its
 * next fit. */
SEQECHO_API const double *seqecho_trainer_history(const seqecho_trainer *trainer,
                                                  const char *metric, size_t *count);

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_TRAINER_H */
