/* gnuplot.c - gnuplot, started and given a script.
 * SPDX-License-Identifier: MIT */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Our environment, but with a locale that has all letters: in others it complains. */
static char **surroundings(void)
{
    size_t n = 0, kept = 0;
    char **all;

    while (environ[n] != NULL)
        n++;
    all = malloc((n + 2) * sizeof *all);
    for (size_t i = 0; i < n && all != NULL; i++)
        if (strncmp(environ[i], "LC_ALL=", 7) != 0)
            all[kept++] = environ[i];
    if (all != NULL) {
        static char locale[] = "LC_ALL=C.UTF-8";

        all[kept++] = locale;
        all[kept] = NULL;
    }
    return all;
}

/* Start it with the script as its input: 0, or an error number. */
static int start(pid_t *child, FILE *script, FILE *picture)
{
    char *const words[] = { (char[]){ "gnuplot" }, (char[]){ "--default-settings" }, NULL };
    posix_spawn_file_actions_t files;
    char **const all = surroundings();
    int err = posix_spawn_file_actions_init(&files);

    if (err != 0 || all == NULL) {
        free(all);
        return err != 0 ? err : ENOMEM;
    }
    err = posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
    if (err == 0 && picture != NULL)
        err = posix_spawn_file_actions_adddup2(&files, fileno(picture), STDOUT_FILENO);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && picture == NULL && err == 0; fd++)
        err = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_WRONLY, 0);
    if (err == 0)
        err = posix_spawnp(child, words[0], &files, NULL, words, all);
    posix_spawn_file_actions_destroy(&files);
    free(all);
    return err;
}

int gnuplot_run(FILE *script, FILE *picture)
{
    pid_t child;
    int status, err;

    if (fflush(script) != 0 || fseek(script, 0, SEEK_SET) != 0)
        return GNUPLOT_FAILED;
    err = start(&child, script, picture);
    if (err != 0)
        return err == ENOENT ? GNUPLOT_MISSING : GNUPLOT_FAILED;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return GNUPLOT_FAILED;
    if (!WIFEXITED(status))
        return GNUPLOT_FAILED;
    return WEXITSTATUS(status) == 127 ? GNUPLOT_MISSING
           : WEXITSTATUS(status) == 0 ? 0
                                      : GNUPLOT_FAILED;
}
