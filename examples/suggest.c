/* suggest.c - what somebody may have meant who typed a word that nobody knows.
 * SPDX-License-Identifier: MIT */
#include "suggest.h"

#include <string.h>

#define LONGEST 40 /* words of more letters are not compared */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t suggest_distance(const char *word, size_t length, const char *other)
{
    const size_t m = strlen(other);
    size_t rows[3][LONGEST + 1]; /* before the last one, the last one, this one */

    if (length > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t k = 0; k <= m; k++)
        rows[1][k] = k;
    for (size_t i = 1; i <= length; i++) {
        rows[2][0] = i;
        for (size_t k = 1; k <= m; k++) {
            const size_t change = rows[1][k - 1] + (word[i - 1] != other[k - 1]);

            rows[2][k] = least(change, 1 + least(rows[1][k], rows[2][k - 1]));
            if (i > 1 && k > 1 && word[i - 1] == other[k - 2] &&
                word[i - 2] == other[k - 1])
                rows[2][k] = least(rows[2][k], rows[0][k - 2] + 1);
        }
        memcpy(rows[0], rows[1], sizeof rows[0]);
        memcpy(rows[1], rows[2], sizeof rows[1]);
    }
    return rows[1][m];
}

suggestion suggest(const char *word)
{
    const size_t length = strlen(word);

    /* One mistake, and one more for every four letters. */
    return (suggestion){ .word = word, .length = length, .distance = 2 + length / 4 };
}

/* A word that somebody has not typed to its end is near. */
void suggest_from(suggestion *s, const char *known)
{
    const size_t distance = s->length >= 2 && strncmp(s->word, known, s->length) == 0
                                ? 1
                                : suggest_distance(s->word, s->length, known);

    if (distance >= s->distance)
        return;
    s->best = known;
    s->distance = distance;
}
