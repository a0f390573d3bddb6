/* spark.h - a row of figures as small bars, in a line of text.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_SPARK_H
#define EXAMPLES_SPARK_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a row of so many columns, at most. */
#define SPARK_SIZE(columns) (3 * (columns) + 1)

/* Whether what is printed is read as UTF-8, by the user's locale. */
bool spark_utf8(void);

/* Write the values as at most `columns` bars from their lowest to their highest one; in
 * UTF-8, or in ASCII, _.-' for lower and higher.  Some values together make a bar if there
 * are many.  Returns the number of bars: none of less than two values. */
size_t spark(char *text, const double *values, size_t count, size_t columns, bool utf8);

#endif /* EXAMPLES_SPARK_H */
