/* files.c - models and checkpoints, as the command line of an example asks for them.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_PATH 4096

/* ---- A place to save ---------------------------------------------------------------- */

static int check_directory(const args *a, const char *option, const char *path)
{
    if (access(path, W_OK | X_OK) == 0)
        return 0;
    args_say(a, "--%s: cannot write to the directory '%s': %s", option, path,
             strerror(errno));
    return EXIT_FAILURE;
}

/* The directory that will hold the file or directory `path`. */
int files_check_parent(const args *a, const char *option, const char *path)
{
    const char *const slash = strrchr(path, '/');
    char parent[LONGEST_PATH] = ".";

    if (slash != NULL)
        snprintf(parent, sizeof parent, "%.*s", (int)(slash + 1 - path), path);
    return check_directory(a, option, parent);
}

int files_check(const args *a)
{
    char inside[LONGEST_PATH];
    int err = a->save != NULL ? files_check_parent(a, "save", a->save) : 0;

    if (err == 0 && a->tensorboard != NULL && access(a->tensorboard, F_OK) < 0)
        err = files_check_parent(a, "tensorboard", a->tensorboard);
    if (err != 0 || a->checkpoint == NULL)
        return err;
    if (access(a->checkpoint, F_OK) < 0)
        return files_check_parent(a, "checkpoint", a->checkpoint);
    snprintf(inside, sizeof inside, "%s/", a->checkpoint);
    return check_directory(a, "checkpoint", inside);
}

/* ---- Loading ------------------------------------------------------------------------ */

static char *summarise(const args *a, const seqecho_graph *graph)
{
    const size_t size = seqecho_graph_summary(graph, NULL, 0) + 1;
    char *const text = args_alloc(a, size, 1);

    (void)seqecho_graph_summary(graph, text, size);
    return text;
}

/* The layers and their shapes, as the summaries show them: equal, or the first difference
 * is printed. */
static int compare(const args *a, const seqecho_graph *asked, const seqecho_graph *found)
{
    char *const one = summarise(a, asked), *const two = summarise(a, found);
    const char *x = one, *y = two;
    int status = 0;

    while (status == 0 && *x != '\0' && *y != '\0') {
        const size_t m = strcspn(x, "\n"), n = strcspn(y, "\n");

        if (m != n || memcmp(x, y, n) != 0) {
            args_say(a,
                     "%s: the model in the file is not the one of the options\n"
                     "  file:    %.*s\n  options: %.*s\n"
                     "Give the sizes that it was saved with: --units, --batch, --n-in, ...",
                     a->load, (int)n, y, (int)m, x);
            status = EXIT_FAILURE;
        }
        x += m + 1;
        y += n + 1;
    }
    free(one);
    free(two);
    return status;
}

int files_load(seqecho_graph *model, const args *a)
{
    seqecho_graph *found = NULL;
    int err = 0;

    if (a->load == NULL)
        return 0;
    err = seqecho_graph_load(&found, a->load, NULL);
    if (err == 0)
        err = compare(a, model, found);
    if (err == 0)
        err = seqecho_graph_weights_copy(model, found, NULL);
    seqecho_graph_destroy(found);
    return err;
}

int files_dot(const seqecho_graph *model, const args *a)
{
    const size_t size = seqecho_graph_dot(model, NULL, 0) + 1;
    char *text;
    FILE *file;
    int err;

    if (a->dot == NULL)
        return 0;
    file = fopen(a->dot, "w");
    if (file == NULL) {
        args_say(a, "--dot: %s: %s", a->dot, strerror(errno));
        return EXIT_FAILURE;
    }
    text = args_alloc(a, size, 1);
    (void)seqecho_graph_dot(model, text, size);
    err = fputs(text, file) < 0 ? errno : 0;
    free(text);
    if (fclose(file) != 0 && err == 0)
        err = errno;
    if (err != 0)
        args_say(a, "--dot: %s: %s", a->dot, strerror(err));
    return err != 0 ? EXIT_FAILURE : 0;
}

/* ---- Checkpoints -------------------------------------------------------------------- */

static void say_where(const args *a, const char *path, int64_t done)
{
    if (done < a->epochs)
        args_say(a, "resuming %s: epoch %" PRId64 " of %" PRId64, path, done + 1,
                 a->epochs);
    else
        args_say(a, "resuming %s: all %" PRId64 " epochs are done", path, a->epochs);
}

int files_resume(seqecho_trainer *trainer, const args *a)
{
    char path[LONGEST_PATH];
    size_t done;
    int err;

    if (!a->resume)
        return 0;
    err = seqecho_checkpoint_latest(a->checkpoint, path, sizeof path);
    if (err == SEQECHO_ENOTFOUND) {
        args_say(a, "no checkpoint in %s: starting at the beginning", a->checkpoint);
        return 0;
    }
    if (err == 0)
        err = seqecho_trainer_restore(trainer, path);
    if (err == SEQECHO_ESHAPE)
        args_say(a, "%s: made with other options, such as --units, --batch or --n-in",
                 path);
    if (err < 0)
        return err;
    (void)seqecho_trainer_history(trainer, "loss", &done);
    say_where(a, path, (int64_t)done);
    return 0;
}

int64_t files_every(const args *a)
{
    if (a->every > 0)
        return a->every;
    return a->epochs >= 10 ? a->epochs / 10 : 1;
}

int files_checkpoint(seqecho_callback **out, const args *a)
{
    return seqecho_checkpoint_create(
        out,
        SEQECHO_CHECKPOINT(.directory = a->checkpoint, .every_epochs = files_every(a)));
}
