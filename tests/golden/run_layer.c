/* run_layer.c - kind `layer`: forward calls, and gradients of one of them.
 * SPDX-License-Identifier: MIT
 *
 * The calls are run in order on one model, three times: by the trainer's forward(), by its
 * predict(), and by a predictor, which must all give the expected outputs and states.  The
 * gradients are those of the trainer after a replay of the calls up to the one in question.
 *
 * A graph whose initial states are inputs takes them at every call.  A call that brings
 * none is given what a layer without such inputs would start from: zeros, or for a
 * stateful layer the states its last call ended with. */
#include "run.h"

#include <string.h>

#include "feed.h"
#include "model.h"

enum { MAX_PORTS = 2 * MODEL_MAX_LAYERS }; /* states */

struct call {
    struct feed x;
    struct array *y; /* NULL: not looked at */
    struct array **initial;
    size_t initials;
    struct array **last;
    size_t lasts;
    bool reset_before;
};

struct layer_run {
    struct golden_case *c;
    struct model model;
    struct call *call;
    size_t calls;
    float *carried; /* initial states for a call that brings none */
    float *out;     /* y, then the last states */
    size_t out_count;
    size_t state_count; /* floats of all last states */
};

enum engine { ENGINE_FORWARD, ENGINE_PREDICT, ENGINE_PREDICTOR };

static const char *const engine_notes[] = { "", "by predict", "by a predictor" };

static struct array **find_arrays(struct golden_case *c, const char *list, size_t *count)
{
    char **const name = case_names(c, list, count);
    struct array **const array = case_alloc(c, *count, sizeof *array);

    for (size_t i = 0; i < *count; i++)
        array[i] = case_floats(c, name[i]);
    return array;
}

/* call x=.. y=.. reset_before=0|1 [init=h,c,..] [states=h,c,..] */
static bool read_call(struct golden_case *c, struct call *call, const struct line *line)
{
    const char *const y = line_option(line, "y");
    int64_t reset;

    call->initial = find_arrays(c, line_option(line, "init"), &call->initials);
    call->last = find_arrays(c, line_option(line, "states"), &call->lasts);
    if (y)
        call->y = case_floats(c, y);
    if (!option_int(c, line, "reset_before", 0, &reset) || !result_open(c->result))
        return false;
    call->reset_before = reset != 0;
    if (call->initials > MAX_PORTS || call->lasts > MAX_PORTS)
        return result_fail(c->result, "%zu init, %zu states", call->initials, call->lasts);
    return true;
}

static bool read_calls(struct layer_run *run, struct model_ports *ports)
{
    size_t count = 0;

    for (const struct line *line = NULL; (line = case_line(run->c, "call", line));)
        count++;
    run->call = case_alloc(run->c, count, sizeof *run->call);
    for (const struct line *line = NULL; (line = case_line(run->c, "call", line));) {
        struct call *const call = &run->call[run->calls];

        if (!read_call(run->c, call, line))
            return false;
        if (ports->initial < call->initials)
            ports->initial = call->initials;
        if (ports->last < call->lasts)
            ports->last = call->lasts;
        run->calls++;
    }
    /* To carry states from call to call they must be seen. */
    if (ports->last < ports->initial)
        ports->last = ports->initial;
    return run->calls > 0 || result_fail(run->c->result, "there is no line 'call'");
}

/* The inputs can be read only when the model knows how many features they have. */
static bool read_inputs(struct layer_run *run)
{
    size_t i = 0;

    for (const struct line *line = NULL; (line = case_line(run->c, "call", line)); i++) {
        const char *const name = line_option(line, "x");
        const struct array *x;

        if (!name)
            return result_fail(run->c->result, "a call without x");
        x = case_array(run->c, name);
        if (!x || !feed_open(run->c, &run->call[i].x, x, false, run->model.features, -1.0f))
            return false;
    }
    return true;
}

static size_t state_size(const struct model *m, size_t state)
{
    return model_state_count(m, state + 1) - model_state_count(m, state);
}

/* Point view[0] at x and the views behind it at the initial states. */
static bool fill_views(struct layer_run *run, const struct call *call, seqecho_view *view)
{
    const struct model *const m = &run->model;

    view[0] = feed_view(&call->x, false, 0, 1);
    for (size_t i = 0; i < m->ports.initial; i++) {
        seqecho_view *const state = &view[1 + i];

        *state = model_state_view(m, i, run->carried + model_state_count(m, i));
        if (i >= call->initials)
            continue;
        if (!case_shape(run->c, call->initial[i], state->rank, state->dim))
            return false;
        state->data = call->initial[i]->floats;
    }
    return true;
}

/* Keep the last states of stateful layers for the next call. */
static void carry_states(struct layer_run *run)
{
    const struct model *const m = &run->model;
    const float *const last = run->out + m->output_count;

    for (size_t i = 0; i < m->ports.initial; i++) {
        const size_t first = model_state_count(m, i);

        if (m->state[i].stateful)
            memcpy(run->carried + first, last + first, state_size(m, i) * sizeof *last);
    }
}

static void reset_states(struct layer_run *run, enum engine engine)
{
    if (engine == ENGINE_PREDICTOR)
        seqecho_predictor_reset_states(run->model.predictor);
    else
        seqecho_trainer_reset_states(run->model.trainer);
    memset(run->carried, 0, run->state_count * sizeof *run->carried);
}

static bool run_call(struct layer_run *run, const struct call *call, enum engine engine)
{
    struct model *const m = &run->model;
    seqecho_view view[1 + MAX_PORTS];
    int code = SEQECHO_OK;

    if (call->reset_before)
        reset_states(run, engine);
    if (!fill_views(run, call, view))
        return false;
    switch (engine) {
    case ENGINE_FORWARD:
        code = seqecho_trainer_forward(m->trainer, view, run->out, run->out_count);
        break;
    case ENGINE_PREDICT:
        code = seqecho_trainer_predict(m->trainer, view, run->out, run->out_count);
        break;
    case ENGINE_PREDICTOR:
        code = seqecho_predictor_run(m->predictor, view, run->out, run->out_count);
        break;
    }
    if (!result_call(run->c->result, code, "a call"))
        return false;
    carry_states(run);
    return true;
}

/* Compare what the call gave with its y and its states. */
static bool check_call(struct layer_run *run, const struct call *call, const char *note)
{
    const struct model *const m = &run->model;
    const float *const last = run->out + m->output_count;

    if (call->y) {
        if (!case_shape(run->c, call->y, m->output.rank, m->output.dim))
            return false;
        case_compare(run->c, call->y, run->out, m->output_count, note);
    }
    for (size_t i = 0; i < call->lasts; i++)
        case_compare(run->c, call->last[i], last + model_state_count(m, i),
                     state_size(m, i), note);
    return result_open(run->c->result);
}

static bool check_calls(struct layer_run *run, enum engine engine)
{
    reset_states(run, engine);
    for (size_t i = 0; i < run->calls; i++)
        if (!run_call(run, &run->call[i], engine) ||
            !check_call(run, &run->call[i], engine_notes[engine]))
            return false;
    return true;
}

/* dw: one array for each weight, in their order. */
static bool check_weight_gradients(struct layer_run *run, const char *list)
{
    size_t count;
    struct array **const dw = find_arrays(run->c, list, &count);
    float *const all = case_alloc(
        run->c, (size_t)seqecho_graph_parameter_count(run->model.graph), sizeof *all);
    const float *from = all;

    if (!result_open(run->c->result) || !model_copy_gradients(&run->model, all))
        return false;
    if (count > seqecho_graph_weight_count(run->model.graph))
        return result_fail(run->c->result, "dw: %zu arrays", count);
    for (size_t i = 0; i < count; i++) {
        const size_t size = model_weight_size(&run->model, i);

        case_compare(run->c, dw[i], from, size, "");
        from += size;
    }
    return true;
}

/* dx, and behind it in the same order as the inputs those of the initial states. */
static bool check_input_gradients(struct layer_run *run, const struct line *line,
                                  size_t x_count, const float *dx)
{
    const struct model *const m = &run->model;
    const char *const name = line_option(line, "dx");
    size_t count;
    struct array **const dinit = find_arrays(run->c, line_option(line, "dinit"), &count);
    struct array *const want = name ? case_floats(run->c, name) : NULL;

    if (!result_open(run->c->result))
        return false;
    if (count > m->ports.initial)
        return result_fail(run->c->result, "dinit: %zu arrays", count);
    if (want)
        case_compare(run->c, want, dx, x_count, "");
    for (size_t i = 0; i < count; i++)
        case_compare(run->c, dinit[i], dx + x_count + model_state_count(m, i),
                     state_size(m, i), "");
    return result_open(run->c->result);
}

/* Views of dout for y and of zeros for the states, which the loss does not see. */
static bool fill_output_gradients(struct layer_run *run, const struct array *dout,
                                  seqecho_view *view)
{
    const struct model *const m = &run->model;
    const float *const zeros = case_alloc(run->c, run->state_count, sizeof *zeros);

    if (!case_shape(run->c, dout, m->output.rank, m->output.dim))
        return false;
    view[0] = m->output;
    view[0].dtype = SEQECHO_FLOAT32;
    view[0].data = dout->floats;
    for (size_t i = 0; i < m->ports.last; i++)
        view[1 + i] = model_state_view(m, i, zeros);
    return true;
}

/* grad call=K dout=.. dx=.. dw=.. [dinit=..] */
static bool check_gradients(struct layer_run *run, const struct line *line)
{
    const char *const name = line_option(line, "dout");
    const struct array *const dout = name ? case_floats(run->c, name) : NULL;
    seqecho_view dy[1 + MAX_PORTS];
    size_t x_count, dx_count;
    int64_t number;
    float *dx;

    if (!dout)
        return result_fail(run->c->result, "a grad without dout");
    if (!option_int(run->c, line, "call", 0, &number))
        return false;
    if (number < 0 || (uint64_t)number >= run->calls)
        return result_fail(run->c->result, "grad call=%lld", (long long)number);

    reset_states(run, ENGINE_FORWARD);
    for (int64_t i = 0; i <= number; i++)
        if (!run_call(run, &run->call[i], ENGINE_FORWARD))
            return false;
    x_count = run->call[number].x.batch_floats;
    dx_count = x_count + model_state_count(&run->model, run->model.ports.initial);
    dx = case_alloc(run->c, dx_count, sizeof *dx);
    return fill_output_gradients(run, dout, dy) &&
           result_call(run->c->result,
                       seqecho_trainer_backward(run->model.trainer, dy, dx, dx_count),
                       "backward") &&
           check_input_gradients(run, line, x_count, dx) &&
           check_weight_gradients(run, line_option(line, "dw"));
}

static bool run_all(struct layer_run *run)
{
    struct model_ports ports = { 0 };

    if (!model_known(run->c) || !read_calls(run, &ports) ||
        !model_open(&run->model, run->c, ports) || !read_inputs(run) ||
        !model_train(&run->model, NULL, false) || !model_predict(&run->model))
        return false;
    run->state_count = model_state_count(&run->model, ports.last);
    run->out_count = run->model.output_count + run->state_count;
    run->out = case_alloc(run->c, run->out_count, sizeof *run->out);
    run->carried = case_alloc(run->c, run->state_count, sizeof *run->carried);

    if (!check_calls(run, ENGINE_FORWARD) || !check_calls(run, ENGINE_PREDICT) ||
        !check_calls(run, ENGINE_PREDICTOR))
        return false;
    for (const struct line *line = NULL; (line = case_line(run->c, "grad", line));)
        if (!check_gradients(run, line))
            return false;
    return true;
}

void run_layer(struct golden_case *c)
{
    struct layer_run run = { .c = c };

    c->tolerance_base = 5e-6;
    (void)run_all(&run);
    model_close(&run.model);
}
