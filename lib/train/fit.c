/* train/fit.c - training over epochs, with events.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "data/dataset.h"
#include "train/trainer.h"

/* One fit under way. */
typedef struct fit_run {
    seqecho_trainer *t;
    seqecho_fit_options opt;
    se_samples data;
    int64_t samples, batch, batches;
    int64_t epoch;
    se_score score; /* of the epoch so far */
    double start;   /* of the epoch */
    bool stopped;   /* an event asked for the end */
} fit_run;

static int read_options(seqecho_fit_options *opt, const seqecho_fit_options *given,
                        seqecho_state_reset usual)
{
    SE_TRY(se_options_read(opt, sizeof *opt, given, "fit options"));
    for (size_t i = 0; i < sizeof opt->reserved; i++)
        if (opt->reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP,
                           "fit options: reserved is set, but this library knows only 0");
    if (opt->epochs < 0)
        return se_fail(SEQECHO_EINVAL,
                       "fit: epochs is %" PRId64 ", expected 0 (one) or more", opt->epochs);
    if (opt->reset_states < SEQECHO_RESET_DEFAULT ||
        opt->reset_states > SEQECHO_RESET_EACH_BATCH)
        return se_fail(SEQECHO_EINVAL,
                       "fit: reset_states is %d, expected a "
                       "seqecho_state_reset",
                       (int)opt->reset_states);
    if (opt->epochs == 0)
        opt->epochs = 1;
    if (opt->reset_states == SEQECHO_RESET_DEFAULT)
        opt->reset_states = usual;
    return SEQECHO_OK;
}

/* Tell the program.  A positive answer stops the fit, a negative one is its result. */
static int send_event(fit_run *run, seqecho_event_kind kind, int64_t batch,
                      const seqecho_report *so_far)
{
    const seqecho_event event = {
        .struct_size = sizeof event,
        .kind = kind,
        .epoch = run->epoch,
        .epochs = run->opt.epochs,
        .batch = batch,
        .batches = run->batches,
        .trainer = run->t,
        .train = so_far,
    };
    int answer;

    if (run->opt.on_event == NULL)
        return SEQECHO_OK;
    run->t->in_event = true;
    answer = run->opt.on_event(run->opt.user, &event);
    run->t->in_event = false;
    if (answer < 0)
        return se_fail(answer, "an event callback returned %d", answer);
    run->stopped = run->stopped || answer > 0;
    return SEQECHO_OK;
}

static seqecho_report report_so_far(const fit_run *run, int64_t batches)
{
    return se_report_make(run->t, &run->score, batches, se_seconds() - run->start);
}

/* One pass over the samples; *last receives its figures, unless it was stopped before the
 * first batch. */
static int run_epoch(fit_run *run, seqecho_report *last)
{
    seqecho_report figures;
    int64_t done = 0, first = 0;

    run->score = (se_score){ .samples = 0 };
    run->start = se_seconds();
    figures = report_so_far(run, 0);
    SE_TRY(send_event(run, SEQECHO_EVENT_EPOCH_BEGIN, -1, &figures));
    if (run->stopped)
        return SEQECHO_OK; /* before it began: not an epoch */
    while (first < run->samples && !run->stopped) {
        const int64_t left = run->samples - first;
        const int64_t count = left < run->batch ? left : run->batch;

        SE_TRY(se_trainer_update(run->t, &run->data, first, count, &run->score));
        if (run->opt.reset_states == SEQECHO_RESET_EACH_BATCH)
            se_session_reset(run->t->session);
        first += count;
        done++;
        if (run->opt.on_event != NULL) {
            figures = report_so_far(run, done);
            SE_TRY(send_event(run, SEQECHO_EVENT_BATCH_END, done - 1, &figures));
        }
    }
    if (run->opt.reset_states == SEQECHO_RESET_EACH_EPOCH)
        se_session_reset(run->t->session);
    figures = report_so_far(run, done);
    se_history_add(&run->t->history, &figures);
    *last = figures;
    return send_event(run, SEQECHO_EVENT_EPOCH_END, done - 1, &figures);
}

/* Check, then all epochs; `dataset`, where not NULL, draws a sequence for each. */
static int run_fit(fit_run *run, seqecho_dataset *dataset, seqecho_report *report)
{
    seqecho_report last = se_report_make(run->t, &run->score, 0, 0.0); /* of nothing */

    SE_TRY(se_trainer_check(run->t, &run->data, &run->samples));
    SE_TRY(se_trainer_batch(run->t, run->opt.batch_size, run->samples, &run->batch));
    run->batches = (run->samples + run->batch - 1) / run->batch;
    for (run->epoch = 0; run->epoch < run->opt.epochs && !run->stopped; run->epoch++) {
        SE_TRY(se_history_reserve(&run->t->history, run->opt.epochs - run->epoch,
                                  &run->t->allocator));
        if (dataset != NULL)
            seqecho_dataset_next(dataset);
        SE_TRY(run_epoch(run, &last));
    }
    se_report_write(report, &last);
    return SEQECHO_OK;
}

int seqecho_trainer_fit(seqecho_trainer *t, const seqecho_view *x, const seqecho_view *y,
                        const seqecho_fit_options *options, seqecho_report *report)
{
    fit_run run = { .t = t, .data = { x, y, NULL } };

    SE_TRY(se_trainer_enter(t, "fit"));
    SE_TRY(se_report_check(report));
    SE_TRY(read_options(&run.opt, options, SEQECHO_RESET_NEVER));
    return run_fit(&run, NULL, report);
}

/* The rows of a dataset as the trainer takes them: class numbers stand for one-hot rows,
 * with the same bits, where the loss allows it. */
static se_samples dataset_views(const seqecho_trainer *t, const seqecho_dataset *dataset)
{
    const se_classes *const classes = se_dataset_classes(dataset);

    return (se_samples){
        .x = classes != NULL ? &classes->x : seqecho_dataset_x(dataset),
        .y = classes != NULL && se_loss_takes_classes(t->objective.output[0].loss)
                 ? &classes->y
                 : seqecho_dataset_y(dataset),
    };
}

static int check_unique(const se_classes *classes, const se_shape *shape, const char *call,
                        const char *what)
{
    if (se_shape_features(shape) != classes->n_unique)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the dataset's values are one of %" PRId64
                       ", but the graph's %s "
                       "has %" PRId64 " features",
                       call, classes->n_unique, what, se_shape_features(shape));
    return SEQECHO_OK;
}

/* A dataset feeds graphs of one input and one output. */
static int check_dataset(const seqecho_trainer *t, const seqecho_dataset *dataset,
                         const char *call)
{
    const seqecho_graph *const g = t->session->graph;
    const se_classes *classes;

    if (dataset == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: dataset is NULL", call);
    if (g->n_inputs != 1 || g->n_outputs != 1)
        return se_fail(
            SEQECHO_ESHAPE,
            "%s: the graph has %zu inputs and %zu outputs, a dataset feeds one of "
            "each",
            call, g->n_inputs, g->n_outputs);
    classes = se_dataset_classes(dataset);
    if (classes == NULL)
        return SEQECHO_OK;
    SE_TRY(check_unique(classes, &t->session->inputs[0]->shape, call, "input"));
    return check_unique(classes, &t->session->outputs[0]->shape, call, "output");
}

int seqecho_trainer_fit_dataset(seqecho_trainer *t, seqecho_dataset *dataset,
                                const seqecho_fit_options *options, seqecho_report *report)
{
    fit_run run = { .t = t };

    SE_TRY(se_trainer_enter(t, "fit_dataset"));
    SE_TRY(check_dataset(t, dataset, "fit_dataset"));
    SE_TRY(se_report_check(report));
    SE_TRY(read_options(&run.opt, options, SEQECHO_RESET_EACH_EPOCH));
    run.data = dataset_views(t, dataset);
    return run_fit(&run, dataset, report);
}

/* ---- Evaluation ---- */

/* Add all samples to *score, batch by batch, without training. */
static int score_samples(seqecho_trainer *t, const se_samples *samples,
                         const seqecho_fit_options *opt, se_score *score, int64_t *batches)
{
    int64_t count = 0, batch = 0;

    SE_TRY(se_trainer_check(t, samples, &count));
    SE_TRY(se_trainer_batch(t, opt->batch_size, count, &batch));
    for (int64_t first = 0; first < count; first += batch, (*batches)++) {
        const int64_t left = count - first;

        SE_TRY(se_trainer_pass(t, samples, first, left < batch ? left : batch, false, false,
                               score));
        se_session_commit(t->session);
        if (opt->reset_states == SEQECHO_RESET_EACH_BATCH)
            se_session_reset(t->session);
    }
    return SEQECHO_OK;
}

int seqecho_trainer_evaluate(seqecho_trainer *t, const seqecho_view *x,
                             const seqecho_view *y, const seqecho_fit_options *options,
                             seqecho_report *report)
{
    const double start = se_seconds();
    const se_samples samples = { x, y, NULL };
    se_score score = { .samples = 0 };
    seqecho_fit_options opt;
    seqecho_report result;
    int64_t batches = 0;
    int err;

    SE_TRY(se_trainer_enter(t, "evaluate"));
    SE_TRY(se_report_check(report));
    SE_TRY(read_options(&opt, options, SEQECHO_RESET_NEVER));
    se_session_save_states(t->session);
    se_session_reset(t->session);
    err = score_samples(t, &samples, &opt, &score, &batches);
    se_session_restore_states(t->session);
    SE_TRY(err);
    result = se_report_make(t, &score, batches, se_seconds() - start);
    se_report_write(report, &result);
    return SEQECHO_OK;
}

int seqecho_trainer_evaluate_dataset(seqecho_trainer *t, seqecho_dataset *dataset,
                                     int64_t sequences, const seqecho_fit_options *options,
                                     seqecho_report *report)
{
    const double start = se_seconds();
    se_score score = { .samples = 0 };
    seqecho_fit_options opt;
    seqecho_report result;
    se_samples samples;
    int64_t count = 0, batch = 0, batches = 0;
    int err = SEQECHO_OK;

    SE_TRY(se_trainer_enter(t, "evaluate_dataset"));
    SE_TRY(check_dataset(t, dataset, "evaluate_dataset"));
    SE_TRY(se_report_check(report));
    SE_TRY(read_options(&opt, options, SEQECHO_RESET_NEVER));
    if (sequences < 1)
        return se_fail(SEQECHO_EINVAL,
                       "evaluate_dataset: sequences is %" PRId64 ", expected 1 or more",
                       sequences);
    samples = dataset_views(t, dataset);
    SE_TRY(se_trainer_check(t, &samples, &count));
    SE_TRY(se_trainer_batch(t, opt.batch_size, count, &batch));
    se_session_save_states(t->session);
    for (int64_t i = 0; i < sequences && err == SEQECHO_OK; i++) {
        seqecho_dataset_next(dataset);
        se_session_reset(t->session);
        err = score_samples(t, &samples, &opt, &score, &batches);
    }
    se_session_restore_states(t->session);
    SE_TRY(err);
    result = se_report_make(t, &score, batches, se_seconds() - start);
    se_report_write(report, &result);
    return SEQECHO_OK;
}
