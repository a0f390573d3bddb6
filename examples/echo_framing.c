/* echo_framing.c - what the echo problem looks like: a random sequence of integers, one-hot
 * encoded, and framed as pairs of a window (X) and its oldest numbers (y).
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <seqecho/seqecho.h>

#include "args.h"
#include "show.h"

/* Draw, encode, frame; then decode each pair and print it as "[X] => [y]". */
static int print_pairs(const args *a)
{
    const size_t length = (size_t)a->length, width = (size_t)a->n_unique;
    const size_t n_in = (size_t)a->n_in, n_out = (size_t)a->n_out;
    const size_t rows = seqecho_supervised_rows(length, n_in, SEQECHO_ROWS_COMPLETE);
    int32_t *const sequence = args_alloc(a, length, sizeof *sequence);
    float *const encoded = args_alloc(a, length * width, sizeof *encoded);
    float *const x = args_alloc(a, rows * n_in * width, sizeof *x);
    float *const y = args_alloc(a, rows * n_out * width, sizeof *y);
    int32_t *const x_row = args_alloc(a, n_in, sizeof *x_row);
    int32_t *const y_row = args_alloc(a, n_out, sizeof *y_row);
    seqecho_rng rng = { .seed = a->seed };
    int err;

    err = seqecho_generate_sequence(&rng, a->n_unique, sequence, length);
    if (err == 0)
        err = seqecho_one_hot_encode(sequence, length, a->n_unique, encoded);
    if (err == 0)
        err = seqecho_to_supervised(encoded, length, width, n_in, n_out,
                                    SEQECHO_ROWS_COMPLETE, 0.0f, x, y);
    for (size_t r = 0; r < rows && err == 0; r++) {
        err = seqecho_one_hot_decode(x + r * n_in * width, n_in, a->n_unique, x_row);
        if (err == 0)
            err = seqecho_one_hot_decode(y + r * n_out * width, n_out, a->n_unique, y_row);
        if (err < 0)
            break;
        show_row(x_row, n_in);
        printf(" => ");
        show_row(y_row, n_out);
        printf("\n");
    }

    free(sequence);
    free(encoded);
    free(x);
    free(y);
    free(x_row);
    free(y_row);
    return err;
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 3 };
    int err;

    args_parse(&a, argc, argv, "Print a random sequence of integers framed as pairs.");
    err = print_pairs(&a);
    return args_exit(&a, err);
}
