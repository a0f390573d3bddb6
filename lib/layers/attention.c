/* layers/attention.c - Attention, AdditiveAttention: y = softmax(scores) value.
 * SPDX-License-Identifier: MIT
 *
 * What is not attended to, because the step of value is missing or lies ahead, gets a score
 * of minus infinity, and so a weight of exactly 0.  Samples do not depend on each other and
 * are shared between threads; what they add to the gradient of the trained scale is summed
 * in their order. */
#include "layers/attention.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/noise.h"
#include "layers/recurrent.h"

enum { QUERY, VALUE, KEY };

/* Multiply-adds from which a second thread is worth asking. */
#define SPLIT_WORK (1 << 19)

static bool is_additive(const seqecho_layer *layer)
{
    return layer->ops->kind == SEQECHO_KIND_ADDITIVE_ATTENTION;
}

static bool has_scale(const seqecho_layer *layer)
{
    const seqecho_attention_spec *const spec = layer->spec;

    return is_additive(layer) ? !spec->no_scale : spec->use_scale != 0;
}

static int attention_check(seqecho_layer *layer)
{
    const seqecho_attention_spec *const spec = layer->spec;

    if (!(spec->dropout >= 0.0f && spec->dropout < 1.0f))
        return se_fail(SEQECHO_EINVAL, "%s: dropout is %g, expected 0 to below 1",
                       layer->name, (double)spec->dropout);
    if (is_additive(layer) && (spec->use_scale || spec->scaled))
        return se_fail(SEQECHO_EINVAL,
                       "%s: use_scale and scaled are Attention's; AdditiveAttention has a "
                       "scale unless no_scale is set",
                       layer->name);
    if (!is_additive(layer) && spec->no_scale)
        return se_fail(SEQECHO_EINVAL,
                       "%s: no_scale is AdditiveAttention's; Attention has no scale unless "
                       "use_scale is set",
                       layer->name);
    return SEQECHO_OK;
}

static uint32_t attention_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_NO_STEP;
}

static int attention_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                           se_shape *out)
{
    static const char *const names[] = { "query", "value", "key" };
    const se_shape *const key = &in[n_in > KEY ? KEY : VALUE];
    char want[SE_SHAPE_TEXT], got[SE_SHAPE_TEXT];

    assert(n_in <= sizeof names / sizeof *names);
    for (size_t i = 0; i < n_in; i++)
        if (in[i].rank != 2)
            return se_fail(SEQECHO_ESHAPE,
                           "%s: expected %s (batch, timesteps, features), found %s",
                           layer->name, names[i], se_shape_text(got, 0, &in[i]));
    if (key->dim[1] != in[QUERY].dim[1])
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected query and %s of equal features, found %s and %s",
                       layer->name, names[key - in], se_shape_text(want, 0, &in[QUERY]),
                       se_shape_text(got, 0, key));
    if (key->dim[0] != in[VALUE].dim[0])
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected value and key of equal timesteps, found %s and %s",
                       layer->name, se_shape_text(want, 0, &in[VALUE]),
                       se_shape_text(got, 0, key));
    *out = (se_shape){ .dim = { in[QUERY].dim[0], in[VALUE].dim[1] }, .rank = 2 };
    return 1;
}

static void attention_build(seqecho_layer *layer, const se_shape *in)
{
    if (!has_scale(layer))
        return;
    if (is_additive(layer))
        se_layer_add_weight(layer, "scale", 0, se_shape_features(in),
                            SEQECHO_INIT_GLOROT_UNIFORM);
    else
        se_layer_add_weight(layer, "scale", 0, 1, SEQECHO_INIT_ONES);
}

/* ---- Laying out --------------------------------------------------------------------- */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Floats that the factors of a sample's products may need, one after the other. */
static int64_t packed_size(const se_attention *a)
{
    const se_compute *const c = a->f->compute;
    int64_t size = (int64_t)se_factor_size(c, a->tv, a->v);

    if (!a->additive)
        size = larger(size, (int64_t)se_factor_size(c, a->d, a->tv));
    if (!a->f->training)
        return size;
    size = larger(size, (int64_t)se_factor_size(c, a->tq, a->v));
    size = larger(size, (int64_t)se_factor_size(c, a->v, a->tv));
    if (!a->additive) {
        size = larger(size, (int64_t)se_factor_size(c, a->tv, a->d));
        size = larger(size, (int64_t)se_factor_size(c, a->tq, a->d));
    }
    return size;
}

static se_attention attention_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_attention_spec *const spec = f->layer->spec;
    const bool trained = has_scale(f->layer);
    se_attention a = {
        .f = f,
        .batch = f->batch,
        .tq = f->in_shape[QUERY]->dim[0],
        .tv = f->in_shape[VALUE]->dim[0],
        .d = f->in_shape[QUERY]->dim[1],
        .v = f->in_shape[VALUE]->dim[1],
        .additive = is_additive(f->layer),
        .causal = spec->causal,
    };

    a.factor = spec->scaled ? 1.0f / sqrtf((float)a.d) : 1.0f;
    a.packed_size = packed_size(&a);
    a.part_size = a.additive ? a.d : 1;
    a.weight = se_carve(carver, a.batch, a.tq, a.tv);
    a.packed = se_carve(carver, a.batch, a.packed_size, 1);
    if (a.additive)
        a.tanh = se_carve(carver, a.batch, a.tv, a.d);
    if (!f->training)
        return a;
    a.other = se_carve(carver, a.batch, a.tq, a.tv);
    if (spec->dropout > 0.0f)
        a.kept = se_carve(carver, a.batch, a.tq, a.tv);
    if (trained && !a.additive)
        a.raw = se_carve(carver, a.batch, a.tq, a.tv);
    if (trained)
        a.part = se_carve(carver, a.batch, a.part_size, 1);
    return a;
}

static void attention_work_size(const se_frame *f, se_carver *carver)
{
    attention_divide(f, carver);
}

static se_attention attention_of(const se_frame *f)
{
    const seqecho_attention_spec *const spec = f->layer->spec;
    se_carver carver = { .base = f->work };
    se_attention a = attention_divide(f, &carver);

    if (!se_noise_active(f, spec->dropout))
        a.kept = NULL;
    a.query = f->in[QUERY].data;
    a.value = f->in[VALUE].data;
    a.key = f->in[f->n_in > KEY ? KEY : VALUE].data;
    a.mask = f->in[VALUE].mask;
    a.scale = has_scale(f->layer) ? se_frame_weight(f, 0) : NULL;
    return a;
}

/* Threads share samples, or if there are too few of them the products of each. */
static void for_samples(se_attention *a, se_pool_fn fn)
{
    const double per_score = (double)a->v + (a->additive ? 16.0 : 1.0) * (double)a->d;
    const double work = (double)a->batch * (double)a->tq * (double)a->tv * per_score;
    se_pool *const pool = a->f->compute->pool;

    if (work < (double)SPLIT_WORK || a->batch < se_pool_threads(pool))
        fn(a, -1, 0, a->batch);
    else
        se_pool_run(pool, a->batch, 1, fn, a);
}

static se_compute compute_of(const se_attention *a, int piece)
{
    return piece < 0 ? *a->f->compute : se_compute_piece(a->f->compute, piece);
}

/* ---- Forward ------------------------------------------------------------------------ */

/* Softmax over the steps that are attended to; zeros where there is none. */
static void softmax_rows(const se_attention *a, int64_t b, float *weight)
{
    const se_kernels *const k = a->f->compute->k;

    if (a->mask == NULL && !a->causal) {
        k->softmax(a->tq, a->tv, weight, weight);
        return;
    }
    for (int64_t i = 0; i < a->tq; i++, weight += a->tv) {
        const int64_t cols = se_attention_cols(a, i);
        int64_t seen = cols;

        for (int64_t j = 0; a->mask != NULL && j < cols; j++)
            if (a->mask[j * a->batch + b] == 0) {
                weight[j] = -INFINITY;
                seen--;
            }
        for (int64_t j = cols; j < a->tv; j++)
            weight[j] = -INFINITY;
        if (seen > 0)
            k->softmax(1, a->tv, weight, weight);
        else
            memset(weight, 0, (size_t)a->tv * sizeof *weight);
    }
}

static void forward_samples(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_attention *const a = arg;
    const se_compute compute = compute_of(a, piece);
    const int64_t size = a->tq * a->tv, row = a->batch * a->v;

    for (int64_t b = begin; b < end; b++) {
        float *weight = a->weight + b * size;
        se_factor value;

        se_attention_score(a, &compute, b, weight);
        softmax_rows(a, b, weight);
        if (a->kept != NULL) {
            se_noise_apply(size, weight, a->kept + b * size, a->other + b * size);
            weight = a->other + b * size;
        }
        value = se_factor_make(&compute, a->tq, 1, a->tv, a->v, a->value + b * a->v, row, 1,
                               a->packed + b * a->packed_size);
        se_gemm(&compute, a->tq, weight, a->tv, 1, &value, a->f->out[0] + b * a->v, row,
                SE_STORE_SET, NULL);
    }
}

static void attention_forward(const se_frame *f)
{
    const seqecho_attention_spec *const spec = f->layer->spec;
    se_attention a = attention_of(f);

    if (a.kept != NULL)
        se_noise_fill(f, 0, spec->dropout, a.batch * a.tq * a.tv, a.kept);
    for_samples(&a, forward_samples);
    if (f->mask != NULL)
        se_mask_clear(f->mask, a.tq * a.batch, a.v, f->out[0]);
}

/* ---- Backward ----------------------------------------------------------------------- */

/* The gradient of one sample's value, from its weights as they were multiplied. */
static void value_backward(const se_attention *a, const se_compute *compute, int64_t b,
                           const float *weight)
{
    const int64_t row = a->batch * a->v;
    const se_factor dy = se_factor_make(compute, a->tv, 1, a->tq, a->v, a->d_out + b * a->v,
                                        row, 1, a->packed + b * a->packed_size);

    se_gemm(compute, a->tv, weight, 1, a->tv, &dy, a->d_value + b * a->v, row, SE_STORE_SET,
            NULL);
}

static void backward_samples(void *arg, int piece, int64_t begin, int64_t end)
{
    const se_attention *const a = arg;
    const se_compute compute = compute_of(a, piece);
    const int64_t size = a->tq * a->tv, row = a->batch * a->v;
    const bool scores = a->d_query != NULL || a->d_key != NULL || a->scale != NULL;

    for (int64_t b = begin; b < end; b++) {
        const float *const weight = a->weight + b * size;
        float *const other = a->other + b * size;
        se_factor value_t;

        if (a->d_value != NULL)
            value_backward(a, &compute, b, a->kept != NULL ? other : weight);
        if (!scores)
            continue;
        value_t = se_factor_make(&compute, a->tq, 1, a->v, a->tv, a->value + b * a->v, 1,
                                 row, a->packed + b * a->packed_size);
        se_gemm(&compute, a->tq, a->d_out + b * a->v, row, 1, &value_t, other, a->tv,
                SE_STORE_SET, NULL);
        if (a->kept != NULL)
            se_noise_apply(size, other, a->kept + b * size, other);
        compute.k->softmax_backward(a->tq, a->tv, weight, other, other);
        se_attention_score_backward(a, &compute, b, other);
    }
}

/* The parts of the samples, in their order. */
static void scale_backward(const se_frame *f, const se_attention *a)
{
    float *const grad = se_frame_grad(f, 0);

    if (f->fresh)
        memset(grad, 0, (size_t)a->part_size * sizeof *grad);
    f->compute->k->column_sum(a->batch, a->part_size, a->part, a->part_size, grad);
}

static void attention_backward(const se_frame *f)
{
    se_attention a = attention_of(f);

    a.d_out = f->d_out[0];
    if (f->mask != NULL)
        se_mask_clear(f->mask, a.tq * a.batch, a.v, f->d_out[0]);
    a.d_query = f->want_d_in[QUERY] ? f->d_in[QUERY] : NULL;
    a.d_value = f->want_d_in[VALUE] ? f->d_in[VALUE] : NULL;
    a.d_key = a.d_value;
    if (f->n_in > KEY)
        a.d_key = f->want_d_in[KEY] ? f->d_in[KEY] : NULL;
    for_samples(&a, backward_samples);
    if (a.scale != NULL)
        scale_backward(f, &a);
}

static bool attention_trace(const se_frame *f, seqecho_trace what, se_trace *out)
{
    const se_attention a = attention_of(f);

    *out = (se_trace){
        .data = a.weight, .steps = a.tq, .cols = a.tv, .stride = a.tv, .by_sample = true
    };
    return what == SEQECHO_TRACE_SCORES;
}

static const se_field dot_fields[] = {
    /* clang-format off */
    SE_FIELD(FLOAT, "dropout", seqecho_attention_spec, dropout),
    SE_FIELD(BOOL, "causal", seqecho_attention_spec, causal),
    SE_FIELD(BOOL, "use_scale", seqecho_attention_spec, use_scale),
    SE_FIELD(BOOL, "scaled", seqecho_attention_spec, scaled),
    /* clang-format on */
};

static const se_field additive_fields[] = {
    /* clang-format off */
    SE_FIELD(FLOAT, "dropout", seqecho_attention_spec, dropout),
    SE_FIELD(BOOL, "causal", seqecho_attention_spec, causal),
    SE_FIELD(NOT, "use_scale", seqecho_attention_spec, no_scale),
    /* clang-format on */
};

const se_layer_ops se_attention_ops = {
    .kind = SEQECHO_KIND_ATTENTION,
    .class_name = "Attention",
    .base_name = "attention",
    .spec_size = sizeof(seqecho_attention_spec),
    .fields = dot_fields,
    .n_fields = SE_FIELDS(dot_fields),
    .max_inputs = 3,
    .min_inputs = 2,
    .check = attention_check,
    .traits = attention_traits,
    .infer = attention_infer,
    .build = attention_build,
    .work = attention_work_size,
    .mask = se_layer_same_mask,
    .forward = attention_forward,
    .backward = attention_backward,
    .trace = attention_trace,
};

const se_layer_ops se_additive_attention_ops = {
    .kind = SEQECHO_KIND_ADDITIVE_ATTENTION,
    .class_name = "AdditiveAttention",
    .base_name = "additive_attention",
    .spec_size = sizeof(seqecho_attention_spec),
    .fields = additive_fields,
    .n_fields = SE_FIELDS(additive_fields),
    .max_inputs = 3,
    .min_inputs = 2,
    .check = attention_check,
    .traits = attention_traits,
    .infer = attention_infer,
    .build = attention_build,
    .work = attention_work_size,
    .mask = se_layer_same_mask,
    .forward = attention_forward,
    .backward = attention_backward,
    .trace = attention_trace,
};
