/* echo_seq2seq.c - learn to echo a whole window of random integers: an LSTM that answers at
 * every time step, and a softmax over the integers on top of it.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <seqecho/seqecho.h>

#include "args.h"
#include "progress.h"

/* model = Sequential()
 * model.add(LSTM(20, batch_input_shape=(7, 5, 100), return_sequences=True, stateful=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
static void build(seqecho_graph *model, const args *a)
{
    const seqecho_spec *const input =
        SEQECHO_INPUT(.batch = a->batch, .dim = { a->n_in, a->n_unique });
    const seqecho_spec *const softmax =
        SEQECHO_DENSE(.units = a->n_unique, .activation = SEQECHO_SOFTMAX);

    seqecho_graph_add(model, input);
    seqecho_graph_add(
        model, SEQECHO_LSTM(.units = a->units, .return_sequences = true, .stateful = true));
    seqecho_graph_add(model, SEQECHO_TIME_DISTRIBUTED(softmax));
}

/* Every epoch is one pass over a fresh sequence, from a zero state. */
static int train(seqecho_trainer *trainer, seqecho_dataset *data, const args *a)
{
    progress display;
    const seqecho_fit_options *const fit =
        SEQECHO_FIT(.epochs = a->epochs, .on_event = progress_event, .user = &display);
    int err;

    progress_open(&display, a);
    err = seqecho_trainer_fit_dataset(trainer, data, fit, NULL);
    progress_close(&display);
    return err;
}

/* Let the model echo a sequence that it has never seen, and print it beside the truth. */
static int show(seqecho_trainer *trainer, seqecho_dataset *data, const args *a)
{
    const seqecho_view *const y = seqecho_dataset_y(data);
    const size_t rows = (size_t)y->dim[0], steps = (size_t)y->dim[1];
    const size_t count = rows * steps * (size_t)y->dim[2];
    float *const output = args_alloc(a, count, sizeof *output);
    int32_t *const expected = args_alloc(a, rows * steps, sizeof *expected);
    int32_t *const predicted = args_alloc(a, rows * steps, sizeof *predicted);
    int err;

    seqecho_dataset_next(data);
    err = seqecho_trainer_predict(trainer, seqecho_dataset_x(data), output, count);
    if (err == 0)
        err = seqecho_dataset_decode(data, y->data, rows * steps, expected);
    if (err == 0)
        err = seqecho_dataset_decode(data, output, rows * steps, predicted);
    for (size_t r = 0; r < rows && err == 0; r++) {
        printf("Expected: ");
        args_print_row(expected + r * steps, steps);
        printf(" Predicted ");
        args_print_row(predicted + r * steps, steps);
        printf("\n");
    }
    free(output);
    free(expected);
    free(predicted);
    return err;
}

static int evaluate(seqecho_trainer *trainer, seqecho_dataset *data, const args *a)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    const int err = seqecho_trainer_evaluate_dataset(trainer, data, a->eval, NULL, &report);

    if (err == 0)
        printf("accuracy on %" PRId64 " fresh sequences: %.4f\n", a->eval, report.accuracy);
    return err;
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 7, .epochs = 500 };
    seqecho_dataset *data = NULL;
    seqecho_graph *model = NULL;
    seqecho_trainer *trainer = NULL;
    int err;

    args_parse(&a, argc, argv, "Learn to echo a whole window of random integers.");
    err = seqecho_dataset_create(&data,
                                 SEQECHO_DATASET(.length = a.length, .n_unique = a.n_unique,
                                                 .n_in = a.n_in, .seed = a.seed));
    if (err == 0)
        err = seqecho_graph_create(&model, SEQECHO_GRAPH(.seed = a.seed));
    if (err == 0) {
        build(model, &a);
        err = seqecho_trainer_create(
            &trainer, model,
            SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                            .optimizer = SEQECHO_ADAM, .metrics = SEQECHO_METRIC_ACCURACY,
                            .threads = a.threads));
    }
    if (err == 0)
        err = train(trainer, data, &a);
    if (err == 0)
        err = show(trainer, data, &a);
    if (err == 0)
        err = evaluate(trainer, data, &a);

    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(model);
    seqecho_dataset_destroy(data);
    return err < 0 ? args_report(&a, err) : args_finish(&a);
}
