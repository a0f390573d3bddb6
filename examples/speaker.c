/* speaker.c - a trained encoder and decoder at work, one number at a time.
 * SPDX-License-Identifier: MIT
 *
 * Two graphs with layers of the trained names, so that the weights can be copied: one reads
 * a window into two states; the other makes one step, from the last number said and the
 * states to the probabilities of the next number and new states. */
#include "speaker.h"

#include <stdlib.h>
#include <string.h>

#include "show.h"

typedef struct speaker {
    const args *a;
    size_t rows;
    seqecho_dataset *data;
    seqecho_graph *reader, *speaker;
    seqecho_predictor *read, *speak;
    float *state;       /* h (rows, units), then c */
    float *said;        /* probabilities (rows, n_unique), then h and c */
    int32_t *last;      /* (rows): the numbers said last */
    int32_t *predicted; /* (rows, n_out) */
} speaker;

static void build_reader(seqecho_graph *g, const args *a)
{
    seqecho_node *const x =
        seqecho_graph_input(g, SEQECHO_INPUT(.dim = { a->n_in, a->n_unique }));
    seqecho_node *const read = seqecho_layer_call(
        seqecho_layer_create(
            g, SEQECHO_LSTM(.name = "encoder", .units = a->units, .return_state = true)),
        x);

    (void)seqecho_graph_output(g, seqecho_node_output(read, 1));
    (void)seqecho_graph_output(g, seqecho_node_output(read, 2));
}

static void build_speaker(seqecho_graph *g, const args *a)
{
    seqecho_node *const last =
        seqecho_graph_input(g, SEQECHO_INPUT(.dim = { 1, a->n_unique + 1 }));
    seqecho_node *const h = seqecho_graph_input(g, SEQECHO_INPUT(.dim = { a->units }));
    seqecho_node *const c = seqecho_graph_input(g, SEQECHO_INPUT(.dim = { a->units }));
    seqecho_node *const said = seqecho_layer_call_n(
        seqecho_layer_create(
            g, SEQECHO_LSTM(.name = "decoder", .units = a->units, .return_state = true)),
        (seqecho_node *[]){ last, h, c }, 3);
    seqecho_layer *const answer =
        seqecho_layer_create(g, SEQECHO_DENSE(.name = "answer", .units = a->n_unique,
                                              .activation = SEQECHO_SOFTMAX));

    (void)seqecho_graph_output(g, seqecho_layer_call(answer, said));
    (void)seqecho_graph_output(g, seqecho_node_output(said, 1));
    (void)seqecho_graph_output(g, seqecho_node_output(said, 2));
}

/* A graph with the weights of the model, and a predictor for it. */
static int ready(seqecho_graph **g, seqecho_predictor **p, seqecho_graph *model,
                 const args *a, void (*build)(seqecho_graph *g, const args *a))
{
    int err = seqecho_graph_create(g, NULL);

    if (err == 0) {
        build(*g, a);
        err = seqecho_graph_weights_copy(*g, model, NULL);
    }
    return err < 0 ? err : seqecho_predictor_create(p, *g, SEQECHO_PREDICTOR(.threads = 1));
}

/* Echo the current sequence. */
static int echo(speaker *s)
{
    const int64_t rows = (int64_t)s->rows, units = s->a->units;
    const size_t state = s->rows * (size_t)units;
    const size_t words = s->rows * (size_t)s->a->n_unique;
    const seqecho_view given[] = {
        { .data = s->last, .dim = { rows, 1 }, .rank = 2, .dtype = SEQECHO_INT32 },
        { .data = s->state, .dim = { rows, units }, .rank = 2 },
        { .data = s->state + state, .dim = { rows, units }, .rank = 2 },
    };
    int err =
        seqecho_predictor_run(s->read, seqecho_dataset_x(s->data), s->state, 2 * state);

    for (size_t r = 0; r < s->rows; r++)
        s->last[r] = (int32_t)s->a->n_unique; /* the beginning */
    for (int64_t step = 0; step < s->a->n_out && err == 0; step++) {
        err = seqecho_predictor_run(s->speak, given, s->said, words + 2 * state);
        if (err == 0)
            err = seqecho_one_hot_decode(s->said, s->rows, s->a->n_unique, s->last);
        memcpy(s->state, s->said + words, 2 * state * sizeof *s->state);
        for (size_t r = 0; r < s->rows; r++)
            s->predicted[(int64_t)r * s->a->n_out + step] = s->last[r];
    }
    return err;
}

/* Echo a sequence for the eye, then --eval of them for the figures. */
static int run(speaker *s, trial_score *score)
{
    const int32_t *const expected = seqecho_dataset_y(s->data)->data;
    const size_t n = (size_t)s->a->n_out;
    const double rows = (double)s->rows * (double)s->a->eval;
    int64_t right = 0, whole = 0;
    int err = echo(s);

    if (err == 0)
        show_echo(expected, s->predicted, s->rows, n);
    for (int64_t i = 0; i < s->a->eval && err == 0; i++) {
        seqecho_dataset_next(s->data);
        err = echo(s);
        for (size_t k = 0; k < s->rows * n; k++)
            right += expected[k] == s->predicted[k];
        for (size_t r = 0; r < s->rows; r++)
            whole +=
                memcmp(expected + r * n, s->predicted + r * n, n * sizeof *expected) == 0;
    }
    score->elements = (double)right / rows / (double)n;
    score->rows = (double)whole / rows;
    return err;
}

int speaker_echo(const args *a, seqecho_graph *model, trial_score *score)
{
    speaker s = { .a = a };
    int err = seqecho_dataset_create(
        &s.data,
        SEQECHO_DATASET(.length = a->length, .n_unique = a->n_unique, .n_in = a->n_in,
                        .n_out = a->n_out, .encoding = SEQECHO_ENCODE_INTEGER,
                        .held_out = true, .seed = a->seed));

    if (err == 0)
        err = ready(&s.reader, &s.read, model, a, build_reader);
    if (err == 0)
        err = ready(&s.speaker, &s.speak, model, a, build_speaker);
    if (err == 0) {
        const size_t rows = (size_t)seqecho_dataset_y(s.data)->dim[0];
        const size_t state = 2 * rows * (size_t)a->units;

        s.rows = rows;
        s.state = args_alloc(a, state, sizeof *s.state);
        s.said = args_alloc(a, rows * (size_t)a->n_unique + state, sizeof *s.said);
        s.last = args_alloc(a, rows, sizeof *s.last);
        s.predicted = args_alloc(a, rows * (size_t)a->n_out, sizeof *s.predicted);
        err = run(&s, score);
    }
    free(s.predicted);
    free(s.last);
    free(s.said);
    free(s.state);
    seqecho_predictor_destroy(s.speak);
    seqecho_predictor_destroy(s.read);
    seqecho_graph_destroy(s.speaker);
    seqecho_graph_destroy(s.reader);
    seqecho_dataset_destroy(s.data);
    return err;
}
