/* test_pooling.c - pooling against what it is defined as, written out.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>

#include "close.h"
#include "one_layer.h"

enum { FEATURES = 3 };

typedef struct pool {
    int64_t batch, steps, size, stride;
    seqecho_padding padding;
    bool average;
} pool;

static int64_t windows_of(const pool *p)
{
    if (p->padding == SEQECHO_PADDING_SAME)
        return (p->steps + p->stride - 1) / p->stride;
    return p->steps < p->size ? 0 : (p->steps - p->size) / p->stride + 1;
}

static int64_t before(const pool *p)
{
    const int64_t all = (windows_of(p) - 1) * p->stride + p->size - p->steps;

    return p->padding == SEQECHO_PADDING_SAME && all > 0 ? all / 2 : 0;
}

/* One output element: window o of the column that begins at x; its gradient goes to dx. */
static float pool_column(const pool *p, int64_t o, const float *x, float dy, float *dx)
{
    const int64_t first = o * p->stride - before(p);
    int64_t count = 0, best = -1;
    double sum = 0.0;

    for (int64_t t = first; t < first + p->size; t++) {
        if (t < 0 || t >= p->steps)
            continue;
        count++;
        sum += (double)x[t * FEATURES];
        if (best < 0 || x[t * FEATURES] > x[best * FEATURES])
            best = t;
    }
    for (int64_t t = first; p->average && t < first + p->size; t++)
        if (t >= 0 && t < p->steps)
            dx[t * FEATURES] += dy / (float)count;
    if (!p->average)
        dx[best * FEATURES] += dy;
    return p->average ? (float)(sum / (double)count) : x[best * FEATURES];
}

static void pool_all(const pool *p, const one_layer *l, float *y, float *dx)
{
    const int64_t windows = windows_of(p);

    for (int64_t b = 0; b < p->batch; b++)
        for (int64_t o = 0; o < windows; o++)
            for (int64_t i = 0; i < FEATURES; i++) {
                const int64_t at = (b * windows + o) * FEATURES + i;
                const int64_t column = b * p->steps * FEATURES + i;

                y[at] = pool_column(p, o, l->x + column, l->dy[at], dx + column);
            }
}

static void check_layer(const seqecho_spec *spec, const pool *p)
{
    one_layer l = one_layer_open(spec, (one_layer_options){ .dim = { p->steps, FEATURES },
                                                            .samples = p->batch,
                                                            .fixed = p->batch == 3 });
    float *const y = one_layer_array(l.n_y), *const dx = one_layer_array(l.n_x);

    assert_int_equal(l.n_y, p->batch * windows_of(p) * FEATURES);
    for (size_t i = 0; i < l.n_x; i += 2) /* few values, so that some are equal */
        l.x[i] = roundf(l.x[i] * 2.0F) / 2.0F;
    pool_all(p, &l, y, dx);
    one_layer_run(&l);
    assert_close(l.y, y, l.n_y, 1e-6, 1e-6);
    assert_close(l.dx, dx, l.n_x, 1e-6, 1e-6);
    free(y);
    free(dx);
    one_layer_close(&l);
}

static void check_all(uint32_t kind)
{
    static const int64_t sizes[] = { 1, 2, 3, 4, 7, 12 }, strides[] = { 0, 1, 2, 3, 5 };
    static const int64_t steps[] = { 1, 2, 5, 8, 9 }, batches[] = { 1, 3, 5 };
    size_t checked = 0;

    for (size_t i = 0; i < 6 * 5 * 5 * 3 * 2; i++) {
        seqecho_pooling1d_spec spec = { .head = { sizeof spec, kind, 0 } };
        pool p = {
            .size = sizes[i % 6],
            .stride = strides[i / 6 % 5],
            .steps = steps[i / 30 % 5],
            .batch = batches[i / 150 % 3],
            .padding = i / 450 == 0 ? SEQECHO_PADDING_VALID : SEQECHO_PADDING_SAME,
            .average = kind == SEQECHO_KIND_AVERAGE_POOLING1D,
        };

        spec.pool_size = p.size;
        spec.stride = p.stride;
        spec.padding = p.padding;
        if (p.stride == 0)
            p.stride = p.size;
        if (windows_of(&p) == 0)
            continue;
        check_layer(&spec.head, &p);
        checked++;
    }
    assert_true(checked > 600);
}

static void max_pooling(void **state)
{
    (void)state;
    check_all(SEQECHO_KIND_MAX_POOLING1D);
}

static void average_pooling(void **state)
{
    (void)state;
    check_all(SEQECHO_KIND_AVERAGE_POOLING1D);
}

static void global_pooling(void **state)
{
    (void)state;
    for (int64_t steps = 1; steps < 12; steps += 3)
        for (int64_t batch = 1; batch < 6; batch += 2) {
            pool p = { batch, steps, steps, 1, SEQECHO_PADDING_VALID, false };

            check_layer(SEQECHO_GLOBAL_MAX_POOLING1D, &p);
            p.average = true;
            check_layer(SEQECHO_GLOBAL_AVERAGE_POOLING1D, &p);
        }
}

/* Of equal largest numbers the first one has the gradient; also of infinities. */
static void ties_go_to_the_first(void **state)
{
    static const float x[] = { 1, 1, 1, -1, 2, 2, -INFINITY, -INFINITY, -INFINITY };
    static const float want[] = { 10, 0, 0, 0, 20, 0, 30, 0, 0 };
    static const float want_global[] = { 0, 0, 0, 0, 10, 0, 0, 0, 0 };

    (void)state;
    for (int global = 0; global < 2; global++) {
        one_layer l =
            one_layer_open(global ? SEQECHO_GLOBAL_MAX_POOLING1D : SEQECHO_MAX_POOLING1D(3),
                           (one_layer_options){ .dim = { 9, 1 }, .samples = 1 });

        memcpy(l.x, x, sizeof x);
        for (size_t i = 0; i < l.n_y; i++)
            l.dy[i] = 10.0F * (float)(i + 1);
        one_layer_run(&l);
        assert_same_bits(l.dx, global ? want_global : want, 9);
        one_layer_close(&l);
    }
}

/* A NaN is not hidden behind larger numbers, before or after it. */
static void not_a_number(void **state)
{
    (void)state;
    for (size_t at = 0; at < 4; at++) {
        const seqecho_view view = {
            (const float[4]){ 0 }, { 1, 4, 1 }, 3, SEQECHO_FLOAT32
        };
        float x[4] = { 1, 2, 3, 4 }, trained[1], run[1];
        seqecho_view x_view = view;
        one_layer l = one_layer_open(SEQECHO_GLOBAL_MAX_POOLING1D,
                                     (one_layer_options){ .dim = { 4, 1 }, .samples = 1 });
        seqecho_predictor *p;

        x[at] = NAN;
        x_view.data = x;
        assert_int_equal(seqecho_predictor_create(&p, l.graph, NULL), 0);
        one_layer_must(seqecho_trainer_forward(l.trainer, &x_view, trained, 1));
        one_layer_must(seqecho_predictor_run(p, &x_view, run, 1));
        assert_true(isnan(trained[0]) && isnan(run[0]));
        seqecho_predictor_destroy(p);
        one_layer_close(&l);
    }
}

/* ---- Masks -------------------------------------------------------------------------- */

enum { STEPS = 5, SAMPLES = 4 };

static const int32_t lengths[SAMPLES] = { 3, 0, STEPS, 1 };
static const one_layer_options masked = { .dim = { STEPS, FEATURES },
                                          .samples = SAMPLES,
                                          .lengths = lengths };

/* What is beyond the lengths is not to be looked at. */
static void spoil(one_layer *l)
{
    for (size_t i = 0; i < l->n_x; i++)
        if ((int32_t)(i / FEATURES % STEPS) >= lengths[i / FEATURES / STEPS])
            l->x[i] = NAN;
}

/* The mean of the steps that are there, which alone have a gradient. */
static void masked_average(void **state)
{
    static const int32_t full[SAMPLES] = { STEPS, STEPS, STEPS, STEPS };
    one_layer l = one_layer_open(SEQECHO_GLOBAL_AVERAGE_POOLING1D, masked);

    (void)state;
    /* First a pass in which every step has a gradient: none of it may stay behind. */
    l.x_view[1].data = full;
    one_layer_run(&l);
    for (size_t i = 0; i < l.n_x; i++)
        assert_true(l.dx[i] != 0.0F);
    l.x_view[1].data = lengths;
    spoil(&l);
    one_layer_run(&l);
    for (int64_t b = 0; b < SAMPLES; b++)
        for (int64_t i = 0; i < FEATURES; i++) {
            const int32_t n = lengths[b];
            const int64_t at = b * FEATURES + i;
            double sum = 0.0;

            for (int64_t t = 0; t < STEPS; t++) {
                const int64_t from = (b * STEPS + t) * FEATURES + i;

                if (t < n)
                    sum += (double)l.x[from];
                assert_close_double((double)l.dx[from],
                                    t < n ? (double)(l.dy[at] / (float)n) : 0.0, 0.0, 0.0);
            }
            assert_close_double((double)l.y[at], n > 0 ? sum / n : 0.0, 1e-6, 1e-6);
        }
    one_layer_close(&l);
}

/* With every step there, lengths change no bit. */
static void all_there(void **state)
{
    static const int32_t full[SAMPLES] = { STEPS, STEPS, STEPS, STEPS };
    one_layer_options o = masked;
    one_layer a, b;

    (void)state;
    o.lengths = full;
    a = one_layer_open(SEQECHO_GLOBAL_AVERAGE_POOLING1D, o);
    o.lengths = NULL;
    b = one_layer_open(SEQECHO_GLOBAL_AVERAGE_POOLING1D, o);
    one_layer_run(&a);
    one_layer_run(&b);
    assert_same_bits(a.y, b.y, b.n_y);
    assert_same_bits(a.dx, b.dx, b.n_x);
    one_layer_close(&a);
    one_layer_close(&b);
}

/* The others see zeros where steps are missing, and give no mask on. */
static void masks_are_dropped(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_CONV1D(.filters = FEATURES, .kernel_size = 3,
                       .padding = SEQECHO_PADDING_SAME),
        SEQECHO_MAX_POOLING1D(1),
        SEQECHO_AVERAGE_POOLING1D(1),
        SEQECHO_RESHAPE(STEPS, FEATURES),
        SEQECHO_PERMUTE(1, 2),
    };

    (void)state;
    for (size_t k = 0; k < 5; k++) {
        float x[2][SAMPLES * STEPS * FEATURES], y[2][SAMPLES * FEATURES];
        const seqecho_view size = {
            NULL, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32
        };

        one_layer_fill(x[0], SAMPLES * STEPS * FEATURES, 8);
        for (size_t i = 0; i < SAMPLES * STEPS * FEATURES; i++) {
            const bool there =
                (int32_t)(i / FEATURES % STEPS) < lengths[i / FEATURES / STEPS];

            x[1][i] = there ? x[0][i] : 0.0F;
            x[0][i] = there ? x[0][i] : NAN;
        }
        for (int plain = 0; plain < 2; plain++) {
            seqecho_view views[2] = { size, { lengths, { SAMPLES }, 1, SEQECHO_INT32 } };
            seqecho_graph *graph;
            seqecho_predictor *p;

            views[0].data = x[plain];
            one_layer_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 3)));
            seqecho_graph_add(graph,
                              SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = !plain));
            seqecho_graph_add(graph, specs[k]);
            seqecho_graph_add(graph, SEQECHO_GLOBAL_AVERAGE_POOLING1D);
            one_layer_must(
                seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = SAMPLES)));
            one_layer_must(seqecho_predictor_run(p, views, y[plain], SAMPLES * FEATURES));
            seqecho_predictor_destroy(p);
            seqecho_graph_destroy(graph);
        }
        assert_same_bits(y[0], y[1], SAMPLES * FEATURES);
    }
}

/* Zeros of missing steps count in a maximum. */
static void maximum_ignores_masks(void **state)
{
    one_layer l = one_layer_open(SEQECHO_GLOBAL_MAX_POOLING1D, masked);

    (void)state;
    for (size_t i = 0; i < l.n_x; i++)
        l.x[i] = -1.0F - fabsf(l.x[i]);
    spoil(&l);
    one_layer_run(&l);
    for (size_t i = 0; i < l.n_y; i++)
        assert_true(lengths[i / FEATURES] < STEPS ? l.y[i] == 0.0F : l.y[i] <= -1.0F);
    one_layer_close(&l);
}

/* ---- Bits --------------------------------------------------------------------------- */

static void samples_alone(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_MAX_POOLING1D(3),
        SEQECHO_AVERAGE_POOLING1D(3),
        SEQECHO_GLOBAL_MAX_POOLING1D,
        SEQECHO_GLOBAL_AVERAGE_POOLING1D,
    };

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        one_layer_options o = { .dim = { 7, FEATURES }, .samples = 3 };
        one_layer together = one_layer_open(specs[k], o), alone;

        o.samples = 1;
        alone = one_layer_open(specs[k], o);
        one_layer_run(&together);
        for (size_t b = 0; b < 3; b++) {
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_pooling),
        cmocka_unit_test(average_pooling),
        cmocka_unit_test(global_pooling),
        cmocka_unit_test(ties_go_to_the_first),
        cmocka_unit_test(not_a_number),
        cmocka_unit_test(masked_average),
        cmocka_unit_test(all_there),
        cmocka_unit_test(masks_are_dropped),
        cmocka_unit_test(maximum_ignores_masks),
        cmocka_unit_test(samples_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
