/* layers/activate.c - any activation on rows.
 * SPDX-License-Identifier: MIT */
#include "layers/activate.h"

#include <string.h>

bool se_activation_known(seqecho_activation f)
{
    return f >= SEQECHO_LINEAR && f <= SEQECHO_SWISH;
}

bool se_activation_needs_input(seqecho_activation f)
{
    return f == SEQECHO_SWISH || f == SEQECHO_SOFTPLUS;
}

void se_activate(const se_kernels *k, seqecho_activation f, int64_t rows, int64_t cols,
                 const float *x, float *y)
{
    if (f == SEQECHO_SOFTMAX)
        k->softmax(rows, cols, x, y);
    else if (f != SEQECHO_LINEAR)
        k->activate(f, rows * cols, x, y);
    else if (x != y)
        memcpy(y, x, (size_t)(rows * cols) * sizeof *y);
}

void se_activate_backward(const se_kernels *k, seqecho_activation f, int64_t rows,
                          int64_t cols, const float *x, const float *y, const float *dy,
                          float *dx)
{
    if (f == SEQECHO_SOFTMAX)
        k->softmax_backward(rows, cols, y, dy, dx);
    else if (f != SEQECHO_LINEAR)
        k->activate_backward(f, rows * cols, x, y, dy, dx);
    else if (dx != dy)
        memcpy(dx, dy, (size_t)(rows * cols) * sizeof *dx);
}
