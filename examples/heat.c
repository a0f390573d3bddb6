/* heat.c - what a recurrent layer went through, as digits and as colours.
 * SPDX-License-Identifier: MIT */
#include "heat.h"

#include <inttypes.h>
#include <math.h>

#include "panel.h"

/* So many units fit in a line of 80 columns. */
#define UNITS_PRINTED 22

double heat_range(const heat *h, const heat_map *m)
{
    double most = 1.0;

    for (size_t i = 0; m->is_signed && i < h->steps * h->units; i++)
        most = fmax(most, fabs((double)m->values[i]));
    return most;
}

/* ---- Digits ------------------------------------------------------------------------- */

/* Tenths of the range: "  7", " -3", "  ." for less than one. */
static void print_tenths(double value, double range)
{
    const int tenths = (int)(fabs(value) / range * 9.999);

    if (tenths == 0)
        printf("  .");
    else
        printf("%3d", value < 0.0 ? -tenths : tenths);
}

void heat_print(const heat *h)
{
    const size_t units = h->units < UNITS_PRINTED ? h->units : UNITS_PRINTED;

    for (size_t i = 0; i < HEAT_MAPS; i++) {
        const heat_map *const m = &h->map[i];

        printf("%s\n", m->title);
        for (size_t s = 0; s < h->steps; s++) {
            printf("  %6" PRId32 " ", h->read[s]);
            for (size_t u = 0; u < units; u++)
                print_tenths((double)m->values[s * h->units + u], heat_range(h, m));
            printf("\n");
        }
    }
    if (units < h->units)
        printf("(the first %zu of %zu units)\n", units, h->units);
}

/* ---- Colours ------------------------------------------------------------------------ */

enum { COLUMNS = 3, WIDTH = 960, HEIGHT = 640 };

static void write_terminal(FILE *to, bool png)
{
    fprintf(to, "set encoding utf8\n");
    if (png)
        fprintf(to,
                "set terminal pngcairo noenhanced size %d,%d font 'sans-serif,13' "
                "fontscale 1.5 linewidth 2 background '#ffffff'\n",
                2 * WIDTH, 2 * HEIGHT);
    else
        fprintf(to,
                "set terminal svg noenhanced size %d,%d dynamic name 'memory' "
                "font 'sans-serif,13' background '#ffffff'\n",
                WIDTH, HEIGHT);
}

static void write_numbers(FILE *to, const char *what, const int32_t *row, size_t n)
{
    fprintf(to, "%s", what);
    for (size_t i = 0; i < n; i++)
        fprintf(to, "%s%" PRId32, i > 0 ? ", " : " ", row[i]);
}

/* Blue, white, red for what has a sign; white to dark blue for gates.  Both can be told
 * apart by those who do not see red or green. */
static void write_palette(FILE *to, const heat_map *m, double range)
{
    if (m->is_signed)
        fprintf(to,
                "set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f7f7f7', "
                "0.5 '#f4a582', 1 '#b2182b')\nset cbrange [%g:%g]\n",
                -range, range);
    else
        fprintf(to, "set palette defined (0 '#ffffff', 0.5 '#7fa8d1', 1 '#08306b')\n"
                    "set cbrange [0:1]\n");
}

static void write_map(FILE *to, const heat *h, const heat_map *m, int place)
{
    const double left = 0.065 + 0.32 * (place % COLUMNS);
    const double top = place < COLUMNS ? 0.82 : 0.41;

    fprintf(to, "set lmargin at screen %g\nset rmargin at screen %g\n", left, left + 0.225);
    fprintf(to, "set tmargin at screen %g\nset bmargin at screen %g\n", top, top - 0.29);
    fprintf(to, "set title ");
    panel_quote(to, m->title);
    fprintf(to, " offset 0,-0.6 textcolor '#202020'\n");
    write_palette(to, m, heat_range(h, m));
    fprintf(to, "set xtics (");
    for (size_t s = 0; s < h->steps; s++)
        fprintf(to, "%s'%" PRId32 "' %zu", s > 0 ? ", " : "", h->read[s], s);
    fprintf(to, ")\nset xrange [-0.5:%g]\nset yrange [-0.5:%g]\n", (double)h->steps - 0.5,
            (double)h->units - 0.5);
    fprintf(to, "%s\n",
            place % COLUMNS == 0 ? "set ylabel 'unit' offset 1,0" : "unset ylabel");
    /* Each value a rectangle of its own: programs that show an SVG blur small images. */
    fprintf(to, "plot $map%d matrix with image pixels notitle\n", place);
}

static void write_data(FILE *to, const heat *h)
{
    for (int i = 0; i < HEAT_MAPS; i++) {
        fprintf(to, "$map%d << END\n", i);
        for (size_t u = 0; u < h->units; u++) {
            for (size_t s = 0; s < h->steps; s++)
                fprintf(to, "%.5g ", (double)h->map[i].values[s * h->units + u]);
            fprintf(to, "\n");
        }
        fprintf(to, "END\n");
    }
}

void heat_write(FILE *to, bool png, const void *what)
{
    const heat *const h = what;

    write_terminal(to, png);
    write_data(to, h);
    fprintf(to, "set multiplot\nset label 1 'What the LSTM remembers' at screen 0.065,0.95 "
                "font ',17' textcolor '#202020'\nset label 2 '");
    write_numbers(to, "read", h->read, h->steps);
    write_numbers(to, ", echoed", h->said, h->steps);
    fprintf(to, "; left to right: time steps, bottom to top: units' at screen 0.065,0.905 "
                "font ',12' textcolor '#606060'\n"
                "set border 15 lw 0.7 lc rgb '#808080'\n"
                "set tics nomirror out scale 0.4 font ',11' textcolor '#404040'\n");
    for (int i = 0; i < HEAT_MAPS; i++) {
        write_map(to, h, &h->map[i], i);
        fprintf(to, "unset label\n");
    }
    fprintf(to, "unset multiplot\n");
}
