/* test_wrapped.c - TimeDistributed of every layer against that layer on every row, and
 * Sequential of every layer against the layer alone.
 * SPDX-License-Identifier: MIT */
#include "catalogue.h"
#include "close.h"
#include "one_layer.h"
#include "refuse.h"

enum { SAMPLES = 3, ROWS = 2, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES };

/* What differs only in the sign of a zero is equal. */
#define assert_equal(got, want, n) assert_close(got, want, n, 0.0, 0.0)

static size_t checked;

static one_layer open_layer(const seqecho_spec *spec, int64_t samples)
{
    return one_layer_open(
        spec, (one_layer_options){ .dim = { STEPS, FEATURES }, .samples = samples });
}

static void predict(one_layer *l)
{
    one_layer_weights(l, l->w);
    one_layer_must(seqecho_trainer_predict(l->trainer, l->x_view, l->y, l->n_y));
}

/* Both give the same, two batches long.  What draws is compared where it does not. */
static void compare(const catalogue_entry *e, one_layer *a, one_layer *b, bool same_order)
{
    const bool learns = (e->traits & CATALOGUE_DROPS) == 0;

    assert_int_equal(a->n_x, b->n_x);
    assert_int_equal(a->n_y, b->n_y);
    assert_int_equal(a->n_w, b->n_w);
    for (uint32_t batch = 0; batch < 2; batch++) {
        one_layer_fill(a->x, a->n_x, 20 + batch);
        memcpy(b->x, a->x, a->n_x * sizeof *a->x);
        predict(a);
        predict(b);
        assert_same_bits(b->y, a->y, a->n_y);
        if (!learns)
            continue;
        one_layer_run(a);
        one_layer_run(b);
        assert_same_bits(b->y, a->y, a->n_y);
        assert_equal(b->dx, a->dx, a->n_x);
        if (same_order)
            assert_equal(b->dw, a->dw, a->n_w);
        else
            assert_close(b->dw, a->dw, a->n_w, 2e-5, 2e-5);
    }
    one_layer_close(a);
    one_layer_close(b);
    checked++;
}

/* ---- TimeDistributed ---------------------------------------------------------------- */

static void check_on_every_row(const catalogue_entry *e)
{
    one_layer flat = open_layer(e->spec, (int64_t)SAMPLES * ROWS);
    one_layer deep = one_layer_open(
        SEQECHO_TIME_DISTRIBUTED(e->spec),
        (one_layer_options){ .dim = { ROWS, STEPS, FEATURES }, .samples = SAMPLES });

    compare(e, &flat, &deep, false);
}

static void time_distributed(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_on_every_row);
    assert_true(checked > 150);
}

/* ---- Sequential --------------------------------------------------------------------- */

static void check_alone(const catalogue_entry *e)
{
    one_layer alone = open_layer(e->spec, SAMPLES);
    one_layer stack = open_layer(SEQECHO_SEQUENTIAL(e->spec), SAMPLES);

    compare(e, &alone, &stack, true);
}

static void sequential(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_alone);
    assert_true(checked > 150);
}

/* Between two layers, in a stack and in a stack inside a stack. */
static void check_between(const catalogue_entry *e)
{
    const seqecho_spec *const first = SEQECHO_DENSE(.units = FEATURES, .name = "first");
    const seqecho_spec *const last = SEQECHO_DENSE(.units = 2, .name = "last");
    one_layer flat, deep;

    if (e->traits & CATALOGUE_MASKS)
        return; /* refused: below */
    flat = open_layer(SEQECHO_SEQUENTIAL(first, e->spec, last), SAMPLES);
    deep =
        open_layer(SEQECHO_SEQUENTIAL(SEQECHO_SEQUENTIAL(first, e->spec), last), SAMPLES);
    compare(e, &flat, &deep, true);
}

static void nested(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_between);
    assert_true(checked > 150);
}

static void masks_inside(void **state)
{
    const seqecho_spec *const makers[] = {
        SEQECHO_MASKING(0.0F),
        SEQECHO_EMBEDDING(.output_dim = 2, .mask_zero = true),
        SEQECHO_SEQUENTIAL(SEQECHO_MASKING(0.0F), SEQECHO_DENSE(.units = 2)),
    };
    const char *const texts[] = {
        "sequential: masking (Masking) makes a mask; inside it can only be the first",
        "sequential: embedding (Embedding) makes a mask; inside it can only be the first",
        "sequential: sequential (Sequential) makes a mask; inside it can only be the first",
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        seqecho_graph *graph;

        one_layer_must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
        assert_null(seqecho_graph_add(
            graph, SEQECHO_SEQUENTIAL(SEQECHO_DENSE(.units = 3), makers[i])));
        assert_refused(seqecho_graph_status(graph), SEQECHO_ENOTSUP, texts[i]);
        seqecho_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(time_distributed),
        catalogue_test(sequential),
        catalogue_test(nested),
        cmocka_unit_test(masks_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
