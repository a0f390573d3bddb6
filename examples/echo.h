/* echo.h - how the demos end: a fresh sequence echoed for the eye, and a figure over many.
 * SPDX-License-Identifier: MIT
 *
 * Both return 0 or a SEQECHO_E* code. */
#ifndef EXAMPLES_ECHO_H
#define EXAMPLES_ECHO_H

#include <seqecho/trainer.h>

#include "args.h"

/* Let the model echo a sequence that it has never seen, and print each row beside the
 * truth: "Expected: [1, 2] Predicted [1, 2]". */
int echo_show(seqecho_trainer *trainer, seqecho_dataset *data, const args *a);

/* Print the accuracy over --eval more sequences. */
int echo_evaluate(seqecho_trainer *trainer, seqecho_dataset *data, const args *a);

#endif /* EXAMPLES_ECHO_H */
