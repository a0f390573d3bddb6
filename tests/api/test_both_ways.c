/* test_both_ways.c - Bidirectional of every recurrent layer, against the two layers inside,
 * whose outputs the test merges itself.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "catalogue.h"
#include "close.h"
#include "models.h"

enum { SAMPLES = 4, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES, MOST = 3 };
enum { X = SAMPLES * STEPS * FEATURES, OUT = SAMPLES * STEPS * 2 * MOST };

static const int32_t lengths[SAMPLES] = { 3, 0, 4, 1 };
static size_t checked;

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

static bool backwards(const catalogue_cell *c)
{
    return c->lstm.head.kind == SEQECHO_KIND_LSTM  ? c->lstm.go_backwards
           : c->lstm.head.kind == SEQECHO_KIND_GRU ? c->gru.go_backwards
                                                   : c->rnn.go_backwards;
}

/* The layer inside that reads one way, by the name of its weights. */
static catalogue_cell inside(const seqecho_bidirectional_spec *both, bool backward)
{
    const seqecho_spec *const spec =
        backward && both->backward != NULL ? both->backward : both->inner;
    const bool turn = backward && both->backward == NULL;
    catalogue_cell c;

    memcpy(&c, spec, spec->struct_size);
    c.lstm.name = backward ? "backward" : "forward";
    if (spec->kind == SEQECHO_KIND_LSTM)
        c.lstm.go_backwards = c.lstm.go_backwards != turn;
    else if (spec->kind == SEQECHO_KIND_GRU)
        c.gru.go_backwards = c.gru.go_backwards != turn;
    else
        c.rnn.go_backwards = c.rnn.go_backwards != turn;
    return c;
}

static void copy_weights(seqecho_graph *from, seqecho_graph *to)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(to); i++) {
        const char *const name = seqecho_graph_weight_name(to, i);
        const char *const slash = strchr(name, '/');
        float values[64];
        char there[64];
        seqecho_view shape;
        size_t n;

        assert_non_null(slash);
        (void)snprintf(there, sizeof there, "bidirectional/%.*s_%s", (int)(slash - name),
                       name, slash + 1);
        must(seqecho_graph_weight_shape(to, name, &shape));
        n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        assert_true(n <= sizeof values / sizeof *values);
        must(seqecho_graph_weight_get(from, there, values, n));
        must(seqecho_graph_weight_set(to, name, values, n));
    }
}

static void predict(seqecho_graph *graph, const seqecho_view *x, float *y, size_t n)
{
    seqecho_predictor *p;

    must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = SAMPLES)));
    must(seqecho_predictor_run(p, x, y, n));
    seqecho_predictor_destroy(p);
}

static seqecho_node *input(seqecho_graph *graph, bool masked)
{
    return seqecho_graph_input(
        graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = masked));
}

/* What the two layers gave, as one: `row` numbers each at a step, in the order of time. */
static void merge(seqecho_merge mode, const float *const part[2], const size_t row[2],
                  float *y)
{
    if (mode == SEQECHO_MERGE_CONCAT) {
        memcpy(y, part[0], row[0] * sizeof *y);
        memcpy(y + row[0], part[1], row[1] * sizeof *y);
        return;
    }
    for (size_t j = 0; j < row[0]; j++)
        y[j] = mode == SEQECHO_MERGE_MUL
                   ? part[0][j] * part[1][j]
                   : (part[0][j] + part[1][j]) * (mode == SEQECHO_MERGE_AVE ? 0.5F : 1.0F);
}

/* Both layers, each in a graph of its own, with the wrapper's weights. */
typedef struct halves {
    float y[2][OUT];
    size_t row[2];  /* units */
    bool turned[2]; /* does it read backwards? */
} halves;

static void run_halves(const seqecho_bidirectional_spec *both, seqecho_graph *from,
                       const seqecho_view *views, bool masked, size_t steps, halves *h)
{
    for (int way = 0; way < 2; way++) {
        catalogue_cell c = inside(both, way == 1);
        seqecho_graph *graph;
        seqecho_node *node;

        h->row[way] = (size_t)c.lstm.units;
        h->turned[way] = backwards(&c);
        must(seqecho_graph_create(&graph, NULL));
        node = seqecho_layer_call(seqecho_layer_create(graph, &c.lstm.head),
                                  input(graph, masked));
        must(seqecho_graph_output(graph, node));
        copy_weights(from, graph);
        predict(graph, views, h->y[way], SAMPLES * steps * h->row[way]);
        seqecho_graph_destroy(graph);
    }
}

/* The wrapper's order of steps is that of its forward layer; returns its width. */
static size_t expect(seqecho_merge mode, const halves *h, bool masked, size_t steps,
                     float *want)
{
    const size_t width = mode == SEQECHO_MERGE_CONCAT ? h->row[0] + h->row[1] : h->row[0];

    assert_true(h->turned[0] != h->turned[1]);
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t t = 0; t < steps; t++) {
            const float *const part[2] = {
                h->y[0] + (s * steps + t) * h->row[0],
                h->y[1] + (s * steps + steps - 1 - t) * h->row[1],
            };
            float *const to = want + (s * steps + t) * width;
            const size_t read = h->turned[0] ? steps - 1 - t : t;

            merge(mode, part, h->row, to);
            if (masked && steps > 1 && (int32_t)read >= lengths[s])
                memset(to, 0, width * sizeof *to);
        }
    return width;
}

static void check_entry(const catalogue_entry *e, bool masked)
{
    const seqecho_bidirectional_spec *const both = (const void *)e->spec;
    const size_t steps = e->traits & CATALOGUE_HANDS ? STEPS : 1;
    float x[X], y[OUT], want[OUT];
    const seqecho_view views[] = { { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
                                   { lengths, { SAMPLES }, 1, SEQECHO_INT32 } };
    seqecho_graph *graph;
    seqecho_node *node;
    size_t n;
    halves h;

    if (e->spec->kind != SEQECHO_KIND_BIDIRECTIONAL)
        return;
    models_fill(x, X, 9);
    for (int32_t i = 0; masked && i < X; i++)
        if (i / FEATURES % STEPS >= lengths[i / FEATURES / STEPS])
            x[i] = (float)NAN;
    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 6)));
    node = seqecho_layer_call(seqecho_layer_create(graph, e->spec), input(graph, masked));
    must(seqecho_graph_output(graph, node));
    run_halves(both, graph, views, masked, steps, &h);
    n = SAMPLES * steps * expect(both->merge_mode, &h, masked, steps, want);
    predict(graph, views, y, n);
    assert_close(y, want, n, 0, 0);
    seqecho_graph_destroy(graph);
    checked++;
}

static void check_there(const catalogue_entry *e)
{
    check_entry(e, false);
}

static void check_missing(const catalogue_entry *e)
{
    check_entry(e, true);
}

static void merges(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_there);
    assert_true(checked >= 30);
}

static void merges_of_missing_steps(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_missing);
    assert_true(checked >= 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(merges),
        catalogue_test(merges_of_missing_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
