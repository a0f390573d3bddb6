/* test_gemm.c - products: every table against a loop with the same roundings, every way
 * that se_gemm() may take against every other, and the BLAS.
 * SPDX-License-Identifier: MIT */
#include "harness.h"

#include "base/alloc.h"
#include "kernels/blas.h"
#include "kernels/gemm.h"

typedef struct shape {
    int64_t m, n, k;
} shape;

/* A product's operands and its result by the definition in kernels/kernels.h. */
typedef struct product {
    shape s;
    se_store store;
    bool a_transposed; /* A is stored as (k, m) */
    bool b_transposed;
    int64_t a_row, a_col, b_row, b_col, c_row;
    guarded a, b, bias, c;
} product;

#define THREADS_MAX 8

static float gemm_room[THREADS_MAX * SE_GEMM_ROOM];

#define GAP 3 /* between rows of C and of A, whose content must be left alone */

static product product_new(shape s, se_store store, bool a_transposed, bool b_transposed)
{
    const int64_t a_ld = (a_transposed ? s.m : s.k) + GAP,
                  a_rows = a_transposed ? s.k : s.m;
    const int64_t b_ld = b_transposed ? s.k : s.n, b_rows = b_transposed ? s.n : s.k;
    product p = { .s = s, .store = store };

    p.a_transposed = a_transposed;
    p.b_transposed = b_transposed;
    p.a_row = a_transposed ? 1 : a_ld;
    p.a_col = a_transposed ? a_ld : 1;
    p.b_row = b_transposed ? 1 : b_ld;
    p.b_col = b_transposed ? b_ld : 1;
    p.c_row = s.n + GAP;
    p.a = guarded_random(a_rows > 0 ? (size_t)(a_rows * a_ld - GAP) : 0, 1.0F);
    p.b = guarded_random((size_t)(b_rows * b_ld), 1.0F);
    p.bias = guarded_random((size_t)s.n, 1.0F);
    p.c = guarded_random(s.m > 0 ? (size_t)(s.m * p.c_row - GAP) : 0, 1.0F);
    return p;
}

static void product_free(product *p)
{
    guarded_free(&p->c);
    guarded_free(&p->bias);
    guarded_free(&p->b);
    guarded_free(&p->a);
}

static const float *product_bias(const product *p)
{
    return p->store == SE_STORE_BIAS ? p->bias.data : NULL;
}

static guarded product_reference(const product *p, const se_kernels *kernels)
{
    guarded c = guarded_copy(&p->c);

    for (int64_t i = 0; i < p->s.m; i++)
        for (int64_t j = 0; j < p->s.n; j++) {
            float sum = p->store == SE_STORE_SET   ? 0.0F
                        : p->store == SE_STORE_ADD ? c.data[i * p->c_row + j]
                                                   : p->bias.data[j];

            for (int64_t r = 0; r < p->s.k; r++)
                sum = multiply_add(kernels, p->a.data[i * p->a_row + r * p->a_col],
                                   p->b.data[r * p->b_row + j * p->b_col], sum);
            c.data[i * p->c_row + j] = sum;
        }
    return c;
}

/* ---- One table ---------------------------------------------------------------------- */

static guarded pack(const product *p, const se_kernels *k, se_panels *panels)
{
    const int64_t width = (p->s.n + k->panel - 1) / k->panel * k->panel;
    const int64_t whole = (p->s.n + k->lanes - 1) / k->lanes * k->lanes;
    guarded packed = guarded_new((size_t)(width * p->s.k));

    k->pack(p->s.k, p->s.n, p->b.data, p->b_row, p->b_col, packed.data);
    for (int64_t c = 0; c < whole; c++)
        for (int64_t r = 0; r < p->s.k; r++) {
            const float want = c < p->s.n ? p->b.data[r * p->b_row + c * p->b_col] : 0.0F;
            const float *const got =
                &packed.data[(c / k->panel * p->s.k + r) * k->panel + c % k->panel];

            assert_same_bits(got, &want, 1);
        }
    *panels = (se_panels){ packed.data, p->s.k, p->s.n, k->panel, k->panel * p->s.k, true };
    return packed;
}

static void check_table(const product *p, const se_kernels *k)
{
    guarded want = product_reference(p, k), c = guarded_copy(&p->c);
    se_panels panels;
    guarded packed = pack(p, k, &panels);

    k->gemm(p->s.m, p->a.data, p->a_row, p->a_col, &panels, c.data, p->c_row, p->store,
            product_bias(p), gemm_room);
    assert_same_bits(c.data, want.data, c.n);
    if (!p->b_transposed) {
        const se_panels plain = { p->b.data, p->s.k, p->s.n, p->b_row, k->panel, false };

        memcpy(c.data, p->c.data, c.n * sizeof(float));
        k->gemm(p->s.m, p->a.data, p->a_row, p->a_col, &plain, c.data, p->c_row, p->store,
                product_bias(p), gemm_room);
        assert_same_bits(c.data, want.data, c.n);
    }
    guarded_free(&packed);
    guarded_free(&c);
    guarded_free(&want);
}

static void check_shape(shape s)
{
    for (int i = 0; i < 12; i++) {
        product p = product_new(s, (se_store)(i % 3), i / 3 % 2 == 1, i / 6 == 1);

        FOR_EACH_TABLE(k)
        check_table(&p, k);
        product_free(&p);
    }
}

/* Every number of rows and of vectors a tile may have, and every rest of columns. */
static void test_tables_tiles(void **state)
{
    (void)state;
    for (int64_t m = 0; m <= 17; m++)
        for (int64_t n = 0; n <= 50; n += m % 2 == 0 ? 7 : 5)
            check_shape((shape){ m, n, 5 });
    for (int64_t n = 1; n <= 100; n++) {
        check_shape((shape){ 1, n, 3 });
        check_shape((shape){ 3, n, 2 });
    }
}

/* k of none, of one block, at its edges and of some. */
static void test_tables_depths(void **state)
{
    static const int64_t depth[] = { 0, 1, 2, 127, 128, 129, 255, 256, 257, 300, 513 };

    (void)state;
    for (size_t i = 0; i < sizeof depth / sizeof depth[0]; i++) {
        check_shape((shape){ 1, 33, depth[i] });
        check_shape((shape){ 9, 49, depth[i] });
    }
}

/* Wide and high enough for every way a kernel walks B. */
static void test_tables_large(void **state)
{
    (void)state;
    check_shape((shape){ 70, 323, 140 });
    check_shape((shape){ 33, 1024, 40 });
    check_shape((shape){ 1, 1031, 40 });
    check_shape((shape){ 5, 600, 150 });
}

/* Zeros in A meet what they meet by IEEE: no product is left out. */
static void test_tables_nan(void **state)
{
    (void)state;
    for (int64_t m = 1; m <= 9; m += 4) {
        product p = product_new((shape){ m, 37, 4 }, SE_STORE_SET, false, false);

        memset(p.a.data, 0, p.a.n * sizeof(float));
        p.b.data[2 * 37 + 35] = INFINITY;
        p.b.data[1 * 37 + 3] = NAN;
        FOR_EACH_TABLE(k)
        {
            const se_panels b = { p.b.data, 4, 37, 37, k->panel, false };

            k->gemm(m, p.a.data, p.a_row, p.a_col, &b, p.c.data, p.c_row, SE_STORE_SET,
                    NULL, gemm_room);
            for (int64_t i = 0; i < m; i++)
                for (int64_t j = 0; j < 37; j++)
                    assert_int_equal(isnan(p.c.data[i * p.c_row + j]), j == 35 || j == 3);
        }
        product_free(&p);
    }
}

/* Neither rows nor columns of B contiguous. */
static void test_pack_strides(void **state)
{
    (void)state;
    for (int64_t k = 0; k < 20; k += 3)
        for (int64_t n = 0; n < 100; n += 9) {
            product p = product_new((shape){ 0, n, k }, SE_STORE_SET, false, false);

            guarded_free(&p.b);
            p.b_row = 2 * n + 1;
            p.b_col = 2;
            p.b = guarded_random((size_t)(k * p.b_row), 1.0F);
            FOR_EACH_TABLE(kernels)
            {
                se_panels panels;
                guarded packed = pack(&p, kernels, &panels);

                guarded_free(&packed);
            }
            product_free(&p);
        }
}

/* ---- Every way ---------------------------------------------------------------------- */

/* se_gemm() in `threads` threads; `uses` large makes se_factor_make() inclined to pack. */
static void check_way(const product *p, const guarded *want, const se_kernels *k,
                      int threads, int64_t uses)
{
    const se_compute serial = { k, NULL, false, gemm_room };
    guarded c = guarded_copy(&p->c);
    guarded room = guarded_new(se_factor_size(&serial, p->s.k, p->s.n));
    seqecho_allocator allocator;
    se_compute compute = serial;
    se_factor factor;

    assert_int_equal(se_allocator_read(&allocator, NULL), SEQECHO_OK);
    assert_int_equal(se_pool_create(&compute.pool, threads, &allocator), SEQECHO_OK);
    factor = se_factor_make(&compute, p->s.m, uses, p->s.k, p->s.n, p->b.data, p->b_row,
                            p->b_col, room.data);
    se_gemm(&compute, p->s.m, p->a.data, p->a_row, p->a_col, &factor, c.data, p->c_row,
            p->store, product_bias(p));
    assert_same_bits(c.data, want->data, c.n);
    se_pool_destroy(compute.pool);
    guarded_free(&room);
    guarded_free(&c);
}

static const shape ways[] = {
    { 1, 80, 20 },    { 7, 80, 20 },    { 35, 100, 20 },  { 21, 600, 150 },
    { 64, 256, 300 }, { 3, 1000, 401 }, { 200, 97, 100 }, { 65, 1024, 64 },
    { 257, 65, 257 }, { 16, 2048, 70 },
};

static void test_ways(void **state)
{
    static const int threads[] = { 1, 2, 3, 8 };

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (int kind = 0; kind < 12; kind++) {
            product p = product_new(ways[i], (se_store)(kind % 3), kind / 3 % 2 == 1,
                                    kind / 6 == 1);
            const se_kernels *const k = se_kernels_get();
            guarded want = product_reference(&p, k);

            for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
                check_way(&p, &want, k, threads[t], 1);
                check_way(&p, &want, k, threads[t], 1000);
            }
            guarded_free(&want);
            product_free(&p);
        }
}

/* Bits do not depend on how the rows come: all at once, or some and then the others. */
static void test_split_batch(void **state)
{
    const shape s = { 21, 130, 77 };
    product p = product_new(s, SE_STORE_BIAS, false, false);

    (void)state;
    FOR_EACH_TABLE(k)
    {
        guarded want = product_reference(&p, k);
        const se_panels b = { p.b.data, s.k, s.n, p.b_row, k->panel, false };

        for (int64_t cut = 0; cut <= s.m; cut++) {
            guarded c = guarded_copy(&p.c);

            k->gemm(cut, p.a.data, p.a_row, 1, &b, c.data, p.c_row, p.store, p.bias.data,
                    gemm_room);
            if (cut < s.m)
                k->gemm(s.m - cut, p.a.data + cut * p.a_row, p.a_row, 1, &b,
                        c.data + cut * p.c_row, p.c_row, p.store, p.bias.data, gemm_room);
            assert_same_bits(c.data, want.data, c.n);
            guarded_free(&c);
        }
        guarded_free(&want);
    }
    product_free(&p);
}

static void test_gradient(void **state)
{
    static const shape s[] = { { 0, 5, 3 },      { 1, 20, 80 },    { 35, 20, 80 },
                               { 84, 150, 600 }, { 300, 70, 260 }, { 5, 257, 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++)
        for (int threads = 1; threads <= 3; threads++) {
            /* dW (k, n) += X^T Y is the product of X^T (k, rows) and Y (rows, n). */
            const int64_t rows = s[i].m, k = s[i].n, n = s[i].k;
            product p = product_new((shape){ k, n, rows }, SE_STORE_ADD, true, false);
            guarded dw = guarded_new((size_t)(k * n)), want, c;
            seqecho_allocator allocator;
            se_compute compute = { se_kernels_get(), NULL, false, gemm_room };

            want = product_reference(&p, compute.k);
            c = guarded_copy(&p.c);
            for (int64_t r = 0; r < k; r++)
                memcpy(dw.data + r * n, c.data + r * p.c_row, (size_t)n * sizeof(float));
            assert_int_equal(se_allocator_read(&allocator, NULL), SEQECHO_OK);
            assert_int_equal(se_pool_create(&compute.pool, threads, &allocator),
                             SEQECHO_OK);
            se_gemm_gradient(&compute, rows, k, n, p.a.data, p.a_col, p.b.data, p.b_row,
                             dw.data, SE_STORE_ADD);
            for (int64_t r = 0; r < k; r++)
                assert_same_bits(dw.data + r * n, want.data + r * p.c_row, (size_t)n);
            guarded_free(&want);
            p.store = SE_STORE_SET;
            want = product_reference(&p, compute.k);
            se_gemm_gradient(&compute, rows, k, n, p.a.data, p.a_col, p.b.data, p.b_row,
                             dw.data, SE_STORE_SET);
            for (int64_t r = 0; r < k; r++)
                assert_same_bits(dw.data + r * n, want.data + r * p.c_row, (size_t)n);
            se_pool_destroy(compute.pool);
            guarded_free(&c);
            guarded_free(&want);
            guarded_free(&dw);
            product_free(&p);
        }
}

/* ---- BLAS --------------------------------------------------------------------------- */

static bool without_blas(void)
{
    return strcmp(se_blas_name(), "no BLAS") == 0;
}

/* Whoever has none is told so, and is left what was there. */
static void test_blas_none(void **state)
{
    const float a = 2.0F;
    float c = 7.0F;

    (void)state;
    if (!without_blas())
        skip();
    assert_false(se_blas_sgemm(false, false, 1, 1, 1, &a, 1, &a, 1, 0.0F, &c, 1));
    assert_true(c == 7.0F);
}

static void test_blas(void **state)
{
    static const shape s[] = { { 3, 5, 7 }, { 64, 100, 33 }, { 1, 300, 40 } };

    (void)state;
    assert_true(strlen(se_blas_name()) > 0);
    if (without_blas())
        skip();
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++)
        for (int kind = 0; kind < 8; kind++) {
            const se_store store = kind % 2 == 0 ? SE_STORE_SET : SE_STORE_ADD;
            product p = product_new(s[i], store, kind / 2 % 2 == 1, kind / 4 == 1);
            guarded want = product_reference(&p, se_kernels_get());

            assert_true(se_blas_sgemm(p.a_transposed, p.b_transposed, s[i].m, s[i].n,
                                      s[i].k, p.a.data, p.a_transposed ? p.a_col : p.a_row,
                                      p.b.data, p.b_transposed ? p.b_col : p.b_row,
                                      store == SE_STORE_SET ? 0.0F : 1.0F, p.c.data,
                                      p.c_row));
            assert_close(p.c.data, want.data, p.c.n, 1e-5, 1e-5);
            guarded_free(&want);
            product_free(&p);
        }
}

/* A size that the BLAS's int cannot hold is refused before anything is touched. */
static void test_blas_refuses(void **state)
{
    float c = 7.0F;

    (void)state;
    assert_false(
        se_blas_sgemm(false, false, 1, 1, (int64_t)1 << 31, NULL, 1, NULL, 1, 0.0F, &c, 1));
    assert_false(
        se_blas_sgemm(false, false, 1, 1, 1, NULL, (int64_t)1 << 40, NULL, 1, 0.0F, &c, 1));
    assert_true(c == 7.0F);
}

/* Large products that may go to the BLAS give, but for rounding, what they gave before. */
static void test_blas_allowed(void **state)
{
    const shape s = { 1031, 2049, 2050 };

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        product p = product_new(s, (se_store)(kind % 3), kind % 2 == 1, kind / 2 == 1);
        const se_compute own = { se_kernels_get(), NULL, false, gemm_room };
        const se_compute fast = { own.k, NULL, true, gemm_room };
        guarded room = guarded_new(se_factor_size(&own, s.k, s.n));
        guarded want = guarded_copy(&p.c);
        const se_factor factor =
            se_factor_make(&fast, s.m, 1, s.k, s.n, p.b.data, p.b_row, p.b_col, room.data);

        se_gemm(&own, s.m, p.a.data, p.a_row, p.a_col, &factor, want.data, p.c_row, p.store,
                product_bias(&p));
        se_gemm(&fast, s.m, p.a.data, p.a_row, p.a_col, &factor, p.c.data, p.c_row, p.store,
                product_bias(&p));
        assert_close(p.c.data, want.data, want.n, 1e-4, 1e-4);
        guarded_free(&want);
        guarded_free(&room);
        product_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_tiles), cmocka_unit_test(test_tables_depths),
        cmocka_unit_test(test_tables_large), cmocka_unit_test(test_tables_nan),
        cmocka_unit_test(test_pack_strides), cmocka_unit_test(test_ways),
        cmocka_unit_test(test_split_batch),  cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_blas),         cmocka_unit_test(test_blas_refuses),
        cmocka_unit_test(test_blas_allowed), cmocka_unit_test(test_blas_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
