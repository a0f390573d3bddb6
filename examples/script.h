/* script.h - what gnuplot is told.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_SCRIPT_H
#define EXAMPLES_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The kind of picture, and its size for all curves that are remembered (curves.h). */
void script_terminal(FILE *to, bool png);

/* All those curves: the losses, below them the accuracy or where
 * there is none the mean error, and a legend if it takes one. */
void script_curves(FILE *to, const char *title, const char *known);

#endif /* EXAMPLES_SCRIPT_H */
