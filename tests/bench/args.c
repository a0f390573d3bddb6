/* args.c - the command line of seqecho-bench.
 * SPDX-License-Identifier: MIT */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_WORKLOAD = 256,
    OPT_UNITS,
    OPT_STEPS,
    OPT_BATCH,
    OPT_FEATURES,
    OPT_THREADS,
    OPT_REPS,
    OPT_SECONDS,
    OPT_ISA,
    OPT_NUMERICS,
    OPT_INPUT,
    OPT_JSON,
    OPT_SHORT,
    OPT_LIST,
    OPT_HELP
};

static const struct option options[] = {
    { "workload", required_argument, NULL, OPT_WORKLOAD },
    { "units", required_argument, NULL, OPT_UNITS },
    { "steps", required_argument, NULL, OPT_STEPS },
    { "batch", required_argument, NULL, OPT_BATCH },
    { "features", required_argument, NULL, OPT_FEATURES },
    { "threads", required_argument, NULL, OPT_THREADS },
    { "reps", required_argument, NULL, OPT_REPS },
    { "seconds", required_argument, NULL, OPT_SECONDS },
    { "isa", required_argument, NULL, OPT_ISA },
    { "numerics", required_argument, NULL, OPT_NUMERICS },
    { "input", required_argument, NULL, OPT_INPUT },
    { "json", no_argument, NULL, OPT_JSON },
    { "short", no_argument, NULL, OPT_SHORT },
    { "list", no_argument, NULL, OPT_LIST },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

/* Indexed by seqecho_numerics. */
static const char *const numerics_names[] = { "default", "reproducible", "fast", NULL };
static const char *const isa_names[] = {
    "auto", "c", "sse2", "avx2", "avx512", "neon", NULL
};
static const char *const input_names[] = { "classes", "onehot", NULL };

const char *args_numerics_name(seqecho_numerics numerics)
{
    return numerics_names[numerics];
}

/* Make sure that everything printed has arrived, and exit. */
static _Noreturn void finish(const args *a)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        fprintf(stderr, "%s: cannot write the output: %s\n", a->program, strerror(errno));
        exit(EXIT_FAILURE);
    }
    exit(EXIT_SUCCESS);
}

static void print_help(const args *a)
{
    printf("Usage: %s [OPTION]...\n"
           "Times the library: a line for each workload, with the time of a unit of its\n"
           "work, and beside it what this processor can do at most.\n\n"
           "  --workload NAME  one of those that --list prints (default: all of them, at\n"
           "                   sizes of their own)\n"
           "  --units N        memory cells of each LSTM\n"
           "  --steps N        time steps of a sequence\n"
           "  --batch N        sequences side by side\n"
           "  --features N     numbers a time step, or classes\n"
           "  --threads N      to compute with; 0 lets the library choose (default 1)\n"
           "  --reps N         repetitions, of which the median counts (default 11)\n"
           "  --seconds X      that a repetition takes at least (default 0.05)\n"
           "  --isa NAME       kernels: auto, c, sse2, avx2, avx512, neon (default auto)\n"
           "  --numerics NAME  default, reproducible or fast\n"
           "  --input NAME     of the tutorial's programs: classes or onehot (default\n"
           "                   classes)\n"
           "  --json           print an object a line\n"
           "  --short          all workloads, briefly\n"
           "  --list           print the workloads and their usual sizes\n"
           "  --help           print this\n\n"
           "Examples:\n"
           "  taskset -c 0 %s --workload seq2seq\n"
           "  taskset -c 0 %s --workload train --units 512 --isa avx2 --reps 5 --json\n"
           "  %s --workload infer --units 256 --threads 2\n",
           a->program, a->program, a->program, a->program);
}

static void print_list(void)
{
    const workload *w;

    printf("%-16s %6s %6s %6s %9s\n", "workload", "units", "steps", "batch", "features");
    for (size_t i = 0; (w = workload_at(i)) != NULL; i++)
        printf("%-16s %6" PRId64 " %6" PRId64 " %6" PRId64 " %9" PRId64 "  %s\n", w->name,
               w->usual.units, w->usual.steps, w->usual.batch, w->usual.features, w->about);
}

static _Noreturn void refuse(const args *a, const char *option, const char *expected,
                             const char *found)
{
    fprintf(stderr, "%s: --%s: expected %s, found '%s'\n", a->program, option, expected,
            found);
    exit(ARGS_USAGE);
}

/* Only digits, and in range. */
static int64_t parse_integer(const args *a, const char *option, const char *text,
                             int64_t least, int64_t most)
{
    char expected[80];
    intmax_t value;

    errno = 0;
    value = strtoimax(text, NULL, 10);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0' || errno != 0 ||
        value < least || value > most) {
        snprintf(expected, sizeof expected, "a whole number from %" PRId64 " to %" PRId64,
                 least, most);
        refuse(a, option, expected, text);
    }
    return value;
}

static double parse_seconds(const args *a, const char *option, const char *text)
{
    char *rest;
    const double value = strtod(text, &rest);

    if (rest == text || *rest != '\0' || !(value > 0.0 && value <= 60.0))
        refuse(a, option, "a number above 0 and up to 60", text);
    return value;
}

/* Which of the names, ended by NULL, the text is. */
static int parse_name(const args *a, const char *option, const char *text,
                      const char *const *names)
{
    char expected[160] = "one of";

    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    for (int i = 0; names[i] != NULL; i++) {
        const size_t used = strlen(expected);

        snprintf(expected + used, sizeof expected - used, " %s", names[i]);
    }
    refuse(a, option, expected, text);
}

static const workload *parse_workload(const args *a, const char *option, const char *text)
{
    const char *names[16] = { NULL };
    const workload *w;

    for (size_t i = 0; i < 15 && (w = workload_at(i)) != NULL; i++)
        names[i] = w->name;
    return workload_at((size_t)parse_name(a, option, text, names));
}

static void apply(args *a, int choice, const char *name, const char *text)
{
    switch (choice) {
    case OPT_WORKLOAD: a->workload = parse_workload(a, name, text); break;
    case OPT_UNITS: a->size.units = parse_integer(a, name, text, 1, 1 << 14); break;
    case OPT_STEPS: a->size.steps = parse_integer(a, name, text, 1, 1 << 20); break;
    case OPT_BATCH: a->size.batch = parse_integer(a, name, text, 1, 1 << 16); break;
    case OPT_FEATURES: a->size.features = parse_integer(a, name, text, 1, 1 << 16); break;
    case OPT_THREADS: a->threads = (int32_t)parse_integer(a, name, text, 0, 256); break;
    case OPT_REPS: a->reps = (int)parse_integer(a, name, text, 1, ARGS_REPS_MAX); break;
    case OPT_SECONDS: a->seconds = parse_seconds(a, name, text); break;
    case OPT_ISA: a->isa = isa_names[parse_name(a, name, text, isa_names)]; break;
    case OPT_NUMERICS:
        a->numerics = (seqecho_numerics)parse_name(a, name, text, numerics_names);
        break;
    case OPT_INPUT: a->one_hot = parse_name(a, name, text, input_names) == 1; break;
    case OPT_JSON: a->json = true; break;
    case OPT_SHORT: a->brief = true; break;
    case OPT_LIST: print_list(); finish(a);
    case OPT_HELP: print_help(a); finish(a);
    default: fprintf(stderr, "Try '%s --help'.\n", a->program); exit(ARGS_USAGE);
    }
}

/* Options that are right each by itself and make no sense together. */
static void check_together(const args *a)
{
    const work_size *const s = &a->size;
    const char *wrong = NULL;

    if (a->workload == NULL) {
        if (s->units != 0 || s->steps != 0 || s->batch != 0 || s->features != 0)
            wrong = "sizes need a --workload";
    } else if (a->brief) {
        wrong = "--short times all workloads, it takes no --workload";
    } else if (a->workload->streams && s->steps > 1) {
        wrong = "--workload step takes one step a call, it takes no other --steps";
    } else if (a->workload->from_classes && s->features == 1) {
        wrong = "--features: with a single class there is nothing to learn";
    } else if (!a->workload->from_classes && a->one_hot) {
        wrong = "--input onehot is for the tutorial's programs";
    }
    if (wrong != NULL) {
        fprintf(stderr, "%s: %s\n", a->program, wrong);
        exit(ARGS_USAGE);
    }
}

void args_parse(args *a, int argc, char **argv)
{
    const char *const slash = strrchr(argv[0], '/');
    int choice, index = 0;

    *a = (args){ .program = slash != NULL ? slash + 1 : argv[0],
                 .threads = 1,
                 .reps = 11,
                 .seconds = 0.05,
                 .isa = "auto" };
    while ((choice = getopt_long(argc, argv, "", options, &index)) != -1)
        apply(a, choice, options[index].name, optarg);
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument '%s'\nTry '%s --help'.\n", a->program,
                argv[optind], a->program);
        exit(ARGS_USAGE);
    }
    check_together(a);
}
