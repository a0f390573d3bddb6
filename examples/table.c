/* table.c - the table of echo_compare.
 * SPDX-License-Identifier: MIT */
#include "table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Mean and standard deviation of a figure; seeds that do not have it are left out.  Returns
 * how many have it. */
static int spread(const measured *results, int seeds, int f, double *mean, double *sd)
{
    double sum = 0.0, square = 0.0;
    int n = 0;

    for (int i = 0; i < seeds; i++) {
        if (isnan(results[i].figure[f]))
            continue;
        sum += results[i].figure[f];
        n++;
    }
    *mean = sum / n;
    for (int i = 0; i < seeds; i++) {
        const double off = results[i].figure[f] - *mean;

        square += isnan(off) ? 0.0 : off * off;
    }
    *sd = n > 1 ? sqrt(square / (n - 1)) : 0.0;
    return n;
}

void table_head(const char *set, int seeds, int64_t first)
{
    printf("\n### %s (%d seeds from %" PRId64 ")\n\n", set, seeds, first);
    printf("| name | echo | units | weights | epochs | seconds | loss | right in training "
           "| right, held out | whole sequences | mean error | all right from epoch |\n");
    printf("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

void table_row(const comparison *c, const measured *results, int seeds)
{
    const int64_t n_in = c->trial.n_in != 0 ? c->trial.n_in : 5;
    double mean[FIGURES], sd[FIGURES];
    int held = 0;

    for (int f = 0; f < FIGURES; f++) {
        const int n = spread(results, seeds, f, &mean[f], &sd[f]);

        held = f == HELD_FROM ? n : held;
    }
    printf("| %s | %" PRId64 " of %" PRId64 " | %" PRId64 " | %" PRId64 " | %" PRId64
           " | %.2f ",
           c->name, c->trial.n_out != 0 ? c->trial.n_out : n_in, n_in, c->trial.units,
           results[0].weights, c->trial.epochs, mean[SECONDS]);
    printf("| %.3g ± %.2g ", mean[LOSS], sd[LOSS]);
    if (isnan(mean[ACCURACY]))
        printf("| ");
    else
        printf("| %.4f ± %.4f ", mean[ACCURACY], sd[ACCURACY]);
    printf("| %.4f ± %.4f | %.3f ± %.3f | %.3f ", mean[ELEMENTS], sd[ELEMENTS],
           mean[SEQUENCES], sd[SEQUENCES], mean[ERROR]);
    if (held > 0)
        printf("| %d of %d: %.0f ± %.0f |\n", held, seeds, mean[HELD_FROM], sd[HELD_FROM]);
    else
        printf("| |\n");
    fflush(stdout);
}
