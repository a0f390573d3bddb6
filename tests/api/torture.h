/* torture.h - asserting that a call fails, says so itself, and says something.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_TORTURE_H
#define SEQECHO_TESTS_TORTURE_H

#include "refuse.h"

#include <seqecho/seqecho.h>

/* Options that nobody else gives, and what is said of them. */
#define TORTURE_BEFORE (&(const seqecho_graph_options){ .struct_size = 3 })
#define TORTURE_BEFORE_TEXT "graph options: struct_size is 3, "

/* The call returns `code`, with a message that is its own and contains `part`. */
#define TORTURE(call, code, part) \
    do { \
        seqecho_graph *none_; \
        (void)!seqecho_graph_create(&none_, TORTURE_BEFORE); /* another message */ \
        torture_assert(call, code, part, #call, __FILE__, __LINE__); \
    } while (0)

static inline void torture_assert(int got, int want, const char *part, const char *call,
                                  const char *file, int line)
{
    const char *const text = seqecho_error_message();

    if (got == want && text[0] != '\0' && strstr(text, TORTURE_BEFORE_TEXT) == NULL &&
        strstr(text, part) != NULL)
        return;
    print_error("%s\n  returned %s, expected %s\n  said \"%s\", expected \"...%s...\"\n",
                call, seqecho_error_name(got), seqecho_error_name(want), text, part);
    _fail(file, line);
}

#endif /* SEQECHO_TESTS_TORTURE_H */
