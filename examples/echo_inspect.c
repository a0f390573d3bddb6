/* echo_inspect.c - look into an LSTM while it echoes: what its gates do at each time step,
 * and what is in its memory.
 * SPDX-License-Identifier: MIT
 *
 * The network is that of echo_seq2seq.c, trained here or loaded from a file that it has
 * saved.  Then a window that it has never seen goes through a predictor that keeps what its
 * layers go through. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/seqecho.h>

#include "args.h"
#include "heat.h"
#include "plot.h"
#include "show.h"
#include "training.h"

static void build(seqecho_graph *model, const args *a)
{
    const seqecho_spec *const softmax =
        SEQECHO_DENSE(.units = a->n_unique, .activation = SEQECHO_SOFTMAX);

    seqecho_graph_add(model,
                      SEQECHO_INPUT(.batch = a->batch, .dim = { a->n_in, a->n_unique }));
    seqecho_graph_add(model, SEQECHO_LSTM(.units = a->units, .return_sequences = true,
                                          .stateful = true, .name = "lstm"));
    seqecho_graph_add(model, SEQECHO_TIME_DISTRIBUTED(softmax));
}

static int train(seqecho_graph *model, seqecho_dataset *data, const args *a)
{
    seqecho_trainer *trainer = NULL;
    training t = { .args = a };
    int err = seqecho_trainer_create(
        &trainer, model,
        SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                        .metrics = SEQECHO_METRIC_ACCURACY, .threads = a->threads));

    if (err == 0) {
        err = training_open(&t, model, trainer, a);
        if (err == 0 && a->epochs > 0)
            err = seqecho_trainer_fit_dataset(
                trainer, data,
                SEQECHO_FIT(.epochs = a->epochs, .on_event = training_event, .user = &t,
                            .callbacks = t.callbacks, .n_callbacks = t.n_callbacks,
                            .resume = a->resume),
                NULL);
        err = training_close(&t, err);
    }
    seqecho_trainer_destroy(trainer);
    return err;
}

/* ---- Looking ------------------------------------------------------------------------ */

static const struct {
    seqecho_trace what;
    const char *title;
    bool is_signed;
} traces[HEAT_MAPS] = {
    { SEQECHO_TRACE_INPUT_GATE, "input gate: what is let in", false },
    { SEQECHO_TRACE_FORGET_GATE, "forget gate: what is kept", false },
    { SEQECHO_TRACE_OUTPUT_GATE, "output gate: what is shown", false },
    { SEQECHO_TRACE_CANDIDATE, "candidate: what is offered", true },
    { SEQECHO_TRACE_CELL_STATE, "cell state: what is remembered", true },
    { SEQECHO_TRACE_HIDDEN_STATE, "hidden state: what is told", true },
};

/* The first window of the last run. */
static int look(const seqecho_predictor *predictor, heat *h, const args *a)
{
    for (size_t i = 0; i < HEAT_MAPS; i++) {
        const size_t window = h->steps * h->units, all = window * (size_t)a->batch;
        float *const values = args_alloc(a, all, sizeof *values);
        const int err =
            seqecho_predictor_trace(predictor, "lstm", traces[i].what, values, all);

        h->map[i] = (heat_map){ traces[i].title, traces[i].is_signed, values };
        if (err < 0)
            return err;
    }
    return 0;
}

/* What was read and what was echoed at each step of the first window. */
static int decode(seqecho_dataset *data, const float *output, const heat *h, int32_t *read,
                  int32_t *said)
{
    const int err =
        seqecho_dataset_decode(data, seqecho_dataset_x(data)->data, h->steps, read);

    return err < 0 ? err : seqecho_dataset_decode(data, output, h->steps, said);
}

static void report(const heat *h, const args *a)
{
    printf("read   ");
    show_row(h->read, h->steps);
    printf("\nechoed ");
    show_row(h->said, h->steps);
    printf(
        "\n\nA row a time step, a column a unit; tenths of 1, or of the largest value.\n");
    heat_print(h);
    if (a->plot != NULL)
        plot_make(a, heat_write, h);
}

static int inspect(seqecho_graph *model, seqecho_dataset *data, const args *a)
{
    const size_t count = (size_t)(a->batch * a->n_in * a->n_unique);
    float *const output = args_alloc(a, count, sizeof *output);
    int32_t *const read = args_alloc(a, (size_t)a->n_in, sizeof *read);
    int32_t *const said = args_alloc(a, (size_t)a->n_in, sizeof *said);
    heat h = {
        .steps = (size_t)a->n_in, .units = (size_t)a->units, .read = read, .said = said
    };
    seqecho_view x = *seqecho_dataset_x(data);
    seqecho_predictor *predictor = NULL;
    int err = seqecho_predictor_create(&predictor, model,
                                       SEQECHO_PREDICTOR(.batch = a->batch, .trace = true));

    x.dim[0] = a->batch;
    if (err == 0)
        err = seqecho_predictor_run(predictor, &x, output, count);
    if (err == 0)
        err = decode(data, output, &h, read, said);
    if (err == 0)
        err = look(predictor, &h, a);
    if (err == 0)
        report(&h, a);
    for (size_t i = 0; i < HEAT_MAPS; i++)
        free(h.map[i].values);
    free(output);
    free(read);
    free(said);
    seqecho_predictor_destroy(predictor);
    return err;
}

static int held_out(seqecho_graph *model, const args *a)
{
    seqecho_dataset *data = NULL;
    int err = seqecho_dataset_create(
        &data, SEQECHO_DATASET(.length = a->length, .n_unique = a->n_unique,
                               .n_in = a->n_in, .held_out = true, .seed = a->seed));

    if (err == 0)
        err = inspect(model, data, a);
    seqecho_dataset_destroy(data);
    return err;
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 20, .batch = 7, .epochs = 500 };
    args without_picture;
    seqecho_dataset *data = NULL;
    seqecho_graph *model = NULL;
    int err;

    a.eval = 0; /* one window is looked at */
    args_parse(&a, argc, argv, "Look into an LSTM while it echoes a window.");
    without_picture = a;
    without_picture.plot = NULL; /* that is not of the training */
    err = seqecho_dataset_create(&data,
                                 SEQECHO_DATASET(.length = a.length, .n_unique = a.n_unique,
                                                 .n_in = a.n_in, .seed = a.seed));
    if (err == 0)
        err = seqecho_graph_create(&model, SEQECHO_GRAPH(.seed = a.seed));
    if (err == 0) {
        build(model, &a);
        err = train(model, data, &without_picture);
    }
    if (err == 0)
        err = held_out(model, &a);
    seqecho_graph_destroy(model);
    seqecho_dataset_destroy(data);
    return args_exit(&a, err);
}
