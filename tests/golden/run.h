/* run.h - one function for each kind of case.
 * SPDX-License-Identifier: MIT
 *
 * Each leaves its verdict in the result that the case points to. */
#ifndef PARITY_RUN_H
#define PARITY_RUN_H

#include "case.h"

void run_layer(struct golden_case *c);
void run_train(struct golden_case *c);
void run_program(struct golden_case *c);
void run_activations(struct golden_case *c);
void run_losses(struct golden_case *c);
void run_framing(struct golden_case *c);

#endif /* PARITY_RUN_H */
