/* test_attention.c - Attention, AdditiveAttention: values, masks, gradients, threads.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "gradcheck.h"
#include "slopes.h"

enum { ADDITIVE = 1, CAUSAL = 2, SCALE = 4, SCALED = 8, OWN_KEY = 16, MASKED = 32 };
enum { OPTIONS = 64 };

/* Sizes of one call. */
typedef struct sizes {
    int64_t batch, tq, tv, d, v;
} sizes;

/* A description of these options. */
static seqecho_attention_spec describe(int options, float dropout)
{
    const bool additive = options & ADDITIVE;

    return (seqecho_attention_spec){
        .head = { sizeof(seqecho_attention_spec),
                  additive ? SEQECHO_KIND_ADDITIVE_ATTENTION : SEQECHO_KIND_ATTENTION, 0 },
        .name = "a",
        .dropout = dropout,
        .causal = (options & CAUSAL) != 0,
        .use_scale = !additive && (options & SCALE),
        .scaled = !additive && (options & SCALED),
        .no_scale = additive && !(options & SCALE),
    };
}

/* `scaled` is nothing that AdditiveAttention has. */
static bool possible(int options)
{
    return !(options & ADDITIVE) || !(options & SCALED);
}

/* ---- Values ------------------------------------------------------------------------- */

enum { LARGEST = 4 * 12 * 12 };

typedef struct arrays {
    float query[LARGEST], value[LARGEST], key[LARGEST], scale[16];
    int32_t lengths[8];
} arrays;

static double score_of(int options, const sizes *z, const float *q, const float *k,
                       const float *scale)
{
    double sum = 0.0;

    for (int64_t c = 0; c < z->d; c++)
        if (options & ADDITIVE)
            sum += tanh((double)q[c] + (double)k[c]) *
                   (options & SCALE ? (double)scale[c] : 1.0);
        else
            sum += (double)q[c] * (double)k[c];
    if (options & ADDITIVE)
        return sum;
    return sum * (options & SCALE ? (double)scale[0] : 1.0) /
           (options & SCALED ? sqrt((double)z->d) : 1.0);
}

/* One row of the output, from a row of query and a sample's value and key. */
static void attend(int options, const sizes *z, int64_t i, int64_t steps, const float *q,
                   const float *value, const float *key, const float *scale, float *y)
{
    double weight[16], largest = -1e9, sum = 0.0;
    const int64_t seen = options & CAUSAL && i + 1 < steps ? i + 1 : steps;

    for (int64_t j = 0; j < seen; j++) {
        weight[j] = score_of(options, z, q, key + j * z->d, scale);
        largest = weight[j] > largest ? weight[j] : largest;
    }
    for (int64_t j = 0; j < seen; j++)
        sum += weight[j] = exp(weight[j] - largest);
    for (int64_t c = 0; c < z->v; c++) {
        double to = 0.0;

        for (int64_t j = 0; j < seen; j++)
            to += weight[j] / sum * (double)value[j * z->v + c];
        y[c] = (float)to;
    }
}

static void expect(int options, const sizes *z, const arrays *a, float *y)
{
    for (int64_t b = 0; b < z->batch; b++) {
        const float *const value = a->value + b * z->tv * z->v;
        const float *const key = options & OWN_KEY ? a->key + b * z->tv * z->d : value;

        for (int64_t i = 0; i < z->tq; i++)
            attend(options, z, i, options & MASKED ? a->lengths[b] : z->tv,
                   a->query + (b * z->tq + i) * z->d, value, key, a->scale,
                   y + (b * z->tq + i) * z->v);
    }
}

/* The graph; its views of `a` follow the order of query, value (and lengths), key. */
static seqecho_node *build(gradcheck_model *m, int options, const sizes *z, float dropout,
                           const arrays *a, seqecho_view *views)
{
    const seqecho_attention_spec spec = describe(options, dropout);
    seqecho_node *in[3];
    size_t n = 0;

    in[0] = seqecho_graph_input(m->graph, SEQECHO_INPUT(.dim = { z->tq, z->d }));
    in[1] =
        seqecho_graph_input(m->graph, SEQECHO_INPUT(.dim = { z->tv, z->v },
                                                    .lengths = (options & MASKED) != 0));
    views[n++] = (seqecho_view){ a->query, { z->batch, z->tq, z->d }, 3, SEQECHO_FLOAT32 };
    views[n++] = (seqecho_view){ a->value, { z->batch, z->tv, z->v }, 3, SEQECHO_FLOAT32 };
    if (options & MASKED)
        views[n++] = (seqecho_view){ a->lengths, { z->batch }, 1, SEQECHO_INT32 };
    if (options & OWN_KEY) {
        in[2] = seqecho_graph_input(m->graph, SEQECHO_INPUT(.dim = { z->tv, z->d }));
        views[n++] =
            (seqecho_view){ a->key, { z->batch, z->tv, z->d }, 3, SEQECHO_FLOAT32 };
    }
    return seqecho_layer_call_n(seqecho_layer_create(m->graph, &spec.head), in,
                                options & OWN_KEY ? 3 : 2);
}

static void fill(arrays *a, const sizes *z)
{
    for (size_t i = 0; i < LARGEST; i++) {
        a->query[i] = gradcheck_random();
        a->value[i] = gradcheck_random();
        a->key[i] = gradcheck_random();
    }
    for (int64_t b = 0; b < z->batch; b++) /* one sample whole, one with nothing */
        a->lengths[b] = (int32_t)(b == 1 ? 0 : z->tv - b);
}

static void values(void **state)
{
    static const sizes some[] = { { 1, 1, 1, 1, 1 },
                                  { 3, 4, 6, 5, 7 },
                                  { 4, 9, 3, 12, 2 } };
    static arrays a;

    (void)state;
    for (int options = 0; options < OPTIONS; options++)
        for (size_t s = 0; possible(options) && s < sizeof some / sizeof *some; s++) {
            sizes z = some[s];
            const size_t n = (size_t)(z.batch * z.tq * z.v);
            float out[LARGEST], want[LARGEST];
            seqecho_view views[4];
            gradcheck_model m = gradcheck_begin();
            seqecho_predictor *p;

            if (!(options & OWN_KEY))
                z.v = z.d;
            fill(&a, &z);
            gradcheck_output(&m, build(&m, options, &z, 0.5F, &a, views));
            gradcheck_fill_weights(m.graph, false);
            if (options & SCALE)
                assert_int_equal(
                    seqecho_graph_weight_get(m.graph, "a/scale", a.scale,
                                             options & ADDITIVE ? (size_t)z.d : 1),
                    0);
            else
                assert_int_equal(seqecho_graph_weight_count(m.graph), 0);
            assert_int_equal(seqecho_predictor_create(&p, m.graph, NULL), 0);
            assert_int_equal(
                seqecho_predictor_run(p, views, out, (size_t)(z.batch * z.tq * z.v)), 0);
            expect(options, &z, &a, want);
            assert_close(out, want, (size_t)(z.batch * z.tq * z.v), 1e-5, 2e-6);
            assert_true(n <= LARGEST);
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(m.graph);
        }
}

/* Zeros, not something beside zeros, where nothing can be attended to. */
static void nothing_to_attend_to(void **state)
{
    const sizes z = { 2, 3, 4, 2, 2 };
    static arrays a;

    (void)state;
    fill(&a, &z);
    for (int options = MASKED; options <= (MASKED | CAUSAL | ADDITIVE); options++) {
        gradcheck_model m = gradcheck_begin();
        float out[12];
        seqecho_view views[4];
        seqecho_predictor *p;

        gradcheck_output(&m, build(&m, options, &z, 0.0F, &a, views));
        assert_int_equal(seqecho_predictor_create(&p, m.graph, NULL), 0);
        assert_int_equal(seqecho_predictor_run(p, views, out, 12), 0);
        for (size_t i = 0; i < 12; i++)
            assert_true((out[i] == 0.0F) == (i >= 6));
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(m.graph);
    }
}

/* Missing steps of query give zeros, and its mask is handed on; that of value is not. */
static void mask_of_query(void **state)
{
    static float x[2 * 3 * 2];
    static const int32_t query[2] = { 2, 0 }, value[2] = { 3, 1 };
    const seqecho_view views[] = { { x, { 2, 3, 2 }, 3, SEQECHO_FLOAT32 },
                                   { query, { 2 }, 1, SEQECHO_INT32 },
                                   { x, { 2, 3, 2 }, 3, SEQECHO_FLOAT32 },
                                   { value, { 2 }, 1, SEQECHO_INT32 } };

    (void)state;
    for (size_t i = 0; i < 12; i++)
        x[i] = 1.0F + (float)i;
    for (int i = 0; i < 4; i++) {
        const seqecho_attention_spec spec = describe(i / 2, 0.0F);
        gradcheck_model m = gradcheck_begin();
        seqecho_node *in[2];
        float out[12];
        seqecho_predictor *p;

        for (int k = 0; k < 2; k++)
            in[k] = seqecho_graph_input(m.graph,
                                        SEQECHO_INPUT(.dim = { 3, 2 }, .lengths = true));
        in[0] = seqecho_layer_call_n(seqecho_layer_create(m.graph, &spec.head), in, 2);
        if (i % 2 == 1) /* zeros where the mask says so */
            in[0] = gradcheck_apply(&m,
                                    SEQECHO_LSTM(.units = 2,
                                                 .masked_output = SEQECHO_MASKED_ZERO,
                                                 .return_sequences = true),
                                    in[0]);
        gradcheck_output(&m, in[0]);
        assert_int_equal(seqecho_predictor_create(&p, m.graph, NULL), 0);
        assert_int_equal(seqecho_predictor_run(p, views, out, 12), 0);
        for (size_t k = 0; k < 12; k++)
            assert_true((out[k] != 0.0F) == ((int32_t)(k / 2 % 3) < query[k / 6]));
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(m.graph);
    }
}

/* ---- Gradients ---------------------------------------------------------------------- */

/* Every option, with masks, and with dropout, which draws the same each time. */
static void gradients(void **state)
{
    static arrays a;

    (void)state;
    for (int options = 0; options < OPTIONS; options++)
        for (int drop = 0; possible(options) && drop < 2; drop++) {
            const sizes z = { 3, 4, 3, 3, options & OWN_KEY ? 2 : 3 };
            gradcheck_model m = gradcheck_begin();
            char name[64];
            slopes s = { .name = name,
                         .graph = m.graph,
                         .input = { a.query, a.value, a.key },
                         .size = { 36, (size_t)(9 * z.v), 27 },
                         .n_input = options & OWN_KEY ? 3 : 2,
                         .marker = 12345.0F };
            seqecho_node *const node = build(&m, options, &z, drop ? 0.4F : 0.0F, &a, s.x);

            snprintf(name, sizeof name, "options %d, drop %d", options, drop);
            fill(&a, &z);
            gradcheck_output(&m, node);
            gradcheck_fill_weights(m.graph, false);
            slopes_check(&s, node, z.batch);
        }
}

/* Self-attention: one node is query, value and key; and only some gradients wanted. */
static void gradients_of_one_node(void **state)
{
    (void)state;
    for (int options = 0; options < MASKED; options++) {
        seqecho_attention_spec spec = describe(options, 0.0F);
        gradcheck_model m = gradcheck_begin();
        seqecho_node *x = gradcheck_input(&m, 0, 4, 3, 0);

        if (!possible(options)) {
            seqecho_graph_destroy(m.graph);
            continue;
        }
        x = gradcheck_apply(&m, SEQECHO_DENSE(.units = 3, .activation = SEQECHO_TANH), x);
        gradcheck_output(&m, seqecho_layer_call_n(seqecho_layer_create(m.graph, &spec.head),
                                                  (seqecho_node *[]){ x, x, x },
                                                  options & OWN_KEY ? 3 : 2));
        gradcheck_run(&m, &(const gradcheck_options){ .name = "self-attention" });
    }
}

/* Class numbers have no gradient, whichever input they are. */
static void gradients_of_some_inputs(void **state)
{
    static const int32_t classes[2 * 3] = { 0, 2, 1, 1, 1, 0 };
    static float numbers[2 * 3 * 3];

    (void)state;
    for (int options = 0; options < OPTIONS; options++)
        for (size_t which = 0; possible(options) && !(options & MASKED) && which < 3;
             which++) {
            const size_t n_in = options & OWN_KEY ? 3 : 2;
            const seqecho_attention_spec spec = describe(options, 0.0F);
            gradcheck_model m = gradcheck_begin();
            slopes s = { .name = "some inputs",
                         .graph = m.graph,
                         .input = { numbers },
                         .size = { 18 },
                         .n_input = 1,
                         .marker = 12345.0F };
            seqecho_node *in[3], *node;

            for (size_t i = 0; i < 18; i++)
                numbers[i] = gradcheck_random();
            for (size_t j = 0; j < n_in; j++) {
                in[j] = seqecho_graph_input(m.graph, SEQECHO_INPUT(.dim = { 3, 3 }));
                s.x[j] = which % n_in == j
                             ? (seqecho_view){ numbers, { 2, 3, 3 }, 3, SEQECHO_FLOAT32 }
                             : (seqecho_view){ classes, { 2, 3 }, 2, SEQECHO_INT32 };
            }
            node =
                seqecho_layer_call_n(seqecho_layer_create(m.graph, &spec.head), in, n_in);
            gradcheck_output(&m, node);
            gradcheck_fill_weights(m.graph, false);
            slopes_check(&s, node, 2);
        }
}

/* ---- The same bits ------------------------------------------------------------------ */

enum { BATCH = 6, BIG_T = 56, BIG_D = 18, BIG = BATCH * BIG_T * BIG_D };

typedef struct answer {
    float out[BIG], dx[3 * BIG], scale[BIG_D];
} answer;

/* `batch` samples at a time; gradients of the scale are those of the last batch. */
static void ask(int options, int32_t threads, int64_t batch, float dropout, answer *to)
{
    static float x[3][BIG], dy[BIG];
    static const int32_t lengths[BATCH] = { 56, 3, 0, 40, 1, 55 };
    const seqecho_attention_spec spec = describe(options, dropout);
    const size_t n = (size_t)(batch * BIG_T * BIG_D), n_in = options & OWN_KEY ? 3 : 2;
    gradcheck_model m = gradcheck_begin();
    seqecho_node *in[3];
    seqecho_trainer *t;

    for (size_t j = 0; j < n_in; j++)
        in[j] = seqecho_graph_input(
            m.graph, SEQECHO_INPUT(.dim = { BIG_T, BIG_D }, .lengths = j == 1));
    gradcheck_output(
        &m, seqecho_layer_call_n(seqecho_layer_create(m.graph, &spec.head), in, n_in));
    gradcheck_fill_weights(m.graph, false);
    for (size_t i = 0; i < BIG; i++) {
        for (size_t j = 0; j < 3; j++)
            x[j][i] = gradcheck_random();
        dy[i] = gradcheck_random();
    }
    assert_int_equal(
        seqecho_trainer_create(&t, m.graph, SEQECHO_TRAINER(.threads = threads, .seed = 3)),
        0);
    for (int64_t first = 0; first < BATCH; first += batch) {
        const int64_t at = first * BIG_T * BIG_D;
        const seqecho_view back = { dy + at, { batch, BIG_T, BIG_D }, 3, SEQECHO_FLOAT32 };
        const seqecho_view views[4] = {
            { x[0] + at, { batch, BIG_T, BIG_D }, 3, SEQECHO_FLOAT32 },
            { x[1] + at, { batch, BIG_T, BIG_D }, 3, SEQECHO_FLOAT32 },
            { lengths + first, { batch }, 1, SEQECHO_INT32 },
            { x[2] + at, { batch, BIG_T, BIG_D }, 3, SEQECHO_FLOAT32 },
        };
        static float dx[3 * BIG];

        assert_int_equal(seqecho_trainer_forward(t, views, to->out + at, n), 0);
        assert_int_equal(seqecho_trainer_backward(t, &back, dx, n_in * n), 0);
        for (size_t j = 0; j < n_in; j++)
            memcpy(to->dx + j * BIG + at, dx + j * n, n * sizeof *dx);
    }
    if (options & SCALE)
        assert_int_equal(seqecho_trainer_gradient_get(t, "a/scale", to->scale,
                                                      options & ADDITIVE ? BIG_D : 1),
                         0);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(m.graph);
}

/* Whether threads share the samples (1, 3 of them), the products of a sample (8, more than
 * samples), and whether samples come together. */
static void same_bits(void **state)
{
    static answer one, other;

    (void)state;
    for (int options = 0; options < MASKED; options += 3) {
        const float dropout = options & CAUSAL ? 0.3F : 0.0F;
        const size_t n_in = options & OWN_KEY ? 3 : 2;

        if (!possible(options))
            continue;
        memset(&one, 0, sizeof one);
        ask(options, 1, BATCH, dropout, &one);
        for (int32_t threads = 3; threads <= 8; threads += 5) {
            memset(&other, 0, sizeof other);
            ask(options, threads, BATCH, dropout, &other);
            assert_same_bits(other.out, one.out, BIG);
            assert_same_bits(other.dx, one.dx, n_in * BIG);
            assert_same_bits(other.scale, one.scale, BIG_D);
        }
        if (dropout > 0.0F)
            continue; /* drawn batch by batch */
        ask(options, 1, 2, dropout, &other);
        assert_same_bits(other.out, one.out, BIG);
        assert_same_bits(other.dx, one.dx, n_in * BIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(nothing_to_attend_to),
        cmocka_unit_test(mask_of_query),
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_of_one_node),
        cmocka_unit_test(gradients_of_some_inputs),
        cmocka_unit_test(same_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
