/* live.c - the line on a terminal that shows how training goes.
 * SPDX-License-Identifier: MIT */
#include "live.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_SIZE 256

bool live_possible(void)
{
    const char *const terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Columns of the terminal; asked each time, for it may be resized. */
static size_t terminal_width(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : 80;
}

/* Append a field to the line if it fits the terminal whole. */
static void add_field(char *line, size_t width, const char *field)
{
    const char *const gap = *line != '\0' ? "  " : "";
    const size_t longest = width < LINE_SIZE ? width : LINE_SIZE;
    const size_t used = strlen(line);

    if (used + strlen(gap) + strlen(field) < longest)
        snprintf(line + used, longest - used, "%s%s", gap, field);
}

static void format_rate(char *field, size_t size, double rate)
{
    if (rate < 1e3)
        snprintf(field, size, "%.0f samples/s", rate);
    else if (rate < 1e6)
        snprintf(field, size, "%.1fk samples/s", rate / 1e3);
    else
        snprintf(field, size, "%.1fM samples/s", rate / 1e6);
}

static void format_duration(char *field, size_t size, const char *label, double seconds)
{
    const int64_t s = seconds < 1e9 ? (int64_t)ceil(seconds) : INT64_C(1000000000);

    if (s < 60)
        snprintf(field, size, "%s %" PRId64 " s", label, s);
    else if (s < 3600)
        snprintf(field, size, "%s %" PRId64 " min %02" PRId64 " s", label, s / 60, s % 60);
    else
        snprintf(field, size, "%s %" PRId64 " h %02" PRId64 " min", label, s / 3600,
                 s / 60 % 60);
}

/* The time it took, or the time it will take. */
static void format_time(char *field, size_t size, const seqecho_event *e, int64_t first,
                        double elapsed)
{
    const double part = e->kind == SEQECHO_EVENT_BATCH_END
                            ? (double)(e->batch + 1) / (double)e->batches
                            : 1.0;
    const double done = (double)(e->epoch - first) + part;
    const double left = (double)(e->epochs - first) - done;

    if (e->kind != SEQECHO_EVENT_FIT_END)
        format_duration(field, size, "ETA", elapsed / done * left);
    else if (elapsed < 60.0)
        snprintf(field, size, "took %.2f s", elapsed);
    else
        format_duration(field, size, "took", elapsed);
}

void live_draw(const seqecho_event *e, int64_t first, int64_t samples, double elapsed)
{
    const size_t width = terminal_width();
    char line[LINE_SIZE] = "", field[64];

    elapsed = fmax(elapsed, 1e-9);
    snprintf(field, sizeof field, "epoch %" PRId64 "/%" PRId64, e->epoch + 1, e->epochs);
    add_field(line, width, field);
    snprintf(field, sizeof field, "loss %.4f", e->train->loss);
    add_field(line, width, field);
    snprintf(field, sizeof field, "%s %.4f", live_metric_name(e->train->accuracy),
             live_metric(e->train->accuracy, e->train->mae));
    add_field(line, width, field);
    format_rate(field, sizeof field, (double)(samples + e->train->samples) / elapsed);
    add_field(line, width, field);
    format_time(field, sizeof field, e, first, elapsed);
    add_field(line, width, field);
    printf("\r%s\033[K", line); /* and clear what an older, longer line left */
    fflush(stdout);
}

const char *live_metric_name(double accuracy)
{
    return isnan(accuracy) ? "mae" : "accuracy";
}

double live_metric(double accuracy, double mae)
{
    return isnan(accuracy) ? mae : accuracy;
}
