/* test_session.c - sessions: what is laid out where, what is left out, states.
 * SPDX-License-Identifier: MIT */
#include "graph/session.h"

#include "base/alloc.h"
#include "close.h"
#include "counting_alloc.h"
#include "refuse.h"

typedef struct setup {
    counting_alloc blocks;
    seqecho_allocator hook;
    seqecho_graph *graph;
    se_session *s;
    float *grads;
} setup;

static void begin(setup *t)
{
    memset(t, 0, sizeof *t);
    t->hook = counting_alloc_hook(&t->blocks);
    assert_int_equal(seqecho_graph_create(&t->graph, NULL), 0);
}

static void create(setup *t, se_mode mode, int64_t state_batch)
{
    if (se_session_create(&t->s, t->graph, mode, &t->hook, 1, SEQECHO_NUMERICS_DEFAULT,
                          state_batch) < 0)
        fail_msg("%s", seqecho_error_message());
    t->grads = calloc(t->graph->n_params + 1, sizeof *t->grads);
    t->s->grads = t->grads;
}

static void end(setup *t)
{
    se_session_destroy(t->s);
    seqecho_graph_destroy(t->graph);
    free(t->grads);
    assert_int_equal(t->blocks.live, 0);
}

static seqecho_node *apply(setup *t, const seqecho_spec *spec, seqecho_node *x)
{
    seqecho_node *const node = seqecho_layer_call(seqecho_layer_create(t->graph, spec), x);

    assert_non_null(node);
    return node;
}

static const se_slot *slot_of(const setup *t, const seqecho_node *node)
{
    return &t->s->slots[node->index];
}

/* ---- Forms of values ---------------------------------------------------------------- */

/* A repeated value is not copied if every consumer is an LSTM that reads it as x. */
static void repeated_values(void **state)
{
    static const struct {
        bool dense, output, twice, want;
    } cases[] = {
        { false, false, false, true },
        { false, false, true, true },
        { true, false, false, false },
        { false, true, false, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_node *x, *r;
        setup t;

        begin(&t);
        x = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3 }));
        r = apply(&t, SEQECHO_REPEAT_VECTOR(1000), x);
        assert_int_equal(
            seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 2), r)), 0);
        if (cases[i].twice)
            assert_int_equal(
                seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 1), r)), 0);
        if (cases[i].dense)
            assert_int_equal(
                seqecho_graph_output(t.graph, apply(&t, SEQECHO_DENSE(.units = 1), r)), 0);
        if (cases[i].output)
            assert_int_equal(seqecho_graph_output(t.graph, r), 0);
        create(&t, SE_MODE_RUN, 0);
        assert_int_equal(se_session_bind(t.s, 4, false), 0);
        assert_int_equal(slot_of(&t, r)->repeated, cases[i].want);
        assert_int_equal(slot_of(&t, r)->buffer == NULL, cases[i].want);
        end(&t);
    }
}

/* Class numbers are made one-hot only where a layer asks for it. */
static void class_numbers(void **state)
{
    setup t;
    seqecho_node *plain, *both, *shown;
    const int32_t classes[] = { 1, 0, 2, 2, 1, 0 };
    const seqecho_view view = { classes, { 2, 3 }, 2, SEQECHO_INT32 };
    const seqecho_view views[] = { view, view, view };

    (void)state;
    begin(&t);
    plain = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3, 3 }));
    both = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3, 3 }));
    shown = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3, 3 }));
    assert_int_equal(
        seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 1), plain)), 0);
    assert_int_equal(
        seqecho_graph_output(
            t.graph, apply(&t, SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 1)), plain)),
        0);
    assert_int_equal(
        seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 1), both)), 0);
    assert_int_equal(
        seqecho_graph_output(t.graph, apply(&t, SEQECHO_ACTIVATION(SEQECHO_RELU), both)),
        0);
    assert_int_equal(seqecho_graph_output(t.graph, shown), 0);
    create(&t, SE_MODE_RUN, 0);
    assert_int_equal(se_session_feed(t.s, views, 0, 2, false), 0);
    assert_false(slot_of(&t, plain)->needs_data);
    assert_null(slot_of(&t, plain)->value.data);
    assert_true(slot_of(&t, both)->needs_data);
    assert_true(slot_of(&t, shown)->needs_data);
    for (int i = 0; i < 3; i++) {
        const se_slot *const slot = slot_of(&t, i == 0 ? plain : i == 1 ? both : shown);

        /* Step-major: step 0 of both samples, step 1, ... */
        assert_memory_equal(slot->value.classes, ((const int32_t[]){ 1, 2, 0, 1, 2, 0 }),
                            sizeof classes);
        if (slot->needs_data)
            assert_close(
                slot->value.data,
                ((const float[]){ 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0 }),
                18, 0, 0);
    }
    end(&t);
}

/* Floats that are one-hot, every row, go as class numbers where these alone will do. */
static void one_hot_floats(void **state)
{
    float data[2][2][3] = { { { 0, 1, 0 }, { 0, 0, 1 } },
                            { { 1, 0, 0 }, { 0, -0.0F, 1 } } };
    const seqecho_view view = {
        .data = data, .dtype = SEQECHO_FLOAT32, .rank = 3, .dim = { 2, 2, 3 }
    };
    setup t;
    seqecho_node *x;

    (void)state;
    begin(&t);
    x = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 2, 3 }));
    assert_int_equal(seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 2), x)),
                     0);
    create(&t, SE_MODE_TRAIN, 0);
    assert_int_equal(se_session_feed(t.s, &view, 0, 2, false), 0);
    assert_null(slot_of(&t, x)->value.data);
    assert_memory_equal(slot_of(&t, x)->value.classes, ((const int32_t[]){ 1, 0, 2, 2 }),
                        4 * sizeof(int32_t));
    assert_int_equal(se_session_feed(t.s, &view, 0, 2, true), 0); /* the floats have a dx */
    assert_null(slot_of(&t, x)->value.classes);
    assert_non_null(slot_of(&t, x)->value.data);
    data[1][1][0] = 0.5F;
    assert_int_equal(se_session_feed(t.s, &view, 0, 2, false), 0);
    assert_null(slot_of(&t, x)->value.classes);
    assert_close(slot_of(&t, x)->value.data,
                 ((const float[]){ 0, 1, 0, 1, 0, 0, 0, 0, 1, 0.5F, 0, 1 }), 12, 0, 0);
    end(&t);
}

/* The softmax is left to the loss only where nobody else reads the probabilities. */
static void deferred_softmax(void **state)
{
    setup t;
    seqecho_node *x, *only, *read, *inner;

    (void)state;
    begin(&t);
    x = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3, 3 }));
    only = apply(
        &t,
        SEQECHO_TIME_DISTRIBUTED(SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX)),
        x);
    read = apply(&t, SEQECHO_ACTIVATION(SEQECHO_SOFTMAX), x);
    inner = apply(&t, SEQECHO_DENSE(.units = 2, .activation = SEQECHO_SOFTMAX), x);
    assert_int_equal(seqecho_graph_output(t.graph, only), 0);
    assert_int_equal(seqecho_graph_output(t.graph, read), 0);
    assert_int_equal(
        seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 1), read)), 0);
    assert_int_equal(
        seqecho_graph_output(t.graph, apply(&t, SEQECHO_LSTM(.units = 1), inner)), 0);
    create(&t, SE_MODE_TRAIN, 0);
    assert_true(slot_of(&t, only)->defers_softmax);
    assert_false(slot_of(&t, read)->defers_softmax);
    assert_false(slot_of(&t, inner)->defers_softmax);
    end(&t);
}

/* Gradients are kept where a weight or a wanted input lies before, and nowhere else. */
static void needed_gradients(void **state)
{
    setup t;
    seqecho_node *x, *a, *d, *b;

    (void)state;
    begin(&t);
    x = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3 }));
    a = apply(&t, SEQECHO_ACTIVATION(SEQECHO_TANH), x);
    d = apply(&t, SEQECHO_DENSE(.units = 2), a);
    b = apply(&t, SEQECHO_ACTIVATION(SEQECHO_TANH), d);
    assert_int_equal(seqecho_graph_output(t.graph, b), 0);
    create(&t, SE_MODE_TRAIN, 0);
    for (int want_dx = 0; want_dx < 2; want_dx++) {
        assert_int_equal(se_session_bind(t.s, 2, want_dx), 0);
        assert_int_equal(slot_of(&t, x)->needs_grad, want_dx);
        assert_int_equal(slot_of(&t, a)->needs_grad, want_dx);
        assert_true(slot_of(&t, d)->needs_grad);
        assert_true(slot_of(&t, b)->needs_grad);
        assert_int_equal(slot_of(&t, x)->grad != NULL, want_dx);
    }
    end(&t);
}

/* Layers that no output depends on are not run. */
static void unused_calls(void **state)
{
    setup t;
    seqecho_node *x, *y, *unused;

    (void)state;
    begin(&t);
    x = seqecho_graph_input(t.graph, SEQECHO_INPUT(.dim = { 3 }));
    unused = apply(&t, SEQECHO_DENSE(.units = 2), x);
    y = apply(&t, SEQECHO_DENSE(.units = 1), x);
    (void)apply(&t, SEQECHO_DENSE(.units = 2), unused);
    assert_int_equal(seqecho_graph_output(t.graph, y), 0);
    create(&t, SE_MODE_RUN, 0);
    assert_int_equal(t.s->n_steps, 2);
    assert_int_equal(se_session_bind(t.s, 2, false), 0);
    assert_null(slot_of(&t, unused)->buffer);
    end(&t);
}

/* ---- Memory ------------------------------------------------------------------------- */

static void echo(setup *t, int64_t batch, bool stateful)
{
    begin(t);
    seqecho_graph_add(t->graph, SEQECHO_INPUT(.batch = batch, .dim = { 4, 3 }));
    seqecho_graph_add(
        t->graph, SEQECHO_LSTM(.units = 5, .return_sequences = true, .stateful = stateful));
    seqecho_graph_add(t->graph,
                      SEQECHO_LSTM(.units = 2, .stateful = stateful, .return_state = true));
    assert_int_equal(seqecho_graph_status(t->graph), 0);
}

/* Memory is asked for only when a batch is larger than all before. */
static void binding(void **state)
{
    static const int64_t batches[] = { 5, 5, 3, 1, 5, 8, 8, 2, 7 };
    static const int64_t blocks[] = { 1, 1, 1, 1, 1, 2, 2, 2, 2 };
    int64_t before;
    setup t;

    (void)state;
    echo(&t, 0, false);
    create(&t, SE_MODE_TRAIN, 0);
    before = t.blocks.calls;
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        assert_int_equal(se_session_bind(t.s, batches[i], false), 0);
        assert_int_equal(t.s->batch, batches[i]);
        assert_int_equal(t.blocks.calls - before, blocks[i]);
    }
    end(&t);
}

typedef struct range {
    const float *begin;
    int64_t size;
} range;

/* All buffers lie in the block, on cache lines, and do not overlap. */
static void buffers_do_not_overlap(void **state)
{
    range ranges[64];
    size_t n = 0;
    setup t;

    (void)state;
    echo(&t, 0, false);
    create(&t, SE_MODE_TRAIN, 0);
    assert_int_equal(se_session_bind(t.s, 7, true), 0);
    for (size_t i = 0; i < t.s->n_slots; i++) {
        const se_slot *const slot = &t.s->slots[i];
        const int64_t size = se_shape_size(&slot->shape) * 7;

        assert_non_null(slot->buffer);
        assert_non_null(slot->grad);
        ranges[n++] = (range){ slot->buffer, size };
        ranges[n++] = (range){ slot->grad, size };
        if (slot->is_input)
            ranges[n++] = (range){ (const float *)(const void *)slot->classes, 7 * 4 };
    }
    for (size_t i = 0; i < t.s->n_steps; i++)
        if (t.s->steps[i].frame.work != NULL)
            ranges[n++] = (range){ t.s->steps[i].frame.work, 1 };
    for (size_t i = 0; i < SE_MAX_PORTS; i++)
        if (t.s->scratch[i] != NULL)
            ranges[n++] = (range){ t.s->scratch[i], i == 0 ? 7 * 4 * 5 : 1 };
    for (size_t i = 0; i < n; i++) {
        assert_int_equal((uintptr_t)ranges[i].begin % SE_CACHE_LINE, 0);
        assert_true(ranges[i].begin >= t.s->block);
        assert_true(ranges[i].begin + ranges[i].size <= t.s->block + t.s->block_size);
        for (size_t k = 0; k < i; k++)
            assert_true(ranges[i].begin + ranges[i].size <= ranges[k].begin ||
                        ranges[k].begin + ranges[k].size <= ranges[i].begin);
    }
    end(&t);
}

/* A batch that is too large, by memory or by number, leaves the session as it was. */
static void failed_binding(void **state)
{
    static float data[6 * 12], first[12], again[12];
    const seqecho_view x = { data, { 6, 4, 3 }, 3, SEQECHO_FLOAT32 };
    setup t;

    (void)state;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        data[i] = (float)(i % 7) * 0.25F - 0.75F;
    echo(&t, 0, false);
    create(&t, SE_MODE_TRAIN, 0);
    assert_int_equal(se_session_feed(t.s, &x, 0, 6, true), 0);
    se_session_forward(t.s, false);
    se_session_get_output(t.s, 0, first);
    t.blocks.fail_at = t.blocks.calls + 1;
    assert_int_equal(se_session_bind(t.s, 7, true), SEQECHO_ENOMEM);
    t.blocks.fail_at = 0;
    assert_refused(se_session_bind(t.s, (int64_t)1 << 60, true), SEQECHO_ENOMEM,
                   "a batch of this size does not fit the address space");
    assert_int_equal(t.s->batch, 6);
    se_session_get_output(t.s, 0, again);
    assert_same_bits(again, first, 12);
    se_session_forward(t.s, false);
    se_session_get_output(t.s, 0, again);
    assert_same_bits(again, first, 12);
    end(&t);
}

/* ---- States ------------------------------------------------------------------------- */

static void run_once(setup *t, float out[4])
{
    static const float data[24] = { 1, 2, 3, 4, 5, 6, -1, -2, -3, 0, 0, 1,
                                    1, 1, 1, 2, 2, 2, 3,  3,  3,  1, 0, 0 };
    const seqecho_view x = { data, { 2, 4, 3 }, 3, SEQECHO_FLOAT32 };

    assert_int_equal(se_session_feed(t->s, &x, 0, 2, false), 0);
    se_session_forward(t->s, false);
    se_session_get_output(t->s, 0, out);
}

static void states(void **state)
{
    float zero[4], again[4], one[4], two[4];
    setup t;

    (void)state;
    echo(&t, 2, true);
    create(&t, SE_MODE_TRAIN, 0);
    assert_true(se_session_stateful(t.s));
    run_once(&t, zero);
    run_once(&t, again);
    assert_same_bits(again, zero, 4); /* nothing was committed */
    se_session_commit(t.s);
    run_once(&t, one);
    assert_true(memcmp(one, zero, sizeof one) != 0);
    se_session_save_states(t.s);
    for (int i = 0; i < 3; i++) { /* odd: the blocks have changed places */
        se_session_commit(t.s);
        run_once(&t, two);
        assert_true(memcmp(two, one, sizeof two) != 0);
    }
    se_session_restore_states(t.s);
    run_once(&t, again);
    assert_same_bits(again, one, 4);
    se_session_reset(t.s);
    run_once(&t, again);
    assert_same_bits(again, zero, 4);

    se_session_save_states(t.s); /* zeros are saved as well */
    se_session_commit(t.s);
    se_session_restore_states(t.s);
    run_once(&t, again);
    assert_same_bits(again, zero, 4);
    end(&t);
}

static void no_states(void **state)
{
    float zero[4], again[4];
    setup t;

    (void)state;
    echo(&t, 0, false);
    create(&t, SE_MODE_RUN, 0);
    assert_false(se_session_stateful(t.s));
    assert_null(t.s->states);
    run_once(&t, zero);
    se_session_save_states(t.s);
    se_session_commit(t.s);
    se_session_restore_states(t.s);
    run_once(&t, again);
    assert_same_bits(again, zero, 4);
    end(&t);
}

/* Step by step every recurrent layer has a state, and shapes have one time step. */
static void stepping(void **state)
{
    setup t;

    (void)state;
    echo(&t, 0, false);
    create(&t, SE_MODE_STEP, 3);
    assert_true(se_session_stateful(t.s));
    assert_int_equal(t.s->state_batch, 3);
    assert_int_equal(t.s->inputs[0]->shape.dim[0], 1);
    assert_int_equal(t.s->outputs[0]->shape.rank, 1);
    for (size_t i = 1; i < t.s->n_steps; i++)
        assert_true(t.s->steps[i].frame.keep_state);
    end(&t);
}

/* ---- Blame -------------------------------------------------------------------------- */

static void blame(void **state)
{
    const seqecho_view x = {
        (const float[12]){ [5] = INFINITY }, { 1, 4, 3 }, 3, SEQECHO_FLOAT32
    };
    const se_weight *w;
    setup t;

    (void)state;
    echo(&t, 0, false);
    create(&t, SE_MODE_TRAIN, 0);
    assert_int_equal(se_session_feed(t.s, &x, 0, 1, false), 0);
    se_session_forward(t.s, false);
    assert_refused(se_session_blame_output(t.s, "the loss"), SEQECHO_ENUMERIC,
                   "input_layer: its input is infinite");
    assert_int_equal(se_session_check_grads(t.s), 0);
    w = se_graph_find_weight(t.graph, "lstm_1/bias");
    assert_non_null(w);
    t.grads[w->offset + 7] = 2e18F;
    assert_refused(se_session_check_grads(t.s), SEQECHO_ENUMERIC,
                   "lstm_1/bias: its gradient became too large");
    t.grads[w->offset + 3] = -INFINITY;
    assert_refused(se_session_check_grads(t.s), SEQECHO_ENUMERIC,
                   "lstm_1/bias: its gradient became infinite");
    t.grads[w->offset + 1] = NAN;
    assert_refused(se_session_check_grads(t.s), SEQECHO_ENUMERIC,
                   "lstm_1/bias: its gradient became NaN");
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_values),
        cmocka_unit_test(class_numbers),
        cmocka_unit_test(one_hot_floats),
        cmocka_unit_test(deferred_softmax),
        cmocka_unit_test(needed_gradients),
        cmocka_unit_test(unused_calls),
        cmocka_unit_test(binding),
        cmocka_unit_test(buffers_do_not_overlap),
        cmocka_unit_test(failed_binding),
        cmocka_unit_test(states),
        cmocka_unit_test(no_states),
        cmocka_unit_test(stepping),
        cmocka_unit_test(blame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
