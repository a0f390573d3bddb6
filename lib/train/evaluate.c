/* train/evaluate.c - measuring without training, by itself or between epochs.
 * SPDX-License-Identifier: MIT */
#include "train/evaluate.h"

#include <inttypes.h>

#include "base/error.h"
#include "data/dataset.h"
#include "train/fit_options.h"

int se_evaluation_prepare(se_evaluation *e, const seqecho_trainer *t,
                          const seqecho_fit_options *opt)
{
    SE_TRY(se_trainer_check(t, &e->samples, &e->count));
    e->reset_each_batch = opt->reset_states == SEQECHO_RESET_EACH_BATCH;
    return se_trainer_batch(t, opt->batch_size, e->count, &e->batch);
}

/* Add all samples to *score, batch by batch. */
static int score_samples(const se_evaluation *e, seqecho_trainer *t, se_score *score,
                         int64_t *batches)
{
    for (int64_t first = 0; first < e->count; first += e->batch, (*batches)++) {
        const int64_t left = e->count - first;

        SE_TRY(se_trainer_pass(t, &e->samples, first, left < e->batch ? left : e->batch,
                               false, false, score));
        se_session_commit(t->session);
        if (e->reset_each_batch)
            se_session_reset(t->session);
    }
    return SEQECHO_OK;
}

int se_evaluation_run(const se_evaluation *e, seqecho_trainer *t, seqecho_report *report)
{
    const double start = se_seconds();
    se_score score = { .samples = 0 };
    int64_t batches = 0;
    int err = SEQECHO_OK;

    se_session_save_states(t->session);
    for (int64_t i = 0; i < e->sequences && err == SEQECHO_OK; i++) {
        if (e->dataset != NULL)
            seqecho_dataset_next(e->dataset);
        se_session_reset(t->session);
        err = score_samples(e, t, &score, &batches);
    }
    se_session_restore_states(t->session);
    SE_TRY(err);
    *report = se_report_make(t, &score, batches, se_seconds() - start);
    return SEQECHO_OK;
}

/* Memory is there before the first sequence is drawn. */
static int evaluate(se_evaluation *e, seqecho_trainer *t, const seqecho_fit_options *opt,
                    seqecho_report *report)
{
    seqecho_report result;

    SE_TRY(se_evaluation_prepare(e, t, opt));
    SE_TRY(se_trainer_bind(t, e->batch, false));
    SE_TRY(se_evaluation_run(e, t, &result));
    se_report_write(report, &result);
    return SEQECHO_OK;
}

int seqecho_trainer_evaluate(seqecho_trainer *t, const seqecho_view *x,
                             const seqecho_view *y, const seqecho_fit_options *options,
                             seqecho_report *report)
{
    se_evaluation e = { .sequences = 1 };
    seqecho_fit_options opt;

    SE_TRY(se_trainer_enter(t, "evaluate"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&opt, options, SEQECHO_RESET_NEVER));
    e.samples = (se_samples){ x, y, opt.sample_weight };
    return evaluate(&e, t, &opt, report);
}

int seqecho_trainer_evaluate_dataset(seqecho_trainer *t, seqecho_dataset *dataset,
                                     int64_t sequences, const seqecho_fit_options *options,
                                     seqecho_report *report)
{
    se_evaluation e = { .dataset = dataset, .sequences = sequences };
    seqecho_fit_options opt;

    SE_TRY(se_trainer_enter(t, "evaluate_dataset"));
    SE_TRY(se_dataset_check(t, dataset, "evaluate_dataset"));
    SE_TRY(se_report_check(report));
    SE_TRY(se_fit_options_read(&opt, options, SEQECHO_RESET_NEVER));
    if (sequences < 1)
        return se_fail(SEQECHO_EINVAL,
                       "evaluate_dataset: sequences is %" PRId64 ", expected 1 or more",
                       sequences);
    e.samples = se_dataset_samples(t, dataset, opt.sample_weight);
    return evaluate(&e, t, &opt, report);
}

/* ---- Datasets ---- */

se_samples se_dataset_samples(const seqecho_trainer *t, const seqecho_dataset *dataset,
                              const seqecho_view *weight)
{
    const se_classes *const classes = se_dataset_classes(dataset);

    return (se_samples){
        .x = classes != NULL ? &classes->x : seqecho_dataset_x(dataset),
        .y = classes != NULL && se_loss_takes_classes(t->objective.output[0].loss)
                 ? &classes->y
                 : seqecho_dataset_y(dataset),
        .weight = weight,
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

int se_dataset_check(const seqecho_trainer *t, const seqecho_dataset *dataset,
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
    if (g->lengths[0])
        return se_fail(SEQECHO_ESHAPE,
                       "%s: the graph's input has lengths, a dataset has none", call);
    classes = se_dataset_classes(dataset);
    if (classes == NULL)
        return SEQECHO_OK;
    SE_TRY(check_unique(classes, &t->session->inputs[0]->shape, call, "input"));
    return check_unique(classes, &t->session->outputs[0]->shape, call, "output");
}
