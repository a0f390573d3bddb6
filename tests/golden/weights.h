/* weights.h - the weights of a case's model, and the generator of stored-nowhere numbers.
 * SPDX-License-Identifier: MIT */
#ifndef PARITY_WEIGHTS_H
#define PARITY_WEIGHTS_H

#include "model.h"

/* Set every weight of a graph just built: from the arrays of the `weights` line, or, with
 * a line `prng_base`, from the generator. */
bool weights_set(struct model *m);

/* Number j of the stream `seed`, uniform in [0, 1). */
double prng_uniform(uint32_t seed, uint32_t j);

#endif /* PARITY_WEIGHTS_H */
