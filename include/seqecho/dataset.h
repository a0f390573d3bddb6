/* seqecho/dataset.h - random integer sequences, their encodings, and their framing as
 * (samples, timesteps, features) pairs.
 * SPDX-License-Identifier: MIT
 *
 * The first half are plain functions on arrays of the caller; the second half is a handle
 * that draws, encodes and frames in buffers of its own. */
#ifndef SEQECHO_DATASET_H
#define SEQECHO_DATASET_H

#include <seqecho/common.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum seqecho_encoding {
    SEQECHO_ENCODE_ONE_HOT = 0, /* float32, n_unique features, one of them 1 */
    SEQECHO_ENCODE_LINEAR = 1,  /* float32, one feature: value / (n_unique - 1) */
    SEQECHO_ENCODE_INTEGER = 2  /* int32 class numbers, the one-hot axis left implicit */
} seqecho_encoding;

/* What becomes of windows that reach over an end of the sequence. */
typedef enum seqecho_rows {
    SEQECHO_ROWS_COMPLETE = 0,  /* they are dropped */
    SEQECHO_ROWS_PAD_START = 1, /* leading ones are kept, missing steps padded */
    SEQECHO_ROWS_PAD_BOTH = 2   /* leading and trailing ones are kept */
} seqecho_rows;

/* ---- Plain functions: no handle, no allocation ------------------------------------
 *
 * Thread-safety: safe, on different arrays.
 * Lengths count time steps.  A NULL array is refused unless its length is 0. */

/* Where a stream of random sequences stands: sequence number `position` of the stream
 * `seed`.  Copy it, store it, set it: the same two numbers give the same sequence on
 * every machine.  (Philox4x32-10, Salmon et al., SC11, keyed by the seed, counting blocks
 * in its low and sequences in its high 64 counter bits.)  This layout is frozen. */
typedef struct seqecho_rng {
    uint64_t seed;
    uint64_t position;
} seqecho_rng;

/* Draw `length` integers, uniform in [0, n_unique), without modulo bias; then add one to
 * rng->position.  n_unique is in [1, 2^31 - 1]. */
SEQECHO_API int seqecho_generate_sequence(seqecho_rng *rng, int64_t n_unique, int32_t *out,
                                          size_t length) SEQECHO_MUST_CHECK;

/* out: (length, n_unique), 0 but for a 1 at each value.  A value outside [0, n_unique)
 * is SEQECHO_EINVAL, and out is untouched. */
SEQECHO_API int seqecho_one_hot_encode(const int32_t *sequence, size_t length,
                                       int64_t n_unique, float *out) SEQECHO_MUST_CHECK;

/* The position of the largest of each n_unique numbers; the first one on a tie.  Also
 * decodes the probabilities a softmax gives. */
SEQECHO_API int seqecho_one_hot_decode(const float *encoded, size_t length,
                                       int64_t n_unique, int32_t *out) SEQECHO_MUST_CHECK;

/* value / (n_unique - 1), so in [0, 1]; 0 when n_unique is 1. */
SEQECHO_API int seqecho_linear_encode(const int32_t *sequence, size_t length,
                                      int64_t n_unique, float *out) SEQECHO_MUST_CHECK;

/* The nearest integer of value * (n_unique - 1), kept inside [0, n_unique); NaN gives 0. */
SEQECHO_API int seqecho_linear_decode(const float *encoded, size_t length, int64_t n_unique,
                                      int32_t *out) SEQECHO_MUST_CHECK;

/* How many rows framing gives: length - n_in + 1 for SEQECHO_ROWS_COMPLETE, length for
 * SEQECHO_ROWS_PAD_START, length + n_in - 1 for SEQECHO_ROWS_PAD_BOTH.  0 if n_in is 0 or
 * greater than length, keep is unknown, or the number does not fit. */
SEQECHO_API size_t seqecho_supervised_rows(size_t length, size_t n_in, seqecho_rows keep);

/* Frame a sequence of `length` steps, `width` numbers each, as supervised pairs.
 *
 * Row r of x is a window of n_in consecutive steps, and row r of y is the first n_out of
 * them, the oldest.  x: (rows, n_in, width), y: (rows, n_out, width), where rows is
 * seqecho_supervised_rows().  Steps outside the sequence are filled with pad_value, in x
 * and in y.  n_in is in [1, length], n_out in [1, n_in]. */
SEQECHO_API int seqecho_to_supervised(const float *sequence, size_t length, size_t width,
                                      size_t n_in, size_t n_out, seqecho_rows keep,
                                      float pad_value, float *x,
                                      float *y) SEQECHO_MUST_CHECK;

/* The same for integers.  x: (rows, n_in), y: (rows, n_out). */
SEQECHO_API int seqecho_to_supervised_int32(const int32_t *sequence, size_t length,
                                            size_t n_in, size_t n_out, seqecho_rows keep,
                                            int32_t pad_value, int32_t *x,
                                            int32_t *y) SEQECHO_MUST_CHECK;

/* ---- The generator: draws, encodes and frames, reusing its buffers ------------------ */

/* Thread-safety: one thread at a time per dataset. */
typedef struct seqecho_dataset seqecho_dataset;

typedef struct seqecho_dataset_options {
    size_t struct_size;
    int64_t length;   /* integers per sequence; 0 means 25 */
    int64_t n_unique; /* values are in [0, n_unique); 0 means 100 */
    int64_t n_in;     /* time steps per window; 0 means 5 */
    int64_t n_out;    /* echoed steps, the oldest of the window; 0 means n_in */
    seqecho_encoding encoding;
    seqecho_rows rows;
    float pad_value; /* fills the missing steps of x, and of a linear y; a one-hot y is
                          zero there, and an integer x or y is -1 */
    seqecho_bool held_out; /* draw from the other of the seed's two streams: sequences to
                              measure on, kept apart from those to train on */
    uint8_t reserved[3];   /* zero */
    uint64_t seed;
    const seqecho_allocator *allocator; /* or NULL */
} seqecho_dataset_options;

#ifndef __cplusplus
#define SEQECHO_DATASET(...) \
    SEQECHO__REF(seqecho_dataset_options, .struct_size = sizeof(seqecho_dataset_options), \
                 __VA_ARGS__)
#endif

/* Create a generator.  Its first sequence is drawn at once, so views have data from the
 * start.  SEQECHO_EINVAL if n_in > length, n_out > n_in, a size is negative or the
 * buffers would not fit the address space. */
SEQECHO_API int seqecho_dataset_create(
    seqecho_dataset **out, const seqecho_dataset_options *options) SEQECHO_MUST_CHECK;

/* NULL is allowed. */
SEQECHO_API void seqecho_dataset_destroy(seqecho_dataset *dataset);

/* Draw the next sequence into the same buffers.  Cannot fail and does not allocate. */
SEQECHO_API void seqecho_dataset_next(seqecho_dataset *dataset);

/* Frame a sequence of the caller's instead of a drawn one.  `length` must be the
 * dataset's, every value in [0, n_unique).  The position does not move. */
SEQECHO_API int seqecho_dataset_set_sequence(seqecho_dataset *dataset,
                                             const int32_t *sequence,
                                             size_t length) SEQECHO_MUST_CHECK;

/* How many sequences have been drawn; the number of the one that comes next. */
SEQECHO_API uint64_t seqecho_dataset_position(const seqecho_dataset *dataset);

/* Make sequence number `position` the one that seqecho_dataset_next() draws next. */
SEQECHO_API void seqecho_dataset_seek(seqecho_dataset *dataset, uint64_t position);

/* The current rows.  x: (rows, n_in, features), y: (rows, n_out, features); without the
 * feature axis and of int32 for SEQECHO_ENCODE_INTEGER.  The views and the arrays behind
 * them stay where they are for the dataset's whole life; their content changes with
 * every draw. */
SEQECHO_API const seqecho_view *seqecho_dataset_x(const seqecho_dataset *dataset);
SEQECHO_API const seqecho_view *seqecho_dataset_y(const seqecho_dataset *dataset);

/* The current sequence of integers; *length, where not NULL, receives how many. */
SEQECHO_API const int32_t *seqecho_dataset_sequence(const seqecho_dataset *dataset,
                                                    size_t *length);

/* Decode `steps` time steps of a prediction into integers: arg-max over n_unique numbers
 * a step, or one linear number a step, as the dataset's encoding says. */
SEQECHO_API int seqecho_dataset_decode(const seqecho_dataset *dataset, const float *encoded,
                                       size_t steps, int32_t *out) SEQECHO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif /* SEQECHO_DATASET_H */
