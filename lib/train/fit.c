/* train/fit.c - training over epochs, with events.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/callbacks.h"
#include "train/evaluate.h"
#include "train/fit_options.h"
#include "train/shuffle.h"

/* One fit under way. */
typedef struct fit_run {
    seqecho_trainer *t;
    seqecho_fit_options opt;
    seqecho_dataset *dataset; /* that draws the samples, or NULL */
    se_samples data;          /* to train on */
    int64_t samples, batch, batches;
    se_view_set all;        /* samples, if they are split or shuffled */
    se_view_set head, tail; /* of validation_split */
    se_shuffle shuffle;
    se_evaluation validation; /* if there are samples in it */
    size_t begun;             /* callbacks */

    int64_t epoch;
    int64_t done;   /* batches of the epoch */
    se_score score; /* of the epoch so far */
    double start;   /* of the epoch */
    double rate;    /* of its last step */
    bool stopped;   /* an event asked for the end */

    seqecho_report last; /* epoch with a batch */
    seqecho_report measured;
    const seqecho_report *validated; /* measured, or NULL */
} fit_run;

static const seqecho_report no_report = { .struct_size = sizeof no_report,
                                          .loss = (double)NAN,
                                          .accuracy = (double)NAN,
                                          .top_k = (double)NAN,
                                          .mse = (double)NAN,
                                          .mae = (double)NAN };

/* ---- Events ---- */

static bool is_watched(const fit_run *run)
{
    return run->opt.on_event != NULL || run->opt.n_callbacks > 0;
}

/* Tell the program and the callbacks.  A positive answer stops the fit, a negative one is
 * its result. */
static int send_event(fit_run *run, seqecho_event_kind kind, const seqecho_report *so_far)
{
    const bool ended = kind == SEQECHO_EVENT_EPOCH_END || kind == SEQECHO_EVENT_FIT_END;
    const seqecho_event event = {
        .struct_size = sizeof event,
        .kind = kind,
        .epoch = run->epoch,
        .epochs = run->opt.epochs,
        .batch = kind == SEQECHO_EVENT_NOT_FINITE ? run->done : run->done - 1,
        .batches = run->batches,
        .trainer = run->t,
        .train = so_far,
        .validation = ended ? run->validated : NULL,
    };
    int answer;

    if (run->opt.on_event != NULL) {
        run->t->in_event = true;
        answer = run->opt.on_event(run->opt.user, &event);
        run->t->in_event = false;
        if (answer < 0)
            return se_fail(answer, "an event callback returned %d", answer);
        run->stopped = run->stopped || answer > 0;
    }
    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        seqecho_callback *const c = run->opt.callbacks[i];

        answer = c->ops->event(c, &event);
        SE_TRY(answer);
        run->stopped = run->stopped || answer > 0;
    }
    return SEQECHO_OK;
}

static seqecho_report report_so_far(const fit_run *run)
{
    return se_report_make(run->t, &run->score, run->done, se_seconds() - run->start);
}

/* A batch failed with SEQECHO_ENUMERIC.  Either somebody wants the fit to end in peace, or
 * that is its result. */
static int send_not_finite(fit_run *run)
{
    const seqecho_report figures = report_so_far(run);
    const bool stopped = run->stopped;
    char message[SE_ERROR_SIZE];
    bool answered;

    memcpy(message, seqecho_error_message(), strlen(seqecho_error_message()) + 1);
    run->stopped = false;
    SE_TRY(send_event(run, SEQECHO_EVENT_NOT_FINITE, &figures));
    answered = run->stopped;
    run->stopped = run->stopped || stopped;
    return answered ? SEQECHO_OK : se_fail(SEQECHO_ENUMERIC, "%s", message);
}

/* ---- One epoch ---- */

static int update(fit_run *run, int64_t first, int64_t count)
{
    if (run->opt.shuffle)
        return se_trainer_update(run->t, se_shuffle_batch(&run->shuffle, first, count), 0,
                                 count, &run->score);
    return se_trainer_update(run->t, &run->data, first, count, &run->score);
}

/* One pass over the samples, until an event stops it. */
static int run_batches(fit_run *run)
{
    int64_t first = 0;

    while (first < run->samples && !run->stopped) {
        const int64_t left = run->samples - first;
        const int64_t count = left < run->batch ? left : run->batch;
        double rate = 0.0;
        int err;

        SE_TRY(seqecho_trainer_get(run->t, SEQECHO_PARAM_LEARNING_RATE, &rate));
        err = update(run, first, count);
        if (err == SEQECHO_ENUMERIC)
            return send_not_finite(run);
        SE_TRY(err);
        if (run->opt.reset_states == SEQECHO_RESET_EACH_BATCH)
            se_session_reset(run->t->session);
        run->rate = rate;
        first += count;
        run->done++;
        if (is_watched(run)) {
            const seqecho_report figures = report_so_far(run);

            SE_TRY(send_event(run, SEQECHO_EVENT_BATCH_END, &figures));
        }
    }
    return SEQECHO_OK;
}

static int validate(fit_run *run)
{
    int err;

    if (run->validation.samples.x == NULL)
        return SEQECHO_OK;
    err = se_evaluation_run(&run->validation, run->t, &run->measured);
    if (err == SEQECHO_ENUMERIC)
        return send_not_finite(run);
    SE_TRY(err);
    run->validated = &run->measured;
    return SEQECHO_OK;
}

static int run_epoch(fit_run *run)
{
    seqecho_report figures;

    run->score = (se_score){ .samples = 0 };
    run->done = 0;
    run->rate = (double)NAN;
    run->start = se_seconds();
    figures = report_so_far(run);
    SE_TRY(send_event(run, SEQECHO_EVENT_EPOCH_BEGIN, &figures));
    if (run->stopped)
        return SEQECHO_OK; /* before it began: not an epoch */
    run->validated = NULL;
    if (run->opt.shuffle)
        se_shuffle_order(&run->shuffle, run->t->session->seed, run->t->epochs);
    SE_TRY(run_batches(run));
    if (run->opt.reset_states == SEQECHO_RESET_EACH_EPOCH)
        se_session_reset(run->t->session);
    run->last = report_so_far(run);
    SE_TRY(validate(run));
    se_history_add(&run->t->history, &run->last, run->validated, run->rate);
    run->t->epochs++;
    return send_event(run, SEQECHO_EVENT_EPOCH_END, &run->last);
}

/* ---- All of them ---- */

/* What is trained on and what is measured. */
static int choose_samples(fit_run *run)
{
    const seqecho_fit_options *const opt = &run->opt;
    const seqecho_graph *const graph = run->t->session->graph;
    se_evaluation *const v = &run->validation;
    int64_t all;

    SE_TRY(se_trainer_check(run->t, &run->data, &run->samples));
    if (opt->shuffle || opt->validation_split > 0.0) {
        se_samples_copy(&run->all, run->t, &run->data);
        run->data = run->all.samples;
    }
    v->sequences = 1;
    if (opt->validation_dataset != NULL) {
        SE_TRY(se_dataset_check(run->t, opt->validation_dataset, "validation_dataset"));
        v->samples = se_dataset_samples(run->t, opt->validation_dataset, NULL);
        v->dataset = opt->validation_dataset;
        if (opt->validation_sequences > 0)
            v->sequences = opt->validation_sequences;
    } else if (opt->validation_x != NULL) {
        v->samples =
            (se_samples){ opt->validation_x, opt->validation_y, opt->validation_weight };
    } else if (opt->validation_split > 0.0) {
        all = run->samples;
        SE_TRY(se_fit_options_split(opt, all, &run->samples));
        se_samples_slice(&run->head, graph, &run->data, 0, run->samples);
        se_samples_slice(&run->tail, graph, &run->data, run->samples, all - run->samples);
        run->data = run->head.samples;
        v->samples = run->tail.samples;
    }
    return v->samples.x != NULL ? se_evaluation_prepare(v, run->t, opt) : SEQECHO_OK;
}

/* None begins if any of them refuses: a log would have lost the lines of the last fit. */
static int begin_callbacks(fit_run *run)
{
    const bool validation = run->validation.samples.x != NULL;

    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        const seqecho_callback *const c = run->opt.callbacks[i];

        if (c->in_fit)
            return se_fail(SEQECHO_ESTATE, "fit: callbacks[%zu] is at work in another fit",
                           i);
        if (c->ops->check != NULL)
            SE_TRY(c->ops->check(c, run->t, validation));
    }
    for (; run->begun < run->opt.n_callbacks; run->begun++) {
        seqecho_callback *const c = run->opt.callbacks[run->begun];

        if (c->ops->begin != NULL)
            SE_TRY(c->ops->begin(c, run->t, validation));
        c->in_fit = true;
    }
    return SEQECHO_OK;
}

static void end_callbacks(fit_run *run)
{
    while (run->begun-- > 0) {
        seqecho_callback *const c = run->opt.callbacks[run->begun];

        if (c->ops->end != NULL)
            c->ops->end(c);
        c->in_fit = false;
    }
}

/* Everything that can be wrong or be missing is found out before the first epoch; and to
 * bind comes last, since that gives up what a forward pass or gradients left. */
static int prepare(fit_run *run)
{
    seqecho_trainer *const t = run->t;
    const seqecho_fit_options *const opt = &run->opt;

    SE_TRY(se_fit_options_check(opt, t, run->dataset != NULL));
    SE_TRY(choose_samples(run));
    SE_TRY(se_trainer_batch(t, opt->batch_size, run->samples, &run->batch));
    run->batches = (run->samples + run->batch - 1) / run->batch;
    if (opt->shuffle)
        SE_TRY(se_shuffle_create(&run->shuffle, t->session->graph, &run->data, run->samples,
                                 run->batch, &t->allocator));
    SE_TRY(se_history_reserve(&t->history, opt->epochs, &t->allocator));
    SE_TRY(begin_callbacks(run));
    return se_trainer_bind(
        t, run->batch > run->validation.batch ? run->batch : run->validation.batch, false);
}

static int run_epochs(fit_run *run)
{
    for (int64_t i = 0; i < run->opt.epochs && !run->stopped; i++) {
        SE_TRY(
            se_history_reserve(&run->t->history, run->opt.epochs - i, &run->t->allocator));
        if (run->dataset != NULL)
            seqecho_dataset_next(run->dataset);
        run->epoch = i;
        SE_TRY(run_epoch(run));
    }
    return send_event(run, SEQECHO_EVENT_FIT_END, &run->last);
}

static int run_fit(fit_run *run, seqecho_report *report)
{
    int err;

    run->last = no_report;
    err = prepare(run);
    if (err == SEQECHO_OK)
        err = run_epochs(run);
    end_callbacks(run);
    se_shuffle_finish(&run->shuffle, &run->t->allocator);
    SE_TRY(err);
    se_report_write(report, &run->last);
    return SEQECHO_OK;
}

int seqecho_trainer_fit(seqecho_trainer *t, const seqecho_view *x, const seqecho_view *y,
                        const seqecho_fit_options *options, seqecho_report *report)
{
    fit_run run = { .t = t };

    SE_TRY(se_trainer_enter(t, "fit"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&run.opt, options, SEQECHO_RESET_NEVER));
    run.data = (se_samples){ x, y, run.opt.sample_weight };
    return run_fit(&run, report);
}

int seqecho_trainer_fit_dataset(seqecho_trainer *t, seqecho_dataset *dataset,
                                const seqecho_fit_options *options, seqecho_report *report)
{
    fit_run run = { .t = t, .dataset = dataset };

    SE_TRY(se_trainer_enter(t, "fit_dataset"));
    SE_TRY(se_dataset_check(t, dataset, "fit_dataset"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&run.opt, options, SEQECHO_RESET_EACH_EPOCH));
    run.data = se_dataset_samples(t, dataset, run.opt.sample_weight);
    return run_fit(&run, report);
}
