/* test_missing.c - missing steps and every layer: inputs with lengths are padding and
 * Masking, and a mask is handed on, or not.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "catalogue.h"
#include "close.h"
#include "models.h"

enum { SAMPLES = 5, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES, OUT_MAX = 128 };
enum { DEEP = 4, X = SAMPLES * STEPS * FEATURES, X_MAX = DEEP * X };

#define MISSING 7.0F
#define NOBODY 12345.0F /* a Masking of this shows the mask that comes to it */

static const int32_t lengths[SAMPLES] = { 3, 0, 4, 1, 2 };
static size_t checked;

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

static seqecho_node *apply(seqecho_graph *graph, const seqecho_spec *spec, seqecho_node *x)
{
    return seqecho_layer_call(seqecho_layer_create(graph, spec), x);
}

static size_t size_of(seqecho_view *view)
{
    size_t n = SAMPLES;

    view->dim[0] = SAMPLES;
    for (int32_t d = 1; d < view->rank; d++)
        n *= (size_t)view->dim[d];
    return n;
}

/* ---- Lengths are padding and Masking ------------------------------------------------ */

typedef struct answer {
    float y[SAMPLES * OUT_MAX], dx[X_MAX], *gradient;
    size_t n, n_gradient, n_x;
    double loss, accuracy;
} answer;

static float *gradients(seqecho_graph *graph, const seqecho_trainer *trainer, size_t *n)
{
    float *const all = models_weights(graph, n);
    size_t at = 0;

    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t size = 1;

        must(seqecho_graph_weight_shape(graph, name, &shape));
        for (int32_t d = 0; d < shape.rank; d++)
            size *= (size_t)shape.dim[d];
        must(seqecho_trainer_gradient_get(trainer, name, all + at, size));
        at += size;
    }
    assert_int_equal(at, *n);
    return all;
}

/* Of what is beyond the lengths; `deep` samples have DEEP steps, each a sequence. */
static bool is_missing(size_t i, bool deep)
{
    const size_t step = deep ? STEPS * FEATURES : FEATURES, steps = deep ? DEEP : STEPS;

    return (int32_t)(i / step % steps) >= lengths[i / step / steps];
}

/* Which steps are missing is said by a Masking before the layer, by lengths of the input,
 * or by a Masking in one Sequential with the layer. */
typedef enum said { BY_MASKING, BY_LENGTHS, INSIDE } said;

/* One batch through the layer: outputs, loss, gradients. */
static void ask(const seqecho_spec *spec, bool deep, said by, bool learns, answer *a)
{
    float x[X_MAX], target[SAMPLES * OUT_MAX];
    const seqecho_view views[] = {
        deep ? (seqecho_view){ x, { SAMPLES, DEEP, STEPS, FEATURES }, 4, SEQECHO_FLOAT32 }
             : (seqecho_view){ x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
        { lengths, { SAMPLES }, 1, SEQECHO_INT32 },
    };
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_trainer *trainer;
    seqecho_graph *graph;
    seqecho_node *node;
    seqecho_view y;

    memset(a, 0, sizeof *a);
    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 12)));
    node = seqecho_graph_input(
        graph, SEQECHO_INPUT(.dim = { deep ? DEEP : STEPS, deep ? STEPS : FEATURES,
                                      deep ? FEATURES : 0 },
                             .lengths = by == BY_LENGTHS));
    if (by == BY_MASKING)
        node = apply(graph, SEQECHO_MASKING(MISSING), node);
    node = apply(graph,
                 by == INSIDE ? SEQECHO_SEQUENTIAL(SEQECHO_MASKING(MISSING), spec) : spec,
                 node);
    must(seqecho_graph_output(graph, node));
    must(seqecho_node_shape(node, &y));
    a->n = size_of(&y);
    assert_true(a->n <= sizeof target / sizeof *target);
    a->n_x = deep ? X_MAX : X;
    models_fill(x, a->n_x, 3);
    models_fill(target, a->n, 4);
    y.data = target;
    for (size_t i = 0; i < a->n_x; i++)
        if (is_missing(i, deep))
            x[i] = by == BY_LENGTHS ? (float)NAN : MISSING;
    must(seqecho_trainer_create(&trainer, graph,
                                SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                                .metrics = SEQECHO_METRIC_ACCURACY)));
    must(seqecho_trainer_predict(trainer, views, a->y, a->n));
    if (learns) {
        must(seqecho_trainer_compute_gradients(trainer, views, &y, a->dx, a->n_x, &report));
        a->gradient = gradients(graph, trainer, &a->n_gradient);
    } else {
        must(seqecho_trainer_evaluate(trainer, views, &y, NULL, &report));
    }
    a->loss = report.loss;
    a->accuracy = report.accuracy;
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* The same, what only differs in the sign of a zero being equal.  Layers that draw do so
 * by their place in the graph, which a Masking changes: they are compared where they do
 * not. */
static void compare(const seqecho_spec *spec, unsigned traits, bool deep, said by)
{
    const bool learns = (traits & CATALOGUE_DROPS) == 0;
    answer padded, cut;

    ask(spec, deep, BY_MASKING, learns, &padded);
    ask(spec, deep, by, learns, &cut);
    assert_int_equal(cut.n, padded.n);
    assert_close(cut.y, padded.y, cut.n, 0, 0);
    assert_close_double(cut.loss, padded.loss, 0, 0);
    assert_close_double(cut.accuracy, padded.accuracy, 0, 0);
    if (learns) {
        assert_close(cut.dx, padded.dx, cut.n_x, 0, 0);
        assert_close(cut.gradient, padded.gradient, cut.n_gradient, 0, 0);
        for (size_t i = 0; i < cut.n_x; i++)
            assert_true(cut.dx[i] == 0.0F || !is_missing(i, deep));
    }
    free(padded.gradient);
    free(cut.gradient);
    checked++;
}

static void check_lengths(const catalogue_entry *e)
{
    compare(e->spec, e->traits, false, BY_LENGTHS);
}

static void lengths_are_masking(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_lengths);
    assert_true(checked > 150);
}

/* The same where a step is a sequence of its own. */
static void check_deep(const catalogue_entry *e)
{
    compare(SEQECHO_TIME_DISTRIBUTED(e->spec), e->traits, true, BY_LENGTHS);
}

static void lengths_in_time_distributed(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_deep);
    assert_true(checked > 150);
}

/* A Masking inside Sequential is one before it. */
static void check_inside(const catalogue_entry *e)
{
    if ((e->traits & CATALOGUE_MASKS) == 0)
        compare(e->spec, e->traits, false, INSIDE);
}

static void masking_inside(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_inside);
    assert_true(checked > 150);
}

/* ---- Handing the mask on ------------------------------------------------------------ */

/* Steps missing at the beginning, inside, at the end, all of them, none. */
static const bool there[SAMPLES][STEPS] = {
    { false, true, true, true },  { true, false, true, true },
    { true, true, false, false }, { false, false, false, false },
    { true, true, true, true },
};

/* Through the layer, then a sigmoid, so that nothing is zero, and the probe. */
static void check_mask(const catalogue_entry *e)
{
    float x[X], y[SAMPLES * OUT_MAX];
    const seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *graph;
    seqecho_node *node;
    seqecho_predictor *p;
    seqecho_view out;
    size_t n;

    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 12)));
    node = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    node = apply(graph, SEQECHO_MASKING(MISSING), node);
    node = apply(graph, e->spec, node);
    must(seqecho_node_shape(node, &out));
    if (out.rank < 3) {
        assert_false(e->traits & CATALOGUE_HANDS); /* there is no time to have a mask of */
        seqecho_graph_destroy(graph);
        return;
    }
    node = apply(graph, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), node);
    node = apply(graph, SEQECHO_MASKING(NOBODY), node);
    must(seqecho_graph_output(graph, node));
    n = size_of(&out);
    assert_true(n <= sizeof y / sizeof *y);
    models_fill(x, X, 3);
    for (size_t i = 0; i < X; i++)
        if (!there[i / FEATURES / STEPS][i / FEATURES % STEPS])
            x[i] = MISSING;
    must(seqecho_predictor_create(&p, graph, NULL));
    must(seqecho_predictor_run(p, &view, y, n));
    for (size_t i = 0; i < n; i++) {
        const size_t row = i / (n / (size_t)(SAMPLES * out.dim[1]));
        const bool missing =
            (e->traits & CATALOGUE_HANDS) && !there[row / STEPS][row % STEPS];

        assert_true((y[i] == 0.0F) == missing);
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
    checked++;
}

static void handed_on_or_not(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_mask);
    assert_true(checked > 120);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(lengths_are_masking),
        catalogue_test(lengths_in_time_distributed),
        catalogue_test(masking_inside),
        catalogue_test(handed_on_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
