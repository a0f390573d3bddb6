/* api_predict.c - fuzz_api's calls of predictors.
 * SPDX-License-Identifier: MIT */
#include "api.h"

static void create(api *a, api_predictor *p, api_graph *g)
{
    seqecho_predictor_options o = { .struct_size = sizeof o,
                                    .batch = input_below(&a->in, 4),
                                    .threads = (int32_t)input_below(&a->in, 3),
                                    .numerics = (seqecho_numerics)input_below(&a->in, 3),
                                    .trace = input_chance(&a->in, 2),
                                    .allocator = &a->hook };
    int want = api_graph_ends_building(g);
    const void *given;

    if (input_chance(&a->in, 12)) {
        o.batch = input_absurd(&a->in);
        want = API_ANY;
    }
    if (!g->form.known)
        want = API_ANY;
    given = api_options(a, &o, sizeof o, &want);
    p->handle = API_STALE(a);
    if (API_CALL(a, want, seqecho_predictor_create(&p->handle, g->handle, given)) < 0) {
        FUZZ_CHECK(p->handle == NULL, "a handle of a call that failed");
        api_graph_settle(g);
        return;
    }
    api_graph_built(g);
    p->graph = g->handle;
    p->form = g->form;
    p->batch = o.batch > 0 ? o.batch : g->form.batch > 0 ? g->form.batch : 1;
    p->trace = o.trace;
    p->steps = API_ANY;
}

static void run(api *a, api_predictor *p)
{
    /* Whole batches of both sizes: of the graph's, as shapes may need, and of its own. */
    const int64_t samples = p->form.batch > 0 ? p->batch : input_between(&a->in, 1, 5);
    const size_t n = api_out_count(&p->form, samples), more = input_chance(&a->in, 24);
    float *const out = api_alloc(n, sizeof *out);
    api_views x;

    api_views_x(a, &x, &p->form, samples);
    (void)API_CALL(
        a, x.flawed || more || (p->trace && samples > p->batch) ? API_REFUSED : SEQECHO_OK,
        seqecho_predictor_run(p->handle, x.view, out, n + more));
    (void)API_CALL(a, x.flawed ? API_REFUSED : SEQECHO_EINVAL,
                   seqecho_predictor_run(p->handle, x.view, NULL, n));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_predictor_run(p->handle, NULL, out, n));
    free(out);
    api_views_free(&x);
}

/* What a layer went through, if there is such a layer, it does such a thing, and something
 * was run; and then exactly that. */
static void trace(api *a, api_predictor *p)
{
    static const char *const names[] = { "lstm",          "gru",   "simple_rnn",
                                         "attention",     "dense", "input_layer",
                                         "bidirectional", NULL };
    const char *const layer = names[input_below(&a->in, 8)];
    const seqecho_trace what = (seqecho_trace)input_below(&a->in, 12);
    seqecho_view shape = { 0 };
    const int err = API_CALL(a,
                             layer == NULL ? SEQECHO_EINVAL
                             : p->trace    ? API_ANY
                                           : SEQECHO_ESTATE,
                             seqecho_predictor_trace_shape(p->handle, layer, what, &shape));
    float *values;
    size_t n = 1;

    (void)API_CALL(a, API_REFUSED,
                   seqecho_predictor_trace_shape(NULL, layer, what, &shape));
    FUZZ_CHECK(
        API_CALL(a, API_ANY, seqecho_predictor_trace(p->handle, layer, what, NULL, n)) < 0,
        "traced to nowhere");
    if (err < 0)
        return;
    for (int32_t i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dim[i];
    values = api_alloc(n, sizeof *values);
    (void)API_CALL(a, SEQECHO_OK,
                   seqecho_predictor_trace(p->handle, layer, what, values, n));
    (void)API_CALL(a, SEQECHO_ESHAPE,
                   seqecho_predictor_trace(p->handle, layer, what, values, n + 1));
    free(values);
}

/* Numbers or classes of one time step. */
static void step(api *a, api_predictor *p)
{
    const seqecho_view *const in = &p->form.in[0], *const out = &p->form.out[0];
    const int64_t features = in->dim[in->rank - 1];
    const size_t batch = (size_t)p->batch;
    const bool wrong = input_chance(&a->in, 16), classes = input_chance(&a->in, 2);
    float *const x = api_alloc(batch * (size_t)features, sizeof *x);
    float *const y = api_alloc(batch * (size_t)out->dim[out->rank - 1], sizeof *y);
    int32_t *const x_t = api_alloc(batch, sizeof *x_t);
    int err;

    for (size_t i = 0; i < batch; i++)
        x_t[i] = (int32_t)(input_byte(&a->in) % features);
    if (wrong)
        x_t[0] = (int32_t)features;
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_predictor_step(p->handle, NULL, y));
    (void)API_CALL(a, SEQECHO_EINVAL, seqecho_predictor_step_classes(p->handle, x_t, NULL));
    if (classes) {
        err = API_CALL(a,
                       p->steps != SEQECHO_OK ? API_ANY
                       : wrong                ? SEQECHO_EINVAL
                                              : SEQECHO_OK,
                       seqecho_predictor_step_classes(p->handle, x_t, y));
    } else {
        err = API_CALL(a, p->steps, seqecho_predictor_step(p->handle, x, y));
        FUZZ_CHECK(err == SEQECHO_OK || err == SEQECHO_ENOTSUP, "%d", err);
        p->steps = err;
    }
    free(x);
    free(y);
    free(x_t);
}

void api_predictor_call(api *a)
{
    api_predictor *const p = &a->predictor[input_below(&a->in, API_PREDICTORS)];
    api_graph *const g = &a->graph[input_below(&a->in, API_GRAPHS)];
    float out = 0.0f;

    if (p->handle == NULL) {
        (void)API_CALL(a, SEQECHO_EINVAL, seqecho_predictor_run(NULL, NULL, &out, 1));
        (void)API_CALL(a, SEQECHO_EINVAL, seqecho_predictor_step(NULL, &out, &out));
        if (!api_busy(a, g->handle))
            create(a, p, g);
        return;
    }
    switch (input_below(&a->in, 10)) {
    case 0:
        if (a->depth == 0) {
            seqecho_predictor_destroy(p->handle);
            *p = (api_predictor){ 0 };
        }
        break;
    case 1: seqecho_predictor_reset_states(p->handle); break;
    case 2:
    case 3:
    case 4:
        if (p->form.known && !api_busy(a, p->graph) && p->batch <= 64)
            run(a, p);
        break;
    case 5: trace(a, p); break;
    default:
        if (p->form.known && !api_busy(a, p->graph) && p->batch <= 64)
            step(a, p);
        break;
    }
}
