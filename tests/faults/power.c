/* power.c - what a power failure may leave of a saved file.
 * SPDX-License-Identifier: MIT */
#include "power.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512
#define SECTORS 256 /* in the longest file */
#define FILES 8     /* that there ever are */
#define CHANGES 16  /* of a file's size, or of the directory, between two fsync() */
#define DESCRIPTORS 1024
#define DIRECTORY FILES /* in place of a file's number */
#define NOTHING (FILES + 1)
#define EXHAUSTIVE 20000L /* more states than that are sampled, as many as that */

/* Version 0 is on the disk, the last one is what the process sees. */
typedef struct sector {
    unsigned char (*version)[SECTOR];
    size_t n;
} sector;

typedef struct file {
    sector sectors[SECTORS];
    size_t size[CHANGES]; /* likewise */
    size_t n_sizes;
} file;

typedef struct entry {
    char name[256];
    int file;
} entry;

typedef struct directory {
    entry entries[FILES]; /* those without a name are free */
} directory;

/* The file gets a name, the name of another one, or loses it if `to` is empty. */
typedef struct change {
    char from[256], to[256];
    int file; /* for a new one, else NOTHING */
} change;

typedef struct disk {
    file files[FILES];
    int n_files;
    directory safe; /* as it is on the disk */
    change changes[CHANGES];
    size_t n_changes;
    int descriptor[DESCRIPTORS]; /* the file, DIRECTORY or NOTHING */
    uint32_t random;
} disk;

static void require(int condition)
{
    if (!condition)
        abort();
}

/* ---- Files ---- */

static void add_version(sector *s, const unsigned char bytes[SECTOR])
{
    s->version = realloc(s->version, (s->n + 1) * sizeof *s->version);
    require(s->version != NULL);
    memcpy(s->version[s->n++], bytes, SECTOR);
}

static void add_size(file *f, size_t size)
{
    if (f->size[f->n_sizes - 1] == size)
        return;
    require(f->n_sizes < CHANGES && size <= (size_t)SECTORS * SECTOR);
    f->size[f->n_sizes++] = size;
}

static int add_file(disk *d)
{
    static const unsigned char zeros[SECTOR];
    file *const f = &d->files[d->n_files];

    require(d->n_files < FILES);
    for (size_t i = 0; i < SECTORS; i++)
        add_version(&f->sectors[i], zeros);
    f->n_sizes = 1;
    return d->n_files++;
}

static void write_file(file *f, const unsigned char *data, size_t offset, size_t size)
{
    for (size_t at = offset; at < offset + size;) {
        const size_t within = at % SECTOR, left = offset + size - at;
        const size_t n = left < SECTOR - within ? left : SECTOR - within;
        sector *const s = &f->sectors[at / SECTOR];
        unsigned char bytes[SECTOR];

        require(at / SECTOR < SECTORS);
        memcpy(bytes, s->version[s->n - 1], SECTOR);
        memcpy(bytes + within, data + (at - offset), n);
        add_version(s, bytes);
        at += n;
    }
    if (offset + size > f->size[f->n_sizes - 1])
        add_size(f, offset + size);
}

static void sync_file(file *f)
{
    for (size_t i = 0; i < SECTORS; i++) {
        sector *const s = &f->sectors[i];

        memmove(s->version[0], s->version[s->n - 1], SECTOR);
        s->n = 1;
    }
    f->size[0] = f->size[f->n_sizes - 1];
    f->n_sizes = 1;
}

/* ---- The directory ---- */

static entry *find(directory *in, const char *name)
{
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(in->entries[i].name, name) == 0)
            return &in->entries[i];
    return NULL;
}

static void apply(directory *in, const change *c)
{
    entry *from = find(in, c->from), *to;
    const int moved = c->file != NOTHING ? c->file : from->file;

    if (c->file == NOTHING)
        from->name[0] = '\0';
    if (c->to[0] == '\0')
        return;
    to = find(in, c->to);
    if (to == NULL)
        to = find(in, "");
    require(to != NULL);
    memcpy(to->name, c->to, sizeof to->name);
    to->file = moved;
}

static void add_change(disk *d, const char *from, const char *to, int number)
{
    change *const c = &d->changes[d->n_changes++];

    require(d->n_changes <= CHANGES);
    memcpy(c->from, from, sizeof c->from);
    memcpy(c->to, to, sizeof c->to);
    c->file = number;
}

/* As the process sees it. */
static int look_up(const disk *d, const char *name)
{
    directory in = d->safe;
    const entry *e;

    for (size_t i = 0; i < d->n_changes; i++)
        apply(&in, &d->changes[i]);
    e = find(&in, name);
    return e != NULL ? e->file : NOTHING;
}

static void sync_directory(disk *d)
{
    for (size_t i = 0; i < d->n_changes; i++)
        apply(&d->safe, &d->changes[i]);
    d->n_changes = 0;
}

/* ---- The calls of the trace ---- */

static void open_op(disk *d, const calls_op *op)
{
    static const char no_name[256];
    int number = op->directory ? DIRECTORY : look_up(d, op->name);

    if (number == NOTHING && op->create) {
        number = add_file(d);
        add_change(d, no_name, op->name, number);
    }
    if (number < FILES && op->truncate)
        add_size(&d->files[number], 0);
    require(op->fd < DESCRIPTORS && number != NOTHING);
    d->descriptor[op->fd] = number;
}

static void run_op(disk *d, const calls_op *op)
{
    const int number = op->fd >= 0 ? d->descriptor[op->fd] : NOTHING;
    file *const f = number < FILES ? &d->files[number] : NULL;

    if (op->kind == CALLS_OPEN)
        open_op(d, op);
    else if (op->kind == CALLS_WRITE)
        write_file(f, op->data, op->offset, op->size);
    else if (op->kind == CALLS_ALLOCATE && op->size > f->size[f->n_sizes - 1])
        add_size(f, op->size);
    else if (op->kind == CALLS_SYNC && number == DIRECTORY)
        sync_directory(d);
    else if (op->kind == CALLS_SYNC)
        sync_file(f);
    else if (op->kind == CALLS_CLOSE)
        d->descriptor[op->fd] = NOTHING;
    else if (op->kind == CALLS_RENAME || op->kind == CALLS_UNLINK)
        add_change(d, op->name, op->to, NOTHING);
}

/* ---- States ---- */

/* Which version of each sector is on the disk, and last, at choice[file][SECTORS], which
 * size. */
typedef struct state {
    size_t choice[FILES][SECTORS + 1];
} state;

static size_t choices(const file *f, size_t i)
{
    return i < SECTORS ? f->sectors[i].n : f->n_sizes;
}

static long count_states(const disk *d)
{
    long n = 1;

    for (int i = 0; i < d->n_files; i++)
        for (size_t j = 0; j <= SECTORS; j++) {
            n *= (long)choices(&d->files[i], j);
            if (n > EXHAUSTIVE)
                return n;
        }
    return n;
}

/* The next one, as an odometer counts; false after the last. */
static bool next_state(const disk *d, state *s)
{
    for (int i = 0; i < d->n_files; i++)
        for (size_t j = 0; j <= SECTORS; j++) {
            if (++s->choice[i][j] < choices(&d->files[i], j))
                return true;
            s->choice[i][j] = 0;
        }
    return false;
}

static void random_state(disk *d, state *s)
{
    for (int i = 0; i < d->n_files; i++)
        for (size_t j = 0; j <= SECTORS; j++) {
            d->random = d->random * 1664525U + 1013904223U;
            s->choice[i][j] = (d->random >> 8) % choices(&d->files[i], j);
        }
}

static bool equals(const file *f, const size_t choice[SECTORS + 1],
                   const files_bytes *expected)
{
    const size_t size = f->size[choice[SECTORS]];

    if (!expected->there || size != expected->size)
        return false;
    for (size_t at = 0; at < size; at += SECTOR) {
        const size_t n = size - at < SECTOR ? size - at : SECTOR;
        const sector *const s = &f->sectors[at / SECTOR];

        if (memcmp(s->version[choice[at / SECTOR]], expected->data + at, n) != 0)
            return false;
    }
    return true;
}

typedef struct check {
    const char *name;
    const files_bytes *old, *new;
    bool returned;
    power_count count;
} check;

/* The state of the disk that `s` and the first `n` changes of the directory make. */
static void judge(const disk *d, const state *s, size_t n, check *c)
{
    directory in = d->safe;
    const entry *e;
    bool is_new, is_old;

    for (size_t i = 0; i < n; i++)
        apply(&in, &d->changes[i]);
    e = find(&in, c->name);
    is_new = e != NULL && equals(&d->files[e->file], s->choice[e->file], c->new);
    is_old =
        e != NULL ? equals(&d->files[e->file], s->choice[e->file], c->old) : !c->old->there;
    c->count.states++;
    c->count.torn += !is_new && !is_old;
    c->count.lost += c->returned && !is_new && is_old;
}

static void cut_power(disk *d, check *c)
{
    const bool all = count_states(d) <= EXHAUSTIVE;

    for (size_t n = 0; n <= d->n_changes; n++) {
        state s = { { { 0 } } };

        if (all)
            do
                judge(d, &s, n, c);
            while (next_state(d, &s));
        else
            for (long i = 0; i < EXHAUSTIVE; i++) {
                random_state(d, &s);
                judge(d, &s, n, c);
            }
    }
}

power_count power_check(const calls_trace *trace, const char *name, const files_bytes *old,
                        const files_bytes *new)
{
    disk *const d = calloc(1, sizeof *d);
    check c = { .name = name, .old = old, .new = new };

    require(d != NULL);
    for (size_t i = 0; i < DESCRIPTORS; i++)
        d->descriptor[i] = NOTHING;
    if (old->there) {
        const int number = add_file(d);

        write_file(&d->files[number], old->data, 0, old->size);
        sync_file(&d->files[number]);
        strncpy(d->safe.entries[0].name, name, sizeof d->safe.entries[0].name - 1);
        d->safe.entries[0].file = number;
    }
    cut_power(d, &c);
    for (size_t i = 0; i < trace->n; i++) {
        run_op(d, &trace->op[i]);
        c.returned = i + 1 == trace->n;
        cut_power(d, &c);
    }
    for (int i = 0; i < d->n_files; i++)
        for (size_t j = 0; j < SECTORS; j++)
            free(d->files[i].sectors[j].version);
    free(d);
    return c.count;
}
