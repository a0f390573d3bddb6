/* show.h - how the examples print numbers.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include <stddef.h>
#include <stdint.h>

/* Print a row as [86, 81, 88], and no newline.  A negative number stands for a missing one,
 * and is printed as -. */
void show_row(const int32_t *row, size_t n);

/* Print rows of n numbers beside the truth, "Expected: [1, 2] Predicted [1, 2]", one a
 * line. */
void show_echo(const int32_t *expected, const int32_t *predicted, size_t rows, size_t n);

#endif /* EXAMPLES_SHOW_H */
