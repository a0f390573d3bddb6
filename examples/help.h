/* help.h - what --help ends with: the program at work.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_HELP_H
#define EXAMPLES_HELP_H

#include "args.h"

/* A command line without the name of the program, and what it is good for. */
typedef struct sample {
    const char *words, *use;
} sample;

#define HELP_SAMPLES 3

/* Print them, with that name. */
void help_samples(const args *a, const sample *samples);

/* Print those of a program by the options that it offers, which its defaults tell. */
void help_examples(const args *defaults);

#endif /* EXAMPLES_HELP_H */
