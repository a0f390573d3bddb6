/* gnuplot.c - gnuplot, started and given a script.
 * SPDX-License-Identifier: MIT */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Start it with the script as its input: 0, or an error number. */
static int start(pid_t *child, FILE *script, FILE *picture)
{
    char *const words[] = { (char[]){ "gnuplot" }, (char[]){ "--default-settings" }, NULL };
    posix_spawn_file_actions_t files;
    int err = posix_spawn_file_actions_init(&files);

    if (err != 0)
        return err;
    err = posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
    if (err == 0 && picture != NULL)
        err = posix_spawn_file_actions_adddup2(&files, fileno(picture), STDOUT_FILENO);
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO && picture == NULL && err == 0; fd++)
        err = posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_WRONLY, 0);
    if (err == 0)
        err = posix_spawnp(child, words[0], &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
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
