/* bench_kernels.c - how fast each table is: products beside the BLAS, then what goes
 * element by element.
 * SPDX-License-Identifier: MIT
 *
 * usage: bench_kernels [rounds]
 *
 * Every figure is the best of some rounds, in which all contenders take turns, so that they
 * meet the same noise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/blas.h"
#include "kernels/gemm.h"

#define TABLES_MAX 4
#define ROUND_SECONDS 0.004

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One contender: something to call, again and again. */
typedef struct contender {
    const char *name;
    void (*call)(const void *arg);
    const void *arg;
    double best; /* seconds a call */
} contender;

static void measure(contender *c, int n, int rounds)
{
    for (int i = 0; i < n; i++) {
        c[i].best = 1e30;
        c[i].call(c[i].arg);
    }
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < n; i++)
            for (int64_t calls = 1;; calls *= 2) {
                const double begin = now();
                double took;

                for (int64_t j = 0; j < calls; j++)
                    c[i].call(c[i].arg);
                took = now() - begin;
                if (took / (double)calls < c[i].best)
                    c[i].best = took / (double)calls;
                if (took > ROUND_SECONDS)
                    break;
            }
}

static float *numbers(size_t n)
{
    float *const x = malloc(n * sizeof *x);

    if (x == NULL)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((i * 7919) % 2003) * 1e-3F - 1.0F;
    return x;
}

/* ---- Products ----------------------------------------------------------------------- */

static float gemm_room[SE_GEMM_ROOM];

typedef enum kind { PLAIN, PACKED, GRADIENT } kind;

typedef struct product {
    int64_t m, n, k;
    kind kind;
    bool transposed; /* A is (k, m) */
    float *a, *b, *c, *room;
} product;

typedef struct gemm_call {
    const product *p;
    se_compute compute;
    se_factor factor;
} gemm_call;

static void call_gemm(const void *arg)
{
    const gemm_call *const g = arg;
    const product *const p = g->p;

    if (p->transposed)
        se_gemm_gradient(&g->compute, p->k, p->m, p->n, p->a, p->m, p->b, p->n, p->c,
                         SE_STORE_ADD);
    else
        se_gemm(&g->compute, p->m, p->a, p->k, 1, &g->factor, p->c, p->n, SE_STORE_SET,
                NULL);
}

static void call_blas(const void *arg)
{
    const product *const p = arg;

    (void)se_blas_sgemm(p->transposed, false, p->m, p->n, p->k, p->a,
                        p->transposed ? p->m : p->k, p->b, p->n,
                        p->transposed ? 1.0F : 0.0F, p->c, p->n);
}

/* The right-hand factor as it stands, or packed: not left to se_factor_make(). */
static se_factor factor_new(const product *p, const se_kernels *k, float *room)
{
    se_factor factor = {
        .panels = { p->b, p->k, p->n, p->n, k->panel, false },
        .source = p->b,
        .row = p->n,
        .col = 1,
    };

    if (p->kind == PACKED) {
        k->pack(p->k, p->n, p->b, p->n, 1, room);
        factor.panels = (se_panels){ room, p->k, p->n, k->panel, k->panel * p->k, true };
    }
    return factor;
}

static void bench_product(product p, int rounds)
{
    static const char *const names[] = { "plain", "packed", "X^T Y" };
    const double gflop = 2e-9 * (double)p.m * (double)p.n * (double)p.k;
    gemm_call call[TABLES_MAX];
    float *room[TABLES_MAX];
    contender c[TABLES_MAX + 1];
    int n = 0, tables;

    p.a = numbers((size_t)(p.m * p.k));
    p.b = numbers((size_t)(p.k * p.n));
    p.c = numbers((size_t)(p.m * p.n));
    for (const se_kernels *k; (k = se_kernels_list((size_t)n)) != NULL; n++) {
        const se_compute compute = { k, NULL, false, gemm_room };

        room[n] = numbers(se_factor_size(&compute, p.k, p.n));
        call[n] = (gemm_call){ &p, compute, factor_new(&p, k, room[n]) };
        c[n] = (contender){ k->name, call_gemm, &call[n], 0.0 };
    }
    tables = n;
    if (se_blas_sgemm(false, false, 0, 0, 0, p.a, 1, p.b, 1, 1.0F, p.c, 1))
        c[n++] = (contender){ "blas", call_blas, &p, 0.0 };
    measure(c, n, rounds);
    printf("%5lld x %5lld x %5lld %-6s", (long long)p.m, (long long)p.n, (long long)p.k,
           names[p.kind]);
    for (int i = 0; i < n; i++)
        printf("  %s %6.1f", c[i].name, gflop / c[i].best);
    printf("\n");
    for (int i = 0; i < tables; i++)
        free(room[i]);
    free(p.a);
    free(p.b);
    free(p.c);
}

static void bench_products(int rounds)
{
    static const product shapes[] = {
        { .m = 7, .n = 80, .k = 20 },
        { .m = 35, .n = 100, .k = 20 },
        { .m = 21, .n = 600, .k = 150 },
        { .m = 21, .n = 600, .k = 150, .kind = PACKED },
        { .m = 21, .n = 150, .k = 600, .kind = PACKED },
        { .m = 8, .n = 1024, .k = 256 },
        { .m = 8, .n = 1024, .k = 256, .kind = PACKED },
        { .m = 64, .n = 1024, .k = 256 },
        { .m = 64, .n = 1024, .k = 256, .kind = PACKED },
        { .m = 64, .n = 4096, .k = 1024 },
        { .m = 64, .n = 4096, .k = 1024, .kind = PACKED },
        { .m = 3200, .n = 1024, .k = 100 },
        { .m = 512, .n = 512, .k = 512 },
        { .m = 20, .n = 80, .k = 35, .kind = GRADIENT },
        { .m = 150, .n = 600, .k = 84, .kind = GRADIENT },
        { .m = 256, .n = 1024, .k = 3200, .kind = GRADIENT },
        { .m = 1024, .n = 4096, .k = 1024, .kind = GRADIENT },
        { .m = 1, .n = 80, .k = 36 },
        { .m = 1, .n = 600, .k = 166 },
        { .m = 1, .n = 1024, .k = 272 },
        { .m = 1, .n = 4096, .k = 1024 },
    };

    printf("GFLOP/s, m x n x k\n");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        bench_product(shapes[i], rounds);
}

/* ---- Element by element ------------------------------------------------------------- */

#define ELEMENTS 2000
#define UNITS 100
#define ROWS (ELEMENTS / UNITS)
#define PARAMETERS 360000

typedef struct element_call {
    const se_kernels *k;
    float *x, *y, *z, *w; /* PARAMETERS each */
} element_call;

#define ACTIVATION(name, F) \
    static void name(const void *arg) \
    { \
        const element_call *const e = arg; \
\
        e->k->activate(F, ELEMENTS, e->x, e->y); \
    }
ACTIVATION(call_tanh, SEQECHO_TANH)
ACTIVATION(call_sigmoid, SEQECHO_SIGMOID)
ACTIVATION(call_elu, SEQECHO_ELU)
ACTIVATION(call_softplus, SEQECHO_SOFTPLUS)
ACTIVATION(call_swish, SEQECHO_SWISH)

static void call_softmax(const void *arg)
{
    const element_call *const e = arg;

    e->k->softmax(ROWS, UNITS, e->x, e->y);
}

static void call_entropy(const void *arg)
{
    const element_call *const e = arg;

    static int32_t label[ROWS];
    float loss[ROWS], largest[ROWS];
    const se_entropy rows = { .rows = ROWS,
                              .cols = UNITS,
                              .z = e->x,
                              .label = label,
                              .y_row = 1,
                              .scale = 1.0F,
                              .loss = loss,
                              .largest = largest,
                              .dz = e->y };

    e->k->softmax_crossentropy(&rows);
}

static void call_lstm_forward(const void *arg)
{
    const element_call *const e = arg;

    e->k->lstm_forward(ROWS, UNITS, e->z, e->x, e->y, e->y + ELEMENTS, e->w);
}

static void call_lstm_backward(const void *arg)
{
    const element_call *const e = arg;

    e->k->lstm_backward(ROWS, UNITS, e->z, e->x, e->x, e->w, NULL, e->y);
    memset(e->y, 0, ELEMENTS * sizeof *e->y);
}

static void call_adam(const void *arg)
{
    const element_call *const e = arg;

    e->k->adam(PARAMETERS, e->w, e->x, e->y, e->z, 1e-9F, 0.1F, 0.001F, 1e-7F);
}

static void call_adam_small(const void *arg)
{
    const element_call *const e = arg;

    e->k->adam(ELEMENTS, e->w, e->x, e->y, e->z, 1e-9F, 0.1F, 0.001F, 1e-7F);
}

static void bench_elements(int rounds)
{
    static const struct {
        const char *name;
        void (*call)(const void *arg);
        int64_t elements;
    } what[] = {
        { "tanh", call_tanh, ELEMENTS },
        { "sigmoid", call_sigmoid, ELEMENTS },
        { "elu", call_elu, ELEMENTS },
        { "softplus", call_softplus, ELEMENTS },
        { "swish", call_swish, ELEMENTS },
        { "softmax of 100", call_softmax, ELEMENTS },
        { "softmax + crossentropy of 100", call_entropy, ELEMENTS },
        { "lstm forward, 100 units", call_lstm_forward, ELEMENTS },
        { "lstm backward, 100 units", call_lstm_backward, ELEMENTS },
        { "adam, 2000 parameters", call_adam_small, ELEMENTS },
        { "adam, 360000 parameters", call_adam, PARAMETERS },
    };
    element_call call[TABLES_MAX];
    contender c[TABLES_MAX];
    int n = 0;

    for (const se_kernels *k; (k = se_kernels_list((size_t)n)) != NULL; n++)
        call[n] = (element_call){ k, numbers(PARAMETERS), numbers(PARAMETERS),
                                  numbers(PARAMETERS), numbers(PARAMETERS) };
    printf("\nns an element\n");
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        for (int j = 0; j < n; j++) {
            c[j] = (contender){ call[j].k->name, what[i].call, &call[j], 0.0 };
            for (size_t e = 0; e < PARAMETERS; e++) /* roots of v exist, and stay so */
                call[j].z[e] = 0.25F;
        }
        measure(c, n, rounds);
        printf("%-30s", what[i].name);
        for (int j = 0; j < n; j++)
            printf("  %s %6.3f", c[j].name, 1e9 * c[j].best / (double)what[i].elements);
        printf("\n");
    }
    for (int i = 0; i < n; i++) {
        free(call[i].x);
        free(call[i].y);
        free(call[i].z);
        free(call[i].w);
    }
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? atoi(argv[1]) : 10;

    printf("%s; table of this machine: %s\n", se_blas_name(), se_kernels_get()->name);
    bench_products(rounds);
    bench_elements(rounds);
    return EXIT_SUCCESS;
}
