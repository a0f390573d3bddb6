/* echo_compare.c - trains networks over several seeds and prints what came of it, as a
 * table.
 * SPDX-License-Identifier: MIT
 *
 *     echo_compare [--seeds N] [--seed FIRST] [--plot FILE] SET|NAME...
 *
 * docs/extensions.md is made of its tables. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "command.h"
#include "help.h"
#include "plot.h"
#include "suggest.h"
#include "table.h"

#define SEEDS 1000 /* at most */

static bool names(const char *word, const comparison *c)
{
    return strcmp(word, c->set) == 0 || strcmp(word, c->name) == 0 ||
           strcmp(word, "all") == 0;
}

static bool is_known(const char *word)
{
    for (const comparison *c = comparisons; c->name != NULL; c++)
        if (names(word, c))
            return true;
    return false;
}

/* Train everything that `word` names: 0 or an error code. */
static int run(const args *a, const char *word, int seeds, int64_t first)
{
    static measured results[SEEDS];
    char known[100];
    const char *set = "";

    snprintf(known, sizeof known, "%d seed%s from %" PRId64, seeds, seeds > 1 ? "s" : "",
             first);
    for (const comparison *c = comparisons; c->name != NULL; c++) {
        if (!names(word, c))
            continue;
        if (strcmp(set, c->set) != 0)
            table_head(c->set, seeds, first);
        set = c->set;
        for (int i = 0; i < seeds; i++) {
            const int err = measure(a, c, (uint64_t)(first + i), &results[i]);

            if (err == 0)
                continue;
            fprintf(stderr, "%s: %s: %s: %s\n", a->program, c->name,
                    seqecho_error_name(err), seqecho_error_message());
            return err;
        }
        table_row(c, results, seeds);
        plot_draw(a, known);
    }
    return 0;
}

static void print_list(void)
{
    for (const comparison *c = comparisons; c->name != NULL; c++)
        printf("%-12s %s\n", c->set, c->name);
}

static void print_help(const args *a)
{
    static const sample samples[HELP_SAMPLES] = {
        { "--list", "what there is to compare" },
        { "--seeds 3 --plot compare.svg masked", "a set, and a picture of how it went" },
        { "--seeds 2 --seed 11 seq2seq masked", "a network and a set, other seeds" },
    };

    printf("Usage: %s [OPTION]... SET|NAME...\n"
           "Train networks over several seeds, and print a table of what came of it.\n\n"
           "  --seeds    N  how many seeds (default 10)\n"
           "  --seed     N  the first of them (default 1)\n"
           "  --plot  FILE  draw the curves of all trainings in FILE, .svg or .png,\n"
           "                by gnuplot\n"
           "  --list        print the sets and the networks in them; 'all' is all of them\n"
           "  --help        print this\n",
           a->program);
    help_samples(a, samples);
}

/* The words that are left are all known, or that is the end. */
static void check_names(const args *a)
{
    if (optind == a->argc) {
        args_say(a, "expected sets or networks; try --list");
        exit(ARGS_BAD);
    }
    for (int i = optind; i < a->argc; i++) {
        suggestion s = suggest(a->argv[i]);

        if (is_known(a->argv[i]))
            continue;
        for (const comparison *c = comparisons; c->name != NULL; c++) {
            suggest_from(&s, c->name);
            suggest_from(&s, c->set);
        }
        args_say(a, "there is no set or network '%s'; %s%s%stry --list", a->argv[i],
                 s.best != NULL ? "did you mean " : "", s.best != NULL ? s.best : "",
                 s.best != NULL ? "? Or " : "");
        exit(ARGS_BAD);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "seeds", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
        { "plot", required_argument, NULL, 'p' },  { "list", no_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },        { NULL, 0, NULL, 0 },
    };
    args a = { .program = NULL };
    int64_t seeds = 10, first = 1;
    int choice;

    args_name(&a, argc, argv);
    while ((choice = command_next(&a, options)) != -1)
        switch (choice) {
        case 'n': seeds = args_number(&a, "seeds", optarg, 1, SEEDS); break;
        case 's': first = args_number(&a, "seed", optarg, 0, INT64_MAX - SEEDS); break;
        case 'p': a.plot = optarg; break;
        case 'l': print_list(); return args_finish(&a);
        default: print_help(&a); return args_finish(&a);
        }
    check_names(&a);
    choice = plot_check(&a);
    if (choice != 0)
        return choice;
    for (int i = optind; i < argc; i++)
        if (run(&a, argv[i], (int)seeds, first) < 0)
            return EXIT_FAILURE;
    return args_finish(&a);
}
