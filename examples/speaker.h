/* speaker.h - a trained encoder and decoder at work, one number at a time.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_SPEAKER_H
#define EXAMPLES_SPEAKER_H

#include "args.h"
#include "trial.h"

/* Let a model with the layers "encoder", "decoder" and "answer" echo a held-out sequence
 * for the eye, and --eval more for elements and rows of the score.  0, or a SEQECHO_E*
 * code. */
int speaker_echo(const args *a, seqecho_graph *model, trial_score *score);

#endif /* EXAMPLES_SPEAKER_H */
