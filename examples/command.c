/* command.c - the words of a command line: getopt_long(), and what may have been meant.
 * SPDX-License-Identifier: MIT */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

enum { SHORT_HELP = 'h' };

void command_bad(const args *a)
{
    fprintf(stderr, "Try '%s --help'.\n", a->program);
    exit(ARGS_BAD);
}

/* "program: what 'word'; did you mean --other?"  Dashes and a value do not matter. */
static void refuse(const args *a, const struct option *list, const char *what,
                   const char *quote, const char *word)
{
    const size_t dashes = strspn(word, "-");
    suggestion s = suggest(word + dashes);

    s.length = strcspn(word + dashes, "=");
    for (; list->name != NULL; list++)
        suggest_from(&s, list->name);
    args_say(a, "%s %s%.*s%s%s%s%s", what, quote, (int)(dashes + s.length), word, quote,
             s.best != NULL ? "; did you mean --" : "", s.best != NULL ? s.best : "",
             s.best != NULL ? "?" : "");
    command_bad(a);
}

void command_unexpected(const args *a, const struct option *list, const char *word)
{
    refuse(a, list, "unexpected argument", "'", word);
}

static const struct option *find(const struct option *list, int value)
{
    while (list->name != NULL && list->val != value)
        list++;
    return list->name != NULL ? list : NULL;
}

/* The word that getopt_long() has not understood.  It stays at a word of short options
 * until it is through with it. */
static const char *not_understood(const args *a)
{
    const char *const here = optind < a->argc ? a->argv[optind] : NULL;

    if (optopt != 0 && here != NULL && here[0] == '-' && here[1] == optopt)
        return here;
    return a->argv[optind - 1];
}

/* Whether the word is that option, typed whole: getopt_long() takes less. */
static bool is_whole(const char *word, const struct option *found)
{
    return found != NULL && strncmp(word, "--", 2) == 0 &&
           strcspn(word + 2, "=") == strlen(found->name);
}

/* getopt_long() has answered with a colon or a question mark. */
static void say_wrong(const args *a, const struct option *list, int choice)
{
    const struct option *const found = find(list, optopt);
    const char *const word = not_understood(a);

    if (choice == ':' && is_whole(word, found))
        args_say(a, "--%s: expected a value", found->name);
    else if (optopt != 0 && is_whole(word, found))
        args_say(a, "--%s: takes no value", found->name);
    else
        refuse(a, list, "unknown option", "", word);
    command_bad(a);
}

int command_next(const args *a, const struct option *list)
{
    const char *word;
    int choice;

    opterr = 0; /* for it says less */
    optarg = NULL;
    choice = getopt_long(a->argc, a->argv, ":h", list, NULL);
    if (choice == -1 || choice == SHORT_HELP)
        return choice;
    if (choice == ':' || choice == '?')
        say_wrong(a, list, choice);
    word = a->argv[optind - 1 - (optarg != NULL && optarg == a->argv[optind - 1])];
    if (!is_whole(word, find(list, choice)))
        refuse(a, list, "unknown option", "", word);
    return choice;
}
