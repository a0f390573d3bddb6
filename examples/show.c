/* show.c - how the examples print numbers.
 * SPDX-License-Identifier: MIT */
#include "show.h"

#include <inttypes.h>
#include <stdio.h>

void show_row(const int32_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%s", i == 0 ? "[" : ", ");
        if (row[i] < 0)
            printf("-");
        else
            printf("%" PRId32, row[i]);
    }
    printf("]");
}

void show_echo(const int32_t *expected, const int32_t *predicted, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        printf("Expected: ");
        show_row(expected + r * n, n);
        printf(" Predicted ");
        show_row(predicted + r * n, n);
        printf("\n");
    }
}
