/* train/fit.c - training over epochs, with events.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "train/fit_options.h"
#include "train/resume.h"

static const seqecho_report no_report = { .struct_size = sizeof no_report,
                                          .loss = (double)NAN,
                                          .accuracy = (double)NAN,
                                          .top_k = (double)NAN,
                                          .mse = (double)NAN,
                                          .mae = (double)NAN };

/* ---- Events ---- */

static const seqecho_event_kind kinds[SE_STAGES] = {
    [SE_STAGE_EPOCH_BEGIN] = SEQECHO_EVENT_EPOCH_BEGIN,
    [SE_STAGE_BATCH_END] = SEQECHO_EVENT_BATCH_END,
    [SE_STAGE_EPOCH_END] = SEQECHO_EVENT_EPOCH_END,
};

static bool is_watched(const se_fit_run *run)
{
    return run->opt.on_event != NULL || run->opt.n_callbacks > 0;
}

static seqecho_event make_event(const se_fit_run *run, seqecho_event_kind kind,
                                const seqecho_report *so_far)
{
    const se_place *const p = &run->place;
    const bool ended = kind == SEQECHO_EVENT_EPOCH_END || kind == SEQECHO_EVENT_FIT_END;

    return (seqecho_event){
        .struct_size = sizeof(seqecho_event),
        .kind = kind,
        .epoch = p->epoch,
        .epochs = run->opt.epochs,
        .batch = kind == SEQECHO_EVENT_NOT_FINITE ? p->done : p->done - 1,
        .batches = run->batches,
        .trainer = run->t,
        .train = so_far,
        .validation = ended && p->validated ? &p->measured : NULL,
    };
}

/* Tell the callbacks, and once all of them know, those that want to know that. */
static int tell_callbacks(se_fit_run *run, const seqecho_event *event)
{
    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        seqecho_callback *const c = run->opt.callbacks[i];
        const int answer = c->ops->event(c, event);

        SE_TRY(answer);
        run->place.ended |= answer > 0 && event->kind == SEQECHO_EVENT_EPOCH_END;
        run->stopped = run->stopped || answer > 0;
    }
    run->place.told = true;
    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        seqecho_callback *const c = run->opt.callbacks[i];

        if (c->ops->after != NULL)
            SE_TRY(c->ops->after(c, event, run->stopped));
    }
    return SEQECHO_OK;
}

/* Tell the program and the callbacks.  A positive answer stops the fit, a negative one is
 * its result. */
static int send_event(se_fit_run *run, seqecho_event_kind kind,
                      const seqecho_report *so_far)
{
    const seqecho_event event = make_event(run, kind, so_far);
    int answer;

    if (run->opt.on_event != NULL) {
        run->t->in_event = true;
        answer = run->opt.on_event(run->opt.user, &event);
        run->t->in_event = false;
        if (answer < 0)
            return se_fail(answer, "an event callback returned %d", answer);
        run->stopped = run->stopped || answer > 0;
    }
    return tell_callbacks(run, &event);
}

/* Something has happened that a fit can go on from. */
static int send_stage(se_fit_run *run, se_stage stage, const seqecho_report *so_far)
{
    run->place.stage = stage;
    run->place.told = false;
    run->place.seconds = so_far->seconds;
    return send_event(run, kinds[stage], so_far);
}

static seqecho_report report_so_far(const se_fit_run *run)
{
    const se_place *const p = &run->place;

    return se_report_make(run->t, &p->score, p->done, se_seconds() - run->start);
}

/* A batch failed with SEQECHO_ENUMERIC.  Either somebody wants the fit to end in peace, or
 * that is its result. */
static int send_not_finite(se_fit_run *run)
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
    run->place.ended |= answered;
    return answered ? SEQECHO_OK : se_fail(SEQECHO_ENUMERIC, "%s", message);
}

/* ---- One epoch ---- */

static int update(se_fit_run *run, int64_t first, int64_t count)
{
    if (run->opt.shuffle)
        return se_trainer_update(run->t, se_shuffle_batch(&run->shuffle, first, count), 0,
                                 count, &run->place.score);
    return se_trainer_update(run->t, &run->data, first, count, &run->place.score);
}

/* One pass over the samples, until an event stops it. */
static int run_batches(se_fit_run *run)
{
    se_place *const p = &run->place;
    int64_t first = p->done * run->batch;

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
        p->rate = rate;
        first += count;
        p->done++;
        if (is_watched(run)) {
            const seqecho_report figures = report_so_far(run);

            SE_TRY(send_stage(run, SE_STAGE_BATCH_END, &figures));
        }
    }
    return SEQECHO_OK;
}

static int validate(se_fit_run *run)
{
    seqecho_dataset *const dataset = run->validation.dataset;
    const uint64_t position = seqecho_dataset_position(dataset);
    int err;

    if (!se_fit_validates(run))
        return SEQECHO_OK;
    err = se_evaluation_run(&run->validation, run->t, &run->place.measured);
    if (err == SEQECHO_ENUMERIC) {
        /* A fit that goes on from here draws the same sequences. */
        seqecho_dataset_seek(dataset, position);
        return send_not_finite(run);
    }
    SE_TRY(err);
    run->place.validated = true;
    return SEQECHO_OK;
}

/* What is left of an epoch that has begun. */
static int finish_epoch(se_fit_run *run)
{
    se_place *const p = &run->place;

    p->validated = false;
    if (run->opt.shuffle)
        se_shuffle_order(&run->shuffle, run->t->session->seed, run->t->epochs);
    SE_TRY(run_batches(run));
    if (run->opt.reset_states == SEQECHO_RESET_EACH_EPOCH)
        se_session_reset(run->t->session);
    p->last = report_so_far(run);
    SE_TRY(validate(run));
    se_history_add(&run->t->history, &p->last, p->validated ? &p->measured : NULL, p->rate);
    run->t->epochs++;
    return send_stage(run, SE_STAGE_EPOCH_END, &p->last);
}

static int run_epoch(se_fit_run *run, int64_t epoch)
{
    se_place *const p = &run->place;
    seqecho_report figures;

    if (run->dataset != NULL)
        seqecho_dataset_next(run->dataset);
    p->epoch = epoch;
    p->score = (se_score){ .samples = 0 };
    p->done = 0;
    p->rate = (double)NAN;
    run->start = se_seconds();
    figures = report_so_far(run);
    SE_TRY(send_stage(run, SE_STAGE_EPOCH_BEGIN, &figures));
    /* Stopped before it began it is not an epoch. */
    return run->stopped ? SEQECHO_OK : finish_epoch(run);
}

/* What is left of the epoch in which a checkpoint was taken. */
static int resume_epoch(se_fit_run *run)
{
    const se_place *const p = &run->place;
    const bool over = p->stage == SE_STAGE_EPOCH_END;

    run->start = se_seconds() - p->seconds;
    if (!p->told) {
        const seqecho_report figures = over ? p->last : report_so_far(run);
        const seqecho_event event = make_event(run, kinds[p->stage], &figures);

        SE_TRY(tell_callbacks(run, &event));
    }
    if (over || (run->stopped && p->stage == SE_STAGE_EPOCH_BEGIN))
        return SEQECHO_OK;
    return finish_epoch(run);
}

/* ---- All of them ---- */

/* What is trained on and what is measured. */
static int choose_samples(se_fit_run *run)
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

/* Check callback number i, or begin it, with what it had written where the fit is
 * resumed. */
static int prepare_callback(const se_fit_run *run, size_t i, bool begin)
{
    seqecho_callback *const c = run->opt.callbacks[i];
    const bool validation = se_fit_validates(run);
    char prefix[SE_CALLBACK_PREFIX];
    se_saved room, *saved = NULL;

    if (run->resumed) {
        const se_resume *const resume = run->t->resume;
        const json_t *const states = json_object_get(resume->place, "callbacks");

        saved = &room;
        *saved = (se_saved){ json_array_get(states, i), &resume->file,
                             se_callback_prefix(prefix, i) };
    }
    if (begin)
        return c->ops->begin != NULL ? c->ops->begin(c, run->t, validation, saved)
                                     : SEQECHO_OK;
    return c->ops->check != NULL ? c->ops->check(c, run->t, validation, saved) : SEQECHO_OK;
}

/* None begins if any of them refuses: a log would have lost the lines of the last fit. */
static int begin_callbacks(se_fit_run *run)
{
    for (size_t i = 0; i < run->opt.n_callbacks; i++) {
        if (run->opt.callbacks[i]->in_fit)
            return se_fail(SEQECHO_ESTATE, "fit: callbacks[%zu] is at work in another fit",
                           i);
        SE_TRY(prepare_callback(run, i, false));
    }
    for (; run->begun < run->opt.n_callbacks; run->begun++) {
        SE_TRY(prepare_callback(run, run->begun, true));
        run->opt.callbacks[run->begun]->in_fit = true;
    }
    return SEQECHO_OK;
}

static void end_callbacks(se_fit_run *run)
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
static int prepare(se_fit_run *run)
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
    run->resumed = opt->resume && t->resume != NULL;
    if (run->resumed)
        SE_TRY(se_place_fits(run, t->resume));
    SE_TRY(begin_callbacks(run));
    SE_TRY(se_trainer_bind(
        t, run->batch > run->validation.batch ? run->batch : run->validation.batch, false));
    if (run->resumed)
        se_place_take(run, t->resume);
    se_trainer_forget_resume(t);
    return SEQECHO_OK;
}

static int run_epochs(se_fit_run *run)
{
    int64_t i = 0;

    if (run->resumed) {
        SE_TRY(resume_epoch(run));
        i = run->place.epoch + 1;
    }
    for (; i < run->opt.epochs && !run->stopped; i++) {
        SE_TRY(
            se_history_reserve(&run->t->history, run->opt.epochs - i, &run->t->allocator));
        SE_TRY(run_epoch(run, i));
    }
    return send_event(run, SEQECHO_EVENT_FIT_END, &run->place.last);
}

static int run_fit(se_fit_run *run, seqecho_report *report)
{
    int err;

    run->place.last = no_report;
    run->place.measured = no_report;
    err = prepare(run);
    if (err == SEQECHO_OK) {
        run->t->fit = run;
        err = run_epochs(run);
        run->t->fit = NULL;
    }
    end_callbacks(run);
    se_shuffle_finish(&run->shuffle, &run->t->allocator);
    SE_TRY(err);
    se_report_write(report, &run->place.last);
    return SEQECHO_OK;
}

int seqecho_trainer_fit(seqecho_trainer *t, const seqecho_view *x, const seqecho_view *y,
                        const seqecho_fit_options *options, seqecho_report *report)
{
    se_fit_run run = { .t = t };

    SE_TRY(se_trainer_enter(t, "fit"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&run.opt, options, SEQECHO_RESET_NEVER));
    run.data = (se_samples){ x, y, run.opt.sample_weight };
    return run_fit(&run, report);
}

int seqecho_trainer_fit_dataset(seqecho_trainer *t, seqecho_dataset *dataset,
                                const seqecho_fit_options *options, seqecho_report *report)
{
    se_fit_run run = { .t = t, .dataset = dataset };

    SE_TRY(se_trainer_enter(t, "fit_dataset"));
    SE_TRY(se_dataset_check(t, dataset, "fit_dataset"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&run.opt, options, SEQECHO_RESET_EACH_EPOCH));
    run.data = se_dataset_samples(t, dataset, run.opt.sample_weight);
    return run_fit(&run, report);
}
