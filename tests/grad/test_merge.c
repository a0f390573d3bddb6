/* test_merge.c - Add, Multiply, Average, Concatenate: values, masks and gradients.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "gradcheck.h"

enum { SAMPLES = 3, STEPS = 4, FEATURES = 5, SIZE = SAMPLES * STEPS * FEATURES, PORTS = 8 };

#define NOBODY 12345.0F /* a Masking of this shows the mask that comes to it */

static seqecho_node *join(gradcheck_model *m, const seqecho_spec *spec, seqecho_node **in,
                          size_t n)
{
    return seqecho_layer_call_n(seqecho_layer_create(m->graph, spec), in, n);
}

static void predict(seqecho_graph *graph, const seqecho_view *x, float *out, size_t n)
{
    seqecho_predictor *p;

    if (seqecho_predictor_create(&p, graph, NULL) < 0 ||
        seqecho_predictor_run(p, x, out, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* ---- Values ------------------------------------------------------------------------- */

static double merged(uint32_t kind, const double *x, size_t n)
{
    double y = x[0];

    for (size_t i = 1; i < n; i++)
        y = kind == SEQECHO_KIND_MULTIPLY ? y * x[i] : y + x[i];
    return kind == SEQECHO_KIND_AVERAGE ? y / (double)n : y;
}

/* Two to eight inputs of one shape. */
static void element_by_element(void **state)
{
    const seqecho_spec *const specs[] = { SEQECHO_ADD, SEQECHO_MULTIPLY, SEQECHO_AVERAGE };

    (void)state;
    for (size_t l = 0; l < 3; l++)
        for (size_t n = 2; n <= PORTS; n += 3) {
            static float x[PORTS][SIZE];
            float out[SIZE], want[SIZE];
            seqecho_view views[PORTS];
            seqecho_node *in[PORTS];
            gradcheck_model m = gradcheck_begin();

            for (size_t j = 0; j < n; j++) {
                in[j] =
                    seqecho_graph_input(m.graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
                views[j] = (seqecho_view){
                    x[j], { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32
                };
                for (size_t i = 0; i < SIZE; i++)
                    x[j][i] = gradcheck_random();
            }
            gradcheck_output(&m, join(&m, specs[l], in, n));
            predict(m.graph, views, out, SIZE);
            for (size_t i = 0; i < SIZE; i++) {
                double v[PORTS];

                for (size_t j = 0; j < n; j++)
                    v[j] = (double)x[j][i];
                want[i] = (float)merged(specs[l]->kind, v, n);
            }
            assert_close(out, want, SIZE, 2e-6, 1e-6);
        }
}

/* Joined along `axis` (from 1), three inputs with 1, 3 and 2 places on it. */
static void check_joined(int32_t rank, int32_t axis)
{
    static const int64_t places[3] = { 1, 3, 2 };
    int64_t dim[3] = { 3, 2, 4 }, outer = SAMPLES, inner = 1;
    static float x[3][512], out[512];
    seqecho_view views[3];
    seqecho_node *in[3];
    gradcheck_model m = gradcheck_begin();
    size_t total = 0;

    for (int32_t i = rank; i < 3; i++)
        dim[i] = 0;
    for (int32_t i = 0; i < rank; i++)
        if (i < axis - 1)
            outer *= dim[i];
        else if (i > axis - 1)
            inner *= dim[i];
    for (size_t j = 0; j < 3; j++) {
        dim[axis - 1] = places[j];
        in[j] = gradcheck_input(&m, 0, dim[0], dim[1], dim[2]);
        views[j] = (seqecho_view){
            x[j], { SAMPLES, dim[0], dim[1], dim[2] }, rank + 1, SEQECHO_FLOAT32
        };
        total += (size_t)(outer * places[j] * inner);
        for (size_t i = 0; i < 512; i++)
            x[j][i] = gradcheck_random();
    }
    /* 0 stands for the last axis. */
    gradcheck_output(&m,
                     join(&m, SEQECHO_CONCATENATE(.axis = axis == rank ? 0 : axis), in, 3));
    predict(m.graph, views, out, total);
    for (int64_t o = 0, at = 0; o < outer; o++)
        for (size_t j = 0; j < 3; j++)
            for (int64_t i = 0; i < places[j] * inner; i++)
                assert_true(out[at++] == x[j][o * places[j] * inner + i]);
}

static void joined_along_every_axis(void **state)
{
    (void)state;
    for (int32_t rank = 1; rank <= 3; rank++)
        for (int32_t axis = 1; axis <= rank; axis++)
            check_joined(rank, axis);
}

/* ---- Masks -------------------------------------------------------------------------- */

/* Inputs of ones with lengths, where there are any, through `spec` and a probe. */
static void merge_lengths(const seqecho_spec *spec, const int32_t *lengths[3], size_t n,
                          float *out, size_t n_out)
{
    static float ones[SIZE];
    gradcheck_model m = gradcheck_begin();
    seqecho_view views[6];
    seqecho_node *in[3], *node;
    size_t v = 0;

    for (size_t i = 0; i < SIZE; i++)
        ones[i] = 1.0F;
    for (size_t j = 0; j < n; j++) {
        node = seqecho_graph_input(m.graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES },
                                                          .lengths = lengths[j] != NULL));
        views[v++] =
            (seqecho_view){ ones, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
        if (lengths[j] != NULL)
            views[v++] = (seqecho_view){ lengths[j], { SAMPLES }, 1, SEQECHO_INT32 };
        /* Not zero where it is missing either. */
        in[j] = gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_SIGMOID), node);
    }
    node = join(&m, spec, in, n);
    gradcheck_output(&m, gradcheck_apply(&m, SEQECHO_MASKING(NOBODY), node));
    predict(m.graph, views, out, n_out);
}

static void a_step_must_be_in_all(void **state)
{
    static const int32_t a[SAMPLES] = { 4, 2, 0 }, b[SAMPLES] = { 3, 3, 4 };
    static const int32_t full[SAMPLES] = { 4, 4, 4 };
    const seqecho_spec *const specs[] = { SEQECHO_ADD, SEQECHO_MULTIPLY, SEQECHO_AVERAGE,
                                          SEQECHO_CONCATENATE(.axis = 2),
                                          SEQECHO_CONCATENATE(.axis = 0) };

    (void)state;
    for (size_t l = 0; l < sizeof specs / sizeof *specs; l++)
        for (int c = 0; c < 4; c++) {
            const int32_t *lengths[3] = { c == 3 ? NULL : a, c == 1 ? full : NULL,
                                          c >= 1 ? b : NULL };
            const int64_t features = l < 3 ? FEATURES : 3 * FEATURES;
            float out[3 * SIZE];

            if (c == 3)
                lengths[2] = NULL; /* no mask at all */
            merge_lengths(specs[l], lengths, 3, out, (size_t)(SAMPLES * STEPS * features));
            for (int64_t i = 0; i < SAMPLES * STEPS * features; i++) {
                const int64_t s = i / features / STEPS, t = i / features % STEPS;
                const bool is = (lengths[0] == NULL || t < lengths[0][s]) &&
                                (lengths[2] == NULL || t < lengths[2][s]);

                assert_true((out[i] != 0.0F) == is);
            }
        }
}

/* Joined in time, masks follow one another; no mask is one of ones. */
static void masks_joined_in_time(void **state)
{
    static const int32_t a[SAMPLES] = { 4, 2, 0 }, b[SAMPLES] = { 3, 3, 4 };
    const int32_t *const lengths[][3] = {
        { a, NULL, b }, { NULL, b, NULL }, { a, a, a }, { NULL, NULL, NULL }
    };

    (void)state;
    for (size_t c = 0; c < sizeof lengths / sizeof *lengths; c++) {
        const int32_t *in[3] = { lengths[c][0], lengths[c][1], lengths[c][2] };
        float out[3 * SIZE];

        merge_lengths(SEQECHO_CONCATENATE(.axis = 1), in, 3, out, 3 * SIZE);
        for (size_t i = 0; i < 3 * SIZE; i++) {
            const size_t s = i / FEATURES / (3 * STEPS), t = i / FEATURES % (3 * STEPS);
            const int32_t *const own = in[t / STEPS];

            assert_true((out[i] != 0.0F) == (own == NULL || (int32_t)(t % STEPS) < own[s]));
        }
    }
}

/* ---- Gradients ---------------------------------------------------------------------- */

static void gradients(void **state)
{
    const seqecho_spec *const specs[] = { SEQECHO_ADD,
                                          SEQECHO_MULTIPLY,
                                          SEQECHO_AVERAGE,
                                          SEQECHO_CONCATENATE(.axis = 1),
                                          SEQECHO_CONCATENATE(.axis = 2),
                                          SEQECHO_CONCATENATE(.name = "last") };

    (void)state;
    for (size_t l = 0; l < sizeof specs / sizeof *specs; l++)
        for (size_t n = 2; n <= PORTS; n += 3) {
            gradcheck_model m = gradcheck_begin();
            seqecho_node *const x = gradcheck_input(&m, 0, 3, 2, 0);
            seqecho_node *const y = gradcheck_input(&m, 0, 3, 4, 0);
            seqecho_node *in[PORTS];
            char name[64];

            snprintf(name, sizeof name, "merge %zu of %zu", l, n);
            for (size_t j = 0; j < n; j++)
                in[j] = gradcheck_apply(
                    &m,
                    SEQECHO_DENSE(.units = 2, .activation = SEQECHO_TANH, .no_bias = j > 2),
                    j % 2 ? y : x);
            in[0] = x;        /* an input itself */
            if (n == PORTS) { /* the same node thrice */
                in[4] = in[2];
                in[7] = in[2];
            }
            gradcheck_output(&m, join(&m, specs[l], in, n));
            gradcheck_output(&m, in[1]);
            gradcheck_run(&m, &(const gradcheck_options){ .name = name });
        }
}

static void gradients_along_every_axis(void **state)
{
    (void)state;
    for (int32_t axis = 1; axis <= 3; axis++) {
        gradcheck_model m = gradcheck_begin();
        seqecho_node *in[2] = { gradcheck_input(&m, 0, 2, 3, 2),
                                gradcheck_input(&m, 0, axis == 1 ? 1 : 2, axis == 2 ? 1 : 3,
                                                axis == 3 ? 1 : 2) };

        in[0] = gradcheck_apply(&m, SEQECHO_ACTIVATION(SEQECHO_TANH), in[0]);
        gradcheck_output(&m, join(&m, SEQECHO_CONCATENATE(.axis = axis), in, 2));
        gradcheck_run(&m, &(const gradcheck_options){ .name = "concatenate, three axes" });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(element_by_element),
        cmocka_unit_test(joined_along_every_axis),
        cmocka_unit_test(a_step_must_be_in_all),
        cmocka_unit_test(masks_joined_in_time),
        cmocka_unit_test(gradients),
        cmocka_unit_test(gradients_along_every_axis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
