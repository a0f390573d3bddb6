/* live.h - the line on a terminal that shows how training goes, and changes in place.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_LIVE_H
#define EXAMPLES_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <seqecho/trainer.h>

/* Whether stdout is a terminal that can rewrite a line. */
bool live_possible(void);

/* Draw the line over the one before, as wide as the terminal is now: what an event of the
 * trainer tells, and if there is room the losses of its epochs as small bars; where since
 * the begin of epoch `first` so many samples were trained on, those of its own epoch not
 * counted, and so many seconds have passed.  At the end of training (SEQECHO_EVENT_FIT_END)
 * it tells how long that took instead of how long it will take.  The bars are coloured
 * unless NO_COLOR is set. */
void live_draw(const seqecho_trainer *trainer, const seqecho_event *e, int64_t first,
               int64_t samples, double elapsed);

/* What is watched beside the loss: the accuracy, or where that is NaN, the mean error. */
const char *live_metric_name(double accuracy);
double live_metric(double accuracy, double mae);

#endif /* EXAMPLES_LIVE_H */
