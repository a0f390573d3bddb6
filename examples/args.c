/* args.c - the command line that the example programs share.
 * SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
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
    else if (a->epochs == 0 && a->tensorboard != NULL)
        wrong = "--tensorboard: with --epochs 0 there are no figures to write";
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

void args_name(args *a, int argc, char **argv)
{
    const char *const slash = strrchr(argv[0], '/');

    a->program = slash != NULL ? slash + 1 : argv[0];
    a->argc = argc;
    a->argv = argv;
}

void args_parse(args *a, int argc, char **argv, const char *about)
{
    struct option list[OPTIONS_MOST];
    args defaults;
    int choice;

    args_name(a, argc, argv);
    defaults = *a;
    options_list(&defaults, list);
    while ((choice = command_next(a, list)) != -1) {
        if (choice != OPTIONS_HELP) {
            options_take(a, choice, optarg);
            continue;
        }
        options_help(&defaults, about);
        exit(args_finish(a));
    }
    if (optind < argc)
        command_unexpected(a, list, argv[optind]);
    if (defaults.epochs != 0)
        check(a);
}

/* ---- Numbers ------------------------------------------------------------------------ */

/* What a number may be that is not written as it should: 1e3, 10k, 5.0, 1,000 or 1_000.  It
 * is -1 if that is not whole. */
static int64_t guess(const char *text)
{
    char plain[32];
    size_t length = 0;
    double value;
    char *end;

    for (; *text != '\0'; text++)
        if (strchr(",_' ", *text) == NULL && length + 1 < sizeof plain)
            plain[length++] = *text;
    plain[length] = '\0';
    value = strtod(plain, &end);
    if (length == 0 || strchr("0123456789", plain[0]) == NULL)
        return -1;
    value *= strcmp(end, "k") == 0 ? 1e3 : strcmp(end, "M") == 0 ? 1e6 : 1.0;
    if (*end != '\0' && strcmp(end, "k") != 0 && strcmp(end, "M") != 0)
        return -1;
    return value < 1e15 && value == (double)(int64_t)value ? (int64_t)value : -1;
}

int64_t args_number(const args *a, const char *option, const char *text, int64_t least,
                    int64_t most)
{
    const char *const digits = text + (*text == '-');
    char meant[64] = "";
    int64_t value;

    errno = 0;
    value = strtoimax(text, NULL, 10);
    if (*digits != '\0' && digits[strspn(digits, "0123456789")] == '\0' && errno == 0 &&
        value >= least && value <= most)
        return value;
    value = guess(text);
    if (value >= 0 && value >= least && value <= most)
        snprintf(meant, sizeof meant, "; did you mean %" PRId64 "?", value);
    args_say(a, "--%s: expected a whole number from %" PRId64 " to %" PRId64 ", got '%s'%s",
             option, least, most, text, meant);
    exit(ARGS_BAD);
}
