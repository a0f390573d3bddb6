/* layers/repeat_vector.c - RepeatVector: (features) -> (n, features), n copies.
 * SPDX-License-Identifier: MIT
 *
 * Where every consumer takes a repeated value nothing is copied at all: the graph hands
 * the input on, marked as repeated; forward is not called then, and backward
 * gets the gradient already summed over the steps. */
#include <string.h>

#include "base/error.h"
#include "layers/check.h"
#include "layers/field.h"
#include "layers/kinds.h"

static int repeat_check(seqecho_layer *layer)
{
    const seqecho_repeat_vector_spec *const spec = layer->spec;

    return se_check_size(layer, "n", spec->n);
}

static uint32_t repeat_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_REPEATS | SE_TRAIT_NO_STEP;
}

static int repeat_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                        se_shape *out)
{
    const seqecho_repeat_vector_spec *const spec = layer->spec;
    char text[SE_SHAPE_TEXT];

    SE_UNUSED(n_in);
    if (in->rank != 1)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected input (batch, features), found %s; does the layer "
                       "before it return sequences?",
                       layer->name, se_shape_text(text, 0, in));
    *out = (se_shape){ .dim = { spec->n, in->dim[0] }, .rank = 2 };
    return 1;
}

static void repeat_forward(const se_frame *f)
{
    const seqecho_repeat_vector_spec *const spec = f->layer->spec;
    const int64_t size = f->batch * f->in_shape[0]->dim[0];

    for (int64_t step = 0; step < spec->n; step++)
        memcpy(f->out[0] + step * size, f->in[0].data, (size_t)size * sizeof(float));
}

static void repeat_backward(const se_frame *f)
{
    const seqecho_repeat_vector_spec *const spec = f->layer->spec;
    const int64_t size = f->batch * f->in_shape[0]->dim[0];

    if (!f->want_d_in[0])
        return;
    memcpy(f->d_in[0], f->d_out[0], (size_t)size * sizeof(float));
    if (f->out[0] != NULL) /* the steps were copies of their own */
        for (int64_t step = 1; step < spec->n; step++)
            f->compute->k->add(size, f->d_out[0] + step * size, f->d_in[0]);
}

static const se_field fields[] = {
    /* clang-format off */
    SE_FIELD(INT64, "n", seqecho_repeat_vector_spec, n),
    /* clang-format on */
};

const se_layer_ops se_repeat_vector_ops = {
    .kind = SEQECHO_KIND_REPEAT_VECTOR,
    .class_name = "RepeatVector",
    .base_name = "repeat_vector",
    .spec_size = sizeof(seqecho_repeat_vector_spec),
    .fields = fields,
    .n_fields = SE_FIELDS(fields),
    .max_inputs = 1,
    .check = repeat_check,
    .traits = repeat_traits,
    .infer = repeat_infer,
    .forward = repeat_forward,
    .backward = repeat_backward,
};
