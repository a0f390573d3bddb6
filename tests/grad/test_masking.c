/* test_masking.c - Masking, and dropout: values, masks and gradients.
 * SPDX-License-Identifier: MIT
 *
 * A Masking whose value no step has shows the mask that comes to it: it leaves what is
 * there and makes zeros of what is missing. */
#include <stdio.h>

#include "close.h"
#include "gradcheck.h"
#include "slopes.h"

enum { SAMPLES = 6, STEPS = 5, FEATURES = 3, SIZE = SAMPLES * STEPS * FEATURES };

#define NOBODY 12345.0F

/* 1 where a step is there: leading, trailing, inner, all and none missing. */
static const uint8_t there[SAMPLES][STEPS] = {
    { 0, 0, 1, 1, 1 }, { 1, 1, 1, 0, 0 }, { 1, 0, 1, 0, 1 },
    { 0, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1 }, { 0, 1, 1, 1, 0 },
};

/* Random numbers, `marker` at missing steps, and one feature of a step that is there. */
static void fill(float *x, float marker)
{
    for (size_t r = 0; r < SAMPLES * STEPS; r++)
        for (size_t i = 0; i < FEATURES; i++)
            x[r * FEATURES + i] =
                there[r / STEPS][r % STEPS] ? gradcheck_random() + 2.0F : marker;
    x[2 * FEATURES + 1] = marker; /* sample 0, step 2 */
}

static void predict(seqecho_graph *graph, const seqecho_view *x, float *out, size_t n)
{
    seqecho_predictor *p;

    if (seqecho_predictor_create(&p, graph, NULL) < 0 ||
        seqecho_predictor_run(p, x, out, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

static void expect_zeros(const float *x, const float *out, float marker)
{
    for (size_t r = 0; r < SAMPLES * STEPS; r++)
        for (size_t i = 0; i < FEATURES; i++) {
            const size_t at = r * FEATURES + i;
            const bool is = there[r / STEPS][r % STEPS];
            const float want = is ? x[at] : 0.0F;

            if (isnan(want) ? !isnan(out[at]) : out[at] != want)
                fail_msg("marker %g: [%zu] is %g, expected %g", (double)marker, at,
                         (double)out[at], (double)want);
        }
}

static void steps_become_zeros(void **state)
{
    static const float markers[] = { 0.0F, -1.0F, NAN, INFINITY };

    (void)state;
    for (size_t m = 0; m < sizeof markers / sizeof *markers; m++) {
        gradcheck_model g = gradcheck_begin();
        float x[SIZE], out[SIZE];
        const seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };

        fill(x, markers[m]);
        gradcheck_output(&g, gradcheck_apply(&g, SEQECHO_MASKING(markers[m]),
                                             gradcheck_input(&g, 0, STEPS, FEATURES, 0)));
        predict(g.graph, &view, out, SIZE);
        expect_zeros(x, out, markers[m]);
    }
}

/* The mask goes through what hands it on: what a bias adds to missing steps is taken
 * away again. */
static void mask_is_handed_on(void **state)
{
    const seqecho_spec *const through[] = {
        SEQECHO_DENSE(.units = FEATURES, .kernel_init = SEQECHO_INIT_ONES,
                      .bias_init = SEQECHO_INIT_ONES),
        SEQECHO_DROPOUT(0.5F),
        SEQECHO_LAYER_NORMALIZATION(.no_scale = true),
        SEQECHO_ACTIVATION(SEQECHO_SIGMOID),
    };

    (void)state;
    for (size_t l = 0; l < sizeof through / sizeof *through; l++) {
        gradcheck_model g = gradcheck_begin();
        float x[SIZE], out[SIZE];
        const seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
        seqecho_node *node = gradcheck_input(&g, 0, STEPS, FEATURES, 0);

        fill(x, -1.0F);
        node = gradcheck_apply(&g, SEQECHO_MASKING(-1.0F), node);
        node = gradcheck_apply(&g, through[l], node);
        node = gradcheck_apply(&g, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), node);
        node = gradcheck_apply(&g, SEQECHO_MASKING(NOBODY), node);
        gradcheck_output(&g, node);
        predict(g.graph, &view, out, SIZE);
        for (size_t i = 0; i < SIZE; i++)
            assert_true((out[i] != 0.0F) ==
                        there[i / FEATURES / STEPS][i / FEATURES % STEPS]);
    }
}

/* A step that lengths leave out stays missing, whatever Masking says of it. */
static void lengths_and_masking(void **state)
{
    static const int32_t lengths[SAMPLES] = { 5, 2, 3, 5, 0, 4 };
    gradcheck_model g = gradcheck_begin();
    float x[SIZE], out[SIZE];
    const seqecho_view view[2] = {
        { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
        { lengths, { SAMPLES }, 1, SEQECHO_INT32 },
    };
    seqecho_node *node = seqecho_graph_input(
        g.graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = true));

    (void)state;
    fill(x, -1.0F);
    node = gradcheck_apply(&g, SEQECHO_MASKING(-1.0F), node);
    node = gradcheck_apply(&g, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), node);
    gradcheck_output(&g, gradcheck_apply(&g, SEQECHO_MASKING(NOBODY), node));
    predict(g.graph, view, out, SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        const size_t s = i / FEATURES / STEPS, t = i / FEATURES % STEPS;

        assert_true((out[i] != 0.0F) == (there[s][t] && (int32_t)t < lengths[s]));
    }
}

/* With an axis between time and features, a step is missing if all of it is; inside
 * TimeDistributed the steps are those of that axis. */
static void three_axes(void **state)
{
    enum { OUTER = 2, INNER = 3, N = 2 * OUTER * INNER * FEATURES };

    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        gradcheck_model g = gradcheck_begin();
        float x[N], out[N];
        const seqecho_view view = { x, { 2, OUTER, INNER, FEATURES }, 4, SEQECHO_FLOAT32 };

        for (size_t i = 0; i < N; i++)
            x[i] = gradcheck_random() + 2.0F;
        for (size_t i = 0; i < INNER * FEATURES; i++) /* sample 1, step 0 */
            x[OUTER * INNER * FEATURES + i] = 7.0F;
        for (size_t i = 0; i < FEATURES; i++) /* sample 0, step 1, inner step 2 */
            x[(INNER + 2) * FEATURES + i] = 7.0F;
        gradcheck_output(
            &g, gradcheck_apply(&g,
                                inside ? SEQECHO_TIME_DISTRIBUTED(SEQECHO_MASKING(7.0F))
                                       : SEQECHO_MASKING(7.0F),
                                gradcheck_input(&g, 0, OUTER, INNER, FEATURES)));
        predict(g.graph, &view, out, N);
        for (size_t i = 0; i < N; i++) {
            const bool whole = i / (INNER * FEATURES) == OUTER;
            const bool part = i / FEATURES == INNER + 2;

            assert_true(out[i] == (whole || (inside && part) ? 0.0F : x[i]));
        }
    }
}

/* ---- Gradients ---------------------------------------------------------------------- */

static void masking_gradients(void **state)
{
    static const float markers[] = { -1.0F, NAN };

    (void)state;
    for (size_t m = 0; m < 2; m++) {
        gradcheck_model g = gradcheck_begin();
        static float x[SIZE];
        slopes s = { .name = "masking",
                     .graph = g.graph,
                     .x = { { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 } },
                     .input = { x },
                     .size = { SIZE },
                     .n_input = 1,
                     .marker = markers[m] };
        seqecho_node *node = gradcheck_input(&g, 0, STEPS, FEATURES, 0);

        fill(x, markers[m]);
        x[2 * FEATURES + 1] = 0.5F;
        node = gradcheck_apply(&g, SEQECHO_MASKING(markers[m]), node);
        node = gradcheck_apply(&g, SEQECHO_DENSE(.units = 4, .activation = SEQECHO_TANH),
                               node);
        gradcheck_output(&g, node);
        slopes_check(&s, node, SAMPLES);
    }
}

static void dropout_gradients(void **state)
{
    static const struct {
        float rate;
        bool shared;
        int64_t inner;
    } cases[] = { { 0.4F, false, 0 }, { 0.4F, true, 0 },  { 0.4F, true, 2 },
                  { 0.6F, false, 2 }, { 0.0F, false, 0 }, { 1.0F, false, 0 } };

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        enum { B = 3, T = 4, F = 3 };
        const int64_t inner = cases[c].inner;
        static float x[B * T * F * 2];
        char name[64];
        gradcheck_model g = gradcheck_begin();
        slopes s = { .name = name,
                     .graph = g.graph,
                     .input = { x },
                     .size = { (size_t)(B * T * F * (inner > 0 ? inner : 1)) },
                     .n_input = 1,
                     .marker = NOBODY };
        seqecho_node *node = inner > 0 ? gradcheck_input(&g, 0, T, inner, F)
                                       : gradcheck_input(&g, 0, T, F, 0);

        snprintf(name, sizeof name, "dropout %zu", c);
        s.x[0] = inner > 0 ? (seqecho_view){ x, { B, T, inner, F }, 4, SEQECHO_FLOAT32 }
                           : (seqecho_view){ x, { B, T, F }, 3, SEQECHO_FLOAT32 };
        for (size_t i = 0; i < s.size[0]; i++)
            x[i] = gradcheck_random();
        node = gradcheck_apply(
            &g, SEQECHO_DENSE(.units = 3, .bias_init = SEQECHO_INIT_ONES), node);
        node = gradcheck_apply(
            &g,
            (&(const seqecho_dropout_spec){
                .head = { sizeof(seqecho_dropout_spec), SEQECHO_KIND_DROPOUT, 0 },
                .rate = cases[c].rate,
                .noise_shared_over_time = cases[c].shared }
                  .head),
            node);
        gradcheck_output(&g, node);
        slopes_check(&s, node, B);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_become_zeros),  cmocka_unit_test(mask_is_handed_on),
        cmocka_unit_test(lengths_and_masking), cmocka_unit_test(three_axes),
        cmocka_unit_test(masking_gradients),   cmocka_unit_test(dropout_gradients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
