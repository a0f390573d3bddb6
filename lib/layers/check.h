/* layers/check.h - checks of descriptions that several kinds of layers make: one condition
 * and one message for each.
 * SPDX-License-Identifier: MIT
 *
 * All return SEQECHO_OK, or fail in the name of the layer.  `what` is the name of the
 * field. */
#ifndef SE_LAYERS_CHECK_H
#define SE_LAYERS_CHECK_H

#include "layers/layer.h"

/* A size, which must be 1 or more. */
int se_check_size(const seqecho_layer *layer, const char *what, int64_t size);

/* The units of a recurrent layer with so many gates. */
int se_check_units(const seqecho_layer *layer, int64_t units, int64_t gates);

/* Defaults must be resolved. */
int se_check_activation(const seqecho_layer *layer, seqecho_activation activation);
int se_check_init(const seqecho_layer *layer, seqecho_init init);

/* Those of a recurrent layer. */
int se_check_recurrent_inits(const seqecho_layer *layer, seqecho_init kernel,
                             seqecho_init recurrent, seqecho_init bias);
int se_check_implementation(const seqecho_layer *layer, int implementation);
int se_check_masked_output(const seqecho_layer *layer, seqecho_masked_output output);

/* A rate of dropout. */
int se_check_rate(const seqecho_layer *layer, const char *what, float rate);

int se_check_padding(const seqecho_layer *layer, seqecho_padding padding);

/* An input that must be (timesteps, features); `advice` is for one without timesteps. */
int se_check_sequence(const seqecho_layer *layer, const se_shape *in, const char *advice);

#endif /* SE_LAYERS_CHECK_H */
