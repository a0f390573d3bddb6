/* api_step.c - fuzz_api's calls that run one batch, or predict.
 * SPDX-License-Identifier: MIT */
#include "api.h"

/* What such a call gives before it looks at any samples; SEQECHO_OK if it does. */
static int enter(const api_trainer *t, bool loss)
{
    if (t->handle == NULL)
        return SEQECHO_EINVAL;
    if (t->in_event)
        return SEQECHO_ESTATE;
    return loss && !t->any_loss ? SEQECHO_ESTATE : SEQECHO_OK;
}

/* May the call be made: are the samples known, and is no event of another trainer at work
 * on the graph? */
static bool possible(const api *a, const api_trainer *t)
{
    return t->handle == NULL || (t->form.known && (t->in_event || !api_busy(a, t->graph)));
}

static const api_form nothing = { .n_in = 1,
                                  .n_out = 1,
                                  .in = { { .dim = { -1, 2 }, .rank = 2 } },
                                  .out = { { .dim = { -1, 2 }, .rank = 2 } } };

static const api_form *form_of(const api_trainer *t)
{
    return t->handle != NULL ? &t->form : &nothing;
}

/* After a call that ran the graph, or did not: the phase it is in now. */
static void leave(api_trainer *t, int err, api_phase phase)
{
    if (err == SEQECHO_OK)
        t->phase = phase;
    else if (err == SEQECHO_ENUMERIC)
        t->phase = API_IDLE;
}

static void train(api *a, api_trainer *t)
{
    const api_form *const form = form_of(t);
    const int64_t samples = api_samples(a, form);
    const uint64_t was = t->handle != NULL ? api_weights(t->graph) : 0;
    int want = enter(t, false), err;
    seqecho_report *report;
    api_views x, y;

    api_views_x(a, &x, form, samples);
    api_views_y(a, &y, form, samples, t->loss);
    report = api_report(a, &want);
    if (want == SEQECHO_OK)
        want = !t->any_loss           ? SEQECHO_ESTATE
               : x.flawed || y.flawed ? API_REFUSED
                                      : API_RUNS;
    err = API_CALL(a, want,
                   seqecho_trainer_train_on_batch(t->handle, x.view, y.view, report));
    leave(t, err, API_APPLIED);
    if (err < 0 && t->handle != NULL)
        FUZZ_CHECK(api_weights(t->graph) == was, "weights changed by a call that failed");
    api_views_free(&x);
    api_views_free(&y);
}

static void compute(api *a, api_trainer *t)
{
    const api_form *const form = form_of(t);
    const int64_t samples = api_samples(a, form);
    const size_t more = input_chance(&a->in, 24);
    int want = enter(t, false);
    seqecho_report *report;
    api_views x, y;
    size_t n;
    float *dx;

    api_views_x(a, &x, form, samples);
    api_views_y(a, &y, form, samples, t->loss);
    report = api_report(a, &want);
    n = input_chance(&a->in, 2) ? api_dx_count(form, &x, samples) : 0;
    dx = n > 0 ? api_alloc(n, sizeof *dx) : NULL;
    if (want == SEQECHO_OK && !t->any_loss)
        want = SEQECHO_ESTATE;
    else if (want == SEQECHO_OK)
        want = x.flawed || y.flawed || more ? API_REFUSED : API_RUNS;
    leave(t,
          API_CALL(a, want,
                   seqecho_trainer_compute_gradients(t->handle, x.view, y.view, dx,
                                                     n + more, report)),
          API_GRADIENTS);
    free(dx);
    api_views_free(&x);
    api_views_free(&y);
}

/* predict() and forward(). */
static void run(api *a, api_trainer *t, bool forward)
{
    const api_form *const form = form_of(t);
    const int64_t samples = api_samples(a, form);
    const size_t n = api_out_count(form, samples), more = input_chance(&a->in, 24);
    float *const out = api_alloc(n, sizeof *out);
    int want = enter(t, false), err;
    api_views x;

    api_views_x(a, &x, form, samples);
    if (want == SEQECHO_OK && (x.flawed || more))
        want = API_REFUSED;
    if (forward) {
        err = API_CALL(a, want, seqecho_trainer_forward(t->handle, x.view, out, n + more));
        leave(t, err, API_FORWARD);
    } else {
        err = API_CALL(a, want, seqecho_trainer_predict(t->handle, x.view, out, n + more));
        leave(t, err, API_IDLE);
    }
    if (err == SEQECHO_OK && forward) {
        t->samples = samples;
        t->dx_count = api_dx_count(form, &x, samples);
    }
    (void)API_CALL(a, t->in_event ? SEQECHO_ESTATE : SEQECHO_EINVAL,
                   seqecho_trainer_predict(t->handle, NULL, out, n));
    free(out);
    api_views_free(&x);
}

static void backward(api *a, api_trainer *t)
{
    const api_form *const form = form_of(t);
    const int64_t samples = t->samples > 0 ? t->samples : 2;
    const size_t more = input_chance(&a->in, 24);
    const size_t n = input_chance(&a->in, 2) ? t->dx_count : 0;
    float *const dx = n > 0 ? api_alloc(n, sizeof *dx) : NULL;
    int want = enter(t, false);
    api_views dy;

    api_views_dy(a, &dy, form, samples);
    if (want == SEQECHO_OK && t->phase != API_FORWARD)
        want = t->phase == API_UNKNOWN ? API_ANY : SEQECHO_ESTATE;
    else if (want == SEQECHO_OK)
        want = dy.flawed || more ? API_REFUSED : API_RUNS;
    leave(t, API_CALL(a, want, seqecho_trainer_backward(t->handle, dy.view, dx, n + more)),
          API_GRADIENTS);
    free(dx);
    api_views_free(&dy);
}

static void apply(api *a, api_trainer *t)
{
    int want = enter(t, false);

    if (want == SEQECHO_OK && t->phase != API_GRADIENTS)
        want = SEQECHO_ESTATE; /* a fit leaves none that could be applied either */
    leave(t, API_CALL(a, want, seqecho_trainer_apply_gradients(t->handle)), API_APPLIED);
}

void api_step_call(api *a)
{
    api_trainer *const t = &a->trainer[input_below(&a->in, API_TRAINERS)];

    if (!possible(a, t))
        return;
    switch (input_below(&a->in, 8)) {
    case 0:
    case 1: train(a, t); break;
    case 2: compute(a, t); break;
    case 3: run(a, t, false); break;
    case 4:
    case 5: run(a, t, true); break;
    case 6: backward(a, t); break;
    default: apply(a, t); break;
    }
}
