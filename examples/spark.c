/* spark.c - a row of figures as small bars, in a line of text.
 * SPDX-License-Identifier: MIT */
#include "spark.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#define ENOUGH 100 /* values for a mean: it is drawn often */

/* From low to high. */
static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const plain[] = { "_", ".", "-", "'" };

bool spark_utf8(void)
{
    const locale_t user = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool yes;

    if (user == (locale_t)0)
        return false;
    yes = strcmp(nl_langinfo_l(CODESET, user), "UTF-8") == 0;
    freelocale(user);
    return yes;
}

/* The mean of the values that are drawn as bar number i of n, or of some of them. */
static double bar(const double *values, size_t count, size_t i, size_t n)
{
    const size_t first = i * count / n, end = (i + 1) * count / n;
    const size_t step = 1 + (end - first) / ENOUGH;
    double sum = 0.0, used = 0.0;

    for (size_t k = first; k < end; k += step) {
        sum += values[k];
        used += 1.0;
    }
    return sum / used;
}

size_t spark(char *text, const double *values, size_t count, size_t columns, bool utf8)
{
    const char *const *const levels = utf8 ? blocks : plain;
    const int highest = utf8 ? 7 : 3;
    const size_t n = count < columns ? count : columns;
    double low = HUGE_VAL, high = -HUGE_VAL;

    *text = '\0';
    if (n < 2)
        return 0;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, bar(values, count, i, n));
        high = fmax(high, bar(values, count, i, n));
    }
    for (size_t i = 0; i < n; i++) {
        const double part = (bar(values, count, i, n) - low) / (high - low);
        const int level = part >= 0.0 ? (int)lround(part * highest) : 0; /* 0 for NaN */

        const char *const mark = levels[level < highest ? level : highest];

        memcpy(text, mark, strlen(mark) + 1);
        text += strlen(mark);
    }
    return n;
}
