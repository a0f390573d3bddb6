/* models.c - the networks of the examples.
 * SPDX-License-Identifier: MIT */
#include "models.h"

static int64_t features(const trial *t)
{
    return t->encoding == SEQECHO_ENCODE_LINEAR ? 1 : t->n_unique;
}

/* The window, (n_in, features); steps that are not there are masked. */
static void add_input(seqecho_graph *g, const trial *t)
{
    seqecho_graph_add(g, SEQECHO_INPUT(.batch = t->stateless ? 0 : t->batch,
                                       .dim = { t->n_in, features(t) }));
    if (t->rows != SEQECHO_ROWS_COMPLETE && !t->unmasked)
        seqecho_graph_add(g, SEQECHO_MASKING(-1.0f));
}

/* model.add(TimeDistributed(Dense(100, activation='softmax'))) */
static void add_answer(seqecho_graph *g, const trial *t)
{
    const bool linear = t->encoding == SEQECHO_ENCODE_LINEAR;

    seqecho_graph_add(
        g, SEQECHO_TIME_DISTRIBUTED(
               SEQECHO_DENSE(.units = features(t),
                             .activation = linear ? SEQECHO_LINEAR : t->output)));
}

/* model.add(Dense(5 * 100))
 * model.add(Reshape((5, 100)))
 * model.add(Activation('softmax')) */
static void add_vector_answer(seqecho_graph *g, const trial *t)
{
    seqecho_graph_add(g, SEQECHO_DENSE(.units = t->n_out * features(t)));
    if (!t->flat)
        seqecho_graph_add(g, SEQECHO_RESHAPE(t->n_out, features(t)));
    seqecho_graph_add(g, SEQECHO_ACTIVATION(t->output));
}

void model_seq2seq(seqecho_graph *g, const trial *t)
{
    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .return_sequences = true,
                                      .stateful = !t->stateless));
    add_answer(g, t);
}

/* The second half of every encoder-decoder: a vector, spoken in n_out steps. */
static void add_decoder(seqecho_graph *g, const trial *t)
{
    seqecho_graph_add(g, SEQECHO_REPEAT_VECTOR(t->n_out));
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .return_sequences = true,
                                      .stateful = !t->stateless));
    add_answer(g, t);
}

void model_encoder_decoder(seqecho_graph *g, const trial *t)
{
    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .stateful = !t->stateless));
    add_decoder(g, t);
}

void model_one_to_one(seqecho_graph *g, const trial *t)
{
    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_RESHAPE(1, t->n_in * features(t)));
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .stateful = !t->stateless));
    add_vector_answer(g, t);
}

void model_many_to_one(seqecho_graph *g, const trial *t)
{
    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .stateful = !t->stateless));
    add_vector_answer(g, t);
}

void model_stacked(seqecho_graph *g, const trial *t)
{
    add_input(g, t);
    for (int layer = 0; layer < 2; layer++)
        seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .return_sequences = true,
                                          .stateful = !t->stateless));
    add_answer(g, t);
}

void model_bidirectional(seqecho_graph *g, const trial *t)
{
    const seqecho_spec *const reader =
        SEQECHO_LSTM(.units = (t->units + 1) / 2, .stateful = !t->stateless);

    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_BIDIRECTIONAL(reader));
    add_decoder(g, t);
}

/* model.add(Reshape((5, 2, 100)))
 * model.add(TimeDistributed(Sequential([Conv1D(75, 2, activation='relu'), Flatten()]))) */
void model_cnn_lstm(seqecho_graph *g, const trial *t)
{
    const seqecho_spec *const convolution =
        SEQECHO_CONV1D(.filters = (t->units + 1) / 2, .kernel_size = 2,
                       .activation = SEQECHO_RELU);

    add_input(g, t);
    seqecho_graph_add(g, SEQECHO_RESHAPE(t->n_in / 2, 2, features(t)));
    seqecho_graph_add(
        g, SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(convolution, SEQECHO_FLATTEN)));
    seqecho_graph_add(g, SEQECHO_LSTM(.units = t->units, .stateful = !t->stateless));
    add_decoder(g, t);
}

/* An encoder that keeps all its steps, and a decoder that starts from its states and says
 * n_out steps; *encoded and the result are (steps, units). */
static seqecho_node *read_and_speak(seqecho_graph *g, const trial *t, seqecho_node *x,
                                    seqecho_node **encoded)
{
    seqecho_layer *const encoder = seqecho_layer_create(
        g, SEQECHO_LSTM(.units = t->units, .return_sequences = true, .return_state = true));
    seqecho_layer *const repeat = seqecho_layer_create(g, SEQECHO_REPEAT_VECTOR(t->n_out));
    seqecho_layer *const decoder =
        seqecho_layer_create(g, SEQECHO_LSTM(.units = t->units, .return_sequences = true));
    seqecho_node *h, *c;

    *encoded = seqecho_layer_call(encoder, x);
    h = seqecho_node_output(*encoded, 1);
    c = seqecho_node_output(*encoded, 2);
    return seqecho_layer_call_n(
        decoder, (seqecho_node *[]){ seqecho_layer_call(repeat, h), h, c }, 3);
}

static seqecho_node *attention_input(seqecho_graph *g, const trial *t)
{
    return seqecho_graph_input(g, SEQECHO_INPUT(.dim = { t->n_in, features(t) }));
}

void model_attention(seqecho_graph *g, const trial *t)
{
    seqecho_node *const x = attention_input(g, t);
    seqecho_node *encoded;
    seqecho_node *const decoded = read_and_speak(g, t, x, &encoded);
    seqecho_layer *const point = seqecho_layer_create(g, SEQECHO_ATTENTION(.name = NULL));

    (void)seqecho_graph_output(
        g, seqecho_layer_call_n(point, (seqecho_node *[]){ decoded, x, encoded }, 3));
}

void model_attention_encoded(seqecho_graph *g, const trial *t)
{
    seqecho_node *encoded;
    seqecho_node *const decoded = read_and_speak(g, t, attention_input(g, t), &encoded);
    seqecho_layer *const look = seqecho_layer_create(g, SEQECHO_ATTENTION(.scaled = true));
    seqecho_layer *const join = seqecho_layer_create(g, SEQECHO_CONCATENATE(.axis = 0));
    seqecho_layer *const answer = seqecho_layer_create(
        g, SEQECHO_TIME_DISTRIBUTED(
               SEQECHO_DENSE(.units = features(t), .activation = SEQECHO_SOFTMAX)));
    seqecho_node *const seen =
        seqecho_layer_call_n(look, (seqecho_node *[]){ decoded, encoded }, 2);
    seqecho_node *const joined =
        seqecho_layer_call_n(join, (seqecho_node *[]){ seen, decoded }, 2);

    (void)seqecho_graph_output(g, seqecho_layer_call(answer, joined));
}
