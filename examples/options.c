/* options.c - the options that the example programs share.
 * SPDX-License-Identifier: MIT */
#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"

#define MANY INT64_C(1000000000)

/* Which programs an option makes sense for. */
typedef enum who { ALL, TRAINING, TRAINING_ONE, FIT_ONE } who;

/* The options that take a number: a field of args, its range and its meaning. */
typedef struct number {
    const char *name;
    who who;
    size_t offset, size;
    int64_t least, most;
    const char *meaning;
} number;

/* Those that take a path. */
typedef struct path {
    const char *name;
    who who;
    size_t offset;
    const char *what, *meaning;
} path;

#define FIELD(f) offsetof(args, f), sizeof(((args *)0)->f)

static const number numbers[] = {
    { "epochs", TRAINING, FIELD(epochs), 0, MANY,
      "passes of training, each on a fresh sequence" },
    { "units", TRAINING, FIELD(units), 1, MANY, "memory cells of each LSTM layer" },
    { "batch", TRAINING, FIELD(batch), 1, MANY,
      "rows in a batch; if stateful, a divisor of all rows" },
    { "n-in", ALL, FIELD(n_in), 1, MANY, "time steps in a row" },
    { "n-out", ALL, FIELD(n_out), 1, MANY, "time steps to echo, the oldest of the row" },
    { "n-unique", ALL, FIELD(n_unique), 1, INT32_MAX, "numbers are drawn below this" },
    { "length", ALL, FIELD(length), 1, MANY, "numbers in a sequence" },
    { "eval", TRAINING, FIELD(eval), 1, MANY, "fresh sequences to evaluate on" },
    { "seed", ALL, FIELD(seed), 0, INT64_MAX, "of the sequences and the initial weights" },
    { "threads", TRAINING, FIELD(threads), 0, 1024,
      "to compute with; 0 lets the library choose" },
    { "every", TRAINING_ONE, FIELD(every), 0, MANY,
      "epochs from checkpoint to checkpoint; 0 is a tenth of all" },
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static const path paths[] = {
    { "csv", TRAINING_ONE, offsetof(args, csv), "FILE",
      "write the figures of each epoch to FILE" },
    { "plot", TRAINING, offsetof(args, plot), "FILE",
      "draw the curves of the training in FILE, .svg or .png,\n"
      "                      by gnuplot" },
    { "tensorboard", FIT_ONE, offsetof(args, tensorboard), "DIR",
      "write the figures of each epoch for TensorBoard into DIR" },
    { "dot", TRAINING_ONE, offsetof(args, dot), "FILE",
      "write the model's graph to FILE, for Graphviz to draw" },
    { "save", TRAINING_ONE, offsetof(args, save), "FILE",
      "save the trained model in FILE" },
    { "load", TRAINING_ONE, offsetof(args, load), "FILE",
      "begin with the model in FILE, which was saved with the\n"
      "                      same --units, --n-in, ...; with --epochs 0 only echo" },
    { "checkpoint", TRAINING_ONE, offsetof(args, checkpoint), "DIR",
      "save the training in DIR as it goes, and when Ctrl-C stops it" },
};
enum { PATHS = sizeof paths / sizeof *paths };

/* What getopt_long() answers: the place of an option in the one list, or after that in the
 * other, or one of these. */
enum { RESUME = 'r', QUIET = 'q' };
_Static_assert(NUMBERS + PATHS + 4 <= OPTIONS_MOST, "all, and the zeros at the end");

static int64_t get_number(const args *a, const number *n)
{
    const char *const field = (const char *)a + n->offset;
    int64_t wide;
    int32_t narrow;

    if (n->size == sizeof wide) {
        memcpy(&wide, field, sizeof wide);
        return wide;
    }
    memcpy(&narrow, field, sizeof narrow);
    return narrow;
}

static void set_number(args *a, const number *n, int64_t value)
{
    char *const field = (char *)a + n->offset;
    const int32_t narrow = n->size == sizeof narrow ? (int32_t)value : 0;

    if (n->size == sizeof narrow)
        memcpy(field, &narrow, sizeof narrow);
    else
        memcpy(field, &value, sizeof value);
}

static bool is_for(const args *a, who them)
{
    return them == ALL || (a->epochs != 0 && (them == TRAINING || !a->several) &&
                           (them != FIT_ONE || !a->own_loop));
}

/* Zero is a value for the options that allow it, and "not an option here" for the rest. */
static bool is_offered(const args *a, const number *n)
{
    return is_for(a, n->who) && (n->least == 0 || get_number(a, n) != 0);
}

static void print_option(const char *name, const char *value, const char *meaning)
{
    printf("  --%-11s %4s  %s", name, value, meaning);
}

void options_help(const args *a, const char *about)
{
    printf("Usage: %s [OPTION]...\n%s\n\n", a->program, about);
    for (size_t i = 0; i < NUMBERS; i++)
        if (is_offered(a, &numbers[i])) {
            print_option(numbers[i].name, "N", numbers[i].meaning);
            printf(" (default %" PRId64 ")\n", get_number(a, &numbers[i]));
        }
    for (size_t i = 0; i < PATHS; i++)
        if (is_for(a, paths[i].who)) {
            print_option(paths[i].name, paths[i].what, paths[i].meaning);
            printf("\n");
        }
    if (is_for(a, TRAINING_ONE))
        print_option("resume", "", "go on from the newest checkpoint in DIR, if any\n");
    if (is_for(a, TRAINING))
        print_option("quiet", "", "print no progress\n");
    print_option("help", "", "print this\n");
    help_examples(a);
}

void options_list(const args *a, struct option *list)
{
    for (int i = 0; i < NUMBERS; i++)
        if (is_offered(a, &numbers[i]))
            *list++ = (struct option){ numbers[i].name, required_argument, NULL, i };
    for (int i = 0; i < PATHS; i++)
        if (is_for(a, paths[i].who))
            *list++ =
                (struct option){ paths[i].name, required_argument, NULL, NUMBERS + i };
    if (is_for(a, TRAINING_ONE))
        *list++ = (struct option){ "resume", no_argument, NULL, RESUME };
    if (is_for(a, TRAINING))
        *list++ = (struct option){ "quiet", no_argument, NULL, QUIET };
    *list++ = (struct option){ "help", no_argument, NULL, OPTIONS_HELP };
    *list = (struct option){ NULL, 0, NULL, 0 };
}

void options_take(args *a, int choice, const char *value)
{
    if (choice == RESUME) {
        a->resume = true;
    } else if (choice == QUIET) {
        a->quiet = true;
    } else if (choice < NUMBERS) {
        const number *const n = &numbers[choice];

        set_number(a, n, args_number(a, n->name, value, n->least, n->most));
    } else {
        const path *const p = &paths[choice - NUMBERS];

        if (*value == '\0') {
            args_say(a, "--%s: expected a path, got ''", p->name);
            exit(ARGS_BAD);
        }
        memcpy((char *)a + p->offset, &value, sizeof value);
    }
}
