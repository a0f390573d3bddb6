/* layers/pooling.c - what the kinds of pooling share.
 * SPDX-License-Identifier: MIT
 *
 * A time step is one row of (batch, features) numbers, `width` of them, and pooling does
 * the same to each column. */
#include "layers/pooling.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/check.h"

int se_pooling_check(seqecho_layer *layer)
{
    seqecho_pooling1d_spec *const spec = layer->spec;

    SE_TRY(se_layer_check_reserved(layer, &spec->reserved, sizeof spec->reserved));
    if (spec->pool_size == 0)
        spec->pool_size = 2;
    if (spec->stride == 0)
        spec->stride = spec->pool_size;
    if (!se_dim_ok(spec->pool_size))
        return se_fail(SEQECHO_EINVAL,
                       "%s: pool_size is %" PRId64 ", expected 0 (which means 2) or more",
                       layer->name, spec->pool_size);
    if (!se_dim_ok(spec->stride))
        return se_fail(SEQECHO_EINVAL,
                       "%s: stride is %" PRId64 ", expected 0 (as pool_size) or more",
                       layer->name, spec->stride);
    if (spec->padding == SEQECHO_PADDING_CAUSAL)
        return se_fail(SEQECHO_EINVAL, "%s: padding is causal, expected valid or same",
                       layer->name);
    return se_check_padding(layer, spec->padding);
}

uint32_t se_pooling_traits(const seqecho_layer *layer)
{
    SE_UNUSED(layer);
    return SE_TRAIT_NO_STEP;
}

se_window se_pooling_window(const seqecho_layer *layer, const se_shape *in)
{
    const seqecho_pooling1d_spec *const spec = layer->spec;

    return se_window_make(spec->padding, spec->pool_size, spec->stride, 1, in->dim[0]);
}

int se_pooling_infer(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                     se_shape *out)
{
    char text[SE_SHAPE_TEXT];
    se_window w;

    SE_UNUSED(n_in);
    SE_TRY(se_window_check_input(layer, in));
    w = se_pooling_window(layer, in);
    if (w.out == 0)
        return se_fail(SEQECHO_ESHAPE,
                       "%s: a pool of size %" PRId64 " needs as many time steps, found %s",
                       layer->name, w.size, se_shape_text(text, 0, in));
    *out = (se_shape){ .dim = { w.out, in->dim[1] }, .rank = 2 };
    return 1;
}

int se_pooling_check_global(seqecho_layer *layer)
{
    SE_UNUSED(layer); /* nothing to choose */
    return SEQECHO_OK;
}

int se_pooling_infer_global(const seqecho_layer *layer, const se_shape *in, size_t n_in,
                            se_shape *out)
{
    SE_UNUSED(n_in);
    SE_TRY(se_window_check_input(layer, in));
    *out = (se_shape){ .dim = { in->dim[1] }, .rank = 1 };
    return 1;
}

/* ---- The largest -------------------------------------------------------------------- */

static void larger(int64_t width, const float *x, float *y)
{
    for (int64_t i = 0; i < width; i++)
        y[i] = x[i] > y[i] || isnan(x[i]) ? x[i] : y[i];
}

/* The same, and `at` becomes `step` where x is taken. */
static void larger_at(int64_t width, const float *x, int32_t step, float *y, int32_t *at)
{
    for (int64_t i = 0; i < width; i++) {
        const bool take = x[i] > y[i] || (isnan(x[i]) && !isnan(y[i]));

        at[i] = take ? step : at[i];
        y[i] = take ? x[i] : y[i];
    }
}

void se_pooling_max(const se_window *w, int64_t width, const float *x, float *y,
                    int32_t *at)
{
    for (int64_t o = 0; o < w->out; o++, y += width) {
        int64_t begin, end;

        se_window_steps(w, o, &begin, &end);
        memcpy(y, x + begin * width, (size_t)width * sizeof *y);
        for (int64_t i = 0; at != NULL && i < width; i++)
            at[i] = (int32_t)begin;
        for (int64_t t = begin + 1; t < end; t++)
            if (at != NULL)
                larger_at(width, x + t * width, (int32_t)t, y, at);
            else
                larger(width, x + t * width, y);
        if (at != NULL)
            at += width;
    }
}

void se_pooling_max_backward(const se_window *w, int64_t width, const int32_t *at,
                             const float *dy, float *dx)
{
    memset(dx, 0, (size_t)(w->in * width) * sizeof *dx);
    for (int64_t o = 0; o < w->out; o++, at += width, dy += width)
        for (int64_t i = 0; i < width; i++)
            dx[at[i] * width + i] += dy[i];
}

const se_field se_pooling_fields[SE_POOLING_FIELDS] = {
    /* clang-format off */
    SE_FIELD(INT64, "pool_size", seqecho_pooling1d_spec, pool_size),
    SE_FIELD(INT64, "strides", seqecho_pooling1d_spec, stride),
    SE_FIELD_OF_NAMES(padding, "padding", seqecho_pooling1d_spec, padding),
    /* clang-format on */
};
