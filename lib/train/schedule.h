/* train/schedule.h - learning rates that change from step to step.
 * SPDX-License-Identifier: MIT
 *
 * A schedule is a function of the number of steps before this one, so it has no state.
 * Rates are worked out in doubles; the optimizer rounds them to floats. */
#ifndef SE_TRAIN_SCHEDULE_H
#define SE_TRAIN_SCHEDULE_H

#include <seqecho/trainer.h>

/* The largest learning rate, whether given or come to. */
#define SE_RATE_MAX 1000.0

typedef struct se_schedule {
    seqecho_schedule options; /* defaults resolved; kind 0 for none */
    double rate;              /* to begin with */
    int64_t boundaries[SEQECHO_SCHEDULE_MAX];
    double values[SEQECHO_SCHEDULE_MAX + 1];
} se_schedule;

/* Check and copy; NULL gives no schedule.  SEQECHO_EINVAL or SEQECHO_ENOTSUP for what is
 * out of range, missing, or no option of that kind. */
int se_schedule_read(se_schedule *schedule, const seqecho_schedule *options, double rate);

static inline bool se_schedule_any(const se_schedule *schedule)
{
    return schedule->options.kind != 0;
}

/* The rate of the step with `steps` before it. */
double se_schedule_rate(const se_schedule *schedule, int64_t steps);

#endif /* SE_TRAIN_SCHEDULE_H */
