/* random_graph.h - graphs of random layers, and samples for them.
 * SPDX-License-Identifier: MIT
 *
 * A number decides everything: made twice from the same one, two graphs are equal. */
#ifndef SEQECHO_TESTS_RANDOM_GRAPH_H
#define SEQECHO_TESTS_RANDOM_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seqecho/seqecho.h>

#define RANDOM_ENDS 12 /* inputs, or outputs */
#define RANDOM_SPECS 96
#define RANDOM_NODES 48
#define RANDOM_SAMPLES 21 /* a multiple of every fixed batch */

typedef union random_spec {
    seqecho_spec head;
    seqecho_dense_spec dense;
    seqecho_activation_spec activation;
    seqecho_lstm_spec lstm;
    seqecho_gru_spec gru;
    seqecho_simple_rnn_spec simple_rnn;
    seqecho_bidirectional_spec bidirectional;
    seqecho_repeat_vector_spec repeat_vector;
    seqecho_time_distributed_spec time_distributed;
    seqecho_sequential_spec sequential;
    seqecho_masking_spec masking;
    seqecho_dropout_spec dropout;
    seqecho_embedding_spec embedding;
    seqecho_conv1d_spec conv1d;
    seqecho_pooling1d_spec pooling1d;
    seqecho_global_pooling1d_spec global_pooling1d;
    seqecho_flatten_spec flatten;
    seqecho_reshape_spec reshape;
    seqecho_permute_spec permute;
    seqecho_concatenate_spec concatenate;
    seqecho_merge_spec merge;
    seqecho_layer_normalization_spec layer_normalization;
    seqecho_attention_spec attention;
} random_spec;

typedef struct random_node {
    seqecho_node *node;
    seqecho_view shape;
    bool used;    /* by another layer */
    bool softmax; /* it is one's output */
} random_node;

typedef struct random_input {
    seqecho_view shape; /* of all samples, as floats */
    bool lengths;
    int32_t *classes; /* of all samples; NULL if they are not one-hot */
    float *rows;      /* the same as one-hot rows, or any numbers */
    int32_t length[RANDOM_SAMPLES];
} random_input;

typedef enum random_style {
    RANDOM_ANY,
    RANDOM_LARGE, /* wide enough for threads */
    RANDOM_STEPS  /* one after the other, such as may go step by step */
} random_style;

typedef struct random_graph {
    uint64_t state; /* of the random numbers */
    random_style style;
    seqecho_graph *graph;
    int64_t batch; /* fixed, or 0 */
    bool drops;    /* there may be dropout */
    bool stateful;
    size_t n_inputs, n_outputs, n_nodes, n_specs;
    random_input input[RANDOM_ENDS];
    random_node node[RANDOM_NODES];
    seqecho_view output[RANDOM_ENDS]; /* shapes; dim[0] is -1 or the fixed batch */
    seqecho_loss loss[RANDOM_ENDS];
    random_spec spec[RANDOM_SPECS];
    const seqecho_spec *list[RANDOM_SPECS]; /* of Sequential: beside the first inside */
} random_graph;

/* Numbers below n, and whether one chance in n came true. */
uint32_t random_below(random_graph *g, uint32_t n);
bool random_chance(random_graph *g, uint32_t n);

/* A graph, and samples for its inputs. */
random_graph *random_graph_make(uint64_t seed, random_style style);
void random_graph_free(random_graph *g);

/* Views of `count` samples from `first` on, of class numbers where there are any or of the
 * same as rows: the number of views. */
size_t random_graph_views(const random_graph *g, int64_t first, int64_t count, bool classes,
                          seqecho_view views[2 * RANDOM_ENDS]);

/* Floats in all outputs of one sample. */
size_t random_graph_out(const random_graph *g);

#endif /* SEQECHO_TESTS_RANDOM_GRAPH_H */
