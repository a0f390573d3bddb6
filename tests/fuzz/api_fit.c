/* api_fit.c - fuzz_api's fits and evaluations, with events that do things of their own.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "api.h"

/* A fit that is at work. */
typedef struct watch {
    api *a;
    api_trainer *t;
    int64_t events;
    int64_t epochs; /* that came to their end */
    int answer;     /* the last one that was not 0 */
} watch;

static int answer_of(api *a)
{
    static const int answers[] = { 0, 0, 0, 0, 0, 0, 1, 7, -77, SEQECHO_ECALLBACK };

    return answers[input_below(&a->in, 10)];
}

static int on_event(void *user, const seqecho_event *e)
{
    watch *const w = user;
    api *const a = w->a;
    int answer;

    FUZZ_CHECK(e->struct_size == sizeof *e && e->trainer == w->t->handle, "%zu",
               e->struct_size);
    FUZZ_CHECK(e->kind >= SEQECHO_EVENT_EPOCH_BEGIN && e->kind <= SEQECHO_EVENT_FIT_END,
               "%d", (int)e->kind);
    FUZZ_CHECK(e->train != NULL && e->batch >= -1 && e->batch <= e->batches, "%d",
               (int)e->batch);
    w->events++;
    w->epochs += e->kind == SEQECHO_EVENT_EPOCH_END;
    w->t->phase = e->kind == SEQECHO_EVENT_BATCH_END ? API_APPLIED : API_UNKNOWN;
    if (input_done(&a->in))
        return 0;
    for (size_t i = 0; i < API_DATASETS; i++) /* the fit draws from some */
        a->dataset[i].position = seqecho_dataset_position(a->dataset[i].handle);
    w->t->in_event = true;
    a->depth++;
    if (a->depth <= API_DEPTH && a->calls < API_CALLS && input_chance(&a->in, 3)) {
        const int64_t failed = a->failed, all = a->memory.failed;

        api_run(a);
        a->failed = failed + a->memory.failed - all;
    }
    a->depth--;
    w->t->in_event = false;
    answer = answer_of(a);
    if (answer != 0)
        w->answer = answer;
    return answer;
}

/* ---- Options ------------------------------------------------------------------------ */

/* What a fit is given, beside samples. */
typedef struct given {
    seqecho_fit_options options;
    seqecho_callback *callbacks[API_CALLBACKS];
    api_callback *used[API_CALLBACKS];
    api_views weight;
    bool plain; /* the options have no reason to fail */
    bool wrong; /* they have one that is found out before all others */
} given;

static void choose_callbacks(api *a, given *g)
{
    for (size_t i = 0; i < API_CALLBACKS; i++) {
        api_callback *const c = &a->callback[i];

        if (c->handle == NULL || input_chance(&a->in, 2))
            continue;
        g->used[g->options.n_callbacks] = c;
        g->callbacks[g->options.n_callbacks++] = c->handle;
        g->plain = false;
    }
    if (g->options.n_callbacks < API_CALLBACKS && input_chance(&a->in, 24)) {
        g->callbacks[g->options.n_callbacks++] = g->callbacks[0]; /* twice, or NULL */
        g->plain = false;
    }
    g->options.callbacks = g->callbacks;
}

/* Weights of samples: for each output one a sample, or all 1. */
static void choose_weights(api *a, given *g, const api_form *form, int64_t samples)
{
    for (size_t i = 0; i < form->n_out; i++) {
        float *const w = api_alloc((size_t)samples, sizeof *w);

        for (int64_t k = 0; k < samples; k++)
            w[k] = 0.25f * (float)input_below(&a->in, 8);
        g->weight.data[i] = w;
        g->weight.view[i] = (seqecho_view){ .data = input_chance(&a->in, 4) ? NULL : w,
                                            .dim = { samples },
                                            .rank = 1,
                                            .dtype = SEQECHO_FLOAT32 };
    }
    g->weight.n = form->n_out;
    g->options.sample_weight = g->weight.view;
}

static void choose(api *a, given *g, const api_form *form, int64_t samples, watch *w)
{
    seqecho_fit_options *const o = &g->options;

    *g = (given){ .plain = true };
    *o =
        (seqecho_fit_options){ .struct_size = sizeof *o,
                               .on_event = on_event,
                               .user = w,
                               .epochs = input_below(&a->in, 4),
                               .batch_size = form->batch > 0 ? 0 : input_below(&a->in, 4) };
    if (input_chance(&a->in, 3))
        choose_callbacks(a, g);
    if (input_chance(&a->in, 3) && samples > 0)
        choose_weights(a, g, form, samples);
    o->shuffle = form->batch == 0 && input_chance(&a->in, 3);
    o->reset_states = (seqecho_state_reset)input_below(&a->in, 4);
    if (!input_chance(&a->in, 8))
        return;
    g->plain = false;
    switch (input_below(&a->in, 7)) {
    case 0: o->epochs = input_chance(&a->in, 2) ? -1 : INT64_MIN; break;
    case 1: o->batch_size = input_absurd(&a->in); break;
    case 2: o->reset_states = (seqecho_state_reset)input_between(&a->in, 4, 200); break;
    case 3: o->validation_split = input_double(&a->in); break;
    case 4: o->reserved[input_below(&a->in, sizeof o->reserved)] = 1; break;
    case 5: o->validation_sequences = input_absurd(&a->in) < 0 ? -1 : 2; break;
    default: o->callbacks = NULL; break;
    }
    g->wrong = o->epochs < 0 || o->reset_states > SEQECHO_RESET_EACH_BATCH ||
               (o->reserved[0] | o->reserved[1]) != 0;
}

/* Those that are in another fit already are refused. */
static void begin(given *g, bool in_fit[API_CALLBACKS])
{
    for (size_t i = 0; i < API_CALLBACKS; i++)
        if (g->used[i] != NULL) {
            in_fit[i] = g->used[i]->in_fit;
            g->used[i]->in_fit = true;
        }
}

static void end(given *g, const bool in_fit[API_CALLBACKS], bool fits, int err)
{
    for (size_t i = 0; i < API_CALLBACKS; i++)
        if (g->used[i] != NULL) {
            g->used[i]->in_fit = in_fit[i];
            FUZZ_CHECK(!fits || !in_fit[i] || err < 0, "two fits with one callback");
        }
    api_views_free(&g->weight);
}

/* ---- Calls -------------------------------------------------------------------------- */

/* What a fit or an evaluation must come to; the first reason counts. */
static int expect(const api_trainer *t, bool refused, const given *g)
{
    if (t->handle == NULL)
        return SEQECHO_EINVAL;
    if (t->in_event)
        return SEQECHO_ESTATE;
    if (g->wrong)
        return API_REFUSED;
    if (!g->plain)
        return API_ANY;
    if (!t->any_loss)
        return SEQECHO_ESTATE;
    return refused ? API_REFUSED : API_RUNS;
}

/* The same with options or a report that may be wrong, of which *told speaks. */
static int expect_told(const api_trainer *t, int want, int told)
{
    return told < 0 && t->handle != NULL && !t->in_event ? API_REFUSED : want;
}

/* An outcome that an event asked for is as good. */
static void fitted(api *a, api_trainer *t, const watch *w, int want, int err, uint64_t was)
{
    if (err == -77) {
        FUZZ_CHECK(w->answer == -77, "%d", w->answer);
        err = SEQECHO_ECALLBACK;
    } else if (w->answer == SEQECHO_ECALLBACK) {
        FUZZ_CHECK(err == SEQECHO_ECALLBACK, "%d", err);
    }
    if (err == SEQECHO_ECALLBACK && want == API_RUNS)
        want = API_ANY;
    if (err == SEQECHO_OK)
        FUZZ_CHECK(w->events > 0 && w->answer >= 0, "%d", w->answer);
    (void)api_after(a, want, err, "fit", __FILE__, __LINE__);
    if (err < 0 && w->events == 0 && t->handle != NULL)
        FUZZ_CHECK(api_weights(t->graph) == was, "weights changed by a fit that failed");
    if (t->handle != NULL && !t->in_event) {
        size_t epochs;

        (void)seqecho_trainer_history(t->handle, "loss", &epochs);
        FUZZ_CHECK(epochs == t->epochs + (size_t)w->epochs, "%zu epochs, not %zu + %zu",
                   epochs, t->epochs, (size_t)w->epochs);
        t->epochs = epochs;
        if (w->events > 0)
            t->phase = API_UNKNOWN;
    }
}

static const api_form nothing = { .n_in = 1,
                                  .n_out = 1,
                                  .in = { { .dim = { -1, 2 }, .rank = 2 } },
                                  .out = { { .dim = { -1, 2 }, .rank = 2 } } };

static void fit(api *a, api_trainer *t)
{
    const api_form *const form = t->handle != NULL ? &t->form : &nothing;
    const int64_t samples =
        api_samples(a, form) * (form->batch > 0 ? 2 : input_between(&a->in, 1, 3));
    const uint64_t was = t->handle != NULL ? api_weights(t->graph) : 0;
    watch w = { .a = a, .t = t };
    bool in_fit[API_CALLBACKS] = { false };
    seqecho_report *report;
    const void *options;
    int want, told = SEQECHO_OK, err;
    api_views x, y;
    given g;

    api_views_x(a, &x, form, samples);
    api_views_y(a, &y, form, samples, t->loss);
    choose(a, &g, form, samples, &w);
    if (input_chance(&a->in, 4)) {
        g.options.validation_x = x.view;
        g.options.validation_y = y.view;
    }
    report = api_report(a, &told);
    options = api_options(a, &g.options, sizeof g.options, &told);
    want = expect_told(t, expect(t, x.flawed || y.flawed, &g), told);
    begin(&g, in_fit);
    api_before(a);
    err = seqecho_trainer_fit(t->handle, x.view, y.view, options, report);
    fitted(a, t, &w, want, err, was);
    end(&g, in_fit, true, err);
    api_views_free(&x);
    api_views_free(&y);
}

static void evaluate(api *a, api_trainer *t)
{
    const api_form *const form = t->handle != NULL ? &t->form : &nothing;
    const int64_t samples = api_samples(a, form);
    const uint64_t was = t->handle != NULL ? api_weights(t->graph) : 0;
    seqecho_report *report;
    int want, told = SEQECHO_OK, err;
    api_views x, y;
    given g;

    api_views_x(a, &x, form, samples);
    api_views_y(a, &y, form, samples, t->loss);
    choose(a, &g, form, samples, NULL);
    g.options.on_event = NULL;
    report = api_report(a, &told);
    want = expect_told(t, expect(t, x.flawed || y.flawed, &g), told);
    err = API_CALL(a, want,
                   seqecho_trainer_evaluate(t->handle, x.view, y.view, &g.options, report));
    if (t->handle != NULL)
        FUZZ_CHECK(api_weights(t->graph) == was, "weights changed by measuring");
    if (err == SEQECHO_OK || err == SEQECHO_ENUMERIC)
        t->phase = API_IDLE;
    api_views_free(&g.weight);
    api_views_free(&x);
    api_views_free(&y);
}

/* Does a dataset feed this graph, as one-hot rows or as what it gives? */
static bool suits(const api_dataset *d, const api_trainer *t)
{
    const api_form *const f = &t->form;
    const int64_t features =
        d->options.encoding == SEQECHO_ENCODE_LINEAR ? 1 : d->options.n_unique;

    return f->n_in == 1 && f->n_out == 1 && !f->lengths[0] && f->batch == 0 &&
           f->in[0].rank == 3 && f->out[0].rank == 3 &&
           f->in[0].dim[1] == d->options.n_in && f->in[0].dim[2] == features &&
           f->out[0].dim[1] == d->options.n_out && f->out[0].dim[2] == features &&
           d->options.encoding != SEQECHO_ENCODE_INTEGER &&
           t->loss[0] != SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY;
}

/* A fit, or a measurement, over sequences. */
static void run_dataset(api *a, api_trainer *t, bool fits)
{
    api_dataset *const d = &a->dataset[input_below(&a->in, API_DATASETS)];
    api_dataset *const other = &a->dataset[input_below(&a->in, API_DATASETS)];
    const int64_t sequences = input_between(&a->in, 0, 3);
    const uint64_t was = t->handle != NULL ? api_weights(t->graph) : 0;
    watch w = { .a = a, .t = t };
    bool in_fit[API_CALLBACKS] = { false };
    seqecho_report *report;
    int want, told = SEQECHO_OK, err;
    given g;

    choose(a, &g, t->handle != NULL ? &t->form : &nothing, 0, &w);
    if (fits && input_chance(&a->in, 3)) {
        g.options.validation_dataset = other->handle;
        g.plain = g.plain && other->handle == NULL;
    }
    want = expect(t, false, &g);
    if (t->handle != NULL && !t->in_event && !g.wrong &&
        (d->handle == NULL || !suits(d, t)))
        want = API_ANY;
    report = api_report(a, &told);
    if (want != API_ANY)
        want = expect_told(t, want, told);
    begin(&g, in_fit);
    api_before(a);
    if (fits) {
        err = seqecho_trainer_fit_dataset(t->handle, d->handle, &g.options, report);
        fitted(a, t, &w, want, err, was);
    } else {
        err = seqecho_trainer_evaluate_dataset(t->handle, d->handle, sequences, &g.options,
                                               report);
        if (sequences < 1 && t->handle != NULL && !t->in_event)
            want = API_REFUSED;
        (void)api_after(a, want, err, "evaluate_dataset", __FILE__, __LINE__);
        if (err == SEQECHO_OK || err == SEQECHO_ENUMERIC)
            t->phase = API_IDLE;
    }
    end(&g, in_fit, fits, err);
    if (err < 0 && err != SEQECHO_ENUMERIC && w.events == 0 && d->handle != NULL)
        FUZZ_CHECK(seqecho_dataset_position(d->handle) == d->position,
                   "a sequence is gone");
    d->position = seqecho_dataset_position(d->handle);
    other->position = seqecho_dataset_position(other->handle);
}

void api_fit_call(api *a)
{
    api_trainer *const t = &a->trainer[input_below(&a->in, API_TRAINERS)];

    if (t->handle != NULL && (!t->form.known || (!t->in_event && api_busy(a, t->graph))))
        return;
    switch (input_below(&a->in, 8)) {
    case 0:
    case 1:
    case 2: fit(a, t); break;
    case 3: evaluate(a, t); break;
    case 4:
    case 5:
    case 6: run_dataset(a, t, true); break;
    default: run_dataset(a, t, false); break;
    }
}
