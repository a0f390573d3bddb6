/* models.h - the networks of the examples.
 * SPDX-License-Identifier: MIT
 *
 * Each describes itself to an empty graph, for the data and sizes of a trial. */
#ifndef EXAMPLES_MODELS_H
#define EXAMPLES_MODELS_H

#include "trial.h"

/* The tutorial's two, with or without state, with or without a mask. */
void model_seq2seq(seqecho_graph *g, const trial *t);
void model_encoder_decoder(seqecho_graph *g, const trial *t);

/* All numbers of the window in one step, answered in one vector; or read one after the
 * other, and answered in one vector. */
void model_one_to_one(seqecho_graph *g, const trial *t);
void model_many_to_one(seqecho_graph *g, const trial *t);

/* Two LSTMs on top of each other. */
void model_stacked(seqecho_graph *g, const trial *t);

/* An encoder that reads the window from both ends. */
void model_bidirectional(seqecho_graph *g, const trial *t);

/* A convolution over pairs of numbers before the encoder. */
void model_cnn_lstm(seqecho_graph *g, const trial *t);

/* A decoder that looks back at every step of the window.  What it has to say it need not
 * remember: it points at the number, and the answer is what it points at (a pointer
 * network, Vinyals et al. 2015). */
void model_attention(seqecho_graph *g, const trial *t);

/* The same, but it sees what the encoder made of each step, and says it in its own
 * words. */
void model_attention_encoded(seqecho_graph *g, const trial *t);

#endif /* EXAMPLES_MODELS_H */
