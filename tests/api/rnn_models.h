/* rnn_models.h - graphs of one GRU or SimpleRNN.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_RNN_MODELS_H
#define SEQECHO_TESTS_RNN_MODELS_H

#include "close.h"
#include "models.h"

enum { STEPS = 6 };

/* The kinds: SimpleRNN, GRU, and GRU with the reset before the product. */
enum { KINDS = 3 };

/* What of a description the tests vary. */
typedef struct options {
    int64_t units;
    bool sequences, state, stateful, backwards, no_bias;
    float dropout, recurrent_dropout;
    uint8_t implementation;
    seqecho_activation activation;
} options;

static inline seqecho_layer *add(seqecho_graph *graph, int kind, options o)
{
    if (kind == 0)
        return seqecho_layer_create(
            graph,
            SEQECHO_SIMPLE_RNN(.units = o.units, .activation = o.activation,
                               .return_sequences = o.sequences, .return_state = o.state,
                               .stateful = o.stateful, .go_backwards = o.backwards,
                               .no_bias = o.no_bias, .dropout = o.dropout,
                               .recurrent_dropout = o.recurrent_dropout));
    return seqecho_layer_create(
        graph, SEQECHO_GRU(.units = o.units, .activation = o.activation,
                           .return_sequences = o.sequences, .return_state = o.state,
                           .stateful = o.stateful, .go_backwards = o.backwards,
                           .no_bias = o.no_bias, .no_reset_after = kind == 2,
                           .implementation = o.implementation, .dropout = o.dropout,
                           .recurrent_dropout = o.recurrent_dropout));
}

static inline seqecho_graph *new_graph(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 3)), 0);
    return graph;
}

/* A graph of one layer; the same kind and options give the same weights. */
static inline seqecho_graph *alone(int kind, options o, int64_t batch, int64_t steps,
                                   int64_t features, bool lengths)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.batch = batch, .dim = { steps, features },
                                                 .lengths = lengths));

    assert_int_equal(
        seqecho_graph_output(graph, seqecho_layer_call(add(graph, kind, o), x)), 0);
    return graph;
}

static inline seqecho_predictor *predictor(seqecho_graph *graph)
{
    seqecho_predictor *p;

    if (seqecho_predictor_create(&p, graph, NULL) < 0)
        fail_msg("%s", seqecho_error_message());
    return p;
}

static inline seqecho_view floats(const float *x, int64_t a, int64_t b, int64_t c)
{
    return (seqecho_view){ x, { a, b, c }, c > 0 ? 3 : 2, SEQECHO_FLOAT32 };
}

/* Run samples through a graph that is used for nothing else. */
static inline void run(seqecho_graph *graph, const seqecho_view *x, float *y, size_t n)
{
    seqecho_predictor *const p = predictor(graph);

    if (seqecho_predictor_run(p, x, y, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

#endif /* SEQECHO_TESTS_RNN_MODELS_H */
