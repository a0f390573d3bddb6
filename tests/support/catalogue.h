/* catalogue.h - every layer of one input, with every option it has, for tests of what holds
 * for all of them.
 * SPDX-License-Identifier: MIT
 *
 * A description lives as long as the call it is given to.  Samples have CATALOGUE_STEPS
 * time steps of CATALOGUE_FEATURES features. */
#ifndef SEQECHO_TESTS_CATALOGUE_H
#define SEQECHO_TESTS_CATALOGUE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <seqecho/seqecho.h>

enum { CATALOGUE_STEPS = 4, CATALOGUE_FEATURES = 3 };

enum {
    CATALOGUE_STEP = 1,       /* runs one time step at a time */
    CATALOGUE_HANDS = 2,      /* hands the mask of its input on */
    CATALOGUE_KINKS = 4,      /* is not smooth everywhere */
    CATALOGUE_DROPS = 8,      /* draws while it learns */
    CATALOGUE_RECURRENT = 16, /* may be stateful: LSTM, GRU, SimpleRNN, Bidirectional */
    CATALOGUE_GROWS = 32,     /* with kinks: no weights keep it away from them */
    CATALOGUE_MASKS = 64      /* makes a mask: in a Sequential it can only be the first */
};

typedef struct catalogue_entry {
    const char *name; /* for messages */
    const seqecho_spec *spec;
    unsigned traits;
} catalogue_entry;

typedef void (*catalogue_fn)(const catalogue_entry *entry);

static inline bool catalogue_has_kinks(seqecho_activation f)
{
    return f != SEQECHO_LINEAR && f != SEQECHO_TANH && f != SEQECHO_SIGMOID &&
           f != SEQECHO_SOFTMAX && f != SEQECHO_SOFTPLUS && f != SEQECHO_SWISH;
}

/* The entry a test is at, which is named if the test fails there. */
static char catalogue_now[64];

static inline int catalogue_name_failure(void **state)
{
    (void)state;
    if (catalogue_now[0] != '\0')
        print_message("It was at \"%s\".\n", catalogue_now);
    catalogue_now[0] = '\0';
    return 0;
}

/* A test that goes through the catalogue. */
#define catalogue_test(F) cmocka_unit_test_teardown(F, catalogue_name_failure)

static inline void catalogue_visit(catalogue_fn fn, const catalogue_entry *entry)
{
    (void)snprintf(catalogue_now, sizeof catalogue_now, "%s", entry->name);
    fn(entry);
    catalogue_now[0] = '\0';
}

#define CATALOGUE(FN, NAME, TRAITS, ...) \
    catalogue_visit(FN, &(const catalogue_entry){ NAME, __VA_ARGS__, TRAITS })

/* ---- Layers without a state --------------------------------------------------------- */

static inline void catalogue_activations(catalogue_fn fn)
{
    const unsigned both = CATALOGUE_STEP | CATALOGUE_HANDS;
    char name[64];

    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        const unsigned kinks = catalogue_has_kinks(f) ? CATALOGUE_KINKS : 0;

        (void)snprintf(name, sizeof name, "dense, activation %d", (int)f);
        CATALOGUE(fn, name, both | kinks, SEQECHO_DENSE(.units = 5, .activation = f));
        (void)snprintf(name, sizeof name, "activation %d", (int)f);
        CATALOGUE(fn, name, both | kinks, SEQECHO_ACTIVATION(f));
        (void)snprintf(name, sizeof name, "conv1d, activation %d", (int)f);
        CATALOGUE(fn, name, kinks,
                  SEQECHO_CONV1D(.filters = 4, .kernel_size = 2, .activation = f));
    }
}

static inline void catalogue_rows(catalogue_fn fn)
{
    const unsigned both = CATALOGUE_STEP | CATALOGUE_HANDS;
    const unsigned drops = both | CATALOGUE_DROPS;
    const seqecho_dropout_spec shared = {
        .head = { sizeof shared, SEQECHO_KIND_DROPOUT, 0 },
        .rate = 0.4F,
        .noise_shared_over_time = true,
    };

    CATALOGUE(fn, "dense, no bias", both, SEQECHO_DENSE(.units = 2, .no_bias = true));
    CATALOGUE(fn, "masking", both | CATALOGUE_MASKS, SEQECHO_MASKING(9.0F));
    CATALOGUE(fn, "dropout", drops, SEQECHO_DROPOUT(0.4F));
    CATALOGUE(fn, "dropout, shared over time", drops, &shared.head);
    CATALOGUE(fn, "embedding", both, SEQECHO_EMBEDDING(.output_dim = 4));
    CATALOGUE(fn, "embedding, mask_zero", both | CATALOGUE_MASKS,
              SEQECHO_EMBEDDING(.input_dim = CATALOGUE_FEATURES, .output_dim = 2,
                                .mask_zero = true));
    CATALOGUE(fn, "layer_normalization", both, SEQECHO_LAYER_NORMALIZATION(.epsilon = 0));
    CATALOGUE(fn, "layer_normalization, epsilon", both,
              SEQECHO_LAYER_NORMALIZATION(.epsilon = 0.5F));
    CATALOGUE(fn, "layer_normalization, no scale", both,
              SEQECHO_LAYER_NORMALIZATION(.no_scale = true));
    CATALOGUE(fn, "layer_normalization, no center", both,
              SEQECHO_LAYER_NORMALIZATION(.no_center = true));
}

#define CATALOGUE_POOL(KIND, ...) \
    (&(const seqecho_pooling1d_spec){ \
        .head = { sizeof(seqecho_pooling1d_spec), SEQECHO_KIND_##KIND##_POOLING1D, 0 }, \
        __VA_ARGS__ } \
          .head)

static inline void catalogue_windows(catalogue_fn fn)
{
    CATALOGUE(fn, "conv1d, valid", 0, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3));
    CATALOGUE(fn, "conv1d, same, stride", 0,
              SEQECHO_CONV1D(.filters = 4, .kernel_size = 3, .stride = 2,
                             .padding = SEQECHO_PADDING_SAME));
    CATALOGUE(fn, "conv1d, causal, dilation", 0,
              SEQECHO_CONV1D(.filters = 4, .kernel_size = 2, .dilation = 2,
                             .padding = SEQECHO_PADDING_CAUSAL));
    CATALOGUE(fn, "conv1d, no bias", 0,
              SEQECHO_CONV1D(.filters = 4, .kernel_size = 3, .no_bias = true));
    CATALOGUE(fn, "max_pooling1d", CATALOGUE_KINKS, SEQECHO_MAX_POOLING1D(0));
    CATALOGUE(fn, "max_pooling1d, stride", CATALOGUE_KINKS,
              CATALOGUE_POOL(MAX, .pool_size = 2, .stride = 1));
    CATALOGUE(fn, "max_pooling1d, same", CATALOGUE_KINKS,
              CATALOGUE_POOL(MAX, .pool_size = 3, .padding = SEQECHO_PADDING_SAME));
    CATALOGUE(fn, "average_pooling1d", 0, SEQECHO_AVERAGE_POOLING1D(0));
    CATALOGUE(fn, "average_pooling1d, stride", 0,
              CATALOGUE_POOL(AVERAGE, .pool_size = 2, .stride = 1));
    CATALOGUE(fn, "average_pooling1d, same", 0,
              CATALOGUE_POOL(AVERAGE, .pool_size = 3, .padding = SEQECHO_PADDING_SAME));
    CATALOGUE(fn, "global_max_pooling1d", CATALOGUE_KINKS, SEQECHO_GLOBAL_MAX_POOLING1D);
    CATALOGUE(fn, "global_average_pooling1d", 0, SEQECHO_GLOBAL_AVERAGE_POOLING1D);
    CATALOGUE(fn, "flatten", 0, SEQECHO_FLATTEN);
    CATALOGUE(fn, "reshape", 0, SEQECHO_RESHAPE(6, -1));
    CATALOGUE(fn, "permute", 0, SEQECHO_PERMUTE(2, 1));
}

/* ---- Recurrent layers --------------------------------------------------------------- */

/* The same options for all kinds. */
#define CATALOGUE_GATED(FN, NAME, TRAITS, ...) \
    do { \
        CATALOGUE(FN, "lstm, " NAME, CATALOGUE_RECURRENT | (TRAITS), \
                  SEQECHO_LSTM(.units = 3, __VA_ARGS__)); \
        CATALOGUE(FN, "gru, " NAME, CATALOGUE_RECURRENT | (TRAITS), \
                  SEQECHO_GRU(.units = 3, __VA_ARGS__)); \
        CATALOGUE(FN, "gru, reset before, " NAME, CATALOGUE_RECURRENT | (TRAITS), \
                  SEQECHO_GRU(.units = 3, .no_reset_after = true, __VA_ARGS__)); \
    } while (0)

#define CATALOGUE_RNN(FN, NAME, TRAITS, ...) \
    do { \
        CATALOGUE_GATED(FN, NAME, TRAITS, __VA_ARGS__); \
        CATALOGUE(FN, "simple_rnn, " NAME, CATALOGUE_RECURRENT | (TRAITS), \
                  SEQECHO_SIMPLE_RNN(.units = 3, __VA_ARGS__)); \
    } while (0)

static inline void catalogue_cells(catalogue_fn fn)
{
    char names[4][64];

    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        const unsigned smooth = CATALOGUE_RECURRENT | CATALOGUE_STEP | CATALOGUE_HANDS;
        const unsigned traits = smooth | (catalogue_has_kinks(f) ? CATALOGUE_KINKS : 0);
        /* Gates without a limit let h grow past where kinks are. */
        const unsigned grows = traits | (catalogue_has_kinks(f) ? CATALOGUE_GROWS : 0);
        static const char *const kinds[] = { "lstm", "gru", "gru, reset before",
                                             "simple_rnn" };

        for (int i = 0; i < 4; i++)
            (void)snprintf(names[i], sizeof *names, "%s, activation %d", kinds[i], (int)f);
        CATALOGUE(fn, names[0], traits,
                  SEQECHO_LSTM(.units = 3, .return_sequences = true, .activation = f));
        CATALOGUE(fn, names[1], traits,
                  SEQECHO_GRU(.units = 3, .return_sequences = true, .activation = f));
        CATALOGUE(fn, names[2], traits,
                  SEQECHO_GRU(.units = 3, .return_sequences = true, .activation = f,
                              .no_reset_after = true));
        CATALOGUE(
            fn, names[3], traits,
            SEQECHO_SIMPLE_RNN(.units = 3, .return_sequences = true, .activation = f));
        for (int i = 0; i < 3; i++)
            (void)snprintf(names[i], sizeof *names, "%s, recurrent activation %d", kinds[i],
                           (int)f);
        CATALOGUE(
            fn, names[0], traits,
            SEQECHO_LSTM(.units = 3, .return_sequences = true, .recurrent_activation = f));
        CATALOGUE(
            fn, names[1], grows,
            SEQECHO_GRU(.units = 3, .return_sequences = true, .recurrent_activation = f));
        CATALOGUE(fn, names[2], grows,
                  SEQECHO_GRU(.units = 3, .return_sequences = true,
                              .recurrent_activation = f, .no_reset_after = true));
    }
}

static inline void catalogue_recurrent(catalogue_fn fn)
{
    const unsigned step = CATALOGUE_STEP, both = step | CATALOGUE_HANDS;

    CATALOGUE_RNN(fn, "last", step, .return_sequences = false);
    CATALOGUE_RNN(fn, "no bias", both, .return_sequences = true, .no_bias = true);
    CATALOGUE_RNN(fn, "backwards", 0, .go_backwards = true);
    CATALOGUE_RNN(fn, "backwards, sequences", CATALOGUE_HANDS, .go_backwards = true,
                  .return_sequences = true);
    CATALOGUE_RNN(fn, "masked output, state", both, .return_sequences = true,
                  .masked_output = SEQECHO_MASKED_STATE);
    CATALOGUE_RNN(fn, "masked output, zero", both, .return_sequences = true,
                  .masked_output = SEQECHO_MASKED_ZERO);
    CATALOGUE_RNN(fn, "masked output, state, last", step,
                  .masked_output = SEQECHO_MASKED_STATE);
    CATALOGUE_RNN(fn, "masked output, zero, last", step,
                  .masked_output = SEQECHO_MASKED_ZERO);
    CATALOGUE_RNN(fn, "dropout", both | CATALOGUE_DROPS, .return_sequences = true,
                  .dropout = 0.4F);
    CATALOGUE_RNN(fn, "recurrent dropout", both | CATALOGUE_DROPS, .return_sequences = true,
                  .recurrent_dropout = 0.4F);
    CATALOGUE_RNN(fn, "both dropouts, last", step | CATALOGUE_DROPS, .dropout = 0.3F,
                  .recurrent_dropout = 0.4F);
    CATALOGUE_GATED(fn, "dropout, implementation 1", both | CATALOGUE_DROPS,
                    .return_sequences = true, .dropout = 0.4F, .implementation = 1);
    CATALOGUE_GATED(fn, "dropout, implementation 2", both | CATALOGUE_DROPS,
                    .return_sequences = true, .dropout = 0.4F, .implementation = 2);
    CATALOGUE(fn, "lstm, no unit forget bias", CATALOGUE_RECURRENT | step,
              SEQECHO_LSTM(.units = 3, .no_unit_forget_bias = true));
}

/* ---- Wrappers ----------------------------------------------------------------------- */

static inline void catalogue_bidirectional(catalogue_fn fn)
{
    const unsigned last = CATALOGUE_RECURRENT, all = CATALOGUE_RECURRENT | CATALOGUE_HANDS;
    const seqecho_spec *const inner[] = {
        SEQECHO_LSTM(.units = 3, .return_sequences = true),
        SEQECHO_GRU(.units = 3, .return_sequences = true),
        SEQECHO_GRU(.units = 3, .return_sequences = true, .no_reset_after = true),
        SEQECHO_SIMPLE_RNN(.units = 3, .return_sequences = true),
        SEQECHO_LSTM(.units = 3),
        SEQECHO_GRU(.units = 3),
        SEQECHO_SIMPLE_RNN(.units = 3),
    };
    char name[64];

    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        for (int mode = 0; mode < 4; mode++) {
            (void)snprintf(name, sizeof name, "bidirectional %d, merge mode %d", (int)i,
                           mode);
            CATALOGUE(fn, name, i < 4 ? all : last,
                      SEQECHO_BIDIRECTIONAL(inner[i], .merge_mode = (seqecho_merge)mode));
        }
    CATALOGUE(fn, "bidirectional, turned round", all,
              SEQECHO_BIDIRECTIONAL(SEQECHO_LSTM(.units = 3, .return_sequences = true,
                                                 .go_backwards = true)));
    CATALOGUE(fn, "bidirectional, another backward layer", all,
              SEQECHO_BIDIRECTIONAL(inner[0],
                                    .backward = SEQECHO_LSTM(.units = 2, .no_bias = true,
                                                             .return_sequences = true,
                                                             .go_backwards = true)));
    CATALOGUE(fn, "bidirectional, dropout", all | CATALOGUE_DROPS,
              SEQECHO_BIDIRECTIONAL(
                  SEQECHO_LSTM(.units = 3, .return_sequences = true, .dropout = 0.4F)));
    CATALOGUE(fn, "bidirectional, recurrent dropout", last | CATALOGUE_DROPS,
              SEQECHO_BIDIRECTIONAL(SEQECHO_GRU(.units = 3, .recurrent_dropout = 0.4F)));
}

static inline void catalogue_wrappers(catalogue_fn fn)
{
    const unsigned both = CATALOGUE_STEP | CATALOGUE_HANDS;
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 2, .activation = SEQECHO_TANH);
    const seqecho_spec *const lstm = SEQECHO_LSTM(.units = 3, .return_sequences = true);

    CATALOGUE(fn, "time_distributed, dense", both, SEQECHO_TIME_DISTRIBUTED(dense));
    CATALOGUE(fn, "time_distributed, softmax", both,
              SEQECHO_TIME_DISTRIBUTED(SEQECHO_ACTIVATION(SEQECHO_SOFTMAX)));
    CATALOGUE(fn, "time_distributed, normalization", both,
              SEQECHO_TIME_DISTRIBUTED(SEQECHO_LAYER_NORMALIZATION(.epsilon = 0.1F)));
    CATALOGUE(fn, "time_distributed, dropout", both | CATALOGUE_DROPS,
              SEQECHO_TIME_DISTRIBUTED(SEQECHO_DROPOUT(0.4F)));
    CATALOGUE(fn, "time_distributed, sequential", both,
              SEQECHO_TIME_DISTRIBUTED(SEQECHO_SEQUENTIAL(
                  SEQECHO_DENSE(.units = 4), SEQECHO_ACTIVATION(SEQECHO_SWISH), dense)));
    CATALOGUE(fn, "sequential of one", both, SEQECHO_SEQUENTIAL(dense));
    CATALOGUE(fn, "sequential, recurrent", both, SEQECHO_SEQUENTIAL(dense, lstm, dense));
    CATALOGUE(fn, "sequential, masking", both | CATALOGUE_MASKS,
              SEQECHO_SEQUENTIAL(SEQECHO_MASKING(9.0F), lstm, dense));
    CATALOGUE(fn, "sequential, dropout", both | CATALOGUE_DROPS,
              SEQECHO_SEQUENTIAL(dense, SEQECHO_DROPOUT(0.4F), dense));
    CATALOGUE(fn, "sequential, both ways", CATALOGUE_HANDS,
              SEQECHO_SEQUENTIAL(SEQECHO_BIDIRECTIONAL(lstm), dense));
    CATALOGUE(fn, "sequential, convolution", 0,
              SEQECHO_SEQUENTIAL(SEQECHO_CONV1D(.filters = 3, .kernel_size = 2),
                                 SEQECHO_AVERAGE_POOLING1D(0), dense));
    CATALOGUE(fn, "sequential, encoder and decoder", 0,
              SEQECHO_SEQUENTIAL(SEQECHO_LSTM(.units = 3), SEQECHO_REPEAT_VECTOR(2), lstm,
                                 SEQECHO_TIME_DISTRIBUTED(dense)));
}

/* ---- Other flags -------------------------------------------------------------------- */

typedef union catalogue_cell {
    seqecho_lstm_spec lstm;
    seqecho_gru_spec gru;
    seqecho_simple_rnn_spec rnn;
} catalogue_cell;

/* Room for a description that is not the catalogue's. */
typedef struct catalogue_copy {
    catalogue_cell cell, backward;
    seqecho_bidirectional_spec both;
} catalogue_copy;

static inline const seqecho_spec *catalogue_cell_with(catalogue_cell *c,
                                                      const seqecho_spec *spec,
                                                      bool stateful, bool states)
{
    assert_true(spec->struct_size <= sizeof *c);
    memcpy(c, spec, spec->struct_size);
    if (spec->kind == SEQECHO_KIND_LSTM) {
        c->lstm.stateful = stateful;
        c->lstm.return_state = states;
    } else if (spec->kind == SEQECHO_KIND_GRU) {
        c->gru.stateful = stateful;
        c->gru.return_state = states;
    } else {
        c->rnn.stateful = stateful;
        c->rnn.return_state = states;
    }
    return &c->lstm.head;
}

/* A recurrent layer of the catalogue that is stateful, or returns its states. */
static inline const seqecho_spec *catalogue_with(catalogue_copy *copy,
                                                 const seqecho_spec *spec, bool stateful,
                                                 bool states)
{
    if (spec->kind != SEQECHO_KIND_BIDIRECTIONAL)
        return catalogue_cell_with(&copy->cell, spec, stateful, states);
    memcpy(&copy->both, spec, sizeof copy->both);
    copy->both.inner = catalogue_cell_with(&copy->cell, copy->both.inner, stateful, states);
    if (copy->both.backward != NULL)
        copy->both.backward =
            catalogue_cell_with(&copy->backward, copy->both.backward, stateful, states);
    return &copy->both.head;
}

static inline void catalogue_each(catalogue_fn fn)
{
    catalogue_activations(fn);
    catalogue_rows(fn);
    catalogue_windows(fn);
    catalogue_recurrent(fn);
    catalogue_cells(fn);
    catalogue_bidirectional(fn);
    catalogue_wrappers(fn);
}

#endif /* SEQECHO_TESTS_CATALOGUE_H */
