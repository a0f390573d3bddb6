/* workload.c - the networks, and how much work there is in them.
 * SPDX-License-Identifier: MIT
 *
 * What is counted is the least that gives the result, products only, 2 operations a
 * multiply-add.  With B rows in a batch, T steps, D features, H units, C classes,
 *
 *     r = 2 B H 4H        a recurrent product of one step
 *     k = 2 B D 4H        a product of the input of one step
 *     d = 2 B T H C       the dense layer over all steps
 *
 * a layer's product costs the same forward, for the gradient of its weights and for the
 * gradient of its input, but that
 *  - one-hot rows pick rows of a matrix: no product, in either direction;
 *  - nobody asks for the gradient of what goes into the first layer;
 *  - from a zero state the first step has no recurrent product; nor has any first step
 *    one for the gradient of the state it came from;
 *  - the input of a decoder is the same at each step: one product for all of them. */
#include "workload.h"

#include <string.h>

#include <seqecho/layers.h>

/* B H times 2 times 4H. */
static double recurrent(const work_size *s)
{
    return 8.0 * (double)s->batch * (double)s->units * (double)s->units;
}

static double dense(const work_size *s, int64_t steps, int64_t classes)
{
    return 2.0 * (double)s->batch * (double)steps * (double)s->units * (double)classes;
}

static double lstm_parameters(int64_t units, int64_t features)
{
    return 4.0 * (double)units * (double)(features + units + 1);
}

static double dense_parameters(int64_t units, int64_t classes)
{
    return (double)(units + 1) * (double)classes;
}

/* Four gates and the tanh of the cell, of each unit and row. */
static double activations(const work_size *s, int64_t steps)
{
    return 5.0 * (double)s->batch * (double)s->units * (double)steps;
}

static void add_softmax(seqecho_graph *graph, int64_t classes)
{
    seqecho_graph_add(graph,
                      SEQECHO_TIME_DISTRIBUTED(
                          SEQECHO_DENSE(.units = classes, .activation = SEQECHO_SOFTMAX)));
}

/* ---- seq2seq: the first program of the tutorial ------------------------------------- */

static void build_seq2seq(seqecho_graph *graph, const work_size *s)
{
    seqecho_graph_add(graph,
                      SEQECHO_INPUT(.batch = s->batch, .dim = { s->steps, s->features }));
    seqecho_graph_add(
        graph, SEQECHO_LSTM(.units = s->units, .return_sequences = true, .stateful = true));
    add_softmax(graph, s->features);
}

/* T r forward, T r for the weights, (T - 1) r for the states, and 3 d.  Every batch goes on
 * from the state of the one before, so the first step has its product; in the tutorial one
 * batch of three starts from zero. */
static work_cost cost_seq2seq(const work_size *s)
{
    return (work_cost){
        .flops = (double)(3 * s->steps - 1) * recurrent(s) +
                 3.0 * dense(s, s->steps, s->features),
        .activations = activations(s, s->steps),
        .exponentials = (double)(s->batch * s->steps * s->features),
        .parameters = lstm_parameters(s->units, s->features) +
                      dense_parameters(s->units, s->features),
    };
}

/* ---- encoder_decoder: the second program -------------------------------------------- */

enum { ECHOED = 2 };

static int64_t echoed(const work_size *s)
{
    return s->steps < ECHOED ? s->steps : ECHOED;
}

static void build_encoder_decoder(seqecho_graph *graph, const work_size *s)
{
    seqecho_graph_add(graph,
                      SEQECHO_INPUT(.batch = s->batch, .dim = { s->steps, s->features }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = s->units, .stateful = true));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(echoed(s)));
    seqecho_graph_add(
        graph, SEQECHO_LSTM(.units = s->units, .return_sequences = true, .stateful = true));
    add_softmax(graph, s->features);
}

/* Encoder: 3 (T - 1) r.  Decoder of N steps: 3 (N - 1) r, and 3 r with its input, which is
 * as wide as the encoder.  Dense: 3 d, of N steps. */
static work_cost cost_encoder_decoder(const work_size *s)
{
    const int64_t n = echoed(s);

    return (work_cost){
        .flops = 3.0 * (double)(s->steps - 1 + n - 1 + 1) * recurrent(s) +
                 3.0 * dense(s, n, s->features),
        .activations = activations(s, s->steps + n),
        .exponentials = (double)(s->batch * n * s->features),
        .parameters = lstm_parameters(s->units, s->features) +
                      lstm_parameters(s->units, s->units) +
                      dense_parameters(s->units, s->features),
    };
}

/* ---- train: a training step on float input, from a zero state ----------------------- */

static double input_product(const work_size *s)
{
    return 8.0 * (double)s->batch * (double)s->features * (double)s->units;
}

static void build_lstm(seqecho_graph *graph, const work_size *s)
{
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { s->steps, s->features }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = s->units, .return_sequences = true));
}

static void build_train(seqecho_graph *graph, const work_size *s)
{
    build_lstm(graph, s);
    add_softmax(graph, WORK_CLASSES);
}

/* 2 T k, 3 (T - 1) r and 3 d. */
static work_cost cost_train(const work_size *s)
{
    return (work_cost){
        .flops = 2.0 * (double)s->steps * input_product(s) +
                 3.0 * (double)(s->steps - 1) * recurrent(s) +
                 3.0 * dense(s, s->steps, WORK_CLASSES),
        .activations = activations(s, s->steps),
        .exponentials = (double)(s->batch * s->steps * WORK_CLASSES),
        .parameters = lstm_parameters(s->units, s->features) +
                      dense_parameters(s->units, WORK_CLASSES),
    };
}

/* ---- step and infer: a layer alone, forward ----------------------------------------- */

/* k + r, and all weights pass by. */
static work_cost cost_step(const work_size *s)
{
    return (work_cost){
        .flops = input_product(s) + recurrent(s),
        .activations = activations(s, 1),
        .streamed_bytes = 4.0 * lstm_parameters(s->units, s->features),
    };
}

/* T k + (T - 1) r. */
static work_cost cost_infer(const work_size *s)
{
    return (work_cost){
        .flops =
            (double)s->steps * input_product(s) + (double)(s->steps - 1) * recurrent(s),
        .activations = activations(s, s->steps),
    };
}

/* ---- All of them -------------------------------------------------------------------- */

static const workload workloads[] = {
    {
        .name = "seq2seq",
        .unit = "batch",
        .about = "training: the tutorial's first program, one-hot in, softmax at each step",
        .usual = { .units = 20, .steps = 5, .batch = 7, .features = 100 },
        .brief = { .units = 20, .steps = 5, .batch = 7, .features = 100 },
        .trains = true,
        .from_classes = true,
        .batches = 3,
        .build = build_seq2seq,
        .cost = cost_seq2seq,
    },
    {
        .name = "encoder_decoder",
        .unit = "batch",
        .about = "training: the tutorial's second program, two LSTMs around RepeatVector",
        .usual = { .units = 150, .steps = 5, .batch = 21, .features = 100 },
        .brief = { .units = 150, .steps = 5, .batch = 21, .features = 100 },
        .trains = true,
        .from_classes = true,
        .from_zero = true,
        .batches = 1,
        .echoed = ECHOED,
        .build = build_encoder_decoder,
        .cost = cost_encoder_decoder,
    },
    {
        .name = "train",
        .unit = "batch",
        .about = "training: float in, one LSTM, softmax of 100 at each step",
        .usual = { .units = 256, .steps = 50, .batch = 64, .features = 100 },
        .brief = { .units = 128, .steps = 50, .batch = 64, .features = 100 },
        .trains = true,
        .batches = 1,
        .build = build_train,
        .cost = cost_train,
    },
    {
        .name = "step",
        .unit = "step",
        .about = "inference: one LSTM, one time step a call",
        .usual = { .units = 256, .steps = 1, .batch = 1, .features = 16 },
        .brief = { .units = 64, .steps = 1, .batch = 1, .features = 16 },
        .streams = true,
        .batches = 1,
        .build = build_lstm,
        .cost = cost_step,
    },
    {
        .name = "infer",
        .unit = "batch",
        .about = "inference: one LSTM over whole sequences",
        .usual = { .units = 256, .steps = 50, .batch = 64, .features = 100 },
        .brief = { .units = 128, .steps = 50, .batch = 64, .features = 100 },
        .batches = 1,
        .build = build_lstm,
        .cost = cost_infer,
    },
};
enum { WORKLOADS = sizeof workloads / sizeof *workloads };

const workload *workload_at(size_t i)
{
    return i < WORKLOADS ? &workloads[i] : NULL;
}

const workload *workload_find(const char *name)
{
    for (size_t i = 0; i < WORKLOADS; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}

int64_t workload_echoed(const workload *w, const work_size *size)
{
    return w->echoed > 0 && w->echoed < size->steps ? w->echoed : size->steps;
}
