/* layers/window.h - which time steps the windows of a convolution or a pooling cover.
 * SPDX-License-Identifier: MIT
 *
 * Window number o looks at the steps o stride + k dilation - left, k from 0 to size - 1.
 * Those that are not from 0 to in - 1 are padding, which is never made: it is left out of
 * what is computed. */
#ifndef SE_LAYERS_WINDOW_H
#define SE_LAYERS_WINDOW_H

#include <stdint.h>

#include "layers/layer.h"

typedef struct se_window {
    int64_t size, stride, dilation;
    int64_t in;   /* time steps there are */
    int64_t out;  /* windows; 0 if not one fits */
    int64_t left; /* padding before the first step */
} se_window;

/* Steps from the first to the last of a window. */
static inline int64_t se_window_span(const se_window *w)
{
    return (w->size - 1) * w->dilation + 1;
}

/* The windows of this padding on `in` time steps, with the arithmetic of Keras: for
 * SEQECHO_PADDING_SAME the odd step of padding comes at the end. */
se_window se_window_make(seqecho_padding padding, int64_t size, int64_t stride,
                         int64_t dilation, int64_t in);

/* The windows [*begin, *end) whose element k is a step that is there. */
void se_window_tap(const se_window *w, int64_t k, int64_t *begin, int64_t *end);

/* The steps [*begin, *end) that are there in window o, which has no dilation. */
void se_window_steps(const se_window *w, int64_t o, int64_t *begin, int64_t *end);

/* SEQECHO_ESHAPE unless the input is (timesteps, features). */
int se_window_check_input(const seqecho_layer *layer, const se_shape *in);

#endif /* SE_LAYERS_WINDOW_H */
