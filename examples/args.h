/* args.h - the command line that the example programs share, and how they fail.
 * SPDX-License-Identifier: MIT */
#ifndef EXAMPLES_ARGS_H
#define EXAMPLES_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct args {
    int64_t epochs, units, batch;          /* of training; zero: not an option here */
    int64_t n_in, n_out, n_unique, length; /* of the data; likewise */
    int64_t eval;                          /* fresh sequences to evaluate on */
    uint64_t seed;                         /* of the data and of the initial weights */
    int32_t threads;                       /* 0: chosen by the library */
    const char *csv;                       /* file for the training history, or NULL */
    const char *plot;                      /* file for a picture of it, or NULL */
    const char *save, *load;               /* files of the model, or NULL */
    const char *dot;                       /* file for its graph, or NULL */
    const char *tensorboard;               /* directory for the figures, or NULL */
    const char *checkpoint;                /* directory of the training, or NULL */
    int64_t every;                         /* epochs from checkpoint to checkpoint */
    bool resume;                           /* go on from the newest checkpoint */
    bool quiet;                            /* print no progress */
    bool several;                          /* trains several networks: no files */
    bool own_loop;                         /* fits once an epoch: no TensorBoard */
    const char *program;                   /* set by args_parse(): for messages */
    int argc;                              /* the command line itself; likewise */
    char **argv;
} args;

#define ARGS_BAD 2 /* the exit status of a bad command line */

#ifdef __GNUC__
#define ARGS_PRINTF __attribute__((format(printf, 2, 3)))
#else
#define ARGS_PRINTF
#endif

/* The tutorial's data: 25 integers below 100, seen through a window of 5. */
#define ARGS_TUTORIAL .length = 25, .n_unique = 100, .n_in = 5, .seed = 1, .eval = 50

/* Set what the program is called, and keep its command line; a part of args_parse(). */
void args_name(args *a, int argc, char **argv);

/* Read the command line over the values in `a`, which are the program's defaults.  An
 * option that makes no sense for the program has the default zero and is not offered.
 * --help prints `about` and the options, and exits with status 0; a bad command line
 * prints what is wrong with it and exits with ARGS_BAD. */
void args_parse(args *a, int argc, char **argv, const char *about);

/* The value of --option: only digits, or a minus before them, and in range; nothing before
 * them, nothing after.  Anything else is a bad command line. */
int64_t args_number(const args *a, const char *option, const char *text, int64_t least,
                    int64_t most);

/* Print "program: ..." to stderr. */
void args_say(const args *a, const char *format, ...) ARGS_PRINTF;

/* Print the failure of a library call as "program: SEQECHO_EXXX: message", and return
 * EXIT_FAILURE. */
int args_report(const args *a, int err);

/* Something has failed, but first the results are to be printed: args_finish() will say
 * it, and fail. */
void args_say_later(const args *a, const char *format, ...) ARGS_PRINTF;
void args_report_later(const args *a, int err);

/* Zeroed memory.  Exits with a message if there is none. */
void *args_alloc(const args *a, size_t count, size_t size);

/* Make sure that everything printed has arrived, and say what was to be said later:
 * EXIT_SUCCESS, or a message and EXIT_FAILURE. */
int args_finish(const args *a);

/* The exit status of a program by what came of it: 0; a SEQECHO_E* code, which is printed;
 * or a positive number, which is the status. */
int args_exit(const args *a, int err);

#endif /* EXAMPLES_ARGS_H */
