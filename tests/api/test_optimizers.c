/* test_optimizers.c - every optimizer against its formula in double precision, what it
 * keeps, and threads.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"
#include "refuse.h"

#define FEATURES 19
#define STEPS 40

/* One dense layer of one unit: with an output gradient of 1, the gradient of its kernel is
 * the input, so each can be chosen. */
static seqecho_graph *line(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 4)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { FEATURES }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .no_bias = true));
    return graph;
}

static void step(seqecho_trainer *trainer, const float *g)
{
    const float one = 1.0F;
    const seqecho_view x = { g, { 1, FEATURES }, 2, SEQECHO_FLOAT32 };
    const seqecho_view dy = { &one, { 1, 1 }, 2, SEQECHO_FLOAT32 };
    float out;

    assert_int_equal(seqecho_trainer_forward(trainer, &x, &out, 1), 0);
    assert_int_equal(seqecho_trainer_backward(trainer, &dy, NULL, 0), 0);
    assert_int_equal(seqecho_trainer_apply_gradients(trainer), 0);
}

static seqecho_trainer *create(seqecho_graph *graph, const seqecho_trainer_options *options)
{
    seqecho_trainer *trainer;

    if (seqecho_trainer_create(&trainer, graph, options) < 0)
        fail_msg("%s", seqecho_error_message());
    return trainer;
}

/* One weight, and the step with 1-based number t. */
typedef struct weight {
    double w, m, v, largest, velocity;
} weight;

typedef struct by_hand {
    seqecho_trainer_options options;
    void (*step)(weight *x, double g, int t);
} by_hand;

/* ---- Formulas ----------------------------------------------------------------------- */

/* Not the defaults, so that a constant in the wrong place shows. */
#define LR 0.125
#define B1 0.75
#define B2 0.875
#define EPS 0.03125
#define MU 0.8125
#define RHO 0.6875
#define DECAY 0.25

static double alpha(int t)
{
    return LR * sqrt(1.0 - pow(B2, t)) / (1.0 - pow(B1, t));
}

static void means(weight *x, double g)
{
    x->m = B1 * x->m + (1.0 - B1) * g;
    x->v = B2 * x->v + (1.0 - B2) * g * g;
}

static void adam(weight *x, double g, int t)
{
    means(x, g);
    x->w -= alpha(t) * x->m / (sqrt(x->v) + EPS);
}

static void amsgrad(weight *x, double g, int t)
{
    means(x, g);
    x->largest = fmax(x->largest, x->v);
    x->w -= alpha(t) * x->m / (sqrt(x->largest) + EPS);
}

static void adamw(weight *x, double g, int t)
{
    x->w -= LR * DECAY * x->w;
    adam(x, g, t);
}

static void adamw_amsgrad(weight *x, double g, int t)
{
    x->w -= LR * DECAY * x->w;
    amsgrad(x, g, t);
}

static double momentum_of(int t)
{
    return B1 * (1.0 - 0.5 * pow(0.96, t));
}

static void nadam(weight *x, double g, int t)
{
    double product = 1.0, ahead;

    means(x, g);
    for (int i = 1; i <= t; i++)
        product *= momentum_of(i);
    ahead = momentum_of(t + 1) * x->m / (1.0 - product * momentum_of(t + 1)) +
            (1.0 - momentum_of(t)) * g / (1.0 - product);
    x->w -= LR * ahead / (sqrt(x->v / (1.0 - pow(B2, t))) + EPS);
}

static void sgd(weight *x, double g, int t)
{
    (void)t;
    x->w -= LR * g;
}

static void momentum(weight *x, double g, int t)
{
    (void)t;
    x->velocity = MU * x->velocity - LR * g;
    x->w += x->velocity;
}

static void nesterov(weight *x, double g, int t)
{
    (void)t;
    x->velocity = MU * x->velocity - LR * g;
    x->w += MU * x->velocity - LR * g;
}

static void rmsprop(weight *x, double g, int t)
{
    (void)t;
    x->v = RHO * x->v + (1.0 - RHO) * g * g;
    x->w -= LR * g / sqrt(x->v + EPS);
}

static void rmsprop_outside(weight *x, double g, int t)
{
    (void)t;
    x->v = RHO * x->v + (1.0 - RHO) * g * g;
    x->w -= LR * g / (sqrt(x->v) + EPS);
}

static void rmsprop_momentum(weight *x, double g, int t)
{
    (void)t;
    x->v = RHO * x->v + (1.0 - RHO) * g * g;
    x->velocity = MU * x->velocity + LR * g / sqrt(x->v + EPS);
    x->w -= x->velocity;
}

static void rmsprop_centered(weight *x, double g, int t)
{
    (void)t;
    x->m = RHO * x->m + (1.0 - RHO) * g;
    x->v = RHO * x->v + (1.0 - RHO) * g * g;
    x->w -= LR * g / sqrt(x->v - x->m * x->m + EPS);
}

static void rmsprop_all(weight *x, double g, int t)
{
    (void)t;
    x->m = RHO * x->m + (1.0 - RHO) * g;
    x->v = RHO * x->v + (1.0 - RHO) * g * g;
    x->velocity = MU * x->velocity + LR * g / (sqrt(x->v - x->m * x->m) + EPS);
    x->w -= x->velocity;
}

#define HEAD .struct_size = sizeof(seqecho_trainer_options), .learning_rate = (float)LR
#define RMSPROP HEAD, .optimizer = SEQECHO_RMSPROP, .rho = (float)RHO

/* All of them; also what frozen layers and threads are tested with. */
static const by_hand cases[] = {
    { { HEAD }, adam },
    { { HEAD, .amsgrad = true }, amsgrad },
    { { HEAD, .optimizer = SEQECHO_ADAMW, .weight_decay = (float)DECAY }, adamw },
    { { HEAD, .optimizer = SEQECHO_ADAMW, .weight_decay = (float)DECAY, .amsgrad = true },
      adamw_amsgrad },
    { { HEAD, .optimizer = SEQECHO_NADAM }, nadam },
    { { HEAD, .optimizer = SEQECHO_SGD }, sgd },
    { { HEAD, .optimizer = SEQECHO_SGD, .nesterov = true }, sgd },
    { { HEAD, .optimizer = SEQECHO_SGD, .momentum = (float)MU }, momentum },
    { { HEAD, .optimizer = SEQECHO_SGD, .momentum = (float)MU, .nesterov = true },
      nesterov },
    { { RMSPROP }, rmsprop },
    { { RMSPROP, .epsilon_outside = true }, rmsprop_outside },
    { { RMSPROP, .momentum = (float)MU }, rmsprop_momentum },
    { { RMSPROP, .centered = true }, rmsprop_centered },
    { { RMSPROP, .centered = true, .momentum = (float)MU, .epsilon_outside = true },
      rmsprop_all },
};

#define CASES (sizeof cases / sizeof cases[0])

/* The betas and epsilon, which are no options. */
static void set_params(seqecho_trainer *trainer, seqecho_optimizer kind)
{
    if (kind != SEQECHO_SGD)
        assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_EPSILON, EPS), 0);
    if (kind == SEQECHO_SGD || kind == SEQECHO_RMSPROP)
        return;
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_BETA_1, B1), 0);
    assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_BETA_2, B2), 0);
}

static void check_by_hand(const by_hand *c)
{
    seqecho_graph *const graph = line();
    seqecho_trainer *const trainer = create(graph, &c->options);
    weight want[FEATURES] = { { 0 } };
    float w[FEATURES], g[FEATURES];

    set_params(trainer, c->options.optimizer);
    assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", w, FEATURES), 0);
    for (int i = 0; i < FEATURES; i++)
        want[i].w = (double)w[i];
    for (int t = 1; t <= STEPS; t++) {
        float expected[FEATURES];

        models_fill(g, FEATURES, (uint32_t)(100 * t));
        step(trainer, g);
        for (int i = 0; i < FEATURES; i++) {
            c->step(&want[i], (double)g[i], t);
            expected[i] = (float)want[i].w;
        }
        assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", w, FEATURES), 0);
        assert_close(w, expected, FEATURES, 2e-5, 2e-6);
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void against_formulas(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++)
        check_by_hand(&cases[i]);
}

/* What the options leave out, and what a decay of zero is set to. */
static void defaults(void **state)
{
    static const struct {
        seqecho_optimizer kind;
        seqecho_param param;
        double usual;
    } want[] = {
        { SEQECHO_ADAM, SEQECHO_PARAM_LEARNING_RATE, 0.001 },
        { SEQECHO_SGD, SEQECHO_PARAM_LEARNING_RATE, 0.01 },
        { SEQECHO_SGD, SEQECHO_PARAM_MOMENTUM, 0.0 },
        { SEQECHO_RMSPROP, SEQECHO_PARAM_LEARNING_RATE, 0.001 },
        { SEQECHO_RMSPROP, SEQECHO_PARAM_MOMENTUM, 0.0 },
        { SEQECHO_RMSPROP, SEQECHO_PARAM_RHO, 0.9 },
        { SEQECHO_RMSPROP, SEQECHO_PARAM_EPSILON, 1e-7 },
        { SEQECHO_ADAMW, SEQECHO_PARAM_LEARNING_RATE, 0.001 },
        { SEQECHO_ADAMW, SEQECHO_PARAM_WEIGHT_DECAY, 0.004 },
        { SEQECHO_ADAMW, SEQECHO_PARAM_BETA_2, 0.999 },
        { SEQECHO_NADAM, SEQECHO_PARAM_LEARNING_RATE, 0.001 },
        { SEQECHO_NADAM, SEQECHO_PARAM_BETA_1, 0.9 },
        { SEQECHO_NADAM, SEQECHO_PARAM_EPSILON, 1e-7 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        seqecho_graph *const graph = line();
        seqecho_trainer *const trainer =
            create(graph, SEQECHO_TRAINER(.optimizer = want[i].kind));
        double value = -1.0;

        assert_int_equal(seqecho_trainer_get(trainer, want[i].param, &value), 0);
        assert_close_double(value, want[i].usual, 0, 0);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* Parameters that change between steps hold from the next step on. */
static void parameters_change(void **state)
{
    seqecho_graph *const graph = line();
    seqecho_trainer *const trainer =
        create(graph, SEQECHO_TRAINER(.optimizer = SEQECHO_SGD, .momentum = 0.5F));
    float g[FEATURES], w[FEATURES], want[FEATURES], velocity[FEATURES] = { 0 };

    (void)state;
    assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", want, FEATURES), 0);
    for (int t = 0; t < 12; t++) {
        const float mu = (float)(t % 3) * 0.25F, rate = 0.125F * (float)(t % 4);

        models_fill(g, FEATURES, (uint32_t)t);
        assert_int_equal(seqecho_trainer_set(trainer, SEQECHO_PARAM_MOMENTUM, (double)mu),
                         0);
        assert_int_equal(
            seqecho_trainer_set(trainer, SEQECHO_PARAM_LEARNING_RATE, (double)rate), 0);
        step(trainer, g);
        for (int i = 0; i < FEATURES; i++) {
            velocity[i] = mu * velocity[i] - rate * g[i];
            want[i] += velocity[i];
        }
        assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", w, FEATURES), 0);
        assert_same_bits(w, want, FEATURES);
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* A constant gradient has no variance, and rounding must not make it a negative one. */
static void centered_constant(void **state)
{
    seqecho_graph *const graph = line();
    seqecho_trainer *const trainer =
        create(graph, SEQECHO_TRAINER(.optimizer = SEQECHO_RMSPROP, .centered = true));
    float g[FEATURES], w[FEATURES];

    (void)state;
    for (int i = 0; i < FEATURES; i++)
        g[i] = 123.456F + (float)i * 77.7F;
    for (int t = 0; t < 300; t++)
        step(trainer, g);
    assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", w, FEATURES), 0);
    for (int i = 0; i < FEATURES; i++)
        assert_true(isfinite(w[i]));
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Schedules in use --------------------------------------------------------------- */

static void schedule_in_use(void **state)
{
    seqecho_graph *const graph = line();
    seqecho_trainer *const trainer = create(
        graph,
        SEQECHO_TRAINER(.optimizer = SEQECHO_SGD, .learning_rate = 0.5F,
                        .schedule = SEQECHO_SCHEDULE(.kind = SEQECHO_EXPONENTIAL_DECAY,
                                                     .decay_steps = 2, .decay_rate = 0.7)));
    float g[FEATURES], w[FEATURES], want[FEATURES];

    (void)state;
    assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", want, FEATURES), 0);
    for (int s = 0; s < 20; s++) {
        const double rate = 0.5 * pow(0.7, s / 2.0);
        double value = 0.0;

        assert_int_equal(seqecho_trainer_get(trainer, SEQECHO_PARAM_LEARNING_RATE, &value),
                         0);
        assert_close_double(value, rate, 1e-14, 0);
        models_fill(g, FEATURES, (uint32_t)s);
        step(trainer, g);
        for (int i = 0; i < FEATURES; i++)
            want[i] -= (float)rate * g[i];
        assert_int_equal(seqecho_graph_weight_get(graph, "dense/kernel", w, FEATURES), 0);
        assert_close(w, want, FEATURES, 1e-6, 1e-7);
    }
    assert_refused(
        seqecho_trainer_set(trainer, SEQECHO_PARAM_LEARNING_RATE, 0.1), SEQECHO_ESTATE,
        "trainer: a schedule sets the learning rate of this one, so it cannot be "
        "set; create it without .schedule");
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Memory ------------------------------------------------------------------------- */

/* Blocks that a trainer of these options keeps. */
static int64_t blocks_of(const seqecho_trainer_options *options)
{
    counting_alloc blocks = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&blocks);
    seqecho_trainer_options own = *options;
    seqecho_graph *const graph = line();
    seqecho_trainer *trainer;
    int64_t live, calls;
    float g[FEATURES];

    own.allocator = &hook;
    own.clipnorm = 0.1F;
    trainer = create(graph, &own);
    models_fill(g, FEATURES, 1);
    step(trainer, g);
    live = blocks.live;
    calls = blocks.calls;
    assert_int_equal(seqecho_graph_set_regularizer(graph, "dense/kernel", 0.1F, 0.1F), 0);
    for (int i = 0; i < 3; i++)
        step(trainer, g);
    assert_int_equal(blocks.calls, calls); /* steps allocate nothing */
    seqecho_trainer_destroy(trainer);
    assert_int_equal(blocks.live, 0);
    seqecho_graph_destroy(graph);
    return live;
}

/* Only those moments that are needed. */
static void moments(void **state)
{
    static const struct {
        seqecho_trainer_options options;
        int64_t moments;
    } want[] = {
        { { HEAD, .optimizer = SEQECHO_SGD, .momentum = 0.5F }, 1 },
        { { RMSPROP }, 1 },
        { { RMSPROP, .momentum = 0.5F }, 2 },
        { { RMSPROP, .centered = true }, 2 },
        { { RMSPROP, .centered = true, .momentum = 0.5F }, 3 },
        { { HEAD }, 2 },
        { { HEAD, .amsgrad = true }, 3 },
        { { HEAD, .optimizer = SEQECHO_ADAMW }, 2 },
        { { HEAD, .optimizer = SEQECHO_ADAMW, .amsgrad = true }, 3 },
        { { HEAD, .optimizer = SEQECHO_NADAM }, 2 },
    };
    const int64_t none =
        blocks_of(SEQECHO_TRAINER(.optimizer = SEQECHO_SGD, .nesterov = true));

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(blocks_of(&want[i].options) - none, want[i].moments);
}

/* ---- Threads ------------------------------------------------------------------------ */

/* Train a large model with a frozen layer and regularisers; its weights. */
static float *train_large(seqecho_trainer_options options, int32_t threads, size_t *n)
{
    const models_size size = { .classes = 12, .units = 100, .seed = 2 };
    seqecho_graph *const graph = models_partial(size);
    seqecho_dataset *const data = models_data(size, 2, SEQECHO_ENCODE_ONE_HOT);
    seqecho_trainer *trainer;
    float *weights;

    options.loss = SEQECHO_CATEGORICAL_CROSSENTROPY;
    options.threads = threads;
    trainer = create(graph, &options);
    assert_int_equal(
        seqecho_graph_set_regularizer(graph, "lstm/recurrent_kernel", 1e-4F, 1e-3F), 0);
    assert_int_equal(seqecho_graph_set_regularizer(graph, "lstm_1/kernel", 1e-4F, 0.0F), 0);
    models_train(trainer, data, 1);
    assert_int_equal(seqecho_graph_set_trainable(graph, "lstm_1", false), 0);
    models_train(trainer, data, 1);
    weights = models_weights(graph, n);
    seqecho_trainer_destroy(trainer);
    seqecho_dataset_destroy(data);
    seqecho_graph_destroy(graph);
    return weights;
}

static void threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        seqecho_trainer_options options = cases[i].options;
        size_t n;
        float *one, *three;

        options.learning_rate = 0.001F;
        options.clipnorm = i % 4 == 1 ? 0.01F : 0.0F;
        options.global_clipnorm = i % 4 == 2 ? 0.01F : 0.0F;
        options.clipvalue = i % 4 == 3 ? 0.001F : 0.0F;
        one = train_large(options, 1, &n);
        three = train_large(options, 3, &n);
        assert_same_bits(three, one, n);
        free(one);
        free(three);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_formulas),  cmocka_unit_test(defaults),
        cmocka_unit_test(parameters_change), cmocka_unit_test(centered_constant),
        cmocka_unit_test(schedule_in_use),   cmocka_unit_test(moments),
        cmocka_unit_test(threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
