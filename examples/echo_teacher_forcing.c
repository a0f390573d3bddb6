/* echo_teacher_forcing.c - an encoder and a decoder as in a translator: the decoder starts
 * from the encoder's states.
 * SPDX-License-Identifier: MIT
 *
 * In training the decoder is told the true number before each one it has to say (teacher
 * forcing); afterwards it is run one step at a time on its own words.  The learning rate
 * falls along a cosine: big steps first, small ones at the end.
 *
 * h, c = LSTM(150, return_state=True, name='encoder')(x)[1:]
 * said = LSTM(150, return_sequences=True, name='decoder')(before, initial_state=[h, c])
 * y = Dense(100, activation='softmax', name='answer')(said) */
#include <stdlib.h>

#include <seqecho/seqecho.h>

#include "args.h"
#include "report.h"
#include "speaker.h"
#include "training.h"

/* Both halves in one graph, to be trained: from the window, and from what was said before
 * each number, to the numbers. */
static void build(seqecho_graph *g, const args *a)
{
    seqecho_node *const x =
        seqecho_graph_input(g, SEQECHO_INPUT(.dim = { a->n_in, a->n_unique }));
    seqecho_node *const before =
        seqecho_graph_input(g, SEQECHO_INPUT(.dim = { a->n_out, a->n_unique + 1 }));
    seqecho_node *const read = seqecho_layer_call(
        seqecho_layer_create(
            g, SEQECHO_LSTM(.name = "encoder", .units = a->units, .return_state = true)),
        x);
    seqecho_node *const said = seqecho_layer_call_n(
        seqecho_layer_create(g, SEQECHO_LSTM(.name = "decoder", .units = a->units,
                                             .return_sequences = true)),
        (seqecho_node *[]){ before, seqecho_node_output(read, 1),
                            seqecho_node_output(read, 2) },
        3);
    seqecho_layer *const answer =
        seqecho_layer_create(g, SEQECHO_DENSE(.name = "answer", .units = a->n_unique,
                                              .activation = SEQECHO_SOFTMAX));

    (void)seqecho_graph_output(g, seqecho_layer_call(answer, said));
}

/* Train on a fresh sequence each epoch, all its rows in one batch.  The number before the
 * first one is n_unique, which stands for the beginning. */
static int train(seqecho_trainer *trainer, seqecho_dataset *data, seqecho_graph *model,
                 const args *a)
{
    const seqecho_view *const x = seqecho_dataset_x(data);
    const seqecho_view *const y = seqecho_dataset_y(data);
    const int32_t *const said = y->data;
    const size_t count = (size_t)(y->dim[0] * y->dim[1]);
    int32_t *const before = args_alloc(a, count, sizeof *before);
    seqecho_view given[] = { *x, *y };
    training t;
    int err = training_open(&t, model, trainer, a);

    given[1].data = before;
    seqecho_dataset_seek(data, 1 + (uint64_t)t.done);
    for (int64_t i = t.done; i < a->epochs && err == 0 && !t.stopped; i++) {
        seqecho_report report = SEQECHO_REPORT_INIT;

        seqecho_dataset_next(data);
        for (size_t k = 0; k < count; k++)
            before[k] = (int64_t)k % a->n_out == 0 ? (int32_t)a->n_unique : said[k - 1];
        err = seqecho_trainer_fit(trainer, given, y,
                                  SEQECHO_FIT(.batch_size = x->dim[0],
                                              .callbacks = t.callbacks,
                                              .n_callbacks = training_callbacks(&t, i)),
                                  &report);
        if (err == 0)
            training_epoch(&t, i, &report);
    }
    free(before);
    return training_close(&t, err);
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 5, .units = 150, .epochs = 4000, .own_loop = true };
    seqecho_dataset *data = NULL;
    seqecho_graph *model = NULL;
    seqecho_trainer *trainer = NULL;
    trial_score score;
    int err;

    args_parse(&a, argc, argv,
               "Learn to echo with a decoder that hears what it should have said before.");
    err = seqecho_dataset_create(
        &data, SEQECHO_DATASET(.length = a.length, .n_unique = a.n_unique, .n_in = a.n_in,
                               .n_out = a.n_out, .encoding = SEQECHO_ENCODE_INTEGER,
                               .seed = a.seed));
    if (err == 0)
        err = seqecho_graph_create(&model, SEQECHO_GRAPH(.seed = a.seed));
    if (err == 0) {
        build(model, &a);
        err = seqecho_trainer_create(
            &trainer, model,
            SEQECHO_TRAINER(.loss = SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY,
                            .metrics = SEQECHO_METRIC_ACCURACY, .learning_rate = 0.005f,
                            .schedule = SEQECHO_SCHEDULE(.kind = SEQECHO_COSINE_DECAY,
                                                         .decay_steps =
                                                             a.epochs > 0 ? a.epochs : 1),
                            .threads = a.threads));
    }
    if (err == 0)
        err = train(trainer, data, model, &a);
    if (err == 0)
        err = speaker_echo(&a, model, &score);
    if (err == 0)
        report_line(&a, "teacher forcing", model, trainer, &score);

    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(model);
    seqecho_dataset_destroy(data);
    return args_exit(&a, err);
}
