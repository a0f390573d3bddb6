/* help.c - what --help ends with: the program at work.
 * SPDX-License-Identifier: MIT */
#include "help.h"

#include <stdio.h>

static const sample of_one[HELP_SAMPLES] = {
    { "--seed 2 --plot training.svg", "another run of luck, and a picture of how it went" },
    { "--checkpoint run --resume", "Ctrl-C stops it, and the same words go on" },
    { "--quiet --save echo.safetensors",
      "keep the model; --load echo.safetensors --epochs 0 lets it echo again" },
};

static const sample of_inspect[HELP_SAMPLES] = {
    { "--epochs 1", "gates that have learned nothing yet" },
    { "--epochs 800 --plot memory.svg", "those that have, as colours" },
    { "--quiet --save echo.safetensors",
      "keep the model; --load echo.safetensors --epochs 0 looks into it again" },
};

static const sample of_several[HELP_SAMPLES] = {
    { "--quiet", "only what came of it" },
    { "--plot training.svg", "a picture with a curve for each network" },
    { "--seed 2 --units 40", "another run of luck, with layers of another size" },
};

static const sample of_none[HELP_SAMPLES] = {
    { "--seed 2", "another sequence" },
    { "--n-in 3 --n-out 1 --length 10", "shorter windows, of a shorter sequence" },
    { "--n-unique 2 --length 40", "zeros and ones" },
};

void help_samples(const args *a, const sample *samples)
{
    printf("\nExamples:\n");
    for (int i = 0; i < HELP_SAMPLES; i++)
        printf("  %s %s\n      %s\n", a->program, samples[i].words, samples[i].use);
}

void help_examples(const args *defaults)
{
    help_samples(defaults, defaults->epochs == 0 ? of_none
                           : defaults->several   ? of_several
                           : defaults->eval == 0 ? of_inspect
                                                 : of_one);
}
