/* plot.h - --plot: the curves of trainings as a picture, drawn by gnuplot.
 * SPDX-License-Identifier: MIT
 *
 * gnuplot is another program, which is started only if that option is used. */
#ifndef EXAMPLES_PLOT_H
#define EXAMPLES_PLOT_H

#include <stdio.h>

#include "args.h"

/* Rather now than after hours of training: whether the file's name ends in .svg or .png,
 * and gnuplot is there and can draw that.  Without --plot all is well.  0, or an exit
 * status after a message. */
int plot_check(const args *a);

/* Draw what a function tells gnuplot in the file of --plot.  An older picture stays if that
 * fails; then the program fails too, at its end. */
typedef void plot_writer(FILE *script, bool png, const void *what);
void plot_make(const args *a, plot_writer *write, const void *what);

/* Draw all curves that are remembered (curves.h) in the file of --plot.  What is known of
 * the trainings is printed below the title. */
void plot_draw(const args *a, const char *known);

#endif /* EXAMPLES_PLOT_H */
