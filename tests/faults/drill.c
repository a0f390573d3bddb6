/* drill.c - what anything that saves or reads a file has to live through.
 * SPDX-License-Identifier: MIT */
#include "drill.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include <seqecho/common.h>

#define NAME "file"
#define SHOWN 5             /* cases that were not survived */
#define SIGNALS 100         /* in a row: for ever would be just that */
#define SHORT ((size_t)700) /* bytes: neither a sector nor a divisor of a file */

static const int errors[] = { EINTR, ENOSPC, EIO, EDQUOT, EROFS, EACCES, ENOMEM };
static const char *const kinds[CALLS_KINDS] = {
    "no call", "open",  "stat",  "chmod",  "allocate", "read",
    "write",   "fsync", "close", "rename", "unlink",
};

typedef struct contents {
    files_bytes old, new, none;
} contents;

static void save_or_stop(const drill *d, void *user)
{
    if (d->save(user, NAME) == SEQECHO_OK)
        return;
    print_message("%s: %s\n", d->name, seqecho_error_message());
    abort();
}

static contents learn(const drill *d)
{
    contents c = { .none = { NULL, 0, false } };

    files_clear();
    save_or_stop(d, d->before);
    c.old = files_read(NAME);
    save_or_stop(d, d->after);
    c.new = files_read(NAME);
    return c;
}

static void forget(contents *c)
{
    files_clear();
    files_free(&c->old);
    files_free(&c->new);
}

static void put(const files_bytes *old)
{
    files_clear();
    if (old->there)
        files_write(NAME, old->data, old->size);
}

/* How many calls there are when all goes well. */
static int count_calls(drill_function *run, void *user, size_t longest)
{
    const calls_plan plan = { .longest = longest };

    calls_begin(&plan);
    if (run(user, NAME) != SEQECHO_OK)
        abort();
    return calls_end();
}

/* `wrong` is NULL or says what is. */
static void tally(drill_count *count, const char *wrong, const char *name,
                  const calls_plan *plan, const char *how, calls_kind kind)
{
    count->tried++;
    count->survived += wrong == NULL;
    if (wrong != NULL && count->tried - count->survived <= SHOWN)
        print_message("%s: call %d (%s) %s: %s\n", name, plan->at, kinds[kind], how, wrong);
}

/* ---- Errors ---- */

static const char *judge_message(int status, int error)
{
    const char *const text = seqecho_error_message();

    if (status == SEQECHO_OK)
        return NULL;
    if (strstr(text, strerror(error)) == NULL)
        return "the message does not name the error";
    return strstr(text, NAME) == NULL ? "the message does not name the file" : NULL;
}

static const char *judge_status(int status, int error)
{
    if (status != SEQECHO_OK && status != SEQECHO_EIO && status != SEQECHO_EDURABILITY)
        return "another code than for input and output";
    if (error == EINTR && status != SEQECHO_OK)
        return "a signal is seen by the caller";
    if (error != EINTR && status == SEQECHO_OK)
        return "a failure is not reported";
    return judge_message(status, error);
}

/* Only what went wrong after the exchange of names gets the code of its own. */
static const char *judge_files(int status, const files_bytes *old, const files_bytes *new)
{
    const bool exchanged = status == SEQECHO_OK || status == SEQECHO_EDURABILITY;

    if (!files_hold(NAME, exchanged ? new : old))
        return exchanged ? "the new file is not there" : "the old file is not there";
    if (files_others(NAME) > (calls_failed(CALLS_UNLINK) > 0))
        return "another file is left";
    return NULL;
}

static const char *fail_save(const drill *d, const contents *c, const files_bytes *old,
                             const calls_plan *plan)
{
    int fds, status;
    const char *wrong;

    put(old);
    fds = files_descriptors();
    calls_begin(plan);
    status = d->save(d->after, NAME);
    calls_end();
    wrong = judge_status(status, plan->error);
    if (wrong == NULL)
        wrong = judge_files(status, old, &c->new);
    if (wrong == NULL && files_descriptors() != fds)
        wrong = "a descriptor is lost";
    if (wrong == NULL && plan->error != EINTR && calls_kind_of(plan->at) == CALLS_SYNC &&
        calls_kind_of(plan->at + 1) == CALLS_SYNC)
        wrong = "fsync is made again";
    return wrong;
}

static void fail_each_call(const drill *d, const contents *c, const files_bytes *old,
                           size_t longest, drill_count *count)
{
    int n;

    put(old);
    n = count_calls(d->save, d->after, longest);
    for (int k = 1; k <= n; k++)
        for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
            for (int ever = 0; ever <= 1; ever++) {
                const int times = errors[e] == EINTR ? SIGNALS : CALLS_FOR_EVER;
                const calls_plan plan = { .at = k,
                                          .error = errors[e],
                                          .times = ever ? times : 1,
                                          .longest = longest };
                char how[128];
                const char *const wrong = fail_save(d, c, old, &plan);

                snprintf(how, sizeof how, "%s \"%s\"", ever ? "for ever" : "once",
                         strerror(errors[e]));
                tally(count, wrong, d->name, &plan, how, calls_kind_of(k));
            }
}

drill_count drill_errors(const drill *d)
{
    contents c = learn(d);
    drill_count count = { 0, 0 };

    for (int existed = 0; existed <= 1; existed++)
        for (int whole = 0; whole <= 1; whole++)
            fail_each_call(d, &c, existed ? &c.old : &c.none, whole ? 0 : SHORT, &count);
    print_message("%s: %d failures of a call tried, %d survived\n", d->name, count.tried,
                  count.survived);
    forget(&c);
    return count;
}

/* ---- Killed ---- */

typedef struct killing {
    const drill *drill;
    calls_plan plan;
} killing;

static int save_and_die(void *user)
{
    killing *const k = user;

    calls_begin(&k->plan);
    k->drill->save(k->drill->after, NAME);
    return 0;
}

static const char *kill_save(killing *k, const files_bytes *old, const files_bytes *new,
                             bool exchanged)
{
    put(old);
    if (files_in_child(save_and_die, k) != CALLS_DIED)
        return "the process did not end there";
    if (!files_hold(NAME, exchanged ? new : old))
        return exchanged ? "the new file is not there" : "the old file is not there";
    if (files_others(NAME) > 1)
        return "more than one file is left";
    if (k->drill->save(k->drill->after, NAME) != SEQECHO_OK || !files_hold(NAME, new))
        return "the next save failed";
    return NULL;
}

static void kill_at_each_call(const drill *d, const contents *c, const files_bytes *old,
                              drill_count *count)
{
    int n, rename;

    put(old);
    n = count_calls(d->save, d->after, SHORT);
    for (rename = 1; rename <= n && calls_kind_of(rename) != CALLS_RENAME; rename++)
        continue;
    for (int k = 1; k <= n; k++)
        for (int after = 0; after <= 1; after++) {
            killing kill = { d, { .at = k, .longest = SHORT } };
            const char *wrong;

            kill.plan.dies = after ? CALLS_DIES_AFTER : CALLS_DIES_BEFORE;
            wrong = kill_save(&kill, old, &c->new, k > rename || (after && k == rename));
            /* What is remembered here are calls of this process. */
            count_calls(d->save, d->after, SHORT);
            tally(count, wrong, d->name, &kill.plan,
                  after ? "killed after it" : "killed before it", calls_kind_of(k));
        }
}

drill_count drill_kills(const drill *d)
{
    contents c = learn(d);
    drill_count count = { 0, 0 };

    kill_at_each_call(d, &c, &c.none, &count);
    kill_at_each_call(d, &c, &c.old, &count);
    print_message("%s: %d kills tried, %d survived\n", d->name, count.tried,
                  count.survived);
    forget(&c);
    return count;
}

/* ---- Power failure ---- */

power_count drill_power(const drill *d)
{
    contents c = learn(d);
    power_count sum = { 0, 0, 0 };

    for (int existed = 0; existed <= 1; existed++)
        for (int whole = 0; whole <= 1; whole++) {
            const files_bytes *const old = existed ? &c.old : &c.none;
            calls_trace trace = { NULL, 0 };
            const calls_plan plan = { .trace = &trace, .longest = whole ? 0 : SHORT };
            power_count n;

            put(old);
            calls_begin(&plan);
            save_or_stop(d, d->after);
            calls_end();
            n = power_check(&trace, NAME, old, &c.new);
            sum.states += n.states;
            sum.torn += n.torn;
            sum.lost += n.lost;
            calls_trace_free(&trace);
        }
    print_message("%s: %ld states after a power failure, %ld torn, %ld lost\n", d->name,
                  sum.states, sum.torn, sum.lost);
    forget(&c);
    return sum;
}

/* ---- Reading ---- */

/* Once all is read, close() may say what it likes. */
static const char *fail_load(drill_function *load, void *user, const calls_plan *plan)
{
    const int fds = files_descriptors();
    int status;
    const char *wrong;

    calls_begin(plan);
    status = load(user, NAME);
    calls_end();
    if (status == SEQECHO_OK && calls_kind_of(plan->at) == CALLS_CLOSE)
        wrong = NULL;
    else
        wrong = judge_status(status, plan->error);
    if (wrong == NULL && status == SEQECHO_EDURABILITY)
        wrong = "reading is not durable";
    if (wrong == NULL && files_descriptors() != fds)
        wrong = "a descriptor is lost";
    return wrong;
}

drill_count drill_reading(const char *name, drill_function *load, void *user,
                          const files_bytes *data)
{
    drill_count count = { 0, 0 };

    put(data);
    for (int whole = 0; whole <= 1; whole++) {
        const size_t longest = whole ? 0 : SHORT;
        const int n = count_calls(load, user, longest);

        for (int k = 1; k <= n; k++)
            for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
                for (int ever = 0; ever <= 1; ever++) {
                    const int times = errors[e] == EINTR ? SIGNALS : CALLS_FOR_EVER;
                    const calls_plan plan = { .at = k,
                                              .error = errors[e],
                                              .times = ever ? times : 1,
                                              .longest = longest };

                    tally(&count, fail_load(load, user, &plan), name, &plan,
                          strerror(errors[e]), calls_kind_of(k));
                }
    }
    if (!files_hold(NAME, data))
        count.survived = 0;
    print_message("%s: %d failures of a call tried, %d survived\n", name, count.tried,
                  count.survived);
    files_clear();
    return count;
}
