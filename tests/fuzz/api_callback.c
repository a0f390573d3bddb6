/* api_callback.c - fuzz_api's calls of ready-made callbacks.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "api.h"

static const char *const metrics[] = {
    NULL, NULL, "loss", "val_loss", "mse", "nose", "val_accuracy", "", "accuracy", "seconds"
};

static const char *any_metric(api *a, int *want)
{
    const uint32_t i = input_below(&a->in, 10);

    if (i == 5 || i == 7)
        *want = SEQECHO_ENOTFOUND;
    return metrics[i];
}

static int create_stopping(api *a, api_callback *c)
{
    int want = SEQECHO_OK;
    seqecho_early_stopping_options o = { .struct_size = sizeof o,
                                         .patience = input_below(&a->in, 3),
                                         .start_from_epoch = input_below(&a->in, 3),
                                         .restore_best_weights = input_chance(&a->in, 2),
                                         .has_baseline = input_chance(&a->in, 2),
                                         .allocator = &a->hook };
    const void *given;

    o.monitor = any_metric(a, &want);
    if (input_chance(&a->in, 12)) {
        o.min_delta = input_double(&a->in);
        o.baseline = input_double(&a->in);
        o.patience = input_absurd(&a->in);
        want = API_ANY;
    }
    given = api_options(a, &o, sizeof o, &want);
    return API_CALL(a, want, seqecho_early_stopping_create(&c->handle, given));
}

static int create_reduce(api *a, api_callback *c)
{
    int want = SEQECHO_OK;
    seqecho_reduce_lr_options o = { .struct_size = sizeof o,
                                    .patience = input_below(&a->in, 3),
                                    .cooldown = input_below(&a->in, 3),
                                    .factor = 0.25 * (double)input_below(&a->in, 4),
                                    .allocator = &a->hook };
    const void *given;

    o.monitor = any_metric(a, &want);
    if (input_chance(&a->in, 12)) {
        o.factor = input_double(&a->in);
        o.min_lr = input_double(&a->in);
        o.cooldown = input_absurd(&a->in);
        want = API_ANY;
    }
    given = api_options(a, &o, sizeof o, &want);
    return API_CALL(a, want, seqecho_reduce_lr_create(&c->handle, given));
}

/* None of these is a file that is kept. */
static int create_log(api *a, api_callback *c)
{
    static const char *const paths[] = { "/dev/null", "/dev/full", "/dev/null/x", "",
                                         NULL };
    static const char separators[] = { '\0', ',', ';', '.', 'e', '\n' };
    const uint32_t path = input_below(&a->in, 5), separator = input_below(&a->in, 6);
    int want = path > 2 || separator > 2 ? SEQECHO_EINVAL : SEQECHO_OK;
    const seqecho_csv_log_options o = { .struct_size = sizeof o,
                                        .path = paths[path],
                                        .separator = separators[separator],
                                        .append = input_chance(&a->in, 2),
                                        .allocator = &a->hook };
    const void *const given = api_options(a, &o, sizeof o, &want);

    return API_CALL(a, want, seqecho_csv_log_create(&c->handle, given));
}

/* Nor is there a directory for it. */
static int create_board(api *a, api_callback *c)
{
    static const char *const paths[] = { "/dev/null", "/dev/null/x", "", NULL };
    const uint32_t path = input_below(&a->in, 4);
    int want = path > 1 ? SEQECHO_EINVAL : SEQECHO_OK;
    const seqecho_tensorboard_options o = { .struct_size = sizeof o,
                                            .directory = paths[path],
                                            .allocator = &a->hook };
    const void *const given = api_options(a, &o, sizeof o, &want);

    return API_CALL(a, want, seqecho_tensorboard_create(&c->handle, given));
}

void api_callback_create(api *a, api_callback *c)
{
    const uint32_t kind = input_below(&a->in, 5);
    int err;

    c->handle = API_STALE(a);
    switch (kind) {
    case 0: err = create_stopping(a, c); break;
    case 1: err = create_reduce(a, c); break;
    case 2: err = create_log(a, c); break;
    case 4: err = create_board(a, c); break;
    default:
        err = API_CALL(a, SEQECHO_OK, seqecho_stop_on_nan_create(&c->handle, &a->hook));
        break;
    }
    c->early_stopping = kind == 0;
    FUZZ_CHECK((err == SEQECHO_OK) == (c->handle != NULL), "%d", err);
}

void api_callback_call(api *a)
{
    api_callback *const c = &a->callback[input_below(&a->in, API_CALLBACKS)];
    double value = 0.0;
    int64_t epoch = -1;

    if (c->handle == NULL) {
        api_callback_create(a, c);
        return;
    }
    if (input_chance(&a->in, 4) && a->depth == 0) {
        seqecho_callback_destroy(c->handle);
        *c = (api_callback){ 0 };
    }
    (void)API_CALL(a, c->early_stopping ? API_ANY : SEQECHO_EINVAL,
                   seqecho_early_stopping_best(c->handle, &value, &epoch));
    FUZZ_CHECK(!isnan(value), "the best is NaN");
}
