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

#include "spark.h"

#define LINE_SIZE 256

/* From so many columns on, words need not be short. */
enum { ROOMY = 90, LEAST_BARS = 4, MOST_BARS = 24 };

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

/* A line that grows by fields, for a terminal of so many columns. */
typedef struct line {
    char text[LINE_SIZE];
    size_t width, used;
} line;

/* Append a field, two blanks after the one before, if it fits the terminal whole. */
static void add_field(line *l, const char *field)
{
    const char *const gap = l->used > 0 ? "  " : "";
    const size_t longest = l->width < LINE_SIZE ? l->width : LINE_SIZE;

    if (l->used + strlen(gap) + strlen(field) < longest)
        l->used +=
            (size_t)snprintf(l->text + l->used, longest - l->used, "%s%s", gap, field);
}

static void format_rate(char *field, size_t size, double rate, const char *what)
{
    if (rate < 1e3)
        snprintf(field, size, "%.0f%s/s", rate, what);
    else if (rate < 1e6)
        snprintf(field, size, "%.1fk%s/s", rate / 1e3, what);
    else
        snprintf(field, size, "%.1fM%s/s", rate / 1e6, what);
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

/* The bars of the losses so far, where the line has room for them. */
static void draw_losses(const line *l, const double *loss, size_t epochs)
{
    const char *const no_colour = getenv("NO_COLOR");
    const bool plain = no_colour != NULL && *no_colour != '\0';
    const size_t room = l->width > l->used + 3 ? l->width - l->used - 3 : 0;
    char bars[SPARK_SIZE(MOST_BARS)];

    if (room >= LEAST_BARS &&
        spark(bars, loss, epochs, room < MOST_BARS ? room : MOST_BARS, spark_utf8()) > 0)
        printf("  %s%s%s", plain ? "" : "\033[36m", bars, plain ? "" : "\033[39m");
}

void live_draw(const seqecho_trainer *trainer, const seqecho_event *e, int64_t first,
               int64_t samples, double elapsed)
{
    line l = { .width = terminal_width() };
    const double *loss;
    size_t epochs;
    char field[64];

    elapsed = fmax(elapsed, 1e-9);
    snprintf(field, sizeof field, "epoch %" PRId64 "/%" PRId64, e->epoch + 1, e->epochs);
    add_field(&l, field);
    snprintf(field, sizeof field, "loss %.4f", e->train->loss);
    add_field(&l, field);
    snprintf(field, sizeof field, "%s %.4f", live_metric_name(e->train->accuracy),
             live_metric(e->train->accuracy, e->train->mae));
    add_field(&l, field);
    format_rate(field, sizeof field, (double)(samples + e->train->samples) / elapsed,
                l.width < ROOMY ? "" : " samples");
    add_field(&l, field);
    format_time(field, sizeof field, e, first, elapsed);
    add_field(&l, field);
    loss = seqecho_trainer_history(trainer, "loss", &epochs);
    printf("\r%s", l.text);
    draw_losses(&l, loss, epochs);
    printf("\033[K"); /* clear what an older, longer line left */
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
