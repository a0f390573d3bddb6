/* test_conv_shapes.c - what building a convolution, a pooling or a reshaping gives, and
 * what it refuses.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "models.h"
#include "refuse.h"

static seqecho_graph *new_graph(void)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    return graph;
}

/* Input of this shape, then this layer: refused with this. */
static void refuse_after(const int64_t dim[3], const seqecho_spec *spec, int code,
                         const char *text)
{
    seqecho_graph *const graph = new_graph();

    assert_non_null(
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { dim[0], dim[1], dim[2] })));
    assert_null(seqecho_graph_add(graph, spec));
    assert_string_equal(seqecho_error_message(), text);
    assert_refused(seqecho_graph_status(graph), code, text);
    seqecho_graph_destroy(graph);
}

#define REFUSE_AFTER(d1, d2, d3, spec, code, text) \
    refuse_after((const int64_t[]){ d1, d2, d3 }, spec, code, text)

/* Input of this shape, then this layer: a sample of the output has that shape. */
static void shape_after(const int64_t dim[3], const seqecho_spec *spec,
                        const int64_t want[3])
{
    seqecho_graph *const graph = new_graph();
    seqecho_node *const in =
        seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { dim[0], dim[1], dim[2] }));
    seqecho_node *const out = seqecho_layer_call(seqecho_layer_create(graph, spec), in);
    seqecho_view shape;

    if (seqecho_graph_status(graph) < 0)
        fail_msg("%s", seqecho_error_message());
    assert_int_equal(seqecho_node_shape(out, &shape), 0);
    assert_int_equal(shape.dim[0], -1); /* any batch */
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(i + 1 < shape.rank ? shape.dim[i + 1] : 0, want[i]);
    seqecho_graph_destroy(graph);
}

#define SHAPE_AFTER(d1, d2, d3, spec, ...) \
    shape_after((const int64_t[]){ d1, d2, d3 }, spec, (const int64_t[3]){ __VA_ARGS__ })

/* ---- Shapes ------------------------------------------------------------------------- */

static seqecho_spec *pooling(uint32_t kind, seqecho_pooling1d_spec spec)
{
    static seqecho_pooling1d_spec kept;

    kept = spec;
    kept.head = (seqecho_spec){ sizeof kept, kind, 0 };
    return &kept.head;
}

#define POOLING(KIND, ...) \
    pooling(SEQECHO_KIND_##KIND##_POOLING1D, (seqecho_pooling1d_spec){ __VA_ARGS__ })

static void convolution_shapes(void **state)
{
    (void)state;
    SHAPE_AFTER(8, 3, 0, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3), 6, 4);
    SHAPE_AFTER(8, 3, 0, SEQECHO_CONV1D(.filters = 4, .kernel_size = 8), 1, 4);
    SHAPE_AFTER(8, 3, 0, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3, .stride = 2), 3, 4);
    SHAPE_AFTER(8, 3, 0, SEQECHO_CONV1D(.filters = 4, .kernel_size = 3, .dilation = 3), 2,
                4);
    SHAPE_AFTER(
        8, 3, 0,
        SEQECHO_CONV1D(.filters = 1, .kernel_size = 20, .padding = SEQECHO_PADDING_SAME), 8,
        1);
    SHAPE_AFTER(7, 3, 0,
                SEQECHO_CONV1D(.filters = 1, .kernel_size = 2, .stride = 3,
                               .padding = SEQECHO_PADDING_SAME),
                3, 1);
    SHAPE_AFTER(7, 3, 0,
                SEQECHO_CONV1D(.filters = 1, .kernel_size = 5, .stride = 2,
                               .padding = SEQECHO_PADDING_CAUSAL),
                4, 1);
    SHAPE_AFTER(2, 7, 3,
                SEQECHO_TIME_DISTRIBUTED(SEQECHO_CONV1D(.filters = 4, .kernel_size = 3)), 2,
                5, 4);
}

static void pooling_shapes(void **state)
{
    (void)state;
    SHAPE_AFTER(8, 3, 0, SEQECHO_MAX_POOLING1D(0), 4, 3);
    SHAPE_AFTER(8, 3, 0, SEQECHO_MAX_POOLING1D(3), 2, 3);
    SHAPE_AFTER(8, 3, 0, SEQECHO_AVERAGE_POOLING1D(8), 1, 3);
    SHAPE_AFTER(8, 3, 0, POOLING(AVERAGE, .pool_size = 3, .stride = 1), 6, 3);
    SHAPE_AFTER(8, 3, 0, POOLING(MAX, .pool_size = 3, .padding = SEQECHO_PADDING_SAME), 3,
                3);
    SHAPE_AFTER(2, 3, 0, POOLING(MAX, .pool_size = 9, .padding = SEQECHO_PADDING_SAME), 1,
                3);
    SHAPE_AFTER(8, 3, 0, SEQECHO_GLOBAL_MAX_POOLING1D, 3, 0);
    SHAPE_AFTER(8, 3, 0, SEQECHO_GLOBAL_AVERAGE_POOLING1D, 3, 0);
    SHAPE_AFTER(2, 7, 3, SEQECHO_TIME_DISTRIBUTED(SEQECHO_MAX_POOLING1D(2)), 2, 3, 3);
    SHAPE_AFTER(2, 7, 3, SEQECHO_TIME_DISTRIBUTED(SEQECHO_GLOBAL_MAX_POOLING1D), 2, 3);
}

static void reshaping_shapes(void **state)
{
    (void)state;
    SHAPE_AFTER(4, 0, 0, SEQECHO_FLATTEN, 4);
    SHAPE_AFTER(4, 3, 0, SEQECHO_FLATTEN, 12);
    SHAPE_AFTER(4, 3, 2, SEQECHO_FLATTEN, 24);
    SHAPE_AFTER(4, 3, 2, SEQECHO_TIME_DISTRIBUTED(SEQECHO_FLATTEN), 4, 6);
    SHAPE_AFTER(12, 0, 0, SEQECHO_RESHAPE(3, 4), 3, 4);
    SHAPE_AFTER(12, 0, 0, SEQECHO_RESHAPE(-1, 4), 3, 4);
    SHAPE_AFTER(4, 6, 0, SEQECHO_RESHAPE(2, -1, 3), 2, 4, 3);
    SHAPE_AFTER(4, 6, 0, SEQECHO_RESHAPE(-1), 24);
    SHAPE_AFTER(4, 6, 0, SEQECHO_TIME_DISTRIBUTED(SEQECHO_RESHAPE(3, 2)), 4, 3, 2);
    SHAPE_AFTER(4, 0, 0, SEQECHO_PERMUTE(1), 4);
    SHAPE_AFTER(4, 6, 0, SEQECHO_PERMUTE(2, 1), 6, 4);
    SHAPE_AFTER(4, 6, 5, SEQECHO_PERMUTE(3, 1, 2), 5, 4, 6);
}

/* ---- Refused: shapes ---------------------------------------------------------------- */

static void kernel_longer_than_the_input(void **state)
{
    (void)state;
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.filters = 2, .kernel_size = 5), SEQECHO_ESHAPE,
                 "conv1d: a kernel of size 5 and dilation 1 needs 5 time steps, found "
                 "(any, 4, 3)");
    REFUSE_AFTER(
        4, 3, 0,
        SEQECHO_CONV1D(.filters = 2, .kernel_size = 3, .dilation = 2, .name = "wide"),
        SEQECHO_ESHAPE,
        "wide: a kernel of size 3 and dilation 2 needs 5 time steps, found "
        "(any, 4, 3)");
    REFUSE_AFTER(3, 2, 0, SEQECHO_MAX_POOLING1D(4), SEQECHO_ESHAPE,
                 "max_pooling1d: a pool of size 4 needs as many time steps, found "
                 "(any, 3, 2)");
    REFUSE_AFTER(1, 2, 0, SEQECHO_AVERAGE_POOLING1D(0), SEQECHO_ESHAPE,
                 "average_pooling1d: a pool of size 2 needs as many time steps, found "
                 "(any, 1, 2)");
}

#define NO_STEPS \
    ": expected input (batch, timesteps, features), found (any, 3); does the " \
    "layer before it return sequences?"
#define AXES \
    ": expected input (batch, timesteps, features), found (any, 2, 3, 4); wrap it " \
    "in time_distributed"

static void not_a_sequence(void **state)
{
    (void)state;
    REFUSE_AFTER(3, 0, 0, SEQECHO_CONV1D(.filters = 2, .kernel_size = 1), SEQECHO_ESHAPE,
                 "conv1d" NO_STEPS);
    REFUSE_AFTER(2, 3, 4, SEQECHO_CONV1D(.filters = 2, .kernel_size = 1), SEQECHO_ESHAPE,
                 "conv1d" AXES);
    REFUSE_AFTER(3, 0, 0, SEQECHO_MAX_POOLING1D(1), SEQECHO_ESHAPE,
                 "max_pooling1d" NO_STEPS);
    REFUSE_AFTER(2, 3, 4, SEQECHO_AVERAGE_POOLING1D(1), SEQECHO_ESHAPE,
                 "average_pooling1d" AXES);
    REFUSE_AFTER(3, 0, 0, SEQECHO_GLOBAL_MAX_POOLING1D, SEQECHO_ESHAPE,
                 "global_max_pooling1d" NO_STEPS);
    REFUSE_AFTER(2, 3, 4, SEQECHO_GLOBAL_AVERAGE_POOLING1D, SEQECHO_ESHAPE,
                 "global_average_pooling1d" AXES);
}

static void sizes_that_do_not_match(void **state)
{
    const int64_t two_17 = (int64_t)1 << 17;

    (void)state;
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(2, 5), SEQECHO_ESHAPE,
                 "reshape: (any, 4, 3) cannot become (any, 2, 5), which has not as many "
                 "numbers");
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(5, -1), SEQECHO_ESHAPE,
                 "reshape: (any, 4, 3) cannot become (any, 5, -1), which has not as many "
                 "numbers");
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(24, -1), SEQECHO_ESHAPE,
                 "reshape: (any, 4, 3) cannot become (any, 24, -1), which has not as many "
                 "numbers");
    REFUSE_AFTER(two_17, two_17, 0, SEQECHO_RESHAPE(-1), SEQECHO_ESHAPE,
                 "reshape: (any, 131072, 131072) cannot become (any, -1), which has not as "
                 "many numbers");
    REFUSE_AFTER(4, 3, 0,
                 SEQECHO_RESHAPE((int64_t)1 << 31, (int64_t)1 << 31, (int64_t)1 << 31),
                 SEQECHO_ESHAPE,
                 "reshape: (any, 4, 3) cannot become (any, 2147483648, 2147483648, "
                 "2147483648), which has not as many numbers");
    REFUSE_AFTER(two_17, two_17, 0, SEQECHO_FLATTEN, SEQECHO_ESHAPE,
                 "flatten: expected samples of at most 2147483648 numbers, found "
                 "(any, 131072, 131072)");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(1), SEQECHO_ESHAPE,
                 "permute: expected samples of 1 axis, as dims has, found (any, 4, 3)");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(1, 3, 2), SEQECHO_ESHAPE,
                 "permute: expected samples of 3 axes, as dims has, found (any, 4, 3)");
}

/* ---- Refused: options --------------------------------------------------------------- */

static void impossible_convolutions(void **state)
{
    (void)state;
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.kernel_size = 1), SEQECHO_EINVAL,
                 "conv1d: filters is 0, expected 1 or more");
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.filters = 1), SEQECHO_EINVAL,
                 "conv1d: kernel_size is 0, expected 1 or more");
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.filters = 1, .kernel_size = INT64_MAX),
                 SEQECHO_EINVAL,
                 "conv1d: kernel_size is 9223372036854775807, expected 1 or more");
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .stride = -1),
                 SEQECHO_EINVAL, "conv1d: stride is -1, expected 1 or more");
    REFUSE_AFTER(4, 3, 0, SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .dilation = -2),
                 SEQECHO_EINVAL, "conv1d: dilation is -2, expected 1 or more");
    REFUSE_AFTER(4, 3, 0,
                 SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .stride = 2, .dilation = 3),
                 SEQECHO_EINVAL,
                 "conv1d: stride is 2 and dilation 3, expected at least one of them to be "
                 "1");
    REFUSE_AFTER(
        4, 3, 0,
        SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .padding = (seqecho_padding)3),
        SEQECHO_ENOTSUP, "conv1d: padding 3 is unknown to this library");
    REFUSE_AFTER(4, 3, 0,
                 SEQECHO_CONV1D(.filters = 1, .kernel_size = 1,
                                .activation = (seqecho_activation)13),
                 SEQECHO_ENOTSUP, "conv1d: activation 13 is unknown to this library");
    REFUSE_AFTER(
        4, 3, 0,
        SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .kernel_init = (seqecho_init)8),
        SEQECHO_ENOTSUP, "conv1d: initialiser 8 is unknown to this library");
    REFUSE_AFTER(
        4, 3, 0, SEQECHO_CONV1D(.filters = 1, .kernel_size = 1, .reserved = { 0, 1 }),
        SEQECHO_ENOTSUP, "conv1d: a reserved field is set, but this library knows only 0");
    REFUSE_AFTER(4, 3, 0,
                 SEQECHO_CONV1D(.filters = (int64_t)1 << 31,
                                .kernel_size = (int64_t)1 << 31,
                                .padding = SEQECHO_PADDING_SAME),
                 SEQECHO_ENOMEM, "conv1d: its weights do not fit the address space");
}

static void impossible_poolings(void **state)
{
    (void)state;
    REFUSE_AFTER(4, 3, 0, SEQECHO_MAX_POOLING1D(-1), SEQECHO_EINVAL,
                 "max_pooling1d: pool_size is -1, expected 0 (which means 2) or more");
    REFUSE_AFTER(4, 3, 0, POOLING(AVERAGE, .stride = -3), SEQECHO_EINVAL,
                 "average_pooling1d: stride is -3, expected 0 (as pool_size) or more");
    REFUSE_AFTER(4, 3, 0, POOLING(MAX, .padding = SEQECHO_PADDING_CAUSAL), SEQECHO_EINVAL,
                 "max_pooling1d: padding is causal, expected valid or same");
    REFUSE_AFTER(4, 3, 0, POOLING(MAX, .padding = (seqecho_padding)7), SEQECHO_ENOTSUP,
                 "max_pooling1d: padding 7 is unknown to this library");
    REFUSE_AFTER(4, 3, 0, POOLING(MAX, .reserved = 1), SEQECHO_ENOTSUP,
                 "max_pooling1d: a reserved field is set, but this library knows only 0");
}

static void impossible_shapes(void **state)
{
    seqecho_permute_spec permute = { .head = { sizeof permute, SEQECHO_KIND_PERMUTE, 0 },
                                     .dims = { 1, 2 },
                                     .reserved = 1 };

    (void)state;
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(0), SEQECHO_EINVAL,
                 "reshape: no shape given, expected that of one sample, e.g. "
                 "{ timesteps, features }");
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(-1, -1), SEQECHO_EINVAL,
                 "reshape: 2 sizes are -1, expected at most one");
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(3, -2), SEQECHO_EINVAL,
                 "reshape: dim[1] is -2, expected positive sizes or one -1, ended by 0");
    REFUSE_AFTER(4, 3, 0, SEQECHO_RESHAPE(12, 0, 1), SEQECHO_EINVAL,
                 "reshape: dim[2] is 1, expected positive sizes or one -1, ended by 0");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(0), SEQECHO_EINVAL,
                 "permute: no axes given, expected e.g. { 2, 1 }");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(1, 1), SEQECHO_EINVAL,
                 "permute: dims[1] is 1, expected each axis from 1 to 2 once, ended by 0");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(2, 3), SEQECHO_EINVAL,
                 "permute: dims[1] is 3, expected each axis from 1 to 2 once, ended by 0");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(-1, 2), SEQECHO_EINVAL,
                 "permute: dims[0] is -1, expected each axis from 1 to 2 once, ended by 0");
    REFUSE_AFTER(4, 3, 0, SEQECHO_PERMUTE(1, 0, 2), SEQECHO_EINVAL,
                 "permute: dims[2] is 2, expected each axis from 1 to 1 once, ended by 0");
    REFUSE_AFTER(4, 3, 0, &permute.head, SEQECHO_ENOTSUP,
                 "permute: a reserved field is set, but this library knows only 0");
}

/* ---- Step by step, weights ---------------------------------------------------------- */

static void refuse_steps(const seqecho_spec *spec, const char *text)
{
    const float x[3] = { 0.0F };
    float y[16];
    seqecho_graph *const graph = new_graph();
    seqecho_predictor *p;

    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 4, 3 }));
    seqecho_graph_add(graph, spec);
    assert_int_equal(seqecho_predictor_create(&p, graph, NULL), 0);
    assert_refused(seqecho_predictor_step(p, x, y), SEQECHO_ENOTSUP, text);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

#define NO_STEP " cannot be run one time step at a time"

static void no_single_steps(void **state)
{
    (void)state;
    refuse_steps(SEQECHO_CONV1D(.filters = 1, .kernel_size = 1),
                 "predictor_step: conv1d (Conv1D)" NO_STEP);
    refuse_steps(SEQECHO_MAX_POOLING1D(1),
                 "predictor_step: max_pooling1d (MaxPooling1D)" NO_STEP);
    refuse_steps(SEQECHO_AVERAGE_POOLING1D(1),
                 "predictor_step: average_pooling1d (AveragePooling1D)" NO_STEP);
    refuse_steps(SEQECHO_GLOBAL_MAX_POOLING1D,
                 "predictor_step: global_max_pooling1d (GlobalMaxPooling1D)" NO_STEP);
    refuse_steps(
        SEQECHO_GLOBAL_AVERAGE_POOLING1D,
        "predictor_step: global_average_pooling1d (GlobalAveragePooling1D)" NO_STEP);
    refuse_steps(SEQECHO_FLATTEN, "predictor_step: flatten (Flatten)" NO_STEP);
    refuse_steps(SEQECHO_RESHAPE(3, 4), "predictor_step: reshape (Reshape)" NO_STEP);
    refuse_steps(SEQECHO_PERMUTE(2, 1), "predictor_step: permute (Permute)" NO_STEP);
    refuse_steps(SEQECHO_TIME_DISTRIBUTED(SEQECHO_FLATTEN),
                 "predictor_step: time_distributed (TimeDistributed)" NO_STEP);
}

/* Names, shapes and initial values are Keras's: fans are those of all taps. */
static void weights(void **state)
{
    enum { TAPS = 5, IN = 20, OUT = 30 };
    const double limit = sqrt(6.0 / (TAPS * IN + TAPS * OUT));
    seqecho_graph *const graph = new_graph();
    static float kernel[TAPS * IN * OUT];
    float bias[OUT];
    seqecho_view shape;
    double largest = 0.0;

    (void)state;
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 9, IN }));
    seqecho_graph_add(graph, SEQECHO_CONV1D(.filters = OUT, .kernel_size = TAPS));
    seqecho_graph_add(graph, SEQECHO_CONV1D(.filters = 2, .kernel_size = 1, .no_bias = true,
                                            .kernel_init = SEQECHO_INIT_ONES));
    assert_int_equal(seqecho_graph_weight_count(graph), 3);
    assert_string_equal(seqecho_graph_weight_name(graph, 0), "conv1d/kernel");
    assert_string_equal(seqecho_graph_weight_name(graph, 1), "conv1d/bias");
    assert_string_equal(seqecho_graph_weight_name(graph, 2), "conv1d_1/kernel");
    assert_int_equal(seqecho_graph_weight_shape(graph, "conv1d/kernel", &shape), 0);
    assert_int_equal(shape.rank, 3);
    assert_int_equal(shape.dim[0], TAPS);
    assert_int_equal(shape.dim[1], IN);
    assert_int_equal(shape.dim[2], OUT);
    assert_int_equal(
        seqecho_graph_weight_get(graph, "conv1d/kernel", kernel, TAPS * IN * OUT), 0);
    for (size_t i = 0; i < TAPS * IN * OUT; i++)
        largest = fmax(largest, fabs((double)kernel[i]));
    assert_true(largest <= limit && largest > 0.99 * limit);
    assert_int_equal(seqecho_graph_weight_get(graph, "conv1d/bias", bias, OUT), 0);
    for (size_t i = 0; i < OUT; i++)
        assert_true(bias[i] == 0.0F);
    assert_int_equal(seqecho_graph_weight_get(graph, "conv1d_1/kernel", kernel, OUT * 2),
                     0);
    for (size_t i = 0; i < OUT * 2; i++)
        assert_true(kernel[i] == 1.0F);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_shapes),
        cmocka_unit_test(pooling_shapes),
        cmocka_unit_test(reshaping_shapes),
        cmocka_unit_test(kernel_longer_than_the_input),
        cmocka_unit_test(not_a_sequence),
        cmocka_unit_test(sizes_that_do_not_match),
        cmocka_unit_test(impossible_convolutions),
        cmocka_unit_test(impossible_poolings),
        cmocka_unit_test(impossible_shapes),
        cmocka_unit_test(no_single_steps),
        cmocka_unit_test(weights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
