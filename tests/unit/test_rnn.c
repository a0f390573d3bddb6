/* test_rnn.c - GRU and SimpleRNN against their formulas in double precision: outputs,
 * states, and every gradient, with masks and dropout of every kind.
 * SPDX-License-Identifier: MIT
 *
 * Gradients are compared with central differences of the formulas. */
#include "rnn_harness.h"

#include "layers/kinds.h"

static void compare(const setting *s, const char *what, const float *got,
                    const double *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double error = fabs((double)got[i] - want[i]);

        if (!(error <= 4e-6 + 2e-5 * fabs(want[i])))
            fail_msg("%s: %s[%d] of %d is %.8g, expected %.8g", s->name, what, (int)i,
                     (int)n, (double)got[i], want[i]);
    }
}

static void compare_gradients(const reference *r, const model *m)
{
    static const char *const names[] = { "d_kernel", "d_recurrent_kernel", "d_bias", "d_x",
                                         "d_h0" };
    const double step = 1e-5;
    double *const want = allocate(r->n, sizeof *want);
    const float *got[ARRAYS] = { 0 };
    size_t size = 0;

    for (int64_t i = 0; i < r->n; i++) {
        const double value = r->value[i];
        double side[2];

        r->value[i] = value - step;
        side[0] = run_reference(r);
        r->value[i] = value + step;
        side[1] = run_reference(r);
        r->value[i] = value;
        want[i] = (side[1] - side[0]) / (2.0 * step);
    }
    for (size_t i = 0; i < m->step->frame.layer->n_weights; i++)
        got[i] = m->grads + m->step->frame.layer->weights[i].offset;
    got[X] = m->x->grad;
    got[H0] = m->h0 != NULL ? m->h0->grad : NULL;
    for (int i = 0; i < ARRAYS; i++) {
        compare(r->s, names[i], got[i], want + size, r->size[i]);
        size += (size_t)r->size[i];
    }
    free(want);
}

static void set_gradient(se_slot *slot, const double *d, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        slot->grad[i] = (float)d[i];
    slot->has_grad = true;
}

static void check(const setting *given)
{
    setting s = *given;
    reference r;
    model m;

    if (s.act == SEQECHO_ACTIVATION_DEFAULT)
        s.act = SEQECHO_TANH;
    if (s.rec == SEQECHO_ACTIVATION_DEFAULT)
        s.rec = SEQECHO_SIGMOID;
    if (s.n.steps == 0)
        s.n = (sizes){ 5, 3, 3, 4 };
    r = reference_new(&s);
    m = model_new(&r, SE_MODE_TRAIN);

    /* A pass that does not learn, then one that does. */
    for (int learning = 0; learning < 2; learning++) {
        m.s->learning = learning != 0;
        m.s->seed = 12;
        m.s->pass = 3;
        se_session_forward(m.s, false);
        draw(&r, &m);
        run_reference(&r);
        compare(&s, learning ? "out, learning" : "out", m.out->value.data, r.out,
                r.out_size);
        if (s.state)
            compare(&s, "state", m.out[1].value.data, r.state, r.state_size);
        if (s.no_d_out)
            m.out->has_grad = false;
        else
            set_gradient(m.out, r.dy, r.out_size);
        if (s.state)
            set_gradient(m.out + 1, r.dstate, r.state_size);
        se_session_backward(m.s);
        compare_gradients(&r, &m);
    }
    model_free(&m);
    reference_free(&r);
}

/* The same setting as a GRU of both kinds and as a SimpleRNN. */
static void check_all(const setting *given)
{
    static const char *const names[] = { "simple_rnn", "gru", "gru, reset before" };
    char text[128];

    for (int i = 0; i < 3; i++) {
        setting s = *given;

        snprintf(text, sizeof text, "%s, %s", names[i], given->name);
        s.name = text;
        s.gru = i > 0;
        s.before = i == 2;
        check(&s);
    }
}

#define CHECK_ALL(...) check_all(&(const setting){ __VA_ARGS__ })

/* ---- Tests -------------------------------------------------------------------------- */

static void plain(void **state)
{
    (void)state;
    CHECK_ALL("last", .sequences = false);
    CHECK_ALL("sequences", .sequences = true);
    CHECK_ALL("no bias", .sequences = true, .no_bias = true);
    CHECK_ALL("backwards", .sequences = true, .backwards = true);
    CHECK_ALL("backwards, last", .backwards = true, .initial = true);
    CHECK_ALL("states", .sequences = true, .state = true, .initial = true);
    CHECK_ALL("state alone", .state = true, .no_d_out = true);
    CHECK_ALL("state alone, sequences", .sequences = true, .state = true, .no_d_out = true);
}

static void of_all_sizes(void **state)
{
    static const sizes list[] = { { 1, 1, 1, 1 }, { 1, 3, 2, 5 },  { 4, 1, 3, 4 },
                                  { 2, 7, 1, 3 }, { 3, 2, 6, 17 }, { 3, 18, 4, 9 } };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char text[64];

        snprintf(text, sizeof text, "sizes %zu", i);
        CHECK_ALL(text, list[i], .sequences = i % 2 == 0, .state = true,
                  .initial = i % 3 == 0, .backwards = i == 5);
    }
}

static void activations(void **state)
{
    static const seqecho_activation list[] = { SEQECHO_TANH, SEQECHO_SIGMOID, SEQECHO_SWISH,
                                               SEQECHO_SOFTPLUS, SEQECHO_LINEAR };

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++)
            CHECK_ALL("activations", .sequences = true, .act = list[i], .rec = list[j],
                      .backwards = (i + j) % 2 == 0);
}

static void masks(void **state)
{
    (void)state;
    for (pattern p = LEADING; p <= NOTHING; p++)
        for (seqecho_masked_output shown = SEQECHO_MASKED_LAST;
             shown <= SEQECHO_MASKED_ZERO; shown++)
            for (unsigned bits = 0; bits < 8; bits++) {
                char text[96];

                snprintf(text, sizeof text, "mask %d, shown %d, options %u", (int)p,
                         (int)shown, bits);
                CHECK_ALL(text, { 5, 6, 2, 3 }, .mask = p, .shown = shown,
                          .sequences = (bits & 1) != 0, .initial = (bits & 2) != 0,
                          .backwards = (bits & 4) != 0, .state = (bits & 1) == 0,
                          .no_d_out = bits == 6);
            }
}

static void masks_of_large_batches(void **state)
{
    (void)state;
    for (pattern p = LEADING; p <= NOTHING; p++)
        CHECK_ALL("mask, 19 samples", { 4, 19, 2, 3 }, .mask = p, .sequences = true,
                  .initial = true, .state = true);
}

static void dropout(void **state)
{
    (void)state;
    for (int implementation = 0; implementation <= 2; implementation++)
        for (int which = 1; which < 4; which++)
            for (unsigned bits = 0; bits < 4; bits++) {
                char text[96];

                snprintf(text, sizeof text, "dropout %d, implementation %d, options %u",
                         which, implementation, bits);
                CHECK_ALL(text, { 4, 5, 6, 5 }, .drop = which & 1 ? 0.4f : 0.0f,
                          .drop_h = which & 2 ? 0.3f : 0.0f,
                          .implementation = (uint8_t)implementation,
                          .sequences = (bits & 1) != 0, .initial = (bits & 1) != 0,
                          .backwards = (bits & 2) != 0,
                          .act = bits == 3 ? SEQECHO_SWISH : SEQECHO_TANH,
                          .mask = bits == 1 ? MIXED : ALL);
            }
    CHECK_ALL("a rate of 1 is none", .sequences = true, .drop = 1.0f, .drop_h = 1.0f);
    CHECK_ALL("dropout, 18 samples", { 3, 18, 4, 5 }, .sequences = true, .drop = 0.5f,
              .drop_h = 0.5f, .mask = TRAILING);
}

/* Predicting keeps fewer steps, and gives the bits of a training session. */
static void predicting(void **state)
{
    (void)state;
    for (pattern p = ALL; p <= NOTHING; p++)
        for (unsigned bits = 0; bits < 64; bits++) {
            const setting s = {
                .name = "predicting",
                .n = { 5, bits & 32 ? 17 : 3, 2, 7 },
                .gru = (bits & 3) > 0,
                .before = (bits & 3) == 2,
                .act = (bits & 3) == 3 ? SEQECHO_SWISH : SEQECHO_TANH,
                .rec = SEQECHO_SIGMOID,
                .sequences = (bits & 4) != 0,
                .initial = (bits & 8) != 0,
                .backwards = (bits & 16) != 0,
                .shown = (seqecho_masked_output)((bits + (unsigned)p) % 3),
                .state = true,
                .mask = p,
            };
            reference r = reference_new(&s);
            model run = model_new(&r, SE_MODE_RUN), train = model_new(&r, SE_MODE_TRAIN);

            se_session_forward(run.s, false);
            se_session_forward(train.s, false);
            assert_same_bits(run.out->value.data, train.out->value.data,
                             (size_t)r.out_size);
            assert_same_bits(run.out[1].value.data, train.out[1].value.data,
                             (size_t)r.state_size);
            model_free(&train);
            model_free(&run);
            reference_free(&r);
        }
}

/* One sample of `m` without its missing steps, by a model of its own. */
static void check_alone(const reference *r, const model *m, int64_t b)
{
    enum { F = 3, U = 7, STEPS = 6 };
    const sizes n = r->s->n;
    setting alone = *r->s;
    reference alone_r;
    model alone_m;
    float x[STEPS * F];
    int64_t steps = 0, at = 0;

    for (int64_t t = 0; t < n.steps; t++)
        if (r->mask[t * n.batch + b] != 0)
            memcpy(x + F * steps++, m->x->value.data + (t * n.batch + b) * F,
                   F * sizeof *x);
    assert_true(steps > 0);
    alone.n.steps = steps;
    alone.n.batch = 1;
    alone.mask = ALL;
    alone_r = reference_new(&alone);
    alone_m = model_new(&alone_r, SE_MODE_RUN);
    memcpy(alone_m.graph->params, m->graph->params, m->graph->n_params * sizeof(float));
    alone_m.x->value.data = x;
    se_session_forward(alone_m.s, false);
    for (int64_t t = 0; t < n.steps; t++)
        if (r->mask[t * n.batch + b] != 0)
            assert_same_bits(m->out->value.data + (t * n.batch + b) * U,
                             alone_m.out->value.data + U * at++, U);
    model_free(&alone_m);
    reference_free(&alone_r);
}

/* Samples with missing steps give the bits of those steps alone. */
static void only_the_steps_there(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++)
        for (pattern p = LEADING; p <= INNER; p++) {
            const setting s = { .name = "steps there",
                                .n = { 6, 5, 3, 7 },
                                .gru = kind > 0,
                                .before = kind == 2,
                                .act = SEQECHO_TANH,
                                .rec = SEQECHO_SIGMOID,
                                .sequences = true,
                                .mask = p };
            reference r = reference_new(&s);
            model m = model_new(&r, SE_MODE_RUN);

            se_session_forward(m.s, false);
            for (int64_t b = 0; b < s.n.batch; b++)
                check_alone(&r, &m, b);
            model_free(&m);
            reference_free(&r);
        }
}

/* Turning a layer round is go_backwards, twice is nothing. */
static void turning_round(void **state)
{
    const setting s = { .gru = true, .n = { 2, 1, 2, 3 } };
    const setting t = { .n = { 2, 1, 2, 3 }, .backwards = true };
    seqecho_graph *graph;
    seqecho_layer *gru, *rnn;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    gru = make_layer(&s, graph);
    rnn = make_layer(&t, graph);
    assert_non_null(gru);
    assert_non_null(rnn);
    assert_false(se_gru_ops.traits(gru) & SE_TRAIT_NO_STEP);
    gru->ops->reverse(gru);
    assert_true(((const seqecho_gru_spec *)gru->spec)->go_backwards);
    assert_true(se_gru_ops.traits(gru) & SE_TRAIT_NO_STEP);
    gru->ops->reverse(gru);
    assert_false(((const seqecho_gru_spec *)gru->spec)->go_backwards);
    rnn->ops->reverse(rnn);
    assert_false(((const seqecho_simple_rnn_spec *)rnn->spec)->go_backwards);
    assert_false(se_simple_rnn_ops.traits(rnn) & SE_TRAIT_NO_STEP);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(of_all_sizes),
        cmocka_unit_test(activations),
        cmocka_unit_test(masks),
        cmocka_unit_test(masks_of_large_batches),
        cmocka_unit_test(dropout),
        cmocka_unit_test(predicting),
        cmocka_unit_test(only_the_steps_there),
        cmocka_unit_test(turning_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
