/* test_every_state.c - gradients of a batch that goes on where another ended: recurrent
 * layers with every option, with steps missing, with dropout, inside wrappers.
 * SPDX-License-Identifier: MIT
 *
 * The state that a batch begins with is a constant: gradients stop there. */
#include "catalogue.h"
#include "close.h"
#include "gradcheck.h"
#include "slopes.h"

enum { SAMPLES = 3, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES };
enum { X = SAMPLES * STEPS * FEATURES };

static const int32_t first_lengths[SAMPLES] = { 2, 4, 0 }, lengths[SAMPLES] = { 3, 0, 4 };
static size_t checked;

typedef enum place { ALONE, MASKED, IN_TIME_DISTRIBUTED, IN_SEQUENTIAL } place;

static void fill(float *x, const int32_t *length)
{
    for (int32_t i = 0; i < X; i++)
        x[i] = length != NULL && i / FEATURES % STEPS >= length[i / FEATURES / STEPS]
                   ? (float)NAN
                   : gradcheck_random();
}

static const seqecho_spec *wrap(place at, const seqecho_spec *const *spec)
{
    static seqecho_time_distributed_spec each;
    static seqecho_sequential_spec stack;

    each = (seqecho_time_distributed_spec){
        .head = { sizeof each, SEQECHO_KIND_TIME_DISTRIBUTED, 0 }, .inner = *spec
    };
    stack = (seqecho_sequential_spec){ .head = { sizeof stack, SEQECHO_KIND_SEQUENTIAL, 0 },
                                       .layers = spec,
                                       .n_layers = 1 };
    return at == IN_TIME_DISTRIBUTED ? &each.head
           : at == IN_SEQUENTIAL     ? &stack.head
                                     : *spec;
}

static void check(const catalogue_entry *e, place at)
{
    static float x[X], first[X];
    const bool masked = at == MASKED || at == IN_SEQUENTIAL,
               deep = at == IN_TIME_DISTRIBUTED;
    catalogue_copy copy;
    const seqecho_spec *spec;
    seqecho_view before[2];
    gradcheck_model m;
    seqecho_node *node;
    slopes s;

    if ((e->traits & CATALOGUE_RECURRENT) == 0 || (e->traits & CATALOGUE_KINKS) != 0)
        return;
    spec = catalogue_with(&copy, e->spec, true, false);
    m = gradcheck_begin();
    s = (slopes){ .name = e->name,
                  .graph = m.graph,
                  .before = before,
                  .input = { x },
                  .size = { X },
                  .n_input = 1,
                  .marker = (float)NAN };
    fill(first, masked ? first_lengths : NULL);
    fill(x, masked ? lengths : NULL);
    /* Three samples of a sequence, or one whose three steps are one each. */
    s.x[0] = deep ? (seqecho_view){ x, { 1, SAMPLES, STEPS, FEATURES }, 4, SEQECHO_FLOAT32 }
                  : (seqecho_view){ x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    s.x[1] = (seqecho_view){ lengths, { SAMPLES }, 1, SEQECHO_INT32 };
    before[0] = s.x[0];
    before[0].data = first;
    before[1] = s.x[1];
    before[1].data = first_lengths;
    node = seqecho_graph_input(
        m.graph, SEQECHO_INPUT(.batch = s.x[0].dim[0],
                               .dim = { s.x[0].dim[1], s.x[0].dim[2], s.x[0].dim[3] },
                               .lengths = masked));
    node = gradcheck_apply(&m, wrap(at, &spec), node);
    gradcheck_output(&m, node);
    gradcheck_fill_weights(m.graph, false);
    slopes_check(&s, node, s.x[0].dim[0]);
    checked++;
}

static void check_alone(const catalogue_entry *e)
{
    check(e, ALONE);
}

static void check_masked(const catalogue_entry *e)
{
    check(e, MASKED);
}

static void check_in_time_distributed(const catalogue_entry *e)
{
    check(e, IN_TIME_DISTRIBUTED);
}

static void check_in_sequential(const catalogue_entry *e)
{
    check(e, IN_SEQUENTIAL);
}

static void check_all(catalogue_fn fn)
{
    checked = 0;
    catalogue_each(fn);
    assert_true(checked > 100);
}

static void alone(void **state)
{
    (void)state;
    check_all(check_alone);
}

static void masked(void **state)
{
    (void)state;
    check_all(check_masked);
}

static void in_time_distributed(void **state)
{
    (void)state;
    check_all(check_in_time_distributed);
}

static void in_sequential(void **state)
{
    (void)state;
    check_all(check_in_sequential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(alone),
        catalogue_test(masked),
        catalogue_test(in_time_distributed),
        catalogue_test(in_sequential),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
