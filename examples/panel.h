/* panel.h - one of the two diagrams of a picture, for gnuplot: part of script.c.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_PANEL_H
#define EXAMPLES_PANEL_H

#include <stdbool.h>
#include <stdio.h>

#include "curves.h"

enum {
    PANEL_SPANS = 125, /* a line has so many points at most */
    PANEL_FEW = 30     /* so many epochs are shown one by one */
};

typedef struct panel {
    figure figure;
    const char *label;
    double left, right, bottom, top; /* its place, as parts of the picture */
    double least, largest;           /* of its values; NaN if there are none */
    double first, last;              /* epoch */
    bool values_log, epochs_log;
    bool lowest; /* with the numbers of the epochs below it */
} panel;

/* One for that figure of all these curves, without a place. */
panel panel_create(const curve *all, size_t count, figure f, const char *label);

/* Whether the curve has something of that figure. */
bool panel_has(const curve *c, figure f, int validation);

/* What its lines are made of, before all panels; then the panel. */
void panel_data(FILE *to, const panel *p, const curve *all, size_t count);
void panel_write(FILE *to, const panel *p, const curve *all, size_t count);

/* A text in single quotes, where nothing but a quote and the end of a line has a meaning to
 * gnuplot. */
void panel_quote(FILE *to, const char *text);

#endif /* EXAMPLES_PANEL_H */
