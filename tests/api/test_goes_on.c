/* test_goes_on.c - a stateful layer, batch after batch, against the same layer called with
 * the states that it ended with: every option, with steps missing and without.  Both return
 * their states.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "catalogue.h"
#include "close.h"
#include "models.h"

enum { SAMPLES = 4, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES, UNITS = 3 };
enum { X = SAMPLES * STEPS * FEATURES, STATES = 4 };
enum { OUT = SAMPLES * (STEPS * 2 + STATES) * UNITS };

static const int32_t lengths[3][SAMPLES] = {
    { 3, 0, 4, 1 },
    { 0, 2, 4, 3 },
    { 1, 4, 0, 2 },
};
static size_t checked;

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* ---- The two machines --------------------------------------------------------------- */

typedef struct machine {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    size_t n, n_states; /* n: floats of the outputs, of which the states are the last */
    size_t first;       /* floats of the first output */
    int64_t units[STATES];
} machine;

/* The states of an LSTM, GRU or SimpleRNN. */
static void find_states(machine *m, const seqecho_spec *spec)
{
    catalogue_cell c;

    memcpy(&c, spec, spec->struct_size);
    m->units[m->n_states++] = c.lstm.units; /* which stands at the same place in all */
    if (spec->kind == SEQECHO_KIND_LSTM)
        m->units[m->n_states++] = c.lstm.units;
}

static seqecho_layer *make(machine *m, const seqecho_spec *spec, bool stateful)
{
    catalogue_copy copy;

    if (spec->kind == SEQECHO_KIND_BIDIRECTIONAL) {
        const seqecho_bidirectional_spec *const both =
            (const seqecho_bidirectional_spec *)(const void *)spec;

        find_states(m, both->inner);
        find_states(m, both->backward != NULL ? both->backward : both->inner);
    } else {
        find_states(m, spec);
    }
    return seqecho_layer_create(m->graph, catalogue_with(&copy, spec, stateful, true));
}

/* With `given`, the states are inputs. */
static machine open_machine(const seqecho_spec *spec, bool stateful, bool given,
                            bool masked)
{
    machine m = { .first = SAMPLES };
    seqecho_node *in[1 + STATES], *node;
    seqecho_layer *layer;
    seqecho_view view;

    must(seqecho_graph_create(&m.graph, SEQECHO_GRAPH(.seed = 12)));
    in[0] = seqecho_graph_input(
        m.graph,
        SEQECHO_INPUT(.batch = SAMPLES, .dim = { STEPS, FEATURES }, .lengths = masked));
    layer = make(&m, spec, stateful);
    for (size_t i = 1; given && i <= m.n_states; i++)
        in[i] = seqecho_graph_input(
            m.graph, SEQECHO_INPUT(.batch = SAMPLES, .dim = { m.units[i - 1] }));
    node = seqecho_layer_call_n(layer, in, given ? 1 + m.n_states : 1);
    must(seqecho_graph_status(m.graph));
    must(seqecho_node_shape(node, &view));
    for (int32_t d = 1; d < view.rank; d++)
        m.first *= (size_t)view.dim[d];
    m.n = m.first;
    for (size_t i = 0; i <= m.n_states; i++)
        must(seqecho_graph_output(m.graph, seqecho_node_output(node, i)));
    for (size_t i = 0; i < m.n_states; i++)
        m.n += SAMPLES * (size_t)m.units[i];
    assert_true(m.n <= OUT);
    must(seqecho_trainer_create(&m.trainer, m.graph, NULL));
    return m;
}

static void close_machine(machine *m)
{
    seqecho_trainer_destroy(m->trainer);
    seqecho_graph_destroy(m->graph);
}

/* Views of the batch with this number, with these states. */
static void fill(uint32_t batch, bool masked, const machine *m, float *x,
                 const float *states, seqecho_view *views)
{
    const int32_t *const length = lengths[batch];

    models_fill(x, X, batch + 1);
    for (int32_t i = 0; masked && i < X; i++)
        if (i / FEATURES % STEPS >= length[i / FEATURES / STEPS])
            x[i] = (float)NAN;
    *views++ = (seqecho_view){ x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    if (masked)
        *views++ = (seqecho_view){ length, { SAMPLES }, 1, SEQECHO_INT32 };
    for (size_t i = 0; i < m->n_states; i++) {
        *views++ = (seqecho_view){ states, { SAMPLES, m->units[i] }, 2, SEQECHO_FLOAT32 };
        states += SAMPLES * m->units[i];
    }
}

/* Three batches; only the signs of zeros may differ. */
static void check_batches(machine *keeps, machine *given, bool masked)
{
    float x[X], got[OUT], want[OUT], states[OUT] = { 0 };
    seqecho_view views[2 + STATES];

    assert_int_equal(keeps->n, given->n);
    for (uint32_t batch = 0; batch < 3; batch++) {
        fill(batch, masked, given, x, states, views);
        must(seqecho_trainer_predict(keeps->trainer, views, got, keeps->n));
        must(seqecho_trainer_predict(given->trainer, views, want, given->n));
        assert_close(got, want, given->n, 0, 0);
        memcpy(states, want + given->first, (given->n - given->first) * sizeof *states);
    }
}

static void check_entry(const catalogue_entry *e, bool masked)
{
    machine keeps, given;

    if ((e->traits & CATALOGUE_RECURRENT) == 0)
        return;
    keeps = open_machine(e->spec, true, false, masked);
    given = open_machine(e->spec, false, true, masked);
    check_batches(&keeps, &given, masked);
    seqecho_trainer_reset_states(keeps.trainer);
    check_batches(&keeps, &given, masked); /* and from the beginning */
    close_machine(&keeps);
    close_machine(&given);
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

static void every_recurrent_layer(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_there);
    assert_true(checked > 150);
}

static void steps_missing(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_missing);
    assert_true(checked > 150);
}

/* A stateful layer that is given states begins with those, whatever it ended with. */
static void check_given(const catalogue_entry *e)
{
    for (int masked = 0; masked < 2; masked++) {
        float x[X], got[OUT], want[OUT], states[OUT];
        seqecho_view views[2 + STATES];
        machine keeps, given;

        if ((e->traits & CATALOGUE_RECURRENT) == 0)
            return;
        keeps = open_machine(e->spec, true, true, masked != 0);
        given = open_machine(e->spec, false, true, masked != 0);
        for (uint32_t batch = 0; batch < 3; batch++) {
            models_fill(states, OUT, 30 + batch);
            fill(batch, masked != 0, &given, x, states, views);
            must(seqecho_trainer_predict(keeps.trainer, views, got, keeps.n));
            must(seqecho_trainer_predict(given.trainer, views, want, given.n));
            assert_close(got, want, given.n, 0, 0);
        }
        close_machine(&keeps);
        close_machine(&given);
        checked++;
    }
}

static void given_states(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_given);
    assert_true(checked > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(every_recurrent_layer),
        catalogue_test(steps_missing),
        catalogue_test(given_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
