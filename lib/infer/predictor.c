/* infer/predictor.c - inference: whole sequences, or one time step at a time.
 * SPDX-License-Identifier: MIT
 *
 * Two sessions on one graph: one for run(), one laid out for a single time step, whose
 * forward pass is all that step() does. */
#include <seqecho/predictor.h>

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "graph/session.h"

/* Samples run at once where they do not depend on each other: enough to fill the
 * products, few enough to stay in a cache. */
#define RUN_BATCH 64

struct seqecho_predictor {
    seqecho_allocator allocator;
    int64_t batch;
    bool trace;  /* keep what layers go through in run(), */
    bool traced; /* which has been called */
    se_session *run;
    se_session *step; /* NULL if the graph cannot be stepped */
    int step_status;  /* why not, with its message */
    char step_message[SE_ERROR_SIZE];
};

/* A graph that cannot be stepped is no error until somebody steps it.  A step never goes to
 * the BLAS, which may lock and allocate. */
static int create_step(seqecho_predictor *p, seqecho_graph *graph)
{
    const int err = se_session_create(&p->step, graph, SE_MODE_STEP, &p->allocator, 1,
                                      SEQECHO_NUMERICS_REPRODUCIBLE, p->batch);

    if (err == SEQECHO_ENOTSUP) {
        p->step_status = err;
        memcpy(p->step_message, seqecho_error_message(),
               strlen(seqecho_error_message()) + 1);
        return SEQECHO_OK;
    }
    SE_TRY(err);
    return se_session_bind(p->step, p->batch, false);
}

int seqecho_predictor_create(seqecho_predictor **out, seqecho_graph *graph,
                             const seqecho_predictor_options *options)
{
    seqecho_predictor_options opt;
    seqecho_allocator allocator;
    seqecho_predictor *p;
    int err;

    if (out == NULL)
        return se_fail(SEQECHO_EINVAL, "predictor_create: out is NULL");
    *out = NULL;
    SE_TRY(se_options_read(&opt, sizeof opt, options, "predictor options"));
    SE_TRY(se_allocator_read(&allocator, opt.allocator));
    if (opt.batch != 0 && !se_dim_ok(opt.batch))
        return se_fail(SEQECHO_EINVAL,
                       "predictor: batch is %" PRId64 ", expected 0 or more", opt.batch);
    for (size_t i = 0; i < sizeof opt.reserved; i++)
        if (opt.reserved[i] != 0)
            return se_fail(SEQECHO_ENOTSUP, "predictor options: reserved is set, but this "
                                            "library knows only 0");
    if (graph == NULL)
        return se_fail(SEQECHO_EINVAL, "predictor_create: graph is NULL");
    SE_TRY(se_alloc(&p, &allocator, 1, sizeof *p, "predictor"));
    p->allocator = allocator;
    p->batch = opt.batch > 0 ? opt.batch : graph->batch > 0 ? graph->batch : 1;
    p->trace = opt.trace;
    err = se_session_create(&p->run, graph, p->trace ? SE_MODE_TRAIN : SE_MODE_RUN,
                            &p->allocator, opt.threads, opt.numerics, p->batch);
    if (err == SEQECHO_OK)
        p->run->keep_inputs = p->trace;
    if (err < 0 || (err = create_step(p, graph)) < 0) {
        seqecho_predictor_destroy(p);
        return err;
    }
    *out = p;
    return SEQECHO_OK;
}

void seqecho_predictor_destroy(seqecho_predictor *p)
{
    seqecho_allocator allocator;

    if (p == NULL)
        return;
    allocator = p->allocator;
    se_session_destroy(p->run);
    se_session_destroy(p->step);
    se_free(&allocator, p);
}

int seqecho_predictor_run(seqecho_predictor *p, const seqecho_view *x, float *out,
                          size_t out_count)
{
    int64_t samples = 0, batch;

    if (p == NULL)
        return se_fail(SEQECHO_EINVAL, "predictor_run: predictor is NULL");
    SE_TRY(se_session_check(p->run, x, &samples));
    SE_TRY(se_session_check_out(p->run, samples, out, out_count, "predictor_run"));
    batch = p->batch;
    if (se_session_stateful(p->run) && samples % batch != 0)
        return se_fail(SEQECHO_ESHAPE,
                       "predictor_run: in a stateful network the number of samples must be "
                       "divisible by the batch size %" PRId64 ", found %" PRId64 " samples",
                       batch, samples);
    if (p->trace && samples > batch)
        return se_fail(
            SEQECHO_ESHAPE,
            "predictor_run: with .trace expected at most the batch size, %" PRId64
            ", found %" PRId64 " samples",
            batch, samples);
    if (!se_session_stateful(p->run) && batch < RUN_BATCH)
        batch = RUN_BATCH;
    p->traced = false;
    SE_TRY(se_session_run(p->run, x, samples, batch, false, out));
    p->traced = p->trace;
    return SEQECHO_OK;
}

static int find_trace(const seqecho_predictor *p, const char *layer, seqecho_trace what,
                      se_traced *out, const char *call)
{
    if (p == NULL || layer == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: %s is NULL", call,
                       p == NULL ? "predictor" : "layer");
    if (!p->trace)
        return se_fail(SEQECHO_ESTATE,
                       "%s: the predictor was made without .trace, so it keeps nothing",
                       call);
    if (!p->traced)
        return se_fail(SEQECHO_ESTATE,
                       "%s: there was no seqecho_predictor_run() to tell of", call);
    return se_session_find_trace(p->run, layer, what, out, call);
}

int seqecho_predictor_trace(const seqecho_predictor *p, const char *layer,
                            seqecho_trace what, float *values, size_t count)
{
    static const char call[] = "predictor_trace";
    char text[SE_SHAPE_TEXT];
    se_traced found;
    int64_t want;

    SE_TRY(find_trace(p, layer, what, &found, call));
    want = se_shape_size(&found.shape) * p->run->batch;
    if (values == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: values is NULL", call);
    if (count != (size_t)want)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: %s: its %s is %s, which is %" PRId64 " floats; count is %zu",
                       call, layer, found.name,
                       se_shape_text(text, p->run->batch, &found.shape), want, count);
    se_session_get_trace(p->run, &found, values);
    return SEQECHO_OK;
}

int seqecho_predictor_trace_shape(const seqecho_predictor *p, const char *layer,
                                  seqecho_trace what, seqecho_view *view)
{
    static const char call[] = "predictor_trace_shape";
    se_traced found;

    SE_TRY(find_trace(p, layer, what, &found, call));
    if (view == NULL)
        return se_fail(SEQECHO_EINVAL, "%s: view is NULL", call);
    *view = (seqecho_view){ .dim = { p->run->batch },
                            .rank = found.shape.rank + 1,
                            .dtype = SEQECHO_FLOAT32 };
    for (int32_t i = 0; i < found.shape.rank; i++)
        view->dim[i + 1] = found.shape.dim[i];
    return SEQECHO_OK;
}

static int step(seqecho_predictor *p, const float *x, const int32_t *classes, float *y)
{
    if (p == NULL || (x == NULL && classes == NULL) || y == NULL)
        return se_fail(SEQECHO_EINVAL, "predictor_step: %s is NULL",
                       p == NULL   ? "predictor"
                       : y == NULL ? "y_t"
                                   : "x_t");
    if (p->step == NULL)
        return se_fail(p->step_status, "%s", p->step_message);
    return se_session_step(p->step, x, classes, y);
}

int seqecho_predictor_step(seqecho_predictor *p, const float *x_t, float *y_t)
{
    return step(p, x_t, NULL, y_t);
}

int seqecho_predictor_step_classes(seqecho_predictor *p, const int32_t *x_t, float *y_t)
{
    return step(p, NULL, x_t, y_t);
}

void seqecho_predictor_reset_states(seqecho_predictor *p)
{
    if (p == NULL)
        return;
    se_session_reset(p->run);
    if (p->step != NULL)
        se_session_reset(p->step);
}
