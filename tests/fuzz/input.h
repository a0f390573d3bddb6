/* input.h - choices, numbers and sizes read from the bytes of a fuzzer's input.
 * SPDX-License-Identifier: MIT
 *
 * Beyond the end all bytes are 0, so a target ends by itself and every prefix of an input
 * means the same as in the whole. */
#ifndef SEQECHO_TESTS_INPUT_H
#define SEQECHO_TESTS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct input {
    const uint8_t *data;
    size_t size;
    size_t at;
} input;

static inline bool input_done(const input *in)
{
    return in->at >= in->size;
}

static inline uint8_t input_byte(input *in)
{
    return in->at < in->size ? in->data[in->at++] : 0;
}

/* Little-endian, of so many bytes. */
static inline uint64_t input_bytes(input *in, int n)
{
    uint64_t value = 0;

    for (int i = 0; i < n; i++)
        value |= (uint64_t)input_byte(in) << (8 * i);
    return value;
}

/* A number below n, which is at most 256. */
static inline uint32_t input_below(input *in, uint32_t n)
{
    return input_byte(in) % n;
}

static inline int64_t input_between(input *in, int64_t least, int64_t most)
{
    return least + (int64_t)input_below(in, (uint32_t)(most - least + 1));
}

/* One chance in n; never, once the input has ended. */
static inline bool input_chance(input *in, uint32_t n)
{
    return input_below(in, n) == n - 1;
}

/* Any bits at all: NaNs, infinities and numbers that are not normal among them. */
static inline float input_float(input *in)
{
    const uint32_t bits = (uint32_t)input_bytes(in, 4);
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double input_double(input *in)
{
    const uint64_t bits = input_bytes(in, 8);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* A number such as breaks products of sizes. */
static inline int64_t input_absurd(input *in)
{
    static const int64_t numbers[] = {
        0,
        -1,
        1,
        INT64_C(1) << 15,
        INT32_MAX,
        INT64_C(1) << 31,
        INT64_C(1) << 32,
        INT64_C(1) << 40,
        INT64_C(1) << 61,
        INT64_MAX,
        INT64_MIN,
        (INT64_C(1) << 31) - 64,
    };

    return numbers[input_below(in, sizeof numbers / sizeof *numbers)];
}

#endif /* SEQECHO_TESTS_INPUT_H */
