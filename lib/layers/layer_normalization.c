/* layers/layer_normalization.c - LayerNormalization: over the features of each step.
 * SPDX-License-Identifier: MIT
 *
 *     u = (x - mean(x)) r      r = 1 / sqrt(var(x) + epsilon)      y = gamma u + beta
 *
 * With e = gamma dy, dx = r (e - mean(e) - u mean(e u)); the gradient of gamma is the sum
 * of u dy over the rows, that of beta the sum of dy.  Mean and r of each row are kept for
 * the way back. */
#include <math.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/lanes.h"

/* Elements from which a second thread is worth asking: some 10 microseconds of work. */
#define SPLIT_SIZE 16384

static int norm_check(seqecho_layer *layer)
{
    seqecho_layer_normalization_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    if (!(spec->epsilon >= 0.0f && isfinite(spec->epsilon)))
        return se_fail(SEQECHO_EINVAL, "%s: epsilon is %g, expected 0 or more", layer->name,
                       (double)spec->epsilon);
    if (spec->epsilon == 0.0f)
        spec->epsilon = 0.001f;
    return SEQECHO_OK;
}

static uint32_t norm_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return 0;
}

static int norm_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                      se_shape *out)
{
    SE_UNUSED(layer);
    SE_UNUSED(n_in);
    *out = *in;
    return 1;
}

static void norm_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_layer_normalization_spec *const spec = layer->spec;
    const int64_t features = se_shape_features(in);

    if (!spec->no_scale)
        se_layer_add_weight(layer, "gamma", 0, features, SEQECHO_INIT_ONES);
    if (!spec->no_center)
        se_layer_add_weight(layer, "beta", 0, features, SEQECHO_INIT_ZEROS);
}

static int64_t rows_of(const se_frame *f)
{
    return se_shape_rows(f->in_shape[0]) * f->batch;
}

/* Mean and r of each row. */
static float *norm_divide(const se_frame *f, se_carver *carver)
{
    return f->training ? se_carve(carver, rows_of(f), 2, 1) : NULL;
}

static void norm_work_size(const se_frame *f, se_carver *carver)
{
    norm_divide(f, carver);
}

typedef struct norm_job {
    int64_t n;
    float epsilon;
    const float *gamma, *beta; /* NULL for ones and zeros */
    const float *x;
    float *y;
    float *stats; /* or NULL */
    float *dy;    /* in: gradient of y; out: that of gamma, row by row */
    float *dx;    /* or NULL */
} norm_job;

static norm_job job_of(const se_frame *f)
{
    const seqecho_layer_normalization_spec *const spec = f->layer->spec;
    se_carver carver = { .base = f->work };

    return (norm_job){
        .n = se_shape_features(f->in_shape[0]),
        .epsilon = spec->epsilon,
        .gamma = spec->no_scale ? NULL : se_frame_weight(f, 0),
        .beta = spec->no_center ? NULL : se_frame_weight(f, spec->no_scale ? 0 : 1),
        .x = f->in[0].data,
        .y = f->out[0],
        .stats = norm_divide(f, &carver),
    };
}

static void run(const se_frame *f, se_pool_fn fn, norm_job *job)
{
    const int64_t rows = rows_of(f);

    se_pool_run((double)rows * (double)job->n < (double)SPLIT_SIZE ? NULL
                                                                   : f->compute->pool,
                rows, 1, fn, job);
}

/* The sum of (x - mean)^2. */
static float squares(int64_t n, const float *x, float mean)
{
    float part[SE_LANES] = { 0.0f };
    int64_t i = 0;

    for (; n - i >= SE_LANES; i += SE_LANES)
        for (int j = 0; j < SE_LANES; j++)
            part[j] += (x[i + j] - mean) * (x[i + j] - mean);
    for (int j = 0; i + j < n; j++)
        part[j] += (x[i + j] - mean) * (x[i + j] - mean);
    return se_lanes_join(part);
}

static void forward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const norm_job *const job = arg;
    const float *const gamma = job->gamma, *const beta = job->beta;
    const int64_t n = job->n;

    SE_UNUSED(piece);
    for (int64_t r = begin; r < end; r++) {
        const float *const x = job->x + r * n;
        float *const y = job->y + r * n;
        const float mean = se_lanes_sum(n, x) / (float)n;
        const float scale = 1.0f / sqrtf(squares(n, x, mean) / (float)n + job->epsilon);

        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * scale;
        for (int64_t i = 0; gamma != NULL && i < n; i++)
            y[i] *= gamma[i];
        for (int64_t i = 0; beta != NULL && i < n; i++)
            y[i] += beta[i];
        if (job->stats != NULL) {
            job->stats[2 * r] = mean;
            job->stats[2 * r + 1] = scale;
        }
    }
}

static void norm_forward(const se_frame *f)
{
    norm_job job = job_of(f);

    run(f, forward_rows, &job);
}

/* Sums of e and of e u over a row. */
static void gradient_sums(const norm_job *job, const float *x, const float *dy, float mean,
                          float scale, float *sum_e, float *sum_eu)
{
    float e[SE_LANES] = { 0.0f }, eu[SE_LANES] = { 0.0f };

    for (int64_t i = 0; i < job->n; i += SE_LANES) {
        const int lanes = job->n - i < SE_LANES ? (int)(job->n - i) : SE_LANES;

        for (int j = 0; j < lanes; j++) {
            const float g = job->gamma != NULL ? job->gamma[i + j] * dy[i + j] : dy[i + j];

            e[j] += g;
            eu[j] += g * ((x[i + j] - mean) * scale);
        }
    }
    *sum_e = se_lanes_join(e);
    *sum_eu = se_lanes_join(eu);
}

static void backward_rows(void *arg, int piece, int64_t begin, int64_t end)
{
    const norm_job *const job = arg;
    const float *const gamma = job->gamma;
    const int64_t n = job->n;

    SE_UNUSED(piece);
    for (int64_t r = begin; r < end; r++) {
        const float *const x = job->x + r * n;
        const float mean = job->stats[2 * r], scale = job->stats[2 * r + 1];
        float *const dy = job->dy + r * n;
        float *const dx = job->dx != NULL ? job->dx + r * n : NULL;
        float sum_e, sum_eu;

        if (dx != NULL) {
            gradient_sums(job, x, dy, mean, scale, &sum_e, &sum_eu);
            sum_e /= (float)n;
            sum_eu /= (float)n;
            for (int64_t i = 0; i < n; i++)
                dx[i] = gamma != NULL ? gamma[i] * dy[i] : dy[i];
            for (int64_t i = 0; i < n; i++)
                dx[i] = (dx[i] - sum_e - (x[i] - mean) * scale * sum_eu) * scale;
        }
        for (int64_t i = 0; gamma != NULL && i < n; i++)
            dy[i] *= (x[i] - mean) * scale;
    }
}

static void norm_backward(const se_frame *f)
{
    const seqecho_layer_normalization_spec *const spec = f->layer->spec;
    norm_job job = job_of(f);

    job.dy = f->d_out[0];
    job.dx = f->want_d_in[0] ? f->d_in[0] : NULL;
    if (!spec->no_center)
        se_bias_gradient(f->compute, rows_of(f), job.n, job.dy,
                         se_frame_grad(f, spec->no_scale ? 0 : 1), se_frame_store(f));
    run(f, backward_rows, &job);
    if (!spec->no_scale)
        se_bias_gradient(f->compute, rows_of(f), job.n, job.dy, se_frame_grad(f, 0),
                         se_frame_store(f));
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(FLOAT, "epsilon", seqecho_layer_normalization_spec, epsilon),
    SE_FIELD(NOT, "scale", seqecho_layer_normalization_spec, no_scale),
    SE_FIELD(NOT, "center", seqecho_layer_normalization_spec, no_center),
    /* clang-format on */
};

const se_layer_ops se_layer_normalization_ops = {
    .kind = SEQECHO_KIND_LAYER_NORMALIZATION,
    .class_name = "LayerNormalization",
    .base_name = "layer_normalization",
    .spec_size = sizeof(seqecho_layer_normalization_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = norm_check,
    .traits = norm_traits,
    .infer = norm_infer,
    .build = norm_build,
    .work = norm_work_size,
    .mask = se_layer_same_mask,
    .forward = norm_forward,
    .backward = norm_backward,
};
