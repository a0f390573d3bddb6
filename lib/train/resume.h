/* train/resume.h - the place of a fit in a file: written by a save, taken up by a fit.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_RESUME_H
#define SE_TRAIN_RESUME_H

#include "io/safetensors.h"
#include "train/fit_run.h"

/* What a restored checkpoint has left for the next fit: the description of the place, and
 * the file with the arrays of callbacks.  It belongs to the trainer until a fit takes it
 * up, or until a step is made without it. */
typedef struct se_resume {
    seqecho_allocator allocator;
    json_t *place;
    se_container file;
    unsigned char *bytes; /* of the file */
} se_resume;

void se_resume_destroy(se_resume *resume); /* NULL is allowed */

/* Forget what a restored checkpoint has left. */
static inline void se_trainer_forget_resume(seqecho_trainer *t)
{
    if (t->resume != NULL) {
        se_resume_destroy(t->resume);
        t->resume = NULL;
    }
}

/* Arrays of a place: where callback number i keeps its own, and the sequences that the
 * datasets are at. */
#define SE_CALLBACK_ARRAYS "trainer/callback/"
#define SE_DATASET_ARRAY "trainer/dataset/sequence"
#define SE_VALIDATION_ARRAY "trainer/validation_dataset/sequence"
#define SE_CALLBACK_PREFIX 48
const char *se_callback_prefix(char prefix[SE_CALLBACK_PREFIX], size_t i);

/* Describe where a fit is; arrays go to the writer.  The caller owns *out. */
int se_place_write(json_t **out, const se_fit_run *run, se_writer *w);

/* The same of a place that no fit has taken up yet. */
int se_place_write_again(json_t **out, const se_resume *resume, se_writer *w);

/* Is this a place at which some fit can be?  Numbers in range, but nothing that only the
 * fit knows. */
int se_place_check(const json_t *place, const char *what);

/* Is it one in this fit, whose samples and callbacks are known?  Nothing changes. */
int se_place_fits(const se_fit_run *run, const se_resume *resume);

/* Bring the run there, and its datasets: cannot fail. */
void se_place_take(se_fit_run *run, const se_resume *resume);

#endif /* SE_TRAIN_RESUME_H */
