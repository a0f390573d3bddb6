/* progress.c - the training display of the examples, and the history they write.
 * SPDX-License-Identifier: MIT */
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live.h"

#define REDRAW_SECONDS 0.1

/* About so many epochs are printed where lines cannot be rewritten. */
enum { LINES = 20, LINES_OF_SEVERAL = 5 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void write_epoch(const progress *p, int64_t epoch, double loss, double accuracy,
                        double mae)
{
    if (epoch == 0)
        fprintf(p->csv, "epoch,loss,%s\n", live_metric_name(accuracy));
    fprintf(p->csv, "%" PRId64 ",%.9g,%.9g\n", epoch + 1, loss, live_metric(accuracy, mae));
}

/* The epochs that the training has behind it. */
static void write_history(const progress *p, const seqecho_trainer *trainer)
{
    const double *const loss = seqecho_trainer_history(trainer, "loss", NULL);
    const double *const accuracy = seqecho_trainer_history(trainer, "accuracy", NULL);
    const double *const mae = seqecho_trainer_history(trainer, "mae", NULL);

    for (int64_t i = 0; i < p->first; i++)
        write_epoch(p, i, loss[i], accuracy[i], mae[i]);
}

void progress_open(progress *p, const args *a, const seqecho_trainer *trainer)
{
    size_t epochs;

    *p = (progress){
        .args = a, .trainer = trainer, .start = now(), .live = live_possible()
    };
    (void)seqecho_trainer_history(trainer, "loss", &epochs);
    p->first = p->printed = (int64_t)epochs;
    if (a->csv == NULL)
        return;
    p->csv = fopen(a->csv, "w");
    if (p->csv == NULL) {
        args_say(a, "%s: %s", a->csv, strerror(errno));
        exit(EXIT_FAILURE);
    }
    write_history(p, trainer);
}

static void draw(progress *p, const seqecho_event *e)
{
    const double time = now();

    if (time < p->next && e->kind != SEQECHO_EVENT_FIT_END)
        return;
    live_draw(p->trainer, e, p->first, p->samples, time - p->start);
    p->drawn = true;
    p->next = time + REDRAW_SECONDS;
}

/* Some of the epochs, and the last one whichever that is. */
static void print_epoch(progress *p, const seqecho_event *e)
{
    const int64_t lines = p->args->several ? LINES_OF_SEVERAL : LINES;
    const int64_t every = (e->epochs + lines - 1) / lines;

    if (e->epoch + 1 == p->printed ||
        (e->kind != SEQECHO_EVENT_FIT_END && (e->epoch + 1) % every != 0))
        return;
    printf("Epoch %" PRId64 "/%" PRId64 "\n - %.0fs - loss: %.4f - %s: %.4f\n",
           e->epoch + 1, e->epochs, e->train->seconds, e->train->loss,
           live_metric_name(e->train->accuracy),
           live_metric(e->train->accuracy, e->train->mae));
    fflush(stdout);
    p->printed = e->epoch + 1;
}

int progress_event(void *user, const seqecho_event *e)
{
    progress *const p = user;
    const bool shown = !p->args->quiet;

    switch (e->kind) {
    case SEQECHO_EVENT_BATCH_END:
        if (shown && p->live)
            draw(p, e);
        break;
    case SEQECHO_EVENT_EPOCH_END:
        if (shown && p->live)
            draw(p, e);
        else if (shown)
            print_epoch(p, e);
        if (p->csv != NULL)
            write_epoch(p, e->epoch, e->train->loss, e->train->accuracy, e->train->mae);
        p->samples += e->train->samples;
        break;
    case SEQECHO_EVENT_FIT_END:
        p->samples -= e->train->samples; /* of the last epoch, which the event counts */
        if (shown && p->live && p->drawn)
            draw(p, e);
        else if (shown && !p->live)
            print_epoch(p, e);
        break;
    default: break;
    }
    return 0;
}

void progress_epoch(progress *p, int64_t epoch, int64_t epochs,
                    const seqecho_report *report)
{
    seqecho_event event = { .struct_size = sizeof event,
                            .kind = SEQECHO_EVENT_EPOCH_END,
                            .epoch = epoch,
                            .epochs = epochs,
                            .batch = report->batches - 1,
                            .batches = report->batches,
                            .train = report };

    (void)progress_event(p, &event);
    if (epoch + 1 < epochs)
        return;
    event.kind = SEQECHO_EVENT_FIT_END;
    (void)progress_event(p, &event);
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
    if (!written)
        args_say_later(p->args, "%s: %s", p->args->csv, strerror(errno));
}
