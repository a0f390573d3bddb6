/* train/csv_log.c - a line of text an epoch.
 * SPDX-License-Identifier: MIT
 *
 * A line is one write(): it is in the file, whole, before the next epoch begins, whatever
 * becomes of the process. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "io/file.h"
#include "train/callbacks.h"

#define NAME "csv_log"
#define LINE 512

typedef struct csv_log {
    seqecho_callback base;
    char *path;
    char separator;
    bool append;

    int file;   /* or -1 */
    off_t size; /* when it was closed */
    off_t kept; /* what is to be kept of a longer one, if not 0 */
    bool column[SE_HISTORY_SERIES];
} csv_log;

static int fail(const csv_log *log, const char *what)
{
    return se_file_fail(SEQECHO_EIO, errno, NAME, what, log->path);
}

static int write_all(const csv_log *log, const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t n = write(log->file, text, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(log, "write to");
        text += n;
        length -= (size_t)n;
    }
    return SEQECHO_OK;
}

static void close_file(csv_log *log)
{
    if (log->file >= 0)
        close(log->file);
    log->file = -1;
}

/* ---- Text ---- */

/* What printf() makes of a number, its decimal point, which depends on the locale and may
 * have several bytes, replaced by a point. */
static void add_number(se_strbuf *buf, double value)
{
    char text[40], plain[40];
    se_strbuf number;
    size_t n = 0;

    se_strbuf_init(&number, text, sizeof text);
    se_strbuf_add(&number, "%.9g", isnan(value) ? fabs(value) : value);
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("0123456789+-einfa", *c) != NULL)
            plain[n++] = *c;
        else if (n == 0 || plain[n - 1] != '.')
            plain[n++] = '.';
    }
    plain[n] = '\0';
    se_strbuf_add(buf, "%s", plain);
}

static size_t make_header(const csv_log *log, char text[LINE])
{
    se_strbuf buf;

    se_strbuf_init(&buf, text, LINE);
    se_strbuf_add(&buf, "epoch");
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        if (log->column[i])
            se_strbuf_add(&buf, "%c%s", log->separator, se_history_name((se_series)i));
    se_strbuf_add(&buf, "\n");
    return buf.length;
}

static int write_epoch(const csv_log *log, const se_history *history, int64_t epoch)
{
    char text[LINE];
    se_strbuf buf;

    se_strbuf_init(&buf, text, sizeof text);
    se_strbuf_add(&buf, "%lld", (long long)epoch);
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        if (log->column[i]) {
            se_strbuf_add(&buf, "%c", log->separator);
            add_number(&buf, se_history_last(history, (se_series)i));
        }
    se_strbuf_add(&buf, "\n");
    return write_all(log, text, buf.length);
}

/* ---- A file that is there ---- */

/* Its header must be that of this fit.  A last line that was cut off is ended. */
static int go_on(const csv_log *log, const char *header, size_t length, off_t size)
{
    char found[LINE], last = '\0';
    const ssize_t n = pread(log->file, found, length, 0);

    if (n < 0 || pread(log->file, &last, 1, size - 1) < 0)
        return fail(log, "read");
    if ((size_t)n != length || memcmp(found, header, length) != 0)
        return se_fail(SEQECHO_EFORMAT,
                       NAME ": \"%s\" does not begin with the columns of this fit, "
                            "expected %.*s",
                       log->path, (int)length - 1, header);
    return last == '\n' ? SEQECHO_OK : write_all(log, "\n", 1);
}

static int write_header(const csv_log *log)
{
    char header[LINE];
    const size_t length = make_header(log, header);
    off_t size = 0;

    if (log->append || log->kept > 0) {
        size = lseek(log->file, 0, SEEK_END);
        if (size < 0)
            return fail(log, "find the end of");
    }
    return size > 0 ? go_on(log, header, length, size) : write_all(log, header, length);
}

/* ---- The callback ---- */

/* The bytes that save() has found; 0 for what cannot be cut, as a pipe. */
static int saved_size(const se_saved *saved, int64_t *size)
{
    *size = 0;
    return saved != NULL
               ? se_json_get_int(saved->state, "size", 0, SE_COUNT_MAX, size, NAME)
               : SEQECHO_OK;
}

static int check_fit(const seqecho_callback *c, const seqecho_trainer *t, bool validation,
                     const se_saved *saved)
{
    int64_t size;

    SE_UNUSED(c);
    SE_UNUSED(t);
    SE_UNUSED(validation);
    return saved_size(saved, &size);
}

static int begin(seqecho_callback *c, seqecho_trainer *t, bool validation,
                 const se_saved *saved)
{
    csv_log *const log = (csv_log *)c;
    int64_t kept; /* bytes of a file that is there, if the fit goes on */
    int how, err;

    SE_TRY(saved_size(saved, &kept));
    log->kept = (off_t)kept;
    how = log->append || kept > 0 ? O_RDWR | O_APPEND : O_WRONLY | O_TRUNC;
    for (size_t i = 0; i < SE_HISTORY_SERIES; i++)
        log->column[i] =
            se_history_computes((se_series)i, t->objective.metrics.which, validation);
    do
        log->file = open(log->path, how | O_CREAT | O_CLOEXEC, 0666);
    while (log->file < 0 && errno == EINTR);
    if (log->file < 0)
        return fail(log, "open");
    err = write_header(log);
    if (err < 0)
        close_file(log);
    return err;
}

/* How much is in the file: where it will have to go on. */
static int save(const seqecho_callback *c, json_t *state, se_writer *w, const char *prefix)
{
    const csv_log *const log = (const csv_log *)c;
    const off_t size = log->file >= 0 ? lseek(log->file, 0, SEEK_END) : log->size;

    SE_UNUSED(w);
    SE_UNUSED(prefix);
    return se_json_put_int(state, "size", size > 0 ? (int64_t)size : 0);
}

/* The lines that were written after the checkpoint was taken come again. */
static int cut(csv_log *log)
{
    const off_t size = lseek(log->file, 0, SEEK_END), kept = log->kept;
    int failed = 0;

    log->kept = 0;
    if (size > kept)
        do
            failed = ftruncate(log->file, kept);
        while (failed != 0 && errno == EINTR);
    return size >= 0 && failed == 0 ? SEQECHO_OK : fail(log, "cut");
}

static int event(seqecho_callback *c, const seqecho_event *e)
{
    csv_log *const log = (csv_log *)c;
    int file;

    if (log->kept > 0)
        SE_TRY(cut(log));
    if (e->kind == SEQECHO_EVENT_EPOCH_END)
        return write_epoch(log, &e->trainer->history, e->epoch);
    if (e->kind != SEQECHO_EVENT_FIT_END)
        return 0;
    file = log->file;
    log->size = lseek(file, 0, SEEK_END);
    log->file = -1;
    /* Some systems find out only now that there is no room. */
    return close(file) == 0 || errno == EINTR ? 0 : fail(log, "write to");
}

static void end(seqecho_callback *c)
{
    close_file((csv_log *)c);
}

static void destroy(seqecho_callback *c)
{
    se_free(&c->allocator, ((csv_log *)c)->path);
}

static int check(const seqecho_csv_log_options *opt)
{
    if (opt->path == NULL || opt->path[0] == '\0')
        return se_fail(SEQECHO_EINVAL, NAME ": path is %s, expected that of a file",
                       opt->path == NULL ? "NULL" : "empty");
    /* Nothing that a number, a name or the end of a line could have in it. */
    if (opt->separator != '\0' && strchr(",;|:\t ", opt->separator) == NULL)
        return se_fail(SEQECHO_EINVAL,
                       NAME
                       ": separator is character %d, expected one of , ; | : tab space",
                       (int)opt->separator);
    return se_callback_reserved(opt->reserved, sizeof opt->reserved, "csv_log options");
}

int seqecho_csv_log_create(seqecho_callback **out, const seqecho_csv_log_options *options)
{
    static const se_callback_ops ops = {
        .name = NAME,
        .check = check_fit,
        .begin = begin,
        .event = event,
        .save = save,
        .end = end,
        .destroy = destroy,
    };
    seqecho_csv_log_options opt;
    csv_log *log;
    size_t size;
    int err;

    SE_TRY(se_callback_options(out, &opt, sizeof opt, options, "csv_log options"));
    SE_TRY(check(&opt));
    SE_TRY(se_callback_create(&log, sizeof *log, &ops, opt.allocator, NAME));
    log->file = -1;
    log->separator = opt.separator;
    if (log->separator == '\0')
        log->separator = ',';
    log->append = opt.append;
    size = strlen(opt.path) + 1;
    err = se_alloc(&log->path, &log->base.allocator, size, 1, NAME);
    if (err < 0) {
        seqecho_callback_destroy(&log->base);
        return err;
    }
    memcpy(log->path, opt.path, size);
    *out = &log->base;
    return SEQECHO_OK;
}
