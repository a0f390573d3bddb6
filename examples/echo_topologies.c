/* echo_topologies.c - the same echo by three shapes of networks.
 * SPDX-License-Identifier: MIT
 *
 * One-to-one: the whole window in one time step, the answer in one vector; many-to-one: a
 * number a step, the answer in one vector; many-to-many: a number a step, an answer a
 * step.  In the same time many-to-one learns much less than the other two. */
#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 150, .batch = 7, .epochs = 1000, .several = true };
    trial one_to_one = { .build = model_one_to_one };
    trial many_to_one = { .build = model_many_to_one };
    trial many_to_many = { .build = model_seq2seq };
    int err;

    args_parse(&a, argc, argv, "Learn to echo a window by three shapes of networks.");
    err = report_trial(&a, &one_to_one, "one-to-one");
    if (err == 0)
        err = report_trial(&a, &many_to_one, "many-to-one");
    if (err == 0)
        err = report_trial(&a, &many_to_many, "many-to-many");
    return args_exit(&a, err);
}
