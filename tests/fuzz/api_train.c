/* api_train.c - fuzz_api's calls of trainers, but those that run the graph.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "api.h"

static float any_small(api *a)
{
    static const float values[] = { 0.0f, 0.0f, 0.5f, 0.9f, 1.0f, 1.5f, -0.1f, NAN };

    return values[input_below(&a->in, 8)];
}

/* What its kind of schedule takes; now and then something else besides. */
static seqecho_schedule any_schedule(api *a)
{
    static const int64_t boundaries[] = { 1, 3, 2 };
    static const double values[] = { 0.1, 0.01, 0.001, 0.0 };
    seqecho_schedule s = { .struct_size = sizeof s,
                           .kind = (seqecho_schedule_kind)input_below(&a->in, 7) };
    const double share = 0.125 * (double)input_below(&a->in, 9);
    const bool flag = input_chance(&a->in, 2);

    if (s.kind == SEQECHO_PIECEWISE_CONSTANT) {
        s.boundaries = boundaries;
        s.values = values;
        s.n_boundaries = input_below(&a->in, 4);
    } else {
        s.decay_steps = input_below(&a->in, 4);
    }
    if (s.kind == SEQECHO_EXPONENTIAL_DECAY || s.kind == SEQECHO_INVERSE_TIME_DECAY) {
        s.decay_rate = 2.0 * share;
        s.staircase = flag;
    } else if (s.kind == SEQECHO_POLYNOMIAL_DECAY) {
        s.power = 4.0 * share;
        s.cycle = flag;
    } else if (s.kind == SEQECHO_COSINE_DECAY) {
        s.alpha = share;
        s.warmup_steps = flag ? 2 : 0;
        s.warmup_target = flag ? 0.01 : 0.0;
    } else if (s.kind == SEQECHO_COSINE_DECAY_RESTARTS) {
        s.t_mul = 1.0 + share;
        s.m_mul = flag ? 0.0 : 0.5;
    }
    if (!input_chance(&a->in, 6))
        return s;
    switch (input_below(&a->in, 5)) {
    case 0: s.alpha = input_double(&a->in); break;
    case 1: s.t_mul = input_double(&a->in); break;
    case 2: s.power = input_double(&a->in); break;
    case 3: s.decay_rate = input_double(&a->in); break;
    default: s.decay_steps = input_absurd(&a->in); break;
    }
    return s;
}

/* Options that go together, and then one that may not. */
static void add_more(api *a, seqecho_trainer_options *o, const seqecho_schedule *schedule)
{
    const bool adam = o->optimizer == SEQECHO_ADAM || o->optimizer == SEQECHO_ADAMW;

    o->threads = (int32_t)input_below(&a->in, 3);
    o->numerics = (seqecho_numerics)input_below(&a->in, 3);
    o->masked_mean_all = input_chance(&a->in, 2);
    o->from_logits = input_chance(&a->in, 4);
    o->amsgrad = adam && input_chance(&a->in, 2);
    o->nesterov = o->optimizer == SEQECHO_SGD && input_chance(&a->in, 2);
    o->centered = o->optimizer == SEQECHO_RMSPROP && input_chance(&a->in, 2);
    if (input_chance(&a->in, 2))
        o->schedule = schedule;
    if (input_chance(&a->in, 3))
        o->label_smoothing = 0.25f;
    switch (input_below(&a->in, 16)) {
    case 0: o->clipnorm = any_small(a); break;
    case 1: o->global_clipnorm = any_small(a); break;
    case 2: o->clipvalue = any_small(a); break;
    case 3: o->top_k = (int32_t)input_between(&a->in, 0, 9) - 1; break;
    case 4: o->huber_delta = any_small(a); break;
    case 5: o->loss = (seqecho_loss)(int)input_absurd(&a->in); break;
    case 6: o->optimizer = (seqecho_optimizer)input_below(&a->in, 9); break;
    case 7: o->metrics = input_byte(&a->in); break;
    case 8: o->threads = (int32_t)input_absurd(&a->in); break;
    case 9: o->numerics = (seqecho_numerics)input_below(&a->in, 9); break;
    case 10: o->clipped_crossentropy = true; break;
    case 11: o->learning_rate = input_float(&a->in); break;
    case 12: o->label_smoothing = any_small(a); break;
    case 13: o->momentum = any_small(a); break;
    case 14: o->rho = any_small(a); break;
    default: break;
    }
}

/* Not where building would end and the outputs be unknown to us. */
void api_trainer_create(api *a, api_trainer *t, api_graph *g)
{
    const bool many = input_chance(&a->in, 3), more = input_chance(&a->in, 2);
    const seqecho_schedule schedule = any_schedule(a);
    seqecho_trainer_options o = { .struct_size = sizeof o,
                                  .loss = (seqecho_loss)input_below(&a->in, 7),
                                  .optimizer = (seqecho_optimizer)input_below(&a->in, 5),
                                  .metrics = input_below(&a->in, 16),
                                  .threads = 1,
                                  .allocator = &a->hook,
                                  .seed = input_byte(&a->in) };
    int want = api_graph_ends_building(g);
    const size_t n = !g->frozen && !g->output_set ? 1 : g->form.n_out;
    seqecho_loss *losses = NULL;
    const void *given;

    if (more) {
        add_more(a, &o, &schedule);
        want = want == SEQECHO_OK ? API_ANY : want < 0 ? API_ANY : want;
    }
    for (size_t i = 0; i < API_ENDS; i++)
        t->loss[i] = o.loss;
    if (many && g->form.known) {
        o.losses = losses = api_alloc(n, sizeof *losses);
        for (size_t i = 0; i < n; i++)
            t->loss[i] = losses[i] = (seqecho_loss)input_below(&a->in, 7);
    }
    for (size_t i = 0; i < n; i++)
        t->any_loss |= t->loss[i] != SEQECHO_LOSS_NONE;
    given = api_options(a, &o, sizeof o, &want);
    t->handle = API_STALE(a);
    if (API_CALL(a, want, seqecho_trainer_create(&t->handle, g->handle, given)) < 0) {
        FUZZ_CHECK(t->handle == NULL, "a handle of a call that failed");
        *t = (api_trainer){ 0 };
        api_graph_settle(g);
    } else {
        api_graph_built(g);
        t->graph = g->handle;
        t->form = g->form;
        t->schedule = o.schedule != NULL;
    }
    free(losses);
}

static void set(api *a, const api_trainer *t)
{
    const seqecho_param param = (seqecho_param)input_below(&a->in, 9);
    const double values[] = { 0.0, 0.5, 0.999, 1.0, 1e-7, 1000.0, 1e4, (double)NAN, -1.0 };
    const double value = values[input_below(&a->in, 9)];
    const int want = t->handle == NULL ? SEQECHO_EINVAL : API_ANY;
    double was = -2.0, is = -2.0;
    const int got = API_CALL(a, want, seqecho_trainer_get(t->handle, param, &was));
    const int err = API_CALL(a, want, seqecho_trainer_set(t->handle, param, value));

    if (param == SEQECHO_PARAM_LEARNING_RATE && got == SEQECHO_OK)
        FUZZ_CHECK(was >= 0.0 && was <= 1000.0, "the rate is %g", was);
    if (got < 0) {
        FUZZ_CHECK(err < 0, "set, but not got");
        return;
    }
    (void)API_CALL(a, SEQECHO_OK, seqecho_trainer_get(t->handle, param, &is));
    FUZZ_CHECK(is == (err == SEQECHO_OK ? value : was), "%g, %g, %g", was, value, is);
    FUZZ_CHECK(err != SEQECHO_ESTATE || t->schedule || param == SEQECHO_PARAM_MOMENTUM,
               "%d", err);
}

static void look(api *a, const api_trainer *t)
{
    static const char *const metrics[] = { "loss", "val_mse", "nose", "learning_rate",
                                           NULL };
    const uint32_t i = input_below(&a->in, 5);
    size_t count = 77;
    const double *const values = seqecho_trainer_history(t->handle, metrics[i], &count);
    double sum = 0.0;

    FUZZ_CHECK((values == NULL) == (count == 0), "%zu", count);
    FUZZ_CHECK(values == NULL || (i != 2 && i != 4 && t->handle != NULL), "%u", i);
    if (i == 0 && a->depth == 0)
        FUZZ_CHECK(count == t->epochs, "%zu, not %zu", count, t->epochs);
    for (size_t k = 0; k < count; k++)
        sum += values[k];
    (void)sum;
}

static void get_gradient(api *a, const api_trainer *t)
{
    const size_t n = t->handle != NULL ? seqecho_graph_weight_count(t->graph) : 0;
    const char *const name =
        n > 0 ? seqecho_graph_weight_name(t->graph, input_byte(&a->in) % n) : "none";
    const size_t more = input_chance(&a->in, 8);
    size_t size = 1;
    seqecho_view view = { .rank = 0 };
    int want = n > 0 ? SEQECHO_OK : SEQECHO_ENOTFOUND;
    float *values;

    if (t->handle == NULL)
        want = SEQECHO_EINVAL;
    else if (t->phase == API_UNKNOWN)
        want = API_ANY;
    else if (t->phase != API_GRADIENTS && t->phase != API_APPLIED)
        want = SEQECHO_ESTATE;
    if (n > 0)
        FUZZ_CHECK(seqecho_graph_weight_shape(t->graph, name, &view) == 0, "%s", name);
    for (int32_t i = 0; i < view.rank; i++)
        size *= (size_t)view.dim[i];
    if (more && want == SEQECHO_OK)
        want = SEQECHO_ESHAPE;
    values = api_alloc(size, sizeof *values);
    (void)API_CALL(a, want,
                   seqecho_trainer_gradient_get(t->handle, name, values, size + more));
    free(values);
}

void api_trainer_call(api *a)
{
    api_trainer *const t = &a->trainer[input_below(&a->in, API_TRAINERS)];
    api_graph *const g = &a->graph[input_below(&a->in, API_GRAPHS)];

    if (t->handle == NULL && !input_chance(&a->in, 8)) {
        if (!api_busy(a, g->handle))
            api_trainer_create(a, t, g);
        return;
    }
    switch (input_below(&a->in, 8)) {
    case 0:
        if (a->depth == 0) {
            seqecho_trainer_destroy(t->handle);
            *t = (api_trainer){ 0 };
        }
        break;
    case 1:
    case 2: set(a, t); break;
    case 3:
    case 4: look(a, t); break;
    case 5: seqecho_trainer_reset_states(t->handle); break;
    default: get_gradient(a, t); break;
    }
}
