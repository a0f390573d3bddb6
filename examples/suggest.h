/* suggest.h - what somebody may have meant who typed a word that nobody knows.
 * SPDX-License-Identifier: MIT
 *
 *     suggestion s = suggest(word);
 *     for (...)
 *         suggest_from(&s, one of the words that are known);
 *     if (s.best != NULL)
 *         printf("did you mean %s?", s.best); */
#ifndef EXAMPLES_SUGGEST_H
#define EXAMPLES_SUGGEST_H

#include <stddef.h>

typedef struct suggestion {
    const char *word; /* as it was typed, so many characters of it */
    size_t length;
    const char *best; /* of the known words so far, if it is near enough; else NULL */
    size_t distance;
} suggestion;

suggestion suggest(const char *word);
void suggest_from(suggestion *s, const char *known);

/* How many letters have to be changed, added, left out or swapped with the next one, to get
 * from one word, of which `length` letters count, to the other. */
size_t suggest_distance(const char *word, size_t length, const char *other);

#endif /* EXAMPLES_SUGGEST_H */
