/* run_program.c - kinds `fullrun` and `fullrun_prng`: a whole training program.
 * SPDX-License-Identifier: MIT
 *
 * Every epoch frames one sequence and trains on its windows, and its loss and accuracy
 * are compared.  This is run with class numbers; the first epochs are run again with
 * float rows, which must give the same bits, and with the clipped cross-entropy.
 *
 * Training enlarges rounding errors, so where the case states no tolerance it depends on
 * the epoch; and an accuracy may be off by one prediction in the first thousand epochs and
 * is not compared after them. */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "feed.h"
#include "model.h"
#include "weights.h"

enum { SECOND_LOOK_EPOCHS = 500, ACCURACY_EPOCHS = 1000 };

static const struct band {
    size_t epochs; /* up to and with this one */
    double tolerance;
} loss_bands[] = {
    { 1000, 1e-4 },
    { 3000, 2e-3 },
    { SIZE_MAX, 0.05 },
};

struct program {
    struct golden_case *c;
    struct training training;
    const struct array *sequences; /* NULL: generated */
    uint32_t sequence_base;
    size_t epochs;
    size_t length;
    size_t n_in;
    size_t n_out;
    size_t rows;
    int64_t depth;
    size_t reset_every; /* batches; 0: never */

    /* The sequence of the epoch and its windows. */
    int32_t *sequence;
    int32_t *x;
    int32_t *y;
    float *x_rows;
    float *y_rows;
};

struct curve {
    double *loss;
    double *accuracy;
};

/* ---- Reading ------------------------------------------------------------------------ */

static bool read_sizes(struct program *p)
{
    int64_t n_in, n_out, length, epochs, reset_every;
    int64_t stored_epochs = 0, stored_length = 25;
    const struct array *const loss = case_array_if(p->c, "loss");

    if (p->sequences && p->sequences->rank == 2) {
        stored_epochs = p->sequences->dim[0];
        stored_length = p->sequences->dim[1];
    } else if (loss) {
        stored_epochs = loss->dim[0];
    }
    if (!case_int(p->c, "n_in", 0, &n_in) || !case_int(p->c, "n_out", n_in, &n_out) ||
        !case_int(p->c, "one_hot", 0, &p->depth) ||
        !case_int(p->c, "length", stored_length, &length) ||
        !case_int(p->c, "epochs", stored_epochs, &epochs) ||
        !case_int(p->c, "reset_every", 0, &reset_every) || !result_open(p->c->result))
        return false;
    if (n_in < 1 || n_out < 1 || n_out > n_in || n_in > length || length > 1000000 ||
        epochs < 1 || epochs > 10000000 || p->depth < 1 || p->depth > 1000000 ||
        reset_every < 0 ||
        (p->sequences && (epochs > stored_epochs || length != stored_length)))
        return result_fail(p->c->result,
                           "n_in %lld, n_out %lld, length %lld, epochs %lld, one_hot %lld, "
                           "reset_every %lld",
                           (long long)n_in, (long long)n_out, (long long)length,
                           (long long)epochs, (long long)p->depth, (long long)reset_every);
    p->n_in = (size_t)n_in;
    p->n_out = (size_t)n_out;
    p->length = (size_t)length;
    p->epochs = (size_t)epochs;
    p->reset_every = (size_t)reset_every;
    p->rows = seqecho_supervised_rows(p->length, p->n_in, SEQECHO_ROWS_COMPLETE);
    return true;
}

static bool read_program(struct program *p)
{
    int64_t base;

    p->sequences = case_array_if(p->c, "sequences");
    if (!model_known(p->c) || !result_open(p->c->result))
        return false;
    if (!p->sequences && !case_line(p->c, "sequence_prng_base", NULL))
        return result_fail(p->c->result, "neither sequences nor sequence_prng_base");
    if (p->sequences && !p->sequences->ints)
        return result_fail(p->c->result, "sequences should be i4");
    if (!case_int(p->c, "sequence_prng_base", 0, &base) ||
        !training_read(p->c, &p->training) || !read_sizes(p))
        return false;
    p->sequence_base = (uint32_t)base;

    const size_t depth = (size_t)p->depth;
    p->sequence = case_alloc(p->c, p->length, sizeof *p->sequence);
    p->x = case_alloc(p->c, p->rows * p->n_in, sizeof *p->x);
    p->y = case_alloc(p->c, p->rows * p->n_out, sizeof *p->y);
    p->x_rows = case_alloc(p->c, p->rows * p->n_in * depth, sizeof *p->x_rows);
    p->y_rows = case_alloc(p->c, p->rows * p->n_out * depth, sizeof *p->y_rows);
    return true;
}

/* ---- One epoch ---------------------------------------------------------------------- */

/* Frame sequence `number` of the program; the generated ones are one long stream. */
static bool frame(struct program *p, size_t number)
{
    for (size_t i = 0; i < p->length; i++) {
        const size_t j = number * p->length + i;

        p->sequence[i] =
            p->sequences
                ? p->sequences->ints[j]
                : (int32_t)((double)p->depth * prng_uniform(p->sequence_base, (uint32_t)j));
    }
    if (!result_call(p->c->result,
                     seqecho_to_supervised_int32(p->sequence, p->length, p->n_in, p->n_out,
                                                 SEQECHO_ROWS_COMPLETE, -1, p->x, p->y),
                     "framing"))
        return false;
    if (!feed_expand(p->x, p->rows * p->n_in, p->depth, -1.0f, p->x_rows) ||
        !feed_expand(p->y, p->rows * p->n_out, p->depth, 0.0f, p->y_rows))
        return result_fail(p->c->result, "sequence %zu has a number outside [0, %lld)",
                           number, (long long)p->depth);
    return true;
}

/* `count` windows from number `first`, as class numbers or as rows. */
static seqecho_view window_view(const struct program *p, const int32_t *classes,
                                const float *rows, size_t steps, size_t first, size_t count)
{
    const size_t offset = first * steps;

    if (classes)
        return (seqecho_view){
            classes + offset, { (int64_t)count, (int64_t)steps }, 2, SEQECHO_INT32
        };
    return (seqecho_view){ rows + offset * (size_t)p->depth,
                           { (int64_t)count, (int64_t)steps, p->depth },
                           3,
                           SEQECHO_FLOAT32 };
}

/* Fit the windows of one epoch, in as many pieces as there are resets of the states
 * within.  `since` counts the batches since the last one. */
static bool train_epoch(struct program *p, struct model *m, bool as_classes, size_t *since,
                        double *loss, double *accuracy)
{
    const bool takes = training_takes_classes(&p->training);
    const size_t batch = (size_t)m->batch;
    const seqecho_fit_options options = {
        .struct_size = sizeof options,
        .batch_size = m->batch,
        .epochs = 1,
        .reset_states = SEQECHO_RESET_NEVER,
    };

    *loss = *accuracy = 0.0;
    for (size_t first = 0, count; first < p->rows; first += count) {
        seqecho_report report = SEQECHO_REPORT_INIT;
        seqecho_view x, y;
        double share;

        count = p->rows - first;
        if (p->reset_every > 0 && count > (p->reset_every - *since) * batch)
            count = (p->reset_every - *since) * batch;
        share = (double)count / (double)p->rows;
        x = window_view(p, as_classes ? p->x : NULL, p->x_rows, p->n_in, first, count);
        y = window_view(p, as_classes && takes ? p->y : NULL, p->y_rows, p->n_out, first,
                        count);
        if (!result_call(p->c->result,
                         seqecho_trainer_fit(m->trainer, &x, &y, &options, &report), "fit"))
            return false;
        *loss += share * report.loss;
        *accuracy += share * report.accuracy;
        *since += (count + batch - 1) / batch;
        if (*since == p->reset_every) {
            seqecho_trainer_reset_states(m->trainer);
            *since = 0;
        }
    }
    return true;
}

static bool train(struct program *p, struct model *m, bool as_classes, bool clipped,
                  size_t epochs, struct curve *curve)
{
    size_t since = 0;

    curve->loss = case_alloc(p->c, epochs, sizeof *curve->loss);
    curve->accuracy = case_alloc(p->c, epochs, sizeof *curve->accuracy);
    if (!model_open(m, p->c, (struct model_ports){ 0 }) ||
        !model_train(m, &p->training, clipped))
        return false;
    for (size_t i = 0; i < epochs; i++)
        if (!frame(p, i) ||
            !train_epoch(p, m, as_classes, &since, &curve->loss[i], &curve->accuracy[i]))
            return false;
    return true;
}

/* ---- Comparing ---------------------------------------------------------------------- */

static bool check_loss(struct program *p, const struct curve *curve, size_t epochs)
{
    struct array *const want = case_array_if(p->c, "loss");
    size_t band = 0;

    if (!want)
        return result_open(p->c->result);
    if (!want->floats || want->count < epochs)
        return result_fail(p->c->result, "loss is not one f4 for each epoch");
    for (size_t i = 0; i < epochs; i++) {
        while (i >= loss_bands[band].epochs)
            band++;
        result_number(p->c->result, "loss", i, curve->loss[i], (double)want->floats[i],
                      want->has_tolerance ? want->tolerance : loss_bands[band].tolerance);
    }
    want->compared = true;
    return true;
}

static bool check_accuracy(struct program *p, const struct curve *curve, size_t epochs)
{
    struct array *const want = case_array_if(p->c, "accuracy");
    const double flip = 1.0 / (double)(p->rows * p->n_out);

    if (!want)
        return result_open(p->c->result);
    if (!want->floats || want->count < epochs)
        return result_fail(p->c->result, "accuracy is not one f4 for each epoch");
    for (size_t i = 0; i < epochs; i++)
        if (want->has_tolerance || i < ACCURACY_EPOCHS)
            result_number(p->c->result, "accuracy", i, curve->accuracy[i],
                          (double)want->floats[i],
                          want->has_tolerance ? want->tolerance : 1.25 * flip);
    want->compared = true;
    return true;
}

static bool check_weights(struct program *p, struct model *m)
{
    size_t count;
    char **const name = model_weight_names(p->c, &count);
    float *const all =
        case_alloc(p->c, (size_t)seqecho_graph_parameter_count(m->graph), sizeof *all);
    const float *weight = all;

    if (!model_copy_weights(m, all))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t size = model_weight_size(m, i);
        struct array *want;
        char full[128];

        (void)snprintf(full, sizeof full, "final_%s", name[i]);
        want = case_array_if(p->c, full);
        if (want)
            case_compare(p->c, want, weight, size, "");
        weight += size;
    }
    return result_open(p->c->result);
}

/* The share of right numbers over the windows of sequence `number`, from a reset state. */
static bool count_right(struct program *p, struct model *m, size_t number, float *predicted,
                        size_t *right)
{
    const size_t steps = p->rows * p->n_out;
    int32_t *const decoded = case_alloc(p->c, steps, sizeof *decoded);
    seqecho_view x;

    if (!frame(p, number))
        return false;
    x = window_view(p, p->x, p->x_rows, p->n_in, 0, p->rows);
    seqecho_trainer_reset_states(m->trainer);
    if (!result_call(
            p->c->result,
            seqecho_trainer_predict(m->trainer, &x, predicted, steps * (size_t)p->depth),
            "predict") ||
        !result_call(p->c->result,
                     seqecho_one_hot_decode(predicted, steps, p->depth, decoded), "decode"))
        return false;
    for (size_t i = 0; i < steps; i++)
        *right += decoded[i] == p->y[i];
    return true;
}

/* eval_accuracy_COUNT_sequences f64=A: of the COUNT sequences that follow in the stream. */
static bool check_evaluation(struct program *p, struct model *m)
{
    for (size_t i = 0; i < p->c->lines; i++) {
        const struct line *const line = &p->c->line[i];
        size_t right = 0;
        float *predicted;
        double want;
        int count;

        if (sscanf(line->key, "eval_accuracy_%d_sequences", &count) != 1 || count < 1 ||
            p->sequences || !line_option(line, "f64"))
            continue;
        if (!option_double(p->c, line, "f64", 0.0, &want))
            return false;
        predicted =
            case_alloc(p->c, p->rows * p->n_out * (size_t)p->depth, sizeof *predicted);
        for (int k = 0; k < count; k++)
            if (!count_right(p, m, p->epochs + (size_t)k, predicted, &right))
                return false;
        result_number(p->c->result, line->key, 0,
                      (double)right / ((double)count * (double)(p->rows * p->n_out)), want,
                      0.01);
    }
    return true;
}

/* The first epochs once more: by rows, and with the clipped cross-entropy. */
static bool look_again(struct program *p, const struct curve *curve)
{
    const size_t epochs = p->epochs < SECOND_LOOK_EPOCHS ? p->epochs : SECOND_LOOK_EPOCHS;
    struct curve other;
    struct model m = { 0 };
    bool done = train(p, &m, false, false, epochs, &other);

    model_close(&m);
    if (!done)
        return false;
    if (memcmp(curve->loss, other.loss, epochs * sizeof *other.loss) != 0 ||
        memcmp(curve->accuracy, other.accuracy, epochs * sizeof *other.accuracy) != 0)
        return result_fail(p->c->result,
                           "class numbers and one-hot rows give other losses");
    if (!training_takes_classes(&p->training))
        return true;
    done = train(p, &m, true, true, epochs, &other);
    model_close(&m);
    return done && check_loss(p, &other, epochs) && check_accuracy(p, &other, epochs);
}

void run_program(struct golden_case *c)
{
    struct program p = { .c = c };
    struct model m = { 0 };
    struct curve curve;

    c->tolerance_base = 5e-4;
    if (read_program(&p) && train(&p, &m, true, false, p.epochs, &curve) &&
        check_loss(&p, &curve, p.epochs) && check_accuracy(&p, &curve, p.epochs) &&
        check_weights(&p, &m) && check_evaluation(&p, &m))
        (void)look_again(&p, &curve);
    model_close(&m);
}
