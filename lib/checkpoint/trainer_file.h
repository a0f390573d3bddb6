/* checkpoint/trainer_file.h - what a training adds to a model file.
 * SPDX-License-Identifier: MIT
 *
 * Numbers are in a text of the header, JSON; arrays are
 *
 *     trainer/history/<series>               F64, a figure an epoch
 *     trainer/optimizer/<moment>/<weight>    F32, like the weight
 *     trainer/state/<layer>                  F32, a state as the layer keeps it
 *     trainer/dataset/sequence               I32, and of the validation's: train/resume.h
 *     trainer/callback/<i>/...               as the callback likes
 *
 * None of these can be the name of a weight, which has one '/'. */
#ifndef SE_CHECKPOINT_TRAINER_FILE_H
#define SE_CHECKPOINT_TRAINER_FILE_H

#include "model/model_file.h"
#include "train/resume.h"

#define SE_KEY_TRAINER "seqecho.trainer"

/* "trainer/optimizer/mean/" and so on. */
extern const char *const se_moment_prefix[SE_MOMENTS];

#define SE_ARRAY_NAME 256
const char *se_history_array(char name[SE_ARRAY_NAME], se_series series);
const char *se_state_array(char name[SE_ARRAY_NAME], const char *layer);

/* Write the whole training to a path, durably. */
int se_trainer_write(const seqecho_trainer *trainer, const char *path, const char *what);

#endif /* SE_CHECKPOINT_TRAINER_FILE_H */
