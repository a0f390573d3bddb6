/* layers/embedding.c - Embedding: a row of weights for each class number.
 * SPDX-License-Identifier: MIT
 *
 * Class numbers pick rows; rows of floats are multiplied, with the same bits if they are
 * one-hot.  The class number of a step that the input's mask leaves out stands for a row
 * of zeros, and so gives zeros. */
#include <inttypes.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"
#include "layers/recurrent.h"

enum { EMBEDDINGS };

static int embedding_check(seqecho_layer *layer)
{
    seqecho_embedding_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, spec->reserved, sizeof spec->reserved));
    if (spec->input_dim != 0 && !se_dim_ok(spec->input_dim))
        return se_fail(SEQECHO_EINVAL, "%s: input_dim is %" PRId64 ", expected 0 or more",
                       layer->name, spec->input_dim);
    SE_TRY(se_check_size(layer, "output_dim", spec->output_dim));
    if (spec->embeddings_init == SEQECHO_INIT_DEFAULT)
        spec->embeddings_init = SEQECHO_INIT_UNIFORM;
    return se_check_init(layer, spec->embeddings_init);
}

static uint32_t embedding_traits(const seqecho_layer *layer)
{
    const seqecho_embedding_spec *const spec = layer->spec;

    return SE_TRAIT_CLASSES | (spec->mask_zero ? SE_TRAIT_MASKS : 0);
}

static int embedding_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                           se_shape *out)
{
    const seqecho_embedding_spec *const spec = layer->spec;
    const int64_t features = se_shape_features(in);
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (spec->input_dim != 0 && spec->input_dim != features)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: input_dim is %" PRId64 ", but the input %s has %" PRId64
                       " features",
                       layer->name, spec->input_dim, se_shape_text(text, 0, in), features);
    if (spec->mask_zero && in->rank < 2)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: mask_zero expects input (batch, timesteps, ...), found %s",
                       layer->name, se_shape_text(text, 0, in));
    *out = *in;
    out->dim[out->rank - 1] = spec->output_dim;
    return 1;
}

static void embedding_build(seqecho_layer *layer, const se_shape *in)
{
    const seqecho_embedding_spec *const spec = layer->spec;

    se_layer_add_weight(layer, "embeddings", se_shape_features(in), spec->output_dim,
                        spec->embeddings_init);
}

typedef struct embedding_work {
    float *weight;   /* packed */
    float *weight_t; /* packed transpose, for d_in */
} embedding_work;

static embedding_work embedding_divide(const se_frame *f, se_carver *carver)
{
    const seqecho_embedding_spec *const spec = f->layer->spec;
    const int64_t features = se_shape_features(f->in_shape[0]), n = spec->output_dim;
    embedding_work w = { NULL, NULL };

    w.weight = se_carve(carver, 1, 1, (int64_t)se_factor_size(f->compute, features, n));
    if (f->training && f->want_d_in[0])
        w.weight_t =
            se_carve(carver, 1, 1, (int64_t)se_factor_size(f->compute, n, features));
    return w;
}

static void embedding_work_size(const se_frame *f, se_carver *carver)
{
    embedding_divide(f, carver);
}

/* Is row r class 0? */
static bool is_zero(const se_frame *f, int64_t r)
{
    const int64_t n = se_shape_features(f->in_shape[0]);

    if (f->in[0].classes != NULL)
        return f->in[0].classes[r] == 0;
    return f->compute->k->one_hot(n, f->in[0].data + r * n) == 0;
}

/* With axes between time and classes, a step is missing if all of its classes are 0. */
static const uint8_t *embedding_mask(const se_frame *f, uint8_t *room)
{
    const seqecho_embedding_spec *const spec = f->layer->spec;
    const uint8_t *const before = f->in[0].mask;
    const int64_t steps = f->in_shape[0]->dim[0] * f->batch;
    const int64_t rows = se_shape_rows(f->in_shape[0]) * f->batch;
    bool all = true;

    if (!spec->mask_zero)
        return before;
    for (int64_t s = 0; s < steps; s++) {
        room[s] = 0;
        if (before == NULL || before[s] != 0)
            for (int64_t r = s; r < rows && room[s] == 0; r += steps)
                room[s] = !is_zero(f, r);
        all = all && room[s] != 0;
    }
    return all ? NULL : room;
}

/* Rows that the input's mask leaves out become zeros, where class numbers cannot say so. */
static void clear_missing(const se_frame *f, float *rows)
{
    const seqecho_embedding_spec *const spec = f->layer->spec;
    const se_shape *const shape = f->in_shape[0];
    const int64_t steps = shape->dim[0] * f->batch;

    if (f->in[0].classes == NULL || f->in[0].mask == NULL)
        return;
    for (int64_t r = 0; r < se_shape_rows(shape) * f->batch; r += steps)
        se_mask_clear(f->in[0].mask, steps, spec->output_dim, rows + r * spec->output_dim);
}

static void embedding_forward(const se_frame *f)
{
    const seqecho_embedding_spec *const spec = f->layer->spec;
    const int64_t rows = se_shape_rows(f->in_shape[0]) * f->batch;
    const int64_t features = se_shape_features(f->in_shape[0]), n = spec->output_dim;
    const float *const weight = se_frame_weight(f, EMBEDDINGS);
    se_carver carver = { .base = f->work };
    const embedding_work w = embedding_divide(f, &carver);

    if (f->in[0].classes != NULL) {
        f->compute->k->gather(rows, n, f->in[0].classes, weight, NULL, f->out[0]);
        clear_missing(f, f->out[0]);
    } else {
        const se_factor factor =
            se_factor_make(f->compute, rows, 1, features, n, weight, n, 1, w.weight);

        se_gemm(f->compute, rows, f->in[0].data, features, 1, &factor, f->out[0], n,
                SE_STORE_SET, NULL);
    }
}

static void embedding_backward(const se_frame *f)
{
    const seqecho_embedding_spec *const spec = f->layer->spec;
    const int64_t rows = se_shape_rows(f->in_shape[0]) * f->batch;
    const int64_t features = se_shape_features(f->in_shape[0]), n = spec->output_dim;
    se_carver carver = { .base = f->work };
    const embedding_work w = embedding_divide(f, &carver);
    float *const dy = f->d_out[0];

    clear_missing(f, dy);
    if (f->in[0].classes != NULL)
        se_scatter_gradient(f->compute, rows, features, n, f->in[0].classes, dy,
                            se_frame_grad(f, EMBEDDINGS), se_frame_store(f));
    else
        se_gemm_gradient(f->compute, rows, features, n, f->in[0].data, features, dy, n,
                         se_frame_grad(f, EMBEDDINGS), se_frame_store(f));
    if (f->want_d_in[0]) {
        const se_factor factor =
            se_factor_make(f->compute, rows, 1, n, features, se_frame_weight(f, EMBEDDINGS),
                           1, n, w.weight_t);

        se_gemm(f->compute, rows, dy, n, 1, &factor, f->d_in[0], features, SE_STORE_SET,
                NULL);
    }
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "input_dim", seqecho_embedding_spec, input_dim),
    SE_FIELD(INT64, "output_dim", seqecho_embedding_spec, output_dim),
    SE_FIELD_OF_NAMES(init, "embeddings_initializer", seqecho_embedding_spec,
                      embeddings_init),
    SE_FIELD(BOOL, "mask_zero", seqecho_embedding_spec, mask_zero),
    /* clang-format on */
};

const se_layer_ops se_embedding_ops = {
    .kind = SEQECHO_KIND_EMBEDDING,
    .class_name = "Embedding",
    .base_name = "embedding",
    .spec_size = sizeof(seqecho_embedding_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = embedding_check,
    .traits = embedding_traits,
    .infer = embedding_infer,
    .build = embedding_build,
    .work = embedding_work_size,
    .mask = embedding_mask,
    .forward = embedding_forward,
    .backward = embedding_backward,
};
