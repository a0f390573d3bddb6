/* calls.h - the system calls of the code under test: counted, failed, cut short, recorded,
 * or the last thing that a process does.
 * SPDX-License-Identifier: MIT
 *
 * The executables are linked with --wrap for each of the calls (meson.build), so that those
 * of the library and of the test itself come here, those of libc do not.  All but the
 * interval between calls_begin() and calls_end() goes straight to the system.  For one
 * thread. */
#ifndef SEQECHO_TESTS_CALLS_H
#define SEQECHO_TESTS_CALLS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum calls_kind {
    CALLS_ANY = 0,
    CALLS_OPEN,
    CALLS_STAT,
    CALLS_CHMOD,
    CALLS_ALLOCATE,
    CALLS_READ,
    CALLS_WRITE,
    CALLS_SYNC,
    CALLS_CLOSE,
    CALLS_RENAME,
    CALLS_UNLINK,
    CALLS_KINDS
} calls_kind;

#define CALLS_FOR_EVER INT_MAX

/* What a process exits with that was to die. */
#define CALLS_DIED 99

typedef enum calls_death {
    CALLS_LIVES = 0,
    CALLS_DIES_BEFORE,
    CALLS_DIES_AFTER
} calls_death;

/* A call that changed something, as the system did it. */
typedef struct calls_op {
    calls_kind kind;
    int fd;                           /* the one used, or the one that open gave */
    bool directory, create, truncate; /* of an open */
    char name[256], to[256];          /* of an open, a rename, an unlink; the last part */
    size_t offset, size;              /* of a write; an allocation up to `size` */
    unsigned char *data;              /* of a write */
} calls_op;

typedef struct calls_trace {
    calls_op *op;
    size_t n;
} calls_trace;

typedef struct calls_plan {
    calls_kind kind; /* the calls that `at` counts; 0 means all */
    int at;          /* the call, from 1, at which something happens; 0 means none */

    int error;                  /* it fails with this, and nothing is done but closing */
    int times;                  /* so do the next ones of that kind; 0 means once */
    calls_death dies;           /* or the process ends there */
    void (*before)(void *user); /* or this is called first */
    void *user;

    size_t longest;     /* no read or write has more bytes; 0 means no limit */
    calls_trace *trace; /* or NULL */
} calls_plan;

/* NULL just counts.  No fsync() is really made: nobody pulls the plug. */
void calls_begin(const calls_plan *plan);

/* How many there were. */
int calls_end(void);

/* Of the last interval: the kind of its k-th call, and how many of a kind were made, and
 * were failed. */
calls_kind calls_kind_of(int k);
int calls_made(calls_kind kind);
int calls_failed(calls_kind kind);

void calls_trace_free(calls_trace *trace);

#endif /* SEQECHO_TESTS_CALLS_H */
