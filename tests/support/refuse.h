/* refuse.h - asserting that a call fails as documented, and says why.
 * SPDX-License-Identifier: MIT */
#ifndef SEQECHO_TESTS_REFUSE_H
#define SEQECHO_TESTS_REFUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include <seqecho/common.h>

/* The call returns `code`, and the message is exactly `text`. */
#define assert_refused(call, code, text) \
    refuse_assert(call, code, text, #call, __FILE__, __LINE__)

static inline void refuse_assert(int got, int want, const char *text, const char *call,
                                 const char *file, int line)
{
    if (got != want) {
        print_error("%s\n  returned %s, expected %s\n", call, seqecho_error_name(got),
                    seqecho_error_name(want));
        _fail(file, line);
    }
    if (strcmp(seqecho_error_message(), text) != 0) {
        print_error("%s\n  said     \"%s\"\n  expected \"%s\"\n", call,
                    seqecho_error_message(), text);
        _fail(file, line);
    }
}

#endif /* SEQECHO_TESTS_REFUSE_H */
