/* fuzz.h - what a fuzzing target gives, and what it is given.
 * SPDX-License-Identifier: MIT
 *
 * The names are libFuzzer's.  A target, fuzz_NAME.c, runs under libFuzzer as fuzz_NAME
 * and on the committed corpus as replay_NAME (replay.c).  It must do the same for the same
 * bytes every time, keep nothing from one input to the next, and never write to stdout. */
#ifndef SEQECHO_TESTS_FUZZ_H
#define SEQECHO_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Run one input; returns 0, or does not return if the library misbehaves. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Optional: change an input in place, to at most max_size bytes; returns its new size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed);

/* For the one above to call: a mutation that knows nothing of the format. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* What must hold, in a release build too. */
#define FUZZ_CHECK(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            abort(); \
        } \
    } while (0)

#endif /* SEQECHO_TESTS_FUZZ_H */
