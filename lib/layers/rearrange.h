/* layers/rearrange.h - the same numbers in another shape or with other axes.
 * SPDX-License-Identifier: MIT
 *
 * Both are meant as users see samples, row-major, but samples lie step-major
 * (base/shape.h), so that what leaves the order alone for users may move the data. */
#ifndef SE_LAYERS_REARRANGE_H
#define SE_LAYERS_REARRANGE_H

#include "base/shape.h"

/* dst, samples of shape `to`, = src, samples of shape `from`, element by element in
 * row-major order; the shapes have equal sizes.  The other way round it is its own
 * gradient. */
void se_rearrange_reshape(const se_shape *from, const se_shape *to, int64_t batch,
                          const float *src, float *dst);

/* dst = src, samples of shape `from`, axis i of dst being axis axes[i] of src, counted from
 * 0.  With the inverse permutation it is its own gradient. */
void se_rearrange_permute(const se_shape *from, const int32_t axes[SE_SAMPLE_RANK],
                          int64_t batch, const float *src, float *dst);

#endif /* SE_LAYERS_REARRANGE_H */
