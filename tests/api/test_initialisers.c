/* test_initialisers.c - each initialiser of a description is that of its own array, and of
 * no other; defaults are Keras's.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "close.h"
#include "models.h"

enum { FEATURES = 6, UNITS = 5, MOST = 256 };

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* What the values of an array look like. */
typedef enum look { ZEROS, ONES, SMALL, RANDOM, FORGET } look;

/* The forget gate's quarter of a bias. */
static bool is_forget(size_t i, size_t n)
{
    return i / (n / 4) == 1;
}

static void check_look(const char *name, look want, const float *w, size_t n)
{
    float largest = 0.0F;

    for (size_t i = 0; i < n; i++) {
        const float value = w[i];

        largest = fmaxf(largest, fabsf(value));
        if ((want == ZEROS && value != 0.0F) || (want == ONES && value != 1.0F) ||
            (want == FORGET && value != (is_forget(i, n) ? 1.0F : 0.0F)) ||
            ((want == SMALL || want == RANDOM) && (value == 0.0F || value == 1.0F)))
            fail_msg("%s: [%zu] is %g", name, i, (double)value);
    }
    if (want == SMALL)
        assert_true(largest <= 0.05F);
    if (want == RANDOM)
        assert_true(largest > 0.1F);
}

/* The arrays of a layer, in their order. */
static void check(const char *name, const seqecho_spec *spec, const look *looks, size_t n)
{
    seqecho_graph *graph;

    must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 2)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, FEATURES }));
    seqecho_graph_add(graph, spec);
    must(seqecho_graph_status(graph));
    assert_int_equal(seqecho_graph_weight_count(graph), n);
    for (size_t i = 0; i < n; i++) {
        const char *const weight = seqecho_graph_weight_name(graph, i);
        float values[MOST];
        seqecho_view shape;
        size_t size = 1;

        must(seqecho_graph_weight_shape(graph, weight, &shape));
        for (int32_t d = 0; d < shape.rank; d++)
            size *= (size_t)shape.dim[d];
        assert_true(size <= MOST);
        must(seqecho_graph_weight_get(graph, weight, values, size));
        check_look(name, looks[i], values, size);
    }
    seqecho_graph_destroy(graph);
}

#define CHECK(SPEC, ...) \
    check(#SPEC, SPEC, (const look[]){ __VA_ARGS__ }, \
          sizeof((const look[]){ __VA_ARGS__ }) / sizeof(look))

static void two_arrays(void **state)
{
    const seqecho_init one = SEQECHO_INIT_ONES, small = SEQECHO_INIT_UNIFORM;

    (void)state;
    CHECK(SEQECHO_DENSE(.units = UNITS), RANDOM, ZEROS);
    CHECK(SEQECHO_DENSE(.units = UNITS, .kernel_init = one), ONES, ZEROS);
    CHECK(SEQECHO_DENSE(.units = UNITS, .bias_init = one), RANDOM, ONES);
    CHECK(SEQECHO_DENSE(.units = UNITS, .kernel_init = small, .bias_init = small), SMALL,
          SMALL);
    CHECK(SEQECHO_CONV1D(.filters = UNITS, .kernel_size = 2), RANDOM, ZEROS);
    CHECK(SEQECHO_CONV1D(.filters = UNITS, .kernel_size = 2, .kernel_init = one), ONES,
          ZEROS);
    CHECK(SEQECHO_CONV1D(.filters = UNITS, .kernel_size = 2, .bias_init = one), RANDOM,
          ONES);
    CHECK(SEQECHO_EMBEDDING(.output_dim = UNITS), SMALL);
    CHECK(SEQECHO_EMBEDDING(.output_dim = UNITS, .embeddings_init = one), ONES);
    CHECK(SEQECHO_EMBEDDING(.output_dim = UNITS,
                            .embeddings_init = SEQECHO_INIT_GLOROT_UNIFORM),
          RANDOM);
}

static void recurrent_arrays(void **state)
{
    const seqecho_init one = SEQECHO_INIT_ONES, none = SEQECHO_INIT_ZEROS;

    (void)state;
    CHECK(SEQECHO_LSTM(.units = UNITS), RANDOM, RANDOM, FORGET);
    CHECK(SEQECHO_LSTM(.units = UNITS, .kernel_init = one), ONES, RANDOM, FORGET);
    CHECK(SEQECHO_LSTM(.units = UNITS, .recurrent_init = none), RANDOM, ZEROS, FORGET);
    CHECK(SEQECHO_LSTM(.units = UNITS, .bias_init = one), RANDOM, RANDOM, ONES);
    CHECK(SEQECHO_LSTM(.units = UNITS, .no_unit_forget_bias = true), RANDOM, RANDOM, ZEROS);
    CHECK(SEQECHO_LSTM(.units = UNITS, .no_unit_forget_bias = true,
                       .bias_init = SEQECHO_INIT_UNIFORM),
          RANDOM, RANDOM, SMALL);
    CHECK(SEQECHO_GRU(.units = UNITS), RANDOM, RANDOM, ZEROS);
    CHECK(SEQECHO_GRU(.units = UNITS, .kernel_init = one), ONES, RANDOM, ZEROS);
    CHECK(SEQECHO_GRU(.units = UNITS, .recurrent_init = none), RANDOM, ZEROS, ZEROS);
    CHECK(SEQECHO_GRU(.units = UNITS, .bias_init = one), RANDOM, RANDOM, ONES);
    CHECK(SEQECHO_GRU(.units = UNITS, .bias_init = one, .no_reset_after = true), RANDOM,
          RANDOM, ONES);
    CHECK(SEQECHO_SIMPLE_RNN(.units = UNITS), RANDOM, RANDOM, ZEROS);
    CHECK(SEQECHO_SIMPLE_RNN(.units = UNITS, .kernel_init = none), ZEROS, RANDOM, ZEROS);
    CHECK(SEQECHO_SIMPLE_RNN(.units = UNITS, .recurrent_init = one), RANDOM, ONES, ZEROS);
    CHECK(SEQECHO_SIMPLE_RNN(.units = UNITS, .bias_init = one), RANDOM, RANDOM, ONES);
}

static void inside_wrappers(void **state)
{
    const seqecho_spec *const lstm =
        SEQECHO_LSTM(.units = UNITS, .recurrent_init = SEQECHO_INIT_ZEROS);

    (void)state;
    CHECK(SEQECHO_BIDIRECTIONAL(lstm), RANDOM, ZEROS, FORGET, RANDOM, ZEROS, FORGET);
    CHECK(SEQECHO_SEQUENTIAL(SEQECHO_DENSE(.units = UNITS, .bias_init = SEQECHO_INIT_ONES),
                             lstm),
          RANDOM, ONES, RANDOM, ZEROS, FORGET);
    CHECK(SEQECHO_TIME_DISTRIBUTED(
              SEQECHO_DENSE(.units = UNITS, .kernel_init = SEQECHO_INIT_ONES)),
          ONES, ZEROS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_arrays),
        cmocka_unit_test(recurrent_arrays),
        cmocka_unit_test(inside_wrappers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
