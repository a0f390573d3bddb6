/* test_every_layer.c - gradients of every layer with every option, where steps are missing,
 * where something is dropped, and inside wrappers.
 * SPDX-License-Identifier: MIT */
#include "catalogue.h"
#include "close.h"
#include "gradcheck.h"
#include "slopes.h"

enum { SAMPLES = 3, ROWS = 2, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES };
enum { X = SAMPLES * STEPS * FEATURES };

#define MISSING 7.0F

static const int32_t lengths[SAMPLES] = { 3, 0, 4 };
static float x[ROWS * X];
static size_t checked;

/* Steps missing at the beginning, inside and at the end. */
static const bool there[SAMPLES][STEPS] = {
    { false, true, true, false },
    { true, false, true, true },
    { true, true, true, false },
};

/* Away from 0, where activations have kinks, and from each other along each feature, where
 * maxima have. */
static void fill(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t step = i / FEATURES % STEPS;
        const float size = 0.3F + 0.15F * (float)((3 * step + i % FEATURES) % STEPS) +
                           0.025F * (gradcheck_random() + 1.0F);

        x[i] = gradcheck_random() < 0.0F ? -size : size;
    }
}

/* An LSTM's gates bound h; what has none and kinks as well is in test_gru.c. */
static bool differentiable(const catalogue_entry *e)
{
    return (e->traits & CATALOGUE_GROWS) == 0;
}

static slopes begin(const catalogue_entry *e, const gradcheck_model *m)
{
    fill(ROWS * X);
    checked++;
    return (slopes){
        .name = e->name,
        .graph = m->graph,
        .x = { { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
               { lengths, { SAMPLES }, 1, SEQECHO_INT32 } },
        .input = { x },
        .size = { X },
        .n_input = 1,
        .marker = MISSING,
    };
}

static void end(const catalogue_entry *e, gradcheck_model *m, slopes *s, seqecho_node *y)
{
    gradcheck_output(m, y);
    gradcheck_fill_weights(m->graph, (e->traits & CATALOGUE_KINKS) != 0);
    slopes_check(s, y, s->x[0].dim[0]);
}

/* ---- Where steps are missing -------------------------------------------------------- */

static void mark_missing(void)
{
    for (size_t i = 0; i < X; i++)
        if (!there[i / FEATURES / STEPS][i / FEATURES % STEPS])
            x[i] = MISSING;
}

static void check_masking(const catalogue_entry *e)
{
    gradcheck_model m;
    seqecho_node *in;
    slopes s;

    if (!differentiable(e))
        return;
    m = gradcheck_begin();
    s = begin(e, &m);
    in = gradcheck_input(&m, 0, STEPS, FEATURES, 0);
    mark_missing();
    end(e, &m, &s,
        gradcheck_apply(&m, e->spec, gradcheck_apply(&m, SEQECHO_MASKING(MISSING), in)));
}

static void behind_masking(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_masking);
    assert_true(checked > 150);
}

static void check_lengths(const catalogue_entry *e)
{
    gradcheck_model m;
    seqecho_node *in;
    slopes s;

    if (!differentiable(e))
        return;
    m = gradcheck_begin();
    s = begin(e, &m);
    in = seqecho_graph_input(m.graph,
                             SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = true));
    for (int32_t i = 0; i < X; i++)
        if (i / FEATURES % STEPS >= lengths[i / FEATURES / STEPS])
            x[i] = (float)NAN;
    end(e, &m, &s, gradcheck_apply(&m, e->spec, in));
}

static void behind_lengths(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_lengths);
    assert_true(checked > 150);
}

/* What hands the mask on hands it to an LSTM, whose own gradient then depends on it. */
static void check_mask_handed_on(const catalogue_entry *e)
{
    gradcheck_model m;
    seqecho_node *node;
    slopes s;

    if ((e->traits & CATALOGUE_HANDS) == 0 || (e->traits & CATALOGUE_KINKS) != 0)
        return;
    m = gradcheck_begin();
    s = begin(e, &m);
    mark_missing();
    node = gradcheck_input(&m, 0, STEPS, FEATURES, 0);
    node = gradcheck_apply(&m, SEQECHO_MASKING(MISSING), node);
    node = gradcheck_apply(&m, e->spec, node);
    end(e, &m, &s, gradcheck_apply(&m, SEQECHO_LSTM(.units = 2), node));
}

static void mask_handed_on(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_mask_handed_on);
    assert_true(checked > 60);
}

/* ---- Inside wrappers ---------------------------------------------------------------- */

/* On two rows, of which one sample has only one. */
static void check_time_distributed(const catalogue_entry *e)
{
    gradcheck_model m;
    seqecho_node *node;
    slopes s;

    if (!differentiable(e))
        return;
    m = gradcheck_begin();
    s = begin(e, &m);
    node = gradcheck_input(&m, 0, ROWS, STEPS, FEATURES);
    s.x[0] =
        (seqecho_view){ x, { SAMPLES - 1, ROWS, STEPS, FEATURES }, 4, SEQECHO_FLOAT32 };
    s.size[0] = (SAMPLES - 1) * ROWS * STEPS * FEATURES;
    for (size_t i = 0; i < STEPS * FEATURES; i++)
        x[STEPS * FEATURES + i] = MISSING;
    node = gradcheck_apply(&m, SEQECHO_MASKING(MISSING), node);
    end(e, &m, &s, gradcheck_apply(&m, SEQECHO_TIME_DISTRIBUTED(e->spec), node));
}

static void in_time_distributed(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_time_distributed);
    assert_true(checked > 150);
}

/* Masked inside, and behind a layer that learns through it, unless that would bring x near
 * its kinks. */
static void check_sequential(const catalogue_entry *e)
{
    const seqecho_spec *const masking = SEQECHO_MASKING(MISSING);
    const seqecho_spec *const between =
        e->traits & CATALOGUE_KINKS
            ? SEQECHO_ACTIVATION(SEQECHO_LINEAR)
            : SEQECHO_LAYER_NORMALIZATION(.epsilon = 0.5F, .no_center = true);
    gradcheck_model m;
    slopes s;

    if (!differentiable(e) || (e->traits & CATALOGUE_MASKS) != 0)
        return;
    m = gradcheck_begin();
    s = begin(e, &m);
    mark_missing();
    end(e, &m, &s,
        gradcheck_apply(&m, SEQECHO_SEQUENTIAL(masking, between, e->spec),
                        gradcheck_input(&m, 0, STEPS, FEATURES, 0)));
}

static void in_sequential(void **state)
{
    (void)state;
    checked = 0;
    catalogue_each(check_sequential);
    assert_true(checked > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(behind_masking), catalogue_test(behind_lengths),
        catalogue_test(mask_handed_on), catalogue_test(in_time_distributed),
        catalogue_test(in_sequential),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
