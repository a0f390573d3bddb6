/* test_stepped.c - every layer one time step at a time: the bits of a whole run, with steps
 * missing and without, or a refusal.
 * SPDX-License-Identifier: MIT */
#include "catalogue.h"
#include "close.h"
#include "models.h"
#include "refuse.h"

enum { STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES, OUT_MAX = 64 };
enum { BATCH = 2, IN = BATCH * STEPS * FEATURES };

#define MISSING 7.0F

static const bool there[BATCH][STEPS] = { { true, false, true, true },
                                          { false, true, false, true } };
static size_t stepped, refused;

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* The layer, maybe behind a Masking. */
static seqecho_graph *graph_of(const seqecho_spec *spec, bool masked, seqecho_view *out)
{
    seqecho_graph *graph;
    seqecho_node *node;

    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
    node = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    if (masked)
        node =
            seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_MASKING(MISSING)), node);
    node = seqecho_layer_call(seqecho_layer_create(graph, spec), node);
    must(seqecho_graph_output(graph, node));
    must(seqecho_node_shape(node, out));
    return graph;
}

/* Against the whole run; in place, the output lies where the input does. */
static void check_steps(seqecho_predictor *p, const float *x, const float *whole,
                        const seqecho_view *out, bool in_place)
{
    const bool sequence = out->rank == 3;
    const size_t width = (size_t)out->dim[out->rank - 1];
    float x_t[BATCH * OUT_MAX], other[BATCH * OUT_MAX];
    float *const y_t = in_place ? x_t : other;

    for (size_t t = 0; t < STEPS; t++) {
        for (size_t b = 0; b < BATCH; b++)
            memcpy(x_t + b * FEATURES, x + (b * STEPS + t) * FEATURES,
                   FEATURES * sizeof *x_t);
        must(seqecho_predictor_step(p, x_t, y_t));
        for (size_t b = 0; b < BATCH; b++)
            if (sequence)
                assert_close(y_t + b * width, whole + (b * STEPS + t) * width, width, 0, 0);
            else if (t + 1 == STEPS)
                assert_close(y_t + b * width, whole + b * width, width, 0, 0);
    }
}

static void check_entry(const catalogue_entry *e, bool masked)
{
    float x[IN], whole[BATCH * OUT_MAX];
    const seqecho_view view = { x, { BATCH, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_view out;
    seqecho_graph *const graph = graph_of(e->spec, masked, &out);
    size_t n = BATCH;
    seqecho_predictor *p;

    models_fill(x, IN, 6);
    for (size_t i = 0; i < IN; i++)
        if (masked && !there[i / FEATURES / STEPS][i / FEATURES % STEPS])
            x[i] = MISSING;
    for (int32_t d = 1; d < out.rank; d++)
        n *= (size_t)out.dim[d];
    assert_true(n <= sizeof whole / sizeof *whole);
    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = BATCH)));
    must(seqecho_predictor_run(p, &view, whole, n));
    for (int round = 0; round < 2 && (e->traits & CATALOGUE_STEP); round++) {
        check_steps(p, x, whole, &out, round == 1);
        seqecho_predictor_reset_states(p);
    }
    if ((e->traits & CATALOGUE_STEP) == 0) {
        float y[BATCH * OUT_MAX];

        assert_int_equal(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP);
        assert_non_null(strstr(seqecho_error_message(), "one time step at a time"));
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
    *(e->traits & CATALOGUE_STEP ? &stepped : &refused) += 1;
}

static void check_there(const catalogue_entry *e)
{
    check_entry(e, false);
}

static void check_missing(const catalogue_entry *e)
{
    check_entry(e, true);
}

static void every_layer(void **state)
{
    (void)state;
    stepped = refused = 0;
    catalogue_each(check_there);
    assert_true(stepped > 100 && refused > 50);
}

static void steps_missing(void **state)
{
    (void)state;
    stepped = refused = 0;
    catalogue_each(check_missing);
    assert_true(stepped > 100 && refused > 50);
}

/* A stateful layer is stepped as any other: the states of a step are its own. */
static void check_stateful(const catalogue_entry *e)
{
    catalogue_copy copy;
    float x[IN], y[2][OUT_MAX];

    if ((e->traits & CATALOGUE_RECURRENT) == 0)
        return;
    for (seqecho_bool stateful = 0; stateful < 2; stateful++) {
        seqecho_graph *graph;
        seqecho_predictor *p;

        models_fill(x, IN, 4);
        must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
        seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 1, .dim = { STEPS, FEATURES }));
        seqecho_graph_add(graph, catalogue_with(&copy, e->spec, stateful, false));
        must(seqecho_predictor_create(&p, graph, NULL));
        for (size_t t = 0; t < STEPS && (e->traits & CATALOGUE_STEP); t++)
            must(seqecho_predictor_step(p, x + t * FEATURES, y[stateful]));
        if ((e->traits & CATALOGUE_STEP) == 0)
            assert_int_equal(seqecho_predictor_step(p, x, y[0]), SEQECHO_ENOTSUP);
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(graph);
    }
    if (e->traits & CATALOGUE_STEP)
        assert_same_bits(y[1], y[0], 3);
    stepped++;
}

static void stateful(void **state)
{
    (void)state;
    stepped = 0;
    catalogue_each(check_stateful);
    assert_true(stepped > 100);
}

/* A state as the output of the graph is that of a whole run after the last step; given as
 * an input, it cannot be. */
static void check_states(const catalogue_entry *e)
{
    catalogue_copy copy;
    const seqecho_spec *spec;

    if ((e->traits & CATALOGUE_RECURRENT) == 0 || (e->traits & CATALOGUE_STEP) == 0)
        return;
    spec = catalogue_with(&copy, e->spec, false, true);
    for (size_t port = 1; port <= (spec->kind == SEQECHO_KIND_LSTM ? 2 : 1); port++)
        for (int given = 0; given < 2; given++) {
            float x[IN], want[3], y[3] = { 0 };
            const seqecho_view view = { x, { 1, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
            seqecho_node *in[3], *node;
            seqecho_graph *graph;
            seqecho_predictor *p;

            models_fill(x, IN, 5);
            must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
            in[0] = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
            node = seqecho_layer_call(seqecho_layer_create(graph, spec), in[0]);
            in[1] = seqecho_node_output(node, 1);
            if (spec->kind == SEQECHO_KIND_LSTM)
                in[2] = seqecho_node_output(node, 2);
            if (given)
                node = seqecho_layer_call_n(seqecho_layer_create(graph, spec), in,
                                            spec->kind == SEQECHO_KIND_LSTM ? 3 : 2);
            must(seqecho_graph_output(graph, seqecho_node_output(node, port)));
            must(seqecho_predictor_create(&p, graph, NULL));
            must(seqecho_predictor_run(p, &view, want, 3));
            for (size_t t = 0; t < STEPS && !given; t++)
                must(seqecho_predictor_step(p, x + t * FEATURES, y));
            if (!given)
                assert_same_bits(y, want, 3);
            else
                assert_int_equal(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP);
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(graph);
        }
    stepped++;
}

static void states(void **state)
{
    (void)state;
    stepped = 0;
    catalogue_each(check_states);
    assert_true(stepped > 100);
}

/* What joins values steps as they do; in time it cannot. */
static void merges(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_ADD,
        SEQECHO_MULTIPLY,
        SEQECHO_AVERAGE,
        SEQECHO_CONCATENATE(.axis = 0),
        SEQECHO_CONCATENATE(.axis = 2),
        SEQECHO_CONCATENATE(.axis = 1),
    };

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        float x[STEPS * FEATURES], whole[2 * STEPS * 3], y[6];
        const seqecho_view view = { x, { 1, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
        const size_t width = i < 3 ? 3 : 6;
        seqecho_node *in[2], *node;
        seqecho_graph *graph;
        seqecho_predictor *p;

        must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
        node = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
        in[0] =
            seqecho_layer_call(seqecho_layer_create(graph, SEQECHO_MASKING(MISSING)), node);
        in[1] = seqecho_layer_call(
            seqecho_layer_create(graph, SEQECHO_GRU(.units = 3, .return_sequences = true)),
            node);
        node = seqecho_layer_call_n(seqecho_layer_create(graph, specs[i]), in, 2);
        must(seqecho_graph_output(graph, node));
        models_fill(x, STEPS * FEATURES, 3);
        for (size_t k = 0; k < FEATURES; k++)
            x[FEATURES + k] = MISSING;
        must(seqecho_predictor_create(&p, graph, NULL));
        must(seqecho_predictor_run(p, &view, whole, STEPS * width));
        for (size_t t = 0; t < STEPS && i < 5; t++) {
            must(seqecho_predictor_step(p, x + t * FEATURES, y));
            assert_same_bits(y, whole + t * width, width);
        }
        if (i == 5)
            assert_refused(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP,
                           "predictor_step: concatenate (Concatenate) cannot be run one "
                           "time step at a time");
        seqecho_predictor_destroy(p);
        seqecho_graph_destroy(graph);
    }
}

/* A step has no lengths: it is there. */
static void input_with_lengths(void **state)
{
    static const int32_t full[1] = { STEPS };
    float x[STEPS * FEATURES], whole[STEPS * 3], y[3];
    const seqecho_view views[] = { { x, { 1, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
                                   { full, { 1 }, 1, SEQECHO_INT32 } };
    seqecho_graph *graph;
    seqecho_predictor *p;

    (void)state;
    models_fill(x, STEPS * FEATURES, 2);
    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = true));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 3, .return_sequences = true));
    must(seqecho_predictor_create(&p, graph, NULL));
    must(seqecho_predictor_run(p, views, whole, STEPS * 3));
    for (size_t t = 0; t < STEPS; t++) {
        must(seqecho_predictor_step(p, x + t * FEATURES, y));
        assert_same_bits(y, whole + t * 3, 3);
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(every_layer), catalogue_test(steps_missing),
        catalogue_test(stateful),    catalogue_test(states),
        cmocka_unit_test(merges),    cmocka_unit_test(input_with_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
