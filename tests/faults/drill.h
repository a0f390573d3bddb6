/* drill.h - what anything that saves or reads a file has to live through.
 * SPDX-License-Identifier: MIT
 *
 * It knows nothing of what is saved: a function saves one content or another, as its user
 * pointer says, with the same bytes each time, and returns a code of the library.  All
 * drills work in the current directory and clear it. */
#ifndef SEQECHO_TESTS_DRILL_H
#define SEQECHO_TESTS_DRILL_H

#include "power.h"

typedef int drill_function(void *user, const char *path);

typedef struct drill {
    const char *name; /* in what is printed */
    drill_function *save;
    void *before, *after; /* users, for the old file and for the new one */
} drill;

/* The first few cases that are not survived are printed, and the sums. */
typedef struct drill_count {
    int tried, survived;
} drill_count;

/* Fail every call of a save, with each of some errnos, once and for ever, with and without
 * an old file, with whole and with short writes.  Afterwards the path holds the new file if
 * the code is SEQECHO_OK or SEQECHO_EDURABILITY, else the old one.  No failure but a signal
 * goes unreported, the message names the path and the error, nothing else is left in the
 * directory unless unlink failed, no descriptor is lost, and fsync() is not made again. */
drill_count drill_errors(const drill *d);

/* Kill the process before and after every call.  The path holds the old file until it is
 * renamed and the new one from then on, and the next save succeeds. */
drill_count drill_kills(const drill *d);

/* Cut the power, with and without an old file. */
power_count drill_power(const drill *d);

/* Fail every call of `load`, which reads "file" with `data` in it and returns SEQECHO_OK
 * only if it got just that, again with whole and with short reads. */
drill_count drill_reading(const char *name, drill_function *load, void *user,
                          const files_bytes *data);

#endif /* SEQECHO_TESTS_DRILL_H */
