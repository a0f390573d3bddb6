/* calls.c - the system calls of the code under test: counted, failed, cut short, recorded,
 * or the last thing that a process does.
 * SPDX-License-Identifier: MIT */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMEMBERED 4096

static struct {
    bool active, dying;
    calls_plan plan;
    int total, matching;
    int made[CALLS_KINDS], failed[CALLS_KINDS];
    calls_kind kinds[REMEMBERED];
} now;

void calls_begin(const calls_plan *plan)
{
    memset(&now, 0, sizeof now);
    if (plan != NULL)
        now.plan = *plan;
    now.active = true;
}

int calls_end(void)
{
    now.active = false;
    return now.total;
}

calls_kind calls_kind_of(int k)
{
    return k >= 1 && k <= now.total && k <= REMEMBERED ? now.kinds[k - 1] : CALLS_ANY;
}

int calls_made(calls_kind kind)
{
    return now.made[kind];
}

int calls_failed(calls_kind kind)
{
    return now.failed[kind];
}

/* ---- Before and after a call ---- */

static void happen(void)
{
    if (now.plan.before != NULL) {
        now.active = false;
        now.plan.before(now.plan.user);
        now.active = true;
    }
    if (now.plan.dies == CALLS_DIES_BEFORE)
        _exit(CALLS_DIED);
    now.dying = now.plan.dies == CALLS_DIES_AFTER;
}

/* The error that the call has to fail with, or 0. */
static int enter(calls_kind kind)
{
    const calls_plan *const plan = &now.plan;

    if (!now.active)
        return 0;
    now.made[kind]++;
    if (now.total < REMEMBERED)
        now.kinds[now.total] = kind;
    now.total++;
    if (plan->kind != CALLS_ANY && plan->kind != kind)
        return 0;
    now.matching++;
    if (plan->at == 0 || now.matching < plan->at)
        return 0;
    if (now.matching == plan->at)
        happen();
    if (plan->error == 0 || now.matching - plan->at >= (plan->times > 1 ? plan->times : 1))
        return 0;
    now.failed[kind]++;
    return plan->error;
}

static void leave(void)
{
    if (now.active && now.dying)
        _exit(CALLS_DIED);
}

static int refuse(int error)
{
    errno = error;
    leave();
    return -1;
}

static size_t cut(size_t size)
{
    const size_t longest = now.plan.longest;

    return now.active && longest != 0 && size > longest ? longest : size;
}

/* ---- The trace ---- */

static void name_last(char name[256], const char *path)
{
    const char *const slash = strrchr(path, '/');

    snprintf(name, 256, "%s", slash != NULL ? slash + 1 : path);
}

static calls_op *record(calls_kind kind, int fd)
{
    calls_trace *const trace = now.plan.trace;
    calls_op *op;

    if (!now.active || trace == NULL)
        return NULL;
    op = realloc(trace->op, (trace->n + 1) * sizeof *op);
    if (op == NULL)
        abort();
    trace->op = op;
    op += trace->n++;
    *op = (calls_op){ .kind = kind, .fd = fd };
    return op;
}

static void record_open(int fd, const char *path, int flags)
{
    calls_op *const op = record(CALLS_OPEN, fd);

    if (op == NULL)
        return;
    op->directory = (flags & O_DIRECTORY) != 0;
    op->create = (flags & O_CREAT) != 0;
    op->truncate = (flags & O_TRUNC) != 0;
    name_last(op->name, path);
}

static void record_write(int fd, const void *data, size_t size, size_t offset)
{
    calls_op *const op = record(CALLS_WRITE, fd);

    if (op == NULL)
        return;
    op->offset = offset;
    op->size = size;
    op->data = malloc(size + 1);
    if (op->data == NULL)
        abort();
    memcpy(op->data, data, size);
}

static void record_names(calls_kind kind, const char *from, const char *to)
{
    calls_op *const op = record(kind, -1);

    if (op == NULL)
        return;
    name_last(op->name, from);
    name_last(op->to, to);
}

void calls_trace_free(calls_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++)
        free(trace->op[i].data);
    free(trace->op);
    *trace = (calls_trace){ NULL, 0 };
}

/* ---- The calls ----
 *
 * glibc has some of them twice, under the second name where files may be large. */

int __wrap_fchmod(int fd, mode_t mode);
int __real_fchmod(int fd, mode_t mode);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_close(int fd);
int __real_close(int fd);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __real_unlinkat(int dir, const char *path, int flags);

#define WRAP_OPENAT(name) \
    int __wrap_##name(int dir, const char *path, int flags, ...); \
    int __real_##name(int dir, const char *path, int flags, ...); \
    int __wrap_##name(int dir, const char *path, int flags, ...) \
    { \
        const int error = enter(CALLS_OPEN); \
        unsigned mode = 0; \
        va_list args; \
        int fd; \
        va_start(args, flags); \
        if ((flags & O_CREAT) != 0) \
            mode = va_arg(args, unsigned); \
        va_end(args); \
        if (error != 0) \
            return refuse(error); \
        fd = __real_##name(dir, path, flags, mode); \
        if (fd >= 0) \
            record_open(fd, path, flags); \
        leave(); \
        return fd; \
    }

#define WRAP_FSTAT(name) \
    int __wrap_##name(int fd, struct stat *found); \
    int __real_##name(int fd, struct stat *found); \
    int __wrap_##name(int fd, struct stat *found) \
    { \
        const int error = enter(CALLS_STAT); \
        const int err = error != 0 ? refuse(error) : __real_##name(fd, found); \
        leave(); \
        return err; \
    }

#define WRAP_FSTATAT(name) \
    int __wrap_##name(int dir, const char *path, struct stat *found, int flags); \
    int __real_##name(int dir, const char *path, struct stat *found, int flags); \
    int __wrap_##name(int dir, const char *path, struct stat *found, int flags) \
    { \
        const int error = enter(CALLS_STAT); \
        const int err = \
            error != 0 ? refuse(error) : __real_##name(dir, path, found, flags); \
        leave(); \
        return err; \
    }

#define WRAP_ALLOCATE(name) \
    int __wrap_##name(int fd, off_t offset, off_t size); \
    int __real_##name(int fd, off_t offset, off_t size); \
    int __wrap_##name(int fd, off_t offset, off_t size) \
    { \
        int error = enter(CALLS_ALLOCATE); \
        if (error == 0) { \
            error = __real_##name(fd, offset, size); \
            calls_op *const op = error == 0 ? record(CALLS_ALLOCATE, fd) : NULL; \
            if (op != NULL) \
                op->size = (size_t)(offset + size); \
        } \
        leave(); \
        return error; \
    }

WRAP_OPENAT(openat)
WRAP_FSTAT(fstat)
WRAP_FSTATAT(fstatat)
WRAP_ALLOCATE(posix_fallocate)
#ifdef __GLIBC__
WRAP_OPENAT(openat64)
WRAP_FSTAT(fstat64)
WRAP_FSTATAT(fstatat64)
WRAP_ALLOCATE(posix_fallocate64)
#endif

int __wrap_fchmod(int fd, mode_t mode)
{
    const int error = enter(CALLS_CHMOD);
    const int err = error != 0 ? refuse(error) : __real_fchmod(fd, mode);

    leave();
    return err;
}

ssize_t __wrap_read(int fd, void *data, size_t size)
{
    const int error = enter(CALLS_READ);
    const ssize_t n = error != 0 ? refuse(error) : __real_read(fd, data, cut(size));

    leave();
    return n;
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    const int error = enter(CALLS_WRITE);
    off_t offset = 0;
    ssize_t n;

    if (error != 0)
        return refuse(error);
    if (now.active)
        offset = lseek(fd, 0, SEEK_CUR);
    n = __real_write(fd, data, cut(size));
    if (n > 0)
        record_write(fd, data, (size_t)n, (size_t)offset);
    leave();
    return n;
}

int __wrap_fsync(int fd)
{
    const int error = enter(CALLS_SYNC);

    if (error != 0)
        return refuse(error);
    if (!now.active)
        return __real_fsync(fd);
    record(CALLS_SYNC, fd);
    leave();
    return 0;
}

/* As in Linux, a close() that failed has closed all the same. */
int __wrap_close(int fd)
{
    const int error = enter(CALLS_CLOSE);
    const int err = __real_close(fd);

    if (err == 0)
        record(CALLS_CLOSE, fd);
    if (error != 0)
        return refuse(error);
    leave();
    return err;
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    const int error = enter(CALLS_RENAME);
    int err;

    if (error != 0)
        return refuse(error);
    err = __real_renameat(from_dir, from, to_dir, to);
    if (err == 0)
        record_names(CALLS_RENAME, from, to);
    leave();
    return err;
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
    const int error = enter(CALLS_UNLINK);
    int err;

    if (error != 0)
        return refuse(error);
    err = __real_unlinkat(dir, path, flags);
    if (err == 0)
        record_names(CALLS_UNLINK, path, "");
    leave();
    return err;
}
