/* echo_topologies.c - the same echo by three shapes of networks.
 * SPDX-License-Identifier: MIT
 *
 * One-to-one: the whole window in one time step, the answer in one vector; many-to-one: a
 * number a step, the answer in one vector; many-to-many: a number a step, an answer a
 * step.  In the same time many-to-one learns much less than the other two. */
#include <stdlib.h>

#include "models.h"
#include "report.h"

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .units = 150, .batch = 7, .epochs = 1000, .several = true };
    trial one_to_one = { .build = model_one_to_one };
    trial many_to_one = { .build = model_many_to_one };
    trial many_to_many = { .build = model_seq2seq };

    args_parse(&a, argc, argv, "Learn to echo a window by three shapes of networks.");
    if (report_trial(&a, &one_to_one, "one-to-one") < 0 ||
        report_trial(&a, &many_to_one, "many-to-one") < 0 ||
        report_trial(&a, &many_to_many, "many-to-many") < 0)
        return EXIT_FAILURE;
    return args_finish(&a);
}
