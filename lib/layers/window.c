/* layers/window.c - which time steps the windows of a convolution or a pooling cover.
 * SPDX-License-Identifier: MIT */
#include "layers/window.h"

#include "layers/check.h"

se_window se_window_make(seqecho_padding padding, int64_t size, int64_t stride,
                         int64_t dilation, int64_t in)
{
    se_window w = { .size = size, .stride = stride, .dilation = dilation, .in = in };
    const int64_t span = se_window_span(&w);
    int64_t missing;

    if (padding == SEQECHO_PADDING_VALID) {
        w.out = in < span ? 0 : (in - span) / stride + 1;
        return w;
    }
    w.out = (in - 1) / stride + 1;
    missing = (w.out - 1) * stride + span - in;
    if (padding == SEQECHO_PADDING_CAUSAL)
        w.left = span - 1;
    else if (missing > 0)
        w.left = missing / 2;
    return w;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void se_window_tap(const se_window *w, int64_t k, int64_t *begin, int64_t *end)
{
    const int64_t first = k * w->dilation - w->left; /* the step in window 0 */

    *begin = first >= 0 ? 0 : (w->stride - 1 - first) / w->stride;
    *end = first >= w->in ? 0 : least((w->in - 1 - first) / w->stride + 1, w->out);
    *begin = least(*begin, *end);
}

void se_window_steps(const se_window *w, int64_t o, int64_t *begin, int64_t *end)
{
    const int64_t first = o * w->stride - w->left;

    *begin = first > 0 ? first : 0;
    *end = least(first + w->size, w->in);
}

int se_window_check_input(const seqecho_layer *layer, const se_shape *in)
{
    return se_check_sequence(layer, in, "does the layer before it return sequences?");
}
