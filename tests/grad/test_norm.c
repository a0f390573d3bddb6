/* test_norm.c - LayerNormalization: values, gradients, threads.
 * SPDX-License-Identifier: MIT */
#include "close.h"
#include "gradcheck.h"

/* y = gamma (x - mean) / sqrt(var + epsilon) + beta, NULL for ones and zeros. */
static void normalize(const float *x, size_t rows, size_t n, double epsilon,
                      const float *gamma, const float *beta, float *y)
{
    for (size_t r = 0; r < rows; r++, x += n, y += n) {
        double mean = 0.0, var = 0.0;

        for (size_t i = 0; i < n; i++)
            mean += (double)x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            var += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
        for (size_t i = 0; i < n; i++)
            y[i] = (float)(((double)x[i] - mean) / sqrt(var + epsilon) *
                               (gamma != NULL ? (double)gamma[i] : 1.0) +
                           (beta != NULL ? (double)beta[i] : 0.0));
    }
}

enum { ROWS = 3 * 5, LONGEST = 67 };

static const float *weight(seqecho_graph *graph, const char *name, size_t n, float *values)
{
    return seqecho_graph_weight_get(graph, name, values, n) == 0 ? values : NULL;
}

static void values(void **state)
{
    static const int64_t lengths[] = { 1, 2, 15, 16, 17, 33, LONGEST };

    (void)state;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (int options = 0; options < 8; options++) {
            const bool no_scale = options & 1, no_center = options & 2;
            const float epsilon = options & 4 ? 0.25F : 0.0F;
            const size_t n = (size_t)lengths[l];
            static float x[ROWS * LONGEST], out[ROWS * LONGEST], want[ROWS * LONGEST];
            float gamma[LONGEST], beta[LONGEST];
            const seqecho_view view = { x, { 3, 5, lengths[l] }, 3, SEQECHO_FLOAT32 };
            gradcheck_model m = gradcheck_begin();
            seqecho_predictor *p;

            for (size_t i = 0; i < ROWS * n; i++)
                x[i] = 10.0F + 3.0F * gradcheck_random();
            gradcheck_output(
                &m, gradcheck_apply(&m,
                                    SEQECHO_LAYER_NORMALIZATION(.epsilon = epsilon,
                                                                .no_scale = no_scale,
                                                                .no_center = no_center),
                                    gradcheck_input(&m, 0, 5, lengths[l], 0)));
            gradcheck_fill_weights(m.graph, false);
            normalize(x, ROWS, n, epsilon > 0.0F ? (double)epsilon : 0.001,
                      weight(m.graph, "layer_normalization/gamma", n, gamma),
                      weight(m.graph, "layer_normalization/beta", n, beta), want);
            assert_int_equal(seqecho_graph_weight_count(m.graph), 2 - no_scale - no_center);
            assert_int_equal(seqecho_predictor_create(&p, m.graph, NULL), 0);
            assert_int_equal(seqecho_predictor_run(p, &view, out, ROWS * n), 0);
            assert_close(out, want, ROWS * n, 2e-6, 2e-5);
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(m.graph);
        }
}

/* New weights change nothing: ones and zeros. */
static void begins_with_ones_and_zeros(void **state)
{
    gradcheck_model m = gradcheck_begin();
    float gamma[4], beta[4];

    (void)state;
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_LAYER_NORMALIZATION(.name = "n"),
                                         gradcheck_input(&m, 0, 4, 0, 0)));
    assert_non_null(weight(m.graph, "n/gamma", 4, gamma));
    assert_non_null(weight(m.graph, "n/beta", 4, beta));
    assert_close(gamma, ((const float[]){ 1, 1, 1, 1 }), 4, 0, 0);
    assert_close(beta, ((const float[]){ 0, 0, 0, 0 }), 4, 0, 0);
    seqecho_graph_destroy(m.graph);
}

static void gradients(void **state)
{
    (void)state;
    for (int32_t rank = 1; rank <= 3; rank++)
        for (int options = 0; options < 4; options++) {
            gradcheck_model m = gradcheck_begin();
            seqecho_node *const x = rank == 1   ? gradcheck_input(&m, 0, 6, 0, 0)
                                    : rank == 2 ? gradcheck_input(&m, 0, 3, 19, 0)
                                                : gradcheck_input(&m, 0, 2, 2, 4);

            gradcheck_output(
                &m, gradcheck_apply(
                        &m,
                        SEQECHO_LAYER_NORMALIZATION(.epsilon = rank == 1 ? 0.1F : 0.0F,
                                                    .no_scale = options & 1,
                                                    .no_center = (options & 2) != 0),
                        x));
            gradcheck_run(&m, &(const gradcheck_options){ .name = "normalization" });
        }
}

/* Twice, so that gradients are added; and behind weights, not at an input. */
static void gradients_of_a_shared_layer(void **state)
{
    gradcheck_model m = gradcheck_begin();
    seqecho_layer *const norm =
        seqecho_layer_create(m.graph, SEQECHO_LAYER_NORMALIZATION(.epsilon = 0.1F));
    seqecho_node *x = gradcheck_input(&m, 0, 3, 4, 0);

    (void)state;
    x = seqecho_layer_call(norm, gradcheck_apply(&m, SEQECHO_DENSE(.units = 4), x));
    x = gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_TANH), x);
    gradcheck_output(&m, seqecho_layer_call(norm, x));
    gradcheck_run(&m, &(const gradcheck_options){ .name = "normalization, twice" });
}

/* ---- The same bits ------------------------------------------------------------------ */

enum { BATCH = 7, STEPS = 45, WIDE = 70, BIG = BATCH * STEPS * WIDE };

static void run_threads(int32_t threads, int64_t batch, float *out, float *grads, float *dx)
{
    static float x[BIG], dy[BIG];
    seqecho_view view = { x, { batch, STEPS, WIDE }, 3, SEQECHO_FLOAT32 };
    seqecho_view back = { dy, { batch, STEPS, WIDE }, 3, SEQECHO_FLOAT32 };
    gradcheck_model m = gradcheck_begin();
    const size_t n = (size_t)(batch * STEPS * WIDE);
    seqecho_trainer *t;

    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_LAYER_NORMALIZATION(.name = "n"),
                                         gradcheck_input(&m, 0, STEPS, WIDE, 0)));
    gradcheck_fill_weights(m.graph, false);
    for (size_t i = 0; i < BIG; i++) {
        x[i] = gradcheck_random();
        dy[i] = gradcheck_random();
    }
    assert_int_equal(
        seqecho_trainer_create(&t, m.graph, SEQECHO_TRAINER(.threads = threads)), 0);
    for (int64_t first = 0; first < BATCH; first += batch) {
        const int64_t at = first * STEPS * WIDE;

        view.data = x + at;
        back.data = dy + at;
        assert_int_equal(seqecho_trainer_forward(t, &view, out + at, n), 0);
        assert_int_equal(seqecho_trainer_backward(t, &back, dx + at, n), 0);
    }
    assert_int_equal(seqecho_trainer_gradient_get(t, "n/gamma", grads, WIDE), 0);
    assert_int_equal(seqecho_trainer_gradient_get(t, "n/beta", grads + WIDE, WIDE), 0);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(m.graph);
}

static void same_bits(void **state)
{
    static float out[3][BIG], dx[3][BIG], grads[3][2 * WIDE];

    (void)state;
    run_threads(1, BATCH, out[0], grads[0], dx[0]);
    run_threads(3, BATCH, out[1], grads[1], dx[1]);
    run_threads(1, 1, out[2], grads[2], dx[2]); /* sample by sample */
    for (int i = 1; i < 3; i++) {
        assert_same_bits(out[i], out[0], BIG);
        assert_same_bits(dx[i], dx[0], BIG);
    }
    assert_same_bits(grads[1], grads[0], 2 * WIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),    cmocka_unit_test(begins_with_ones_and_zeros),
        cmocka_unit_test(gradients), cmocka_unit_test(gradients_of_a_shared_layer),
        cmocka_unit_test(same_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
