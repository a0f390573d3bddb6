/* test_conv.c - Conv1D against sums written out: every padding, stride, dilation and size
 * of kernel.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "close.h"
#include "one_layer.h"

typedef struct conv {
    int64_t batch, steps, features, filters, size, stride, dilation;
    seqecho_padding padding;
    bool no_bias;
} conv;

/* Padding before and after, as Keras and TensorFlow define it. */
static void find_padding(const conv *c, int64_t *before, int64_t *after)
{
    const int64_t span = (c->size - 1) * c->dilation + 1;

    *before = *after = 0;
    if (c->padding == SEQECHO_PADDING_CAUSAL)
        *before = span - 1;
    if (c->padding == SEQECHO_PADDING_SAME) {
        const int64_t windows = (c->steps + c->stride - 1) / c->stride;
        const int64_t all = (windows - 1) * c->stride + span - c->steps;

        *before = all > 0 ? all / 2 : 0;
        *after = all > 0 ? all - *before : 0;
    }
}

static int64_t windows_of(const conv *c)
{
    const int64_t span = (c->size - 1) * c->dilation + 1;
    int64_t before, after, left;

    find_padding(c, &before, &after);
    left = c->steps + before + after - span;
    return left < 0 ? 0 : left / c->stride + 1;
}

/* What the layer is to give: for one sample of x, padded with zeros. */
typedef struct sums {
    float *y, *dx, *dw;
} sums;

/* Add one sample's part to dw and db, and write its y and dx. */
static void sum_sample(const conv *c, const one_layer *l, int64_t b, const sums *want)
{
    const int64_t n = c->filters, f = c->features, windows = windows_of(c);
    const float *const bias = l->w + c->size * f * n;
    float *const db = want->dw + c->size * f * n;
    int64_t before, after;
    float *padded, *d_padded;

    find_padding(c, &before, &after);
    padded = one_layer_array((size_t)((before + c->steps + after) * f));
    d_padded = one_layer_array((size_t)((before + c->steps + after) * f));
    memcpy(padded + before * f, l->x + b * c->steps * f,
           (size_t)(c->steps * f) * sizeof *padded);
    for (int64_t o = 0; o < windows; o++)
        for (int64_t i = 0; i < n; i++) {
            const int64_t at = (b * windows + o) * n + i;
            double sum = c->no_bias ? 0.0 : (double)bias[i];

            for (int64_t k = 0; k < c->size; k++)
                for (int64_t j = 0; j < f; j++) {
                    const int64_t p = (o * c->stride + k * c->dilation) * f + j;
                    const int64_t w = (k * f + j) * n + i;

                    sum += (double)padded[p] * (double)l->w[w];
                    want->dw[w] += padded[p] * l->dy[at];
                    d_padded[p] += l->w[w] * l->dy[at];
                }
            want->y[at] = (float)sum;
            if (!c->no_bias)
                db[i] += l->dy[at];
        }
    memcpy(want->dx + b * c->steps * f, d_padded + before * f,
           (size_t)(c->steps * f) * sizeof *padded);
    free(padded);
    free(d_padded);
}

static one_layer open_conv(const conv *c, int32_t threads, bool fixed)
{
    return one_layer_open(SEQECHO_CONV1D(.filters = c->filters, .kernel_size = c->size,
                                         .stride = c->stride, .dilation = c->dilation,
                                         .padding = c->padding, .no_bias = c->no_bias),
                          (one_layer_options){ .dim = { c->steps, c->features },
                                               .samples = c->batch,
                                               .fixed = fixed,
                                               .threads = threads });
}

static void check_conv(const conv *c)
{
    one_layer l = open_conv(c, 1, c->batch == 3);
    const sums want = { one_layer_array(l.n_y), one_layer_array(l.n_x),
                        one_layer_array(l.n_w) };

    assert_int_equal(l.y_view.rank, 3);
    assert_int_equal(l.y_view.dim[1], windows_of(c));
    assert_int_equal(l.y_view.dim[2], c->filters);
    assert_int_equal(l.n_w, c->filters * (c->size * c->features + !c->no_bias));
    one_layer_run(&l); /* what a pass leaves behind must not matter to the next */
    one_layer_fill(l.x, l.n_x, 11);
    one_layer_fill(l.dy, l.n_y, 12);
    one_layer_fill(l.w, l.n_w, 13);
    for (int64_t b = 0; b < c->batch; b++)
        sum_sample(c, &l, b, &want);
    one_layer_run(&l);
    assert_close(l.y, want.y, l.n_y, 1e-5, 1e-5);
    assert_close(l.dx, want.dx, l.n_x, 1e-5, 1e-5);
    assert_close(l.dw, want.dw, l.n_w, 1e-5, 2e-5);
    free(want.y);
    free(want.dx);
    free(want.dw);
    one_layer_close(&l);
}

static const int64_t moves[][2] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 1, 2 }, { 1, 3 } };
#define N_MOVES (sizeof moves / sizeof *moves)

/* Every combination; valid windows that do not fit are refused elsewhere. */
static void check_all(seqecho_padding padding)
{
    static const int64_t sizes[] = { 1, 2, 3, 4, 5, 9 }, steps[] = { 1, 2, 5, 8 };
    static const int64_t batches[] = { 1, 3, 5 };
    size_t checked = 0;

    for (size_t i = 0; i < 6 * 4 * 3 * N_MOVES * 2; i++) {
        const conv c = {
            .size = sizes[i % 6],
            .steps = steps[i / 6 % 4],
            .batch = batches[i / 24 % 3],
            .stride = moves[i / 72 % N_MOVES][0],
            .dilation = moves[i / 72 % N_MOVES][1],
            .no_bias = i / 72 / N_MOVES != 0,
            .padding = padding,
            .features = 3,
            .filters = 4,
        };

        if (windows_of(&c) == 0)
            continue;
        check_conv(&c);
        checked++;
    }
    assert_true(checked >= (padding == SEQECHO_PADDING_VALID ? 300 : 720));
}

static void valid(void **state)
{
    (void)state;
    check_all(SEQECHO_PADDING_VALID);
}

static void same(void **state)
{
    (void)state;
    check_all(SEQECHO_PADDING_SAME);
}

static void causal(void **state)
{
    (void)state;
    check_all(SEQECHO_PADDING_CAUSAL);
}

/* Sizes on both sides of vectors, tiles and packing. */
static void larger_sizes(void **state)
{
    static const conv list[] = {
        { 7, 40, 1, 33, 5, 1, 1, SEQECHO_PADDING_SAME, false },
        { 33, 12, 17, 1, 3, 2, 1, SEQECHO_PADDING_VALID, false },
        { 2, 70, 19, 37, 4, 2, 1, SEQECHO_PADDING_SAME, false },
        { 40, 9, 20, 65, 3, 1, 2, SEQECHO_PADDING_CAUSAL, true },
        { 1, 50, 16, 64, 7, 1, 1, SEQECHO_PADDING_VALID, false },
        { 1, 50, 5, 6, 3, 4, 1, SEQECHO_PADDING_CAUSAL, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        check_conv(&list[i]);
}

/* ---- Bits --------------------------------------------------------------------------- */

/* Enough work for products to be cut between threads, steps and samples being more. */
static const conv large[] = {
    { 16, 24, 32, 96, 3, 1, 1, SEQECHO_PADDING_SAME, false },
    { 96, 40, 64, 128, 3, 2, 1, SEQECHO_PADDING_VALID, false },
    { 2, 300, 64, 128, 3, 2, 1, SEQECHO_PADDING_CAUSAL, false },
};

static void threads_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        one_layer one = open_conv(&large[i], 1, false);
        one_layer three = open_conv(&large[i], 3, false);

        one_layer_run(&one);
        one_layer_run(&three);
        assert_same_bits(three.y, one.y, one.n_y);
        assert_same_bits(three.dx, one.dx, one.n_x);
        assert_same_bits(three.dw, one.dw, one.n_w);
        one_layer_close(&one);
        one_layer_close(&three);
    }
}

/* A sample's output and the gradient of its input do not depend on its company. */
static void samples_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * N_MOVES; i++) {
        const conv all = { 5,
                           9,
                           4,
                           11,
                           3,
                           moves[i % N_MOVES][0],
                           moves[i % N_MOVES][1],
                           (seqecho_padding)(i / N_MOVES),
                           false };
        conv single = all;
        one_layer together = open_conv(&all, 1, false), alone;

        single.batch = 1;
        alone = open_conv(&single, 1, false);
        memcpy(alone.w, together.w, together.n_w * sizeof *alone.w);
        one_layer_run(&together);
        for (size_t b = 0; b < 5; b++) {
            memcpy(alone.x, together.x + b * alone.n_x, alone.n_x * sizeof *alone.x);
            memcpy(alone.dy, together.dy + b * alone.n_y, alone.n_y * sizeof *alone.dy);
            one_layer_run(&alone);
            assert_same_bits(alone.y, together.y + b * alone.n_y, alone.n_y);
            assert_same_bits(alone.dx, together.dx + b * alone.n_x, alone.n_x);
        }
        one_layer_close(&together);
        one_layer_close(&alone);
    }
}

/* On every sub-sequence: the wrapper's time steps are samples of the layer. */
static void in_time_distributed(void **state)
{
    enum { SAMPLES = 3, PARTS = 4, STEPS = 6, FEATURES = 2 };

    (void)state;
    for (seqecho_padding padding = SEQECHO_PADDING_VALID; padding <= SEQECHO_PADDING_CAUSAL;
         padding++) {
        const seqecho_spec *const spec =
            SEQECHO_CONV1D(.filters = 5, .kernel_size = 3, .padding = padding,
                           .activation = SEQECHO_TANH);
        one_layer flat = one_layer_open(
            spec, (one_layer_options){ .dim = { STEPS, FEATURES },
                                       .samples = (int64_t)SAMPLES * PARTS });
        one_layer deep = one_layer_open(
            SEQECHO_TIME_DISTRIBUTED(spec),
            (one_layer_options){ .dim = { PARTS, STEPS, FEATURES }, .samples = SAMPLES });

        assert_int_equal(deep.y_view.rank, 4);
        assert_int_equal(deep.n_y, flat.n_y);
        assert_int_equal(deep.n_w, flat.n_w);
        one_layer_run(&flat);
        one_layer_run(&deep);
        assert_same_bits(deep.y, flat.y, flat.n_y);
        assert_same_bits(deep.dx, flat.dx, flat.n_x);
        assert_close(deep.dw, flat.dw, flat.n_w, 1e-5, 1e-5); /* another order of rows */
        one_layer_close(&flat);
        one_layer_close(&deep);
    }
}

/* Called twice, with a tap that sees nothing in the call whose gradient comes first: a
 * second pass over the same batch gives the same gradients. */
static void shared_again(void **state)
{
    enum { LONG = 6, SHORT = 3, WEIGHTS = 3 };
    float x_data[LONG + SHORT], dy_data[LONG + SHORT], y[LONG + SHORT];
    float gradient[2][WEIGHTS];
    const seqecho_view x[2] = { { x_data, { 1, LONG, 1 }, 3, SEQECHO_FLOAT32 },
                                { x_data + LONG, { 1, SHORT, 1 }, 3, SEQECHO_FLOAT32 } };
    const seqecho_view dy[2] = { { dy_data, { 1, LONG, 1 }, 3, SEQECHO_FLOAT32 },
                                 { dy_data + LONG, { 1, SHORT, 1 }, 3, SEQECHO_FLOAT32 } };
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_layer *layer;

    (void)state;
    one_layer_fill(x_data, LONG + SHORT, 1);
    one_layer_fill(dy_data, LONG + SHORT, 2);
    one_layer_must(seqecho_graph_create(&graph, NULL));
    layer = seqecho_layer_create(graph, SEQECHO_CONV1D(.filters = 1, .kernel_size = WEIGHTS,
                                                       .dilation = 2, .no_bias = true,
                                                       .padding = SEQECHO_PADDING_CAUSAL));
    for (int i = 0; i < 2; i++)
        one_layer_must(seqecho_graph_output(
            graph, seqecho_layer_call(
                       layer, seqecho_graph_input(
                                  graph, SEQECHO_INPUT(.dim = { x[i].dim[1], 1 })))));
    one_layer_must(seqecho_trainer_create(&trainer, graph, NULL));
    for (int i = 0; i < 2; i++) {
        one_layer_must(seqecho_trainer_forward(trainer, x, y, LONG + SHORT));
        one_layer_must(seqecho_trainer_backward(trainer, dy, NULL, 0));
        one_layer_must(
            seqecho_trainer_gradient_get(trainer, "conv1d/kernel", gradient[i], WEIGHTS));
    }
    assert_true(gradient[0][0] != 0.0F);
    assert_same_bits(gradient[1], gradient[0], WEIGHTS);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

/* ---- Activations -------------------------------------------------------------------- */

/* A kernel of one tap is Dense, whatever the activation. */
static void one_tap_is_dense(void **state)
{
    const one_layer_options o = { .dim = { 5, 3 } };

    (void)state;
    for (seqecho_activation f = SEQECHO_LINEAR; f <= SEQECHO_SWISH; f++) {
        one_layer dense = one_layer_open(SEQECHO_DENSE(.units = 7, .activation = f), o);
        one_layer tap = one_layer_open(
            SEQECHO_CONV1D(.filters = 7, .kernel_size = 1, .activation = f), o);

        one_layer_run(&dense);
        one_layer_run(&tap);
        assert_same_bits(tap.y, dense.y, dense.n_y);
        assert_close(tap.dx, dense.dx, dense.n_x, 0.0, 0.0); /* but for the sign of 0 */
        assert_same_bits(tap.dw, dense.dw, dense.n_w);
        one_layer_close(&dense);
        one_layer_close(&tap);
    }
}

/* Left to the loss, a final softmax gives the loss and the gradients of Dense's. */
static void softmax_in_the_loss(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_DENSE(.units = 4, .activation = SEQECHO_SOFTMAX, .name = "a"),
        SEQECHO_CONV1D(.filters = 4, .kernel_size = 1, .activation = SEQECHO_SOFTMAX,
                       .name = "a"),
    };
    static const int32_t label[10] = { 0, 1, 2, 3, 1, 1, 0, 2, 3, 0 };
    const seqecho_view y = { label, { 2, 5 }, 2, SEQECHO_INT32 };
    float x_data[30], kernel[12], gradient[2][12];
    const seqecho_view x = { x_data, { 2, 5, 3 }, 3, SEQECHO_FLOAT32 };
    seqecho_report report[2] = { SEQECHO_REPORT_INIT, SEQECHO_REPORT_INIT };

    (void)state;
    one_layer_fill(x_data, 30, 4);
    one_layer_fill(kernel, 12, 5);
    for (size_t i = 0; i < 2; i++) {
        seqecho_graph *graph;
        seqecho_trainer *trainer;

        one_layer_must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 5, 3 }));
        seqecho_graph_add(graph, specs[i]);
        one_layer_must(seqecho_graph_weight_set(graph, "a/kernel", kernel, 12));
        one_layer_must(seqecho_trainer_create(
            &trainer, graph, SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY)));
        one_layer_must(
            seqecho_trainer_compute_gradients(trainer, &x, &y, NULL, 0, &report[i]));
        one_layer_must(seqecho_trainer_gradient_get(trainer, "a/kernel", gradient[i], 12));
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
    assert_close_double(report[1].loss, report[0].loss, 0.0, 0.0);
    assert_same_bits(gradient[1], gradient[0], 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid),
        cmocka_unit_test(same),
        cmocka_unit_test(causal),
        cmocka_unit_test(larger_sizes),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(samples_alone),
        cmocka_unit_test(in_time_distributed),
        cmocka_unit_test(shared_again),
        cmocka_unit_test(one_tap_is_dense),
        cmocka_unit_test(softmax_in_the_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
