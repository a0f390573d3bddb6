/* echo_encoder_decoder.c - learn to echo the oldest numbers of a window of random integers:
 * one LSTM reads the window into a vector, another one speaks from that vector.
 * SPDX-License-Identifier: MIT */
#include <seqecho/seqecho.h>

#include "args.h"
#include "echo.h"
#include "training.h"

/* model = Sequential()
 * model.add(LSTM(150, batch_input_shape=(21, 5, 100), stateful=True))
 * model.add(RepeatVector(2))
 * model.add(LSTM(150, return_sequences=True, stateful=True))
 * model.add(TimeDistributed(Dense(100, activation='softmax'))) */
static void build(seqecho_graph *model, const args *a)
{
    const seqecho_spec *const input =
        SEQECHO_INPUT(.batch = a->batch, .dim = { a->n_in, a->n_unique });
    const seqecho_spec *const softmax =
        SEQECHO_DENSE(.units = a->n_unique, .activation = SEQECHO_SOFTMAX);

    seqecho_graph_add(model, input);
    seqecho_graph_add(model, SEQECHO_LSTM(.units = a->units, .stateful = true));
    seqecho_graph_add(model, SEQECHO_REPEAT_VECTOR(a->n_out));
    seqecho_graph_add(
        model, SEQECHO_LSTM(.units = a->units, .return_sequences = true, .stateful = true));
    seqecho_graph_add(model, SEQECHO_TIME_DISTRIBUTED(softmax));
}

/* Every epoch is one pass over a fresh sequence, from a zero state. */
static int train(seqecho_trainer *trainer, seqecho_dataset *data, seqecho_graph *model,
                 const args *a)
{
    training t;
    const seqecho_fit_options *fit;
    int err = training_open(&t, model, trainer, a);

    fit = SEQECHO_FIT(.epochs = a->epochs, .on_event = training_event, .user = &t,
                      .callbacks = t.callbacks, .n_callbacks = t.n_callbacks,
                      .resume = a->resume);
    if (err == 0 && a->epochs > 0)
        err = seqecho_trainer_fit_dataset(trainer, data, fit, NULL);
    return training_close(&t, err);
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 2, .units = 150, .batch = 21, .epochs = 5000 };
    seqecho_dataset *data = NULL;
    seqecho_graph *model = NULL;
    seqecho_trainer *trainer = NULL;
    int err;

    args_parse(&a, argc, argv, "Learn to echo the oldest of a window of random integers.");
    err = seqecho_dataset_create(
        &data, SEQECHO_DATASET(.length = a.length, .n_unique = a.n_unique, .n_in = a.n_in,
                               .n_out = a.n_out, .seed = a.seed));
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
        err = train(trainer, data, model, &a);
    if (err == 0)
        err = echo_held_out(trainer, &a);

    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(model);
    seqecho_dataset_destroy(data);
    return args_exit(&a, err);
}
