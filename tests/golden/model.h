/* model.h - the graph, trainer and predictor that a case describes.
 * SPDX-License-Identifier: MIT */
#ifndef PARITY_MODEL_H
#define PARITY_MODEL_H

#include <seqecho/seqecho.h>

#include "case.h"
#include "tables.h"

/* Far beyond any case, and small enough to be allocated where a damaged one asks for it. */
enum { MODEL_MAX_LAYERS = 64, MODEL_MAX_BATCH = 1 << 20, MODEL_MAX_OUTPUT = 1 << 28 };

struct model_layer {
    const struct layer_class *class;
    seqecho_layer *layer;
};

/* The recurrent layers' states, one after the other: h and c of an LSTM, h of others. */
struct model_state {
    int64_t units;
    bool stateful;
};

/* What a case asks of the model beyond its layers: how many states, counted from the first,
 * are inputs when they are initial and outputs when they are last.  A layer has all of its
 * states there or none. */
struct model_ports {
    size_t initial;
    size_t last;
};

/* The inputs of the graph are x, then the initial states; its outputs are y, then the last
 * ones. */
struct model {
    struct golden_case *c;
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    int64_t batch;
    int64_t features; /* the last size of x */
    struct model_layer layer[MODEL_MAX_LAYERS];
    size_t layers;
    struct model_state state[2 * MODEL_MAX_LAYERS];
    size_t states;
    struct model_ports ports;
    seqecho_view output; /* the shape of y */
    size_t output_count; /* floats of y for one batch */
};

/* What the lines `loss`, `metric`, `masked_loss` and `optimizer` say. */
struct training {
    seqecho_loss loss;
    uint32_t metrics;
    bool masked_mean_all;
    seqecho_optimizer optimizer;
    double learning_rate;
    double beta_1;
    double beta_2;
    double epsilon;
    double momentum;
    double rho;
    double weight_decay;
    double clip[3]; /* clipnorm, global_clipnorm, clipvalue; 0: none */
    /* 0 or 1: */
    double nesterov;
    double amsgrad;
    double centered;
    double eps_inside_sqrt; /* of RMSprop: the form without it is the older one */
};

/* Whether the library has every layer and option of the `layer` lines. */
bool model_known(struct golden_case *c);

/* Build the graph of the case's `input` and `layer` lines and set its weights.  Right to
 * be called on any struct; model_close() is right whatever it returned. */
bool model_open(struct model *m, struct golden_case *c, struct model_ports ports);
void model_close(struct model *m);

/* The shape of a state, and the floats in the first `count`. */
seqecho_view model_state_view(const struct model *m, size_t state, const float *data);
size_t model_state_count(const struct model *m, size_t count);

/* The names of the case's weights, in the order of the library's numbering. */
char **model_weight_names(struct golden_case *c, size_t *count);

/* Floats in weight array number i. */
size_t model_weight_size(struct model *m, size_t i);

/* Copy every weight, one after the other, to where parameter_count floats fit. */
bool model_copy_weights(struct model *m, float *to);

/* The same for the trainer's last gradients. */
bool model_copy_gradients(struct model *m, float *to);

bool training_read(struct golden_case *c, struct training *t);

/* Whether the loss is one that takes class numbers as targets. */
bool training_takes_classes(const struct training *t);

/* Create the trainer.  Without `t` it has no loss: for forward and backward only. */
bool model_train(struct model *m, const struct training *t, bool clipped);

/* Create the predictor. */
bool model_predict(struct model *m);

#endif /* PARITY_MODEL_H */
