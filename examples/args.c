/* args.c - the command line that the example programs share.
 * SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "plot.h"

/* Options that make no sense together. */
static void check(const args *a)
{
    const char *wrong = NULL;
    int status;

    if (a->epochs == 0 && a->load == NULL)
        wrong = "--epochs: 0 only echoes, and needs a model to --load";
    else if (a->epochs == 0 && a->checkpoint != NULL)
        wrong = "--checkpoint: with --epochs 0 there is no training to save";
    else if (a->epochs == 0 && a->csv != NULL)
        wrong = "--csv: with --epochs 0 there are no figures to write";
    else if (a->epochs == 0 && a->plot != NULL)
        wrong = "--plot: with --epochs 0 there are no figures to draw";
    else if (a->resume && a->checkpoint == NULL)
        wrong = "--resume: where from? It needs the directory, --checkpoint DIR";
    else if (a->every > 0 && a->checkpoint == NULL)
        wrong = "--every: it needs a directory for the checkpoints, --checkpoint DIR";
    if (wrong != NULL)
        args_say(a, "%s", wrong);
    status = wrong != NULL ? ARGS_BAD : plot_check(a);
    if (status != 0)
        exit(status);
}

void args_parse(args *a, int argc, char **argv, const char *about)
{
    const char *const slash = strrchr(argv[0], '/');
    struct option list[OPTIONS_MOST];
    args defaults;
    int choice;

    a->program = slash != NULL ? slash + 1 : argv[0];
    a->argc = argc;
    a->argv = argv;
    defaults = *a;
    options_list(&defaults, list);
    while ((choice = getopt_long(argc, argv, "h", list, NULL)) != -1)
        switch (choice) {
        case OPTIONS_HELP: options_help(&defaults, about); exit(args_finish(a));
        case '?': fprintf(stderr, "Try '%s --help'.\n", a->program); exit(ARGS_BAD);
        default: options_take(a, choice, optarg);
        }
    if (optind < argc) {
        args_say(a, "unexpected argument '%s'", argv[optind]);
        exit(ARGS_BAD);
    }
    if (defaults.epochs != 0)
        check(a);
}

int64_t args_number(const args *a, const char *option, const char *text, int64_t least,
                    int64_t most)
{
    const char *const digits = text + (*text == '-');
    int64_t value;

    errno = 0;
    value = strtoimax(text, NULL, 10);
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0' || errno != 0 ||
        value < least || value > most) {
        args_say(a,
                 "--%s: expected a whole number from %" PRId64 " to %" PRId64 ", got '%s'",
                 option, least, most, text);
        exit(ARGS_BAD);
    }
    return value;
}
