/* training_plans.c - the trainings that are stopped: every optimizer with its options,
 * every schedule, and everything else that a training goes on with.
 * SPDX-License-Identifier: MIT */
#include "training.h"

/* ---- Networks ----------------------------------------------------------------------- */

static seqecho_graph *begin(int64_t batch, int64_t steps, int64_t features)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = batch, .dim = { steps, features }));
    return graph;
}

static seqecho_graph *classes(seqecho_graph *graph)
{
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(
                                 SEQECHO_DENSE(.units = 6, .activation = SEQECHO_SOFTMAX)));
    return graph;
}

/* Those of the tutorial: the whole window echoed, and its first steps. */
static seqecho_graph *whole_of(bool stateful, float dropout, uint8_t implementation)
{
    seqecho_graph *const graph = begin(stateful ? 7 : 0, 5, 6);

    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 5, .return_sequences = true,
                                          .stateful = stateful, .dropout = dropout,
                                          .recurrent_dropout = dropout,
                                          .implementation = implementation));
    return classes(graph);
}

static seqecho_graph *whole(void)
{
    return whole_of(true, 0.0F, 0);
}

static seqecho_graph *whole_dropped(void)
{
    return whole_of(true, 0.2F, 1);
}

static seqecho_graph *whole_stateless(void)
{
    return whole_of(false, 0.2F, 2);
}

static seqecho_graph *partial(void)
{
    seqecho_graph *const graph = begin(7, 5, 6);

    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4, .stateful = true));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(5));
    seqecho_graph_add(graph,
                      SEQECHO_LSTM(.units = 4, .return_sequences = true, .stateful = true));
    return classes(graph);
}

static seqecho_graph *both_ways(void)
{
    seqecho_graph *const graph = begin(7, 5, 6);

    seqecho_graph_add(graph, SEQECHO_GRU(.units = 4, .return_sequences = true,
                                         .stateful = true, .dropout = 0.2F));
    seqecho_graph_add(
        graph, SEQECHO_BIDIRECTIONAL(
                   SEQECHO_LSTM(.units = 3, .return_sequences = true, .stateful = true)));
    return classes(graph);
}

/* Views to two numbers. */
static seqecho_graph *numbers(void)
{
    seqecho_graph *const graph = begin(0, 4, 3);

    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 4));
    seqecho_graph_add(graph, SEQECHO_DROPOUT(0.3F));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    return graph;
}

/* And to three a step as well. */
static seqecho_graph *two_outputs(void)
{
    seqecho_graph *graph;
    seqecho_node *x, *steps, *last;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    steps = seqecho_layer_call(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 4, .return_sequences = true,
                                                 .dropout = 0.2F, .implementation = 1)),
        x);
    last = seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_LSTM(.units = 3)), steps);
    file_must(seqecho_graph_output(
        graph,
        seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 2)), last)));
    file_must(seqecho_graph_output(
        graph,
        seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_DENSE(.units = 3)), steps)));
    return graph;
}

/* ---- What programs do in events ----------------------------------------------------- */

static bool is_at(const seqecho_event *e, seqecho_event_kind kind, int64_t epoch,
                  int64_t batch)
{
    return e->kind == kind && e->epoch == epoch && e->batch == batch;
}

/* Layers frozen and let go, penalties that come and go, tunables. */
static void change_much(training *t, const seqecho_event *e)
{
    if (is_at(e, SEQECHO_EVENT_BATCH_END, 1, 0)) {
        file_must(seqecho_graph_set_trainable(t->graph, "lstm", false));
        file_must(seqecho_graph_set_regularizer(t->graph, "lstm/kernel", 0.001F, 0.01F));
    }
    if (is_at(e, SEQECHO_EVENT_EPOCH_BEGIN, 2, -1)) {
        file_must(seqecho_graph_set_trainable(t->graph, "lstm", true));
        file_must(seqecho_trainer_set(t->trainer, SEQECHO_PARAM_LEARNING_RATE, 0.02));
        file_must(seqecho_trainer_set(t->trainer, SEQECHO_PARAM_BETA_1, 0.8));
        file_must(seqecho_trainer_set(t->trainer, SEQECHO_PARAM_EPSILON, 1e-5));
    }
    if (is_at(e, SEQECHO_EVENT_BATCH_END, 2, 1)) {
        file_must(seqecho_graph_set_regularizer(t->graph, "lstm/kernel", 0.0F, 0.0F));
        seqecho_trainer_reset_states(t->trainer);
    }
}

/* Too large a step, and soon no number is finite. */
static void explode(training *t, const seqecho_event *e)
{
    if (is_at(e, SEQECHO_EVENT_EPOCH_BEGIN, 3, -1))
        file_must(seqecho_trainer_set(t->trainer, SEQECHO_PARAM_LEARNING_RATE, 1000.0));
}

/* The loss of the validation, which comes next, is infinite. */
static void explode_at_the_end(training *t, const seqecho_event *e)
{
    static const float huge[6] = { 3e38F, -3e38F, 3e38F, -3e38F, 3e38F, -3e38F };

    if (is_at(e, SEQECHO_EVENT_BATCH_END, 3, 2))
        file_must(seqecho_graph_weight_set(t->graph, "time_distributed/bias", huge, 6));
}

/* Sequences of the program's own, and drawn ones again. */
static void choose_sequences(training *t, const seqecho_event *e)
{
    int32_t sequence[25];

    for (int i = 0; i < 25; i++)
        sequence[i] = (int32_t)((i * i + e->epoch) % 6);
    if (e->kind == SEQECHO_EVENT_EPOCH_BEGIN && e->epoch % 2 == 1)
        file_must(seqecho_dataset_set_sequence(t->data, sequence, 25));
    if (is_at(e, SEQECHO_EVENT_BATCH_END, 1, 1))
        seqecho_dataset_seek(t->data, 0);
}

/* ---- Plans -------------------------------------------------------------------------- */

static const int64_t boundaries[] = { 3, 7 };
static const double values[] = { 0.01, 0.003, 0.02 };

#define SCHEDULE(KIND, ...) \
    static const seqecho_schedule KIND = { .struct_size = sizeof KIND, __VA_ARGS__ }
SCHEDULE(exponential, .kind = SEQECHO_EXPONENTIAL_DECAY, .decay_steps = 4,
         .decay_rate = 0.7, .staircase = true);
SCHEDULE(inverse_time, .kind = SEQECHO_INVERSE_TIME_DECAY, .decay_steps = 3,
         .decay_rate = 0.5);
SCHEDULE(polynomial, .kind = SEQECHO_POLYNOMIAL_DECAY, .decay_steps = 5, .power = 2.0,
         .cycle = true);
SCHEDULE(piecewise, .kind = SEQECHO_PIECEWISE_CONSTANT, .boundaries = boundaries,
         .values = values, .n_boundaries = 2);
SCHEDULE(cosine, .kind = SEQECHO_COSINE_DECAY, .decay_steps = 9, .warmup_steps = 4,
         .warmup_target = 0.02, .alpha = 0.1);
SCHEDULE(restarts, .kind = SEQECHO_COSINE_DECAY_RESTARTS, .decay_steps = 3);

static const seqecho_loss both_losses[] = { SEQECHO_MEAN_SQUARED_ERROR, SEQECHO_HUBER };
static const float both_weights[] = { 1.0F, 0.3F };

#define CLASSES(...) \
    { \
        .loss = SEQECHO_CATEGORICAL_CROSSENTROPY, .metrics = SEQECHO_METRIC_ACCURACY, \
        .seed = 9, .learning_rate = 0.01F, __VA_ARGS__ \
    }
#define NUMBERS(...) \
    { \
        .loss = SEQECHO_MEAN_SQUARED_ERROR, .metrics = SEQECHO_METRIC_MAE, .seed = 9, \
        .learning_rate = 0.01F, __VA_ARGS__ \
    }
#define WATCHED (TRAINING_BEST | TRAINING_REDUCE | TRAINING_LOG)

const training_plan training_plans[] = {
    /* clang-format off */
    /* The networks of the tutorial, and optimizers. */
    { "adam, whole", whole, CLASSES(.optimizer = SEQECHO_ADAM), { .epochs = 4 },
      .patience = 50,
      .dataset = true, .held_out = true, .callbacks = WATCHED },
    { "amsgrad, partial", partial, CLASSES(.amsgrad = true), { .epochs = 4 },
      .patience = 50,
      .dataset = true },
    { "adamw, partial", partial,
      CLASSES(.optimizer = SEQECHO_ADAMW, .weight_decay = 0.05F, .amsgrad = true),
      { .epochs = 4 }, .patience = 50, .dataset = true, .callbacks = TRAINING_SAVES },
    { "nadam, both ways", both_ways, CLASSES(.optimizer = SEQECHO_NADAM), { .epochs = 4 },
      .patience = 50,
      .dataset = true, .callbacks = WATCHED },
    { "sgd", numbers, NUMBERS(.optimizer = SEQECHO_SGD), { .epochs = 4 }, .patience = 50 },
    { "momentum", whole, CLASSES(.optimizer = SEQECHO_SGD, .momentum = 0.9F),
      { .epochs = 4 }, .patience = 50, .dataset = true, .callbacks = TRAINING_LOG },
    { "nesterov", whole_stateless,
      CLASSES(.optimizer = SEQECHO_SGD, .momentum = 0.9F, .nesterov = true),
      { .epochs = 4 }, .patience = 50, .dataset = true, .held_out = true,
      .callbacks = WATCHED },
    { "rmsprop", whole_dropped, CLASSES(.optimizer = SEQECHO_RMSPROP),
      { .epochs = 4 }, .patience = 50, .dataset = true },
    { "rmsprop, centered, momentum", partial,
      CLASSES(.optimizer = SEQECHO_RMSPROP, .centered = true, .momentum = 0.5F,
              .rho = 0.8F),
      { .epochs = 4 }, .patience = 50, .dataset = true, .callbacks = TRAINING_BEST },
    { "rmsprop, epsilon outside", numbers,
      NUMBERS(.optimizer = SEQECHO_RMSPROP, .epsilon_outside = true), { .epochs = 4 },
      .patience = 50 },
    /* Schedules. */
    { "exponential", whole, CLASSES(.schedule = &exponential), { .epochs = 4 },
      .patience = 50,
      .dataset = true },
    { "inverse time", whole, CLASSES(.schedule = &inverse_time), { .epochs = 4 },
      .patience = 50,
      .dataset = true },
    { "polynomial", whole, CLASSES(.schedule = &polynomial), { .epochs = 4 },
      .patience = 50,
      .dataset = true },
    { "piecewise", whole, CLASSES(.schedule = &piecewise), { .epochs = 4 }, .patience = 50,
      .dataset = true },
    { "cosine", whole, CLASSES(.schedule = &cosine), { .epochs = 4 }, .patience = 50,
      .dataset = true },
    { "restarts", numbers, NUMBERS(.schedule = &restarts), { .epochs = 4 },
      .patience = 50 },
    /* Clipping. */
    { "clipnorm", whole, CLASSES(.clipnorm = 0.01F), { .epochs = 4 }, .patience = 50,
      .dataset = true },
    { "global_clipnorm", numbers, NUMBERS(.global_clipnorm = 0.01F), { .epochs = 4 },
      .patience = 50 },
    { "clipvalue", whole, CLASSES(.clipvalue = 0.001F), { .epochs = 4 }, .patience = 50,
      .dataset = true },
    /* Samples. */
    { "shuffled and split", numbers, NUMBERS(.optimizer = SEQECHO_ADAM),
      { .epochs = 4, .batch_size = 6, .shuffle = true, .validation_split = 0.25 },
      .patience = 50, .callbacks = WATCHED },
    { "weighted, two outputs", two_outputs,
      NUMBERS(.losses = both_losses, .loss_weights = both_weights),
      { .epochs = 4, .batch_size = 9, .shuffle = true }, .patience = 50, .held_out = true,
      .weighted = true, .callbacks = WATCHED | TRAINING_SAVES },
    { "each batch from zero", whole, CLASSES(.optimizer = SEQECHO_ADAM),
      { .epochs = 4, .reset_states = SEQECHO_RESET_EACH_BATCH }, .dataset = true,
      .held_out = true },
    { "never from zero", whole_dropped, CLASSES(.optimizer = SEQECHO_ADAM),
      { .epochs = 4, .reset_states = SEQECHO_RESET_NEVER, .validation_sequences = 3 },
      .dataset = true, .held_out = true, .patience = 50, .callbacks = WATCHED },
    { "own sequences", whole, CLASSES(.optimizer = SEQECHO_ADAM), { .epochs = 4 },
      .patience = 50,
      .dataset = true, .interfere = choose_sequences },
    { "killed", whole_dropped, CLASSES(.schedule = &cosine), { .epochs = 10 },
      .dataset = true, .held_out = true, .patience = 50,
      .callbacks = TRAINING_BEST | TRAINING_LOG },
    /* What comes in the midst of it. */
    { "changed", whole_dropped, CLASSES(.optimizer = SEQECHO_ADAM), { .epochs = 4 },
      .patience = 50,
      .dataset = true, .interfere = change_much },
    { "stopping", whole, CLASSES(.optimizer = SEQECHO_ADAM), { .epochs = 20 },
      .dataset = true, .held_out = true, .patience = 3,
      .callbacks = TRAINING_STOP | TRAINING_LOG | TRAINING_SAVES },
    { "stopping with the best", numbers, NUMBERS(.optimizer = SEQECHO_ADAM),
      { .epochs = 20, .batch_size = 8 }, .held_out = true, .patience = 3,
      .callbacks = TRAINING_BEST | TRAINING_REDUCE | TRAINING_LOG },
    { "not finite", numbers, NUMBERS(.optimizer = SEQECHO_SGD),
      { .epochs = 20, .batch_size = 8 }, .interfere = explode, .patience = 50,
      .callbacks = TRAINING_BEST | TRAINING_LOG | TRAINING_NAN | TRAINING_SAVES },
    { "not finite in the validation", whole,
      CLASSES(.optimizer = SEQECHO_SGD), { .epochs = 20 },
      .dataset = true, .held_out = true, .interfere = explode_at_the_end, .patience = 50,
      .callbacks = TRAINING_BEST | TRAINING_LOG | TRAINING_NAN },
    /* clang-format on */
};

const size_t training_plan_count = sizeof training_plans / sizeof *training_plans;
