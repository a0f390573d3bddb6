/* progress.c - the training display of the examples, and the history they write.
 * SPDX-License-Identifier: MIT */
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define PLAIN_EPOCHS 20 /* about so many are printed where lines cannot be rewritten */
#define LINE_SIZE 256

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_open(progress *p, const args *a)
{
    const char *const terminal = getenv("TERM");

    *p = (progress){ .args = a, .start = now() };
    p->live = isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    if (a->csv == NULL)
        return;
    p->csv = fopen(a->csv, "w");
    if (p->csv == NULL) {
        fprintf(stderr, "%s: %s: %s\n", a->program, a->csv, strerror(errno));
        exit(EXIT_FAILURE);
    }
    fprintf(p->csv, "epoch,loss,accuracy\n");
}

/* ---- The live line ------------------------------------------------------------------ */

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

    if (strlen(line) + strlen(gap) + strlen(field) < longest) {
        strcat(line, gap);
        strcat(line, field);
    }
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

static void draw(progress *p, const seqecho_event *e, double time)
{
    const double elapsed = fmax(time - p->start, 1e-9);
    const bool ended = e->kind == SEQECHO_EVENT_EPOCH_END;
    const double part = ended ? 1.0 : (double)(e->batch + 1) / (double)e->batches;
    const double done = (double)e->epoch + part;
    const bool last = ended && e->epoch + 1 == e->epochs;
    const size_t width = terminal_width();
    char line[LINE_SIZE] = "", field[64];

    snprintf(field, sizeof field, "epoch %" PRId64 "/%" PRId64, e->epoch + 1, e->epochs);
    add_field(line, width, field);
    snprintf(field, sizeof field, "loss %.4f", e->train->loss);
    add_field(line, width, field);
    snprintf(field, sizeof field, "accuracy %.4f", e->train->accuracy);
    add_field(line, width, field);
    format_rate(field, sizeof field, (double)(p->samples + e->train->samples) / elapsed);
    add_field(line, width, field);
    if (last && elapsed < 60.0)
        snprintf(field, sizeof field, "took %.2f s", elapsed);
    else if (last)
        format_duration(field, sizeof field, "took", elapsed);
    else
        format_duration(field, sizeof field, "ETA",
                        elapsed / done * ((double)e->epochs - done));
    add_field(line, width, field);
    printf("\r%s\033[K", line); /* and clear what an older, longer line left */
    fflush(stdout);
    p->drawn = true;
    p->next = time + REDRAW_SECONDS;
}

/* ---- Lines for a file or a pipe ----------------------------------------------------- */

static void print_epoch(const seqecho_event *e)
{
    const int64_t every = (e->epochs + PLAIN_EPOCHS - 1) / PLAIN_EPOCHS;

    if ((e->epoch + 1) % every != 0 && e->epoch + 1 != e->epochs)
        return;
    printf("Epoch %" PRId64 "/%" PRId64 "\n - %.0fs - loss: %.4f - accuracy: %.4f\n",
           e->epoch + 1, e->epochs, e->train->seconds, e->train->loss, e->train->accuracy);
    fflush(stdout);
}

/* ---- Events ------------------------------------------------------------------------- */

int progress_event(void *user, const seqecho_event *e)
{
    progress *const p = user;
    const bool ended = e->kind == SEQECHO_EVENT_EPOCH_END;

    if (!ended && e->kind != SEQECHO_EVENT_BATCH_END)
        return 0;
    if (p->live && !p->args->quiet) {
        const double time = now();

        if (time >= p->next || (ended && e->epoch + 1 == e->epochs))
            draw(p, e, time);
    }
    if (!ended)
        return 0;
    p->samples += e->train->samples;
    if (!p->live && !p->args->quiet)
        print_epoch(e);
    if (p->csv != NULL)
        fprintf(p->csv, "%" PRId64 ",%.9g,%.9g\n", e->epoch + 1, e->train->loss,
                e->train->accuracy);
    return 0;
}

void progress_close(progress *p)
{
    bool written = true;

    if (p->drawn)
        printf("\n");
    p->drawn = false;
    if (p->csv != NULL) {
        written = ferror(p->csv) == 0;
        written = fclose(p->csv) == 0 && written;
        p->csv = NULL;
    }
    if (!written) {
        fprintf(stderr, "%s: %s: %s\n", p->args->program, p->args->csv, strerror(errno));
        exit(EXIT_FAILURE);
    }
}
