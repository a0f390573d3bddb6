/* io/event_file.c - files of scalars over time, as TensorBoard reads them.
 * SPDX-License-Identifier: MIT */
#include "io/event_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/size.h"
#include "io/file.h"

/* ---- Messages ----------------------------------------------------------------------- */

/* Numbers of fields, from TensorFlow's event.proto and summary.proto. */
enum {
    EVENT_WALL_TIME = 1,
    EVENT_STEP = 2,
    EVENT_FILE_VERSION = 3,
    EVENT_SUMMARY = 5,
    EVENT_SESSION_LOG = 7,
    SUMMARY_VALUE = 1,
    VALUE_TAG = 1,
    VALUE_SIMPLE_VALUE = 2,
    SESSION_LOG_STATUS = 1,
};
enum { SESSION_START = 1 };

/* How a field's value is written. */
enum { WIRE_VARINT = 0, WIRE_8_BYTES = 1, WIRE_LENGTH = 2, WIRE_4_BYTES = 5 };

/* Room for a message of all scalars, with twelve bytes each and thirty of its own beside
 * their tags. */
#define ROOM (32 + SE_EVENT_SCALARS * (SE_EVENT_TAG + 12))

typedef struct message {
    unsigned char data[ROOM];
    size_t size;
} message;

static void put(message *m, const void *bytes, size_t n)
{
    memcpy(m->data + m->size, bytes, n);
    m->size += n;
}

static void put_varint(message *m, uint64_t value)
{
    for (; value >= 128; value >>= 7)
        m->data[m->size++] = (unsigned char)(value | 128);
    m->data[m->size++] = (unsigned char)value;
}

static void put_key(message *m, unsigned field, unsigned wire)
{
    put_varint(m, field << 3 | wire);
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t n)
{
    put_key(m, field, WIRE_LENGTH);
    put_varint(m, n);
    put(m, bytes, n);
}

/* The beginning of an Event: when, and at which step. */
static void begin(message *m, int64_t step)
{
    struct timespec now = { 0 };
    double seconds;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    m->size = 0;
    put_key(m, EVENT_WALL_TIME, WIRE_8_BYTES);
    put(m, &seconds, sizeof seconds);
    put_key(m, EVENT_STEP, WIRE_VARINT);
    put_varint(m, (uint64_t)step);
}

static void put_scalar(message *summary, const se_scalar *s)
{
    message value = { .size = 0 };

    put_bytes(&value, VALUE_TAG, s->tag, strlen(s->tag));
    put_key(&value, VALUE_SIMPLE_VALUE, WIRE_4_BYTES);
    put(&value, &s->value, sizeof s->value);
    put_bytes(summary, SUMMARY_VALUE, value.data, value.size);
}

/* ---- Records ------------------------------------------------------------------------ */

static uint32_t checksum(const void *bytes, size_t n)
{
    const unsigned char *const c = bytes;
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < n; i++) {
        crc ^= c[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0x82f63b78) & (0 - (crc & 1)));
    }
    crc = ~crc;
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

static int write_record(const se_event_file *f, const message *m)
{
    const uint64_t length = m->size;
    unsigned char record[ROOM + 16];
    size_t left = m->size + 16, at = 0;
    uint32_t sum = checksum(&length, sizeof length);

    memcpy(record, &length, 8);
    memcpy(record + 8, &sum, 4);
    memcpy(record + 12, m->data, m->size);
    sum = checksum(m->data, m->size);
    memcpy(record + 12 + m->size, &sum, 4);
    while (left > 0) {
        ssize_t n;

        SE_RETRY(n, write(f->file, record + at, left));
        if (n <= 0)
            return se_file_fail(SEQECHO_EIO, n < 0 ? errno : EIO, f->what, "write to",
                                f->path);
        at += (size_t)n;
        left -= (size_t)n;
    }
    return SEQECHO_OK;
}

static int write_beginning(const se_event_file *f, int64_t first)
{
    static const char version[] = "brain.Event:2";
    message m, log = { .size = 0 };

    begin(&m, 0);
    put_bytes(&m, EVENT_FILE_VERSION, version, sizeof version - 1);
    SE_TRY(write_record(f, &m));
    put_key(&log, SESSION_LOG_STATUS, WIRE_VARINT);
    put_varint(&log, SESSION_START);
    begin(&m, first);
    put_bytes(&m, EVENT_SESSION_LOG, log.data, log.size);
    return write_record(f, &m);
}

/* ---- Files -------------------------------------------------------------------------- */

/* "events.out.tfevents.", seconds of ten digits that sort, the machine, the process, and a
 * number that makes it new: the name by which readers know such files. */
#define NAME_ROOM 160

static int create(se_event_file *f, size_t room)
{
    const size_t base = strlen(f->path);
    struct timespec now = { 0 };
    char host[65] = "localhost";

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (gethostname(host, sizeof host) == 0)
        host[sizeof host - 1] = '\0';
    for (int number = 0;; number++) {
        snprintf(f->path + base, room - base, "/events.out.tfevents.%010lld.%s.%ld.%d",
                 (long long)now.tv_sec, host, (long)getpid(), number);
        SE_RETRY(f->file,
                 open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0666));
        if (f->file >= 0)
            return SEQECHO_OK;
        if (errno != EEXIST)
            return se_file_fail(SEQECHO_EIO, errno, f->what, "create", f->path);
    }
}

int se_event_file_open(se_event_file *f, const char *directory, int64_t first,
                       const seqecho_allocator *a, const char *what)
{
    const size_t length = strlen(directory);
    size_t room;
    int err;

    *f = (se_event_file){ .file = -1, .what = what, .allocator = *a };
    SE_TRY(se_file_make_directory(directory, what));
    if (!se_size_add(&room, length, NAME_ROOM))
        return se_fail(SEQECHO_EINVAL,
                       "%s: the path of directory does not fit the address space", what);
    SE_TRY(se_alloc(&f->path, a, room, 1, what));
    memcpy(f->path, directory, length + 1);
    err = create(f, room);
    if (err == SEQECHO_OK)
        err = write_beginning(f, first);
    if (err < 0)
        (void)se_event_file_close(f);
    return err;
}

int se_event_file_add(se_event_file *f, int64_t step, const se_scalar *scalars, size_t n)
{
    message m, summary = { .size = 0 };

    for (size_t i = 0; i < n && i < SE_EVENT_SCALARS; i++)
        put_scalar(&summary, &scalars[i]);
    begin(&m, step);
    put_bytes(&m, EVENT_SUMMARY, summary.data, summary.size);
    return write_record(f, &m);
}

int se_event_file_close(se_event_file *f)
{
    int error = 0, err = SEQECHO_OK;

    if (f->file >= 0)
        error = se_file_close(&f->file);
    if (error != 0)
        err = se_file_fail(SEQECHO_EIO, error, f->what, "write to", f->path);
    se_free(&f->allocator, f->path);
    f->path = NULL;
    return err;
}
