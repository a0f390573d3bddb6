/* options.h - the options that the example programs share: part of args.c.
 * SPDX-License-Identifier: MIT
 *
 * Which of them a program offers is told by its defaults; see args_parse(). */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <getopt.h>

#include "args.h"

#define OPTIONS_MOST 24
#define OPTIONS_HELP 'h'

/* Print what the program is about, and its options. */
void options_help(const args *defaults, const char *about);

/* Fill in the table of getopt_long(), of OPTIONS_MOST at most, ended by zeros. */
void options_list(const args *defaults, struct option *list);

/* What getopt_long() has found, but for OPTIONS_HELP. */
void options_take(args *a, int choice, const char *value);

#endif /* EXAMPLES_OPTIONS_H */
