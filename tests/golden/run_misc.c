/* run_misc.c - kinds `activations`, `losses` and `data`.
 * SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdio.h>

#include <seqecho/seqecho.h>

#include "tables.h"

/* A graph of nothing but one activation. */
struct bare {
    struct golden_case *c;
    seqecho_graph *graph;
    seqecho_trainer *trainer;
};

static void bare_close(struct bare *b)
{
    seqecho_trainer_destroy(b->trainer);
    seqecho_graph_destroy(b->graph);
}

/* `shape` is that of a batch. */
static bool bare_open(struct bare *b, struct golden_case *c, const seqecho_view *shape,
                      seqecho_activation activation, seqecho_loss loss)
{
    seqecho_input_spec input = { .head = { sizeof input, SEQECHO_KIND_INPUT, 0 } };

    *b = (struct bare){ .c = c };
    for (int32_t i = 1; i < shape->rank; i++)
        input.dim[i - 1] = shape->dim[i];
    if (!result_call(c->result, seqecho_graph_create(&b->graph, NULL), "a graph"))
        return false;
    (void)seqecho_graph_add(b->graph, &input.head);
    (void)seqecho_graph_add(b->graph, SEQECHO_ACTIVATION(activation));
    return result_call(
        c->result,
        seqecho_trainer_create(
            &b->trainer, b->graph,
            SEQECHO_TRAINER(.loss = loss, .metrics = loss ? SEQECHO_METRIC_ACCURACY : 0)),
        "a trainer");
}

static bool array_view(struct golden_case *c, const struct array *array, seqecho_view *view)
{
    *view = (seqecho_view){ .data = array->floats, .rank = array->rank };
    if (array->rank < 2 || array->rank > SEQECHO_MAX_RANK || array->count == 0)
        return result_fail(c->result, "%s: %d dimensions, %zu values", array->name,
                           array->rank, array->count);
    for (int i = 0; i < array->rank; i++)
        view->dim[i] = array->dim[i];
    return true;
}

static struct array *named(struct golden_case *c, const char *prefix, const char *name)
{
    char full[128];

    (void)snprintf(full, sizeof full, "%s%s", prefix, name);
    return case_array_if(c, full);
}

/* ---- activations -------------------------------------------------------------------- */

/* Compare y = f(x), and dx for the given dy, both of the shape of x. */
static bool check_activation(struct golden_case *c, seqecho_activation activation,
                             const seqecho_view *x, const float *dy, struct array *want_y,
                             struct array *want_dx, const char *note)
{
    seqecho_view dy_view = *x;
    size_t count = 1;
    struct bare b;
    float *y, *dx;
    bool done;

    for (int32_t i = 0; i < x->rank; i++)
        count *= (size_t)x->dim[i];
    y = case_alloc(c, count, sizeof *y);
    dx = case_alloc(c, count, sizeof *dx);
    dy_view.data = dy;
    done = bare_open(&b, c, x, activation, SEQECHO_LOSS_NONE) &&
           result_call(c->result, seqecho_trainer_forward(b.trainer, x, y, count),
                       "forward") &&
           result_call(c->result, seqecho_trainer_backward(b.trainer, &dy_view, dx, count),
                       "backward");
    bare_close(&b);
    if (done && want_y)
        case_compare(c, want_y, y, count, note);
    if (done && want_dx)
        case_compare(c, want_dx, dx, count, note);
    return done && result_open(c->result);
}

/* Element by element: as one row, which fills vectors, and as a column, which does not. */
static bool check_elementwise(struct golden_case *c, const char *name,
                              const struct array *x)
{
    const seqecho_view row = { x->floats, { 1, (int64_t)x->count }, 2, SEQECHO_FLOAT32 };
    const seqecho_view column = { x->floats, { (int64_t)x->count, 1 }, 2, SEQECHO_FLOAT32 };
    struct array *const want_y = named(c, "y_", name);
    struct array *const want_dx = named(c, "d_", name);
    float *const ones = case_alloc(c, x->count, sizeof *ones);
    seqecho_activation activation;

    for (size_t i = 0; i < x->count; i++)
        ones[i] = 1.0f;
    return result_open(c->result) && table_activation(c, name, &activation) &&
           check_activation(c, activation, &row, ones, want_y, want_dx, "a row") &&
           check_activation(c, activation, &column, ones, want_y, want_dx, "a column");
}

/* Softmax goes over rows and has its own input, and gradient of sum(y dout). */
static bool check_softmax(struct golden_case *c)
{
    const struct array *const xs = case_array_if(c, "xs");
    const struct array *const dout = case_array_if(c, "dout_softmax");
    struct array *const y = case_array_if(c, "y_softmax");
    struct array *const dx = case_array_if(c, "dx_softmax");
    const float *dy = NULL;
    seqecho_view view;

    if (!xs || !y || !result_open(c->result))
        return result_open(c->result);
    if (!xs->floats || !array_view(c, xs, &view))
        return result_fail(c->result, "xs should be f4");
    if (dx) {
        if (!dout || !dout->floats || dout->count != xs->count)
            return result_fail(c->result, "dx_softmax without a dout_softmax for it");
        dy = dout->floats;
    } else {
        dy = case_alloc(c, xs->count, sizeof *dy);
    }
    return check_activation(c, SEQECHO_SOFTMAX, &view, dy, y, dx, "");
}

void run_activations(struct golden_case *c)
{
    const struct line *const names = case_line(c, "names", NULL);
    const struct array *x;

    if (names) {
        x = case_floats(c, "x");
        for (size_t i = 0; x && i < names->words; i++)
            if (!check_elementwise(c, names->word[i], x))
                return;
    }
    if (result_open(c->result))
        (void)check_softmax(c);
}

/* ---- losses ------------------------------------------------------------------------- */

/* Loss and accuracy of one batch, by evaluate(). */
static bool evaluate(struct golden_case *c, const seqecho_view *p, const seqecho_view *t,
                     seqecho_loss loss, seqecho_report *report)
{
    seqecho_fit_options options = { .struct_size = sizeof options };
    struct bare b;
    bool done;

    options.batch_size = p->dim[0];
    done =
        bare_open(&b, c, p, SEQECHO_LINEAR, loss) &&
        result_call(c->result, seqecho_trainer_evaluate(b.trainer, p, t, &options, report),
                    "evaluate");
    bare_close(&b);
    return done;
}

/* Each row of the last axis as a batch of one; wants its loss, or its accuracy. */
static bool check_rows(struct golden_case *c, const struct array *p, const struct array *t,
                       seqecho_loss loss, bool accuracy, struct array *want)
{
    const int64_t width = p->dim[p->rank - 1];
    const size_t rows = p->count / (size_t)width;
    float *const got = case_alloc(c, rows, sizeof *got);

    for (size_t i = 0; i < rows; i++) {
        const size_t offset = i * (size_t)width;
        const seqecho_view p_row = { p->floats + offset, { 1, width }, 2, SEQECHO_FLOAT32 };
        const seqecho_view t_row = { t->floats + offset, { 1, width }, 2, SEQECHO_FLOAT32 };
        seqecho_report report = SEQECHO_REPORT_INIT;

        if (!evaluate(c, &p_row, &t_row, loss, &report))
            return false;
        got[i] = (float)(accuracy ? report.accuracy : report.loss);
    }
    case_compare(c, want, got, rows, "");
    return result_open(c->result);
}

/* The mean over all rows and its gradient with respect to the predictions. */
static bool check_mean(struct golden_case *c, const struct array *p, const struct array *t,
                       seqecho_loss loss, struct array *want_mean, struct array *want_grad)
{
    seqecho_report report = SEQECHO_REPORT_INIT, again = SEQECHO_REPORT_INIT;
    float *const dx = case_alloc(c, p->count, sizeof *dx);
    seqecho_view p_view, t_view;
    struct bare b;
    float mean;
    bool done;

    if (!array_view(c, p, &p_view) || !array_view(c, t, &t_view))
        return false;
    done = bare_open(&b, c, &p_view, SEQECHO_LINEAR, loss) &&
           result_call(c->result,
                       seqecho_trainer_compute_gradients(b.trainer, &p_view, &t_view, dx,
                                                         p->count, &report),
                       "gradients");
    bare_close(&b);
    if (!done || !evaluate(c, &p_view, &t_view, loss, &again))
        return false;
    if (want_mean) {
        mean = (float)report.loss;
        case_compare(c, want_mean, &mean, 1, "");
        mean = (float)again.loss;
        case_compare(c, want_mean, &mean, 1, "by evaluate");
    }
    if (want_grad)
        case_compare(c, want_grad, dx, p->count, "");
    return result_open(c->result);
}

/* Predictions and targets of one shape. */
static bool find_pair(struct golden_case *c, const char *pred, const char *target,
                      const struct array **p, const struct array **t)
{
    *p = pred ? case_floats(c, pred) : NULL;
    *t = target ? case_floats(c, target) : NULL;
    if (!*p || !*t || (*p)->rank < 1 || (*p)->count == 0)
        return result_fail(c->result, "an item without predictions and targets");
    return case_shape(c, *t, (*p)->rank, (*p)->dim);
}

/* item NAME loss=.. pred=.. true=.. */
static bool check_loss(struct golden_case *c, const struct line *line)
{
    const char *const loss_name = line_option(line, "loss");
    const char *const name = line->words > 0 ? line->word[0] : "";
    const struct array *p, *t;
    struct array *mean, *grad, *rows;
    seqecho_loss loss;

    if (!loss_name)
        return result_fail(c->result, "an item without a loss");
    if (!table_loss(c, loss_name, &loss) ||
        !find_pair(c, line_option(line, "pred"), line_option(line, "true"), &p, &t))
        return false;
    mean = named(c, "mean_", name);
    grad = named(c, "grad_", name);
    rows = named(c, "rows_", name);
    if (!result_open(c->result))
        return false;
    if ((mean || grad) && !check_mean(c, p, t, loss, mean, grad))
        return false;
    return !rows || check_rows(c, p, t, loss, false, rows);
}

void run_losses(struct golden_case *c)
{
    struct array *const accuracy = case_array_if(c, "acc_rows");
    const struct array *p, *t;

    for (const struct line *line = NULL; (line = case_line(c, "item", line));)
        if (!check_loss(c, line))
            return;
    if (accuracy && find_pair(c, "p_acc", "t_acc", &p, &t))
        (void)check_rows(c, p, t, SEQECHO_CATEGORICAL_CROSSENTROPY, true, accuracy);
}

/* ---- data: framing ------------------------------------------------------------------ */

/* An expected array of a framing, or NULL where the item names none. */
static struct array *item_array(struct golden_case *c, const struct line *line,
                                const char *key)
{
    const char *const name = line_option(line, key);

    return name ? case_ints(c, name) : NULL;
}

static bool compare_ints(struct golden_case *c, struct array *want, const int32_t *got,
                         size_t count)
{
    if (want->count != count)
        return result_fail(c->result, "%s has %zu values, computed are %zu", want->name,
                           want->count, count);
    result_ints(c->result, want->name, got, want->ints, count);
    want->compared = true;
    return true;
}

/* Frame the sequence, keeping the rows `keep` says, and compare both halves. */
static bool check_frame(struct golden_case *c, const struct array *seq, size_t n_in,
                        size_t n_out, seqecho_rows keep, struct array *want_x,
                        struct array *want_y)
{
    const size_t rows = seqecho_supervised_rows(seq->count, n_in, keep);
    int32_t *const x = case_alloc(c, rows * n_in, sizeof *x);
    int32_t *const y = case_alloc(c, rows * n_out, sizeof *y);

    if (!result_call(
            c->result,
            seqecho_to_supervised_int32(seq->ints, seq->count, n_in, n_out, keep, -1, x, y),
            "framing"))
        return false;
    return (!want_x || compare_ints(c, want_x, x, rows * n_in)) &&
           (!want_y || compare_ints(c, want_y, y, rows * n_out));
}

/* item seq=.. n_in=N n_out=N X=.. y=.. [Xpad=.. ypad=..] */
static bool check_framing(struct golden_case *c, const struct line *line)
{
    const struct array *const seq = item_array(c, line, "seq");
    struct array *const x = item_array(c, line, "X");
    struct array *const y = item_array(c, line, "y");
    struct array *const x_pad = item_array(c, line, "Xpad");
    struct array *const y_pad = item_array(c, line, "ypad");
    int64_t n_in, n_out;

    if (!option_int(c, line, "n_in", 0, &n_in) ||
        !option_int(c, line, "n_out", n_in, &n_out) || !result_open(c->result))
        return false;
    if (!seq || n_in < 1 || n_out < 1 || n_out > n_in || (uint64_t)n_in > seq->count)
        return result_fail(c->result, "an item of n_in %lld, n_out %lld", (long long)n_in,
                           (long long)n_out);
    if (!check_frame(c, seq, (size_t)n_in, (size_t)n_out, SEQECHO_ROWS_COMPLETE, x, y))
        return false;
    return (!x_pad && !y_pad) || check_frame(c, seq, (size_t)n_in, (size_t)n_out,
                                             SEQECHO_ROWS_PAD_START, x_pad, y_pad);
}

void run_framing(struct golden_case *c)
{
    for (const struct line *line = NULL; (line = case_line(c, "item", line));)
        if (!check_framing(c, line))
            return;
}
