/* base/error.h - the one way an error is raised.
 * SPDX-License-Identifier: MIT */
#ifndef SE_BASE_ERROR_H
#define SE_BASE_ERROR_H

#include <seqecho/common.h>

#include "base/attributes.h"

/* Room for one message; longer ones are cut. */
#define SE_ERROR_SIZE 320

/* Set this thread's message and return `code`, which is negative.  Every error in the
 * library passes through here, so this is the place for a breakpoint.  Allocates
 * nothing. */
SE_COLD int se_fail(int code, const char *format, ...) SE_PRINTF(2, 3);

/* What an analyser cannot see, as it looks at one file. */
#ifdef __clang_analyzer__
#define se_fail(code, ...) ((void)(se_fail)((code), __VA_ARGS__), (code))
#endif

/* Forward an error: leave the function if `call` failed, its message already set. */
#define SE_TRY(call) \
    do { \
        const int e_ = (call); \
        if (e_ < 0) \
            return e_; \
    } while (0)

#endif /* SE_BASE_ERROR_H */
