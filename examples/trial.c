/* trial.c - one experiment with the echo problem.
 * SPDX-License-Identifier: MIT */
#include "trial.h"

#include <stdlib.h>
#include <string.h>

#define PAD (-1)

static void set_defaults(trial *t)
{
    if (t->length == 0)
        t->length = 25;
    if (t->n_unique == 0)
        t->n_unique = 100;
    if (t->n_in == 0)
        t->n_in = 5;
    if (t->n_out == 0)
        t->n_out = t->n_in;
    if (t->output == SEQECHO_ACTIVATION_DEFAULT)
        t->output = SEQECHO_SOFTMAX;
    if (t->loss == SEQECHO_LOSS_NONE)
        t->loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
}

static int open_data(const trial *t, bool held_out, seqecho_dataset **out)
{
    return seqecho_dataset_create(
        out, SEQECHO_DATASET(.length = t->length, .n_unique = t->n_unique, .n_in = t->n_in,
                             .n_out = t->n_out, .encoding = t->encoding, .rows = t->rows,
                             .pad_value = PAD, .held_out = held_out, .seed = t->seed));
}

/* Weights 0 for the steps that are padded at the start, and such for the others that each
 * batch is a mean over them. */
static int weigh_steps(trial *t)
{
    const int64_t rows = t->y.dim[0], n = t->n_out;
    float *const weight = calloc((size_t)(rows * n), sizeof *weight);

    if (weight == NULL)
        return SEQECHO_ENOMEM;
    t->weights = weight;
    t->weight = (seqecho_view){ .data = weight, .dim = { rows, n }, .rank = 2 };
    for (int64_t first = 0; first < rows; first += t->batch) {
        const int64_t end = first + t->batch < rows ? first + t->batch : rows;
        int64_t there = 0;

        for (int64_t i = first * n; i < end * n; i++)
            there += i / n + i % n >= t->n_in - 1;
        for (int64_t i = first * n; i < end * n; i++)
            if (i / n + i % n >= t->n_in - 1)
                weight[i] = (float)((end - first) * n) / (float)there;
    }
    return 0;
}

/* The accuracy where it means what a reader would think, or the mean error. */
static uint32_t metrics(const trial *t)
{
    if (t->encoding == SEQECHO_ENCODE_LINEAR)
        return SEQECHO_METRIC_MAE;
    return t->flat || t->unmasked || t->loss == SEQECHO_BINARY_CROSSENTROPY
               ? 0
               : SEQECHO_METRIC_ACCURACY;
}

int trial_open(trial *t)
{
    int err;

    set_defaults(t);
    err = open_data(t, false, &t->data);
    if (err == 0)
        err = open_data(t, true, &t->held_out);
    if (err == 0)
        err = seqecho_graph_create(&t->model, SEQECHO_GRAPH(.seed = t->seed));
    if (err < 0)
        return err;
    t->x = *seqecho_dataset_x(t->data);
    t->y = *seqecho_dataset_y(t->data);
    if (t->flat) /* the same numbers, seen as one vector a row */
        t->y = (seqecho_view){ .data = t->y.data,
                               .dim = { t->y.dim[0], t->y.dim[1] * t->y.dim[2] },
                               .rank = 2,
                               .dtype = t->y.dtype };
    if (t->unmasked && (err = weigh_steps(t)) < 0)
        return err;
    t->build(t->model, t);
    return seqecho_trainer_create(
        &t->trainer, t->model,
        SEQECHO_TRAINER(.loss = t->loss, .optimizer = SEQECHO_ADAM, .metrics = metrics(t),
                        .learning_rate = t->learning_rate, .threads = t->threads));
}

int trial_train(trial *t, seqecho_event_fn on_event, void *user)
{
    if (t->epochs == 0)
        return 0;
    if (!t->flat)
        return seqecho_trainer_fit_dataset(
            t->trainer, t->data,
            SEQECHO_FIT(.epochs = t->epochs, .batch_size = t->batch, .on_event = on_event,
                        .user = user, .sample_weight = t->unmasked ? &t->weight : NULL,
                        .callbacks = t->callbacks, .n_callbacks = t->n_callbacks,
                        .resume = t->resume),
            NULL);
    /* The same by hand, the dataset's arrays in another shape. */
    for (int64_t epoch = 0; epoch < t->epochs; epoch++) {
        int err;

        seqecho_dataset_next(t->data);
        err = seqecho_trainer_fit(
            t->trainer, &t->x, &t->y,
            SEQECHO_FIT(.batch_size = t->batch, .reset_states = SEQECHO_RESET_EACH_EPOCH),
            NULL);
        if (err < 0)
            return err;
    }
    return 0;
}

int trial_echo(trial *t, int32_t *expected, int32_t *predicted)
{
    const seqecho_view *const x = seqecho_dataset_x(t->held_out);
    const seqecho_view *const y = seqecho_dataset_y(t->held_out);
    const size_t steps = (size_t)(y->dim[0] * y->dim[1]);
    const size_t count = steps * (size_t)y->dim[2];
    float *const output = malloc(count * sizeof *output);
    int32_t *const window = malloc(steps / (size_t)t->n_out * (size_t)t->n_in *
                                   sizeof *window); /* the rows of x, not needed */
    int err = output != NULL && window != NULL ? 0 : SEQECHO_ENOMEM;

    seqecho_dataset_next(t->held_out);
    seqecho_trainer_reset_states(t->trainer);
    if (err == 0)
        err = seqecho_to_supervised_int32(seqecho_dataset_sequence(t->held_out, NULL),
                                          (size_t)t->length, (size_t)t->n_in,
                                          (size_t)t->n_out, t->rows, PAD, window, expected);
    if (err == 0)
        err = seqecho_trainer_predict(t->trainer, x, output, count);
    if (err == 0)
        err = seqecho_dataset_decode(t->held_out, output, steps, predicted);
    seqecho_trainer_reset_states(t->trainer);
    for (size_t i = 0; i < steps && err == 0; i++)
        if (expected[i] == PAD)
            predicted[i] = PAD;
    free(window);
    free(output);
    return err;
}

int trial_evaluate(trial *t, int64_t sequences, trial_score *score)
{
    const int64_t rows = seqecho_dataset_y(t->held_out)->dim[0];
    const size_t steps = (size_t)(rows * t->n_out), row = (size_t)t->n_out;
    int32_t *const expected = malloc(2 * steps * sizeof *expected);
    int32_t *const predicted = expected + steps;
    double elements = 0.0, right = 0.0, right_rows = 0.0, right_sequences = 0.0,
           error = 0.0;
    int err = expected != NULL ? 0 : SEQECHO_ENOMEM;

    *score = (trial_score){ 0.0, 0.0, 0.0, 0.0 };
    for (int64_t s = 0; s < sequences && err == 0; s++) {
        int64_t whole = 0;

        err = trial_echo(t, expected, predicted);
        for (size_t i = 0; i < steps && err == 0; i++) {
            elements += expected[i] != PAD;
            right += expected[i] != PAD && expected[i] == predicted[i];
            error += abs(expected[i] - predicted[i]);
        }
        for (size_t r = 0; r < (size_t)rows && err == 0; r++)
            whole += memcmp(expected + r * row, predicted + r * row,
                            row * sizeof *expected) == 0;
        right_rows += (double)whole;
        right_sequences += whole == rows;
    }
    if (err == 0 && elements > 0.0) {
        score->elements = right / elements;
        score->mean_error = error / elements;
        score->rows = right_rows / (double)(rows * sequences);
        score->sequences = right_sequences / (double)sequences;
    }
    free(expected);
    return err;
}

void trial_close(trial *t)
{
    seqecho_trainer_destroy(t->trainer);
    seqecho_graph_destroy(t->model);
    seqecho_dataset_destroy(t->held_out);
    seqecho_dataset_destroy(t->data);
    free(t->weights);
}
