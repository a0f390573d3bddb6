/* process.c - runs a program, and prints how long it took and the most memory it had.
 * SPDX-License-Identifier: MIT
 *
 *     process PROGRAM [ARGUMENT]...
 *
 * The system counts the memory that a process had before it became another program. A small
 * one has to start it, therefore, or the figure is that of the one that asked. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void become(char **command)
{
    const int nowhere = open("/dev/null", O_WRONLY);

    if (nowhere >= 0)
        dup2(nowhere, STDOUT_FILENO);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    const double start = now();
    struct rusage used;
    pid_t child;
    int status;

    if (argc < 2) {
        fprintf(stderr, "usage: %s PROGRAM [ARGUMENT]...\n", argv[0]);
        return 2;
    }
    child = fork();
    if (child == 0)
        become(argv + 1);
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror(argv[0]);
        return 1;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "%s: %s failed\n", argv[0], argv[1]);
        return 1;
    }
    printf("{\"seconds\": %.6f, \"peak_kib\": %ld}\n", now() - start, used.ru_maxrss);
    return 0;
}
