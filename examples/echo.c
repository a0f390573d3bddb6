/* echo.c - how the demos end: a fresh sequence echoed for the eye, and a figure over many.
 * SPDX-License-Identifier: MIT */
#include "echo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "show.h"

static int show(seqecho_trainer *trainer, seqecho_dataset *data, const args *a)
{
    const seqecho_view *const y = seqecho_dataset_y(data);
    const size_t rows = (size_t)y->dim[0], steps = (size_t)y->dim[1];
    const size_t count = rows * steps * (size_t)y->dim[2];
    float *const output = args_alloc(a, count, sizeof *output);
    int32_t *const expected = args_alloc(a, rows * steps, sizeof *expected);
    int32_t *const predicted = args_alloc(a, rows * steps, sizeof *predicted);
    int err;

    err = seqecho_trainer_predict(trainer, seqecho_dataset_x(data), output, count);
    if (err == 0)
        err = seqecho_dataset_decode(data, y->data, rows * steps, expected);
    if (err == 0)
        err = seqecho_dataset_decode(data, output, rows * steps, predicted);
    if (err == 0)
        show_echo(expected, predicted, rows, steps);
    free(output);
    free(expected);
    free(predicted);
    return err;
}

static int evaluate(seqecho_trainer *trainer, seqecho_dataset *data, const args *a)
{
    seqecho_report report = SEQECHO_REPORT_INIT;
    const int err = seqecho_trainer_evaluate_dataset(trainer, data, a->eval, NULL, &report);

    if (err == 0)
        printf("accuracy on %" PRId64 " fresh sequences: %.4f\n", a->eval, report.accuracy);
    return err;
}

int echo_held_out(seqecho_trainer *trainer, const args *a)
{
    seqecho_dataset *data = NULL;
    int err = seqecho_dataset_create(
        &data,
        SEQECHO_DATASET(.length = a->length, .n_unique = a->n_unique, .n_in = a->n_in,
                        .n_out = a->n_out, .held_out = true, .seed = a->seed));

    if (err == 0)
        err = show(trainer, data, a);
    if (err == 0)
        err = evaluate(trainer, data, a);
    seqecho_dataset_destroy(data);
    return err;
}
