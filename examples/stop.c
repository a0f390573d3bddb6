/* stop.c - Ctrl-C, and how to go on.
 * SPDX-License-Identifier: MIT */
#include "stop.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* ---- Signals ------------------------------------------------------------------------ */

enum { SIGNALS = 2 };

static const int signals[SIGNALS] = { SIGINT, SIGTERM };
static struct sigaction before[SIGNALS];
static volatile sig_atomic_t received;

static void note(int number)
{
    received = number;
}

void stop_begin(void)
{
    /* Noted once, the signal has its usual effect again. */
    struct sigaction action = { .sa_handler = note,
                                .sa_flags = (int)(SA_RESTART | SA_RESETHAND) };

    sigemptyset(&action.sa_mask);
    received = 0;
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

void stop_end(void)
{
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &before[i], NULL);
}

int stop_signal(void)
{
    return received;
}

/* ---- The command line --------------------------------------------------------------- */

typedef struct line {
    char *text;
    size_t size, length;
} line;

/* A character, if it fits whole with the NUL behind it. */
static void add(line *l, char c)
{
    if (l->length + 1 >= l->size)
        return;
    l->text[l->length++] = c;
    l->text[l->length] = '\0';
}

/* A word, in quotes where a shell would take it for something else. */
static void add_word(line *l, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_=+./,:@%";
    const bool quoted = *word == '\0' || word[strspn(word, plain)] != '\0';

    if (quoted)
        add(l, '\'');
    for (; *word != '\0'; word++)
        if (*word != '\'')
            add(l, *word);
        else
            for (const char *c = "'\\''"; *c != '\0'; c++)
                add(l, *c);
    if (quoted)
        add(l, '\'');
}

char *stop_command(const args *a, const char *more, const char *word, char *text,
                   size_t size)
{
    line l = { text, size, 0 };

    *text = '\0';
    for (int i = 0; i < a->argc; i++) {
        if (i > 0)
            add(&l, ' ');
        add_word(&l, a->argv[i]);
    }
    for (; *more != '\0'; more++)
        add(&l, *more);
    if (word != NULL)
        add_word(&l, word);
    return text;
}
