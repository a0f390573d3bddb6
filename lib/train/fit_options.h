/* train/fit_options.h - reading the options of fitting and evaluating.
 * SPDX-License-Identifier: MIT */
#ifndef SE_TRAIN_FIT_OPTIONS_H
#define SE_TRAIN_FIT_OPTIONS_H

#include "train/trainer.h"

/* Check what evaluating reads, too, and put defaults in place; `usual` is that of
 * reset_states. */
int se_fit_options_read(seqecho_fit_options *opt, const seqecho_fit_options *given,
                        seqecho_state_reset usual);

/* Check the rest: callbacks, shuffling and validation, of a fit or one of a dataset. */
int se_fit_options_check(const seqecho_fit_options *opt, const seqecho_trainer *trainer,
                         bool dataset);

/* How many of `samples` are trained on, where validation_split takes its share. */
int se_fit_options_split(const seqecho_fit_options *opt, int64_t samples, int64_t *train);

#endif /* SE_TRAIN_FIT_OPTIONS_H */
