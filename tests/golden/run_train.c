/* run_train.c - kind `train`: a loop of train_on_batch() from stored weights.
 * SPDX-License-Identifier: MIT
 *
 * The loop is run with float rows and, where inputs or targets are class numbers, with
 * those too: both must be as expected, and equal to each other bit for bit.  With a
 * categorical cross-entropy all of it is run in the clipped form, which the expected
 * values were computed with, and in the form from logits, which differs only where a
 * probability leaves [1e-7, 1 - 1e-7]. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "feed.h"
#include "model.h"

struct train_run {
    struct golden_case *c;
    struct training training;
    struct feed x;
    struct feed y;
    struct feed x_eval;
    struct array *y_eval; /* NULL: none */
    size_t batches;
    size_t reset_every; /* batches; 0: never */
    size_t parameters;
    size_t *weight_size;      /* floats in each array */
    struct array *trajectory; /* NULL: none */
    size_t eval_count;
    bool grad_first;
};

/* How one run of the loop is done. */
struct variant {
    bool as_classes;
    bool clipped;
    const char *note;
};

/* What it gave. */
struct outcome {
    double *loss; /* per batch, as is the next */
    double *accuracy;
    float *gradients;  /* of batch 0 */
    float *trajectory; /* all weights after each batch, where there is such an array */
    float *weights;    /* at the end */
    float *predicted;
};

/* ---- Reading ------------------------------------------------------------------------ */

static bool read_feeds(struct train_run *run, const struct model *m)
{
    const int64_t classes = m->output.dim[m->output.rank - 1];
    const struct array *const x = case_array(run->c, "x");
    const struct array *const y = case_array(run->c, "y");
    const struct array *const x_eval = case_array_if(run->c, "x_eval");
    int64_t x_depth, y_depth;

    if (!x || !y || !case_int(run->c, "x_one_hot", 0, &x_depth) ||
        !case_int(run->c, "y_one_hot", 0, &y_depth))
        return false;
    if (x_depth == 0)
        x_depth = m->features;
    if (y_depth == 0)
        y_depth = classes;
    if (!feed_open(run->c, &run->x, x, true, x_depth, -1.0f) ||
        !feed_open(run->c, &run->y, y, true, y_depth, 0.0f))
        return false;
    if (!x_eval)
        return result_open(run->c->result);
    if (!feed_open(run->c, &run->x_eval, x_eval, true, x_depth, -1.0f))
        return false;
    run->eval_count = run->x_eval.batches * m->output_count;
    run->y_eval = case_array_if(run->c, "y_eval");
    return result_open(run->c->result);
}

static bool read_counts(struct train_run *run)
{
    int64_t batches, reset_every, grad_first;

    if (!case_int(run->c, "batches", (int64_t)run->x.batches, &batches) ||
        !case_int(run->c, "reset_every", 0, &reset_every) ||
        !case_int(run->c, "grad_first", 0, &grad_first))
        return false;
    if (batches < 1 || (uint64_t)batches > run->x.batches ||
        (uint64_t)batches > run->y.batches || reset_every < 0)
        return result_fail(
            run->c->result, "batches %lld of %zu in x and %zu in y, reset_every %lld",
            (long long)batches, run->x.batches, run->y.batches, (long long)reset_every);
    run->batches = (size_t)batches;
    run->reset_every = (size_t)reset_every;
    run->grad_first = grad_first != 0;
    return true;
}

/* ---- Running ------------------------------------------------------------------------ */

/* Targets are class numbers only where the loss takes them, and always where it takes
 * nothing else. */
static seqecho_view y_view(const struct train_run *run, struct variant v, size_t batch)
{
    const bool takes = training_takes_classes(&run->training);
    const bool sparse = run->training.loss == SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY;

    return feed_view(&run->y, (v.as_classes && takes) || sparse, batch, 1);
}

/* Gradients of batch 0, by a model of their own: they advance its states. */
static bool first_gradients(struct train_run *run, struct variant v, float *gradients)
{
    const seqecho_view x = feed_view(&run->x, v.as_classes, 0, 1);
    const seqecho_view y = y_view(run, v, 0);
    struct model m;
    const bool done =
        model_open(&m, run->c, (struct model_ports){ 0 }) &&
        model_train(&m, &run->training, v.clipped) &&
        result_call(run->c->result,
                    seqecho_trainer_compute_gradients(m.trainer, &x, &y, NULL, 0, NULL),
                    "gradients") &&
        model_copy_gradients(&m, gradients);

    model_close(&m);
    return done;
}

static bool train_batches(struct train_run *run, struct variant v, struct model *m,
                          struct outcome *out)
{
    for (size_t i = 0; i < run->batches; i++) {
        const seqecho_view x = feed_view(&run->x, v.as_classes, i, 1);
        const seqecho_view y = y_view(run, v, i);
        seqecho_report report = SEQECHO_REPORT_INIT;

        if (!result_call(run->c->result,
                         seqecho_trainer_train_on_batch(m->trainer, &x, &y, &report),
                         "training") ||
            (run->trajectory &&
             !model_copy_weights(m, out->trajectory + i * run->parameters)))
            return false;
        out->loss[i] = report.loss;
        out->accuracy[i] = report.accuracy;
        if (run->reset_every > 0 && (i + 1) % run->reset_every == 0)
            seqecho_trainer_reset_states(m->trainer);
    }
    return model_copy_weights(m, out->weights);
}

/* Predict x_eval from reset states, batch after batch. */
static bool predict(struct train_run *run, struct variant v, struct model *m, float *out)
{
    const seqecho_view x = feed_view(&run->x_eval, v.as_classes, 0, run->x_eval.batches);

    seqecho_trainer_reset_states(m->trainer);
    return result_call(run->c->result,
                       seqecho_trainer_predict(m->trainer, &x, out, run->eval_count),
                       "predict");
}

/* The same by a predictor, which shares the weights only. */
static bool check_predictor(struct train_run *run, struct variant v, struct model *m)
{
    const seqecho_view x = feed_view(&run->x_eval, v.as_classes, 0, run->x_eval.batches);
    float *const out = case_alloc(run->c, run->eval_count, sizeof *out);

    if (!model_predict(m) ||
        !result_call(run->c->result,
                     seqecho_predictor_run(m->predictor, &x, out, run->eval_count),
                     "the predictor"))
        return false;
    case_compare(run->c, run->y_eval, out, run->eval_count, "by a predictor");
    return result_open(run->c->result);
}

static bool run_variant(struct train_run *run, struct variant v, struct outcome *out)
{
    struct model m;
    bool done = model_open(&m, run->c, (struct model_ports){ 0 }) &&
                model_train(&m, &run->training, v.clipped) &&
                train_batches(run, v, &m, out) &&
                (!run->y_eval ||
                 (predict(run, v, &m, out->predicted) && check_predictor(run, v, &m)));

    model_close(&m);
    if (done && run->grad_first)
        done = first_gradients(run, v, out->gradients);
    return done;
}

/* ---- Comparing ---------------------------------------------------------------------- */

static void check_doubles(struct train_run *run, const char *name, const double *got,
                          const char *note)
{
    struct array *const want = case_array_if(run->c, name);
    float *const floats = case_alloc(run->c, run->batches, sizeof *floats);

    for (size_t i = 0; i < run->batches; i++)
        floats[i] = (float)got[i];
    if (want)
        case_compare(run->c, want, floats, run->batches, note);
}

/* Every `stride`-th number of a weight. */
static bool check_sample(struct train_run *run, struct array *want, const float *weight,
                         size_t size, const char *note)
{
    int64_t stride;
    size_t count = 0;
    float *sample;

    if (!case_int(run->c, "sample_stride", 1, &stride))
        return false;
    if (stride < 1)
        return result_fail(run->c->result, "sample_stride %lld", (long long)stride);
    sample = case_alloc(run->c, size, sizeof *sample);
    for (size_t i = 0; i < size; i += (size_t)stride)
        sample[count++] = weight[i];
    case_compare(run->c, want, sample, count, note);
    return true;
}

/* The sum, the sum of squares and the largest magnitude. */
static void measure(const float *weight, size_t size, float *norm)
{
    double sum = 0.0, squares = 0.0, largest = 0.0;

    for (size_t i = 0; i < size; i++) {
        const double w = (double)weight[i];

        sum += w;
        squares += w * w;
        largest = fmax(largest, fabs(w));
    }
    norm[0] = (float)sum;
    norm[1] = (float)squares;
    norm[2] = (float)largest;
}

static struct array *prefixed(struct train_run *run, const char *prefix, const char *name)
{
    char full[128];

    (void)snprintf(full, sizeof full, "%s%s", prefix, name);
    return case_array_if(run->c, full);
}

/* Compare what is stored of each weight: its final values, a sample, its first gradient. */
static bool check_weights(struct train_run *run, const struct outcome *out,
                          const char *note)
{
    size_t count;
    char **const name = model_weight_names(run->c, &count);
    float *const norms = case_alloc(run->c, 3 * count, sizeof *norms);
    struct array *const want_norms = case_array_if(run->c, "norms");
    const float *weight = out->weights;
    const float *gradient = out->gradients;

    for (size_t i = 0; i < count; i++) {
        const size_t size = run->weight_size[i];
        struct array *const final = prefixed(run, "final_", name[i]);
        struct array *const sample = prefixed(run, "sample_", name[i]);
        struct array *const grad = prefixed(run, "g", name[i] + (name[i][0] == 'w'));

        if (final)
            case_compare(run->c, final, weight, size, note);
        if (sample && !check_sample(run, sample, weight, size, note))
            return false;
        if (grad && run->grad_first)
            case_compare(run->c, grad, gradient, size, note);
        measure(weight, size, norms + 3 * i);
        weight += size;
        gradient += size;
    }
    if (want_norms)
        case_compare(run->c, want_norms, norms, 3 * count, note);
    return result_open(run->c->result);
}

static bool check_outcome(struct train_run *run, const struct outcome *out,
                          const char *note)
{
    check_doubles(run, "loss", out->loss, note);
    check_doubles(run, "accuracy", out->accuracy, note);
    if (run->trajectory)
        case_compare(run->c, run->trajectory, out->trajectory,
                     run->batches * run->parameters, note);
    if (run->y_eval)
        case_compare(run->c, run->y_eval, out->predicted, run->eval_count, note);
    return check_weights(run, out, note);
}

/* Class numbers and the rows they stand for must give the same bits. */
static bool check_equal(struct train_run *run, const struct outcome *rows,
                        const struct outcome *classes)
{
    const size_t n = run->batches;
    const char *what = NULL;

    if (memcmp(rows->loss, classes->loss, n * sizeof *rows->loss) != 0)
        what = "losses";
    else if (memcmp(rows->accuracy, classes->accuracy, n * sizeof *rows->accuracy) != 0)
        what = "accuracies";
    else if (memcmp(rows->gradients, classes->gradients,
                    run->parameters * sizeof *rows->gradients) != 0)
        what = "gradients";
    else if (memcmp(rows->weights, classes->weights,
                    run->parameters * sizeof *rows->weights) != 0)
        what = "weights";
    else if (memcmp(rows->predicted, classes->predicted,
                    run->eval_count * sizeof *rows->predicted) != 0)
        what = "predictions";
    return !what || result_fail(run->c->result,
                                "class numbers and one-hot rows give other %s", what);
}

static struct outcome new_outcome(struct train_run *run)
{
    return (struct outcome){
        .loss = case_alloc(run->c, run->batches, sizeof(double)),
        .accuracy = case_alloc(run->c, run->batches, sizeof(double)),
        .gradients = case_alloc(run->c, run->parameters, sizeof(float)),
        .trajectory = case_alloc(
            run->c, run->trajectory ? run->batches * run->parameters : 0, sizeof(float)),
        .weights = case_alloc(run->c, run->parameters, sizeof(float)),
        .predicted = case_alloc(run->c, run->eval_count, sizeof(float)),
    };
}

static bool run_form(struct train_run *run, bool clipped)
{
    const struct variant by_rows = { false, clipped, clipped ? "clipped" : "" };
    const struct variant by_classes = { true, clipped,
                                        clipped ? "clipped, class numbers"
                                                : "class numbers" };
    struct outcome rows = new_outcome(run), classes = new_outcome(run);

    if (!run_variant(run, by_rows, &rows) || !check_outcome(run, &rows, by_rows.note))
        return false;
    if (!run->x.classes && !run->y.classes)
        return true;
    return run_variant(run, by_classes, &classes) &&
           check_outcome(run, &classes, by_classes.note) &&
           check_equal(run, &rows, &classes);
}

static bool prepare(struct train_run *run)
{
    struct model m = { 0 };
    const bool done = model_known(run->c) && training_read(run->c, &run->training) &&
                      model_open(&m, run->c, (struct model_ports){ 0 }) &&
                      read_feeds(run, &m) && read_counts(run);

    if (done) {
        const size_t count = seqecho_graph_weight_count(m.graph);

        run->parameters = (size_t)seqecho_graph_parameter_count(m.graph);
        run->weight_size = case_alloc(run->c, count, sizeof *run->weight_size);
        for (size_t i = 0; i < count; i++)
            run->weight_size[i] = model_weight_size(&m, i);
        run->trajectory = case_array_if(run->c, "trajectory");
    }
    model_close(&m);
    return done && result_open(run->c->result);
}

void run_train(struct golden_case *c)
{
    struct train_run run = { .c = c };

    c->tolerance_base = 2e-5;
    if (!prepare(&run))
        return;
    if (!run_form(&run, true))
        return;
    if (training_takes_classes(&run.training))
        (void)run_form(&run, false);
}
