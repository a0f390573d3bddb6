/* gnuplot.h - gnuplot, started and given a script.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_GNUPLOT_H
#define EXAMPLES_GNUPLOT_H

#include <stdio.h>

/* Run the script, which is a file written so far, with the picture as gnuplot's output; or
 * NULL, to throw the output and all complaints away.  No shell and no file name has to do
 * with it, and nobody's settings.  0 if it has done its work; GNUPLOT_MISSING if there is
 * none; else GNUPLOT_FAILED. */
enum { GNUPLOT_MISSING = 1, GNUPLOT_FAILED = 2 };
int gnuplot_run(FILE *script, FILE *picture);

#endif /* EXAMPLES_GNUPLOT_H */
