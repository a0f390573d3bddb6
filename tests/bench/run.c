/* run.c - a workload made ready, timed and checked.
 * SPDX-License-Identifier: MIT */
#include "run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "data.h"

/* The handles of a workload; of trainer and predictor one. */
typedef struct runner {
    const workload *workload;
    data data;
    int64_t next; /* batch */
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_report report; /* of the last batch */
    float *out;
    size_t out_count;
} runner;

/* ---- One unit of work --------------------------------------------------------------- */

static int train_batch(void *arg)
{
    runner *const r = arg;
    seqecho_view x, y;

    data_batch(&r->data, r->next, &x, &y);
    r->next = r->next + 1 < r->data.batches ? r->next + 1 : 0;
    if (r->workload->from_zero)
        seqecho_trainer_reset_states(r->trainer);
    return seqecho_trainer_train_on_batch(r->trainer, &x, &y, &r->report);
}

static int predict_step(void *arg)
{
    runner *const r = arg;

    return seqecho_predictor_step(r->predictor, r->data.x, r->out);
}

static int predict_batch(void *arg)
{
    runner *const r = arg;

    return seqecho_predictor_run(r->predictor, &r->data.x_view, r->out, r->out_count);
}

static measure_fn unit_of(const workload *w)
{
    return w->trains ? train_batch : w->streams ? predict_step : predict_batch;
}

/* ---- Making ready ------------------------------------------------------------------- */

static int open_trainer(runner *r, const args *a)
{
    return seqecho_trainer_create(
        &r->trainer, r->graph,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .optimizer = SEQECHO_ADAM,
                        .metrics = r->workload->from_classes ? SEQECHO_METRIC_ACCURACY : 0,
                        .threads = a->threads, .numerics = a->numerics,
                        .allocator = count_allocator()));
}

static int open_predictor(runner *r, const args *a, const work_size *size)
{
    r->out_count = (size_t)(size->batch * size->steps * size->units);
    r->out = calloc(r->out_count, sizeof *r->out);
    if (r->out == NULL)
        return SEQECHO_ENOMEM;
    return seqecho_predictor_create(
        &r->predictor, r->graph,
        SEQECHO_PREDICTOR(.batch = size->batch, .threads = a->threads,
                          .numerics = a->numerics, .allocator = count_allocator()));
}

static int runner_open(runner *r, const args *a, const workload *w, const work_size *size)
{
    int err;

    *r = (runner){ .workload = w, .report = SEQECHO_REPORT_INIT };
    r->report.loss = (double)NAN;
    if (!data_create(&r->data, w, size, a->one_hot))
        return SEQECHO_ENOMEM;
    err = seqecho_graph_create(&r->graph,
                               SEQECHO_GRAPH(.seed = 1, .allocator = count_allocator()));
    if (err < 0)
        return err;
    w->build(r->graph, size);
    return w->trains ? open_trainer(r, a) : open_predictor(r, a, size);
}

static void runner_close(runner *r)
{
    seqecho_trainer_destroy(r->trainer);
    seqecho_predictor_destroy(r->predictor);
    seqecho_graph_destroy(r->graph);
    data_destroy(&r->data);
    free(r->out);
}

/* ---- Timing ------------------------------------------------------------------------- */

/* Threads of this process; 0 where that cannot be found out. */
static int count_threads(void)
{
    FILE *const status = fopen("/proc/self/status", "r");
    char line[256];
    int threads = 0;

    if (status == NULL)
        return 0;
    while (threads == 0 && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "Threads:", 8) == 0)
            threads = atoi(line + 8);
    fclose(status);
    return threads;
}

/* A pass over all batches, and their mean loss. */
static int pass(runner *r, double *loss)
{
    const measure_fn unit = unit_of(r->workload);
    int err = 0;

    *loss = 0.0;
    r->next = 0;
    for (int64_t i = 0; i < r->data.batches && err == 0; i++) {
        err = unit(r);
        *loss += r->report.loss / (double)r->data.batches;
    }
    return err;
}

static int time_runner(runner *r, const args *a, result *out)
{
    const measure_fn unit = unit_of(r->workload);
    double seconds[ARGS_REPS_MAX];
    int64_t calls;
    int err;

    if ((err = pass(r, &out->loss_start)) < 0 ||
        (err = measure_calibrate(unit, r, a->seconds, &calls)) < 0)
        return err;
    count_start();
    err = measure_calls(unit, r, calls, a->reps, seconds);
    out->bytes_allocated = count_stop();
    if (err < 0)
        return err;
    out->time = measure_summary(seconds, a->reps, calls);
    if (!r->workload->trains)
        return 0;
    return pass(r, &out->loss);
}

static void say_failure(const args *a, const workload *w, int err)
{
    const char *const message = seqecho_error_message();

    fprintf(stderr, "%s: %s: %s: %s\n", a->program, w->name, seqecho_error_name(err),
            err == SEQECHO_ENOMEM && *message == '\0' ? "out of memory" : message);
}

bool run_workload(const args *a, const workload *w, const limits *l, result *out)
{
    const work_size *const usual = a->brief ? &w->brief : &w->usual;
    const int threads_before = count_threads();
    work_cost cost;
    runner r;
    int err;

    *out = (result){ .workload = w, .loss_start = (double)NAN, .loss = (double)NAN };
    out->size = (work_size){
        .units = a->size.units > 0 ? a->size.units : usual->units,
        .steps = a->size.steps > 0 ? a->size.steps : usual->steps,
        .batch = a->size.batch > 0 ? a->size.batch : usual->batch,
        .features = a->size.features > 0 ? a->size.features : usual->features,
    };
    err = runner_open(&r, a, w, &out->size);
    if (err == 0)
        err = time_runner(&r, a, out);
    out->threads = w->streams ? 1 : 1 + count_threads() - threads_before;
    runner_close(&r);
    cost = w->cost(&out->size);
    if (err == 0 && !limits_floor(l, &cost, out->threads, &out->floor))
        err = SEQECHO_ENOMEM;
    if (err < 0) {
        say_failure(a, w, err);
        return false;
    }
    out->flops = cost.flops;
    out->peak = l->peak * out->threads;
    return true;
}

bool run_check(const args *a, const result *r)
{
    bool good = true;

    if (r->bytes_allocated != 0) {
        fprintf(stderr,
                "%s: %s: %" PRId64 " bytes were allocated while the clock ran, expected "
                "none\n",
                a->program, r->workload->name, r->bytes_allocated);
        good = false;
    }
    if (r->workload->trains && !(isfinite(r->loss) && r->loss < r->loss_start)) {
        fprintf(stderr, "%s: %s: the loss went from %g to %g, so it does not train\n",
                a->program, r->workload->name, r->loss_start, r->loss);
        good = false;
    }
    return good;
}
