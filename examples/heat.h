/* heat.h - what a recurrent layer went through, as colours: part of echo_inspect.c.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_HEAT_H
#define EXAMPLES_HEAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { HEAT_MAPS = 6 };

typedef struct heat_map {
    const char *title;
    bool is_signed; /* from -1 to 1, or as far as the values go; else from 0 to 1 */
    float *values;  /* (steps, units) */
} heat_map;

typedef struct heat {
    heat_map map[HEAT_MAPS];
    size_t steps, units;
    const int32_t *read, *said; /* of each step */
} heat;

/* The largest absolute value of a map; 1 for those without a sign. */
double heat_range(const heat *h, const heat_map *m);

/* Print them as digits: a column a unit, a row a step. */
void heat_print(const heat *h);

/* Tell gnuplot to draw them: a plot_writer, with a heat. */
void heat_write(FILE *script, bool png, const void *heat);

#endif /* EXAMPLES_HEAT_H */
