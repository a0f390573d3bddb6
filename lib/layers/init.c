/* layers/init.c - initial weights, with Keras's distributions.
 * SPDX-License-Identifier: MIT
 *
 * Each weight array draws from a stream of its own, so its values depend on the seed, its
 * number and its shape, and on nothing else in the graph. */
#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "layers/layer.h"

/* Standard deviation of a standard normal cut at two deviations, by which Keras divides. */
#define TRUNCATED_SD 0.87962566103423978

static void fill_uniform(se_rng *rng, int64_t n, double limit, float *values)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)((2.0 * se_rng_uniform(rng) - 1.0) * limit);
}

static void fill_truncated_normal(se_rng *rng, int64_t n, double sd, float *values)
{
    for (int64_t i = 0; i < n; i++) {
        double x;

        do
            x = se_rng_normal(rng);
        while (fabs(x) > 2.0);
        values[i] = (float)(x * (sd / TRUNCATED_SD));
    }
}

/* Sum of products, in four strided parts so that it is not one long chain of additions. */
static double dot(const double *a, const double *b, int64_t n)
{
    double sum[4] = { 0.0 };
    int64_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (int64_t j = 0; j < 4; j++)
            sum[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Modified Gram-Schmidt on `count` vectors of a normal random matrix: with the diagonal
 * of R positive this is the Q that Keras takes, uniform over orthonormal systems.  The
 * normals are rounded to float first, so that the last bit of a libm does not matter. */
static int fill_orthogonal(se_rng *rng, int64_t rows, int64_t cols,
                           const seqecho_allocator *a, float *values)
{
    const bool wide = rows < cols;
    const int64_t count = wide ? rows : cols, length = wide ? cols : rows;
    double *q;

    SE_TRY(se_alloc(&q, a, (size_t)(rows * cols), sizeof *q, "orthogonal initialiser"));
    for (int64_t i = 0; i < count; i++) {
        double *const v = q + i * length;
        double norm;

        do { /* a vector that vanishes has probability 0; draw another */
            for (int64_t j = 0; j < length; j++)
                v[j] = (double)(float)se_rng_normal(rng);
            for (int64_t p = 0; p < i; p++) {
                const double *const u = q + p * length;
                const double r = dot(u, v, length);

                for (int64_t j = 0; j < length; j++)
                    v[j] -= r * u[j];
            }
            norm = sqrt(dot(v, v, length));
        } while (norm < 1e-9);
        for (int64_t j = 0; j < length; j++)
            v[j] /= norm;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            values[r * cols + c] = (float)(wide ? q[r * length + c] : q[c * length + r]);
    se_free(a, q);
    return SEQECHO_OK;
}

bool se_init_known(seqecho_init init)
{
    return init >= SEQECHO_INIT_GLOROT_UNIFORM && init <= SEQECHO_INIT_ONES;
}

int se_init_weight(const se_weight *w, uint64_t seed, uint64_t stream,
                   const seqecho_allocator *a, float *values)
{
    const int64_t n = se_weight_size(w);
    /* Rows and columns; of a convolution's kernel (taps, in, out), taps times as many
     * columns as there are. */
    const double fan_in = (double)se_weight_rows(w);
    const double fan_out = w->rank == 3   ? (double)(w->dim[0] * w->dim[2])
                           : w->rank == 2 ? (double)w->dim[1]
                                          : fan_in;
    se_rng rng;

    se_rng_init(&rng, seed, SE_RNG_WEIGHTS, stream);
    switch (w->init) {
    case SEQECHO_INIT_GLOROT_UNIFORM:
        fill_uniform(&rng, n, sqrt(6.0 / (fan_in + fan_out)), values);
        break;
    case SEQECHO_INIT_ORTHOGONAL:
        SE_TRY(fill_orthogonal(&rng, se_weight_rows(w),
                               se_weight_size(w) / se_weight_rows(w), a, values));
        break;
    case SEQECHO_INIT_UNIFORM: fill_uniform(&rng, n, 0.05, values); break;
    case SEQECHO_INIT_HE_UNIFORM: fill_uniform(&rng, n, sqrt(6.0 / fan_in), values); break;
    case SEQECHO_INIT_HE_NORMAL:
        fill_truncated_normal(&rng, n, sqrt(2.0 / fan_in), values);
        break;
    case SEQECHO_INIT_DEFAULT:
    case SEQECHO_INIT_ZEROS:
    case SEQECHO_INIT_ONES:
        for (int64_t i = 0; i < n; i++)
            values[i] = w->init == SEQECHO_INIT_ONES ? 1.0f : 0.0f;
        break;
    }
    if (w->unit_forget_bias)
        for (int64_t i = n / 4; i < n / 2; i++)
            values[i] = 1.0f;
    return SEQECHO_OK;
}
