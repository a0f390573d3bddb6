/* plot.c - --plot: the curves of trainings as a picture, drawn by gnuplot.
 * SPDX-License-Identifier: MIT
 *
 * What gnuplot is told stands in script.c.  It draws into a file without a name, which is
 * copied when it is whole. */
#include "plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "curves.h"
#include "files.h"
#include "gnuplot.h"
#include "script.h"
#include "suggest.h"

static bool ends_in(const char *name, const char *ending)
{
    const size_t n = strlen(name), m = strlen(ending);

    return n > m && strcasecmp(name + n - m, ending) == 0 && name[n - m - 1] != '/';
}

static void say_ending(const args *a)
{
    const char *const dot = strrchr(a->plot, '.');
    suggestion s = suggest(dot != NULL ? dot : "");

    s.distance = 2; /* one letter wrong */
    suggest_from(&s, ".svg");
    suggest_from(&s, ".png");
    if (s.best != NULL)
        args_say(a,
                 "--plot: expected a file name that ends in .svg or .png, got '%s'; "
                 "did you mean '%.*s%s'?",
                 a->plot, (int)(dot - a->plot), a->plot, s.best);
    else
        args_say(a, "--plot: expected a file name that ends in .svg or .png, got '%s'",
                 a->plot);
}

int plot_check(const args *a)
{
    FILE *trial;
    bool png;
    int failed;

    if (a->plot == NULL)
        return 0;
    png = ends_in(a->plot, ".png");
    if (!png && !ends_in(a->plot, ".svg")) {
        say_ending(a);
        return ARGS_BAD;
    }
    failed = files_check_parent(a, "plot", a->plot);
    if (failed != 0)
        return failed;
    trial = tmpfile();
    failed = GNUPLOT_FAILED;
    if (trial != NULL) {
        script_terminal(trial, png);
        failed = gnuplot_run(trial, NULL);
        (void)fclose(trial);
    }
    if (failed == GNUPLOT_MISSING)
        args_say(a, "--plot: gnuplot is not installed; Debian has it as gnuplot-nox: "
                    "apt install gnuplot-nox");
    else if (failed != 0)
        args_say(a, "--plot: gnuplot is there, but cannot draw %s files here",
                 png ? "PNG" : "SVG");
    return failed != 0 ? EXIT_FAILURE : 0;
}

/* 0, or an error number. */
static int copy(FILE *from, const char *path)
{
    FILE *const to = fopen(path, "wb");
    char block[4096];
    size_t n;
    int err = 0;

    if (to == NULL)
        return errno;
    rewind(from);
    while (err == 0 && (n = fread(block, 1, sizeof block, from)) > 0)
        if (fwrite(block, 1, n, to) != n)
            err = errno;
    if (err == 0 && ferror(from) != 0)
        err = EIO;
    if (fclose(to) != 0 && err == 0)
        err = errno;
    return err;
}

void plot_make(const args *a, plot_writer *write, const void *what)
{
    FILE *const script = tmpfile(), *const picture = tmpfile();
    int err;

    if (script == NULL || picture == NULL) {
        args_say_later(a, "--plot: no place for a temporary file: %s", strerror(errno));
    } else {
        write(script, ends_in(a->plot, ".png"), what);
        if (ferror(script) != 0 || gnuplot_run(script, picture) != 0)
            args_say_later(a, "--plot: gnuplot could not draw '%s'", a->plot);
        else if ((err = copy(picture, a->plot)) != 0)
            args_say_later(a, "--plot: %s: %s", a->plot, strerror(err));
    }
    if (script != NULL)
        (void)fclose(script);
    if (picture != NULL)
        (void)fclose(picture);
}

typedef struct caption {
    const char *title, *known;
} caption;

static void write_curves(FILE *script, bool png, const void *what)
{
    const caption *const c = what;

    script_terminal(script, png);
    script_curves(script, c->title, c->known);
}

void plot_draw(const args *a, const char *known)
{
    size_t count;

    (void)curves(&count);
    if (a->plot != NULL && count > 0)
        plot_make(a, write_curves, &(const caption){ a->program, known });
}
