/* table.h - the table of echo_compare, in Markdown.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_TABLE_H
#define EXAMPLES_TABLE_H

#include "measure.h"

void table_head(const char *set, int seeds, int64_t first);

/* Mean and standard deviation of each figure over the seeds; NaNs are left out. */
void table_row(const comparison *c, const measured *results, int seeds);

#endif /* EXAMPLES_TABLE_H */
