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
    SEQECHO_MEAN_ABSOLUTE_ERROR = 5,
    SEQECHO_HUBER = 6 /* e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2 */
} seqecho_loss;

/* Optimizers, with Keras's formulas; g is the gradient, after clipping. */
typedef enum seqecho_optimizer {
    SEQECHO_ADAM = 0, /* Kingma and Ba 2015, epsilon outside the bias correction as Keras:
                         w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon); with
                         amsgrad the largest v so far */
    SEQECHO_SGD = 1,  /* v = momentum v - lr g; w += v; with nesterov
                         w += momentum v - lr g */
    SEQECHO_RMSPROP = 2, /* v = rho v + (1 - rho) g^2; w -= lr g / sqrt(v + epsilon);
                            centered: v less the square of the mean gradient */
    SEQECHO_ADAMW = 3, /* Adam after w -= lr weight_decay w (Loshchilov and Hutter 2019) */
    SEQECHO_NADAM = 4  /* Adam with Nesterov's momentum (Dozat 2016) */
} seqecho_optimizer;

/* Metrics, a bit set.  Steps that are masked do not count.  Of several outputs, each is the
 * mean over those that have a loss. */
enum {
    SEQECHO_METRIC_ACCURACY = 1, /* share of right time steps: the class of the largest
                                    output, or the rounded output for one feature and for
                                    binary cross-entropy */
    SEQECHO_METRIC_TOP_K = 2,    /* share of time steps whose class is among the top_k
                                    largest outputs */
    SEQECHO_METRIC_MSE = 4,      /* mean squared error */
    SEQECHO_METRIC_MAE = 8       /* mean absolute error */
};

/* Learning rates that change from step to step, with Keras's formulas.  s counts the steps
 * before this one; r is the rate to begin with, the trainer's learning_rate. */
typedef enum seqecho_schedule_kind {
    SEQECHO_EXPONENTIAL_DECAY = 1,  /* r decay_rate^(s / decay_steps) */
    SEQECHO_INVERSE_TIME_DECAY = 2, /* r / (1 + decay_rate s / decay_steps) */
    SEQECHO_POLYNOMIAL_DECAY = 3, /* (r - end) (1 - min(s, decay_steps) / decay_steps)^power
                                       + end */
    SEQECHO_PIECEWISE_CONSTANT = 4, /* values[i], i the first with s <= boundaries[i] */
    SEQECHO_COSINE_DECAY = 5, /* r ((1 - alpha) (1 + cos(pi s / decay_steps)) / 2 + alpha),
                                 after a linear rise from r to warmup_target, where there is
                                 one, which then stands for r */
    SEQECHO_COSINE_DECAY_RESTARTS = 6 /* the same again and again: each period t_mul times
                                         as long, m_mul times as high as the one before */
} seqecho_schedule_kind;

#define SEQECHO_SCHEDULE_MAX 32 /* boundaries */

typedef struct seqecho_schedule {
    size_t struct_size;
    seqecho_schedule_kind kind;
    seqecho_bool staircase; /* exponential, inverse time: s / decay_steps is rounded down */
    seqecho_bool cycle;     /* polynomial: decay_steps grows to its next multiple instead of
                               ending */
    uint8_t reserved[2];
    int64_t decay_steps; /* required but for piecewise; of restarts, of the first period */
    double decay_rate;   /* exponential, inverse time: required */
    double end_learning_rate; /* polynomial; 0 means 0.0001 */
    double power;             /* polynomial; 0 means 1 */
    double alpha;             /* cosine: in [0, 1] */
    double warmup_target;     /* cosine, with warmup_steps */
    int64_t warmup_steps;
    double t_mul, m_mul;       /* restarts; 0 means 2 and 1 */
    const int64_t *boundaries; /* piecewise: rising */
    const double *values;      /* n_boundaries + 1 of them */
    size_t n_boundaries;       /* 1 to SEQECHO_SCHEDULE_MAX */
} seqecho_schedule;

#ifndef __cplusplus
#define SEQECHO_SCHEDULE(...) \
    SEQECHO__REF(seqecho_schedule, .struct_size = sizeof(seqecho_schedule), __VA_ARGS__)
#endif

typedef struct seqecho_trainer_options {
    size_t struct_size;
    seqecho_loss loss;
    seqecho_optimizer optimizer;
    uint32_t metrics;    /* SEQECHO_METRIC_* */
    float learning_rate; /* 0 means 0.001, for SGD 0.01 */
    int32_t threads;     /* 0 means chosen by the size of the work; results do not depend
                            on it */
    seqecho_numerics numerics;
    /* Categorical cross-entropy of an output that ends in a softmax: by default exact, from
     * the logits; with this as Keras computes it from probabilities, clipped to
     * [1e-7, 1 - 1e-7].  Outputs that end otherwise are always clipped. */
    seqecho_bool clipped_crossentropy;
    seqecho_bool from_logits;     /* cross-entropies: the outputs are logits; a softmax
                                     that an output ends in is not undone */
    seqecho_bool amsgrad;         /* Adam, AdamW */
    seqecho_bool nesterov;        /* SGD */
    seqecho_bool centered;        /* RMSprop */
    seqecho_bool epsilon_outside; /* RMSprop: g / (sqrt(v) + epsilon), Keras until 2.10 */
    seqecho_bool masked_mean_all; /* a masked loss is divided by all steps, Keras 2.3 to
                                     2.9; else by those that are not masked */
    uint8_t reserved[1];
    const seqecho_allocator *allocator; /* or NULL */

    uint64_t seed;         /* of dropout and shuffling */
    float label_smoothing; /* in [0, 1]: cross-entropies mix so much of 1 / classes, or of
                              1/2, into the targets; other losses do not know it */
    float huber_delta;     /* 0 means 1 */
    float momentum;        /* SGD, RMSprop: in [0, 1] */
    float rho;             /* RMSprop; 0 means 0.9 */
    float weight_decay;    /* AdamW; 0 means 0.004 */
    float clipnorm;        /* each gradient array to this norm; 0 means not */
    float global_clipnorm; /* all of them together */
    float clipvalue;       /* each element to [-clipvalue, clipvalue]; at most one of
                              the three */
    int32_t top_k;         /* of the metric; 0 means 5, and may exceed the classes */
    uint32_t reserved_2;   /* zero */
    const seqecho_schedule *schedule; /* of the learning rate, or NULL; copied */
    /* One for each output, or NULL: all have `loss`.  SEQECHO_LOSS_NONE leaves an output
     * out of the loss and of the metrics; targets and weights that go with it are not
     * looked at. */
    const seqecho_loss *losses;
    const float *loss_weights; /* finite, one for each output, or NULL: all 1.  The loss is
                                  the weighted sum */
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
    double loss;     /* with the regularisers; NaN where not computed */
    double accuracy; /* in [0, 1]; NaN where not computed */
    double seconds;
    double top_k; /* NaN where not computed, as those below */
    double mse;
    double mae;
} seqecho_report;
#define SEQECHO_REPORT_INIT \
    { \
        sizeof(seqecho_report), 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 \
    }

/* ---- Events: how a program watches and stops training ------------------------------- */

typedef enum seqecho_event_kind {
    SEQECHO_EVENT_EPOCH_BEGIN = 1,
    SEQECHO_EVENT_BATCH_END = 2,
    SEQECHO_EVENT_EPOCH_END = 3,
    SEQECHO_EVENT_NOT_FINITE = 4, /* a batch, perhaps of the validation, came to a loss or
                                     gradient that is not finite, and changed nothing: a
                                     positive answer ends the fit, 0 makes it fail with
                                     SEQECHO_ENUMERIC */
    SEQECHO_EVENT_FIT_END = 5     /* after the last epoch, however it came to end; not after
                                     a failure.  The answer matters only if negative */
} seqecho_event_kind;

/* A ready-made watcher of training: seqecho/callbacks.h. */
typedef struct seqecho_callback seqecho_callback;

typedef struct seqecho_event {
    size_t struct_size;
    seqecho_event_kind kind; /* ignore kinds you do not know */
    uint32_t reserved;
    int64_t epoch;   /* 0-based, within this fit */
    int64_t epochs;  /* that this fit was asked for */
    int64_t batch;   /* 0-based, within this epoch; -1 at its begin */
    int64_t batches; /* in an epoch */
    seqecho_trainer *trainer;
    const seqecho_report *train;      /* this epoch so far */
    const seqecho_report *validation; /* at the end of an epoch, where there is any; else
                                         NULL */
} seqecho_event;

/* Return 0 to go on, a positive number to stop (fit then returns SEQECHO_OK; stopped at a
 * batch, the epoch ends there, and its EPOCH_END still comes), a negative one to fail with
 * exactly that code.  The callback may set parameters, read weights and gradients, and
 * reset states; calling fit, train, evaluate or predict on the same trainer is
 * SEQECHO_ESTATE. */
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
    seqecho_bool shuffle; /* the samples anew for each epoch; refused where a layer is
                             stateful */
    seqecho_bool resume;  /* after seqecho_trainer_restore(), and before any other step: go
                             on with the fit in which the checkpoint was taken, if it was
                             taken in one.  x and y, or the dataset, batch_size,
                             reset_states, shuffle, validation and callbacks must be those
                             of then, else SEQECHO_EINVAL; epochs may differ.  Without a
                             checkpoint a fit from the beginning */
    uint8_t reserved[2];  /* zero */

    /* Ready-made callbacks (seqecho/callbacks.h), called in this order after on_event. */
    seqecho_callback *const *callbacks;
    size_t n_callbacks;

    /* Weights of samples, or of their time steps: one float32 view for each output,
     * (samples) or (samples, timesteps); data NULL means all 1.  The loss of a step is
     * multiplied by its weight; what it is divided by is still the number of steps.
     * Metrics are not weighted.  NULL means all 1. */
    const seqecho_view *sample_weight;

    /* What is measured after each epoch, without training and from states of its own, as
     * seqecho_trainer_evaluate() does with this batch_size and these reset_states: these
     * samples, or the last share of x and y, in (0, 1), which is then not trained on; or,
     * for fit_dataset, the next sequences of this dataset.  Of n samples, shuffled or not,
     * the first n (1 - validation_split), rounded down, are trained on; neither part may be
     * empty. */
    const seqecho_view *validation_x, *validation_y, *validation_weight;
    double validation_split;
    seqecho_dataset *validation_dataset;
    int64_t validation_sequences; /* 0 means 1 */
} seqecho_fit_options;

#ifndef __cplusplus
#define SEQECHO_FIT(...) \
    SEQECHO__REF(seqecho_fit_options, .struct_size = sizeof(seqecho_fit_options), \
                 __VA_ARGS__)
#endif

/* ---- Training ----------------------------------------------------------------------
 *
 * x points to one view per graph input, followed by one of lengths where the input has
 * them, y to one per graph output; with one of each that is just the address of a view.
 * Samples are taken in order.  With a fixed batch,
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
 * own states as they were.  Of the options only batch_size, sample_weight and reset_states
 * count: with SEQECHO_RESET_EACH_BATCH every batch starts from zero states, else from where
 * the one before ended. */
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
    SEQECHO_PARAM_EPSILON = 4,       /* in [1e-12, 1]; default 1e-7 */
    SEQECHO_PARAM_MOMENTUM = 5,      /* in [0, 1] */
    SEQECHO_PARAM_RHO = 6,           /* in [0, 1); default 0.9 */
    SEQECHO_PARAM_WEIGHT_DECAY = 7   /* in [0, 1] */
} seqecho_param;

/* Setting the learning rate of a trainer with a schedule is SEQECHO_ESTATE; getting it
 * gives that of the next step. */

SEQECHO_API int seqecho_trainer_set(seqecho_trainer *trainer, seqecho_param param,
                                    double value) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_trainer_get(const seqecho_trainer *trainer, seqecho_param param,
                                    double *value) SEQECHO_MUST_CHECK;

/* One value per epoch fitted so far: "loss", "accuracy", "top_k", "mse", "mae", "seconds",
 * "learning_rate", and of the validation "val_loss", "val_accuracy" and so on; NaN where
 * that was not computed.  NULL, and *count 0, for an unknown metric or before the first
 * epoch.  Owned by the trainer, valid until the next epoch of any of its fits, or until it
 * is restored (files.h). */
SEQECHO_API const double *seqecho_trainer_history(const seqecho_trainer *trainer,
                                                  const char *metric, size_t *count);

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_TRAINER_H */
