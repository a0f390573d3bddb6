/* echo.h - how the demos end: a fresh sequence echoed for the eye, and a figure over many.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_ECHO_H
#define EXAMPLES_ECHO_H

#include <seqecho/trainer.h>

#include "args.h"

/* Let the model echo a sequence that no training has seen, and print each row beside the
 * truth: "Expected: [1, 2] Predicted [1, 2]".  Then print the accuracy over --eval more of
 * them.  They are the same for the same seed, however long the training was.  0, or a
 * SEQECHO_E* code. */
int echo_held_out(seqecho_trainer *trainer, const args *a);

#endif /* EXAMPLES_ECHO_H */
