/* train/callbacks.h - what ready-made callbacks share.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_CALLBACKS_H
#define SE_TRAIN_CALLBACKS_H

#include <seqecho/callbacks.h>

#include "io/safetensors.h"
#include "train/trainer.h"

/* What a callback had written when the fit that is now resumed was saved. */
typedef struct se_saved {
    const json_t *state;
    const se_container *file;
    const char *prefix; /* of the names of its arrays there */
} se_saved;

typedef struct se_callback_ops {
    const char *name; /* in messages and in files */
    /* Can it serve such a fit, and where that is resumed, go on from what was saved?  Else
     * saved is NULL.  Changes nothing; or NULL. */
    int (*check)(const seqecho_callback *callback, const seqecho_trainer *trainer,
                 bool validation, const se_saved *saved);
    /* A fit begins that every callback can serve: forget the last one, take what is needed,
     * and what was saved; or NULL. */
    int (*begin)(seqecho_callback *callback, seqecho_trainer *trainer, bool validation,
                 const se_saved *saved);
    /* The answer is that of a seqecho_event_fn; a negative one has its message set. */
    int (*event)(seqecho_callback *callback, const seqecho_event *event);
    /* All have had the event; `stopped` is whether any has asked for the end.  Or NULL. */
    int (*after)(seqecho_callback *callback, const seqecho_event *event, bool stopped);
    /* Put into `state` what begin() will have to take up, and arrays into the writer under
     * names that begin with `prefix`; or NULL for nothing. */
    int (*save)(const seqecho_callback *callback, json_t *state, se_writer *w,
                const char *prefix);
    /* A fit is over, well or not; begin() has succeeded.  Or NULL. */
    void (*end)(seqecho_callback *callback);
    void (*destroy)(seqecho_callback *callback); /* what it holds; or NULL */
} se_callback_ops;

/* Every callback begins with this. */
struct seqecho_callback {
    const se_callback_ops *ops;
    seqecho_allocator allocator;
    bool in_fit; /* between begin() and the end of that fit */
};

/* Memory for a callback of `size` bytes; `what` names it. */
int se_callback_create(void *out, size_t size, const se_callback_ops *ops,
                       const seqecho_allocator *allocator, const char *what);

/* Read options; `out` is where the callback will go. */
int se_callback_options(seqecho_callback **out, void *opt, size_t size, const void *given,
                        const char *what);

/* SEQECHO_ENOTSUP unless all are zero. */
int se_callback_reserved(const uint8_t *reserved, size_t n, const char *what);

/* ---- A metric that is watched ---- */

typedef struct se_monitor {
    const char *owner; /* begins messages */
    bool chosen;       /* by the user; else it depends on the validation */
    se_series series;
    double min_delta;
    double best;
    bool has_best;
} se_monitor;

/* name may be NULL. */
int se_monitor_read(se_monitor *monitor, const char *owner, const char *name,
                    double min_delta);

/* SEQECHO_ENOTFOUND if a fit does not compute the metric. */
int se_monitor_check(const se_monitor *monitor, const seqecho_trainer *trainer,
                     bool validation);

/* A fit begins that does. */
void se_monitor_begin(se_monitor *monitor, bool validation);

/* A fit is resumed: the best so far, to a file and from it. */
int se_monitor_save(const se_monitor *monitor, json_t *state);
int se_monitor_load(se_monitor *monitor, const se_saved *saved);

/* Is `value` by more than min_delta better than `other`?  NaN never is. */
bool se_monitor_better(const se_monitor *monitor, double value, double other);

/* The same, of the best so far, which is anything at first; if so, it is the best now. */
bool se_monitor_improved(se_monitor *monitor, double value);

#endif /* SE_TRAIN_CALLBACKS_H */
