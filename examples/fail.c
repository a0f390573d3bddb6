/* fail.c - how the example programs fail, and how they end.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seqecho/common.h>

#include "args.h"

/* What args_finish() is to say, line by line. */
static char later[4096];

void args_say(const args *a, const char *format, ...)
{
    va_list values;

    fprintf(stderr, "%s: ", a->program);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fprintf(stderr, "\n");
}

int args_report(const args *a, int err)
{
    args_say(a, "%s: %s", seqecho_error_name(err), seqecho_error_message());
    return EXIT_FAILURE;
}

void args_say_later(const args *a, const char *format, ...)
{
    char text[1024];
    const size_t length = strlen(later);
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    snprintf(later + length, sizeof later - length, "%s: %s\n", a->program, text);
}

void args_report_later(const args *a, int err)
{
    args_say_later(a, "%s: %s", seqecho_error_name(err), seqecho_error_message());
}

void *args_alloc(const args *a, size_t count, size_t size)
{
    void *const memory = calloc(count > 0 ? count : 1, size);

    if (memory == NULL) {
        args_say(a, "out of memory");
        exit(EXIT_FAILURE);
    }
    return memory;
}

int args_finish(const args *a)
{
    const bool failed = ferror(stdout) != 0; /* at some time, for a reason now forgotten */

    if (fflush(stdout) != 0)
        args_say(a, "cannot write the output: %s", strerror(errno));
    else if (failed)
        args_say(a, "cannot write the output");
    else if (later[0] == '\0')
        return EXIT_SUCCESS;
    fputs(later, stderr);
    return EXIT_FAILURE;
}

int args_exit(const args *a, int err)
{
    if (err < 0) {
        (void)args_report(a, err);
        fputs(later, stderr);
        return EXIT_FAILURE;
    }
    return err > 0 ? err : args_finish(a);
}
