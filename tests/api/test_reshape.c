/* test_reshape.c - Flatten, Reshape and Permute against row-major arrays.
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "close.h"
#include "one_layer.h"

static const int64_t shapes[][3] = {
    { 1 },        { 24 },       { 4, 6 },     { 6, 4 },    { 24, 1 },
    { 1, 24 },    { 2, 3, 4 },  { 4, 3, 2 },  { 3, 1, 8 }, { 1, 4, 6 },
    { 1, 1, 24 }, { 24, 1, 1 }, { 2, 12, 1 }, { 3, 8 },
};
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static int64_t size_of(const int64_t dim[3])
{
    int64_t size = 1;

    for (int i = 0; i < 3 && dim[i] != 0; i++)
        size *= dim[i];
    return size;
}

/* What is row-major before is the same array after, both ways. */
static void check_same_order(const seqecho_spec *spec, const int64_t dim[3],
                             int64_t samples)
{
    one_layer l =
        one_layer_open(spec, (one_layer_options){ .dim = { dim[0], dim[1], dim[2] },
                                                  .samples = samples,
                                                  .fixed = samples == 3 });

    assert_int_equal(l.n_y, l.n_x);
    one_layer_run(&l);
    assert_same_bits(l.y, l.x, l.n_x);
    assert_same_bits(l.dx, l.dy, l.n_x);
    one_layer_close(&l);
}

static void flatten(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SHAPES; i++)
        for (int64_t samples = 1; samples <= 5; samples += 2)
            check_same_order(SEQECHO_FLATTEN, shapes[i], samples);
}

static void reshape(void **state)
{
    size_t checked = 0;

    (void)state;
    for (size_t i = 0; i < N_SHAPES * N_SHAPES; i++) {
        const int64_t *const from = shapes[i % N_SHAPES], *const to = shapes[i / N_SHAPES];

        if (size_of(from) != size_of(to))
            continue;
        for (int64_t samples = 1; samples <= 5; samples += 2, checked++)
            check_same_order(SEQECHO_RESHAPE(to[0], to[1], to[2]), from, samples);
    }
    assert_int_equal(checked, 3 * ((N_SHAPES - 1) * (N_SHAPES - 1) + 1));
}

/* Rows of odd lengths: runs end at those of both. */
static void odd_rows(void **state)
{
    (void)state;
    check_same_order(SEQECHO_RESHAPE(7, 15), (const int64_t[3]){ 15, 7 }, 4);
    check_same_order(SEQECHO_RESHAPE(5, 21), (const int64_t[3]){ 3, 5, 7 }, 3);
    check_same_order(SEQECHO_RESHAPE(7, -1, 5), (const int64_t[3]){ 5, 3, 7 }, 2);
    check_same_order(SEQECHO_RESHAPE(35, 3), (const int64_t[3]){ 105 }, 2);
}

/* On every time step. */
static void in_time_distributed(void **state)
{
    (void)state;
    check_same_order(SEQECHO_TIME_DISTRIBUTED(SEQECHO_FLATTEN),
                     (const int64_t[3]){ 3, 4, 5 }, 3);
    check_same_order(SEQECHO_TIME_DISTRIBUTED(SEQECHO_RESHAPE(2, 6)),
                     (const int64_t[3]){ 3, 4, 3 }, 3);
}

/* ---- Permute ------------------------------------------------------------------------ */

/* Element (i0, i1, i2) of a row-major array, missing axes having one element. */
static int64_t at(const int64_t dim[3], const int64_t i[3])
{
    return (i[0] * dim[1] + i[1]) * dim[2] + i[2];
}

static void check_permute(const int64_t dim[3], const int32_t dims[3], int64_t samples)
{
    one_layer l = one_layer_open(
        SEQECHO_PERMUTE(dims[0], dims[1], dims[2]),
        (one_layer_options){ .dim = { dim[0], dim[1], dim[2] }, .samples = samples });
    const int64_t size = size_of(dim);
    int64_t from[3], to[3];
    float *const y = one_layer_array(l.n_y), *const dx = one_layer_array(l.n_x);

    for (int i = 0; i < 3; i++)
        from[i] = dim[i] > 0 ? dim[i] : 1;
    for (int i = 0; i < 3; i++)
        to[i] = dims[i] > 0 ? from[dims[i] - 1] : 1;
    for (int64_t e = 0; e < samples * size; e++) {
        const int64_t rest = e % size;
        const int64_t in[3] = { rest / (from[1] * from[2]), rest / from[2] % from[1],
                                rest % from[2] };
        int64_t out[3] = { 0, 0, 0 };

        for (int i = 0; i < 3; i++)
            if (dims[i] > 0)
                out[i] = in[dims[i] - 1];
        y[e / size * size + at(to, out)] = l.x[e];
        dx[e] = l.dy[e / size * size + at(to, out)];
    }
    one_layer_run(&l);
    assert_same_bits(l.y, y, l.n_y);
    assert_same_bits(l.dx, dx, l.n_x);
    free(y);
    free(dx);
    one_layer_close(&l);
}

static void permute(void **state)
{
    static const int32_t orders[][3] = {
        { 1, 2, 3 }, { 1, 3, 2 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 3, 2, 1 },
    };

    (void)state;
    for (int64_t samples = 1; samples <= 5; samples += 2) {
        check_permute((const int64_t[3]){ 7 }, (const int32_t[3]){ 1 }, samples);
        check_permute((const int64_t[3]){ 4, 6 }, (const int32_t[3]){ 1, 2 }, samples);
        check_permute((const int64_t[3]){ 4, 6 }, (const int32_t[3]){ 2, 1 }, samples);
        for (size_t i = 0; i < 6; i++) {
            check_permute((const int64_t[3]){ 2, 3, 5 }, orders[i], samples);
            check_permute((const int64_t[3]){ 4, 1, 3 }, orders[i], samples);
        }
    }
}

/* ---- With other layers -------------------------------------------------------------- */

/* Class numbers and repeated values come as rows. */
static void other_forms(void **state)
{
    static const int32_t classes[6] = { 2, 0, 1, 1, 3, 0 };
    const seqecho_view x = { classes, { 2, 3 }, 2, SEQECHO_INT32 };
    const float row[3] = { 5, 6, 7 };
    const seqecho_view rows = { row, { 1, 3 }, 2, SEQECHO_FLOAT32 };
    float y[24], repeated[12];
    seqecho_graph *graph;
    seqecho_predictor *p;

    (void)state;
    one_layer_must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3, 4 }));
    seqecho_graph_add(graph, SEQECHO_FLATTEN);
    one_layer_must(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = 2)));
    one_layer_must(seqecho_predictor_run(p, &x, y, 24));
    for (int i = 0; i < 24; i++)
        assert_true(y[i] == (classes[i / 4] == i % 4 ? 1.0F : 0.0F));
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);

    one_layer_must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_REPEAT_VECTOR(4));
    seqecho_graph_add(graph, SEQECHO_PERMUTE(2, 1));
    one_layer_must(seqecho_predictor_create(&p, graph, NULL));
    one_layer_must(seqecho_predictor_run(p, &rows, repeated, 12));
    for (int i = 0; i < 12; i++)
        assert_true(repeated[i] == row[i / 4]);
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatten),  cmocka_unit_test(reshape),
        cmocka_unit_test(odd_rows), cmocka_unit_test(in_time_distributed),
        cmocka_unit_test(permute),  cmocka_unit_test(other_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
