/* layers/merge.h - what layers of several inputs share: masks.
 * SPDX-License-Identifier: MIT */
#ifndef SE_LAYERS_MERGE_H
#define SE_LAYERS_MERGE_H

#include "layers/layer.h"

/* ops->mask(): a step is there if it is in all inputs. */
const uint8_t *se_merge_mask(const se_frame *f, uint8_t *room);

#endif /* SE_LAYERS_MERGE_H */
