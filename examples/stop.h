/* stop.h - Ctrl-C, and how to go on.
 * SPDX-License-Identifier: MIT
 *
 * Between stop_begin() and stop_end() a SIGINT or SIGTERM is only noted, to be obeyed where
 * it suits; a second one ends the program at once. */
#ifndef EXAMPLES_STOP_H
#define EXAMPLES_STOP_H

#include "args.h"

/* Signals that the program was started with ignoring stay ignored. */
void stop_begin(void);
void stop_end(void);

/* The signal that has come since stop_begin(); 0 if none. */
int stop_signal(void);

/* Write the program's command line as it is typed into a shell, with `more` after it, and
 * after that a word, which may need quotes; NULL for none.  Returns `text`. */
char *stop_command(const args *a, const char *more, const char *word, char *text,
                   size_t size);

#endif /* EXAMPLES_STOP_H */
