/* command.h - the words of a command line: getopt_long(), and what may have been meant.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_COMMAND_H
#define EXAMPLES_COMMAND_H

#include <getopt.h>

#include "args.h"

/* The value of the next option in a list as getopt_long() has it, its argument in `optarg`;
 * -1 after the last one.  Options have to be typed whole.  A mistake prints what is wrong
 * and exits with ARGS_BAD. */
int command_next(const args *a, const struct option *list);

/* The same of a word that is no option and not expected. */
void command_unexpected(const args *a, const struct option *list, const char *word);

/* End with "Try 'program --help'." */
void command_bad(const args *a);

#endif /* EXAMPLES_COMMAND_H */
