/* args.c - the command line that the example programs share, and how they fail.
 * SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/seqecho.h>

enum { HELP = 'h', QUIET = 'q', CSV = 'c' };

#define MANY INT64_C(1000000000)

/* The options that take a number: a field of args, its range and its meaning. */
typedef struct number {
    const char *name;
    bool training; /* makes sense for programs that train only */
    size_t offset, size;
    int64_t least, most;
    const char *meaning;
} number;

#define FIELD(f) offsetof(args, f), sizeof(((args *)0)->f)

static const number numbers[] = {
    { "epochs", true, FIELD(epochs), 1, MANY,
      "passes of training, each on a fresh sequence" },
    { "units", true, FIELD(units), 1, MANY, "memory cells of each LSTM layer" },
    { "batch", true, FIELD(batch), 1, MANY,
      "rows in a batch; if stateful, a divisor of all rows" },
    { "n-in", false, FIELD(n_in), 1, MANY, "time steps in a row" },
    { "n-out", false, FIELD(n_out), 1, MANY, "time steps to echo, the oldest of the row" },
    { "n-unique", false, FIELD(n_unique), 1, INT32_MAX, "numbers are drawn below this" },
    { "length", false, FIELD(length), 1, MANY, "numbers in a sequence" },
    { "eval", true, FIELD(eval), 1, MANY, "fresh sequences to evaluate on" },
    { "seed", false, FIELD(seed), 0, INT64_MAX,
      "of the sequences and the initial weights" },
    { "threads", true, FIELD(threads), 0, 1024,
      "to compute with; 0 lets the library choose" },
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

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

static bool trains(const args *a)
{
    return a->epochs != 0;
}

/* Zero is a value for the options that allow it, and "not an option here" for the rest. */
static bool is_offered(const args *a, const number *n)
{
    return (trains(a) || !n->training) && (n->least == 0 || get_number(a, n) != 0);
}

static void print_help(const args *a, const char *about)
{
    printf("Usage: %s [OPTION]...\n%s\n\n", a->program, about);
    for (size_t i = 0; i < NUMBERS; i++)
        if (is_offered(a, &numbers[i]))
            printf("  --%-8s N  %s (default %" PRId64 ")\n", numbers[i].name,
                   numbers[i].meaning, get_number(a, &numbers[i]));
    if (trains(a) && !a->several)
        printf("  --csv   FILE  write the figures of each epoch to FILE\n");
    if (trains(a))
        printf("  --quiet       print no progress\n");
    printf("  --help        print this\n");
}

/* Fill in the table of getopt_long(), ended by zeros: what this program offers. */
static void list_options(const args *a, struct option *list)
{
    for (int i = 0; i < NUMBERS; i++)
        if (is_offered(a, &numbers[i]))
            *list++ = (struct option){ numbers[i].name, required_argument, NULL, i };
    if (trains(a) && !a->several)
        *list++ = (struct option){ "csv", required_argument, NULL, CSV };
    if (trains(a))
        *list++ = (struct option){ "quiet", no_argument, NULL, QUIET };
    *list++ = (struct option){ "help", no_argument, NULL, HELP };
    *list = (struct option){ NULL, 0, NULL, 0 };
}

void args_parse(args *a, int argc, char **argv, const char *about)
{
    const char *const slash = strrchr(argv[0], '/');
    struct option list[NUMBERS + 4];
    const number *n;
    args defaults;
    int choice;

    a->program = slash != NULL ? slash + 1 : argv[0];
    defaults = *a;
    list_options(&defaults, list);
    while ((choice = getopt_long(argc, argv, "h", list, NULL)) != -1)
        switch (choice) {
        case CSV: a->csv = optarg; break;
        case QUIET: a->quiet = true; break;
        case HELP: print_help(&defaults, about); exit(args_finish(a));
        case '?': fprintf(stderr, "Try '%s --help'.\n", a->program); exit(ARGS_BAD);
        default:
            n = &numbers[choice];
            set_number(a, n, args_number(a, n->name, optarg, n->least, n->most));
        }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'\n", a->program, argv[optind]);
        exit(ARGS_BAD);
    }
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
        fprintf(stderr,
                "%s: --%s: expected a whole number from %" PRId64 " to %" PRId64
                ", got '%s'\n",
                a->program, option, least, most, text);
        exit(ARGS_BAD);
    }
    return value;
}

int args_report(const args *a, int err)
{
    fprintf(stderr, "%s: %s: %s\n", a->program, seqecho_error_name(err),
            seqecho_error_message());
    return EXIT_FAILURE;
}

void *args_alloc(const args *a, size_t count, size_t size)
{
    void *const memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL) {
        fprintf(stderr, "%s: out of memory\n", a->program);
        exit(EXIT_FAILURE);
    }
    return memory;
}

int args_finish(const args *a)
{
    const bool failed = ferror(stdout) != 0; /* at some time, for a reason now forgotten */

    if (fflush(stdout) != 0)
        fprintf(stderr, "%s: cannot write the output: %s\n", a->program, strerror(errno));
    else if (failed)
        fprintf(stderr, "%s: cannot write the output\n", a->program);
    else
        return EXIT_SUCCESS;
    return EXIT_FAILURE;
}
