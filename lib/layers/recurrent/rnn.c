/* layers/recurrent/rnn.c - GRU and SimpleRNN: their descriptions, and their products of h.
 * SPDX-License-Identifier: MIT */
#include "layers/recurrent/rnn.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "layers/check.h"
#include "layers/recurrent.h"

int se_rnn_check(const seqecho_layer *layer, const se_rnn *rnn)
{
    SE_TRY(se_check_units(layer, rnn->units, rnn->gates));
    SE_TRY(se_check_activation(layer, rnn->activation));
    SE_TRY(se_check_activation(layer, rnn->recurrent_activation));
    SE_TRY(se_check_recurrent_inits(layer, rnn->kernel_init, rnn->recurrent_init,
                                    rnn->bias_init));
    SE_TRY(se_check_rate(layer, "dropout", rnn->dropout));
    SE_TRY(se_check_rate(layer, "recurrent_dropout", rnn->recurrent_dropout));
    return se_check_masked_output(layer, rnn->masked_output);
}

/* What dropout takes away from must be there as numbers, and for each step. */
uint32_t se_rnn_traits(const se_rnn *rnn)
{
    const bool drops = rnn->dropout > 0.0f && rnn->dropout < 1.0f;

    return SE_TRAIT_RECURRENT | (drops ? 0 : SE_TRAIT_CLASSES | SE_TRAIT_REPEATED) |
           (rnn->stateful ? SE_TRAIT_STATEFUL : 0) |
           (rnn->go_backwards ? SE_TRAIT_NO_STEP : 0);
}

int se_rnn_infer(const seqecho_layer *layer, const se_rnn *rnn, const se_shape *in,
                 size_t n_in, se_shape *out)
{
    const se_shape state = { .dim = { rnn->units }, .rank = 1 };
    char text[SE_SHAPE_TEXT];

    SE_TRY(se_recurrent_check_input(layer, in));
    if (n_in > 1 && !se_shape_equal(&in[1], &state))
        return se_fail(SEQECHO_ESHAPE,
                       "%s: expected initial state h of shape (batch, %" PRId64
                       "), found %s",
                       layer->name, rnn->units, se_shape_text(text, 0, &in[1]));
    out[0] = rnn->return_sequences
                 ? (se_shape){ .dim = { in->dim[0], rnn->units }, .rank = 2 }
                 : state;
    out[1] = state;
    return rnn->return_state ? 2 : 1;
}

void se_rnn_build(seqecho_layer *layer, const se_rnn *rnn, const se_shape *in)
{
    const int64_t width = rnn->gates * rnn->units;

    se_layer_add_weight(layer, "kernel", in->dim[1], width, rnn->kernel_init);
    se_layer_add_weight(layer, "recurrent_kernel", rnn->units, width, rnn->recurrent_init);
    if (!rnn->no_bias)
        se_layer_add_weight(layer, "bias", rnn->beside ? 2 : 0, width, rnn->bias_init);
}

/* ---- Products of h ------------------------------------------------------------------ */

float *se_rnn_left_room(const se_rnn_pass *p, const se_rnn_step *step,
                        const se_rnn_block *block)
{
    const int64_t first = p->f->training ? step->s * p->batch : 0;

    return block->left + (first + step->begin) * p->units;
}

const float *se_rnn_left(const se_rnn_pass *p, const se_rnn_step *step,
                         const se_rnn_block *block)
{
    const int64_t n = step->rows * p->units;
    const float *const noise = block->noise;
    float *left;

    if (step->before == NULL || noise == NULL)
        return step->before;
    left = se_rnn_left_room(p, step, block);
    for (int64_t i = 0; i < n; i++)
        left[i] = step->before[i] * noise[step->begin * p->units + i];
    return left;
}

/* What products of zeros come to, with `beside`. */
static void put_bias(const se_rnn_pass *p, int64_t rows, int64_t cols, const float *bias,
                     float *b)
{
    for (int64_t r = 0; r < rows; r++)
        if (bias != NULL)
            memcpy(b + r * p->width, bias, (size_t)cols * sizeof *b);
        else
            memset(b + r * p->width, 0, (size_t)cols * sizeof *b);
}

void se_rnn_product(const se_rnn_pass *p, const se_rnn_step *step,
                    const se_rnn_block *block, const float *left)
{
    const int64_t u = p->units, first = block->gate * u;
    const bool beside = p->rnn->beside;
    const float *const bias = beside && !p->rnn->no_bias
                                  ? se_frame_weight(p->f, SE_RNN_BIAS) + p->width + first
                                  : NULL;
    const se_store store = !beside        ? SE_STORE_ADD
                           : bias != NULL ? SE_STORE_BIAS
                                          : SE_STORE_SET;

    if (left != NULL)
        se_gemm(step->compute, step->rows, left, u, 1, &block->factor,
                (beside ? step->b : step->a) + first, p->width, store, bias);
    else if (beside)
        put_bias(p, step->rows, block->gates * u, bias, step->b + first);
}

/* += for a left factor that is h itself. */
static void left_gradient(const se_rnn_pass *p, const se_rnn_step *step,
                          const se_rnn_block *block, se_store store, float *d_left)
{
    const float *const d = (p->rnn->beside ? step->b : step->a) + block->gate * p->units;

    se_gemm(step->compute, step->rows, d, p->width, 1, &block->factor, d_left, p->units,
            store, NULL);
}

float *se_rnn_left_gradient(const se_rnn_pass *p, const se_rnn_step *step,
                            const se_rnn_block *block)
{
    float *const d_left = p->d_left + step->begin * p->units;

    left_gradient(p, step, block, SE_STORE_SET, d_left);
    return d_left;
}

void se_rnn_product_backward(const se_rnn_pass *p, const se_rnn_step *step,
                             const se_rnn_block *block)
{
    const int64_t n = step->rows * p->units;
    const float *noise = block->noise;
    const float *d_left;

    if (noise == NULL) {
        left_gradient(p, step, block, SE_STORE_ADD, step->dh_before);
        return;
    }
    noise += step->begin * p->units;
    d_left = se_rnn_left_gradient(p, step, block);
    for (int64_t i = 0; i < n; i++)
        step->dh_before[i] += d_left[i] * noise[i];
}

void se_rnn_sum_dh(const se_rnn_pass *p, const se_rnn_step *step)
{
    const int64_t n = step->rows * p->units;

    if (step->dh_before != step->dh_2)
        memcpy(step->dh_before, step->dh_2, (size_t)n * sizeof *step->dh_before);
    if (step->dh_1 != NULL)
        p->f->compute->k->add(n, step->dh_1, step->dh_before);
}
