/* seqecho/callbacks.h - ready-made watchers of training, for seqecho_fit_options.callbacks.
 * SPDX-License-Identifier: MIT
 *
 *     seqecho_callback *stop = NULL;
 *     seqecho_early_stopping_create(&stop, SEQECHO_EARLY_STOPPING(.patience = 10));
 *     seqecho_trainer_fit(trainer, &x, &y, SEQECHO_FIT(.epochs = 1000, .callbacks = &stop,
 *                                                      .n_callbacks = 1), NULL);
 *
 * Each begins anew with every fit, and serves one fit at a time: inside an event, another
 * fit with it is SEQECHO_ESTATE.  A metric to monitor is one of those that
 * seqecho_trainer_history() knows; NULL means "val_loss" where there is a validation, else
 * "loss".  "accuracy" and "top_k" get better as they rise, all others as they fall. */
#ifndef SEQECHO_CALLBACKS_H
#define SEQECHO_CALLBACKS_H

#include <seqecho/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stop when a metric has not got better for some epochs, as Keras's EarlyStopping. */
typedef struct seqecho_early_stopping_options {
    size_t struct_size;
    const char *monitor;      /* copied */
    double min_delta;         /* what is less than this is no progress; 0 or more */
    int64_t patience;         /* epochs without progress that are suffered; 0 or more */
    int64_t start_from_epoch; /* nothing is looked at before */
    seqecho_bool restore_best_weights; /* end with the weights of the best epoch */
    seqecho_bool has_baseline;         /* `baseline` is to be beaten to begin with */
    uint8_t reserved[6];
    double baseline;
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_early_stopping_options;

/* Lower the learning rate when a metric has not got better, as Keras's
 * ReduceLROnPlateau. */
typedef struct seqecho_reduce_lr_options {
    size_t struct_size;
    const char *monitor;                /* copied */
    double factor;                      /* in (0, 1); 0 means 0.1 */
    int64_t patience;                   /* 0 means 10 */
    double min_delta;                   /* 0 means 0.0001 */
    int64_t cooldown;                   /* epochs to wait after a change */
    double min_lr;                      /* never below this */
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_reduce_lr_options;

/* Write a line an epoch: the epoch, and every metric that is computed, as Keras's
 * CSVLogger.  Numbers have a point whatever the locale. */
typedef struct seqecho_csv_log_options {
    size_t struct_size;
    const char *path;    /* required; copied */
    char separator;      /* 0 means ',' */
    seqecho_bool append; /* go on with a file that is there, its header line kept */
    uint8_t reserved[6];
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_csv_log_options;

/* Write the metrics of every epoch for TensorBoard, as Keras's callback of that name: those
 * of training into DIRECTORY/train, those of validation into DIRECTORY/validation, in a new
 * file for each fit, under the tags "epoch_loss", "epoch_accuracy" and so on, and
 * "epoch_learning_rate".  Watch with `tensorboard --logdir DIRECTORY`.  A fit that is
 * resumed takes back the epochs that were written after its checkpoint. */
typedef struct seqecho_tensorboard_options {
    size_t struct_size;
    const char *directory;              /* required, made if it is not there; copied */
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_tensorboard_options;

#ifndef __cplusplus
#define SEQECHO_EARLY_STOPPING(...) \
    SEQECHO__REF(seqecho_early_stopping_options, \
                 .struct_size = sizeof(seqecho_early_stopping_options), __VA_ARGS__)
#define SEQECHO_REDUCE_LR(...) \
    SEQECHO__REF(seqecho_reduce_lr_options, \
                 .struct_size = sizeof(seqecho_reduce_lr_options), __VA_ARGS__)
#define SEQECHO_CSV_LOG(...) \
    SEQECHO__REF(seqecho_csv_log_options, .struct_size = sizeof(seqecho_csv_log_options), \
                 __VA_ARGS__)
#define SEQECHO_TENSORBOARD(...) \
    SEQECHO__REF(seqecho_tensorboard_options, \
                 .struct_size = sizeof(seqecho_tensorboard_options), __VA_ARGS__)
#endif

SEQECHO_API int seqecho_early_stopping_create(seqecho_callback **out,
                                              const seqecho_early_stopping_options *options)
    SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_reduce_lr_create(
    seqecho_callback **out, const seqecho_reduce_lr_options *options) SEQECHO_MUST_CHECK;
SEQECHO_API int seqecho_csv_log_create(
    seqecho_callback **out, const seqecho_csv_log_options *options) SEQECHO_MUST_CHECK;

SEQECHO_API int seqecho_tensorboard_create(
    seqecho_callback **out, const seqecho_tensorboard_options *options) SEQECHO_MUST_CHECK;

/* End the fit, with success, at the first loss or gradient that is not finite, as Keras's
 * TerminateOnNaN; without it such a fit fails with SEQECHO_ENUMERIC. */
SEQECHO_API int seqecho_stop_on_nan_create(
    seqecho_callback **out, const seqecho_allocator *allocator) SEQECHO_MUST_CHECK;

/* Not while a fit uses it.  NULL is allowed. */
SEQECHO_API void seqecho_callback_destroy(seqecho_callback *callback);

/* The best value early stopping has seen in its last fit, and its epoch, 0-based; either
 * may be NULL.  SEQECHO_ENOTFOUND if there is none. */
SEQECHO_API int seqecho_early_stopping_best(const seqecho_callback *callback, double *value,
                                            int64_t *epoch) SEQECHO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_CALLBACKS_H */
