/* data/dataset.h - what the rest of the library knows of datasets beyond the interface.
 * SPDX-License-Identifier: MIT */
#ifndef SE_DATA_DATASET_H
#define SE_DATA_DATASET_H

#include <seqecho/dataset.h>

/* Values are int32, so no alphabet is larger than this. */
#define SE_UNIQUE_MAX INT32_MAX

/* The rows of a dataset as class numbers, int32, in [0, n_unique): x (rows, n_in) and
 * y (rows, n_out). */
typedef struct se_classes {
    seqecho_view x, y;
    int64_t n_unique;
} se_classes;

/* The class numbers behind the current x and y; NULL if the encoding is linear or some
 * steps are padded, because those have none.  Training on them gives the bits that
 * training on the one-hot rows gives, sooner.  Like the public views, they stay where they
 * are while their content changes with every draw. */
const se_classes *se_dataset_classes(const seqecho_dataset *dataset);

/* What makes a dataset the one it is: equal ones draw the same at the same position. */
enum { SE_DATASET_NUMBERS = 7 };
typedef struct se_dataset_identity {
    uint64_t seed;
    int64_t number[SE_DATASET_NUMBERS];
} se_dataset_identity;

/* The names of its options that these numbers are. */
extern const char *const se_dataset_numbers[SE_DATASET_NUMBERS];

/* Of NULL: zeros. */
se_dataset_identity se_dataset_identify(const seqecho_dataset *dataset);

/* The memory of the current sequence.  Who writes values in [0, n_unique) there has it
 * framed next. */
int32_t *se_dataset_sequence(seqecho_dataset *dataset);
void se_dataset_frame(seqecho_dataset *dataset);

/* ---- The workers behind the public functions: arguments already checked ------------- */

/* Draw sequence number rng->position of a domain of base/rng.h, and step to the next
 * one. */
void se_sequence_draw(seqecho_rng *rng, uint32_t domain, uint32_t n_unique, int32_t *out,
                      size_t length);

/* SEQECHO_EINVAL, naming `what` and the first value outside [0, n_unique). */
int se_sequence_check(const char *what, const int32_t *sequence, size_t length,
                      int64_t n_unique);

/* value / (n_unique - 1). */
float se_linear(int32_t value, int64_t n_unique);

/* Windows of `steps` steps, one a row, each `width` numbers of 4 bytes: the first steps of
 * the windows of n_in that `keep` says to keep. */
void se_frame_windows(const void *sequence, size_t length, size_t width, size_t n_in,
                      size_t steps, seqecho_rows keep, const void *pad, void *out);

#endif /* SE_DATA_DATASET_H */
