/* panel.c - one of the two diagrams of a picture, for gnuplot.
 * SPDX-License-Identifier: MIT */
#include "panel.h"

#include <math.h>

/* Colours that people can tell apart who see some of them alike (Okabe and Ito); after the
 * last one they begin again with broken lines. */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                       "#e69f00", "#56b4e9", "#404040" };
enum { COLOURS = sizeof colours / sizeof *colours };

void panel_quote(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputc('\'', to);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
    }
    fputc('\'', to);
}

panel panel_create(const curve *all, size_t count, figure f, const char *label)
{
    panel p = { .figure = f, .label = label, .least = (double)NAN, .largest = (double)NAN };
    size_t longest = 2, shortest = all[0].epochs;

    for (size_t i = 0; i < count; i++) {
        p.least = fmin(p.least, all[i].least[f]);
        p.largest = fmax(p.largest, all[i].largest[f]);
        longest = all[i].epochs > longest ? all[i].epochs : longest;
        shortest = all[i].epochs < shortest ? all[i].epochs : shortest;
    }
    p.epochs_log = longest / shortest > 4;
    p.values_log = f != CURVES_ACCURACY && p.least > 0.0 && p.largest > 30.0 * p.least;
    p.first = p.epochs_log && shortest >= 100        ? 10.0
              : p.epochs_log || longest <= PANEL_FEW ? 1.0
                                                     : 0.0;
    p.last = (double)longest;
    return p;
}

/* ---- Data --------------------------------------------------------------------------- */

bool panel_has(const curve *c, figure f, int validation)
{
    span s;

    return curves_spans(c, f, validation, false, &s, 1) == 1;
}

/* A block "$c_f_v" with the epoch, the mean, the lowest and the highest value a line. */
void panel_data(FILE *to, const panel *p, const curve *all, size_t count)
{
    static span spans[PANEL_SPANS];

    for (size_t i = 0; i < count; i++)
        for (int v = 0; v < 2; v++) {
            const size_t n =
                curves_spans(&all[i], p->figure, v, p->epochs_log, spans, PANEL_SPANS);

            if (n == 0)
                continue;
            fprintf(to, "$c%zu_%d_%d << END\n", i, (int)p->figure, v);
            for (size_t k = 0; k < n; k++)
                fprintf(to, "%.7g %.7g %.7g %.7g\n", spans[k].epoch, spans[k].mean,
                        spans[k].low, spans[k].high);
            fprintf(to, "END\n");
        }
}

/* ---- The panel ---------------------------------------------------------------------- */

static void write_axes(FILE *to, const panel *p)
{
    fprintf(to,
            "set lmargin at screen %g\nset rmargin at screen %g\n"
            "set bmargin at screen %g\nset tmargin at screen %g\n",
            p->left, p->right, p->bottom, p->top);
    fprintf(to, "unset logscale\nset ytics auto\nset xrange [%g:%g]\n", p->first, p->last);
    if (p->epochs_log)
        fprintf(to, "set logscale x\n");
    if (p->values_log)
        fprintf(to, "set logscale y\nset yrange [%g:%g]\n", p->least * 0.8,
                p->largest * 1.25);
    else if (p->figure == CURVES_ACCURACY)
        fprintf(to, "set yrange [0:1.03]\nset ytics 0.2\n");
    else
        fprintf(to, "set yrange [0:%g]\n", p->largest > 0.0 ? p->largest * 1.05 : 1.0);
    fprintf(to,
            "set label 3 '%s' at screen 0.02,%g center rotate by 90 textcolor '#404040'\n"
            "set format x '%s'\nset xlabel '%s' textcolor '#404040'\n",
            p->label, 0.5 * (p->bottom + p->top), p->lowest ? "%g" : "",
            p->lowest ? "epoch" : "");
}

/* The word of a line in the legend: the network, or what was measured, or both. */
static void write_title(FILE *to, const curve *c, size_t count, int validation)
{
    const bool compared = panel_has(c, CURVES_LOSS, 1);
    char text[128] = "";

    if (count > 1)
        snprintf(text, sizeof text, "%s%s", c->name, validation ? ", validation" : "");
    else if (compared)
        snprintf(text, sizeof text, "%s", validation ? "validation" : "training");
    if (text[0] == '\0') {
        fprintf(to, " notitle");
    } else {
        fprintf(to, " title ");
        panel_quote(to, text);
    }
}

/* The band that the values cover, or the line of their mean. */
static void write_curve(FILE *to, const curve *c, size_t i, size_t count, int validation,
                        bool line)
{
    const size_t look = count > 1 ? i : (size_t)validation;
    const size_t dashes = count > 1 && validation ? 3 : 1 + look / COLOURS;

    if (line)
        fprintf(to, "using 1:2 with %s lw 2 dt %zu",
                c->epochs <= PANEL_FEW ? "linespoints pt 7 ps 0.5" : "lines", dashes);
    else
        fprintf(to, "using 1:3:4 with filledcurves fs transparent solid 0.2 noborder");
    fprintf(to, " lc rgb '%s'", colours[look % COLOURS]);
    if (line)
        write_title(to, c, count, validation);
    else
        fprintf(to, " notitle");
}

/* Bands first, for the lines to stand out. */
void panel_write(FILE *to, const panel *p, const curve *all, size_t count)
{
    const char *before = "plot ";

    write_axes(to, p);
    for (int line = 0; line < 2; line++)
        for (size_t i = 0; i < count; i++)
            for (int v = 0; v < 2; v++) {
                if (!panel_has(&all[i], p->figure, v))
                    continue;
                fprintf(to, "%s$c%zu_%d_%d ", before, i, (int)p->figure, v);
                write_curve(to, &all[i], i, count, v, line);
                before = ", \\\n     ";
            }
    fprintf(to, "\n");
}
