/* layers/noise.h - the random zeros of dropout.
 * SPDX-License-Identifier: MIT
 *
 * What a layer draws depends on the trainer's seed, the number of the pass, the layer's
 * place in the graph, and nothing else: not on threads, and not on what was drawn before.
 * So a training that is resumed at some pass draws what it would have drawn. */
#ifndef SE_LAYERS_NOISE_H
#define SE_LAYERS_NOISE_H

#include "layers/layer.h"

/* Is there anything to be drawn in this pass?  As in Keras, a rate of 1 is no dropout
 * inside a recurrent layer; of Dropout itself it is all. */
static inline bool se_noise_active(const se_frame *f, float rate)
{
    return f->learning && rate > 0.0f && rate < 1.0f;
}

/* n factors, each 0 with probability `rate` and else 1 / (1 - rate); rate in [0, 1].
 * Different numbers `which` give independent factors. */
void se_noise_fill(const se_frame *f, uint32_t which, float rate, int64_t n, float *factor);

/* y = x factor, element by element; y may equal x. */
void se_noise_apply(int64_t n, const float *x, const float *factor, float *y);

/* The source of the i-th layer inside a wrapper, i < SE_MAX_INNER.  A site has the number
 * of the call in its low bits, enough for 32768 calls, and above them the way inside, a
 * digit from 1 to SE_MAX_INNER for each of the at most 4 wrappers: no two are the same. */
static inline se_noise se_noise_inside(se_noise noise, size_t i)
{
    const uint32_t call = noise.site & 0x7fff, way = noise.site >> 15;

    noise.site = (way * (SE_MAX_INNER + 1) + (uint32_t)i + 1) << 15 | call;
    return noise;
}

#endif /* SE_LAYERS_NOISE_H */
