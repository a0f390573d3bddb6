/* echo_longer.c - echo more and more of the window with the same network, from one number
 * up to --n-out of them.
 * SPDX-License-Identifier: MIT
 *
 * Everything the decoder of the tutorial's encoder-decoder says must have passed through
 * one vector of --units numbers, so each more number takes more epochs, until the network
 * is too small. */
#include <inttypes.h>
#include <stdio.h>

#include "models.h"
#include "report.h"

#define ENOUGH 0.995 /* of the numbers right, on average over so many epochs: */
#define EPOCHS 100

/* Ends a training that has learned its echo. */
typedef struct watch {
    double average;
} watch;

static int look(void *user, const seqecho_event *event)
{
    watch *const w = user;

    if (event->kind != SEQECHO_EVENT_EPOCH_END)
        return 0;
    w->average += (event->train->accuracy - w->average) / EPOCHS;
    return w->average >= ENOUGH;
}

static int run(const args *a)
{
    trial t = { .build = model_encoder_decoder };
    watch w = { 0.0 };
    char name[64];
    int err;

    snprintf(name, sizeof name, "%" PRId64 " of %" PRId64, a->n_out, a->n_in);
    err = report_train(a, &t, name, look, &w);
    if (err == 0)
        err = report_echo(a, &t);
    if (err == 0)
        err = report_summary(a, &t, w.average >= ENOUGH ? "learned" : "not learned");
    trial_close(&t);
    return err;
}

int main(int argc, char **argv)
{
    args a = { ARGS_TUTORIAL, .n_out = 3,      .units = 150,
               .batch = 21,   .epochs = 15000, .several = true };

    args_parse(
        &a, argc, argv,
        "Learn to echo the oldest 1, 2, ... --n-out numbers of a window, each until it\n"
        "is learned or --epochs have passed.");
    if (a.n_out > a.n_in) { /* rather than after hours */
        fprintf(stderr, "%s: --n-out: a window has only %" PRId64 " numbers\n", a.program,
                a.n_in);
        return ARGS_BAD;
    }
    for (int64_t n_out = 1; n_out <= a.n_out; n_out++) {
        args one = a;
        int err;

        one.n_out = n_out;
        err = run(&one);
        if (err != 0)
            return args_exit(&a, err);
    }
    return args_finish(&a);
}
