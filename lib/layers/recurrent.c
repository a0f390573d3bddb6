/* layers/recurrent.c - what recurrent layers share: their input, and missing steps.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent.h"

#include <string.h>

#include "layers/check.h"

int se_recurrent_check_input(const seqecho_layer *layer, const se_shape *in)
{
    return se_check_sequence(layer, in,
                             "put a repeat_vector before it, or set return_sequences on "
                             "the layer before");
}

bool se_mask_range(const uint8_t *mask, int64_t rows, int64_t *begin, int64_t *end)
{
    *begin = 0;
    *end = rows;
    if (mask == NULL)
        return rows > 0;
    while (*begin < rows && mask[*begin] == 0)
        ++*begin;
    while (*end > *begin && mask[*end - 1] == 0)
        --*end;
    return *begin < *end;
}

void se_mask_carry(const uint8_t *mask, int64_t rows, int64_t cols, const float *before,
                   float *now)
{
    const size_t bytes = (size_t)cols * sizeof *now;

    for (int64_t r = 0; r < rows; r++) {
        if (mask[r] != 0)
            continue;
        if (before == NULL)
            memset(now + r * cols, 0, bytes);
        else if (before != now)
            memcpy(now + r * cols, before + r * cols, bytes);
    }
}

void se_mask_clear(const uint8_t *mask, int64_t rows, int64_t cols, float *x)
{
    se_mask_carry(mask, rows, cols, NULL, x);
}

void se_shown_fill(seqecho_masked_output output, const uint8_t *mask, int64_t steps,
                   int64_t batch, bool backwards, uint8_t *shown)
{
    for (int64_t s = 0; s < steps; s++) {
        const uint8_t *const there = mask + (backwards ? steps - 1 - s : s) * batch;
        uint8_t *const now = shown + s * batch;

        for (int64_t b = 0; b < batch; b++)
            now[b] = output == SEQECHO_MASKED_STATE || there[b] != 0 ||
                     (output == SEQECHO_MASKED_LAST && s > 0 && now[b - batch] != 0);
    }
}
