/* layers/rearrange.c - the same numbers in another shape or with other axes.
 * SPDX-License-Identifier: MIT */
#include "layers/rearrange.h"

#include <string.h>

/* Floats between neighbours along each axis of a sample; *sample receives that between
 * samples.  In memory are, from the outside: d2, d1, batch, features. */
static void find_strides(const se_shape *s, int64_t batch, int64_t stride[SE_SAMPLE_RANK],
                         int64_t *sample)
{
    int64_t next = batch * se_shape_features(s);

    *sample = se_shape_features(s);
    for (int32_t i = 0; i + 1 < s->rank; i++) {
        stride[i] = next;
        next *= s->dim[i];
    }
    stride[s->rank - 1] = 1;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where element `at` of sample 0 lies, counted row-major. */
static int64_t place(const se_shape *s, int64_t batch, int64_t at)
{
    int64_t stride[SE_SAMPLE_RANK], sample, offset = 0;

    find_strides(s, batch, stride, &sample);
    for (int32_t i = s->rank; i-- > 0;) {
        offset += at % s->dim[i] * stride[i];
        at /= s->dim[i];
    }
    return offset;
}

/* `n` runs of `length` floats, so far apart. */
static void copy_runs(int64_t n, int64_t length, const float *src, int64_t src_step,
                      float *dst, int64_t dst_step)
{
    if (length == 1)
        for (int64_t i = 0; i < n; i++)
            dst[i * dst_step] = src[i * src_step];
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(dst + i * dst_step, src + i * src_step, (size_t)length * sizeof *dst);
}

/* Are samples of these shapes, which have equal sizes, in the same order in memory?  They
 * are if both have one axis, disregarding axes of 1 before it, or both are row-major, as a
 * single sample of two axes is, or the shapes are the same. */
static bool same_order(const se_shape *a, const se_shape *b, int64_t batch)
{
    if (se_shape_rows(a) == 1 && se_shape_rows(b) == 1)
        return true;
    return se_shape_equal(a, b) || (batch == 1 && a->rank <= 2 && b->rank <= 2);
}

void se_rearrange_reshape(const se_shape *from, const se_shape *to, int64_t batch,
                          const float *src, float *dst)
{
    const int64_t size = se_shape_size(from);
    const int64_t f = se_shape_features(from), g = se_shape_features(to);

    if (same_order(from, to, batch)) {
        memcpy(dst, src, (size_t)(size * batch) * sizeof *dst);
        return;
    }
    /* Runs end where a row of either shape ends. */
    for (int64_t at = 0, run; at < size; at += run) {
        run = least(f - at % f, g - at % g);
        copy_runs(batch, run, src + place(from, batch, at), f, dst + place(to, batch, at),
                  g);
    }
}

void se_rearrange_permute(const se_shape *from, const int32_t axes[SE_SAMPLE_RANK],
                          int64_t batch, const float *src, float *dst)
{
    const int32_t rank = from->rank;
    int64_t stride[SE_SAMPLE_RANK], sample;
    int64_t dim[SE_SAMPLE_RANK] = { 1, 1, 1 }, step[SE_SAMPLE_RANK] = { 0 };
    int64_t features, next;

    /* Axes of dst but the last, in step[] their strides in src. */
    find_strides(from, batch, stride, &sample);
    for (int32_t i = 0; i + 1 < rank; i++) {
        dim[i] = from->dim[axes[i]];
        step[i] = stride[axes[i]];
    }
    features = from->dim[axes[rank - 1]];
    next = stride[axes[rank - 1]];
    for (int64_t j = 0; j < dim[1]; j++)
        for (int64_t i = 0; i < dim[0]; i++)
            for (int64_t b = 0; b < batch; b++, dst += features) {
                const float *const row = src + j * step[1] + i * step[0] + b * sample;

                if (next == 1)
                    copy_runs(1, features, row, 0, dst, 0);
                else
                    copy_runs(features, 1, row, next, dst, 1);
            }
}
