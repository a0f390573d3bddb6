/* parity.c - run every case of a folder of expected values, and report.
 * SPDX-License-Identifier: MIT
 *
 *     parity [--list] [--strict] [--only NAME] [DIR]
 *
 * A line for each case: its name, ok or FAIL or unsupported, and the error and tolerance
 * of the array that is furthest off in proportion; below a FAIL a second line says where,
 * or why.  With --strict an expected array that nothing was compared with is a failure.
 * Exits with 1 if a case failed, with 2 if there was nothing to run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "case.h"
#include "run.h"

static const struct {
    const char *kind;
    void (*run)(struct golden_case *c);
} kinds[] = {
    { "layer", run_layer },
    { "train", run_train },
    { "fullrun", run_program },
    { "fullrun_prng", run_program },
    { "activations", run_activations },
    { "losses", run_losses },
    { "data", run_framing },
};

struct options {
    const char *dir;
    const char *only; /* NULL: all */
    bool list;
    bool strict;
};

/* ---- Finding the cases -------------------------------------------------------------- */

struct names {
    char **name;
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void out_of_memory(void)
{
    fputs("parity: out of memory\n", stderr);
    exit(2);
}

static char *join(const char *dir, const char *name, const char *tail)
{
    const size_t size = strlen(dir) + strlen(name) + strlen(tail) + 2;
    char *const path = malloc(size);

    if (!path)
        out_of_memory();
    (void)snprintf(path, size, "%s/%s%s", dir, name, tail);
    return path;
}

static bool is_case(const char *dir, const char *name)
{
    char *const path = join(dir, name, "/case.txt");
    struct stat status;
    const bool found = name[0] != '.' && stat(path, &status) == 0;

    free(path);
    return found;
}

static void add_name(struct names *names, const char *name)
{
    char **const longer = realloc(names->name, (names->count + 1) * sizeof *names->name);

    if (!longer)
        out_of_memory();
    names->name = longer;
    names->name[names->count] = strdup(name);
    if (!names->name[names->count])
        out_of_memory();
    names->count++;
}

/* The sub-folders that hold a case.txt, sorted. */
static bool find_cases(const struct options *options, struct names *names)
{
    DIR *const dir = opendir(options->dir);
    const struct dirent *entry;

    if (!dir)
        return false;
    while ((entry = readdir(dir)) != NULL)
        if (is_case(options->dir, entry->d_name) &&
            (!options->only || strcmp(options->only, entry->d_name) == 0))
            add_name(names, entry->d_name);
    (void)closedir(dir);
    if (names->count > 0)
        qsort(names->name, names->count, sizeof *names->name, compare_names);
    return true;
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

/* ---- Running one -------------------------------------------------------------------- */

static void run_case(struct golden_case *c, const struct options *options)
{
    const char *missed;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, c->kind) != 0)
            continue;
        kinds[i].run(c);
        if (!result_open(c->result))
            return;
        if (c->result->compared == 0)
            (void)result_fail(c->result, "there is nothing to compare");
        missed = case_uncompared(c);
        if (missed && options->strict)
            (void)result_fail(c->result, "%s was not compared with anything", missed);
        return;
    }
    (void)result_fail(c->result, "unknown kind '%s'", c->kind);
}

static void report(const struct golden_case *c, const struct result *r)
{
    static const char *const words[] = { "ok", "unsupported", "FAIL" };

    printf("%s %s", c->name, words[r->verdict]);
    if (r->ratio >= 0.0)
        printf(" %.3g %.3g", r->error, r->tolerance);
    else
        printf(" - -");
    if (r->verdict == VERDICT_UNSUPPORTED)
        printf(" %s", r->reason);
    else if (r->verdict == VERDICT_OK && case_uncompared(c))
        printf(" (%s not compared)", case_uncompared(c));
    printf("\n");
    if (r->verdict == VERDICT_FAIL && r->ratio > 1.0)
        printf("    %s[%zu]: got %.9g, want %.9g\n", r->array, r->index, r->got, r->want);
    if (r->verdict == VERDICT_FAIL && r->reason[0] != '\0')
        printf("    %s\n", r->reason);
    (void)fflush(stdout);
}

static enum verdict run_one(const struct options *options, const char *name)
{
    char *const path = join(options->dir, name, "");
    struct golden_case c;
    struct result result;

    result_init(&result);
    if (case_open(&c, path, &result) && !options->list)
        run_case(&c, options);
    if (options->list)
        printf("%s %s\n", c.name, c.kind);
    else
        report(&c, &result);
    case_close(&c);
    free(path);
    return result.verdict;
}

/* ---- The command line --------------------------------------------------------------- */

static bool read_options(struct options *options, int argc, char **argv)
{
    bool has_dir = false;

    *options = (struct options){ .dir = PARITY_CASES };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            options->list = true;
        } else if (strcmp(argv[i], "--strict") == 0) {
            options->strict = true;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            options->only = argv[++i];
        } else if (argv[i][0] != '-' && !has_dir) {
            options->dir = argv[i];
            has_dir = true;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options options;
    struct names names = { 0 };
    size_t verdicts[3] = { 0 };

    if (!read_options(&options, argc, argv)) {
        fputs("usage: parity [--list] [--strict] [--only NAME] [DIR]\n", stderr);
        return 2;
    }
    if (!find_cases(&options, &names)) {
        fprintf(stderr, "parity: %s cannot be read\n", options.dir);
        return 2;
    }
    if (names.count == 0) {
        fprintf(stderr, "parity: no such case in %s\n", options.dir);
        return 2;
    }
    for (size_t i = 0; i < names.count; i++)
        verdicts[run_one(&options, names.name[i])]++;
    free_names(&names);
    if (!options.list)
        fprintf(stderr, "%zu ok, %zu unsupported, %zu failed\n", verdicts[VERDICT_OK],
                verdicts[VERDICT_UNSUPPORTED], verdicts[VERDICT_FAIL]);
    return verdicts[VERDICT_FAIL] > 0 ? 1 : 0;
}
