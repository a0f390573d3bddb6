/* test_pooling.c - gradients of pooling layers against differences.
 * SPDX-License-Identifier: MIT
 *
 * A maximum is linear only while no other number overtakes the largest; so its inputs are
 * further apart here than the differences are wide, and then these are exact. */
#include "close.h"
#include "gradcheck.h"
#include "one_layer.h"

enum { STEPS = 7, FEATURES = 3 };

static void check_average(const char *name, const seqecho_spec *spec, int64_t d1,
                          int64_t d2, int64_t d3, int64_t samples)
{
    const gradcheck_options o = { .name = name, .samples = samples };
    gradcheck_model m = gradcheck_begin();

    gradcheck_output(&m, gradcheck_apply(&m, spec, gradcheck_input(&m, 0, d1, d2, d3)));
    gradcheck_run(&m, &o);
}

static double sum_of(one_layer *l)
{
    double sum = 0.0;

    one_layer_forward(l);
    for (size_t i = 0; i < l->n_y; i++)
        sum += (double)l->y[i] * (double)l->dy[i];
    return sum;
}

/* The slope along every single input. */
static void check_slopes(const seqecho_spec *spec, one_layer_options o)
{
    one_layer l = one_layer_open(spec, o);

    for (size_t i = 0; i < l.n_x; i++) /* all different: 31 and n_x have no common factor */
        l.x[i] = 0.25F * (float)(i * 31 % l.n_x);
    assert_true(l.n_x % 31 != 0);
    one_layer_run(&l);
    for (size_t i = 0; i < l.n_x; i++) {
        const float x = l.x[i];
        double up, down;

        l.x[i] = x + 0.0625F;
        up = sum_of(&l);
        l.x[i] = x - 0.0625F;
        down = sum_of(&l);
        l.x[i] = x;
        assert_close_double((double)l.dx[i], (up - down) / 0.125, 1e-5, 1e-4);
    }
    one_layer_close(&l);
}

static void check_windows(uint32_t kind)
{
    static const int64_t sizes[] = { 1, 2, 3, 7 }, strides[] = { 0, 1, 2, 3 };

    for (size_t i = 0; i < 2 * 4 * 4; i++) {
        const seqecho_pooling1d_spec spec = {
            .head = { sizeof spec, kind, 0 },
            .pool_size = sizes[i % 4],
            .stride = strides[i / 4 % 4],
            .padding = (seqecho_padding)(i / 16),
        };

        if (kind == SEQECHO_KIND_AVERAGE_POOLING1D)
            check_average("average_pooling1d", &spec.head, STEPS, FEATURES, 0,
                          i % 2 == 0 ? 3 : 1);
        check_slopes(&spec.head, (one_layer_options){ .dim = { STEPS, FEATURES },
                                                      .samples = i % 2 == 0 ? 3 : 1 });
    }
}

static void max_pooling(void **state)
{
    (void)state;
    check_windows(SEQECHO_KIND_MAX_POOLING1D);
}

static void average_pooling(void **state)
{
    (void)state;
    check_windows(SEQECHO_KIND_AVERAGE_POOLING1D);
}

static void global_pooling(void **state)
{
    (void)state;
    for (int64_t samples = 1; samples <= 3; samples += 2) {
        const one_layer_options o = { .dim = { STEPS, FEATURES }, .samples = samples };

        check_average("global_average_pooling1d", SEQECHO_GLOBAL_AVERAGE_POOLING1D, STEPS,
                      FEATURES, 0, samples);
        check_slopes(SEQECHO_GLOBAL_AVERAGE_POOLING1D, o);
        check_slopes(SEQECHO_GLOBAL_MAX_POOLING1D, o);
    }
}

/* Steps that are missing have no slope, for what is behind their zeros is not looked at. */
static void masked(void **state)
{
    static const int32_t lengths[3] = { 2, 0, STEPS };
    const one_layer_options o = { .dim = { STEPS, FEATURES }, .lengths = lengths };

    (void)state;
    check_slopes(SEQECHO_GLOBAL_AVERAGE_POOLING1D, o);
}

static void in_time_distributed(void **state)
{
    const one_layer_options o = { .dim = { 2, 5, 3 }, .samples = 3 };

    (void)state;
    check_slopes(SEQECHO_TIME_DISTRIBUTED(SEQECHO_MAX_POOLING1D(2)), o);
    check_slopes(SEQECHO_TIME_DISTRIBUTED(SEQECHO_AVERAGE_POOLING1D(2)), o);
    check_slopes(SEQECHO_TIME_DISTRIBUTED(SEQECHO_GLOBAL_MAX_POOLING1D), o);
    check_average("global_average_pooling1d in time_distributed",
                  SEQECHO_TIME_DISTRIBUTED(SEQECHO_GLOBAL_AVERAGE_POOLING1D), 2, 5, 3, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pooling),         cmocka_unit_test(average_pooling),
        cmocka_unit_test(global_pooling),      cmocka_unit_test(masked),
        cmocka_unit_test(in_time_distributed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
