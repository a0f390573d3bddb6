/* files.h - models and checkpoints, as the command line of an example asks for them.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_FILES_H
#define EXAMPLES_FILES_H

#include <seqecho/seqecho.h>

#include "args.h"

/* These return 0, a SEQECHO_E* code, or an exit status after a message. */

/* Rather now than after hours of training: is there a place for --save and --checkpoint? */
int files_check(const args *a);

/* The same for the file or directory `path` of some --option. */
int files_check_parent(const args *a, const char *option, const char *path);

/* --load: give the model, which was built by the options, the weights of the one in the
 * file.  That must be of the same layers and shapes. */
int files_load(seqecho_graph *model, const args *a);

/* --dot: write the graph of the model. */
int files_dot(const seqecho_graph *model, const args *a);

/* --resume: bring the trainer to where the newest checkpoint was taken, and say at which
 * epoch it goes on; or say that there is none. */
int files_resume(seqecho_trainer *trainer, const args *a);

/* --checkpoint: what saves the training as it goes. */
int files_checkpoint(seqecho_callback **out, const args *a);

/* A checkpoint is due after so many epochs. */
int64_t files_every(const args *a);

#endif /* EXAMPLES_FILES_H */
