/* kernels/kernels.h - the arithmetic, as one table of functions per instruction set.
 * SPDX-License-Identifier: MIT
 *
 * Pure functions on float arrays: no allocation, no errors, no shapes beyond their
 * arguments.  Arrays need not be aligned; sizes may be 0.  No two arguments overlap
 * unless the contract says so.
 *
 * Bits.  Every table whose machine has a fused multiply-add gives the same bits: each
 * element is one fixed sequence of correctly rounded operations; sums over a row are 16
 * strided partial sums joined by a fixed tree, whatever the vector width; products
 * sum over k in order.  So results do not depend on the width, on how rows are split
 * between calls, nor on the compiler.  See docs/numerics.md. */
#ifndef SE_KERNELS_KERNELS_H
#define SE_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <seqecho/layers.h>

#include "base/strbuf.h"

/* What a product does with the old content of its result. */
typedef enum se_store {
    SE_STORE_SET, /* C = A B */
    SE_STORE_ADD, /* C = C + A B: the sum over k starts from C */
    SE_STORE_BIAS /* C = bias + A B: the sum over k starts from bias, one row of n */
} se_store;

/* The right-hand factor of a product, (k, n), cut into panels of `panel` columns: element
 * (r, c) is data[(c / panel) * panel_stride + r * row_stride + c % panel].  A row-major
 * array is one with row_stride = its leading dimension and panel_stride = panel. */
typedef struct se_panels {
    const float *data;
    int64_t k, n;
    int64_t row_stride, panel_stride;
    bool padded; /* the last panel may be read to whole vectors: it was packed */
} se_panels;

/* One row times a row-major matrix: k terms of each sum.  k may be 0. */
typedef struct se_row_product {
    int64_t k;
    const float *a; /* element r is a[r * a_col] */
    int64_t a_col;
    const float *b; /* rows b_row apart */
    int64_t b_row;
} se_row_product;

/* c (1, n) = start + the first product + the second; start == NULL stands for zeros. */
typedef struct se_row_sums {
    se_row_product product[2];
    int64_t n;
    const float *start;
    float *c;
    bool backwards; /* the last columns first: they may rest in a cache from before */
} se_row_sums;

/* Floats a product may need to copy a part of B to. */
#define SE_GEMM_ROOM 16384

/* Rows of logits and their targets: rows of y, or class numbers that stand for one-hot
 * rows, with the same bits. */
typedef struct se_entropy {
    int64_t rows, cols;
    const float *z;       /* (rows, cols) */
    const float *y;       /* rows y_row apart; NULL: */
    const int32_t *label; /* class numbers, y_row apart */
    int64_t y_row;
    float scale;
    float *loss;    /* (rows) */
    float *largest; /* (rows): the largest of z that is not NaN */
    float *dz;      /* (rows, cols), or NULL; may equal z */
} se_entropy;

/* What the steps of optimizers multiply by; see the kernels. */
typedef struct se_adamw_rates {
    float alpha, rate_1, rate_2, epsilon, decay;
} se_adamw_rates;

typedef struct se_nadam_rates {
    float rate_1, rate_2, of_m, of_g, of_v, epsilon;
} se_nadam_rates;

typedef struct se_rmsprop_rates {
    float rate, rho, rest, momentum, epsilon;
    bool outside;
} se_rmsprop_rates;

typedef struct se_kernels {
    const char *name; /* "c", "sse2", "avx2", "avx512", "neon" */
    int32_t lanes;    /* floats a vector */
    int32_t panel;    /* columns a panel */
    bool fused;       /* has a fused multiply-add */

    /* ---- Products ---- */

    /* Pack B, element (r, c) at b[r * b_row + c * b_col], into panels, n padded up with
     * zeros to whole vectors: ceil(n / panel) * panel * k floats. */
    void (*pack)(int64_t k, int64_t n, const float *b, int64_t b_row, int64_t b_col,
                 float *packed);
    /* C (m, n), rows c_row apart, = A B (see se_store); A's element (i, r) is
     * a[i * a_row + r * a_col].  k may be 0.  room: SE_GEMM_ROOM floats that nobody else
     * uses meanwhile. */
    void (*gemm)(int64_t m, const float *a, int64_t a_row, int64_t a_col,
                 const se_panels *b, float *c, int64_t c_row, se_store store,
                 const float *bias, float *room);

    /* ---- Rows picked by number ---- */

    /* out (rows, cols): out[r] = bias + w[index[r]]; bias may be NULL. */
    void (*gather)(int64_t rows, int64_t cols, const int32_t *index, const float *w,
                   const float *bias, float *out);
    /* w[index[r]] += x[r], in the order of r, for every index in [first, last). */
    void (*scatter_add)(int64_t rows, int64_t cols, const int32_t *index, const float *x,
                        float *w, int64_t first, int64_t last);
    /* sum[c] += x[r * x_row + c], in the order of r. */
    void (*column_sum)(int64_t rows, int64_t cols, const float *x, int64_t x_row,
                       float *sum);

    /* ---- Element by element ---- */

    /* y = f(x) for every activation but softmax; y may equal x. */
    void (*activate)(seqecho_activation f, int64_t n, const float *x, float *y);
    /* dx = f'(x) dy, from y = f(x), and from x for SWISH and SOFTPLUS (else x may be
     * NULL); dx may equal dy.  At the kinks of relu and hard_sigmoid, f' is that of
     * Keras: 0. */
    void (*activate_backward)(seqecho_activation f, int64_t n, const float *x,
                              const float *y, const float *dy, float *dx);
    /* y += x. */
    void (*add)(int64_t n, const float *x, float *y);
    /* The largest |x|; NaN if there is one; 0 for n = 0. */
    float (*max_abs)(int64_t n, const float *x);

    /* ---- Row by row ---- */

    /* y = softmax of each row of x, shifted by the row's maximum; y may equal x. */
    void (*softmax)(int64_t rows, int64_t cols, const float *x, float *y);
    /* dx = y (dy - sum(dy y)) for each row; dx may equal dy. */
    void (*softmax_backward)(int64_t rows, int64_t cols, const float *y, const float *dy,
                             float *dx);
    /* For each row of logits z, p = softmax(z): loss = -sum(y log p), and where dz is not
     * NULL, dz = scale (p sum(y) - y). */
    void (*softmax_crossentropy)(const se_entropy *e);
    /* Position of the first largest element, cols > 0; a NaN is never the largest. */
    int64_t (*argmax)(int64_t cols, const float *x);
    /* Position of the only element that is not 0, if it is 1; else -1. */
    int64_t (*one_hot)(int64_t cols, const float *x);
    /* Position of the first element equal to value; cols if there is none. */
    int64_t (*find)(int64_t cols, const float *x, float value);

    /* ---- LSTM with tanh and sigmoid, after the products ----
     *
     * z: (rows, 4 units), in: pre-activations in blocks i, f, c, o; out: gates i, f, g, o.
     *     c = f c_prev + i g        h = o tanh(c)
     * All (rows, units).  c_prev == NULL means zeros, and may equal c.  tanh_c may be
     * NULL. */
    void (*lstm_forward)(int64_t rows, int64_t units, float *z, const float *c_prev,
                         float *c, float *tanh_c, float *h);
    /* z in: gates; out: gradients of the pre-activations.  The gradient of h is
     * dh_1 + dh_2, each NULL for zeros.  dc in: gradient of c from the step after; out:
     * of c_prev.  c_prev == NULL means zeros. */
    void (*lstm_backward)(int64_t rows, int64_t units, float *z, const float *c_prev,
                          const float *tanh_c, const float *dh_1, const float *dh_2,
                          float *dc);
    /* One step of one sample, with the bits of gemm() and lstm_forward(): z is made of
     * these sums, 4 units in number, and may be left in their c.  h and h_copy both receive
     * h, and may overlap what the sums are made of; c may equal c_prev. */
    void (*lstm_step)(int64_t units, const se_row_sums *z, const float *c_prev, float *c,
                      float *h, float *h_copy);

    /* ---- GRU with tanh and sigmoid, after the products; reset after ----
     *
     * x, y: (rows, 3 units), pre-activations of x and of h in blocks z, r, h, biases
     * included.  x out: gates z, r, g.
     *     z, r = sigmoid(x + y)    g = tanh(x + r y)    h = z h_prev + (1 - z) g
     * h and h_prev: (rows, units).  h_prev == NULL means zeros, and may equal h. */
    void (*gru_forward)(int64_t rows, int64_t units, float *x, const float *y,
                        const float *h_prev, float *h);
    /* x in: gates; y in: as it was, though only block h is looked at.  Out: gradients of
     * the pre-activations of both.  The gradient of h is dh_1 + dh_2, dh_1 == NULL for
     * zeros.  dh_prev, which may equal dh_2, receives that of h_prev as far as it does not
     * come through y. */
    void (*gru_backward)(int64_t rows, int64_t units, float *x, float *y,
                         const float *h_prev, const float *dh_1, const float *dh_2,
                         float *dh_prev);

    /* ---- Optimizers ----
     *
     * g is the gradient, w the weights; the other arrays are kept from step to step. */

    /* m += (g - m) rate_1, v += (g g - v) rate_2, w -= alpha m / (sqrt(v) + epsilon). */
    void (*adam)(int64_t n, float *w, const float *g, float *m, float *v, float alpha,
                 float rate_1, float rate_2, float epsilon);
    /* The same, after w -= w decay; where `largest` is not NULL, it becomes the larger of
     * itself and v, and stands for v under the root. */
    void (*adamw)(int64_t n, float *w, const float *g, float *m, float *v, float *largest,
                  const se_adamw_rates *r);
    /* m and v as above, w -= (of_m m + of_g g) / (sqrt(of_v v) + epsilon). */
    void (*nadam)(int64_t n, float *w, const float *g, float *m, float *v,
                  const se_nadam_rates *r);
    /* v = momentum v - rate g, w += v, or with nesterov w += momentum v - rate g.  v may be
     * NULL: w -= rate g. */
    void (*sgd)(int64_t n, float *w, const float *g, float *v, float rate, float momentum,
                bool nesterov);
    /* v = rho v + rest g g, step = rate g / sqrt(v + epsilon), or `outside`
     * rate g / (sqrt(v) + epsilon); w -= step.
     * Where `mean` is not NULL: mean = rho mean + rest g, and max(v - mean mean, 0) stands
     * for v under the root.  Where `velocity` is not NULL: velocity = momentum velocity +
     * step, and is the step. */
    void (*rmsprop)(int64_t n, float *w, const float *g, float *v, float *mean,
                    float *velocity, const se_rmsprop_rates *r);

    /* g += l1 sign(w) + twice_l2 w; sign(0) = 0. */
    void (*regularize)(int64_t n, const float *w, float l1, float twice_l2, float *g);
    /* y = x scale, but not beyond limit to either side; y may equal x. */
    void (*clip)(int64_t n, const float *x, float scale, float limit, float *y);
    /* The sum of |x|, and of x x: in floats for 256 elements, in doubles beyond. */
    double (*abs_sum)(int64_t n, const float *x);
    double (*square_sum)(int64_t n, const float *x);
} se_kernels;

/* The best table for this machine, or the one the environment variable SEQECHO_CPU names,
 * chosen once.  Thread-safe. */
const se_kernels *se_kernels_get(void);

/* Why it is that one, in words. */
void se_kernels_reason(se_strbuf *text);

/* Every table this machine can run, the plain C one first, NULL after the last; for tests
 * and benchmarks. */
const se_kernels *se_kernels_list(size_t i);

#endif /* SE_KERNELS_KERNELS_H */
