/* gradcheck.h - are the gradients of a graph the slopes of what it computes?
 * SPDX-License-Identifier: MIT
 *
 * A function of all weights and all float inputs is evaluated a little to both sides along
 * a direction; the central differences of three step sizes are extrapolated to zero
 * (Romberg) and compared with the gradient.  The function is sum(output * dy) with random
 * dy, or a loss.  Everything is in float, so what can be told apart is about 1e-4 of a
 * typical component of the gradient; the tolerance is a few times that, and a wrong or
 * missing term of one percent fails. */
#ifndef SEQECHO_TESTS_GRADCHECK_H
#define SEQECHO_TESTS_GRADCHECK_H

#include <seqecho/seqecho.h>

#define GRADCHECK_ENDS 4

/* A graph under construction, with its ends. */
typedef struct gradcheck_model {
    seqecho_graph *graph;
    seqecho_node *in[GRADCHECK_ENDS], *out[GRADCHECK_ENDS];
    size_t n_in, n_out;
} gradcheck_model;

/* What to check; zero means the usual. */
typedef struct gradcheck_options {
    const char *name;   /* of the case, for messages */
    int64_t samples;    /* in the batch; usually 3 */
    bool kinks;         /* the function has kinks: keep pre-activations away from them */
    bool second;        /* stateful: check the batch after another one */
    seqecho_loss loss;  /* instead of sum(output * dy) */
    bool clipped;       /* clipped_crossentropy */
    bool probabilities; /* targets are probabilities, not any numbers */
    /* Instead of `loss` and `clipped`: all options of the trainer, or NULL. */
    const seqecho_trainer_options *training;
} gradcheck_options;

/* Begin a model, add inputs of one to three sizes (0: none), and outputs. */
gradcheck_model gradcheck_begin(void);
seqecho_node *gradcheck_input(gradcheck_model *m, int64_t batch, int64_t d1, int64_t d2,
                              int64_t d3);
void gradcheck_output(gradcheck_model *m, seqecho_node *node);

/* A layer made and called at once. */
seqecho_node *gradcheck_apply(gradcheck_model *m, const seqecho_spec *spec,
                              seqecho_node *x);

/* Check all gradients of the model, and destroy it. */
void gradcheck_run(gradcheck_model *m, const gradcheck_options *options);

/* Uniform in [-1, 1], the same in every run; the sequence starts anew with each model. */
float gradcheck_random(void);

/* Give every weight a random value; with kinks such that biases dominate. */
void gradcheck_fill_weights(seqecho_graph *graph, bool kinks);

#endif /* SEQECHO_TESTS_GRADCHECK_H */
