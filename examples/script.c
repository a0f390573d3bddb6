/* script.c - what gnuplot is told.
 * SPDX-License-Identifier: MIT
 *
 * Data stand in the script itself, so it reads no file. */
#include "script.h"

#include <math.h>
#include <string.h>

#include "panel.h"

/* Sizes are those of an SVG, in points. */
enum { WIDTH = 900, HEIGHT = 620, LEFT = 81, RIGHT = 32, LETTER = 7, LINE = 19 };

/* The width of the legend beside the panels; 0 if one curve needs none. */
static int legend(const curve *all, size_t count)
{
    size_t longest = 0;

    for (size_t i = 0; i < count; i++) {
        const size_t length =
            strlen(all[i].name) +
            (panel_has(&all[i], CURVES_LOSS, 1) ? strlen(", validation") : 0);

        longest = length > longest ? length : longest;
    }
    return count > 1 ? 50 + LETTER * (int)longest : 0;
}

static int total_width(const curve *all, size_t count)
{
    return count > 1 ? WIDTH - 120 + legend(all, count) : WIDTH;
}

void script_terminal(FILE *to, bool png)
{
    size_t count;
    const curve *const all = curves(&count);
    const int more = (int)(count > 100 ? 100 : count) * LINE + 80;
    const int width = total_width(all, count);
    const int height = more > HEIGHT ? more : HEIGHT;

    fprintf(to, "set encoding utf8\n");
    if (png) /* twice as fine */
        fprintf(to,
                "set terminal pngcairo noenhanced size %d,%d font 'sans-serif,14' "
                "fontscale 1.5 linewidth 2 background '#ffffff'\n",
                2 * width, 2 * height);
    else
        fprintf(to,
                "set terminal svg noenhanced size %d,%d dynamic name 'training' "
                "font 'sans-serif,14' background '#ffffff'\n",
                width, height);
}

static void write_look(FILE *to, const panel *p, const char *title, const char *known,
                       const curve *all, size_t count)
{
    bool bands = false;
    char text[256];

    for (size_t i = 0; i < count; i++)
        bands = bands || all[i].runs > 1 || all[i].epochs > PANEL_SPANS;
    snprintf(text, sizeof text, "%s%s", known,
             bands ? "; line: mean, band: lowest to highest" : "");
    fprintf(to, "set multiplot\nset label 1 ");
    panel_quote(to, title);
    fprintf(to, " at screen %g,0.955 font ',17' textcolor '#202020'\nset label 2 ",
            p->left);
    panel_quote(to, text);
    fprintf(to, " at screen %g,0.91 font ',12' textcolor '#606060'\n", p->left);
    fprintf(to, "set grid back lt 1 lw 0.7 lc rgb '#dddddd'\n"
                "set border 3 lw 1 lc rgb '#808080'\n"
                "set tics nomirror out scale 0.5 textcolor '#404040'\n"
                "set style fill transparent solid 0.2 noborder\n"
                "set format y '%%g'\n");
    if (count > 1)
        fprintf(to,
                "set key at screen %g,0.875 left top Left reverse samplen 1.5 "
                "spacing 1.2 font ',12' textcolor '#202020'\n",
                p->right + 0.02);
    else
        fprintf(to, "set key inside right top samplen 2 textcolor '#202020'\n");
}

void script_curves(FILE *to, const char *title, const char *known)
{
    size_t count;
    const curve *const all = curves(&count);
    const double width = total_width(all, count);
    panel loss = panel_create(all, count, CURVES_LOSS, "loss");
    panel metric = panel_create(all, count, CURVES_ACCURACY, "accuracy");
    bool two;

    if (isnan(metric.largest))
        metric = panel_create(all, count, CURVES_MAE, "mean absolute error");
    two = !isnan(metric.largest);
    loss.left = metric.left = LEFT / width;
    loss.right = metric.right = 1.0 - (RIGHT + legend(all, count)) / width;
    loss.bottom = two ? 0.51 : 0.11;
    loss.top = 0.875;
    metric.bottom = 0.11;
    metric.top = 0.475;
    loss.lowest = !two;
    metric.lowest = true;
    panel_data(to, &loss, all, count);
    panel_data(to, &metric, all, count);
    write_look(to, &loss, title, known, all, count);
    if (!isnan(loss.largest))
        panel_write(to, &loss, all, count);
    fprintf(to, "unset label\nunset key\n");
    if (two)
        panel_write(to, &metric, all, count);
    fprintf(to, "unset multiplot\n");
}
