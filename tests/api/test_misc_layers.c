/* test_misc_layers.c - Dropout, Embedding, merging, normalization, attention: options,
 * shapes, messages, and what one way of using them has to do with another.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "refuse.h"

static seqecho_graph *new_graph(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 5)), 0);
    return graph;
}

static seqecho_node *apply(seqecho_graph *graph, const seqecho_spec *spec, seqecho_node *x)
{
    return seqecho_layer_call(seqecho_layer_create(graph, spec), x);
}

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* ---- Dropout ------------------------------------------------------------------------ */

enum { SAMPLES = 40, STEPS = 25, FEATURES = 20, N = SAMPLES * STEPS * FEATURES };

static float ones[N], dropped[4][N];
static const seqecho_view ones_view = {
    ones, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32
};

static int fill_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        ones[i] = 1.0F;
    return 0;
}

static seqecho_graph *dropout_graph(float rate, bool shared)
{
    const seqecho_dropout_spec spec = {
        .head = { sizeof spec, SEQECHO_KIND_DROPOUT, 0 },
        .rate = rate,
        .noise_shared_over_time = shared,
    };
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));

    must(seqecho_graph_output(graph, apply(graph, &spec.head, x)));
    return graph;
}

static seqecho_trainer *seeded(seqecho_graph *graph, uint64_t seed, int32_t threads)
{
    seqecho_trainer *trainer;

    must(seqecho_trainer_create(&trainer, graph,
                                SEQECHO_TRAINER(.seed = seed, .threads = threads)));
    return trainer;
}

/* Within five deviations of a binomial count. */
static void expect_zeros(const float *x, size_t n, double rate)
{
    size_t zeros = 0;

    for (size_t i = 0; i < n; i++)
        zeros += x[i] == 0.0F;
    if (!(fabs((double)zeros - rate * (double)n) <=
          5.0 * sqrt(rate * (1.0 - rate) * (double)n)))
        fail_msg("%zu of %zu are zeros, rate %g", zeros, n, rate);
}

static void dropout_drops(void **state)
{
    static const float rates[] = { 0.0F, 0.1F, 0.5F, 0.9F, 1.0F };

    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        seqecho_graph *const graph = dropout_graph(rates[r], false);
        seqecho_trainer *const trainer = seeded(graph, 1, 1);
        float by_sample[SAMPLES] = { 0 }, by_step[STEPS] = { 0 };

        must(seqecho_trainer_forward(trainer, &ones_view, dropped[0], N));
        expect_zeros(dropped[0], N, (double)rates[r]);
        for (size_t i = 0; i < N; i++) {
            assert_true(dropped[0][i] == 0.0F || dropped[0][i] == 1.0F / (1.0F - rates[r]));
            by_sample[i / (STEPS * FEATURES)] += dropped[0][i] != 0.0F;
            by_step[i / FEATURES % STEPS] += dropped[0][i] != 0.0F;
        }
        for (size_t i = 1; i < STEPS && rates[r] > 0.0F && rates[r] < 1.0F; i++) {
            /* No axis along which the draws would be the same. */
            assert_memory_not_equal(dropped[0], dropped[0] + i * FEATURES,
                                    FEATURES * sizeof(float));
            assert_memory_not_equal(dropped[0], dropped[0] + i * STEPS * FEATURES,
                                    STEPS * FEATURES * sizeof(float));
            assert_true(by_sample[i] > 0 && by_step[i] > 0);
        }
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

static void dropout_shared_over_time(void **state)
{
    seqecho_graph *const graph = dropout_graph(0.3F, true);
    seqecho_trainer *const trainer = seeded(graph, 1, 1);
    float drawn[SAMPLES * FEATURES];

    (void)state;
    must(seqecho_trainer_forward(trainer, &ones_view, dropped[0], N));
    for (size_t s = 0; s < SAMPLES; s++) {
        const float *const sample = dropped[0] + s * STEPS * FEATURES;

        memcpy(drawn + s * FEATURES, sample, FEATURES * sizeof *drawn);
        for (size_t t = 1; t < STEPS; t++)
            assert_same_bits(sample + t * FEATURES, sample, FEATURES);
        if (s > 0)
            assert_memory_not_equal(drawn + s * FEATURES, drawn, FEATURES * sizeof *drawn);
    }
    expect_zeros(drawn, SAMPLES * FEATURES, 0.3);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* The draw belongs to the seed and the number of the pass. */
static void dropout_is_reproducible(void **state)
{
    seqecho_graph *const graph = dropout_graph(0.3F, false);
    seqecho_trainer *const a = seeded(graph, 1, 1), *const b = seeded(graph, 1, 3);
    seqecho_trainer *const c = seeded(graph, 2, 1);

    (void)state;
    must(seqecho_trainer_forward(a, &ones_view, dropped[0], N));
    must(seqecho_trainer_forward(b, &ones_view, dropped[1], N));
    must(seqecho_trainer_forward(c, &ones_view, dropped[2], N));
    assert_same_bits(dropped[1], dropped[0], N);
    assert_memory_not_equal(dropped[2], dropped[0], sizeof dropped[0]);
    must(seqecho_trainer_predict(a, &ones_view, dropped[3], N)); /* counts as no pass */
    must(seqecho_trainer_forward(a, &ones_view, dropped[2], N));
    must(seqecho_trainer_forward(b, &ones_view, dropped[3], N));
    assert_same_bits(dropped[3], dropped[2], N);
    assert_memory_not_equal(dropped[2], dropped[0], sizeof dropped[0]);
    seqecho_trainer_destroy(a);
    seqecho_trainer_destroy(b);
    seqecho_trainer_destroy(c);
    seqecho_graph_destroy(graph);
}

/* Two layers of the same rate draw differently. */
static void dropouts_are_independent(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    static float out[2 * N];
    seqecho_trainer *trainer;
    size_t both = 0;

    (void)state;
    must(seqecho_graph_output(graph, apply(graph, SEQECHO_DROPOUT(0.5F), x)));
    must(seqecho_graph_output(graph, apply(graph, SEQECHO_DROPOUT(0.5F), x)));
    trainer = seeded(graph, 1, 1);
    must(seqecho_trainer_forward(trainer, &ones_view, out, 2 * N));
    for (size_t i = 0; i < N; i++)
        both += out[i] == 0.0F && out[N + i] == 0.0F;
    assert_close_double((double)both, 0.25 * N, 0, 5.0 * sqrt(0.25 * 0.75 * N));
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void dropout_is_off(void **state)
{
    seqecho_graph *const graph = dropout_graph(0.5F, false);
    seqecho_trainer *trainer;
    seqecho_predictor *p;
    seqecho_report report = SEQECHO_REPORT_INIT;

    (void)state;
    must(seqecho_trainer_create(&trainer, graph,
                                SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)));
    must(seqecho_predictor_create(&p, graph, NULL));
    must(seqecho_predictor_run(p, &ones_view, dropped[0], N));
    assert_same_bits(dropped[0], ones, N);
    must(seqecho_trainer_predict(trainer, &ones_view, dropped[0], N));
    assert_same_bits(dropped[0], ones, N);
    must(seqecho_trainer_evaluate(trainer, &ones_view, &ones_view, NULL, &report));
    assert_true(report.loss == 0.0);
    must(seqecho_trainer_forward(trainer, &ones_view, dropped[0], N));
    expect_zeros(dropped[0], N, 0.5);
    seqecho_predictor_destroy(p);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Embedding ---------------------------------------------------------------------- */

enum { BATCH = 5, LONG = 7, CLASSES = 6, WIDTH = 3, ROWS = BATCH * LONG };

typedef struct answer {
    float out[ROWS * WIDTH], gradient[CLASSES * WIDTH];
} answer;

/* One pass of an embedding, and a probe that leaves what is there. */
static void embed(const seqecho_view *x, bool lengths, bool mask_zero, answer *a)
{
    static float dy[ROWS * WIDTH];
    const seqecho_view back = { dy, { BATCH, LONG, WIDTH }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *const graph = new_graph();
    seqecho_node *node = seqecho_graph_input(
        graph, SEQECHO_INPUT(.dim = { LONG, CLASSES }, .lengths = lengths));
    seqecho_trainer *trainer;

    models_fill(dy, ROWS * WIDTH, 3);
    node = apply(graph,
                 SEQECHO_EMBEDDING(.output_dim = WIDTH, .mask_zero = mask_zero,
                                   .input_dim = CLASSES),
                 node);
    if (mask_zero)
        node = apply(graph, SEQECHO_MASKING(12345.0F), node);
    must(seqecho_graph_output(graph, node));
    trainer = seeded(graph, 1, 1);
    must(seqecho_trainer_forward(trainer, x, a->out, ROWS * WIDTH));
    must(seqecho_trainer_backward(trainer, &back, NULL, 0));
    must(seqecho_trainer_gradient_get(trainer, "embedding/embeddings", a->gradient,
                                      CLASSES * WIDTH));
    if (!lengths && !mask_zero) { /* by hand */
        float table[CLASSES * WIDTH];

        must(seqecho_graph_weight_get(graph, "embedding/embeddings", table,
                                      CLASSES * WIDTH));
        for (size_t i = 0; i < CLASSES * WIDTH; i++)
            assert_true(fabsf(table[i]) <= 0.05F && table[i] != 0.0F);
        for (size_t r = 0; x->dtype == SEQECHO_INT32 && r < ROWS; r++)
            assert_same_bits(a->out + r * WIDTH,
                             table + ((const int32_t *)x->data)[r] * WIDTH, WIDTH);
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* Class numbers and one-hot rows are the same, masks and lengths included. */
static void classes_are_one_hot_rows(void **state)
{
    static const int32_t lengths[BATCH] = { 7, 3, 0, 1, 6 };
    static float rows[ROWS * CLASSES];
    int32_t classes[ROWS];
    static answer a, b;

    (void)state;
    for (int32_t i = 0; i < ROWS; i++)
        classes[i] = i * i % CLASSES;
    must(seqecho_one_hot_encode(classes, ROWS, CLASSES, rows));
    for (int options = 0; options < 4; options++) {
        const seqecho_view numbers[] = { { classes, { BATCH, LONG }, 2, SEQECHO_INT32 },
                                         { lengths, { BATCH }, 1, SEQECHO_INT32 } };
        const seqecho_view floats[] = {
            { rows, { BATCH, LONG, CLASSES }, 3, SEQECHO_FLOAT32 }, numbers[1]
        };
        const bool cut = options & 1, mask_zero = options & 2;

        embed(numbers, cut, mask_zero, &a);
        embed(floats, cut, mask_zero, &b);
        assert_same_bits(a.out, b.out, ROWS * WIDTH);
        assert_close(a.gradient, b.gradient, CLASSES * WIDTH, 0, 0);
        for (int32_t i = 0; i < ROWS * WIDTH; i++) {
            const int32_t r = i / WIDTH;
            const bool missing =
                (cut && r % LONG >= lengths[r / LONG]) || (mask_zero && classes[r] == 0);

            assert_true((a.out[i] == 0.0F) == missing);
        }
    }
}

/* A row that is not one-hot is not class 0; three axes: a step is missing if all are 0. */
static void mask_zero_of_other_rows(void **state)
{
    static const int32_t classes[2 * 2 * 2] = { 0, 0, 0, 1, 2, 0, 0, 0 };
    static float rows[4 * 3] = { 1, 0, 0, 1, 0, 0.5F, 2, 0, 0, 0, 0, 0 };
    const seqecho_view number_view = { classes, { 2, 2, 2 }, 3, SEQECHO_INT32 };
    const seqecho_view float_view = { rows, { 2, 2, 3 }, 3, SEQECHO_FLOAT32 };

    (void)state;
    for (int deep = 0; deep < 2; deep++) {
        static const bool there[2][4] = { { false, true, true, false },
                                          { false, true, true, false } };
        seqecho_graph *const graph = new_graph();
        seqecho_node *node =
            deep ? seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 2, 2, 3 }))
                 : seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 2, 3 }));
        const size_t part = deep ? 2 : 1;
        float out[8];
        seqecho_predictor *p;

        node = apply(graph,
                     SEQECHO_EMBEDDING(.output_dim = 1, .mask_zero = true,
                                       .embeddings_init = SEQECHO_INIT_ONES),
                     node);
        must(seqecho_graph_output(graph, apply(graph, SEQECHO_MASKING(12345.0F), node)));
        must(seqecho_predictor_create(&p, graph, NULL));
        must(seqecho_predictor_run(p, deep ? &number_view : &float_view, out, 4 * part));
        for (size_t i = 0; i < 4 * part; i++)
            assert_true((out[i] != 0.0F) == there[deep][i / part]);
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(graph);
    }
}

/* ---- One time step at a time -------------------------------------------------------- */

static void steps_are_a_run(void **state)
{
    enum { T = 6, F = 4 };
    const float rows[T * F] = { 0.5F, -1.0F, 2.0F,  0.25F, 7.0F, 7.0F, 7.0F, 7.0F,
                                1.0F, 0.0F,  0.0F,  0.0F,  0.0F, 1.0F, 0.0F, 0.0F,
                                7.0F, 7.0F,  -7.0F, 7.0F,  3.0F, 2.0F, 1.0F, -5.0F };
    const seqecho_view view = { rows, { 1, T, F }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { T, F }));
    seqecho_node *in[4];
    float out[T * 3 * F], step[3 * F], zeros[3 * F] = { 0.0F };
    seqecho_predictor *p;

    (void)state;
    in[0] = apply(graph, SEQECHO_MASKING(7.0F), x);
    in[1] = apply(graph, SEQECHO_LAYER_NORMALIZATION(.no_center = false), in[0]);
    in[2] = apply(graph, SEQECHO_EMBEDDING(.output_dim = F), x);
    in[3] = apply(graph, SEQECHO_DROPOUT(0.5F), x);
    in[2] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_AVERAGE), in + 2, 2);
    in[1] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_ADD), in + 1, 2);
    in[0] = seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_MULTIPLY),
                                 (seqecho_node *[]){ x, in[0] }, 2);
    in[2] = in[0];
    in[0] = seqecho_layer_call_n(
        seqecho_layer_create(graph, SEQECHO_CONCATENATE(.axis = 2)), in, 3);
    in[0] = apply(graph, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), in[0]);
    must(seqecho_graph_output(graph, apply(graph, SEQECHO_MASKING(12345.0F), in[0])));
    must(seqecho_predictor_create(&p, graph, NULL));
    must(seqecho_predictor_run(p, &view, out, T * 3 * F));
    for (size_t t = 0; t < T; t++) {
        must(seqecho_predictor_step(p, rows + t * F, step));
        assert_same_bits(step, out + t * 3 * F, 3 * F);
        assert_true((memcmp(step, zeros, sizeof zeros) == 0) == (t == 1));
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

static void embedding_steps(void **state)
{
    static const int32_t classes[4] = { 2, 0, 1, 2 };
    const seqecho_view view = { classes, { 1, 4 }, 2, SEQECHO_INT32 };
    seqecho_graph *const graph = new_graph();
    seqecho_node *x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    float out[4 * 2], step[2];
    seqecho_predictor *p;

    (void)state;
    x = apply(graph, SEQECHO_EMBEDDING(.output_dim = 2, .mask_zero = true), x);
    must(seqecho_graph_output(graph, apply(graph, SEQECHO_MASKING(12345.0F), x)));
    must(seqecho_predictor_create(&p, graph, NULL));
    must(seqecho_predictor_run(p, &view, out, 8));
    for (size_t t = 0; t < 4; t++) {
        must(seqecho_predictor_step_classes(p, classes + t, step));
        assert_same_bits(step, out + t * 2, 2);
        assert_true((step[0] == 0.0F) == (classes[t] == 0));
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* What needs more than its own step says so. */
static void what_cannot_be_stepped(void **state)
{
    const seqecho_spec *const specs[] = { SEQECHO_ATTENTION(.causal = true),
                                          SEQECHO_ADDITIVE_ATTENTION(.causal = true),
                                          SEQECHO_CONCATENATE(.axis = 1) };
    const char *const texts[] = {
        "predictor_step: attention (Attention) cannot be run one time step at a time",
        ("predictor_step: additive_attention (AdditiveAttention) cannot be run one time "
         "step at a time"),
        "predictor_step: concatenate (Concatenate) cannot be run one time step at a time"
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        seqecho_graph *const graph = new_graph();
        seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
        float out[6] = { 0 };
        seqecho_predictor *p;

        must(seqecho_graph_output(
            graph, seqecho_layer_call_n(seqecho_layer_create(graph, specs[i]),
                                        (seqecho_node *[]){ x, x }, 2)));
        must(seqecho_predictor_create(&p, graph, NULL));
        assert_refused(seqecho_predictor_step(p, out, out + 3), SEQECHO_ENOTSUP, texts[i]);
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(graph);
    }
}

/* ---- Initial weights ---------------------------------------------------------------- */

static void initial_scales(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const x = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 4, 50 }));
    float one, scale[50], largest = 0.0F;

    (void)state;
    for (int i = 0; i < 2; i++)
        must(seqecho_graph_output(
            graph, seqecho_layer_call_n(
                       seqecho_layer_create(graph, i ? SEQECHO_ATTENTION(.use_scale = true)
                                                     : SEQECHO_ADDITIVE_ATTENTION(0)),
                       (seqecho_node *[]){ x, x }, 2)));
    must(seqecho_graph_weight_get(graph, "attention/scale", &one, 1));
    assert_true(one == 1.0F);
    must(seqecho_graph_weight_get(graph, "additive_attention/scale", scale, 50));
    for (size_t i = 0; i < 50; i++)
        largest = fabsf(scale[i]) > largest ? fabsf(scale[i]) : largest;
    assert_true(largest <= sqrtf(6.0F / 100.0F) && largest > 0.2F);
    seqecho_graph_destroy(graph);
}

/* ---- Messages ----------------------------------------------------------------------- */

typedef int64_t shape[3];

/* Inputs of these shapes into one layer: refused with this. */
static void refuse(const seqecho_spec *spec, const shape *in, size_t n, int code,
                   const char *text)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *nodes[9];
    seqecho_layer *layer;

    for (size_t i = 0; i < n; i++)
        nodes[i] = seqecho_graph_input(
            graph, SEQECHO_INPUT(.dim = { in[i][0], in[i][1], in[i][2] }));
    layer = seqecho_layer_create(graph, spec);
    if (layer != NULL)
        assert_null(seqecho_layer_call_n(layer, nodes, n));
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

#define REFUSE(SPEC, CODE, TEXT, ...) \
    refuse(SPEC, (const shape[]){ __VA_ARGS__ }, \
           sizeof((const shape[]){ __VA_ARGS__ }) / sizeof(shape), CODE, TEXT)

static void messages_of_one_input(void **state)
{
    const seqecho_masking_spec masking = {
        { sizeof masking, SEQECHO_KIND_MASKING, 0 }, "m", 0.0F, 1
    };
    const seqecho_dropout_spec dropout = {
        { sizeof dropout, SEQECHO_KIND_DROPOUT, 0 }, "d", 0.5F, 1, { 0 }
    };
    seqecho_dropout_spec reserved = dropout;

    (void)state;
    reserved.reserved[1] = 1;
    REFUSE(SEQECHO_MASKING(0.0F), SEQECHO_ESHAPE,
           "masking: expected input (batch, timesteps, ...), found (any, 3)", { 3 });
    REFUSE(&masking.head, SEQECHO_ENOTSUP,
           "m: a reserved field is set, but this library knows only 0", { 3, 2 });
    REFUSE(&reserved.head, SEQECHO_ENOTSUP,
           "d: a reserved field is set, but this library knows only 0", { 3, 2 });
    REFUSE(&dropout.head, SEQECHO_ESHAPE,
           "d: noise_shared_over_time expects input (batch, timesteps, ...), found "
           "(any, 3)",
           { 3 });
    REFUSE(SEQECHO_DROPOUT(1.5F), SEQECHO_EINVAL, "dropout: rate is 1.5, expected 0 to 1",
           { 3 });
    REFUSE(SEQECHO_DROPOUT(-0.5F), SEQECHO_EINVAL, "dropout: rate is -0.5, expected 0 to 1",
           { 3 });
    REFUSE(SEQECHO_DROPOUT(NAN), SEQECHO_EINVAL, "dropout: rate is nan, expected 0 to 1",
           { 3 });
    REFUSE(SEQECHO_EMBEDDING(.input_dim = 5), SEQECHO_EINVAL,
           "embedding: output_dim is 0, expected 1 or more", { 3, 5 });
    REFUSE(SEQECHO_EMBEDDING(.input_dim = -1, .output_dim = 2), SEQECHO_EINVAL,
           "embedding: input_dim is -1, expected 0 or more", { 3, 5 });
    REFUSE(SEQECHO_EMBEDDING(.input_dim = 4, .output_dim = 2), SEQECHO_ESHAPE,
           "embedding: input_dim is 4, but the input (any, 3, 5) has 5 features", { 3, 5 });
    REFUSE(SEQECHO_EMBEDDING(.output_dim = 2, .mask_zero = true), SEQECHO_ESHAPE,
           "embedding: mask_zero expects input (batch, timesteps, ...), found (any, 5)",
           { 5 });
    REFUSE(SEQECHO_EMBEDDING(.output_dim = 2, .embeddings_init = (seqecho_init)99),
           SEQECHO_ENOTSUP, "embedding: initialiser 99 is unknown to this library", { 5 });
    REFUSE(SEQECHO_LAYER_NORMALIZATION(.epsilon = -1.0F), SEQECHO_EINVAL,
           "layer_normalization: epsilon is -1, expected 0 or more", { 5 });
    REFUSE(SEQECHO_LAYER_NORMALIZATION(.epsilon = INFINITY), SEQECHO_EINVAL,
           "layer_normalization: epsilon is inf, expected 0 or more", { 5 });
}

static void messages_of_merging(void **state)
{
    (void)state;
    REFUSE(SEQECHO_ADD, SEQECHO_EINVAL, "add: expected 2 to 8 inputs, found 1", { 3, 2 });
    REFUSE(SEQECHO_ADD, SEQECHO_EINVAL, "add: expected 2 to 8 inputs, found 9", { 2 },
           { 2 }, { 2 }, { 2 }, { 2 }, { 2 }, { 2 }, { 2 }, { 2 });
    REFUSE(SEQECHO_MULTIPLY, SEQECHO_ESHAPE,
           "multiply: expected inputs of one shape, found (any, 3, 2) and, input 2, "
           "(any, 3)",
           { 3, 2 }, { 3, 2 }, { 3 });
    REFUSE(SEQECHO_AVERAGE, SEQECHO_ESHAPE,
           "average: expected inputs of one shape, found (any, 3, 2) and, input 1, "
           "(any, 3, 4)",
           { 3, 2 }, { 3, 4 });
    REFUSE(SEQECHO_CONCATENATE(.axis = 4), SEQECHO_EINVAL,
           "concatenate: axis is 4, expected 0 to 3", { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_CONCATENATE(.axis = -1), SEQECHO_EINVAL,
           "concatenate: axis is -1, expected 0 to 3", { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_CONCATENATE(.axis = 3), SEQECHO_ESHAPE,
           "concatenate: axis is 3, but the first input is (any, 3, 2)", { 3, 2 },
           { 3, 2 });
    REFUSE(SEQECHO_CONCATENATE(.axis = 1), SEQECHO_ESHAPE,
           "concatenate: expected inputs equal but for axis 1, found (any, 3, 2) and, "
           "input 1, (any, 3, 4)",
           { 3, 2 }, { 3, 4 });
    REFUSE(SEQECHO_CONCATENATE(.name = "c"), SEQECHO_ESHAPE,
           "c: expected inputs equal but for axis 2, found (any, 3, 2) and, input 1, "
           "(any, 2)",
           { 3, 2 }, { 2 });
}

/* Eight times as long again and again, until it does not fit. */
static void too_long_an_axis(void **state)
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *x =
        seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { INT64_C(1) << 31 }));

    (void)state;
    for (int i = 0; i < 9; i++)
        x = seqecho_layer_call_n(
            seqecho_layer_create(graph, SEQECHO_CONCATENATE(.axis = 1)),
            (seqecho_node *[]){ x, x, x, x, x, x, x, x }, 8);
    assert_non_null(x);
    for (int i = 0; i < 2; i++)
        x = seqecho_layer_call_n(
            seqecho_layer_create(graph, SEQECHO_CONCATENATE(.axis = 1)),
            (seqecho_node *[]){ x, x }, 2);
    assert_non_null(x);
    assert_null(
        seqecho_layer_call_n(seqecho_layer_create(graph, SEQECHO_CONCATENATE(.name = "c")),
                             (seqecho_node *[]){ x, x, x, x, x, x, x, x }, 8));
    assert_refused(seqecho_graph_status(graph), SEQECHO_ENOMEM,
                   "c: axis 1 of all inputs together does not fit the address space");
    seqecho_graph_destroy(graph);
}

static void messages_of_attention(void **state)
{
    (void)state;
    REFUSE(SEQECHO_ATTENTION(.dropout = 1.0F), SEQECHO_EINVAL,
           "attention: dropout is 1, expected 0 to below 1", { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.dropout = NAN), SEQECHO_EINVAL,
           "attention: dropout is nan, expected 0 to below 1", { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.no_scale = true), SEQECHO_EINVAL,
           "attention: no_scale is AdditiveAttention's; Attention has no scale unless "
           "use_scale is set",
           { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_ADDITIVE_ATTENTION(.use_scale = true), SEQECHO_EINVAL,
           "additive_attention: use_scale and scaled are Attention's; AdditiveAttention "
           "has a scale unless no_scale is set",
           { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_ADDITIVE_ATTENTION(.scaled = true), SEQECHO_EINVAL,
           "additive_attention: use_scale and scaled are Attention's; AdditiveAttention "
           "has a scale unless no_scale is set",
           { 3, 2 }, { 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.name = "a"), SEQECHO_EINVAL,
           "a: expected 2 to 3 inputs, found 1", { 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.name = "a"), SEQECHO_ESHAPE,
           "a: expected query (batch, timesteps, features), found (any, 2)", { 2 },
           { 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.name = "a"), SEQECHO_ESHAPE,
           "a: expected key (batch, timesteps, features), found (any, 4, 3, 2)", { 3, 2 },
           { 3, 2 }, { 4, 3, 2 });
    REFUSE(SEQECHO_ATTENTION(.name = "a"), SEQECHO_ESHAPE,
           "a: expected query and value of equal features, found (any, 3, 2) and "
           "(any, 3, 4)",
           { 3, 2 }, { 3, 4 });
    REFUSE(SEQECHO_ADDITIVE_ATTENTION(.name = "a"), SEQECHO_ESHAPE,
           "a: expected query and key of equal features, found (any, 3, 2) and "
           "(any, 3, 4)",
           { 3, 2 }, { 3, 2 }, { 3, 4 });
    REFUSE(SEQECHO_ATTENTION(.name = "a"), SEQECHO_ESHAPE,
           "a: expected value and key of equal timesteps, found (any, 3, 7) and "
           "(any, 5, 2)",
           { 4, 2 }, { 3, 7 }, { 5, 2 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_drops),
        cmocka_unit_test(dropout_shared_over_time),
        cmocka_unit_test(dropout_is_reproducible),
        cmocka_unit_test(dropouts_are_independent),
        cmocka_unit_test(dropout_is_off),
        cmocka_unit_test(classes_are_one_hot_rows),
        cmocka_unit_test(mask_zero_of_other_rows),
        cmocka_unit_test(steps_are_a_run),
        cmocka_unit_test(embedding_steps),
        cmocka_unit_test(what_cannot_be_stepped),
        cmocka_unit_test(initial_scales),
        cmocka_unit_test(messages_of_one_input),
        cmocka_unit_test(messages_of_merging),
        cmocka_unit_test(too_long_an_axis),
        cmocka_unit_test(messages_of_attention),
    };

    return cmocka_run_group_tests(tests, fill_ones, NULL);
}
